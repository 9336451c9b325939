//! HTTP as clients speak it: sets of headers, and what is answered. `docs/hosting.md` shows the table.

use std::fmt::Write as _;
use std::time::Duration;

use oncehub_mcp::sandbox::{self, Effect, Fault, Sandbox};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{MODERN, Server, in_front_of, initialize, message, upstream};

/// What is sent to a server whose callers have keys of their own, and what is answered.
pub(crate) struct Row {
    pub(crate) sent: Sent,
    pub(crate) path: &'static str,
    /// The headers that matter: `KEY` is a key, `LIVE` an open session, `GONE` one that is not. Without a key among them
    /// there is an API-Key, and without a content type it is JSON.
    pub(crate) headers: &'static [(&'static str, &'static str)],
    pub(crate) status: u16,
    pub(crate) kind: Kind,
    /// What is in the body, or in the head of the response.
    pub(crate) says: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    Initialize,
    /// A call in the open session, unless the headers name another.
    Call,
    /// A call of 2026-07-28.
    Modern,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Json,
    Events,
}

use Kind::{Events, Json};
use Sent::{Call, Initialize, Modern};

const fn row(
    sent: Sent,
    path: &'static str,
    headers: &'static [(&'static str, &'static str)],
    status: u16,
    kind: Kind,
    says: &'static str,
) -> Row {
    Row { sent, path, headers, status, kind, says }
}

const BOTH: (&str, &str) = ("Accept", "application/json, text/event-stream");

pub(crate) const ROWS: [Row; 38] = [
    row(Initialize, "/mcp", &[BOTH], 200, Events, "mcp-session-id: "),
    row(Call, "/mcp", &[BOTH], 200, Events, "\"isError\":false"),
    row(Modern, "/mcp", &[BOTH], 200, Json, "\"isError\":false"),
    row(Initialize, "/mcp", &[], 200, Json, "mcp-session-id: "),
    row(Call, "/mcp", &[], 200, Json, "\"isError\":false"),
    row(Modern, "/mcp", &[], 200, Json, "\"isError\":false"),
    row(Initialize, "/mcp", &[("Accept", "*/*")], 200, Json, "mcp-session-id: "),
    row(Call, "/mcp", &[("Accept", "*/*")], 200, Json, "\"isError\":false"),
    row(Modern, "/mcp", &[("Accept", "*/*")], 200, Json, "\"isError\":false"),
    row(Call, "/mcp", &[("Accept", "application/json")], 200, Json, "\"isError\":false"),
    row(Modern, "/mcp", &[("Accept", "application/json")], 200, Json, "\"isError\":false"),
    row(Call, "/mcp", &[("Accept", "application/*")], 200, Json, "\"isError\":false"),
    row(Call, "/mcp", &[("Accept", "text/event-stream, */*")], 200, Events, "\"isError\":false"),
    row(Initialize, "/mcp", &[("Accept", "text/event-stream")], 406, Json, "accept application/json"),
    row(Modern, "/mcp", &[("Accept", "text/html")], 406, Json, "accept application/json"),
    row(Modern, "/mcp", &[("Content-Type", "text/plain")], 415, Json, "Content-Type must be application/json"),
    row(Initialize, "/mcp", &[BOTH, ("Mcp-Session-Id", "GONE")], 200, Events, "mcp-session-id: "),
    row(Initialize, "/mcp", &[BOTH, ("Mcp-Session-Id", "LIVE")], 200, Events, "mcp-session-id: LIVE"),
    row(Call, "/mcp", &[BOTH, ("Mcp-Session-Id", "GONE")], 404, Json, "initialize a new one"),
    row(Modern, "/mcp", &[BOTH, ("Mcp-Session-Id", "GONE")], 200, Json, "\"isError\":false"),
    row(Modern, "/mcp", &[BOTH, ("Mcp-Session-Id", "LIVE")], 200, Json, "\"isError\":false"),
    row(Initialize, "/mcp/", &[BOTH], 200, Events, "mcp-session-id: "),
    row(Modern, "/", &[BOTH], 200, Json, "\"isError\":false"),
    row(Modern, "/sse/", &[BOTH], 200, Json, "\"isError\":false"),
    row(Modern, "/mcp", &[("Authorization", "Bearer KEY")], 200, Json, "\"isError\":false"),
    row(Modern, "/mcp", &[("Authorization", "KEY")], 200, Json, "\"isError\":false"),
    row(Modern, "/mcp", &[("Authorization", "Basic KEY")], 401, Json, "Authorization has to be 'Bearer …'"),
    row(Modern, "/mcp", &[("API-Key", "\"KEY\"")], 200, Json, "\"isError\":false"),
    row(Modern, "/mcp", &[("API-Key", "${ONCEHUB_API_KEY}")], 401, Json, "the placeholder ${…}: Claude Code expands"),
    row(Modern, "/mcp", &[("API-Key", "${input:oncehub-key}")], 401, Json, "the placeholder ${input:…}: only VS Code"),
    row(Modern, "/mcp", &[("Authorization", "Bearer <your key>")], 401, Json, "the placeholder <…>"),
    row(Initialize, "/sse", &[("API-Key", "YOUR_KEY")], 401, Json, "the placeholder YOUR_…"),
    row(Modern, "/mcp", &[("X-MCP-User", "dana@northlight.example")], 200, Json, "me: dana@northlight.example"),
    row(Call, "/mcp", &[("X-MCP-Time-Zone", "Europe/Berlin")], 200, Json, "\"time_zone\":\"Europe/Berlin\""),
    row(
        Call,
        "/mcp",
        &[("X-MCP-Time-Zone", "Berlin")],
        400,
        Json,
        "x-mcp-time-zone: 'Berlin' is not an IANA time zone",
    ),
    row(Modern, "/mcp", &[("X-MCP-Read-Only", "true")], 400, Json, "there are x-mcp-readonly"),
    row(Modern, "/mcp", &[("X-MCP-User", "me")], 200, Json, "names nobody"),
    row(Modern, "/mcp", &[("X-MCP-User", "a"), ("X-MCP-User", "b")], 400, Json, "x-mcp-user: send it once"),
];

/// A response: its status, its head in lower case, and its body.
struct Response {
    status: u16,
    head: String,
    body: String,
}

/// Sends exactly these headers, none of a client's own.
async fn send(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
    let host = server.url.strip_prefix("http://").unwrap();
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n");
    headers.iter().for_each(|(name, value)| write!(text, "{name}: {value}\r\n").unwrap());
    if !body.is_empty() {
        write!(text, "Content-Length: {}\r\n", body.len()).unwrap();
    }
    let mut stream = TcpStream::connect(host).await.unwrap();
    stream.write_all(format!("{text}\r\n{body}").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{method} {path}: {answer}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Response { status, head: head.to_ascii_lowercase(), body: body.to_owned() }
}

/// Sends a row's request.
async fn ask(server: &Server, row: &Row, session: &str) -> Response {
    let known = |text: &str| text.replace("KEY", sandbox::KEY).replace("LIVE", session).replace("GONE", "0123abcd");
    // What is a placeholder stays one.
    let is_placeholder = |value: &str| ["${", "<", "YOUR_"].iter().any(|start| value.contains(start));
    let value = |value: &str| if is_placeholder(value) { value.to_owned() } else { known(value) };
    let mut headers: Vec<(&str, String)> = row.headers.iter().map(|(name, text)| (*name, value(text))).collect();
    let has = |headers: &[(&str, String)], wanted: &[&str]| headers.iter().any(|(name, _)| wanted.contains(name));
    if !has(&headers, &["API-Key", "Authorization"]) {
        headers.push(("API-Key", sandbox::KEY.to_owned()));
    }
    if !has(&headers, &["Content-Type"]) {
        headers.push(("Content-Type", "application/json".to_owned()));
    }
    let mut params = json!({"name": "test_connection", "arguments": {}});
    let body = match row.sent {
        Initialize => initialize(),
        Call => {
            if !has(&headers, &["Mcp-Session-Id"]) {
                headers.push(("Mcp-Session-Id", session.to_owned()));
            }
            json!({"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": params})
        }
        Modern => {
            for (name, value) in
                [("MCP-Protocol-Version", MODERN), ("Mcp-Method", "tools/call"), ("Mcp-Name", "test_connection")]
            {
                headers.push((name, value.to_owned()));
            }
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": MODERN,
                "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
                "io.modelcontextprotocol/clientCapabilities": {}
            });
            json!({"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": params})
        }
    };
    let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    send(server, "POST", row.path, &headers, &body.to_string()).await
}

#[tokio::test]
async fn each_set_of_headers_is_answered_as_the_table_says() {
    let upstream = upstream().await;
    let server = Server::start(in_front_of(&upstream));
    let session = server.open(sandbox::KEY).await;
    for row in ROWS {
        let Response { status, head, body } = ask(&server, &row, &session).await;
        let what = format!("{:?} {} {:?}: {status}\n{head}\n{body}", row.sent, row.path, row.headers);
        assert_eq!(status, row.status, "{what}");
        let kind = match row.kind {
            Json => "application/json",
            Events => "text/event-stream",
        };
        assert!(head.lines().any(|line| line == format!("content-type: {kind}")), "{what}");
        let says = row.says.replace("LIVE", &session);
        let is_in_text = body.contains(&says) || body.contains(&says.replace('"', "\\\""));
        assert!(is_in_text || head.contains(&says), "{says} is not said: {what}");
        if row.kind == Json {
            let message: Value = serde_json::from_str(&body).unwrap_or_else(|_| panic!("{what}"));
            assert_eq!(message["jsonrpc"], "2.0", "{what}");
            assert_eq!(message.get("error").is_some(), status != 200, "{what}");
        }
        if row.sent == Initialize && status == 200 {
            let is_another = !head.contains(&session);
            assert_eq!(is_another, row.says != "mcp-session-id: LIVE", "{what}");
        }
    }
    assert!(upstream.requests().iter().all(|seen| seen.key.as_deref() == Some(sandbox::KEY)), "only keys are sent");
    let log = server.stop();
    assert!(!log.contains(sandbox::KEY), "{log}");
}

#[tokio::test]
async fn an_open_session_that_is_initialized_again_goes_on() {
    let upstream = upstream().await;
    let server = Server::start(in_front_of(&upstream));
    let session = server.open(sandbox::KEY).await;
    let again = server.post("/mcp", sandbox::KEY, &initialize()).header("Mcp-Session-Id", &session);
    let again = again.send().await.unwrap();
    assert_eq!((again.status().as_u16(), again.headers()["mcp-session-id"].as_bytes()), (200, session.as_bytes()));
    assert!(message(again).await["serverInfo"].is_object());
    let call = server.in_session(sandbox::KEY, &session, "test_connection", &json!({}));
    assert_eq!(message(call.send().await.unwrap()).await["isError"], false);
    // Nobody else's: the other opens one of their own, and learns nothing.
    upstream.open_account("another", |_| {});
    let other = server.post("/mcp", "another", &initialize()).header("Mcp-Session-Id", &session).send().await.unwrap();
    assert_eq!(other.status(), 200);
    assert_ne!(other.headers()["mcp-session-id"], session.as_str());
    let figures = server.client.get(format!("{}/metrics", server.url)).send().await.unwrap().text().await.unwrap();
    assert!(figures.contains("mcp_sessions{transport=\"streamable_http\"} 2"), "{figures}");
}

#[tokio::test]
async fn a_session_opened_at_the_root_is_listened_to_and_ended_there() {
    let upstream = upstream().await;
    let server = Server::start(in_front_of(&upstream));
    for path in ["/", "/mcp/", "/sse/"] {
        let opened = server.post(path, sandbox::KEY, &initialize()).send().await.unwrap();
        let session = opened.headers()["mcp-session-id"].clone();
        let at = |method| {
            let request =
                server.client.request(method, format!("{}{path}", server.url)).header("API-Key", sandbox::KEY);
            request.header("Accept", "text/event-stream").header("Mcp-Session-Id", session.clone())
        };
        let stream = at(reqwest::Method::GET).send().await.unwrap();
        assert_eq!(
            (stream.status().as_u16(), stream.headers()["content-type"].as_bytes()),
            (200, &b"text/event-stream"[..])
        );
        assert_eq!(at(reqwest::Method::DELETE).send().await.unwrap().status(), 204, "{path}");
        assert_eq!(at(reqwest::Method::GET).send().await.unwrap().status(), 404, "{path}");
    }
    let page = server.client.get(&server.url).send().await.unwrap();
    assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"), "a person sees the page");
}

#[tokio::test]
async fn whatever_is_rejected_is_told_why() {
    let upstream = upstream().await;
    let server = Server::start(in_front_of(&upstream));
    let session = server.open(sandbox::KEY).await;
    let key = ("API-Key", sandbox::KEY);
    let of_session = ("Mcp-Session-Id", session.as_str());
    let kind = ("Content-Type", "application/json");
    let (modern, old) = (("MCP-Protocol-Version", MODERN), ("MCP-Protocol-Version", "1999-01-01"));
    let list = r#"{"jsonrpc":"2.0","id":9,"method":"tools/list"}"#;
    let cases = [
        ("PUT", "/mcp", vec![key], "", 405),
        ("PUT", "/", vec![key], "", 405),
        ("PATCH", "/sse", vec![key], "", 405),
        ("GET", "/message", vec![key], "", 405),
        ("POST", "/healthz", vec![], "", 405),
        ("DELETE", "/readyz", vec![], "", 405),
        ("POST", "/metrics", vec![], "", 405),
        ("GET", "/mcp", vec![key, modern, ("Accept", "text/event-stream")], "", 405),
        ("DELETE", "/mcp", vec![key, modern, of_session], "", 405),
        ("GET", "/mcp", vec![key, of_session, ("Accept", "application/json")], "", 406),
        ("GET", "/mcp", vec![key], "", 406),
        ("GET", "/sse", vec![key, ("Accept", "application/json")], "", 406),
        ("DELETE", "/mcp", vec![key], "", 400),
        ("GET", "/mcp", vec![key, ("Accept", "text/event-stream")], "", 400),
        ("POST", "/mcp", vec![key, kind], list, 400),
        ("POST", "/mcp", vec![key, kind, of_session, old], list, 400),
        ("POST", "/mcp", vec![key, kind], r#"{"jsonrpc":"1.0","id":9}"#, 400),
        ("POST", "/mcp", vec![key, kind], "{", 400),
        ("POST", "/mcp", vec![key], list, 415),
        ("POST", "/mcp", vec![kind], list, 401),
        ("POST", "/message?sessionId=a&sessionId=b", vec![key, kind], list, 400),
        ("POST", "/message", vec![key, kind], list, 400),
        ("POST", "/mcp/elsewhere", vec![key, kind], list, 404),
        ("GET", "/metrics/", vec![], "", 404),
    ];
    let count = cases.len();
    for (method, path, headers, body, expected) in cases {
        let Response { status, head, body } = send(&server, method, path, &headers, body).await;
        let what = format!("{method} {path} {headers:?}: {status} {head}\n{body}");
        assert_eq!(status, expected, "{what}");
        let told: Value = serde_json::from_str(&body).unwrap_or_else(|_| panic!("{what}"));
        assert!(told["error"]["message"].as_str().is_some_and(|reason| reason.len() > 20), "{what}");
        assert_eq!(head.contains("\r\nallow: "), status == 405, "{what}");
        assert!(head.contains("\r\nx-request-id: "), "{what}");
    }
    let figures = server.figures().await;
    let refused =
        figures.lines().filter_map(|line| line.strip_prefix("http_requests_refused_total{")?.split_once("} "));
    let counts: Vec<usize> = refused.map(|(_, count)| count.parse().unwrap()).collect();
    assert_eq!(counts.iter().sum::<usize>(), count, "each is counted once:\n{figures}");
}

/// A call that reads several pages.
fn search() -> Value {
    json!({"name": "list_bookings", "arguments": {"limit": 150}, "_meta": {"progressToken": "p"}})
}

#[tokio::test]
async fn a_call_whose_client_takes_json_only_reports_no_progress() {
    let settings = sandbox::Settings { limits: None, more_bookings: 150, ..sandbox::Settings::default() };
    let upstream = Sandbox::start(settings).await.unwrap();
    let server = Server::with(&upstream, |command| command.env("ONCEHUB_MCP_MAX_REPLY", "1000"));
    let session = server.open(sandbox::KEY).await;
    for accept in ["application/json, text/event-stream", "application/json"] {
        let is_stream = accept.contains("text");
        let call = json!({"jsonrpc": "2.0", "id": accept, "method": "tools/call", "params": search()});
        let in_session = server.post("/mcp", sandbox::KEY, &call).header("Mcp-Session-Id", &session);
        let mut modern = server.modern(sandbox::KEY, "tools/call", search()).build().unwrap();
        let mut body: Value = serde_json::from_slice(modern.body().unwrap().as_bytes().unwrap()).unwrap();
        body["params"]["_meta"]["progressToken"] = json!("p");
        *modern.body_mut() = Some(body.to_string().into());
        for mut request in [in_session.build().unwrap(), modern] {
            request.headers_mut().insert("accept", accept.parse().unwrap());
            upstream.fail(Fault::new(Effect::Delay(Duration::from_millis(1500))).times(1));
            let response = server.client.execute(request).await.unwrap();
            let kind = if is_stream { "text/event-stream" } else { "application/json" };
            assert_eq!(
                (response.status().as_u16(), response.headers()["content-type"].as_bytes()),
                (200, kind.as_bytes())
            );
            let text = response.text().await.unwrap();
            assert_eq!(text.contains("notifications/progress"), is_stream);
            assert!(text.contains("\"isError\":false"));
        }
    }
}

/// A server, and a session of a client that can ask.
async fn asking(upstream: &Sandbox, confirm: &str) -> (Server, String) {
    let mut command = in_front_of(upstream);
    command.env("ONCEHUB_MCP_CONFIRM", confirm);
    let server = Server::start(command);
    let mut hello = initialize();
    hello["params"]["capabilities"] = json!({"elicitation": {}});
    let opened = server.post("/mcp", sandbox::KEY, &hello).send().await.unwrap();
    let session = opened.headers()["mcp-session-id"].to_str().unwrap().to_owned();
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    server.post("/mcp", sandbox::KEY, &ready).header("Mcp-Session-Id", &session).send().await.unwrap();
    (server, session)
}

#[tokio::test]
async fn a_call_whose_client_takes_json_only_asks_nobody_while_it_waits() {
    let upstream = upstream().await;
    let delete = json!({"contact_id": "olivia@marchetti.example"});
    let json_only = |request: reqwest::RequestBuilder| {
        let mut request = request.build().unwrap();
        request.headers_mut().insert("accept", "application/json".parse().unwrap());
        request
    };
    let (server, session) = asking(&upstream, "always").await;
    let call = json_only(server.in_session(sandbox::KEY, &session, "delete_contact", &delete));
    let refused = message(server.client.execute(call).await.unwrap()).await;
    assert_eq!(refused["structuredContent"]["error"]["type"], "not_confirmed", "{refused}");
    // The same session, and a request that can ask.
    let listen = server.client.get(format!("{}/mcp", server.url)).header("API-Key", sandbox::KEY);
    let listen = listen.header("Accept", "text/event-stream").header("Mcp-Session-Id", &session);
    let mut stream = listen.send().await.unwrap();
    let call = server.in_session(sandbox::KEY, &session, "delete_contact", &delete).send().await.unwrap();
    let mut told = String::new();
    while !told.contains("elicitation/create") {
        told.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().expect("a question")).unwrap());
    }
    drop(call);
    // A question of 2026-07-28 is the response itself.
    let params = json!({"name": "delete_contact", "arguments": delete});
    let call = json_only(server.modern(sandbox::KEY, "tools/call", params));
    let asked = message(server.client.execute(call).await.unwrap()).await;
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    assert!(upstream.requests().iter().all(|seen| seen.method != "DELETE"));

    let (server, session) = asking(&upstream, "auto").await;
    let call = json_only(server.in_session(sandbox::KEY, &session, "delete_contact", &delete));
    let done = message(server.client.execute(call).await.unwrap()).await;
    assert_eq!(done["structuredContent"]["deleted"], true, "as with any client that cannot ask: {done}");
}

#[tokio::test]
async fn who_and_where_a_caller_is_holds_for_their_request_alone() {
    let upstream = upstream().await;
    let server = Server::with(&upstream, |command| {
        command
            .env("ONCEHUB_API_KEY", sandbox::KEY)
            .env("ONCEHUB_MCP_USER", "sam@northlight.example")
            .arg("--shared-key")
    });
    let session = server.open(sandbox::KEY).await;
    server.know(sandbox::KEY).await;
    let callers = [
        (Some("dana@northlight.example"), Some("Asia/Kolkata")),
        (Some("priya@northlight.example"), None),
        (None, Some("America/New_York")),
        (None, None),
    ];
    // With a key of their own, in a session and without, and with the server's key: all at once.
    let calls = (0..60).map(|number| {
        let (user, zone) = callers[number % callers.len()];
        let params = json!({"name": "test_connection", "arguments": {}});
        let server = &server;
        let session = &session;
        async move {
            let mut request = match number % 3 {
                1 => server.in_session(sandbox::KEY, session, "test_connection", &json!({})).build().unwrap(),
                _ => server.modern(sandbox::KEY, "tools/call", params).build().unwrap(),
            };
            if number % 3 == 2 {
                request.headers_mut().remove("api-key");
            }
            let said = [("x-mcp-user", user), ("x-mcp-time-zone", zone)];
            for (name, value) in said.into_iter().filter_map(|(name, value)| Some((name, value?))) {
                request.headers_mut().insert(name, value.parse().unwrap());
            }
            let told = message(server.client.execute(request).await.unwrap()).await;
            // Only the operator's own account has the operator's `me`; a caller's own key says who its account is.
            let of_key = if number % 3 == 2 { "sam@northlight.example" } else { "margaret@northlight.example" };
            let told = &told["structuredContent"];
            assert_eq!(told["me"].as_str(), user.or(Some(of_key)), "{number}: {told}");
            let of_me = match told["me"].as_str().unwrap() {
                "priya@northlight.example" => "Asia/Kolkata",
                "margaret@northlight.example" => "America/New_York",
                // Nobody has this address.
                _ => "UTC",
            };
            assert_eq!(told["time_zone"], zone.unwrap_or(of_me), "{number}: {told}");
        }
    });
    futures::future::join_all(calls).await;
    let me = async |user: &str| {
        let params = json!({"name": "get_scheduling_availability", "arguments": {"user_id": "me"}});
        let call = server.modern(sandbox::KEY, "tools/call", params).header("X-MCP-User", user);
        message(call.send().await.unwrap()).await["structuredContent"].clone()
    };
    for user in ["dana@northlight.example", "Dana Reyes"] {
        assert_eq!(me(user).await["user_name"], "Dana Reyes", "{user}");
    }
    let nobody = me("nobody@northlight.example").await;
    assert!(nobody["error"]["message"].as_str().unwrap().contains("X-MCP-User"), "{nobody}");
}
