//! What is said only as far as it is known: among how many somebody was looked for, what a reply without content means, and what
//! a list holds that OnceHub sends twice.

use serde_json::{Value, json};

use crate::sandbox::{Effect, Fault};
use crate::tools::tests::bench::Bench;

/// An account with more users than are read for their names: ten pages of them.
fn a_thousand_users(bench: &Bench) {
    for page in 0..10 {
        let user = |n: usize| {
            let n = page * 100 + n;
            json!({"object": "user", "id": format!("USR-{n:04}"), "first_name": "User", "last_name": format!("Number {}", n.min(998)),
                "email": format!("u{n}@big.example"), "status": "active"})
        };
        let page: Vec<Value> = (0..100).map(user).collect();
        let page = json!({"object": "list", "data": page, "has_more": true});
        bench.sandbox.fail(Fault::new(Effect::Replace(page)).on("GET", "/v2/users").times(1));
    }
}

#[tokio::test]
async fn nobody_is_called_so_is_said_with_among_how_many_where_there_are_more() {
    let bench = Bench::start().await;
    let get = async |name: &str| {
        bench.sandbox.heal();
        a_thousand_users(&bench);
        bench.call("get_user", json!({"user_id": name})).await
    };
    let failure = get("Jacob Lindquist").await.failure();
    assert!(failure.starts_with("user_id: none of the first 1,000 users is called \"Jacob Lindquist\""), "{failure}");
    assert!(failure.contains("there are more: pass the id or the exact e-mail address"), "{failure}");
    let failure = get("User Number 998").await.failure();
    assert!(failure.starts_with("user_id: 2 of the first 1,000 users (there are more) are called"), "{failure}");
    // The exact address is asked of OnceHub, so that the hint is true.
    assert_eq!(get("dana@northlight.example").await.structure()["first_name"], "Dana");
    assert_eq!(get("nobody@northlight.example").await.error()["type"], "not_found");
    bench.sandbox.heal();
    a_thousand_users(&bench);
    let failure = bench.call("list_booking_calendars", json!({"host": "Nobody Here"})).await.failure();
    let said = "host: none of the first 1,000 users is called \"Nobody Here\", and no team either";
    assert!(failure.starts_with(said), "{failure}");
}

#[tokio::test]
async fn a_guest_is_said_to_be_missing_among_those_who_were_searched() {
    let bench = Bench::with(super::bench::Setup { more_bookings: 1200, ..super::bench::Setup::default() }).await;
    let failure = bench.call("get_booking", json!({"booking_id": "Nobody Here"})).await.failure();
    assert!(
        failure.contains("none of the newest 1,000 bookings is known as \"Nobody Here\"; there are more"),
        "{failure}"
    );
    // All contacts were searched: then it is certain.
    let failure = bench.call("get_contact", json!({"contact_id": "Nobody Here"})).await.failure();
    assert!(failure.starts_with("contact_id: no contact is called \"Nobody Here\"\n"), "{failure}");
}

#[tokio::test]
async fn a_recipient_that_is_expanded_keeps_its_ids_in_the_text() {
    let bench = Bench::start().await;
    let asked = json!({"recipient": "Dana Reyes", "recipient_type": "user", "expand": ["recipient"], "limit": 1});
    let replied = bench.call("list_sms_notifications", asked).await;
    let teams = replied.structure()["items"][0]["expanded"]["recipient"]["teams"].as_array().unwrap().clone();
    assert!(!teams.is_empty());
    for team in teams {
        assert!(replied.text().contains(team.as_str().unwrap()), "{}", replied.text());
    }
}

#[tokio::test]
async fn a_read_that_is_answered_with_nothing_is_not_shown_as_an_empty_object() {
    let bench = Bench::start().await;
    let id = bench.booking(json!({"calendar": "Intro call"})).await;
    let reads = [
        ("get_booking", json!({"booking_id": id}), "/bookings/"),
        ("test_connection", json!({}), "/test"),
        ("get_scheduling_availability", json!({"user_id": "Dana Reyes"}), "/scheduling-availability"),
        ("list_bookings", json!({}), "/bookings"),
    ];
    for (tool, arguments, path) in &reads {
        for (status, body) in [(204, ""), (200, ""), (200, "{}"), (200, "null"), (200, "{\"id\": null}")] {
            let effect = Effect::Status(status, "application/json", body.to_owned());
            let replied = bench.call_with(Fault::new(effect).on("GET", path), tool, arguments.clone()).await;
            assert_eq!(replied.error()["type"], "unexpected_reply", "{tool} {status} {body:?}");
        }
    }
    // A deletion may be answered so.
    let gone = Fault::new(Effect::Status(204, "application/json", String::new())).on("DELETE", "/contacts/");
    let deleted = bench.call_with(gone, "delete_contact", json!({"contact_id": "Jacob Lindqvist"})).await;
    assert_eq!(deleted.structure()["deleted"], true);
}

/// What is left of a list whose upstream does as `pages` say.
async fn listed(pages: &[Value], arguments: Value) -> (Vec<String>, Value, String) {
    let bench = Bench::start().await;
    for page in pages {
        bench.sandbox.fail(Fault::new(Effect::Replace(page.clone())).on("GET", "/v2/webhooks").times(1));
    }
    let last = pages.last().unwrap().clone();
    bench.sandbox.fail(Fault::new(Effect::Replace(last)).on("GET", "/v2/webhooks"));
    let replied = bench.call("list_webhooks", arguments).await;
    let items = replied.structure()["items"].as_array().unwrap();
    let ids = items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect();
    assert!(bench.requests("GET", "/webhooks") <= pages.len() + 1, "it loops");
    (ids, replied.structure().clone(), replied.text())
}

fn page(ids: &[&str], has_more: bool) -> Value {
    let data: Vec<Value> = ids.iter().map(|id| json!({"object": "webhook", "id": id, "name": id})).collect();
    json!({"object": "list", "data": data, "has_more": has_more})
}

#[tokio::test]
async fn a_page_that_comes_twice_counts_once_and_what_cannot_be_read_is_said() {
    // An upstream that ignores `after`.
    let same = page(&["WHK-1", "WHK-2"], true);
    let (ids, structure, text) = listed(std::slice::from_ref(&same), json!({"limit": 50})).await;
    assert_eq!(ids, ["WHK-1", "WHK-2"]);
    assert_eq!((&structure["has_more"], &structure["next_cursor"]), (&json!(false), &Value::Null));
    assert!(text.contains("OnceHub says that there are more, but sends the same ones again"), "{text}");
    // The same with a cursor: what was shown before it does not come again.
    let (ids, ..) = listed(std::slice::from_ref(&same), json!({"limit": 50, "cursor": "WHK-1"})).await;
    assert_eq!(ids, ["WHK-2"]);
    // Pages that overlap, and one that has the same twice.
    let pages = [page(&["WHK-1", "WHK-2"], true), page(&["WHK-2", "WHK-3", "WHK-3"], true), page(&["WHK-4"], false)];
    let (ids, structure, text) = listed(&pages, json!({"limit": 50})).await;
    assert_eq!(ids, ["WHK-1", "WHK-2", "WHK-3", "WHK-4"]);
    assert_eq!(structure["has_more"], false);
    assert!(!text.contains("note:"), "{text}");
}

#[tokio::test]
async fn an_answer_that_became_the_forms_own_company_is_not_said_to_be_lost() {
    let bench = Bench::start().await;
    let slots = bench.call("get_booking_time_slots", json!({"calendar_id": "Intro call", "limit": 1})).await;
    let asked = json!({
        "calendar_id": "Intro call", "start_time": slots.structure()["items"][0]["start_time"], "guest_time_zone": "Europe/London",
        "guest_name": "Ada Okafor", "guest_email": "ada@okafor.example",
        "custom_fields": {"company": "Okafor", "Note": "Ring twice", "No such question": "x"}
    });
    let booked = bench.call("schedule_meeting", asked).await;
    assert_eq!(booked.structure()["form_submission"]["company"], "Okafor");
    let note = booked.structure()["note"].as_str().unwrap();
    assert!(note.contains("did not keep every answer to \"No such question\":"), "{note}");
}

#[tokio::test]
async fn an_id_of_an_older_form_is_asked_of_oncehub_and_a_misspelt_name_is_not() {
    let bench = Bench::start().await;
    let old =
        json!({"object": "webhook", "id": "whk_5f2a", "name": "Old one", "url": "https://example.com", "events": []});
    let known = Fault::new(Effect::Error(200, old)).on("GET", "/webhooks/whk_5f2a");
    let read = bench.call_with(known.clone(), "get_webhook", json!({"webhook_id": "whk_5f2a"})).await;
    assert_eq!(read.structure()["name"], "Old one");
    let deleted = bench.call_with(known, "delete_webhook", json!({"webhook_id": "whk_5f2a"})).await;
    assert!(bench.requests("DELETE", "/webhooks/whk_5f2a") == 1, "{}", deleted.failure());
    // None that OnceHub knows: said with what is alike.
    let failure = bench.call("get_user", json!({"user_id": "Danna"})).await;
    assert_eq!(failure.error()["type"], "not_found");
    assert_eq!(bench.requests("GET", "/users/Danna"), 1);
    let before = bench.sandbox.requests().len();
    bench.call("get_user", json!({"user_id": "Danna Reyes"})).await.failure();
    let asked = bench.sandbox.requests().split_off(before);
    assert!(asked.iter().all(|seen| seen.path == "/v2/users"), "{asked:?}");
    let contact = json!({"object": "contact", "id": "ctc_1", "first_name": "Old", "last_name": "Friend"});
    let known = Fault::new(Effect::Error(200, contact)).on("GET", "/contacts/ctc_1");
    let read = bench.call_with(known, "get_contact", json!({"contact_id": "ctc_1"})).await;
    assert_eq!(read.structure()["first_name"], "Old");
}
