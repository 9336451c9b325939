//! Why a request failed, and whether a write may have been carried out all the same.

use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::response::{REQUEST_ID, describe_refusal, header};
use super::retry::retry_after;

/// A failed call to OnceHub: why it failed, and whether it may have changed something.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{cause}")]
pub struct Error {
    /// What went wrong.
    #[source]
    pub cause: Cause,
    /// Whether a write may still have been carried out. Always [`Outcome::NotDone`] for a read.
    pub outcome: Outcome,
}

// What is known about a failed write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    // The write was not carried out.
    NotDone,
    // The write may have been carried out: the caller has to check.
    Unknown,
}

/// Why a call failed, in enough detail for the caller to choose the next move.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// OnceHub returned an error.
    #[error("{0}")]
    Rejected(Rejection),
    /// Waiting for OnceHub's rate limits would exceed the call's deadline.
    #[error("OnceHub's rate limit is used up for the next {} s", .retry_after.as_secs_f64().ceil())]
    RateLimited {
        /// How long to wait before retrying.
        retry_after: Duration,
        /// OnceHub's rejection, if it was OnceHub that rejected the request.
        rejection: Option<Rejection>,
    },
    /// The budget for trying keys that OnceHub has not accepted is used up.
    #[error("this server has no room to try another new key for the next {} s", .retry_after.as_secs_f64().ceil())]
    NoRoomToTry {
        /// How long to wait before retrying.
        retry_after: Duration,
    },
    /// No connection could be established, so nothing was sent.
    #[error("could not connect to OnceHub: {0}")]
    Unreachable(String),
    /// The connection was lost after the request was sent.
    #[error("the connection to OnceHub was lost before its reply was complete: {0}")]
    ConnectionLost(String),
    /// No complete response arrived before the deadline.
    #[error("OnceHub did not answer within {} s", (.0.as_secs_f64() * 10.0).round() / 10.0)]
    Timeout(Duration),
    /// The response is not the API's JSON.
    #[error("OnceHub's reply could not be used: {problem}")]
    UnexpectedReply {
        /// What is wrong with the response, in words.
        problem: String,
        /// The HTTP status.
        status: u16,
        /// The `Request-Id` header.
        request_id: Option<String>,
    },
    /// There is no key to send, or it cannot be read.
    #[error("{0}")]
    NoKey(String),
    /// A change was held back because nobody would learn its outcome.
    #[error("{0}")]
    HeldBack(&'static str),
}

/// An error object as OnceHub sends it, with the status and the request's id.
///
/// Source: the `Error` schema of the API, `{type, message, param?}`.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Rejection {
    /// OnceHub's `type`: `authentication_error`, `invalid_request_error`, `rate_limit_error`, `api_error`, or a new
    /// one.
    pub kind: String,
    /// OnceHub's message.
    pub message: String,
    /// The offending parameter, dotted if nested.
    pub param: Option<String>,
    /// The HTTP status.
    pub status: u16,
    /// The `Request-Id` header.
    pub request_id: Option<String>,
    /// The `Retry-After` header, which OnceHub does not document.
    pub retry_after: Option<Duration>,
}

impl Rejection {
    /// Reads OnceHub's error object, if the response is one; a 429 is a rejection whatever it says. Its `type` is an open
    /// set: older errors carried `Bad Request`. Missing fields are derived from the status.
    pub(super) fn read(value: &Value, status: StatusCode, headers: &HeaderMap) -> Option<Self> {
        let is_error = ["type", "message"].iter().any(|field| value.get(field).is_some_and(Value::is_string));
        if !is_error && status != StatusCode::TOO_MANY_REQUESTS {
            return None;
        }
        let text = |field: &str| value.get(field)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let by_status = match status.as_u16() {
            401 => "authentication_error",
            429 => "rate_limit_error",
            500.. => "api_error",
            _ => "invalid_request_error",
        };
        Some(Self {
            kind: text("type").unwrap_or_else(|| by_status.into()),
            message: text("message").unwrap_or_else(|| describe_refusal(status, headers)),
            param: text("param"),
            status: status.as_u16(),
            request_id: header(headers, &REQUEST_ID),
            retry_after: header(headers, &RETRY_AFTER).and_then(|text| retry_after(&text, SystemTime::now())),
        })
    }

    /// Returns whether this is a rate limit, by the error's type or its status.
    pub fn is_rate_limit(&self) -> bool {
        self.kind == "rate_limit_error" || self.is_429()
    }

    /// Returns whether the request was turned away for its rate, and so was surely not carried out, whatever the error's type.
    /// That type under another status proves nothing.
    pub(super) fn is_429(&self) -> bool {
        self.status == 429
    }

    /// Returns whether OnceHub does not know the key. A plan without API access has the same type but status 403, and
    /// another key would not help there.
    pub fn is_bad_key(&self) -> bool {
        self.status == 401
    }

    /// Returns whether something went wrong on OnceHub's side, by the error's type or its status.
    pub(super) fn is_internal(&self) -> bool {
        self.kind == "api_error" || self.status >= 500
    }

    /// Returns whether no object has the id that was sent.
    pub fn is_not_found(&self) -> bool {
        self.status == 404
    }
}

impl Cause {
    /// Returns OnceHub's error object, if it sent one.
    pub fn rejection(&self) -> Option<&Rejection> {
        match self {
            Self::Rejected(rejection) => Some(rejection),
            Self::RateLimited { rejection, .. } => rejection.as_ref(),
            _ => None,
        }
    }

    /// Describes it for the log: OnceHub's message may quote a guest, so only its type and status are logged.
    pub(super) fn scrubbed(&self) -> String {
        match self.rejection() {
            Some(rejection) => format!("{} ({})", rejection.kind, rejection.status),
            None => self.to_string(),
        }
    }

    /// Returns what happened instead of a response, for the count of requests by status.
    pub(super) fn failure_label(&self) -> Option<&'static str> {
        match self {
            Self::Unreachable(_) => Some("unreachable"),
            Self::ConnectionLost(_) => Some("lost"),
            Self::Timeout(_) => Some("timeout"),
            _ => None,
        }
    }

    /// Returns the HTTP status of the response, if there was one.
    pub(super) fn status(&self) -> Option<u16> {
        match self {
            Self::UnexpectedReply { status, .. } => Some(*status).filter(|status| *status > 0),
            _ => self.rejection().map(|rejection| rejection.status),
        }
    }

    /// Returns whether a rate limit holds the request up: OnceHub is there, and the request will be served later.
    pub fn is_rate_limit(&self) -> bool {
        match self {
            Self::RateLimited { .. } | Self::NoRoomToTry { .. } => true,
            _ => self.rejection().is_some_and(Rejection::is_rate_limit),
        }
    }

    /// Returns whether OnceHub, or the way to it, is at fault, and not the request.
    pub(super) fn is_oncehubs_fault(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::ConnectionLost(_) | Self::Timeout(_) | Self::UnexpectedReply { .. } => true,
            Self::Rejected(rejection) => rejection.is_internal(),
            Self::RateLimited { .. } | Self::NoRoomToTry { .. } | Self::NoKey(_) | Self::HeldBack(_) => false,
        }
    }

    /// Returns whether a write that failed with this cause may have been carried out.
    ///
    /// Only OnceHub's own rejection (a 429 whatever its type), or a request that was never sent, proves that it was not. A 5xx may come from
    /// anywhere behind the front door, 408 and 499 only mean that somebody stopped waiting, a lost connection or a
    /// timeout proves nothing, and a response that is not the API's may have replaced a success.
    pub(super) fn may_have_happened(&self) -> bool {
        match self {
            Self::Rejected(rejection) => {
                !rejection.is_429() && (rejection.is_internal() || matches!(rejection.status, 408 | 499))
            }
            Self::ConnectionLost(_) | Self::Timeout(_) => true,
            // Status 0 means that the request could not even be built.
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
    /// Creates the error of a request that changes nothing, or that cannot have been carried out.
    pub(super) fn not_done(cause: Cause) -> Self {
        Self { cause, outcome: Outcome::NotDone }
    }

    /// Returns OnceHub's error object, if it sent one.
    pub fn rejection(&self) -> Option<&Rejection> {
        self.cause.rejection()
    }
}
