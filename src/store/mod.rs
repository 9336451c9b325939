//! What servers have to remember between requests, and share if there are several: in the memory of one server, or in a
//! Redis or Valkey. This module depends on no other; any other may depend on it.
//!
//! A [`Store`] knows who is signed in, and which sign-ins have ended. [`Records`] are notes of what has happened and must not
//! happen again, and records that one call at a time works on. [`Windows`] shares the windows of rate limits, [`Notices`]
//! what an account's calls have to be told, and [`SharedSessions`] the protocol's sessions; a server on its own keeps all
//! three itself. What is done to one thing (a sign-in, a record, a session, an account) is atomic; what is done to several
//! takes a step for each, and is not. Times of sign-ins are the caller's, in seconds since 1970.

mod in_process;
mod memory;
mod notices;
mod records;
pub mod redis;
mod sessions;
mod windows;

#[cfg(test)]
#[cfg(unix)]
pub(crate) mod tests;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

pub use in_process::InProcess;
pub use memory::InMemory;
pub use notices::{Notice, Notices};
pub use records::{Held, Records};
pub use sessions::{LookAt, SharedSessions, Taken, Whereabouts};
pub use windows::{Ask, Limit, Limits, Moment, Share, Windows};

/// How long a sign-in is remembered after it was last used or was ended. No token lives longer than that without being
/// replaced, so what has been forgotten cannot come back.
pub const KEEP: Duration = Duration::from_hours(30 * 24);

/// How long a refresh token may be used again: by several windows of a host at once, or by one that has lost the
/// response.
pub const GRACE: Duration = Duration::from_mins(1);

/// How many of one owner's sign-ins are remembered that are open, and that have ended.
const MOST_OPEN: usize = 1_000;
const MOST_ENDED: usize = 1_000;

/// The owner of sign-ins: a keyed digest of the credentials they have shown, which reveals nothing of them.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Hash, Serialize)]
pub struct Owner(pub String);

/// A sign-in: what a person has agreed to once, for one app.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub struct SignIn {
    /// Its id, which cannot be guessed.
    pub id: String,
    /// Whose it is.
    pub owner: Owner,
    /// The app, by the name that the person was shown.
    pub app: String,
    /// When it was made.
    pub made: u64,
    /// When it ends at the latest.
    pub ends: u64,
    /// Whether nothing may be changed with it.
    pub read_only: bool,
}

/// A sign-in that has not ended, as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The sign-in.
    pub sign_in: SignIn,
    /// When it was last used; a store may be up to a minute behind.
    pub used: u64,
}

/// What a store knows of a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing: it is new, or has been forgotten.
    Unknown,
    /// It is open.
    Open,
    /// It has ended.
    Ended,
}

/// A store of sign-ins. Servers that share one share what they know.
///
/// A sign-in that a store knows nothing of is as good as an open one: a store may lose everything but what has ended.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync + 'static {
    /// Opens a sign-in with the code that was handed out for it. Returns whether that was the first time; the second time
    /// ends it, since somebody else has the code as well.
    ///
    /// # Errors
    /// If the store cannot be reached.
    async fn open(&self, sign_in: &SignIn, at: u64) -> Result<bool, Unavailable>;

    /// Uses the refresh token that `turn` others came before. Returns whether the sign-in is still open. A token that was
    /// used more than [`GRACE`] ago ends it, and so does an earlier one: two parties have it, and nobody knows which of them
    /// is the app. A sign-in that is not known becomes known.
    ///
    /// # Errors
    /// If the store cannot be reached.
    async fn refresh(&self, sign_in: &SignIn, turn: u64, at: u64) -> Result<bool, Unavailable>;

    /// Notes that a sign-in is in use. Returns whether it is still open. One that is not known becomes known.
    ///
    /// # Errors
    /// If the store cannot be reached.
    async fn touch(&self, sign_in: &SignIn, at: u64) -> Result<bool, Unavailable>;

    /// Returns what is known of these sign-ins, in their order.
    ///
    /// # Errors
    /// If the store cannot be reached.
    async fn standing(&self, sign_ins: &[SignIn]) -> Result<Vec<Standing>, Unavailable>;

    /// Returns the open sign-ins of these owners, the latest first.
    ///
    /// # Errors
    /// If the store cannot be reached.
    async fn of(&self, owners: &[Owner], at: u64) -> Result<Vec<Listed>, Unavailable>;

    /// Ends a sign-in, known or not. That is remembered for [`KEEP`].
    ///
    /// # Errors
    /// If the store cannot be reached.
    async fn end(&self, sign_in: &SignIn, at: u64) -> Result<(), Unavailable>;

    /// Ends all sign-ins of these owners, known or not, that were made before now. That is remembered for [`KEEP`].
    ///
    /// # Errors
    /// If the store cannot be reached.
    async fn end_all(&self, owners: &[Owner], at: u64) -> Result<(), Unavailable>;

    /// Returns whether the store forgets everything when this process ends.
    fn is_of_process(&self) -> bool;
}

/// The failure of a store that cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store that this server shares with others cannot be reached now: try again in a few seconds")]
pub struct Unavailable;
