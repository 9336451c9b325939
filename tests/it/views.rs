//! Views in the chat, by every way in and in both eras: listed, opened and read by clients that say that they have them.

use oncehub_mcp::apps::{EXTENSION, MIME_TYPE, View};
use oncehub_mcp::sandbox::KEY;
use serde_json::{Value, json};

use super::agents::{Session, program};
use super::http::{MODERN, Server, message, upstream};

/// What a client declares, with views or without.
fn capabilities(with_views: bool) -> Value {
    if with_views { json!({"extensions": {EXTENSION: {"mimeTypes": [MIME_TYPE]}}}) } else { json!({}) }
}

fn initialize(with_views: bool) -> Value {
    json!({
        "protocolVersion": "2025-11-25", "capabilities": capabilities(with_views),
        "clientInfo": {"name": "test", "version": "1"}
    })
}

/// A request's parameters, as 2026-07-28 has them.
fn modern(mut params: Value, with_views: bool) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": capabilities(with_views),
    });
    params
}

/// What a client asks, and what it has to be answered: with views or without.
struct Asked {
    about: Value,
    tools: Value,
    resources: Value,
    opened: Value,
    read: Value,
    wrong: Value,
}

const REQUESTS: [&str; 5] = ["tools/list", "resources/list", "tools/call", "resources/read", "resources/read"];

fn params() -> [Value; 5] {
    [
        json!({}),
        json!({}),
        json!({"name": "show_availability", "arguments": {"user_id": "dana@northlight.example"}}),
        json!({"uri": "ui://oncehub/agenda/0ld"}),
        json!({"uri": "ui://oncehub/elsewhere"}),
    ]
}

impl Asked {
    fn of(about: Value, answers: Vec<Value>) -> Self {
        let [tools, resources, opened, read, wrong] = answers.try_into().unwrap();
        Self { about, tools, resources, opened, read, wrong }
    }

    /// Holds the answers to what they have to be.
    fn check(&self, way: &str, with_views: bool) {
        assert_eq!(self.about["capabilities"]["extensions"][EXTENSION], json!({}), "{way}");
        let told = self.about["instructions"].as_str().unwrap();
        assert_eq!(told.contains("show_bookings"), with_views, "{way}: {told}");
        let tools = self.tools["tools"].as_array().unwrap();
        let shown: Vec<&Value> =
            tools.iter().filter(|tool| tool["name"].as_str().unwrap().starts_with("show_")).collect();
        let listed = self.resources["resources"].as_array().unwrap();
        let listed: Vec<&Value> = listed.iter().filter(|it| it["uri"].as_str().unwrap().starts_with("ui://")).collect();
        assert_eq!((shown.len(), listed.len()), if with_views { (3, 3) } else { (0, 0) }, "{way}");
        for tool in shown {
            let uri = &tool["_meta"]["ui"]["resourceUri"];
            assert_eq!(uri, &tool["_meta"]["ui/resourceUri"], "{way}");
            assert!(listed.iter().any(|it| it["uri"] == *uri && it["mimeType"] == MIME_TYPE), "{way}: {uri}");
        }
        assert!(with_views || tools.iter().all(|tool| tool["_meta"].is_null()), "{way}");
        if with_views {
            assert_eq!(self.opened["structuredContent"]["user"]["name"], "Dana Reyes", "{way}: {}", self.opened);
            assert!(self.opened["content"][0]["text"].as_str().unwrap().contains("09:00-17:00"), "{way}");
        } else {
            let refused = self.opened["message"].as_str().unwrap();
            assert!(refused.contains("does not offer 'show_availability'") && refused.contains("--views on"), "{way}");
        }
        // An old chat asks, whatever its client says of itself.
        let document = &self.read["contents"][0];
        assert_eq!((&document["uri"], &document["mimeType"]), (&json!("ui://oncehub/agenda/0ld"), &json!(MIME_TYPE)));
        assert_eq!(document["text"], View::Agenda.document(), "{way}");
        assert!(self.wrong["message"].as_str().unwrap().contains("ui://oncehub/slots/"), "{way}: {}", self.wrong);
        assert_eq!(self.wrong["data"]["uri"], "ui://oncehub/elsewhere", "{way}");
    }
}

fn of_line(answer: &Value) -> Value {
    if answer["result"].is_null() { answer["error"].clone() } else { answer["result"].clone() }
}

#[test]
fn over_standard_input_each_request_of_today_decides_for_itself() {
    let mut command = program();
    command.arg("--sandbox");
    let mut session = Session::start(command);
    // One process, and clients with views and without in turn.
    for with_views in [true, false, true] {
        let about = of_line(&session.request("server/discover", modern(json!({}), with_views)));
        let ask = |(method, params): (&&str, Value)| of_line(&session.request(method, modern(params, with_views)));
        let asked = Asked::of(about, REQUESTS.iter().zip(params()).map(ask).collect());
        asked.check("stdio, modern", with_views);
        assert_eq!((&asked.read["ttlMs"], &asked.read["cacheScope"]), (&json!(3_600_000), &json!("public")));
        assert_eq!(asked.resources["cacheScope"], "private");
        assert_eq!(asked.tools["cacheScope"], "private");
    }
    session.end();
}

#[test]
fn over_standard_input_the_handshake_of_before_decides() {
    for with_views in [true, false] {
        let mut command = program();
        command.arg("--sandbox");
        let mut session = Session::start(command);
        let about = of_line(&session.request("initialize", initialize(with_views)));
        session.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        let ask = |(method, params): (&&str, Value)| of_line(&session.request(method, params));
        Asked::of(about, REQUESTS.iter().zip(params()).map(ask).collect()).check("stdio, legacy", with_views);
        session.end();
    }
}

fn request(id: usize, method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

#[tokio::test]
async fn over_http_it_is_the_same() {
    let upstream = upstream().await;
    let server = Server::with(&upstream, |command| command);
    for with_views in [true, false] {
        let post = async |method: &str, params: Value| {
            let params = modern(params, with_views);
            let posted = server.post("/mcp", KEY, &request(1, method, &params));
            let posted = posted.header("MCP-Protocol-Version", MODERN).header("Mcp-Method", method);
            let name = params["name"].as_str().or(params["uri"].as_str());
            let posted = if let Some(name) = name { posted.header("Mcp-Name", name) } else { posted };
            message(posted.send().await.unwrap()).await
        };
        let about = post("server/discover", json!({})).await;
        let mut answers = Vec::new();
        for (method, params) in REQUESTS.iter().zip(params()) {
            answers.push(post(method, params).await);
        }
        Asked::of(about, answers).check("/mcp, modern", with_views);

        let hello = server.post("/mcp", KEY, &request(1, "initialize", &initialize(with_views))).send().await.unwrap();
        let session = hello.headers()["mcp-session-id"].to_str().unwrap().to_owned();
        let about = message(hello).await;
        let in_session = |message: &Value| server.post("/mcp", KEY, message).header("Mcp-Session-Id", &session);
        in_session(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).send().await.unwrap();
        let mut answers = Vec::new();
        for (id, (method, params)) in REQUESTS.iter().zip(params()).enumerate() {
            answers.push(message(in_session(&request(id + 2, method, &params)).send().await.unwrap()).await);
        }
        Asked::of(about, answers).check("/mcp, legacy", with_views);

        let (mut stream, address) = server.open_sse(KEY).await;
        let mut heard = String::new();
        let mut ask = async |id: usize, method: &str, params: &Value| {
            server.post(&address, KEY, &request(id, method, params)).send().await.unwrap();
            loop {
                let events = heard.lines().filter_map(|line| line.strip_prefix("data: "));
                let mut messages = events.filter_map(|data| serde_json::from_str::<Value>(data).ok());
                if let Some(found) = messages.find(|message| message["id"] == id) {
                    return of_line(&found);
                }
                heard.push_str(&String::from_utf8_lossy(&stream.chunk().await.unwrap().unwrap()));
            }
        };
        let about = ask(1, "initialize", &initialize(with_views)).await;
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        server.post(&address, KEY, &ready).send().await.unwrap();
        let mut answers = Vec::new();
        for (id, (method, params)) in REQUESTS.iter().zip(params()).enumerate() {
            answers.push(ask(id + 2, method, &params).await);
        }
        Asked::of(about, answers).check("/sse", with_views);
    }
}

#[tokio::test]
async fn over_http_the_headers_narrow_the_views_too() {
    let upstream = upstream().await;
    let server = Server::with(&upstream, |command| command.env("ONCEHUB_MCP_VIEWS", "on"));
    let names = async |method: &str, kind: &str, name: &str, headers: &[(&str, &str)]| -> Vec<String> {
        let mut listed = server.modern(KEY, method, json!({}));
        for (header, value) in headers {
            listed = listed.header(*header, *value);
        }
        let listed = message(listed.send().await.unwrap()).await;
        let names = listed[kind].as_array().unwrap().iter().map(|one| one[name].as_str().unwrap().to_owned());
        names.filter(|name| name.starts_with("show_") || name.starts_with("ui://oncehub/")).collect()
    };
    let tools = async |headers: &[(&str, &str)]| names("tools/list", "tools", "name", headers).await;
    let all = ["show_availability", "show_bookings", "show_free_slots"];
    assert_eq!(tools(&[]).await, all);
    assert_eq!(tools(&[("X-MCP-Readonly", "true")]).await, all, "they only read");
    assert_eq!(tools(&[("X-MCP-Toolsets", "views")]).await, all);
    assert!(tools(&[("X-MCP-Toolsets", "core")]).await.is_empty());
    assert_eq!(tools(&[("X-MCP-Exclude-Tools", "show_bookings")]).await, ["show_availability", "show_free_slots"]);
    let listed = names("resources/list", "resources", "uri", &[("X-MCP-Exclude-Tools", "show_bookings")]).await;
    assert_eq!(listed, [View::Slots.uri(), View::Availability.uri()]);
    // What a person cannot do, they are not shown a button for.
    let asked = json!({"name": "show_bookings", "arguments": {}});
    let opened = server.modern(KEY, "tools/call", asked).header("X-MCP-Readonly", "true");
    let opened = message(opened.send().await.unwrap()).await;
    let nothing = json!({"cancel": false, "request_reschedule": false, "reassign": false, "mark_no_show": false});
    assert_eq!(opened["structuredContent"]["can"], nothing, "{opened}");
}

#[test]
fn an_operator_offers_views_to_all_or_to_none() {
    let listed = |arguments: &[&str], with_views: bool| {
        let mut command = program();
        command.arg("--sandbox").args(arguments);
        let mut session = Session::start(command);
        let about = of_line(&session.request("server/discover", modern(json!({}), with_views)));
        let tools = of_line(&session.request("tools/list", modern(json!({}), with_views)));
        let shown = tools["tools"].as_array().unwrap().iter();
        let shown = shown.filter(|tool| tool["name"].as_str().unwrap().starts_with("show_")).count();
        let read = json!({"uri": View::Slots.uri()});
        let read = of_line(&session.request("resources/read", modern(read, with_views)));
        session.end();
        (about["capabilities"]["extensions"][EXTENSION] == json!({}), shown, read["contents"].is_array())
    };
    assert_eq!(listed(&["--views", "on"], false), (true, 3, true));
    assert_eq!(listed(&["--views", "off"], true), (false, 0, false));
    assert_eq!(listed(&["--structured", "off"], true), (false, 0, false), "a view shows the structure of a reply");
    assert_eq!(listed(&["--toolsets", "core"], true), (true, 0, true));
    assert_eq!(listed(&["--toolsets", "core,views"], true), (true, 3, true));
    assert_eq!(listed(&["--read-only"], true), (true, 3, true));
}
