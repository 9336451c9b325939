//! Reading many calendars side by side.

use std::time::Duration;

use futures::{FutureExt, StreamExt, stream};
use jiff::Timestamp;

use super::calendars::Asked;
use crate::names::slots::{Part, slots};
use crate::oncehub::Error;
use crate::records::{Failure, Slot};
use crate::tools::Call;
use crate::tools::times::Range;

/// How many requests wait for OnceHub at once. The account's limit lets five a second through.
const SIDE_BY_SIDE: usize = 10;

/// The time that is left to write the reply.
const RESERVE: Duration = Duration::from_millis(500);

/// What was read of a calendar.
#[derive(Default)]
pub(super) struct Searched {
    /// Its free starts, in order.
    pub(super) slots: Vec<Slot>,
    /// How many parts of the range were read.
    pub(super) read: usize,
    /// Why OnceHub offers none at all.
    pub(super) closed: Option<&'static str>,
    /// What could not be read: from when to when, and why.
    pub(super) unread: Vec<Unread>,
}

/// A range that could not be read.
pub(super) struct Unread {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) why: String,
    /// What OnceHub's refusal says of the whole calendar, unless other parts of it were read.
    closed: Option<&'static str>,
}

/// Reads the free starts of each calendar, the next month of all of them first.
pub(super) async fn search(call: &Call, asked: &Asked, range: &Range) -> Vec<Searched> {
    let deadline = call.deadline.checked_sub(RESERVE).unwrap_or(call.deadline);
    let oncehub = call.oncehub().until(deadline);
    let all: Vec<(Part, usize)> =
        range.parts().into_iter().flat_map(|part| (0..asked.calendars.len()).map(move |at| (part, at))).collect();
    let total = all.len();
    let read = all.into_iter().filter_map(|(part, at)| {
        let (oncehub, calendar) = (oncehub.clone(), asked.calendars.get(at)?.id.clone());
        Some(async move { (part, at, slots(&oncehub, &calendar, part).await) }.boxed())
    });
    let mut read = stream::iter(read.collect::<Vec<_>>()).buffered(SIDE_BY_SIDE);
    let mut searched: Vec<Searched> = asked.calendars.iter().map(|_| Searched::default()).collect();
    let mut done = 0;
    while let Some((part, at, found)) = read.next().await {
        if let Some(of_it) = searched.get_mut(at) {
            of_it.add(found, part);
        }
        done += 1;
        (call.names.progress)(done, Some(total));
    }
    searched.iter_mut().for_each(Searched::conclude);
    searched
}

impl Searched {
    fn add(&mut self, found: Result<Vec<Slot>, Error>, Part { start: from, end: to, .. }: Part) {
        match found {
            Ok(slots) => {
                self.slots.extend(slots);
                self.read += 1;
            }
            Err(error) => {
                let closed = error.rejection().and_then(|rejection| closed(rejection.status));
                self.unread.push(Unread { from, to, why: Failure::from(error).message, closed });
            }
        }
    }

    /// A calendar of which every part is refused for the same reason is closed.
    fn conclude(&mut self) {
        let Some(closed) = self.unread.first().and_then(|unread| unread.closed) else { return };
        if self.read == 0 && self.unread.iter().all(|unread| unread.closed == Some(closed)) {
            self.closed = Some(closed);
            self.unread.clear();
        }
    }
}

/// Returns what a status of OnceHub's says of a calendar that offers nothing.
fn closed(status: u16) -> Option<&'static str> {
    match status {
        402 => Some("the host has no seat"),
        422 => Some("not published"),
        404 => Some("there is no such calendar any more"),
        _ => None,
    }
}
