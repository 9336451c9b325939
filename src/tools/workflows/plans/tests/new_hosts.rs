//! New hosts who are chosen, against a reference that tries everybody for every minute of the sandbox's world.

use std::collections::HashSet;

use jiff::civil::Weekday;
use serde_json::json;

use super::{DANA, LEE, planned};
use crate::sandbox::World;
use crate::tools::tests::bench::{Bench, Setup};
use crate::tools::tests::cases;

/// Ordinary days, and days before the clocks change in New York, in London, and in Sydney.
const STARTS: [&str; 5] = [
    "2026-11-23T14:20:00Z", "2026-10-30T12:00:00Z", "2026-10-23T12:00:00Z", "2027-03-12T12:00:00Z",
    "2026-10-02T12:00:00Z",
];

const WEEK: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

/// Fills a world with hours and bookings at random; returns those of Dana's that are left to others.
fn fill(world: &mut World, random: &mut fastrand::Rng) -> Vec<String> {
    let (people, calendars) = world.people_and_calendars();
    for user in &people {
        (0..2).filter(|_| random.u8(..) < 120).for_each(|team| world.enlist(user, team));
        for day in WEEK {
            let begin = random.i16(0..40) * 15;
            let middle = begin + random.i16(4..24) * 15;
            let pause = random.i16(0..3) * 30;
            let end = (middle + pause + random.i16(4..30) * 15).min(23 * 60 + 45);
            let ranges = [(begin, middle), (middle + pause, end)];
            let ranges = if random.u8(..) < 40 { &ranges[..0] } else { &ranges[..] };
            world.set_hours(user, day, ranges);
        }
    }
    // Many at the same times, so that they are in each other's way.
    let starts = |random: &mut fastrand::Rng| (random.i32(1..4), random.i64(8..60) * 15);
    for _ in 0..30 {
        let (days, minutes) = starts(random);
        let host = &people[random.usize(..people.len())];
        if host != DANA {
            let id = world.book(host, &calendars[2], world.moment(days, minutes), random.i64(1..5) * 15);
            if random.u8(..) < 60 {
                world.join(&id, &people[random.usize(..people.len())]);
            }
        }
    }
    let left = (0..12).map(|_| {
        let (days, minutes) = starts(random);
        // Some on the calendar of the team, some on Dana's own.
        let calendar = &calendars[2 * random.usize(..2)];
        world.book(DANA, calendar, world.moment(days, minutes), random.i64(1..5) * 15)
    });
    left.collect()
}

#[tokio::test]
async fn new_hosts_are_those_that_a_reference_finds_who_are_free_and_work_then_and_have_least() {
    let worlds = cases(12, 400);
    let mut random = fastrand::Rng::with_seed(38);
    let (mut given, mut nobody) = (0, 0);
    for n in 0..worlds {
        let bench = Bench::with(Setup { now: STARTS[n % STARTS.len()], ..Setup::default() }).await;
        let left = bench.sandbox.with(|world| fill(world, &mut random));
        let asked = json!({"change": "reassign", "new_host": "auto", "booking_ids": left});
        let plan = bench.call("plan_changes", asked).await;
        let expected = bench.sandbox.with(|world| world.who_takes_over(&left, DANA));
        let items = plan.structure()["items"].as_array().unwrap();
        let found: Vec<(String, Option<String>)> = items
            .iter()
            .map(|item| (item["id"].as_str().unwrap().to_owned(), item["new_host"].as_str().map(str::to_owned)))
            .collect();
        assert_eq!(found, expected, "world {n}: {}", plan.text());
        given += found.iter().filter(|(_, host)| host.is_some()).count();
        nobody += found.iter().filter(|(_, host)| host.is_none()).count();
        // Each host's bookings (on calendars, and on Classic pages) and hours are read once, however many bookings there are.
        let seen = bench.sandbox.forget_requests();
        let hours: Vec<&str> = seen
            .iter()
            .map(|seen| seen.path.as_str())
            .filter(|path| path.ends_with("/scheduling-availability"))
            .collect();
        assert_eq!(hours.iter().collect::<HashSet<_>>().len(), hours.len());
        let by_host = seen.iter().filter(|seen| seen.query.contains("host=") || seen.query.contains("owner="));
        assert_eq!(by_host.count(), 2 * hours.len());
    }
    assert!(given > worlds * 2 && nobody > worlds, "{given} given, {nobody} to nobody");
    eprintln!("{worlds} worlds: {given} bookings were given to somebody, {nobody} to nobody");
}

#[tokio::test]
async fn nobody_is_given_two_at_once_and_the_least_loaded_comes_first() {
    let bench = Bench::start().await;
    let (ids, people) = bench.sandbox.with(|world| {
        let (people, calendars) = world.people_and_calendars();
        for user in &people {
            WEEK.iter().for_each(|day| world.set_hours(user, *day, &[(0, 23 * 60 + 45)]));
        }
        // Four at the same time, on a calendar whose team has two others.
        let four: Vec<String> = (0..4).map(|_| world.book(DANA, &calendars[2], world.moment(9, 600), 30)).collect();
        let later = world.book(DANA, &calendars[2], world.moment(9, 700), 30);
        world.book(LEE, &calendars[3], world.moment(9, 800), 30);
        ([four, vec![later]].concat(), people)
    });
    let asked = json!({"change": "reassign", "new_host": "auto", "booking_ids": ids});
    let plan = bench.call("plan_changes", asked).await;
    let items = plan.structure()["items"].as_array().unwrap();
    let hosts: Vec<Option<&str>> = items.iter().map(|item| item["new_host"].as_str()).collect();
    let priya = people[3].as_str();
    // Priya has less than Lee on that day, until she has one more.
    assert_eq!(hosts, [Some(priya), Some(LEE), None, None, Some(priya)], "{}", plan.text());
    assert!(
        items[2]["problem"]
            .as_str()
            .unwrap()
            .starts_with("nobody of its team has time: \"Priya Raman\" has another booking then, ")
    );
    assert!(plan.text().contains("calendars outside of it were not looked at"), "{}", plan.text());
    let done = bench.call("carry_out_plan", planned(&plan)).await;
    assert_eq!(done.structure()["done"], 3, "{}", done.text());
    assert!(bench.sandbox.with(|world| world.is_host("priya@northlight.example", &ids[4])
        || world.is_host("priya@northlight.example", &ids[0])));
}

#[tokio::test]
async fn a_host_outside_of_their_hours_is_only_warned_of_when_they_are_named() {
    let bench = Bench::start().await;
    let id = bench.sandbox.with(|world| {
        let (_, calendars) = world.people_and_calendars();
        // Four in the afternoon in New York is nine at night in London.
        world.book(DANA, &calendars[0], world.moment(9, 16 * 60), 30)
    });
    let asked = |host: &str| json!({"change": "reassign", "new_host": host, "booking_ids": [id]});
    let named = bench.call("plan_changes", asked("Lee Whitford")).await;
    assert_eq!(
        named.structure()["items"][0]["would"],
        "given to the new host, everyone notified; outside of their working hours"
    );
    assert!(
        named.text().contains("-> \"Lee Whitford\" USR-XSAJLWDAS78B, outside of their working hours"),
        "{}",
        named.text()
    );
    let auto = bench.call("plan_changes", asked("auto")).await;
    let problem = auto.structure()["items"][0]["problem"].as_str().unwrap();
    assert_eq!(
        problem,
        "nobody of its team has time: \"Priya Raman\" does not work then, \"Lee Whitford\" does not work then"
    );
}

#[tokio::test]
async fn whose_time_is_not_known_is_not_chosen() {
    let bench = Bench::start().await;
    let id = bench.sandbox.with(|world| {
        let (_, calendars) = world.people_and_calendars();
        world.book(DANA, &calendars[2], world.moment(9, 9 * 60), 30)
    });
    let replace =
        crate::sandbox::Fault::new(crate::sandbox::Effect::Replace(json!({"object": "schedule", "timezone": "UTC"})));
    let asked = json!({"change": "reassign", "new_host": "auto", "booking_ids": [id]});
    let plan = bench.call_with(replace.on("GET", "/scheduling-availability"), "plan_changes", asked).await;
    let problem = plan.structure()["items"][0]["problem"].as_str().unwrap();
    assert_eq!(
        problem,
        "nobody of its team has time: \"Priya Raman\" has hours that are not known, \"Lee Whitford\" has hours that are not known"
    );
}
