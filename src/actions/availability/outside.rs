//! Bookings that a change of hours leaves outside working hours.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::hours::{Plan, minutes};
use super::schedule::Schedule;
use crate::actions::Context;
use crate::oncehub::{Error, Id, Range, bookings};
use crate::records::Told;
use crate::records::booking::Booking;

/// The most bookings that are scanned.
const MOST: usize = 500;

/// Bookings that a change left outside working hours, soonest first.
pub struct Outside {
    /// The bookings.
    pub bookings: Vec<Told<Booking>>,
    /// Whether there were more than could be scanned.
    pub more: bool,
}

impl Outside {
    /// Returns a user's live upcoming bookings that were within working hours before the plan and no longer are.
    ///
    /// # Errors
    /// As [`Client::send`](crate::oncehub::Client::send).
    pub async fn of(
        context: &Context,
        user: &Id,
        plan: &Plan,
        before: &Schedule,
        after: &Schedule,
    ) -> Result<Self, Error> {
        let mut from = context.now();
        let mut until = None;
        if plan.weekly.is_empty() {
            // Only dates changed: bookings before the first or after the last of them are irrelevant.
            let dates = || plan.overrides.iter().map(|(date, _)| *date);
            let midnight = |date: Date| after.zone.midnight(date);
            from = dates().min().and_then(midnight).map_or(from, |first| first.max(from));
            until = dates().max().and_then(|last| midnight(last.checked_add(1.day()).ok()?));
        }
        let listing = bookings::All {
            host: Some(user.clone()),
            starting: Range::between(Some(from), until),
            ..bookings::All::default()
        };
        let page = context.oncehub().list(&listing, MOST).await?;
        let all = page.items.into_iter().map(Told::<Booking>::from);
        let mut bookings: Vec<_> =
            all.filter(|booking| is_within(booking, before) && !is_within(booking, after)).collect();
        bookings.sort_by_key(|booking| booking.starts());
        Ok(Self { bookings, more: page.has_more })
    }
}

/// Whether a live booking lies within the hours of its day: adjoining ranges count as one.
fn is_within(booking: &Booking, schedule: &Schedule) -> bool {
    let Some(starts) = booking.starts().filter(|_| booking.is_live()) else { return false };
    let local = schedule.zone.civil(starts);
    let length = booking.duration_minutes.and_then(|length| i32::try_from(length).ok()).unwrap_or_default();
    let start = i32::from(local.hour()) * 60 + i32::from(local.minute());
    let mut hours: Vec<(i32, i32)> = schedule
        .date(local.date())
        .iter()
        .filter_map(|hours| Some((minutes(&hours.start_time)?, minutes(&hours.end_time)?)))
        .collect();
    hours.sort_unstable();
    // How long the host works without a break from the booking's start.
    let mut until = start;
    for (from, to) in hours {
        if from <= until && to > until {
            until = to;
        }
    }
    until > start && start.saturating_add(length) <= until
}
