//! Which zone replies are in, and what finding it out costs.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::actions::{DefaultMe, Settings};
use crate::records::{SaidBy, Zone};
use crate::sandbox::{Effect, Fault};
use crate::tools::tests::bench::{Bench, NOW, Setup};
use crate::tools::{Catalogue, Tools};

/// A bench that no zone is set for.
async fn bench(me: Option<&str>) -> Bench {
    let mut setup = Setup::default();
    (setup.settings.zone, setup.settings.me) = (None, me.map(str::to_owned));
    Bench::with(setup).await
}

/// What a call sent, as paths, and the zone that it replied in.
async fn sent(bench: &Bench, tool: &str, arguments: Value) -> (Vec<String>, String) {
    bench.sandbox.forget_requests();
    let zone = bench.call(tool, arguments).await.structure()["time_zone"].as_str().unwrap_or_default().to_owned();
    let paths = bench.sandbox.requests().into_iter().map(|seen| seen.path.trim_start_matches("/v2/").to_owned());
    (paths.collect(), zone)
}

fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap()
}

#[tokio::test]
async fn replies_and_inputs_without_a_zone_are_in_that_of_me() {
    let bench = bench(Some("lee@northlight.example")).await;
    let listed = bench.call("list_bookings", json!({"starts_after": "2026-11-24T09:00", "limit": 1})).await;
    assert_eq!(listed.structure()["time_zone"], "Europe/London");
    let asked = listed.structure()["asked"].as_str().unwrap();
    assert!(asked.contains("starts from Tue 2026-11-24 09:00 +00:00"), "{asked}");
    // In London it is the evening of the 23rd, in Sydney the morning of the 24th.
    for (me, today) in [("lee@northlight.example", "Mon 2026-11-23"), ("oliver@northlight.example", "Tue 2026-11-24")] {
        let mut setup = Setup { now: "2026-11-23T20:00:00Z", ..Setup::default() };
        (setup.settings.zone, setup.settings.me) = (None, Some(me.to_owned()));
        let listed = Bench::with(setup).await.call("list_bookings", json!({"starts_after": "today"})).await;
        let asked = listed.structure()["asked"].as_str().unwrap();
        assert!(asked.contains(&format!("starts from {today} 00:00")), "{me}: {asked}");
    }
    // A change is told in it, too, and so is a question before one.
    let id = bench.booking(json!({"guest": "Jacob", "starts_after": "now"})).await;
    let canceled = bench.call("cancel_booking", json!({"booking_id": id})).await;
    assert_eq!(canceled.structure()["time_zone"], "Europe/London");
}

#[tokio::test]
async fn what_is_asked_for_or_set_wins_and_nobody_is_looked_up() {
    let asked = bench(None).await;
    let (paths, told) = sent(&asked, "list_contacts", json!({"time_zone": "Asia/Tokyo", "limit": 1})).await;
    assert_eq!((paths.join(" "), told.as_str()), ("contacts users".to_owned(), "Asia/Tokyo"), "the owner's name");
    let mut setup = Setup::default();
    setup.settings.zone = Some(zone("Asia/Kolkata"));
    let set = Bench::with(setup).await;
    let (paths, told) = sent(&set, "list_webhooks", json!({})).await;
    assert_eq!((paths.join(" "), told.as_str()), ("webhooks".to_owned(), "Asia/Kolkata"));
    // A caller over HTTP has a zone or a name of their own.
    let theirs =
        |me: Option<&str>, zone| asked.tools.of_caller(me.map(|me| (me.to_owned(), SaidBy::Header)), zone).settings;
    assert_eq!(theirs(None, Some(zone("Asia/Tokyo"))).zone.as_ref().map(Zone::name), Some("Asia/Tokyo"));
    assert!(theirs(Some("priya@northlight.example"), None).zone.is_none());
}

#[tokio::test]
async fn the_zone_of_me_costs_what_names_cost() {
    let today = json!({"starts_after": "2026-11-23", "starts_before": "2026-11-25"});
    // Who is set costs nothing: the names of users are read anyway.
    let named = bench(Some("dana@northlight.example")).await;
    let (paths, zone) = sent(&named, "list_bookings", today.clone()).await;
    assert_eq!((paths.join(" "), zone.as_str()), ("users bookings booking-calendars".to_owned(), "America/New_York"));
    assert_eq!(sent(&named, "list_bookings", today.clone()).await.0, ["bookings"]);
    // Whom the key names has to be asked, once.
    let by_key = bench(None).await;
    let (paths, zone) = sent(&by_key, "list_bookings", today.clone()).await;
    assert_eq!(paths.join(" "), "test users bookings booking-calendars");
    assert_eq!(zone, "America/New_York", "Margaret's");
    assert_eq!(sent(&by_key, "list_bookings", today.clone()).await.0, ["bookings"]);
    // Where several people share the key, nobody is asked.
    let mut setup = Setup::default();
    (setup.settings.zone, setup.settings.default_me) = (None, DefaultMe::Nobody);
    let (paths, zone) = sent(&Bench::with(setup).await, "list_webhooks", json!({})).await;
    assert_eq!((paths.join(" "), zone.as_str()), ("webhooks".to_owned(), "UTC"));
    // A connection test asks OnceHub once who the key's account is.
    let cold = bench(None).await;
    assert_eq!(sent(&cold, "test_connection", json!({})).await.0, ["test", "users", "booking-calendars"]);
}

#[tokio::test]
async fn a_me_that_is_set_and_names_nobody_is_looked_up_once_and_said_in_a_note() {
    let deleted = "USR-28B4A3VXXSQ6";
    for me in ["nobody@northlight.example", "Sam Taylor", "USR-NOBODYATALL", deleted, "me", " ME "] {
        let bench = bench(Some(me)).await;
        let listed = bench.call("list_contacts", json!({"limit": 1})).await;
        assert_eq!(listed.structure()["time_zone"], "UTC", "{me}");
        let note = listed.structure()["note"].as_str().unwrap().to_owned();
        assert!(note.starts_with("For `me`, ONCEHUB_MCP_USER does not name exactly one user"), "{note}");
        assert_eq!(listed.text().matches("note: ").count(), 1, "{}", listed.text());
        let (paths, zone) = sent(&bench, "list_contacts", json!({"limit": 1})).await;
        assert_eq!((paths.join(" "), zone.as_str()), ("contacts".to_owned(), "UTC"), "{me}");
        let asked = bench.call("list_contacts", json!({"limit": 1, "time_zone": "Asia/Tokyo"})).await;
        assert!(asked.structure()["note"].is_null(), "{me}: a zone that is asked for needs nobody");
    }
    // The key's account need not be a user.
    let admin = json!({"message": "The API key is valid for account: admin@northlight.example"});
    let by_key = bench(None).await;
    by_key.sandbox.fail(Fault::new(Effect::Replace(admin)).on("GET", "/v2/test"));
    let listed = by_key.call("list_contacts", json!({"limit": 1})).await;
    assert_eq!((&listed.structure()["time_zone"], &listed.structure()["note"]), (&json!("UTC"), &Value::Null));
}

#[tokio::test]
async fn a_me_without_a_zone_gets_replies_in_utc() {
    let bench = bench(Some("dana@northlight.example")).await;
    let odd = json!({"data": [{"id": "USR-1", "email": "dana@northlight.example", "timezone": "Mars/Base"}]});
    bench.sandbox.fail(Fault::new(Effect::Replace(odd)).on("GET", "/v2/users"));
    let tested = bench.call("test_connection", json!({})).await;
    bench.sandbox.heal();
    assert_eq!(tested.structure()["time_zone"], "UTC");
    assert!(tested.text().contains("+00:00 (UTC, since no other is known)"), "{}", tested.text());
    assert!(tested.text().contains("has no time zone that is known"), "{}", tested.text());
}

#[tokio::test]
async fn somebody_beyond_those_that_are_listed_has_a_zone_too() {
    // Deleted users have an id that OnceHub still knows, and no zone any more.
    let lee = "USR-XSAJLWDAS78B";
    let bench = bench(Some(lee)).await;
    let none = json!({"data": [], "has_more": false});
    bench.sandbox.fail(Fault::new(Effect::Replace(none)).on("GET", "/v2/users").times(1));
    let (paths, zone) = sent(&bench, "list_contacts", json!({"limit": 1})).await;
    assert_eq!((paths.join(" "), zone.as_str()), (format!("users users/{lee} contacts"), "Europe/London"));
}

#[tokio::test]
async fn a_lookup_that_fails_fails_no_call_is_tried_once_and_again_after_a_minute() {
    let no = json!({"type": "authentication_error", "message": "No"});
    for (fault, requests) in [
        (Fault::new(Effect::Error(403, no.clone())).on("GET", "/v2/users"), "test users contacts users"),
        (Fault::new(Effect::Error(403, no)).on("GET", "/v2/test"), "test contacts users"),
        (Fault::new(Effect::Truncated).on("GET", "/v2/test"), "test contacts users"),
    ] {
        let label = format!("{fault:?}");
        let bench = bench(None).await;
        bench.sandbox.fail(fault);
        let list = || sent(&bench, "list_contacts", json!({"limit": 1}));
        let (paths, zone) = list().await;
        assert_eq!((paths.join(" ").as_str(), zone.as_str()), (requests, "UTC"), "{label}");
        bench.sandbox.heal();
        for _ in 0..2 {
            let (paths, zone) = list().await;
            assert!(!paths.contains(&"test".to_owned()) && zone == "UTC", "{label}: {paths:?} {zone}");
        }
        let listed = bench.call("list_contacts", json!({"limit": 1})).await;
        let note = "The time zone of `me` could not be looked up: times are in UTC";
        assert!(listed.text().contains(note), "{label}: {}", listed.text());
        assert!(listed.structure()["note"].as_str().unwrap().contains(note), "{label}");
        let after = |seconds: i64| {
            let now = NOW.parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds);
            let settings = Settings { now: Arc::new(move || now), ..Settings::clone(&bench.tools.settings) };
            Tools { settings: Arc::new(settings), ..bench.tools.clone() }
        };
        assert!(after(59).zone_of_me().await.is_err(), "{label}");
        let found = after(60).zone_of_me().await.unwrap();
        assert_eq!(found.as_ref().map(Zone::name), Some("America/New_York"), "{label}");
        let listed = bench.call("list_contacts", json!({"limit": 1})).await;
        assert_eq!(listed.structure()["time_zone"], "America/New_York", "{label}");
        assert!(!listed.text().contains("looked up"), "{label}: {}", listed.text());
    }
}

#[tokio::test]
async fn a_lookup_that_hangs_leaves_the_call_half_of_its_time() {
    let mut setup = Setup::default();
    (setup.settings.zone, setup.settings.timeout) = (None, Duration::from_secs(2));
    let bench = Bench::with(setup).await;
    bench.sandbox.fail(Fault::new(Effect::Hold).on("GET", "/v2/test").times(1));
    let listed = bench.call("list_contacts", json!({"limit": 1})).await;
    bench.sandbox.release();
    assert!(listed.text().contains("could not be looked up"), "{}", listed.text());
}

#[tokio::test]
async fn what_shows_no_times_looks_nobody_up() {
    let bench = bench(None).await;
    for (tool, arguments, path) in [
        ("list_teams", json!({}), "teams"),
        ("list_users", json!({}), "users teams"),
        ("list_event_types", json!({}), "event-types"),
        ("list_booking_pages", json!({}), "booking-pages"),
    ] {
        assert_eq!(sent(&bench, tool, arguments).await.0.join(" "), path, "{tool}");
    }
}

#[test]
fn whatever_shows_times_is_in_the_zone_of_me() {
    let all = Catalogue::new(&crate::tools::Selection::default()).unwrap();
    let all: BTreeSet<&str> = all.list().iter().map(|tool| &*tool.name).collect();
    let without: Vec<&str> = all.into_iter().filter(|tool| !Catalogue::shows_times(tool)).collect();
    let expected = [
        "add_user", "get_booking_calendar", "get_booking_page", "get_event_type", "get_master_page",
        "get_scheduling_availability", "get_team", "get_user", "list_booking_calendars", "list_booking_pages",
        "list_event_types", "list_master_pages", "list_teams", "list_users", "test_connection",
        "update_scheduling_availability", "update_user",
    ];
    assert_eq!(without, expected);
}

#[tokio::test]
async fn a_me_who_was_deleted_has_no_zone_any_more() {
    let bench = bench(Some("noor@northlight.example")).await;
    let before = bench.call("list_bookings", json!({"limit": 1})).await;
    let id = bench.call("get_user", json!({"user_id": "noor@northlight.example"})).await.structure()["id"].clone();
    assert_eq!(before.structure()["time_zone"], "Europe/London");
    assert_eq!(bench.call("delete_user", json!({"user_id": id})).await.structure()["deleted"], true);
    let after = bench.call("list_bookings", json!({"limit": 1})).await;
    assert_eq!(after.structure()["time_zone"], "UTC");
    assert!(after.text().contains("does not name exactly one user"), "{}", after.text());
}
