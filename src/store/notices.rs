//! Notices that an account's calls have to be given, at any of the servers that share a store.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;

use super::Unavailable;

/// The most notices that are kept for one account: the latest.
pub(super) const MOST: usize = 100;

/// A notice for an account's calls. It is given once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its id, which no other has: letters and digits.
    pub id: String,
    /// What it says.
    pub text: String,
}

/// The notices that several servers share. Each operation is atomic, and takes one round trip. It takes none to learn whether
/// an account has any: [`Moment`](super::Moment) says so.
#[async_trait]
pub trait Notices: Debug + Send + Sync + 'static {
    /// Leaves a notice for an account, for as long as `keep`. It replaces the one with its id.
    ///
    /// # Errors
    /// If the store cannot be reached.
    async fn leave(&self, account: &str, notice: &Notice, keep: Duration) -> Result<(), Unavailable>;

    /// Returns an account's notices, the earliest first.
    ///
    /// # Errors
    /// If the store cannot be reached.
    async fn left(&self, account: &str) -> Result<Vec<Notice>, Unavailable>;

    /// Takes a notice, to give it. Returns whether that was the first time, which is remembered for as long as `keep`.
    ///
    /// # Errors
    /// If the store cannot be reached.
    async fn take(&self, account: &str, id: &str, keep: Duration) -> Result<bool, Unavailable>;
}
