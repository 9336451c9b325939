//! `oncehub-mcp demo --web`: the page is for this machine's own browser, and nobody changes anything without its address.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use oncehub_mcp::apps::{EXTENSION, MIME_TYPE, View};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use super::agents::program;
use super::http::{MODERN, client, message};

/// A running demo.
struct Demo {
    child: Child,
    client: Client,
    /// The server's address, and the token behind the page's.
    root: String,
    token: String,
}

impl Demo {
    fn start(arguments: &[&str]) -> Self {
        let mut command = program();
        command.args(["demo", "--web"]).args(arguments).env("ONCEHUB_MCP_RATE_LIMIT", "off");
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.split_whitespace().find(|word| word.starts_with("http://127.0.0.1:")).unwrap();
        let (page, token) = url.split_once('#').unwrap();
        let root = page.strip_suffix("/demo").unwrap().to_owned();
        Self { child, client: client(), root, token: token.to_owned() }
    }

    fn page(&self) -> RequestBuilder {
        self.client.get(format!("{}/demo", self.root))
    }

    /// A request as the page makes it.
    fn ask(&self, method: &str, mut params: Value) -> RequestBuilder {
        let name = params["name"].as_str().or(params["uri"].as_str()).unwrap_or_default().to_owned();
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientInfo": {"name": "page", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {"extensions": {EXTENSION: {"mimeTypes": [MIME_TYPE]}}},
        });
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let request = self.client.post(format!("{}/mcp", self.root)).header("Accept", "application/json");
        let request = request.header("Content-Type", "application/json").header("MCP-Protocol-Version", MODERN);
        let request = request.header("Mcp-Method", method).body(message.to_string());
        if name.is_empty() { request } else { request.header("Mcp-Name", name) }
    }

    async fn call(&self, tool: &str, arguments: Value) -> Value {
        let asked = self.ask("tools/call", json!({"name": tool, "arguments": arguments})).bearer_auth(&self.token);
        message(asked.send().await.unwrap()).await["structuredContent"].clone()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn the_page_works_with_its_token_and_not_without() {
    let demo = Demo::start(&[]);
    let page = demo.page().send().await.unwrap();
    assert_eq!(page.status(), 200);
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("connect-src 'self'"), "{policy}");
    let text = page.text().await.unwrap();
    assert!(!text.contains(&demo.token), "the page itself knows nothing");
    for view in View::all() {
        assert!(text.contains(&format!("data-show=\"{}\"", view.name())) && text.contains(view.opened_by()));
    }
    let listed = || demo.ask("tools/list", json!({}));
    assert_eq!(listed().send().await.unwrap().status(), 401);
    assert_eq!(listed().bearer_auth("a-t0ken-of-the-tests").send().await.unwrap().status(), 401);
    let tools = message(listed().bearer_auth(&demo.token).send().await.unwrap()).await;
    assert!(tools["tools"].as_array().unwrap().iter().any(|tool| tool["name"] == "show_bookings"), "{tools}");
    let read = demo.ask("resources/read", json!({"uri": View::Slots.uri()})).bearer_auth(&demo.token);
    assert_eq!(message(read.send().await.unwrap()).await["contents"][0]["text"], View::Slots.document());
    // What the views do: what is shown can be booked, and is then taken.
    let shown = demo.call("show_free_slots", json!({"calendar_id": "Intro call"})).await;
    let start = &shown["days"][1]["starts"][0];
    let booked = json!({
        "calendar_id": shown["calendar"]["id"], "start_time": start, "guest_time_zone": shown["time_zone"],
        "guest_name": "Ada Okafor", "guest_email": "ada.okafor@example.com",
    });
    assert_eq!(demo.call("schedule_meeting", booked).await["status"], "scheduled");
    let again = demo.call("show_free_slots", json!({"calendar_id": "Intro call"})).await;
    assert_ne!(&again["days"][1]["starts"][0], start);
}

#[tokio::test]
async fn no_other_page_and_no_other_name_reaches_it() {
    let demo = Demo::start(&["--read-only"]);
    for (header, value) in [("Origin", "https://evil.example"), ("Origin", "null"), ("Host", "evil.example")] {
        assert_eq!(demo.page().header(header, value).send().await.unwrap().status(), 403, "{header}: {value}");
        let asked = demo.ask("tools/list", json!({})).bearer_auth(&demo.token).header(header, value);
        assert_eq!(asked.send().await.unwrap().status(), 403, "{header}: {value}");
    }
    assert_eq!(demo.page().header("Origin", &demo.root).send().await.unwrap().status(), 200);
    // Settings hold here, too.
    let shown = demo.call("show_free_slots", json!({"calendar_id": "Intro call"})).await;
    assert_eq!(shown["can"], json!({"book": false}));
}
