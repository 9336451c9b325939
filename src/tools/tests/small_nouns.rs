//! The nouns that can only be read: teams, text messages, and what OnceHub Classic has.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::sandbox::{Effect, Fault};
use crate::tools::tests::bench::Bench;

/// Ids of master pages that are no more.
const DELETED: &str = "BP-KFQ2GEXBZX4R";

#[tokio::test]
async fn each_is_listed_in_a_line_and_read_by_its_name() {
    let bench = Bench::start().await;
    let mut told = Vec::new();
    for (list, get, argument, name) in [
        ("list_teams", "get_team", "team_id", "client SUPPORT"),
        ("list_booking_pages", "get_booking_page", "booking_page_id", "Meet Lee"),
        ("list_event_types", "get_event_type", "event_type_id", "deep dive"),
        ("list_master_pages", "get_master_page", "master_page_id", "https://go.oncehub.com/northlight-front-desk"),
    ] {
        let listed = bench.call(list, json!({})).await;
        told.push(listed.text());
        let mut asked = json!({});
        asked[argument] = name.into();
        let read = bench.call(get, asked).await;
        assert!(listed.text().contains(&read.text()), "a line of the list says the same: {}", read.text());
        let items = listed.structure()["items"].as_array().unwrap();
        assert!(items.contains(read.structure()), "{}", read.structure());
        told.push(bench.call(get, json!({argument: "No such name"})).await.failure());
    }
    assert_snapshot!(told.join("\n\n"));
}

#[tokio::test]
async fn pages_and_teams_are_filtered_by_what_belongs_to_them() {
    let bench = Bench::start().await;
    let names = async |tool: &str, asked: Value| -> Vec<Value> {
        let listed = bench.call(tool, asked).await;
        listed.structure()["items"].as_array().unwrap().iter().map(|item| item["name"].clone()).collect()
    };
    assert_eq!(names("list_booking_pages", json!({"user": "Lee Whitford"})).await, ["Lee classic"]);
    assert_eq!(
        names("list_booking_pages", json!({"event_type": "Workshop"})).await,
        ["Margaret workshops", "Oliver classic"]
    );
    let workshops = names("list_booking_pages", json!({"master_page": "Northlight workshops"})).await;
    assert_eq!(workshops, ["Oliver classic", "Priya classic"]);
    assert_eq!(names("list_teams", json!({"user": "Priya Raman"})).await, ["Client support", "Advisers"]);
    let none = bench.call("list_teams", json!({"user": "noor@northlight.example"})).await;
    assert_snapshot!(none.text());
}

#[tokio::test]
async fn a_link_is_made_for_a_master_page_that_is_still_there() {
    let bench = Bench::start().await;
    let made = bench.call("create_master_page_one_time_link", json!({"master_page_id": "Northlight front desk"})).await;
    assert!(made.structure()["url"].as_str().unwrap().starts_with("https://go.oncehub.com/."));
    assert!(made.text().starts_with(made.structure()["url"].as_str().unwrap()));
    assert_eq!(made.structure()["master_page_id"], "BP-33XLJ69DR4TZ", "ids are never told by their prefix");
    let gone = bench.call("create_master_page_one_time_link", json!({"master_page_id": DELETED})).await;
    assert_snapshot!(gone.failure());
    assert_eq!(
        bench.call("get_master_page", json!({"master_page_id": DELETED})).await.text(),
        format!("{DELETED} | deleted")
    );
}

#[tokio::test]
async fn text_messages_are_listed_to_the_end_although_oncehub_does_not_say_where_it_is() {
    let bench = Bench::start().await;
    let (mut cursor, mut seen) = (Value::Null, Vec::new());
    loop {
        let page = bench.call("list_sms_notifications", json!({"limit": 5, "cursor": cursor})).await;
        seen.extend(page.structure()["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
        if page.structure()["has_more"] == false {
            assert!(page.structure()["next_cursor"].is_null());
            break;
        }
        cursor = page.structure()["next_cursor"].clone();
    }
    let all = bench.call("list_sms_notifications", json!({"limit": 500})).await;
    let all: Vec<Value> = all.structure()["items"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect();
    assert_eq!((seen.len(), seen), (32, all));
}

#[tokio::test]
async fn text_messages_are_filtered_by_their_status_here_since_oncehub_cannot() {
    let bench = Bench::start().await;
    let all = bench.call("list_sms_notifications", json!({"limit": 500})).await;
    let having = |statuses: &[&str]| -> Vec<Value> {
        let items = all.structure()["items"].as_array().unwrap().iter();
        let items = items.filter(|item| statuses.contains(&item["status"].as_str().unwrap()));
        items.map(|item| item["id"].clone()).collect()
    };
    for statuses in [&["failed"][..], &["rejected"], &["delivered"], &["sent", "failed"]] {
        let found = bench.call("list_sms_notifications", json!({"status": statuses, "limit": 500})).await;
        let items = found.structure()["items"].as_array().unwrap();
        let ids: Vec<Value> = items.iter().map(|item| item["id"].clone()).collect();
        assert_eq!(ids, having(statuses));
        assert!(!ids.is_empty() && found.text().contains(&format!("status {}", statuses.join(" or "))));
    }
    assert!(bench.sandbox.requests().iter().all(|seen| !seen.query.contains("status")));
    // It ends where it has as many as were asked for, and goes on from there.
    let mut seen = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let page =
            bench.call("list_sms_notifications", json!({"status": "failed", "limit": 2, "cursor": cursor})).await;
        seen.extend(page.structure()["items"].as_array().unwrap().iter().map(|item| item["id"].clone()));
        cursor = page.structure()["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(seen, having(&["failed"]));
}

#[tokio::test]
async fn a_search_for_text_messages_says_how_far_it_looked() {
    let bench = Bench::start().await;
    // A thousand messages that have arrived, and more behind them.
    let page = |page: usize| -> Value {
        let sms = |n: usize| json!({"object": "notification", "id": format!("SMS-{page}-{n}"), "status": "delivered"});
        json!({"object": "list", "data": (0..100).map(sms).collect::<Vec<_>>(), "has_more": true})
    };
    for number in 0..10 {
        bench.sandbox.fail(Fault::new(Effect::Error(200, page(number))).on("GET", "/notifications/sms").times(1));
    }
    let found = bench.call("list_sms_notifications", json!({"status": ["failed"]})).await;
    assert!(found.text().contains("Only the newest 1000"), "{}", found.text());
    assert_eq!(found.structure()["next_cursor"], "SMS-9-99");
    assert_eq!(bench.requests("GET", "/notifications/sms"), 10);
}

#[tokio::test]
async fn text_messages_tell_who_got_what_and_whether_it_arrived() {
    let bench = Bench::start().await;
    let asked = json!({"recipient": "Jacob Lindqvist", "time_zone": "Europe/Stockholm", "expand": "recipient"});
    assert_snapshot!(bench.call("list_sms_notifications", asked).await.text());
    for (recipient, kind) in [("Dana Reyes", "user"), ("grace.mbeki@savanna.example", "contact")] {
        for recipient_type in [json!(null), json!(kind)] {
            let asked = json!({"recipient": recipient, "recipient_type": recipient_type});
            let found = bench.call("list_sms_notifications", asked).await;
            let items = found.structure()["items"].as_array().unwrap();
            assert!(!items.is_empty() && items.iter().all(|item| item["recipient_type"] == kind), "{recipient}");
        }
    }
    let wrong = bench.call("list_sms_notifications", json!({"recipient_type": "guest"})).await;
    assert_snapshot!(wrong.failure());
    let other =
        bench.call("list_sms_notifications", json!({"recipient": "Dana Reyes", "recipient_type": "contact"})).await;
    assert_snapshot!(other.failure());
    let none = bench.call("list_sms_notifications", json!({"created_after": "2030-01-01"})).await;
    assert_eq!(none.structure()["items"], json!([]));
}
