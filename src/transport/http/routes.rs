//! The routes of all paths.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use hyper::body::Body as _;
use metrics::gauge;
use tower_http::cors::{AllowOrigin, CorsLayer};

use super::streamable::SESSION_ID;
use super::trail::REQUEST_ID;
use super::{Backend, Metrics, Refusal, Shared, auth, page, sse, streamable, trail};

/// Returns the router for everything that is served.
pub(super) fn all<B: Backend>(shared: Arc<Shared<B>>) -> Router {
    let door = shared.settings.door.clone();
    let version = HeaderName::from_static("mcp-protocol-version");
    let mut exposed = vec![SESSION_ID, REQUEST_ID, version];
    // From it a page's client learns where people sign in.
    exposed.extend(shared.auth.is_some().then_some(WWW_AUTHENTICATE));
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, _| door.allows(origin)))
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers(tower_http::cors::AllowHeaders::mirror_request())
        .expose_headers(exposed);
    let pages = shared.settings.pages.iter().fold(Router::new(), |routes, page| {
        let page = *page;
        routes.route(page.path, get(move || async move { page::sent(page.html.to_owned(), page.policy) }))
    });
    let sign_in = shared.auth.as_ref().map(|auth| auth::routes(&shared, auth));
    pages
        .route("/mcp", any(streamable::handle::<B>))
        .route("/mcp/", any(streamable::handle::<B>))
        .route("/sse", get(sse::get::<B>).fallback(streamable::handle::<B>))
        .route("/sse/", get(sse::get::<B>).fallback(streamable::handle::<B>))
        .route("/message", post(sse::post::<B>))
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready::<B>))
        .route("/metrics", get(figures::<B>))
        .route("/", get(page::show::<B>).fallback(streamable::handle::<B>))
        .merge(sign_in.unwrap_or_default())
        .fallback(nothing)
        .method_not_allowed_fallback(wrong_method)
        .layer(cors)
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), at_the_door::<B>))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), trail::follow::<B>))
        .with_state(shared)
}

async fn at_the_door<B: Backend>(State(shared): State<Arc<Shared<B>>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let has_body = !body.is_end_stream();
    let mut response = match shared.settings.door.check(&parts) {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(refusal) => refusal.into_response(),
    };
    // The body may not have been read; then hyper closes the connection, and a client that does not know would reuse
    // it.
    // Before a shutdown, clients are to open their next connection elsewhere.
    if has_body && !response.status().is_success() || shared.leaving.is_cancelled() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn nothing() -> Refusal {
    let reason = "there is nothing here: MCP is at /mcp, and at /sse for older configurations";
    Refusal::new(StatusCode::NOT_FOUND, "path", reason)
}

/// Its `Allow` is added by the router.
async fn wrong_method(method: Method) -> Refusal {
    let reason = format!("this address does not take {method}: its Allow header has what it takes");
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "method", reason)
}

async fn ready<B: Backend>(State(shared): State<Arc<Shared<B>>>) -> Response {
    let fresh = [(CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    let ready =
        if shared.leaving.is_cancelled() { Err("shutting down".to_owned()) } else { shared.backend.ready().await };
    match ready {
        Ok(()) => (fresh, "ready\n").into_response(),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, fresh, format!("not ready: {reason}\n")).into_response(),
    }
}

async fn figures<B: Backend>(State(shared): State<Arc<Shared<B>>>, request: Request) -> Response {
    let allowed = match shared.settings.metrics {
        Metrics::Open => true,
        Metrics::WithToken => shared.settings.keys.shows_token(request.headers()),
        Metrics::Closed => false,
    };
    if !allowed {
        let reason = "send 'Authorization: Bearer …' with this server's ONCEHUB_MCP_TOKEN to read the metrics";
        return Refusal::unauthorized(reason).into_response();
    }
    let sessions = shared.sessions.count();
    let count = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    gauge!("mcp_sessions", "transport" => "streamable_http").set(count(sessions.streamable));
    gauge!("mcp_sessions", "transport" => "http_sse").set(count(sessions.sse));
    gauge!("mcp_requests_in_flight").set(count(shared.calls.count()));
    if let Some(certificates) = &shared.certificates {
        certificates.measure();
    }
    let kind = [(CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"))];
    (kind, shared.backend.metrics()).into_response()
}
