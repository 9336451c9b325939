//! Several servers that share a Redis, behind a balancer that picks one at random: together they keep OnceHub's limits, and
//! what must happen once happens once, whichever of them is asked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use oncehub_mcp::sandbox::{self, Limits, Sandbox};
use serde_json::{Value, json};

use super::{Server, message, until};
use crate::cases;
use crate::redis_server::RedisServer;

/// What OnceHub allows here in a second: an account, and the address.
const ACCOUNT: usize = 25;
const ADDRESS: usize = 60;

/// Another account's key.
const OTHER: &str = "another-account-of-the-tests";

/// Servers that act as one.
struct Replicas {
    oncehub: Sandbox,
    redis: RedisServer,
    servers: Vec<Server>,
}

impl Replicas {
    async fn start(count: usize) -> Self {
        let second = Duration::from_secs(1);
        let limits = Limits { per_account: (ACCOUNT, second), per_address: (ADDRESS, second) };
        let settings = sandbox::Settings { limits: Some(limits), ..sandbox::Settings::default() };
        let oncehub = Sandbox::start(settings).await.unwrap();
        oncehub.open_account(OTHER, |_| ());
        let mut replicas = Self { oncehub, redis: RedisServer::with(&[]), servers: Vec::new() };
        for _ in 0..count {
            replicas.add();
        }
        replicas.all_know_of(count).await;
        replicas
    }

    fn add(&mut self) {
        let server = Server::with(&self.oncehub, |command| {
            let limit = format!("account={ACCOUNT}/1s,address={ADDRESS}/1s");
            command.env("ONCEHUB_MCP_RATE_LIMIT", limit).env("ONCEHUB_MCP_STORE", self.redis.url())
        });
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

    fn any(&self) -> &Server {
        &self.servers[fastrand::usize(..self.servers.len())]
    }

    /// Makes this many calls that read, of two accounts, many at once.
    async fn read(&self, count: usize) {
        let (tools, left) = (["list_teams", "list_users", "list_webhooks"], AtomicUsize::new(0));
        let worker = async || {
            loop {
                let number = left.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return;
                }
                let key = [sandbox::KEY, OTHER][number % 2];
                let answer = self.any().call(key, tools[number % tools.len()], json!({})).await;
                assert_eq!(answer["isError"], false, "{answer}");
            }
        };
        futures::future::join_all((0..16).map(|_| worker())).await;
    }

    /// OnceHub has not had to reject anything for its rate.
    fn limits_were_kept(&self) {
        let requests = self.oncehub.requests();
        let rejected = requests.iter().filter(|seen| seen.status == Some(429)).count();
        assert_eq!(rejected, 0, "of {} requests", requests.len());
    }

    /// Asks for a change; what the person is to answer.
    async fn asked(&self, server: &Server, arguments: &Value) -> Value {
        let asked = server.call(sandbox::KEY, "delete_contact", arguments.clone()).await;
        assert_eq!(asked["resultType"], "input_required", "{asked}");
        asked["requestState"].clone()
    }
}

/// A yes to a question.
async fn yes(server: &Server, arguments: &Value, state: &Value) -> Value {
    let params = json!({
        "name": "delete_contact", "arguments": arguments, "requestState": state,
        "inputResponses": {"confirm": {"action": "accept", "content": {"confirm": true}}},
    });
    message(server.modern(sandbox::KEY, "tools/call", params).send().await.unwrap()).await
}

async fn contacts(server: &Server) -> Vec<Value> {
    let listed = server.call(sandbox::KEY, "list_contacts", json!({"limit": 20})).await;
    let contacts = listed["structuredContent"]["items"].as_array().unwrap_or_else(|| panic!("{listed}"));
    contacts.iter().map(|contact| json!({"contact_id": contact["id"]})).collect()
}

/// Two by day and four at night.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_share_a_store_keep_the_limits_together_also_when_one_of_them_dies() {
    let mut replicas = Replicas::start(cases(2, 4)).await;
    let calls = cases(500, 20_000);
    replicas.read(calls / 2).await;
    drop(replicas.servers.remove(0));
    replicas.read(calls / 4).await;
    replicas.add();
    replicas.read(calls / 4).await;
    replicas.limits_were_kept();
    // Each request has cost the store one round trip, and those of new keys some more.
    let count = |figures: &str, name: &str| -> f64 {
        let lines = figures.lines().filter(|line| line.starts_with(name));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
    };
    for server in &replicas.servers {
        let figures = server.figures().await;
        let trips = count(&figures, "oncehub_store_duration_seconds_count");
        let requests = count(&figures, "oncehub_requests_total");
        assert!(trips <= requests + 12.0, "{trips} round trips for {requests} requests");
        assert!(trips > 0.0 && requests > 0.0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_counts_at_any_server_and_once() {
    let replicas = Replicas::start(2).await;
    let [one, other] = &*replicas.servers else { panic!("two") };
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
    let [one, other] = &*replicas.servers else { panic!("two") };
    let listed = one.call(sandbox::KEY, "list_bookings", json!({"limit": 20, "status": "scheduled"})).await;
    let items = listed["structuredContent"]["items"].as_array().unwrap_or_else(|| panic!("{listed}"));
    let ids: Vec<String> = items.iter().filter_map(|item| Some(item["id"].as_str()?.to_owned())).collect();
    let arguments = json!({"change": "cancel", "booking_ids": ids});
    let plan = one.call(sandbox::KEY, "plan_changes", arguments).await["structuredContent"].clone();
    let count = plan["count"].as_u64().unwrap();
    assert!(count >= 4, "{plan}");
    let carry_out = json!({"plan": plan["plan"], "change": "cancel", "count": count});
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
    let mut replicas = Replicas::start(2).await;
    let contact = contacts(&replicas.servers[0]).await.remove(0);
    let state = replicas.asked(&replicas.servers[0], &contact).await;
    replicas.read(60).await;
    replicas.redis.stop();
    replicas.read(60).await;
    replicas.all_say("oncehub_store_up 0").await;
    let refused = yes(&replicas.servers[1], &contact, &state).await;
    assert!(refused["message"].as_str().unwrap().contains("cannot be reached: call again in a moment"), "{refused}");
    let planned = json!({"change": "cancel", "select": {"starts_after": "now", "host": "me"}});
    let refused = replicas.any().call(sandbox::KEY, "plan_changes", planned).await;
    assert_eq!(refused["isError"], true, "{refused}");
    replicas.redis.start();
    replicas.read(60).await;
    replicas.all_say("oncehub_store_up 1").await;
    replicas.read(60).await;
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
