//! The little that sign-in has to remember: which codes and refresh tokens have been used, and which grants have ended.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use moka::Expiry;
use moka::sync::Cache;

/// How many notes are kept in memory.
const NOTES: u64 = 200_000;

/// A place for notes that end by themselves. Servers that share one share what they know.
#[async_trait]
pub(super) trait Store: Send + Sync + 'static {
    /// Notes a number under a name for as long as `keep`, unless there is a note already; returns what that one says.
    /// Of several that do so at once, one is first.
    ///
    /// # Errors
    /// If the store cannot be reached.
    async fn note(&self, name: &str, number: u64, keep: Duration) -> Result<Option<u64>, Unavailable>;

    /// Returns what is noted under a name.
    ///
    /// # Errors
    /// If the store cannot be reached.
    async fn noted(&self, name: &str) -> Result<Option<u64>, Unavailable>;
}

/// The failure of a store.
#[derive(Debug, thiserror::Error)]
#[error("what is known of sign-ins cannot be read")]
pub(super) struct Unavailable;

/// A store of this process alone.
pub(super) struct InMemory(Cache<String, Note>);

#[derive(Clone, Copy)]
struct Note {
    number: u64,
    keep: Duration,
}

struct AsSaid;

impl Expiry<String, Note> for AsSaid {
    fn expire_after_create(&self, _: &String, note: &Note, _: Instant) -> Option<Duration> {
        Some(note.keep)
    }
}

impl Default for InMemory {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(NOTES).expire_after(AsSaid).build())
    }
}

#[async_trait]
impl Store for InMemory {
    async fn note(&self, name: &str, number: u64, keep: Duration) -> Result<Option<u64>, Unavailable> {
        let entry = self.0.entry_by_ref(name).or_insert(Note { number, keep });
        Ok((!entry.is_fresh()).then(|| entry.into_value().number))
    }

    async fn noted(&self, name: &str) -> Result<Option<u64>, Unavailable> {
        Ok(self.0.get(name).map(|note| note.number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_note_stays_until_it_ends() {
        let (store, keep) = (InMemory::default(), Duration::from_mins(1));
        assert_eq!(store.noted("a").await.unwrap(), None);
        assert_eq!(store.note("a", 1, keep).await.unwrap(), None);
        assert_eq!(store.note("a", 2, keep).await.unwrap(), Some(1));
        assert_eq!(store.noted("a").await.unwrap(), Some(1));
        assert_eq!(store.note("b", 1, Duration::ZERO).await.unwrap(), None);
        assert_eq!(store.noted("b").await.unwrap(), None, "it has ended");
    }
}
