//! How much there is room for: calls are counted for as long as they run, sessions for as long as they are open.

use std::time::Duration;

use oncehub_mcp::sandbox::{self, Effect, Fault};
use serde_json::json;

use super::{Server, initialize, refusal, until, upstream};

#[tokio::test]
async fn more_calls_than_there_is_room_for_are_turned_away_with_a_reason() {
    let upstream = upstream().await;
    upstream.open_account("another", |_| {});
    let server = Server::with(&upstream, |command| command.args(["--max-calls", "3", "--max-calls-per-key", "2"]));
    for key in [sandbox::KEY, "another"] {
        server.know(key).await;
    }
    let session = server.open(sandbox::KEY).await;
    for _ in 0..3 {
        upstream.fail(Fault::new(Effect::Delay(Duration::from_hours(1))));
    }
    let params = || json!({"name": "test_connection", "arguments": {}});
    let slow = server.modern(sandbox::KEY, "tools/call", params());
    let in_session = server.in_session(sandbox::KEY, &session, "test_connection", &json!({}));
    let of_another = server.modern("another", "tools/call", params());
    let calls = futures::future::join_all([slow.send(), in_session.send()]);
    tokio::pin!(calls);
    tokio::select! {
        _ = &mut calls => panic!("they were to hang"),
        () = until("two calls reach OnceHub", async || upstream.waiting() == 2) => {}
    }
    let (status, reason) = refusal(server.modern(sandbox::KEY, "tools/call", params())).await;
    assert!(status == 429 && reason.contains("with this key"), "{status} {reason}");
    let third = of_another.send();
    tokio::pin!(third);
    tokio::select! {
        _ = &mut third => panic!("it was to hang"),
        () = until("a third call reaches OnceHub", async || upstream.waiting() == 3) => {}
    }
    let refused = server.modern("another", "tools/call", params()).send().await.unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.headers()["retry-after"], "1");
    // What has ended counts no more: OnceHub goes away, and with it all calls.
    drop(upstream);
    until("there is room again", async || {
        server.modern("another", "tools/list", json!({})).send().await.unwrap().status() == 200
    })
    .await;
}

#[tokio::test]
async fn more_sessions_than_there_is_room_for_are_turned_away_with_a_reason() {
    let upstream = upstream().await;
    let server =
        Server::with(&upstream, |command| command.args(["--max-sessions", "3", "--max-sessions-per-key", "2"]));
    for key in ["another", "a-third"] {
        upstream.open_account(key, |_| {});
        server.know(key).await;
    }
    server.know(sandbox::KEY).await;
    let first = server.open(sandbox::KEY).await;
    let stream = server.client.get(format!("{}/sse", server.url)).header("API-Key", sandbox::KEY).send().await.unwrap();
    assert_eq!(stream.status(), 200, "both transports' sessions count");
    let open = |key| server.post("/mcp", key, &initialize());
    let (status, reason) = refusal(open(sandbox::KEY)).await;
    assert!(status == 429 && reason.contains("2026-07-28"), "{status} {reason}");
    server.open("another").await;
    let (status, reason) = refusal(open("a-third")).await;
    assert!(status == 503 && reason.contains("as many sessions"), "{status} {reason}");
    let end = server.client.delete(format!("{}/mcp", server.url)).header("API-Key", sandbox::KEY);
    assert_eq!(end.header("Mcp-Session-Id", &first).send().await.unwrap().status(), 204);
    server.open("a-third").await;
}
