//! `/notifications/sms`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Bench;
use crate::sandbox::seed::guests::{GUESTS, contact};
use crate::sandbox::seed::people::{DANA, user};

async fn rows(bench: &Bench, query: &str) -> Vec<Value> {
    let got = bench.get(&format!("/notifications/sms?limit=100&{query}")).await;
    assert_eq!(got.status, 200, "{}", got.body);
    got.body["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn text_messages_are_listed_without_has_more() {
    let bench = Bench::start().await;
    let first = bench.get("/notifications/sms?limit=25").await;
    assert_eq!(first.body.as_object().unwrap().keys().collect::<Vec<_>>(), ["object", "data"]);
    let last = first.ids().last().unwrap().clone();
    assert!(first.link.unwrap().contains(&format!("notifications/sms?after={last}&limit=25>; rel=\"next\"")));
    let second = bench.get(&format!("/notifications/sms?limit=25&after={last}")).await;
    assert!(!second.ids().is_empty() && second.ids().len() < 25);
    let back = bench.get(&format!("/notifications/sms?limit=25&before={}", second.ids()[0])).await;
    assert_eq!(back.body["data"], first.body["data"]);
    let all = rows(&bench, "").await;
    assert!(all.iter().map(|row| row["creation_time"].as_str().unwrap()).is_sorted_by(|newer, older| newer > older));
    let statuses: BTreeSet<&str> = all.iter().map(|row| row["status"].as_str().unwrap()).collect();
    assert_eq!(statuses.into_iter().collect::<Vec<_>>(), ["delivered", "failed", "rejected", "sent"]);
    for row in &all {
        let body = row["details"]["message_body"].as_str().unwrap();
        let segments = if body.len() > 160 || body.chars().count() > 70 && !body.is_ascii() { 2 } else { 1 };
        assert_eq!(row["details"]["segment_count"], segments, "{body}");
        assert_eq!((&row["object"], &row["type"]), (&json!("notification"), &json!("sms")));
        assert!(row["id"].as_str().unwrap().starts_with("SMS-"));
        assert!(row["details"]["delivered_to"].as_str().unwrap().starts_with('+'));
    }
    let some = |part: &str| all.iter().any(|row| row["details"]["message_body"].as_str().unwrap().contains(part));
    assert!(some("🙂\n") && all.iter().any(|row| row["details"]["segment_count"] == 2));
}

#[tokio::test]
async fn text_messages_are_filtered_by_who_received_them_and_when() {
    let bench = Bench::start().await;
    let all = rows(&bench, "").await;
    let contacts = rows(&bench, "recipient_type=contact").await;
    let users = rows(&bench, "recipient_type=user").await;
    assert_eq!(contacts.len() + users.len(), all.len());
    assert!(users.len() > 2 && users.iter().all(|row| row["recipient"] == user(DANA)));
    assert_eq!(rows(&bench, &format!("recipient={}", user(DANA))).await, users);
    let jacob = rows(&bench, &format!("recipient={}", contact(0))).await;
    assert!(!jacob.is_empty() && jacob.iter().all(|row| row["details"]["delivered_to"] == "+46701234567"));
    assert!(rows(&bench, &format!("recipient={}&recipient_type=user", contact(0))).await.is_empty());
    let middle = all[all.len() / 2]["creation_time"].as_str().unwrap();
    let later = rows(&bench, &format!("creation_time.gt={middle}")).await;
    let earlier = rows(&bench, &format!("creation_time.lt={middle}")).await;
    assert_eq!((later.len(), later.len() + 1 + earlier.len()), (all.len() / 2, all.len()), "exclusive");
}

#[tokio::test]
async fn who_received_a_text_message_can_be_shown_whole() {
    let bench = Bench::start().await;
    for expand in ["recipient", "data.recipient"] {
        for row in rows(&bench, &format!("expand={expand}")).await {
            assert_eq!(row["recipient"]["object"], row["recipient_type"], "{expand}");
        }
    }
    let gone = contact(GUESTS.len());
    let redacted = json!({"id": gone, "object": "contact", "deleted": true});
    assert_eq!(rows(&bench, &format!("expand=recipient&recipient={gone}")).await[0]["recipient"], redacted);
}

#[tokio::test]
async fn questions_about_text_messages_are_refused_with_a_reason() {
    let bench = Bench::start().await;
    for (query, refusal) in [
        ("recipient_type=customer", "recipient_type: Invalid string: customer"),
        ("expand=recipient,owner", "expand: This property cannot be expanded: owner"),
        ("limit=500", "limit: Out of range value: 500. Please provide a number between 1 and 100."),
        ("before=SMS-1&after=SMS-2", ": Received both before and after parameters. Please provide only one."),
        ("status=sent", "status: Received unknown parameter: status"),
        (
            "creation_time.gt=2026-02-01&creation_time.lt=2026-01-01",
            "creation_time.gt: creation_time.gt cannot be later than creation_time.lt",
        ),
    ] {
        let got = bench.get(&format!("/notifications/sms?{query}")).await;
        assert_eq!(got.refusal(), format!("400 invalid_request_error {refusal}"));
    }
}
