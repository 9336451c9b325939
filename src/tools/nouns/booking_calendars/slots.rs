//! The free slots of a calendar.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use jiff::{SignedDuration, Timestamp};
use rmcp::{tool, tool_router};
use serde_json::{Map, Value};

use super::calendar;
use crate::names::Found;
use crate::names::slots::{LONGEST, Part, slots};
use crate::oncehub::Id;
use crate::records::slot::{Slot, described, spread};
use crate::records::{Failure, Time, Zone, time};
use crate::tools::listing::USUAL;
use crate::tools::size::most_that_fit;
use crate::tools::times::{Lengths, Range};
use crate::tools::{Answer, Call, Parameters, Reply, Tools, schema};

#[tool_router(router = slots, vis = "pub(in crate::tools)")]
impl Tools {
    /// Find a booking calendar's free start times for `schedule_meeting`, and where each can take place. Several
    /// calendars: `find_times`. Respects meetings, hours and buffers, not how far ahead guests book. Needs a
    /// published calendar and a host with a seat.
    #[tool(title = "Get free time slots", annotations(read_only_hint = true), output_schema = schema::one::<Slots>())]
    async fn get_booking_time_slots(&self, call: Call, Parameters(input): Parameters<GetBookingTimeSlots>) -> Answer {
        let zone = call.zone_asked("time_zone", input.time_zone.as_deref())?;
        let start = ("start_time", input.start_time.as_deref());
        let end = ("end_time", input.end_time.as_deref());
        let mut range = Range::read(&call, &zone, [start, end], AS_LONG_AS_ONCEHUB_TAKES)?;
        let place = input.cursor.as_deref().map(Place::parse).transpose()?;
        if let Some(place) = &place {
            let gone = "it is outside of the range that is asked for";
            range = range.from(place.next).ok_or_else(|| Failure::argument("cursor", gone, WHOLE_CURSOR))?;
        }
        let seen = place.as_ref().map(|place| place.seen.as_slice()).unwrap_or_default();
        let calendar = calendar(&call.names, &input.calendar_id).await?;
        let mut slots = slots(call.oncehub(), &calendar.id, range.part()).await?;
        slots.retain(|slot| !seen.contains(&slot.start));
        let wanted = input.limit.map_or(USUAL, |limit| limit as usize).min(slots.len());
        let later = if slots.is_empty() { Some(next_after(&call, &calendar.id, range.end, &zone).await) } else { None };
        // From a free start on, as next_start_time is one; and nobody chooses among so many.
        let begins_with_slot = slots.first().is_some_and(|slot| Some(slot.start) == range.start);
        let goes_on = place.is_some() || wanted > CHOSEN || (!range.begins_with_day && begins_with_slot);
        let shown = |count: usize| {
            // As many as are asked for help to choose; a reply that is full, or goes on, can only be read in order.
            let given = if count == wanted && !goes_on {
                chosen(&slots, count, &zone)
            } else {
                slots.iter().take(count).collect()
            };
            let mut reply = show(&slots, (&given, seen), &range, &calendar, &zone);
            range.notes.iter().chain(&later).for_each(|note| reply.note(note));
            reply
        };
        let (most, structured) = (call.settings.max_reply, call.settings.structured);
        let count = most_that_fit(wanted, most, |count| shown(count).size(structured));
        let mut reply = shown(count);
        if count < wanted {
            reply.note(&format!(
                "These are {count} of the {wanted} asked for, since a reply holds at most {} kB: next_start_time \
                 continues right after the last one shown.",
                most / 1000
            ));
        }
        Ok(reply)
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct GetBookingTimeSlots {
    /// Id, exact name or URL
    calendar_id: String,
    /// 2026-12-01T15:00, today, monday, +3d; default now
    start_time: Option<String>,
    /// Dates are inclusive; default a week later, at most 30 days
    end_time: Option<String>,
    /// The guest's IANA zone, for reply and inputs
    time_zone: Option<String>,
    #[schemars(range(min = 1, max = 500), extend("default" = 25))]
    limit: Option<u32>,
    /// A next_cursor
    cursor: Option<String>,
}

/// How long a range is.
const AS_LONG_AS_ONCEHUB_TAKES: Lengths = Lengths {
    usual: 7,
    longest: 30,
    if_longer: "OnceHub returns free slots for at most 30 days at a time",
    hint: "ask for 30 days or less, then for the following days",
};

/// The reply: free slots, and where to go on.
#[serde_with::skip_serializing_none]
#[derive(serde::Serialize, schemars::JsonSchema)]
struct Slots {
    /// In the order of time; of more than there is room for, a choice from several days
    items: Vec<Item>,
    /// Whether others are left out
    has_more: bool,
    /// Pass it as cursor for the others, each once and in order; null at the end
    #[serialize_always]
    next_cursor: Option<String>,
    /// The first start that is left out: pass it as start_time, with the same end_time, to see all from there in order
    next_start_time: Option<String>,
    /// How many are left out, by day
    left_out: Option<BTreeMap<String, usize>>,
    /// The zone of every time that ends in _local
    time_zone: String,
    calendar_id: String,
    /// If the same for all items: location_type and location_value for schedule_meeting
    locations: Option<Vec<Map<String, Value>>>,
    /// The range, as understood
    asked: String,
    /// Anything else to know
    note: Option<String>,
}

#[serde_with::skip_serializing_none]
#[derive(serde::Serialize, schemars::JsonSchema)]
struct Item {
    /// UTC: pass it to schedule_meeting
    start_time: Time,
    /// If they differ between items
    locations: Option<Vec<Map<String, Value>>>,
}

/// Says when the calendar is free after an empty range, as far as OnceHub says.
async fn next_after(call: &Call, calendar: &Id, end: Timestamp, zone: &Zone) -> String {
    let until = end.checked_add(LONGEST).unwrap_or(end);
    let part = Part { start: end, is_from_now: false, end: until };
    match slots(&call.oncehub().trying_once(), calendar, part).await.as_deref() {
        Ok([next, ..]) => format!(
            "The next free start is {}: call again from that day on. Why nothing is free before, OnceHub does not say: it \
             is taken, or outside working hours.",
            time::local(next.start, zone)
        ),
        Ok([]) => format!(
            "Nothing is free until {} either: the calendar is full, or its host has no working hours then; OnceHub does \
             not say which. Try another calendar.",
            time::local(until, zone)
        ),
        Err(_) => "When it is free later could not be read: try other days, or another calendar.".to_owned(),
    }
}

/// Where a list of slots goes on: at the first that was not shown, without those after it that were.
#[derive(Debug, PartialEq)]
struct Place {
    next: Timestamp,
    seen: Vec<Timestamp>,
}

const WHOLE_CURSOR: &str =
    "pass the last reply's next_cursor as it is, with the same range, or leave it out to start over";

impl Place {
    /// Returns where it goes on after these have been shown, if any others are left.
    fn after(slots: &[Slot], given: &[&Slot], seen: &[Timestamp]) -> Option<Self> {
        let next = slots.iter().find(|slot| !given.contains(slot))?.start;
        let shown = given.iter().map(|slot| slot.start).chain(seen.iter().copied());
        let mut seen: Vec<Timestamp> = shown.filter(|at| *at > next).collect();
        seen.sort_unstable();
        Some(Self { next, seen })
    }

    /// Reads a cursor: `2026-12-01T15:00:00Z/1800.2.5` has seen the starts 2 and 5 times 1,800 s later.
    fn parse(text: &str) -> Result<Self, Failure> {
        let read = || {
            let (next, seen) = text.trim().split_once('/').unwrap_or((text.trim(), ""));
            let next: Timestamp = next.parse().ok()?;
            let mut numbers = seen.split('.').filter(|number| !number.is_empty()).map(str::parse::<u32>);
            let unit = numbers.next().unwrap_or(Ok(1)).ok()?;
            let seen = numbers.take(CHOSEN).map(|count| {
                let seconds = i64::from(count.ok()?).checked_mul(i64::from(unit))?;
                next.checked_add(SignedDuration::from_secs(seconds)).ok()
            });
            Some(Self { next, seen: seen.collect::<Option<_>>()? })
        };
        let problem = "it is not a next_cursor of get_booking_time_slots";
        read().ok_or_else(|| Failure::argument("cursor", problem, WHOLE_CURSOR))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&time::instant(self.next))?;
        let later: Vec<i64> = self.seen.iter().map(|at| at.duration_since(self.next).as_secs()).collect();
        // Starts are some minutes apart, all by the same number or by a few times that: short numbers tell them.
        let unit = later.iter().copied().reduce(common_divisor).filter(|unit| *unit > 0);
        unit.map_or(Ok(()), |unit| {
            write!(f, "/{unit}")?;
            later.iter().try_for_each(|seconds| write!(f, ".{}", seconds / unit))
        })
    }
}

fn common_divisor(one: i64, other: i64) -> i64 {
    if other == 0 { one } else { common_divisor(other, one % other) }
}

/// The most slots that are chosen from several days: more are shown in order.
const CHOSEN: usize = 100;

/// The fewest days that a choice of slots is spread over, and about how many it shows of each.
const FEWEST_DAYS: usize = 3;
const OF_A_DAY: usize = 4;

/// Chooses `count` slots from several days, and from all of each day.
fn chosen<'a>(slots: &'a [Slot], count: usize, zone: &Zone) -> Vec<&'a Slot> {
    if count >= slots.len() {
        return slots.iter().collect();
    }
    let days: Vec<&[Slot]> = slots.chunk_by(|a, b| zone.date(a.start) == zone.date(b.start)).collect();
    let mut over = count.div_ceil(OF_A_DAY).max(FEWEST_DAYS).min(count);
    while days.iter().take(over).map(|day| day.len()).sum::<usize>() < count {
        over += 1;
    }
    let days = days.get(..over).unwrap_or(&days);
    let mut shares = vec![0; days.len()];
    let mut left = count;
    for (at, day) in days.iter().enumerate().cycle() {
        match shares.get_mut(at) {
            _ if left == 0 => break,
            Some(share) if *share < day.len() => (*share, left) = (*share + 1, left - 1),
            _ => {}
        }
    }
    days.iter().zip(shares).flat_map(|(day, share)| spread(day, share)).collect()
}

/// Counts the slots that are left out, by day.
fn left_out(slots: &[Slot], given: &[&Slot], zone: &Zone) -> BTreeMap<String, usize> {
    let mut days = BTreeMap::new();
    for slot in slots.iter().filter(|slot| !given.contains(slot)) {
        *days.entry(zone.date(slot.start).to_string()).or_default() += 1;
    }
    days
}

/// The most days of which is told how many slots are left out.
const NAMED_DAYS: usize = 14;

/// Shows some of a calendar's slots, and what is left out. Others have been seen before.
fn show(
    slots: &[Slot],
    (given, seen): (&[&Slot], &[Timestamp]),
    range: &Range,
    calendar: &Found,
    zone: &Zone,
) -> Reply {
    let left_out = left_out(slots, given, zone);
    let place = Place::after(slots, given, seen);
    let next = place.as_ref().map(|place| place.next);
    // The locations are nearly always the same for all slots: then they are listed once.
    let first = given.first().map(|slot| slot.locations.as_slice()).unwrap_or_default();
    let everywhere = given.iter().all(|slot| slot.locations == first);

    let mut days: Vec<(String, Vec<String>)> = Vec::new();
    for slot in given {
        // The offset is part of the day: a day on which the clocks change has two.
        let day = time::day_with_offset(slot.start, zone);
        let mut words = time::clock(slot.start, zone);
        if !everywhere {
            let _ = write!(words, " [{}]", described(&slot.locations));
        }
        match days.last_mut().filter(|(last, _)| *last == day) {
            Some((_, starts)) => starts.push(words),
            None => days.push((day, vec![words])),
        }
    }
    let many = match given.len() {
        0 => "No free slots".to_owned(),
        1 => "1 free slot".to_owned(),
        count => format!("{count} free slots"),
    };
    let asked = range.described(zone);
    let mut text = format!("{many} on {}, {asked}, times in {}", calendar.described(), zone.name());
    if everywhere && !first.is_empty() {
        let _ = write!(text, "\nlocations: {}", described(first));
    }
    for (day, starts) in days {
        let _ = write!(text, "\n{day}: {}", starts.join(" "));
    }
    if !left_out.is_empty() {
        let named: Vec<String> =
            left_out.iter().take(NAMED_DAYS).map(|(day, count)| format!("{count} on {day}")).collect();
        let others = left_out.len() - named.len();
        let others = if others > 0 { format!(", and on {others} more days") } else { String::new() };
        let _ = write!(
            text,
            "\nmore: left out are {}{others}; call again for one of these days, or with a higher limit",
            named.join(", ")
        );
    }
    if let Some(next) = next {
        let _ = write!(text, ", or with start_time {} to see all in order", time::instant(next));
    }

    let item =
        |slot: &&Slot| Item { start_time: Time(slot.start), locations: (!everywhere).then(|| slot.locations.clone()) };
    let reply = Slots {
        items: given.iter().map(item).collect(),
        has_more: place.is_some(),
        next_cursor: place.map(|place| place.to_string()),
        next_start_time: None,
        left_out: Some(left_out).filter(|days| !days.is_empty()),
        time_zone: zone.name().to_owned(),
        calendar_id: calendar.id.to_string(),
        locations: Some(first.to_vec()).filter(|first| everywhere && !first.is_empty()),
        asked,
        note: None,
    };
    let mut reply = Reply::new(reply, text).localised(zone);
    if let Some(next) = next {
        // It is to be passed on, not read: it has no local form.
        reply.put("next_start_time", time::instant(next));
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_says_where_to_go_on_and_what_was_seen() {
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let next = at("2026-12-01T15:00:00Z");
        for (seen, cursor) in [
            (vec![], "2026-12-01T15:00:00Z"),
            (vec!["2026-12-01T15:30:00Z", "2026-12-02T15:00:00Z"], "2026-12-01T15:00:00Z/1800.1.48"),
            (vec!["2026-12-01T15:45:00Z", "2026-12-01T16:00:00Z"], "2026-12-01T15:00:00Z/900.3.4"),
        ] {
            let place = Place { next, seen: seen.into_iter().map(at).collect() };
            assert_eq!((place.to_string().as_str(), &Place::parse(cursor).unwrap()), (cursor, &place));
        }
        for other in ["BKNG-1", "2026-12-01", "2026-12-01T15:00:00Z/a", "2026-12-01T15:00:00Z/9.-1", "/1.2"] {
            assert!(Place::parse(other).is_err(), "{other}");
        }
    }
}
