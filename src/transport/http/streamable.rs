//! Streamable HTTP: rmcp's implementation, behind the checks that it leaves to us.

use std::cell::Cell;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderName, Method};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde::Deserialize;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::limits::Limits;
use super::manager::OPENING;
use super::sessions::{Channel, Session, Sessions};
use super::{Backend, Caller, Refusal, Shared};

pub(super) const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");

/// The rmcp service that implements it.
pub(super) type Streamable<B> = StreamableHttpService<<B as Backend>::Service, Sessions>;

/// Returns the rmcp service for these sessions.
pub(super) fn service<B: Backend>(
    backend: &B,
    sessions: Arc<Sessions>,
    limits: &Limits,
    ended: CancellationToken,
) -> Streamable<B> {
    let service = backend.service();
    let config = StreamableHttpServerConfig::default()
        // `door` already checks Host and Origin, on every path.
        .disable_allowed_hosts()
        .disable_allowed_origins()
        .with_max_request_body_bytes(limits.body)
        // Without sessions, clients of 2025-11-25 could not be asked anything.
        .with_legacy_session_mode(true)
        .with_json_response(true)
        .with_cancellation_token(ended);
    StreamableHttpService::new(move || Ok(service.clone()), sessions, config)
}

/// The fields of a message that are needed to admit it.
#[derive(Deserialize)]
pub(super) struct Message {
    pub(super) method: Option<String>,
    pub(super) id: Option<Value>,
}

impl Message {
    pub(super) fn read(body: &[u8]) -> Result<Self, Refusal> {
        if body.trim_ascii_start().starts_with(b"[") {
            return Err(Refusal::invalid("batches are not part of MCP any more: send one message at a time"));
        }
        serde_json::from_slice(body).map_err(|error| {
            if error.is_data() {
                Refusal::invalid("the body has to be one JSON-RPC message, an object whose method is a text")
            } else {
                Refusal::unreadable(format!("the body is not JSON: {error}"))
            }
        })
    }

    fn is(&self, method: &str) -> bool {
        self.method.as_deref() == Some(method)
    }
}

impl<B: Backend> Shared<B> {
    /// Admits a message: leaves what it is served with in the extensions of its request's head.
    pub(super) fn admit(
        &self,
        parts: &mut Parts,
        caller: &Caller,
        message: &Message,
        session: Option<&Arc<Session>>,
    ) -> Result<(), Refusal> {
        let mut in_flight = None;
        if let (Some(_), Some(id)) = (&message.method, &message.id) {
            if self.stopping.is_cancelled() && message.is("tools/call") {
                return Err(Refusal::stopping());
            }
            let mut begun = self.calls.begin(caller, self.backend.knows(&caller.tenant))?;
            begun.asked = session.map(|session| session.ask(id)).transpose()?;
            in_flight = Some(begun);
        }
        self.backend.admit(caller, &parts.headers, in_flight, &mut parts.extensions)
    }

    pub(super) async fn streamed(self: &Arc<Self>, request: Request) -> Result<Response, Refusal> {
        let (mut parts, body) = request.into_parts();
        let caller = self.caller(&mut parts)?;
        let session = parts.headers.get(SESSION_ID).and_then(|id| id.to_str().ok());
        let session = session.map(|id| self.sessions.find(id, &caller)).transpose()?;
        if matches!(session.as_deref(), Some(Session { way: Channel::Sse(_), .. })) {
            return Err(Refusal::no_session());
        }
        let mut opening = None;
        let mut is_awaited = false;
        let body = if parts.method == Method::POST {
            let body = self.settings.limits.read(body).await?;
            let message = Message::read(&body)?;
            let refused = |refusal: Refusal| refusal.to(message.id.as_ref());
            if session.is_none() && message.is("initialize") {
                opening = Some(self.sessions.open_streamable(&caller).map_err(refused)?);
                self.backend.validate_key(&caller);
            }
            self.admit(&mut parts, &caller, &message, session.as_ref()).map_err(refused)?;
            // A subscription lasts as long as the server does.
            is_awaited = !message.is("subscriptions/listen");
            body
        } else {
            Bytes::new()
        };
        // A shutdown waits until the last byte of the response has been taken.
        let in_flight = is_awaited.then(|| self.in_flight.token());
        let request = Request::from_parts(parts, Full::new(body));
        let response = match opening {
            None => self.streamable.handle(request).await,
            // Spawned, so that a client that disconnects does not drop this half-way: the session would never begin.
            Some(opening) => {
                let service = self.streamable.clone();
                let opened = OPENING.scope(Cell::new(Some(opening)), async move { service.handle(request).await });
                tokio::spawn(opened).await.map_err(|_| Refusal::broken())?
            }
        };
        // The body keeps the token, and still reports its length: otherwise hyper would send even the shortest one in
        // chunks.
        Ok(response.map(|body| {
            Body::new(body.map_err(move |error| {
                let _ = &in_flight;
                error
            }))
        }))
    }
}

/// Handles `POST`, `GET` and `DELETE` at `/mcp`.
pub(super) async fn handle<B: Backend>(State(shared): State<Arc<Shared<B>>>, request: Request) -> Response {
    shared.streamed(request).await.into_response()
}
