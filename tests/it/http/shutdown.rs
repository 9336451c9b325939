//! Coming and going: a client that leaves, and a server that is asked to end.

use std::time::Duration;

use oncehub_mcp::sandbox::{self, Effect, Fault};
use serde_json::json;

use super::{Server, in_front_of, message, refusal, until, upstream};

/// How many calls are in flight when the server is asked to end.
const CALLS: usize = 20;

#[tokio::test]
async fn a_client_that_disconnects_cancels_its_call() {
    let upstream = upstream().await;
    let server = Server::start(in_front_of(&upstream));
    upstream.fail(Fault::new(Effect::Delay(Duration::from_hours(1))));
    let params = json!({"name": "test_connection", "arguments": {}});
    let call = server.modern(sandbox::KEY, "tools/call", params).send();
    tokio::select! {
        _ = call => panic!("it was to hang"),
        () = until("the call reaches OnceHub", async || upstream.held() == 1) => {}
    }
    until("its request is dropped", async || upstream.waiting() == 0).await;
    let figures =
        || async { server.client.get(format!("{}/metrics", server.url)).send().await.unwrap().text().await.unwrap() };
    until("nothing is in flight", async || figures().await.contains("mcp_requests_in_flight 0")).await;
}

#[tokio::test]
async fn a_client_that_disconnects_does_not_stop_a_change_on_its_way_and_is_told_later() {
    let upstream = upstream().await;
    upstream.set_keys(&[sandbox::KEY, "second"]);
    upstream.open_account("somebody else's", |_| {});
    let server = Server::with(&upstream, |command| command.env("ONCEHUB_MCP_CONFIRM", "never"));
    let coming = json!({"starts_after": "tomorrow", "status": "scheduled", "limit": 1});
    let listed = server.call(sandbox::KEY, "list_bookings", coming).await;
    let booking = listed["structuredContent"]["items"][0]["id"].as_str().unwrap().to_owned();
    upstream.fail(Fault::new(Effect::Hold).on("POST", "/cancel"));
    let params = json!({"name": "cancel_booking", "arguments": {"booking_id": booking}});
    let call = server.modern(sandbox::KEY, "tools/call", params).send();
    tokio::select! {
        _ = call => panic!("it was to take a while"),
        () = until("the change reaches OnceHub", async || upstream.held() == 1) => {}
    }
    upstream.release();
    until("OnceHub has done it", async || upstream.working() == 0).await;
    assert_eq!(upstream.with(|world| world.status_of(&booking)), Some("canceled"));
    let note = async |key: &str| {
        let reply = server.call(key, "get_booking", json!({"booking_id": booking})).await;
        reply["structuredContent"]["note"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(note("somebody else's").await, "", "no other account is told");
    // The account's next call is told, whichever of its keys it comes with.
    server.know("second").await;
    until("the next call about it is told", async || note("second").await.contains("It ended with: Canceled.")).await;
    assert_eq!([note(sandbox::KEY).await, note("second").await], ["", ""], "once");
}

#[tokio::test]
async fn a_change_on_its_way_is_waited_for_even_when_the_time_to_drain_is_over() {
    let upstream = upstream().await;
    let server = Server::with(&upstream, |command| command.args(["--drain", "0"]).env("ONCEHUB_MCP_CONFIRM", "never"));
    let coming = json!({"starts_after": "tomorrow", "status": "scheduled", "limit": 1});
    let listed = server.call(sandbox::KEY, "list_bookings", coming).await;
    let booking = listed["structuredContent"]["items"][0]["id"].as_str().unwrap().to_owned();
    upstream.fail(Fault::new(Effect::Delay(Duration::from_secs(2))).on("POST", "/cancel"));
    let call = server.call(sandbox::KEY, "cancel_booking", json!({"booking_id": booking}));
    let stopping = async {
        until("the change reaches OnceHub", async || upstream.held() == 1).await;
        server.terminate();
    };
    let (answer, ()) = tokio::join!(call, stopping);
    assert_eq!(answer["structuredContent"]["status"], "canceled", "{answer}");
    assert_eq!(server.wait().0, Some(0));
}

#[tokio::test]
async fn a_stream_of_the_older_transport_takes_its_calls_with_it() {
    let upstream = upstream().await;
    let server = Server::start(in_front_of(&upstream));
    server.know(sandbox::KEY).await;
    let (stream, address) = server.open_sse(sandbox::KEY).await;
    let send = async |message| {
        assert_eq!(server.post(&address, sandbox::KEY, &message).send().await.unwrap().status(), 202);
    };
    send(super::initialize()).await;
    send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
    upstream.fail(Fault::new(Effect::Delay(Duration::from_hours(1))));
    let params = json!({"name": "test_connection", "arguments": {}});
    send(json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": params})).await;
    until("the call reaches OnceHub", async || upstream.held() == 1).await;
    drop(stream);
    until("its request is dropped", async || upstream.waiting() == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_under_way_are_answered_before_it_ends_and_no_others_begin() {
    let upstream = upstream().await;
    let server = Server::start(in_front_of(&upstream));
    server.know(sandbox::KEY).await;
    let session = server.open(sandbox::KEY).await;
    // A stream that waits for messages must not hold it.
    let idle = server.client.get(format!("{}/mcp", server.url)).header("API-Key", sandbox::KEY);
    let mut idle = idle.header("Accept", "text/event-stream").header("Mcp-Session-Id", &session).send().await.unwrap();
    let mut older =
        server.client.get(format!("{}/sse", server.url)).header("API-Key", sandbox::KEY).send().await.unwrap();
    // A connection that is open already is not refused by the system, but by the server.
    let warm = server.client.clone();
    let healthz = warm.get(format!("{}/healthz", server.url));
    assert_eq!(healthz.send().await.unwrap().text().await.unwrap(), "alive\n");
    upstream.fail(Fault::new(Effect::Hold));
    let calls = futures::future::join_all((0..CALLS).map(|number| {
        let (server, session) = (&server, &session);
        async move {
            if number % 2 == 0 {
                server.call(sandbox::KEY, "test_connection", json!({})).await
            } else {
                message(server.in_session(sandbox::KEY, session, "test_connection", &json!({})).send().await.unwrap())
                    .await
            }
        }
    }));
    let stopping = async {
        until("all calls reach OnceHub", async || upstream.held() == CALLS).await;
        server.terminate();
        until("nobody listens any more", async || super::client().get(&server.url).send().await.is_err()).await;
        upstream.release();
    };
    let (answers, ()) = tokio::join!(calls, stopping);
    assert!(answers.iter().all(|answer| answer["isError"] == false), "{answers:?}");
    while idle.chunk().await.unwrap().is_some() {}
    while older.chunk().await.unwrap().is_some() {}
    let (code, log) = server.wait();
    assert_eq!(code, Some(0), "{log}");
}

#[tokio::test]
async fn a_call_that_does_not_end_holds_it_no_longer_than_allowed() {
    let upstream = upstream().await;
    let server = Server::with(&upstream, |command| command.args(["--drain", "1"]).env("ONCEHUB_MCP_TIMEOUT", "600"));
    upstream.fail(Fault::new(Effect::Delay(Duration::from_hours(1))));
    let params = json!({"name": "test_connection", "arguments": {}});
    let call = server.modern(sandbox::KEY, "tools/call", params).send();
    let stopping = async {
        until("the call reaches OnceHub", async || upstream.held() == 1).await;
        server.terminate();
    };
    let (answer, ()) = tokio::join!(call, stopping);
    let told = message(answer.unwrap()).await;
    assert!(told["message"].as_str().unwrap().contains("nothing was changed: repeat it"), "{told}");
    assert_eq!(told["data"], json!({"type": "shutdown", "outcome": "not_done"}));
    let (code, log) = server.wait();
    assert!(code == Some(0) && log.contains("still in flight"), "{code:?} {log}");
    for line in ["outcome=\"refused\" error_type=\"shutdown\"", "ended cut_off=1"] {
        assert!(log.contains(line), "{line} is not in\n{log}");
    }
}

#[tokio::test]
async fn what_is_cut_off_is_told_in_every_transport() {
    let upstream = upstream().await;
    let server = Server::with(&upstream, |command| command.args(["--drain", "0"]).env("ONCEHUB_MCP_TIMEOUT", "600"));
    server.know(sandbox::KEY).await;
    let session = server.open(sandbox::KEY).await;
    let (mut stream, address) = server.open_sse(sandbox::KEY).await;
    let call =
        json!({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": {"name": "list_users", "arguments": {}}});
    let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    for message in [super::initialize(), initialized] {
        server.post(&address, sandbox::KEY, &message).send().await.unwrap();
    }
    upstream.fail(Fault::new(Effect::Delay(Duration::from_hours(1))));
    server.post(&address, sandbox::KEY, &call).send().await.unwrap();
    let in_session = || server.post("/mcp", sandbox::KEY, &call).header("Mcp-Session-Id", &session);
    let mut json_only = in_session().build().unwrap();
    json_only.headers_mut().insert("accept", "application/json".parse().unwrap());
    let another = json!({"jsonrpc": "2.0", "id": 10, "method": "tools/call", "params": call["params"]});
    let streamed = server.post("/mcp", sandbox::KEY, &another).header("Mcp-Session-Id", &session);
    let stopping = async {
        until("all reach OnceHub", async || upstream.held() == 3).await;
        server.terminate();
    };
    let (one, other, ()) = tokio::join!(server.client.execute(json_only), streamed.send(), stopping);
    for answer in [one.unwrap(), other.unwrap()] {
        assert_eq!(answer.status(), 200);
        let told = message(answer).await;
        assert_eq!(told["data"]["outcome"], "not_done", "{told}");
    }
    let mut told = String::new();
    while let Ok(Some(piece)) = stream.chunk().await {
        told.push_str(&String::from_utf8_lossy(&piece));
    }
    assert!(told.contains("\"id\":9,\"error\"") && told.contains("not_done"), "{told}");
    assert_eq!(server.wait().0, Some(0));
}

#[tokio::test]
async fn a_second_signal_cuts_off_what_is_in_flight_and_says_what_may_have_been_changed() {
    let upstream = upstream().await;
    let server = Server::with(&upstream, |command| {
        command
            .args(["--drain", "3600", "--drain-delay", "3600"])
            .env("ONCEHUB_MCP_TIMEOUT", "600")
            .env("ONCEHUB_MCP_CONFIRM", "never")
    });
    server.know(sandbox::KEY).await;
    upstream.fail(Fault::new(Effect::Delay(Duration::from_hours(1))).on("GET", "/teams"));
    upstream.fail(Fault::new(Effect::Delay(Duration::from_hours(1))).on("POST", "/users"));
    let read = server.call(sandbox::KEY, "list_teams", json!({}));
    let person = json!({"first_name": "Ida", "last_name": "Berg", "email": "ida@example.com", "role_name": "Member"});
    let write = server.call(sandbox::KEY, "add_user", person);
    let stopping = async {
        until("both reach OnceHub", async || upstream.held() == 2).await;
        server.terminate();
        let ready = || server.client.get(format!("{}/readyz", server.url));
        until("it is about to end", async || ready().send().await.unwrap().status() == 503).await;
        // One that comes with the first counts as the same.
        let again = async || {
            server.terminate();
            ready().send().await.is_err()
        };
        until("it ends", again).await;
    };
    let (read, write, ()) = tokio::join!(read, write, stopping);
    assert_eq!(read["data"], json!({"type": "shutdown", "outcome": "not_done"}), "{read}");
    assert_eq!(write["data"], json!({"type": "shutdown", "outcome": "unknown"}), "{write}");
    let (code, log) = server.wait();
    assert!(code == Some(1) && log.contains("a second signal asked"), "{code:?} {log}");
    assert_eq!(log.matches("outcome=\"refused\" error_type=\"shutdown\"").count(), 2, "{log}");
    assert!(!log.contains("cancelled") && log.contains("ended cut_off=2"), "{log}");
}

#[tokio::test]
async fn the_same_signal_twice_at_once_lets_calls_end() {
    let upstream = upstream().await;
    let server = Server::start(in_front_of(&upstream));
    server.know(sandbox::KEY).await;
    upstream.fail(Fault::new(Effect::Hold));
    let call = server.call(sandbox::KEY, "list_users", json!({}));
    let stopping = async {
        until("the call reaches OnceHub", async || upstream.held() == 1).await;
        server.terminate();
        server.terminate();
        until("nobody listens any more", async || super::client().get(&server.url).send().await.is_err()).await;
        upstream.release();
    };
    let (answer, ()) = tokio::join!(call, stopping);
    assert_eq!(answer["isError"], false, "{answer}");
    let (code, log) = server.wait();
    assert_eq!(code, Some(0), "{log}");
}

#[tokio::test]
async fn after_a_restart_a_client_opens_a_new_session() {
    let upstream = upstream().await;
    let server = Server::start(in_front_of(&upstream));
    let session = server.open(sandbox::KEY).await;
    server.stop();
    let server = Server::start(in_front_of(&upstream));
    let (status, reason) = refusal(server.in_session(sandbox::KEY, &session, "test_connection", &json!({}))).await;
    assert!(status == 404 && reason.contains("initialize"), "{status} {reason}");
    let session = server.open(sandbox::KEY).await;
    let call = server.in_session(sandbox::KEY, &session, "test_connection", &json!({}));
    assert_eq!(message(call.send().await.unwrap()).await["isError"], false);
}
