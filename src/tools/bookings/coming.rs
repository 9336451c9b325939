//! Upcoming bookings of a user or contact about to be deleted: OnceHub does not say what happens to them.

use super::{describe, is_live};
use crate::oncehub::{Object, bookings};
use crate::tools::call::Call;
use crate::tools::time::{self, Zone};

/// How many bookings are named.
const NAMED: usize = 10;

/// Upcoming bookings, soonest first.
pub(in crate::tools) struct Coming {
    /// `None` when they could not be looked up.
    bookings: Option<Vec<Object>>,
    /// Whether there is more than one page of them.
    more: bool,
    zone: Zone,
}

impl Call {
    /// Returns the live upcoming bookings that match `whose`.
    pub(in crate::tools) async fn coming(&self, whose: bookings::All) -> Coming {
        let listing = bookings::All { starting_after: Some(time::instant(self.now)), ..whose };
        let page = self.oncehub.page(&listing, 100, None).await;
        let more = page.as_ref().is_ok_and(|page| page.has_more);
        let bookings = page.ok().map(|page| {
            let mut live: Vec<Object> = page.items.into_iter().filter(is_live).collect();
            live.sort_by_key(|booking| booking.text("starting_time").and_then(time::read));
            live
        });
        Coming { bookings, more, zone: self.settings.zone.clone() }
    }
}

impl Coming {
    /// Returns a sentence for a question: how many there are, with a leading space; empty when there are none.
    pub(in crate::tools) fn sentence(&self) -> String {
        let at_least = if self.more { "At least " } else { "" };
        match self.bookings.as_ref().map(Vec::len) {
            None => " Whether bookings to come are theirs could not be looked up.".to_owned(),
            Some(0) => String::new(),
            Some(1) => " One booking to come is theirs.".to_owned(),
            Some(count) => format!(" {at_least}{count} bookings to come are theirs."),
        }
    }

    /// Returns a note for a reply: which they are, and what to do about them; `None` when there are none.
    pub(in crate::tools) fn note(&self, next: &str) -> Option<String> {
        let sentence = self.sentence();
        let all = self.bookings.as_deref().unwrap_or_default();
        let named: Vec<String> = all.iter().take(NAMED).map(|booking| describe(booking, &self.zone)).collect();
        let listed = if named.is_empty() { String::new() } else { format!(" ({})", named.join("; ")) };
        (!sentence.is_empty()).then(|| format!("{}{listed}; {next}.", sentence.trim().trim_end_matches('.')))
    }
}
