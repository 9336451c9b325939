//! Whose key a request is served with, told anew for each.

use oncehub_mcp::sandbox;
use oncehub_mcp::tools::{Catalogue, Selection};
use serde_json::json;

use super::{Server, TOKEN, in_front_of, initialize, message, refusal, upstream};

#[tokio::test]
async fn a_key_comes_in_either_header_and_no_other_way() {
    let upstream = upstream().await;
    let mut command = in_front_of(&upstream);
    // A key that the operator has for something else is nobody's but theirs.
    command.env("ONCEHUB_API_KEY", sandbox::KEY);
    let server = Server::start(command);
    let plain =
        || server.client.post(format!("{}/mcp", server.url)).header("Accept", "application/json, text/event-stream");
    let open = || plain().header("Content-Type", "application/json").body(initialize().to_string());
    for (name, value) in [("API-Key", sandbox::KEY.to_owned()), ("Authorization", format!("Bearer {}", sandbox::KEY))] {
        assert_eq!(open().header(name, value).send().await.unwrap().status(), 200, "{name}");
    }
    let answer = open().send().await.unwrap();
    assert_eq!(answer.headers()["www-authenticate"], "Bearer realm=\"OnceHub API key\"");
    let (status, reason) = refusal(open()).await;
    assert!(status == 401 && reason.contains("API-Key"), "{status} {reason}");
    let (status, reason) = refusal(open().header("API-Key", "k-1").header("Authorization", "Bearer k-2")).await;
    assert!(status == 401 && reason.contains("different keys"), "{status} {reason}");
    let (status, _) = refusal(open().header("Authorization", "Basic azE6")).await;
    assert_eq!(status, 401);
}

#[tokio::test]
async fn a_session_answers_only_the_key_that_opened_it() {
    let upstream = upstream().await;
    let server = Server::start(in_front_of(&upstream));
    let session = server.open(sandbox::KEY).await;
    let call = |key| server.in_session(key, &session, "test_connection", &json!({}));
    let keyless =
        |method| server.client.request(method, format!("{}/mcp", server.url)).header("Mcp-Session-Id", &session);
    let (status, reason) = refusal(call("somebody-elses")).await;
    assert!(status == 404 && reason.contains("initialize"), "{status} {reason}");
    for method in [reqwest::Method::GET, reqwest::Method::POST, reqwest::Method::DELETE] {
        assert_eq!(refusal(keyless(method.clone())).await.0, 401, "{method}");
        assert_eq!(refusal(keyless(method.clone()).header("API-Key", "somebody-elses")).await.0, 404, "{method}");
    }
    let of_others = upstream.requests().into_iter().filter(|seen| seen.key.as_deref() != Some(sandbox::KEY));
    assert_eq!(of_others.count(), 0, "nothing of it got through");
    let answer = message(call(sandbox::KEY).send().await.unwrap()).await;
    assert_eq!(answer["isError"], false, "its owner still has it: {answer}");
    // Once it has ended, it is nobody's.
    let end = keyless(reqwest::Method::DELETE).header("API-Key", sandbox::KEY);
    assert_eq!(end.send().await.unwrap().status(), 204);
    assert_eq!(refusal(call(sandbox::KEY)).await.0, 404);
}

#[tokio::test]
async fn a_stream_of_the_older_transport_takes_messages_of_its_own_key_only() {
    let upstream = upstream().await;
    let server = Server::start(in_front_of(&upstream));
    let (mut stream, address) = server.open_sse(sandbox::KEY).await;
    let (status, _) = refusal(server.post(&address, "somebody-elses", &initialize())).await;
    assert_eq!(status, 404);
    let (status, _) = refusal(server.post("/message", sandbox::KEY, &initialize())).await;
    assert_eq!(status, 400, "no session is named");
    let (status, _) = refusal(server.post("/message?sessionId=0", sandbox::KEY, &initialize())).await;
    assert_eq!(status, 404);
    assert_eq!(server.post(&address, sandbox::KEY, &initialize()).send().await.unwrap().status(), 202);
    let answer = String::from_utf8(stream.chunk().await.unwrap().unwrap().to_vec()).unwrap();
    assert!(answer.starts_with("event: message\ndata: {") && answer.contains("2025-11-25"), "{answer}");
    // When the stream goes, the session goes.
    drop(stream);
    super::until("the session has ended", async || {
        refusal(server.post(&address, sandbox::KEY, &initialize())).await.0 == 404
    })
    .await;
}

#[tokio::test]
async fn a_key_that_is_revoked_in_the_middle_of_a_session_stops_working() {
    let upstream = upstream().await;
    let server = Server::start(in_front_of(&upstream));
    let session = server.open(sandbox::KEY).await;
    let call = || server.in_session(sandbox::KEY, &session, "list_users", &json!({}));
    assert_eq!(message(call().send().await.unwrap()).await["isError"], false);
    upstream.set_keys(&["another"]);
    let refused = message(call().send().await.unwrap()).await;
    assert_eq!(refused["isError"], true, "{refused}");
    assert_eq!(refused["structuredContent"]["error"]["type"], "authentication_error", "{refused}");
}

#[tokio::test]
async fn the_servers_own_key_is_for_anyone_who_has_its_token() {
    let upstream = upstream().await;
    let server = Server::with(&upstream, |command| {
        command.env("ONCEHUB_API_KEY", sandbox::KEY).env("ONCEHUB_MCP_TOKEN", TOKEN).arg("--shared-key")
    });
    let open = || {
        let request = server.client.post(format!("{}/mcp", server.url));
        request
            .header("Accept", "application/json, text/event-stream")
            .header("Content-Type", "application/json")
            .body(initialize().to_string())
    };
    assert_eq!(open().header("Authorization", format!("Bearer {TOKEN}")).send().await.unwrap().status(), 200);
    assert_eq!(refusal(open()).await.0, 401);
    let (status, reason) = refusal(open().header("Authorization", "Bearer t0kem")).await;
    assert!(status == 401 && reason.contains("token"), "{status} {reason}");
    let figures = || server.client.get(format!("{}/metrics", server.url));
    assert_eq!(refusal(figures()).await.0, 401);
    assert_eq!(figures().header("Authorization", format!("Bearer {TOKEN}")).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn headers_narrow_what_is_offered_and_never_widen_it() {
    let upstream = upstream().await;
    let server = Server::with(&upstream, |command| command.env("ONCEHUB_MCP_EXCLUDE_TOOLS", "delete_contact"));
    let names = async |headers: &[(&str, &str)]| {
        let mut request = server.modern(sandbox::KEY, "tools/list", json!({}));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let listed = message(request.send().await.unwrap()).await;
        let names = listed["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    let all = Catalogue::new(&Selection::default()).unwrap().listed(false).len();
    assert_eq!(names(&[]).await.len(), all - 1);
    let read_only = names(&[("X-MCP-Readonly", "true")]).await;
    assert!(
        read_only.len() > 15
            && read_only.iter().all(|name| !name.starts_with("delete_") && !name.starts_with("cancel_"))
    );
    assert_eq!(
        names(&[("X-MCP-Tools", "get_booking, list_users")]).await,
        ["get_booking", "list_users", "test_connection"]
    );
    assert_eq!(
        names(&[("X-MCP-Tools", "delete_contact")]).await,
        ["test_connection"],
        "what is switched off stays off"
    );
    let contacts = names(&[("X-MCP-Toolsets", "contacts"), ("X-MCP-Exclude-Tools", "create_contact")]).await;
    assert_eq!(contacts, ["get_contact", "list_contacts", "test_connection", "update_contact"]);
    let list = || server.modern(sandbox::KEY, "tools/list", json!({}));
    let (status, reason) = refusal(list().header("X-MCP-Tools", "get_bookin")).await;
    assert!(status == 400 && reason.contains("did you mean get_booking?"), "{status} {reason}");
    let (status, reason) = refusal(list().header("X-MCP-Readonly", "perhaps")).await;
    assert!(status == 400 && reason.contains("X-MCP-Readonly"), "{status} {reason}");
    // Told anew for each request, also within a session.
    let session = server.open(sandbox::KEY).await;
    let cancel = json!({"booking_id": "BKNG-NONESUCH"});
    let call = || server.in_session(sandbox::KEY, &session, "cancel_booking", &cancel);
    let refused = message(call().header("X-MCP-Readonly", "1").send().await.unwrap()).await;
    assert!(refused["message"].as_str().unwrap().contains("does not offer 'cancel_booking'"), "{refused}");
    let found = message(call().send().await.unwrap()).await;
    assert_eq!(found["structuredContent"]["error"]["status"], 404, "{found}");
}
