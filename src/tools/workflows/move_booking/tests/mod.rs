mod cut;

use std::sync::Arc;
use std::time::Duration;

use futures::future::{join, join_all};
use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::actions::ask::{Answer, Confirm};
use crate::sandbox::{Effect, Fault};
use crate::tools::tests::bench::{Bench, Setup};

const EMAIL: &str = "ada@okafor.example";

/// A booking of a new guest's, with answers, on a calendar at a time in New York.
async fn booked(bench: &Bench, calendar: &str, start: &str) -> String {
    let guest = json!({
        "calendar_id": calendar, "start_time": start, "guest_time_zone": "America/New_York", "guest_name": "Ada Okafor",
        "guest_email": EMAIL, "custom_fields": {"company": "Okafor"}
    });
    let made = bench.call("schedule_meeting", guest).await;
    bench.sandbox.forget_requests();
    made.structure()["booking_id"].as_str().unwrap().to_owned()
}

fn statuses(bench: &Bench, moved: &Value) -> [Option<&'static str>; 2] {
    ["from", "to"].map(|end| bench.sandbox.with(|world| world.status_of(moved[end]["id"].as_str().unwrap())))
}

/// What was sent, in order: the last part of each path.
fn sent(bench: &Bench) -> String {
    let seen = bench.sandbox.requests();
    let writes = seen.iter().filter(|seen| seen.method != "GET");
    writes.map(|seen| seen.path.rsplit('/').next().unwrap()).collect::<Vec<_>>().join(" ")
}

fn hidden(text: &str, moved: &Value) -> String {
    let mut shown = text.to_owned();
    for (end, hidden) in [("from", "BKNG-OLD"), ("to", "BKNG-NEW")] {
        let id = moved[end]["id"].as_str().unwrap();
        let key = &id[5..];
        shown = shown.replace(id, hidden).replace(key, "…").replace(&key.to_lowercase(), "…");
    }
    shown
}

#[tokio::test]
async fn the_new_time_is_booked_before_the_old_one_is_canceled() {
    let bench = Bench::start().await;
    let old = booked(&bench, "Intro call", "2026-11-25T10:00").await;
    let asked = json!({"booking_id": old, "start_time": "2026-11-27T12:00", "reason": "We travel"});
    let moved = bench.call("move_booking", asked.clone()).await;
    let structure = moved.structure();
    assert_eq!(statuses(&bench, structure), [Some("canceled"), Some("scheduled")]);
    assert_eq!((&structure["from"]["id"], &structure["outcome"]), (&json!(old), &json!("moved")));
    assert_eq!(structure["to"]["starting_time_local"], "Fri 2026-11-27 12:00 -05:00");
    assert_eq!(structure["to"]["form_submission"]["company"], "Okafor", "the same answers");
    assert_eq!(
        structure["to"]["virtual_conferencing"]["join_url"].as_str().unwrap().split('/').nth(2),
        Some("meet.google.com")
    );
    assert_eq!(structure["steps"], json!([{"step": "book", "outcome": "done"}, {"step": "cancel", "outcome": "done"}]));
    assert_eq!(sent(&bench), "schedule cancel");
    let cancel =
        bench.sandbox.requests().into_iter().find(|seen| seen.path.ends_with("/cancel")).unwrap().body.unwrap();
    assert_eq!(cancel, json!({"cancellation_reason": "We travel", "send_cancellation_email": true}));
    assert_snapshot!(hidden(&moved.text(), structure));
    // Called again, there is nothing to do, and nothing is sent.
    let again = bench.call("move_booking", asked).await;
    assert_eq!(
        (&again.structure()["outcome"], &again.structure()["to"]["id"]),
        (&json!("moved"), &structure["to"]["id"])
    );
    assert!(again.text().starts_with(&format!("Nothing to do: {old} is canceled already, and ")), "{}", again.text());
    assert_eq!(sent(&bench), "schedule cancel");
}

#[tokio::test]
async fn the_guest_may_be_known_by_name_and_the_time_may_be_the_first_free_one() {
    let bench = Bench::start().await;
    booked(&bench, "Intro call", "2026-11-25T10:00").await;
    let window = json!({"after": "2026-11-27", "earliest": "14:00"});
    let asked =
        json!({"booking_id": "Ada Okafor", "first_free": window, "notify_guest": false, "time_zone": "Europe/London"});
    let moved = bench.call("move_booking", asked).await;
    // Two in London is nine in New York.
    assert_eq!(moved.structure()["to"]["starting_time_local"], "Fri 2026-11-27 14:00 +00:00");
    assert!(moved.text().contains("notified of the new time alone"), "{}", moved.text());
}

#[tokio::test]
async fn what_cannot_be_moved_is_refused_before_anything_is_sent() {
    let bench = Bench::start().await;
    let of = async |filter: Value| bench.booking(filter).await;
    let paid = of(json!({"calendar": "Paid consultation", "starts_after": "tomorrow"})).await;
    let requested = of(json!({"status": "requested", "starts_after": "tomorrow"})).await;
    let past = of(json!({"status": "completed", "calendar": "Intro call"})).await;
    let missed = of(json!({"status": "no_show"})).await;
    let canceled = of(json!({"status": "canceled", "calendar": "Intro call"})).await;
    let classic = of(json!({"booking_page": "Margaret classic", "starts_after": "tomorrow"})).await;
    let coming = of(json!({"status": "scheduled", "calendar": "Intro call", "starts_after": "tomorrow"})).await;
    let mut shown = Vec::new();
    for id in [paid, requested, past, missed, canceled, classic] {
        let refused = bench.call("move_booking", json!({"booking_id": id, "start_time": "2026-12-03T11:00"})).await;
        assert_eq!(refused.error()["outcome"], "not_done");
        shown.push(refused.failure().replace(&id, "BKNG-…"));
    }
    let formless = bench.sandbox.with(|world| world.as_sent(&coming)).unwrap();
    for (field, empty) in [("form_submission", Value::Null), ("booking_calendar", Value::Null)] {
        let mut odd = formless.clone();
        odd[field] = empty;
        let fault = Fault::new(Effect::Replace(odd)).on("GET", &format!("/bookings/{coming}"));
        let asked = json!({"booking_id": coming, "start_time": "2026-12-03T11:00"});
        shown.push(bench.call_with(fault, "move_booking", asked).await.failure().replace(&coming, "BKNG-…"));
    }
    let nonsense = [
        json!({"booking_id": coming}),
        json!({"booking_id": coming, "start_time": "2026-12-03T11:00", "first_free": {"after": "today"}}),
        json!({"booking_id": coming, "start_time": "tomorrow"}),
        json!({"booking_id": coming, "start_time": "2026-11-20T11:00"}),
        json!({"booking_id": coming, "start_time": "2026-12-03T11:00", "calendar_id": "Nothing"}),
    ];
    for asked in nonsense {
        shown.push(bench.call("move_booking", asked).await.failure());
    }
    let own = bench.sandbox.with(|world| world.as_sent(&coming)).unwrap()["starting_time"].clone();
    let same = bench.call("move_booking", json!({"booking_id": coming, "start_time": own})).await;
    shown.push(same.failure().replace(&coming, "BKNG-…"));
    assert_snapshot!(shown.join("\n"));
    assert_eq!(sent(&bench), "");
}

#[tokio::test]
async fn a_time_in_which_the_booking_lies_itself_is_refused_with_that_reason() {
    let bench = Bench::start().await;
    let old = booked(&bench, "Strategy session", "2026-11-26T11:00").await;
    let to = |start: &str| json!({"booking_id": old, "start_time": start});
    for (start, why) in [
        ("2026-11-26T11:30", Some("the booking that is to be moved lies there itself")),
        ("2026-11-26T12:00", Some("the buffer around the booking that is to be moved may lie there")),
        ("2026-12-03T03:00", None),
    ] {
        let refused = bench.call("move_booking", to(start)).await.failure();
        assert!(refused.starts_with("start_time: OnceHub does not offer "), "{refused}");
        assert_eq!(refused.contains("hint: request_reschedule lets the guest choose"), why.is_some(), "{refused}");
        assert!(why.is_none_or(|why| refused.contains(why)), "{refused}");
    }
    assert_eq!((sent(&bench), bench.sandbox.with(|world| world.status_of(&old))), (String::new(), Some("scheduled")));
}

#[tokio::test]
async fn what_does_not_move_along_is_named_in_the_question_and_in_the_reply() {
    let bench = Bench::asking(Confirm::Auto, Some(vec![Answer::Yes])).await;
    let id = booked(&bench, "Adviser on duty", "2026-11-27T12:00").await;
    let mut rich = bench.sandbox.with(|world| world.as_sent(&id)).unwrap();
    rich["attendees"].as_array_mut().unwrap().push("margaret@northlight.example".into());
    rich["form_submission"]["guests"] = json!(["bo@okafor.example"]);
    rich["utm_params"] = json!({"source": "mail", "medium": null});
    rich["form_submission"]["custom_fields"] = json!([{"name": "Plan", "value": [{"fileName": "plan.pdf"}]}]);
    rich["virtual_conferencing"] = json!({"join_url": "https://zoom.us/j/1"});
    let fault = Fault::new(Effect::Replace(rich)).on("GET", &format!("/bookings/{id}"));
    let asked = json!({"booking_id": id, "start_time": "2026-12-02T11:00"});
    let moved = bench.call_with(fault, "move_booking", asked).await;
    assert_eq!(moved.structure()["outcome"], "moved");
    let questions = bench.asked.lock().unwrap().clone();
    assert_eq!(questions.len(), 1, "{questions:?}");
    let note = moved.structure()["note"].as_str().unwrap();
    for said in [
        "Further guests and co-hosts do not move along: \"margaret@northlight.example\", \"bo@okafor.example\".",
        "Its UTM parameters do not move along.",
        "Answers that cannot be sent do not move along: \"Plan\".",
        "OnceHub chooses who of the team \"Advisers\" hosts it: it may not be \"",
        "Where it takes place may change: it was https://zoom.us/j/1, and OnceHub chooses among virtual google_meet.",
    ] {
        assert!(questions[0].contains(said), "{said}: {}", questions[0]);
        assert!(note.contains(said), "{said}: {note}");
    }
}

#[tokio::test]
async fn a_person_is_asked_once_and_a_no_changes_nothing() {
    let asked = |id: &str| json!({"booking_id": id, "start_time": "2026-12-02T11:00"});
    let bench = Bench::asking(Confirm::Always, Some(vec![Answer::Yes, Answer::Yes, Answer::Declined])).await;
    let id = booked(&bench, "Intro call", "2026-11-27T12:00").await;
    bench.call("move_booking", asked(&id)).await.text();
    let questions = bench.asked.lock().unwrap().split_off(1);
    assert_snapshot!(questions.join("\n"));
    let coming = bench.booking(json!({"calendar": "Strategy session", "starts_after": "tomorrow"})).await;
    let declined = bench.call("move_booking", json!({"booking_id": coming, "first_free": {"after": "+5d"}})).await;
    assert_eq!(
        (&declined.structure()["confirmed"], &declined.structure()["outcome"]),
        (&json!(false), &json!("not_moved"))
    );
    assert_eq!(sent(&bench), "schedule cancel", "those of the first");
    // Who cannot be asked is refused where everybody is to be asked.
    let mute = Bench::asking(Confirm::Always, None).await;
    let coming = mute.booking(json!({"calendar": "Intro call", "starts_after": "tomorrow"})).await;
    let refused = mute.call("move_booking", json!({"booking_id": coming, "first_free": {"after": "+5d"}})).await;
    assert_eq!((&refused.error()["type"], sent(&mute)), (&json!("not_confirmed"), String::new()));
}

#[tokio::test]
async fn a_dry_run_tells_both_steps_and_sends_neither() {
    let mut setup = Setup::default();
    setup.settings.dry_run = true;
    let bench = Bench::with(setup).await;
    let id = bench.booking(json!({"calendar": "Intro call", "starts_after": "tomorrow", "status": "scheduled"})).await;
    let would = bench.call("move_booking", json!({"booking_id": id, "first_free": {"after": "+5d"}})).await;
    let would = would.structure()["would"].as_str().unwrap();
    assert!(would.starts_with("Move \"Intro call") && would.contains("then cancel the old one"), "{would}");
    assert_eq!(sent(&bench), "");
}

#[tokio::test]
async fn starts_that_are_taken_are_passed_over_and_an_unknown_outcome_stops() {
    let taken = json!({"type": "x", "message": "The selected start time is not available.", "param": "start_time"});
    let bench = Bench::start().await;
    let id = booked(&bench, "Intro call", "2026-11-25T10:00").await;
    let asked = json!({"booking_id": id, "first_free": {"after": "2026-11-27"}});
    let fault = Fault::new(Effect::Error(400, taken.clone())).on("POST", "/schedule").times(2);
    let moved = bench.call_with(fault, "move_booking", asked.clone()).await;
    assert_eq!(sent(&bench), "schedule schedule schedule cancel");
    assert!(
        moved.structure()["note"].as_str().unwrap().contains("Passed over, since OnceHub said"),
        "{}",
        moved.text()
    );
    let bench = Bench::start().await;
    let id = booked(&bench, "Intro call", "2026-11-25T10:00").await;
    let asked = json!({"booking_id": id, "first_free": {"after": "2026-11-27"}});
    let all = Fault::new(Effect::Error(400, taken)).on("POST", "/schedule");
    let none = bench.call_with(all, "move_booking", asked.clone()).await;
    assert!(none.failure().contains(&format!("{id} stands as it was")), "{}", none.failure());
    assert_eq!(
        (&none.error()["outcome"], sent(&bench)),
        (&json!("not_done"), "schedule schedule schedule schedule".into())
    );
    let lost = Fault::new(Effect::DropBefore).on("POST", "/schedule");
    let unknown = bench.call_with(lost, "move_booking", asked).await;
    assert_eq!(unknown.error()["outcome"], "unknown");
    assert_eq!(bench.requests("POST", "/schedule"), 5);
    let hint = unknown.error()["hint"].as_str().unwrap();
    assert!(
        hint.contains(&format!("call move_booking again with booking_id {id} and start_time 2026-11-27T")),
        "{hint}"
    );
}

#[tokio::test]
async fn another_meeting_of_the_guest_is_not_taken_for_the_new_time() {
    let bench = Bench::start().await;
    let first = booked(&bench, "Intro call", "2026-11-25T10:00").await;
    let second = booked(&bench, "Intro call", "2026-11-26T10:00").await;
    let window = json!({"after": "2026-11-30", "before": "2026-12-04"});
    let asked = |id: &str| json!({"booking_id": id, "first_free": window});
    let moved = bench.call("move_booking", asked(&first)).await;
    let new = moved.structure()["to"]["id"].as_str().unwrap().to_owned();
    let refused = bench.call("move_booking", asked(&second)).await;
    assert!(refused.failure().contains(&new) && refused.failure().contains("not known"), "{}", refused.failure());
    assert_eq!(bench.sandbox.with(|world| world.live_of(EMAIL)).len(), 2);
    // The one that an earlier call of the same move has made is known.
    let again = bench.call("move_booking", asked(&first)).await;
    assert_eq!(again.structure()["to"]["id"], new, "{}", again.any_text());
    assert_eq!(sent(&bench), "schedule cancel");
}

#[tokio::test]
async fn nothing_is_sent_again_while_the_first_request_may_be_under_way() {
    let bench = Bench::start().await;
    let id = booked(&bench, "Intro call", "2026-11-25T10:00").await;
    let asked = json!({"booking_id": id, "start_time": "2026-11-27T12:00"});
    let lost = Fault::new(Effect::DropBefore).on("POST", "/schedule");
    let unknown = bench.call_with(lost, "move_booking", asked.clone()).await;
    assert_eq!(unknown.error()["outcome"], "unknown");
    let again = bench.call("move_booking", asked).await;
    assert_eq!((&again.error()["outcome"], bench.requests("POST", "/schedule")), (&json!("unknown"), 1));
    assert!(again.failure().contains("wait a minute"), "{}", again.failure());
}

#[tokio::test]
async fn two_that_exist_are_told_with_the_way_on_and_the_way_back() {
    let bench = Bench::start().await;
    let id = booked(&bench, "Intro call", "2026-11-25T10:00").await;
    let asked = json!({"booking_id": id, "start_time": "2026-11-27T12:00"});
    let refused = json!({"type": "invalid_request_error", "message": "Not today."});
    let fault = Fault::new(Effect::Error(422, refused)).on("POST", "/cancel");
    let both = bench.call_with(fault, "move_booking", asked.clone()).await;
    let structure = both.structure().clone();
    assert_eq!(structure["outcome"], "both_exist");
    assert_eq!(statuses(&bench, &structure), [Some("scheduled"), Some("scheduled")]);
    assert_snapshot!(hidden(&both.text(), &structure));
    let lost = Fault::new(Effect::DropBefore).on("POST", "/cancel");
    let unknown = bench.call_with(lost, "move_booking", asked.clone()).await;
    assert_eq!(
        (&unknown.structure()["outcome"], &unknown.structure()["to"]["id"]),
        (&json!("unknown"), &structure["to"]["id"])
    );
    assert!(unknown.text().contains("was canceled is unknown"), "{}", unknown.text());
    // Called again, it goes on where it stopped.
    let moved = bench.call("move_booking", asked).await;
    assert_eq!(
        (&moved.structure()["outcome"], &moved.structure()["to"]["id"]),
        (&json!("moved"), &structure["to"]["id"])
    );
    assert_eq!(statuses(&bench, &structure), [Some("canceled"), Some("scheduled")]);
    assert_eq!(bench.requests("POST", "/schedule"), 1);
}

#[tokio::test]
async fn an_old_booking_that_somebody_else_cancels_meanwhile_is_moved() {
    let bench = Bench::start().await;
    let id = booked(&bench, "Intro call", "2026-11-25T10:00").await;
    let refused =
        json!({"type": "invalid_request_error", "message": "Booking cannot be cancelled: 'x'", "param": "id"});
    bench.sandbox.fail(Fault::new(Effect::Error(409, refused)).on("POST", "/cancel"));
    // The reading of the old one after that shows what they did.
    let mut gone = bench.sandbox.with(|world| world.as_sent(&id)).unwrap();
    gone["status"] = "canceled".into();
    bench.sandbox.fail(Fault::new(Effect::Replace(gone)).on("GET", &format!("/bookings/{id}")).after(1));
    let asked = json!({"booking_id": id, "start_time": "2026-11-27T12:00", "reason": "We travel"});
    let moved = bench.call("move_booking", asked).await;
    assert_eq!(moved.structure()["outcome"], "moved", "{}", moved.text());
    assert_eq!(moved.structure()["steps"][1], json!({"step": "cancel", "outcome": "not_done"}));
    let text = moved.text();
    assert!(
        text.contains("was canceled already when this call") && text.contains("neither its reason nor notify_guest"),
        "{text}"
    );
    assert!(!text.contains("notified of both") && !text.contains("Meanwhile the guest"), "{text}");
}

#[tokio::test]
async fn a_new_time_that_has_to_be_approved_does_not_cost_the_old_one() {
    let bench = Bench::start().await;
    let id = booked(&bench, "Intro call", "2026-11-25T10:00").await;
    let asked = json!({"booking_id": id, "calendar_id": "Partnership talk", "start_time": "2026-11-30T15:00+05:30"});
    for _ in 0..2 {
        let both = bench.call("move_booking", asked.clone()).await;
        assert_eq!(both.structure()["outcome"], "both_exist", "{}", both.text());
        assert!(both.text().contains("the new time still waits for the host's approval"), "{}", both.text());
        assert_eq!(statuses(&bench, both.structure()), [Some("scheduled"), Some("requested")]);
    }
    let new = bench.call("move_booking", asked.clone()).await.structure()["to"]["id"].as_str().unwrap().to_owned();
    bench.sandbox.with(|world| world.approve(&new));
    let moved = bench.call("move_booking", asked).await;
    assert_eq!(statuses(&bench, moved.structure()), [Some("canceled"), Some("scheduled")]);
    assert_eq!(sent(&bench), "schedule cancel");
}

#[tokio::test]
async fn another_booking_of_the_guest_is_not_taken_for_the_new_one() {
    let bench = Bench::start().await;
    // A day ago the guest booked twice: today's clock is later than that.
    let id = bench.booking(json!({"guest": "jacob", "calendar": "Intro call", "starts_after": "tomorrow"})).await;
    let other = json!({
        "calendar_id": "Intro call", "start_time": "2026-12-03T11:00", "guest_time_zone": "America/New_York",
        "guest_name": "Jacob Lindqvist", "guest_email": "jacob.lindqvist@fjord.example"
    });
    let other = bench.call("schedule_meeting", other).await.structure()["booking_id"].clone();
    let to = json!({"booking_id": id, "start_time": "2026-12-04T11:00"});
    let moved = bench.call("move_booking", to).await;
    assert_eq!(moved.structure()["outcome"], "moved");
    assert_eq!(bench.sandbox.with(|world| world.status_of(other.as_str().unwrap())), Some("scheduled"));
    let note = format!("The guest already has a booking on this calendar: {} ", other.as_str().unwrap());
    assert!(moved.text().contains(&note), "{}", moved.text());
}

#[tokio::test]
async fn two_calls_at_once_leave_one_booking() {
    let bench = Bench::start().await;
    let id = booked(&bench, "Intro call", "2026-11-25T10:00").await;
    let asked = json!({"booking_id": id, "start_time": "2026-11-27T12:00"});
    let replies = join_all((0..2).map(|_| bench.call("move_booking", asked.clone()))).await;
    let moved = replies.iter().filter(|replied| !replied.is_failure()).count();
    assert!(moved >= 1, "{}", replies[0].any_text());
    let live = bench.sandbox.with(|world| world.live_of(EMAIL));
    assert_eq!(live.len(), 1, "{live:?}");
}

#[tokio::test]
async fn two_calls_at_once_to_two_times_leave_one_booking_and_the_second_says_where_it_is() {
    for (calendar, from, starts) in [
        ("Intro call", "2026-11-25T10:00", ["2026-11-27T12:00", "2026-11-27T13:00"]),
        ("Adviser on duty", "2026-11-27T12:00", ["2026-12-02T11:00", "2026-12-02T11:00"]),
    ] {
        let bench = Bench::start().await;
        let id = booked(&bench, calendar, from).await;
        let asked = |start: &str| json!({"booking_id": id, "start_time": start});
        let replies = join_all(starts.map(|start| bench.call("move_booking", asked(start)))).await;
        assert_eq!(sent(&bench), "schedule cancel", "{}, {}", replies[0].any_text(), replies[1].any_text());
        let live = bench.sandbox.with(|world| world.live_of(EMAIL));
        assert_eq!(live.len(), 1, "{live:?}");
        assert!(replies.iter().all(|replied| replied.any_text().contains(&live[0].0)), "{}", replies[1].any_text());
        let told = replies.iter().filter(|replied| replied.any_text().contains("is canceled")).count();
        assert_eq!(told, 2, "{}, {}", replies[0].any_text(), replies[1].any_text());
    }
}

#[tokio::test]
async fn of_two_servers_that_move_a_booking_at_once_one_tells_of_the_others() {
    let bench = Bench::start().await;
    let other = Bench::on(Arc::clone(&bench.sandbox), Setup::default()).await;
    let id = booked(&bench, "Intro call", "2026-11-25T10:00").await;
    let asked = |start: &str| json!({"booking_id": id, "start_time": start});
    bench.sandbox.fail(Fault::new(Effect::Hold).on("POST", "/schedule").times(1));
    let overtaking = async {
        while bench.sandbox.held() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let moved = other.call("move_booking", asked("2026-11-27T13:00")).await;
        bench.sandbox.release();
        moved
    };
    let (slow, fast) = join(bench.call("move_booking", asked("2026-11-27T12:00")), overtaking).await;
    assert_eq!(fast.structure()["outcome"], "moved");
    let (own, theirs) = (&slow.structure()["to"]["id"], fast.structure()["to"]["id"].as_str().unwrap());
    let note = slow.structure()["note"].as_str().unwrap();
    assert!(note.contains(&format!("Meanwhile the guest has got another booking there: {theirs} ")), "{note}");
    assert!(note.contains(&format!("cancel_booking {}", own.as_str().unwrap())), "{note}");
}

#[tokio::test]
async fn called_again_with_the_guests_name_it_does_not_move_the_new_booking_on() {
    let bench = Bench::start().await;
    let old = booked(&bench, "Intro call", "2026-11-25T10:00").await;
    let asked = json!({"booking_id": "Ada Okafor", "first_free": {"after": "2026-11-24"}});
    let moved = bench.call("move_booking", asked.clone()).await;
    let new = moved.structure()["to"]["id"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        let again = bench.call("move_booking", asked.clone()).await;
        let said = format!("Nothing to do: {old} is canceled already, and {new} is booked for ");
        assert!(again.text().starts_with(&said), "{}", again.text());
        assert_eq!((&again.structure()["from"]["id"], &again.structure()["to"]["id"]), (&json!(old), &json!(new)));
    }
    assert_eq!(sent(&bench), "schedule cancel");
    // Another time than that is another move.
    let on = bench.call("move_booking", json!({"booking_id": "Ada Okafor", "start_time": "2026-11-30T12:00"})).await;
    assert_eq!(on.structure()["from"]["id"], new, "{}", on.text());
}

#[tokio::test]
async fn a_booking_that_is_in_the_window_already_is_only_moved_to_an_earlier_start() {
    let bench = Bench::start().await;
    let id = booked(&bench, "Intro call", "2026-11-27T12:00").await;
    let asked = |after: &str| json!({"booking_id": id, "first_free": {"after": after, "before": "2026-12-04"}});
    let refused = bench.call("move_booking", asked("2026-11-27T12:00")).await;
    let said = format!("first_free: {id} is on Fri 2026-11-27 12:00 -05:00 already, and no earlier start is free");
    assert!(refused.failure().starts_with(&said), "{}", refused.failure());
    assert_eq!(sent(&bench), "");
    let moved = bench.call("move_booking", asked("2026-11-26")).await;
    let to = moved.structure()["to"]["starting_time_local"].as_str().unwrap();
    assert!(to.starts_with("Thu 2026-11-26 "), "{to}");
}

#[tokio::test]
async fn what_has_become_of_the_old_one_while_the_person_was_asked_is_told_as_it_is() {
    let bench = Bench::asking(Confirm::Auto, Some(vec![Answer::Yes])).await;
    let id = booked(&bench, "Intro call", "2026-11-25T10:00").await;
    let mut gone = bench.sandbox.with(|world| world.as_sent(&id)).unwrap();
    gone["status"] = "canceled".into();
    let fault = Fault::new(Effect::Replace(gone)).on("GET", &format!("/bookings/{id}")).after(1);
    let asked = json!({"booking_id": id, "start_time": "2026-11-27T12:00"});
    let refused = bench.call_with(fault, "move_booking", asked).await.failure();
    assert!(refused.contains(&format!("{id} has been canceled meanwhile")), "{refused}");
    assert!(!refused.contains("stands as it was"), "{refused}");
    assert_eq!(sent(&bench), "");
}

#[tokio::test]
async fn a_booking_in_the_trash_is_not_moved() {
    let bench = Bench::start().await;
    let id = booked(&bench, "Intro call", "2026-11-25T10:00").await;
    let mut odd = bench.sandbox.with(|world| world.as_sent(&id)).unwrap();
    odd["in_trash"] = true.into();
    let fault = Fault::new(Effect::Replace(odd)).on("GET", &format!("/bookings/{id}"));
    let asked = json!({"booking_id": id, "start_time": "2026-11-27T12:00"});
    let refused = bench.call_with(fault, "move_booking", asked).await.failure();
    assert!(refused.contains("it is in the trash"), "{refused}");
    assert_eq!(sent(&bench), "");
}

#[tokio::test]
async fn a_refusal_is_told_with_what_a_move_can_do_about_it() {
    let bench = Bench::start().await;
    let id = booked(&bench, "Intro call", "2026-11-25T10:00").await;
    for (message, param, next) in [
        ("The selected location is not available.", "location.value", "give another start_time"),
        ("Required fields are missing.", "booking_form", "book the time with schedule_meeting, then cancel"),
    ] {
        let error = json!({"type": "invalid_request_error", "message": message, "param": param});
        let fault = Fault::new(Effect::Error(400, error)).on("POST", "/schedule");
        let asked = json!({"booking_id": id, "start_time": "2026-11-27T12:00"});
        let refused = bench.call_with(fault, "move_booking", asked).await;
        let hint = refused.error()["hint"].as_str().unwrap();
        assert!(hint.contains(next), "{hint}");
        assert!(!hint.contains("location_type") && !hint.contains("guest_name"), "{hint}");
    }
}

#[tokio::test]
async fn a_no_to_the_second_start_tells_of_the_first() {
    let bench = Bench::asking(Confirm::Auto, Some(vec![Answer::Yes, Answer::Declined])).await;
    let id = booked(&bench, "Intro call", "2026-11-25T10:00").await;
    let taken = json!({"type": "x", "message": "The selected start time is not available.", "param": "start_time"});
    let fault = Fault::new(Effect::Error(400, taken)).on("POST", "/schedule").times(1);
    let asked = json!({"booking_id": id, "first_free": {"after": "2026-11-27"}});
    let declined = bench.call_with(fault, "move_booking", asked).await;
    let note = declined.structure()["note"].as_str().unwrap();
    assert!(
        note.contains("Passed over, since OnceHub said that they are no longer available: Fri 2026-11-27 "),
        "{note}"
    );
}

#[tokio::test]
async fn a_call_without_time_for_the_cancellation_says_that_it_sent_none() {
    let mut setup = Setup::default();
    setup.settings.timeout = Duration::from_secs(3);
    let bench = Bench::with(setup).await;
    let id = booked(&bench, "Intro call", "2026-11-25T10:00").await;
    let asked = json!({"booking_id": id, "start_time": "2026-11-27T12:00"});
    // The new booking is read back so slowly.
    let slow = Fault::new(Effect::Delay(Duration::from_millis(2200))).on("GET", "/bookings/BKNG-").after(1);
    let both = bench.call_with(slow, "move_booking", asked.clone()).await;
    assert_eq!(both.structure()["outcome"], "both_exist", "{}", both.text());
    assert!(both.text().contains("this call had no time left for it, and nothing was sent"), "{}", both.text());
    assert_eq!(sent(&bench), "schedule");
    assert_eq!(bench.call("move_booking", asked).await.structure()["outcome"], "moved");
}
