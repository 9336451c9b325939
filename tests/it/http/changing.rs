//! Changing a server while it is used: its tokens, what it logs, and the process itself.

use std::fs;
use std::path::Path;

use oncehub_mcp::sandbox::{self, Effect, Fault, Sandbox};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use super::{Server, in_front_of, initialize, message, refusal, settle, until, upstream};

pub(super) const OLD: &str = "the-first-token-of-all";
pub(super) const NEW: &str = "the-second-one-of-them";

/// A server with a key to share for the tokens in a file.
fn sharing(upstream: &Sandbox, file: &Path) -> Server {
    Server::with(upstream, |command| {
        command.env("ONCEHUB_API_KEY", sandbox::KEY).arg("--shared-key").arg("--token-file").arg(file)
    })
}

/// The same request with a token instead of a key.
pub(super) fn bearing(server: &Server, token: &str, request: RequestBuilder) -> RequestBuilder {
    let mut request = request.build().unwrap();
    request.headers_mut().remove("api-key");
    RequestBuilder::from_parts(server.client.clone(), request).bearer_auth(token)
}

/// A call with a token.
pub(super) fn with_token(server: &Server, token: &str, tool: &str, arguments: Value) -> RequestBuilder {
    let call = server.modern("", "tools/call", json!({"name": tool, "arguments": arguments}));
    bearing(server, token, call)
}

#[tokio::test]
async fn a_token_that_was_replaced_goes_nowhere() {
    let upstream = upstream().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), format!("{OLD}\n{NEW}\n")).unwrap();
    let server = sharing(&upstream, file.path());
    for token in [OLD, NEW] {
        assert_eq!(with_token(&server, token, "list_users", json!({})).send().await.unwrap().status(), 200);
    }
    fs::write(file.path(), NEW).unwrap();
    server.signal("HUP");
    let old = || with_token(&server, OLD, "list_users", json!({}));
    until("it is refused", async || old().send().await.unwrap().status() == 401).await;
    let (_, reason) = refusal(old()).await;
    assert!(reason.contains("has been replaced"), "{reason}");
    let call = server.modern(OLD, "tools/call", json!({"name": "list_users", "arguments": {}}));
    let (status, reason) = refusal(call).await;
    assert!(status == 401 && reason.contains("has been replaced"), "as a key: {status} {reason}");
    assert!(upstream.requests().iter().all(|seen| seen.key.as_deref() == Some(sandbox::KEY)));
    // What cannot be used is not, and says why.
    fs::write(file.path(), "short").unwrap();
    server.signal("HUP");
    settle(&server).await;
    assert_eq!(with_token(&server, NEW, "list_users", json!({})).send().await.unwrap().status(), 200);
    fs::write(file.path(), NEW).unwrap();
    server.signal("HUP");
    settle(&server).await;
    let log = server.stop();
    for line in [
        "SIGHUP: reading files again",
        "INFO oncehub_mcp::transport::http::watched: read a new list of tokens",
        "a token of 5 characters can be guessed",
        "WARN oncehub_mcp::transport::http::watched: the list of tokens can be used",
        "INFO oncehub_mcp::transport::http::watched: the list of tokens is unchanged",
    ] {
        assert!(log.contains(line), "{line} is not in\n{log}");
    }
    assert_eq!(log.matches("read a new").count(), 1, "{log}");
    assert!(!log.contains(OLD) && !log.contains(NEW));
}

/// What a caller has open with one token: a session with its stream, and a stream of the older transport.
struct Open {
    token: &'static str,
    session: String,
    streams: [Response; 2],
}

impl Open {
    async fn with(server: &Server, token: &'static str) -> Self {
        let opened = bearing(server, token, server.post("/mcp", "", &initialize())).send().await.unwrap();
        let session = opened.headers()["mcp-session-id"].to_str().unwrap().to_owned();
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        let ready = server.post("/mcp", "", &ready).header("Mcp-Session-Id", &session);
        assert_eq!(bearing(server, token, ready).send().await.unwrap().status(), 202);
        let stream = |path| server.client.get(format!("{}{path}", server.url)).header("Accept", "text/event-stream");
        let standing = stream("/mcp").header("Mcp-Session-Id", &session);
        let mut streams = Vec::new();
        for request in [standing, stream("/sse")] {
            streams.push(bearing(server, token, request).send().await.unwrap());
            assert_eq!(streams.last().unwrap().status(), 200);
        }
        Self { token, session, streams: streams.try_into().unwrap() }
    }

    /// A call in the session.
    fn call(&self, server: &Server) -> RequestBuilder {
        bearing(server, self.token, server.in_session("", &self.session, "list_teams", &json!({})))
    }

    async fn finish(&mut self) {
        for stream in &mut self.streams {
            while stream.chunk().await.unwrap().is_some() {}
        }
    }
}

#[tokio::test]
async fn what_a_token_has_open_ends_with_it_once_its_calls_are_answered() {
    let upstream = upstream().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), format!("# by hand\nada: {OLD}\nben: {NEW}\n")).unwrap();
    let server = sharing(&upstream, file.path());
    let (mut ada, mut ben) = (Open::with(&server, OLD).await, Open::with(&server, NEW).await);
    upstream.fail(Fault::new(Effect::Hold).on("GET", "/teams"));
    let call = ada.call(&server).send();
    let removal = async {
        until("the call reaches OnceHub", async || upstream.held() == 1).await;
        fs::write(file.path(), format!("ben: {NEW}\n")).unwrap();
        // Nobody sends a signal, and no request comes.
        while ada.streams[1].chunk().await.unwrap().is_some() {}
        upstream.release();
        upstream.heal();
    };
    let answer = async { message(call.await.unwrap()).await };
    let (answer, ()) = tokio::join!(answer, removal);
    assert_eq!(answer["isError"], false, "{answer}");
    ada.finish().await;
    assert_eq!(ada.call(&server).send().await.unwrap().status(), 401);
    assert_eq!(message(ben.call(&server).send().await.unwrap()).await["isError"], false);
    let log = server.stop();
    ben.finish().await;
    let line = "a token was taken out: ending what it has open token=\"ada\" open=2";
    assert!(log.contains(line) && !log.contains("token=\"ben\" open"), "{log}");
    let call = log.lines().find(|line| line.contains("tool=list_teams") && line.contains("token=\"ben\""));
    assert!(call.is_some(), "{log}");
}

#[tokio::test]
async fn what_is_logged_changes_with_the_file_of_settings() {
    let upstream = upstream().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("settings.env");
    let write = |level: &str| fs::write(&file, format!("ONCEHUB_MCP_LOG={level}\n")).unwrap();
    write("warn");
    let mut command = in_front_of(&upstream);
    command.env_remove("ONCEHUB_MCP_LOG").env("ONCEHUB_MCP_ENV_FILE", &file);
    let server = Server::start(command);
    server.call(sandbox::KEY, "list_users", json!({})).await;
    let until_logged = async |tool: &str, level: &str| {
        write(level);
        server.signal("HUP");
        settle(&server).await;
        server.call(sandbox::KEY, tool, json!({})).await;
    };
    until_logged("list_teams", "debug").await;
    until_logged("list_webhooks", "inof").await;
    let log = server.stop();
    assert!(!log.contains("list_users") && !log.contains("started"), "{log}");
    assert!(log.contains("list_teams") && log.contains("DEBUG"), "{log}");
    assert!(log.contains("'inof' is not a level") && log.contains("list_webhooks"), "the old filter stays: {log}");
}

#[tokio::test]
async fn a_load_balancer_hears_of_the_end_before_connections_are_refused() {
    let upstream = upstream().await;
    let server = Server::with(&upstream, |command| command.args(["--drain-delay", "2"]));
    server.know(sandbox::KEY).await;
    server.terminate();
    let ready = || refusal(super::client().get(format!("{}/readyz", server.url)));
    until("new connections hear of it", async || ready().await == (503, "\"not ready: shutting down\\n\"".into()))
        .await;
    // What the balancer still sends is served, and its connections are not kept.
    let params = json!({"name": "list_users", "arguments": {}});
    let answer = server.modern(sandbox::KEY, "tools/call", params).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["connection"]), (200, &"close".parse().unwrap()));
    assert_eq!(message(answer).await["isError"], false);
    let (code, log) = server.wait();
    assert_eq!(code, Some(0));
    for line in ["shutting down calls=0 sessions=0 delay_s=2 drain_s=30", "ended cut_off=0"] {
        assert!(log.contains(line), "{line} is not in\n{log}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    for (arguments, name, reason) in [
        (&["--max-calls", "0"][..], "--max-calls", "1..=1000000"),
        (&["--max-connections", "0"], "--max-connections", "1..=1000000"),
        (&["--max-sessions", "0"], "--max-sessions", "1..=1000000"),
        (&["--max-body", "0"], "--max-body", "1..=1048576"),
        (&["--patience", "0"], "--patience", "1..=86400"),
        (&["--drain", "99999999"], "--drain", "0..=86400"),
        (&["--log", "inof"], "--log: ", "'inof' is not a level"),
        (&["--log", "warning"], "--log: ", "'warning' is not a level"),
        (&["--listen", "localhost:8011"], "--listen", "like 127.0.0.1:8000"),
        (&["--listen", ":8011"], "--listen", "like 127.0.0.1:8000"),
        (&["--listen", "127.0.0.1:0", "--public-url", "http://mcp.example.com"], "--public-url", "write https"),
    ] {
        let output = super::program().arg("http").args(arguments).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.code() == Some(2) && told.contains(name) && told.contains(reason),
            "{arguments:?}: {told}"
        );
    }
    let output = super::program().env("ONCEHUB_MCP_TOKEN", "t0ken").args(["http", "--listen", "127.0.0.1:0"]).output();
    let told = String::from_utf8(output.unwrap().stderr).unwrap();
    assert!(told.contains("ONCEHUB_MCP_TOKEN: a token of 5 characters can be guessed"), "{told}");
}
