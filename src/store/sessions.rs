//! Sessions of the protocol that any of several servers goes on with.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use super::Unavailable;

/// A session to look at.
#[derive(Clone, Debug)]
pub struct LookAt {
    /// Its id.
    pub id: String,
    /// How long it is kept from now on, if it was used since the last look.
    pub used: Option<Duration>,
}

/// The whereabouts of a session, as a server sees them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// Nothing is known of it.
    Unknown,
    /// It was opened, and no server has taken it yet.
    New,
    /// This server alone has taken it.
    Here,
    /// Another server has taken it, alone or as well.
    Elsewhere,
    /// It has ended.
    Ended,
}

/// A session that a server has taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Whether it is the only one that has.
    pub is_alone: bool,
    /// What was kept of the session.
    pub session: String,
}

/// The sessions of servers that share a store. Each is kept with its owner, a name that reveals nothing of them, until it has
/// not been used for a while. A server that is alone needs none of this.
#[async_trait]
pub trait SharedSessions: Debug + Send + Sync + 'static {
    /// Keeps a session that is new, here or elsewhere, unless it is known.
    ///
    /// # Errors
    /// If the store cannot be reached.
    async fn keep_session(
        &self,
        id: &str,
        owner: &str,
        session: &str,
        whereabouts: Whereabouts,
        keep: Duration,
    ) -> Result<(), Unavailable>;

    /// Takes a session of this owner, because one of its requests has arrived here.
    ///
    /// # Errors
    /// If the store cannot be reached.
    async fn take_session(&self, id: &str, owner: &str, keep: Duration) -> Result<Option<Taken>, Unavailable>;

    /// Ends a session of this owner, which is remembered for as long as `keep`. Returns whether there was one.
    ///
    /// # Errors
    /// If the store cannot be reached.
    async fn end_session(&self, id: &str, owner: &str, keep: Duration) -> Result<bool, Unavailable>;

    /// Returns where these sessions are, in their order. Many take several steps.
    ///
    /// # Errors
    /// If the store cannot be reached.
    async fn look_at_sessions(&self, sessions: &[LookAt]) -> Result<Vec<Whereabouts>, Unavailable>;
}
