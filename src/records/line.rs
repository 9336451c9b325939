//! An object on one line: its id, and what people know it by. A booking in an agenda is laid out in `booking/text.rs`.

use crate::records::{Zone, quoted, word};

/// OnceHub's own statuses and roles that are not a single word.
const OF_TWO_WORDS: [&str; 4] = ["Account Owner", "Team Manager", "Sales qualified", "Marketing qualified"];

/// Formats a time zone: bare if a zone of that name exists, quoted otherwise.
pub fn zone_word(text: &str) -> String {
    if Zone::exists(text) { text.to_owned() } else { quoted(text, 60) }
}

/// The parts of a line.
#[must_use]
pub struct Line {
    parts: Vec<String>,
}

impl Line {
    /// Begins a line with the object's id.
    pub fn of(id: Option<&str>) -> Self {
        Self { parts: vec![id.map_or_else(|| "(no id)".to_owned(), word)] }
    }

    /// Adds a name that somebody chose, in quotation marks.
    pub fn quoted(self, text: Option<&str>) -> Self {
        self.said(text.map(|text| quoted(text, 80)))
    }

    /// Adds a word of OnceHub's own, or of the account's: a status, a URL, a colleague's address.
    pub fn word(self, text: Option<&str>) -> Self {
        self.said(text.map(word))
    }

    /// Adds a word of OnceHub's own after a label.
    pub fn labelled_word(self, label: &str, text: Option<&str>) -> Self {
        self.said(text.map(|text| format!("{label} {}", word(text))))
    }

    /// Adds a time zone: bare only if a zone of that name exists, since guests can send anything.
    pub fn zone(self, text: Option<&str>) -> Self {
        self.said(text.map(zone_word))
    }

    /// Adds text that somebody wrote after a label, in quotation marks.
    pub fn labelled_quoted(self, label: &str, text: Option<&str>) -> Self {
        self.said(text.map(|text| format!("{label} {}", quoted(text, 80))))
    }

    /// Adds a status or a role, which OnceHub chooses. Some have two words.
    pub fn status(self, text: Option<&str>) -> Self {
        self.said(text.map(|text| if OF_TWO_WORDS.contains(&text) { text.to_owned() } else { word(text) }))
    }

    /// Adds our own words.
    pub fn said(mut self, words: Option<String>) -> Self {
        self.parts.extend(words);
        self
    }

    /// Returns the whole line.
    pub fn end(self) -> String {
        self.parts.join(" | ")
    }
}
