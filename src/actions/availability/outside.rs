//! Bookings that are outside working hours after a change of hours.

use std::collections::BTreeSet;

use jiff::civil::Date;
use tokio::time::Instant;

use super::Update;
use super::working_hours::{When, WorkingHours};
use crate::actions::Context;
use crate::names::Names;
use crate::oncehub::{Range, bookings};
use crate::records::{Booking, Failure, Told};

/// The most bookings that are read.
const MOST: usize = 500;

/// How many bookings a question names of each kind.
const NAMED: usize = 10;

/// The user's live upcoming bookings around the days that a change is about, soonest first.
#[derive(Clone)]
pub(super) struct Upcoming {
    bookings: Vec<Told<Booking>>,
    /// Whether there are more than were read.
    more: bool,
}

/// The bookings on the changed days that lie outside of working hours, soonest first.
pub struct Outside<'a> {
    /// Those that the change leaves there.
    pub now: Vec<&'a Told<Booking>>,
    /// Those that were outside before as well.
    pub before: Vec<&'a Told<Booking>>,
    /// Whether there are more bookings than were read.
    pub more: bool,
}

impl Update {
    /// Reads the bookings that the change may leave outside of working hours, before it is made: no change fails
    /// because of it, or waits for long.
    pub(super) async fn look_ahead(&mut self, context: &Context) {
        let half = context.deadline - context.deadline.saturating_duration_since(Instant::now()) / 2;
        let names = Names { oncehub: context.oncehub().trying_once().until(half), ..context.names.clone() };
        self.upcoming = self.read_upcoming(context, &names).await.ok();
    }

    /// Reads them after all, if they could not be read before.
    pub async fn look_again(&mut self, context: &Context) {
        if self.upcoming.is_none() {
            self.upcoming = self.read_upcoming(context, &context.names).await.ok();
        }
    }

    async fn read_upcoming(&self, context: &Context, names: &Names) -> Result<Upcoming, Failure> {
        let date = |when: &When| if let When::Date(date) = when { Some(*date) } else { None };
        // If only dates changed, bookings before the first or after the last of them are irrelevant.
        let dates: BTreeSet<Date> = self.changed.iter().map(date).collect::<Option<_>>().unwrap_or_default();
        let midnight = |date: Date| self.before.zone.midnight(date);
        let now = context.now();
        let from = dates.first().and_then(|first| midnight(*first)).map_or(now, |first| first.max(now));
        let until = dates.last().and_then(|last| midnight(last.tomorrow().ok()?));
        let listing = bookings::All {
            host: Some(self.before.user.id.clone()),
            starting: Range::between(Some(from), until),
            ..bookings::All::default()
        };
        let (mut bookings, more) = names.bookings(listing, MOST).await?;
        bookings.retain(|booking| booking.is_live());
        bookings.sort_by_key(|booking| booking.starts());
        Ok(Upcoming { bookings, more })
    }

    /// Returns the bookings that are outside of the hours of a schedule; `None` if bookings could not be read.
    pub fn outside(&self, after: &WorkingHours) -> Option<Outside<'_>> {
        let Upcoming { bookings, more } = self.upcoming.as_ref()?;
        let (mut now, mut before) = (Vec::new(), Vec::new());
        for booking in bookings {
            let Some(starts) = booking.starts() else { continue };
            let date = after.zone.civil(starts).date();
            if !self.is_about(date) || is_within(booking, after) {
                continue;
            }
            // Without hours from before, nothing is known of what was outside of them.
            if self.before.sent.weekly.is_none() || is_within(booking, &self.before) {
                now.push(booking);
            } else {
                before.push(booking);
            }
        }
        Some(Outside { now, before, more: *more })
    }

    /// Whether the change is about the hours of a date.
    fn is_about(&self, date: Date) -> bool {
        let (date, day) = (When::Date(date), When::Day(date.weekday()));
        self.changed.contains(&date) || self.changed.contains(&day) && self.wanted.entry(date).is_none()
    }

    /// Returns sentences for the question: which bookings will be outside of the hours, with a leading space; empty when
    /// there are none.
    pub(super) fn outside_in_words(&self) -> String {
        let Some(Outside { now, before, more }) = self.outside(&self.wanted) else {
            return " Which bookings are outside of these hours could not be looked up.".to_owned();
        };
        let mut sentences = String::new();
        for (bookings, what) in
            [(now, "Outside of these hours, but not canceled"), (before, "Outside before and after")]
        {
            let named: Vec<String> =
                bookings.iter().take(NAMED).map(|booking| booking.mention(&self.before.zone)).collect();
            let others = bookings.len() - named.len();
            let others = if others > 0 { format!("; and {others} more") } else { String::new() };
            if !named.is_empty() {
                sentences.push_str(&format!(" {what}: {}{others}.", named.join("; ")));
            }
        }
        if more {
            sentences.push_str(" Not all upcoming bookings were checked.");
        }
        sentences
    }
}

/// Whether a booking lies within working hours.
pub fn is_within(booking: &Booking, schedule: &WorkingHours) -> bool {
    let Some(starts) = booking.starts() else { return false };
    schedule.covers(starts, booking.span().map_or(starts, |(_, ends)| ends))
}
