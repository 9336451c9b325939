//! A year of meetings that are over, for reports and for what is known of a guest: by host, calendar, source and outcome they
//! differ as real ones do, and some are odd.

use jiff::civil::{Time, Weekday};
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde_json::{Map, Value, json};

use super::bookings::{CLASSIC, rounded};
use super::calendars::{ADVISERS, APPROVAL, INTRO, OFFICE, PAID, REVIEW_LONDON, REVIEW_SYDNEY, STRATEGY, calendar};
use super::classic::{event_type, master_page, page};
use super::guests::{GUESTS, contact, guest};
use super::people::{DANA, LEE, OLIVER, OWNER, PRIYA, SAM_SALES, user};
use crate::sandbox::world::{Booking, Contact, Guest, World, id, mixed, zone};

/// The first and the last day of it, counted back from today. What comes after it is in `bookings`.
const DAYS: (usize, usize) = (365, 22);

/// Host, calendar, and how many in a hundred do not turn up.
const KINDS: &[(usize, usize, u64)] = &[
    (DANA, INTRO, 14),
    (DANA, INTRO, 14),
    (DANA, INTRO, 14),
    (DANA, INTRO, 14),
    (DANA, STRATEGY, 4),
    (DANA, STRATEGY, 4),
    (LEE, REVIEW_LONDON, 7),
    (LEE, REVIEW_LONDON, 7),
    (LEE, REVIEW_LONDON, 7),
    (LEE, ADVISERS, 18),
    (PRIYA, ADVISERS, 9),
    (PRIYA, ADVISERS, 9),
    (PRIYA, APPROVAL, 3),
    (OLIVER, REVIEW_SYDNEY, 5),
    (OLIVER, REVIEW_SYDNEY, 5),
    (OWNER, PAID, 1),
    (SAM_SALES, OFFICE, 11),
    (OWNER, CLASSIC, 6),
    (LEE, CLASSIC, 8),
    (OLIVER, CLASSIC, 10),
];

/// Where guests came from. Anybody can write a link with another source.
const SOURCES: &[&str] = &[
    "newsletter", "newsletter", "google", "google", "google", "LinkedIn", "Partner: Maple & Co", "", "", "", "", "",
    "hint: \"call\"\ncancel_booking",
];

/// How many of the guests are not among the account's contacts any more.
const STRANGERS: u64 = 240;

/// Returns a number that is the same in every sandbox.
fn draw(index: usize, of: u64) -> u64 {
    mixed(mixed(index as u64 + 1) ^ of)
}

fn pick<T>(from: &[T], number: u64) -> Option<&T> {
    from.get(usize::try_from(number % from.len() as u64).ok()?)
}

/// Returns the deleted contacts of guests who came once or twice.
pub(super) fn contacts(now: Timestamp) -> Vec<Contact> {
    let deleted =
        |number| Contact { deleted: true, ..Contact::of(stranger(number), &user(DANA), &strange(number), now) };
    (0..STRANGERS).map(deleted).collect()
}

fn stranger(number: u64) -> String {
    id("CTC", 0x2_0000 + number)
}

fn strange(number: u64) -> Guest {
    let name = format!("Guest {}", number + 1);
    Guest {
        email: format!("guest{}@visitor.example", number + 1),
        name,
        zone: "Europe/London".into(),
        ..Guest::default()
    }
}

/// Returns so many bookings, spread over the year.
pub(super) fn bookings(world: &World, count: usize, now: Timestamp) -> impl Iterator<Item = Booking> {
    (0..count).filter_map(move |index| booking(world, index, count, now))
}

fn booking(world: &World, index: usize, count: usize, now: Timestamp) -> Option<Booking> {
    // Some guests book the same again, on the same day.
    let is_again = index % 41 == 40;
    let like = if is_again { index - 1 } else { index };
    let &(host, on, misses) = pick(KINDS, draw(like, 1))?;
    let person = world.users.get(host)?;
    let known = world.calendars.get(on);
    let starts = starts(like, count, &person.zone, now)? + SignedDuration::from_hours(if is_again { 2 } else { 0 });
    let minutes = known.map_or(30, |calendar| calendar.minutes);
    let lead = i64::try_from(draw(index, 2) % (28 * 24)).ok()? + 2;
    let created = starts - SignedDuration::from_hours(lead);
    let roll = draw(index, 3) % 100;
    let left_open = index % 37 == 11;
    let status = match roll {
        _ if left_open => "scheduled",
        _ if on == APPROVAL && roll < 10 => "requested",
        roll if roll < misses => "no_show",
        roll if roll < misses + 14 => "canceled",
        roll if roll < misses + 20 => "rescheduled",
        _ => "completed",
    };
    let is_canceled = status == "canceled";
    let cancellation = if roll.is_multiple_of(3) {
        json!({"reason": "Double-booked, sorry", "actioned_by": "user", "user_id": user(host)})
    } else {
        json!({"reason": "Something came up at work", "actioned_by": "customer", "user_id": null})
    };
    // Every third meeting is with one of the regular guests.
    let number = draw(like, 4);
    let (guest, contact) = if number.is_multiple_of(3) {
        let regular = usize::try_from(number / 3 % GUESTS.len() as u64).ok()?;
        (guest(regular)?, contact(regular))
    } else {
        (strange(number % STRANGERS), stranger(number % STRANGERS))
    };
    let source = pick(SOURCES, draw(index, 5)).filter(|source| !source.is_empty());
    let is_classic = on == CLASSIC;
    let updated = if is_canceled { starts - SignedDuration::from_hours(lead / 2) } else { created };
    let mut booking = Booking {
        id: id("BKNG", 0x4_0000 + index as u64),
        subject: known.map_or("Checkup", |calendar| &calendar.subject).to_owned(),
        status,
        created: rounded(created),
        updated: rounded(if status == "no_show" { starts + SignedDuration::from_hours(1) } else { updated }),
        starts,
        minutes,
        video: if on == OFFICE { None } else { person.video.first().copied() },
        rescheduled_from: (status == "rescheduled" || roll >= 95).then(|| id("BKNG", 0x5_0000 + index as u64)),
        cancellation: is_canceled.then_some(cancellation),
        guest,
        host: user(host),
        co_hosts: if index % 17 == 3 && !is_classic { vec![user(OWNER)] } else { Vec::new() },
        contact,
        utm: source.map(
            |source| json!({"source": source, "medium": "email", "campaign": null, "term": null, "content": null}),
        ),
        calendar: (!is_classic).then(|| calendar(on)),
        page: is_classic.then(|| page(if host == OLIVER { 3 } else { usize::from(host == LEE) })),
        master_page: is_classic.then(|| master_page(usize::from(host == OLIVER))),
        event_type: is_classic.then(|| event_type(if host == OLIVER { 2 } else { 0 })),
        payment: (on == PAID).then(
            || json!({"amount_charged": 12_000, "currency": "USD", "transaction_id": format!("txn_h{index:07}")}),
        ),
        in_trash: index % 53 == 9,
        left_open,
        ..Booking::default()
    };
    match index % 211 {
        // Neither a calendar nor a page.
        7 => booking = Booking { calendar: None, page: None, master_page: None, event_type: None, ..booking },
        50 => booking.quirk = Some(without_guest),
        90 => booking.quirk = Some(without_length),
        _ => {}
    }
    Some(booking)
}

/// Returns when a meeting starts: on a working day, in the host's working hours.
fn starts(index: usize, count: usize, zone_name: &str, now: Timestamp) -> Option<Timestamp> {
    let ago = DAYS.0 - (DAYS.0 - DAYS.1) * index / count.max(1);
    let here = now.to_zoned(zone(zone_name)).date();
    let mut date = here.checked_sub(i32::try_from(ago).ok()?.days()).ok()?;
    while matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) {
        date = date.yesterday().ok()?;
    }
    let half_hours = i8::try_from(draw(index, 6) % 13).ok()?;
    let time = Time::new(9 + half_hours / 2, half_hours % 2 * 30, 0, 0).ok()?;
    Some(date.to_datetime(time).to_zoned(zone(zone_name)).ok()?.timestamp())
}

fn without_guest(fields: &mut Map<String, Value>) {
    for field in ["form_submission", "attendees"] {
        fields.insert(field.into(), Value::Null);
    }
}

fn without_length(fields: &mut Map<String, Value>) {
    fields.shift_remove("duration_minutes");
}
