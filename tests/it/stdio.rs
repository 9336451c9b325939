//! Standard input and output: both eras, cancelling, progress, and how the process ends.

use std::time::{Duration, Instant};

use oncehub_mcp::sandbox::{Effect, Fault, KEY, Sandbox, Settings};
use serde_json::{Value, json};

use super::agents::{Session, program};
use crate::tools;

fn sandboxed() -> std::process::Command {
    let mut command = program();
    command.arg("--sandbox");
    command
}

/// The program in front of a sandbox of the test's own.
fn in_front_of(sandbox: &Sandbox) -> std::process::Command {
    let mut command = program();
    command.env("ONCEHUB_API_URL", sandbox.url()).env("ONCEHUB_API_KEY", KEY).env("ONCEHUB_MCP_RATE_LIMIT", "off");
    command
}

/// A sandbox on a runtime of its own, since these tests block.
fn sandbox(more_bookings: usize) -> (tokio::runtime::Handle, Sandbox) {
    let runtime = super::agents::background();
    let settings = Settings { limits: None, more_bookings, ..Settings::default() };
    let sandbox = runtime.block_on(Sandbox::start(settings)).unwrap();
    (runtime, sandbox)
}

/// A session in which OnceHub holds up a call, and the call's id.
fn in_a_call(sandbox: &Sandbox) -> (Session, u64) {
    sandbox.fail(Fault::new(Effect::Delay(Duration::from_secs(50))).on("GET", "/v2/test"));
    let mut session = Session::open(in_front_of(sandbox));
    let id = session.post("tools/call", json!({"name": "test_connection", "arguments": {}}));
    wait_until(|| sandbox.held() == 1);
    (session, id)
}

pub(super) fn modern(method_params: Value, elicitation: bool) -> Value {
    let mut params = method_params;
    let capabilities = if elicitation { json!({"elicitation": {}}) } else { json!({}) };
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": capabilities,
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    });
    params
}

#[test]
fn the_server_introduces_itself_in_both_eras() {
    let mut session = Session::start(sandboxed());
    let discovered = session.request("server/discover", modern(json!({}), false));
    let about = &discovered["result"]["_meta"]["io.modelcontextprotocol/serverInfo"];
    let about = if about.is_object() { about } else { &discovered["result"]["serverInfo"] };
    assert_eq!(about["name"], "oncehub-mcp", "{discovered}");
    let versions = discovered["result"]["supportedVersions"].as_array().unwrap();
    assert!(versions.contains(&json!("2026-07-28")) && versions.contains(&json!("2025-11-25")));
    session.end();

    let mut session = Session::start(sandboxed());
    let hello = session.request(
        "initialize",
        json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}),
    );
    let about = &hello["result"]["serverInfo"];
    assert_eq!((&about["name"], &about["title"]), (&json!("oncehub-mcp"), &json!("OnceHub")));
    assert_eq!(about["version"], env!("CARGO_PKG_VERSION"));
    assert!(about["websiteUrl"].as_str().unwrap().starts_with("https://"));
    assert!(about["icons"][0]["src"].as_str().unwrap().starts_with("data:image/svg+xml;base64,"));
    assert!(hello["result"]["instructions"].as_str().unwrap().contains("find_times"));
    session.end();
}

#[test]
fn tools_are_listed_and_called_in_both_eras_by_one_process() {
    let mut session = Session::start(sandboxed());
    let listed = session.request("tools/list", modern(json!({}), false));
    assert_eq!(listed["result"]["tools"].as_array().unwrap().len(), tools(false));
    assert_eq!(listed["result"]["cacheScope"], "private");
    let call = modern(json!({"name": "test_connection", "arguments": {}}), false);
    let called = session.request("tools/call", call);
    assert_eq!(called["result"]["structuredContent"]["account"], "margaret@northlight.example", "{called}");
    session.end();

    let mut session = Session::open(sandboxed());
    assert_eq!(session.request("tools/list", json!({}))["result"]["tools"].as_array().unwrap().len(), tools(false));
    assert_eq!(
        session.call("test_connection", json!({}))["structuredContent"]["account"],
        "margaret@northlight.example"
    );
    session.end();
}

#[test]
fn without_a_key_the_tools_are_listed_and_each_call_says_how_to_set_one() {
    let mut session = Session::open(program());
    assert_eq!(session.request("tools/list", json!({}))["result"]["tools"].as_array().unwrap().len(), tools(false));
    let result = session.call("list_bookings", json!({}));
    let error = &result["structuredContent"]["error"];
    assert_eq!((&result["isError"], &error["type"]), (&json!(true), &json!("configuration_error")));
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains("ONCEHUB_API_KEY") && hint.contains("--sandbox"), "{hint}");
    session.end();
}

#[test]
fn an_unknown_tool_is_a_protocol_error_that_names_the_nearest() {
    let mut session = Session::open(sandboxed());
    let answer = session.request("tools/call", json!({"name": "list_booking", "arguments": {}}));
    assert_eq!(answer["error"]["message"], "there is no tool 'list_booking' (did you mean list_bookings?)");
    session.end();
}

#[test]
fn a_hidden_tool_cannot_be_called_either() {
    let mut command = sandboxed();
    command.env("ONCEHUB_MCP_READ_ONLY", "true");
    let mut session = Session::open(command);
    assert_eq!(session.request("tools/list", json!({}))["result"]["tools"].as_array().unwrap().len(), tools(true));
    let answer = session.request("tools/call", json!({"name": "cancel_booking", "arguments": {"booking_id": "x"}}));
    let message = answer["error"]["message"].as_str().unwrap();
    assert!(message.starts_with("this server does not offer 'cancel_booking': it is switched off"), "{message}");
    session.end();
}

#[test]
fn a_cancelled_call_stops_its_request() {
    let (_runtime, sandbox) = sandbox(0);
    let (mut session, id) = in_a_call(&sandbox);
    session.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}}));
    // The sandbox notices that the connection has been closed.
    wait_until(|| sandbox.waiting() == 0);
    sandbox.heal();
    assert_eq!(session.call("test_connection", json!({}))["isError"], json!(false), "the server goes on");
    session.end();
}

#[test]
fn progress_is_told_once_a_second_while_a_call_lasts() {
    let (_runtime, sandbox) = sandbox(300);
    let mut command = in_front_of(&sandbox);
    command.env("ONCEHUB_MCP_MAX_REPLY", "1000");
    let mut session = Session::open(command);
    let mut call = || {
        let params = json!({"name": "list_bookings", "arguments": {"limit": 300}, "_meta": {"progressToken": "p1"}});
        let id = session.post("tools/call", params);
        let mut told = Vec::new();
        loop {
            let message = session.next().unwrap();
            if message["method"] == "notifications/progress" {
                let of = |field: &str| message["params"][field].as_f64();
                told.push((of("progress").unwrap(), of("total"), message["params"]["message"].clone()));
            }
            if message["id"] == json!(id) {
                return told;
            }
        }
    };
    assert_eq!(call(), [], "nobody has to be told of what is over at once");
    // The third page takes its time.
    sandbox.fail(Fault::new(Effect::Delay(Duration::from_millis(2500))).on("GET", "/bookings").after(2).times(1));
    let said = json!("waiting for OnceHub");
    assert_eq!(call(), [(200.0, Some(300.0), said.clone()), (200.5, Some(300.0), said)]);
    session.end();
}

#[test]
fn the_end_of_input_ends_the_process_at_once_even_with_a_call_in_flight() {
    let (_runtime, sandbox) = sandbox(0);
    let (session, _) = in_a_call(&sandbox);
    let ended = Instant::now();
    let (code, _, _) = session.end();
    assert_eq!(code, Some(0));
    // Far less than the call would have taken, and than rmcp's own five seconds.
    assert!(ended.elapsed() < Duration::from_secs(4), "{:?}", ended.elapsed());
}

/// A booking that can be canceled, by its id.
fn a_booking(session: &mut Session) -> String {
    let coming = json!({"starts_after": "tomorrow", "status": "scheduled", "limit": 1});
    session.call("list_bookings", coming)["structuredContent"]["items"][0]["id"].as_str().unwrap().to_owned()
}

#[test]
fn the_end_of_input_waits_for_a_change_on_its_way() {
    let (_runtime, sandbox) = sandbox(0);
    // Longer than rmcp itself would wait.
    sandbox.fail(Fault::new(Effect::Delay(Duration::from_secs(6))).on("POST", "/cancel"));
    let mut session = Session::open(in_front_of(&sandbox));
    let booking = a_booking(&mut session);
    let id = session.post("tools/call", json!({"name": "cancel_booking", "arguments": {"booking_id": booking}}));
    wait_until(|| sandbox.held() == 1);
    let (code, lines, _) = session.end();
    assert_eq!(code, Some(0));
    let answer = lines.iter().find(|line| line["id"] == json!(id)).expect("the change was answered");
    assert_eq!(answer["result"]["structuredContent"]["status"], "canceled", "{answer}");
    assert_eq!(sandbox.with(|world| world.status_of(&booking)), Some("canceled"));
}

#[test]
fn no_change_begins_after_the_end_of_input() {
    let (_runtime, sandbox) = sandbox(0);
    let mut session = Session::open(in_front_of(&sandbox));
    let booking = a_booking(&mut session);
    sandbox.fail(Fault::new(Effect::Hold).on("GET", "/v2/bookings/"));
    session.post("tools/call", json!({"name": "cancel_booking", "arguments": {"booking_id": booking}}));
    wait_until(|| sandbox.held() == 1);
    let (code, _, _) = session.end();
    assert_eq!(code, Some(0));
    sandbox.release();
    wait_until(|| sandbox.working() == 0);
    assert!(sandbox.requests().iter().all(|seen| seen.method == "GET"), "{:?}", sandbox.requests());
}

#[test]
fn a_cancelled_change_is_finished_and_told_to_the_next_call_about_it() {
    let (_runtime, sandbox) = sandbox(0);
    sandbox.fail(Fault::new(Effect::Hold).on("POST", "/cancel"));
    let mut session = Session::open(in_front_of(&sandbox));
    let booking = a_booking(&mut session);
    let id = session.post("tools/call", json!({"name": "cancel_booking", "arguments": {"booking_id": booking}}));
    wait_until(|| sandbox.held() == 1);
    session.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}}));
    let look = |session: &mut Session| {
        let reply = session.call("get_booking", json!({"booking_id": booking}));
        let note = reply["structuredContent"]["note"].as_str().map(str::to_owned);
        (note, reply["structuredContent"]["status"].as_str().unwrap().to_owned())
    };
    let in_flight = "cancelled by its client after its request had been sent, and is still in flight";
    wait_until(|| look(&mut session).0.is_some_and(|note| note.contains(in_flight)));
    sandbox.release();
    wait_until(|| sandbox.working() == 0);
    let told = std::iter::repeat_with(|| look(&mut session))
        .find(|(note, _)| !note.as_deref().is_some_and(|note| note.contains("still in flight")));
    let (note, status) = told.unwrap();
    assert!(note.unwrap().contains("It ended with: Canceled. The guest is notified by e-mail."));
    assert_eq!(status, "canceled");
    assert_eq!(look(&mut session).0, None, "it is told once");
    let (_, _, log) = session.end();
    assert!(log.contains("a cancelled call's change has ended"), "{log}");
}

#[test]
fn input_that_ends_with_its_last_request_is_still_answered() {
    let mut session = Session::open(sandboxed());
    let id = session.post("tools/call", json!({"name": "test_connection", "arguments": {}}));
    let (code, lines, _) = session.end();
    assert_eq!(code, Some(0));
    assert!(lines.iter().any(|line| line["id"] == json!(id)), "{lines:?}");
}

#[test]
fn a_host_that_changes_its_mind_is_no_error() {
    let (code, lines, _) = Session::start(sandboxed()).end();
    assert_eq!((code, lines.len()), (Some(0), 0));
}

#[cfg(unix)]
#[test]
fn a_request_to_stop_lets_the_call_under_way_be_answered() {
    let (_runtime, sandbox) = sandbox(0);
    sandbox.fail(Fault::new(Effect::Delay(Duration::from_millis(600))).on("GET", "/v2/test"));
    let mut session = Session::open(in_front_of(&sandbox));
    let id = session.post("tools/call", json!({"name": "test_connection", "arguments": {}}));
    wait_until(|| sandbox.held() == 1);
    let killed = std::process::Command::new("kill").arg(session.pid().to_string()).status().unwrap();
    assert!(killed.success());
    let answer = session.answer(id);
    assert_eq!(answer["result"]["isError"], json!(false), "{answer}");
    let (code, _, _) = session.wait();
    assert_eq!(code, Some(0));
}

#[cfg(unix)]
#[test]
fn a_request_to_stop_before_the_first_message_ends_quietly() {
    let session = Session::start(sandboxed());
    // It listens for the signal by the time that it has answered; here it has not been asked anything yet.
    let mut session = session;
    session.request("server/discover", modern(json!({}), false));
    std::process::Command::new("kill").arg(session.pid().to_string()).status().unwrap();
    assert_eq!(session.wait().0, Some(0));
}

#[test]
fn nonsense_on_the_line_does_not_end_the_process() {
    let mut session = Session::open(sandboxed());
    for line in [
        json!("{"),
        json!([]),
        json!({"jsonrpc": "2.0"}),
        json!({"id": 1}),
        json!({"jsonrpc": "2.0", "id": 99, "method": "no/such"}),
    ] {
        session.send(&line);
    }
    let odd = ["list_bookings", "cancel_booking", "schedule_meeting", "get_booking_time_slots"];
    for tool in odd {
        for arguments in [
            json!([1]),
            json!("x"),
            json!({"limit": -1}),
            json!({"booking_id": {"a": 1}}),
            json!({"calendar_id": "\u{0}"}),
        ] {
            let _ = session.request("tools/call", json!({"name": tool, "arguments": arguments}));
        }
    }
    assert_eq!(session.call("test_connection", json!({}))["isError"], json!(false));
    session.end();
}

#[test]
fn a_call_that_cannot_be_read_is_told_what_is_wrong_with_it() {
    let mut session = Session::open(sandboxed());
    for params in [json!({"name": "list_bookings", "arguments": [1]}), json!({"name": 5})] {
        let error = session.request("tools/call", params)["error"].clone();
        assert_eq!(error["code"], -32602, "{error}");
        assert!(error["message"].as_str().unwrap().contains("an object"), "{error}");
    }
    assert_eq!(session.request("tools/nonsense", json!({}))["error"]["code"], -32601);
    session.end();
}

/// Modern calls come back with a question, and are sent again with the answer.
#[test]
fn a_question_is_bound_to_its_call_and_answered_once() {
    let (_runtime, sandbox) = sandbox(0);
    let mut session = Session::start(in_front_of(&sandbox));
    let list = modern(
        json!({"name": "list_bookings", "arguments": {"starts_after": "tomorrow", "status": "scheduled", "limit": 2}}),
        true,
    );
    let listed = session.request("tools/call", list);
    let items = &listed["result"]["structuredContent"]["items"];
    let cancel = |item: &Value, more: Value| {
        let mut params = json!({"name": "cancel_booking", "arguments": {"booking_id": item["id"], "reason": "r"}});
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        modern(params, true)
    };
    let asked = session.request("tools/call", cancel(&items[0], json!({})))["result"].clone();
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    let question = asked["inputRequests"]["confirm"]["params"]["message"].as_str().unwrap();
    assert!(
        question.starts_with("Cancel \"") && question.ends_with("and e-mail the guest this reason: \"r\"?"),
        "{question}"
    );
    let answer = |accept: bool| {
        json!({
            "requestState": asked["requestState"],
            "inputResponses": {"confirm": {"action": "accept", "content": {"confirm": accept}}}
        })
    };
    // For another booking, or tampered with: refused.
    let other = session.request("tools/call", cancel(&items[1], answer(true)));
    assert!(other["error"]["message"].as_str().unwrap().contains("does not belong to this call"), "{other}");
    let mut tampered = answer(true);
    tampered["requestState"] = json!(format!("{}x", asked["requestState"].as_str().unwrap()));
    assert!(session.request("tools/call", cancel(&items[0], tampered))["error"].is_object());
    // A no is a normal reply; the answer is then used up.
    let declined = session.request("tools/call", cancel(&items[0], answer(false)));
    assert_eq!(declined["result"]["structuredContent"]["confirmed"], false, "{declined}");
    let replayed = session.request("tools/call", cancel(&items[0], answer(true)));
    assert!(replayed["error"]["message"].as_str().unwrap().contains("used already"), "{replayed}");
    assert_eq!(sandbox.requests().iter().filter(|seen| seen.method == "POST").count(), 0);
    // Asked anew, and agreed to.
    let asked = session.request("tools/call", cancel(&items[0], json!({})))["result"].clone();
    let yes = json!({
        "requestState": asked["requestState"],
        "inputResponses": {"confirm": {"action": "accept", "content": {"confirm": true}}}
    });
    let done = session.request("tools/call", cancel(&items[0], yes));
    assert_eq!(done["result"]["structuredContent"]["status"], "canceled", "{done}");
    session.end();
}

/// Older clients are asked while the call waits.
#[test]
fn an_older_client_is_asked_while_its_call_waits() {
    let (_runtime, sandbox) = sandbox(0);
    let mut session = Session::start(in_front_of(&sandbox));
    session.request(
        "initialize",
        json!({
            "protocolVersion": "2025-11-25", "capabilities": {"elicitation": {}}, "clientInfo": {"name": "t", "version": "1"}
        }),
    );
    session.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
    let coming = json!({"starts_after": "tomorrow", "status": "scheduled", "limit": 1});
    let booking = session.call("list_bookings", coming)["structuredContent"]["items"][0]["id"].clone();
    for (reply, status) in [
        (json!({"action": "decline"}), json!([false, null])),
        (json!({"action": "cancel"}), json!([false, null])),
        (json!({"action": "accept", "content": {"confirm": true}}), json!([true, "canceled"])),
    ] {
        let id = session.post("tools/call", json!({"name": "cancel_booking", "arguments": {"booking_id": booking}}));
        let question = session.next().unwrap();
        assert_eq!(question["method"], "elicitation/create", "{question}");
        session.send(&json!({"jsonrpc": "2.0", "id": question["id"], "result": reply}));
        let told = &session.answer(id)["result"]["structuredContent"];
        assert_eq!(json!([told["confirmed"], told["status"]]), status);
    }
    session.end();
}

/// Waits for something that will come about by itself.
fn wait_until(mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < super::agents::PATIENCE, "it did not come about");
        std::thread::yield_now();
    }
}

/// What `tools` says at its end with these arguments and variables.
fn offered(arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let output = program().args(arguments).arg("tools").envs(variables.iter().copied()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().last().unwrap().split(',').next().unwrap().to_owned()
}

#[test]
fn a_flag_beats_its_variable_and_an_empty_variable_is_none() {
    assert_eq!(offered(&[], &[("ONCEHUB_MCP_READ_ONLY", "1")]), format!("{} tools", tools(true)));
    assert_eq!(offered(&["--read-only=false"], &[("ONCEHUB_MCP_READ_ONLY", "1")]), format!("{} tools", tools(false)));
    let command = oncehub_mcp::cli::command();
    let variables = command.get_arguments().filter_map(|setting| setting.get_env()?.to_str());
    let empty: Vec<_> = variables.map(|name| (name, "")).collect();
    assert!(empty.len() >= 15, "{empty:?}");
    assert_eq!(offered(&[], &empty), format!("{} tools", tools(false)));
    let spaced = [
        ("ONCEHUB_API_URL", " https://api.oncehub.com "),
        ("ONCEHUB_MCP_TIME_ZONE", " Europe/London "),
        ("ONCEHUB_MCP_TIMEOUT", " 30 "),
        ("ONCEHUB_MCP_RATE_LIMIT", " off "),
        ("ONCEHUB_MCP_READ_ONLY", " yes "),
        ("ONCEHUB_MCP_CONFIRM", " never "),
        ("ONCEHUB_MCP_LOG_FORMAT", " json "),
    ];
    assert_eq!(offered(&[], &spaced), format!("{} tools", tools(true)), "spaces around a value are not part of it");
}

#[test]
fn without_structure_definitions_and_replies_are_text_alone() {
    let mut command = sandboxed();
    command.args(["--structured", "off"]).env("ONCEHUB_MCP_SCHEMAS", "plain");
    let mut session = Session::open(command);
    let listed = session.request("tools/list", json!({}))["result"]["tools"].clone();
    for tool in listed.as_array().unwrap() {
        assert!(
            tool.get("outputSchema").is_none() && tool["inputSchema"].get("additionalProperties").is_none(),
            "{tool}"
        );
    }
    for (arguments, is_error) in [(json!({}), false), (json!({"limit": 501}), true)] {
        let result = session.call("list_users", arguments);
        assert_eq!((&result["isError"], result.get("structuredContent")), (&json!(is_error), None), "{result}");
        assert!(!result["content"][0]["text"].as_str().unwrap().is_empty());
    }
    // What a host can only send as a text is read as the object that it holds.
    let fields = json!({
        "first_name": "Ada", "last_name": "Okafor", "email": "ada@okafor.example",
        "custom_fields": r#"{"Shoe size": 41}"#
    });
    let made = session.call("create_contact", fields);
    assert!(made["content"][0]["text"].as_str().unwrap().contains("Shoe size"), "{made}");
    session.end();
    // Who asks for JSON gets it.
    let output = sandboxed().args(["--structured=off", "call", "test_connection", "--json"]).output().unwrap();
    assert!(serde_json::from_slice::<Value>(&output.stdout).unwrap()["account"].is_string());
    // What the program prints of itself is what it offers, apart from icons, which only a client shows.
    let mut listed = listed;
    listed.as_array_mut().unwrap().iter_mut().for_each(|tool| drop(tool.as_object_mut().unwrap().remove("icons")));
    let output = program().args(["--structured=off", "--schemas=plain", "tools", "--json"]).output().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap()["tools"], listed);
}

#[test]
fn the_demo_needs_structures_and_has_them_whatever_is_set() {
    let output = program().env("ONCEHUB_MCP_STRUCTURED", "off").arg("demo").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
