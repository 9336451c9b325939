//! The bookings that a host holds: on calendars, and on the Classic pages that they own.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::sandbox::{Effect, Fault, HostShows};
use crate::tools::tests::bench::{Bench, Setup};

const LEE: &str = "USR-XSAJLWDAS78B";
const DANA: &str = "USR-XXGJ98LRZMAU";

fn ids(structure: &Value) -> Vec<String> {
    structure["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

fn refused() -> Value {
    json!({"type": "invalid_request_error", "message": "No"})
}

/// The queries of the lists of bookings that were asked for since the requests were last forgotten.
fn queries(bench: &Bench) -> Vec<String> {
    let all = bench.sandbox.forget_requests().into_iter().filter(|seen| seen.path == "/v2/bookings");
    all.map(|seen| seen.query).collect()
}

/// Reads a list to its end. Returns the ids, and how many lists of OnceHub's each call read.
async fn walk(bench: &Bench, mut asked: Value) -> (Vec<String>, Vec<usize>) {
    let (mut all, mut reads) = (Vec::new(), Vec::new());
    queries(bench);
    for _ in 0..200 {
        let listed = bench.call("list_bookings", asked.clone()).await;
        reads.push(queries(bench).len());
        let structure = listed.structure();
        all.extend(ids(structure));
        if structure["has_more"] == false {
            assert!(structure["next_cursor"].is_null());
            return (all, reads);
        }
        let cursor = structure["next_cursor"].as_str().unwrap();
        assert!(cursor.len() <= 201 && cursor.contains('~'), "{cursor}");
        assert!(listed.text().contains(&format!("call again with cursor {cursor}")), "{}", listed.text());
        asked["cursor"] = cursor.into();
    }
    panic!("it never ends");
}

/// The ids of what somebody owns among all bookings, in OnceHub's order; Lee is nobody's co-host.
async fn owned(bench: &Bench, owner: &str) -> Vec<String> {
    let all = bench.call("list_bookings", json!({"limit": 500})).await;
    let items = all.structure()["items"].as_array().unwrap().clone();
    let theirs = items.iter().filter(|item| item["owner"] == owner);
    theirs.map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_host_is_found_on_calendars_and_on_classic_pages_each_booking_once_and_in_order() {
    let bench = Bench::with(Setup { more_bookings: 60, ..Setup::default() }).await;
    let expected = owned(&bench, LEE).await;
    assert!(expected.len() > 20);
    let listed = bench.call("list_bookings", json!({"host": "Lee Whitford", "limit": 500})).await;
    assert_eq!(ids(listed.structure()), expected);
    let on_pages =
        listed.structure()["items"].as_array().unwrap().iter().filter(|item| item["booking_page"].is_string());
    assert_eq!(on_pages.count(), 2);
    assert!(listed.text().contains("Lee classic"), "{}", listed.text());
    // Whatever the size of a page, nothing is missing and nothing comes twice, at two requests a call.
    for limit in [1, 2, 3, 7, 100] {
        let (paged, reads) = walk(&bench, json!({"host": LEE, "limit": limit})).await;
        assert_eq!(paged, expected, "{limit}");
        assert!(reads.iter().all(|reads| *reads <= 2), "{limit}: {reads:?}");
    }
    // The owner of the account is co-host of some, and has Classic pages.
    let margaret = bench.call("list_bookings", json!({"host": "Margaret Holloway", "limit": 500})).await;
    let (paged, _) = walk(&bench, json!({"host": "Margaret Holloway", "limit": 2})).await;
    assert_eq!(paged, ids(margaret.structure()));
    assert_eq!(paged.iter().collect::<HashSet<_>>().len(), paged.len());
    let items = margaret.structure()["items"].as_array().unwrap();
    let is_co_hosts = |item: &&Value| item["owner_name"] != "Margaret Holloway";
    let on_pages = items.iter().filter(|item| item["booking_page"].is_string()).count();
    assert_eq!((on_pages, items.iter().filter(is_co_hosts).count() > 0), (2, true));
}

#[tokio::test]
async fn an_account_without_classic_pages_is_asked_once_and_one_with_them_twice() {
    let today = json!({"host": "Lee Whitford", "starts_after": "2026-11-24", "starts_before": "2026-11-24"});
    let paths = async |bench: &Bench, asked: &Value| {
        bench.sandbox.forget_requests();
        bench.call("list_bookings", asked.clone()).await.text();
        let seen = bench.sandbox.forget_requests().into_iter();
        seen.map(|seen| seen.path.trim_start_matches("/v2/").to_owned()).collect::<Vec<_>>().join(" ")
    };
    let without = Bench::start().await;
    without.sandbox.with(crate::sandbox::World::remove_classic);
    // That there are no Classic pages is read once.
    assert_eq!(paths(&without, &today).await, "users booking-pages bookings booking-calendars");
    assert_eq!(paths(&without, &today).await, "bookings");
    let anybody = Bench::start().await;
    anybody.sandbox.with(crate::sandbox::World::remove_classic);
    let all = json!({"starts_after": "2026-11-24", "starts_before": "2026-11-24"});
    assert_eq!(paths(&anybody, &all).await, "bookings users booking-calendars");
    let with = Bench::start().await;
    assert_eq!(paths(&with, &today).await, "users booking-pages bookings bookings booking-calendars");
    assert_eq!(paths(&with, &today).await, "bookings bookings");
    // If it is not known, both are asked.
    let unknown = Bench::start().await;
    unknown.sandbox.with(crate::sandbox::World::remove_classic);
    unknown.sandbox.fail(Fault::new(Effect::Error(403, refused())).on("GET", "/v2/booking-pages"));
    paths(&unknown, &today).await;
    assert_eq!(paths(&unknown, &today).await.matches(" bookings").count(), 2);
}

#[tokio::test]
async fn other_filters_hold_for_both_and_one_list_is_enough_where_only_one_can_have_any() {
    let bench = Bench::start().await;
    let asked = async |more: Value| {
        queries(&bench);
        let mut asked = more;
        asked["host"] = LEE.into();
        let listed = bench.call("list_bookings", asked).await;
        (queries(&bench), listed.structure().clone())
    };
    let (both, past) = asked(json!({"starts_before": "2026-11-22", "status": "completed", "limit": 50})).await;
    assert_eq!(both.len(), 2);
    let range = "status=completed&starting_time.lt=2026-11-23T05%3A00%3A00Z";
    assert!(both.iter().all(|query| query.contains(range) && query.contains("limit=50")), "{both:?}");
    assert!(both.iter().any(|query| query.contains(&format!("host={LEE}")) && !query.contains("owner=")), "{both:?}");
    assert!(both.iter().any(|query| query.contains(&format!("owner={LEE}")) && !query.contains("host=")), "{both:?}");
    assert_eq!(ids(&past).len(), 3);
    assert!(past["items"].as_array().unwrap().iter().any(|item| item["booking_page"].is_string()));
    for (more, query, found) in [
        (json!({"calendar": "Intro call"}), "host=", false),
        (json!({"booking_page": "Lee classic"}), "owner=", true),
        (json!({"master_page": "Northlight front desk"}), "owner=", true),
        (json!({"event_type": "Checkup"}), "owner=", true),
        (json!({"owner": DANA}), "host=", false),
    ] {
        let (one, items) = asked(more.clone()).await;
        assert!(one.len() == 1 && one[0].contains(query), "{more}: {one:?}");
        let on_pages = items["items"].as_array().unwrap().iter().any(|item| item["booking_page"].is_string());
        assert_eq!(on_pages, found, "{more}");
    }
    let (both, _) = asked(json!({"owner": LEE})).await;
    assert_eq!(both.len(), 2, "a Classic booking is held by its owner");
    // What is expanded is no other booking.
    let (_, whole) = asked(json!({"expand": ["booking_page", "booking_calendar", "owner"], "limit": 500})).await;
    assert_eq!(ids(&whole), owned(&bench, LEE).await);
    let pages = whole["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["expanded"]["booking_page"]["name"] == "Lee classic");
    assert_eq!(pages.count(), 2);
}

#[tokio::test]
async fn what_was_given_away_is_not_found_by_its_owner() {
    let bench = Bench::start().await;
    bench.sandbox.with(|world| world.host_shows = HostShows { as_owner: false, as_attendee: true });
    let id = bench.booking(json!({"host": DANA, "starts_after": "now", "status": "scheduled"})).await;
    bench.call("reassign_booking", json!({"booking_id": id, "new_host": LEE})).await.text();
    assert!(owned(&bench, DANA).await.contains(&id), "OnceHub goes on showing the first owner");
    for (host, count) in [(DANA, 0), (LEE, 1)] {
        let listed = bench.call("list_bookings", json!({"host": host, "limit": 500})).await;
        assert_eq!(ids(listed.structure()).iter().filter(|found| **found == id).count(), count, "{host}");
    }
}

#[tokio::test]
async fn what_both_lists_have_is_told_once() {
    let bench = Bench::with(Setup { more_bookings: 20, ..Setup::default() }).await;
    let expected = owned(&bench, LEE).await;
    // A OnceHub whose filter by host knows Classic pages, too.
    let sent = expected.iter().map(|id| bench.sandbox.with(|world| world.as_sent(id)).unwrap());
    let all = json!({"data": sent.collect::<Vec<_>>(), "has_more": false});
    bench.sandbox.fail(Fault::new(Effect::Replace(all)).on("GET", "host="));
    for limit in [1, 2, 3, 500] {
        assert_eq!(walk(&bench, json!({"host": LEE, "limit": limit})).await.0, expected, "{limit}");
    }
}

#[tokio::test]
async fn a_page_of_which_nothing_counts_does_not_put_the_rest_out_of_order() {
    let bench = Bench::start().await;
    bench.sandbox.with(|world| world.host_shows = HostShows { as_owner: false, as_attendee: true });
    let all = bench.call("list_bookings", json!({"owner": LEE, "limit": 500})).await;
    let items = all.structure()["items"].as_array().unwrap().clone();
    let classic = items.iter().position(|item| item["booking_page"].is_string()).unwrap();
    // What is newer than the first on a Classic page is given away, as far as it can be.
    let (newer, older) = items.split_at(classic);
    let mut expected = Vec::new();
    for item in newer {
        let id = item["id"].as_str().unwrap().to_owned();
        let given = bench.call("reassign_booking", json!({"booking_id": id, "new_host": DANA})).await;
        expected.extend(given.is_failure().then_some(id));
    }
    assert!(expected.len() < newer.len());
    expected.extend(older.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
    for limit in [1, 2, 50] {
        assert_eq!(walk(&bench, json!({"host": LEE, "limit": limit})).await.0, expected, "{limit}");
    }
}

#[tokio::test]
async fn a_failure_of_either_list_leaves_none_out_silently() {
    let bench = Bench::start().await;
    for (list, message) in [
        ("host=", "list_bookings"),
        ("owner=", "the bookings on Classic pages could not be read, so none at all are shown"),
    ] {
        let fault = Fault::new(Effect::Error(400, refused())).on("GET", list);
        let failed = bench.call_with(fault, "list_bookings", json!({"host": LEE})).await;
        assert_eq!(failed.error()["status"], 400, "{list}");
        assert_eq!(failed.failure().contains(message), list == "owner=", "{}", failed.failure());
        // A read that is lost is tried again, of either.
        let fault = Fault::new(Effect::DropAfter).on("GET", list).times(1);
        let listed = bench.call_with(fault, "list_bookings", json!({"host": LEE, "limit": 500})).await;
        assert_eq!(ids(listed.structure()), owned(&bench, LEE).await, "{list}");
    }
}

#[tokio::test]
async fn a_cursor_of_another_list_is_called_one() {
    let bench = Bench::start().await;
    let one = bench.call("list_bookings", json!({"limit": 1})).await.structure()["next_cursor"].clone();
    let two = bench.call("list_bookings", json!({"host": LEE, "limit": 1})).await.structure()["next_cursor"].clone();
    queries(&bench);
    for (tool, asked, problem) in [
        ("list_bookings", json!({"host": LEE, "cursor": one}), "it is of another list"),
        ("list_bookings", json!({"cursor": two}), "which this is not"),
        ("list_bookings", json!({"host": LEE, "calendar": "Intro call", "cursor": two}), "which this is not"),
        ("list_contacts", json!({"cursor": two}), "which this is not"),
        ("list_bookings", json!({"host": LEE, "cursor": ".~."}), "is not an id"),
        ("list_bookings", json!({"host": LEE, "cursor": "a b~"}), "is not an id"),
        ("list_bookings", json!({"host": LEE, "cursor": "x".repeat(150) + "~"}), "is not an id"),
    ] {
        let failed = bench.call(tool, asked.clone()).await;
        assert_eq!((&failed.error()["type"], &failed.error()["param"]), (&json!("invalid_argument"), &json!("cursor")));
        assert!(failed.failure().contains(problem), "{asked}: {}", failed.failure());
        assert!(failed.failure().contains("or no cursor to start over"), "{}", failed.failure());
    }
    assert_eq!(queries(&bench), Vec::<String>::new(), "nothing is asked with them");
    // An account that has lost its pages, or a list of them that cannot be read, does not break a cursor.
    bench.sandbox.with(crate::sandbox::World::remove_classic);
    let went_on = bench.call("list_bookings", json!({"host": LEE, "cursor": two})).await;
    assert!(!ids(went_on.structure()).is_empty());
}

#[tokio::test]
async fn a_search_in_both_looks_as_far_as_one_in_one() {
    let bench = Bench::with(Setup { more_bookings: 2600, ..Setup::default() }).await;
    let mut asked = json!({"host": LEE, "guest": "nobody at all"});
    bench.call("list_bookings", json!({"host": LEE, "limit": 1})).await.text();
    queries(&bench);
    let first = bench.call("list_bookings", asked.clone()).await;
    assert!((9..=10).contains(&queries(&bench).len()));
    assert_eq!(first.structure()["has_more"], true);
    assert!(first.text().contains("were scanned"), "{}", first.text());
    asked["cursor"] = first.structure()["next_cursor"].clone();
    let rest = bench.call("list_bookings", asked).await;
    assert_eq!(rest.structure()["has_more"], false);
    // What is found is the same, whether in one list or in two.
    let anybody = bench.call("list_bookings", json!({"owner": LEE, "guest": "marchetti", "limit": 500})).await;
    let theirs = bench.call("list_bookings", json!({"host": LEE, "guest": "marchetti", "limit": 500})).await;
    assert!(!ids(theirs.structure()).is_empty());
    let (some, all) = (ids(theirs.structure()), ids(anybody.structure()));
    assert!(all.starts_with(&some), "{some:?}: {all:?}");
}

#[tokio::test]
async fn a_reply_that_is_full_goes_on_right_after_the_last_one_shown() {
    let mut setup = Setup { more_bookings: 120, ..Setup::default() };
    setup.settings.max_reply = 8_000;
    let bench = Bench::with(setup).await;
    let large = Bench::on(std::sync::Arc::clone(&bench.sandbox), Setup::default()).await;
    let whole = large.call("list_bookings", json!({"host": LEE, "limit": 500})).await;
    let (paged, reads) = walk(&bench, json!({"host": LEE, "limit": 500})).await;
    assert_eq!(paged, ids(whole.structure()));
    assert!(reads.len() > 2, "{reads:?}");
}

#[tokio::test]
async fn what_else_asks_whose_a_booking_is_knows_classic_pages_too() {
    let bench = Bench::start().await;
    // Lee's only other booking then is on a Classic page.
    let classic = bench.booking(json!({"booking_page": "Lee classic", "starts_after": "now"})).await;
    let read = bench.call("get_booking", json!({"booking_id": classic})).await;
    let starts = read.structure()["starting_time"].as_str().unwrap().to_owned();
    let off = json!({"user_id": LEE, "overrides": [{"date": &starts[..10], "working_hours": []}]});
    let changed = bench.call("update_scheduling_availability", off).await;
    assert!(changed.text().contains(&classic), "{}", changed.text());
    let deleted = bench.call("delete_user", json!({"user_id": LEE})).await;
    assert!(deleted.text().contains(&classic), "{}", deleted.text());
}
