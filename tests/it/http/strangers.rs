//! What a stranger can and cannot do: made-up keys, sessions that are left, a proxy that says nothing.

use std::process::Stdio;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use oncehub_mcp::sandbox::{self, Limits, Sandbox};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::super::agents::program;
use super::{Server, TOKEN, in_front_of, initialize, message, refusal, until, upstream};

async fn figure(server: &Server, name: &str) -> usize {
    let text = server.client.get(format!("{}/metrics", server.url)).send().await.unwrap().text().await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}: {text}"));
    line.trim().parse().unwrap()
}

const SESSIONS: &str = "mcp_sessions{transport=\"streamable_http\"}";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_clients_that_leave_with_their_first_message_are_counted_and_forgotten() {
    let upstream = upstream().await;
    let server = Server::with(&upstream, |command| {
        command.args(["--max-sessions", "300", "--max-sessions-per-key", "300", "--patience", "4"])
    });
    server.know(sandbox::KEY).await;
    let body = initialize().to_string();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAPI-Key: {}\r\nAccept: application/json, text/event-stream\r\n\
        Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        sandbox::KEY,
        body.len()
    );
    let address = server.url.strip_prefix("http://").unwrap();
    stream::iter(0..1_000)
        .for_each_concurrent(50, async |_| {
            let mut client = TcpStream::connect(address).await.unwrap();
            let _ = client.write_all(head.as_bytes()).await;
        })
        .await;
    let open = figure(&server, SESSIONS).await;
    assert!((1..=300).contains(&open), "{open} are counted");
    until("all have ended", async || figure(&server, SESSIONS).await == 0).await;
    server.open(sandbox::KEY).await;
}

/// A server behind a proxy, which tells where requests come from.
async fn behind_a_proxy(limits: Limits, windows: &str) -> (Sandbox, Server) {
    let upstream =
        Sandbox::start(sandbox::Settings { limits: Some(limits), ..sandbox::Settings::default() }).await.unwrap();
    for key in ["known", "new-elsewhere", "new-here"] {
        upstream.open_account(key, |_| {});
    }
    let mut command = in_front_of(&upstream);
    command.args(["--behind-proxy"]).env("ONCEHUB_MCP_TOKEN", TOKEN).env("ONCEHUB_MCP_RATE_LIMIT", windows);
    command.env("ONCEHUB_MCP_LOG", "error");
    (upstream, Server::start(command))
}

fn from(server: &Server, key: &str, from: &str) -> reqwest::RequestBuilder {
    let call = server.modern(key, "tools/call", json!({"name": "test_connection", "arguments": {}}));
    // What stands before the last address is what a client may say of itself.
    call.header("X-Forwarded-For", format!("203.0.113.99, {from}")).header("X-Forwarded-Proto", "https")
}

/// The hammer, a known customer at work meanwhile, and two new ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_made_up_keys_keep_nobody_out() {
    const WINDOW: Duration = Duration::from_secs(15);
    let limits = Limits { per_account: (100, Duration::from_secs(1)), per_address: (60, WINDOW) };
    let (upstream, server) = behind_a_proxy(limits, "account=100/1s,address=60/15s").await;
    let call = async |key: &str, at: &str| message(from(&server, key, at).send().await.unwrap()).await;
    assert_eq!(call("known", "192.0.2.1").await["isError"], false);
    let hammer = stream::iter(0..1_000).for_each_concurrent(40, async |number: usize| {
        let key = format!("made-up-{number}");
        let opened = server.post("/mcp", &key, &initialize()).header("X-Forwarded-For", "198.51.100.1");
        let _ = opened.send().await.unwrap().text().await;
        let _ = from(&server, &key, "198.51.100.1").send().await.unwrap().text().await;
    });
    let customers = async {
        for _ in 0..20 {
            assert_eq!(call("known", "192.0.2.1").await["isError"], false, "a known customer notices nothing");
        }
        let began = Instant::now();
        let first = call("new-elsewhere", "192.0.2.2").await;
        assert_eq!(first["isError"], false, "a new customer's first call is answered: {first}");
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    };
    let ((), ()) = tokio::join!(hammer, customers);
    // One who comes from where the hammer came from may have to wait.
    let first = call("new-here", "198.51.100.1").await;
    assert_eq!(first["isError"], false, "{first}");
    let requests = upstream.requests();
    assert!(requests.iter().all(|seen| seen.status != Some(429)), "OnceHub never had to refuse");
    let made_up = requests.iter().filter(|seen| seen.key.as_deref().is_some_and(|key| key.starts_with("made-up")));
    // A tenth of sixty for them all, half of that from one client address, and the test may span a few windows.
    assert!(made_up.count() <= 2 * 6, "the keys that were made up burnt more than their part");
    let open = server.client.get(format!("{}/metrics", server.url)).bearer_auth(TOKEN).send().await.unwrap();
    let open = open.text().await.unwrap();
    let line = open.lines().find_map(|line| line.strip_prefix(SESSIONS)).unwrap().trim().parse::<usize>().unwrap();
    assert!(line <= 50, "{line} sessions of keys that were made up");
}

#[tokio::test]
async fn a_key_is_proven_once_and_a_wrong_one_is_refused_from_memory() {
    let upstream = upstream().await;
    let server = Server::start(in_front_of(&upstream));
    let users = async |key: &str| server.call(key, "list_users", json!({"limit": 1})).await;
    let calls = futures::future::join_all((0..10).map(|_| users(sandbox::KEY))).await;
    assert!(calls.iter().all(|answer| answer["isError"] == false), "{calls:?}");
    let proofs = || upstream.requests().iter().filter(|seen| seen.path == "/v2/test").count();
    assert_eq!(proofs(), 1, "ten calls at once, and one proof");
    upstream.forget_requests();
    for _ in 0..5 {
        let answer = users("made-up").await;
        assert_eq!(answer["structuredContent"]["error"]["type"], "authentication_error", "{answer}");
        let answer = server.call("made-up", "test_connection", json!({})).await;
        assert_eq!(answer["structuredContent"]["error"]["type"], "authentication_error", "{answer}");
    }
    assert_eq!(upstream.requests().len(), 1, "OnceHub is asked once");
    // Whatever else goes wrong with the proof says nothing of the key.
    upstream.open_account("unlucky", |_| {});
    let fault = sandbox::Fault::new(sandbox::Effect::Status(500, "text/plain", "oops".into())).on("GET", "/test");
    upstream.fail(fault.times(1));
    assert_eq!(users("unlucky").await["isError"], false);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_keys_of_one_account_never_make_oncehub_refuse() {
    // Five in a little less than a second: how long a request is on its way is the machine's business.
    let limits = Limits { per_account: (5, Duration::from_millis(700)), ..Limits::default() };
    let settings = sandbox::Settings { limits: Some(limits), ..sandbox::Settings::default() };
    let upstream = Sandbox::start(settings).await.unwrap();
    upstream.set_keys(&[sandbox::KEY, "second"]);
    let server = Server::with(&upstream, |command| command.env_remove("ONCEHUB_MCP_RATE_LIMIT"));
    for key in [sandbox::KEY, "second"] {
        server.know(key).await;
    }
    let calls = (0..30).map(|number| {
        let key = if number % 2 == 0 { sandbox::KEY } else { "second" };
        server.call(key, "test_connection", json!({}))
    });
    let answers: Vec<Value> = futures::future::join_all(calls).await;
    assert!(answers.iter().all(|answer| answer["isError"] == false), "{answers:?}");
    // The sandbox serves five at once to an account, and refuses the sixth.
    assert!(upstream.requests().iter().all(|seen| seen.status == Some(200)));
}

#[tokio::test]
async fn a_proxy_that_says_nothing_is_told_of_at_start_and_can_be_refused() {
    let upstream = upstream().await;
    let server = Server::with(&upstream, |command| command.args(["--behind-proxy"]));
    let list = |server: &Server| server.modern(sandbox::KEY, "tools/list", json!({}));
    assert_eq!(list(&server).send().await.unwrap().status(), 200);
    let log = server.stop();
    assert!(log.contains("without X-Forwarded-Proto is assumed to have come over HTTPS"), "{log}");

    let server = Server::with(&upstream, |command| command.args(["--behind-proxy", "--require-forwarded-proto"]));
    let (status, reason) = refusal(list(&server)).await;
    assert!(status == 403 && reason.contains("X-Forwarded-Proto"), "{status} {reason}");
    assert_eq!(list(&server).header("X-Forwarded-Proto", "https").send().await.unwrap().status(), 200);
    for probe in ["/healthz", "/readyz"] {
        let answer = server.client.get(format!("{}{probe}", server.url)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{probe}");
    }
    let address = server.url.strip_prefix("http://").unwrap();
    let health = program().args(["http", "--listen", address, "--health"]).stdout(Stdio::null()).status().unwrap();
    assert!(health.success());
    assert!(!server.stop().contains("assumed to have come over HTTPS"));

    let output = program().args(["http", "--require-forwarded-proto"]).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && told.contains("--behind-proxy"), "{told}");
}

#[tokio::test]
async fn what_no_rate_limit_is_kept_for_is_told_at_start() {
    let upstream = upstream().await;
    for (windows, told) in [
        ("200/5m", Some("this machine's address, which all accounts share, has no window")),
        ("address=200/5m", Some("an account has no window")),
        ("off", Some("neither an account nor this machine's address has a window")),
        ("200/5m,5/1s", None),
    ] {
        let mut command = in_front_of(&upstream);
        command.env("ONCEHUB_MCP_RATE_LIMIT", windows);
        let log = Server::start(command).stop();
        match told {
            Some(told) => assert!(log.contains(told), "{windows}: {log}"),
            None => assert!(!log.contains("RATE_LIMIT"), "{windows}: {log}"),
        }
    }
}
