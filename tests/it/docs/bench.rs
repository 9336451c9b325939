//! The simulated account at a fixed moment, so that a page reads the same whenever it is made.

use std::sync::Arc;

use jiff::Timestamp;
use oncehub_mcp::actions::Settings;
use oncehub_mcp::apps::Views;
use oncehub_mcp::oncehub::{self, Budget, Client, Key, KeySource, api_root};
use oncehub_mcp::records::time::Zone;
use oncehub_mcp::sandbox::{self, Sandbox};
use oncehub_mcp::server::Server;
use oncehub_mcp::tools::{Catalogue, Selection, Tools};
use rmcp::model::{CallToolRequestParams, CallToolResult};
use rmcp::service::RunningService;
use rmcp::{RoleClient, ServiceExt};
use serde_json::Value;

/// A Monday morning in New York.
const NOW: &str = "2026-11-23T14:20:00Z";

/// A server in front of an account that has just been made.
pub(super) struct Bench {
    _sandbox: Sandbox,
    client: RunningService<RoleClient, ()>,
}

impl Bench {
    /// A server in front of an account with so many bookings of the past year.
    pub(super) async fn start(zone: Option<&str>, me: Option<String>, history: usize) -> Self {
        let now: Timestamp = NOW.parse().unwrap();
        let clock: sandbox::Clock = Arc::new(move || now);
        let settings =
            sandbox::Settings { now: Arc::clone(&clock), limits: None, history, ..sandbox::Settings::default() };
        let sandbox = Sandbox::start(settings).await.unwrap();
        let oncehub = Client::new(oncehub::Settings {
            url: api_root(&sandbox.url()).unwrap(),
            key: Key::new(KeySource::Given(sandbox::KEY.into())).unwrap(),
            budget: Budget::new(&[]),
            reply_limit: 8 << 20,
        });
        let zone = zone.map(|zone| Zone::parse(zone).unwrap());
        let settings = Settings { zone, me, now: clock, ..Settings::default() };
        let catalogue = Catalogue::new(&Selection::default()).unwrap().showing(Views::On);
        let server = Server::new(Tools::new(oncehub, settings), catalogue);
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        tokio::spawn(async move { server.serve(theirs).await.unwrap().waiting().await });
        Self { _sandbox: sandbox, client: ().serve(ours).await.unwrap() }
    }

    pub(super) async fn call(&self, tool: &str, arguments: &Value) -> CallToolResult {
        let mut request = CallToolRequestParams::new(tool.to_owned());
        request.arguments = arguments.as_object().cloned();
        self.client.call_tool(request).await.unwrap()
    }
}

/// The text of a reply.
pub(super) fn text_of(result: &CallToolResult) -> String {
    let texts = result.content.iter().filter_map(|block| block.as_text());
    texts.map(|text| text.text.as_str()).collect::<Vec<_>>().join("\n")
}
