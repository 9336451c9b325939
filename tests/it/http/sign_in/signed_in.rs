//! What works: from a host's first request to its last.

use oncehub_mcp::sandbox;
use serde_json::{Value, json};

use super::super::{message, refusal};
use super::{Desk, access, asking, query, renewing, told, trading};

const REDIRECT: &str = "http://127.0.0.1:4711/callback";

#[tokio::test]
async fn a_host_learns_where_people_sign_in() {
    let desk = Desk::open().await;
    let url = &desk.server.url;
    for (path, resource) in [
        ("/.well-known/oauth-protected-resource", "/mcp"),
        ("/.well-known/oauth-protected-resource/mcp", "/mcp"),
        ("/.well-known/oauth-protected-resource/mcp/", "/mcp/"),
        ("/.well-known/oauth-protected-resource/sse", "/sse"),
        ("/.well-known/oauth-protected-resource/sse/", "/sse/"),
    ] {
        let (status, told) = desk.read(path).await;
        assert_eq!((status, told["resource"].as_str().unwrap()), (200, &*format!("{url}{resource}")), "{path}");
        assert_eq!(told["authorization_servers"], json!([url]));
        assert_eq!(told["scopes_supported"], json!(["oncehub.read", "oncehub.write"]), "no offline_access");
        assert_eq!(desk.server.client.head(desk.at(path)).send().await.unwrap().status(), 200);
    }
    let (status, told) = desk.read("/.well-known/oauth-authorization-server").await;
    assert_eq!(desk.read("/.well-known/openid-configuration").await, (status, told.clone()));
    assert_eq!(status, 200);
    assert_eq!(told["issuer"], json!(url));
    for (name, path) in [
        ("authorization_endpoint", "/authorize"),
        ("token_endpoint", "/token"),
        ("registration_endpoint", "/register"),
        ("revocation_endpoint", "/revoke"),
    ] {
        assert_eq!(told[name], json!(format!("{url}{path}")));
    }
    assert_eq!(told["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(
        told["token_endpoint_auth_methods_supported"],
        json!(["none", "client_secret_post", "client_secret_basic"])
    );
    for flag in ["client_id_metadata_document_supported", "authorization_response_iss_parameter_supported"] {
        assert_eq!(told[flag], true, "{flag}");
    }
}

#[tokio::test]
async fn a_request_without_a_token_is_told_where_and_one_with_a_bad_one_that_it_is_bad() {
    let desk = Desk::open().await;
    for (path, at) in
        [("/mcp", "/mcp"), ("/mcp/", "/mcp/"), ("/sse", "/sse"), ("/message?sessionId=x", "/sse"), ("/", "")]
    {
        let request = || desk.server.client.post(desk.at(path)).header("content-type", "application/json").body("{}");
        let (_, told) = refusal(request()).await;
        assert!(told.contains("as 'API-Key: …', or sign in: WWW-Authenticate says where"), "{told}");
        assert!(!told.contains("Bearer"), "no key is taken there: {told}");
        let challenge = async |request: reqwest::RequestBuilder| {
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 401, "{path}");
            response.headers()["www-authenticate"].to_str().unwrap().to_owned()
        };
        let plain = challenge(request()).await;
        let metadata = format!("resource_metadata=\"{}/.well-known/oauth-protected-resource{at}\"", desk.server.url);
        assert!(plain.contains(&metadata) && plain.contains("scope=\"oncehub.read oncehub.write\""), "{plain}");
        assert!(!plain.contains("error"), "{plain}");
        let bad = challenge(request().header("authorization", "Bearer oncehub_access_x")).await;
        assert!(bad.contains(&metadata) && bad.contains("error=\"invalid_token\""), "{bad}");
    }
    // A key of one's own is taken as before.
    assert_eq!(desk.server.modern(sandbox::KEY, "tools/list", json!({})).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn without_the_setting_there_is_no_sign_in() {
    let upstream = super::upstream().await;
    let server = super::Server::start(super::in_front_of(&upstream));
    for path in ["/.well-known/oauth-protected-resource/mcp", "/authorize", "/token", "/register", "/revoke"] {
        let (status, _) = refusal(server.client.get(format!("{}{path}", server.url))).await;
        assert_eq!(status, 404, "{path}");
    }
    let response = server.client.post(format!("{}/mcp", server.url)).send().await.unwrap();
    assert_eq!(response.headers()["www-authenticate"], "Bearer realm=\"OnceHub API key\"");
}

#[tokio::test]
async fn a_person_signs_in_and_their_requests_are_served_until_they_sign_out() {
    let desk = Desk::open().await;
    let client = desk.client(REDIRECT).await;
    let url = desk.authorize(&asking(&client, REDIRECT));
    let back = desk.agree(&url, sandbox::KEY, "all").await;
    assert!(back.as_str().starts_with(REDIRECT), "{back}");
    assert_eq!(query(&back, "state").as_deref(), Some("st&te 1"), "to the letter");
    assert_eq!(query(&back, "iss").as_deref(), Some(&*desk.server.url));
    let (status, tokens) = desk.token(&trading(&client, REDIRECT, &query(&back, "code").unwrap())).await;
    assert_eq!((status, &tokens["token_type"], &tokens["expires_in"]), (200, &json!("Bearer"), &json!(86_400)));
    let me = json!({"name": "test_connection", "arguments": {}});
    let answer = message(desk.asks(access(&tokens), "tools/call", me.clone()).send().await.unwrap()).await;
    assert_eq!(answer["isError"], false, "{answer}");
    let (status, renewed) = desk.token(&renewing(&client, &tokens)).await;
    assert_eq!(status, 200, "{renewed}");
    for tokens in [&tokens, &renewed] {
        assert_eq!(desk.lists(access(tokens)).await.status(), 200);
    }
    let token = renewed["refresh_token"].as_str().unwrap();
    assert_eq!(desk.revoke(&[("client_id", &client), ("token", token)]).await.0, 200);
    for tokens in [&tokens, &renewed] {
        assert_eq!(desk.lists(access(tokens)).await.status(), 401, "all of them have ended");
        assert_eq!(desk.token(&renewing(&client, tokens)).await.1["error"], "invalid_grant");
    }
    // The key was in OnceHub's requests alone.
    assert!(desk.upstream.requests().iter().all(|request| request.key.as_deref() == Some(sandbox::KEY)));
}

async fn tools(desk: &Desk, tokens: &Value, header: Option<(&str, &str)>) -> Vec<String> {
    let mut request = desk.asks(access(tokens), "tools/list", json!({}));
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let listed = message(request.send().await.unwrap()).await;
    listed["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn who_has_agreed_to_reading_is_offered_no_changes_whatever_headers_say() {
    let desk = Desk::open().await;
    let client = desk.client(REDIRECT).await;
    let (all, read) = (desk.tokens(&client, REDIRECT, "all").await, desk.tokens(&client, REDIRECT, "read").await);
    assert_eq!(read["scope"], "oncehub.read");
    let has = |tools: &[String]| tools.iter().any(|tool| tool == "cancel_booking");
    assert!(has(&tools(&desk, &all, None).await));
    for header in [None, Some(("x-mcp-readonly", "false")), Some(("x-mcp-tools", "cancel_booking"))] {
        assert!(!has(&tools(&desk, &read, header).await), "{header:?}");
    }
    assert!(!has(&tools(&desk, &all, Some(("x-mcp-readonly", "true"))).await));
    let call = json!({"name": "cancel_booking", "arguments": {"booking_id": "BKNG-1"}});
    let answer = message(desk.asks(access(&read), "tools/call", call).send().await.unwrap()).await;
    let told = answer["message"].as_str().unwrap();
    assert!(told.contains("cancel_booking") && told.contains("has agreed to reading only"), "{answer}");
    assert!(desk.upstream.requests().iter().all(|request| request.method == "GET"));
    // A client that asks for no more leaves the person no choice.
    let url = desk.authorize(&super::but(&asking(&client, REDIRECT), "scope", "oncehub.read openid"));
    let asked = desk.show(&url, None).await;
    assert!(asked.html.contains("It asks to <strong>read only</strong>") && !asked.html.contains("type=\"radio\""));
    let back = desk.agree(&url, sandbox::KEY, "all").await;
    let (_, tokens) = desk.token(&trading(&client, REDIRECT, &query(&back, "code").unwrap())).await;
    assert_eq!(tokens["scope"], "oncehub.read");
}

#[tokio::test]
async fn the_page_says_whose_account_it_is_and_the_person_who_they_are() {
    let desk = Desk::open().await;
    desk.upstream.open_account("another-key", |_| {});
    let client = desk.client(REDIRECT).await;
    let url = desk.authorize(&asking(&client, REDIRECT));
    let asked = desk.show(&url, None).await;
    for shown in ["“Test”", "127.0.0.1", "An app on this computer"] {
        assert!(asked.html.contains(shown), "{shown}: {}", asked.html);
    }
    assert!(!asked.html.contains("<script") && !asked.html.contains("{{"), "{}", asked.html);
    let account = desk.send(&asked, &[("key", &format!(" \"{}\"\n", sandbox::KEY)), ("access", "all")]).await;
    assert!(!account.html.contains(sandbox::KEY) && account.html.contains(&account.value("me")), "{}", account.html);
    // Nobody, and no zone: said on the page, which can be sent again.
    for (me, zone, told) in
        [("nobody@northlight.example", "", "nobody@northlight.example"), ("", "Berlin", "Europe/Berlin")]
    {
        let again = desk.send(&account, &[("me", me), ("zone", zone), ("decision", "yes")]).await;
        assert_eq!(again.status, 400);
        assert!(again.html.contains("role=\"alert\"") && again.html.contains(told), "{}", again.html);
        assert_eq!((again.value("me"), again.value("zone")), (me.to_owned(), zone.to_owned()));
    }
    let left =
        desk.send(&account, &[("me", "dana@northlight.example"), ("zone", "Asia/Kolkata"), ("decision", "yes")]).await;
    let code = query(&left.left(), "code").unwrap();
    let (_, tokens) = desk.token(&trading(&client, REDIRECT, &code)).await;
    let connection =
        |request: reqwest::RequestBuilder| async { message(request.send().await.unwrap()).await.to_string() };
    let call = || desk.asks(access(&tokens), "tools/call", json!({"name": "test_connection", "arguments": {}}));
    let answer = connection(call()).await;
    assert!(answer.contains("dana@northlight.example") && answer.contains("Asia/Kolkata"), "{answer}");
    let answer = connection(call().header("x-mcp-time-zone", "Europe/London")).await;
    assert!(answer.contains("Europe/London"), "{answer}");
}

#[tokio::test]
async fn a_key_that_is_deleted_ends_what_was_given_for_it() {
    let desk = Desk::open().await;
    let client = desk.client(REDIRECT).await;
    let tokens = desk.tokens(&client, REDIRECT, "all").await;
    desk.upstream.set_keys(&["a-new-key"]);
    let call = json!({"name": "list_users", "arguments": {}});
    let answer = message(desk.asks(access(&tokens), "tools/call", call).send().await.unwrap()).await;
    assert_eq!(answer["isError"], true, "{answer}");
    // So that the host has the person sign in again.
    let response = desk.lists(access(&tokens)).await;
    assert_eq!(response.status(), 401);
    assert!(response.headers()["www-authenticate"].to_str().unwrap().contains("invalid_token"));
    let (status, refused) = desk.token(&renewing(&client, &tokens)).await;
    assert_eq!((status, &refused["error"]), (400, &json!("invalid_grant")), "{refused}");
}

#[tokio::test]
async fn nobody_is_signed_out_while_oncehub_is_away() {
    let desk = Desk::open().await;
    let client = desk.client(REDIRECT).await;
    let tokens = desk.tokens(&client, REDIRECT, "all").await;
    desk.upstream.fail(sandbox::Fault::new(sandbox::Effect::Error(503, json!({}))));
    let (status, refused) = desk.token(&renewing(&client, &tokens)).await;
    assert_eq!((status, &refused["error"]), (503, &json!("temporarily_unavailable")), "{refused}");
    desk.upstream.heal();
    assert_eq!(desk.token(&renewing(&client, &tokens)).await.0, 200);
}

#[tokio::test]
async fn a_client_with_a_secret_shows_it_in_either_way() {
    let desk = Desk::open().await;
    let (status, registered) = desk.register(&json!({"redirect_uris": ["https://app.example/cb"]})).await;
    assert_eq!((status, &registered["token_endpoint_auth_method"]), (201, &json!("client_secret_basic")));
    assert_eq!(registered["client_secret_expires_at"], 0);
    let [id, secret] = ["client_id", "client_secret"].map(|name| registered[name].as_str().unwrap());
    for basic in [true, false] {
        let url = desk.authorize(&asking(id, "https://app.example/cb"));
        let code = query(&desk.agree(&url, sandbox::KEY, "all").await, "code").unwrap();
        let pairs = trading(id, "https://app.example/cb", &code);
        let post = || desk.server.client.post(desk.at("/token"));
        for wrong in [None, Some("x"), Some(&secret[1..])] {
            let pairs = super::but(&pairs, "client_secret", wrong.unwrap_or_default());
            let (status, refused) = desk.token(&pairs).await;
            assert_eq!((status, &refused["error"]), (401, &json!("invalid_client")), "{wrong:?}");
        }
        let request = if basic {
            super::form(post().basic_auth(id, Some(secret)), &super::but(&pairs, "client_id", ""))
        } else {
            super::form(post(), &super::but(&pairs, "client_secret", secret))
        };
        let (status, tokens) = told(request).await;
        assert_eq!(status, 200, "{tokens}");
    }
}
