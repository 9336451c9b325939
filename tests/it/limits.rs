//! OnceHub's rate limits, kept before it has to refuse.

use std::time::Duration;

use oncehub_mcp::sandbox::{KEY, Limits, Sandbox, Settings};
use serde_json::json;

use super::agents::{Session, program};

fn sandbox() -> (tokio::runtime::Handle, Sandbox) {
    let runtime = super::agents::background();
    // Five in a little less than a second: how long a request is on its way is the machine's business.
    let limits = Limits { per_account: (5, Duration::from_millis(700)), ..Limits::default() };
    let settings = Settings { limits: Some(limits), ..Settings::default() };
    let sandbox = runtime.block_on(Sandbox::start(settings)).unwrap();
    (runtime, sandbox)
}

#[test]
fn sixty_calls_at_once_are_all_answered_and_oncehub_never_refuses_one() {
    let (_runtime, sandbox) = sandbox();
    let mut command = program();
    command.env("ONCEHUB_API_URL", sandbox.url()).env("ONCEHUB_API_KEY", KEY);
    let mut session = Session::open(command);
    let ids: Vec<u64> =
        (0..60).map(|_| session.post("tools/call", json!({"name": "test_connection", "arguments": {}}))).collect();
    let mut answered = 0;
    while answered < ids.len() {
        let message = session.next().expect("no answer came");
        assert_eq!(message["result"]["isError"], json!(false), "{message}");
        answered += 1;
    }
    session.end();
    let refused = sandbox.requests().iter().filter(|seen| seen.status == Some(429)).count();
    // Who `me` is takes the names of users and of calendars, once.
    assert_eq!((refused, sandbox.requests().len()), (0, 62));
}

#[test]
fn a_call_whose_deadline_is_too_short_says_how_long_to_wait() {
    let (_runtime, sandbox) = sandbox();
    let mut command = program();
    command.env("ONCEHUB_API_URL", sandbox.url()).env("ONCEHUB_API_KEY", KEY).env("ONCEHUB_MCP_TIMEOUT", "1.5");
    let mut session = Session::open(command);
    for _ in 0..30 {
        session.post("tools/call", json!({"name": "test_connection", "arguments": {}}));
    }
    let mut waits = Vec::new();
    for _ in 0..30 {
        let message = session.next().unwrap();
        let error = &message["result"]["structuredContent"]["error"];
        if error.is_object() {
            assert_eq!(error["type"], "rate_limit_error");
            waits.push(error["retry_after_seconds"].as_u64().unwrap());
        }
    }
    session.end();
    // Five leave at once, and five more with each second. How many that are until the last deadline is the machine's business;
    // not all of them, and each of the others is told when to come back.
    assert!((15..=25).contains(&waits.len()), "{waits:?}");
    assert!(waits.iter().all(|wait| (1..=3).contains(wait)), "{waits:?}");
    assert!(sandbox.requests().iter().all(|seen| seen.status == Some(200)));
}
