use std::collections::BTreeSet;
use std::time::Duration;

use insta::assert_snapshot;
use serde_json::json;

use crate::oncehub::{Budget, Window};
use crate::sandbox::{Effect, Fault, Limits};
use crate::tools::tests::bench::{Bench, Setup};

/// A bench with so many calendars besides the usual ones.
fn with_more(more_calendars: usize) -> Setup {
    Setup { more_calendars, ..Setup::default() }
}

fn desks(count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("Desk {number}")).collect()
}

fn tokens(text: &str) -> usize {
    tiktoken_rs::o200k_base_singleton().encode_ordinary(text).len()
}

/// Has tokio's stopped clock go on while there is work on the wire, a little at a time, for as long as it is kept.
struct Ticking(tokio::task::JoinHandle<()>);

impl Ticking {
    fn start() -> Self {
        Self(tokio::spawn(async {
            loop {
                for _ in 0..200 {
                    tokio::task::yield_now().await;
                }
                tokio::time::advance(Duration::from_millis(10)).await;
            }
        }))
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Limits on both sides of the wire: OnceHub's own for an account, and so many requests from the address.
fn limited(mut setup: Setup, per_address: usize) -> Setup {
    let limits = Limits { per_address: (per_address, Duration::from_mins(5)), ..Limits::default() };
    let window = |(requests, period): (usize, Duration)| Window { requests, period };
    setup.budget = Budget::new(&[window(limits.per_account), window(limits.per_address)]);
    setup.limits = Some(limits);
    setup
}

#[tokio::test(start_paused = true)]
async fn ten_calendars_over_thirty_days_take_ten_requests_and_three_for_names_paced_by_the_limits() {
    let _ticking = Ticking::start();
    let bench = Bench::with(limited(with_more(9), 200)).await;
    // A team's calendar among them: its name is neither a calendar's nor a user's.
    let calendars = [desks(9), vec!["Adviser on duty".into()]].concat();
    let asked = json!({"calendars": calendars, "end_time": "+30d"});
    for requests in [13, 10] {
        bench.sandbox.forget_requests();
        let began = tokio::time::Instant::now();
        let found = bench.call("find_times", asked.clone()).await;
        let seen = bench.sandbox.forget_requests();
        assert_eq!(seen.len(), requests, "{seen:?}");
        assert!(seen.iter().all(|seen| seen.status == Some(200)), "OnceHub never had to refuse");
        assert!(began.elapsed() >= Duration::from_secs(1), "five a second");
        let structure = found.structure();
        assert_eq!((&structure["complete"], &structure["searched"]["requests"]), (&json!(true), &json!(requests)));
        assert_eq!(structure["options"].as_array().unwrap().len(), 12);
        assert!(tokens(&found.text()) <= 1500, "{}", tokens(&found.text()));
    }
}

#[tokio::test(start_paused = true)]
async fn twenty_calendars_over_ninety_days_are_complete_within_the_deadline() {
    let _ticking = Ticking::start();
    let bench = Bench::with(limited(with_more(20), 100)).await;
    let found = bench.call("find_times", json!({"calendars": desks(20), "end_time": "+90d"})).await;
    assert_eq!(bench.requests("GET", "/time-slots"), 60);
    assert_eq!(found.structure()["complete"], true, "{}", found.text());
    // Of each calendar there are starts in each of the three months.
    let last = found.structure()["calendars"].as_array().unwrap();
    assert!(last.iter().all(|row| row["free"].as_u64().unwrap() > 500), "{}", found.text());
    // What is left of the address's window does not suffice for as many again: what is missing is told.
    let short = bench.call("find_times", json!({"calendars": desks(20), "end_time": "+90d"})).await;
    let text = short.text();
    assert!(text.starts_with("Not complete: 20 of 20 calendars could not be read whole.\n"), "{text}");
    assert_eq!(short.structure()["complete"], false);
    let unknown = short.structure()["calendars"][0]["unknown"].as_str().unwrap();
    assert!(unknown.contains("OnceHub's rate limit is used up"), "{unknown}");
}

#[tokio::test]
async fn free_starts_are_told_with_their_calendars_and_why_a_calendar_has_none() {
    let bench = Bench::start().await;
    let sydney = bench.calendar("Quarterly review (Sydney)").await;
    let asked = json!({
        "calendars": ["Intro call", "Strategy session", sydney, "Onboarding (draft)", "Noor's clinic"], "start_time": "tomorrow",
        "end_time": "+3d", "earliest": "9", "latest": "12:00", "days": ["Mon-Thu"]
    });
    let found = bench.call("find_times", asked).await;
    assert_snapshot!(found.text());
    let structure = found.structure();
    let rows = structure["calendars"].as_array().unwrap();
    let free = |at: usize| rows[at]["free"].as_u64().unwrap();
    assert!(free(0) > 0 && free(1) > 0 && free(2) == 0, "{rows:?}");
    assert!(
        rows[2]["why_none"].as_str().unwrap().contains("outside the hours asked for (Mon, Tue, Wed, Thu, from 09:00")
    );
    assert_eq!((&rows[3]["why_none"], &rows[4]["why_none"]), (&json!("not published"), &json!("the host has no seat")));
    assert_eq!(structure["complete"], true);
    for option in structure["options"].as_array().unwrap() {
        let clock = &option["start_time_local"].as_str().unwrap()[15..20];
        assert!(("09:00"..="12:00").contains(&clock), "{option}");
    }
}

#[tokio::test]
async fn what_is_offered_is_what_each_calendar_offers_by_itself() {
    let bench = Bench::start().await;
    let names = ["Intro call", "Strategy session", "Adviser on duty"];
    let range = json!({"start_time": "tomorrow", "end_time": "+6d"});
    let mut alone = Vec::new();
    for name in names {
        let mut asked = range.clone();
        (asked["calendar_id"], asked["limit"]) = (name.into(), 500.into());
        let slots = bench.call("get_booking_time_slots", asked).await;
        let items = slots.structure()["items"].as_array().unwrap().clone();
        alone.push(items.iter().map(|item| item["start_time"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>());
    }
    let union: BTreeSet<String> = alone.iter().flatten().cloned().collect();
    let common: BTreeSet<String> =
        union.iter().filter(|start| alone.iter().all(|of| of.contains(*start))).cloned().collect();
    assert!(!common.is_empty() && common.len() < union.len());
    for (together, expected) in [(false, &union), (true, &common)] {
        let mut asked = range.clone();
        (asked["calendars"], asked["together"]) = (json!(names), together.into());
        (asked["per_day"], asked["limit"]) = (50.into(), 100.into());
        let found = bench.call("find_times", asked).await;
        let options = found.structure()["options"].as_array().unwrap();
        let left_out = usize::try_from(found.structure()["left_out"].as_u64().unwrap()).unwrap();
        assert_eq!(options.len() + left_out, expected.len(), "{together}");
        for option in options {
            let start = option["start_time"].as_str().unwrap();
            assert!(expected.contains(start), "{option}");
            let on: Vec<&str> =
                option["calendars"].as_array().unwrap().iter().map(|on| on["name"].as_str().unwrap()).collect();
            let free: Vec<&str> =
                names.into_iter().zip(&alone).filter(|(_, of)| of.contains(start)).map(|(name, _)| name).collect();
            assert_eq!(on, free, "{option}");
        }
    }
}

#[tokio::test]
async fn starts_are_spread_over_days_and_over_each_day() {
    let bench = Bench::start().await;
    for (per_day, limit) in [(1, 5), (3, 12), (2, 3), (50, 4), (3, 1)] {
        let asked = json!({"calendars": "Intro call", "per_day": per_day, "limit": limit});
        let found = bench.call("find_times", asked).await;
        let options = found.structure()["options"].as_array().unwrap().clone();
        assert_eq!(options.len(), limit, "{per_day} {limit}");
        let starts: Vec<&str> = options.iter().map(|option| option["start_time_local"].as_str().unwrap()).collect();
        let days: BTreeSet<&str> = starts.iter().map(|start| &start[..14]).collect();
        assert_eq!(days.len(), limit.div_ceil(per_day), "{starts:?}");
        assert!(options.is_sorted_by_key(|option| option["start_time"].as_str().unwrap().to_owned()));
    }
}

#[tokio::test]
async fn of_several_people_one_calendar_each_has_to_be_free_and_the_pair_is_named() {
    let bench = Bench::start().await;
    let asked = json!({"hosts": ["Dana Reyes", "lee@northlight.example"], "together": true, "start_time": "tomorrow", "end_time": "+7d"});
    let found = bench.call("find_times", asked).await;
    assert_snapshot!(found.text());
    for option in found.structure()["options"].as_array().unwrap() {
        let hosts: Vec<&str> =
            option["calendars"].as_array().unwrap().iter().map(|on| on["host"].as_str().unwrap()).collect();
        assert_eq!(hosts, ["Dana Reyes", "Lee Whitford"], "{option}");
    }
    assert!(found.text().contains("note: Each calendar of a start is a booking of its own"), "{}", found.text());
    // A team hosts, too; and a user without a published calendar is named.
    let team = bench.call("find_times", json!({"hosts": ["advisers", "Iris Novak"]})).await;
    assert_eq!(team.structure()["calendars"][0]["host"], "Advisers");
    assert!(team.structure()["note"].as_str().unwrap().contains("\"Iris Novak\" (USR-"), "{}", team.text());
    let nobody = bench.call("find_times", json!({"hosts": ["Iris Novak", "Dana Reyes"], "together": true})).await;
    assert!(
        nobody.failure().contains("hosts: \"Iris Novak\" (USR-")
            && nobody.failure().contains("hosts no published calendar")
    );
    let only = bench.call("find_times", json!({"hosts": ["Iris Novak"]})).await.failure();
    assert!(only.starts_with("hosts: \"Iris Novak\" (USR-"), "{only}");
}

#[tokio::test]
async fn people_who_are_never_free_at_the_same_time_are_told_so() {
    let bench = Bench::start().await;
    let sydney = bench.calendar("Quarterly review (Sydney)").await;
    let asked = json!({"calendars": [sydney, "At your place"], "together": true, "end_time": "+10d"});
    let none = bench.call("find_times", asked).await;
    assert!(none.text().starts_with("No free starts together on 2 calendars, from "), "{}", none.text());
    assert!(none.text().contains("note: Each has free starts, but none at the same time"), "{}", none.text());
    // Two calendars of one person are free together, but cannot both be booked.
    let both = json!({"calendars": ["Intro call", "Strategy session"], "together": true});
    let both = bench.call("find_times", both).await;
    assert!(both.text().contains("Some of the calendars have the same host"), "{}", both.text());
}

#[tokio::test]
async fn a_calendar_that_cannot_be_read_is_unknown_and_never_busy_or_free() {
    let bench = Bench::start().await;
    let strategy = bench.calendar("Strategy session").await;
    let fault = || Fault::new(Effect::DropBefore).on("GET", &format!("{strategy}/time-slots"));
    let asked = json!({"calendars": ["Intro call", "Strategy session"]});
    let found = bench.call_with(fault(), "find_times", asked.clone()).await;
    let row = &found.structure()["calendars"][1];
    assert!(row["free"].is_null() && row["why_none"].is_null() && row["next_free"].is_null(), "{row}");
    assert!(row["unknown"].as_str().unwrap().contains("The connection to OnceHub was lost"), "{row}");
    assert_eq!(found.structure()["complete"], false);
    let text = found.text();
    assert!(text.starts_with("Not complete: 1 of 2 calendars could not be read whole.\n"), "{text}");
    assert!(
        text.contains(&format!("2. \"Strategy session\" {strategy}, \"Dana Reyes\", 60 min | unknown: ")),
        "{text}"
    );
    assert!(!text.contains("2. \"Strategy session\" 0"), "{text}");
    // Of a part that could not be read the rest counts, as a lower bound.
    let later = fault().after(1);
    let found =
        bench.call_with(later, "find_times", json!({"calendars": ["Strategy session"], "end_time": "+60d"})).await;
    let row = &found.structure()["calendars"][0];
    assert!(row["free"].as_u64().unwrap() > 0 && row["unknown"].is_string(), "{row}");
    assert!(found.text().contains("at least "), "{}", found.text());
    // Together nobody is said to be free at a time that is not known.
    let mut together = asked;
    together["together"] = true.into();
    let found = bench.call_with(fault(), "find_times", together).await;
    assert_eq!(found.structure()["options"], json!([]));
    assert!(!found.text().contains("none at the same time"), "{}", found.text());
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused_before_any_slot_is_read() {
    let bench = Bench::with(with_more(21)).await;
    let mut unknown = desks(9);
    unknown.insert(4, "Desk of nobody".into());
    for (asked, expected) in [
        (json!({}), "calendars: is required, or hosts"),
        (json!({"calendars": desks(21)}), "calendars: these are 21 calendars, and one call reads at most 20"),
        (json!({"calendars": unknown}), "calendars: no booking calendar is called \"Desk of nobody\""),
        (json!({"calendars": ["Quarterly review"]}), "calendars: 2 booking calendars are called \"Quarterly review\""),
        (json!({"hosts": ["Nobody Atall"]}), "hosts: no user is called \"Nobody Atall\", and no team either"),
        (
            json!({"calendars": ["Intro call"], "end_time": "+91d"}),
            "end_time: free times are looked for in at most 90 days",
        ),
        (json!({"calendars": ["Intro call"], "end_time": "yesterday"}), "end_time: this range is in the past"),
        (json!({"calendars": ["Intro call"], "days": ["someday"]}), "days: 'someday' names no days"),
        (json!({"calendars": ["Intro call"], "latest": "5"}), "latest: '5' could be 05:00 or 17:00: say which"),
        (json!({"calendars": ["Intro call"], "earliest": "soon"}), "earliest: 'soon' is not a time of day"),
    ] {
        let failure = bench.call("find_times", asked).await.failure();
        assert!(failure.starts_with(expected), "{failure}");
    }
    assert_eq!(bench.requests("GET", "/time-slots"), 0);
}

#[tokio::test]
async fn a_calendar_that_is_named_twice_counts_once() {
    let bench = Bench::start().await;
    let asked = json!({"calendars": ["Intro call", "https://oncehub.com/northlight-intro"], "hosts": ["Dana Reyes"]});
    let found = bench.call("find_times", asked).await;
    assert_eq!(found.structure()["calendars"].as_array().unwrap().len(), 2, "Dana hosts another one");
    assert_eq!(bench.requests("GET", "/time-slots"), 2);
    let note = found.structure()["note"].as_str().unwrap();
    assert!(note.contains("\"https://oncehub.com/northlight-intro\" is named twice, and counts once"), "{note}");
}

#[tokio::test]
async fn a_single_calendar_shows_what_its_form_asks() {
    let bench = Bench::start().await;
    let found = bench.call("find_times", json!({"calendars": ["Strategy session"], "limit": 2})).await;
    assert!(found.text().contains("\nform, as its last bookings show: "), "{}", found.text());
    assert!(found.structure()["form"].as_array().unwrap().iter().any(|field| field["name"] == "Topics"));
    let both = bench.call("find_times", json!({"calendars": ["Strategy session", "Intro call"]})).await;
    assert!(both.structure()["form"].is_null() && !both.text().contains("form"), "{}", both.text());
}

#[tokio::test]
async fn hours_are_those_of_the_clock_on_the_wall_when_it_changes_and_may_pass_midnight() {
    let bench = Bench::with(Setup { now: "2026-10-28T12:00:00Z", ..Setup::default() }).await;
    // Sydney's mornings are the evening before in New York, an hour earlier after 1 November.
    let sydney = bench.calendar("Quarterly review (Sydney)").await;
    let ask = async |earliest: &str, latest: &str, zone: &str| -> Vec<String> {
        let mut asked =
            json!({"calendars": [sydney], "earliest": earliest, "latest": latest, "per_day": 50, "limit": 100});
        asked["time_zone"] = zone.into();
        let found = bench.call("find_times", asked).await;
        let options = found.structure()["options"].as_array().unwrap().clone();
        options.iter().map(|option| option["start_time_local"].as_str().unwrap()[4..20].to_owned()).collect()
    };
    let first = |starts: &[String], day: &str| starts.iter().find(|start| start.starts_with(day)).cloned();
    let evenings = ask("16:00", "18:00", "America/New_York").await;
    assert_eq!(first(&evenings, "2026-10-29").as_deref(), Some("2026-10-29 17:00"));
    assert_eq!(first(&evenings, "2026-11-02").as_deref(), Some("2026-11-02 16:00"));
    let nights = ask("23:00", "02:00", "Atlantic/Azores").await;
    let (before, after) = (|start: &String| &start[11..] >= "23:00", |start: &String| &start[11..] <= "02:00");
    assert!(nights.iter().any(before) && nights.iter().any(after), "{nights:?}");
    assert!(nights.iter().all(|start| before(start) || after(start)), "{nights:?}");
}

#[tokio::test]
async fn a_large_answer_stops_where_a_reply_ends() {
    let mut setup = with_more(20);
    setup.settings.max_reply = 30_000;
    let bench = Bench::with(setup).await;
    let asked = json!({"calendars": desks(20), "per_day": 50, "limit": 100});
    let found = bench.call("find_times", asked).await;
    let structure = found.structure();
    let shown = structure["options"].as_array().unwrap().len() as u64;
    assert!((5..100).contains(&shown), "{shown}");
    assert!(structure["left_out"].as_u64().unwrap() > 0 && !found.text().contains("did not fit"), "{}", found.text());
}

#[tokio::test]
async fn the_text_has_every_id_and_time_that_the_structure_has() {
    let bench = Bench::start().await;
    let found = bench.call("find_times", json!({"hosts": ["Dana Reyes", "Lee Whitford"], "end_time": "+4d"})).await;
    let text = found.text();
    for row in found.structure()["calendars"].as_array().unwrap() {
        assert!(text.contains(row["id"].as_str().unwrap()), "{row}");
        let next = row["next_free_local"].as_str().map(|next| text.contains(next));
        assert!(next != Some(false), "{row}");
    }
    for option in found.structure()["options"].as_array().unwrap() {
        let (day, rest) = option["start_time_local"].as_str().unwrap().split_at(14);
        let (clock, offset) = rest.trim().split_once(' ').unwrap();
        let line = text.lines().find(|line| line.starts_with(&format!("{day} ({offset}): ")));
        assert!(line.is_some_and(|line| line.contains(clock)), "{option}: {text}");
    }
}

#[tokio::test]
async fn only_starts_that_were_asked_for_are_believed_each_once() {
    let bench = Bench::start().await;
    let at =
        |start: &str| json!({"start_time": start, "locations": [{"type": "virtual", "value": "zoom", "id": null}]});
    // One is past, one is the end of the first month, one that of the range, and one lies far ahead.
    let all = [
        "2026-11-22T15:00:00Z", "2026-11-30T15:00:00Z", "2026-12-23T14:20:00Z", "2027-01-05T15:00:00Z",
        "2027-01-22T14:20:00Z", "2027-06-01T15:00:00Z",
    ];
    let offered = Fault::new(Effect::Replace(all.map(at).into_iter().collect())).on("GET", "/time-slots");
    bench.sandbox.fail(offered);
    let found = bench.call("find_times", json!({"calendars": ["Intro call"], "end_time": "+60d"})).await;
    let starts = |items: &serde_json::Value| -> Vec<String> {
        items.as_array().unwrap().iter().map(|item| item["start_time"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(starts(&found.structure()["options"]), all[1..4]);
    assert_eq!(found.structure()["calendars"][0]["free"], 3, "{}", found.text());
    let asked = json!({"calendar_id": "Intro call", "start_time": "2026-12-01", "end_time": "2026-12-29"});
    let found = bench.call("get_booking_time_slots", asked).await;
    assert_eq!(starts(&found.structure()["items"]), all[2..3]);
    let first = json!({
        "calendar_id": "Intro call", "first_free": {"after": "now", "before": "2026-11-29"}, "guest_name": "Ada Okafor",
        "guest_email": "ada@okafor.example", "guest_time_zone": "Europe/London"
    });
    let failure = bench.call("schedule_meeting", first).await.failure();
    assert!(failure.contains("first_free: none is offered before"), "{failure}");
}

#[tokio::test]
async fn a_part_that_oncehub_refuses_is_unknown_unless_it_refuses_all() {
    let bench = Bench::start().await;
    let refused = |status: u16| {
        let body = json!({"type": "invalid_request_error", "message": "Cannot be retrieved."});
        Fault::new(Effect::Error(status, body)).on("GET", "/time-slots")
    };
    let asked = json!({"calendars": ["Strategy session"], "end_time": "+60d"});
    for fault in [refused(422).times(1), refused(422).after(1), refused(404).after(1)] {
        let found = bench.call_with(fault, "find_times", asked.clone()).await;
        let row = &found.structure()["calendars"][0];
        assert!(row["free"].as_u64().unwrap() > 0 && row["why_none"].is_null(), "{row}");
        assert!(row["unknown"].as_str().unwrap().contains("Cannot be retrieved"), "{row}");
        assert_eq!(found.structure()["complete"], false);
        assert!(!found.text().contains("not published"), "{}", found.text());
    }
    let found = bench.call_with(refused(422), "find_times", asked).await;
    let row = &found.structure()["calendars"][0];
    assert_eq!((&row["why_none"], &row["unknown"]), (&json!("not published"), &json!(null)));
    assert_eq!(found.structure()["complete"], true);
}

#[tokio::test]
async fn that_nothing_is_free_is_not_said_of_what_could_not_be_read() {
    let bench = Bench::with(with_more(3)).await;
    let lost = || Fault::new(Effect::DropBefore).on("GET", "/time-slots");
    for (together, word) in [(false, ""), (true, " together")] {
        let asked = json!({"calendars": desks(3), "together": together});
        let found = bench.call_with(lost(), "find_times", asked.clone()).await;
        let unknown = format!("\nUnknown whether there are free starts{word} on 3 calendars, from ");
        assert!(found.text().contains(&unknown), "{}", found.text());
        // The first one is read, and has none.
        bench.sandbox.fail(Fault::new(Effect::Replace(json!([]))).on("GET", "/time-slots").times(1));
        let found = bench.call_with(lost(), "find_times", asked).await;
        let some = format!("\nNo free starts{word} on 3 calendars, as far as they could be read, from ");
        assert!(found.text().contains(&some), "{}", found.text());
    }
}
