//! The registry of sessions, as rmcp's implementation of Streamable HTTP uses it.

use std::cell::Cell;
use std::io;

use futures::Stream;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::WorkerTransport;
use rmcp::transport::streamable_http_server::session::ServerSseMessage;
use rmcp::transport::streamable_http_server::session::local::{
    LocalSessionHandle, LocalSessionWorker, SessionConfig, create_local_session,
};
use rmcp::transport::streamable_http_server::{SessionId, SessionManager};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::continued::Continued;
use super::sessions::{Channel, Sessions, new_id};
use super::{Caller, Refusal};

/// A session that rmcp has not taken over yet: its worker, and what ends it otherwise.
pub(super) type Opening = (LocalSessionWorker, DropGuard);

tokio::task_local! {
    /// The session that the current request opens.
    pub(super) static OPENING: Cell<Option<Opening>>;
}

impl Sessions {
    /// Opens a Streamable HTTP session of this caller.
    pub(super) fn open_streamable(&self, caller: &Caller, continued: Option<Continued>) -> Result<Opening, Refusal> {
        let (id, end) = (new_id()?, CancellationToken::new());
        let (handle, worker) = worker(SessionId::clone(&id));
        self.open(caller, id, Channel::Streamable(handle, continued), &end)?;
        Ok((worker, end.drop_guard()))
    }

    fn handle(&self, id: &SessionId) -> io::Result<LocalSessionHandle> {
        match self.get(id).as_deref().map(|session| &session.way) {
            Some(Channel::Streamable(handle, _)) => Ok(handle.clone()),
            _ => Err(io::Error::other("the session has ended")),
        }
    }
}

/// Returns a worker of rmcp's for a session, and how messages get to it.
pub(super) fn worker(id: SessionId) -> (LocalSessionHandle, LocalSessionWorker) {
    let mut config = SessionConfig::default();
    // Only the registry knows when an idle session is to end.
    config.keep_alive = None;
    create_local_session(id, config)
}

impl SessionManager for Sessions {
    type Error = io::Error;
    type Transport = WorkerTransport<LocalSessionWorker>;

    async fn create_session(&self) -> io::Result<(SessionId, Self::Transport)> {
        let opening = OPENING.try_with(Cell::take).ok().flatten();
        let (worker, guard) = opening.ok_or_else(|| io::Error::other("there is no room for a session"))?;
        Ok((SessionId::clone(worker.id()), WorkerTransport::spawn_with_ct(worker, guard.disarm())))
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> io::Result<ServerJsonRpcMessage> {
        Ok(self.handle(id)?.initialize(message).await?)
    }

    async fn has_session(&self, id: &SessionId) -> io::Result<bool> {
        Ok(self.handle(id).is_ok())
    }

    /// Also called by rmcp, at the end of every session.
    async fn close_session(&self, id: &SessionId) -> io::Result<()> {
        self.end(id);
        Ok(())
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> io::Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static> {
        let handle = self.handle(id)?;
        let receiver = handle.establish_request_wise_channel().await?;
        handle.push_message(message, receiver.http_request_id).await?;
        Ok(ReceiverStream::new(receiver.inner))
    }

    async fn accept_message(&self, id: &SessionId, message: ClientJsonRpcMessage) -> io::Result<()> {
        Ok(self.handle(id)?.push_message(message, None).await?)
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> io::Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static> {
        Ok(ReceiverStream::new(self.handle(id)?.establish_common_channel().await?.inner))
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> io::Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static> {
        let last_event_id = last_event_id.parse().map_err(io::Error::other)?;
        Ok(ReceiverStream::new(self.handle(id)?.resume(last_event_id).await?.inner))
    }
}
