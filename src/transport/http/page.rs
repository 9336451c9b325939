//! The page for a person who opens the server's address in a browser.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderName};

use super::streamable::{self, SESSION_ID};
use super::{Backend, Shared};

const PAGE: &str = include_str!("page.html");

/// Handles a GET at `/`. With a session's id it is Streamable HTTP, which no browser asks for here.
pub(super) async fn show<B: Backend>(State(shared): State<Arc<Shared<B>>>, request: Request) -> Response {
    if request.headers().contains_key(SESSION_ID) {
        return streamable::handle(State(shared), request).await;
    }
    let url = match &shared.settings.public_url {
        Some(url) => url.as_str().trim_end_matches('/').to_owned(),
        None => format!("{}://{}", shared.settings.scheme, host(request.headers())),
    };
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'",
        ),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("referrer-policy"), "no-referrer"),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, PAGE.replace("{url}", &escaped(&url)).replace("{version}", env!("CARGO_PKG_VERSION"))).into_response()
}

/// Returns the request's host, which `door` has checked.
fn host(headers: &HeaderMap) -> &str {
    headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
