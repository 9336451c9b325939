//! What a playbook has to be told, and how it is completed while a person types it.

use rmcp::model::PromptArgument;

use crate::names::{Names, fold};
use crate::records::{Noun, quoted};

/// An argument of a playbook.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Argument {
    pub(super) name: String,
    kind: Kind,
    pub(super) is_required: bool,
    /// Its line in the file, up to the colon and after it.
    line: [String; 2],
}

/// What an argument is.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// Something that has a name in the account.
    Named(&'static [Noun]),
    /// One of a few words.
    OneOf(Vec<String>),
    /// Anything else: a time, a reason.
    Free,
}

/// The longest value that is passed on: more than any name or date has, and enough for a reason.
const LONGEST: usize = 500;

impl Kind {
    fn read(text: &str) -> Option<Self> {
        Some(match text {
            "user" => Self::Named(&[Noun::Users]),
            "host" => Self::Named(&[Noun::Users, Noun::Teams]),
            "team" => Self::Named(&[Noun::Teams]),
            "calendar" => Self::Named(&[Noun::Calendars]),
            "time" | "text" => Self::Free,
            choices if choices.contains(" | ") => Self::OneOf(choices.split(" | ").map(str::to_owned).collect()),
            _ => return None,
        })
    }
}

impl Argument {
    /// Reads a line of a file: ``- `host` (user, required): Who is away.``
    pub(super) fn read(line: &str) -> Option<Self> {
        let (head, description) = line.split_once(": ")?;
        let (name, kind) = head.strip_prefix("- `")?.strip_suffix(')')?.split_once("` (")?;
        let (kind, is_required) = match kind.strip_suffix(", required") {
            Some(kind) => (kind, true),
            None => (kind, false),
        };
        let line = [format!("- `{name}`"), description.to_owned()];
        Some(Self { name: name.to_owned(), kind: Kind::read(kind)?, is_required, line })
    }

    /// Returns its definition.
    pub(super) fn definition(&self) -> PromptArgument {
        let [_, description] = &self.line;
        let choices = match &self.kind {
            Kind::OneOf(choices) => format!(" One of {}.", choices.join(", ")),
            _ => String::new(),
        };
        PromptArgument::new(&self.name)
            .with_description(format!("{description}{choices}"))
            .with_required(self.is_required)
    }

    /// Returns its line in a prompt: the value, quoted, or else what the file says of it.
    pub(super) fn line(&self, value: Option<&str>) -> String {
        let [head, description] = &self.line;
        match value {
            Some(value) => format!("{head}: {}\n", quoted(value, LONGEST)),
            None => format!("{head}: not given. {description}\n"),
        }
    }

    /// Returns what the argument can become, given what has been typed. That is nothing where the account's names cannot
    /// be read at once: nobody waits for it while they type.
    pub(super) async fn completed(&self, typed: &str, names: &Names) -> Vec<String> {
        match &self.kind {
            Kind::Named(nouns) => names.suggested(nouns, typed).await,
            Kind::OneOf(choices) => choices.iter().filter(|choice| choice.starts_with(&fold(typed))).cloned().collect(),
            Kind::Free => Vec::new(),
        }
    }
}
