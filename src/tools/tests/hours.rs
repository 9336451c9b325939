//! Changes of working hours over ranges of dates, their previews, and the way back.

use insta::assert_snapshot;
use serde_json::{Value, json};

use super::cases;
use crate::actions::ask::{Answer, Confirm};
use crate::sandbox::{Effect, Fault};
use crate::tools::tests::bench::{Bench, Replied};

const TOOL: &str = "update_scheduling_availability";
const DANA: &str = "USR-XXGJ98LRZMAU";
const LEE: &str = "USR-XSAJLWDAS78B";

async fn update(bench: &Bench, user: &str, more: Value) -> Replied {
    let mut arguments = more;
    arguments["user_id"] = user.into();
    bench.call(TOOL, arguments).await
}

fn schedule(bench: &Bench, user: &str) -> Value {
    bench.sandbox.with(|world| world.schedule_as_sent(user)).unwrap()
}

/// The dates that have hours of their own.
fn overrides(schedule: &Value) -> Vec<&str> {
    schedule["overrides"].as_array().unwrap().iter().map(|row| row["date"].as_str().unwrap()).collect()
}

/// A range of dates with the same hours.
fn range(from: &str, to: &str, hours: &Value) -> Value {
    json!({"overrides": [{"from": from, "to": to, "working_hours": hours}]})
}

#[tokio::test]
async fn a_range_is_closed_and_opened_again_as_it_was() {
    let bench = Bench::start().await;
    let before = schedule(&bench, DANA);
    let replied = update(&bench, DANA, range("tomorrow", "2026-12-31", &json!([]))).await;
    assert_snapshot!(replied.text());
    let during = schedule(&bench, DANA);
    // The weekends, and a Thursday off, are closed already.
    assert_eq!(overrides(&during).len(), 28);
    assert!(during["overrides"].as_array().unwrap().iter().all(|row| row["working_hours"] == json!([])));
    assert_eq!(during["weekly"], before["weekly"]);
    assert_eq!(replied.structure()["changes"][0]["days"], 26);
    bench.call(TOOL, replied.structure()["undo"].clone()).await.text();
    assert_eq!(schedule(&bench, DANA), before);
}

#[tokio::test]
async fn hours_for_a_range_leave_closed_days_closed() {
    let bench = Bench::start().await;
    let before = schedule(&bench, LEE);
    let mornings = json!([{"start_time": "09:00", "end_time": "12:00"}]);
    let replied = update(&bench, LEE, range("2026-12-05", "2026-12-14", &mornings)).await;
    assert!(replied.text().contains("4 closed days stay closed"), "{}", replied.text());
    assert!(replied.text().contains("Mon 2026-12-07 to Mon 2026-12-14 (6 days) 09:00-12:30"), "{}", replied.text());
    let during = schedule(&bench, LEE);
    let open = ["2026-12-07", "2026-12-08", "2026-12-09", "2026-12-10", "2026-12-11", "2026-12-14"];
    assert_eq!(overrides(&during), open);
    // A week that was opened in the same call counts.
    let both = json!({
        "weekly": [{"day": "Saturday", "working_hours": [{"start_time": "10:00", "end_time": "11:00"}]}],
        "overrides": [{"from": "2026-12-19", "to": "2026-12-20", "working_hours": []}],
    });
    update(&bench, LEE, both).await.text();
    assert_eq!(overrides(&schedule(&bench, LEE)).last(), Some(&"2026-12-19"));
    bench.call(TOOL, replied.structure()["undo"].clone()).await.text();
    assert_eq!(overrides(&schedule(&bench, LEE)), ["2026-12-19"], "only what that change has made is undone");
    let back = json!({
        "weekly": [{"day": "Saturday", "working_hours": []}],
        "overrides": [{"from": "today", "to": "2026-12-31", "remove": true}],
    });
    update(&bench, LEE, back).await.text();
    assert_eq!(schedule(&bench, LEE), before);
}

#[tokio::test]
async fn a_range_in_which_there_is_nothing_to_change_sends_nothing() {
    let bench = Bench::start().await;
    let weekend = update(&bench, DANA, range("saturday", "sunday", &json!([]))).await;
    assert!(weekend.text().contains("2026-11-28 to 2026-11-29: every day is closed already."), "{}", weekend.text());
    let none = json!({"overrides": [{"from": "2026-12-01", "to": "2026-12-05", "remove": true}]});
    let none = update(&bench, DANA, none).await;
    assert!(none.text().contains("so there was nothing to remove"), "{}", none.text());
    assert!(none.text().contains("Nothing to change") && none.structure()["undo"].is_null(), "{}", none.text());
    assert_eq!(bench.requests("PATCH", "/"), 0);
}

#[tokio::test]
async fn a_range_that_is_none_is_refused_by_its_field() {
    let bench = Bench::start().await;
    for (entry, refusal) in [
        (json!({"from": "2026-12-24", "to": "2026-12-20"}), "overrides[0].to: 2026-12-20 is before 2026-12-24"),
        (json!({"from": "2026-12-24"}), "overrides[0].to: is required with from"),
        (json!({"to": "2026-12-24"}), "overrides[0].from: is required with to"),
        (json!({}), "overrides[0].date: is required"),
        (json!({"date": "2026-12-24", "to": "2026-12-26"}), "overrides[0].date: cannot be combined with from and to"),
        (json!({"from": "2026-11-20", "to": "2026-11-30"}), "overrides[0].from: 2026-11-20 is in the past"),
        (json!({"from": "2026-12-01", "to": "2027-12-02"}), "overrides[0].to: the range is longer than 366 days"),
        (json!({"from": "2026-12-01", "to": "never"}), "overrides[0].to: "),
        (json!({"from": "2026-12-01", "to": "2026-12-04", "remove": true}), "cannot be combined with working_hours"),
    ] {
        let mut entry = entry;
        entry["working_hours"] = json!([]);
        let refused = update(&bench, DANA, json!({"overrides": [entry.clone()]})).await.failure();
        assert!(refused.contains(refusal), "{entry}: {refused}");
    }
    let twice = json!({"overrides": [
        {"from": "2026-12-01", "to": "2026-12-04", "working_hours": []}, {"date": "2026-12-03", "working_hours": []},
    ]});
    assert!(update(&bench, DANA, twice).await.failure().contains("2026-12-03 appears twice"));
    // A leap day and a year make 366 days.
    let year = update(&bench, DANA, range("2027-03-01", "2028-02-29", &json!([]))).await;
    assert_eq!(year.structure()["changes"][0]["to"], "2028-02-29");
    assert_eq!(bench.requests("PATCH", "/"), 1);
}

#[tokio::test]
async fn a_preview_shows_what_the_change_then_does_and_writes_nothing() {
    let bench = Bench::asking(Confirm::Always, Some(vec![Answer::Yes])).await;
    let before = schedule(&bench, DANA);
    let change = range("today", "+10d", &json!([{"start_time": "11:00", "end_time": "15:00"}]));
    let mut asked = change.clone();
    asked["preview"] = true.into();
    let shown = update(&bench, DANA, asked).await;
    assert_snapshot!(shown.text());
    assert_eq!((bench.requests("PATCH", "/"), bench.asked.lock().unwrap().len()), (0, 0), "nobody is asked");
    assert_eq!(schedule(&bench, DANA), before);
    assert_eq!((&shown.structure()["preview"], &shown.structure()["undo"]), (&json!(true), &Value::Null));
    assert_eq!(shown.structure()["weekly"], before["weekly"], "the hours as they are");
    let made = update(&bench, DANA, change).await;
    for same in ["outside_working_hours", "outside_before_too"] {
        assert_eq!(shown.structure()[same], made.structure()[same], "{same}");
    }
    for same in ["from", "to", "days", "before"] {
        assert_eq!(shown.structure()["changes"][0][same], made.structure()["changes"][0][same], "{same}");
    }
    assert!(!made.structure()["outside_working_hours"].as_array().unwrap().is_empty());
    assert!(made.structure()["preview"].is_null());
}

#[tokio::test]
async fn there_is_no_way_back_to_hours_that_are_not_known() {
    let bench = Bench::start().await;
    let nothing = Fault::new(Effect::Replace(json!({"object": "schedule", "timezone": "America/New_York"})));
    bench.sandbox.fail(nothing.on("GET", "/scheduling-availability").times(1));
    let replied = update(&bench, DANA, range("2026-12-01", "2026-12-02", &json!([]))).await;
    bench.sandbox.heal();
    assert!(replied.text().contains("note: There is no undo"), "{}", replied.text());
    assert!(replied.structure()["undo"].is_null());
    // Of a type that is new to us.
    let odd = json!({
        "object": "schedule", "timezone": "America/New_York", "overrides": [],
        "weekly": [{"day": "Monday", "working_hours": [
            {"start_time": "09:00", "end_time": "17:00", "locations": [{"type": "hologram"}]}
        ]}]
    });
    bench.sandbox.fail(Fault::new(Effect::Replace(odd)).on("GET", "/scheduling-availability").times(1));
    let replied = update(&bench, DANA, json!({"weekly": [{"day": "Monday", "working_hours": []}]})).await;
    bench.sandbox.heal();
    assert!(replied.text().contains("note: There is no undo"), "{}", replied.text());
}

/// Hours, days and dates at random: whatever is changed, the arguments that come back restore it to the last field.
#[tokio::test]
async fn whatever_was_changed_the_way_back_restores_it() {
    let bench = Bench::start().await;
    let people = [DANA, LEE, "Priya Raman", "Oliver Brandt", "sam.sales@northlight.example", "Margaret Holloway"];
    let mut random = fastrand::Rng::with_seed(16);
    let mut undone = 0;
    for case in 0..cases(12, 400) {
        let user = people[case % people.len()];
        let id = bench.call("get_user", json!({"user_id": user})).await.structure()["id"].as_str().unwrap().to_owned();
        let mut change = json!({"weekly": [], "overrides": []});
        let mut hours = || {
            let mut hours = |from: u8, to: u8| -> Value {
                let (start, end) = (random.u8(from..to), random.u8(to..to + 3));
                json!({"start_time": format!("{start:02}:00"), "end_time": format!("{end:02}:45")})
            };
            match case % 3 {
                0 => json!([]),
                1 => json!([hours(8, 11)]),
                _ => json!([hours(7, 9), hours(13, 15)]),
            }
        };
        let (weekly, single) = (hours(), hours());
        let ahead = |from: u32, to: u32| json!(format!("+{}d", from + to));
        let (first, length) = (random.u32(2..20), random.u32(1..30));
        let day = ["Tuesday", "weekends", "Mon-Fri", "daily"][random.usize(..4)];
        change["weekly"] = json!([{"day": day, "working_hours": weekly}]);
        change["overrides"] = match random.u8(..3) {
            0 => json!([{"date": ahead(first, 0), "working_hours": single}]),
            1 => json!([{"from": ahead(first, 0), "to": ahead(first, length), "remove": true}]),
            _ => json!([{"from": ahead(first, 0), "to": ahead(first, length), "working_hours": single}]),
        };
        let before = schedule(&bench, &id);
        let replied = update(&bench, user, change.clone()).await;
        let undo = replied.structure()["undo"].clone();
        if schedule(&bench, &id) == before {
            continue;
        }
        assert!(replied.text().contains(&format!("\nundo: {TOOL} {undo}")), "{change}: {}", replied.text());
        bench.call(TOOL, undo.clone()).await.text();
        assert_eq!(schedule(&bench, &id), before, "{user}, {change}: {undo}");
        undone += 1;
    }
    assert!(undone * 2 > cases(12, 400), "{undone}");
}
