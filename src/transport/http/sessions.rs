//! Sessions, and whose they are. A session answers only the tenant that opened it; what it may do is told by each request's
//! own key, never by the session.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::StatusCode;
use rmcp::model::ClientJsonRpcMessage;
use tokio::sync::mpsc;

use super::limits::Limits;
use super::session::Manager;
use super::{Caller, Refusal};

/// All sessions of both transports.
pub(super) struct Sessions {
    /// Those of Streamable HTTP.
    pub(super) manager: Arc<Manager>,
    most: usize,
    most_per_tenant: usize,
    open: Mutex<HashMap<Arc<str>, Session>>,
}

struct Session {
    tenant: Arc<str>,
    way: Way,
}

/// How messages get into a session.
enum Way {
    /// Through the manager, which forgets the session when it ends.
    Streamable,
    /// Through the channel of a stream that is open.
    Sse(mpsc::Sender<ClientJsonRpcMessage>),
    /// It is being opened.
    Opening,
}

/// Room for a session, until it is opened or given up.
pub(super) struct Room {
    sessions: Arc<Sessions>,
    id: Arc<str>,
    tenant: Arc<str>,
}

/// How many sessions there are.
pub(super) struct Count {
    pub(super) streamable: usize,
    pub(super) sse: usize,
}

impl Sessions {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            manager: Arc::new(Manager::new(limits)),
            most: limits.sessions,
            most_per_tenant: limits.sessions_per_tenant,
            open: Mutex::default(),
        }
    }

    /// Room for one more session of this caller.
    pub(super) fn room(self: &Arc<Self>, caller: &Caller) -> Result<Room, Refusal> {
        self.forget_ended();
        let mut open = self.lock();
        if open.len() >= self.most {
            let reason = "this server has as many sessions as it can take: try again later";
            return Err(Refusal::busy(StatusCode::SERVICE_UNAVAILABLE, "sessions", reason));
        }
        if open.values().filter(|session| session.tenant == caller.tenant).count() >= self.most_per_tenant {
            let reason = "too many sessions are open with this key: end some (DELETE with their Mcp-Session-Id), or use \
                protocol version 2026-07-28, which needs none";
            return Err(Refusal::busy(StatusCode::TOO_MANY_REQUESTS, "sessions_of_tenant", reason));
        }
        let id: Arc<str> = new_id().map_err(|_| Refusal::no_randomness())?.into();
        let tenant = Arc::clone(&caller.tenant);
        open.insert(Arc::clone(&id), Session { tenant: Arc::clone(&tenant), way: Way::Opening });
        Ok(Room { sessions: Arc::clone(self), id, tenant })
    }

    /// Whether a session is this caller's, and has not ended.
    pub(super) fn check(&self, id: &str, caller: &Caller) -> Result<(), Refusal> {
        let is_own = self.lock().get(id).is_some_and(|session| session.tenant == caller.tenant);
        if is_own && self.manager.has(id) { Ok(()) } else { Err(Refusal::no_session()) }
    }

    /// The way into a session of HTTP+SSE that is this caller's.
    pub(super) fn sse(&self, id: &str, caller: &Caller) -> Result<mpsc::Sender<ClientJsonRpcMessage>, Refusal> {
        match self.lock().get(id) {
            Some(Session { tenant, way: Way::Sse(sender) }) if *tenant == caller.tenant => Ok(sender.clone()),
            _ => Err(Refusal::no_session()),
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> Count {
        self.forget_ended();
        let open = self.lock();
        let sse = open.values().filter(|session| matches!(session.way, Way::Sse(_))).count();
        Count { streamable: open.len() - sse, sse }
    }

    /// Sessions of Streamable HTTP end in their manager: by the client, by idleness, by a fault.
    fn forget_ended(&self) {
        self.lock().retain(|id, session| match session.way {
            Way::Streamable => self.manager.has(id),
            Way::Sse(_) | Way::Opening => true,
        });
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    /// It has become a session of Streamable HTTP, with the id that it has there.
    pub(super) fn streamable(self, id: &str) {
        let session = Session { tenant: Arc::clone(&self.tenant), way: Way::Streamable };
        self.sessions.lock().insert(id.into(), session);
    }

    /// It has become a session of HTTP+SSE, for as long as what is returned lives.
    pub(super) fn sse(self, sender: mpsc::Sender<ClientJsonRpcMessage>) -> Self {
        let session = Session { tenant: Arc::clone(&self.tenant), way: Way::Sse(sender) };
        self.sessions.lock().insert(Arc::clone(&self.id), session);
        self
    }

    /// What the session is called.
    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.sessions.lock().remove(&self.id);
    }
}

/// An id that nobody can guess.
pub(super) fn new_id() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}
