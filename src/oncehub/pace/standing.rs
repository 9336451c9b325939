use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::super::Error;

/// How long a key that OnceHub has refused is refused without asking again. One that has just been made valid there does not
/// have to wait long, and one that is wrong costs no request with every call.
const REFUSED_FOR: Duration = Duration::from_secs(30);

/// What OnceHub has said of a key, among many keys at one address.
#[derive(Debug, Default)]
pub(in super::super) struct Standing {
    said: Mutex<Said>,
    /// One asks; the others wait for that answer.
    pub(in super::super) turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
enum Said {
    /// Nothing yet.
    #[default]
    Nothing,
    Accepted,
    Refused {
        at: Instant,
        error: Error,
    },
}

impl Standing {
    pub(in super::super) fn is_accepted(&self) -> bool {
        matches!(*self.lock(), Said::Accepted)
    }

    /// With what OnceHub has refused the key just now.
    pub(in super::super) fn refusal(&self) -> Option<Error> {
        match &*self.lock() {
            Said::Refused { at, error } if at.elapsed() < REFUSED_FOR => Some(error.clone()),
            _ => None,
        }
    }

    /// Whether this is news.
    pub(super) fn accept(&self) -> bool {
        !matches!(std::mem::replace(&mut *self.lock(), Said::Accepted), Said::Accepted)
    }

    pub(super) fn refuse(&self, error: Error) {
        *self.lock() = Said::Refused { at: Instant::now(), error };
    }

    fn lock(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
