//! Configuration files as text: an entry is put into it or taken out, and every other character stays where it is.

mod json;
mod toml;
mod yaml;

use serde_json::{Map, Value};

/// How a client's file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// JSON as the standard has it.
    Json,
    /// JSON with comments.
    Commented,
    /// JSON with comments, and with commas after the last.
    Jsonc,
    /// TOML.
    Toml,
    /// YAML.
    Yaml,
}

/// Why a file cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// It cannot be read.
    #[error("it is no valid {format}: line {line}, column {column}: {problem}")]
    Unreadable {
        /// What it should be.
        format: &'static str,
        /// Where, counted from 1.
        line: usize,
        /// Where, counted from 1.
        column: usize,
        /// What is wrong there.
        problem: String,
    },
    /// Where servers should be is something else.
    #[error("its '{0}' is not what holds servers by their names")]
    Unexpected(String),
    /// What would be written says something else than it should.
    #[error("the entry cannot be put into it without changing something else (is a name in it twice?)")]
    Entangled,
}

/// Where an entry is: the field of all servers, and its name.
type Place<'a> = [&'a str; 2];

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

    /// What a text says. An empty one says nothing.
    pub(super) fn read(self, text: &str) -> Result<Value, Broken> {
        let text = plain(text);
        let read = match self {
            Self::Json | Self::Commented | Self::Jsonc => json::read(&text, self != Self::Json, self == Self::Jsonc),
            Self::Toml => toml::read(&text),
            Self::Yaml => yaml::read(&text),
        };
        let value = read.map_err(|Problem { line, column, why: problem }| Broken::Unreadable {
            format: self.name(),
            line,
            column,
            problem,
        })?;
        match value {
            Value::Null => Ok(Value::Object(Map::new())),
            Value::Object(_) => Ok(value),
            _ => Err(Broken::Unexpected("outermost value".into())),
        }
    }

    /// The text with an entry in it, given what it says now.
    pub(super) fn put(
        self,
        text: &str,
        now: &Value,
        place: Place<'_>,
        entry: &Map<String, Value>,
    ) -> Result<String, Broken> {
        let [servers, name] = place;
        let mut then = now.clone();
        let unexpected = || Broken::Unexpected(servers.to_owned());
        let all = then.as_object_mut().ok_or_else(unexpected)?.entry(servers).or_insert(Value::Null);
        if all.is_null() {
            *all = Value::Object(Map::new());
        }
        all.as_object_mut().ok_or_else(unexpected)?.insert(name.to_owned(), Value::Object(entry.clone()));
        if then == *now {
            return Ok(text.to_owned());
        }
        self.edit(text, &then, |text| match self {
            Self::Json | Self::Commented | Self::Jsonc => json::put(text, place, entry),
            Self::Toml => toml::put(text, place, entry),
            Self::Yaml => yaml::put(text, place, entry),
        })
    }

    /// The text without an entry, given what it says now.
    pub(super) fn take(self, text: &str, now: &Value, place: Place<'_>) -> Result<String, Broken> {
        let [servers, name] = place;
        let mut then = now.clone();
        if let Some(all) = then.get_mut(servers).and_then(Value::as_object_mut) {
            all.shift_remove(name);
        }
        self.edit(text, &then, |text| match self {
            Self::Json | Self::Commented | Self::Jsonc => json::take(text, place),
            Self::Toml => toml::take(text, place),
            Self::Yaml => yaml::take(text, place),
        })
    }

    /// Edits a text, and makes sure that it says what it should afterwards, and nothing else.
    fn edit(self, text: &str, then: &Value, edit: impl FnOnce(&str) -> Option<String>) -> Result<String, Broken> {
        let mut edited = edit(&plain(text)).ok_or(Broken::Entangled)?;
        if text.is_empty() && !edited.ends_with('\n') {
            edited.push('\n');
        }
        let said = self.read(&edited).map_err(|_| Broken::Entangled)?;
        // Where nothing is left of an emptied table, that is as good as an empty one.
        if without_nothing(said) != without_nothing(then.clone()) {
            return Err(Broken::Entangled);
        }
        if text.contains("\r\n") {
            edited = edited.replace('\n', "\r\n");
        }
        Ok(if text.starts_with(MARK) { format!("{MARK}{edited}") } else { edited })
    }
}

/// What Windows' editors put before a text.
const MARK: char = '\u{feff}';

/// The text with the line ends that every parser knows, and nothing before it.
fn plain(text: &str) -> String {
    text.trim_start_matches(MARK).replace("\r\n", "\n")
}

fn without_nothing(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, field| !field.is_null() && field.as_object().is_none_or(|fields| !fields.is_empty()));
    }
    value
}

/// Where a text cannot be read, counted from 1, and why.
struct Problem {
    line: usize,
    column: usize,
    why: String,
}

impl Problem {
    /// A problem at a place that is counted in bytes.
    fn at(text: &str, offset: usize, why: impl Into<String>) -> Self {
        let before = text.get(..offset.min(text.len())).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { line, column, why: why.into() }
    }
}
