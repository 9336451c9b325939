use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::actions::ask::{Answer, Confirm};
use crate::sandbox::{Effect, Fault};
use crate::tools::tests::bench::{Bench, Setup};

const DANA: &str = "USR-XXGJ98LRZMAU";
const LEE: &str = "USR-XSAJLWDAS78B";

async fn update(bench: &Bench, user: &str, more: Value) -> crate::tools::tests::bench::Replied {
    let mut arguments = more;
    arguments["user_id"] = user.into();
    bench.call("update_scheduling_availability", arguments).await
}

fn hours(start: &str, end: &str) -> Value {
    json!({"start_time": start, "end_time": end})
}

/// What OnceHub has of somebody's hours, without what a call is about.
fn others(schedule: &Value, day: &str, date: &str) -> (Vec<Value>, Vec<Value>) {
    let rows = |field: &str, name: &str, but: &str| -> Vec<Value> {
        schedule[field].as_array().unwrap().iter().filter(|row| row[name] != but).cloned().collect()
    };
    (rows("weekly", "day", day), rows("overrides", "date", date))
}

#[tokio::test]
async fn hours_that_cannot_be_read_are_refused_with_what_would_be_right() {
    let bench = Bench::start().await;
    for (hours, hint) in [
        (json!({"start_time": "10:00", "end_time": "4"}), "hint: did you mean 16:00?"),
        (json!({"start_time": "17:00", "end_time": "9am"}), "hint: end_time has to be later on the same day"),
        (json!({"start_time": "17:00", "end_time": "16:00"}), "hint: end_time has to be later on the same day"),
        (json!("1-5"), "weekly[0].working_hours[0]: could be 01:00-05:00 or 13:00-17:00"),
        (json!("mornings"), "hint: write it as {\"start_time\": …, \"end_time\": …}"),
    ] {
        let asked = json!({"user_id": "Lee Whitford", "weekly": [{"day": "Monday", "working_hours": [hours]}]});
        let refused = bench.call("update_scheduling_availability", asked).await.failure();
        assert!(refused.contains(hint), "{hours}: {refused}");
    }
}

#[tokio::test]
async fn hours_of_a_day_that_are_written_as_a_text_have_one_reading() {
    let bench = Bench::start().await;
    let monday = |hours: &str| json!({"weekly": [{"day": "Monday", "working_hours": hours}]});
    for (text, problem) in [
        ("8-12, 1-5", "weekly[0].working_hours[1]: could be 01:00-05:00 or 13:00-17:00"),
        ("10-12, 8-9", "weekly[0].working_hours[1]: could be 08:00-09:00 or 20:00-21:00"),
    ] {
        let refused = update(&bench, LEE, monday(text)).await.failure();
        assert!(refused.contains(problem), "{text}: {refused}");
    }
    let replied = update(&bench, LEE, monday("8-12, 1 to 5 pm")).await;
    let monday = &replied.structure()["weekly"][0]["working_hours"];
    let times: Vec<_> = (0..2).map(|at| (&monday[at]["start_time"], &monday[at]["end_time"])).collect();
    assert_eq!(times, [(&json!("08:00"), &json!("12:00")), (&json!("13:00"), &json!("17:00"))]);
}

#[tokio::test]
async fn nothing_but_commas_does_not_close_a_day() {
    let bench = Bench::start().await;
    for commas in [",", " , ", ", ,"] {
        let day = update(&bench, DANA, json!({"weekly": [{"day": "Monday", "working_hours": commas}]})).await;
        assert!(day.failure().contains("weekly[0].working_hours: is required"), "{commas}: {}", day.failure());
        let date = update(&bench, DANA, json!({"overrides": [{"date": "friday", "working_hours": commas}]})).await;
        assert!(date.failure().contains("overrides[0].working_hours: is required"), "{commas}: {}", date.failure());
    }
    assert_eq!(bench.requests("PATCH", "/"), 0);
}

#[tokio::test]
async fn hours_are_shown_by_the_week_with_alike_days_together() {
    let bench = Bench::start().await;
    let mut told = Vec::new();
    for user in [
        "Dana Reyes", "lee@northlight.example", "Priya Raman", "Oliver Brandt", "sam.sales@northlight.example",
        "sam.support@northlight.example", "Margaret Holloway",
    ] {
        told.push(bench.call("get_scheduling_availability", json!({"user_id": user})).await.text());
    }
    assert_snapshot!(told.join("\n\n"));
}

#[tokio::test]
async fn a_day_off_and_shorter_hours_leave_every_other_day_as_it_is() {
    let bench = Bench::start().await;
    let before = bench.sandbox.with(|world| world.schedule_as_sent(DANA)).unwrap();
    let replied = update(
        &bench,
        "Dana Reyes",
        json!({
            "weekly": [{"day": "wed", "working_hours": [hours("14:00", "17:00"), hours("9am", "12pm")]}],
            "overrides": [{"date": "friday", "working_hours": []}]
        }),
    )
    .await;
    assert_snapshot!(replied.text());
    let after = bench.sandbox.with(|world| world.schedule_as_sent(DANA)).unwrap();
    assert_eq!(others(&before, "Wednesday", "2026-11-27"), others(&after, "Wednesday", "2026-11-27"));
    assert_eq!(replied.structure()["weekly"], after["weekly"]);
    assert_eq!(replied.structure()["overrides"], after["overrides"]);
    assert_eq!(replied.structure()["user_id"], DANA);
    let outside = replied.structure()["outside_working_hours"].as_array().unwrap();
    assert!(!outside.is_empty() && outside.iter().all(|booking| booking["starting_time_local"].is_string()));
    // Back to what it was, said the other way round.
    let back = json!({
        "weekly": [{"day": "Wednesday", "working_hours": [hours("09:00", "17:00")]}],
        "overrides": [{"date": "2026-11-27", "remove": true}, {"date": "2026-11-28", "remove": true}]
    });
    assert_snapshot!(update(&bench, DANA, back).await.text());
    assert_eq!(bench.sandbox.with(|world| world.schedule_as_sent(DANA)).unwrap(), before);
}

#[tokio::test]
async fn locations_that_are_left_out_stay_those_of_the_hours_that_are_replaced() {
    let bench = Bench::start().await;
    let of = |day: usize| {
        let schedule = bench.sandbox.with(|world| world.schedule_as_sent(LEE)).unwrap();
        let hours = schedule["weekly"][day]["working_hours"].as_array().unwrap().clone();
        let kinds = |hours: &Value| -> Vec<String> {
            hours["locations"].as_array().unwrap().iter().map(|row| row["type"].as_str().unwrap().to_owned()).collect()
        };
        hours.iter().map(kinds).collect::<Vec<_>>()
    };
    // Mornings are online, afternoons also at the guest's; a Saturday is like the rest of the week.
    let change = json!({"weekly": [
        {"day": "Monday", "working_hours": [hours("9", "11:30"), hours("15:00", "16:00")]},
        {"day": "Saturday", "working_hours": [hours("10:00", "11:00")]},
    ]});
    update(&bench, LEE, change).await.text();
    let (online, both) = (
        vec!["online_dynamic_link".to_owned()],
        vec!["online_dynamic_link".to_owned(), "in_person_by_guest".to_owned()],
    );
    assert_eq!(of(0), [online.clone(), both]);
    assert_eq!(of(5), [online]);
    let given = json!({"weekly": [{"day": "Monday", "working_hours": [
        {"start_time": "09:00", "end_time": "10:00", "locations": [
            {"type": "online_static_link", "value": "https://meet.example.com/lee"}, {"type": "phone by guest"}
        ]},
        {"start_time": "10:00", "end_time": "11:00", "locations": []}
    ]}]});
    assert_snapshot!(update(&bench, LEE, given).await.text());
    // An address is known by its id, or by the text that the schedule shows of it.
    let sam = "sam.sales@northlight.example";
    let address = json!({"weekly": [{"day": "Tuesday", "working_hours": [
        {"start_time": "09:00", "end_time": "10:00", "locations": [{"type": "in_person_by_host", "value": "12 harbour street, new york"}]}
    ]}]});
    let replied = update(&bench, sam, address).await;
    assert!(replied.text().contains("ADD-7KQ2M9XW4T"), "{}", replied.text());
}

#[tokio::test]
async fn another_link_or_address_is_a_change_that_is_sent_looked_for_and_undone() {
    let bench = Bench::start().await;
    let at = |location: Value| {
        json!({"weekly": [{"day": "Monday", "working_hours": [
            {"start_time": "09:00", "end_time": "10:00", "locations": [location]}
        ]}]})
    };
    let link = |room: &str| json!({"type": "online_static_link", "value": format!("https://meet.example.com/{room}")});
    let address = |id: &str| json!({"type": "in_person_by_host", "id": id});
    let now = || bench.sandbox.with(|world| world.schedule_as_sent(LEE)).unwrap()["weekly"][0].to_string();
    for (old, new, [old_place, new_place]) in [
        (link("old"), link("new"), ["com/old", "com/new"]),
        (address("ADD-7KQ2M9XW4T"), address("ADD-3VB8N5RC6H"), ["ADD-7KQ2M9XW4T", "ADD-3VB8N5RC6H"]),
    ] {
        update(&bench, LEE, at(old.clone())).await.text();
        let before = now();
        let moved = update(&bench, LEE, at(new.clone())).await;
        assert!(now().contains(new_place) && !moved.text().contains("Nothing"), "{}", moved.text());
        let sent = bench.requests("PATCH", "/");
        let again = update(&bench, LEE, at(new.clone())).await;
        assert!(again.text().contains("Nothing to change") && bench.requests("PATCH", "/") == sent, "{}", again.text());
        let undo = moved.structure()["undo"].clone();
        bench.call("update_scheduling_availability", undo).await.text();
        assert_eq!(now(), before);
        // A change whose answer is lost is seen, and one that never arrived is not taken for it.
        for (effect, is_made) in [(Effect::DropBefore, false), (Effect::DropAfter, true)] {
            bench.sandbox.fail(Fault::new(effect).on("PATCH", "/").times(1));
            let replied = update(&bench, LEE, at(new.clone())).await;
            bench.sandbox.heal();
            assert_eq!((replied.is_failure(), now().contains(new_place)), (!is_made, is_made), "{old_place}");
        }
        // A yes of OnceHub's after which the old place is still there.
        let kept = bench.sandbox.with(|world| world.schedule_as_sent(LEE)).unwrap();
        bench.sandbox.fail(Fault::new(Effect::Error(200, kept)).on("PATCH", "/"));
        let replied = update(&bench, LEE, at(old)).await;
        bench.sandbox.heal();
        assert!(replied.text().contains("OnceHub did not apply all of it"), "{}", replied.text());
    }
}

#[tokio::test]
async fn each_problem_is_named_by_its_path_before_anything_is_sent() {
    let bench = Bench::start().await;
    let day = |working_hours: Value| json!({"weekly": [{"day": "Monday", "working_hours": working_hours}]});
    let at = |locations: Value| day(json!([{"start_time": "09:00", "end_time": "10:00", "locations": locations}]));
    let date = |date: &str| json!({"overrides": [{"date": date, "working_hours": []}]});
    let mut told = Vec::new();
    for (param, change) in [
        ("weekly", json!({})),
        ("weekly[0].working_hours[0].start_time", day(json!([hours("09:05", "10:00")]))),
        ("weekly[0].working_hours[0].start_time", day(json!([hours("25:00", "26:00")]))),
        ("weekly[0].working_hours[0].end_time", day(json!([hours("09:00", "24:00")]))),
        ("weekly[0].working_hours[1].end_time", day(json!([hours("08:00", "09:00"), hours("17:00", "9:00")]))),
        ("weekly[0].working_hours[0].end_time", day(json!([hours("09:00", "09:00")]))),
        ("weekly[0].working_hours[1]", day(json!([hours("09:00", "12:00"), hours("11:45", "13:00")]))),
        ("weekly[0].day", json!({"weekly": [{"day": "Someday", "working_hours": []}]})),
        (
            "weekly[1].day",
            json!({"weekly": [{"day": "Monday", "working_hours": []}, {"day": "mon", "working_hours": []}]}),
        ),
        ("weekly[0].working_hours", json!({"weekly": [{"day": "Monday", "working_hours": null}]})),
        ("overrides[0].date", date("2026-11-22")),
        ("overrides[0].date", date("2026-12-01T10:00")),
        ("overrides[0].date", date("Christmas")),
        (
            "overrides[1].date",
            json!({"overrides": [{"date": "2026-12-24", "working_hours": []}, {"date": "2026-12-24", "remove": true}]}),
        ),
        ("overrides[0].working_hours", json!({"overrides": [{"date": "2026-12-24"}]})),
        ("overrides[0].remove", json!({"overrides": [{"date": "2026-12-24", "remove": true, "working_hours": []}]})),
        ("weekly[0].working_hours[0].locations[0].id", at(json!([{"type": "in_person_by_host", "value": "Mars"}]))),
        ("weekly[0].working_hours[0].locations[0].value", at(json!([{"type": "online_static_link"}]))),
        (
            "weekly[0].working_hours[0].locations[1].type",
            at(json!([{"type": "phone_by_guest"}, {"type": "phone_by_guest"}])),
        ),
        (
            "weekly[0].working_hours[0].locations",
            at(json!([{"type": "online_dynamic_link"}, {"type": "online_static_link", "value": "https://x.example"}])),
        ),
        ("weekly[0].working_hours[0].locations[0].type", at(json!([{"type": "teleport"}]))),
        ("weekly[0].working_hours[0].from", day(json!([{"from": "09:00"}]))),
    ] {
        let refused = update(&bench, DANA, change).await;
        told.push(refused.failure());
        assert_eq!(refused.error()["param"], param, "{}", refused.failure());
    }
    assert_snapshot!(told.join("\n\n"));
    assert_eq!(bench.requests("PATCH", "/"), 0);
}

#[tokio::test]
async fn a_date_is_past_where_the_user_is() {
    // Still the 23rd in New York, already the 24th in Sydney.
    let bench = Bench::with(Setup { now: "2026-11-23T20:00:00Z", ..Setup::default() }).await;
    let off = json!({"overrides": [{"date": "2026-11-23", "working_hours": []}]});
    assert_snapshot!(update(&bench, "Oliver Brandt", off.clone()).await.failure());
    update(&bench, DANA, off).await.text();
    let today = json!({"overrides": [{"date": "today", "working_hours": [hours("16:00", "17:00")]}]});
    let replied = update(&bench, "Oliver Brandt", today).await;
    assert_eq!(replied.structure()["changes"][0]["date"], "2026-11-24");
}

#[tokio::test]
async fn the_person_reads_what_will_change_and_a_no_leaves_it() {
    let bench = Bench::asking(Confirm::Always, Some(vec![Answer::Declined])).await;
    let off = json!({"weekly": [{"day": "Monday", "working_hours": []}], "overrides": [{"date": "2026-12-17", "remove": true}]});
    let declined = update(&bench, "Dana Reyes", off).await;
    assert_eq!(declined.structure()["confirmed"], false);
    assert_snapshot!(bench.asked.lock().unwrap().join("\n"));
    assert_eq!(bench.requests("PATCH", "/"), 0);
}

#[tokio::test]
async fn what_oncehub_made_of_it_is_read_back() {
    let bench = Bench::start().await;
    let off = json!({"weekly": [{"day": "Monday", "working_hours": []}]});
    // A yes that is none: the schedule stays as it was.
    let unkept = json!({"object": "schedule", "weekly": [], "overrides": []});
    let fault = Fault::new(Effect::Error(200, unkept)).on("PATCH", "/scheduling-availability");
    bench.sandbox.fail(fault);
    let replied = update(&bench, DANA, off.clone()).await;
    bench.sandbox.heal();
    assert_snapshot!(replied.text());
    // What bookings there are is a help, no condition.
    bench.sandbox.fail(
        Fault::new(Effect::Error(400, json!({"type": "invalid_request_error", "message": "No"})))
            .on("GET", "/v2/bookings"),
    );
    let replied = update(&bench, DANA, off).await;
    assert!(replied.text().contains("could not be looked up"), "{}", replied.text());
    assert!(replied.structure()["outside_working_hours"].is_null(), "none would be a claim");
}

#[tokio::test]
async fn odd_schedules_are_read_as_far_as_they_can_be() {
    let bench = Bench::start().await;
    for odd in [
        json!({}),
        json!({"weekly": null, "overrides": "none", "timezone": 5}),
        json!({"weekly": [null, {"day": 1}, {"day": "Monday", "working_hours": [null, 7, {"start_time": null, "locations": "x"}]}]}),
        json!({"timezone": "Mars/Base", "overrides": [{"date": "soon"}, {"date": "2026-12-24T00:00:00Z", "working_hours": null}]}),
    ] {
        let fault = Fault::new(Effect::Replace(odd.clone())).on("GET", "/scheduling-availability").times(1);
        bench.sandbox.fail(fault);
        let read = bench.call("get_scheduling_availability", json!({"user_id": DANA})).await;
        bench.sandbox.heal();
        assert!(read.text().contains("times in America/New_York"), "{odd}: {}", read.text());
    }
}

#[tokio::test]
async fn only_what_a_change_pushes_out_is_named() {
    let bench = Bench::start().await;
    let outside = async |user: &str, change: Value| {
        update(&bench, user, change).await.structure()["outside_working_hours"].as_array().unwrap().clone()
    };
    let week = |ranges: Value| json!({"weekly": [{"day": "Mon-Fri", "working_hours": ranges}]});
    // Stretches that touch are one, and wider hours push nobody out.
    let touching = json!([hours("09:00", "10:15"), hours("10:15", "14:30"), hours("14:30", "17:00")]);
    assert_eq!(outside("Dana Reyes", week(touching)).await, Vec::<Value>::new());
    assert_eq!(outside("Margaret Holloway", week(json!([hours("08:00", "18:00")]))).await, Vec::<Value>::new());
    let shorter = outside("Dana Reyes", week(json!([hours("10:00", "17:00")]))).await;
    assert!(!shorter.is_empty());
    assert!(
        shorter.iter().all(|booking| booking["starting_time_local"].as_str().unwrap().contains(" 09:")),
        "{shorter:?}"
    );
    // Those have been outside before; and what is so already is not sent again.
    assert_eq!(outside("Dana Reyes", week(json!([hours("10:00", "17:15")]))).await, Vec::<Value>::new());
    let sent = bench.requests("PATCH", "/");
    let again = update(&bench, "Dana Reyes", week(json!([hours("10:00", "17:15")]))).await;
    assert!(again.text().contains("note: Nothing to change: it is already as requested."), "{}", again.text());
    assert_eq!(bench.requests("PATCH", "/"), sent);
}

#[tokio::test]
async fn what_was_outside_before_as_well_is_told_apart_in_the_question_and_in_the_reply() {
    let bench = Bench::asking(Confirm::Always, Some(vec![Answer::Yes])).await;
    let week = |from: &str, to: &str| json!({"weekly": [{"day": "Mon-Fri", "working_hours": [hours(from, to)]}]});
    let of = |replied: &Value, field: &str| -> Vec<String> {
        let rows = replied[field].as_array().into_iter().flatten();
        rows.map(|row| row["id"].as_str().unwrap().to_owned()).collect()
    };
    let first = update(&bench, DANA, week("10:00", "17:00")).await;
    let nine = of(first.structure(), "outside_working_hours");
    assert!(!nine.is_empty() && first.structure()["outside_before_too"].is_null(), "{}", first.text());
    // Those at nine are outside already; those at ten are new.
    let second = update(&bench, DANA, week("10:30", "17:00")).await;
    assert_eq!(of(second.structure(), "outside_before_too"), nine);
    let ten = of(second.structure(), "outside_working_hours");
    assert!(!ten.is_empty() && ten.iter().all(|id| !nine.contains(id)), "{}", second.text());
    let (new, old) = second
        .text()
        .split_once("outside working hours before and now:")
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    assert!(ten.iter().all(|id| new.contains(id)) && nine.iter().all(|id| old.contains(id)), "{}", second.text());
    let question = bench.asked.lock().unwrap()[1].clone();
    let (new, old) = question.split_once(" Outside before and after: ").unwrap();
    assert!(new.contains("Outside of these hours, but not canceled: "), "{question}");
    assert!(ten.iter().all(|id| new.contains(id)) && nine.iter().all(|id| old.contains(id)), "{question}");
    // Days that the change is not about are nobody's business, nor is what the change brings back.
    let monday = json!({"weekly": [{"day": "Monday", "working_hours": [hours("08:00", "18:00")]}]});
    let third = update(&bench, DANA, monday).await;
    assert_eq!(
        (&third.structure()["outside_working_hours"], &third.structure()["outside_before_too"]),
        (&json!([]), &Value::Null)
    );
    assert!(!bench.asked.lock().unwrap()[2].contains("utside"));
    // A date on its own, and back to the hours of the week.
    let thursday = json!({"overrides": [{"date": "2026-12-03", "working_hours": []}]});
    let fourth = update(&bench, DANA, thursday).await;
    let dated =
        [of(fourth.structure(), "outside_working_hours"), of(fourth.structure(), "outside_before_too")].concat();
    assert_eq!(dated.iter().collect::<std::collections::HashSet<_>>().len(), dated.len());
}

#[tokio::test]
async fn bookings_are_read_once_for_a_change_and_a_change_does_not_need_them() {
    let bench = Bench::start().await;
    bench.call("list_bookings", json!({"host": DANA, "limit": 1})).await.text();
    let off = |date: &str| json!({"overrides": [{"date": date, "working_hours": []}]});
    let before = bench.requests("GET", "/v2/bookings");
    update(&bench, DANA, off("2026-11-25")).await.text();
    assert_eq!(bench.requests("GET", "/v2/bookings") - before, 2, "on calendars, and on Classic pages");
    // If they cannot be read at first, they are read after the change.
    let lost = Fault::new(Effect::DropBefore).on("GET", "host=").times(1);
    let replied = bench.call_with(lost, "update_scheduling_availability", {
        let mut asked = off("2026-11-27");
        asked["user_id"] = DANA.into();
        asked
    });
    let replied = replied.await;
    assert!(replied.structure()["outside_working_hours"].is_array(), "{}", replied.text());
    assert!(!replied.text().contains("could not be looked up"));
    // A question says what it does not know.
    let bench = Bench::asking(Confirm::Always, Some(vec![Answer::Declined])).await;
    let lost = Fault::new(Effect::Error(400, json!({"type": "invalid_request_error", "message": "No"})));
    bench.sandbox.fail(lost.on("GET", "/v2/bookings"));
    update(&bench, DANA, off("2026-11-25")).await.text();
    let question = bench.asked.lock().unwrap()[0].clone();
    assert!(question.ends_with("Which bookings are outside of these hours could not be looked up."), "{question}");
}

#[tokio::test]
async fn of_hours_that_oncehub_did_not_send_nothing_is_said() {
    let bench = Bench::start().await;
    let nothing = Fault::new(Effect::Replace(json!({"object": "schedule", "timezone": "America/New_York"})));
    bench.sandbox.fail(nothing.on("GET", "/scheduling-availability").times(1));
    let change = json!({"overrides": [{"date": "2026-11-25", "working_hours": []}]});
    let replied = update(&bench, DANA, change).await;
    bench.sandbox.heal();
    assert!(!replied.structure()["outside_working_hours"].as_array().unwrap().is_empty(), "{}", replied.text());
    assert!(replied.structure()["outside_before_too"].is_null(), "{}", replied.text());
    // That a day has no hours is known only where OnceHub sent some.
    let nothing = Fault::new(Effect::Replace(json!({"object": "schedule", "timezone": "America/New_York"})));
    bench.sandbox.fail(nothing.on("GET", "/scheduling-availability").times(1));
    let closed = update(&bench, DANA, json!({"weekly": [{"day": "Monday", "working_hours": []}]})).await;
    bench.sandbox.heal();
    assert!(!closed.text().contains("Nothing to change"), "{}", closed.text());
    assert_eq!(bench.requests("PATCH", "/scheduling-availability"), 2);
}

#[tokio::test]
async fn working_hours_are_times_on_the_wall_when_clocks_change() {
    // Clocks go back in New York on Sunday, 1 November 2026.
    let bench = Bench::with(Setup { now: "2026-10-29T14:20:00Z", ..Setup::default() }).await;
    let same = json!({"weekly": [{"day": "weekdays", "working_hours": [hours("09:00", "17:15")]}]});
    let replied = update(&bench, "Dana Reyes", same).await;
    assert_eq!(replied.structure()["outside_working_hours"], json!([]));
    let off = json!({"overrides": [{"date": "2026-11-02", "working_hours": []}, {"date": "2026-10-30", "working_hours": []}]});
    let replied = update(&bench, "Dana Reyes", off).await;
    let outside = replied.structure()["outside_working_hours"].as_array().unwrap();
    let local: Vec<&str> = outside.iter().map(|booking| booking["starting_time_local"].as_str().unwrap()).collect();
    assert!(local.iter().any(|time| time.starts_with("Fri 2026-10-30") && time.ends_with("-04:00")), "{local:?}");
    assert!(local.iter().any(|time| time.starts_with("Mon 2026-11-02") && time.ends_with("-05:00")), "{local:?}");
}

#[tokio::test]
async fn what_oncehub_shows_can_be_sent_back_as_it_is() {
    let bench = Bench::start().await;
    let shown = bench.call("get_scheduling_availability", json!({"user_id": DANA})).await.structure()["weekly"].clone();
    let before = bench.sandbox.with(|world| world.schedule_as_sent(DANA)).unwrap();
    update(&bench, DANA, json!({"weekly": shown})).await.text();
    assert_eq!(bench.sandbox.with(|world| world.schedule_as_sent(DANA)).unwrap(), before);
}

#[tokio::test]
async fn a_date_that_keeps_its_hours_is_told_truly_when_the_answer_is_lost() {
    let bench = Bench::start().await;
    let saturday = |more: Value| {
        let mut row = more;
        row["date"] = "2026-12-19".into();
        json!({"overrides": [row]})
    };
    let is_set = || {
        let schedule = bench.sandbox.with(|world| world.schedule_as_sent(LEE)).unwrap();
        schedule["overrides"].as_array().unwrap().iter().any(|row| row["date"] == "2026-12-19")
    };
    // Closed as it is anyway: the override is what changes, not the hours of the day.
    for (change, set) in [(json!({"working_hours": []}), true), (json!({"remove": true}), false)] {
        for (effect, done) in [(Effect::DropBefore, false), (Effect::DropAfter, true)] {
            bench.sandbox.fail(Fault::new(effect).on("PATCH", "/").times(1));
            let replied = update(&bench, LEE, saturday(change.clone())).await;
            bench.sandbox.heal();
            assert_eq!((!replied.is_failure(), is_set()), (done, set == done), "{change}");
        }
    }
}

/// Returns what is said of a change before which OnceHub's reply is another. Nothing is written.
async fn left_alone(bench: &Bench, working_hours: Value, reply: Fault) -> String {
    bench.sandbox.fail(reply.on("GET", "/scheduling-availability"));
    let refused = update(bench, DANA, json!({"weekly": [{"day": "Monday", "working_hours": working_hours}]})).await;
    bench.sandbox.heal();
    assert_eq!(bench.requests("PATCH", "/"), 0);
    refused.failure()
}

#[tokio::test]
async fn hours_that_cannot_be_read_are_not_written_over_blindly() {
    let bench = Bench::start().await;
    let unreadable = Fault::new(Effect::Replace(json!({"object": "schedule"})));
    assert_snapshot!(left_alone(&bench, json!([hours("09:00", "12:00")]), unreadable).await);
}

#[tokio::test]
async fn what_is_lost_or_stays_is_said() {
    let bench = Bench::start().await;
    let mut told = Vec::new();
    for (user, change) in [
        // Two stretches become one.
        (LEE, json!({"weekly": {"day": "Tuesdays", "working_hours": [hours("09:00", "17:00")]}})),
        // A date has hours of its own.
        (DANA, json!({"weekly": [{"day": "fri", "working_hours": []}]})),
        // A provider cannot be chosen.
        (
            LEE,
            json!({"weekly": [{"day": "Sat & Sun", "working_hours": [
                {"start_time": "noon", "end_time": "1 p.m.", "locations": [{"type": "online_dynamic_link", "value": "zoom"}]}
            ]}]}),
        ),
    ] {
        told.push(update(&bench, user, change).await.text());
    }
    assert_snapshot!(told.join("\n\n"));
}

#[tokio::test]
async fn hours_that_somebody_else_has_changed_while_the_question_was_open_are_left_alone() {
    let bench = Bench::asking(Confirm::Always, Some(vec![Answer::Yes])).await;
    let meanwhile = json!({
        "object": "schedule", "timezone": "America/New_York", "overrides": [],
        "weekly": [{"day": "Monday", "working_hours": [{"start_time": "12:00", "end_time": "13:00", "locations": []}]}]
    });
    assert_snapshot!(left_alone(&bench, json!([]), Fault::new(Effect::Replace(meanwhile)).after(1).times(1)).await);
}

#[tokio::test]
async fn a_misspelt_field_is_refused_even_where_the_schema_does_not_spell_it_out() {
    let bench = Bench::start().await;
    let on_a_date = |more: Value| {
        let mut range = hours("09:00", "12:00");
        range.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"overrides": [{"date": "2026-12-24", "working_hours": [range]}]})
    };
    for (misspelt, change) in [
        ("location", on_a_date(json!({"location": []}))),
        ("adress", on_a_date(json!({"locations": [{"type": "in_person_by_guest", "adress": "x"}]}))),
    ] {
        let refused = update(&bench, DANA, change).await;
        assert!(refused.failure().contains(misspelt), "{}", refused.failure());
    }
    let link = json!({"calendar_id": "Intro call with Northlight", "utm": {"sorce": "mail"}});
    assert!(bench.call("create_one_time_link", link).await.failure().contains("sorce"));
    assert_eq!(bench.requests("PATCH", "/") + bench.requests("POST", "/"), 0);
}
