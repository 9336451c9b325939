//! How many people one address can serve: OnceHub's requests are what runs out, long before processors or memory do.
//!
//! Two steps. First the requests of each job are counted: this server does them over pipes on a simulated account, twice,
//! since the second time it knows the names of hosts and calendars. Then a working day of many tenants is played, job by
//! job, against OnceHub's windows: each egress address lets 200 requests out in any five minutes, and a call waits for them
//! until its timeout.
//!
//! `cargo bench --bench capacity` prints the tables of `docs/performance.md`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a measurement that cannot be made should say so at once"
)]

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use oncehub_mcp::sandbox::{self, KEY, Sandbox};
use serde_json::{Value, json};

/// Jobs, and how many of a hundred are of that kind: assumed, since nobody has counted them.
const JOBS: [(&str, u32, &[Step]); 10] = [
    (
        "What does my week look like?",
        22,
        &[("list_bookings", r#"{"host": "me", "starts_after": "today", "starts_before": "+7d"}"#)],
    ),
    (
        "Prepare me for tomorrow.",
        14,
        &[("brief_bookings", r#"{"host": "me", "starts_after": "today", "starts_before": "+2d"}"#)],
    ),
    (
        "Find a time, and book it.",
        16,
        &[
            ("find_times", r#"{"calendars": ["Intro call"], "limit": 6}"#),
            (
                "schedule_meeting",
                r#"{"calendar_id": "Intro call", "start_time": "START", "guest_time_zone": "Europe/London", "guest_name": "Ada Okafor", "guest_email": "ada.okafor@example.com"}"#,
            ),
        ],
    ),
    (
        "An hour with two colleagues.",
        6,
        &[("find_times", r#"{"hosts": ["Dana Reyes", "Lee Whitford"], "together": true}"#)],
    ),
    ("Who is this guest?", 14, &[("get_booking", r#"{"booking_id": "BOOKING"}"#)]),
    (
        "Move a meeting.",
        8,
        &[
            ("list_bookings", r#"{"host": "me", "starts_after": "today", "starts_before": "+7d"}"#),
            ("move_booking", r#"{"booking_id": "BOOKING", "first_free": {"after": "+1d"}}"#),
        ],
    ),
    (
        "Cancel a meeting.",
        6,
        &[
            ("list_bookings", r#"{"host": "me", "starts_after": "today", "starts_before": "+7d"}"#),
            ("cancel_booking", r#"{"booking_id": "BOOKING"}"#),
        ],
    ),
    ("What has changed since yesterday?", 8, &[("list_changes", r#"{"since": "yesterday"}"#)]),
    (
        "I'm ill: clear my day.",
        2,
        &[
            (
                "plan_changes",
                r#"{"change": "request_reschedule", "select": {"host": "me", "starts_after": "FROM", "starts_before": "UNTIL"}}"#,
            ),
            ("carry_out_plan", r#"{"plan": "PLAN", "change": "request_reschedule", "count": "COUNT"}"#),
        ],
    ),
    (
        "Report of a month.",
        4,
        &[("booking_report", r#"{"starts_after": "last month", "starts_before": "last month", "group_by": ["host"]}"#)],
    ),
];

/// A tool, and its arguments.
type Step = (&'static str, &'static str);

/// How long a directory of names is kept, in seconds.
const KEPT: f64 = 15.0 * 60.0;

/// The timeout of a call, in seconds.
const TIMEOUT: f64 = 25.0;

/// How long a person, or their assistant, takes between two calls of a job, in seconds.
const THINKING: f64 = 10.0;

/// How long OnceHub takes for a request, in seconds: assumed.
const ANSWER: f64 = 0.2;

/// What an address may send.
const WINDOW: (usize, f64) = (200, 300.05);

/// What an account may send.
const ACCOUNT: (usize, f64) = (5, 1.05);

/// A working day, in seconds.
const DAY: f64 = 9.0 * 3600.0;

struct Server {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    next: u64,
}

impl Server {
    fn open(url: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oncehub-mcp"));
        command.env("ONCEHUB_API_URL", url).env("ONCEHUB_API_KEY", KEY).env("ONCEHUB_MCP_RATE_LIMIT", "off");
        command.env("ONCEHUB_MCP_USER", "dana@northlight.example").env("ONCEHUB_MCP_CONFIRM", "never");
        command.env("ONCEHUB_MCP_LOG", "error").env_remove("RUST_LOG").current_dir(std::env::temp_dir());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut server = Self { child, input, output, next: 0 };
        let client = json!({"name": "bench", "version": "1"});
        server.ask("initialize", &json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client}));
        server.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        server
    }

    fn send(&mut self, message: &Value) {
        self.input.write_all(format!("{message}\n").as_bytes()).unwrap();
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.next += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": self.next, "method": method, "params": params}));
        loop {
            let mut line = String::new();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "the server has ended");
            let message: Value = serde_json::from_str(&line).unwrap();
            if message["id"] == json!(self.next) {
                return message["result"].clone();
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Does a job, and returns how many requests each of its calls took.
fn requests(sandbox: &Sandbox, server: &mut Server, steps: &[Step], booking: &str, days: [&str; 2]) -> Vec<usize> {
    let mut before = json!({});
    let mut taken = Vec::new();
    for (tool, arguments) in steps {
        let arguments = arguments.replace("FROM", days[0]).replace("UNTIL", days[1]);
        let mut arguments: Value = serde_json::from_str(&arguments).unwrap();
        for (name, value) in arguments.as_object_mut().unwrap() {
            match value.as_str() {
                Some("BOOKING") => *value = json!(booking),
                Some("START") => *value = before["options"][0]["start_time"].clone(),
                Some("PLAN") => *value = before["plan"].clone(),
                Some("COUNT") => *value = before["count"].clone(),
                _ => {}
            }
            assert!(!value.is_null(), "{tool}: {name}: {before}");
        }
        sandbox.forget_requests();
        let reply = server.ask("tools/call", &json!({"name": tool, "arguments": arguments}));
        assert_ne!(reply["isError"], json!(true), "{tool}: {reply}");
        before = reply["structuredContent"].clone();
        taken.push(sandbox.forget_requests().len());
    }
    taken
}

/// A job as it is played: the requests of its calls, where names are not known yet and where they are.
struct Job {
    of_a_hundred: u32,
    cold: Vec<usize>,
    warm: Vec<usize>,
}

fn measured() -> Vec<Job> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let here = runtime.handle().clone();
    std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
    println!("| job | of 100 | requests, names unknown | names known |\n| --- | --- | --- | --- |");
    let counted = JOBS.iter().map(|(name, of_a_hundred, steps)| {
        let settings = sandbox::Settings { limits: None, ..sandbox::Settings::default() };
        let sandbox = here.block_on(Sandbox::start(settings)).unwrap();
        let mut server = Server::open(&sandbox.url());
        let mine = json!({"name": "list_bookings", "arguments": {"host": "me", "starts_after": "tomorrow", "status": "scheduled", "calendar": "Intro call"}});
        let mine = Server::open(&sandbox.url()).ask("tools/call", &mine);
        let booking = |at: usize| mine["structuredContent"]["items"][at]["id"].as_str().unwrap().to_owned();
        let cold = requests(&sandbox, &mut server, steps, &booking(0), ["today", "+2d"]);
        let warm = requests(&sandbox, &mut server, steps, &booking(1), ["+3d", "+12d"]);
        let shown = |of: &[usize]| of.iter().map(usize::to_string).collect::<Vec<_>>().join(" + ");
        println!("| {name} | {of_a_hundred} | {} | {} |", shown(&cold), shown(&warm));
        Job { of_a_hundred: *of_a_hundred, cold, warm }
    });
    counted.collect()
}

/// A window of requests, as long as each counts.
struct Window {
    limit: (usize, f64),
    taken: VecDeque<f64>,
}

impl Window {
    fn new(limit: (usize, f64)) -> Self {
        Self { limit, taken: VecDeque::with_capacity(limit.0) }
    }

    /// When there is room, from `at` on.
    fn room(&self, at: f64) -> f64 {
        if self.taken.len() < self.limit.0 { at } else { at.max(self.taken[0] + self.limit.1) }
    }

    fn take(&mut self, at: f64) {
        if self.taken.len() == self.limit.0 {
            self.taken.pop_front();
        }
        self.taken.push_back(at);
    }
}

/// A call in flight: its tenant, its job and place in it, its requests left, when it began, and how long it has waited.
#[derive(Clone, Copy)]
struct Call {
    tenant: usize,
    job: usize,
    place: usize,
    is_warm: bool,
    left: usize,
    began: f64,
    waited: f64,
}

/// What a day was like.
struct Outcome {
    calls: usize,
    requests: usize,
    refused: usize,
    waits: Vec<f64>,
}

impl Outcome {
    fn wait(&self, of_a_thousand: usize) -> f64 {
        self.waits[(self.waits.len() - 1) * of_a_thousand / 1000]
    }
}

/// Plays a day, in which a quarter of the jobs fall into two hours of the morning and as many into two of the afternoon.
fn day(jobs: &[Job], tenants: usize, jobs_a_day: f64, addresses: usize, remembers: bool) -> Outcome {
    let mut random = fastrand::Rng::with_seed(7);
    let shares: Vec<u32> = jobs.iter().map(|job| job.of_a_hundred).collect();
    // Moments in microseconds, since what is not a number cannot be ordered.
    let mut queue: BinaryHeap<Reverse<(u64, usize)>> = BinaryHeap::new();
    let mut calls: Vec<Call> = Vec::new();
    let moment = |seconds: f64| (seconds * 1e6) as u64;
    let mut known_until = vec![f64::MIN; tenants];
    for tenant in 0..tenants {
        // A whole number of jobs, whose mean is that of the day.
        let count = (jobs_a_day + random.f64()).floor() as usize;
        for _ in 0..count {
            let at = match random.u32(0..4) {
                0 => 1.0 * 3600.0 + random.f64() * 2.0 * 3600.0,
                1 => 5.0 * 3600.0 + random.f64() * 2.0 * 3600.0,
                _ => random.f64() * DAY,
            };
            let mut drawn = random.u32(0..shares.iter().sum());
            let job = shares.iter().position(|share| match drawn.checked_sub(*share) {
                Some(rest) => {
                    drawn = rest;
                    false
                }
                None => true,
            });
            calls.push(Call { tenant, job: job.unwrap(), place: 0, is_warm: false, left: 0, began: 0.0, waited: 0.0 });
            queue.push(Reverse((moment(at), calls.len() - 1)));
        }
    }
    let mut windows: Vec<Window> = (0..addresses).map(|_| Window::new(WINDOW)).collect();
    let mut accounts: Vec<Window> = (0..tenants).map(|_| Window::new(ACCOUNT)).collect();
    let mut outcome = Outcome { calls: 0, requests: 0, refused: 0, waits: Vec::new() };
    while let Some(Reverse((at, index))) = queue.pop() {
        let now = at as f64 / 1e6;
        let call = &mut calls[index];
        let job = &jobs[call.job];
        if call.left == 0 {
            // A new call.
            call.is_warm = remembers && known_until[call.tenant] > now;
            known_until[call.tenant] = if call.is_warm { known_until[call.tenant] } else { now + KEPT };
            let of = if call.is_warm || (remembers && call.place > 0) { &job.warm } else { &job.cold };
            (call.left, call.began, call.waited) = (of[call.place], now, 0.0);
            outcome.calls += 1;
        }
        let (address, account) = (&mut windows[call.tenant % addresses], &mut accounts[call.tenant]);
        let room = address.room(now).max(account.room(now));
        // Checked first, and rightly so: a call that would wait longer than its timeout says when to come back.
        if room > call.began + TIMEOUT {
            outcome.refused += 1;
            outcome.waits.push(TIMEOUT);
            continue;
        }
        if room > now {
            call.waited += room - now;
            queue.push(Reverse((moment(room) + 1, index)));
            continue;
        }
        address.take(now);
        account.take(now);
        outcome.requests += 1;
        call.left -= 1;
        let mut next = now + ANSWER;
        if call.left == 0 {
            outcome.waits.push(call.waited);
            call.place += 1;
            if call.place == job.warm.len() {
                continue;
            }
            next += THINKING;
        }
        queue.push(Reverse((moment(next), index)));
    }
    outcome.waits.sort_unstable_by(f64::total_cmp);
    outcome
}

/// The fewest addresses with which at most one call of a thousand is refused, and the 99th percentile waits a second.
fn fewest(jobs: &[Job], tenants: usize, jobs_a_day: f64, remembers: bool) -> (usize, Outcome) {
    let is_enough = |outcome: &Outcome| outcome.refused * 1000 <= outcome.calls && outcome.wait(990) <= 1.0;
    // What is too few, and what is enough.
    let (mut few, mut enough) = (0, tenants.div_ceil(20));
    let mut best = day(jobs, tenants, jobs_a_day, enough, remembers);
    assert!(is_enough(&best), "an address for 20 tenants is not enough");
    while enough - few > 1 {
        let tried = few.midpoint(enough);
        let outcome = day(jobs, tenants, jobs_a_day, tried, remembers);
        if is_enough(&outcome) {
            (enough, best) = (tried, outcome);
        } else {
            few = tried;
        }
    }
    (enough, best)
}

fn main() {
    // `cargo test --benches` only wants to see that it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let jobs = measured();
    println!(
        "\n| tenants | jobs a day of each | calls | requests | addresses | wait of a call, 99th percentile | refused | addresses without kept names |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for (tenants, jobs_a_day) in [(100, 5.0), (1_000, 5.0), (10_000, 1.0), (10_000, 5.0), (10_000, 20.0)] {
        let (addresses, outcome) = fewest(&jobs, tenants, jobs_a_day, true);
        let (without, _) = fewest(&jobs, tenants, jobs_a_day, false);
        println!(
            "| {tenants} | {jobs_a_day} | {} | {} | {addresses} | {:.1} s | {} | {without} |",
            outcome.calls,
            outcome.requests,
            outcome.wait(990),
            outcome.refused,
        );
    }
    println!(
        "\n| addresses for 10,000 tenants with 5 jobs | wait, median | 99th percentile | refused of 1,000 |\n| --- | --- | --- | --- |"
    );
    let (enough, _) = fewest(&jobs, 10_000, 5.0, true);
    for addresses in [enough / 2, enough * 3 / 4, enough * 9 / 10, enough] {
        let outcome = day(&jobs, 10_000, 5.0, addresses, true);
        let refused = outcome.refused as f64 * 1000.0 / outcome.calls as f64;
        println!("| {addresses} | {:.1} s | {:.1} s | {refused:.1} |", outcome.wait(500), outcome.wait(990));
    }
}
