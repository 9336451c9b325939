//! How a call fails: what happened in one sentence, what OnceHub said about it, and the next sensible step.
//! [`actions`](crate::actions) adds what is said of a write whose outcome is unknown.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use strum::IntoEnumIterator as _;

use super::hints::{self, Reader};
use super::{Time, clean};
use crate::oncehub::{Cause, Error, Outcome, Rejection};

/// The type of a failure: a closed set, in which each of OnceHub's own has its place.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, strum::EnumIter, strum::EnumMessage, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Kind {
    /// An argument that cannot be used: `argument` names it.
    InvalidArgument,
    /// A name, address or id that does not exist: `candidates` are those that may have been meant.
    NotFound,
    /// A name that several have: `candidates` are all of them, at most 20.
    AmbiguousName,
    /// OnceHub refuses what was asked for, as its message says. Where a start is taken, `nearest` are others.
    InvalidRequestError,
    /// OnceHub does not accept the key, or the account's plan has no API.
    AuthenticationError,
    /// A setting that the server's operator has to fix.
    ConfigurationError,
    /// A change that needs a person's yes, from a client that cannot ask. (A person's no is no failure.)
    NotConfirmed,
    /// A rate limit, OnceHub's or the server's own: `retry_after_seconds` says when to call again.
    RateLimitError,
    /// OnceHub failed.
    ApiError,
    /// A request that did not reach OnceHub, or whose connection was lost.
    NetworkError,
    /// A request that took too long.
    Timeout,
    /// A response that is not the API's.
    UnexpectedReply,
}

impl Kind {
    /// Returns the type of a rejection of OnceHub's. Its own types are an open set: what is not known goes by its status.
    fn of(rejection: &Rejection) -> Self {
        match (rejection.kind.as_str(), rejection.status) {
            _ if rejection.is_rate_limit() => Self::RateLimitError,
            ("authentication_error", _) => Self::AuthenticationError,
            ("api_error", _) => Self::ApiError,
            (_, 404) => Self::NotFound,
            ("invalid_request_error", _) => Self::InvalidRequestError,
            (_, 401) => Self::AuthenticationError,
            (_, 500..) => Self::ApiError,
            _ => Self::InvalidRequestError,
        }
    }
}

impl JsonSchema for Kind {
    fn schema_name() -> Cow<'static, str> {
        "Kind".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let all: Vec<&'static str> = Self::iter().map(Into::into).collect();
        json_schema!({"type": "string", "enum": all})
    }

    fn inline_schema() -> bool {
        true
    }
}

// What an ambiguous name may stand for.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
pub struct Candidate {
    pub id: String,
    pub name: Option<String>,
    // What tells it from others, in words.
    pub described: String,
}

impl Candidate {
    /// Creates a candidate, whose name somebody else wrote.
    pub fn new(id: impl Into<String>, name: Option<&str>, described: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.map(one_line), described: described.into() }
    }
}

// A failed call, as the assistant sees it. Every tool's schema has it, so what its fields mean is told once, in
// docs/errors.md.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
pub struct Failure {
    // OnceHub's error type, or one of ours.
    #[serde(rename = "type")]
    pub kind: Kind,
    // What happened, in one sentence.
    pub message: String,
    // The argument at fault; as OnceHub calls it where OnceHub refuses it.
    pub param: Option<String>,
    // The argument at fault, as the tool calls it.
    pub argument: Option<String>,
    // OnceHub's HTTP status.
    #[schemars(with = "Option<u32>")]
    pub status: Option<u16>,
    // OnceHub's request id.
    pub request_id: Option<String>,
    // For a write: whether it may have happened.
    pub outcome: Option<Outcome>,
    // How long to wait before the next attempt.
    pub retry_after_seconds: Option<u64>,
    // What may have been meant.
    pub candidates: Option<Vec<Candidate>>,
    // The nearest free starts, where one is taken.
    pub nearest: Option<Vec<Time>>,
    // The next sensible step.
    pub hint: String,
}

impl Failure {
    fn new(kind: Kind, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            kind,
            message: one_line(&message.into()),
            param: None,
            argument: None,
            status: None,
            request_id: None,
            outcome: None,
            retry_after_seconds: None,
            candidates: None,
            nearest: None,
            hint: one_line(&hint.into()),
        }
    }

    /// A failure for an argument that cannot be used.
    pub fn argument(name: &str, problem: impl std::fmt::Display, hint: impl Into<String>) -> Self {
        let failure = Self::new(Kind::InvalidArgument, format!("{name}: {problem}"), hint);
        Self { param: Some(one_line(name)), ..failure }
    }

    /// A failure for a name, address or id that does not exist.
    pub fn not_found(name: &str, problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { param: Some(name.into()), ..Self::new(Kind::NotFound, problem, hint) }
    }

    /// A failure for a name that several objects share.
    pub fn ambiguous(name: &str, problem: impl Into<String>, candidates: Vec<Candidate>) -> Self {
        let failure = Self::new(Kind::AmbiguousName, problem, "call again with the id of the one that is meant");
        Self { param: Some(name.into()), ..failure }.candidates(candidates)
    }

    /// A failure for a setting that the server's operator has to fix.
    pub fn configuration(problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Kind::ConfigurationError, problem, hint)
    }

    /// A failure for a change that needs a person's yes, which cannot be obtained.
    pub fn not_confirmed(problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { outcome: Some(Outcome::NotDone), ..Self::new(Kind::NotConfirmed, problem, hint) }
    }

    /// A failure because the store that this server shares with others is away: nothing was sent.
    pub fn store_away() -> Self {
        let problem = "what must happen only once cannot be started now: the store that this server shares with others cannot \
            be reached";
        let hint = "nothing was changed: wait a few seconds, then call again with the same arguments";
        let failure = Self::new(Kind::NetworkError, problem, hint);
        Self { outcome: Some(Outcome::NotDone), retry_after_seconds: Some(5), ..failure }
    }

    /// A failure for replies of OnceHub's that do not make sense.
    pub fn unexpected(problem: impl Into<String>) -> Self {
        let hint = "try again in a moment; narrower filters may avoid it";
        Self::new(Kind::UnexpectedReply, problem, hint)
    }

    /// Returns the type for logs and metrics: one of few, whatever OnceHub calls its own. What OnceHub failed at is an
    /// `api_error`.
    pub fn label(&self) -> &'static str {
        match self.kind {
            _ if self.status.is_some_and(|status| status >= 500) => Kind::ApiError.into(),
            kind => kind.into(),
        }
    }

    /// Returns the same failure with what may have been meant, if anything.
    #[must_use]
    pub fn candidates(mut self, candidates: Vec<Candidate>) -> Self {
        self.candidates = Some(candidates).filter(|candidates| !candidates.is_empty());
        self
    }

    /// Returns the same failure with the nearest free starts, if there are any.
    #[must_use]
    pub fn nearest(mut self, starts: &[Timestamp]) -> Self {
        self.nearest = Some(starts.iter().copied().map(Time).collect()).filter(|starts: &Vec<_>| !starts.is_empty());
        self
    }

    /// Returns the same failure with a better hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = one_line(&hint.into());
        self
    }

    /// Returns the same failure with the hint that helps this reader.
    #[must_use]
    pub fn for_reader(self, reader: Reader) -> Self {
        let hint = hints::for_reader(&self.hint, reader).to_owned();
        Self { hint, ..self }
    }

    /// The failure of a write, which always says whether it may have happened.
    pub fn of_write(error: &Error) -> Self {
        Self { outcome: Some(error.outcome), ..Self::from(error) }
    }

    /// Returns the text for people: a handful of lines at most, the last of them the hint.
    pub fn text(&self) -> String {
        let mut text = self.message.clone();
        let mut facts = Vec::new();
        facts.extend(self.param.as_ref().filter(|_| self.status.is_some()).map(|param| format!("param {param}")));
        facts.extend(self.status.map(|status| format!("HTTP {status}")));
        facts.extend(self.request_id.as_ref().map(|id| format!("request {id}")));
        facts.extend(self.retry_after_seconds.map(|seconds| format!("retry after {seconds} s")));
        facts.extend(self.outcome.map(|outcome| match outcome {
            Outcome::NotDone => "outcome: not done".to_owned(),
            Outcome::Unknown => "outcome: unknown".to_owned(),
        }));
        if !facts.is_empty() {
            let _ = write!(text, " ({})", facts.join(", "));
        }
        let _ = write!(text, "\nhint: {}", self.hint);
        text
    }
}

impl From<&Error> for Failure {
    fn from(error: &Error) -> Self {
        let said = |rejection: &Rejection| {
            let words = one_line(&rejection.message);
            let said = if rejection.status < 500 { "OnceHub refused" } else { "OnceHub failed" };
            format!("{said}: {}", words.chars().take(500).collect::<String>())
        };
        let mut failure = match &error.cause {
            Cause::Rejected(rejection) if rejection.is_rate_limit() => {
                Self::new(Kind::RateLimitError, said(rejection), RATE_LIMIT_HINT)
            }
            Cause::Rejected(rejection) => Self::new(Kind::of(rejection), said(rejection), hints::of(rejection)),
            Cause::RateLimited { rejection: Some(rejection), .. } => {
                Self::new(Kind::RateLimitError, said(rejection), RATE_LIMIT_HINT)
            }
            Cause::RateLimited { .. } => Self::new(
                Kind::RateLimitError,
                "OnceHub's rate limit is used up, and waiting for it would take longer than this call may take",
                RATE_LIMIT_HINT,
            ),
            Cause::NoRoomToTry { .. } => Self::new(
                Kind::RateLimitError,
                "OnceHub has not accepted this key yet, and this server has no room to try it now: other new keys are being tried",
                "call again after that time; a key that OnceHub has accepted does not wait for others",
            ),
            Cause::Unreachable(_) => Self::new(Kind::NetworkError, capitalised(&error.cause), hints::UNREACHABLE),
            Cause::ConnectionLost(_) => {
                Self::new(Kind::NetworkError, capitalised(&error.cause), "try again in a moment")
            }
            Cause::Timeout(_) => Self::new(Kind::Timeout, capitalised(&error.cause), hints::TIMEOUT),
            Cause::UnexpectedReply { .. } => {
                Self::new(Kind::UnexpectedReply, capitalised(&error.cause), hints::UNEXPECTED)
            }
            Cause::NoKey(_) => Self::configuration(capitalised(&error.cause), hints::NO_KEY),
            Cause::HeldBack(_) => Self::new(
                Kind::NetworkError,
                capitalised(&error.cause),
                "nothing was changed: call again if it is still wanted",
            ),
        };
        let rejection = error.rejection();
        failure.param = rejection.and_then(|rejection| rejection.param.as_deref()).map(one_line);
        failure.status = rejection.map(|rejection| rejection.status);
        failure.request_id = rejection.and_then(|rejection| rejection.request_id.clone());
        match &error.cause {
            Cause::UnexpectedReply { status, request_id, .. } => {
                failure.status = Some(*status).filter(|status| *status > 0);
                failure.request_id.clone_from(request_id);
            }
            Cause::RateLimited { retry_after, .. } | Cause::NoRoomToTry { retry_after } => {
                failure.retry_after_seconds = Some(whole_seconds(*retry_after));
            }
            Cause::Rejected(rejection) => {
                failure.retry_after_seconds = rejection.retry_after.map(whole_seconds);
            }
            _ => {}
        }
        failure
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

const RATE_LIMIT_HINT: &str =
    "wait as long as it says, then call again; one list with a higher limit takes fewer requests than several";

/// Removes line breaks and invisible characters: what somebody wrote must not run on as a line of ours.
fn one_line(text: &str) -> String {
    clean(text).replace(['\n', '\t'], " ")
}

fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

fn capitalised(cause: &Cause) -> String {
    let text = one_line(&cause.to_string());
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
