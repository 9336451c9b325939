//! Taking over a session that another server has, with a request of it that has come here.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use parking_lot::Mutex;
use rmcp::model::{
    ClientJsonRpcMessage, ClientNotification, ClientRequest, InitializeRequest, InitializeRequestParams,
    InitializedNotification, NumberOrString,
};
use rmcp::service::serve_server_with_ct;
use rmcp::transport::streamable_http_server::SessionId;
use rmcp::transport::streamable_http_server::session::local::{LocalSessionHandle, LocalSessionWorker};
use rmcp::transport::{TransportAdapterIdentity, WorkerTransport};
use tokio::sync::OwnedMutexGuard;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::continued::{Continued, is_id, not_seen, owner_of};
use super::manager::worker;
use super::sessions::{Channel, Session, new_id};
use super::{Backend, Caller, Refusal, Shared};
use crate::store::{LookAt, SharedSessions, Whereabouts};

/// How long it may take to go on with a session of another server.
const TAKEOVER: Duration = Duration::from_secs(10);

/// The sessions of other servers that requests are about to go on with here: of each, one request at a time.
#[derive(Default)]
pub(super) struct Takeovers(Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>);

impl Takeovers {
    /// Waits until no other request of this caller is about to go on with this session.
    async fn turn(&self, id: &str, caller: &Caller) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.0.lock();
            // Nobody holds or waits for the others any more.
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(turns.entry(format!("{id}|{}", owner_of(caller))).or_default())
        };
        turn.lock_owned().await
    }
}

impl<B: Backend> Shared<B> {
    /// Goes on with a session that another server has.
    pub(super) async fn go_on(
        &self,
        store: &dyn SharedSessions,
        id: &str,
        caller: &Caller,
    ) -> Result<Arc<Session>, Refusal> {
        if !is_id(id) {
            return Err(Refusal::no_session());
        }
        // One that has just ended here must not come back.
        self.sessions.end_idle();
        self.tell_ended(store).await.map_err(not_seen)?;
        let gone_on = async {
            let _turn = self.takeovers.turn(id, caller).await;
            // Another request may have been faster.
            match self.sessions.find(id, caller) {
                Ok(session) => Ok(session),
                Err(_) => self.take_over(store, id, caller).await,
            }
        };
        let reason = "this server could not go on with this session in time: repeat the request";
        let late = |_| Err(Refusal::busy(StatusCode::SERVICE_UNAVAILABLE, "sessions", reason));
        timeout(TAKEOVER, gone_on).await.unwrap_or_else(late)
    }

    /// Takes a session that another server has. Nobody can be asked there from then on, so room is kept for it here first:
    /// under another id, since until it has begun no request may find it.
    async fn take_over(&self, store: &dyn SharedSessions, id: &str, caller: &Caller) -> Result<Arc<Session>, Refusal> {
        let seen = store.look_at_sessions(&[LookAt { id: id.to_owned(), used: None }]).await.map_err(not_seen)?;
        if matches!(seen[..], [] | [Whereabouts::Unknown | Whereabouts::Ended, ..]) {
            return Err(Refusal::no_session());
        }
        let (id, room, end) = (SessionId::from(id), new_id()?, CancellationToken::new());
        let (handle, worker) = worker(SessionId::clone(&id));
        self.sessions.open(caller, SessionId::clone(&room), Channel::Streamable(handle.clone(), None), &end)?;
        let guard = end.clone().drop_guard();
        let taken = self.take(store, &id, caller).await.map_err(not_seen)?.ok_or_else(Refusal::no_session)?;
        let params = serde_json::from_str(&taken.session).map_err(|_| Refusal::no_session())?;
        let continued = Continued::new(&taken.session);
        continued.set_taken(&taken);
        self.introduce(params, &handle, worker, &end).await?;
        let way = Channel::Streamable(handle, Some(continued));
        self.sessions.move_in(&room, SessionId::clone(&id), Session::new(caller, way, &end))?;
        guard.disarm();
        self.sessions.find(&id, caller)
    }

    /// Lets the service hear from a session's client what it has said at another server.
    async fn introduce(
        &self,
        params: InitializeRequestParams,
        handle: &LocalSessionHandle,
        worker: LocalSessionWorker,
        end: &CancellationToken,
    ) -> Result<(), Refusal> {
        let (service, ended) = (self.backend.service(), self.ended.child_token());
        let (transport, end) = (WorkerTransport::spawn_with_ct(worker, end.clone()), end.clone());
        tokio::spawn(async move {
            let served = serve_server_with_ct::<_, _, _, TransportAdapterIdentity>(service, transport, ended);
            if let Some(Ok(running)) = end.run_until_cancelled(served).await {
                let _ = running.waiting().await;
            }
            end.cancel();
        });
        let opening = ClientRequest::InitializeRequest(InitializeRequest::new(params));
        let opened = ClientNotification::InitializedNotification(InitializedNotification::default());
        let opening = ClientJsonRpcMessage::request(opening, NumberOrString::Number(0));
        handle.initialize(opening).await.map_err(|_| Refusal::broken())?;
        let begun = handle.push_message(ClientJsonRpcMessage::notification(opened), None).await;
        begun.map_err(|_| Refusal::broken())
    }
}
