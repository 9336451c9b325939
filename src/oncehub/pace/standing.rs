use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::oncehub::Error;

/// How long a key that OnceHub has refused is refused without asking again. One that has just been made valid there does not
/// have to wait long, and one that is wrong costs no request with every call.
const REFUSED_FOR: Duration = Duration::from_secs(30);

/// What OnceHub has said of a key, among many keys at one address.
#[derive(Debug, Default)]
pub(in crate::oncehub) struct Standing {
    said: Mutex<Said>,
    /// One asks; the others wait for that answer.
    pub(in crate::oncehub) turn: tokio::sync::Mutex<()>,
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
    pub(in crate::oncehub) fn is_accepted(&self) -> bool {
        matches!(*self.said.lock(), Said::Accepted)
    }

    /// With what OnceHub has refused the key just now.
    pub(in crate::oncehub) fn refusal(&self) -> Option<Error> {
        match &*self.said.lock() {
            Said::Refused { at, error } if at.elapsed() < REFUSED_FOR => Some(error.clone()),
            _ => None,
        }
    }

    /// Whether this is news.
    pub(super) fn accept(&self) -> bool {
        !matches!(std::mem::replace(&mut *self.said.lock(), Said::Accepted), Said::Accepted)
    }

    pub(super) fn refuse(&self, error: Error) {
        *self.said.lock() = Said::Refused { at: Instant::now(), error };
    }
}
