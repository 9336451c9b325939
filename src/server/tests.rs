//! Questions that nobody answers in time, in both eras of the protocol.

use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult, Implementation,
};
use rmcp::service::{RequestContext, RunningService};
use rmcp::{ClientHandler, ErrorData, RoleClient, ServiceExt};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use super::Server;
use crate::actions::Settings;
use crate::oncehub::{self, Budget, Client, Key, KeySource, api_root};
use crate::sandbox::{self, Sandbox};
use crate::tools::{Catalogue, Selection, Tools};

async fn server(answer_timeout: Duration) -> (Sandbox, Server) {
    let sandbox = Sandbox::start(sandbox::Settings { limits: None, ..sandbox::Settings::default() }).await.unwrap();
    let client = Client::new(oncehub::Settings {
        url: api_root(&sandbox.url()).unwrap(),
        key: Key::new(KeySource::Given(sandbox::KEY.into())).unwrap(),
        budget: Budget::new(&[]),
        reply_limit: 8 << 20,
    });
    let catalogue = Catalogue::new(&Selection::default()).unwrap();
    let server = Server::new(Tools::new(client, Settings::default()), catalogue).with_answer_timeout(answer_timeout);
    (sandbox, server)
}

fn deletions(sandbox: &Sandbox) -> usize {
    sandbox.requests().iter().filter(|seen| seen.method == "DELETE").count()
}

/// A person who has gone for lunch.
struct Away;

impl ClientHandler for Away {
    fn get_info(&self) -> ClientConfig {
        let capabilities = ClientCapabilities::builder().enable_elicitation().build();
        ClientConfig::new(capabilities, Implementation::new("away", "1"))
    }

    async fn create_elicitation(
        &self,
        _: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn a_question_that_nobody_answers_changes_nothing() {
    let (sandbox, server) = server(Duration::from_millis(50)).await;
    let (ours, theirs) = tokio::io::duplex(1 << 20);
    tokio::spawn(async move { server.serve(theirs).await.unwrap().waiting().await });
    let client: RunningService<RoleClient, Away> = Away.serve(ours).await.unwrap();
    let mut request = CallToolRequestParams::new("delete_contact");
    request.arguments = json!({"contact_id": "olivia@marchetti.example"}).as_object().cloned();
    let reply = client.call_tool(request).await.unwrap();
    let structure = reply.structured_content.unwrap();
    assert_ne!(reply.is_error, Some(true), "a missing answer is no failure");
    assert_eq!(structure["confirmed"], false);
    assert!(structure["note"].as_str().unwrap().contains("nobody answered in time"), "{structure}");
    assert_eq!(deletions(&sandbox), 0);
}

#[tokio::test]
async fn an_answer_that_comes_too_late_changes_nothing() {
    let (sandbox, server) = server(Duration::ZERO).await;
    let (ours, theirs) = tokio::io::duplex(1 << 20);
    tokio::spawn(async move { server.serve(theirs).await.unwrap().waiting().await });
    let (reading, mut writing) = tokio::io::split(ours);
    let mut lines = BufReader::new(reading).lines();
    let mut call = async |id: u32, more: Value| -> Value {
        let mut params = json!({
            "name": "delete_contact", "arguments": {"contact_id": "olivia@marchetti.example"},
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": {"name": "late", "version": "1"},
                "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}}
            }
        });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let line = json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params}).to_string() + "\n";
        writing.write_all(line.as_bytes()).await.unwrap();
        serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap()
    };
    let asked = call(1, json!({})).await["result"].clone();
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    // Too late begins a millisecond after the question.
    let asked_at = std::time::Instant::now();
    while asked_at.elapsed() < Duration::from_millis(2) {
        tokio::task::yield_now().await;
    }
    let yes = json!({"confirm": {"action": "accept", "content": {"confirm": true}}});
    let late = call(2, json!({"requestState": asked["requestState"], "inputResponses": yes})).await;
    assert!(late["error"]["message"].as_str().unwrap().contains("too old"), "{late}");
    assert_eq!((&late["error"]["code"], deletions(&sandbox)), (&json!(-32602), 0));
}

#[test]
fn an_accepted_form_is_a_yes_unless_it_says_otherwise() {
    use crate::actions::confirm::Answer;
    for (result, answer) in [
        (json!({"action": "accept", "content": {"confirm": true}}), Answer::Yes),
        (json!({"action": "accept", "content": {"confirm": "true"}}), Answer::Yes),
        (json!({"action": "accept"}), Answer::Yes),
        (json!({"action": "accept", "content": null}), Answer::Yes),
        (json!({"action": "accept", "content": {}}), Answer::Declined),
        (json!({"action": "accept", "content": {"confirm": false}}), Answer::Declined),
        (json!({"action": "accept", "content": {"confirm": "yes"}}), Answer::Declined),
        (json!({"action": "decline"}), Answer::Declined),
        (json!({"action": "decline", "content": {"confirm": true}}), Answer::Declined),
        (json!({"action": "cancel"}), Answer::Dismissed),
    ] {
        let read = super::confirm::read(&serde_json::from_value(result.clone()).unwrap());
        assert_eq!(read, answer, "{result}");
    }
}
