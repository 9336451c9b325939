//! `oncehub-mcp http`, as its callers and its operator meet it. What MCP's own clients see of it is tested with them, in
//! `tests/clients`.

mod campaign;
mod changing;
mod checked;
mod connections;
mod door;
mod keys;
mod limits;
#[cfg(unix)]
mod operated;
#[cfg(unix)]
mod replicas;
#[cfg(unix)]
mod rolling;
mod sdk;
mod seen;
mod shutdown;
mod sign_in;
pub(crate) mod spoken;
#[cfg(target_os = "linux")]
mod store;
mod strangers;
mod tenants;
mod tls;
mod trail;

use std::io::{BufRead, BufReader};
use std::ops::{Deref, DerefMut};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Receiver;
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use oncehub_mcp::sandbox::{self, Sandbox};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

use super::agents::{PATIENCE, program, read_whole};

/// The newest protocol version: no sessions, and everything about a request in the request.
pub(super) const MODERN: &str = "2026-07-28";

/// A server's token.
pub(super) const TOKEN: &str = "a-t0ken-of-the-tests";

/// A running server.
pub(super) struct Server {
    child: Child,
    errors: Mutex<Receiver<String>>,
    remote: Remote,
}

/// An address that MCP is spoken at.
pub(super) struct Remote {
    pub(super) url: String,
    pub(super) client: Client,
    ids: AtomicU64,
}

impl Deref for Server {
    type Target = Remote;

    fn deref(&self) -> &Remote {
        &self.remote
    }
}

impl DerefMut for Server {
    fn deref_mut(&mut self) -> &mut Remote {
        &mut self.remote
    }
}

/// A sandbox without limits.
pub(super) async fn upstream() -> Sandbox {
    Sandbox::start(sandbox::Settings { limits: None, ..sandbox::Settings::default() }).await.unwrap()
}

/// The program in front of a sandbox, for callers with keys of their own; without limits of its own.
pub(super) fn in_front_of(sandbox: &Sandbox) -> Command {
    let mut command = program();
    command.env("ONCEHUB_API_URL", sandbox.url()).env("ONCEHUB_MCP_RATE_LIMIT", "off").env("ONCEHUB_MCP_LOG", "info");
    command.args(["http", "--listen", "127.0.0.1:0"]);
    command
}

/// A client without proxies, which keeps nothing that a test has not asked for.
pub(super) fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().timeout(PATIENCE).build().unwrap()
}

impl Server {
    /// The program in front of a sandbox, with more settings.
    pub(super) fn with(sandbox: &Sandbox, settings: impl FnOnce(&mut Command) -> &mut Command) -> Self {
        let mut command = in_front_of(sandbox);
        settings(&mut command);
        Self::start(command)
    }

    pub(super) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let errors = read_whole(child.stderr.take().unwrap());
        let url = line.split_whitespace().find_map(|word| word.strip_suffix("/mcp"));
        let url = url.unwrap_or_else(|| panic!("it did not start: {}", errors.recv().unwrap())).to_owned();
        Self { child, errors: Mutex::new(errors), remote: Remote::at(url) }
    }

    /// Asks the process to end, as a service manager does.
    pub(super) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends the process a signal.
    pub(super) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &*id]).status().unwrap().success());
    }

    /// Waits for the process to end: its exit code and its log.
    pub(super) fn wait(mut self) -> (Option<i32>, String) {
        let log = self.errors.get_mut().unwrap().recv_timeout(PATIENCE).expect("the process did not end");
        (self.child.wait().unwrap().code(), log)
    }

    /// Ends it at once; its log.
    pub(super) fn stop(self) -> String {
        self.terminate();
        self.wait().1
    }
}

impl Remote {
    fn at(url: String) -> Self {
        Self { url, client: client(), ids: AtomicU64::new(2) }
    }

    /// The same address for another client.
    #[cfg(unix)]
    pub(super) fn another(&self) -> Self {
        Self::at(self.url.clone())
    }

    /// A message, with the headers that MCP wants and this key.
    pub(super) fn post(&self, path: &str, key: &str, message: &Value) -> RequestBuilder {
        self.client
            .post(format!("{}{path}", self.url))
            .header("API-Key", key)
            .header("Accept", "application/json, text/event-stream")
            .header("Content-Type", "application/json")
            .body(message.to_string())
    }

    /// A request of 2026-07-28.
    pub(super) fn modern(&self, key: &str, method: &str, mut params: Value) -> RequestBuilder {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}}
        });
        // What the request is about.
        let name = params["name"].as_str().or(params["uri"].as_str()).unwrap_or_default().to_owned();
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let request =
            self.post("/mcp", key, &message).header("MCP-Protocol-Version", MODERN).header("Mcp-Method", method);
        // A header cannot carry every name: the protocol has another form for the rest.
        let is_plain = name.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        let name = if is_plain { name } else { format!("=?base64?{}?=", BASE64_STANDARD.encode(&name)) };
        if name.is_empty() { request } else { request.header("Mcp-Name", name) }
    }

    /// Calls a tool by 2026-07-28; the answer's `result` or `error`.
    pub(super) async fn call(&self, key: &str, tool: &str, arguments: Value) -> Value {
        let response =
            self.modern(key, "tools/call", json!({"name": tool, "arguments": arguments})).send().await.unwrap();
        message(response).await
    }

    /// Lets OnceHub accept a key, so that nothing is asked for its proof later.
    pub(super) async fn know(&self, key: &str) {
        let answer = self.call(key, "test_connection", json!({})).await;
        assert_eq!(answer["isError"], false, "{answer}");
    }

    /// Opens a session of 2025-11-25; its id.
    pub(super) async fn open(&self, key: &str) -> String {
        let response = self.post("/mcp", key, &initialize()).send().await.unwrap();
        assert_eq!(response.status(), 200);
        let id = response.headers()["mcp-session-id"].to_str().unwrap().to_owned();
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        assert_eq!(self.post("/mcp", key, &ready).header("Mcp-Session-Id", &id).send().await.unwrap().status(), 202);
        id
    }

    /// Opens a stream of the older transport; the stream, and the address that its messages go to.
    pub(super) async fn open_sse(&self, key: &str) -> (Response, String) {
        let mut stream = self.client.get(format!("{}/sse", self.url)).header("API-Key", key).send().await.unwrap();
        let first = String::from_utf8(stream.chunk().await.unwrap().unwrap().to_vec()).unwrap();
        let address = first.strip_prefix("event: endpoint\ndata: ").map_or_else(|| panic!("{first}"), str::trim);
        assert!(address.starts_with("/message?sessionId="), "{first}");
        (stream, address.to_owned())
    }

    /// Calls a tool in a session.
    pub(super) fn in_session(&self, key: &str, session: &str, tool: &str, arguments: &Value) -> RequestBuilder {
        let params = json!({"name": tool, "arguments": arguments});
        let message = json!({"jsonrpc": "2.0", "id": self.next(), "method": "tools/call", "params": params});
        self.post("/mcp", key, &message).header("Mcp-Session-Id", session)
    }

    /// An id that no other request has: in a session, answers are told apart by it.
    pub(super) fn next(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    /// The metrics.
    pub(super) async fn figures(&self) -> String {
        let asked = self.client.get(format!("{}/metrics", self.url)).bearer_auth(TOKEN);
        asked.send().await.unwrap().text().await.unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What opens a session of 2025-11-25.
pub(super) fn initialize() -> Value {
    let params =
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
    json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params})
}

/// The one message in an answer, whether it is JSON or a stream of events: its result, or its error.
pub(super) async fn message(response: Response) -> Value {
    let text = response.text().await.unwrap();
    let json = text.lines().filter_map(|line| line.strip_prefix("data: ")).rfind(|data| !data.trim().is_empty());
    let message: Value = serde_json::from_str(json.unwrap_or(&text)).unwrap_or_else(|_| panic!("no message: {text}"));
    if message["result"].is_null() { message["error"].clone() } else { message["result"].clone() }
}

/// What a refusal says.
pub(super) async fn refusal(request: RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    let body: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    (status, body.pointer("/error/message").and_then(Value::as_str).map_or_else(|| body.to_string(), str::to_owned))
}

/// Completes when a signal that was just sent has been handled: it is seen at once, but not before the next request.
pub(super) async fn settle(server: &Server) {
    for _ in 0..20 {
        server.client.get(format!("{}/healthz", server.url)).send().await.unwrap();
    }
}

/// Completes when something has become true, and fails when it does not.
pub(super) async fn until(what: &str, is_true: impl AsyncFn() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    // Looks without a pause would take the processor from what they wait for.
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    while !is_true().await {
        assert!(tokio::time::Instant::now() < deadline, "{what}");
        looks.tick().await;
    }
}
