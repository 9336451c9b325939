//! How many bytes a store keeps of what, how long it takes to reserve a moment, and how large it gets.

use std::path::Path;
use std::time::Duration;

use oncehub_mcp::oncehub::{Windows, limits};
use oncehub_mcp::sandbox::Sandbox;
use oncehub_mcp::store::redis::{Address, Redis, Settings};
use oncehub_mcp::store::{Ask, Notice, Owner, Records as _, SharedSessions as _, SignIn, Store as _, Whereabouts};
use redis::aio::MultiplexedConnection;
use serde_json::{Value, json};

use super::RedisServer;
use crate::{Era, OURS, Server};

const TENANTS: u64 = 10_000;

/// The egress addresses that so many tenants need with five jobs a day each: `cargo bench --bench capacity`.
const ADDRESSES: u64 = 39;

/// How long everything is kept: until it has been measured.
const KEEP: Duration = Duration::from_hours(1);

/// What a client says when it opens a session.
const SAID: &str = r#"{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{},"roots":{"listChanged":true},"sampling":{}},"clientInfo":{"name":"claude-ai","version":"0.1.0"}}"#;

/// What a server says of a change whose caller left.
const LEFT: &str = r#"{"tool":"cancel_booking","ids":["BKNG-0123456789AB"],"left_at":1800000000,"ended":"Replied"}"#;

/// A moment, in seconds since 1970.
const NOW: u64 = 1_800_000_000;

pub(super) async fn kept(ours: &Path, sandbox: &Sandbox) {
    let redis = RedisServer::with(&[]);
    let (plan, bookings) = plan(ours, sandbox, &redis).await;
    let mut asked = connection(&redis).await;
    redis::cmd("FLUSHALL").exec_async(&mut asked).await.unwrap();
    println!("\n| kept | bytes | of {TENANTS} tenants |\n| --- | --- | --- |");
    let store = connected(&redis, "one").await;
    let empty = memory(&mut asked).await;
    let mut before = empty;
    let mut row = async |what: &str, count: u64| {
        let after = memory(&mut asked).await;
        let grown = after.saturating_sub(before) as f64;
        println!("| {what} | {:.0} | {:.1} MiB |", grown / count as f64, grown / 1024.0 / 1024.0);
        before = after;
    };
    for tenant in 0..TENANTS {
        assert!(store.open(&sign_in(tenant, 0), NOW).await.unwrap());
    }
    row("a tenant's first sign-in", TENANTS).await;
    for tenant in 0..TENANTS {
        assert!(store.open(&sign_in(tenant, 1), NOW).await.unwrap());
    }
    row("another of the same tenant", TENANTS).await;
    for tenant in 0..TENANTS {
        store.end(&sign_in(tenant, 1), NOW).await.unwrap();
        assert!(store.open(&sign_in(tenant, 2), NOW).await.unwrap());
    }
    row("a tenant's first sign-in that has ended", TENANTS).await;
    for tenant in 0..TENANTS {
        store.keep(&format!("plan:{tenant:043}"), plan.clone(), KEEP).await.unwrap();
    }
    row(&format!("a plan for {bookings} bookings"), TENANTS).await;
    for tenant in 0..TENANTS {
        store.note(&format!("answered:{tenant:016x}"), NOW * 1000, KEEP).await.unwrap();
    }
    row("a used answer", TENANTS).await;
    for tenant in 0..TENANTS {
        let (id, owner) = (format!("{tenant:032x}"), format!("{tenant:043}|"));
        store.keep_session(&id, &owner, SAID, Whereabouts::New, KEEP).await.unwrap();
        assert!(store.take_session(&id, &owner, KEEP).await.unwrap().unwrap().is_alone);
    }
    row("a session of 2025-11-25", TENANTS).await;
    let notices = store.notices().unwrap();
    for tenant in 0..TENANTS {
        let (account, id) = (format!("{tenant:032x}"), format!("{tenant:032x}"));
        notices.leave(&account, &Notice { id, text: LEFT.to_owned() }, KEEP).await.unwrap();
    }
    row("a change whose caller left", TENANTS).await;
    let tenants = TENANTS / ADDRESSES;
    for address in 0..ADDRESSES {
        let store = connected(&redis, &format!("address-{address}")).await;
        let windows = store.windows().unwrap();
        let most = u64::try_from(Windows::oncehub().address[0].requests).unwrap();
        for request in 0..most {
            let tenant = windows.name_of(&format!("{address} {}", request % tenants));
            let name = format!("{request:032x}");
            let ask = Ask { account: &tenant, stranger: None, name: &name, patience: KEEP };
            windows.reserve(ask).await.unwrap();
        }
    }
    row(&format!("the windows of an address that are full, and of its {tenants} tenants"), ADDRESSES).await;
    let all = memory(&mut asked).await.saturating_sub(empty) as f64 / 1024.0 / 1024.0;
    println!("| all of that at once, for {TENANTS} tenants at {ADDRESSES} addresses | | {all:.0} MiB |");

    // The longest that a reservation takes: everything in the window has been looked at, and there is no room.
    let store = connected(&redis, "address-0").await;
    let windows = store.windows().unwrap();
    let account = windows.name_of("somebody");
    redis::cmd("CONFIG").arg("RESETSTAT").exec_async(&mut asked).await.unwrap();
    for request in 0..5_000 {
        let name = format!("{request:032x}");
        let ask = Ask { account: &account, stranger: None, name: &name, patience: Duration::ZERO };
        windows.reserve(ask).await.unwrap();
    }
    let stats: String = redis::cmd("INFO").arg("commandstats").query_async(&mut asked).await.unwrap();
    let line = stats.lines().find(|line| line.starts_with("cmdstat_evalsha:")).unwrap();
    let each = line.split("usec_per_call=").nth(1).unwrap().split(',').next().unwrap();
    println!("\na moment in full windows takes the store {each} µs");
}

/// A server's connection to the store, which leaves by this address.
async fn connected(redis: &RedisServer, egress: &str) -> Redis {
    let address = Address::parse(&redis.url()).unwrap();
    let limits = limits(&Windows::oncehub());
    Redis::connect(Settings { address, password: None, egress: egress.to_owned(), limits }).await.unwrap()
}

async fn connection(redis: &RedisServer) -> MultiplexedConnection {
    redis::Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap()
}

/// The bytes that the store has in use.
async fn memory(asked: &mut MultiplexedConnection) -> u64 {
    let info: String = redis::cmd("INFO").arg("memory").query_async(asked).await.unwrap();
    info.lines().find_map(|line| line.strip_prefix("used_memory:")).unwrap().trim().parse().unwrap()
}

/// A tenant's sign-in, as long as real ones are.
fn sign_in(tenant: u64, number: u64) -> SignIn {
    let (owner, app) = (Owner(format!("{tenant:043}")), "Claude".to_owned());
    SignIn { id: format!("{tenant:031}{number}"), owner, app, made: NOW, ends: NOW + 30_000_000, read_only: false }
}

/// What a tool returns.
async fn asked(server: &Server, tool: &str, arguments: Value) -> Value {
    let text = server.ask(Era::Modern, "", 1, tool, arguments).await;
    let data = text.lines().filter_map(|line| line.strip_prefix("data: ")).next_back().unwrap_or(&text);
    let message: Value = serde_json::from_str(data).unwrap();
    message["result"]["structuredContent"].clone()
}

/// A plan as a server keeps it, and how many bookings it is for.
async fn plan(ours: &Path, sandbox: &Sandbox, redis: &RedisServer) -> (String, u64) {
    let store = redis.url();
    let arguments: Vec<&str> = OURS.iter().copied().chain(["--store", &store]).collect();
    let server = Server::spawn(ours, &arguments, &sandbox.url());
    let listed = asked(&server, "list_bookings", json!({"limit": 20, "status": "scheduled"})).await;
    let items = listed["items"].as_array().unwrap_or_else(|| panic!("{listed}"));
    let ids: Vec<&str> = items.iter().filter_map(|item| item["id"].as_str()).collect();
    let change = json!({"change": "cancel", "booking_ids": ids, "reason": "I am ill today, and cannot come."});
    let planned = asked(&server, "plan_changes", change).await;
    let count = planned["count"].as_u64().unwrap_or_else(|| panic!("{planned}"));
    let mut asked = connection(redis).await;
    let names: Vec<String> = redis::cmd("KEYS").arg("*:plan:*").query_async(&mut asked).await.unwrap();
    let [name] = &*names else { panic!("{names:?}") };
    (redis::cmd("GET").arg(name).query_async(&mut asked).await.unwrap(), count)
}
