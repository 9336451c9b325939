//! The `.env` of the working folder, which a stranger may have written, and the one that a person names with
//! `--env-file`.
//!
//! Hosts start this server in whatever project is open. So a `.env` that nobody named may narrow what is offered, and
//! may bring a key of its own with the address it is for; it may neither send another key elsewhere nor widen anything.
//! A named one is fully trusted.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use anyhow::{Context as _, anyhow, ensure};

use super::{ENV_FILE, KEY_VARIABLES, filled, flag};
use crate::actions::ask::Confirm;

const NAME: &str = ".env";

/// The largest file that is read, in bytes.
const LARGEST: u64 = 64 << 10;

/// The most variables that a note names.
const MAX_NAMED: usize = 12;

/// What a command uses settings for, which decides what a folder may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Work on the account of the person who started it.
    OwnAccount,
    /// Serve callers that bring keys of their own.
    Callers,
    /// Register the server: an entry outlives the folder.
    Entry,
}

/// The settings given on the command line and in the environment, before any `.env` is read.
#[derive(Clone, Debug)]
pub struct SetElsewhere {
    /// The variables of the settings that are given there.
    pub variables: BTreeSet<String>,
    /// Whether the simulated account is used.
    pub sandbox: bool,
    /// What the settings are for.
    pub purpose: Purpose,
}

/// A `.env`: which one was read, what was taken from it, and what was not.
#[derive(Clone, Debug, Default)]
pub struct Dotenv {
    /// The file that was found, whether or not it could be read.
    pub file: Option<PathBuf>,
    /// Whether a person named it, so that it is fully trusted.
    pub is_named: bool,
    /// The setting that named it, as it was given.
    named_by: String,
    /// The variables that were taken from it.
    pub taken: BTreeSet<String>,
    /// The variables that were left out, and why.
    pub left: Vec<(String, Why)>,
    /// Why it was not read, or which of its lines were not.
    pub problem: Option<String>,
    /// A `.env` in a parent folder, which is not read.
    pub above: Option<PathBuf>,
}

/// Why a variable was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Why {
    /// A folder may not set it.
    #[error("not for a folder to set")]
    Forbidden,
    /// It would allow more.
    #[error("only 'true'")]
    OnlyTrue,
    /// It would ask less.
    #[error("only 'always'")]
    OnlyAlways,
    /// It may substitute other variables.
    #[error("not literal: it has a '$'")]
    Substituted,
    /// The person's own key is used.
    #[error("another key is set")]
    AnotherKey,
    /// The address has no key of its own.
    #[error("only with a key beside it")]
    NoKey,
    /// Keys that are not the file's own would go to its address.
    #[error("callers' keys would go to its address")]
    CallersKeys,
    /// No key is used that the address could be for.
    #[error("the simulated account is used")]
    Simulated,
    /// The person has chosen tools.
    #[error("tools are chosen elsewhere")]
    ToolsChosen,
    /// An entry outlives the folder.
    #[error("not for an entry")]
    Entry,
    /// It is set on the command line or in the environment.
    #[error("set elsewhere")]
    Overridden,
}

impl Dotenv {
    /// Reads a file that a person named with this flag or variable, and sets all of its variables except those that the
    /// environment has.
    ///
    /// # Errors
    /// A file that cannot be read, or a line that is not `NAME=value`. Its lines are not quoted: one may hold the key.
    pub fn named(file: &Path, by: String) -> anyhow::Result<Self> {
        let named = format!("{by}: {}", file.display());
        let read = parse(&text(file).with_context(|| format!("{named} cannot be read"))?);
        ensure!(read.bad.is_empty(), "{named} {}", bad_lines(&read.bad));
        let pairs: Vec<_> =
            read.pairs.into_iter().filter(|(name, _)| name != ENV_FILE && !is_in_environment(name)).collect();
        set(&pairs).map_err(|problem| anyhow!("{named} {problem}"))?;
        let taken = pairs.into_iter().map(|(name, _)| name).collect();
        Ok(Self { file: Some(file.to_owned()), is_named: true, named_by: by, taken, ..Self::default() })
    }

    /// Reads the `.env` of a folder, if there is one, and sets what a folder may set.
    pub fn of_folder(folder: &Path, elsewhere: &SetElsewhere) -> Self {
        let file = folder.join(NAME);
        let text = match regular(&file).and_then(|()| text(&file)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Self { above: above(folder), ..Self::default() };
            }
            Err(error) => {
                return Self { file: Some(file), problem: Some(format!("is not read: {error}")), ..Self::default() };
            }
        };
        let read = parse(&without_substitutions(&text));
        let (pairs, left) = choose(&read.pairs, elsewhere);
        let unset = set(&pairs).err();
        let problem = (!read.bad.is_empty()).then(|| bad_lines(&read.bad)).or(unset);
        let taken = pairs.into_iter().map(|(name, _)| name).collect();
        Self { file: Some(file), taken, left, problem, ..Self::default() }
    }

    /// Reads the pairs of a file that a person named, and sets none of them.
    ///
    /// # Errors
    /// A file that cannot be read, or that is not one of `NAME=value` lines.
    pub(super) fn pairs(file: &Path) -> anyhow::Result<Vec<(String, String)>> {
        let read = parse(&text(file).with_context(|| format!("{} cannot be read", file.display()))?);
        ensure!(read.bad.is_empty(), "{} {}", file.display(), bad_lines(&read.bad));
        Ok(read.pairs)
    }

    /// Reads one variable again from the file that a person named; `None` if there is no such file, or the variable is not
    /// in it.
    ///
    /// # Errors
    /// A file that cannot be read, or that is not one of `NAME=value` lines.
    pub fn again(&self, name: &str) -> anyhow::Result<Option<String>> {
        let Some(file) = self.file.as_ref().filter(|_| self.is_named) else { return Ok(None) };
        let named = format!("{}: {}", self.named_by, file.display());
        let read = parse(&text(file).with_context(|| format!("{named} cannot be read"))?);
        ensure!(read.bad.is_empty(), "{named} {}", bad_lines(&read.bad));
        Ok(read.pairs.into_iter().rfind(|pair| pair.0 == name).map(|pair| pair.1))
    }

    /// Describes the settings that come from it.
    pub fn source(&self) -> Option<String> {
        let names: Vec<&str> = self.taken.iter().map(String::as_str).take(MAX_NAMED).collect();
        let file = self.file.as_ref().filter(|_| !names.is_empty())?;
        let more = if self.taken.len() > MAX_NAMED { " and others" } else { "" };
        Some(format!("{} sets {}{more}", file.display(), names.join(", ")))
    }

    /// Returns what a person should know, a line each, except for variables set elsewhere and a folder of this name.
    pub fn notes(&self) -> Vec<String> {
        let file = self.file.as_deref().unwrap_or(Path::new(NAME)).display();
        let is_folder = self.file.as_deref().is_some_and(Path::is_dir);
        let left: Vec<_> = self.left.iter().filter(|(_, why)| *why != Why::Overridden).collect();
        let problem = self.problem.as_ref().filter(|_| !is_folder).map(|problem| format!("{file} {problem}"));
        let left = (!left.is_empty()).then(|| format!("left out of {file}: {}", listed(&left)));
        let above = self.above.as_ref().map(|above| {
            format!("{} is not read: it is not in the working folder itself (--env-file names it)", above.display())
        });
        [problem, left, above].into_iter().flatten().collect()
    }
}

/// Lists variables by the reason for which they were left out.
pub fn listed(left: &[&(String, Why)]) -> String {
    let mut reasons: BTreeMap<Why, Vec<&str>> = BTreeMap::new();
    for (name, why) in left.iter().take(MAX_NAMED) {
        reasons.entry(*why).or_default().push(name);
    }
    let mut parts: Vec<String> =
        reasons.into_iter().map(|(why, names)| format!("{} ({why})", names.join(", "))).collect();
    if let Some(more) = left.len().checked_sub(MAX_NAMED).filter(|more| *more > 0) {
        parts.push(format!("and {more} more"));
    }
    parts.join("; ")
}

/// Names of variables, each with its value.
type Pairs = Vec<(String, String)>;

/// Returns the pairs that a folder may set, and the variables that are left out. Variables without an effect here are
/// in neither.
fn choose(pairs: &[(String, String)], elsewhere: &SetElsewhere) -> (Pairs, Vec<(String, Why)>) {
    let given = |name: &str| elsewhere.variables.contains(name);
    let value = |name: &str| pairs.iter().find(|pair| pair.0 == name).and_then(|pair| filled(&pair.1));
    let has_other_key = KEY_VARIABLES.into_iter().any(given);
    let chooses_tools = TOOLS.into_iter().any(given);
    let has_key = value(KEY).is_some_and(is_literal);
    let has_address = !given(ADDRESS) && value(ADDRESS).is_some();
    let is_simulated = elsewhere.sandbox
        || !given(SANDBOX) && !has_other_key && value(SANDBOX).is_some_and(|value| flag(value) == Ok(true));
    // A value that is neither on nor off is passed on: its setting rejects it, whereas leaving it out would widen what
    // was meant.
    let only_true = |value: &str| if flag(value) == Ok(false) { Some(Why::OnlyTrue) } else { None };
    let why = |name: &str, value: &str| match name {
        _ if elsewhere.purpose == Purpose::Entry => Some(Why::Entry),
        _ if name != KEY && given(name) => Some(Why::Overridden),
        KEY | ADDRESS if has_other_key => Some(Why::AnotherKey),
        _ if MAY_BE_SET.contains(&name) && !is_literal(value) => Some(Why::Substituted),
        KEY | ADDRESS if elsewhere.purpose == Purpose::Callers && has_address => Some(Why::CallersKeys),
        ADDRESS if is_simulated => Some(Why::Simulated),
        ADDRESS if !has_key => Some(Why::NoKey),
        SANDBOX if has_other_key => Some(Why::AnotherKey),
        SANDBOX | "ONCEHUB_MCP_READ_ONLY" | "ONCEHUB_MCP_DRY_RUN" => only_true(value),
        CONFIRM => Confirm::from_str(value.trim()).is_ok_and(|when| when != Confirm::Always).then_some(Why::OnlyAlways),
        _ if TOOLS.contains(&name) => chooses_tools.then_some(Why::ToolsChosen),
        _ => (!MAY_BE_SET.contains(&name)).then_some(Why::Forbidden),
    };
    let (mut taken, mut left) = (Vec::new(), Vec::new());
    for (name, value) in pairs.iter().filter(|(name, value)| is_relevant(name) && filled(value).is_some()) {
        match why(name, value) {
            None => taken.push((name.clone(), value.clone())),
            Some(why) => left.push((name.clone(), why)),
        }
    }
    (taken, left)
}

const KEY: &str = KEY_VARIABLES[0];
const ADDRESS: &str = "ONCEHUB_API_URL";
const SANDBOX: &str = "ONCEHUB_MCP_SANDBOX";
const CONFIRM: &str = "ONCEHUB_MCP_CONFIRM";

/// The settings that choose tools: either may add to the other.
const TOOLS: [&str; 2] = ["ONCEHUB_MCP_TOOLSETS", "ONCEHUB_MCP_TOOLS"];

/// The variables that a folder may set, with the values and on the conditions in [`choose`].
const MAY_BE_SET: [&str; 10] = [
    KEY, ADDRESS, SANDBOX, CONFIRM, "ONCEHUB_MCP_TIME_ZONE", "ONCEHUB_MCP_READ_ONLY", "ONCEHUB_MCP_EXCLUDE_TOOLS",
    "ONCEHUB_MCP_DRY_RUN", TOOLS[0], TOOLS[1],
];

/// Returns whether a variable affects this program, or a crate that it is made of.
fn is_relevant(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    ["ONCEHUB_", "OTEL_", "SSL_CERT_"].iter().any(|start| upper.starts_with(start))
        || upper.ends_with("_PROXY")
        || upper == "RUST_LOG"
}

/// Returns the nearest `.env` above a folder, if anything in it would have an effect.
fn above(folder: &Path) -> Option<PathBuf> {
    let file = folder.ancestors().skip(1).map(|folder| folder.join(NAME)).find(|file| regular(file).is_ok())?;
    let read = parse(&without_substitutions(&text(&file).ok()?));
    read.pairs.iter().any(|(name, value)| is_relevant(name) && filled(value).is_some()).then_some(file)
}

/// Checks that a path leads to a regular file: reading a pipe or a device might never end.
fn regular(file: &Path) -> io::Result<()> {
    let about = fs::metadata(file)?;
    let problem = if about.is_dir() { "it is a folder" } else { "it is not a regular file" };
    if about.is_file() { Ok(()) } else { Err(io::Error::other(problem)) }
}

/// Returns a file's text, without the byte order mark that some editors put before it.
fn text(file: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(file)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::Error::other(format!("it has more than {} KiB", LARGEST >> 10)));
    }
    let text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
    let text = text.ok_or_else(|| io::Error::other("it is not UTF-8 text"))?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

/// The pairs of names and values, the first of each name, and the numbers of malformed lines.
#[derive(Debug, Default)]
struct Parsed {
    pairs: Pairs,
    bad: Vec<usize>,
}

/// Parses lines of `NAME=value`.
fn parse(text: &str) -> Parsed {
    // Without a final newline, dotenvy rejects a space at the end of the last line.
    let text = format!("{text}\n");
    let read = Cell::new(0);
    let mut parsed = Parsed::default();
    for pair in dotenvy::from_read_iter(Lines { rest: text.as_bytes(), read: &read }) {
        match pair {
            Ok((name, _)) if parsed.pairs.iter().any(|pair| pair.0 == name) => {}
            Ok(pair) => parsed.pairs.push(pair),
            // An unterminated quotation spans several lines.
            Err(dotenvy::Error::LineParse(lines, _)) => {
                parsed.bad.push((read.get() + 1).saturating_sub(lines.lines().count().max(1)));
            }
            Err(_) => parsed.bad.push(read.get()),
        }
    }
    parsed
}

/// A reader that yields a line at a time, so that the number of the line is known.
struct Lines<'a> {
    rest: &'a [u8],
    read: &'a Cell<usize>,
}

impl Read for Lines<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let mut line = self.rest.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
        let (read, rest) = self.rest.split_at(line.read(into)?);
        if read.ends_with(b"\n") {
            self.read.set(self.read.get() + 1);
        }
        self.rest = rest;
        Ok(read.len())
    }
}

fn bad_lines(lines: &[usize]) -> String {
    let numbers: Vec<String> = lines.iter().take(MAX_NAMED).map(ToString::to_string).collect();
    let (lines, are) = if numbers.len() == 1 { ("line", "is") } else { ("lines", "are") };
    let numbers = numbers.join(", ");
    format!("has a bad line: {lines} {numbers} {are} not NAME=value (quote values that hold spaces)")
}

/// The placeholder for a dollar sign in a folder's file.
const DOLLAR: char = '\u{f8ff}';

/// Returns the text with a placeholder for every dollar sign: dotenvy would substitute other variables, and so put a
/// secret into what is sent, or make the text endless.
fn without_substitutions(text: &str) -> String {
    let mut without = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '$' => without.push(DOLLAR),
            '\\' => match chars.next() {
                // The backslash stays, escaped so that it is literal.
                Some('$') => without.extend(['\\', '\\', DOLLAR]),
                next => without.extend(std::iter::once(c).chain(next)),
            },
            c => without.push(c),
        }
    }
    without
}

fn is_literal(value: &str) -> bool {
    !value.contains(DOLLAR)
}

/// Returns whether the environment has a variable; one that counts as unset does not count.
pub(super) fn is_in_environment(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| value.to_str().is_none_or(|value| filled(value).is_some()))
}

/// Puts pairs into the environment, where clap and the crates read them. Must run before there are threads.
fn set(pairs: &[(String, String)]) -> Result<(), String> {
    let text: String = pairs.iter().map(|(name, value)| line(name, value)).collect();
    dotenvy::from_read_override(text.as_bytes()).map_err(|_| "cannot be set".to_owned())
}

/// Returns a line that dotenvy reads as exactly this pair.
fn line(name: &str, value: &str) -> String {
    let escaped = |c| match c {
        '\\' | '"' | '$' => format!("\\{c}"),
        '\n' => "\\n".to_owned(),
        c => c.to_string(),
    };
    format!("{name}=\"{}\"\n", value.chars().map(escaped).collect::<String>())
}

#[cfg(test)]
mod tests;
