//! Changing a server while it is used: its tokens, what it logs, and the process itself.

use std::fs;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use oncehub_mcp::sandbox::{self, Sandbox};
use parking_lot::Mutex;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior};

use super::{Server, in_front_of, message, refusal, until, upstream};
use crate::cases;

const OLD: &str = "the-first-token-of-all";
const NEW: &str = "the-second-one-of-them";

/// A server with a key to share for the tokens in a file.
fn sharing(upstream: &Sandbox, file: &Path) -> Server {
    Server::with(upstream, |command| {
        command.env("ONCEHUB_API_KEY", sandbox::KEY).arg("--shared-key").arg("--token-file").arg(file)
    })
}

/// A call with a token.
fn with_token(server: &Server, token: &str, tool: &str, arguments: Value) -> reqwest::RequestBuilder {
    let mut call = server.modern("", "tools/call", json!({"name": tool, "arguments": arguments})).build().unwrap();
    call.headers_mut().remove("api-key");
    reqwest::RequestBuilder::from_parts(server.client.clone(), call).bearer_auth(token)
}

/// The most calls at once: a machine that cannot keep the pace slows it down.
const AT_ONCE: usize = 50;

/// Calls that are made while something changes, at an even pace; each asks for a booking, and gets that one.
struct Load {
    upstream: Sandbox,
    bookings: Vec<String>,
    is_over: AtomicBool,
    answered: AtomicUsize,
}

impl Load {
    async fn new() -> Arc<Self> {
        let upstream = upstream().await;
        let server = Server::start(in_front_of(&upstream));
        let listed = server.call(sandbox::KEY, "list_bookings", json!({"limit": 20})).await;
        let ids = listed["structuredContent"]["items"].as_array().unwrap().iter();
        let bookings = ids.map(|booking| booking["id"].as_str().unwrap().to_owned()).collect();
        Arc::new(Self { upstream, bookings, is_over: AtomicBool::new(false), answered: AtomicUsize::new(0) })
    }

    /// Calls until it is over.
    async fn run<F: Future<Output = reqwest::Result<reqwest::Response>> + Send + 'static>(
        self: Arc<Self>,
        call: impl Fn(&str) -> F,
    ) {
        let per_second = u32::try_from(cases(40, 200)).unwrap();
        let mut pace = tokio::time::interval(Duration::from_secs(1) / per_second);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut calls, began) = (tokio::task::JoinSet::new(), Instant::now());
        for number in 0.. {
            if self.is_over.load(Ordering::Relaxed) {
                break;
            }
            pace.tick().await;
            if calls.len() >= AT_ONCE {
                calls.join_next().await.unwrap().unwrap();
            }
            let booking = self.bookings[number % self.bookings.len()].clone();
            let (answer, load) = (call(&booking), Arc::clone(&self));
            calls.spawn(async move {
                let answer = answer.await.expect("no call is lost");
                assert_eq!(answer.status(), StatusCode::OK);
                let told = message(answer).await;
                assert_eq!(told["structuredContent"]["id"], *booking, "{told}");
                load.answered.fetch_add(1, Ordering::Relaxed);
            });
        }
        while let Some(call) = calls.join_next().await {
            call.unwrap();
        }
        println!("{} calls, {:.0} a second", self.answered.load(Ordering::Relaxed), self.pace(began));
    }

    /// How many calls were answered in a second.
    fn pace(&self, began: Instant) -> f64 {
        f64::from(u32::try_from(self.answered.load(Ordering::Relaxed)).unwrap()) / began.elapsed().as_secs_f64()
    }

    /// Completes when this many more calls have been answered.
    async fn answered(&self, more: usize) {
        let target = self.answered.load(Ordering::Relaxed) + more;
        until("calls are answered", async || self.answered.load(Ordering::Relaxed) >= target).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_under_load_loses_no_call() {
    let load = Load::new().await;
    let start = || {
        Arc::new(Server::with(&load.upstream, |command| {
            command.args(["--drain-delay", "3"]).env("ONCEHUB_MCP_LOG", "warn")
        }))
    };
    // A load balancer: it asks each server whether it is ready, and sends calls to those that are.
    let pool = Arc::new(Mutex::new(vec![start()]));
    let ready = async |server: &Server| {
        let asked = server.client.get(format!("{}/readyz", server.url)).send().await;
        asked.is_ok_and(|answer| answer.status() == StatusCode::OK)
    };
    let next = Arc::clone(&pool);
    let calls = Arc::clone(&load).run(move |booking| {
        let server = Arc::clone(next.lock().first().unwrap());
        let params = json!({"name": "get_booking", "arguments": {"booking_id": booking}});
        server.modern(sandbox::KEY, "tools/call", params).send()
    });
    let restarts = async {
        for _ in 0..cases(1, 3) {
            load.answered(cases(20, 200)).await;
            let (old, new) = (Arc::clone(pool.lock().first().unwrap()), start());
            until("the new one is ready", async || ready(&new).await).await;
            pool.lock().push(new);
            old.terminate();
            until("the old one says that it is not", async || !ready(&old).await).await;
            pool.lock().remove(0);
            load.answered(cases(20, 200)).await;
            let mut old = old;
            let old = loop {
                // Calls still hold it.
                match Arc::try_unwrap(old) {
                    Ok(old) => break old,
                    Err(shared) => old = shared,
                }
                tokio::task::yield_now().await;
            };
            let (code, log) = old.wait();
            assert!(code == Some(0) && !log.contains("in flight"), "{code:?} {log}");
        }
        load.is_over.store(true, Ordering::Relaxed);
    };
    tokio::join!(calls, restarts);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_of_tokens_under_load_loses_no_call() {
    let load = Load::new().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), OLD).unwrap();
    let server = Arc::new(sharing(&load.upstream, file.path()));
    let token = Arc::new(Mutex::new(OLD));
    let (at, with) = (Arc::clone(&server), Arc::clone(&token));
    let calls = Arc::clone(&load).run(move |booking| {
        let with = *with.lock();
        with_token(&at, with, "get_booking", json!({"booking_id": booking})).send()
    });
    let takes = async |token: &str| {
        let asked = server.client.get(format!("{}/metrics", server.url)).bearer_auth(token).send().await;
        asked.unwrap().status() == StatusCode::OK
    };
    let rotation = async {
        load.answered(cases(20, 200)).await;
        fs::write(file.path(), format!("{OLD}\n{NEW}\n")).unwrap();
        until("the new one is taken", async || takes(NEW).await).await;
        load.answered(cases(20, 200)).await;
        *token.lock() = NEW;
        // The calls that are under way have the old one.
        load.answered(cases(40, 200)).await;
        fs::write(file.path(), NEW).unwrap();
        until("the old one is not", async || !takes(OLD).await).await;
        load.answered(cases(20, 200)).await;
        load.is_over.store(true, Ordering::Relaxed);
    };
    tokio::join!(calls, rotation);
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
    assert_eq!(with_token(&server, NEW, "list_users", json!({})).send().await.unwrap().status(), 200);
    let log = server.stop();
    for line in ["SIGHUP: reading files again", "read a new list of tokens", "a token of 5 characters can be guessed"] {
        assert!(log.contains(line), "{line} is not in\n{log}");
    }
    assert!(!log.contains(OLD) && !log.contains(NEW));
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
        // The signal is seen at once, but not by the next call already.
        for _ in 0..20 {
            server.call(sandbox::KEY, tool, json!({})).await;
        }
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
        (&["--log", "inof"], "ONCEHUB_MCP_LOG", "'inof' is not a level"),
        (&["--log", "warning"], "ONCEHUB_MCP_LOG", "'warning' is not a level"),
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
