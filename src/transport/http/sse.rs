//! The older HTTP+SSE transport: a stream that begins with the address to post messages to. rmcp has no server for it,
//! but its services run over any pair of a sink and a stream.
//!
//! The specification has deprecated it, but existing configurations point to `/sse`. Newer clients find Streamable HTTP
//! there as well.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{StreamExt, stream};
use http::header::ACCEPT;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, StatusCode};
use rmcp::ServiceExt;
use rmcp::model::{ClientJsonRpcMessage, GetExtensions, ServerJsonRpcMessage};
use serde::Deserialize;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::{CancellationToken, PollSender};

use super::sessions::{Channel, new_id};
use super::streamable::{self, Message, SESSION_ID};
use super::{Backend, Refusal, Shared, Trail};

/// How many messages may be queued in each direction.
const WAITING: usize = 16;

/// The interval of keep-alives: proxies and browsers close idle streams.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Handles a GET at `/sse`: opens a session of the older transport. With a session's id it is Streamable HTTP.
pub(super) async fn get<B: Backend>(State(shared): State<Arc<Shared<B>>>, request: Request) -> Response {
    // A HEAD, which asks for no body, must not open a session either.
    if request.headers().contains_key(SESSION_ID) || request.method() == Method::HEAD {
        return streamable::handle(State(shared), request).await;
    }
    shared.open_sse(request.into_parts().0).await.into_response()
}

/// The query of the address that a session's messages are posted to.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct To {
    session_id: Option<String>,
}

/// Handles a POST at `/message`: delivers one message to a session.
pub(super) async fn post<B: Backend>(
    State(shared): State<Arc<Shared<B>>>,
    to: Result<Query<To>, QueryRejection>,
    request: Request,
) -> Response {
    let Ok(Query(to)) = to else {
        let reason = "the address has to end with one sessionId: GET /sse returns it";
        return Refusal::new(StatusCode::BAD_REQUEST, "session", reason).into_response();
    };
    match shared.deliver(to, request).await {
        Ok(()) => (StatusCode::ACCEPTED, "Accepted").into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

impl<B: Backend> Shared<B> {
    async fn open_sse(self: &Arc<Self>, mut parts: Parts) -> Result<Response, Refusal> {
        let caller = self.caller(&mut parts).await?;
        let takes_events = parts
            .headers
            .get(ACCEPT)
            .and_then(|kinds| kinds.to_str().ok())
            .is_none_or(|kinds| ["text/event-stream", "text/*", "*/*"].iter().any(|kind| kinds.contains(kind)));
        if !takes_events {
            let reason = "only an event stream is served here: accept text/event-stream";
            return Err(Refusal::new(StatusCode::NOT_ACCEPTABLE, "accept", reason));
        }
        if self.stopping.is_cancelled() {
            return Err(Refusal::stopping());
        }
        let (to_client, from_server) = mpsc::channel::<ServerJsonRpcMessage>(WAITING);
        let (to_server, from_client) = mpsc::channel::<ClientJsonRpcMessage>(WAITING);
        let id = new_id()?;
        let address = format!("{}/message?sessionId={id}", self.prefix());
        let end = CancellationToken::new();
        self.sessions.open(&caller, id, Channel::Sse(to_server), &end)?;
        if self.backend.knows(&caller.tenant) {
            let request = parts.extensions.get::<Trail>().map(|trail| &*trail.id);
            tracing::info!(tenant = %caller.tenant, request, "opened a session of HTTP+SSE, which is deprecated: /mcp is its successor");
        }
        self.backend.validate_key(&caller);
        let ended = self.ended.child_token();
        let (service, client_timeout, cancel) =
            (self.backend.service(), self.settings.limits.client_timeout, ended.clone());
        let events = ReceiverStream::new(from_server).take_until(end.clone().cancelled_owned());
        tokio::spawn(async move {
            let pipes = (PollSender::new(to_client), ReceiverStream::new(from_client));
            // Clients end a session by dropping its stream: this is not an error.
            let opening = tokio::time::timeout(client_timeout, service.serve_with_ct(pipes, cancel.clone()));
            if let Ok(Ok(running)) = opening.await {
                let _ = running.waiting().await;
            }
        });
        let first = Event::default().event("endpoint").data(address);
        let events = stream::once(async { first }).chain(events.filter_map(|message| async move { event(&message) }));
        // When the client disconnects, its session ends, and with it its in-flight requests.
        let open = (end.clone().drop_guard(), ended.drop_guard());
        let events = events.map(move |event| {
            let _ = &open;
            Ok::<_, Infallible>(event)
        });
        let sse = Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
        // Otherwise nginx buffers events until it has a few kilobytes.
        let unbuffered = (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
        Ok(([unbuffered], sse).into_response())
    }

    async fn deliver(&self, to: To, request: Request) -> Result<(), Refusal> {
        let (mut parts, body) = request.into_parts();
        let caller = self.caller(&mut parts).await?;
        let Some(id) = to.session_id else {
            let reason = "the address has no sessionId: GET /sse returns the address to post to";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "session", reason));
        };
        let session = self.sessions.find(&id, &caller)?;
        let Channel::Sse(to_server) = &session.way else { return Err(Refusal::no_session()) };
        let body = self.settings.limits.read(body).await?;
        let message = Message::read(&body)?;
        self.admit(&mut parts, &caller, &message, Some(&session)).map_err(|refusal| refusal.to(message.id.as_ref()))?;
        let mut message: ClientJsonRpcMessage = serde_json::from_slice(&body)
            .map_err(|_| Refusal::invalid("the body is not an MCP message").to(message.id.as_ref()))?;
        if let ClientJsonRpcMessage::Request(request) = &mut message {
            request.request.extensions_mut().insert(parts);
        }
        let delivered = tokio::time::timeout(self.settings.limits.client_timeout, to_server.send(message)).await;
        match delivered {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(Refusal::no_session()),
            Err(_) => {
                let reason = "the session has not processed its earlier messages yet: wait a second";
                Err(Refusal::busy(StatusCode::SERVICE_UNAVAILABLE, "slow_session", reason))
            }
        }
    }

    /// Returns the path prefix that a proxy in front strips.
    fn prefix(&self) -> &str {
        self.settings.public_url.as_ref().map(|url| url.path().trim_end_matches('/')).unwrap_or_default()
    }
}

fn event(message: &ServerJsonRpcMessage) -> Option<Event> {
    Event::default().event("message").json_data(message).ok()
}
