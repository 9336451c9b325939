use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::oncehub::Error;

/// How long OnceHub's rejection of a key is cached. A key that has just become valid does not have to wait long, and a
/// wrong one does not cost a request with every call.
const REFUSED_FOR: Duration = Duration::from_secs(30);

/// What OnceHub has said about a key, among many keys at one address.
#[derive(Debug, Default)]
pub(in crate::oncehub) struct KeyStatus {
    verdict: Mutex<Verdict>,
    /// Held by the one call that checks the key, while the others wait for its result.
    pub(in crate::oncehub) turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
enum Verdict {
    /// Nothing yet.
    #[default]
    Nothing,
    Accepted,
    Refused {
        at: Instant,
        error: Error,
    },
}

impl KeyStatus {
    pub(in crate::oncehub) fn is_accepted(&self) -> bool {
        matches!(*self.verdict.lock(), Verdict::Accepted)
    }

    /// Returns the error with which OnceHub has recently rejected the key.
    pub(in crate::oncehub) fn refusal(&self) -> Option<Error> {
        match &*self.verdict.lock() {
            Verdict::Refused { at, error } if at.elapsed() < REFUSED_FOR => Some(error.clone()),
            _ => None,
        }
    }

    /// Marks the key as accepted. Returns whether that is new.
    pub(super) fn accept(&self) -> bool {
        !matches!(std::mem::replace(&mut *self.verdict.lock(), Verdict::Accepted), Verdict::Accepted)
    }

    pub(super) fn refuse(&self, error: Error) {
        *self.verdict.lock() = Verdict::Refused { at: Instant::now(), error };
    }
}
