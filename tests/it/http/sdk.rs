//! The server as rmcp's own client meets it over Streamable HTTP: at both addresses, in both eras, with a key in either header.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use oncehub_mcp::sandbox::{self, Effect, Fault, Sandbox};
use rmcp::model::{
    CallToolRequest, CallToolRequestParams, CallToolResult, ClientCapabilities, ClientConfig, ClientRequest,
    ElicitRequestParams, ElicitResult, ElicitationAction, Implementation, ProgressNotificationParam, ProtocolVersion,
};
use rmcp::service::{NotificationContext, PeerRequestOptions, RequestContext, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt, ErrorData, RoleClient};
use serde_json::{Value, json};

use super::{Server, in_front_of, until};
use crate::tools;

/// A person behind a client, who says yes and sees progress.
#[derive(Clone, Default)]
struct Person {
    asked: Arc<AtomicUsize>,
    progress: Arc<AtomicUsize>,
}

impl ClientHandler for Person {
    fn get_info(&self) -> ClientConfig {
        let capabilities = ClientCapabilities::builder().enable_elicitation().build();
        ClientConfig::new(capabilities, Implementation::new("test", "1"))
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        assert!(matches!(request, ElicitRequestParams::FormElicitationParams { .. }));
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(ElicitResult::new(ElicitationAction::Accept).with_content(json!({"confirm": true})))
    }

    async fn on_progress(&self, _: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        self.progress.fetch_add(1, Ordering::Relaxed);
    }
}

/// How a client comes in.
#[derive(Clone, Copy, Debug)]
struct Way {
    path: &'static str,
    header: &'static str,
    is_modern: bool,
}

fn ways() -> impl Iterator<Item = Way> {
    let of_path = |path| ["api-key", "authorization"].map(move |header| (path, header));
    let ways = ["/mcp", "/sse"].into_iter().flat_map(of_path);
    ways.flat_map(|(path, header)| [true, false].map(|is_modern| Way { path, header, is_modern }))
}

impl Way {
    async fn connect(self, server: &Server, person: &Person) -> RunningService<RoleClient, Person> {
        let mut config = StreamableHttpClientTransportConfig::with_uri(format!("{}{}", server.url, self.path));
        if self.header == "authorization" {
            config = config.auth_header(sandbox::KEY);
        } else {
            let key = HeaderValue::from_static(sandbox::KEY);
            config = config.custom_headers(HashMap::from([(HeaderName::from_static(self.header), key)]));
        }
        let transport = StreamableHttpClientTransport::with_client(server.client.clone(), config);
        let lifecycle = if self.is_modern {
            ClientLifecycleMode::Auto { preferred_versions: vec![ProtocolVersion::V_2026_07_28], legacy_version: None }
        } else {
            ClientLifecycleMode::Initialize
        };
        person
            .clone()
            .serve_with_lifecycle(transport, lifecycle)
            .await
            .unwrap_or_else(|error| panic!("{self:?}: {error}"))
    }
}

fn request(tool: &'static str, arguments: Value) -> CallToolRequestParams {
    CallToolRequestParams::new(tool).with_arguments(arguments.as_object().cloned().unwrap())
}

async fn call(client: &RunningService<RoleClient, Person>, tool: &'static str, arguments: Value) -> CallToolResult {
    let result = client.call_tool(request(tool, arguments)).await.unwrap();
    assert_ne!(result.is_error, Some(true), "{result:?}");
    result
}

/// A booking that has not been canceled yet.
async fn a_booking(client: &RunningService<RoleClient, Person>) -> String {
    let coming = json!({"status": ["scheduled"], "starts_after": "now", "limit": 1});
    let listed = call(client, "list_bookings", coming).await.structured_content.unwrap();
    listed["items"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_way_in_lists_calls_and_asks_the_person() {
    let upstream = super::upstream().await;
    let server = Server::start(in_front_of(&upstream));
    for way in ways() {
        let person = Person::default();
        let client = way.connect(&server, &person).await;
        let version = client.peer_info().unwrap().protocol_version.clone();
        assert_eq!(version == ProtocolVersion::V_2026_07_28, way.is_modern, "{way:?}: {version}");
        assert_eq!(client.list_all_tools().await.unwrap().len(), tools(false), "{way:?}");
        let booking = a_booking(&client).await;
        call(&client, "cancel_booking", json!({"booking_id": booking})).await;
        assert_eq!(person.asked.load(Ordering::Relaxed), 1, "{way:?}");
        let read = call(&client, "get_booking", json!({"booking_id": booking})).await.structured_content.unwrap();
        assert_eq!(read["status"], "canceled", "{way:?}");
        client.cancel().await.unwrap();
    }
}

#[tokio::test]
async fn every_way_in_tells_of_progress_and_can_be_cancelled() {
    let settings = sandbox::Settings { limits: None, more_bookings: 300, ..sandbox::Settings::default() };
    let upstream = Sandbox::start(settings).await.unwrap();
    let server = Server::start(in_front_of(&upstream));
    for way in ways() {
        let person = Person::default();
        let client = way.connect(&server, &person).await;
        // rmcp gives each request a token for its progress.
        upstream.fail(Fault::new(Effect::Delay(Duration::from_millis(1500))).times(1));
        call(&client, "list_bookings", json!({"limit": 300})).await;
        until("progress is told", async || person.progress.load(Ordering::Relaxed) > 0).await;
        upstream.fail(Fault::new(Effect::Delay(Duration::from_hours(1))).times(1));
        let hanging = ClientRequest::CallToolRequest(CallToolRequest::new(request("test_connection", json!({}))));
        let hanging = client.send_cancellable_request(hanging, PeerRequestOptions::default()).await.unwrap();
        until("the call reaches OnceHub", async || upstream.waiting() == 1).await;
        hanging.cancel(None).await.unwrap();
        until("its request is dropped", async || upstream.waiting() == 0).await;
        call(&client, "test_connection", json!({})).await;
        client.cancel().await.unwrap();
    }
}
