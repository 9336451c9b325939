//! What clients see when a server is killed, and when the store is: as `docs/hosting.md` tells it.

use std::time::Duration;

use oncehub_mcp::sandbox::{self, Effect, Fault};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use super::super::{Remote, initialize, message, until};
use super::sessions::{answer, goes_on, listening, next, opened, particular, reads};
use super::{Replicas, contacts, yes};
use crate::docs::holds;
use crate::redis_server::RedisServer;

/// What a client sees of a response, or of what came instead of one.
async fn seen(sent: Result<Response, reqwest::Error>) -> String {
    let Ok(response) = sent else { return "the connection is cut".into() };
    let status = response.status().as_u16();
    let Ok(text) = response.text().await else { return "the stream is cut".into() };
    let data = text.lines().filter_map(|line| line.strip_prefix("data: ")).rfind(|data| !data.trim().is_empty());
    let Ok(message) = serde_json::from_str::<Value>(data.unwrap_or(&text)) else { return format!("`{status}`") };
    let failure = &message["result"]["structuredContent"]["error"];
    match (status, message["error"]["message"].as_str(), failure["type"].as_str()) {
        (200 | 202, None, None) => "an answer".into(),
        (200, None, Some(kind)) => format!("`{kind}`: {}", failure["message"].as_str().unwrap()),
        (200, Some(error), _) => format!("an error: {error}"),
        (_, error, _) => format!("`{status}`: {}", error.unwrap_or(&text)),
    }
}

/// A row of a table: of a request what its client sees, and what is to be done then.
fn row(request: &str, seen: &str, then: &str) -> String {
    let (seen, then) = (seen.trim_end_matches('.'), if then.is_empty() { "nothing" } else { then });
    format!("| {request} | {seen} | {then} |\n")
}

/// The page has this table.
fn is_told(mark: &str, rows: &[String]) {
    let head = "| request | what its client sees | then |\n| --- | --- | --- |\n";
    holds("docs/hosting.md", mark, &format!("{head}{}", rows.concat()));
}

fn call(at: &Remote, tool: &str, arguments: &Value) -> RequestBuilder {
    at.modern(sandbox::KEY, "tools/call", json!({"name": tool, "arguments": arguments}))
}

/// A yes to what a call was asked.
fn agreed(at: &Remote, tool: &str, arguments: &Value, asked: &Value) -> RequestBuilder {
    let params = json!({
        "name": tool, "arguments": arguments, "requestState": asked["requestState"],
        "inputResponses": {"confirm": {"action": "accept", "content": {"confirm": true}}},
    });
    at.modern(sandbox::KEY, "tools/call", params)
}

impl Replicas {
    /// Sends a request through the proxy to the first server, and kills that once OnceHub holds what it has sent.
    async fn killed_during(&mut self, request: impl FnOnce(&Remote) -> RequestBuilder) -> String {
        let held = self.oncehub.held();
        self.proxy.set(&[&self.servers[0].url]);
        let sent = tokio::spawn(request(self.any()).send());
        until("OnceHub holds it", async || self.oncehub.held() > held).await;
        self.kill_first();
        seen(sent.await.unwrap()).await
    }

    /// Kills the first server, and starts another.
    fn kill_first(&mut self) {
        let killed = self.servers.remove(0);
        self.proxy.remove(&killed.url);
        drop(killed);
        self.add();
        let urls: Vec<&str> = self.servers.iter().map(|server| &*server.url).collect();
        self.proxy.set(&urls);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_clients_see_of_a_server_that_is_killed_is_told() {
    is_told("killed", &[killed().await, killed_at_a_plan().await].concat());
}

async fn killed() -> Vec<String> {
    let (mut replicas, mut rows) = (Replicas::start(2).await, Vec::new());
    contacts(replicas.any()).await;

    replicas.oncehub.fail(Fault::new(Effect::Delay(Duration::from_hours(1))).on("GET", "/contacts").times(1));
    let told = replicas.killed_during(|at| call(at, "list_contacts", &json!({"limit": 2}))).await;
    rows.push(row("a call that reads", &told, "call again: any server answers"));
    assert_eq!(seen(call(replicas.any(), "list_contacts", &json!({"limit": 2})).send().await).await, "an answer");

    let slots = json!({"calendar_id": "Intro call", "start_time": "+2d"});
    let slots = replicas.any().call(sandbox::KEY, "get_booking_time_slots", slots).await;
    let meeting = json!({
        "calendar_id": "Intro call", "start_time": slots["structuredContent"]["items"][0]["start_time"],
        "guest_name": "Ada King", "guest_email": "ada@example.com", "guest_time_zone": "Europe/London",
    });
    replicas.oncehub.fail(Fault::new(Effect::Hold).on("POST", "/schedule").times(1));
    let told = replicas.killed_during(|at| call(at, "schedule_meeting", &meeting)).await;
    rows.push(row("a change on its way to OnceHub", &told, "look whether it was made, then call again if not"));
    replicas.oncehub.release();
    until("OnceHub has made it", async || {
        replicas.oncehub.requests().iter().any(|seen| seen.path.ends_with("/schedule"))
    })
    .await;
    // Another server finds it, and does not make it twice.
    let of_ada = json!({"guest": "ada@example.com"});
    let found = async |at: &Remote| {
        at.call(sandbox::KEY, "list_bookings", of_ada.clone()).await["structuredContent"]["items"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(found(replicas.any()).await, 1);
    let again = replicas.any().call(sandbox::KEY, "schedule_meeting", meeting.clone()).await;
    assert_eq!(again["isError"], true, "{again}");
    assert_eq!(found(replicas.any()).await, 1);

    let contact = contacts(replicas.any()).await.remove(0);
    let session = opened(&replicas.servers[0], &particular()).await;
    let mut questions = listening(&replicas.servers[0], &session).await;
    let stream =
        replicas.servers[0].in_session(sandbox::KEY, &session, "delete_contact", &contact).send().await.unwrap();
    let asked = next(&mut questions).await;
    assert_eq!(asked["method"], "elicitation/create", "{asked}");
    let handed = call(&replicas.servers[0], "delete_contact", &contact).send().await.unwrap();
    let handed = message(handed).await;
    let (mut events, address) = replicas.servers[0].open_sse(sandbox::KEY).await;
    replicas.kill_first();
    rows.push(row("a question that is open (2025-11-25)", &seen(Ok(stream)).await, "nothing was changed: call again"));
    let lost = answer(replicas.any(), &session, &asked["id"], "accept").send().await;
    rows.push(row("its answer", &seen(lost).await, "call again"));
    goes_on(replicas.any(), &session).await;
    rows.push(row("the next request of a session (2025-11-25)", "an answer", ""));
    assert!(replicas.oncehub.requests().iter().all(|seen| seen.method != "DELETE"));
    let done = agreed(replicas.any(), "delete_contact", &contact, &handed).send().await;
    rows.push(row("an answer to a question (2026-07-28)", &seen(done).await, ""));
    assert_eq!(replicas.oncehub.requests().iter().filter(|seen| seen.method == "DELETE").count(), 1);
    while events.chunk().await.is_ok_and(|chunk| chunk.is_some()) {}
    let late = replicas.any().post(&address, sandbox::KEY, &initialize()).send().await;
    rows.push(row(
        "the next message of HTTP+SSE",
        &seen(late).await,
        "the client opens a new stream, as after any cut",
    ));
    rows
}

/// Another server goes on with the plan, and no booking is changed twice.
async fn killed_at_a_plan() -> Vec<String> {
    let (mut replicas, mut rows) = (Replicas::start(2).await, Vec::new());
    let listed = json!({"limit": 20, "status": "scheduled"});
    let listed = replicas.any().call(sandbox::KEY, "list_bookings", listed).await;
    let items = listed["structuredContent"]["items"].as_array().unwrap_or_else(|| panic!("{listed}"));
    let ids: Vec<&str> = items.iter().filter_map(|item| item["id"].as_str()).collect();
    let arguments = json!({"change": "cancel", "booking_ids": ids});
    let plan = replicas.any().call(sandbox::KEY, "plan_changes", arguments).await["structuredContent"].clone();
    let count = plan["count"].as_u64().unwrap();
    assert!(count >= 4, "{plan}");
    let carry_out = json!({"plan": plan["plan"], "change": "cancel", "count": count});
    let asked = replicas.any().call(sandbox::KEY, "carry_out_plan", carry_out.clone()).await;
    replicas.oncehub.fail(Fault::new(Effect::Hold).on("POST", "/cancel").after(2).times(1));
    let told = replicas.killed_during(|at| agreed(at, "carry_out_plan", &carry_out, &asked)).await;
    let then = "call again with the same arguments, which looks at what was sent, and goes on";
    rows.push(row("`carry_out_plan`", &told, then));
    let again = seen(call(replicas.any(), "carry_out_plan", &carry_out).send().await).await;
    rows.push(row("the same, in the minutes that its call could have taken and half a minute more", &again, "wait"));
    replicas.oncehub.release();
    until("OnceHub has made it", async || replicas.canceled().len() == 3).await;
    // As long as a call may take, and half a minute more: time passes.
    let mut store = replicas.store();
    let holders: Vec<String> = redis::cmd("KEYS").arg("{oncehub-mcp}:holder:plan:*").query(&mut store).unwrap();
    let [holder] = &*holders else { panic!("{holders:?}") };
    let left: u64 = redis::cmd("PTTL").arg(holder).query(&mut store).unwrap();
    assert!(left <= 90_000, "{left}");
    let _: u8 = redis::cmd("PEXPIRE").arg(holder).arg(1).query(&mut store).unwrap();
    until("nobody holds it", async || {
        redis::cmd("EXISTS").arg(holder).query::<u8>(&mut replicas.store()).unwrap() == 0
    })
    .await;
    let done = replicas.any().call(sandbox::KEY, "carry_out_plan", carry_out.clone()).await;
    // The person has agreed to all of it, and is not asked again.
    assert_eq!(done["structuredContent"]["done"], count, "{done}");
    let text = done.to_string();
    assert_eq!(text.matches("was seen afterwards").count(), 2, "in the text and the structure: {text}");
    let mut canceled = replicas.canceled();
    canceled.sort();
    canceled.dedup();
    assert_eq!(canceled.len() as u64, count);
    assert_eq!(replicas.canceled().len() as u64, count, "each once");
    rows
}

impl Replicas {
    /// The bookings that OnceHub was asked to cancel.
    fn canceled(&self) -> Vec<String> {
        self.oncehub.requests().into_iter().map(|seen| seen.path).filter(|path| path.ends_with("/cancel")).collect()
    }

    /// The store, looked into.
    pub(super) fn store(&self) -> redis::Connection {
        redis::Client::open(self.redis.url()).unwrap().get_connection().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_clients_see_of_a_store_that_is_away_is_told() {
    let mut replicas = Replicas::start(2).await;
    let mut all = contacts(replicas.any()).await.into_iter();
    let mut contact = || all.next().unwrap();
    let (open, used) = (contact(), contact());
    let [open_state, used_state] =
        [replicas.asked(replicas.any(), &open).await, replicas.asked(replicas.any(), &used).await];
    let done = yes(replicas.any(), &used, &used_state).await;
    assert_eq!(done["isError"], false, "{done}");
    let listed = replicas.any().call(sandbox::KEY, "list_bookings", json!({"limit": 5, "status": "scheduled"})).await;
    let ids = listed["structuredContent"]["items"].as_array().unwrap().iter().map(|item| &item["id"]);
    let arguments = json!({"change": "cancel", "booking_ids": ids.collect::<Vec<_>>()});
    let plan = replicas.any().call(sandbox::KEY, "plan_changes", arguments.clone()).await["structuredContent"].clone();
    let carry_out = json!({"plan": plan["plan"], "change": "cancel", "count": plan["count"]});
    let session = opened(&replicas.servers[0], &particular()).await;
    let state = json!({"requestState": open_state});
    let mut away: Vec<Vec<String>> = Vec::new();

    // Once it is killed, and once it is there and does not answer.
    for is_killed in [true, false] {
        if is_killed {
            replicas.redis.stop();
        } else {
            replicas.redis.signal("STOP");
        }
        replicas.all_say("oncehub_store_up 0").await;
        let (mut rows, [one, other]) = (Vec::new(), replicas.two());
        let told = seen(call(replicas.any(), "list_contacts", &json!({"limit": 2})).send().await).await;
        rows.push(row("a call that reads", &told, ""));
        let told = seen(agreed(one, "delete_contact", &open, &state).send().await).await;
        rows.push(row("an answer to a question (2026-07-28)", &told, "the question stays open"));
        let told = seen(call(replicas.any(), "plan_changes", &arguments).send().await).await;
        rows.push(row("`plan_changes`, `carry_out_plan`", &told, "call again in a few seconds"));
        let carried = seen(call(other, "carry_out_plan", &carry_out).send().await).await;
        assert_eq!(carried, told);
        let told = seen(reads(one, sandbox::KEY, &session).send().await).await;
        rows.push(row("a request of a session (2025-11-25), at a server that has it", &told, ""));
        let told = seen(reads(other, sandbox::KEY, &session).send().await).await;
        rows.push(row("the same, at one that has not", &told, "repeat the request in a few seconds"));
        let told = seen(replicas.any().post("/mcp", sandbox::KEY, &initialize()).send().await).await;
        rows.push(row("`initialize` (2025-11-25)", &told, ""));
        away.push(rows);
        if is_killed {
            replicas.redis.start();
        } else {
            replicas.redis.signal("CONT");
        }
        replicas.all_say("oncehub_store_up 1").await;
    }
    is_told("away", &away[0]);
    assert_eq!(away[0], away[1]);
    // It has come back empty the first time.
    let mut rows = Vec::new();
    let told = seen(call(replicas.any(), "carry_out_plan", &carry_out).send().await).await;
    rows.push(row("a plan that was made before", &told, "plan again"));
    let told = seen(agreed(replicas.any(), "delete_contact", &open, &state).send().await).await;
    rows.push(row("an answer to a question that was asked before", &told, ""));
    until("the other has the session", async || {
        reads(&replicas.servers[1], sandbox::KEY, &session).send().await.unwrap().status() == 200
    })
    .await;
    rows.push(row("a session (2025-11-25)", "an answer", ""));
    is_told("back", &rows);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_comes_back_with_what_it_had_knows_plans_answers_and_sessions() {
    let redis = RedisServer::with(&["--appendonly", "yes", "--appendfsync", "no"]);
    let mut replicas = Replicas::over(redis, 2, "auto").await;
    let contact = contacts(replicas.any()).await.remove(0);
    let state = replicas.asked(replicas.any(), &contact).await;
    let done = yes(replicas.any(), &contact, &state).await;
    assert_eq!(done["isError"], false, "{done}");
    let listed = replicas.any().call(sandbox::KEY, "list_bookings", json!({"limit": 5, "status": "scheduled"})).await;
    let ids = listed["structuredContent"]["items"].as_array().unwrap().iter().map(|item| &item["id"]);
    let arguments = json!({"change": "cancel", "booking_ids": ids.collect::<Vec<_>>()});
    let plan = replicas.any().call(sandbox::KEY, "plan_changes", arguments).await["structuredContent"].clone();
    let session = opened(&replicas.servers[0], &particular()).await;
    replicas.redis.stop();
    replicas.all_say("oncehub_store_up 0").await;
    replicas.redis.start();
    replicas.all_say("oncehub_store_up 1").await;
    let again = yes(replicas.any(), &contact, &state).await;
    assert!(again.to_string().contains("used already"), "{again}");
    let carry_out = json!({"plan": plan["plan"], "change": "cancel", "count": plan["count"]});
    let asked = replicas.any().call(sandbox::KEY, "carry_out_plan", carry_out).await;
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    goes_on(&replicas.servers[1], &session).await;
}
