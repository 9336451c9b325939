//! Free slots: what working hours, overrides, buffers and existing bookings leave free on a calendar, in the host's own
//! zone.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::world::{Booking, Calendar, Hours, User, World, zone};

/// Returns the free start times, each with the hosts who could take it.
pub(super) fn free<'a>(
    world: &'a World,
    calendar: &Calendar,
    from: Timestamp,
    to: Timestamp,
) -> BTreeMap<Timestamp, Vec<&'a User>> {
    let mut starts: BTreeMap<Timestamp, Vec<&User>> = BTreeMap::new();
    let earliest = from.max(world.time() + SignedDuration::from_mins(calendar.notice));
    for host in hosts(world, calendar) {
        let busy = busy(world, host);
        for start in offered(host, calendar, from, to) {
            let until = start + SignedDuration::from_mins(calendar.minutes + calendar.buffer);
            let before = start - SignedDuration::from_mins(calendar.buffer);
            let is_free = busy.iter().all(|booking| booking.ends() <= before || booking.starts >= until);
            if start >= earliest && start < to && is_free {
                starts.entry(start).or_default().push(host);
            }
        }
    }
    starts
}

/// Returns who hosts a calendar: one user, or the members of a team.
pub(super) fn hosts<'a>(world: &'a World, calendar: &Calendar) -> Vec<&'a User> {
    let is_host = |user: &&User| user.id == calendar.host || user.teams.contains(&calendar.host);
    world.users.iter().filter(is_host).filter(|user| user.can_host()).collect()
}

fn busy<'a>(world: &'a World, host: &User) -> Vec<&'a Booking> {
    let now = world.time();
    world.bookings.iter().filter(|booking| booking.is_live(now) && booking.is_hosted_by(&host.id)).collect()
}

/// Returns every start that the host's hours allow, free or not.
fn offered(host: &User, calendar: &Calendar, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
    let here = zone(&host.zone);
    let length = SignedDuration::from_mins(calendar.minutes);
    let mut starts = Vec::new();
    let first = from.to_zoned(here.clone()).date().yesterday().unwrap_or(Date::MIN);
    let last = to.to_zoned(here.clone()).date();
    for date in first.series(1.day()).take_while(|date| *date <= last) {
        for Hours { begin, end, .. } in hours(host, date) {
            // Hours are wall-clock times: when the clocks change, the range between them is longer or shorter.
            let (Some(mut start), Some(end)) = (at(date, *begin, &here), at(date, *end, &here)) else {
                continue;
            };
            while start + length <= end {
                starts.push(start);
                start += length;
            }
        }
    }
    starts
}

pub(super) fn hours(host: &User, date: Date) -> &[Hours] {
    host.overrides.get(&date).or_else(|| host.weekly.get(&date.weekday())).map_or(&[], Vec::as_slice)
}

pub(super) fn at(date: Date, minute: i16, zone: &TimeZone) -> Option<Timestamp> {
    let (hour, minute) = (i8::try_from(minute / 60).ok()?, i8::try_from(minute % 60).ok()?);
    let time = Time::new(hour, minute, 0, 0).ok()?;
    Some(date.to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp())
}
