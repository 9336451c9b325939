//! Several servers that share a Redis, behind a proxy that picks one at random: together they keep OnceHub's limits, and
//! what must happen once happens once, whichever of them is asked.

mod killed;
mod left;
mod proxy;
mod rolled;
mod sessions;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use oncehub_mcp::sandbox::{self, Limits, Sandbox};
use serde_json::{Value, json};

use super::{Remote, Server, message, until};
use crate::cases;
use crate::redis_server::RedisServer;
use proxy::Proxy;

/// What OnceHub allows an account here in a second.
const ACCOUNT: usize = 25;

/// What it allows the address: as much as the real one, in a hundredth of the time.
const ADDRESS: (usize, Duration) = (200, Duration::from_secs(3));

/// How late a request may arrive on a machine that has other things to do: beyond that, what a window counts here is not what
/// it counted when the request was sent. Whatever is sent beyond the limits comes much earlier.
const LATE: Duration = Duration::from_millis(150);

/// Another account's key.
const OTHER: &str = "another-account-of-the-tests";

/// A tenant's key, and what all its names begin with.
fn key(tenant: usize) -> String {
    format!("key-of-tenant-{tenant}")
}

fn mark(tenant: usize) -> String {
    format!("Tenant{tenant} ")
}

/// Servers that act as one.
struct Replicas {
    oncehub: Sandbox,
    tenants: usize,
    confirm: &'static str,
    redis: RedisServer,
    servers: Vec<Server>,
    proxy: Proxy,
}

impl Replicas {
    async fn start(count: usize) -> Self {
        Self::over(RedisServer::with(&[]), count, "auto").await
    }

    /// The same over this Redis; `confirm` says when people are asked.
    async fn over(redis: RedisServer, count: usize, confirm: &'static str) -> Self {
        let limits = Limits {
            per_account: (ACCOUNT, Duration::from_secs(1).saturating_sub(LATE)),
            per_address: (ADDRESS.0, ADDRESS.1.saturating_sub(LATE)),
        };
        let settings = sandbox::Settings { limits: Some(limits), ..sandbox::Settings::default() };
        let oncehub = Sandbox::start(settings).await.unwrap();
        oncehub.open_account(OTHER, |_| ());
        let tenants = cases(5, 50);
        for tenant in 0..tenants {
            oncehub.open_account(&key(tenant), |world| world.mark(&mark(tenant)));
        }
        let mut replicas = Self { oncehub, tenants, confirm, redis, servers: Vec::new(), proxy: Proxy::start().await };
        for _ in 0..count {
            replicas.add();
        }
        replicas.all_know_of(count).await;
        replicas
    }

    fn add(&mut self) {
        let server = Server::with(&self.oncehub, |command| {
            let limit = format!("account={ACCOUNT}/1s,address={}/{}s", ADDRESS.0, ADDRESS.1.as_secs());
            command.env("ONCEHUB_MCP_RATE_LIMIT", limit).env("ONCEHUB_MCP_STORE", self.redis.url());
            command.env("ONCEHUB_MCP_CONFIRM", self.confirm).args(["--drain-delay", "1"])
        });
        self.proxy.add(&server.url);
        self.servers.push(server);
    }

    /// Waits until each server knows how many there are.
    async fn all_know_of(&self, count: usize) {
        let line = format!("oncehub_store_servers {count}");
        for server in &self.servers {
            until("they know of each other", async || server.figures().await.lines().any(|found| found == line)).await;
        }
    }

    async fn all_say(&self, line: &str) {
        for server in &self.servers {
            until(line, async || server.figures().await.lines().any(|found| found == line)).await;
        }
    }

    /// The proxy in front of them.
    fn any(&self) -> &Remote {
        &self.proxy.front
    }

    /// The first server, and the second.
    fn two(&self) -> [&Server; 2] {
        [&self.servers[0], &self.servers[1]]
    }

    /// Makes this many calls that read, of all tenants, many at once. Each reply has its tenant's names, and nobody else's.
    async fn read(&self, count: usize) {
        let asked = [
            ("list_users", json!({})),
            ("list_contacts", json!({"limit": 3})),
            ("list_booking_calendars", json!({})),
            ("list_bookings", json!({"limit": 2})),
        ];
        let left = AtomicUsize::new(0);
        let worker = async || {
            loop {
                let number = left.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return;
                }
                let tenant = number % self.tenants;
                let (tool, arguments) = &asked[number / self.tenants % asked.len()];
                let answer = self.any().call(&key(tenant), tool, arguments.clone()).await;
                assert_eq!(answer["isError"], false, "{answer}");
                let told = answer.to_string();
                let named = (0..self.tenants).filter(|tenant| told.contains(&mark(*tenant))).collect::<Vec<_>>();
                assert_eq!(named, [tenant], "{tool}: {told}");
            }
        };
        futures::future::join_all((0..16).map(|_| worker())).await;
    }

    /// How many round trips to the store all servers have made for calls, and how many requests to OnceHub.
    async fn trips_and_requests(&self) -> (u64, u64) {
        let count = |figures: &str, name: &str| -> u64 {
            let lines = figures.lines().filter(|line| line.starts_with(name));
            lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
        };
        let (mut trips, mut requests) = (0, 0);
        for server in &self.servers {
            let figures = server.figures().await;
            trips += count(&figures, "oncehub_store_duration_seconds_count");
            requests += count(&figures, "oncehub_requests_total");
        }
        (trips, requests)
    }

    /// OnceHub has not had to reject anything for its rate.
    fn limits_were_kept(&self) {
        let requests = self.oncehub.requests();
        let rejected = requests.iter().filter(|seen| seen.status == Some(429)).count();
        assert_eq!(rejected, 0, "of {} requests", requests.len());
    }

    /// Asks for a change; what the person is to answer.
    async fn asked(&self, server: &Remote, arguments: &Value) -> Value {
        let asked = server.call(sandbox::KEY, "delete_contact", arguments.clone()).await;
        assert_eq!(asked["resultType"], "input_required", "{asked}");
        asked["requestState"].clone()
    }
}

/// A yes to a question.
async fn yes(server: &Remote, arguments: &Value, state: &Value) -> Value {
    let params = json!({
        "name": "delete_contact", "arguments": arguments, "requestState": state,
        "inputResponses": {"confirm": {"action": "accept", "content": {"confirm": true}}},
    });
    message(server.modern(sandbox::KEY, "tools/call", params).send().await.unwrap()).await
}

async fn contacts(server: &Remote) -> Vec<Value> {
    let listed = server.call(sandbox::KEY, "list_contacts", json!({"limit": 20})).await;
    let contacts = listed["structuredContent"]["items"].as_array().unwrap_or_else(|| panic!("{listed}"));
    contacts.iter().map(|contact| json!({"contact_id": contact["id"]})).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_that_share_a_store_keep_the_limits_together_also_when_one_of_them_dies() {
    keep_the_limits_together(2, cases(500, 20_000)).await;
}

/// Four at night.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_servers_that_share_a_store_keep_the_limits_together_also_when_one_of_them_dies() {
    keep_the_limits_together(cases(3, 4), cases(100, 20_000)).await;
}

async fn keep_the_limits_together(servers: usize, calls: usize) {
    let began = Instant::now();
    let mut replicas = Replicas::start(servers).await;
    replicas.read(calls / 2).await;
    drop(replicas.servers.remove(0));
    replicas.read(calls / 4).await;
    replicas.add();
    // A key that a server does not know yet may have to ask for room more than once.
    for server in &replicas.servers {
        for tenant in 0..replicas.tenants {
            server.know(&key(tenant)).await;
        }
    }
    let before = replicas.trips_and_requests().await;
    replicas.read(calls / 4).await;
    let after = replicas.trips_and_requests().await;
    replicas.limits_were_kept();
    let (trips, sent) = (after.0 - before.0, after.1 - before.1);
    // Over minutes, names are read again in the background: some of those requests may be between the two counts.
    assert!(trips.abs_diff(sent) <= sent / 100 && sent > 0, "{trips} round trips for {sent} requests");
    println!(
        "{servers} servers, {} tenants: {calls} calls, {} requests and no 429 in {:.0} s; for the last {sent} requests \
        {trips} round trips to the store",
        replicas.tenants,
        replicas.oncehub.requests().len(),
        began.elapsed().as_secs_f64(),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_counts_at_any_server_and_once() {
    let replicas = Replicas::start(2).await;
    let [one, other] = replicas.two();
    let contacts = contacts(one).await;
    for (number, contact) in contacts.iter().take(6).enumerate() {
        let state = replicas.asked(if number % 2 == 0 { one } else { other }, contact).await;
        let (first, second) = tokio::join!(yes(one, contact, &state), yes(other, contact, &state));
        let used = [&first, &second].map(|answer| answer.to_string().contains("this answer has been used already"));
        assert!(used[0] != used[1], "one of them: {first} {second}");
        let done = if used[0] { second } else { first };
        assert_eq!(done["isError"], false, "{done}");
    }
    let deleted = replicas.oncehub.requests().into_iter().filter(|seen| seen.method == "DELETE").count();
    assert_eq!(deleted, 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_is_carried_out_at_any_server_and_once() {
    let mut replicas = Replicas::start(2).await;
    let [one, other] = replicas.two();
    let listed = one.call(sandbox::KEY, "list_bookings", json!({"limit": 20, "status": "scheduled"})).await;
    let items = listed["structuredContent"]["items"].as_array().unwrap_or_else(|| panic!("{listed}"));
    let ids: Vec<String> = items.iter().filter_map(|item| Some(item["id"].as_str()?.to_owned())).collect();
    let arguments = json!({"change": "cancel", "booking_ids": ids});
    let plan = one.call(sandbox::KEY, "plan_changes", arguments.clone()).await["structuredContent"].clone();
    let count = plan["count"].as_u64().unwrap();
    assert!(count >= 4, "{plan}");
    let carry_out = json!({"plan": plan["plan"], "change": "cancel", "count": count});
    // Who has made one stands nowhere.
    let another = json!({"name": "plan_changes", "arguments": arguments});
    let another = one
        .modern(sandbox::KEY, "tools/call", another)
        .header("X-MCP-User", "dana@northlight.example")
        .send()
        .await
        .unwrap();
    assert_eq!(message(another).await["structuredContent"]["count"], count);
    let mut store = replicas.store();
    let plans: Vec<String> = redis::cmd("KEYS").arg("{oncehub-mcp}:plan:*").query(&mut store).unwrap();
    assert_eq!(plans.len(), 2);
    for name in plans {
        let kept: String = redis::cmd("GET").arg(name).query(&mut store).unwrap();
        assert!(!kept.contains('@'), "{kept}");
    }
    // Somebody else's key opens nothing.
    let refused = other.call(OTHER, "carry_out_plan", carry_out.clone()).await;
    assert!(refused.to_string().contains("there is no such plan"), "{refused}");
    let state = {
        let asked = one.call(sandbox::KEY, "carry_out_plan", carry_out.clone()).await;
        assert_eq!(asked["resultType"], "input_required", "{asked}");
        asked["requestState"].clone()
    };
    let answer = json!({
        "name": "carry_out_plan", "arguments": carry_out, "requestState": state,
        "inputResponses": {"confirm": {"action": "accept", "content": {"confirm": true}}},
    });
    let done = message(other.modern(sandbox::KEY, "tools/call", answer).send().await.unwrap()).await;
    let done = &done["structuredContent"];
    assert_eq!(done["done"], count, "{done}");
    // It can be looked at from the other, and nothing is sent again.
    let again = one.call(sandbox::KEY, "carry_out_plan", carry_out.clone()).await;
    assert_eq!(again["structuredContent"]["done"], count, "{again}");
    let sent = replicas.oncehub.requests().into_iter().filter(|seen| seen.path.ends_with("/cancel")).count();
    assert_eq!(sent as u64, count);
    replicas.servers.remove(1);
    let after = replicas.servers[0].call(sandbox::KEY, "carry_out_plan", carry_out).await;
    assert_eq!(after["structuredContent"]["done"], count, "{after}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_store_is_away_reads_go_on_and_what_must_happen_once_is_refused_until_it_is_back() {
    let (mut replicas, some) = (Replicas::start(2).await, cases(20, 60));
    let contact = contacts(&replicas.servers[0]).await.remove(0);
    let listed = replicas.any().call(sandbox::KEY, "list_bookings", json!({"limit": 1, "status": "scheduled"})).await;
    let booking = listed["structuredContent"]["items"][0]["id"].clone();
    let state = replicas.asked(&replicas.servers[0], &contact).await;
    replicas.read(some).await;
    replicas.redis.stop();
    replicas.read(some).await;
    replicas.all_say("oncehub_store_up 0").await;
    let refused = yes(&replicas.servers[1], &contact, &state).await;
    assert!(refused["message"].as_str().unwrap().contains("cannot be reached: call again in a moment"), "{refused}");
    let planned = json!({"change": "cancel", "booking_ids": [booking]});
    let refused = replicas.any().call(sandbox::KEY, "plan_changes", planned).await;
    assert!(refused.to_string().contains("what must happen only once cannot be started now"), "{refused}");
    replicas.redis.start();
    replicas.read(some).await;
    replicas.all_say("oncehub_store_up 1").await;
    replicas.read(some).await;
    // The question is still open.
    let done = yes(&replicas.servers[1], &contact, &state).await;
    assert_eq!(done["isError"], false, "{done}");
    let again = yes(&replicas.servers[0], &contact, &state).await;
    assert!(again.to_string().contains("used already"), "{again}");
    replicas.limits_were_kept();
    for server in replicas.servers {
        let log = server.stop();
        assert!(log.contains("the store is away") && log.contains("the store is back"), "{log}");
    }
}

#[tokio::test]
async fn a_store_that_cannot_be_used_ends_the_start_with_its_name() {
    let upstream = super::upstream().await;
    for (variable, value, why) in [
        ("ONCEHUB_MCP_STORE", "unix:///nowhere/redis.sock", "ONCEHUB_MCP_STORE: the store cannot be reached"),
        (
            "ONCEHUB_MCP_STORE",
            "redis://:secret@localhost",
            "ONCEHUB_MCP_STORE: a password does not belong in the address",
        ),
        ("ONCEHUB_MCP_STORE", "localhost", "ONCEHUB_MCP_STORE: 'localhost' is not the address of a store"),
    ] {
        let output = super::in_front_of(&upstream).env(variable, value).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(why), "{told}");
        assert!(!output.status.success() && !told.contains("secret"), "{told}");
    }
    let redis = RedisServer::with(&["--maxmemory-policy", "allkeys-lru"]);
    let output = super::in_front_of(&upstream).args(["--store", &redis.url()]).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("--store: the store's maxmemory-policy is allkeys-lru"), "{told}");
}
