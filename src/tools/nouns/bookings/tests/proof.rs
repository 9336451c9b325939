//! What shows that a change was made, and what a question about it shows.

use serde_json::json;

use crate::actions::ask::{Answer, Confirm};
use crate::sandbox::{Effect, Fault};
use crate::tools::tests::bench::{Bench, Setup};

#[tokio::test]
async fn a_reply_that_does_not_show_the_change_is_no_proof_of_it() {
    let bench = Bench::start().await;
    let id = bench.booking(json!({"calendar": "Intro call", "starts_after": "tomorrow", "status": "scheduled"})).await;
    let unchanged = bench.sandbox.with(|world| world.as_sent(&id)).unwrap();
    for (tool, path, more, body) in [
        ("cancel_booking", "/cancel", json!({}), json!({})),
        ("cancel_booking", "/cancel", json!({}), unchanged.clone()),
        ("request_reschedule", "/request-reschedule", json!({}), unchanged),
        ("reassign_booking", "/reassign", json!({"new_host": "Priya Raman"}), json!({"error": "x"})),
    ] {
        let mut asked = more;
        asked["booking_id"] = id.as_str().into();
        // Not carried out.
        let fault = Fault::new(Effect::Error(200, body)).on("POST", path);
        let unknown = bench.call_with(fault, tool, asked).await;
        assert_eq!(unknown.error()["outcome"], "unknown", "{tool}: {}", unknown.failure());
        assert!(unknown.failure().contains("its reply does not show it"), "{tool}: {}", unknown.failure());
    }
    // Carried out.
    let fault = Fault::new(Effect::Replace(json!({}))).on("POST", "/cancel");
    let found = bench.call_with(fault, "cancel_booking", json!({"booking_id": id})).await;
    assert_eq!(found.structure()["status"], "canceled");
    assert!(found.text().contains("this was looked up afterwards"), "{}", found.text());
}

#[tokio::test]
async fn a_question_shows_all_of_the_reason_also_where_the_guest_is_not_notified() {
    let reason = format!("{} and so on", "We are sorry. ".repeat(40));
    let bench = Bench::asking(Confirm::Auto, Some(vec![Answer::Declined])).await;
    let id = bench.booking(json!({"calendar": "Intro call", "starts_after": "tomorrow", "status": "scheduled"})).await;
    for (tool, more) in [
        ("cancel_booking", json!({})),
        ("cancel_booking", json!({"notify_guest": false})),
        ("request_reschedule", json!({})),
        ("move_booking", json!({"first_free": {"after": "tomorrow"}})),
        ("move_booking", json!({"first_free": {"after": "tomorrow"}, "notify_guest": false})),
    ] {
        let mut asked = more;
        (asked["booking_id"], asked["reason"]) = (id.as_str().into(), reason.as_str().into());
        bench.call(tool, asked.clone()).await.text();
        let question = bench.asked.lock().unwrap().pop().unwrap();
        assert!(question.contains(&reason), "{tool}: {question}");
        assert_eq!(question.contains("without notifying the guest"), asked["notify_guest"] == false, "{question}");
    }
}

#[tokio::test]
async fn nobody_is_asked_about_what_is_certain_to_be_refused() {
    let bench = Bench::asking(Confirm::Always, Some(vec![Answer::Yes])).await;
    let past = bench.booking(json!({"status": "completed", "starts_before": "yesterday"})).await;
    let missed = bench.booking(json!({"status": "no_show"})).await;
    let canceled = bench.booking(json!({"status": "canceled"})).await;
    let host = json!({"new_host": "Priya Raman"});
    for (tool, id, more) in [
        ("cancel_booking", &past, json!({})),
        ("cancel_booking", &missed, json!({})),
        ("request_reschedule", &past, json!({})),
        ("request_reschedule", &missed, json!({})),
        ("reassign_booking", &past, host.clone()),
        ("reassign_booking", &canceled, host),
    ] {
        let mut asked = more;
        asked["booking_id"] = id.as_str().into();
        let refused = bench.call(tool, asked).await;
        assert!(refused.failure().contains("nobody was asked"), "{tool}: {}", refused.failure());
        assert_eq!(refused.error()["outcome"], "not_done", "{tool}");
    }
    assert!(bench.asked.lock().unwrap().is_empty());
    assert_eq!(bench.requests("POST", "/"), 0);
}

#[tokio::test]
async fn a_question_and_a_dry_run_say_that_a_booking_is_paid() {
    let asking = Bench::asking(Confirm::Auto, Some(vec![Answer::Declined])).await;
    let mut setup = Setup::default();
    setup.settings.dry_run = true;
    let dry = Bench::with(setup).await;
    for (calendar, is_paid) in [("Paid consultation", true), ("Intro call", false)] {
        let filter = json!({"calendar": calendar, "starts_after": "now", "status": "scheduled"});
        let id = asking.booking(filter).await;
        for (tool, more) in [("cancel_booking", json!({})), ("reassign_booking", json!({"new_host": "Priya Raman"}))] {
            let mut arguments = more;
            arguments["booking_id"] = id.as_str().into();
            asking.call(tool, arguments.clone()).await.text();
            let question = asking.asked.lock().unwrap().pop().unwrap();
            assert_eq!(
                question.contains(", which is paid,") || question.contains(", which is paid to"),
                is_paid,
                "{question}"
            );
            let would = dry.call(tool, arguments).await.structure()["would"].as_str().unwrap().to_owned();
            assert_eq!(would.contains("which is paid"), is_paid, "{would}");
        }
    }
}
