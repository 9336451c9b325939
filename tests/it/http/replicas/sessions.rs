//! Sessions of 2025-11-25 at several servers: any of them goes on with one, for whom it was opened, until it ends.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use oncehub_mcp::apps::{EXTENSION, MIME_TYPE};
use oncehub_mcp::sandbox;
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use super::super::changing::{NEW, OLD, bearing};
use super::super::{Remote, Server, initialize, message, refusal, until, upstream};
use super::{OTHER, Replicas, contacts};
use crate::redis_server::RedisServer;

/// How long a session may be idle.
const IDLE: Duration = Duration::from_hours(1);

/// What servers say to somebody who has no such session.
const NONE: &str = "there is no such session with this key: initialize a new one";

/// A client that can show views, and ask people.
pub(super) fn particular() -> Value {
    let mut opening = initialize();
    opening["params"]["clientInfo"]["name"] = "Particular".into();
    opening["params"]["_meta"] = json!({"a-guest": "Olivia Marchetti"});
    opening["params"]["capabilities"] =
        json!({"elicitation": {}, "extensions": {EXTENSION: {"mimeTypes": [MIME_TYPE]}}});
    opening
}

/// Opens a session with this message; its id.
pub(super) async fn opened(at: &Remote, opening: &Value) -> String {
    let response = at.post("/mcp", sandbox::KEY, opening).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let id = response.headers()["mcp-session-id"].to_str().unwrap().to_owned();
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    assert_eq!(at.post("/mcp", sandbox::KEY, &ready).header("Mcp-Session-Id", &id).send().await.unwrap().status(), 202);
    id
}

pub(super) fn reads(at: &Remote, key: &str, session: &str) -> RequestBuilder {
    at.in_session(key, session, "list_teams", &json!({}))
}

pub(super) async fn goes_on(at: &Remote, session: &str) {
    let answer = message(reads(at, sandbox::KEY, session).send().await.unwrap()).await;
    assert_eq!(answer["isError"], false, "{answer}");
}

async fn is_none(at: &Remote, key: &str, session: &str) {
    assert_eq!(refusal(reads(at, key, session)).await, (404, NONE.to_owned()));
}

fn end(at: &Remote, key: &str, session: &str) -> RequestBuilder {
    at.client.delete(format!("{}/mcp", at.url)).header("API-Key", key).header("Mcp-Session-Id", session)
}

/// How many sessions a server has open.
async fn open_at(at: &Remote) -> usize {
    let figures = at.figures().await;
    let line = figures.lines().find_map(|line| line.strip_prefix("mcp_sessions{transport=\"streamable_http\"} "));
    line.unwrap().parse().unwrap()
}

/// Opens the stream on which a session's client is asked.
pub(super) async fn listening(at: &Remote, session: &str) -> Response {
    let stream = at.client.get(format!("{}/mcp", at.url)).header("API-Key", sandbox::KEY);
    stream.header("Accept", "text/event-stream").header("Mcp-Session-Id", session).send().await.unwrap()
}

/// Reads a stream up to a question, or to the response.
pub(super) async fn next(stream: &mut Response) -> Value {
    let mut text = String::new();
    loop {
        text.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().expect("a message")).unwrap());
        let mut messages =
            text.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok());
        if let Some(found) = messages.find(|one| one["method"] == "elicitation/create" || !one["result"].is_null()) {
            return found;
        }
    }
}

pub(super) fn answer(at: &Remote, session: &str, id: &Value, action: &str) -> RequestBuilder {
    let result = json!({"action": action, "content": {"confirm": true}});
    let answer = json!({"jsonrpc": "2.0", "id": id, "result": result});
    at.post("/mcp", sandbox::KEY, &answer).header("Mcp-Session-Id", session)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_goes_on_at_any_server_with_what_its_client_has_said() {
    let mut replicas = Replicas::start(2).await;
    let [one, other] = replicas.two();
    let session = opened(one, &particular()).await;
    let plain = opened(one, &initialize()).await;
    let resources = async |at: &Remote, session: &str| {
        let list = json!({"jsonrpc": "2.0", "id": at.next(), "method": "resources/list"});
        message(at.post("/mcp", sandbox::KEY, &list).header("Mcp-Session-Id", session).send().await.unwrap()).await
    };
    for (session, with_views) in [(&session, true), (&plain, false)] {
        let (here, there) = (resources(one, session).await, resources(other, session).await);
        assert_eq!(here, there);
        assert_eq!(here.to_string().contains("ui://"), with_views, "{here}");
    }
    // A key that is new to a server has little room there.
    other.know(sandbox::KEY).await;
    // At a time when the other has not gone on with it yet, many at once find one session.
    let opening = particular();
    let sessions = futures::future::join_all((0..4).map(|_| opened(one, &opening))).await;
    let before = open_at(other).await;
    let calls = sessions.iter().flat_map(|session| (0..8).map(move |_| goes_on(other, session)));
    futures::future::join_all(calls).await;
    assert_eq!(open_at(other).await, before + sessions.len());
    // A stream opens there, too.
    assert_eq!(listening(other, &session).await.status(), 200);
    goes_on(replicas.any(), &session).await;
    let log = replicas.servers.remove(1).stop();
    assert!(log.contains("Particular"), "{log}");
    for session in &sessions {
        goes_on(replicas.any(), session).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_else_goes_on_with_a_session_or_ends_it() {
    let replicas = Replicas::start(2).await;
    let [one, other] = replicas.two();
    let session = opened(one, &particular()).await;
    is_none(other, OTHER, &session).await;
    is_none(one, OTHER, &session).await;
    for at in [one, other] {
        let refused = refusal(end(at, OTHER, &session)).await;
        assert_eq!(refused, (404, NONE.to_owned()));
    }
    for made_up in ["", "x", "0123456789abcdef0123456789abcdef", "{oncehub-mcp}:secret", &"f".repeat(5_000)] {
        is_none(other, sandbox::KEY, made_up).await;
    }
    goes_on(other, &session).await;
    is_none(other, OTHER, &session).await;
    goes_on(one, &session).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_was_ended_at_one_server_is_gone_at_all() {
    let replicas = Replicas::start(2).await;
    let [one, other] = replicas.two();
    let gone = async |at: &Remote, session: &str| {
        until("it is gone", async || reads(at, sandbox::KEY, session).send().await.unwrap().status() == 404).await;
    };
    // At the server that has it, and at one that has never seen it.
    for at in [one, other] {
        let session = opened(one, &particular()).await;
        assert_eq!(end(at, sandbox::KEY, &session).send().await.unwrap().status(), 204);
        is_none(other, sandbox::KEY, &session).await;
        gone(one, &session).await;
        is_none(other, sandbox::KEY, &session).await;
        assert_eq!(end(at, sandbox::KEY, &session).send().await.unwrap().status(), 404, "once");
    }
    // At one of two that have it.
    let session = opened(one, &particular()).await;
    goes_on(other, &session).await;
    assert_eq!(end(one, sandbox::KEY, &session).send().await.unwrap().status(), 204);
    gone(other, &session).await;
    is_none(one, sandbox::KEY, &session).await;
    until("nothing is left", async || open_at(one).await + open_at(other).await == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_asked_by_the_server_that_opened_it_as_long_as_it_alone_has_it() {
    // Before every change a person is asked, and one whose client cannot ask is not made.
    let replicas = Replicas::over(RedisServer::with(&[]), 2, "always").await;
    let [one, other] = replicas.two();
    let contact = contacts(one).await.remove(0);
    let session = opened(one, &particular()).await;
    let asks =
        async |at: &Remote| at.in_session(sandbox::KEY, &session, "delete_contact", &contact).send().await.unwrap();
    let cannot = |told: &Value| told.to_string().contains("this client cannot ask");
    let mut questions = listening(one, &session).await;
    let mut stream = asks(one).await;
    let asked = next(&mut questions).await;
    assert_eq!(asked["method"], "elicitation/create", "{asked}");
    // In the meantime a request comes to the other, as behind a proxy that picks at random, and so does the answer.
    goes_on(other, &session).await;
    let told = next(&mut asks(other).await).await;
    assert!(cannot(&told), "{told}");
    let (status, told) = refusal(answer(other, &session, &asked["id"], "accept")).await;
    assert_eq!(status, 409, "{told}");
    assert!(told.contains("all requests of a session to one server"), "{told}");
    // A question that is open is answered where it was asked, and after that none is asked.
    let questions = tokio::sync::Mutex::new(questions);
    let is_asked_no_more = async || {
        let (mut stream, mut questions) = (asks(one).await, questions.lock().await);
        let told = tokio::select! {
            told = next(&mut stream) => told,
            asked = next(&mut questions) => asked,
        };
        if !cannot(&told) {
            assert_eq!(answer(one, &session, &told["id"], "decline").send().await.unwrap().status(), 202);
        }
        cannot(&told)
    };
    until("the first one knows of the other", is_asked_no_more).await;
    assert_eq!(answer(one, &session, &asked["id"], "accept").send().await.unwrap().status(), 202);
    let done = next(&mut stream).await;
    assert_eq!(done["result"]["isError"], false, "{done}");
    let deleted = replicas.oncehub.requests().into_iter().filter(|seen| seen.method == "DELETE").count();
    assert_eq!(deleted, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_room_takes_no_session_from_the_one_that_asks_in_it() {
    let mut replicas = Replicas::over(RedisServer::with(&[]), 0, "always").await;
    for _ in 0..2 {
        replicas.servers.push(Server::with(&replicas.oncehub, |command| {
            command.env("ONCEHUB_MCP_STORE", replicas.redis.url()).env("ONCEHUB_MCP_CONFIRM", "always");
            command.args(["--max-sessions-per-key", "1"])
        }));
    }
    let [one, other] = replicas.two();
    other.know(sandbox::KEY).await;
    let contact = contacts(one).await.remove(0);
    let session = opened(one, &particular()).await;
    opened(other, &particular()).await;
    let (status, told) = refusal(reads(other, sandbox::KEY, &session)).await;
    assert_eq!(status, 429, "{told}");
    let mut at = redis::cmd("HGET");
    at.arg(format!("{{oncehub-mcp}}:session:{session}")).arg("at");
    assert_ne!(at.query::<String>(&mut replicas.store()).unwrap(), "several");
    let mut questions = listening(one, &session).await;
    let mut stream = one.in_session(sandbox::KEY, &session, "delete_contact", &contact).send().await.unwrap();
    let asked = next(&mut questions).await;
    assert_eq!(asked["method"], "elicitation/create", "{asked}");
    assert_eq!(answer(one, &session, &asked["id"], "accept").send().await.unwrap().status(), 202);
    let done = next(&mut stream).await;
    assert_eq!(done["result"]["isError"], false, "{done}");
}

/// As behind a proxy that goes by `Mcp-Session-Id`, which the first message does not have.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_was_opened_at_one_server_and_used_at_another_alone_is_asked_there() {
    let replicas = Replicas::start(2).await;
    let [one, other] = replicas.two();
    let contact = contacts(one).await.remove(0);
    let response = one.post("/mcp", sandbox::KEY, &particular()).send().await.unwrap();
    let session = response.headers()["mcp-session-id"].to_str().unwrap().to_owned();
    goes_on(other, &session).await;
    let mut questions = listening(other, &session).await;
    let mut stream = other.in_session(sandbox::KEY, &session, "delete_contact", &contact).send().await.unwrap();
    let asked = next(&mut questions).await;
    assert_eq!(asked["method"], "elicitation/create", "{asked}");
    assert_eq!(refusal(answer(one, &session, &asked["id"], "accept")).await.0, 409);
    assert_eq!(answer(other, &session, &asked["id"], "accept").send().await.unwrap().status(), 202);
    let done = next(&mut stream).await;
    assert_eq!(done["result"]["isError"], false, "{done}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_store_is_away_a_session_goes_on_where_it_is_and_elsewhere_when_it_is_back() {
    let mut replicas = Replicas::start(2).await;
    let session = opened(&replicas.servers[0], &particular()).await;
    let shared = opened(&replicas.servers[0], &particular()).await;
    goes_on(&replicas.servers[1], &shared).await;
    replicas.redis.stop();
    let [one, other] = replicas.two();
    let away = refusal(reads(other, sandbox::KEY, &session)).await;
    assert_eq!(away.0, 503, "{}", away.1);
    assert!(away.1.contains("repeat the request in a few seconds"), "{}", away.1);
    assert_eq!(reads(other, sandbox::KEY, &session).send().await.unwrap().headers()["retry-after"], "5");
    for (at, session) in [(one, &session), (one, &shared), (other, &shared)] {
        goes_on(at, session).await;
    }
    // One that is opened now is there for all as soon as the store is back; and one that is ended now has ended then.
    let late = opened(one, &particular()).await;
    let ended = opened(one, &particular()).await;
    assert_eq!(end(one, sandbox::KEY, &shared).send().await.unwrap().status(), 204);
    assert_eq!(end(one, sandbox::KEY, &ended).send().await.unwrap().status(), 204);
    is_over_here(one, &shared).await;
    // It comes back empty.
    replicas.redis.start();
    replicas.all_say("oncehub_store_up 1").await;
    let [one, other] = replicas.two();
    for session in [&session, &late] {
        until("the other has it", async || reads(other, sandbox::KEY, session).send().await.unwrap().status() == 200)
            .await;
        goes_on(one, session).await;
    }
    until("it has ended at the other, too", async || {
        reads(other, sandbox::KEY, &shared).send().await.unwrap().status() == 404
    })
    .await;
    for session in [&shared, &ended] {
        is_none(one, sandbox::KEY, session).await;
        is_none(other, sandbox::KEY, session).await;
    }
}

/// While the store is away, nobody can say whether a session that a server does not have has ended.
async fn is_over_here(at: &Remote, session: &str) {
    assert_eq!(reads(at, sandbox::KEY, session).send().await.unwrap().status(), 503);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_stored_of_a_session_is_what_its_client_can_do_and_for_as_long_as_it_may_be_idle() {
    let replicas = Replicas::start(2).await;
    let [one, other] = replicas.two();
    let session = opened(one, &particular()).await;
    let answer =
        message(one.in_session(sandbox::KEY, &session, "list_contacts", &json!({})).send().await.unwrap()).await;
    assert_eq!(answer["isError"], false, "{answer}");
    goes_on(other, &session).await;
    let mut store = replicas.store();
    let key = format!("{{oncehub-mcp}}:session:{session}");
    let stored: BTreeMap<String, String> = redis::cmd("HGETALL").arg(&key).query(&mut store).unwrap();
    assert_eq!(stored.keys().collect::<Vec<_>>(), ["at", "owner", "session"]);
    let said: Value = serde_json::from_str(&stored["session"]).unwrap();
    let mut expected = particular()["params"].clone();
    expected.as_object_mut().unwrap().remove("_meta");
    assert_eq!(said, expected);
    let all = format!("{stored:?}");
    for secret in [sandbox::KEY, "Olivia", "Marchetti"] {
        assert!(!all.contains(secret), "{secret}: {all}");
    }
    let left: u128 = redis::cmd("PTTL").arg(&key).query(&mut store).unwrap();
    assert!((1..=IDLE.as_millis()).contains(&left), "{left}");
    // One whose client says very much stays where it is, and goes on there.
    let mut much = particular();
    much["params"]["clientInfo"]["title"] = "x".repeat(20_000).into();
    let session = opened(one, &much).await;
    is_none(other, sandbox::KEY, &session).await;
    goes_on(one, &session).await;
}

/// As it is with a sign-in that ends: whatever a session was opened with, it ends with that, wherever it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_whose_token_was_taken_out_at_one_server_is_gone_at_all() {
    let (redis, upstream, folder) = (RedisServer::with(&[]), upstream().await, tempfile::tempdir().unwrap());
    let file = |number: usize| folder.path().join(format!("tokens-{number}"));
    let write = |number: usize, lines: &str| {
        fs::write(folder.path().join("new"), lines).unwrap();
        fs::rename(folder.path().join("new"), file(number)).unwrap();
    };
    let servers = [0, 1].map(|number| {
        write(number, &format!("old: {OLD}\nnew: {NEW}\n"));
        Server::with(&upstream, |command| {
            command.env("ONCEHUB_API_KEY", sandbox::KEY).env("ONCEHUB_MCP_STORE", redis.url());
            command.args(["--shared-key", "--token-file"]).arg(file(number))
        })
    });
    let opening = servers[0].post("/mcp", "", &initialize());
    let response = bearing(&servers[0], OLD, opening).send().await.unwrap();
    let session = response.headers()["mcp-session-id"].to_str().unwrap().to_owned();
    let ping = json!({"jsonrpc": "2.0", "id": 7, "method": "ping"});
    let status = async |at: &Server, token: &str| {
        let request = at.post("/mcp", "", &ping).header("Mcp-Session-Id", &session);
        bearing(at, token, request).send().await.unwrap().status()
    };
    for at in [&servers[1], &servers[0]] {
        assert_eq!(status(at, OLD).await, 200);
    }
    write(0, &format!("new: {NEW}\n"));
    until("it is taken out", async || status(&servers[0], OLD).await == 401).await;
    assert_eq!(status(&servers[0], NEW).await, 404);
    // There the token is good as before.
    until("it is gone", async || status(&servers[1], OLD).await == 404).await;
}
