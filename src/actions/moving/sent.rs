//! What moves have sent in the last hour. It tells a repeated call which of the guest's bookings is the new one.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use crate::actions::turns::{Turn, Turns};
use crate::actions::{Context, Done, Stop};
use crate::oncehub::{Id, Outcome};
use crate::records::Failure;

/// How long it is remembered.
const LIFETIME: SignedDuration = SignedDuration::from_hours(1);

/// The moves of one account, one at a time for each booking.
#[derive(Clone, Debug, Default)]
pub struct Moves {
    turns: Turns<Sent>,
    /// The bookings that moves have made, with what each was moved from, and when.
    made: Arc<Mutex<HashMap<Id, (Id, Timestamp)>>>,
}

/// The last request of a move that booked its new time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    /// The new time.
    pub(super) start: Timestamp,
    /// When it was sent.
    pub(super) at: Timestamp,
    /// Whether its outcome is unknown.
    pub(super) is_unknown: bool,
}

/// One call's turn to move a booking.
pub struct Moving {
    moves: Moves,
    turn: Turn<Sent>,
}

impl Moves {
    /// Waits until no other call moves this booking.
    ///
    /// # Errors
    /// If another call still does when this one has no time left.
    pub async fn wait(&self, context: &Context, old: &Id) -> Result<Moving, Failure> {
        let turn = self.turns.wait(context, "booking_id", old.as_str()).await?;
        Ok(Moving { moves: self.clone(), turn })
    }

    /// Returns the booking that was moved to this one.
    pub fn origin(&self, new: &Id, now: Timestamp) -> Option<Id> {
        let made = self.made.lock();
        made.get(new).filter(|(_, at)| now.duration_since(*at) < LIFETIME).map(|(old, _)| old.clone())
    }
}

impl Moving {
    /// Whether another call has sent something.
    pub fn was_used(&self) -> bool {
        self.turn.is_some()
    }

    /// Returns the last request of the calls before this one.
    pub(super) fn sent(&self, now: Timestamp) -> Option<Sent> {
        self.turn.filter(|sent| now.duration_since(sent.at) < LIFETIME)
    }

    /// Remembers a request that is about to be sent.
    pub(super) fn send(&mut self, start: Timestamp, at: Timestamp) {
        *self.turn = Some(Sent { start, at, is_unknown: true });
    }

    /// Remembers its outcome.
    pub(super) fn ended(&mut self, old: &Id, booked: &Result<Done, Stop>, now: Timestamp) {
        match booked {
            Ok(done) => {
                if let Some(sent) = &mut *self.turn {
                    sent.is_unknown = false;
                }
                if let Some(new) = done.object.text("id").and_then(|id| id.parse().ok()) {
                    let mut made = self.moves.made.lock();
                    made.retain(|_, (_, at)| now.duration_since(*at) < LIFETIME);
                    made.insert(new, (old.clone(), now));
                }
            }
            Err(Stop::Failed(failure)) if failure.outcome == Some(Outcome::Unknown) => {}
            Err(_) => *self.turn = None,
        }
    }
}
