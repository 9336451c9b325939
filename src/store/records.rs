//! Notes of what has happened and must not happen again, and records that one call at a time works on.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{Notices, Unavailable, Windows};

/// What calls leave for other calls, at this server or at those that share a store with it. All of it ends by itself.
#[async_trait]
pub trait Records: Debug + Send + Sync + 'static {
    /// Notes a number under a name for as long as `keep`, unless there is a note already; returns the number of that one.
    /// Of several callers at once, exactly one is the first.
    ///
    /// # Errors
    /// If the store cannot be reached.
    async fn note(&self, name: &str, number: u64, keep: Duration) -> Result<Option<u64>, Unavailable>;

    /// Keeps a record under a name for as long as `keep`, whether there was one or not. Nobody holds it.
    ///
    /// # Errors
    /// If the store cannot be reached.
    async fn keep(&self, name: &str, record: String, keep: Duration) -> Result<(), Unavailable>;

    /// Takes hold of a record for as long as `lease`, unless somebody else holds it. A holder that dies holds it no longer
    /// than that.
    ///
    /// # Errors
    /// If the store cannot be reached.
    async fn hold(&self, name: &str, holder: &str, lease: Duration) -> Result<Held, Unavailable>;

    /// Replaces the text of a record, if there is another, and holds it for as long as `lease` from now on, or lets go of it.
    /// Returns whether the holder still held it; if not, or if the record has ended, nothing is changed.
    ///
    /// # Errors
    /// If the store cannot be reached.
    async fn update(
        &self,
        name: &str,
        holder: &str,
        record: Option<String>,
        lease: Option<Duration>,
    ) -> Result<bool, Unavailable>;

    /// Ends a hold, without waiting for that.
    fn let_go(&self, name: &str, holder: &str);

    /// Returns the secret that those who share the store have in common; none in memory.
    fn secret(&self) -> Option<[u8; 32]>;

    /// Returns the windows of rate limits that those who share the store have in common; none in memory.
    fn windows(&self) -> Option<Arc<dyn Windows>>;

    /// Returns the notices that those who share the store have in common; none in memory.
    fn notices(&self) -> Option<Arc<dyn Notices>>;
}

/// What came of taking hold of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// There is no such record.
    Nothing,
    /// Somebody else holds it.
    ByAnother,
    /// The record.
    Record(String),
}
