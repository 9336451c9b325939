//! Questions that nobody answers in time, in both eras of the protocol.

use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult, ErrorCode,
    Implementation,
};
use rmcp::service::{RequestContext, RunningService};
use rmcp::{ClientHandler, ErrorData, RoleClient, ServiceExt};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines, ReadHalf, WriteHalf};

use super::Server;
use crate::actions::Settings;
use crate::oncehub::{self, Budget, Client, Key, KeySource, api_root};
use crate::sandbox::{self, Effect, Fault, Sandbox};
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

/// A client that gets no yes.
#[derive(Clone, Copy)]
enum Unhelpful {
    /// The person has gone for lunch.
    Away,
    /// It says that it can ask, and cannot, like a gateway that passes on only what it knows.
    Unable,
}

impl ClientHandler for Unhelpful {
    fn get_info(&self) -> ClientConfig {
        let capabilities = ClientCapabilities::builder().enable_elicitation().build();
        ClientConfig::new(capabilities, Implementation::new("away", "1"))
    }

    async fn create_elicitation(
        &self,
        _: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        match self {
            Self::Away => std::future::pending().await,
            Self::Unable => Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, "Method not found", None)),
        }
    }
}

#[tokio::test]
async fn a_question_without_an_answer_changes_nothing() {
    let cases = [
        (Unhelpful::Away, "nobody answered in time"),
        (Unhelpful::Unable, "the client, or a gateway before it, answered the question with an error"),
    ];
    for (client, why) in cases {
        let (sandbox, server) = server(Duration::from_millis(50)).await;
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        tokio::spawn(async move { server.serve(theirs).await.unwrap().waiting().await });
        let client: RunningService<RoleClient, Unhelpful> = client.serve(ours).await.unwrap();
        let mut request = CallToolRequestParams::new("delete_contact");
        request.arguments = json!({"contact_id": "olivia@marchetti.example"}).as_object().cloned();
        let reply = client.call_tool(request).await.unwrap();
        let structure = reply.structured_content.unwrap();
        assert_ne!(reply.is_error, Some(true), "a missing answer is no failure");
        assert_eq!(structure["confirmed"], false);
        assert!(structure["note"].as_str().unwrap().contains(why), "{structure}");
        assert_eq!(deletions(&sandbox), 0);
    }
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
    use crate::actions::ask::Answer;
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

/// Speaks to a server line by line, as a client of 2026-07-28 that can ask the person.
struct Modern {
    lines: Lines<BufReader<ReadHalf<DuplexStream>>>,
    writing: WriteHalf<DuplexStream>,
    calls: usize,
    /// The state of the last question.
    state: Value,
}

impl Modern {
    fn to(server: Server) -> Self {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        tokio::spawn(async move { server.serve(theirs).await.unwrap().waiting().await });
        let (reading, writing) = tokio::io::split(ours);
        Self { lines: BufReader::new(reading).lines(), writing, calls: 0, state: Value::Null }
    }

    async fn call(&mut self, mut params: Value) -> Value {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": {"name": "bent", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}}
        });
        if !params["inputResponses"].is_null() {
            params["requestState"] = self.state.clone();
        }
        let call = json!({"jsonrpc": "2.0", "id": self.calls, "method": "tools/call", "params": params});
        self.calls += 1;
        self.writing.write_all(format!("{call}\n").as_bytes()).await.unwrap();
        let answer: Value = serde_json::from_str(&self.lines.next_line().await.unwrap().unwrap()).unwrap();
        self.state = answer["result"]["requestState"].clone();
        answer
    }
}

async fn talk(server: Server, calls: Vec<Value>) -> Vec<Value> {
    let (mut client, mut answers) = (Modern::to(server), Vec::new());
    for params in calls {
        answers.push(client.call(params).await);
    }
    answers
}

#[tokio::test]
async fn a_plan_is_agreed_to_by_a_repeated_call_and_once() {
    let (sandbox, server) = server(Duration::from_mins(1)).await;
    let mut client = Modern::to(server);
    let select = json!({"host": "Dana Reyes", "starts_after": "now", "starts_before": "+14d", "status": ["scheduled"]});
    let plan = client.call(json!({"name": "plan_changes", "arguments": {"change": "cancel", "select": select}})).await;
    let plan = plan["result"]["structuredContent"].clone();
    let count = plan["count"].as_u64().unwrap();
    assert!(count > 1, "{plan}");
    let carry_out = json!({"plan": plan["plan"], "change": "cancel", "count": count});
    let carry_out = |more: Value| {
        let mut params = json!({"name": "carry_out_plan", "arguments": carry_out});
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        params
    };
    let cancels = || sandbox.requests().iter().filter(|seen| seen.path.ends_with("/cancel")).count() as u64;
    let asked = client.call(carry_out(json!({}))).await;
    assert_eq!((&asked["result"]["resultType"], cancels()), (&json!("input_required"), 0), "{asked}");
    let yes = json!({"inputResponses": {"confirm": {"action": "accept", "content": {"confirm": true}}}});
    // OnceHub is in trouble in the middle of it.
    let refused = json!({"type": "authentication_error", "message": "Invalid API key."});
    sandbox.fail(Fault::new(Effect::Error(401, refused)).on("POST", "/cancel").after(1).times(1));
    let some = client.call(carry_out(yes)).await["result"]["structuredContent"].clone();
    assert_eq!((&some["done"], &some["left"]), (&json!(1), &json!(count - 1)), "{some}");
    // Going on asks nobody again.
    let all = client.call(carry_out(json!({}))).await["result"]["structuredContent"].clone();
    assert_eq!((&all["done"], cancels()), (&json!(count), count + 1), "{all}");
}

#[tokio::test]
async fn arguments_that_come_as_a_text_are_read() {
    let (_sandbox, server) = server(Duration::from_mins(1)).await;
    let call = |arguments: Value| json!({"name": "list_users", "arguments": arguments});
    let texts = ["", " ", "{}", "null", "{\"limit\": 2}"].map(|text| call(text.into()));
    let mut calls = vec![call(json!({})), call(json!({"limit": 2}))];
    calls.extend(texts);
    let wrong = [json!("{"), json!("[]"), json!("2"), json!("\"{}\""), json!(2), json!([1])];
    calls.extend(wrong.into_iter().map(call));
    calls.push(json!({"name": 7, "arguments": "{}"}));
    calls.push(json!({"name": "list_user", "arguments": "{}"}));
    let answers = talk(server, calls).await;
    let [all, two] = [&answers[0]["result"], &answers[1]["result"]];
    assert_eq!(all["resultType"], "complete");
    for answer in &answers[2..6] {
        assert_eq!(&answer["result"], all);
    }
    assert_eq!(&answers[6]["result"], two);
    for answer in &answers[7..14] {
        assert_eq!(answer["error"]["code"], -32602, "{answer}");
    }
    assert!(answers[14]["error"]["message"].as_str().unwrap().contains("did you mean list_users?"), "{}", answers[14]);
}

#[tokio::test]
async fn an_answer_belongs_to_its_call_whatever_the_host_adds_and_however_it_writes_the_arguments() {
    let (sandbox, server) = server(Duration::from_mins(1)).await;
    let yes = json!({"confirm": {"action": "accept", "content": {"confirm": true}}});
    let olivia = "olivia@marchetti.example";
    let asked = json!({"contact_id": olivia, "toolCallId": "call_1"}).to_string();
    let again = json!({"contact_id": olivia, "toolCallId": "call_2"});
    let calls = vec![
        json!({"name": "delete_contact", "arguments": asked}),
        json!({"name": "delete_contact", "arguments": again, "inputResponses": yes}),
    ];
    let answers = talk(server, calls).await;
    assert_eq!(answers[0]["result"]["resultType"], "input_required", "{}", answers[0]);
    assert_eq!(answers[1]["result"]["structuredContent"]["deleted"], true, "{}", answers[1]);
    assert_eq!(deletions(&sandbox), 1);
}

#[tokio::test]
async fn a_move_is_agreed_to_with_one_answer_for_both_of_its_steps() {
    let (sandbox, server) = server(Duration::from_mins(1)).await;
    let yes = json!({"confirm": {"action": "accept", "content": {"confirm": true}}});
    let coming = json!({"status": "scheduled", "calendar": "Intro call", "starts_after": "tomorrow", "limit": 1});
    let listed = talk(server.clone(), vec![json!({"name": "list_bookings", "arguments": coming})]).await;
    let id = listed[0]["result"]["structuredContent"]["items"][0]["id"].clone();
    let moved = json!({"booking_id": id, "first_free": {"after": "+3d"}});
    let calls = vec![
        json!({"name": "move_booking", "arguments": moved}),
        json!({"name": "move_booking", "arguments": moved, "inputResponses": yes}),
        json!({"name": "move_booking", "arguments": moved}),
    ];
    let answers = talk(server, calls).await;
    assert_eq!(answers[0]["result"]["resultType"], "input_required", "{}", answers[0]);
    assert_eq!(answers[1]["result"]["structuredContent"]["outcome"], "moved", "{}", answers[1]);
    // Once it is moved, there is nothing to ask.
    assert_eq!(answers[2]["result"]["structuredContent"]["outcome"], "moved", "{}", answers[2]);
    let writes: Vec<String> =
        sandbox.requests().into_iter().filter(|seen| seen.method == "POST").map(|seen| seen.path).collect();
    assert!(writes.len() == 2 && writes[0].ends_with("/schedule") && writes[1].ends_with("/cancel"), "{writes:?}");
}
