//! The simulated account at a fixed moment, so that a page reads the same whenever it is made.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use oncehub_mcp::actions::Settings;
use oncehub_mcp::apps::Views;
use oncehub_mcp::oncehub::{self, Budget, Client, Key, KeySource, api_root};
use oncehub_mcp::records::time::Zone;
use oncehub_mcp::sandbox::{self, HISTORY, Sandbox};
use oncehub_mcp::server::Server;
use oncehub_mcp::tools::{Catalogue, Selection, Tools};
use rmcp::model::{
    CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult,
    ElicitationAction, Implementation,
};
use rmcp::service::{RequestContext, RunningService};
use rmcp::{ClientHandler, ErrorData, RoleClient, ServiceExt};
use serde_json::{Value, json};

/// A Monday morning in New York, of which the pages show the replies.
pub(super) const SHOWN: &str = "2026-11-23T14:20:00Z";

/// A server in front of an account that has just been made.
pub(super) struct Bench {
    _sandbox: Sandbox,
    client: RunningService<RoleClient, Person>,
}

/// Somebody who says yes to each question, and keeps it.
#[derive(Default)]
struct Person {
    asked: Mutex<Vec<String>>,
}

impl ClientHandler for Person {
    fn get_info(&self) -> ClientConfig {
        let capabilities = ClientCapabilities::builder().enable_elicitation().build();
        ClientConfig::new(capabilities, Implementation::new("docs", "1"))
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let ElicitRequestParams::FormElicitationParams { message, .. } = request else { panic!("{request:?}") };
        self.asked.lock().unwrap().push(message);
        Ok(ElicitResult::new(ElicitationAction::Accept).with_content(json!({"confirm": true})))
    }
}

impl Bench {
    /// A server in front of the account that `--sandbox` makes at this moment.
    pub(super) async fn start(now: &str, zone: Option<&str>, me: Option<&str>) -> Self {
        let now: Timestamp = now.parse().unwrap();
        let clock: sandbox::Clock = Arc::new(move || now);
        let settings = sandbox::Settings {
            now: Arc::clone(&clock),
            limits: None,
            history: HISTORY,
            ..sandbox::Settings::default()
        };
        let sandbox = Sandbox::start(settings).await.unwrap();
        let oncehub = Client::new(oncehub::Settings {
            url: api_root(&sandbox.url()).unwrap(),
            key: Key::new(KeySource::Given(sandbox::KEY.into())).unwrap(),
            budget: Budget::new(&[]),
            reply_limit: 8 << 20,
        });
        let zone = zone.map(|zone| Zone::parse(zone).unwrap());
        let settings = Settings { zone, me: me.map(str::to_owned), now: clock, ..Settings::default() };
        let catalogue = Catalogue::new(&Selection::default()).unwrap().showing(Views::On);
        let server = Server::new(Tools::new(oncehub, settings), catalogue);
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        tokio::spawn(async move { server.serve(theirs).await.unwrap().waiting().await });
        Self { _sandbox: sandbox, client: Person::default().serve(ours).await.unwrap() }
    }

    pub(super) async fn call(&self, tool: &str, arguments: &Value) -> CallToolResult {
        let mut request = CallToolRequestParams::new(tool.to_owned());
        request.arguments = arguments.as_object().cloned();
        self.client.call_tool(request).await.unwrap()
    }

    /// What was asked before changes.
    pub(super) fn asked(&self) -> Vec<String> {
        self.client.service().asked.lock().unwrap().clone()
    }
}

/// The text of a reply.
pub(super) fn text_of(result: &CallToolResult) -> String {
    let texts = result.content.iter().filter_map(|block| block.as_text());
    texts.map(|text| text.text.as_str()).collect::<Vec<_>>().join("\n")
}
