//! Streamable HTTP: rmcp's own, behind the checks that it leaves to us.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method};
use http_body_util::Full;
use hyper::body::Bytes;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use serde::Deserialize;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::kept::kept;
use super::limits::Limits;
use super::session::Manager;
use super::sessions::{Room, Sessions};
use super::{Backend, Caller, Refusal, Shared};

pub(super) const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");

/// rmcp's side of it.
pub(super) struct Streamable<B: Backend> {
    service: StreamableHttpService<B::Service, Manager>,
}

impl<B: Backend> Streamable<B> {
    pub(super) fn new(backend: &B, sessions: &Sessions, limits: &Limits, ended: CancellationToken) -> Self {
        let service = backend.service();
        let config = StreamableHttpServerConfig::default()
            // The door has seen to both, on every path.
            .disable_allowed_hosts()
            .disable_allowed_origins()
            .with_max_request_body_bytes(limits.body)
            // Without sessions, clients of 2025-11-25 could not be asked anything.
            .with_legacy_session_mode(true)
            .with_json_response(true)
            .with_cancellation_token(ended);
        let make = move || Ok::<_, io::Error>(service.clone());
        Self { service: StreamableHttpService::new(make, Arc::clone(&sessions.manager), config) }
    }
}

/// As much of a message as has to be known to let it in.
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
    /// Lets a message in: leaves what it is served with among the extensions of its head.
    pub(super) fn admit(&self, parts: &mut Parts, caller: &Caller, message: &Message) -> Result<(), Refusal> {
        let mut in_flight = None;
        if message.method.is_some() && message.id.is_some() {
            if self.stopping.is_cancelled() && message.is("tools/call") {
                return Err(Refusal::stopping());
            }
            in_flight = Some(self.calls.begin(caller)?);
        }
        self.backend.admit(caller, &parts.headers, in_flight, &mut parts.extensions)
    }

    async fn streamed(self: &Arc<Self>, request: Request) -> Result<Response, Refusal> {
        let (mut parts, body) = request.into_parts();
        let caller = self.settings.keys.take(&mut parts.headers)?;
        let session = session_of(&parts.headers).map(str::to_owned);
        if let Some(id) = &session {
            self.sessions.check(id, &caller)?;
        }
        let mut room: Option<Room> = None;
        let mut is_awaited = false;
        let body = if parts.method == Method::POST {
            let body = self.settings.limits.read(body).await?;
            let message = Message::read(&body)?;
            let refused = |refusal: Refusal| refusal.to(message.id.as_ref());
            if session.is_none() && message.is("initialize") {
                room = Some(self.sessions.room(&caller).map_err(refused)?);
            }
            self.admit(&mut parts, &caller, &message).map_err(refused)?;
            // A subscription lasts as long as the server does.
            is_awaited = !message.is("subscriptions/listen");
            body
        } else {
            Bytes::new()
        };
        // Until the last byte of the answer has been taken, a shutdown waits for it.
        let under_way = is_awaited.then(|| self.under_way.token());
        let response = self.streamable.service.handle(Request::from_parts(parts, Full::new(body))).await;
        if let (Some(room), Some(id)) = (room, session_of(response.headers())) {
            room.streamable(id);
        }
        Ok(response.map(|body| kept(Body::new(body), under_way)))
    }
}

fn session_of(headers: &HeaderMap) -> Option<&str> {
    headers.get(SESSION_ID)?.to_str().ok()
}

/// `POST`, `GET` and `DELETE` at `/mcp`.
pub(super) async fn handle<B: Backend>(State(shared): State<Arc<Shared<B>>>, request: Request) -> Response {
    shared.streamed(request).await.into_response()
}
