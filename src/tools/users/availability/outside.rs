//! Bookings that a change of hours leaves outside working hours.

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Map, Value};

use super::hours::{Plan, minutes};
use super::schedule::Schedule;
use crate::oncehub::{Error, Id, Object, bookings};
use crate::tools::bookings::{describe, guest, is_live};
use crate::tools::call::Call;
use crate::tools::reply::put_time;
use crate::tools::time::{self, Zone};

/// The most bookings that are scanned.
const MOST: usize = 500;

impl Call {
    /// Returns a user's live upcoming bookings that were within working hours before the plan and no longer are; and
    /// whether there were more than could be scanned.
    pub(super) async fn outside(
        &self,
        user: &Id,
        plan: &Plan,
        before: &Schedule,
        after: &Schedule,
    ) -> Result<(Vec<Object>, bool), Error> {
        let mut from = self.now;
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
            starting_after: Some((from - jiff::SignedDuration::from_millis(1)).to_string()),
            starting_before: until.map(time::instant),
            ..bookings::All::default()
        };
        let page = self.oncehub.list(&listing, MOST).await?;
        let mut outside: Vec<Object> =
            page.items.into_iter().filter(|booking| is_within(booking, before) && !is_within(booking, after)).collect();
        outside.sort_by_key(|booking| booking.text("starting_time").and_then(time::read));
        Ok((outside, page.has_more))
    }
}

/// Whether a live booking lies within the hours of its day: adjoining ranges count as one.
fn is_within(booking: &Object, schedule: &Schedule) -> bool {
    let starts = booking.text("starting_time").and_then(time::read).filter(|_| is_live(booking));
    let Some(starts) = starts else { return false };
    let local = schedule.zone.civil(starts);
    let length = booking.number("duration_minutes").and_then(|length| i32::try_from(length).ok()).unwrap_or_default();
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

/// How many bookings are named in a reply.
const NAMED: usize = 50;

/// Adds the bookings that now lie outside to a reply, if there are any.
pub(super) fn put(fields: &mut Map<String, Value>, text: &mut String, bookings: &[Object], user: &str, zone: &Zone) {
    let is_co_host = |booking: &Object| booking.reference("owner").is_some_and(|owner| owner.id != user);
    let row = |booking: &Object| {
        let mut row = Map::new();
        for field in ["id", "status"] {
            row.extend(booking.text(field).map(|value| (field.to_owned(), value.into())));
        }
        if let Some(at) = booking.text("starting_time").and_then(time::read) {
            put_time(&mut row, "starting_time", at, zone);
        }
        row.extend(guest(booking).map(|guest| ("guest".to_owned(), guest.into())));
        row.extend(is_co_host(booking).then(|| ("as_co_host".to_owned(), true.into())));
        Value::Object(row)
    };
    fields.insert("outside_working_hours".into(), bookings.iter().take(NAMED).map(row).collect());
    if !bookings.is_empty() {
        text.push_str("\nbookings that now lie outside:");
    }
    for booking in bookings.iter().take(NAMED) {
        let role = if is_co_host(booking) { " (as co-host)" } else { "" };
        text.push_str(&format!("\n{}{role}", describe(booking, zone)));
    }
    if bookings.len() > NAMED {
        text.push_str(&format!("\nand {} more: see list_bookings (host)", bookings.len() - NAMED));
    }
}
