//! Turns: calls that work on the same thing go one after another, and each leaves a note for the next.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use tokio::sync::{Mutex as Held, OwnedMutexGuard};
use tokio::time::timeout_at;

use super::Context;
use crate::records::Failure;

/// How long a note is kept.
const LIFETIME: SignedDuration = SignedDuration::from_hours(1);

/// The turns of one account's calls, by what they work on.
#[derive(Debug)]
pub struct Turns<T>(Arc<Mutex<HashMap<String, Kept<T>>>>);

#[derive(Debug)]
struct Kept<T> {
    used: Timestamp,
    note: Arc<Held<Option<T>>>,
}

/// One call's turn. The next call waits until it is dropped. It holds the note of the previous call.
#[derive(Debug)]
pub struct Turn<T> {
    /// Whether this call had to wait for another one.
    pub waited: bool,
    note: OwnedMutexGuard<Option<T>>,
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
    /// Waits for this call's turn.
    ///
    /// # Errors
    /// If it does not come while there is time left to change anything.
    pub async fn wait(&self, context: &Context, argument: &str, key: &str) -> Result<Turn<T>, Failure> {
        let note = self.note(key, (context.settings.now)());
        if let Ok(note) = Arc::clone(&note).try_lock_owned() {
            return Ok(Turn { waited: false, note });
        }
        match timeout_at(context.write_deadline(), note.lock_owned()).await {
            Ok(note) => Ok(Turn { waited: true, note }),
            Err(_) => {
                let problem = "another call is at the same thing now, and nothing was sent";
                Err(Failure::argument(argument, problem, "wait for that call; then call again, which looks first"))
            }
        }
    }

    fn note(&self, key: &str, now: Timestamp) -> Arc<Held<Option<T>>> {
        let mut all = self.0.lock();
        all.retain(|_, kept| now.duration_since(kept.used) < LIFETIME || Arc::strong_count(&kept.note) > 1);
        let kept = all.entry(key.to_owned()).or_insert_with(|| Kept { used: now, note: Arc::default() });
        kept.used = now;
        Arc::clone(&kept.note)
    }
}

impl<T> Deref for Turn<T> {
    type Target = Option<T>;

    fn deref(&self) -> &Option<T> {
        &self.note
    }
}

impl<T> DerefMut for Turn<T> {
    fn deref_mut(&mut self) -> &mut Option<T> {
        &mut self.note
    }
}
