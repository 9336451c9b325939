//! Asking the person before something is done that they may not want. How a question reaches them differs between the
//! protocol's eras, which is the server's business: here is only what to ask, and when.

use std::str::FromStr;

use futures::future::BoxFuture;

/// When a person is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Confirm {
    /// Before what cannot be taken back, if the client can ask.
    #[default]
    Auto,
    /// Before every change; a client that cannot ask is refused.
    Always,
    /// Never.
    Never,
}

impl FromStr for Confirm {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.trim().to_ascii_lowercase().as_str() {
            "auto" => Ok(Self::Auto),
            "always" => Ok(Self::Always),
            "never" => Ok(Self::Never),
            _ => Err(format!("'{text}' is none of auto, always, never")),
        }
    }
}

/// What became of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The person said yes.
    Yes,
    /// The person said no.
    Declined,
    /// The person closed the question.
    Dismissed,
    /// Nobody answered in time.
    TimedOut,
    /// The client has no way to ask.
    CannotAsk,
    /// The question has been handed to the client: the call ends here, and comes back with the answer.
    Handed,
}

/// Brings a question to the person behind a call.
pub trait Ask: Send + Sync {
    /// Asks for a yes to `question`, a sentence that names what will happen to whom and when.
    fn ask<'a>(&'a self, question: &'a str) -> BoxFuture<'a, Answer>;
}
