//! Streamable HTTP: rmcp's implementation, behind the checks that it leaves to us.

use std::cell::Cell;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use rmcp::model::ProtocolVersion;
use rmcp::transport::streamable_http_server::{SessionId, StreamableHttpServerConfig, StreamableHttpService};
use serde::Deserialize;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::continued::Continued;
use super::form::{Form, Served, collected, explained};
use super::limits::Limits;
use super::manager::{OPENING, Opening};
use super::sessions::{Channel, Session, Sessions};
use super::{Backend, Caller, Refusal, Shared};

pub(super) const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");

/// The header that names the revision of the protocol.
const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

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

/// Returns the id of the session that a request names.
///
/// From 2026-07-28 on there are no sessions: clients that still send the header are served as if they did not.
fn session_id(headers: &mut HeaderMap) -> Option<SessionId> {
    let version = headers.get(VERSION).and_then(|version| version.to_str().ok());
    if version.is_some_and(|version| version >= ProtocolVersion::NO_INITIALIZE.as_str()) {
        headers.remove(SESSION_ID);
    }
    Some(headers.get(SESSION_ID)?.to_str().ok()?.into())
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
        self.backend.admit(caller, parts, in_flight)
    }

    /// Returns the session that a request names, if it is this caller's.
    async fn session(&self, headers: &mut HeaderMap, caller: &Caller) -> Result<Option<Arc<Session>>, Refusal> {
        let Some(id) = session_id(headers) else { return Ok(None) };
        let session = self.find(&id, caller).await?;
        if matches!(session.way, Channel::Sse(_)) { Err(Refusal::no_session()) } else { Ok(Some(session)) }
    }

    pub(super) async fn streamed(self: &Arc<Self>, request: Request) -> Result<Response, Refusal> {
        let (mut parts, body) = request.into_parts();
        let caller = self.caller(&mut parts).await?;
        if parts.method == Method::POST {
            return self.posted(caller, parts, body).await;
        }
        let (is_start, is_end) = (parts.method == Method::GET, parts.method == Method::DELETE);
        let id = session_id(&mut parts.headers);
        if let Some(id) = id.as_ref().filter(|id| is_end && self.sessions.find(id, &caller).is_err()) {
            self.end_elsewhere(id, &caller).await?;
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        let session = self.session(&mut parts.headers, &caller).await?;
        // A shutdown does not wait for the streams that this opens.
        let served = self.serve(parts, Bytes::new(), None).await?;
        if is_end && served.status() == StatusCode::ACCEPTED {
            if let (Some(id), Some(session)) = (id, session) {
                self.end_everywhere(&id, &session).await;
            }
            // Clients take 202 to mean that the session may not have ended.
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        if session.is_none() && served.status() == StatusCode::BAD_REQUEST && (is_start || is_end) {
            return Err(Refusal::without_session(is_end));
        }
        Ok(explained(served, None).await)
    }

    /// Serves one message.
    async fn posted(self: &Arc<Self>, mut caller: Caller, mut parts: Parts, body: Body) -> Result<Response, Refusal> {
        let form = Form::take(&mut parts.headers)?;
        let named = self.session(&mut parts.headers, &caller).await;
        let body = self.settings.limits.read(body).await?;
        let message = Message::read(&body);
        let is_opening = message.as_ref().is_ok_and(|message| message.is("initialize"));
        let session = match named {
            // After a restart many clients send the session's id with the message that is to open another.
            Err(_) if is_opening => {
                parts.headers.remove(SESSION_ID);
                None
            }
            named => {
                named.map_err(|refusal| refusal.to(message.as_ref().ok().and_then(|message| message.id.as_ref())))?
            }
        };
        let message = message?;
        let refused = |refusal: Refusal| refusal.to(message.id.as_ref());
        if message.method.is_none() && session.as_ref().is_some_and(|session| !session.may_have_asked()) {
            return Err(refused(Refusal::asked_elsewhere()));
        }
        caller.takes_stream = form == Form::Any && session.as_ref().is_none_or(|session| session.can_be_asked());
        let mut opening = None;
        if session.is_none() && is_opening {
            let continued = self.settings.shared_sessions.as_ref().and_then(|_| Continued::of(&body));
            opening = Some(self.sessions.open_streamable(&caller, continued).map_err(refused)?);
            self.backend.validate_key(&caller);
        }
        self.admit(&mut parts, &caller, &message, session.as_ref()).map_err(refused)?;
        // A shutdown waits until the last byte of the response has been taken. A subscription lasts as long as the
        // server does.
        let in_flight = (!message.is("subscriptions/listen")).then(|| self.in_flight.token());
        let continued = parts.headers.get(SESSION_ID).filter(|_| is_opening).cloned();
        let is_opened = opening.is_some();
        let mut response = self.serve(parts, body, opening).await?;
        if let Some(id) = response.headers().get(SESSION_ID).and_then(|id| id.to_str().ok()).filter(|_| is_opened) {
            self.keep_session(id).await;
        }
        if form == Form::Json {
            response = collected(response).await.map_err(refused)?;
        }
        let mut response = explained(response, message.id.as_ref()).await;
        // A client that initializes its session again finds the id where the first response had it.
        response.headers_mut().extend(continued.map(|id| (SESSION_ID, id)));
        Ok(with(in_flight, response))
    }

    /// Hands a request to rmcp.
    async fn serve(&self, parts: Parts, body: Bytes, opening: Option<Opening>) -> Result<Served, Refusal> {
        let request = Request::from_parts(parts, Full::new(body));
        let Some(opening) = opening else { return Ok(self.streamable.handle(request).await) };
        // Spawned, so that a client that disconnects does not drop this half-way: the session would never begin.
        let service = self.streamable.clone();
        let opened = OPENING.scope(Cell::new(Some(opening)), async move { service.handle(request).await });
        tokio::spawn(opened).await.map_err(|_| Refusal::broken())
    }
}

/// Keeps something until the last byte of a response has been taken. The body still reports its length: otherwise
/// hyper would send even the shortest one in chunks.
fn with(kept: impl Send + 'static, response: Response) -> Response {
    response.map(|body| {
        Body::new(body.map_err(move |error| {
            let _ = &kept;
            error
        }))
    })
}

/// Handles `POST`, `GET` and `DELETE` at `/mcp`.
pub(super) async fn handle<B: Backend>(State(shared): State<Arc<Shared<B>>>, request: Request) -> Response {
    shared.streamed(request).await.into_response()
}
