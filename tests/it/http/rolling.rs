//! A rolling restart and a rotation of tokens, at once and under load, behind a load balancer that heeds `/readyz`: no call
//! is lost, and none is told wrongly.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use oncehub_mcp::sandbox::{self, Sandbox};
use parking_lot::Mutex;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::task::AbortOnDropHandle;

use super::changing::{NEW, OLD, with_token};
use super::{Server, message, until, upstream};
use crate::cases;

/// The most calls at once: a machine that cannot keep the pace slows it down.
const AT_ONCE: usize = 50;

/// A load balancer: it asks each server every tenth of a second whether it is ready, and sends calls in turn to those that
/// are. Nobody tells it anything else.
#[derive(Default)]
struct Balancer {
    servers: Mutex<Vec<(Arc<Server>, bool)>>,
    turn: AtomicUsize,
}

impl Balancer {
    async fn probe(&self) {
        let servers: Vec<_> = self.servers.lock().iter().map(|(server, _)| Arc::clone(server)).collect();
        for server in servers {
            let asked =
                server.client.get(format!("{}/readyz", server.url)).timeout(Duration::from_secs(2)).send().await;
            let answers = asked.is_ok_and(|answer| answer.status() == StatusCode::OK);
            let mut servers = self.servers.lock();
            servers.iter_mut().filter(|(known, _)| Arc::ptr_eq(known, &server)).for_each(|(_, ready)| *ready = answers);
        }
    }

    fn start(self: &Arc<Self>) -> AbortOnDropHandle<()> {
        let balancer = Arc::clone(self);
        AbortOnDropHandle::new(tokio::spawn(async move {
            let mut every = tokio::time::interval(Duration::from_millis(100));
            loop {
                every.tick().await;
                balancer.probe().await;
            }
        }))
    }

    /// The next of the servers that are ready.
    fn next(&self) -> Arc<Server> {
        let servers = self.servers.lock();
        let ready: Vec<_> = servers.iter().filter(|(_, ready)| *ready).map(|(server, _)| server).collect();
        Arc::clone(ready[self.turn.fetch_add(1, Ordering::Relaxed) % ready.len()])
    }

    async fn add(&self, server: Server) {
        self.servers.lock().push((Arc::new(server), false));
        until("the new one is ready", async || self.servers.lock().iter().all(|(_, ready)| *ready)).await;
    }

    /// Ends the oldest server, as a service manager does.
    async fn end_oldest(&self) -> (Option<i32>, String) {
        self.servers.lock()[0].0.terminate();
        until("the balancer hears of it", async || !self.servers.lock()[0].1).await;
        let (mut server, _) = self.servers.lock().remove(0);
        let server = loop {
            // A probe still holds it.
            match Arc::try_unwrap(server) {
                Ok(server) => break server,
                Err(shared) => server = shared,
            }
            tokio::task::yield_now().await;
        };
        tokio::task::spawn_blocking(move || server.wait()).await.unwrap()
    }
}

/// Calls at an even pace, each with the token of the moment.
struct Load {
    balancer: Arc<Balancer>,
    token: Mutex<&'static str>,
    bookings: Vec<String>,
    is_over: AtomicBool,
    answered: [AtomicUsize; TOOLS.len()],
}

/// What is called, in turn.
const TOOLS: [&str; 3] = ["get_booking", "list_bookings", "test_connection"];

impl Load {
    fn count(&self) -> usize {
        self.answered.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// Completes when this many more calls have been answered.
    async fn answered(&self, more: usize) {
        let target = self.count() + more;
        until("calls are answered", async || self.count() >= target).await;
    }

    /// Makes one call, and checks that its answer is the right one.
    async fn call(self: Arc<Self>, number: usize) {
        let (tool, booking) = (number % TOOLS.len(), &self.bookings[number % self.bookings.len()]);
        let arguments = match tool {
            0 => json!({"booking_id": booking}),
            1 => json!({"limit": 1 + number % 5, "starts_after": "2020-01-01"}),
            _ => json!({}),
        };
        let call = with_token(&self.balancer.next(), *self.token.lock(), TOOLS[tool], arguments);
        let answer = call.send().await.expect("no call is lost");
        assert_eq!(answer.status(), StatusCode::OK, "{}", answer.text().await.unwrap());
        let told = message(answer).await;
        let structure = &told["structuredContent"];
        let is_right = match tool {
            0 => structure["id"] == **booking,
            1 => structure["items"].as_array().is_some_and(|items| items.len() == 1 + number % 5),
            _ => structure.is_object(),
        };
        assert!(told["isError"] == false && is_right, "{}: {told}", TOOLS[tool]);
        self.answered[tool].fetch_add(1, Ordering::Relaxed);
    }

    /// Calls until it is over.
    async fn run(self: Arc<Self>) {
        let per_second = cases(20, 200);
        let mut pace = tokio::time::interval(Duration::from_secs(1) / u32::try_from(per_second).unwrap());
        pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let (mut calls, began) = (tokio::task::JoinSet::new(), Instant::now());
        for number in 0.. {
            if self.is_over.load(Ordering::Relaxed) {
                break;
            }
            pace.tick().await;
            if calls.len() >= AT_ONCE {
                calls.join_next().await.unwrap().unwrap();
            }
            calls.spawn(Arc::clone(&self).call(number));
        }
        while let Some(call) = calls.join_next().await {
            call.unwrap();
        }
        let made = f64::from(u32::try_from(self.count()).unwrap());
        let counts =
            TOOLS.iter().zip(&self.answered).map(|(tool, count)| format!("{tool} {}", count.load(Ordering::Relaxed)));
        let counts = counts.collect::<Vec<_>>().join(", ");
        println!(
            "{made} calls, {:.0} a second of {per_second}, all answered: {counts}",
            made / began.elapsed().as_secs_f64()
        );
    }
}

async fn bookings(upstream: &Sandbox) -> Vec<String> {
    let server = Server::start(super::in_front_of(upstream));
    let listed: Value =
        server.call(sandbox::KEY, "list_bookings", json!({"limit": 20, "starts_after": "2020-01-01"})).await;
    let ids = listed["structuredContent"]["items"].as_array().unwrap().iter();
    ids.map(|booking| booking["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_and_a_rotation_of_tokens_under_load_lose_no_call() {
    let upstream = upstream().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens");
    // In one step: what is written piece by piece may be read in between.
    let write = |lines: &str| {
        fs::write(folder.path().join("new"), lines).unwrap();
        fs::set_permissions(folder.path().join("new"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::rename(folder.path().join("new"), &file).unwrap();
    };
    write(&format!("first: {OLD}\n"));
    let start = || {
        Server::with(&upstream, |command| {
            command.env("ONCEHUB_API_KEY", sandbox::KEY).env("ONCEHUB_MCP_LOG", "warn,oncehub_mcp::app=off");
            command.args(["--shared-key", "--drain-delay", "3", "--token-file"]).arg(&file)
        })
    };
    let balancer = Arc::new(Balancer::default());
    let _probing = balancer.start();
    for _ in 0..2 {
        balancer.add(start()).await;
    }
    let load = Arc::new(Load {
        balancer: Arc::clone(&balancer),
        token: Mutex::new(OLD),
        bookings: bookings(&upstream).await,
        is_over: AtomicBool::new(false),
        answered: <[AtomicUsize; TOOLS.len()]>::default(),
    });
    let until_all_say = async |token: &str, expected: StatusCode| {
        let servers: Vec<_> = balancer.servers.lock().iter().map(|(server, _)| Arc::clone(server)).collect();
        for server in servers {
            let asked = || server.client.get(format!("{}/metrics", server.url)).bearer_auth(token).send();
            until("the file is read", async || asked().await.unwrap().status() == expected).await;
        }
    };
    let replace_oldest = async || {
        balancer.add(start()).await;
        let (code, log) = balancer.end_oldest().await;
        assert_eq!((code, &*log), (Some(0), ""), "nothing to warn of");
    };
    let some = cases(20, 500);
    let changes = async {
        load.answered(some).await;
        write(&format!("first: {OLD}\nsecond: {NEW}\n"));
        until_all_say(NEW, StatusCode::OK).await;
        replace_oldest().await;
        *load.token.lock() = NEW;
        // The calls that are under way have the old one.
        load.answered(some.max(2 * AT_ONCE)).await;
        write(&format!("second: {NEW}\n"));
        until_all_say(OLD, StatusCode::UNAUTHORIZED).await;
        replace_oldest().await;
        load.answered(some).await;
        load.is_over.store(true, Ordering::Relaxed);
    };
    tokio::join!(Arc::clone(&load).run(), changes);
}
