//! Plans of changes: what is planned, what is refused, and what comes of them.

mod cut;
mod new_hosts;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::actions::ask::{Answer, Confirm};
use crate::records::{Failure, SaidBy};
use crate::sandbox::{Effect, Fault};
use crate::tools::tests::bench::{Bench, NOW, Replied, Setup};
use crate::tools::{Catalogue, Selection};

pub(super) const DANA: &str = "USR-XXGJ98LRZMAU";
pub(super) const LEE: &str = "USR-XSAJLWDAS78B";

/// A clock that a test moves.
#[derive(Clone)]
pub(super) struct Clock(Arc<AtomicI64>);

impl Clock {
    /// Sets a bench up with a clock that begins as usual.
    pub(super) fn of(setup: &mut Setup) -> Self {
        let clock = Self(Arc::default());
        let (now, seconds): (Timestamp, _) = (NOW.parse().unwrap(), Arc::clone(&clock.0));
        setup.clock = Some(Arc::new(move || now + SignedDuration::from_secs(seconds.load(Ordering::SeqCst))));
        clock
    }

    pub(super) fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

/// Adds so many bookings of Dana's in the days to come, half an hour each.
pub(super) fn book(bench: &Bench, count: usize) -> Vec<String> {
    bench.sandbox.with(|world| {
        let (_, calendars) = world.people_and_calendars();
        let starts =
            |at: usize| world.moment(21 + i32::try_from(at / 10).unwrap(), 540 + 30 * i64::try_from(at % 10).unwrap());
        let starts: Vec<Timestamp> = (0..count).map(starts).collect();
        starts.into_iter().map(|starts| world.book(DANA, &calendars[0], starts, 30)).collect()
    })
}

/// The days of those bookings.
pub(super) fn booked() -> Value {
    json!({"host": "Dana Reyes", "starts_after": "2026-12-14", "starts_before": "2026-12-27"})
}

/// The arguments that carry out what was planned.
pub(super) fn planned(replied: &Replied) -> Value {
    let plan = replied.structure();
    json!({"plan": plan["plan"], "change": plan["change"], "count": plan["count"]})
}

fn statuses(bench: &Bench, ids: &[String]) -> Vec<&'static str> {
    bench.sandbox.with(|world| ids.iter().map(|id| world.status_of(id).unwrap()).collect())
}

pub(super) fn counts(structure: &Value) -> [u64; 5] {
    ["done", "not_done", "unknown", "skipped", "left"].map(|count| structure[count].as_u64().unwrap())
}

fn writes(bench: &Bench) -> usize {
    bench.sandbox.requests().iter().filter(|seen| seen.method != "GET").count()
}

/// Handles differ from run to run.
fn blackened(replied: &Replied) -> String {
    replied.text().replace(replied.structure()["plan"].as_str().unwrap(), "PLAN-…")
}

#[tokio::test]
async fn a_sick_day_is_planned_with_what_cannot_be_and_carried_out() {
    let bench = Bench::start().await;
    let day = json!({"host": "Dana Reyes", "starts_after": "today", "starts_before": "2026-11-27"});
    let asked = json!({"change": "cancel", "select": day, "reason": "ill"});
    let plan = bench.call("plan_changes", asked).await;
    assert_snapshot!(blackened(&plan));
    assert_eq!(writes(&bench), 0);
    let structure = plan.structure();
    assert!(structure["plan"].as_str().unwrap().len() <= 40);
    let items = structure["items"].as_array().unwrap();
    let (would, not): (Vec<&Value>, Vec<&Value>) = items.iter().partition(|item| item["problem"].is_null());
    assert_eq!((would.len() as u64, not.len()), (structure["count"].as_u64().unwrap(), 1));
    assert!(would.iter().all(|item| item["would"] == "canceled, the guest e-mailed"));
    bench.sandbox.forget_requests();
    let done = bench.call("carry_out_plan", planned(&plan)).await;
    let ids: Vec<String> = would.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(statuses(&bench, &ids), vec!["canceled"; ids.len()]);
    assert_eq!(counts(done.structure()), [ids.len() as u64, 0, 0, 0, 0]);
    assert!(ids.iter().all(|id| done.text().contains(id)), "{}", done.text());
    // One list, and each change.
    assert_eq!(bench.sandbox.forget_requests().len(), 1 + ids.len());
    let again = bench.call("carry_out_plan", planned(&plan)).await;
    assert_eq!((again.structure(), bench.sandbox.requests().len()), (done.structure(), 0), "nothing is left to do");
}

#[tokio::test]
async fn what_cannot_be_changed_is_said_with_the_reason() {
    let bench = Bench::start().await;
    let ids = book(&bench, 2);
    bench.sandbox.with(|world| {
        let (people, _) = world.people_and_calendars();
        world.join(&ids[0], &people[0]);
    });
    let problems = async |arguments: Value| -> Vec<String> {
        let plan = bench.call("plan_changes", arguments).await;
        let items = plan.structure()["items"].as_array().unwrap().clone();
        let problems: Vec<_> = items.iter().filter_map(|item| item["problem"].as_str().map(str::to_owned)).collect();
        assert!(problems.iter().all(|problem| plan.text().contains(problem)), "{}", plan.text());
        let count = usize::try_from(plan.structure()["count"].as_u64().unwrap()).unwrap();
        assert_eq!(count, items.len() - problems.len());
        assert_eq!(plan.structure()["plan"].is_string(), count > 0);
        problems
    };
    let month = |host: &str| json!({"host": host, "starts_after": "2026-11-16", "starts_before": "2026-12-16"});
    let paid = problems(json!({"change": "cancel", "select": month("Margaret Holloway")})).await;
    assert!(
        paid.iter().any(|problem| problem == "it is paid, so that only OnceHub's own pages can change it"),
        "{paid:?}"
    );
    assert!(paid.iter().any(|problem| problem.ends_with("only co-hosts it")), "{paid:?}");
    let all = problems(json!({"change": "request_reschedule", "select": month("Priya Raman")})).await;
    assert!(all.iter().all(|problem| !problem.starts_with("it awaits approval")), "{all:?}");
    assert!(all.iter().any(|problem| problem == "it is over"), "{all:?}");
    let given = json!({"change": "reassign", "select": month("Priya Raman"), "new_host": "Lee Whitford"});
    let all = problems(given).await;
    assert!(all.iter().any(|problem| problem.starts_with("it awaits approval")), "{all:?}");
    let canceled = json!({"host": DANA, "status": ["canceled"], "starts_after": "-20d", "starts_before": "+5d"});
    let all = problems(json!({"change": "cancel", "select": canceled})).await;
    assert!(!all.is_empty() && all.iter().all(|problem| problem == "it is canceled already"), "{all:?}");
    let all = problems(json!({"change": "mark_no_show", "booking_ids": ids})).await;
    assert_eq!(all, ["it has not begun yet"; 2]);
    let all = problems(json!({"change": "reassign", "booking_ids": ids, "new_host": "Dana Reyes"})).await;
    assert_eq!(
        all,
        [
            format!("\"Dana Reyes\" ({DANA}) is its host already"),
            format!("\"Dana Reyes\" ({DANA}) is its host already")
        ]
    );
    bench.sandbox.with(|world| {
        let (_, calendars) = world.people_and_calendars();
        world.book(LEE, &calendars[3], world.moment(21, 545), 30);
    });
    let all = problems(json!({"change": "reassign", "booking_ids": ids, "new_host": "Lee Whitford"})).await;
    assert_eq!(all, vec![format!("\"Lee Whitford\" ({LEE}) has another booking then"); 2]);
}

#[tokio::test]
async fn what_is_asked_wrongly_is_refused_before_anything_is_read() {
    let bench = Bench::start().await;
    let day = json!({"host": "Dana Reyes", "starts_after": "today", "starts_before": "today"});
    let with = |field: &str, value: Value| {
        let mut day = day.clone();
        day[field] = value;
        json!({"change": "cancel", "select": day})
    };
    let anybody = json!({"change": "cancel", "select": {"starts_after": "today", "starts_before": "today"}});
    let ids = (0..101).map(|n| format!("BKNG-{n}")).collect::<Vec<_>>();
    for (arguments, param) in [
        (json!({"change": "cancel"}), "booking_ids"),
        (json!({"change": "cancel", "booking_ids": ["BKNG-1"], "select": day}), "select"),
        (json!({"change": "cancel", "booking_ids": ids}), "booking_ids"),
        (json!({"change": "reassign", "select": day}), "new_host"),
        (json!({"change": "cancel", "select": day, "new_host": "auto"}), "new_host"),
        (json!({"change": "mark_no_show", "select": day, "reason": "x"}), "reason"),
        (json!({"change": "request_reschedule", "select": day, "notify_guest": false}), "notify_guest"),
        (anybody, "select"),
        (with("starts_before", "yesterday".into()), "select.starts_before"),
        (with("starts_before", "+32d".into()), "select.starts_before"),
        (with("starts_after", "whenever".into()), "select.starts_after"),
        (with("starts_before", Value::Null), "select.starts_before"),
    ] {
        let error = bench.call("plan_changes", arguments.clone()).await;
        assert_eq!(error.error()["param"], param, "{arguments}");
    }
    assert_eq!(bench.sandbox.requests().len(), 0);
    // Whole names only, as for a change; and `me` only from somebody who has set it.
    for (host, kind) in [("Danna Rayes", "not_found"), ("me", "configuration_error"), ("Sam Taylor", "ambiguous_name")]
    {
        let error = bench.call("plan_changes", with("host", host.into())).await;
        assert_eq!(error.error()["type"], kind, "{host}");
    }
    let unknown = json!({"change": "cancel", "booking_ids": ["BKNG-NOSUCHBOOKING"]});
    assert_eq!(bench.call("plan_changes", unknown).await.error()["param"], "booking_ids[0]");
    let iris = json!({"change": "reassign", "select": day, "new_host": "Iris Novak"});
    assert!(bench.call("plan_changes", iris).await.failure().contains("has not accepted the invitation yet"));
}

#[tokio::test]
async fn more_than_a_hundred_are_refused_with_their_number_and_none_is_no_failure() {
    let bench = Bench::start().await;
    book(&bench, 103);
    let all = bench.call("plan_changes", json!({"change": "cancel", "select": booked()})).await;
    assert!(all.failure().starts_with("select: 103 bookings match, and a plan has at most 100"), "{}", all.failure());
    let none = json!({"guest": "nobody at all", "starts_after": "now", "starts_before": "+31d"});
    let none = bench.call("plan_changes", json!({"change": "cancel", "select": none})).await;
    assert!(none.text().starts_with("No bookings to change: no plan was made."), "{}", none.text());
    assert_eq!((&none.structure()["count"], &none.structure()["plan"]), (&json!(0), &Value::Null));
    // A hundred are told whole.
    bench.sandbox.with(|world| {
        let (_, calendars) = world.people_and_calendars();
        (0..100).for_each(|_| drop(world.book(LEE, &calendars[3], world.moment(40, 600), 30)));
    });
    let all = json!({"host": LEE, "starts_after": "2027-01-02", "starts_before": "2027-01-02"});
    let all = bench.call("plan_changes", json!({"change": "cancel", "select": all})).await;
    assert_eq!(all.structure()["items"].as_array().unwrap().len(), 100);
    assert!(all.text().ends_with("change cancel, count 100"), "{}", all.text());
}

#[tokio::test]
async fn ids_and_names_may_be_mixed_and_each_counts_once() {
    let bench = Bench::start().await;
    let ids = book(&bench, 6);
    let guest = bench.call("get_booking", json!({"booking_id": ids[1]})).await;
    let guest = guest.structure()["form_submission"]["email"].clone();
    let mut asked: Vec<Value> = ids.iter().map(|id| json!(format!(" {id} "))).collect();
    asked.extend([guest, ids[0].clone().into()]);
    bench.sandbox.forget_requests();
    let plan = bench.call("plan_changes", json!({"change": "cancel", "booking_ids": asked})).await;
    assert_eq!(plan.structure()["count"], 6);
    assert!(plan.text().contains("2 of booking_ids named one that was there already."), "{}", plan.text());
    let read = bench.sandbox.forget_requests().iter().filter(|seen| seen.path.contains("/bookings")).count();
    assert_eq!(read, 2, "a list for the ids, and one for the name");
}

#[tokio::test]
async fn what_is_carried_out_has_to_be_what_was_planned() {
    let mut setup = Setup::default();
    let clock = Clock::of(&mut setup);
    let bench = Bench::with(setup).await;
    let ids = book(&bench, 3);
    let plan = bench.call("plan_changes", json!({"change": "cancel", "booking_ids": ids})).await;
    let good = planned(&plan);
    let wrong = vec![("count", json!(4)), ("change", json!("reassign")), ("plan", json!("PLAN-AAAA"))];
    let failures = bench.failures("carry_out_plan", good.clone(), wrong).await;
    assert!(failures[0].starts_with("count: the plan changes 3, not 4"), "{}", failures[0]);
    assert!(failures[1].starts_with("change: the plan is to cancel, not to reassign"), "{}", failures[1]);
    // A stranger's plan, and one of another caller, is like none.
    let stranger = bench.tools.of_account(bench.tools.client().clone(), "another".into());
    let caller = bench.tools.of_caller(Some(("dana@northlight.example".into(), SaidBy::Header)), None);
    let said = |error: &Value| (error["type"].clone(), error["message"].clone(), error["hint"].clone());
    let none =
        said(bench.call("carry_out_plan", json!({"plan": "PLAN-AAAA", "change": "cancel", "count": 3})).await.error());
    for tools in [stranger, caller] {
        let other = bench.serving(tools).await;
        assert_eq!(said(other.call("carry_out_plan", good.clone()).await.error()), none);
    }
    clock.pass(15 * 60);
    assert_eq!(said(bench.call("carry_out_plan", good).await.error()), none);
    assert_eq!(writes(&bench), 0);
}

#[tokio::test]
async fn what_somebody_else_has_changed_is_skipped_and_said() {
    let bench = Bench::start().await;
    let ids = book(&bench, 5);
    let plan = bench.call("plan_changes", json!({"change": "cancel", "select": booked()})).await;
    bench.call("cancel_booking", json!({"booking_id": ids[0], "notify_guest": false})).await.text();
    bench.call("reassign_booking", json!({"booking_id": ids[1], "new_host": LEE})).await.text();
    bench.sandbox.with(|world| world.coincide(&ids[2], &ids[4]));
    let done = bench.call("carry_out_plan", planned(&plan)).await;
    assert_eq!(counts(done.structure()), [2, 0, 0, 3, 0]);
    let text = done.text();
    for changed in [
        "its status was scheduled, and is canceled", "its host is another",
        "it was on Mon 2026-12-14 10:00 -05:00, and is on",
    ] {
        assert!(text.contains(&format!("it has changed since it was planned: {changed}")), "{text}");
    }
    assert_eq!(statuses(&bench, &ids), ["canceled", "scheduled", "scheduled", "canceled", "canceled"]);
    assert_eq!(bench.sandbox.with(|world| world.mails_about(&ids[0])), 0);
}

#[tokio::test]
async fn a_plan_shows_all_of_its_reason_and_whether_guests_are_notified() {
    let mut setup = Setup { answers: Some(vec![Answer::Declined]), ..Setup::default() };
    setup.settings.confirm = Confirm::Auto;
    let bench = Bench::with(setup).await;
    book(&bench, 2);
    let reason = format!("{} and so on", "We are sorry. ".repeat(40));
    for notify_guest in [true, false] {
        let asked = json!({"change": "cancel", "select": booked(), "reason": reason, "notify_guest": notify_guest});
        let plan = bench.call("plan_changes", asked).await;
        assert!(plan.text().contains(&reason), "{}", plan.text());
        let structure = plan.structure();
        assert_eq!((&structure["reason"], &structure["notify_guest"]), (&json!(reason), &json!(notify_guest)));
        bench.call("carry_out_plan", planned(&plan)).await.text();
        let question = bench.asked.lock().unwrap().pop().unwrap();
        assert!(question.contains(&reason), "{question}");
        assert_eq!(question.contains("without notifying each guest"), !notify_guest, "{question}");
    }
}

#[tokio::test]
async fn a_booking_whose_reply_does_not_show_the_change_is_unknown() {
    let bench = Bench::start().await;
    book(&bench, 1);
    for (change, path, more, body) in [
        ("cancel", "/cancel", json!({}), json!({})),
        ("reassign", "/reassign", json!({"new_host": LEE}), json!({"error": "x"})),
    ] {
        let mut asked = more;
        (asked["change"], asked["select"]) = (change.into(), booked());
        let plan = bench.call("plan_changes", asked).await;
        let fault = Fault::new(Effect::Error(200, body)).on("POST", path);
        let done = bench.call_with(fault, "carry_out_plan", planned(&plan)).await;
        assert_eq!(counts(done.structure()), [0, 0, 1, 0, 0], "{}", done.text());
    }
}

#[tokio::test]
async fn the_person_is_asked_once_with_the_whole_list() {
    let setup = |answers: Option<Vec<Answer>>, confirm| {
        let mut setup = Setup { answers, ..Setup::default() };
        setup.settings.confirm = confirm;
        setup
    };
    let bench = Bench::with(setup(Some(vec![Answer::Declined, Answer::Yes]), Confirm::Auto)).await;
    let ids = book(&bench, 40);
    let plan = bench.call("plan_changes", json!({"change": "cancel", "select": booked(), "reason": "ill"})).await;
    let no = bench.call("carry_out_plan", planned(&plan)).await;
    assert_eq!((&no.structure()["confirmed"], writes(&bench)), (&json!(false), 0));
    // In the middle of it the key is refused; going on, nobody is asked again.
    let refused = json!({"type": "authentication_error", "message": "Invalid API key."});
    let fault = Fault::new(Effect::Error(401, refused)).on("POST", "/cancel").after(7);
    let some = bench.call_with(fault, "carry_out_plan", planned(&plan)).await;
    assert_eq!(counts(some.structure()), [7, 0, 0, 0, 33]);
    assert!(some.text().contains("It stopped: OnceHub refused: Invalid API key"), "{}", some.text());
    let all = bench.call("carry_out_plan", planned(&plan)).await;
    assert_eq!(counts(all.structure()), [40, 0, 0, 0, 0]);
    let asked = bench.asked.lock().unwrap().clone();
    assert_eq!(asked.len(), 2);
    assert!(asked[1].starts_with("Cancel 40 bookings, and e-mail each guest this reason: \"ill\"? In America/New_York: Mon 2026-12-14 09:00 -05:00 \"Guest "));
    assert_eq!((asked[1].matches("\"Guest ").count(), asked[1].len() < 4000), (40, true), "{}", asked[1]);
    assert!(bench.sandbox.with(|world| ids.iter().all(|id| world.mails_about(id) == 1)));

    let bench = Bench::with(setup(None, Confirm::Always)).await;
    book(&bench, 2);
    let plan = bench
        .call(
            "plan_changes",
            json!({"change": "mark_no_show", "booking_ids": [bench.booking(json!({"status": "completed"})).await]}),
        )
        .await;
    let refused = bench.call("carry_out_plan", planned(&plan)).await;
    assert_eq!((refused.error()["type"].as_str(), writes(&bench)), (Some("not_confirmed"), 0));
}

#[tokio::test]
async fn a_dry_run_tells_the_plan_and_sends_nothing() {
    let mut setup = Setup::default();
    setup.settings.dry_run = true;
    let bench = Bench::with(setup).await;
    book(&bench, 3);
    let plan = bench.call("plan_changes", json!({"change": "request_reschedule", "select": booked()})).await;
    let would = bench.call("carry_out_plan", planned(&plan)).await;
    let said = would.structure()["would"].as_str().unwrap();
    assert!(said.starts_with("Cancel 3 bookings, and e-mail each guest to choose another time. In America/"), "{said}");
    assert_eq!((&would.structure()["dry_run"], writes(&bench)), (&json!(true), 0));
}

#[tokio::test]
async fn a_limit_that_is_reached_and_a_deadline_end_the_call_and_the_next_goes_on() {
    let bench = Bench::start().await;
    let ids = book(&bench, 12);
    let plan = bench.call("plan_changes", json!({"change": "cancel", "select": booked()})).await;
    let limit = Fault::new(Effect::TooMany(Some(120))).on("POST", "/cancel").after(5);
    let some = bench.call_with(limit, "carry_out_plan", planned(&plan)).await;
    assert_eq!(counts(some.structure()), [5, 0, 0, 0, 7]);
    assert!(some.text().contains("(retry after 120 s)"), "{}", some.text());
    // A server in more of a hurry, before the same account.
    let mut setup = Setup::default();
    setup.settings.timeout = Duration::from_millis(900);
    let hurried = Bench::on(Arc::clone(&bench.sandbox), setup).await;
    let plan = hurried.call("plan_changes", json!({"change": "cancel", "booking_ids": ids[5..]})).await;
    hurried.sandbox.fail(Fault::new(Effect::Delay(Duration::from_millis(150))).on("POST", "/cancel"));
    let mut calls = 0;
    loop {
        let done = hurried.call("carry_out_plan", planned(&plan)).await;
        let [finished, not_done, unknown, skipped, left] = counts(done.structure());
        assert_eq!((not_done, unknown, skipped), (0, 0, 0), "{}", done.text());
        calls += 1;
        if left == 0 {
            break;
        }
        assert!(finished > 0 && done.text().contains(&format!("go on with the {left} left")), "{}", done.text());
    }
    assert!((2..=6).contains(&calls), "{calls}");
    assert!(bench.sandbox.with(|world| ids.iter().all(|id| world.mails_about(id) == 1)));
}

#[tokio::test]
async fn a_host_who_leaves_meanwhile_is_refused_twice_and_the_rest_is_not_sent() {
    let bench = Bench::start().await;
    let ids = book(&bench, 8);
    let sam = bench.sandbox.with(|world| world.people_and_calendars().0[6].clone());
    let asked = json!({"change": "reassign", "booking_ids": ids, "new_host": sam});
    let plan = bench.call("plan_changes", asked).await;
    assert_eq!(plan.structure()["count"], 8);
    bench.sandbox.fail(Fault::new(Effect::Hold).on("POST", "/reassign").after(3));
    let leaves = async {
        while bench.sandbox.held() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let busy = bench.call("carry_out_plan", planned(&plan)).await;
        assert!(busy.failure().starts_with("plan: another call is carrying it out now"), "{}", busy.failure());
        bench.sandbox.with(|world| world.leave(&sam));
        bench.sandbox.release();
    };
    let (done, ()) = tokio::join!(bench.call("carry_out_plan", planned(&plan)), leaves);
    assert_eq!(counts(done.structure()), [3, 5, 0, 0, 0]);
    assert_eq!(bench.requests("POST", "/reassign"), 5);
    let unsent = done.structure()["items"].as_array().unwrap().iter().filter(|item| {
        item["message"].as_str().is_some_and(|message| message.starts_with("not sent, since others were refused: "))
    });
    assert_eq!(unsent.count(), 3);
}

#[test]
fn what_is_kept_is_small_and_has_no_guest_in_it() {
    use super::change::{Change, Kind};
    use super::kept::{Item, Plan, State, Was};
    let booking = json!({
        "id": "BKNG-4XQW2M7K9PLD", "status": "scheduled", "starting_time": "2026-12-01T15:00:00.000Z", "duration_minutes": 30,
        "owner": DANA, "form_submission": {"name": "Carrie Customer", "email": "carrie@customer.example"}
    });
    let booking = crate::records::Told::from(crate::oncehub::Object::new(booking));
    let item = Item {
        id: "BKNG-4XQW2M7K9PLD".parse().unwrap(),
        was: Was::of(&booking),
        new_host: LEE.parse().ok(),
        state: State::Left { again: None },
    };
    let change =
        Change::new(Kind::Reassign, None, true, Some("auto")).unwrap_or_else(|failure: Failure| panic!("{failure:?}"));
    let expires_at = crate::records::Time(NOW.parse().unwrap());
    let plan = Plan { change, items: vec![item; 100], expires_at, is_agreed: false };
    let kept = serde_json::to_string(&plan).unwrap();
    assert!(kept.len() < 25_000 && !kept.to_lowercase().contains("customer"), "{} {kept:.300}", kept.len());
    let read: Plan = serde_json::from_str(&kept).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), kept);
    assert_eq!(read.items[0].was.difference(&booking, &crate::records::Zone::utc()), None);
}

#[tokio::test]
async fn a_part_of_a_name_will_do_and_is_told() {
    let bench = Bench::start().await;
    book(&bench, 2);
    let mut select = booked();
    select["host"] = "Dana".into();
    let plan = bench.call("plan_changes", json!({"change": "cancel", "select": select})).await;
    assert_eq!(plan.structure()["count"], 2);
    assert!(plan.text().contains("select.host: \"Dana\" was read as \"Dana Reyes\""), "{}", plan.text());
}

#[tokio::test]
async fn a_plan_holds_only_what_its_reply_shows() {
    let with_room_for = async |bytes: usize| {
        let mut setup = Setup::default();
        setup.settings.max_reply = bytes;
        let bench = Bench::with(setup).await;
        let ids = book(&bench, 40);
        (bench.call("plan_changes", json!({"change": "cancel", "select": booked()})).await, ids)
    };
    // Rows of ids, where whole ones do not fit; the text has all of each.
    let (plan, ids) = with_room_for(18_000).await;
    let items = plan.structure()["items"].as_array().unwrap();
    assert_eq!((items.len(), &plan.structure()["count"]), (40, &json!(40)));
    assert!(items.iter().all(|item| item["would"].is_string() && item["guest_name"].is_null()));
    assert!(ids.iter().all(|id| plan.text().contains(id)), "{}", plan.text());
    let (refused, _) = with_room_for(6_000).await;
    assert!(refused.failure().contains("no plan was made"), "{}", refused.failure());
}

#[tokio::test]
async fn all_of_a_reason_is_shown_and_asked_about_before_it_is_sent() {
    let reason = format!("Dear guest, {} and that is all.", "I am ill ".repeat(60).trim());
    for (change, quiet) in [("cancel", false), ("cancel", true), ("request_reschedule", false)] {
        let setup = Setup { answers: Some(vec![Answer::Yes]), ..Setup::default() };
        let bench = Bench::with(setup).await;
        book(&bench, 2);
        let mut asked = json!({"change": change, "select": booked(), "reason": reason});
        if quiet {
            asked["notify_guest"] = false.into();
        }
        let plan = bench.call("plan_changes", asked).await;
        let structure = plan.structure();
        assert!(plan.text().contains(&reason) && structure["reason"] == reason, "{}", plan.text());
        let notify_guest = if change == "cancel" { json!(!quiet) } else { json!(null) };
        assert_eq!(structure["notify_guest"], notify_guest);
        bench.call("carry_out_plan", planned(&plan)).await.text();
        let question = bench.asked.lock().unwrap()[0].clone();
        assert!(question.contains(&reason) && question.contains("without notifying") == quiet, "{question}");
        let sent = bench.sandbox.requests().into_iter().filter_map(|seen| seen.body);
        assert_eq!(sent.filter(|body| body.to_string().contains(&reason)).count(), 2);
        // Of a single one, too.
        let mut one = json!({"booking_id": book(&bench, 3)[2], "reason": reason});
        if quiet {
            one["notify_guest"] = false.into();
        }
        let tool = if change == "cancel" { "cancel_booking" } else { change };
        bench.call(tool, one).await.text();
        let question = bench.asked.lock().unwrap()[1].clone();
        assert!(question.contains(&reason), "{question}");
    }
}

#[tokio::test]
async fn what_another_plan_has_canceled_meanwhile_is_said_to_be_canceled() {
    let bench = Bench::start().await;
    let ids = book(&bench, 4);
    let plan = async || bench.call("plan_changes", json!({"change": "cancel", "booking_ids": ids})).await;
    let (first, second) = (plan().await, plan().await);
    bench.sandbox.forget_requests();
    bench.sandbox.fail(Fault::new(Effect::Hold).on("POST", "/cancel").times(1));
    let faster = async {
        while bench.sandbox.held() == 0 {
            tokio::task::yield_now().await;
        }
        let done = bench.call("carry_out_plan", planned(&first)).await;
        assert_eq!(counts(done.structure()), [4, 0, 0, 0, 0]);
        bench.sandbox.release();
    };
    let (late, ()) = tokio::join!(bench.call("carry_out_plan", planned(&second)), faster);
    assert_eq!(counts(late.structure()), [0, 4, 0, 0, 0], "{}", late.text());
    let items = late.structure()["items"].as_array().unwrap();
    let is_said = |item: &Value| item["message"].as_str().unwrap().ends_with("status was scheduled, and is canceled");
    assert!(items.iter().all(is_said), "{}", late.text());
    // One list before each plan, and one to see why all of one was refused.
    assert_eq!(bench.requests("GET", "/v2/bookings"), 3);
}

#[tokio::test]
async fn a_plan_that_cannot_be_carried_out_here_names_no_tool_to_do_it_with() {
    let mut bench = Bench::start().await;
    book(&bench, 2);
    let asked = json!({"change": "cancel", "select": booked()});
    let plan = bench.call("plan_changes", asked.clone()).await;
    assert!(plan.text().contains("\nnext: carry_out_plan with plan PLAN-"), "{}", plan.text());
    let selection = Selection { read_only: true, ..Selection::default() };
    bench.catalogue = Catalogue::new(&selection).unwrap();
    let reading = bench.serving(bench.tools.clone()).await;
    let plan = reading.call("plan_changes", asked).await;
    let next = "\nnext: nothing here, since carry_out_plan is not offered";
    assert!(plan.text().contains(next) && !plan.text().contains("carry_out_plan with"), "{}", plan.text());
}

#[tokio::test]
async fn an_owner_who_stays_after_a_reassignment_is_told() {
    let bench = Bench::with(Setup::default()).await;
    let classic = json!({"booking_page": "Lee classic", "starts_after": "tomorrow", "status": "scheduled"});
    let classic = bench.booking(classic).await;
    let calendar =
        bench.booking(json!({"calendar": "Intro call", "starts_after": "tomorrow", "status": "scheduled"})).await;
    let asked = json!({"change": "reassign", "booking_ids": [classic, calendar], "new_host": "Priya Raman"});
    let plan = planned(&bench.call("plan_changes", asked).await);
    let carried = bench.call("carry_out_plan", plan).await;
    let items = carried.structure()["items"].as_array().unwrap();
    let message = |id: &str| items.iter().find(|item| item["id"] == id).unwrap()["message"].clone();
    assert!(message(&classic).as_str().unwrap().starts_with("OnceHub still shows its former owner"), "{items:?}");
    assert!(!message(&calendar).as_str().unwrap_or_default().contains("former owner"), "{items:?}");
    assert!(carried.text().contains("former owner"), "{}", carried.text());
}
