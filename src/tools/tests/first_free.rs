//! The first free start of a window, booked.

use std::time::Duration;

use serde_json::{Value, json};

use crate::actions::ask::{Answer, Confirm};
use crate::sandbox::{Effect, Fault};
use crate::tools::tests::bench::{Bench, Setup};

fn guest() -> Value {
    json!({
        "calendar_id": "Intro call", "guest_time_zone": "America/New_York", "guest_name": "Ada Okafor",
        "guest_email": "ada@okafor.example"
    })
}

/// The usual guest, who wants the first free start in a window.
fn first_free(window: Value) -> Value {
    let mut guest = guest();
    guest["first_free"] = window;
    guest
}

/// OnceHub's word that a start is taken.
fn taken() -> Fault {
    let taken = "The selected start time is not available.";
    let error = json!({"type": "invalid_request_error", "message": taken, "param": "start_time"});
    Fault::new(Effect::Error(400, error)).on("POST", "/schedule")
}

#[tokio::test]
async fn the_first_free_start_of_a_window_is_booked() {
    let bench = Bench::start().await;
    // The window is the guest's: London's afternoon is New York's morning.
    let window = json!({"after": "tomorrow", "before": "friday", "days": ["wed", "thu"], "earliest": "15:00", "latest": "16:00"});
    let mut asked = first_free(window);
    asked["guest_time_zone"] = "Europe/London".into();
    let slots =
        json!({"calendar_id": "Intro call", "start_time": "2026-11-25T15:00Z", "end_time": "2026-11-26", "limit": 1});
    let slots = bench.call("get_booking_time_slots", slots).await.structure()["items"][0].clone();
    let booked = bench.call("schedule_meeting", asked).await;
    assert_eq!(booked.structure()["starting_time"], slots["start_time"]);
    assert_eq!(booked.structure()["starting_time_local"], "Wed 2026-11-25 15:00 +00:00");
    assert!(!booked.text().contains("Passed over"), "{}", booked.text());
}

#[tokio::test]
async fn only_a_start_that_is_taken_leads_to_the_next_and_at_most_three_times() {
    let posts = |bench: &Bench| bench.requests("POST", "/schedule");
    let window = || first_free(json!({"after": "tomorrow"}));
    let bench = Bench::start().await;
    let booked = bench.call_with(taken().times(2), "schedule_meeting", window()).await;
    assert_eq!(booked.structure()["starting_time_local"], "Tue 2026-11-24 10:30 -05:00");
    let told = booked.structure()["note"].as_str().unwrap().to_owned();
    assert!(
        told.starts_with("Passed over, since OnceHub said that they are no longer available: Tue 2026-11-24 09:00 "),
        "{told}"
    );
    assert_eq!(posts(&bench), 3);
    let bench = Bench::start().await;
    let none = bench.call_with(taken(), "schedule_meeting", window()).await;
    assert_eq!((posts(&bench), &none.error()["outcome"]), (4, &json!("not_done")));
    assert!(none.failure().contains("Passed over, since OnceHub said"), "{}", none.failure());
    // Any other refusal is about something else, and after an unknown outcome nothing more is sent.
    let other =
        json!({"type": "invalid_request_error", "message": "Required fields are missing.", "param": "booking_form"});
    for (effect, outcome) in [
        (Effect::Error(400, other), "not_done"),
        (Effect::DropBefore, "unknown"),
        (
            Effect::Error(
                503,
                json!({"type": "x", "message": "The selected start time is not available.", "param": "start_time"}),
            ),
            "unknown",
        ),
    ] {
        let bench = Bench::start().await;
        let failed = bench.call_with(Fault::new(effect).on("POST", "/schedule"), "schedule_meeting", window()).await;
        assert_eq!((posts(&bench), &failed.error()["outcome"]), (1, &json!(outcome)), "{}", failed.failure());
    }
}

#[tokio::test]
async fn a_person_who_is_asked_is_asked_again_for_another_start() {
    let bench = Bench::asking(Confirm::Always, Some(vec![Answer::Yes, Answer::Declined])).await;
    let declined =
        bench.call_with(taken().times(1), "schedule_meeting", first_free(json!({"after": "tomorrow"}))).await;
    assert_eq!(declined.structure()["confirmed"], false);
    let asked = bench.asked.lock().unwrap().clone();
    assert!(asked.len() == 2 && asked[0] != asked[1], "{asked:?}");
    let note = declined.structure()["note"].as_str().unwrap();
    assert!(note.contains("Passed over, since OnceHub said"), "{note}");
    assert_eq!(bench.requests("POST", "/schedule"), 1, "no is no");
}

#[tokio::test]
async fn a_start_is_given_or_to_be_found_and_a_window_without_one_says_why() {
    let bench = Bench::start().await;
    let mut both = first_free(json!({"after": "tomorrow"}));
    both["start_time"] = "2026-11-25T10:00".into();
    for (asked, expected) in [
        (both, "first_free: cannot be combined with start_time"),
        (guest(), "start_time: is required, or first_free instead"),
        // An empty object is what gateways fill in.
        (first_free(json!({})), "start_time: is required, or first_free instead"),
        (first_free(json!({"days": ["someday"]})), "first_free.days: 'someday' names no days"),
        (first_free(json!({"latest": "5"})), "first_free.latest: '5' could be 05:00 or 17:00"),
        (first_free(json!({"before": "yesterday"})), "first_free.before: this range is in the past"),
        (
            first_free(json!({"after": "friday", "before": "wednesday"})),
            "first_free.before: must be after first_free.after",
        ),
        (first_free(json!({"before": "+91d"})), "first_free.before: a free start is looked for in at most 90 days"),
        (first_free(json!({"until": "friday"})), "first_free.until: there is no such argument"),
        (
            first_free(json!({"after": "saturday", "before": "saturday"})),
            "first_free: none is offered before Sun 2026-11-29 00:00 -05:00 (taken or closed: OnceHub does not say which)",
        ),
        (first_free(json!({"before": "friday", "earliest": "18:00"})), "first_free: starts are offered ("),
    ] {
        let failed = bench.call("schedule_meeting", asked).await;
        assert!(failed.failure().starts_with(expected), "{}", failed.failure());
        assert_eq!(failed.error()["outcome"], "not_done");
    }
    assert_eq!(bench.requests("POST", "/schedule"), 0);
}

/// Starts as OnceHub offers them, with where each can take place.
fn offered(starts: &[(&str, &str)]) -> Value {
    let place = |service: &str| json!([{"type": "virtual", "value": service, "id": null}]);
    starts.iter().map(|(start, service)| json!({"start_time": start, "locations": place(service)})).collect()
}

#[tokio::test]
async fn the_first_start_that_offers_the_location_is_meant() {
    let bench = Bench::start().await;
    let slots = offered(&[("2026-11-24T14:00:00Z", "google_meet"), ("2026-11-24T14:30:00Z", "zoom")]);
    let mut asked = first_free(json!({"after": "tomorrow"}));
    (asked["location_type"], asked["location_value"]) = ("virtual".into(), "Zoom".into());
    bench.sandbox.fail(Fault::new(Effect::Replace(slots)).on("GET", "/time-slots"));
    let _ = bench.call("schedule_meeting", asked.clone()).await;
    let sent = bench.sandbox.requests().into_iter().rfind(|seen| seen.method == "POST").unwrap().body.unwrap();
    assert_eq!((&sent["start_time"], &sent["location"]["value"]), (&json!("2026-11-24T14:30:00Z"), &json!("zoom")));
    asked["location_value"] = "webex".into();
    let none = bench.call("schedule_meeting", asked).await.failure();
    assert!(none.starts_with("first_free: starts are offered (2"), "{none}");
    assert!(none.contains("none of them at the location asked for"), "{none}");
}

#[tokio::test]
async fn the_start_after_the_last_one_of_thirty_days_is_looked_for_in_those_after() {
    let bench = Bench::start().await;
    let only = offered(&[("2026-11-24T14:00:00Z", "google_meet")]);
    bench.sandbox.fail(Fault::new(Effect::Replace(only)).on("GET", "/time-slots").times(1));
    let window = first_free(json!({"after": "tomorrow", "before": "+60d"}));
    let booked = bench.call_with(taken().times(1), "schedule_meeting", window).await;
    assert!(booked.structure()["starting_time"].as_str().unwrap() > "2026-12-23", "{}", booked.text());
    assert_eq!(bench.requests("GET", "/time-slots"), 2);
}

#[tokio::test]
async fn a_call_made_again_after_it_was_cancelled_does_not_book_once_more() {
    let bench = Bench::start().await;
    let asked = first_free(json!({"after": "tomorrow"}));
    bench.sandbox.fail(Fault::new(Effect::Hold).on("POST", "/schedule").times(1));
    let is_sent = async {
        while bench.sandbox.held() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    assert!(bench.call_until(is_sent, "schedule_meeting", asked.clone()).await.is_none());
    bench.sandbox.release();
    let again = bench.call("schedule_meeting", asked.clone()).await;
    let live = bench.sandbox.with(|world| world.live_of("ada@okafor.example"));
    assert_eq!((live.len(), bench.requests("POST", "/schedule")), (1, 1), "{}", again.any_text());
    let said = format!("another call has just booked what is asked for: {} ", live[0].0);
    assert!(again.failure().contains(&said), "{}", again.failure());
    // It is told once: then one more is wanted.
    bench.call("schedule_meeting", asked).await.text();
    assert_eq!(bench.sandbox.with(|world| world.live_of("ada@okafor.example")).len(), 2);
}

#[tokio::test]
async fn a_start_that_the_guest_has_got_meanwhile_is_not_passed_over() {
    let bench = Bench::start().await;
    let other = Bench::on(std::sync::Arc::clone(&bench.sandbox), Setup::default()).await;
    let asked = first_free(json!({"after": "tomorrow"}));
    bench.sandbox.fail(Fault::new(Effect::Hold).on("POST", "/schedule").times(1));
    let overtaking = async {
        while bench.sandbox.held() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let booked = other.call("schedule_meeting", asked.clone()).await;
        bench.sandbox.release();
        booked
    };
    let (slow, fast) = futures::future::join(bench.call("schedule_meeting", asked.clone()), overtaking).await;
    let said = format!("the guest has that start already: {} ", fast.structure()["booking_id"].as_str().unwrap());
    assert!(slow.failure().contains(&said), "{}", slow.failure());
    assert_eq!(bench.sandbox.with(|world| world.live_of("ada@okafor.example")).len(), 1);
}
