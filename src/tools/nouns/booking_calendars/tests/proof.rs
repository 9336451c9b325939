//! What shows that a meeting was booked, and by which call.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};

use super::{guest, guest_with};
use crate::sandbox::{Effect, Fault};
use crate::tools::tests::bench::Bench;

/// A guest on a calendar of several hosts, where a start can be booked more than once.
fn with_a_team() -> Value {
    guest_with(json!({"calendar_id": "Adviser on duty", "start_time": "2026-11-27T12:00"}))
}

#[tokio::test]
async fn an_older_booking_is_no_proof_that_this_one_was_made() {
    let failed = || {
        let error = json!({"type": "api_error", "message": "Too busy."});
        Fault::new(Effect::Error(503, error)).on("POST", "/schedule")
    };
    let bench = Bench::start().await;
    bench.call("schedule_meeting", with_a_team()).await.text();
    let unknown = bench.call_with(failed(), "schedule_meeting", with_a_team()).await;
    assert_eq!(unknown.error()["outcome"], "unknown", "{}", unknown.failure());
    // Nor where what the guest has already could not be read.
    let unread = Fault::new(Effect::Error(500, json!({"type": "api_error", "message": "No."})));
    bench.sandbox.fail(unread.on("GET", "/v2/bookings").times(1));
    let unknown = bench.call_with(failed(), "schedule_meeting", with_a_team()).await;
    assert_eq!(unknown.error()["outcome"], "unknown", "{}", unknown.failure());
    assert!(unknown.failure().contains("does not tell whether this was done"), "{}", unknown.failure());
}

#[tokio::test]
async fn the_same_call_twice_at_once_books_once() {
    let bench = Bench::start().await;
    let replies = join_all((0..2).map(|_| bench.call("schedule_meeting", with_a_team()))).await;
    let (failed, made): (Vec<_>, Vec<_>) = replies.iter().partition(|replied| replied.is_failure());
    assert_eq!((failed.len(), bench.requests("POST", "/schedule")), (1, 1));
    let id = made[0].structure()["booking_id"].as_str().unwrap();
    let said = format!("another call has just booked what is asked for: {id} ");
    assert!(failed[0].failure().contains(&said), "{}", failed[0].failure());
    assert_eq!(failed[0].error()["outcome"], "not_done");
    // At another time they are two meetings.
    let starts = ["2026-12-02T11:00", "2026-12-03T11:00"];
    let more = starts.map(|start| {
        let mut asked = with_a_team();
        asked["start_time"] = start.into();
        bench.call("schedule_meeting", asked)
    });
    assert!(join_all(more).await.iter().all(|replied| !replied.is_failure()));
}

#[tokio::test]
async fn a_reply_without_the_id_of_a_booking_is_looked_up() {
    let bench = Bench::start().await;
    let empty = Fault::new(Effect::Error(200, json!({}))).on("POST", "/schedule");
    let unknown = bench.call_with(empty, "schedule_meeting", guest()).await;
    assert_eq!(unknown.error()["outcome"], "unknown", "{}", unknown.failure());
    let empty = Fault::new(Effect::Replace(json!({}))).on("POST", "/schedule");
    let found = bench.call_with(empty, "schedule_meeting", guest()).await;
    assert!(found.structure()["booking_id"].as_str().unwrap().starts_with("BKNG-"), "{}", found.text());
}

#[tokio::test]
async fn what_a_cancelled_call_has_booked_is_told_with_its_id_and_time() {
    let bench = Bench::start().await;
    bench.sandbox.fail(Fault::new(Effect::Hold).on("POST", "/schedule").times(1));
    let is_sent = async {
        while bench.sandbox.held() == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    assert!(bench.call_until(is_sent, "schedule_meeting", guest()).await.is_none());
    bench.sandbox.release();
    bench.settled().await;
    let email = guest()["guest_email"].clone();
    let mut told = String::new();
    while !told.contains("It ended with: ") {
        told = bench.call("list_bookings", json!({"guest": email})).await.text();
    }
    let note = told.lines().next().unwrap();
    assert!(note.contains("(BKNG-") && note.contains(", Wed 2026-11-25 10:00 -05:00)"), "{note}");
}
