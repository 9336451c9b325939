//! Replies without a structure, for hosts that show both forms to the model.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::sandbox::{Effect, Fault};
use crate::tools::tests::bench::{Bench, Setup};
use crate::tools::tests::operations::table;

fn text_alone() -> Setup {
    let mut setup = Setup { more_bookings: 60, ..Setup::default() };
    setup.settings.structured = false;
    setup
}

// That there is no structure, the bench checks of each reply.
#[tokio::test]
async fn every_tool_answers_in_its_text_alone_and_fails_there_too() {
    let (structured, operations) = table(Setup::default()).await;
    let bench = Bench::on(Arc::clone(&structured.sandbox), text_alone()).await;
    let mut done = 0;
    for operation in operations {
        // A booking that one of them has canceled cannot be reassigned by another.
        let replied = bench.call(operation.tool, operation.arguments.clone()).await;
        assert!(!replied.any_text().is_empty());
        done += usize::from(!replied.is_failure());
        let fault = Fault::new(Effect::Error(403, json!({})));
        let failed = bench.call_with(fault, operation.tool, operation.arguments).await;
        // A name that is remembered needs no request; what needs one fails.
        if failed.is_failure() {
            assert!(failed.failure().lines().last().unwrap().starts_with("hint: "));
        }
    }
    assert!(done > 30, "{done}");
    let refused = bench.call("list_users", json!({"limit": 501})).await.failure();
    assert!(refused.contains("limit: must be 1 to 500, not 501\nhint: "), "{refused}");
}

#[tokio::test]
async fn a_text_has_the_room_that_the_structure_would_take() {
    let shown = async |structured: bool| -> (usize, String) {
        let mut setup = text_alone();
        (setup.settings.structured, setup.settings.max_reply) = (structured, 12_000);
        let text = Bench::with(setup).await.call("list_bookings", json!({"limit": 500})).await.text();
        (text.matches("| BKNG-").count(), text)
    };
    let ((both, _), (alone, text)) = (shown(true).await, shown(false).await);
    assert!(both > 5 && alone > 2 * both, "{alone} instead of {both}");
    // It goes on where it stops.
    assert!(text.contains("\nmore: call again with cursor BKNG-"), "{text}");
    assert!(text.contains("since a reply holds at most 12 kB"), "{text}");
}

#[tokio::test]
async fn a_text_that_is_cut_does_not_refer_to_a_structure() {
    let mut setup = text_alone();
    setup.settings.max_reply = 8_000;
    let bench = Bench::with(setup).await;
    let answers: Vec<Value> = (0..30).map(|n| json!({"name": format!("Q{n}"), "value": "x".repeat(900)})).collect();
    let booking = json!({"object": "booking", "id": "BKNG-1", "form_submission": {"custom_fields": answers}});
    let fault = Fault::new(Effect::Error(200, booking)).on("GET", "/bookings/");
    let text = bench.call_with(fault, "get_booking", json!({"booking_id": "BKNG-1"})).await.text();
    assert!(text.ends_with("a server with a larger --max-reply.") && !text.contains("structure"), "{text}");
    let slots = bench.call("get_booking_time_slots", json!({"calendar_id": "Intro call", "limit": Value::Null})).await;
    assert!(slots.text().contains("free slots"));
}
