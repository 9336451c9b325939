//! What an operator sees of a call: logs, and spans over OTLP. What nobody may see: keys, guests, arguments.

use oncehub_mcp::sandbox::{self, Effect, Fault};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::{Server, message, upstream};

const KEY: &str = "k3y-of-a-tenant-never-to-be-seen";

fn holds(body: &[u8], what: &[u8]) -> bool {
    body.windows(what.len()).any(|window| window == what)
}

#[tokio::test]
async fn a_call_is_one_line_and_one_span_in_its_clients_trace() {
    let collector = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/v1/traces"))
        .respond_with(ResponseTemplate::new(200))
        .mount(&collector)
        .await;
    let upstream = upstream().await;
    let server = Server::with(&upstream, |command| {
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.uri()).env("ONCEHUB_MCP_LOG_FORMAT", "json")
    });
    let session = server.open(sandbox::KEY).await;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let call = json!({
        "jsonrpc": "2.0", "id": 9, "method": "tools/call",
        "params": {"name": "list_bookings", "arguments": {"guest": "Sarah O'Brien"}, "_meta": {"traceparent": trace}}
    });
    let call = server.post("/mcp", sandbox::KEY, &call).header("Mcp-Session-Id", &session);
    assert_eq!(message(call.send().await.unwrap()).await["isError"], false);
    let log = server.stop();
    let line: Value = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .find(|line: &Value| line["message"] == "call")
        .unwrap();
    assert_eq!((&line["outcome"], &line["span"]["tool"]), (&json!("done"), &json!("list_bookings")), "{line}");
    assert!(line["upstream_requests"].as_u64() >= Some(1) && line["ms"].is_number(), "{line}");
    assert!(line["request_ids"].as_str().unwrap().starts_with("req_"), "{line}");
    assert_eq!(line["span"]["tenant"].as_str().unwrap().len(), 32, "{line}");

    let exported = collector.received_requests().await.unwrap();
    let spans: Vec<u8> = exported.into_iter().flat_map(|request| request.body).collect();
    let trace_id: Vec<u8> = (0..16).map(|at| u8::from_str_radix(&trace[3 + 2 * at..5 + 2 * at], 16).unwrap()).collect();
    for what in
        [&trace_id[..], b"\xb7\xad\x6b\x71\x69\x20\x33\x31", b"list_bookings", b"outcome", b"oncehub-mcp", b"req_"]
    {
        assert!(holds(&spans, what), "{what:?} is not exported");
    }
    for secret in [sandbox::KEY, "Sarah", "O'Brien"] {
        assert!(!holds(&spans, secret.as_bytes()) && !log.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn a_collector_that_is_not_there_disturbs_nobody() {
    let upstream = upstream().await;
    let server = Server::with(&upstream, |command| command.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9"));
    assert_eq!(server.call(sandbox::KEY, "test_connection", json!({})).await["isError"], false);
    server.terminate();
    let (code, log) = server.wait();
    assert!(code == Some(0) && log.matches("spans are not exported").count() == 1, "{code:?} {log}");
}

#[tokio::test]
async fn no_tenants_key_is_in_anything_that_is_said_or_logged() {
    let upstream = upstream().await;
    upstream.set_keys(&[KEY]);
    let server =
        Server::with(&upstream, |command| command.env("ONCEHUB_MCP_LOG", "trace").env("ONCEHUB_MCP_TIMEOUT", "2"));
    let mut said = String::new();
    let bearer = format!("Bearer {KEY}");
    let session = server.open(KEY).await;
    for effect in [
        None,
        Some(Effect::EchoKey),
        Some(Effect::Status(502, "text/html", format!("<p>{KEY}"))),
        Some(Effect::DropBefore),
    ] {
        upstream.heal();
        if let Some(effect) = effect {
            upstream.fail(Fault::new(effect));
        }
        said.push_str(&server.call(KEY, "get_booking", json!({"booking_id": "BKNG-NONESUCH"})).await.to_string());
        let call = server.in_session(KEY, &session, "list_users", &json!({}));
        said.push_str(&message(call.send().await.unwrap()).await.to_string());
    }
    upstream.heal();
    // A key in place of a tool's name is told back to its sender, and to nobody else.
    server.call(KEY, KEY, json!({})).await;
    message(server.in_session(KEY, &session, KEY, &json!({})).send().await.unwrap()).await;
    let wrong =
        [server.client.get(format!("{}/mcp", server.url)), server.client.get(format!("{}/sse?key={KEY}", server.url))];
    // Without a scheme, in quotes, and where no key may be.
    for (name, value) in
        [("Authorization", KEY.to_owned()), ("API-Key", format!("'{KEY}'")), ("API-Key", format!("<{KEY}>"))]
    {
        let mut call = server.modern(KEY, "tools/list", json!({})).build().unwrap();
        call.headers_mut().remove("api-key");
        call.headers_mut().insert(name, value.parse().unwrap());
        let answer = server.client.execute(call).await.unwrap();
        assert_eq!(answer.status().as_u16(), if value.starts_with('<') { 401 } else { 200 });
        said.push_str(&answer.text().await.unwrap());
    }
    for request in wrong {
        said.push_str(
            &request
                .header("Authorization", &bearer)
                .header("API-Key", "other")
                .send()
                .await
                .unwrap()
                .text()
                .await
                .unwrap(),
        );
    }
    said.push_str(&server.client.get(format!("{}/metrics", server.url)).send().await.unwrap().text().await.unwrap());
    assert!(
        upstream.requests().iter().all(|seen| seen.key.as_deref() == Some(KEY)),
        "the key that is searched for was used"
    );
    let log = server.stop();
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "everything was logged");
    assert!(!said.contains(KEY), "said");
    let line = log.lines().find(|line| line.contains(KEY));
    assert!(line.is_none(), "logged: {line:?}");
}
