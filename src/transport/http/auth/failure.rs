//! The failures that a client's program reads, as OAuth words them.

use std::borrow::Cow;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use metrics::counter;
use serde_json::json;

use super::seal::Unsealed;
use crate::store::Unavailable;
use crate::transport::http::Refusal;
use crate::transport::http::trail::Refused;

/// What keeps a response out of every cache.
pub(super) const UNCACHED: [(HeaderName, HeaderValue); 2] =
    [(CACHE_CONTROL, HeaderValue::from_static("no-store")), (PRAGMA, HeaderValue::from_static("no-cache"))];

/// How long a client waits before it tries again what may work then, in seconds.
const LATER: u32 = 5;

/// A failure at `/token`, `/register` or `/revoke`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    status: StatusCode,
    /// OAuth's word for it.
    pub(super) error: &'static str,
    pub(super) description: Cow<'static, str>,
}

impl Failure {
    fn new(status: StatusCode, error: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        Self { status, error, description: description.into() }
    }

    /// Returns the failure of a request that is put together wrongly.
    pub(super) fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    /// Returns the failure after which a client registers again.
    pub(super) fn invalid_client(description: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "invalid_client", description)
    }

    /// Returns the failure after which a client has the person sign in again.
    pub(super) fn invalid_grant(description: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_grant", description)
    }

    pub(super) fn invalid_scope() -> Self {
        let description = "the person has not agreed to that scope: they have to sign in again";
        Self::new(StatusCode::BAD_REQUEST, "invalid_scope", description)
    }

    pub(super) fn invalid_target() -> Self {
        let description = "resource is not this server: its protected resource metadata says what it is called";
        Self::new(StatusCode::BAD_REQUEST, "invalid_target", description)
    }

    pub(super) fn invalid_redirect(description: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_redirect_uri", description)
    }

    pub(super) fn invalid_metadata(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_client_metadata", description)
    }

    pub(super) fn unsupported_grant() -> Self {
        let description = "grant_type has to be authorization_code or refresh_token";
        Self::new(StatusCode::BAD_REQUEST, "unsupported_grant_type", description)
    }

    /// Returns the failure of something that may work soon, so that nobody has to sign in again.
    pub(super) fn later(description: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", description)
    }
}

impl From<Unsealed> for Failure {
    fn from(failed: Unsealed) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "server_error", failed.to_string())
    }
}

impl From<Unavailable> for Failure {
    fn from(failed: Unavailable) -> Self {
        Self::later(failed.to_string())
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.status(), "invalid_request", refusal.reason())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        counter!("http_requests_refused_total", "reason" => "sign_in").increment(1);
        let body = json!({"error": self.error, "error_description": self.description});
        let mut response = (self.status, UNCACHED, Json(body)).into_response();
        let reason = format!("{}: {}", self.error, self.description);
        response.extensions_mut().insert(Refused { name: "sign_in", reason: reason.into(), token: None });
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"client\""));
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from(LATER));
        }
        response
    }
}
