//! The registry of all sessions, over both transports: whose they are, and when they end. A session serves only the
//! tenant that opened it; what a request may do depends on its own key, never on the session.
//!
//! Sessions of keys that OnceHub has not accepted yet are kept few and short: made-up keys must not take anything from
//! anybody.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use parking_lot::Mutex;
use rmcp::model::ClientJsonRpcMessage;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::limits::{Limits, Pool};
use super::{Caller, Refusal};

/// How long a session of a key that OnceHub has not accepted may be idle.
const STRANGERS_IDLE: Duration = Duration::from_mins(1);

/// The most sessions of such keys.
const STRANGERS: usize = 100;

/// A function that returns whether OnceHub has accepted a tenant's key.
pub(super) type Knows = Box<dyn Fn(&str) -> bool + Send + Sync>;

/// All sessions of both transports.
pub(super) struct Sessions {
    most: usize,
    most_per_tenant: usize,
    strangers: Pool,
    idle: Duration,
    patience: Duration,
    knows: Knows,
    open: Mutex<HashMap<Arc<str>, Session>>,
}

struct Session {
    tenant: Arc<str>,
    network: IpAddr,
    way: Way,
    /// When the session was last used.
    used: Instant,
    /// Whether its client has sent anything since it was opened.
    is_in_use: bool,
    /// The ids of its in-flight requests.
    requests: HashSet<String>,
    /// Cancelled to end the session.
    end: CancellationToken,
}

/// How messages get into a session.
enum Way {
    /// The session is being opened.
    Opening,
    /// Through rmcp's manager.
    Streamable,
    /// Through the channel of an open stream.
    Sse(mpsc::Sender<ClientJsonRpcMessage>),
}

/// A reserved session slot, until the session is opened or given up.
pub(super) struct Room {
    sessions: Arc<Sessions>,
    id: Arc<str>,
    /// Whether the session lives on without this.
    is_let_go: bool,
}

/// An in-flight request of a session: until this is dropped, no other may use its id.
#[derive(Debug)]
pub(super) struct Asked {
    sessions: Arc<Sessions>,
    session: Arc<str>,
    id: String,
}

/// The number of open sessions, by transport.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) streamable: usize,
    pub(super) sse: usize,
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions").finish_non_exhaustive()
    }
}

impl Session {
    /// Returns how long the session may be idle, if there is a limit.
    fn may_be_silent(&self, sessions: &Sessions) -> Option<Duration> {
        let is_known = (sessions.knows)(&self.tenant);
        let most = if is_known { sessions.idle } else { sessions.idle.min(STRANGERS_IDLE) };
        match self.way {
            _ if !self.requests.is_empty() => None,
            Way::Opening => None,
            // The session lives as long as its stream.
            Way::Sse(_) if is_known => None,
            Way::Streamable if !self.is_in_use => Some(most.min(sessions.patience)),
            Way::Streamable | Way::Sse(_) => Some(most),
        }
    }

    fn touch(&mut self) {
        self.used = Instant::now();
        self.is_in_use = true;
    }
}

impl Sessions {
    pub(super) fn new(limits: &Limits, knows: Knows) -> Self {
        Self {
            most: limits.sessions,
            most_per_tenant: limits.sessions_per_tenant,
            strangers: Pool::of(limits.sessions, STRANGERS),
            idle: limits.idle,
            patience: limits.patience,
            knows,
            open: Mutex::default(),
        }
    }

    /// Reserves a slot for one more session of this caller.
    pub(super) fn room(self: &Arc<Self>, caller: &Caller) -> Result<Room, Refusal> {
        self.end_silent();
        let id: Arc<str> = new_id().map_err(|_| Refusal::no_randomness())?.into();
        let mut open = self.open.lock();
        if open.values().filter(|session| session.tenant == caller.tenant).count() >= self.most_per_tenant {
            let reason = "too many sessions are open with this key: end some (DELETE with their Mcp-Session-Id), or use \
                protocol version 2026-07-28, which needs none";
            return Err(Refusal::busy(StatusCode::TOO_MANY_REQUESTS, "sessions_of_tenant", reason));
        }
        let is_known = (self.knows)(&caller.tenant);
        let has_room = if is_known {
            open.len() < self.most || self.make_room(&mut open, None)
        } else {
            self.has_room_for_stranger(&mut open, caller.network)
        };
        if !has_room {
            let reason = "this server has as many sessions as it can take: try again later";
            return Err(Refusal::busy(StatusCode::SERVICE_UNAVAILABLE, "sessions", reason));
        }
        let session = Session {
            tenant: Arc::clone(&caller.tenant),
            network: caller.network,
            way: Way::Opening,
            used: Instant::now(),
            is_in_use: false,
            requests: HashSet::new(),
            end: CancellationToken::new(),
        };
        open.insert(Arc::clone(&id), session);
        Ok(Room { sessions: Arc::clone(self), id, is_let_go: false })
    }

    /// Returns whether a session of a key that OnceHub has not accepted may be opened from `network`, ending an older
    /// one of such keys if it must.
    fn has_room_for_stranger(&self, open: &mut HashMap<Arc<str>, Session>, network: IpAddr) -> bool {
        let mut by_network: HashMap<IpAddr, usize> = HashMap::new();
        for session in open.values().filter(|session| !(self.knows)(&session.tenant)) {
            *by_network.entry(session.network).or_default() += 1;
        }
        if by_network.get(&network).is_some_and(|own| *own >= self.strangers.per_network) {
            return self.make_room(open, Some(network));
        }
        if by_network.values().sum::<usize>() < self.strangers.all && open.len() < self.most {
            return true;
        }
        let fullest = by_network.into_iter().max_by_key(|(_, count)| *count);
        fullest.is_some_and(|(network, _)| self.make_room(open, Some(network)))
    }

    /// Ends the oldest session of a key that OnceHub has not accepted; those with in-flight requests come last.
    fn make_room(&self, open: &mut HashMap<Arc<str>, Session>, network: Option<IpAddr>) -> bool {
        let unproven = open.iter().filter(|(_, session)| {
            !matches!(session.way, Way::Opening)
                && network.is_none_or(|network| session.network == network)
                && !(self.knows)(&session.tenant)
        });
        let oldest = unproven.min_by_key(|(_, session)| (!session.requests.is_empty(), session.used));
        let Some(id) = oldest.map(|(id, _)| Arc::clone(id)) else { return false };
        if let Some(session) = open.remove(&id) {
            session.end.cancel();
        }
        true
    }

    /// Checks that a session is this caller's and has not ended, and marks it as in use.
    pub(super) fn check(&self, id: &str, caller: &Caller) -> Result<(), Refusal> {
        self.end_silent();
        match self.open.lock().get_mut(id) {
            Some(session) if session.tenant == caller.tenant && matches!(session.way, Way::Streamable) => {
                session.touch();
                Ok(())
            }
            _ => Err(Refusal::no_session()),
        }
    }

    /// Returns whether a session is open, without using it.
    #[cfg(test)]
    pub(super) fn is_open(&self, id: &str, tenant: &str) -> bool {
        self.open.lock().get(id).is_some_and(|session| &*session.tenant == tenant)
    }

    /// Returns the channel into an HTTP+SSE session of this caller.
    pub(super) fn sse(&self, id: &str, caller: &Caller) -> Result<mpsc::Sender<ClientJsonRpcMessage>, Refusal> {
        self.end_silent();
        match self.open.lock().get_mut(id) {
            Some(session) if session.tenant == caller.tenant => {
                session.touch();
                match &session.way {
                    Way::Sse(sender) => Ok(sender.clone()),
                    _ => Err(Refusal::no_session()),
                }
            }
            _ => Err(Refusal::no_session()),
        }
    }

    /// Registers a request of a session. No in-flight one there may have its id: the response to one would go to the
    /// other.
    pub(super) fn ask(self: &Arc<Self>, session: &str, id: &Value) -> Result<Asked, Refusal> {
        let mut open = self.open.lock();
        let entry = open.get_mut(session).ok_or_else(Refusal::no_session)?;
        let id = id.to_string();
        if !entry.requests.insert(id.clone()) {
            return Err(Refusal::invalid(
                "a request with this id is in flight in this session: give each request an id of its own",
            ));
        }
        Ok(Asked { sessions: Arc::clone(self), session: session.into(), id })
    }

    /// Returns how many sessions are open.
    pub(super) fn count(&self) -> Count {
        self.end_silent();
        let open = self.open.lock();
        let sse = open.values().filter(|session| matches!(session.way, Way::Sse(_))).count();
        Count { streamable: open.len() - sse, sse }
    }

    /// Removes a session that has ended, for whatever reason.
    pub(super) fn forget(&self, id: &str) {
        if let Some(session) = self.open.lock().remove(id) {
            session.end.cancel();
        }
    }

    /// Ends the sessions that have been idle for too long.
    pub(super) fn end_silent(&self) {
        let now = Instant::now();
        self.open.lock().retain(|_, session| {
            let is_over = session.may_be_silent(self).is_some_and(|most| now.duration_since(session.used) >= most);
            if is_over {
                session.end.cancel();
            }
            !is_over
        });
    }
}

impl Room {
    /// Turns the slot into a Streamable HTTP session, which lives until it is forgotten. Returns the token that ends it
    /// earlier.
    pub(super) fn streamable(mut self) -> CancellationToken {
        self.is_let_go = true;
        self.opened(Way::Streamable)
    }

    /// Turns the slot into an HTTP+SSE session, which lives as long as the returned slot. Also returns the token that
    /// ends it earlier.
    pub(super) fn sse(self, sender: mpsc::Sender<ClientJsonRpcMessage>) -> (Self, CancellationToken) {
        let end = self.opened(Way::Sse(sender));
        (self, end)
    }

    fn opened(&self, way: Way) -> CancellationToken {
        let mut open = self.sessions.open.lock();
        let Some(session) = open.get_mut(&self.id) else { return CancellationToken::new() };
        session.way = way;
        session.used = Instant::now();
        session.end.clone()
    }

    /// Returns the session's id.
    pub(super) fn id(&self) -> &Arc<str> {
        &self.id
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if !self.is_let_go {
            self.sessions.forget(&self.id);
        }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if let Some(session) = self.sessions.open.lock().get_mut(&self.session) {
            session.requests.remove(&self.id);
            session.used = Instant::now();
        }
    }
}

/// Returns an id that nobody can guess.
fn new_id() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}
