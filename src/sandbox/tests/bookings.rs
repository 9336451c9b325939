//! `/bookings`.

use std::collections::BTreeSet;

use serde_json::json;

use super::Bench;
use crate::sandbox::seed::calendars::calendar;
use crate::sandbox::seed::people::{DANA, LEE, NOSEAT, OWNER, user};

#[tokio::test]
async fn filters_are_exclusive_and_a_host_may_be_a_co_host() {
    let bench = Bench::start().await;
    let all = bench.get("/bookings?limit=100").await;
    let rows = all.body["data"].as_array().unwrap().clone();
    let some = rows[rows.len() / 2]["starting_time"].as_str().unwrap();
    let later = bench.get(&format!("/bookings?limit=100&starting_time.gt={some}")).await;
    let earlier = bench.get(&format!("/bookings?limit=100&starting_time.lt={some}")).await;
    let at = rows.iter().filter(|row| row["starting_time"] == some).count();
    assert_eq!(later.ids().len() + at + earlier.ids().len(), rows.len());
    let owned: BTreeSet<String> =
        bench.get(&format!("/bookings?limit=100&owner={}", user(OWNER))).await.ids().into_iter().collect();
    let hosted: BTreeSet<String> =
        bench.get(&format!("/bookings?limit=100&host={}", user(OWNER))).await.ids().into_iter().collect();
    // Only what is on a calendar has hosts, of whom the owner is one; what is on a Classic page has an owner alone.
    let is_classic = |id: &String| rows.iter().any(|row| row["id"] == id.as_str() && row["booking_page"].is_string());
    assert!(owned.difference(&hosted).all(is_classic) && owned.iter().any(is_classic));
    assert!(!hosted.iter().any(is_classic) && hosted.difference(&owned).count() > 0);
    let canceled = bench.get("/bookings?limit=100&status=canceled").await;
    assert!(!canceled.ids().is_empty());
    assert!(canceled.body["data"].as_array().unwrap().iter().all(|row| row["status"] == "canceled"));
}

#[tokio::test]
async fn the_account_has_something_of_everything() {
    let bench = Bench::start().await;
    let all = bench.get("/bookings?limit=100").await.body["data"].as_array().unwrap().clone();
    let statuses: BTreeSet<&str> = all.iter().map(|row| row["status"].as_str().unwrap()).collect();
    let expected = ["canceled", "completed", "no_show", "requested", "rescheduled", "scheduled"];
    assert_eq!(statuses.into_iter().collect::<Vec<_>>(), expected);
    assert!(all.iter().any(|row| row["form_submission"].is_null()), "made without a form");
    assert!(all.iter().any(|row| row["in_trash"].is_null()), "with missing fields");
    assert!(all.iter().any(|row| row["payment_information"]["amount_charged"] == 12_000), "paid");
    assert!(all.iter().any(|row| row["booking_calendar"].is_null() && row["booking_page"].is_string()), "Classic");
    for owner in ["margaret", "dana", "lee", "priya", "oliver"] {
        let email = format!("{owner}@northlight.example");
        let person = bench.get(&format!("/users?email={email}")).await;
        let zone = person.body["data"][0]["timezone"].as_str().unwrap();
        assert!(jiff::tz::TimeZone::get(zone).is_ok(), "{zone}");
    }
    assert_eq!(bench.sandbox.with(|world| world.double_bookings()), 0);
}

#[tokio::test]
async fn a_booking_changes_once_and_only_as_its_status_allows() {
    let bench = Bench::start().await;
    let id = bench.coming();
    let early = bench.post(&format!("/bookings/{id}/no-show"), json!(null)).await;
    assert_eq!(
        early.refusal(),
        format!("409 invalid_request_error id: Cannot update booking status to no_show: '{id}'")
    );
    let done = bench.post(&format!("/bookings/{id}/cancel"), json!({"cancellation_reason": "ill"})).await.body;
    let about = &done["cancel_reschedule_information"];
    assert_eq!(
        (&done["status"], &about["reason"], &about["user_id"]),
        (&json!("canceled"), &json!("ill"), &done["owner"])
    );
    for again in ["cancel", "request-reschedule"] {
        let got = bench.post(&format!("/bookings/{id}/{again}"), json!({})).await;
        assert_eq!(got.refusal(), format!("409 invalid_request_error id: Booking cannot be cancelled: '{id}'"));
    }
    let paid = bench.booking(|world, booking| booking.payment.is_some() && booking.starts > world.time());
    for (action, words) in
        [("cancel", "cannot be canceled"), ("request-reschedule", "only be requested for reschedule")]
    {
        let refusal = bench.post(&format!("/bookings/{paid}/{action}"), json!({})).await.refusal();
        assert!(
            refusal.starts_with("422 invalid_request_error : Paid bookings") && refusal.contains(words),
            "{refusal}"
        );
    }
    let past = bench.booking(|world, booking| booking.status_at(world.time()) == "completed");
    assert_eq!(bench.post(&format!("/bookings/{past}/no-show"), json!(null)).await.body["status"], "no_show");
    assert_eq!(bench.post(&format!("/bookings/{past}/cancel"), json!({"nonsense": 1})).await.status, 400);
}

#[tokio::test]
async fn reassigning_is_refused_in_every_documented_way() {
    let bench = Bench::start().await;
    let id = bench.booking(|world, booking| {
        booking.starts > world.time()
            && booking.host == user(DANA)
            && booking.status == "scheduled"
            && booking.video.is_some()
    });
    let path = format!("/bookings/{id}/reassign");
    let past =
        bench.booking(|world, booking| booking.status_at(world.time()) == "completed" && booking.host == user(DANA));
    let zoom = json!({"type": "virtual", "value": "webex"});
    for (path, body, refusal) in [
        (&path, json!({}), "400 invalid_request_error new_host: Required fields are missing."),
        (&path, json!({"new_host": "USR-NONE"}), "404 invalid_request_error new_host: No such user: 'USR-NONE'"),
        (&path, json!({"new_host": user(8)}), "409 invalid_request_error new_host: User is inactive."),
        (
            &path,
            json!({"new_host": user(DANA)}),
            "409 invalid_request_error new_host: Booking cannot be reassigned to the same host.",
        ),
        (
            &path,
            json!({"new_host": user(NOSEAT)}),
            "409 invalid_request_error : Cannot reassign booking: The new host requires an assigned seat.",
        ),
        (
            &path,
            json!({"new_host": user(LEE), "location": zoom}),
            "409 invalid_request_error location.value: Invalid location: 'Webex' is not connected for this user. \
             Connected video conferencing options: google_meet.",
        ),
        (
            &format!("/bookings/{past}/reassign"),
            json!({"new_host": user(LEE)}),
            "409 invalid_request_error id: Booking cannot be reassigned in its current status.",
        ),
    ] {
        assert_eq!(bench.post(path, body).await.refusal(), refusal);
    }
    let done = bench.post(&path, json!({"new_host": user(LEE)})).await.body;
    assert_eq!(done["owner"], json!(user(LEE)));
    assert!(done["virtual_conferencing"]["join_url"].as_str().unwrap().contains("meet.google.com"), "{done}");
    bench.sandbox.with(|world| world.plan_allows_reassign = false);
    let refusal = bench.post(&path, json!({"new_host": user(DANA)})).await.refusal();
    assert_eq!(refusal, "409 invalid_request_error : Reassign is available on the Route plan and above.");
}

#[tokio::test]
async fn the_guest_is_e_mailed_once_about_each_change_that_is_made() {
    let bench = Bench::start().await;
    let booked = || bench.sandbox.with(|world| world.book(&user(DANA), &calendar(0), world.moment(5, 600), 30));
    let ids = [booked(), booked(), booked()];
    let [quiet, canceled, moved] = &ids;
    let quietly = json!({"send_cancellation_email": false});
    for (path, body, status) in [
        (format!("{quiet}/cancel"), quietly, 200),
        (format!("{canceled}/cancel"), json!({"send_cancellation_email": true}), 200),
        (format!("{canceled}/request-reschedule"), json!({}), 409),
        (format!("{moved}/reassign"), json!({"new_host": user(LEE)}), 200),
        (format!("{moved}/reassign"), json!({"new_host": user(LEE)}), 409),
        (format!("{moved}/request-reschedule"), json!({}), 200),
    ] {
        assert_eq!(bench.post(&format!("/bookings/{path}"), body).await.status, status, "{path}");
    }
    assert_eq!(bench.sandbox.with(|world| ids.each_ref().map(|id| world.mails_about(id))), [0, 1, 2]);
}
