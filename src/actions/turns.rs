//! Turns: calls that are at the same thing go one after another, and each leaves word for the next.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tokio::sync::{Mutex as Held, OwnedMutexGuard};
use tokio::time::timeout_at;

use super::Context;
use crate::records::Failure;

/// How long a call's word is kept.
const LIFETIME: SignedDuration = SignedDuration::from_hours(1);

/// The turns of one account's calls, by what they are at.
#[derive(Debug)]
pub struct Turns<T>(Arc<Mutex<HashMap<String, Kept<T>>>>);

#[derive(Debug)]
struct Kept<T> {
    used: Timestamp,
    word: Arc<Held<Option<T>>>,
}

/// One call's turn: the next one waits until it is dropped. It holds the word of the call before.
#[derive(Debug)]
pub struct Turn<T> {
    /// Whether another call was at it when this one came.
    pub waited: bool,
    word: OwnedMutexGuard<Option<T>>,
}

impl<T> Clone for Turns<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Turns<T> {
    /// Waits until no other call is at it.
    ///
    /// # Errors
    /// If another call still is when this one has no time left to change anything.
    pub async fn wait(&self, context: &Context, argument: &str, key: &str) -> Result<Turn<T>, Failure> {
        let word = self.word(key, (context.settings.now)());
        if let Ok(word) = Arc::clone(&word).try_lock_owned() {
            return Ok(Turn { waited: false, word });
        }
        match timeout_at(context.write_deadline(), word.lock_owned()).await {
            Ok(word) => Ok(Turn { waited: true, word }),
            Err(_) => {
                let problem = "another call is at the same thing now, and nothing was sent";
                Err(Failure::argument(argument, problem, "wait for that call; then call again, which looks first"))
            }
        }
    }

    fn word(&self, key: &str, now: Timestamp) -> Arc<Held<Option<T>>> {
        let mut all = self.0.lock();
        all.retain(|_, kept| now.duration_since(kept.used) < LIFETIME || Arc::strong_count(&kept.word) > 1);
        let kept = all.entry(key.to_owned()).or_insert_with(|| Kept { used: now, word: Arc::default() });
        kept.used = now;
        Arc::clone(&kept.word)
    }
}

impl<T> Deref for Turn<T> {
    type Target = Option<T>;

    fn deref(&self) -> &Option<T> {
        &self.word
    }
}

impl<T> DerefMut for Turn<T> {
    fn deref_mut(&mut self) -> &mut Option<T> {
        &mut self.word
    }
}
