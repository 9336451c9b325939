//! `/webhooks`.

use serde_json::{Value, json};

use super::{Bench, NOW, but};

fn hook() -> Value {
    json!({"url": "https://example.com/in", "name": "New bookings", "events": ["booking.scheduled", "conversation"]})
}

#[tokio::test]
async fn a_webhook_is_made_with_a_secret_that_stays_readable() {
    let bench = Bench::start().await;
    let got = bench.post("/webhooks", hook()).await;
    let (id, secret) = (got.body["id"].as_str().unwrap(), got.body["secret"].as_str().unwrap());
    assert!(id.starts_with("WHK-"), "{id}");
    assert!(secret.len() == 32 && secret.bytes().all(|digit| b"0123456789abcdef".contains(&digit)), "{secret}");
    let expected = json!({
        "object": "webhook", "id": id, "api_version": "v2", "name": "New bookings", "url": "https://example.com/in",
        "events": ["booking.scheduled", "conversation"], "creation_time": NOW, "secret": secret,
    });
    assert_eq!((got.status, &got.body), (200, &expected));
    assert_eq!(bench.get(&format!("/webhooks/{id}")).await.body, expected);
    assert_eq!(bench.get("/webhooks").await.body["data"][0], expected, "newest first");
    assert_eq!(bench.sandbox.with(|world| world.webhooks_called("New bookings")), [id.to_owned()]);
    assert_eq!(bench.sandbox.with(|world| world.as_sent(id)), Some(expected.clone()));
    let other = bench.post("/webhooks", but(hook(), "name", json!("Other"))).await.body;
    assert_ne!(other["secret"], expected["secret"]);
}

#[tokio::test]
async fn a_webhook_is_refused_with_a_reason() {
    let bench = Bench::start().await;
    for (body, refusal) in [
        (but(hook(), "url", json!("http://example.com/in")), "400 url: Invalid url: 'http://example.com/in'"),
        (but(hook(), "url", json!("example.com")), "400 url: Invalid url: 'example.com'"),
        (but(hook(), "url", json!(null)), "400 url: Invalid url: ''"),
        (but(hook(), "name", json!("!!! ---")), "400 name: Invalid name: '!!! ---'"),
        (but(hook(), "name", json!("")), "400 name: Invalid name: ''"),
        (but(hook(), "name", json!(null)), "400 name: Invalid name: ''"),
        (but(hook(), "events", json!([])), "400 events: Invalid event: ''"),
        (but(hook(), "events", json!("booking")), "400 events: Invalid event: ''"),
        (
            but(hook(), "events", json!(["booking", "booking.cancelled"])),
            "400 events: Invalid event: 'booking.cancelled'",
        ),
        (but(hook(), "events", json!([4])), "400 events: Invalid event: '4'"),
        (but(hook(), "secret", json!("mine")), "400 secret: Unsupported field"),
        (
            but(hook(), "name", json!("CRM sync")),
            "409 name: A webhook subscription with this name already exists: 'CRM sync'",
        ),
    ] {
        let got = bench.post("/webhooks", body.clone()).await;
        assert_eq!(got.refusal(), refusal.replacen(' ', " invalid_request_error ", 1), "{body}");
    }
    let every = [
        "booking", "conversation", "booking.scheduled", "booking.rescheduled", "booking.reassigned",
        "booking.canceled_then_rescheduled", "booking.canceled_reschedule_requested", "booking.canceled",
        "booking.completed", "booking.no_show", "conversation.started", "conversation.closed",
        "conversation.abandoned",
    ];
    assert_eq!(bench.post("/webhooks", but(hook(), "events", json!(every))).await.status, 200);
    assert_eq!(bench.get("/webhooks?limit=0").await.status, 400);
}

#[tokio::test]
async fn a_deleted_webhook_is_gone_but_for_the_id() {
    let bench = Bench::start().await;
    let id = bench.sandbox.with(|world| world.webhooks_called("Booking feed").remove(0));
    bench.delete_but_for_the_id("/webhooks", "webhook", &id).await;
    for gone in [&id, "WHK-NONE"] {
        let refusal = format!("404 invalid_request_error id: No such webhook: '{gone}'");
        assert_eq!(bench.delete(&format!("/webhooks/{gone}")).await.refusal(), refusal);
    }
    assert_eq!(bench.get("/webhooks/WHK-NONE").await.status, 404);
    // The name is free again, as are those of the ones that were deleted before.
    for name in ["Booking feed", "Old relay", "Trial hook"] {
        assert_eq!(bench.post("/webhooks", but(hook(), "name", json!(name))).await.status, 200);
    }
    let gone = bench.sandbox.with(|world| {
        let gone = world.webhooks.iter().filter(|webhook| webhook.deleted);
        gone.map(|webhook| webhook.id.clone()).collect::<Vec<_>>()
    });
    assert_eq!(gone.len(), 3);
    for id in gone {
        assert_eq!(bench.get(&format!("/webhooks/{id}")).await.body["deleted"], true);
    }
}
