//! What this server costs beside the barest one: from spawn to the answer of `tools/list`, one call of `list_bookings` beside
//! its pass-through call, and the memory of an idle process. Both are children, spoken to over pipes; what is compared is
//! measured in turns, so that whatever else the machine does falls on both.
//!
//! `cargo bench` prints the table of `docs/performance.md`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::needless_pass_by_value,
    reason = "a measurement that cannot be made should say so at once"
)]

mod programs;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use oncehub_mcp::sandbox::{self, Sandbox};
use serde_json::{Value, json};

const STARTS: usize = 60;
const CALLS: usize = 2_000;

struct Server {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    line: String,
    next: u64,
}

impl Server {
    fn spawn(program: &Path, url: &str) -> Self {
        let mut command = programs::in_front_of(url, program);
        let mut child = command.stdin(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output, line: String::new(), next: 0 }
    }

    fn send(&mut self, message: &Value) {
        self.input.write_all(format!("{message}\n").as_bytes()).unwrap();
    }

    /// Sends a request and reads lines until its answer.
    fn ask(&mut self, method: &str, params: Value) -> &str {
        self.next += 1;
        let id = format!("\"id\":{}", self.next);
        self.send(&json!({"jsonrpc": "2.0", "id": self.next, "method": method, "params": params}));
        loop {
            self.line.clear();
            assert_ne!(self.output.read_line(&mut self.line).unwrap(), 0, "the server has ended");
            if self.line.contains(&id) {
                return &self.line;
            }
        }
    }

    fn open(program: &Path, url: &str) -> Self {
        let mut server = Self::spawn(program, url);
        let client = json!({"name": "bench", "version": "1"});
        server.ask("initialize", json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}));
        server.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        server
    }

    fn call(&mut self) {
        let answer = self.ask("tools/call", json!({"name": "list_bookings", "arguments": {"limit": 10}}));
        assert!(answer.contains("BKNG-") && !answer.contains("\"isError\":true"), "{answer}");
    }

    /// The resident set, in MiB, where the system tells.
    fn memory(&self) -> Option<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1024.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(program: &Path, url: &str) -> Duration {
    let began = Instant::now();
    let mut server = Server::open(program, url);
    assert!(server.ask("tools/list", json!({})).contains("list_bookings"));
    began.elapsed()
}

/// A list of times: its median, and the middle half of it.
fn spread(mut times: Vec<Duration>) -> (f64, String) {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1e3;
    (at(50), format!("{:.2} ms ({:.2} to {:.2})", at(50), at(25), at(75)))
}

fn row(what: &str, ours: Vec<Duration>, barest: Vec<Duration>) {
    let ((ours, ours_shown), (barest, barest_shown)) = (spread(ours), spread(barest));
    println!("| {what} | {ours_shown} | {barest_shown} | {:.2} |", ours / barest);
}

fn main() {
    // `cargo test --benches` only wants to see that it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    // Both as they are installed: what Cargo builds beside a bench also has the features that only tests want.
    let ours = programs::ours();
    let barest = programs::barest();
    // A thread of its own, and not tokio's many: their code would go into the program that is measured, too.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let here = runtime.handle().clone();
    std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
    let settings = sandbox::Settings { limits: None, ..sandbox::Settings::default() };
    let sandbox = here.block_on(Sandbox::start(settings)).unwrap();
    let url = sandbox.url();

    println!("| | oncehub-mcp: median (middle half) | barest rmcp server | ratio |\n| --- | --- | --- | --- |");
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for round in 0..STARTS + 5 {
        let (one, two) = (start(&ours, &url), start(&barest, &url));
        // The first ones read the programs from disk.
        if round >= 5 {
            first.push(one);
            second.push(two);
        }
    }
    row("spawn to the answer of `tools/list`", first, second);

    let (mut one, mut two) = (Server::open(&ours, &url), Server::open(&barest, &url));
    let idle = [&one, &two].map(Server::memory);
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for round in 0..CALLS + 100 {
        let timed = |server: &mut Server| {
            let began = Instant::now();
            server.call();
            began.elapsed()
        };
        let times = if round % 2 == 0 {
            let first = timed(&mut one);
            (first, timed(&mut two))
        } else {
            let second = timed(&mut two);
            (timed(&mut one), second)
        };
        if round >= 100 {
            first.push(times.0);
            second.push(times.1);
        }
    }
    row("`list_bookings` with `limit: 10`", first, second);
    for (when, [ours, barest]) in [("idle", idle), ("after 2,100 calls", [&one, &two].map(Server::memory))] {
        if let (Some(ours), Some(barest)) = (ours, barest) {
            println!("| memory, {when} | {ours:.1} MiB | {barest:.1} MiB | {:.2} |", ours / barest);
        }
    }
}
