//! Configuration files as text: an entry is inserted or removed, and every other character stays where it is.

mod json;
mod toml;
mod yaml;

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

/// Why a file cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// It cannot be read.
    #[error("it is no valid {format}: line {line}, column {column}: {problem}")]
    Unreadable {
        /// The expected format.
        format: &'static str,
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
        /// What is wrong there.
        problem: String,
    },
    /// The field for servers holds something else.
    #[error("its '{0}' is not what holds servers by their names")]
    Unexpected(String),
    /// The edited text would not say what it should.
    #[error("the entry cannot be put into it without changing something else (is a name in it twice?)")]
    Entangled,
}

/// The location of an entry: the field of all servers, and its name.
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

    /// Parses a text. An empty one has no entries.
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

    /// Returns the text with an entry inserted, given its current value.
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

    /// Returns the text without an entry, given its current value.
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

    /// Edits a text, and verifies that it then says what it should, and nothing else.
    fn edit(self, text: &str, then: &Value, edit: impl FnOnce(&str) -> Option<String>) -> Result<String, Broken> {
        let mut edited = edit(&plain(text)).ok_or(Broken::Entangled)?;
        if text.is_empty() && !edited.ends_with('\n') {
            edited.push('\n');
        }
        let said = self.read(&edited).map_err(|_| Broken::Entangled)?;
        // A table that was emptied may be gone: that counts as empty.
        if without_nothing(said) != without_nothing(then.clone()) {
            return Err(Broken::Entangled);
        }
        if text.contains("\r\n") {
            edited = edited.replace('\n', "\r\n");
        }
        Ok(if text.starts_with(MARK) { format!("{MARK}{edited}") } else { edited })
    }
}

/// The byte order mark that Windows editors put before a text.
const MARK: char = '\u{feff}';

/// Returns the text with line endings that every parser knows, and without the mark.
fn plain(text: &str) -> String {
    text.trim_start_matches(MARK).replace("\r\n", "\n")
}

fn without_nothing(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, field| !field.is_null() && field.as_object().is_none_or(|fields| !fields.is_empty()));
    }
    value
}

/// Where a text cannot be parsed, counted from 1, and why.
struct Problem {
    line: usize,
    column: usize,
    why: String,
}

impl Problem {
    /// Creates a problem at a byte offset.
    fn at(text: &str, offset: usize, why: impl Into<String>) -> Self {
        let before = text.get(..offset.min(text.len())).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Self { line, column, why: why.into() }
    }
}
