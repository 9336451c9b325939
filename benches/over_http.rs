//! What this server costs over HTTP beside the barest one, in both of the protocol's eras: one call of `list_bookings` beside
//! its pass-through call, the processor's time per call under load, and the memory of a thousand callers. Both are children in
//! front of the same simulated account; what is compared is measured in turns.
//!
//! `cargo bench --bench over_http` prints the tables of `docs/performance.md`, with `-- --memory` only what is said of memory
//! there; with `-- --soak MINUTES` it looks for growth, and with `-- --store` it measures what a shared store costs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a measurement that cannot be made should say so at once"
)]

mod programs;
#[cfg(unix)]
mod stored;

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use oncehub_mcp::sandbox::{self, Sandbox};
use serde_json::{Value, json};

const CALLS: usize = 4_000;
const LOAD: usize = 20_000;
const CLIENTS: usize = 32;
const ROUNDS: usize = 3;

#[derive(Clone, Copy)]
enum Era {
    Sessions,
    Modern,
}

struct Server {
    child: Option<Child>,
    url: String,
    client: reqwest::Client,
}

impl Server {
    fn spawn(program: &Path, arguments: &[&str], upstream: &str) -> Self {
        let mut command = programs::in_front_of(upstream, program);
        let mut child = command.args(arguments).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.split_whitespace().find(|word| word.ends_with("/mcp")).unwrap().to_owned();
        let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(2_000).build().unwrap();
        Self { child: Some(child), url, client }
    }

    /// Somebody else who calls the same server.
    fn another_caller(&self) -> Self {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { child: None, url: self.url.clone(), client }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(self.url.trim_start_matches("http://").trim_end_matches("/mcp")).unwrap()
    }

    fn id(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    fn post(&self, body: &Value) -> reqwest::RequestBuilder {
        self.client
            .post(&self.url)
            .header("API-Key", sandbox::KEY)
            .header("Accept", "application/json, text/event-stream")
            .header("Content-Type", "application/json")
            .body(body.to_string())
    }

    async fn open(&self) -> String {
        let about = json!({"name": "bench", "version": "1"});
        let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": about});
        let hello = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params});
        let response = self.post(&hello).send().await.unwrap();
        let session = response.headers()["mcp-session-id"].to_str().unwrap().to_owned();
        response.bytes().await.unwrap();
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        let ready = self.post(&ready).header("Mcp-Session-Id", &session).send().await.unwrap();
        assert_eq!(ready.status(), 202);
        session
    }

    /// One call of a tool; `session` is only looked at where there are some.
    async fn ask(&self, era: Era, session: &str, id: usize, tool: &str, arguments: Value) -> String {
        let mut params = json!({"name": tool, "arguments": arguments});
        if matches!(era, Era::Modern) {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": {"name": "bench", "version": "1"},
                "io.modelcontextprotocol/clientCapabilities": {}
            });
        }
        let request = self.post(&json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}));
        let request = match era {
            Era::Sessions => request.header("Mcp-Session-Id", session),
            Era::Modern => request
                .header("MCP-Protocol-Version", "2026-07-28")
                .header("Mcp-Method", "tools/call")
                .header("Mcp-Name", tool),
        };
        request.send().await.unwrap().text().await.unwrap()
    }

    /// The call that is measured.
    async fn call(&self, era: Era, session: &str, id: usize) {
        let text = self.ask(era, session, id, "list_bookings", json!({"limit": 10})).await;
        assert!(text.contains("BKNG-") && !text.contains("\"isError\":true"), "{text}");
    }

    /// The resident set, in MiB.
    fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    }

    fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.id())).unwrap().count()
    }

    /// The processor's time of all its threads so far.
    fn processor(&self) -> Duration {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.id())).unwrap();
        let spent = tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("schedstat")).unwrap());
        Duration::from_nanos(spent.map(|text| text.split_whitespace().next().unwrap().parse::<u64>().unwrap()).sum())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// The times of single calls, one after the other, of both in turns.
async fn latency(servers: [&Server; 2], era: Era) -> [Duration; 2] {
    let sessions = [servers[0].open().await, servers[1].open().await];
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..CALLS + 200 {
        for turn in 0..2 {
            let which = (round + turn) % 2;
            let began = Instant::now();
            servers[which].call(era, &sessions[which], round).await;
            if round >= 200 {
                times[which].push(began.elapsed());
            }
        }
    }
    times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    })
}

/// Many clients at once: calls a second, and the processor's time for each call.
async fn load(server: &Arc<Server>, era: Era) -> (f64, Duration) {
    let (began, spent) = (Instant::now(), server.processor());
    let clients = (0..CLIENTS).map(|client| {
        let server = Arc::clone(server);
        tokio::spawn(async move {
            let session = server.open().await;
            for call in 0..LOAD / CLIENTS {
                server.call(era, &session, client * LOAD + call).await;
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    let spent = server.processor().saturating_sub(spent);
    (LOAD as f64 / began.elapsed().as_secs_f64(), spent / u32::try_from(LOAD).unwrap())
}

const OURS: [&str; 9] = [
    "http", "--listen", "127.0.0.1:0", "--max-sessions", "3000", "--max-sessions-per-key", "3000",
    "--max-calls-per-key", "1000",
];

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // `cargo test --benches` only wants to see that it builds.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let _ = rustls::crypto::ring::default_provider().install_default();
    let ours = programs::ours();
    let settings = sandbox::Settings { limits: None, ..sandbox::Settings::default() };
    let sandbox = Sandbox::start(settings).await.unwrap();
    if let Some(at) = arguments.iter().position(|argument| argument == "--soak") {
        return soak(&ours, &sandbox, arguments[at + 1].parse().unwrap()).await;
    }
    #[cfg(unix)]
    if arguments.iter().any(|argument| argument == "--store") {
        return stored::store(&ours, &sandbox).await;
    }
    let barest = programs::barest();

    if !arguments.iter().any(|argument| argument == "--memory") {
        speed(&ours, &barest, &sandbox).await;
    }
    memory(&ours, &barest, &sandbox).await;
}

async fn speed(ours: &Path, barest: &Path, sandbox: &Sandbox) {
    let url = sandbox.url();
    println!("| | oncehub-mcp | barest rmcp server | ratio |\n| --- | --- | --- | --- |");
    for (era, name) in [(Era::Sessions, "2025-11-25"), (Era::Modern, "2026-07-28")] {
        let (one, two) = (Server::spawn(ours, &OURS, &url), Server::spawn(barest, &["http"], &url));
        let [first, second] = latency([&one, &two], era).await.map(|time| time.as_secs_f64() * 1e3);
        println!("| {name}: one call, median | {first:.3} ms | {second:.3} ms | {:.2} |", first / second);
        let (one, two) = (Arc::new(one), Arc::new(two));
        let (mut speeds, mut costs) = ([0.0_f64; 2], [Duration::MAX; 2]);
        for _ in 0..ROUNDS {
            for (which, server) in [&one, &two].into_iter().enumerate() {
                let (speed, cost) = load(server, era).await;
                speeds[which] = speeds[which].max(speed);
                costs[which] = costs[which].min(cost);
                sandbox.forget_requests();
            }
        }
        let [first, second] = costs.map(|cost| cost.as_secs_f64() * 1e6);
        println!("| {name}: processor time of a call | {first:.0} µs | {second:.0} µs | {:.2} |", first / second);
        println!(
            "| {name}: calls a second, {CLIENTS} clients | {:.0} | {:.0} | {:.2} |",
            speeds[0],
            speeds[1],
            speeds[0] / speeds[1]
        );
    }
}

async fn memory(ours: &Path, barest: &Path, sandbox: &Sandbox) {
    let url = sandbox.url();
    for (what, program, arguments) in [("oncehub-mcp", ours, &OURS[..]), ("barest", barest, &["http"])] {
        let server = Server::spawn(program, arguments, &url);
        server.call(Era::Modern, "", 0).await;
        let before = server.memory();
        for _ in 0..1_000 {
            server.open().await;
        }
        println!("memory of {what}: {before:.1} MiB, with 1,000 idle sessions {:.1} MiB", server.memory());
        let server = Server::spawn(program, arguments, &url);
        let open: Vec<_> = (0..1_000).map(|_| server.connect()).collect();
        // Who comes last is answered when the others have been let in.
        server.call(Era::Modern, "", 0).await;
        println!(
            "memory of {what} with {} connections on which nothing was asked: {:.1} MiB",
            open.len(),
            server.memory()
        );
        for at_once in [1, CLIENTS] {
            let server = Server::spawn(program, arguments, &url);
            // Each with a connection of their own, which stays open.
            let callers: Vec<_> = (0..1_000).map(|_| server.another_caller()).collect();
            // Until OnceHub has accepted the key, few calls with it are admitted at once.
            server.call(Era::Modern, "", 0).await;
            stream::iter(0..3_000)
                .for_each_concurrent(at_once, |call| callers[call % 1_000].call(Era::Modern, "", call))
                .await;
            let memory = server.memory();
            println!("memory of {what} with 1,000 stateless callers, {at_once} at once: {memory:.1} MiB");
            sandbox.forget_requests();
        }
    }
}

/// Calls for some minutes, with sessions that are opened and left: neither memory nor descriptors grow.
async fn soak(program: &Path, sandbox: &Sandbox, minutes: u64) {
    let arguments: Vec<&str> = OURS.iter().copied().chain(["--session-idle", "20"]).collect();
    let server = Arc::new(Server::spawn(program, &arguments, &sandbox.url()));
    let ends = Instant::now() + Duration::from_mins(minutes);
    println!("| minute | calls | memory | descriptors |\n| --- | --- | --- | --- |");
    let mut calls = 0;
    for minute in 1.. {
        let until = Instant::now() + Duration::from_mins(1);
        while Instant::now() < until {
            let clients = (0..16).map(|client| {
                let server = Arc::clone(&server);
                tokio::spawn(async move {
                    let session = server.open().await;
                    for call in 0..50 {
                        server
                            .call(if call % 2 == 0 { Era::Modern } else { Era::Sessions }, &session, client * 50 + call)
                            .await;
                    }
                })
            });
            for client in clients.collect::<Vec<_>>() {
                client.await.unwrap();
                calls += 50;
            }
            sandbox.forget_requests();
            // Some tens of sessions a second, each of which ends 20 s later.
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        println!("| {minute} | {calls} | {:.1} MiB | {} |", server.memory(), server.descriptors());
        if Instant::now() >= ends {
            return;
        }
    }
}
