//! What a store costs that servers share: a call beside one of a server that remembers for itself, and what is kept.

mod kept;
#[expect(dead_code, reason = "tests stop it, too")]
#[path = "../../src/store/tests/server.rs"]
mod redis_server;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use oncehub_mcp::sandbox::Sandbox;
use redis_server::RedisServer;

use super::{Era, OURS, Server};

/// Windows that hold as many requests as OnceHub's do.
const LIMITS: &str = "account=200/1s,address=200/1s";

/// The calls of a second: nearly as many as the windows let through.
const PACE: u32 = 150;
const SECONDS: u32 = 10;
const ROUNDS: usize = 3;

pub(super) async fn store(ours: &Path, sandbox: &Sandbox) {
    let redis = RedisServer::with(&[]);
    let store = redis.url();
    let alone: Vec<&str> = OURS.iter().copied().chain(["--rate-limit", LIMITS]).collect();
    let sharing: Vec<&str> = alone.iter().copied().chain(["--store", &store]).collect();
    println!("| | with a store | without | ratio |\n| --- | --- | --- | --- |");
    for (era, name) in [(Era::Sessions, "2025-11-25"), (Era::Modern, "2026-07-28")] {
        let servers = [&sharing, &alone].map(|arguments| Server::spawn(ours, arguments, &sandbox.url()));
        for server in &servers {
            // What is told of a new key is no call's.
            paced(server, era, 2).await;
        }
        let before = counts(&servers[0]).await;
        let mut costs = [Duration::MAX; 2];
        for _ in 0..ROUNDS {
            for (which, server) in servers.iter().enumerate() {
                costs[which] = costs[which].min(paced(server, era, SECONDS).await);
                sandbox.forget_requests();
            }
        }
        let after = counts(&servers[0]).await;
        let [one, other] = costs.map(|cost| cost.as_secs_f64() * 1e6);
        println!("| {name}: processor time of a call | {one:.0} µs | {other:.0} µs | {:.2} |", one / other);
        let [trips, requests] = [0, 1].map(|which| after[which] - before[which]);
        println!("| {name}: round trips for {requests} requests to OnceHub | {trips} | 0 | |");
    }
    kept::kept(ours, sandbox).await;
}

/// Calls at an even pace; the processor's time for each.
async fn paced(server: &Server, era: Era, seconds: u32) -> Duration {
    // With new connections: the server closes those that were idle while the other one was called.
    let caller = Arc::new(server.another_caller());
    let session = caller.open().await;
    let spent = server.processor();
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / PACE);
    let mut calls = Vec::new();
    for call in 0..PACE * seconds {
        ticks.tick().await;
        let (caller, session) = (Arc::clone(&caller), session.clone());
        calls.push(tokio::spawn(async move { caller.call(era, &session, call as usize + 1).await }));
    }
    for call in calls {
        call.await.unwrap();
    }
    server.processor().saturating_sub(spent) / (PACE * seconds)
}

/// How many round trips to the store there were, and how many requests to OnceHub.
async fn counts(server: &Server) -> [u64; 2] {
    let url = server.url.replace("/mcp", "/metrics");
    let figures = server.client.get(url).send().await.unwrap().text().await.unwrap();
    ["oncehub_store_duration_seconds_count{", "oncehub_requests_total{"].map(|name| {
        let lines = figures.lines().filter(|line| line.starts_with(name));
        lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
    })
}
