//! `/booking-calendars`: free slots and who gets them.

use std::collections::BTreeSet;

use jiff::civil::Weekday;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{Bench, Got};
use crate::sandbox::seed::people::{DANA, user};
use crate::sandbox::world::zone;

#[tokio::test]
async fn slots_are_the_hosts_hours_less_what_is_booked() {
    let bench = Bench::start().await;
    let intro = bench.calendar("Intro call with Northlight");
    let slots = bench.slots(&intro, "2026-11-24T00:00:00Z", "2026-12-05T00:00:00Z").await;
    assert!(slots.len() > 80);
    for start in &slots {
        let here = start.to_zoned(zone("America/New_York"));
        assert!(!matches!(here.weekday(), Weekday::Saturday | Weekday::Sunday), "{here}");
        assert!((9..17).contains(&here.hour()), "{here}");
        let end = *start + SignedDuration::from_mins(30);
        bench.sandbox.with(|world| {
            let now = world.time();
            let mut hers = world.bookings.iter().filter(|booking| booking.is_hosted_by(&user(DANA)));
            assert!(!hers.any(|booking| booking.is_live(now) && booking.starts < end && *start < booking.ends()));
        });
    }
    // Her day off, and her short one.
    let december = bench.slots(&intro, "2026-12-16T00:00:00Z", "2026-12-20T00:00:00Z").await;
    let on = |day: i8| december.iter().filter(|start| start.to_zoned(zone("America/New_York")).day() == day).count();
    assert_eq!((on(16), on(17), on(18)), (16, 0, 4));
}

#[tokio::test]
async fn slots_keep_the_time_on_the_wall_when_the_clocks_change() {
    for (subject, place, now, change, wall) in [
        ("Intro call with Northlight", "America/New_York", "2027-03-08T12:00:00Z", "2027-03-14", "09:00"),
        ("Intro call with Northlight", "America/New_York", "2027-11-01T12:00:00Z", "2027-11-07", "09:00"),
        ("Quarterly review", "Europe/London", "2027-03-22T12:00:00Z", "2027-03-28", "09:00"),
        ("Quarterly review (Sydney)", "Australia/Sydney", "2027-03-29T12:00:00Z", "2027-04-04", "08:00"),
        ("Partnership talk", "Asia/Kolkata", "2027-03-22T12:00:00Z", "2027-03-28", "10:00"),
    ] {
        let bench = Bench::at(now, None).await;
        // Without bookings, so that each day's first slot is at the start of the hours.
        bench.sandbox.with(|world| world.bookings.clear());
        let calendar = bench.calendar(subject);
        let day = |days: i64| {
            let date: jiff::civil::Date = change.parse().unwrap();
            date.checked_add(jiff::Span::new().days(days)).unwrap().to_string()
        };
        let (from, to) = (format!("{}T00:00:00Z", day(-3)), format!("{}T00:00:00Z", day(4)));
        let slots = bench.slots(&calendar, &from, &to).await;
        let mut days = BTreeSet::new();
        for start in slots {
            let here = start.to_zoned(zone(place));
            if days.insert(here.date()) && here.date().to_string() > day(-3) {
                assert_eq!(here.strftime("%H:%M").to_string(), wall, "{here}");
            }
        }
        assert!(days.len() >= 4, "{subject}: {days:?}");
    }
}

#[tokio::test]
async fn slots_are_refused_with_a_reason() {
    let bench = Bench::start().await;
    let path = |subject: &str, query: &str| format!("/booking-calendars/{}/time-slots{query}", bench.calendar(subject));
    let intro = "Intro call with Northlight";
    for (path, refusal) in [
        (
            path(intro, "?start_time=2026-12-02&end_time=2026-12-01"),
            "400 invalid_request_error end_time: End time must be after the start time.",
        ),
        (
            path(intro, "?start_time=2026-11-01&end_time=2026-11-30"),
            "400 invalid_request_error start_time: Start time must not be in the past.",
        ),
        (
            path(intro, "?start_time=2026-12-01&end_time=2027-01-15"),
            "400 invalid_request_error end_time: The date range must not exceed 30 days.",
        ),
        (
            path("Onboarding", ""),
            "422 invalid_request_error id: Time slots cannot be retrieved from an unpublished booking calendar.",
        ),
        (
            path("Half an hour with Noor", ""),
            "402 invalid_request_error : Time slots cannot be retrieved when the host doesn't have a seat assigned.",
        ),
        (
            "/booking-calendars/BKC-NONE/time-slots".to_owned(),
            "404 invalid_request_error id: No such booking calendar: 'BKC-NONE'",
        ),
    ] {
        assert_eq!(bench.get(&path).await.refusal(), refusal);
    }
}

#[tokio::test]
async fn of_fifty_who_want_the_same_slot_one_gets_it() {
    let bench = Bench::start().await;
    let intro = bench.calendar("Intro call with Northlight");
    let start = bench.slots(&intro, "2026-11-25T00:00:00Z", "2026-11-27T00:00:00Z").await[0];
    let names: Vec<String> = (0..50).map(|number| format!("guest{number}")).collect();
    let all = futures::future::join_all(names.iter().map(|name| bench.schedule(&intro, start, name))).await;
    let booked: Vec<&Got> = all.iter().filter(|got| got.status == 200).collect();
    assert_eq!(booked.len(), 1);
    let taken = "400 invalid_request_error start_time: The selected start time is not available.";
    assert!(all.iter().filter(|got| got.status != 200).all(|got| got.refusal() == taken));
    assert_eq!(bench.sandbox.with(|world| world.double_bookings()), 0);
    let id = booked[0].body["id"].as_str().unwrap();
    assert_eq!(booked[0].body, json!({"id": id}), "OnceHub answers with nothing but the id");
    assert!(!bench.slots(&intro, "2026-11-25T00:00:00Z", "2026-11-27T00:00:00Z").await.contains(&start));
    assert_eq!(bench.post(&format!("/bookings/{id}/cancel"), json!({})).await.body["status"], "canceled");
    assert!(bench.slots(&intro, "2026-11-25T00:00:00Z", "2026-11-27T00:00:00Z").await.contains(&start));
}

#[tokio::test]
async fn a_team_takes_as_many_meetings_as_it_has_people() {
    let bench = Bench::start().await;
    let team = bench.calendar("Talk to an adviser");
    let (from, to) = ("2026-11-26T00:00:00Z", "2026-11-27T00:00:00Z");
    // Working hours of New York and London overlap in the afternoon of London.
    let start: Timestamp = "2026-11-26T15:00:00Z".parse().unwrap();
    let mut hosts = BTreeSet::new();
    while bench.slots(&team, from, to).await.contains(&start) {
        let got = bench.schedule(&team, start, &format!("guest{}", hosts.len())).await;
        let booking = bench.get(&format!("/bookings/{}", got.body["id"].as_str().unwrap())).await;
        assert!(hosts.insert(booking.body["owner"].as_str().unwrap().to_owned()), "twice the same host");
    }
    assert!(hosts.len() >= 2);
}
