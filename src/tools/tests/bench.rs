//! What the tests of this room stand on: the tools behind real MCP over a pipe, in front of a real HTTP sandbox.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use jiff::Timestamp;
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CallToolResponse, CallToolResult, ClientRequest, ServerCapabilities,
    ServerConfig, ServerResult, Tool,
};
use rmcp::service::{PeerRequestOptions, RequestContext, RunningService};
use rmcp::{ErrorData, RoleClient, RoleServer, ServerHandler, ServiceExt};
use serde_json::{Value, json};

use crate::actions::Settings;
use crate::actions::ask::{Answer, Ask, Confirm};
use crate::oncehub::{self, Budget, Client, Key, KeySource, api_root};
use crate::records::time::Zone;
use crate::sandbox::{self, Fault, Sandbox};
use crate::tools::{Catalogue, Selection, Tools, plain};

/// A Monday morning in New York.
pub(in crate::tools) const NOW: &str = "2026-11-23T14:20:00Z";

/// How a bench is set up.
pub(in crate::tools) struct Setup {
    pub(in crate::tools) now: &'static str,
    /// A clock that moves, instead of one that stands still.
    pub(in crate::tools) clock: Option<sandbox::Clock>,
    pub(in crate::tools) settings: Settings,
    pub(in crate::tools) budget: Budget,
    pub(in crate::tools) limits: Option<sandbox::Limits>,
    pub(in crate::tools) more_bookings: usize,
    /// How many bookings of the past year there are.
    pub(in crate::tools) history: usize,
    pub(in crate::tools) more_calendars: usize,
    pub(in crate::tools) key: Key,
    /// What the person says, in turn; nothing for a client that cannot ask.
    pub(in crate::tools) answers: Option<Vec<Answer>>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            now: NOW,
            clock: None,
            settings: Settings {
                zone: Zone::parse("America/New_York").ok(),
                looks: vec![Duration::from_millis(1), Duration::from_millis(60)],
                ..Settings::default()
            },
            budget: Budget::new(&[]),
            limits: None,
            more_bookings: 0,
            history: 0,
            more_calendars: 0,
            key: Key::new(KeySource::Given(sandbox::KEY.into())).unwrap(),
            answers: None,
        }
    }
}

impl Setup {
    fn clock(&self) -> sandbox::Clock {
        let now: Timestamp = self.now.parse().unwrap();
        self.clock.clone().unwrap_or_else(|| Arc::new(move || now))
    }
}

/// A running server and the account behind it.
pub(in crate::tools) struct Bench {
    pub(in crate::tools) sandbox: Arc<Sandbox>,
    pub(in crate::tools) tools: Tools,
    /// How many calls the server has answered, whether or not somebody heard it.
    pub(in crate::tools) answered: Arc<AtomicUsize>,
    pub(in crate::tools) catalogue: Catalogue,
    /// The questions that the person was asked.
    pub(in crate::tools) asked: Arc<Mutex<Vec<String>>>,
    client: RunningService<RoleClient, ()>,
    max_reply: usize,
    structured: bool,
}

/// What the output schemas of each tool promise, the full one and the plain one. All benches have the same tools.
static PROMISED: LazyLock<HashMap<String, [jsonschema::Validator; 2]>> = LazyLock::new(|| {
    let promised = |tool: &Tool| {
        let full = tool.output_schema.as_deref().unwrap();
        let validators = [full.clone(), plain::output(full)]
            .map(|schema| jsonschema::options().should_validate_formats(true).build(&schema.into()));
        (tool.name.to_string(), validators.map(Result::unwrap))
    };
    Catalogue::new(&Selection::default()).unwrap().list().iter().map(promised).collect()
});

impl Bench {
    pub(in crate::tools) async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    pub(in crate::tools) async fn with(setup: Setup) -> Self {
        let sandbox = Sandbox::start(sandbox::Settings {
            now: setup.clock(),
            limits: setup.limits,
            more_bookings: setup.more_bookings,
            history: setup.history,
            more_calendars: setup.more_calendars,
            ..sandbox::Settings::default()
        })
        .await
        .unwrap();
        Self::on(Arc::new(sandbox), setup).await
    }

    /// A bench whose calls have this long.
    pub(in crate::tools) async fn within(timeout: Duration) -> Self {
        let mut setup = Setup::default();
        setup.settings.timeout = timeout;
        Self::with(setup).await
    }

    /// One more server in front of the same account.
    pub(in crate::tools) async fn on(sandbox: Arc<Sandbox>, setup: Setup) -> Self {
        let clock = setup.clock();
        let oncehub = Client::new(oncehub::Settings {
            url: api_root(&sandbox.url()).unwrap(),
            key: setup.key,
            budget: setup.budget,
            reply_limit: 8 << 20,
        });
        let catalogue = Catalogue::new(&Selection::default()).unwrap();
        let asked = Arc::default();
        let ask = setup.answers.map(|answers| Scripted { answers: Mutex::new(answers), asked: Arc::clone(&asked) });
        let (max_reply, structured) = (setup.settings.max_reply, setup.settings.structured);
        let tools = Tools::new(oncehub, Settings { now: clock, ..setup.settings });
        let answered = Arc::default();
        let ask = ask.map(|ask| Arc::new(ask) as Arc<dyn Ask>);
        let client = serve(&tools, &catalogue, &answered, ask).await;
        Self { sandbox, tools, answered, catalogue, asked, client, max_reply, structured }
    }

    /// One more server before the same account, with these tools and nobody to ask.
    pub(in crate::tools) async fn serving(&self, tools: Tools) -> Self {
        let (sandbox, catalogue, answered) = (Arc::clone(&self.sandbox), self.catalogue.clone(), Arc::default());
        let client = serve(&tools, &catalogue, &answered, None).await;
        let (max_reply, structured) = (self.max_reply, self.structured);
        Self { sandbox, tools, answered, catalogue, asked: Arc::default(), client, max_reply, structured }
    }

    /// A bench whose person is asked with this setting and says this.
    pub(in crate::tools) async fn asking(confirm: Confirm, answers: Option<Vec<Answer>>) -> Self {
        let mut setup = Setup { answers, ..Setup::default() };
        setup.settings.confirm = confirm;
        Self::with(setup).await
    }

    /// Calls a tool. Whatever comes back has to fit the tool's output schema, or be an error as the contract has it, and is
    /// never larger than a reply may be.
    pub(in crate::tools) async fn call(&self, tool: &str, arguments: Value) -> Replied {
        let mut request = CallToolRequestParams::new(tool.to_owned());
        request.arguments = arguments.as_object().cloned();
        let result = self.client.call_tool(request).await.unwrap();
        self.checked(tool, result)
    }

    /// Calls a tool, and cancels the call at a moment of its own. Gives what came back, if that was faster.
    pub(in crate::tools) async fn call_until(
        &self,
        moment: impl Future<Output = ()>,
        tool: &str,
        arguments: Value,
    ) -> Option<Replied> {
        let mut request = CallToolRequestParams::new(tool.to_owned());
        request.arguments = arguments.as_object().cloned();
        let request = ClientRequest::CallToolRequest(CallToolRequest::new(request));
        let mut call = self.client.send_cancellable_request(request, PeerRequestOptions::default()).await.unwrap();
        let response = tokio::select! {
            response = &mut call.rx => response.unwrap().unwrap(),
            () = moment => {
                call.cancel(None).await.unwrap();
                return None;
            }
        };
        match response {
            ServerResult::CallToolResult(result) => Some(self.checked(tool, result)),
            other => panic!("{other:?}"),
        }
    }

    /// Calls a tool once for each field, with that value in place of the field's own. Gives how each call failed.
    pub(in crate::tools) async fn failures(&self, tool: &str, good: Value, bad: Vec<(&str, Value)>) -> Vec<String> {
        let mut failures = Vec::new();
        for (field, value) in bad {
            let mut arguments = good.clone();
            arguments[field] = value;
            failures.push(self.call(tool, arguments).await.failure());
        }
        failures
    }

    /// Returns when no change is in flight, here or at OnceHub.
    pub(in crate::tools) async fn settled(&self) {
        while !self.tools.changes.is_empty() || self.sandbox.working() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    fn checked(&self, tool: &str, result: CallToolResult) -> Replied {
        let size = serde_json::to_vec(&result).unwrap().len();
        assert!(size <= self.max_reply, "{tool}: {size} bytes");
        assert_eq!(result.structured_content.is_some(), self.structured, "{tool}");
        let Some(structure) = result.structured_content.as_ref() else { return Replied { result } };
        if result.is_error == Some(true) {
            let error = structure["error"].as_object().unwrap();
            assert!(["type", "message", "hint"].iter().all(|field| error[*field].is_string()), "{error:?}");
            assert!(Replied::text_of(&result).lines().last().unwrap().starts_with("hint: "));
        }
        for promised in &PROMISED[tool] {
            if let Err(error) = promised.validate(structure) {
                panic!("{tool} broke its output schema: {error}\n{structure}");
            }
        }
        Replied { result }
    }

    /// Calls a tool while OnceHub has a fault.
    pub(in crate::tools) async fn call_with(&self, fault: Fault, tool: &str, arguments: Value) -> Replied {
        self.sandbox.fail(fault);
        let replied = self.call(tool, arguments).await;
        self.sandbox.heal();
        replied
    }

    /// The id of the first booking that a filter finds.
    pub(in crate::tools) async fn booking(&self, filter: Value) -> String {
        let replied = self.call("list_bookings", filter).await;
        replied.structure()["items"][0]["id"].as_str().expect("no such booking").to_owned()
    }

    /// The ids of calendars, by their names. The two that share one are told apart by what guests read.
    pub(in crate::tools) async fn calendar(&self, subject: &str) -> String {
        let replied = self.call("list_booking_calendars", json!({})).await;
        let items = replied.structure()["items"].as_array().unwrap().clone();
        let found = items.iter().find(|calendar| calendar["subject"] == subject).expect("no such calendar");
        found["id"].as_str().unwrap().to_owned()
    }

    /// How many requests reached OnceHub with this method and a path that contains this.
    pub(in crate::tools) fn requests(&self, method: &str, path: &str) -> usize {
        self.sandbox.requests().iter().filter(|seen| seen.method == method && seen.path.contains(path)).count()
    }
}

/// A client of a server of these tools.
async fn serve(
    tools: &Tools,
    catalogue: &Catalogue,
    answered: &Arc<AtomicUsize>,
    ask: Option<Arc<dyn Ask>>,
) -> RunningService<RoleClient, ()> {
    let (tools, answered, catalogue) = (tools.clone(), Arc::clone(answered), Arc::new(catalogue.clone()));
    let server = Plain { tools, answered, catalogue, ask };
    let (ours, theirs) = tokio::io::duplex(1 << 20);
    tokio::spawn(async move { server.serve(theirs).await.unwrap().waiting().await });
    ().serve(ours).await.unwrap()
}

/// What a call came back with.
pub(in crate::tools) struct Replied {
    result: CallToolResult,
}

impl Replied {
    fn text_of(result: &CallToolResult) -> String {
        let texts = result.content.iter().filter_map(|block| block.as_text());
        texts.map(|text| text.text.as_str()).collect::<Vec<_>>().join("\n")
    }

    /// The text of a call that succeeded.
    pub(in crate::tools) fn text(&self) -> String {
        let text = Self::text_of(&self.result);
        assert_ne!(self.result.is_error, Some(true), "failed: {text}");
        text
    }

    /// The structure of a call that succeeded.
    pub(in crate::tools) fn structure(&self) -> &Value {
        let _ = self.text();
        self.result.structured_content.as_ref().unwrap()
    }

    /// The text of a call that failed. Ids of requests differ from run to run, and are blacked out.
    pub(in crate::tools) fn failure(&self) -> String {
        let text = Self::text_of(&self.result);
        assert_eq!(self.result.is_error, Some(true), "succeeded: {text}");
        let mut shown = text;
        while let Some(at) = shown.find("req_5eed") {
            shown.replace_range(at..at + 20, "req_");
        }
        shown
    }

    /// The text, whether or not it failed.
    pub(in crate::tools) fn any_text(&self) -> String {
        Self::text_of(&self.result)
    }

    /// The structure of a call that failed.
    pub(in crate::tools) fn error(&self) -> &Value {
        let _ = self.failure();
        &self.result.structured_content.as_ref().unwrap()["error"]
    }

    /// Whether it failed.
    pub(in crate::tools) fn is_failure(&self) -> bool {
        self.result.is_error == Some(true)
    }
}

/// The catalogue as an MCP server, and nothing else.
#[derive(Clone)]
struct Plain {
    tools: Tools,
    answered: Arc<AtomicUsize>,
    catalogue: Arc<Catalogue>,
    ask: Option<Arc<dyn Ask>>,
}

impl ServerHandler for Plain {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        mut context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if let Some(ask) = &self.ask {
            context.extensions.insert(Arc::clone(ask));
        }
        let response = self.catalogue.call(&self.tools, request, context).await?;
        self.answered.fetch_add(1, Ordering::SeqCst);
        Ok(response)
    }
}

/// A person who says what the test wants.
struct Scripted {
    answers: Mutex<Vec<Answer>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Ask for Scripted {
    fn ask<'a>(&'a self, question: &'a str) -> BoxFuture<'a, Answer> {
        self.asked.lock().unwrap().push(question.to_owned());
        let mut answers = self.answers.lock().unwrap();
        let answer = if answers.len() > 1 { answers.remove(0) } else { answers[0] };
        std::future::ready(answer).boxed()
    }
}
