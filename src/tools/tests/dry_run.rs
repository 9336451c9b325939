//! A dry run: every tool that changes something says what it would do, and sends nothing.

use serde_json::json;

use crate::actions::ask::{Answer, Confirm};
use crate::tools::tests::bench::{Bench, Setup};
use crate::tools::tests::operations::table;

#[tokio::test]
async fn a_dry_run_tells_what_each_change_would_be_and_sends_none() {
    let mut setup = Setup { answers: Some(vec![Answer::Yes]), ..Setup::default() };
    setup.settings.confirm = Confirm::Always;
    setup.settings.dry_run = true;
    let (bench, operations) = table(setup).await;
    for operation in operations.iter().filter(|operation| operation.method != "GET") {
        let replied = bench.call(operation.tool, operation.arguments.clone()).await;
        let (text, structure) = (replied.text(), replied.structure());
        let would = structure["would"].as_str().unwrap();
        assert!(
            would.ends_with('.') && text.ends_with(&format!("What it would do: {would}")),
            "{}: {text}",
            operation.tool
        );
        assert_eq!(structure["dry_run"], json!(true), "{}", operation.tool);
    }
    assert!(bench.asked.lock().unwrap().is_empty(), "nobody is asked");
    assert!(bench.sandbox.requests().iter().all(|seen| seen.method == "GET"));
}

#[tokio::test]
async fn a_dry_run_still_refuses_what_cannot_be() {
    let mut setup = Setup::default();
    setup.settings.dry_run = true;
    let bench = Bench::with(setup).await;
    let unknown = bench.call("cancel_booking", json!({"booking_id": "Nobody Atall"})).await;
    assert_eq!(unknown.error()["type"], "not_found");
    let canceled = bench.call("list_bookings", json!({"limit": 1})).await;
    assert!(!canceled.is_failure(), "reading goes on as ever");
}

#[tokio::test]
async fn what_people_wrote_is_told_as_they_wrote_it() {
    let mut setup = Setup::default();
    setup.settings.dry_run = true;
    let (bench, operations) = table(setup).await;
    let cancel = operations.iter().find(|operation| operation.tool == "cancel_booking").unwrap();
    let mut arguments = cancel.arguments.clone();
    arguments["notify_guest"] = true.into();
    arguments["reason"] = "Ready? Let's talk?".into();
    let would = bench.call(cancel.tool, arguments).await.structure()["would"].as_str().unwrap().to_owned();
    assert!(would.ends_with(r#"and e-mail the guest this reason: "Ready? Let's talk?"."#), "{would}");
}
