//! Configuration files as text: an entry is inserted or removed, and every other character stays where it is.

mod json;
mod toml;
mod yaml;

use anyhow::{Context as _, anyhow, bail, ensure};
use serde_json::{Map, Value};

/// The format of a client's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Standard JSON.
    Json,
    /// JSON with comments.
    Commented,
    /// JSON with comments and trailing commas.
    Jsonc,
    /// TOML.
    Toml,
    /// YAML.
    Yaml,
}

/// Why a text is left unchanged: the edit would also change something else.
const ENTANGLED: &str = "the entry cannot be edited without changing something else (is a name in it twice?)";

/// Says that a field holds something other than servers.
fn unexpected(field: &str) -> String {
    format!("its '{field}' is not an object with servers by name")
}

/// An edit of a text: the names that lead to a field, its own, and its new value, or `None` to remove it.
type Edit<'a> = (Vec<&'a str>, &'a str, Option<&'a Value>);

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Commented => "JSON (with comments)",
            Self::Jsonc => "JSON (with comments and trailing commas)",
            Self::Toml => "TOML",
            Self::Yaml => "YAML",
        }
    }

    /// Parses a text. An empty one has no entries.
    pub(super) fn read(self, text: &str) -> anyhow::Result<Map<String, Value>> {
        let text = plain(text);
        let read = match self {
            Self::Json | Self::Commented | Self::Jsonc => json::read(&text, self != Self::Json, self == Self::Jsonc),
            Self::Toml => toml::read(&text),
            Self::Yaml => yaml::read(&text),
        };
        match read.map_err(|problem| anyhow!("it is not valid {}: {problem}", self.name()))? {
            Value::Null => Ok(Map::new()),
            Value::Object(fields) => Ok(fields),
            _ => bail!(unexpected("outermost value")),
        }
    }

    /// Returns the text with the entry of a name among the servers, or without it if that is `None`; `now` is what the
    /// text says.
    pub(super) fn with(
        self,
        text: &str,
        now: &Map<String, Value>,
        [servers, name]: [&str; 2],
        entry: Option<&Map<String, Value>>,
    ) -> anyhow::Result<String> {
        let mut then = now.clone();
        let all = then.entry(servers).or_insert(Value::Null);
        if all.is_null() {
            *all = Value::Object(Map::new());
        }
        let all = all.as_object_mut().with_context(|| unexpected(servers))?;
        match entry {
            Some(entry) => all.insert(name.to_owned(), Value::Object(entry.clone())),
            None => all.shift_remove(name),
        };
        if then == *now {
            return Ok(text.to_owned());
        }
        let edit = match self {
            Self::Json | Self::Commented | Self::Jsonc => json::edit,
            Self::Toml => toml::edit,
            Self::Yaml => yaml::edit,
        };
        let edited = |depth| edit(&plain(text), &edits(now, &then, &[], depth));
        // The target of a YAML alias cannot be edited here: then replace the entry's fields as a whole.
        let mut edited = edited(usize::MAX).or_else(|| edited(2)).context(ENTANGLED)?;
        if text.is_empty() && !edited.ends_with('\n') {
            edited.push('\n');
        }
        // The result must have the change, and no other.
        let said = self.read(&edited).ok().context(ENTANGLED)?;
        // A table that was emptied may be gone: that counts as empty.
        ensure!(without_empty(said) == without_empty(then), ENTANGLED);
        if text.contains("\r\n") {
            edited = edited.replace('\n', "\r\n");
        }
        Ok(if text.starts_with(BOM) { format!("{BOM}{edited}") } else { edited })
    }
}

/// Returns the smallest edits, within a depth, that lead from one value to another, so that comments around them stay.
fn edits<'a>(now: &'a Map<String, Value>, then: &'a Map<String, Value>, at: &[&'a str], depth: usize) -> Vec<Edit<'a>> {
    let gone = now.keys().filter(|name| !then.contains_key(*name)).map(|name| (at.to_vec(), name.as_str(), None));
    let new = then.iter().flat_map(|(name, value)| match (now.get(name), value) {
        (Some(old), new) if old == new => Vec::new(),
        (Some(Value::Object(old)), Value::Object(new)) if at.len() < depth => {
            edits(old, new, &[at, &[name]].concat(), depth)
        }
        _ => vec![(at.to_vec(), name.as_str(), Some(value))],
    });
    gone.chain(new).collect()
}

/// The byte order mark that Windows editors put before a text.
const BOM: char = '\u{feff}';

/// Returns the text with line endings that every parser knows, and without the mark.
fn plain(text: &str) -> String {
    text.trim_start_matches(BOM).replace("\r\n", "\n")
}

fn without_empty(mut fields: Map<String, Value>) -> Map<String, Value> {
    fields.retain(|_, field| !field.is_null() && field.as_object().is_none_or(|fields| !fields.is_empty()));
    fields
}

/// Says where a text cannot be parsed, counted from 1, and why.
fn problem(line: usize, column: usize, why: &str) -> String {
    format!("line {line}, column {column}: {why}")
}

/// Says why a text cannot be parsed at a byte offset.
fn problem_at(text: &str, offset: usize, why: &str) -> String {
    let before = text.get(..offset.min(text.len())).unwrap_or(text);
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    problem(before.matches('\n').count() + 1, column, why)
}
