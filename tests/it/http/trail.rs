//! What an engineer on call finds: a request by its id, whose it was and from where, why a call failed, and whether
//! OnceHub is at fault.

use std::time::Duration;

use oncehub_mcp::sandbox::{self, Effect, Fault};
use serde_json::{Value, json};

use super::{Server, TOKEN, in_front_of, message, refusal, settle, until, upstream};

/// The lines of a log in JSON.
fn lines(log: &str) -> Vec<Value> {
    let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
    log.lines().map(read).collect()
}

/// The lines about one request.
fn about<'a>(lines: &'a [Value], request: &str) -> Vec<&'a Value> {
    let is_about = |line: &&Value| line["request"] == request || line["span"]["request"] == request;
    lines.iter().filter(is_about).collect()
}

/// A call with an id of its own, from a client behind the proxy.
fn call(server: &Server, id: &str, tool: &str, arguments: Value) -> reqwest::RequestBuilder {
    let call = server.modern(sandbox::KEY, "tools/call", json!({"name": tool, "arguments": arguments}));
    let call = call.header("X-Request-Id", id).header("X-Forwarded-For", "198.51.100.1, 192.0.2.7");
    call.header("X-Forwarded-Proto", "https")
}

#[tokio::test]
async fn a_request_is_found_by_its_id_in_its_response_and_in_each_line() {
    let upstream = upstream().await;
    let server = Server::with(&upstream, |command| {
        command
            .args(["--behind-proxy", "--access-log"])
            .env("ONCEHUB_MCP_LOG_FORMAT", "json")
            .env("ONCEHUB_MCP_TOKEN", TOKEN)
    });
    let answer = call(&server, "req-of-the-proxy", "list_users", json!({})).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["x-request-id"]),
        (200, &"req-of-the-proxy".parse().unwrap())
    );
    let get = |path: &str| server.client.get(format!("{}{path}", server.url)).header("X-Forwarded-For", "192.0.2.7");
    let mut made = Vec::new();
    for (path, status) in
        [("/healthz", 200), ("/", 200), ("/v1/mcp", 404), ("/mcp", 401), ("/message?sessionId=x", 405)]
    {
        let answer = get(path).header("User-Agent", "probe/1").send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status, "{path}");
        made.push(answer.headers()["x-request-id"].to_str().unwrap().to_owned());
    }
    assert!(made.iter().all(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())), "{made:?}");
    let odd = get("/healthz").header("X-Request-Id", "two words").send().await.unwrap();
    assert_ne!(odd.headers()["x-request-id"], "two words");
    let key = get("/mcp").header("X-Request-Id", sandbox::KEY).header("API-Key", sandbox::KEY).send().await.unwrap();
    assert_ne!(key.headers()["x-request-id"], sandbox::KEY);
    let figures = server.figures().await;
    assert!(figures.contains("http_requests_total{path=\"/healthz\",status=\"200\"} 2"), "{figures}");
    assert!(figures.contains("http_requests_total{path=\"other\",status=\"404\"} 1"), "{figures}");

    let log = server.stop();
    assert!(!log.contains(sandbox::KEY), "{log}");
    let lines = lines(&log);
    let found = about(&lines, "req-of-the-proxy");
    let [called, served] = found[..] else { panic!("{found:?}") };
    assert_eq!((&called["message"], &called["outcome"]), (&json!("call"), &json!("done")), "{called}");
    assert_eq!((&called["span"]["client"], &called["span"]["app"]), (&json!("192.0.2.7"), &json!("test")), "{called}");
    assert_eq!(
        (&served["message"], &served["path"], &served["status"]),
        (&json!("request"), &json!("/mcp"), &json!(200))
    );
    assert_eq!((&served["client"], &served["tenant"]), (&json!("192.0.2.7"), &called["span"]["tenant"]), "{served}");
    assert!(served["tenant"].as_str().unwrap().len() == 32 && served["ms"].is_number(), "{served}");
    // What was refused says so, and why, before the line that each request has.
    let refused = about(&lines, &made[3]);
    assert_eq!((&refused[0]["message"], &refused[0]["kind"]), (&json!("refused"), &json!("key")), "{refused:?}");
    assert!(refused[0]["reason"].as_str().unwrap().starts_with("send a OnceHub API key"), "{refused:?}");
    assert_eq!((&refused[1]["refused"], &refused[1]["agent"]), (&json!("key"), &json!("probe/1")), "{refused:?}");
    assert_eq!(about(&lines, &made[2])[0]["path"], "/v1/mcp");
    assert_eq!(about(&lines, &made[4])[1]["path"], "/message", "a session's id is nobody's business");
    assert_eq!(lines.iter().filter(|line| line["message"] == "started").count(), 1);
    let ended = lines.iter().rev().take(2).map(|line| line["message"].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(ended, ["ended", "shutting down"]);
}

#[tokio::test]
async fn without_an_access_log_only_calls_and_refusals_have_lines_and_of_many_refusals_some() {
    let upstream = upstream().await;
    let server = Server::with(&upstream, |command| {
        command.env("ONCEHUB_MCP_LOG_FORMAT", "json").env("ONCEHUB_MCP_TOKEN", TOKEN)
    });
    for _ in 0..30 {
        assert_eq!(refusal(server.client.get(format!("{}/sse", server.url))).await.0, 401);
    }
    server.client.get(format!("{}/healthz", server.url)).send().await.unwrap();
    server.know(sandbox::KEY).await;
    assert!(server.figures().await.contains("http_requests_refused_total{reason=\"key\"} 30"));
    let lines = lines(&server.stop());
    let count = |message: &str| lines.iter().filter(|line| line["message"] == message).count();
    assert_eq!((count("refused"), count("request"), count("call")), (10, 0, 1));
}

#[tokio::test]
async fn how_a_call_ended_tells_oncehubs_faults_from_a_models_slips_and_a_persons_no() {
    let upstream = upstream().await;
    let server = Server::with(&upstream, |command| {
        command
            .args(["--behind-proxy"])
            .env("ONCEHUB_MCP_LOG_FORMAT", "json")
            .env("ONCEHUB_MCP_TOKEN", TOKEN)
            .env("ONCEHUB_MCP_STRUCTURED", "off")
    });
    server.know(sandbox::KEY).await;
    let ask = async |id: &str, tool: &str, arguments: Value| call(&server, id, tool, arguments).send().await.unwrap();
    ask("fine", "list_users", json!({})).await;
    ask("slip", "list_users", json!({"limit": "x"})).await;
    ask("unknown", "list_bokings", json!({})).await;
    let refused = json!({"message": "no", "type": "invalid_request_error"});
    for (id, effect) in [
        ("broken", Effect::Status(503, "text/html", "<p>".into())),
        ("lost", Effect::DropBefore),
        ("refused", Effect::Error(400, refused)),
        // OnceHub is left alone for as long as it says.
        ("limited", Effect::TooMany(Some(60))),
    ] {
        // What is known of users is not asked for again, whereas a booking is.
        upstream.fail(Fault::new(effect).on("GET", "/bookings"));
        ask(id, "list_bookings", json!({"limit": 1})).await;
        upstream.heal();
    }
    let outcome = |lines: &[Value], id: &str| {
        let called = about(lines, id).into_iter().find(|line| line["message"] == "call").cloned();
        let called = called.unwrap_or_else(|| panic!("no line of {id}"));
        let text = |name: &str| called[name].as_str().unwrap_or_default().to_owned();
        (text("outcome"), text("error_type"), called["asked_ms"].is_number())
    };
    let figures = server.figures().await;
    for series in [
        "mcp_tool_calls_total{tool=\"list_bookings\",outcome=\"failed\",error_type=\"network_error\"} 1",
        "mcp_tool_calls_total{tool=\"list_users\",outcome=\"failed\",error_type=\"invalid_argument\"} 1",
        "oncehub_request_duration_seconds_count{endpoint=\"GET /bookings\",result=\"lost\"}",
        "oncehub_request_duration_seconds_count{endpoint=\"GET /bookings\",result=\"answered\"}",
    ] {
        assert!(figures.contains(series), "{series} is not in\n{figures}");
    }
    let lines = lines(&server.stop());
    for (id, ended, error_type) in [
        ("fine", "done", ""),
        ("slip", "failed", "invalid_argument"),
        ("unknown", "refused", "invalid_request"),
        ("broken", "failed", "api_error"),
        ("lost", "failed", "network_error"),
        ("limited", "failed", "rate_limit_error"),
        ("refused", "failed", "invalid_request_error"),
    ] {
        assert_eq!(outcome(&lines, id), (ended.to_owned(), error_type.to_owned(), false), "{id}");
    }
}

#[tokio::test]
async fn a_no_is_declined_and_the_time_of_people_is_not_ours() {
    let upstream = upstream().await;
    let server = Server::with(&upstream, |command| {
        command.env("ONCEHUB_MCP_LOG_FORMAT", "json").env("ONCEHUB_MCP_TOKEN", TOKEN).args(["--behind-proxy"])
    });
    let delete = json!({"contact_id": "olivia@marchetti.example"});
    let asked = message(call(&server, "asked", "delete_contact", delete.clone()).send().await.unwrap()).await;
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    let params = json!({
        "name": "delete_contact", "arguments": delete, "requestState": asked["requestState"],
        "inputResponses": {"confirm": {"action": "decline"}}
    });
    let no = server.modern(sandbox::KEY, "tools/call", params).header("X-Request-Id", "no").send().await.unwrap();
    assert_eq!(message(no).await["structuredContent"]["confirmed"], false);
    let figures = server.figures().await;
    for series in [
        "mcp_tool_calls_total{tool=\"delete_contact\",outcome=\"asked\",error_type=\"\"} 1",
        "mcp_tool_calls_total{tool=\"delete_contact\",outcome=\"declined\",error_type=\"declined\"} 1",
        "mcp_question_duration_seconds_count{tool=\"delete_contact\"} 1",
    ] {
        assert!(figures.contains(series), "{series} is not in\n{figures}");
    }
    let lines = lines(&server.stop());
    let declined = about(&lines, "no")[0];
    assert_eq!((&declined["outcome"], declined["asked_ms"].is_number()), (&json!("declined"), true), "{declined}");
    assert_eq!(about(&lines, "asked")[0]["outcome"], "asked");
}

#[tokio::test]
async fn a_client_that_leaves_has_cancelled_its_call_and_nothing_else_is_said() {
    let upstream = upstream().await;
    let server = Server::with(&upstream, |command| {
        command
            .env("ONCEHUB_MCP_LOG_FORMAT", "json")
            .env("ONCEHUB_MCP_TOKEN", TOKEN)
            .args(["--behind-proxy", "--access-log"])
    });
    server.know(sandbox::KEY).await;
    upstream.fail(Fault::new(Effect::Delay(Duration::from_hours(1))));
    tokio::select! {
        _ = call(&server, "left", "list_users", json!({})).send() => panic!("it was to hang"),
        () = until("the call reaches OnceHub", async || upstream.held() == 1) => {}
    }
    let cancelled = "mcp_tool_calls_total{tool=\"list_users\",outcome=\"cancelled\",error_type=\"\"} 1";
    until("it is counted", async || server.figures().await.contains(cancelled)).await;
    let lines = lines(&server.stop());
    assert!(about(&lines, "left").iter().any(|line| line["outcome"] == "cancelled"), "{lines:?}");
    assert!(about(&lines, "left").iter().any(|line| line["status"] == 499), "{lines:?}");
    let started = lines.iter().position(|line| line["message"] == "started").unwrap();
    assert!(lines[started..].iter().all(|line| line["level"] == "INFO"), "{lines:?}");
}

#[tokio::test]
async fn when_oncehub_goes_and_comes_back_a_line_says_so() {
    let upstream = upstream().await;
    let server = Server::with(&upstream, |command| {
        command.env("ONCEHUB_MCP_LOG_FORMAT", "json").env("ONCEHUB_MCP_TOKEN", TOKEN)
    });
    server.know(sandbox::KEY).await;
    for effect in [Effect::DropBefore, Effect::Status(503, "text/html", String::new())] {
        upstream.fail(Fault::new(effect));
        for _ in 0..3 {
            server.call(sandbox::KEY, "list_users", json!({})).await;
        }
        assert!(server.figures().await.contains("oncehub_up 0"));
        upstream.heal();
        server.know(sandbox::KEY).await;
        assert!(server.figures().await.contains("oncehub_up 1"));
    }
    let lines = lines(&server.stop());
    let said = lines.iter().filter(|line| line["target"] == "oncehub_mcp::oncehub::outage");
    let said: Vec<_> = said
        .map(|line| (line["level"].as_str(), line["message"].as_str().unwrap(), &line["error"], &line["status"]))
        .collect();
    let (back, none) = ((Some("WARN"), "OnceHub serves requests again", &Value::Null, &Value::Null), Value::Null);
    assert_eq!(
        said,
        [
            (Some("WARN"), "OnceHub does not answer", &json!("lost"), &none),
            back,
            (Some("WARN"), "OnceHub answers, but not as it should", &none, &json!(503)),
            back
        ],
        "once each"
    );
}

#[tokio::test]
async fn readiness_is_answered_while_oncehub_hangs() {
    let upstream = upstream().await;
    upstream.fail(Fault::new(Effect::Delay(Duration::from_hours(1))));
    for shares in [true, false] {
        let mut command = in_front_of(&upstream);
        command.env("ONCEHUB_MCP_TIMEOUT", "600");
        if shares {
            command.env("ONCEHUB_API_KEY", sandbox::KEY).arg("--shared-key");
        }
        let server = Server::start(command);
        // One asks, and the other waits for its answer.
        let ready = || refusal(server.client.get(format!("{}/readyz", server.url)));
        for (status, reason) in <[_; 2]>::from(tokio::join!(ready(), ready())) {
            assert!(status == 503 && reason.contains("OnceHub did not answer within 2.8 s"), "{status} {reason}");
        }
    }
}

#[tokio::test]
async fn the_figures_say_what_runs_and_begin_at_zero() {
    let upstream = upstream().await;
    let figures = Server::start(in_front_of(&upstream)).figures().await;
    let version = env!("CARGO_PKG_VERSION");
    for series in [
        &format!("oncehub_mcp_build_info{{version=\"{version}\"}} 1"),
        "oncehub_up 1",
        "oncehub_requests_total{status=\"429\"} 0",
        "oncehub_requests_total{status=\"timeout\"} 0",
        "http_requests_refused_total{reason=\"calls\"} 0",
    ] {
        assert!(figures.lines().any(|line| line == series), "{series} is not in\n{figures}");
    }
    for name in
        ["process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds", "process_start_time_seconds"]
    {
        assert!(figures.contains(&format!("\n{name} ")), "{name} is not in\n{figures}");
    }
    let spent = figures.lines().find_map(|line| line.strip_prefix("process_cpu_seconds_total ")).unwrap();
    assert!(spent.parse::<f64>().unwrap() > 0.0, "parts of a second count: {spent}");
}

/// The expressions to grep for that `docs/hosting.md` has.
fn greps() -> Vec<String> {
    let page = include_str!("../../../docs/hosting.md");
    let table = page.split_once("<!-- grep -->").unwrap().1.split_once("<!-- /grep -->").unwrap().0;
    let rows = table.lines().skip(3).filter_map(|row| row.rsplit_once(" | ").map(|(_, greps)| greps));
    rows.flat_map(|greps| greps.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

/// Whether a line has all parts of an expression, in this order.
fn has(line: &str, expression: &str) -> bool {
    let mut rest = line;
    expression.split(".*").all(|part| {
        let at = rest.find(part).map(|at| at + part.len());
        rest = &rest[at.unwrap_or_default()..];
        at.is_some()
    })
}

#[tokio::test]
async fn what_hosting_says_to_grep_for_is_found() {
    let upstream = upstream().await;
    let folder = tempfile::tempdir().unwrap();
    let (settings, tokens) = (folder.path().join("settings.env"), folder.path().join("tokens"));
    std::fs::write(&settings, "ONCEHUB_MCP_LOG=info\n").unwrap();
    let (ada, ben) = (format!("ada: {TOKEN}-of-ada\n"), format!("ben: {TOKEN}\n"));
    std::fs::write(&tokens, format!("{ada}{ben}")).unwrap();
    let mut command = in_front_of(&upstream);
    command.args(["--behind-proxy", "--drain", "0", "--token-file"]).arg(&tokens);
    command.env("ONCEHUB_MCP_LOG_FORMAT", "json");
    command.env_remove("ONCEHUB_MCP_LOG").env("ONCEHUB_MCP_ENV_FILE", &settings);
    let server = Server::start(command);
    server.know(sandbox::KEY).await;
    let ask = async |id: &str, tool: &str, arguments: Value| {
        message(call(&server, id, tool, arguments).send().await.unwrap()).await
    };
    let contact = json!({"contact_id": "olivia@marchetti.example"});
    let asked = ask("asked", "delete_contact", contact.clone()).await;
    let params = json!({
        "name": "delete_contact", "arguments": contact, "requestState": asked["requestState"],
        "inputResponses": {"confirm": {"action": "decline"}}
    });
    server.modern(sandbox::KEY, "tools/call", params).send().await.unwrap();
    ask("slip", "list_bookings", json!({"limit": "x"})).await;
    // The one that is looked for: its response is lost, and a look finds what it did.
    upstream.fail(Fault::new(Effect::DropAfter).on("PATCH", "/contacts").times(1));
    let changed =
        ask("the-one", "update_contact", json!({"contact_id": "olivia@marchetti.example", "company": "Marchetti"}));
    let changed = changed.await;
    assert_eq!(changed["isError"], false, "{changed}");
    for effect in [Effect::Status(503, "text/html", String::new()), Effect::DropBefore] {
        upstream.fail(Fault::new(effect));
        ask("fault", "list_bookings", json!({"limit": 1})).await;
        upstream.heal();
        server.know(sandbox::KEY).await;
    }
    upstream.fail(Fault::new(Effect::Delay(Duration::from_hours(1))).on("GET", "/bookings"));
    tokio::select! {
        _ = ask("left", "list_bookings", json!({"limit": 1})) => panic!("it was to hang"),
        () = until("the call reaches OnceHub", async || upstream.held() == 1) => {}
    }
    let get = server.client.get(format!("{}/mcp", server.url)).header("X-Forwarded-For", "192.0.2.7");
    assert_eq!(get.header("X-Request-Id", "the-one").send().await.unwrap().status(), 401);
    // A token is replaced, with a mistake on the way, and its holder does not know.
    let of = |token: &str| {
        let params = json!({"name": "list_teams", "arguments": {}});
        let mut call = server.modern("", "tools/call", params).build().unwrap();
        call.headers_mut().remove("api-key");
        reqwest::RequestBuilder::from_parts(server.client.clone(), call).bearer_auth(token)
    };
    let former = format!("{TOKEN}-of-ada");
    for token in [TOKEN, &former] {
        assert_eq!(of(token).send().await.unwrap().status(), 200);
    }
    for text in ["short", &ben, &ben] {
        std::fs::write(&tokens, text).unwrap();
        server.signal("HUP");
        settle(&server).await;
    }
    assert_eq!(of(&former).send().await.unwrap().status(), 401);
    let cancelled = "outcome=\"cancelled\"";
    until("all is counted", async || server.figures().await.contains(cancelled)).await;
    let cut = call(&server, "cut", "list_bookings", json!({"limit": 1})).send();
    let stopping = async {
        until("the call reaches OnceHub", async || upstream.held() == 2).await;
        server.terminate();
    };
    tokio::join!(cut, stopping).0.unwrap();
    let log = server.wait().1;
    let greps = greps();
    assert!(greps.len() >= 15, "{greps:?}");
    for expression in greps {
        let of_this = expression.replace("ID", "the-one");
        assert!(log.lines().any(|line| has(line, &of_this)), "{expression} is not in\n{log}");
    }
}
