//! Servers that are not ours: one that is in order, with one thing changed at a time, and those that mean harm.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::{Checked, check};

/// An answer.
#[derive(Clone, Debug)]
struct Said {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

fn said(status: u16, headers: &[(&'static str, &str)], body: impl ToString) -> Said {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Said { status, headers, body: body.to_string().into_bytes() }
}

fn json(status: u16, body: &Value) -> Said {
    said(status, &[("content-type", "application/json")], body)
}

fn html(status: u16, body: &str) -> Said {
    said(status, &[("content-type", "text/html; charset=utf-8")], body)
}

/// A server that says what is written down for each method and path.
struct Stranger {
    server: MockServer,
    answers: Arc<Mutex<BTreeMap<String, Said>>>,
}

/// What is changed about one.
type Change = Box<dyn FnOnce(&Stranger)>;

const RESOURCE: &str = "GET /.well-known/oauth-protected-resource/mcp";
const ROOT: &str = "GET /.well-known/oauth-protected-resource";
const SERVER: &str = "GET /.well-known/oauth-authorization-server";
const OPENID: &str = "GET /.well-known/openid-configuration";

impl Stranger {
    /// One that is in order.
    async fn new() -> Self {
        let server = MockServer::start().await;
        let answers: Arc<Mutex<BTreeMap<String, Said>>> = Arc::default();
        let shared = Arc::clone(&answers);
        Mock::given(any()).respond_with(move |request: &Request| answer(&shared.lock(), request)).mount(&server).await;
        let url = server.uri();
        let challenge = format!("Bearer resource_metadata=\"{url}/.well-known/oauth-protected-resource/mcp\"");
        let resource = json!({
            "resource": format!("{url}/mcp"), "authorization_servers": [url], "scopes_supported": ["one"]
        });
        let metadata = json!({
            "issuer": url,
            "authorization_endpoint": format!("{url}/authorize"),
            "token_endpoint": format!("{url}/token"),
            "registration_endpoint": format!("{url}/register"),
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none", "client_secret_basic"],
            "client_id_metadata_document_supported": true,
            "authorization_response_iss_parameter_supported": true,
        });
        let stranger = Self { server, answers };
        stranger.say("POST /mcp", said(401, &[("www-authenticate", &challenge)], ""));
        stranger.say(RESOURCE, json(200, &resource));
        stranger.say(ROOT, json(200, &resource));
        stranger.say(SERVER, json(200, &metadata));
        stranger.say(OPENID, json(200, &metadata));
        let framed = [("content-type", "text/html"), ("content-security-policy", "frame-ancestors 'none'")];
        stranger.say("GET /authorize", said(200, &framed, "<title>Sign in</title>"));
        stranger.say("POST /token", json(400, &json!({"error": "invalid_grant"})));
        stranger
    }

    fn url(&self) -> String {
        format!("{}/mcp", self.server.uri())
    }

    /// Has it say this from now on.
    fn say(&self, at: &str, said: Said) {
        self.answers.lock().insert(at.to_owned(), said);
    }

    /// Changes a document, at both of its places.
    fn edit(&self, at: &str, change: impl Fn(&mut Value)) {
        for place in if at == RESOURCE { [RESOURCE, ROOT] } else { [SERVER, OPENID] } {
            let mut all = self.answers.lock();
            let said = all.get_mut(place).unwrap();
            let mut document = serde_json::from_slice(&said.body).unwrap();
            change(&mut document);
            said.body = document.to_string().into_bytes();
        }
    }

    async fn check(&self) -> Checked {
        let checked = check(&self.url()).await;
        for request in self.server.received_requests().await.unwrap() {
            assert!(!request.headers.contains_key("api-key"), "{request:?}");
            let has_credential = request.headers.contains_key("authorization");
            assert!(!has_credential || request.url.path() == "/token", "{request:?}");
        }
        checked
    }

    /// How often this was asked for.
    async fn asked(&self, path: &str) -> usize {
        let requests = self.server.received_requests().await.unwrap();
        requests.iter().filter(|request| request.url.path() == path).count()
    }
}

fn answer(answers: &BTreeMap<String, Said>, request: &Request) -> ResponseTemplate {
    let at = format!("{} {}", request.method, request.url.path());
    let said = match answers.get(&at) {
        Some(said) => said.clone(),
        None if at == "POST /register" => registered(request),
        None => said(404, &[], ""),
    };
    let mime = said.headers.iter().find(|(name, _)| *name == "content-type").map_or("", |(_, mime)| mime);
    let mut response = ResponseTemplate::new(said.status).set_body_raw(said.body.clone(), mime);
    for (name, value) in said.headers.iter().filter(|(name, _)| *name != "content-type") {
        response = response.append_header(*name, &**value);
    }
    response
}

/// What a client is told that registers.
fn registered(request: &Request) -> Said {
    let sent: Value = serde_json::from_slice(&request.body).unwrap();
    let name = sent["client_name"].as_str().unwrap();
    assert!(name.starts_with("oncehub-mcp check, as "), "{sent}");
    let mut reply = json!({"client_id": name, "redirect_uris": sent["redirect_uris"]});
    if sent["token_endpoint_auth_method"] != "none" {
        reply["client_secret"] = "s".into();
    }
    json(201, &reply)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_of_somebody_else_can_be_in_order() {
    let stranger = Stranger::new().await;
    let checked = stranger.check().await;
    assert_eq!(checked.amiss(), [("unknown", "hosts")], "{}", checked.text);
    checked.says("ok", "hosts", "by sign-in: Claude Code, Codex, VS Code, Cursor, Gemini CLI, Goose");
    // The page gets what a host sends, and what was registered.
    let requests = stranger.server.received_requests().await.unwrap();
    let page = requests.iter().find(|request| request.url.path() == "/authorize").unwrap();
    let sent: BTreeMap<_, _> = page.url.query_pairs().into_owned().collect();
    assert_eq!(sent["resource"], stranger.url());
    assert_eq!(sent["redirect_uri"], "https://claude.ai/api/mcp/auth_callback");
    assert_eq!((&*sent["client_id"], &*sent["scope"]), ("oncehub-mcp check, as Claude", "one"));
    assert_eq!((sent["code_challenge"].len(), &*sent["code_challenge_method"]), (43, "S256"));
}

/// Changes one thing, and asserts what is found.
async fn changed(change: impl FnOnce(&Stranger), status: &str, topic: &str, parts: &[&str]) {
    let stranger = Stranger::new().await;
    change(&stranger);
    let checked = stranger.check().await;
    for part in parts {
        checked.says(status, topic, part);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_proxy_does_to_the_first_message_is_said() {
    let page = "<html><head><TITLE>\n Just a moment… </TITLE></head></html>";
    for (said, parts) in [
        (
            said(502, &[("server", "nginx/1.22")], ""),
            ["502 Bad Gateway (by nginx/1.22)", "operator: is the server up?"],
        ),
        (said(504, &[], ""), ["504 Gateway Timeout", "proxy: has it the server's address"]),
        (said(503, &[], ""), ["503 Service Unavailable", "operator: what does the server's log say"]),
        (said(404, &[], ""), ["404 Not Found", "you: is the path right?"]),
        (said(405, &[], ""), ["405 Method Not Allowed", "let POST through"]),
        (said(403, &[], ""), ["403 Forbidden", "proxy: does it, or a firewall"]),
        (said(418, &[("content-type", "text/plain")], "short and stout\nx"), ["short and stout", "you: is this"]),
        (html(403, page), ["403 Forbidden: a page, \"Just a moment…\"", "proxy: something in front"]),
        (html(200, page), ["200 OK: a page, \"Just a moment…\"", "proxy: something in front"]),
        (html(200, &"x".repeat(100_000)), ["and more than 64 KiB", "proxy: something in front"]),
        (said(301, &[("location", "/mcp/")], ""), ["/mcp leads on to http://127.0.0.1:", "you: type the address"]),
        (said(307, &[("location", "https://elsewhere.example/")], ""), ["https://elsewhere.example/", "proxy: pass"]),
        (said(302, &[], ""), ["302 Found, and leads nowhere", "proxy: pass"]),
        (json(200, &json!({"jsonrpc": "2.0", "id": 1, "error": {"message": "not now"}})), ["not now", "operator: "]),
        (json(200, &json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -32001}})), ["refuses", "operator: "]),
        (
            json(200, &json!({"jsonrpc": "2.0", "id": 1, "error": "no"})),
            ["refuses the first message: no", "operator: "],
        ),
        (json(200, &json!({"jsonrpc": "2.0", "id": 1})), ["200 OK", "you: is this the address of an MCP server?"]),
        (said(200, &[("content-type", "text/event-stream")], "data: cut o"), ["200 OK", "you: is this the address"]),
        (
            json(400, &json!({"jsonrpc": "2.0", "id": 1, "error": {"message": "no"}})),
            ["400 Bad Request: no", "operator: "],
        ),
    ] {
        let shown = format!("{said:?}");
        let stranger = Stranger::new().await;
        stranger.say("POST /mcp", said);
        let checked = stranger.check().await;
        for part in parts {
            assert!(checked.has("bad", "mcp", part), "{shown}: no '{part}' in {}", checked.text);
        }
        assert_eq!(checked.code, Some(1));
        assert_eq!(stranger.asked("/mcp/").await, 0, "nothing is followed");
        assert_eq!(stranger.asked("/.well-known/oauth-protected-resource").await, 0, "no host goes on from there");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_asks_to_wait_is_not_bad() {
    let wait = said(429, &[], "");
    changed(|it| it.say("POST /mcp", wait.clone()), "unknown", "mcp", &["429 Too Many Requests", "you: wait"]).await;
    changed(|it| it.say("POST /token", wait), "unknown", "token", &["429 Too Many Requests", "you: wait"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_challenge_is_as_hosts_need_it() {
    let challenge = |text: &str| said(401, &[("www-authenticate", text)], "");
    let at = |stranger: &Stranger| format!("{}/.well-known/oauth-protected-resource/mcp", stranger.server.uri());
    changed(|it| it.say("POST /mcp", said(401, &[], "")), "warning", "challenge", &["no WWW-Authenticate"]).await;
    changed(
        |it| it.say("POST /mcp", challenge("Bearer realm=\"x\"")),
        "warning",
        "challenge",
        &["does not name resource_metadata", "proxy: pass that on"],
    )
    .await;
    changed(
        |it| {
            it.say(
                "POST /mcp",
                challenge(&format!("Bearer error=\"invalid_token\", resource_metadata=\"{}\"", at(it))),
            );
        },
        "warning",
        "challenge",
        &["calls a credential invalid that was not sent"],
    )
    .await;
    changed(
        |it| it.say("POST /mcp", challenge("Bearer resource_metadata=\"/x\"")),
        "bad",
        "challenge",
        &["not an address: /x"],
    )
    .await;
    // Without one, and without metadata, nobody can say how to connect.
    let stranger = Stranger::new().await;
    stranger.say("POST /mcp", challenge("Bearer realm=\"x\""));
    [RESOURCE, ROOT].iter().for_each(|at| stranger.say(at, said(404, &[], "")));
    let checked = stranger.check().await;
    checked.says("ok", "sign-in", "no metadata says where");
    checked.says("ok", "hosts", "by a header, if the server takes one: Claude Code");
    // That it cannot be read now does not say that there is none.
    stranger.say(ROOT, said(502, &[], ""));
    let checked = stranger.check().await;
    checked.says("warning", "resource", "not by its root form: /.well-known/oauth-protected-resource answers 502");
    assert!(!checked.has("ok", "sign-in", ""), "{}", checked.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metadata_of_what_is_protected_is_as_hosts_compare_it() {
    let other = Stranger::new().await;
    let elsewhere = format!("{}/.well-known/oauth-protected-resource/mcp", other.server.uri());
    changed(
        |it| it.edit(RESOURCE, |document| document["resource"] = "https://else.example/mcp".into()),
        "bad",
        "resource",
        &["it calls itself 'https://else.example/mcp'", "operator: --public-url"],
    )
    .await;
    changed(
        |it| it.edit(RESOURCE, |document| document["authorization_servers"] = json!([])),
        "bad",
        "resource",
        &["names nobody to sign in at"],
    )
    .await;
    changed(
        |it| it.edit(RESOURCE, |document| document["authorization_servers"] = json!([7, it.server.uri(), "https://x"])),
        "ok",
        "resource",
        &["the first of 2, which hosts take"],
    )
    .await;
    changed(|it| it.say(ROOT, said(404, &[], "")), "warning", "resource", &["not by its root form: ", "proxy: pass /"])
        .await;
    let broken = html(200, "<title>Welcome</title>");
    changed(
        |it| it.say(RESOURCE, broken.clone()),
        "bad",
        "resource",
        &["not by its challenge: ", "a page, \"Welcome\", which is no JSON object", "proxy: something in front"],
    )
    .await;
    changed(|it| it.say(RESOURCE, broken), "warning", "resource", &["not by its path form: "]).await;
    let huge = format!("{{\"resource\": \"{}\"}}", "x".repeat(100_000));
    let json_of = |text: &str| said(200, &[("content-type", "application/json")], text);
    changed(|it| it.say(RESOURCE, json_of(&huge)), "bad", "resource", &["is larger than 64 KiB"]).await;
    changed(|it| it.say(RESOURCE, json_of("[[[[")), "bad", "resource", &["which is no JSON object"]).await;
    let challenge = format!("Bearer resource_metadata=\"{elsewhere}\"");
    changed(
        |it| {
            it.say("POST /mcp", said(401, &[("www-authenticate", &challenge)], ""));
            other.edit(RESOURCE, |document| document["resource"] = it.url().into());
        },
        "warning",
        "resource",
        &["the challenge leads to another origin", "is --public-url right?"],
    )
    .await;
    assert!(other.asked("/.well-known/oauth-protected-resource/mcp").await > 0, "a host goes there");
    changed(
        |it| {
            it.say(
                "POST /mcp",
                said(401, &[("www-authenticate", "Bearer resource_metadata=\"ftp://x.example/\"")], ""),
            );
        },
        "bad",
        "resource",
        &["is not asked: its address is not https"],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn metadata_of_the_sign_in_is_as_hosts_need_it() {
    let set = |member: &'static str, value: Value| {
        move |it: &Stranger| it.edit(SERVER, |document| document[member] = value.clone())
    };
    for (change, status, parts) in [
        (set("issuer", json!("https://else.example")), "bad", ["that of 'https://else.example'", "hosts reject it"]),
        (set("code_challenge_methods_supported", json!(["plain"])), "bad", ["PKCE with S256", "operator: "]),
        (set("code_challenge_methods_supported", Value::Null), "bad", ["PKCE with S256", "operator: "]),
        (set("response_types_supported", json!(["token"])), "bad", ["hands out no codes", "operator: "]),
        (set("authorization_endpoint", json!("/authorize")), "bad", ["authorization_endpoint is not", "'/authorize'"]),
        (set("token_endpoint", Value::Null), "bad", ["token_endpoint is not an https address: ''", "operator: "]),
        (set("token_endpoint", json!("ftp://x.example/")), "bad", ["token_endpoint is not", "operator: "]),
        (set("registration_endpoint", json!(7)), "bad", ["registration_endpoint is not", "operator: "]),
        (set("authorization_response_iss_parameter_supported", json!(false)), "warning", ["(iss)", "ChatGPT"]),
        (set("token_endpoint_auth_methods_supported", json!(["x"])), "warning", ["Claude then registers", "have none"]),
        (set("grant_types_supported", json!(["authorization_code"])), "warning", ["renews no tokens", "refresh_token"]),
        (set("scopes_supported", json!(["a", "b"])), "ok", ["scopes a b", "S256, iss, clients' documents"]),
    ] {
        changed(change, status, "server", &parts).await;
    }
    let issuer =
        |issuer: Value| move |it: &Stranger| it.edit(RESOURCE, |doc| doc["authorization_servers"] = json!([issuer]));
    changed(issuer(json!("urn:x")), "bad", "server", &["'urn:x' is not an https address"]).await;
    changed(issuer(json!("http://x.example/?a=b")), "bad", "server", &["is not an https address"]).await;
    changed(
        |it| it.edit(RESOURCE, |document| document["authorization_servers"] = json!([format!("{}/", it.server.uri())])),
        "bad",
        "server",
        &["slash at the end included"],
    )
    .await;
    // With a path in it there is a third form, and nothing at any of them.
    let stranger = Stranger::new().await;
    let tenant = format!("{}/tenant", stranger.server.uri());
    stranger.edit(RESOURCE, |document| document["authorization_servers"] = json!([tenant]));
    let checked = stranger.check().await;
    for path in
        ["oauth-authorization-server/tenant", "openid-configuration/tenant", "tenant/.well-known/openid-configuration"]
    {
        checked.says("bad", "server", path);
    }
    // One that answers only the newer question is enough for most.
    changed(|it| it.say(SERVER, said(404, &[], "")), "warning", "server", &["404", "proxy: pass /.well-known/oauth-a"])
        .await;
    let other = Stranger::new().await;
    changed(
        |it| it.edit(SERVER, |document| document["token_endpoint"] = format!("{}/token", other.server.uri()).into()),
        "warning",
        "server",
        &["token_endpoint is at another origin"],
    )
    .await;
    assert_eq!(other.asked("/token").await, 1, "a host goes there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registration_is_open_or_the_hosts_without_it_are_named() {
    let error = json!({"error": "invalid_redirect_uri", "error_description": "not allowed"});
    let at = "POST /register";
    changed(
        |it| it.say(at, json(400, &error)),
        "warning",
        "register",
        &["not as Cursor: 400 Bad Request: invalid_redirect_uri, not allowed", "operator: allow its addresses"],
    )
    .await;
    changed(
        |it| it.say(at, json(400, &error)),
        "warning",
        "hosts",
        &["not: Cursor, Gemini CLI", "--oauth-clients-file"],
    )
    .await;
    changed(|it| it.say(at, json(429, &error)), "unknown", "register", &["whether as Claude: it asks to wait"]).await;
    changed(|it| it.say(at, json(201, &json!({}))), "bad", "register", &["has no client_id: 201"]).await;
    changed(|it| it.say(at, html(200, "")), "bad", "register", &["/register answers 200 OK", "proxy: "]).await;
    changed(|it| it.say(at, said(502, &[], "")), "bad", "register", &["502 Bad Gateway"]).await;
    let without = |more: Value| {
        let mut reply = json!({"client_id": "x"});
        reply.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json(201, &reply)
    };
    changed(
        |it| it.say(at, without(json!({}))),
        "warning",
        "register",
        &["as Microsoft 365 Copilot: there is no client_secret"],
    )
    .await;
    changed(
        |it| it.say(at, without(json!({"redirect_uris": ["https://x.example/"]}))),
        "bad",
        "register",
        &["as Claude: none of its addresses is kept: https://x.example/"],
    )
    .await;
    let closed = |it: &Stranger| it.edit(SERVER, |document| document["registration_endpoint"] = Value::Null);
    changed(closed, "warning", "register", &["hosts without a document of their own"]).await;
    changed(closed, "ok", "page", &["/authorize asks people"]).await;
    let shut = |it: &Stranger| {
        closed(it);
        it.edit(SERVER, |document| document["client_id_metadata_document_supported"] = false.into());
    };
    changed(shut, "bad", "register", &["their documents are not taken either"]).await;
    changed(shut, "unknown", "page", &["cannot be opened without a client"]).await;
    changed(shut, "bad", "hosts", &["not: Claude Code, Codex, VS Code, Cursor, Gemini CLI, Goose"]).await;
    let gone = |it: &Stranger| {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        it.edit(SERVER, |document| document["registration_endpoint"] = format!("http://{free}/").into());
    };
    changed(gone, "bad", "register", &["as Claude: 127.0.0.1:", "refuses the connection"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_asks_people_and_the_token_endpoint_refuses() {
    let page = "GET /authorize";
    let back = "https://claude.ai/api/mcp/auth_callback";
    let to = |place: &str| said(302, &[("location", place)], "");
    let ok = [("content-type", "text/html"), ("x-frame-options", "DENY")];
    for (answer, status, parts) in [
        (said(200, &ok, ""), "ok", ["/authorize asks people", ""]),
        (html(200, ""), "warning", ["can be framed by any site", "proxy: pass it on"]),
        (to("https://login.example/x?y=z"), "ok", ["sends people on to https://login.example,", ""]),
        (to(&format!("{back}?code=1")), "bad", ["without having asked them", "operator: "]),
        (
            to(&format!("{back}?error=invalid_scope&error_description=no+such")),
            "bad",
            ["refuses a request that is as it should be: invalid_scope, no such", "operator: "],
        ),
        (html(400, "<title>Unknown client</title>"), "bad", ["a page, \"Unknown client\"", "one --secret-file"]),
        (html(403, ""), "bad", ["403 Forbidden", "proxy: something in front"]),
        (json(200, &json!({})), "bad", ["/authorize answers 200 OK", "you: is this"]),
        (said(404, &[], ""), "bad", ["404 Not Found", "proxy: does it pass this path on?"]),
    ] {
        changed(|it| it.say(page, answer), status, "page", &parts).await;
    }
    let token = "POST /token";
    for (answer, parts) in [
        (json(401, &json!({"error": "invalid_client"})), ["does not know the client", "one --secret-file"]),
        (json(400, &json!({"error": "server_error"})), ["server_error, not 400 invalid_grant", "operator: "]),
        (json(500, &json!({"error": "invalid_grant"})), ["not 400 invalid_grant", "operator: "]),
        (html(400, "<title>Oops</title>"), ["a page, \"Oops\"; hosts need JSON", "proxy: "]),
        (to("/login"), ["/token leads on to", "you: type the address"]),
        (said(200, &[], "x"), ["200 OK; hosts need JSON with an error", "you: "]),
    ] {
        changed(|it| it.say(token, answer), "bad", "token", &parts).await;
    }
    changed(|it| it.say(token, to("/login")), "bad", "hosts", &["not: Claude Code", "see the findings above"]).await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (member, topic) in [("authorization_endpoint", "page"), ("token_endpoint", "token")] {
        let gone = |it: &Stranger| it.edit(SERVER, |document| document[member] = format!("http://{free}/").into());
        changed(gone, "bad", topic, &["refuses the connection"]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_page_on_troubles_quotes_is_said() {
    let page = |status, title: &str| html(status, &format!("<title>{title}</title>"));
    let says = |at: &'static str, said: Said| -> Change { Box::new(move |it| it.say(at, said)) };
    let of_another: Change = Box::new(|it| {
        it.edit(RESOURCE, |document| document["resource"] = "https://mcp.example.org/mcp".into());
    });
    for (change, topic) in [
        (says("POST /mcp", said(502, &[], "")), "mcp"),
        (says("POST /mcp", said(301, &[("location", "/mcp/")], "")), "mcp"),
        (says("POST /mcp", page(403, "Just a moment…")), "mcp"),
        (of_another, "resource"),
        (says("GET /authorize", page(400, "This app cannot be connected")), "page"),
        (says("POST /token", json(401, &json!({"error": "invalid_client"}))), "token"),
    ] {
        let stranger = Stranger::new().await;
        change(&stranger);
        let checked = stranger.check().await;
        checked.are_quoted("docs/troubleshooting.md", &checked.address(), &[topic]);
    }
    let stranger = Stranger::new().await;
    stranger.say(ROOT, said(404, &[], ""));
    stranger.say("POST /register", json(403, &json!({"error": "access_denied"})));
    let checked = stranger.check().await;
    for (topic, status) in [("resource", "warning"), ("hosts", "warning")] {
        let findings = checked.findings.iter().filter(|it| it["topic"] == topic && it["status"] == status).cloned();
        let only = Checked { findings: findings.collect(), code: checked.code, text: checked.text.clone() };
        only.are_quoted("docs/troubleshooting.md", &checked.address(), &[topic]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_server_is_named_and_its_revisions_are_compared() {
    let about = json!({"protocolVersion": "2025-11-25", "serverInfo": {"name": "other", "version": "7"}});
    let reply = json!({"jsonrpc": "2.0", "id": 1, "result": about});
    changed(|it| it.say("POST /mcp", json(200, &reply)), "ok", "mcp", &["other 7 answers without a credential"]).await;
    let stream = format!("event: message\ndata: {reply}\n\n");
    let streamed = said(200, &[("content-type", "text/event-stream")], stream);
    changed(|it| it.say("POST /mcp", streamed), "ok", "revisions", &["the same in 2026-07-28"]).await;
    let unnamed = json!({"jsonrpc": "2.0", "id": 1, "result": {}});
    let stranger = Stranger::new().await;
    stranger.say("POST /mcp", json(200, &unnamed));
    // Where others reach it, too, that is worth a warning.
    let url = stranger.url().replace("127.0.0.1", "0.0.0.0");
    check(&url).await.says(
        "warning",
        "mcp",
        "the server answers without a credential: anyone who reaches it can use it",
    );
    // One of HTTP+SSE is opened by GET.
    let events = said(200, &[("content-type", "text/event-stream")], "event: endpoint\ndata: /message?sessionId=x\n\n");
    stranger.say("GET /sse", events);
    let checked = check(&format!("{}/sse", stranger.server.uri())).await;
    checked.says("ok", "mcp", "the server answers without a credential");
    checked.says("warning", "revisions", "in 2026-07-28 it answers otherwise than in 2025-11-25: 404");
    stranger.say("POST /sse", said(405, &[], ""));
    stranger.say("GET /sse", said(502, &[], ""));
    check(&format!("{}/sse", stranger.server.uri())).await.says("bad", "mcp", "/sse answers 502 Bad Gateway");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_a_server_says_reaches_the_terminal_as_it_is() {
    let bad = "\u{1b}]0;x\u{7}\u{1b}[2J\r\nok   hosts     all is well\u{202e}\u{200b}\u{9b}31m\u{61c}\u{e0041}\u{ad}";
    let long = format!("{bad}{}", "x".repeat(5_000));
    let stranger = Stranger::new().await;
    let error = json!({"error": long, "error_description": long, "message": bad});
    stranger.say("POST /register", json(400, &error));
    stranger.say("POST /token", json(400, &error));
    stranger.say("GET /authorize", html(400, &format!("<title>{long}</title>")));
    stranger.edit(SERVER, |document| {
        document["scopes_supported"] = json!([long, bad]);
        document["authorization_response_iss_parameter_supported"] = json!(false);
    });
    let about = stranger.server.uri();
    for says in [
        None,
        Some(json(200, &json!({"jsonrpc": "2.0", "id": 1, "result": {"serverInfo": {"name": long, "version": bad}}}))),
        Some(html(200, &format!("<title>{long}</title>"))),
        Some(said(400, &[("content-type", "text/plain")], &long)),
        Some(said(301, &[("location", &format!("{about}/{}", "y".repeat(5_000)))], "")),
    ] {
        if let Some(says) = says {
            stranger.say("POST /mcp", says);
        }
        let mut command = crate::agents::program();
        command.args(["check", &stranger.url()]).env("NO_PROXY", "*");
        let output = tokio::process::Command::from(command).output().await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let is_hidden = |c: char| {
            c.is_control() && c != '\n' || matches!(c, '\u{200b}' | '\u{202e}' | '\u{61c}' | '\u{e0041}' | '\u{ad}')
        };
        assert!(!text.contains(is_hidden) && output.stderr.is_empty(), "{text:?}");
        let starts = ["ok   ", "warn ", "bad  ", "?    ", "     hint: "];
        for line in text.lines() {
            assert!(starts.iter().any(|start| line.starts_with(start)), "{line}");
            assert!(line.chars().count() < 700 && !line.starts_with("ok   hosts     all"), "{line}");
        }
    }
}
