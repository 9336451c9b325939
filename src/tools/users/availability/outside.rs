//! Bookings that a change of hours leaves outside of them.

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::super::super::call::Call;
use super::super::super::time;
use super::hours::{Plan, minutes};
use super::schedule::Schedule;
use crate::oncehub::{Error, Id, Object, bookings};

/// The most that are looked through.
const MOST: usize = 500;

impl<I> Call<I> {
    /// The live bookings to come of a user, on the days that the plan is about, that do not lie within hours; and whether
    /// there were more than could be looked through.
    pub(super) async fn outside(
        &self,
        user: &Id,
        plan: &Plan,
        schedule: &Schedule,
    ) -> Result<(Vec<Object>, bool), Error> {
        let mut from = self.now;
        let mut until = None;
        if plan.weekly.is_empty() {
            // Only dates have changed: nothing before the first or after the last of them is of interest.
            let dates = || plan.overrides.iter().map(|(date, _)| *date);
            let midnight = |date: Date| schedule.zone.midnight(date);
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
            page.items.into_iter().filter(|booking| is_outside(booking, plan, schedule)).collect();
        outside.sort_by_key(|booking| booking.text("starting_time").and_then(time::read));
        Ok((outside, page.has_more))
    }
}

fn is_outside(booking: &Object, plan: &Plan, schedule: &Schedule) -> bool {
    let is_live =
        booking.text("status").is_some_and(|status| matches!(status, "scheduled" | "rescheduled" | "requested"));
    let Some(starts) = booking.text("starting_time").and_then(time::read).filter(|_| is_live) else { return false };
    let local = schedule.zone.civil(starts);
    let date = local.date();
    let by_date = plan.overrides.iter().any(|(changed, _)| *changed == date);
    let by_day = plan.weekly.iter().any(|(day, _)| *day == date.weekday()) && !schedule.overrides.contains_key(&date);
    if !by_date && !by_day {
        return false;
    }
    let length = booking.number("duration_minutes").and_then(|length| i32::try_from(length).ok()).unwrap_or_default();
    let start = i32::from(local.hour()) * 60 + i32::from(local.minute());
    let holds = |from: &str, to: &str| {
        minutes(from).is_some_and(|from| from <= start)
            && minutes(to).is_some_and(|to| start.saturating_add(length) <= to)
    };
    !schedule.date(date).iter().any(|hours| holds(&hours.start_time, &hours.end_time))
}
