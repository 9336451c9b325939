//! Asking the person before something that they may not want: when, how, and what they may answer. Each action words its
//! question, [`Context::agree`](super::Context::agree) decides whether it is asked, and `server/confirm.rs` carries it to
//! the person.

use futures::future::BoxFuture;

/// When to ask the person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum Confirm {
    /// Before what cannot be undone, if the client can ask.
    #[default]
    Auto,
    /// Before every change; a change from a client that cannot ask is rejected.
    Always,
    /// Never.
    Never,
}

/// The outcome of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The person said yes.
    Yes,
    /// The person said no.
    Declined,
    /// The person dismissed the question.
    Dismissed,
    /// Nobody answered in time.
    TimedOut,
    /// The client says that it can ask, but it or a gateway before it answered the question with an error.
    ClientError,
    /// The client has no way to ask.
    CannotAsk,
    /// The question was handed to the client: this call ends, and the client calls again with the answer.
    Handed,
}

/// A way to put a question to the person behind a call.
pub trait Ask: Send + Sync {
    /// Asks for a yes to `question`, a sentence that says what will happen, to whom and when.
    fn ask<'a>(&'a self, question: &'a str) -> BoxFuture<'a, Answer>;
}
