//! Bookings that a change of hours leaves outside working hours.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::Update;
use super::schedule::{Schedule, When, minutes};
use crate::actions::Context;
use crate::oncehub::{Error, Range, bookings};
use crate::records::{Booking, Told};

/// The most bookings that are scanned.
const MOST: usize = 500;

impl Update {
    /// Returns the user's live upcoming bookings that were within working hours before the change and no longer are,
    /// soonest first, and whether there were more than could be scanned.
    pub async fn outside(&self, context: &Context, after: &Schedule) -> Result<(Vec<Told<Booking>>, bool), Error> {
        let date = |when: &When| if let When::Date(date) = when { Some(*date) } else { None };
        // If only dates changed, bookings before the first or after the last of them are irrelevant.
        let dates: BTreeSet<Date> = self.changed.iter().map(date).collect::<Option<_>>().unwrap_or_default();
        let midnight = |date: Date| after.zone.midnight(date);
        let now = context.now();
        let from = dates.first().and_then(|first| midnight(*first)).map_or(now, |first| first.max(now));
        let until = dates.last().and_then(|last| midnight(last.tomorrow().ok()?));
        let listing = bookings::All {
            host: Some(after.user.id.clone()),
            starting: Range::between(Some(from), until),
            ..bookings::All::default()
        };
        let page = context.oncehub().list(&listing, MOST).await?;
        let all = page.items.into_iter().map(Told::<Booking>::from);
        let mut bookings: Vec<_> =
            all.filter(|booking| is_within(booking, &self.before) && !is_within(booking, after)).collect();
        bookings.sort_by_key(|booking| booking.starts());
        Ok((bookings, page.has_more))
    }
}

/// Whether a live booking lies within the hours of its day: adjoining ranges count as one.
fn is_within(booking: &Booking, schedule: &Schedule) -> bool {
    let Some(starts) = booking.starts().filter(|_| booking.is_live()) else { return false };
    let local = schedule.zone.civil(starts);
    let start = i64::from(local.hour()) * 60 + i64::from(local.minute());
    let mut hours: Vec<_> = schedule.at(When::Date(local.date())).iter().filter_map(minutes).collect();
    hours.sort_unstable();
    // How long the host works without a break from the booking's start.
    let until = hours.into_iter().fold(start, |until, (from, to)| if from <= until { until.max(to) } else { until });
    until > start && start.saturating_add(booking.duration_minutes.unwrap_or_default()) <= until
}
