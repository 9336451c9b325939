//! The response to a rejected request: the status, and the reason in words.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use metrics::counter;
use serde_json::{Value, json};

use super::caller::KEY_CHALLENGE;
use super::tokens::Token;
use super::trail::Refused;

/// JSON-RPC's code for JSON that cannot be parsed.
const PARSE_ERROR: i32 = -32700;
/// JSON-RPC's code for a message that is not one of the protocol's.
const INVALID_REQUEST: i32 = -32600;
/// A code from the range that JSON-RPC leaves to servers.
pub(super) const SERVER_ERROR: i32 = -32000;

/// The names that rejections are counted under.
pub const REASONS: &[&str] = &[
    "accept", "body", "calls", "calls_of_strangers", "calls_of_tenant", "connections", "content_type", "cut_off",
    "fault", "forwarded_proto", "host", "json", "key", "message", "method", "not_tls", "origin", "path", "plain_http",
    "protocol", "randomness", "selection", "session", "sessions", "sessions_of_tenant", "sign_in", "slow_body",
    "slow_session", "stopping", "store",
];

/// The rejection of a request. Its body is a JSON-RPC error, so that a client can show the reason.
#[derive(Clone, Debug)]
pub struct Refusal {
    status: StatusCode,
    /// The name it is counted under.
    name: &'static str,
    reason: Cow<'static, str>,
    code: i32,
    id: Value,
    retry_after: Option<u32>,
    /// What a caller without it has to send.
    challenge: HeaderValue,
    /// What the log calls the token that the caller sent.
    token: Option<Arc<str>>,
}

impl Refusal {
    /// Creates a rejection with this status, counted under this name.
    pub fn new(status: StatusCode, name: &'static str, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            name,
            reason: reason.into(),
            code: SERVER_ERROR,
            id: Value::Null,
            retry_after: None,
            challenge: HeaderValue::from_static(KEY_CHALLENGE),
            token: None,
        }
    }

    pub(super) fn unauthorized(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "key", reason)
    }

    pub(super) fn forbidden(name: &'static str, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, name, reason)
    }

    pub(super) fn unreadable(reason: String) -> Self {
        Self { code: PARSE_ERROR, ..Self::new(StatusCode::BAD_REQUEST, "json", reason) }
    }

    pub(super) fn invalid(reason: &'static str) -> Self {
        Self { code: INVALID_REQUEST, ..Self::new(StatusCode::BAD_REQUEST, "message", reason) }
    }

    /// Returns the rejection for a session that does not exist, or is another tenant's: the same words, so that nobody
    /// learns which. The client has to open a new one.
    pub(super) fn no_session() -> Self {
        Self::new(StatusCode::NOT_FOUND, "session", "there is no such session with this key: initialize a new one")
    }

    /// Returns the rejection for a session that another server may have opened, while nobody can say. The client has to keep
    /// it.
    pub(super) fn session_not_seen() -> Self {
        let reason = "whether another server has this session cannot be seen now, since the store that they share cannot be \
            reached: repeat the request in a few seconds";
        Self { retry_after: Some(5), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "store", reason) }
    }

    /// Returns the rejection of an answer to a question that another server has asked.
    pub(super) fn asked_elsewhere() -> Self {
        let reason = "this server has asked nothing in this session, another one has: its load balancer has to send all \
            requests of a session to one server";
        Self::new(StatusCode::CONFLICT, "session", reason)
    }

    /// Returns the rejection of a `DELETE`, or else a `GET`, without a session.
    pub(super) fn without_session(is_end: bool) -> Self {
        let reason = if is_end {
            "DELETE ends a session: send its Mcp-Session-Id, which the response to initialize has"
        } else {
            "GET opens a stream of a session: send its Mcp-Session-Id, which the response to initialize has; messages are \
             sent with POST"
        };
        Self::new(StatusCode::BAD_REQUEST, "session", reason)
    }

    pub(super) fn no_randomness() -> Self {
        let reason = "the system's random source failed";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "randomness", reason)
    }

    pub(super) fn broken() -> Self {
        let reason = "the session could not be opened, because of a bug in the server: try again";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "fault", reason)
    }

    pub(super) fn cut_off() -> Self {
        let reason = "the request was cut off before it was answered, since its session or the server has ended: whether a \
            change was made is not known, so look before repeating it";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "cut_off", reason)
    }

    pub(super) fn busy(status: StatusCode, name: &'static str, reason: &'static str) -> Self {
        Self { retry_after: Some(1), ..Self::new(status, name, reason) }
    }

    pub(super) fn stopping() -> Self {
        let reason = "this server is shutting down: repeat the call in a few seconds";
        Self { retry_after: Some(5), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "stopping", reason) }
    }

    /// Returns the same rejection, with a challenge to send this.
    pub(super) fn challenging(self, challenge: HeaderValue) -> Self {
        Self { challenge, ..self }
    }

    /// Returns its status.
    pub(super) fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns its reason.
    pub fn reason(&self) -> String {
        self.reason.clone().into_owned()
    }

    /// Returns the same rejection, of a caller who sent a former token of this server's.
    pub(super) fn with_token(self, token: Token) -> Self {
        Self { token: token.name, ..self }
    }

    /// Returns the same rejection, as the response to the request with this id.
    pub(super) fn to(self, id: Option<&Value>) -> Self {
        Self { id: id.cloned().unwrap_or_default(), ..self }
    }
}

/// Returns the body of a rejection.
pub(super) fn body(code: i32, reason: &str, id: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": reason}})
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        counter!("http_requests_refused_total", "reason" => self.name).increment(1);
        let mut response = (self.status, Json(body(self.code, &self.reason, &self.id))).into_response();
        let reason: String = self.reason.chars().take(300).collect();
        response.extensions_mut().insert(Refused { name: self.name, reason: reason.into(), token: self.token });
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, self.challenge);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
