//! Everything that a server on a network meets, against one server that somebody else uses meanwhile. What each client saw is
//! the table of `docs/campaign.md`, which `UPDATE=1 cargo test --test it campaign` writes.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use oncehub_mcp::sandbox::{self, Effect, Fault, Sandbox};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Mutex;

use super::super::agents::program;
use super::{Server, in_front_of, initialize, refusal, until, upstream};

/// How long OnceHub is away, in seconds: a minute when the table is written.
const AWAY: &str = "CAMPAIGN_AWAY";

struct Campaign {
    server: Arc<Server>,
    rows: Vec<[String; 2]>,
    /// Calls of somebody else that were answered well.
    good: Arc<AtomicUsize>,
}

impl Campaign {
    /// Notes what a client saw, once somebody else's calls have been answered after it.
    async fn saw(&mut self, what: &str, seen: String) {
        let before = self.good.load(Ordering::SeqCst);
        until("somebody else is served", async || self.good.load(Ordering::SeqCst) >= before + 3).await;
        self.rows.push([what.into(), seen]);
    }

    async fn refused(&mut self, what: &str, request: reqwest::RequestBuilder, expected: u16) {
        let (status, reason) = refusal(request).await;
        assert_eq!(status, expected, "{what}: {reason}");
        self.saw(what, format!("{status}: {reason}")).await;
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.server.url.strip_prefix("http://").unwrap()).await.unwrap()
    }

    /// What comes back after sending no more than this.
    async fn answered(&self, sent: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }
}

/// Somebody who works all the while, and whose calls all succeed.
fn at_work(server: &Arc<Server>, turn: &Arc<Mutex<()>>) -> (Arc<AtomicUsize>, tokio::task::JoinHandle<()>) {
    let good = Arc::new(AtomicUsize::new(0));
    let (server, turn, count) = (Arc::clone(server), Arc::clone(turn), Arc::clone(&good));
    let working = tokio::spawn(async move {
        let mut calls = tokio::time::interval(Duration::from_millis(20));
        calls.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            calls.tick().await;
            let _turn = turn.lock().await;
            let answer = server.call(sandbox::KEY, "test_connection", json!({})).await;
            assert_eq!(answer["isError"], false, "somebody else is disturbed: {answer}");
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    (good, working)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_comes_the_server_goes_on() {
    rlimit::increase_nofile_limit(10_000).unwrap();
    let mut upstream = upstream().await;
    let mut command = in_front_of(&upstream);
    command.args(["--patience", "2", "--max-body", "64", "--max-sessions", "1000", "--max-sessions-per-key", "1000"]);
    command.args(["--session-idle", "3"]).env("ONCEHUB_MCP_LOG", "error").env("ONCEHUB_MCP_TIMEOUT", "3");
    let server = Arc::new(Server::start(command));
    let turn = Arc::new(Mutex::new(()));
    let (good, working) = at_work(&server, &turn);
    let mut campaign = Campaign { server: Arc::clone(&server), rows: Vec::new(), good };
    let list = || server.modern(sandbox::KEY, "tools/list", json!({}));

    campaign.refused("wrong Host", list().header("Host", "evil.example"), 403).await;
    campaign.refused("wrong Origin", list().header("Origin", "https://evil.example"), 403).await;
    let large = json!({"jsonrpc": "2.0", "id": 1, "method": "ping", "params": {"x": "x".repeat(70_000)}});
    campaign.refused("a body of 70 kB where 64 KiB are allowed", server.post("/mcp", sandbox::KEY, &large), 413).await;
    campaign.refused("malformed JSON", list().body("{\"jsonrpc\": \"2.0\", "), 400).await;
    campaign.refused("a batch", list().body("[{\"jsonrpc\": \"2.0\"}]"), 400).await;
    let future = server.post("/mcp", sandbox::KEY, &json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}));
    let future = future.header("MCP-Protocol-Version", "2099-01-01");
    campaign.refused("an unknown protocol version", future, 400).await;
    campaign.refused("no key", server.client.post(format!("{}/mcp", server.url)), 401).await;

    let answer = campaign.answered("POST /mcp HTTP/1.1\r\nHost: localhost\r\nAPI-Ke").await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    campaign.saw("a head that stops in the middle", "the connection is closed after 2 s".into()).await;
    let head =
        format!("POST /mcp HTTP/1.1\r\nHost: localhost\r\nAPI-Key: {}\r\nContent-Length: 100\r\n\r\n{{", sandbox::KEY);
    let answer = campaign.answered(&head).await;
    let (status, body) = (answer.get(9..12).unwrap_or_default(), answer.rsplit("\r\n").next().unwrap_or_default());
    let body: Value = serde_json::from_str(body).unwrap_or_else(|_| panic!("{answer}"));
    assert_eq!(status, "408");
    let reason = body["error"]["message"].as_str().unwrap();
    campaign.saw("a body that stops in the middle", format!("{status}: {reason}; then the connection is closed")).await;

    let mut left = Vec::new();
    for _ in 0..2_000 {
        left.push(campaign.connect().await);
    }
    campaign.saw("2,000 connections opened and left", "each is closed after 2 s".into()).await;
    for mut stream in left {
        assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0, "closed by the server");
    }

    let mut sessions = Vec::new();
    for _ in 0..1_000 {
        let opened = server.post("/mcp", sandbox::KEY, &initialize()).send().await.unwrap();
        match opened.headers().get("mcp-session-id") {
            Some(id) => sessions.push(id.to_str().unwrap().to_owned()),
            None => break,
        }
    }
    // On a slow machine the first of them have ended, of idleness, before the last is opened.
    let last = sessions.last().unwrap().clone();
    campaign.saw("1,000 sessions opened and left", "each ends after its idle time (here 3 s)".into()).await;
    let end = server.client.delete(format!("{}/mcp", server.url)).header("API-Key", sandbox::KEY);
    end.header("Mcp-Session-Id", &last).send().await.unwrap();
    let replayed = server.in_session(sandbox::KEY, &last, "test_connection", &json!({}));
    campaign.refused("a session that has ended", replayed, 404).await;
    let figures =
        async || server.client.get(format!("{}/metrics", server.url)).send().await.unwrap().text().await.unwrap();
    until("all sessions have ended", async || {
        figures().await.contains("mcp_sessions{transport=\"streamable_http\"} 0")
    })
    .await;

    let output = program().args(["http", "--listen", "0.0.0.0:0"]).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = told.trim().trim_start_matches("oncehub-mcp: ");
    campaign.saw("plain HTTP where others can reach it", format!("it does not start: {told}")).await;

    let pause = turn.lock().await;
    let (address, away) = (upstream.url().strip_prefix("http://").unwrap().parse().unwrap(), std::env::var(AWAY));
    let away: u64 = away.ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(1);
    drop(upstream);
    let ends = tokio::time::Instant::now() + Duration::from_secs(away);
    let mut failed = 0;
    let mut seen = Value::Null;
    while tokio::time::Instant::now() < ends {
        seen = server.call(sandbox::KEY, "test_connection", json!({})).await;
        assert_eq!(seen["isError"], true, "{seen}");
        failed += 1;
    }
    assert!(failed > 0);
    let listen = sandbox::Settings { listen: address, limits: None, ..sandbox::Settings::default() };
    upstream = Sandbox::start(listen).await.unwrap();
    drop(pause);
    let reason = seen["structuredContent"]["error"]["message"].as_str().unwrap().to_owned();
    let seen = format!("each call fails within its time: {reason}; the first one after it succeeds");
    campaign.saw("OnceHub cannot be reached for a minute", seen).await;

    working.abort();
    let _ = working.await;
    let mut rows = campaign.rows;
    drop(campaign.server);
    let server = Arc::into_inner(server).unwrap();
    rows.push(["SIGTERM with 50 calls in flight".into(), under_load(server, &upstream).await]);
    compare(&rows);
}

/// Ends the server while it works.
async fn under_load(server: Server, upstream: &Sandbox) -> String {
    upstream.fail(Fault::new(Effect::Hold));
    let calls = futures::future::join_all((0..50).map(|_| server.call(sandbox::KEY, "test_connection", json!({}))));
    let stop = async {
        until("all calls reach OnceHub", async || upstream.held() == 50).await;
        server.terminate();
        until("new connections are refused", async || super::client().get(&server.url).send().await.is_err()).await;
        upstream.release();
    };
    let (answers, ()) = tokio::join!(calls, stop);
    assert!(answers.iter().all(|answer| answer["isError"] == false));
    let (code, log) = server.wait();
    assert_eq!(code, Some(0), "{log}");
    "all 50 are answered; new connections are refused; it exits with 0".into()
}

/// Holds the table against the one that readers see.
fn compare(rows: &[[String; 2]]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/campaign.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, _) = text.split_once("| what came |").unwrap();
    let lines: String = rows.iter().map(|[what, seen]| format!("| {what} | {seen} |\n")).collect::<Vec<_>>().concat();
    let whole = format!("{before}| what came | what the client saw |\n| --- | --- |\n{lines}");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, whole).unwrap();
    } else {
        assert_eq!(text, whole, "UPDATE=1 cargo test --test it campaign");
    }
}
