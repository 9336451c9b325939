//! The entry that is written: one that starts this program with the flags given now and those kept, or one that reaches
//! a hosted server.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use url::Url;

use super::kept::{Kept, effective};
use super::key::StoredKey;
use crate::config::{Dotenv, Given, Source, Worded, parts_of, settings_in};
use crate::install::{Entry, Machine};

/// The settings that say where the key is, which an entry has its own way to say.
pub(super) const KEY_FLAGS: [&str; 2] = ["api-key-file", "keychain"];

/// The setting whose flag means something else to `install`, and the flag that puts it into an entry.
const DRY_RUN: &str = "dry-run";
pub(super) const ENTRY_DRY_RUN: &str = "entry-dry-run";

/// The variables that some networks need to reach OnceHub.
const NETWORK: [&str; 5] = ["HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"];

/// The settings that a hosted server accepts as headers.
pub(super) const HEADERS: [(&str, &str); 6] = [
    ("read-only", "X-MCP-Readonly"),
    ("toolsets", "X-MCP-Toolsets"),
    ("tools", "X-MCP-Tools"),
    ("exclude-tools", "X-MCP-Exclude-Tools"),
    ("user", "X-MCP-User"),
    ("time-zone", "X-MCP-Time-Zone"),
];

/// Takes the settings whose value is empty out of a command line, and returns both: in an entry there are to be none.
pub(in crate::cli) fn cleared(words: Vec<OsString>) -> (Vec<OsString>, Vec<Given>) {
    let text: Option<Vec<String>> = words.iter().map(|word| word.to_str().map(str::to_owned)).collect();
    // What is not text is for others to refuse.
    let Some(text) = text else { return (words, Vec::new()) };
    let own = format!("--{ENTRY_DRY_RUN}=");
    let (mut stays, mut cleared) = (Vec::new(), Vec::new());
    for part in parts_of(&text) {
        match part {
            Ok(Worded { given, .. }) if given.value.trim().is_empty() && given.flag != DRY_RUN => cleared.push(given),
            Ok(Worded { words, .. }) => stays.extend(words),
            Err(word) if word == own => {
                let (dry_run, _) = settings_in(&[format!("--{DRY_RUN}")]);
                cleared.extend(dry_run.into_iter().map(|found| found.given));
            }
            Err(word) => stays.push(word),
        }
    }
    (stays.into_iter().map(OsString::from).collect(), cleared)
}

/// The settings that this command line gives an entry.
#[derive(Clone, Debug)]
pub(super) struct Asked<'a> {
    /// Those given, from wherever an entry takes them.
    settings: Vec<&'a Given>,
    /// Those that an entry is to have no more.
    cleared: &'a [Given],
    /// Whether the server is to rehearse changes only.
    dry_run: Option<bool>,
}

impl<'a> Asked<'a> {
    /// # Errors
    /// A way to a key that is cleared.
    pub(super) fn new(given: &'a [Given], cleared: &'a [Given], dry_run: Option<bool>) -> anyhow::Result<Self> {
        if let Some(of_key) = cleared.iter().find(|given| KEY_FLAGS.contains(&&*given.flag)) {
            bail!("--{}: an empty value clears no key: --key none takes it out of the entry", of_key.flag);
        }
        let is_cleared = |given: &&Given| cleared.iter().any(|other| other.flag == given.flag);
        // Somebody trying the simulated account here does not mean to register the real one.
        let is_asked = |given: &&Given| given.source == Source::Flag || given.flag == "sandbox";
        let is_own = |given: &&Given| !KEY_FLAGS.contains(&&*given.flag) && given.flag != DRY_RUN;
        let settings = given.iter().filter(is_asked).filter(is_own).filter(|given| !is_cleared(given)).collect();
        Ok(Self { settings, cleared, dry_run })
    }

    /// Returns an entry without the settings that are cleared.
    pub(super) fn without_cleared(&self, entry: &Entry) -> Entry {
        let names = self.cleared_names();
        let stays = |pairs: &[(String, String)]| {
            let is_cleared = |name: &str| names.iter().any(|cleared| cleared.eq_ignore_ascii_case(name));
            pairs.iter().filter(|(name, _)| !is_cleared(name)).cloned().collect()
        };
        match entry {
            Entry::Stdio { command, args, env } => {
                let words = parts_of(args).into_iter().flat_map(|part| match part {
                    Ok(Worded { given, .. }) if self.clears(&given.flag) => Vec::new(),
                    Ok(Worded { words, .. }) => words,
                    Err(word) => vec![word],
                });
                Entry::Stdio { command: command.clone(), args: words.collect(), env: stays(env) }
            }
            Entry::Http { url, headers } => Entry::Http { url: url.clone(), headers: stays(headers) },
        }
    }

    /// Whether an entry is to have a setting no more.
    pub(super) fn clears(&self, flag: &str) -> bool {
        self.cleared.iter().any(|given| given.flag == flag)
    }

    /// Returns the variables and headers of the settings that are cleared.
    pub(super) fn cleared_names(&self) -> Vec<&str> {
        let headers = HEADERS.iter().filter(|(flag, _)| self.clears(flag)).map(|(_, header)| *header);
        self.cleared.iter().map(|given| given.variable.as_str()).chain(headers).collect()
    }

    /// Returns the flags of the settings that are given.
    pub(super) fn flags(&self) -> Vec<String> {
        let dry_run = self.dry_run.map(|_| DRY_RUN.to_owned());
        self.settings.iter().copied().chain(self.cleared).map(|given| given.flag.clone()).chain(dry_run).collect()
    }

    /// Whether one of them is for a program only.
    pub(super) fn is_for_program(&self) -> bool {
        self.dry_run.is_some() || self.settings.iter().any(|given| !HEADERS.iter().any(|(flag, _)| *flag == given.flag))
    }

    /// Returns the value of a switch, if it is given.
    pub(super) fn switch(&self, flag: &str) -> Option<bool> {
        self.settings.iter().find(|given| given.flag == flag).map(|given| given.value == "true")
    }

    /// Returns each as an argument, with its flag.
    fn arguments(&self, machine: &Machine) -> Vec<(String, String)> {
        let argument = |given: &&Given| match (&*given.flag, &*given.value) {
            // The client starts it in another folder, where the same name may be a stranger's file.
            ("env-file", file) => format!("--env-file={}", machine.folder.join(file).display()),
            (flag, "true") => format!("--{flag}"),
            (flag, value) => format!("--{flag}={value}"),
        };
        let mut arguments: Vec<_> = self.settings.iter().map(|given| (given.flag.clone(), argument(given))).collect();
        match self.dry_run {
            Some(true) => arguments.push((DRY_RUN.to_owned(), format!("--{DRY_RUN}"))),
            Some(false) => arguments.push((DRY_RUN.to_owned(), format!("--{DRY_RUN}=false"))),
            None => {}
        }
        arguments
    }
}

/// Returns an entry that starts this program: each flag given now replaces just that setting of the entry that is there.
pub(super) fn of_program(
    machine: &Machine,
    asked: &Asked<'_>,
    given: &[Given],
    kept: &Kept,
    key: &StoredKey,
) -> anyhow::Result<Entry> {
    let (mut new, replaced) = (asked.arguments(machine), asked.flags());
    let mut args = Vec::new();
    for setting in &kept.settings {
        let flag = &setting.given.flag;
        let is_of_key = KEY_FLAGS.contains(&flag.as_str());
        // Somebody who says where a key is does not mean the simulated account any more.
        let is_left_out = is_of_key && !key.is_kept() || flag == "sandbox" && !key.is_kept() && !key.is_nowhere();
        match new.iter().position(|(other, _)| other == flag) {
            Some(at) => args.push(new.remove(at).1),
            // The rest of a list that was given in parts is replaced, too.
            None if is_left_out || replaced.contains(flag) => {}
            None => args.extend(setting.words.clone()),
        }
    }
    args.extend(new.into_iter().map(|(_, argument)| argument));
    // People think in this machine's time zone, wherever the client starts its servers.
    if !kept.is_there && !replaced.iter().any(|flag| flag == "time-zone") {
        let zone = given.iter().find(|given| given.flag == "time-zone").map(|given| given.value.clone());
        args.extend(zone.or_else(system_zone).map(|zone| format!("--time-zone={zone}")));
    }
    let command = this_program(machine)?.into_os_string().into_string();
    let command = command.ok().context("this program's path is not text that a configuration can hold")?;
    Ok(Entry::Stdio { command, args, env: key.variables() })
}

/// Returns an entry that reaches a hosted server.
pub(super) fn of_address(url: &Url, asked: &Asked<'_>, kept: &Kept, key: &StoredKey) -> anyhow::Result<Entry> {
    let mut headers = key.headers();
    let header = |flag: &str| HEADERS.iter().find(|(name, _)| *name == flag).map(|(_, header)| (*header).to_owned());
    ensure!(asked.dry_run.is_none(), "--{ENTRY_DRY_RUN} is up to that server's operator: leave it out");
    let replaced = asked.flags();
    for setting in kept.settings.iter().filter(|setting| !replaced.contains(&setting.given.flag)) {
        headers.extend(header(&setting.given.flag).map(|header| (header, setting.given.value.clone())));
    }
    for Given { flag, value, .. } in &asked.settings {
        let header = header(flag).with_context(|| format!("--{flag} is up to that server's operator: leave it out"))?;
        headers.push((header, value.clone()));
    }
    Ok(Entry::Http { url: url.as_str().to_owned(), headers })
}

/// Parses the address of a hosted server.
pub(in crate::cli) fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text.trim()).ok().filter(Url::has_host);
    url.ok_or_else(|| "write it whole, like https://mcp.example.com/mcp or http://127.0.0.1:8000/mcp".to_owned())
}

/// Returns the address to which clients send their messages, and whether it had to be completed.
///
/// # Errors
/// If a key would travel unencrypted.
pub(super) fn completed(url: &Url) -> anyhow::Result<(Url, bool)> {
    ensure!(
        url.scheme() == "https" || url.scheme() == "http" && is_of_machine(url),
        "--http {url}: the key must not travel unencrypted: use an https address"
    );
    Ok(with_path(url))
}

/// Returns an address with the path that there is on a hosted server, and whether it had none.
pub(in crate::cli) fn with_path(url: &Url) -> (Url, bool) {
    let mut url = url.clone();
    let is_bare = url.path().trim_matches('/').is_empty();
    if is_bare {
        url.set_path("/mcp");
    }
    (url, is_bare)
}

/// Returns whether an address is this machine's own.
pub(in crate::cli) fn is_of_machine(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether the entry names the `.env` that was read: everything in that file is then part of it.
pub(super) fn names_file(given: &[Given]) -> bool {
    given.iter().any(|given| given.flag == "env-file" && given.source == Source::Flag)
}

/// Returns notes on entries that start this program.
pub(super) fn notes(entries: &[&Entry], given: &[Given], machine: &Machine, dotenv: &Dotenv) -> Vec<String> {
    let set: Vec<_> =
        entries.iter().filter(|entry| matches!(entry, Entry::Stdio { .. })).map(|entry| effective(entry)).collect();
    if set.is_empty() {
        return Vec::new();
    }
    let is_set = |flag: &str| set.iter().all(|settings| settings.value(flag).is_some());
    let is_in_file = |variable: &str| names_file(given) && dotenv.taken.contains(variable);
    let is_simulated = set.iter().all(|settings| settings.is_on("sandbox"));
    let me = (!is_set("user") && !is_simulated)
        .then(|| "To let 'me' mean you, add --user with your e-mail address in OnceHub.".to_owned());
    let network =
        NETWORK.iter().filter(|name| machine.variables.contains_key(**name) && !is_simulated && !is_in_file(name));
    let network = network.map(|name| {
        format!("This shell's {name} is not in the entry: not every client passes it on (see docs/troubleshooting.md).")
    });
    let left = given.iter().filter(|given| {
        let is_in_it = given.source == Source::Flag || is_set(&given.flag);
        !is_in_it && !KEY_FLAGS.contains(&&*given.flag) && !is_in_file(&given.variable)
    });
    let left = left.map(|Given { flag, variable, .. }| {
        let flag = if flag == DRY_RUN { ENTRY_DRY_RUN } else { flag };
        format!("Not in the entry: this shell's {variable} (--{flag} adds it).")
    });
    me.into_iter().chain(network).chain(left).collect()
}

/// Returns this machine's time zone, unless it is UTC.
fn system_zone() -> Option<String> {
    let zone = jiff::tz::TimeZone::try_system().ok()?.iana_name()?.to_owned();
    (!["UTC", "Etc/UTC", "Etc/Unknown"].contains(&zone.as_str())).then_some(zone)
}

/// Returns this program's path: preferably the one on the search path, which survives updates.
fn this_program(machine: &Machine) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("this program's path is unknown")?;
    let real = own.canonicalize().unwrap_or_else(|_| own.clone());
    let found = machine.program("oncehub-mcp").filter(|found| found.canonicalize().is_ok_and(|found| found == real));
    Ok(found.unwrap_or(own))
}
