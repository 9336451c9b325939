use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A call to OnceHub that failed: why, and whether it can have changed something.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{cause}")]
pub struct Error {
    /// What went wrong.
    #[source]
    pub cause: Cause,
    /// Whether a write can have been carried out all the same. Always [`Outcome::NotDone`] for a read.
    pub outcome: Outcome,
}

/// What is known of a write that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was not carried out.
    NotDone,
    /// It may have been carried out: the caller has to look.
    Unknown,
}

/// Why a call failed, told so that the caller can choose the next move.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// OnceHub answered with an error of its own.
    #[error("{0}")]
    Rejected(Rejection),
    /// The wait for OnceHub's rate limits would not fit into the call's deadline.
    #[error("OnceHub's rate limit is used up for the next {} s", .retry_after.as_secs_f64().ceil())]
    RateLimited {
        /// How long to wait before the next try.
        retry_after: Duration,
        /// The id of OnceHub's refusal, where it was OnceHub that refused.
        rejection: Option<Rejection>,
    },
    /// Keys that OnceHub has not accepted have used up the room that there is to try another.
    #[error("this server has no room to try another new key for the next {} s", .retry_after.as_secs_f64().ceil())]
    NoRoomToTry {
        /// How long to wait before the next try.
        retry_after: Duration,
    },
    /// No connection came about, so nothing was sent.
    #[error("could not connect to OnceHub: {0}")]
    Unreachable(String),
    /// The connection was lost after the request had left.
    #[error("the connection to OnceHub was lost before its reply was complete: {0}")]
    ConnectionLost(String),
    /// No complete reply came before the deadline.
    #[error("OnceHub did not answer within {} s", (.0.as_secs_f64() * 10.0).round() / 10.0)]
    Timeout(Duration),
    /// Something answered that is not the API's JSON.
    #[error("OnceHub's reply could not be used: {problem}")]
    UnexpectedReply {
        /// What was wrong with it, in words.
        problem: String,
        /// The HTTP status.
        status: u16,
        /// The `Request-Id` header.
        request_id: Option<String>,
    },
    /// There is no key to send, or it cannot be read.
    #[error("{0}")]
    NoKey(String),
    /// A change was held back: nobody would see what becomes of it.
    #[error("{0}")]
    HeldBack(&'static str),
}

/// An error object as OnceHub sends it, with the status and the request's id.
///
/// Source: the `Error` schema of the API, `{type, message, param?}`.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Rejection {
    /// OnceHub's `type`: `authentication_error`, `invalid_request_error`, `rate_limit_error`, `api_error`, or one that is new.
    pub kind: String,
    /// OnceHub's own words.
    pub message: String,
    /// The parameter it is about, dotted for nested ones.
    pub param: Option<String>,
    /// The HTTP status.
    pub status: u16,
    /// The `Request-Id` header.
    pub request_id: Option<String>,
    /// The `Retry-After` header, which OnceHub does not document.
    pub retry_after: Option<Duration>,
}

impl Rejection {
    /// A rate limit, by the error's type or else by its status.
    pub(super) fn is_rate_limit(&self) -> bool {
        self.kind == "rate_limit_error" || self.status == 429
    }

    /// OnceHub does not know the key. A plan without API access has the same type with status 403, and another key would
    /// not help there.
    pub fn is_bad_key(&self) -> bool {
        self.status == 401
    }

    /// Something went wrong on OnceHub's side, by the error's type or else by its status.
    pub(super) fn is_internal(&self) -> bool {
        self.kind == "api_error" || self.status >= 500
    }

    /// No object has the id that was sent.
    pub fn is_not_found(&self) -> bool {
        self.status == 404
    }
}

impl Cause {
    /// OnceHub's own error object, if it sent one.
    pub fn rejection(&self) -> Option<&Rejection> {
        match self {
            Self::Rejected(rejection) => Some(rejection),
            Self::RateLimited { rejection, .. } => rejection.as_ref(),
            _ => None,
        }
    }

    /// What happened instead of a reply, for a count of requests by their status.
    pub(super) fn without_reply(&self) -> Option<&'static str> {
        match self {
            Self::Unreachable(_) => Some("unreachable"),
            Self::ConnectionLost(_) => Some("lost"),
            Self::Timeout(_) => Some("timeout"),
            _ => None,
        }
    }

    /// Whether a write that failed like this can have been carried out.
    ///
    /// Only OnceHub's own refusal, and a request that never left, say that it has not been. A 5xx comes from anywhere behind
    /// the front door, 408 and 499 say that somebody stopped waiting, a lost connection and a timeout say nothing at all, and a
    /// reply that is not the API's may have been put in the place of a yes.
    pub(super) fn leaves_a_doubt(&self) -> bool {
        match self {
            Self::Rejected(rejection) => rejection.is_internal() || matches!(rejection.status, 408 | 499),
            Self::ConnectionLost(_) | Self::Timeout(_) => true,
            // A request that could not even be written has no status.
            Self::UnexpectedReply { status, .. } => *status > 0,
            Self::RateLimited { .. }
            | Self::NoRoomToTry { .. }
            | Self::Unreachable(_)
            | Self::NoKey(_)
            | Self::HeldBack(_) => false,
        }
    }
}

impl Error {
    /// A failure of a request that changes nothing, or that cannot have happened.
    pub(super) fn not_done(cause: Cause) -> Self {
        Self { cause, outcome: Outcome::NotDone }
    }

    /// OnceHub's own error object, if it sent one.
    pub fn rejection(&self) -> Option<&Rejection> {
        self.cause.rejection()
    }
}
