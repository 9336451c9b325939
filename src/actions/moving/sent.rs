//! What moves have sent in the last hour: by it a call that goes on knows the new booking from any other of the guest.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use crate::oncehub::Id;

/// How long it is remembered.
const LIFETIME: SignedDuration = SignedDuration::from_hours(1);

/// The last request of each move of one account, by the old booking.
#[derive(Clone, Debug, Default)]
pub struct Moves(Arc<Mutex<HashMap<Id, Sent>>>);

/// The request of a move that books its new time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    /// The new time.
    pub(super) start: Timestamp,
    /// When it was sent.
    pub(super) at: Timestamp,
    /// Whether it is not known what came of it.
    pub(super) is_unknown: bool,
}

impl Moves {
    /// Remembers a request that is about to be sent.
    pub(super) fn sent(&self, old: &Id, start: Timestamp, at: Timestamp) {
        let mut all = self.0.lock();
        all.retain(|_, sent| at.duration_since(sent.at) < LIFETIME);
        all.insert(old.clone(), Sent { start, at, is_unknown: true });
    }

    /// Remembers that the booking was made.
    pub(super) fn made(&self, old: &Id) {
        if let Some(sent) = self.0.lock().get_mut(old) {
            sent.is_unknown = false;
        }
    }

    /// Forgets a request of which nothing came.
    pub(super) fn forget(&self, old: &Id) {
        self.0.lock().remove(old);
    }

    pub(super) fn last(&self, old: &Id, now: Timestamp) -> Option<Sent> {
        self.0.lock().get(old).copied().filter(|sent| now.duration_since(sent.at) < LIFETIME)
    }
}
