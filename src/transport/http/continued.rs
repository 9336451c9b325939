//! Sessions of Streamable HTTP up to 2025-11-25 that any of several servers goes on with, through the store that they share.
//!
//! What a client has said when it opened its session is kept there. A server that gets a request of another's session
//! introduces the client to its own service, and has the session from then on, too. Only an answer to a question has to
//! reach the server that asked: so a server asks something only in a session that it alone has had since it was opened.

use std::sync::Arc;

use parking_lot::Mutex;
use rmcp::model::InitializeRequestParams;
use rmcp::transport::streamable_http_server::SessionId;
use serde::Deserialize;
use tokio::time::Instant;

use super::sessions::Session;
use super::{Backend, Caller, Refusal, Shared};
use crate::store::{LookAt, SharedSessions, Taken, Unavailable, Whereabouts};

/// How much of what a client says is kept, in bytes. A session whose client says more stays at its server.
const MOST: usize = 16 << 10;

/// What other servers need to go on with a session, and whether they have.
#[derive(Debug)]
pub(super) struct Continued {
    /// What its client has said when it opened it.
    said: Arc<str>,
    place: Mutex<Place>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    whereabouts: Whereabouts,
    /// Whether this server has ever been the only one to have it: then it may have asked something.
    was_alone: bool,
}

/// The message that opens a session.
#[derive(Deserialize)]
struct Opening {
    params: InitializeRequestParams,
}

impl Continued {
    pub(super) fn new(said: &str) -> Self {
        Self { said: said.into(), place: Mutex::new(Place { whereabouts: Whereabouts::New, was_alone: false }) }
    }

    /// Returns what others need to go on with a session that this message opens.
    pub(super) fn of(opening: &[u8]) -> Option<Self> {
        let Opening { mut params } = serde_json::from_slice(opening).ok()?;
        params.meta = None;
        let said = serde_json::to_string(&params).ok()?;
        (said.len() <= MOST).then(|| Self::new(&said))
    }

    fn is_new(&self) -> bool {
        self.place.lock().whereabouts == Whereabouts::New
    }

    fn set(&self, whereabouts: Whereabouts) {
        let mut place = self.place.lock();
        place.whereabouts = whereabouts;
        place.was_alone |= whereabouts == Whereabouts::Here;
    }

    pub(super) fn set_taken(&self, taken: &Taken) {
        self.set(if taken.is_alone { Whereabouts::Here } else { Whereabouts::Elsewhere });
    }
}

impl Session {
    /// Returns whether an answer to a question would come back to this server.
    pub(super) fn can_be_asked(&self) -> bool {
        self.continued().is_none_or(|continued| continued.place.lock().whereabouts == Whereabouts::Here)
    }

    /// Returns whether this server may have asked something in it.
    pub(super) fn may_have_asked(&self) -> bool {
        self.continued().is_none_or(|continued| continued.place.lock().was_alone)
    }

    fn owner(&self) -> String {
        owner(&self.tenant, self.person.as_deref())
    }
}

/// The sessions that have ended for good, of which other servers have not heard yet.
#[derive(Default)]
pub(super) struct Ended(Mutex<Vec<Over>>);

/// A session that has ended for good.
#[derive(Clone)]
struct Over {
    id: SessionId,
    owner: String,
    at: Instant,
}

impl Ended {
    /// Adds a session, if others can have it.
    pub(super) fn add(&self, id: &SessionId, session: &Session) {
        if session.continued().is_some() {
            self.0.lock().push(Over { id: SessionId::clone(id), owner: session.owner(), at: Instant::now() });
        }
    }
}

/// Returns the name of whose a session is: no other tenant's, and no other person's.
fn owner(tenant: &str, person: Option<&str>) -> String {
    format!("{tenant}|{}", person.unwrap_or_default())
}

pub(super) fn owner_of(caller: &Caller) -> String {
    owner(&caller.tenant, caller.person().as_deref())
}

/// Returns the rejection where a store that is away would know of the session.
pub(super) fn not_seen(_: Unavailable) -> Refusal {
    Refusal::session_not_seen()
}

/// Returns whether a text can be the id of a session: others are not asked for.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl<B: Backend> Shared<B> {
    /// Returns a session of this caller that is open here, or that another server has.
    pub(super) async fn find(&self, id: &str, caller: &Caller) -> Result<Arc<Session>, Refusal> {
        let found = self.sessions.find(id, caller);
        let Some(store) = &self.settings.shared_sessions else { return found };
        let Ok(session) = found else { return self.go_on(&**store, id, caller).await };
        if let Some(continued) = session.continued().filter(|continued| continued.is_new())
            // While the store is away it stays new, and is asked nothing.
            && let Ok(Some(taken)) = self.take(&**store, id, caller).await
        {
            continued.set_taken(&taken);
        }
        Ok(session)
    }

    pub(super) async fn take(
        &self,
        store: &dyn SharedSessions,
        id: &str,
        caller: &Caller,
    ) -> Result<Option<Taken>, Unavailable> {
        store.take_session(id, &owner_of(caller), self.sessions.lifetime(&caller.tenant)).await
    }

    /// Lets other servers go on with a session that was opened here. If the store is away, the next look does.
    pub(super) async fn keep_session(&self, id: &str) {
        let (Some(store), Some(session)) = (&self.settings.shared_sessions, self.sessions.get(id)) else { return };
        let _ = self.keep(&**store, id, &session).await;
    }

    async fn keep(&self, store: &dyn SharedSessions, id: &str, session: &Session) -> Result<(), Unavailable> {
        let Some(continued) = session.continued() else { return Ok(()) };
        let lifetime = self.sessions.lifetime(&session.tenant);
        let whereabouts = continued.place.lock().whereabouts;
        store.keep_session(id, &session.owner(), &continued.said, whereabouts, lifetime).await
    }

    /// Ends a session of this caller that is not open here.
    ///
    /// # Errors
    /// If no other server has it either, or none can say.
    pub(super) async fn end_elsewhere(&self, id: &str, caller: &Caller) -> Result<(), Refusal> {
        let store = self.settings.shared_sessions.as_ref().filter(|_| is_id(id)).ok_or_else(Refusal::no_session)?;
        let ended = store.end_session(id, &owner_of(caller), self.settings.limits.idle).await;
        let is_ended = ended.map_err(not_seen)?;
        if is_ended { Ok(()) } else { Err(Refusal::no_session()) }
    }

    /// Ends a session that is open here, and at all other servers.
    pub(super) async fn end_everywhere(&self, id: &SessionId, session: &Session) {
        self.sessions.end(id);
        self.sessions.ended.add(id, session);
        if let Some(store) = &self.settings.shared_sessions {
            // If it is away, the next look says so.
            let _ = self.tell_ended(&**store).await;
        }
    }

    /// Tells the others which sessions have ended for good.
    pub(super) async fn tell_ended(&self, store: &dyn SharedSessions) -> Result<(), Unavailable> {
        let (ended, idle) = (&self.sessions.ended.0, self.settings.limits.idle);
        // Each stays until it has been told: a request that ends one may be dropped meanwhile.
        loop {
            let Some(over) = ended.lock().last().cloned() else { return Ok(()) };
            if store.end_session(&over.id, &over.owner, idle).await.is_err() {
                // What has not been used for that long is forgotten anyway.
                ended.lock().retain(|over| over.at.elapsed() < idle);
                return Err(Unavailable);
            }
            ended.lock().retain(|other| other.id != over.id);
        }
    }

    /// Says which sessions are in use here, and learns which have ended elsewhere, or gone on there.
    pub(super) async fn look_at_sessions(&self) {
        if let Some(store) = &self.settings.shared_sessions {
            // The next look is in a second.
            let _ = self.look(&**store).await;
        }
    }

    async fn look(&self, store: &dyn SharedSessions) -> Result<(), Unavailable> {
        self.tell_ended(store).await?;
        let (open, now) = (self.sessions.continued(), Instant::now());
        if open.is_empty() {
            return Ok(());
        }
        let asked: Vec<LookAt> = open
            .iter()
            .map(|(id, session)| LookAt {
                id: id.to_string(),
                used: session.is_news().then(|| self.sessions.lifetime(&session.tenant)),
            })
            .collect();
        let seen = store.look_at_sessions(&asked).await?;
        for ((id, session), whereabouts) in open.iter().zip(seen) {
            match (whereabouts, session.continued()) {
                // It was opened, or the store has lost all it had, while the store was away.
                (Whereabouts::Unknown, _) => self.keep(store, id, session).await?,
                (Whereabouts::Ended, _) => self.sessions.end(id),
                (Whereabouts::Elsewhere, Some(continued)) if !continued.is_new() => continued.set(whereabouts),
                _ => {}
            }
            session.was_told(now);
        }
        Ok(())
    }
}
