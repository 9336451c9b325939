//! The registry of all sessions, over both transports: whose they are, and when they end. A session serves only the
//! tenant that opened it; what a request may do depends on its own key, never on the session.
//!
//! Sessions of keys that OnceHub has not accepted yet are kept few and short: made-up keys must not take anything from
//! anybody.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use http::StatusCode;
use parking_lot::Mutex;
use rmcp::model::ClientJsonRpcMessage;
use rmcp::transport::streamable_http_server::SessionId;
use rmcp::transport::streamable_http_server::session::local::LocalSessionHandle;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::continued::{Continued, Ended};
use super::limits::{Limits, Pool};
use super::tokens::Lease;
use super::{Caller, Refusal};

/// How long a session of a key that OnceHub has not accepted may be idle.
const STRANGERS_IDLE: Duration = Duration::from_mins(1);

/// The most sessions of such keys.
const STRANGERS: usize = 100;

/// A function that returns whether OnceHub has accepted a tenant's key.
pub(super) type Knows = Box<dyn Fn(&str) -> bool + Send + Sync>;

/// All sessions of both transports.
pub(super) struct Sessions {
    limits: Limits,
    strangers: Pool,
    knows: Knows,
    open: Mutex<HashMap<SessionId, Arc<Session>>>,
    pub(super) ended: Ended,
}

/// An open session.
pub(super) struct Session {
    pub(super) tenant: Arc<str>,
    /// Whom the identity provider has recognized: several people may share a tenant's key.
    pub(super) person: Option<Arc<str>>,
    network: IpAddr,
    /// How messages get into it.
    pub(super) way: Channel,
    usage: Mutex<Usage>,
    /// Cancelled when the session ends, for whatever reason.
    end: CancellationToken,
}

/// How messages get into a session.
pub(super) enum Channel {
    /// Through rmcp's worker; also at other servers, if they share a store.
    Streamable(LocalSessionHandle, Option<Continued>),
    /// Through the channel of an open stream.
    Sse(mpsc::Sender<ClientJsonRpcMessage>),
}

struct Usage {
    /// When the session was last used.
    last: Instant,
    /// When the store was last told of that.
    told: Instant,
    /// Whether its client has sent anything since it was opened.
    has_begun: bool,
    /// The ids of its in-flight requests.
    requests: HashSet<String>,
    /// Of the server's token, or the sign-in, that it was last used with.
    lease: Option<Lease>,
}

/// An in-flight request of a session: until this is dropped, no other may use its id.
pub(super) struct RequestGuard {
    session: Arc<Session>,
    id: String,
}

/// The number of open sessions, by transport.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) streamable: usize,
    pub(super) sse: usize,
}

impl Session {
    /// Creates a session of this caller. `end` is cancelled when it ends.
    pub(super) fn new(caller: &Caller, way: Channel, end: &CancellationToken) -> Self {
        let now = Instant::now();
        let usage = Usage { last: now, told: now, has_begun: false, requests: HashSet::new(), lease: caller.lease() };
        Self {
            tenant: Arc::clone(&caller.tenant),
            person: caller.person(),
            network: caller.network,
            way,
            usage: Mutex::new(usage),
            end: end.clone(),
        }
    }

    /// Registers a request. No in-flight one may have its id: the response to one would go to the other.
    pub(super) fn ask(self: &Arc<Self>, id: &Value) -> Result<RequestGuard, Refusal> {
        let id = id.to_string();
        if !self.usage.lock().requests.insert(id.clone()) {
            return Err(Refusal::invalid(
                "a request with this id is in flight in this session: give each request an id of its own",
            ));
        }
        Ok(RequestGuard { session: Arc::clone(self), id })
    }

    /// Returns whose share of the room it takes, by [`Caller::share`].
    fn share(&self) -> &Arc<str> {
        self.person.as_ref().unwrap_or(&self.tenant)
    }

    /// Returns what other servers need to go on with it, if they can.
    pub(super) fn continued(&self) -> Option<&Continued> {
        match &self.way {
            Channel::Streamable(_, continued) => continued.as_ref(),
            Channel::Sse(_) => None,
        }
    }

    /// Returns whether it was used since this was last said to have been told.
    pub(super) fn is_news(&self) -> bool {
        let usage = self.usage.lock();
        usage.last > usage.told || !usage.requests.is_empty()
    }

    /// Records that the store was told at this moment that the session is in use.
    pub(super) fn was_told(&self, at: Instant) {
        self.usage.lock().told = at;
    }

    /// Returns whether its token was taken out or its sign-in has ended, and its last call with it has been answered.
    fn is_revoked(&self) -> bool {
        let usage = self.usage.lock();
        usage.requests.is_empty() && usage.lease.as_ref().is_some_and(|lease| lease.removed.is_cancelled())
    }

    fn end(&self) {
        if let Channel::Streamable(handle, _) = &self.way {
            // Its worker would take the end of its channel for a fault, and log it.
            let _ = handle.close().now_or_never();
        }
        self.end.cancel();
    }
}

impl Drop for RequestGuard {
    fn drop(&mut self) {
        let mut usage = self.session.usage.lock();
        usage.requests.remove(&self.id);
        usage.last = Instant::now();
    }
}

impl Sessions {
    pub(super) fn new(limits: Limits, knows: Knows) -> Self {
        Self {
            limits,
            strangers: Pool::of(limits.sessions, STRANGERS),
            knows,
            open: Mutex::default(),
            ended: Ended::default(),
        }
    }

    /// Opens one more session of this caller, if there is room. `end` is cancelled when it ends.
    pub(super) fn open(
        &self,
        caller: &Caller,
        id: SessionId,
        way: Channel,
        end: &CancellationToken,
    ) -> Result<(), Refusal> {
        self.end_idle();
        let mut open = self.open.lock();
        let share = caller.share();
        if open.values().filter(|session| session.share() == &share).count() >= self.limits.sessions_per_tenant {
            let reason = "too many sessions are open with this key: end some (DELETE with their Mcp-Session-Id), or use \
                protocol version 2026-07-28, which needs none";
            return Err(Refusal::busy(StatusCode::TOO_MANY_REQUESTS, "sessions_of_tenant", reason));
        }
        let has_room = if (self.knows)(&caller.tenant) {
            open.len() < self.limits.sessions || self.make_room(&mut open, None)
        } else {
            self.has_room_for_stranger(&mut open, caller.network)
        };
        if !has_room {
            return Err(no_room());
        }
        open.insert(id, Arc::new(Session::new(caller, way, end)));
        Ok(())
    }

    /// Gives a session the room of another, which was open only to keep it.
    pub(super) fn move_in(&self, room: &str, id: SessionId, session: Session) -> Result<(), Refusal> {
        let mut open = self.open.lock();
        open.remove(room).ok_or_else(no_room)?;
        open.insert(id, Arc::new(session));
        Ok(())
    }

    /// Returns whether a session of a key that OnceHub has not accepted may be opened from `network`, ending an older
    /// one of such keys if it must.
    fn has_room_for_stranger(&self, open: &mut HashMap<SessionId, Arc<Session>>, network: IpAddr) -> bool {
        let mut by_network: HashMap<IpAddr, usize> = HashMap::new();
        for session in open.values().filter(|session| !(self.knows)(&session.tenant)) {
            *by_network.entry(session.network).or_default() += 1;
        }
        if by_network.get(&network).is_some_and(|own| *own >= self.strangers.per_network) {
            return self.make_room(open, Some(network));
        }
        if by_network.values().sum::<usize>() < self.strangers.all && open.len() < self.limits.sessions {
            return true;
        }
        let fullest = by_network.into_iter().max_by_key(|(_, count)| *count);
        fullest.is_some_and(|(network, _)| self.make_room(open, Some(network)))
    }

    /// Ends the oldest session of a key that OnceHub has not accepted; those with in-flight requests come last.
    fn make_room(&self, open: &mut HashMap<SessionId, Arc<Session>>, network: Option<IpAddr>) -> bool {
        let unproven = open.iter().filter(|(_, session)| {
            network.is_none_or(|network| session.network == network) && !(self.knows)(&session.tenant)
        });
        let oldest = unproven.min_by_key(|(_, session)| {
            let usage = session.usage.lock();
            (!usage.requests.is_empty(), usage.last)
        });
        let Some(id) = oldest.map(|(id, _)| SessionId::clone(id)) else { return false };
        open.remove(&id).inspect(|session| self.end_for_good(&id, session)).is_some()
    }

    /// Returns a session of this caller that has not ended, and marks it as in use.
    pub(super) fn find(&self, id: &str, caller: &Caller) -> Result<Arc<Session>, Refusal> {
        let is_callers = |session: &Arc<Session>| {
            session.tenant == caller.tenant && session.person == caller.person() && !self.is_over(session)
        };
        let session = self.get(id).filter(is_callers).ok_or_else(Refusal::no_session)?;
        let mut usage = session.usage.lock();
        (usage.last, usage.has_begun, usage.lease) = (Instant::now(), true, caller.lease());
        drop(usage);
        Ok(session)
    }

    /// Returns an open session, without using it.
    pub(super) fn get(&self, id: &str) -> Option<Arc<Session>> {
        self.open.lock().get(id).cloned()
    }

    /// Returns whether a session is open, without using it.
    #[cfg(test)]
    pub(super) fn is_open(&self, id: &str, tenant: &str) -> bool {
        self.get(id).is_some_and(|session| &*session.tenant == tenant)
    }

    /// Returns how many sessions are open.
    pub(super) fn count(&self) -> Count {
        self.end_idle();
        let open = self.open.lock();
        let sse = open.values().filter(|session| matches!(session.way, Channel::Sse(_))).count();
        Count { streamable: open.len() - sse, sse }
    }

    /// Returns all open sessions that other servers can go on with.
    pub(super) fn continued(&self) -> Vec<(SessionId, Arc<Session>)> {
        let open = self.open.lock();
        let continued = open.iter().filter(|(_, session)| session.continued().is_some());
        continued.map(|(id, session)| (SessionId::clone(id), Arc::clone(session))).collect()
    }

    /// Ends a session here, if it has not ended. Other servers may go on with it.
    pub(super) fn end(&self, id: &str) {
        self.open.lock().remove(id).inspect(|session| session.end());
    }

    /// Ends a session here, and at the others.
    fn end_for_good(&self, id: &SessionId, session: &Session) {
        session.end();
        self.ended.add(id, session);
    }

    /// Ends the sessions that have been idle for too long or whose token was taken out, and removes those that have ended.
    pub(super) fn end_idle(&self) {
        self.open.lock().retain(|id, session| {
            let is_over = self.is_over(session);
            match is_over {
                true if session.is_revoked() => self.end_for_good(id, session),
                true => session.end(),
                false => {}
            }
            !is_over
        });
    }

    /// Returns whether a session has ended, has been idle for too long, or was last used with a token that was taken out.
    fn is_over(&self, session: &Session) -> bool {
        session.end.is_cancelled() || session.is_revoked() || self.is_silent(session)
    }

    /// Returns how long a session of this tenant may be idle.
    pub(super) fn lifetime(&self, tenant: &str) -> Duration {
        if (self.knows)(tenant) { self.limits.idle } else { self.limits.idle.min(STRANGERS_IDLE) }
    }

    fn is_silent(&self, session: &Session) -> bool {
        let usage = session.usage.lock();
        let (is_known, most) = ((self.knows)(&session.tenant), self.lifetime(&session.tenant));
        let most = match session.way {
            _ if !usage.requests.is_empty() => return false,
            // The session lives as long as its stream.
            Channel::Sse(_) if is_known => return false,
            Channel::Streamable(..) if !usage.has_begun => most.min(self.limits.client_timeout),
            Channel::Streamable(..) | Channel::Sse(_) => most,
        };
        usage.last.elapsed() >= most
    }
}

fn no_room() -> Refusal {
    let reason = "this server has as many sessions as it can take: try again later";
    Refusal::busy(StatusCode::SERVICE_UNAVAILABLE, "sessions", reason)
}

/// Returns an id that nobody can guess.
pub(super) fn new_id() -> Result<SessionId, Refusal> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| Refusal::no_randomness())?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)).into())
}
