//! rmcp's own session manager, kept in step with [`Sessions`]: every session that opens or ends is recorded there.

use std::cell::Cell;
use std::sync::Arc;

use futures::Stream;
use rmcp::model::{ClientJsonRpcMessage, ServerJsonRpcMessage};
use rmcp::transport::WorkerTransport;
use rmcp::transport::streamable_http_server::session::ServerSseMessage;
use rmcp::transport::streamable_http_server::session::local::{
    LocalSessionManager, LocalSessionManagerError, LocalSessionWorker, create_local_session,
};
use rmcp::transport::streamable_http_server::{SessionId, SessionManager};

use super::sessions::{Room, Sessions};

tokio::task_local! {
    /// The reserved slot of the session that the current request opens.
    pub(super) static OPENING: Cell<Option<Room>>;
}

/// rmcp's manager of Streamable HTTP sessions. Only [`Sessions`] knows when an idle session is to end.
pub(super) struct Manager {
    local: LocalSessionManager,
    sessions: Arc<Sessions>,
}

/// The reason a session does not accept a message, or does not resume a stream.
#[derive(Debug, thiserror::Error)]
pub(super) enum Problem {
    #[error(transparent)]
    Session(#[from] LocalSessionManagerError),
    #[error("a session was to be opened without room for it")]
    NoRoom,
}

impl Manager {
    pub(super) fn new(sessions: Arc<Sessions>) -> Self {
        let mut local = LocalSessionManager::default();
        local.session_config.keep_alive = None;
        Self { local, sessions }
    }

    /// Returns how many sessions rmcp has.
    #[cfg(test)]
    pub(super) async fn count(&self) -> usize {
        self.local.sessions.read().await.len()
    }
}

impl SessionManager for Manager {
    type Error = Problem;
    type Transport = WorkerTransport<LocalSessionWorker>;

    async fn create_session(&self) -> Result<(SessionId, Self::Transport), Problem> {
        let room = OPENING.try_with(Cell::take).ok().flatten().ok_or(Problem::NoRoom)?;
        let id = SessionId::clone(room.id());
        let (handle, worker) = create_local_session(Arc::clone(&id), self.local.session_config.clone());
        self.local.sessions.write().await.insert(Arc::clone(&id), handle);
        let end = room.streamable();
        Ok((id, WorkerTransport::spawn_with_ct(worker, end)))
    }

    async fn initialize_session(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<ServerJsonRpcMessage, Problem> {
        Ok(self.local.initialize_session(id, message).await?)
    }

    async fn has_session(&self, id: &SessionId) -> Result<bool, Problem> {
        Ok(self.local.has_session(id).await?)
    }

    /// Also called by rmcp, at the end of every session.
    async fn close_session(&self, id: &SessionId) -> Result<(), Problem> {
        self.sessions.forget(id);
        Ok(self.local.close_session(id).await?)
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        message: ClientJsonRpcMessage,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Problem> {
        Ok(self.local.create_stream(id, message).await?)
    }

    async fn accept_message(&self, id: &SessionId, message: ClientJsonRpcMessage) -> Result<(), Problem> {
        Ok(self.local.accept_message(id, message).await?)
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Problem> {
        Ok(self.local.create_standalone_stream(id).await?)
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Result<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static, Problem> {
        Ok(self.local.resume(id, last_event_id).await?)
    }
}
