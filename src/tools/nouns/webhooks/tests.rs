use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::actions::ask::{Answer, Confirm};
use crate::tools::tests::bench::Bench;

fn new_webhook() -> Value {
    json!({"name": "New one", "url": "https://hooks.example/new", "events": "booking.cancelled, Booking"})
}

/// A text without the secret in it, which differs from run to run.
fn without(secret: &str, text: &str) -> String {
    text.replace(secret, "…")
}

#[tokio::test]
async fn a_secret_is_shown_by_the_tool_that_makes_the_webhook_and_nowhere_else() {
    let bench = Bench::start().await;
    let made = bench.call("create_webhook", new_webhook()).await;
    let (id, secret) = (&made.structure()["id"], made.structure()["secret"].as_str().unwrap());
    assert_eq!(secret.len(), 32);
    assert_eq!(made.structure()["events"], json!(["booking.canceled", "booking"]), "as OnceHub spells them");
    assert_snapshot!(without(secret, &made.text()));
    let kept = bench.sandbox.with(|world| world.as_sent(id.as_str().unwrap())).unwrap();
    assert_eq!(kept["secret"], secret, "it is the one that OnceHub signs with");
    for (tool, arguments) in [("get_webhook", json!({"webhook_id": "new one"})), ("list_webhooks", json!({}))] {
        let replied = bench.call(tool, arguments).await;
        assert!(replied.text().contains("New one"));
        let everything = format!("{}{}", replied.text(), replied.structure());
        assert!(!everything.contains("secret") && !everything.contains(secret), "{everything}");
    }
}

#[tokio::test]
async fn webhooks_are_listed_read_and_deleted_by_their_names() {
    let bench = Bench::start().await;
    assert_snapshot!(bench.call("list_webhooks", json!({})).await.text());
    let read = bench.call("get_webhook", json!({"webhook_id": "crm SYNC"})).await;
    let id = read.structure()["id"].as_str().unwrap().to_owned();
    let deleted = bench.call("delete_webhook", json!({"webhook_id": "CRM sync"})).await;
    assert_eq!(*deleted.structure(), json!({"id": id, "deleted": true, "name": "CRM sync"}));
    assert_snapshot!(deleted.text());
    assert!(bench.sandbox.with(|world| world.is_deleted(&id)));
    // The name is free at once, and the id says what became of it.
    assert_snapshot!(bench.call("get_webhook", json!({"webhook_id": "CRM sync"})).await.failure());
    assert_eq!(bench.call("get_webhook", json!({"webhook_id": id})).await.text(), format!("{id} | deleted"));
    assert_snapshot!(bench.call("delete_webhook", json!({"webhook_id": id})).await.failure());
}

#[tokio::test]
async fn an_id_wins_over_a_name_that_looks_like_it() {
    let bench = Bench::start().await;
    let feed = bench.call("get_webhook", json!({"webhook_id": "Booking feed"})).await.structure()["id"].clone();
    let poser = json!({"name": feed, "url": "https://poser.example", "events": ["booking"]});
    bench.call("create_webhook", poser).await.text();
    let read = bench.call("get_webhook", json!({"webhook_id": feed})).await;
    assert_eq!(read.structure()["name"], "Booking feed");
}

#[tokio::test]
async fn what_oncehub_could_not_use_is_refused_before_it_is_sent() {
    let bench = Bench::start().await;
    let bad = vec![
        ("name", json!("--")),
        ("url", json!("http://hooks.example")),
        ("url", json!("hooks.example")),
        ("events", json!([])),
        ("events", json!(["booking.cancelled_then"])),
        ("events", json!(["order.paid"])),
    ];
    assert_snapshot!(bench.failures("create_webhook", new_webhook(), bad).await.join("\n\n"));
    assert_eq!(bench.requests("POST", "/webhooks"), 0);
    let mut taken = new_webhook();
    taken["name"] = "Booking feed".into();
    assert_snapshot!(bench.call("create_webhook", taken).await.failure());
}

#[tokio::test]
async fn events_are_known_by_their_last_word_and_new_bookings_by_any() {
    let bench = Bench::start().await;
    let mut webhook = new_webhook();
    webhook["events"] = json!(["scheduled", ".rescheduled", "booking.no_show", "Scheduled"]);
    let made = bench.call("create_webhook", webhook.clone()).await;
    let events = json!(["booking.scheduled", "booking.rescheduled", "booking.no_show"]);
    assert_eq!(made.structure()["events"], events);
    for event in ["booking.created", "new booking", "booking.new"] {
        webhook["events"] = json!([event]);
        let refused = bench.call("create_webhook", webhook.clone()).await.failure();
        assert!(refused.contains("did you mean booking.scheduled?"), "{refused}");
    }
}

#[tokio::test]
async fn an_address_that_is_told_already_is_pointed_out() {
    let bench = Bench::asking(Confirm::Auto, Some(vec![Answer::Yes])).await;
    let mut webhook = new_webhook();
    webhook["url"] = "https://crm.northlight.example/oncehub".into();
    let made = bench.call("create_webhook", webhook).await;
    let twice = "\"CRM sync\" already posts there, so events sent by both arrive twice.";
    assert!(made.text().ends_with(&format!("note: {twice}")), "{}", made.text());
    assert!(bench.asked.lock().unwrap()[0].ends_with(twice));
}

#[tokio::test]
async fn a_webhook_whose_answer_was_lost_still_shows_its_secret() {
    let bench = Bench::start().await;
    bench.sandbox.fail(crate::sandbox::Fault::new(crate::sandbox::Effect::DropAfter).on("POST", "/webhooks"));
    let made = bench.call("create_webhook", new_webhook()).await;
    bench.sandbox.heal();
    assert_eq!(made.structure()["secret"].as_str().unwrap().len(), 32);
    assert!(made.text().contains("OnceHub's response was lost"));
}

#[tokio::test]
async fn a_person_is_asked_in_words_and_a_no_changes_nothing() {
    let bench = Bench::asking(Confirm::Auto, Some(vec![Answer::Declined])).await;
    let made = bench.call("create_webhook", new_webhook()).await;
    assert_eq!(made.structure()["confirmed"], false);
    let deleted = bench.call("delete_webhook", json!({"webhook_id": "Booking feed"})).await;
    assert_eq!(deleted.structure()["confirmed"], false);
    assert_snapshot!(bench.asked.lock().unwrap().join("\n"));
    assert_eq!(bench.requests("POST", "/webhooks") + bench.requests("DELETE", "/webhooks"), 0);
}
