//! Every error that OnceHub documents for an operation, made to happen there, and what its tool makes of it.

use std::time::Duration;

use serde_json::{Value, json};

use super::bench::{Bench, Setup};
use crate::sandbox::{Effect, Fault};

/// A documented error: status, message, and what it is about.
type Documented = (u16, &'static str, Option<&'static str>);

const EXPAND: Documented = (400, "This property cannot be expanded: invalid_property", Some("expand"));
const DATE: Documented = (400, "Invalid date: 2025-13-45T99:99:99Z", Some("creation_time.gt"));
const CREATED: Documented = (400, "creation_time.gt cannot be later than creation_time.lt", Some("creation_time.gt"));
const UPDATED: Documented =
    (400, "last_updated_time.gt cannot be later than last_updated_time.lt", Some("last_updated_time.gt"));
const PAGE: Documented = (400, "Out of range value: 500. Please provide a number between 1 and 100.", Some("limit"));
const CURSORS: Documented = (400, "Received both before and after parameters. Please provide only one.", None);
const NO_BOOKING: Documented = (404, "No such booking: 'BKNG-1'", Some("id"));
const NO_CALENDAR: Documented = (404, "No such booking calendar: 'BKC-1'", Some("id"));
const NOT_CANCELLABLE: Documented = (409, "Booking cannot be cancelled: 'BKNG-1'", Some("id"));

/// A tool with arguments that would work, its operation's method and path, and that operation's own errors.
type Row = (&'static str, Value, &'static str, String, Vec<Documented>);

#[expect(clippy::too_many_lines, reason = "it is a table")]
fn table(booking: &str, calendar: &str, slot: &str) -> Vec<Row> {
    let booking_path = |action: &str| format!("/bookings/{booking}{action}");
    let calendar_path = |action: &str| format!("/booking-calendars/{calendar}{action}");
    vec![
        ("test_connection", json!({}), "GET", "/test".into(), vec![]),
        ("list_bookings", json!({}), "GET", "/bookings".into(), vec![EXPAND, DATE, CREATED, UPDATED, PAGE, CURSORS]),
        ("get_booking", json!({"booking_id": booking}), "GET", booking_path(""), vec![NO_BOOKING]),
        (
            "cancel_booking",
            json!({"booking_id": booking}),
            "POST",
            booking_path("/cancel"),
            vec![
                NO_BOOKING,
                NOT_CANCELLABLE,
                (
                    422,
                    "Paid bookings cannot be canceled through this endpoint. Please login to OnceHub and use the Activity \
                     Stream to cancel paid bookings.",
                    None,
                ),
            ],
        ),
        (
            "request_reschedule",
            json!({"booking_id": booking}),
            "POST",
            booking_path("/request-reschedule"),
            vec![
                NO_BOOKING,
                NOT_CANCELLABLE,
                (
                    422,
                    "Paid bookings can only be requested for reschedule in your OnceHub account. Log in and use the \
                     activity stream to submit a reschedule request for this booking.",
                    None,
                ),
            ],
        ),
        (
            "reassign_booking",
            json!({"booking_id": booking, "new_host": "Lee Whitford"}),
            "POST",
            booking_path("/reassign"),
            vec![
                NO_BOOKING,
                (404, "No such user: 'USR-XXXXXXXXXX'", Some("new_host")),
                (409, "User is inactive.", Some("new_host")),
                (409, "Reassign is available on the Route plan and above.", None),
                (409, "Booking cannot be reassigned to the same host.", Some("new_host")),
                (409, "Booking cannot be reassigned in its current status.", Some("id")),
                (
                    409,
                    "Invalid location: 'Webex' is not connected for this user. Connected video conferencing options: \
                     google_meet, microsoft_teams.",
                    Some("location.value"),
                ),
                (409, "Cannot reassign booking: The new host requires an assigned seat.", None),
                // An older branch of OnceHub's documents has other statuses: it is the message that counts.
                (422, "Booking cannot be reassigned to the same host.", Some("new_host")),
                (422, "location.type must be 'virtual'", Some("location.type")),
            ],
        ),
        (
            "mark_no_show",
            json!({"booking_id": booking}),
            "POST",
            booking_path("/no-show"),
            vec![NO_BOOKING, (409, "Cannot update booking status to no_show: 'BKNG-1'", Some("id"))],
        ),
        ("list_booking_calendars", json!({}), "GET", "/booking-calendars".into(), vec![PAGE, CURSORS]),
        ("get_booking_calendar", json!({"calendar_id": calendar}), "GET", calendar_path(""), vec![NO_CALENDAR]),
        (
            "get_booking_time_slots",
            json!({"calendar_id": calendar}),
            "GET",
            calendar_path("/time-slots"),
            vec![
                NO_CALENDAR,
                (400, "End time must be after the start time.", Some("end_time")),
                (402, "Time slots cannot be retrieved when the host doesn't have a seat assigned.", None),
                (422, "Time slots cannot be retrieved from an unpublished booking calendar.", Some("id")),
            ],
        ),
        (
            "schedule_meeting",
            json!({
                "calendar_id": calendar, "start_time": slot, "guest_time_zone": "Europe/London",
                "guest_name": "Ada", "guest_email": "ada@example.com"
            }),
            "POST",
            calendar_path("/schedule"),
            vec![
                NO_CALENDAR,
                (400, "Required fields are missing.", Some("booking_form")),
                (400, "The selected start time is not available.", Some("start_time")),
                (402, "Meeting cannot be scheduled when the host doesn't have a seat assigned.", None),
                (422, "Meeting cannot be scheduled on an unpublished booking calendar.", Some("id")),
            ],
        ),
        (
            "create_one_time_link",
            json!({"calendar_id": calendar}),
            "POST",
            calendar_path("/one-time-links"),
            vec![
                NO_CALENDAR,
                (400, "This booking calendar does not allow creation of one time links: 'BKC-1234'", Some("id")),
            ],
        ),
    ]
}

/// An account, and the rows of the table that fit it.
async fn bench() -> (Bench, Vec<Row>) {
    let mut setup = Setup::default();
    // A 429 is waited for as long as the call may take.
    setup.settings.timeout = Duration::from_millis(400);
    let bench = Bench::with(setup).await;
    let booking = bench.booking(json!({"calendar": "Intro call", "starts_after": "tomorrow"})).await;
    let slots = bench.call("get_booking_time_slots", json!({"calendar_id": "Intro call", "start_time": "+2d"})).await;
    let slot = slots.structure()["items"][0]["start_time"].as_str().unwrap().to_owned();
    let calendar = slots.structure()["calendar_id"].as_str().unwrap().to_owned();
    let rows = table(&booking, &calendar, &slot);
    assert_eq!(rows.len(), bench.catalogue.list().len(), "a tool is not in the table");
    (bench, rows)
}

/// Makes an error happen, and checks what the assistant is told.
async fn check(bench: &Bench, tool: &str, arguments: Value, method: &str, path: &str, documented: Documented) {
    let (status, message, param) = documented;
    let kind = match status {
        401 | 403 => "authentication_error",
        429 => "rate_limit_error",
        _ => "invalid_request_error",
    };
    let mut body = json!({"type": kind, "message": message});
    if let Some(param) = param {
        body["param"] = param.into();
    }
    let replied = bench.call_with(Fault::new(Effect::Error(status, body)).on(method, path), tool, arguments).await;
    let (text, error) = (replied.failure(), replied.error());
    let seen = format!("{tool} {status} {message}: {text}");
    assert!(text.contains(message) && error["message"].as_str().unwrap().contains(message), "{seen}");
    assert_eq!((&error["type"], &error["status"]), (&json!(kind), &json!(status)), "{seen}");
    assert_eq!(error["param"].as_str(), param, "{seen}");
    assert!(error["request_id"].as_str().unwrap().starts_with("req_"), "{seen}");
    assert_eq!(error["outcome"].as_str(), (method == "POST").then_some("not_done"), "{seen}");
    assert_eq!(error["retry_after_seconds"].is_number(), status == 429, "{seen}");
    let hint = error["hint"].as_str().unwrap();
    assert!(text.ends_with(&format!("hint: {hint}")), "{seen}");
    // The table of hints knows it: none is left with a general remark.
    let general = ["correct the arguments and call again", "correct what the message names and call again"];
    assert!(!general.contains(&hint), "{seen}");
}

#[tokio::test]
async fn every_documented_error_reaches_the_assistant_with_its_facts_and_a_next_move() {
    let (bench, rows) = bench().await;
    let plan = "Your account plan does not support API access. To use the OnceHub API, you must upgrade to the Enterprise plan.";
    for (tool, arguments, method, path, own) in rows {
        for documented in own.into_iter().chain([(401, "Invalid API key.", None), (403, plan, None)]) {
            check(&bench, tool, arguments.clone(), method, &path, documented).await;
        }
    }
}

#[tokio::test]
async fn a_rate_limit_that_does_not_end_in_time_is_told_by_every_tool() {
    // After a refusal everybody waits, so each tool has an account of its own.
    for row in 0..bench().await.1.len() {
        let (bench, mut rows) = bench().await;
        let (tool, arguments, method, path, _) = rows.swap_remove(row);
        check(&bench, tool, arguments, method, &path, (429, "Request rate limit exceeded", None)).await;
    }
}
