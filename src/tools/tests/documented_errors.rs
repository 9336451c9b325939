//! Every error that OnceHub documents for an operation, made to happen there, and what its tool makes of it.

use futures::{StreamExt, stream};
use serde_json::json;

use crate::sandbox::{Effect, Fault};
use crate::tools::tests::bench::{Bench, Setup};
use crate::tools::tests::operations::{Documented, Operation, table};

/// Makes an error happen, and checks what the assistant is told.
async fn check(bench: &Bench, operation: &Operation, documented: Documented) {
    let (status, message, param) = documented;
    let kind = match status {
        401 => "authentication_error",
        // The plan is a matter of the key; whose entry it is, is not.
        403 if message.contains("plan") => "authentication_error",
        429 => "rate_limit_error",
        500 => "api_error",
        404 => "not_found",
        _ => "invalid_request_error",
    };
    let mut body = json!({"type": kind, "message": message});
    if let Some(param) = param {
        body["param"] = param.into();
    }
    let Operation { tool, arguments, .. } = operation;
    let (method, path) = (operation.method, operation.path());
    // Longer than a call may take: it is told at once, without a second try.
    let effect = if status == 429 { Effect::TooMany(Some(3600)) } else { Effect::Error(status, body) };
    let fault = Fault::new(effect).on(method, &path);
    let replied = bench.call_with(fault, tool, arguments.clone()).await;
    let (text, error) = (replied.failure(), replied.error());
    let seen = format!("{tool} {status} {message}: {text}");
    assert!(text.contains(message) && error["message"].as_str().unwrap().contains(message), "{seen}");
    assert_eq!((&error["type"], &error["status"]), (&json!(kind), &json!(status)), "{seen}");
    assert_eq!(error["param"].as_str(), param, "{seen}");
    assert!(error["request_id"].as_str().unwrap().starts_with("req_"), "{seen}");
    // Only a refusal says that nothing was done; OnceHub's own failure may come after the deed.
    let outcome = if status < 500 { "not_done" } else { "unknown" };
    assert_eq!(error["outcome"].as_str(), (method != "GET").then_some(outcome), "{seen}");
    assert_eq!(error["retry_after_seconds"].is_number(), status == 429, "{seen}");
    let hint = error["hint"].as_str().unwrap();
    assert!(text.ends_with(&format!("hint: {hint}")), "{seen}");
    // The table of hints knows it: none is left with a general remark.
    let general = ["correct the arguments and call again", "correct what the message names and call again"];
    assert!(!general.contains(&hint), "{seen}");
}

#[tokio::test]
async fn every_documented_error_reaches_the_assistant_with_its_facts_and_a_next_move() {
    let plan = "Your account plan does not support API access. To use the OnceHub API, you must upgrade to the Enterprise plan.";
    let common = [(401, "Invalid API key.", None), (403, plan, None), (429, "Request rate limit exceeded", None)];
    // After a rate limit everybody waits, so each tool has an account of its own, and that error comes last.
    let each = |row: usize| async move {
        let (bench, mut operations) = table(Setup::default()).await;
        let operation = operations.swap_remove(row);
        for documented in operation.errors.iter().copied().chain(common) {
            check(&bench, &operation, documented).await;
        }
    };
    let rows = table(Setup::default()).await.1.len();
    stream::iter(0..rows).map(each).buffer_unordered(8).collect::<Vec<()>>().await;
}
