//! No reply is larger than is set: the bench holds every reply of every test against it; here are those that would be.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::sandbox::{Effect, Fault};
use crate::tools::tests::bench::{Bench, Setup};

async fn bench(max_reply: usize, more_bookings: usize) -> Bench {
    let mut setup = Setup { more_bookings, ..Setup::default() };
    setup.settings.max_reply = max_reply;
    Bench::with(setup).await
}

/// Every id of a list, page after page, and how many calls that took.
async fn walk(bench: &Bench, tool: &str, mut arguments: Value) -> (Vec<String>, usize) {
    let (mut ids, mut calls) = (Vec::new(), 0);
    loop {
        let replied = bench.call(tool, arguments.clone()).await;
        calls += 1;
        let structure = replied.structure();
        let page: Vec<String> =
            structure["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
        assert!(!page.is_empty(), "a page without anything: {}", replied.text());
        for id in &page {
            assert!(replied.text().contains(id), "{id} is not in the text");
        }
        let is_short = page.len() < usize::try_from(arguments["limit"].as_u64().unwrap()).unwrap();
        ids.extend(page);
        if structure["has_more"] == false {
            assert!(structure["next_cursor"].is_null());
            return (ids, calls);
        }
        let cursor = structure["next_cursor"].as_str().unwrap();
        assert_eq!(ids.last().unwrap(), cursor, "it goes on right after the last one shown");
        assert!(replied.text().contains(&format!("call again with cursor {cursor}")));
        assert!(!is_short || replied.text().contains("asked for, since a reply holds at most"), "{}", replied.text());
        arguments["cursor"] = cursor.into();
    }
}

#[tokio::test]
async fn a_long_list_stops_where_a_reply_is_full_and_goes_on_without_loss_or_repetition() {
    let (small, large) = (bench(8_000, 60).await, bench(50_000_000, 60).await);
    let (all, calls) = walk(&large, "list_bookings", json!({"limit": 500})).await;
    assert_eq!((all.iter().collect::<HashSet<_>>().len(), calls), (all.len(), 1));
    assert!(all.len() > 100);
    for detail in ["summary", "full"] {
        let arguments = json!({"limit": 500, "detail": detail, "expand": ["contact"]});
        let (paged, calls) = walk(&small, "list_bookings", arguments).await;
        assert_eq!(paged, all, "{detail}");
        assert!(calls > 5, "{calls}");
    }
    // Filtered here, and other nouns.
    for (tool, arguments) in [
        ("list_bookings", json!({"limit": 500, "guest": "a"})),
        ("list_contacts", json!({"limit": 500})),
        ("list_sms_notifications", json!({"limit": 500, "expand": ["recipient"]})),
    ] {
        let (all, _) = walk(&large, tool, arguments.clone()).await;
        assert_eq!(walk(&small, tool, arguments).await.0, all, "{tool}");
    }
}

#[tokio::test]
async fn five_hundred_bookings_are_a_handful_of_calls_and_no_page_is_read_for_nothing() {
    let bench = bench(crate::actions::MAX_REPLY, 500).await;
    let (all, calls) = walk(&bench, "list_bookings", json!({"limit": 500})).await;
    assert!(all.len() > 500 && calls <= 7, "{} in {calls} calls", all.len());
    let pages = bench.requests("GET", "/v2/bookings");
    assert!(pages <= 3 * calls, "{pages} pages for {calls} calls");
}

#[tokio::test]
async fn slots_stop_too_and_go_on_at_the_next_start() {
    let (small, large) = (bench(8_000, 0).await, bench(5_000_000, 0).await);
    let asked = json!({"calendar_id": "Intro call", "end_time": "+29d", "limit": 500});
    let starts = |replied: &Value| -> Vec<String> {
        replied["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|slot| slot["start_time"].as_str().unwrap().to_owned())
            .collect()
    };
    let all = starts(large.call("get_booking_time_slots", asked.clone()).await.structure());
    let (mut paged, mut asked) = (Vec::new(), asked);
    loop {
        let replied = small.call("get_booking_time_slots", asked.clone()).await;
        paged.extend(starts(replied.structure()));
        if replied.structure()["has_more"] == false {
            break;
        }
        assert!(replied.text().contains("asked for, since a reply holds at most 8 kB"), "{}", replied.text());
        asked["start_time"] = replied.structure()["next_start_time"].clone();
    }
    assert_eq!(paged.len(), paged.iter().collect::<HashSet<_>>().len());
    // The last of them may be more than 500 in all.
    assert_eq!(paged[..all.len()], all);
    assert!(all.len() > 100, "{}", all.len());
}

#[tokio::test]
async fn a_long_text_is_cut_with_its_length_and_where_the_rest_is() {
    let bench = bench(8_000, 0).await;
    let id = bench.booking(json!({"calendar": "Intro call"})).await;
    let get = Fault::new(Effect::Replace(json!({
        "id": id, "object": "booking", "status": "scheduled", "starting_time": "2026-12-01T20:00:00Z",
        "form_submission": {"name": "Ada", "note": "word \"and\" word\n".repeat(20_000), "custom_fields": [{"name": "Goal", "value": "x".repeat(9_000)}]}
    })));
    let replied = bench.call_with(get.on("GET", "/bookings/"), "get_booking", json!({"booking_id": id})).await;
    let note = replied.structure()["note"].as_str().unwrap();
    assert!(note.contains("at most 8 kB: cut short: form_submission.note (320,000 characters)"), "{note}");
    assert!(note.contains("OnceHub's own pages show the rest"), "{note}");
    assert!(replied.text().contains(note), "{}", replied.text());
    assert_eq!(replied.structure()["id"], id.as_str());
    assert!(replied.structure()["form_submission"]["note"].as_str().unwrap().starts_with("word \"and\" word"));
    // One item of a list that is too large alone.
    let item = json!({"id": "WHK-1", "name": "x", "other": "é".repeat(40_000), "events": ["booking"]});
    let list = Fault::new(Effect::Replace(json!({"data": [item, {"id": "WHK-2"}], "has_more": false})));
    let replied = bench.call_with(list.on("GET", "/webhooks"), "list_webhooks", json!({})).await;
    assert!(replied.structure()["items"].as_array().unwrap().len() <= 2);
}

#[tokio::test]
async fn what_is_large_in_other_ways_still_fits_and_says_so() {
    let bench = bench(8_000, 0).await;
    let deep = (0..100).fold(json!("x"), |inner, n| json!({"value": inner, "n": n}));
    let fields: serde_json::Map<String, Value> = (0..20_000).map(|n| (format!("field_{n}"), n.into())).collect();
    let mut fields_with_id = fields.clone();
    fields_with_id.insert("id".into(), "USR-1".into());
    let odd = [
        json!({"id": "USR-1", "deep": deep, "list": vec!["x"; 9000]}),
        json!({"id": "USR-1", "inside": fields}),
        Value::Object(fields_with_id),
        json!({"id": "USR-1", "x".repeat(50_000): 1}),
    ];
    for object in odd {
        let fault = Fault::new(Effect::Error(200, object)).on("GET", "/users/");
        let replied = bench.call_with(fault, "get_user", json!({"user_id": "Dana Reyes"})).await;
        let note = replied.structure()["note"].as_str().unwrap();
        assert!(note.starts_with("This did not fit into one reply, which holds at most 8 kB"), "{note}");
        assert_eq!(replied.structure()["id"], "USR-1");
    }
    // A list of thousands of odd items, whatever is made of them.
    let item = |n: usize| json!({"id": format!("WHK-{n}"), "name": {"odd": n}, "url": n, "events": {"x": n}});
    let list: Vec<Value> = (0..2000).map(item).collect();
    let fault = Fault::new(Effect::Replace(json!({"data": list, "has_more": true}))).on("GET", "/webhooks");
    let replied = bench.call_with(fault, "list_webhooks", json!({"limit": 500})).await;
    let items = replied.structure()["items"].as_array().unwrap();
    assert_eq!(replied.structure()["next_cursor"], items.last().unwrap()["id"]);
    // Hours of thousands of dates.
    let dates: Vec<Value> = (0..3000).map(|n| json!({"date": format!("{}-{:02}-{:02}", 2027 + n / 336, n / 28 % 12 + 1, n % 28 + 1), "working_hours": []})).collect();
    let fault = Fault::new(Effect::Error(200, json!({"object": "schedule", "weekly": [], "overrides": dates})));
    let fault = fault.on("GET", "/scheduling-availability");
    let replied = bench.call_with(fault, "get_scheduling_availability", json!({"user_id": "Dana Reyes"})).await;
    assert!(replied.text().contains("lists and objects with very many entries are incomplete"), "{}", replied.text());
    // A refusal of any length keeps its hint.
    let refusal =
        json!({"type": "invalid_request_error", "message": "No such user: ".repeat(9000), "param": "id".repeat(9000)});
    let fault = Fault::new(Effect::Error(404, refusal)).on("GET", "/users/");
    let failure = bench.call_with(fault, "get_user", json!({"user_id": "Dana Reyes"})).await;
    assert!(failure.failure().lines().last().unwrap().starts_with("hint: "), "{}", failure.failure());
    assert_eq!(failure.error()["type"], "not_found");
}
