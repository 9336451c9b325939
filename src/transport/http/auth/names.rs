//! The names of this machine: a person may write another one of them than the server does.

use axum::response::{IntoResponse, Redirect, Response};
use http::HeaderMap;
use http::header::HOST;
use http::request::Parts;
use url::{Position, Url};

use super::Auth;
use super::redirect::LOOPBACK;

/// Returns the addresses of a server that is on this machine alone, under each name; none for any other.
pub(super) fn of(issuer: &str) -> Vec<String> {
    let Ok(url) = Url::parse(issuer) else { return Vec::new() };
    if !url.host_str().is_some_and(|host| LOOPBACK.contains(&host)) {
        return Vec::new();
    }
    let port = &url[Position::AfterHost..Position::AfterPort];
    LOOPBACK.map(|host| format!("{}://{host}{port}", url.scheme())).into()
}

impl Auth {
    /// Returns the server's address by the name that a request has for it.
    pub(super) fn named(&self, headers: &HeaderMap) -> &str {
        let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else { return &self.issuer };
        let is_it = |name: &&String| name.split_once("://").is_some_and(|(_, name)| name.eq_ignore_ascii_case(host));
        self.names.iter().find(is_it).map_or(&self.issuer, |name| name)
    }

    /// Sends a browser that has another name for this server to the one that its pages and cookies have.
    pub(super) fn elsewhere(&self, head: &Parts) -> Option<Response> {
        let is_other = self.named(&head.headers) != &*self.issuer;
        let path = head.uri.path_and_query().map(http::uri::PathAndQuery::as_str).unwrap_or_default();
        is_other.then(|| Redirect::temporary(&format!("{}{path}", self.issuer)).into_response())
    }
}
