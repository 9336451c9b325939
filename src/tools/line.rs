//! A thing in a line: its id, and what people know it by.

use super::untrusted::{clean, plain_or_quoted, quoted, word};
use crate::oncehub::Object;

/// The parts of a line. Of something that has been deleted nothing but its id is left.
pub(super) struct Line {
    parts: Vec<String>,
    deleted: bool,
}

impl Line {
    /// Begins with the object's id.
    pub(super) fn of(object: &Object) -> Self {
        let id = object.text("id").map_or_else(|| "(no id)".to_owned(), |id| word(id).into_owned());
        Self { parts: vec![id], deleted: object.is_deleted() }
    }

    /// What somebody has named it, in quotation marks.
    pub(super) fn quoted(self, text: Option<&str>) -> Self {
        self.said(text.map(|text| quoted(text, 80)))
    }

    /// A word, an address or a URL.
    pub(super) fn plain(self, text: Option<&str>) -> Self {
        self.said(text.map(|text| plain_or_quoted(&clean(text), 200)))
    }

    /// A word or a text after what it is.
    pub(super) fn labelled(self, label: &str, text: Option<&str>) -> Self {
        self.said(text.map(|text| format!("{label} {}", plain_or_quoted(&clean(text), 200))))
    }

    /// What somebody has written, after what it is, in quotation marks.
    pub(super) fn labelled_quoted(self, label: &str, text: Option<&str>) -> Self {
        self.said(text.map(|text| format!("{label} {}", quoted(text, 80))))
    }

    /// A status or a role, which are words of OnceHub's own.
    pub(super) fn status(self, text: Option<&str>) -> Self {
        let in_words = |text: &str| text.chars().all(|c| c.is_ascii_alphabetic() || c == ' ');
        self.said(text.map(|text| if in_words(text) { text.to_owned() } else { plain_or_quoted(text, 60) }))
    }

    /// Our own words.
    pub(super) fn said(mut self, words: Option<String>) -> Self {
        self.parts.extend(words.filter(|_| !self.deleted));
        self
    }

    /// The whole line.
    pub(super) fn end(mut self) -> String {
        if self.deleted {
            self.parts.push("deleted".into());
        }
        self.parts.join(" | ")
    }
}
