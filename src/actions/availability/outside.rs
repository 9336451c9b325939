//! Bookings that a change of hours leaves outside working hours.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::plan::Plan;
use super::schedule::{Schedule, When, minutes};
use crate::actions::Context;
use crate::oncehub::{Error, Id, bookings};
use crate::records::booking::Booking;
use crate::records::{Told, time};

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
    pub async fn of(context: &Context, user: &Id, plan: &Plan, after: &Schedule) -> Result<Self, Error> {
        let date = |when: &When| if let When::Date(date) = when { Some(*date) } else { None };
        // If only dates changed, bookings before the first or after the last of them are irrelevant.
        let dates: BTreeSet<Date> = plan.changed.iter().map(date).collect::<Option<_>>().unwrap_or_default();
        let midnight = |date: Date| after.zone.midnight(date);
        let now = context.now();
        let from = dates.first().and_then(|first| midnight(*first)).map_or(now, |first| first.max(now));
        let until = dates.last().and_then(|last| midnight(last.tomorrow().ok()?));
        let listing = bookings::All {
            host: Some(user.clone()),
            starting_after: Some((from - jiff::SignedDuration::from_millis(1)).to_string()),
            starting_before: until.map(time::instant),
            ..bookings::All::default()
        };
        let page = context.oncehub().list(&listing, MOST).await?;
        let all = page.items.into_iter().map(Told::<Booking>::from);
        let mut bookings: Vec<_> =
            all.filter(|booking| is_within(booking, &plan.before) && !is_within(booking, after)).collect();
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
    let mut hours: Vec<(i32, i32)> = schedule.at(When::Date(local.date())).iter().filter_map(minutes).collect();
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
