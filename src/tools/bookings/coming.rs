//! The bookings to come of somebody who is about to be deleted: what becomes of them, OnceHub does not say.

use super::{describe, is_live};
use crate::oncehub::{Object, bookings};
use crate::tools::call::Call;
use crate::tools::time::{self, Zone};

/// How many are named.
const NAMED: usize = 10;

/// What is still to come, soonest first.
pub(in crate::tools) struct Coming {
    /// Nothing, when it could not be looked up.
    bookings: Option<Vec<Object>>,
    /// Whether there are more than one page of them.
    more: bool,
    zone: Zone,
}

impl Call {
    /// The live bookings to come among those that `whose` filters.
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
    /// For a question: how many there are, beginning with a space; nothing when there are none.
    pub(in crate::tools) fn sentence(&self) -> String {
        let at_least = if self.more { "At least " } else { "" };
        match self.bookings.as_ref().map(Vec::len) {
            None => " Whether bookings to come are theirs could not be looked up.".to_owned(),
            Some(0) => String::new(),
            Some(1) => " One booking to come is theirs.".to_owned(),
            Some(count) => format!(" {at_least}{count} bookings to come are theirs."),
        }
    }

    /// For a reply: which they are, and what to do about them; nothing when there are none.
    pub(in crate::tools) fn note(&self, next: &str) -> Option<String> {
        let sentence = self.sentence();
        let all = self.bookings.as_deref().unwrap_or_default();
        let named: Vec<String> = all.iter().take(NAMED).map(|booking| describe(booking, &self.zone)).collect();
        let listed = if named.is_empty() { String::new() } else { format!(" ({})", named.join("; ")) };
        (!sentence.is_empty()).then(|| format!("{}{listed}; {next}.", sentence.trim().trim_end_matches('.')))
    }
}
