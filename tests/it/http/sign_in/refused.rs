//! What is refused, and how: nothing of it reaches a client, a key or OnceHub.

use std::sync::Arc;

use oncehub_mcp::sandbox;
use serde_json::{Value, json};

use super::{Desk, access, asking, but, form, query, renewing, told, trading};

const REDIRECT: &str = "https://app.example/cb?x=1";

#[tokio::test]
async fn what_a_client_asks_for_wrongly_ends_on_a_page() {
    let desk = Desk::open().await;
    let client = desk.client(REDIRECT).await;
    let good = asking(&client, REDIRECT);
    let ended = async |url: String, back: bool, what: &str| {
        let page = desk.show(&url, None).await;
        assert_eq!(page.status, 400, "{what}: {}", page.html);
        assert!(!page.html.contains("name=\"form\"") && !page.html.contains("http-equiv=\"refresh\""), "{what}");
        // Only an address that is known to be the client's is offered, with the error in it.
        assert_eq!(page.html.contains("href=\"https://app.example/cb?x=1&amp;error="), back, "{what}: {}", page.html);
        assert_eq!(page.html.contains("href="), back, "{what}: {}", page.html);
    };
    let long = "x".repeat(2049);
    for (name, value, back) in [
        ("client_id", "", false),
        ("client_id", "unknown", false),
        ("client_id", &client[1..], false),
        ("client_id", "http://app.example/client.json", false),
        ("client_id", "https://127.0.0.1/client.json", false),
        ("client_id", "https://localhost/client.json", false),
        ("client_id", "https://169.254.169.254/latest", false),
        ("redirect_uri", "", false),
        ("redirect_uri", "https://app.example/cb", false),
        ("redirect_uri", "https://app.example/CB?x=1", false),
        ("redirect_uri", "https://app.example/cb/?x=1", false),
        ("redirect_uri", "https://app.example/cb?x=2", false),
        ("redirect_uri", "https://evil@app.example/cb?x=1", false),
        ("redirect_uri", "https://app.example/%2e/cb?x=1", false),
        ("redirect_uri", "https://app.example/cb?x=1#f", false),
        ("redirect_uri", "javascript:alert(1)", false),
        ("state", &long, false),
        ("response_type", "", true),
        ("response_type", "token", true),
        ("response_mode", "fragment", true),
        ("code_challenge", "", true),
        ("code_challenge", "short", true),
        ("code_challenge_method", "", true),
        ("code_challenge_method", "plain", true),
        ("resource", "https://elsewhere.example/mcp", true),
        ("resource", "/mcp", true),
    ] {
        ended(desk.authorize(&but(&good, name, value)), back, &format!("{name}={value}")).await;
    }
    for path in ["/mcp#x", "/mcp?x", "/other", "/mcp/../x", ".evil.example/mcp", "@evil.example"] {
        ended(desk.authorize(&but(&good, "resource", &desk.at(path))), true, path).await;
    }
    for (name, value) in good.iter().copied() {
        let twice = [&good[..], &[(name, value)]].concat();
        ended(desk.authorize(&twice), false, &format!("{name} twice")).await;
    }
    for path in ["", "/", "/mcp", "/mcp/", "/sse", "/sse/"] {
        let url = desk.authorize(&but(&good, "resource", &desk.at(path)));
        assert_eq!(desk.show(&url, None).await.status, 200, "{path}");
    }
    assert!(desk.upstream.requests().is_empty());
}

#[tokio::test]
async fn a_page_is_answered_by_the_browser_that_was_shown_it() {
    let desk = Desk::open().await;
    let client = desk.client(REDIRECT).await;
    let url = desk.authorize(&asking(&client, REDIRECT));
    let (asked, other) = (desk.show(&url, None).await, desk.show(&url, None).await);
    assert_ne!(asked.cookie, other.cookie);
    let cookie = asked.cookie.as_deref();
    assert_eq!(desk.show(&url, cookie).await.cookie.as_deref(), cookie, "two tabs share it");
    let key = [("form", &*asked.form()), ("key", sandbox::KEY), ("access", "all")];
    let own = &*desk.server.url;
    let refused = async |request: reqwest::RequestBuilder, expected: u16, what: &str| {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), expected, "{what}");
        assert!(!response.text().await.unwrap().contains("name=\"me\""), "{what}");
    };
    refused(desk.posted(&key, None).header("origin", own), 400, "no cookie").await;
    refused(desk.posted(&key, other.cookie.as_deref()).header("origin", own), 400, "another browser's cookie").await;
    refused(desk.posted(&key, Some("oncehub-sign-in=x")).header("origin", own), 400, "a made-up cookie").await;
    refused(desk.posted(&key, cookie), 403, "no Origin").await;
    for origin in ["null", "https://evil.example", "http://localhost:1"] {
        refused(desk.posted(&key, cookie).header("origin", origin), 403, origin).await;
    }
    let elsewhere = desk.posted(&key, cookie).header("origin", own).header("sec-fetch-site", "cross-site");
    refused(elsewhere, 403, "Sec-Fetch-Site").await;
    let json = desk.posted(&key, cookie).header("origin", own);
    let (http, request) = json.build_split();
    let mut request = request.unwrap();
    request.headers_mut().insert("content-type", "text/plain".parse().unwrap());
    refused(reqwest::RequestBuilder::from_parts(http, request), 400, "a form of another kind").await;
    let form = asked.form();
    let changed = format!("{}x", &form[..form.len() - 1]);
    refused(desk.posted(&but(&key, "form", &changed), cookie).header("origin", own), 400, "a changed form").await;
    refused(desk.posted(&but(&key, "form", ""), cookie).header("origin", own), 400, "no form").await;
    refused(desk.posted(&but(&key, "form", &client), cookie).header("origin", own), 400, "a client for a form").await;
    assert!(desk.upstream.requests().is_empty(), "no key was tried");
    // A page may be sent again until its code has been used.
    let account = desk.send(&asked, &[("key", sandbox::KEY), ("access", "all")]).await;
    let yes = [("me", ""), ("zone", ""), ("decision", "yes")];
    let (first, second) = (desk.send(&account, &yes).await.left(), desk.send(&account, &yes).await.left());
    let [first, second] = [first, second].map(|url| query(&url, "code").unwrap());
    assert_eq!(desk.token(&trading(&client, REDIRECT, &second)).await.0, 200);
    assert_eq!(desk.send(&account, &yes).await.status, 400);
    assert_eq!(desk.token(&trading(&client, REDIRECT, &first)).await.1["error"], "invalid_grant", "they are one code");
}

#[tokio::test]
async fn a_person_who_does_not_agree_is_sent_back_without_a_code() {
    let desk = Desk::open().await;
    let client = desk.client(REDIRECT).await;
    let asked = desk.show(&desk.authorize(&asking(&client, REDIRECT)), None).await;
    let first = desk.send(&asked, &[("decision", "no")]).await;
    let account = desk.send(&asked, &[("key", sandbox::KEY)]).await;
    for page in [first, desk.send(&account, &[("decision", "no")]).await, desk.send(&account, &[]).await] {
        let back = page.left();
        assert_eq!(query(&back, "error").as_deref(), Some("access_denied"));
        assert_eq!(query(&back, "iss").as_deref(), Some(&*desk.server.url));
        assert_eq!((query(&back, "code"), query(&back, "state").as_deref()), (None, Some("st&te 1")));
    }
}

#[tokio::test]
async fn a_key_is_tried_once_it_can_be_one_and_not_too_often() {
    let desk = Desk::open().await;
    let client = desk.client(REDIRECT).await;
    let asked = desk.show(&desk.authorize(&asking(&client, REDIRECT)), None).await;
    let tried = async |key: &str| {
        let page = desk.send(&asked, &[("key", key), ("access", "all")]).await;
        assert!(key.trim().is_empty() || page.status == 200 || !page.html.contains(key), "{key}: {}", page.html);
        (page.status, page.html.contains("role=\"alert\""))
    };
    for (key, told) in [("", true), ("two words", true), ("k\ney", true), ("<your key>", true), ("kÿ", true)] {
        assert_eq!(tried(key).await, (400, told), "{key}");
    }
    assert!(desk.upstream.requests().is_empty());
    desk.upstream.fail(sandbox::Fault::new(sandbox::Effect::Error(503, json!({}))));
    assert_eq!(tried("a-key-nobody-knows").await, (503, true));
    desk.upstream.heal();
    for wrong in 0..10 {
        assert_eq!(tried(&format!("wrong-key-{wrong}")).await, (400, true));
    }
    let before = desk.upstream.requests().len();
    assert_eq!(tried(sandbox::KEY).await, (429, true));
    assert_eq!(desk.upstream.requests().len(), before, "it is not even tried");
}

#[tokio::test]
async fn a_token_request_that_is_wrong_is_refused_by_oauths_words() {
    let desk = Desk::open().await;
    let client = desk.client(REDIRECT).await;
    let other = desk.client(REDIRECT).await;
    let code =
        query(&desk.agree(&desk.authorize(&asking(&client, REDIRECT)), sandbox::KEY, "all").await, "code").unwrap();
    let good = trading(&client, REDIRECT, &code);
    let mut flipped = code.clone().into_bytes();
    flipped[60] = if flipped[60] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).unwrap();
    for (name, value, status, error) in [
        ("grant_type", "", 400, "invalid_request"),
        ("grant_type", "password", 400, "unsupported_grant_type"),
        ("grant_type", "client_credentials", 400, "unsupported_grant_type"),
        ("client_id", "", 401, "invalid_client"),
        ("client_id", "unknown", 401, "invalid_client"),
        ("client_id", &other, 400, "invalid_grant"),
        ("client_secret", "x", 401, "invalid_client"),
        ("code", "", 400, "invalid_request"),
        ("code", &flipped, 400, "invalid_grant"),
        ("code", &code[1..], 400, "invalid_grant"),
        ("code", &client, 400, "invalid_grant"),
        ("code_verifier", "", 400, "invalid_request"),
        ("code_verifier", "x", 400, "invalid_grant"),
        ("redirect_uri", "https://app.example/cb", 400, "invalid_grant"),
        ("resource", "https://elsewhere.example/", 400, "invalid_target"),
    ] {
        let (got, refused) = desk.token(&but(&good, name, value)).await;
        assert_eq!((got, refused["error"].as_str()), (status, Some(error)), "{name}={value}: {refused}");
    }
    let post = || desk.server.client.post(desk.at("/token"));
    let both = form(post().basic_auth(&client, Some("x")), &but(&good, "client_secret", "x"));
    assert_eq!(told(both).await.1["error"], "invalid_request", "both ways at once");
    let twice = [&good[..], &[("code", &*code)]].concat();
    assert_eq!(desk.token(&twice).await.1["error"], "invalid_request", "a parameter twice");
    let object: serde_json::Map<String, Value> =
        good.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let body = Value::Object(object).to_string();
    for kind in [Some("application/json"), Some("text/plain"), None] {
        let request = post().body(body.clone());
        let request = if let Some(kind) = kind { request.header("content-type", kind) } else { request };
        assert_eq!(told(request).await.1["error"], "invalid_request", "{kind:?}");
    }
    let long = "x".repeat(40_000);
    assert_eq!(desk.token(&but(&good, "state", &long)).await.0, 413);
    // After all that the code is still good, once, and everything sealed is good for one purpose.
    let (status, tokens) = desk.token(&good).await;
    assert_eq!(status, 200, "{tokens}");
    let refresh = tokens["refresh_token"].as_str().unwrap();
    for (what, text) in [("a code", &*code), ("an access token", access(&tokens)), ("a client", &client)] {
        let (status, refused) = desk.token(&but(&renewing(&client, &tokens), "refresh_token", text)).await;
        assert_eq!((status, &refused["error"]), (400, &json!("invalid_grant")), "{what} to refresh");
    }
    for (what, text) in [("an access token", access(&tokens)), ("a refresh token", refresh)] {
        assert_eq!(desk.token(&but(&good, "code", text)).await.1["error"], "invalid_grant", "{what} for a code");
    }
    for (what, text) in
        [("a code", &*code), ("a refresh token", refresh), ("a client", &client), ("a key", sandbox::KEY)]
    {
        assert_eq!(desk.lists(text).await.status(), 401, "{what} for an access token");
    }
    assert_eq!(desk.token(&renewing(&other, &tokens)).await.1["error"], "invalid_grant", "another client's");
    assert_eq!(desk.revoke(&[("client_id", &*other), ("token", refresh)]).await.0, 200, "it says nothing");
    assert_eq!(desk.lists(access(&tokens)).await.status(), 200, "and ends nothing");
    assert_eq!(desk.token(&good).await.1["error"], "invalid_grant", "a code twice");
    assert_eq!(desk.lists(access(&tokens)).await.status(), 401, "ends what it gave");
}

#[tokio::test]
async fn of_five_who_use_a_code_at_once_one_gets_tokens() {
    let desk = Arc::new(Desk::open().await);
    let client = desk.client(REDIRECT).await;
    let code =
        query(&desk.agree(&desk.authorize(&asking(&client, REDIRECT)), sandbox::KEY, "all").await, "code").unwrap();
    let pairs = trading(&client, REDIRECT, &code);
    let all = futures::future::join_all((0..5).map(|_| desk.token(&pairs))).await;
    assert_eq!(all.iter().filter(|(status, _)| *status == 200).count(), 1, "{all:?}");
}

#[tokio::test]
async fn a_request_brings_one_token_in_its_header() {
    let desk = Desk::open().await;
    let client = desk.client(REDIRECT).await;
    let tokens = desk.tokens(&client, REDIRECT, "all").await;
    let token = access(&tokens);
    assert_eq!(desk.lists(token).await.status(), 200);
    let asked = || desk.asks(token, "tools/list", json!({}));
    assert_eq!(asked().header("authorization", "Bearer x").send().await.unwrap().status(), 401, "two");
    assert_eq!(asked().header("api-key", "another-key").send().await.unwrap().status(), 401, "a key beside it");
    assert_eq!(asked().header("api-key", "").send().await.unwrap().status(), 200, "an empty header is none");
    for bad in
        [&token[1..], &token[..token.len() - 1], &format!("{token}x"), "oncehub_access_", "oncehub_access_\u{7e}"]
    {
        assert_eq!(desk.lists(bad).await.status(), 401, "{bad}");
    }
    let before = desk.upstream.requests().len();
    let in_query = desk.server.client.post(desk.at(&format!("/mcp?access_token={token}"))).body("{}");
    assert_eq!(in_query.send().await.unwrap().status(), 401);
    for other in ["Basic eDp5", "Token x", "x"] {
        let request = desk.server.client.post(desk.at("/mcp")).header("authorization", other).body("{}");
        assert_eq!(request.send().await.unwrap().status(), 401, "{other}");
    }
    assert_eq!(desk.upstream.requests().len(), before, "nothing of it was taken for a key");
    // Another server's token, sealed with another secret.
    assert_eq!(Desk::open().await.lists(token).await.status(), 401);
}

#[tokio::test]
async fn registration_keeps_what_can_be_used() {
    let desk = Desk::open().await;
    let redirects = |list: Value| json!({"redirect_uris": list, "client_name": "<b>\u{202e}x</b>", "unknown": [1]});
    let (status, kept) = desk
        .register(&redirects(json!([
            "https://a.example/cb", "http://a.example/cb", "javascript:alert(1)", "cursor://x/cb"
        ])))
        .await;
    assert_eq!((status, &kept["redirect_uris"]), (201, &json!(["https://a.example/cb", "cursor://x/cb"])), "{kept}");
    assert_eq!(kept["client_name"], "<b>x</b>");
    let page =
        desk.show(&desk.authorize(&asking(kept["client_id"].as_str().unwrap(), "https://a.example/cb")), None).await;
    assert!(
        page.html.contains("“&lt;b&gt;x&lt;/b&gt;”") && page.html.contains("does not know the app"),
        "{}",
        page.html
    );
    let many: Vec<String> = (0..100).map(|number| format!("https://a.example/{number}")).collect();
    let long: Vec<String> = (0..9).map(|number| format!("https://a.example/{number}{}", "x".repeat(480))).collect();
    for (body, error) in [
        (redirects(json!([])), "invalid_redirect_uri"),
        (json!({}), "invalid_redirect_uri"),
        (redirects(json!(many)), "invalid_redirect_uri"),
        (redirects(json!(long)), "invalid_client_metadata"),
        (
            redirects(json!(["http://a.example/cb", "data:text/html,x", "file:///x", "blob:https://a.example/x"])),
            "invalid_redirect_uri",
        ),
        (redirects(json!([7])), "invalid_client_metadata"),
        (redirects(json!("https://a.example/cb")), "invalid_client_metadata"),
        (json!([]), "invalid_client_metadata"),
    ] {
        let (status, refused) = desk.register(&body).await;
        assert_eq!((status, refused["error"].as_str()), (400, Some(error)), "{refused}");
    }
}

#[tokio::test]
async fn where_only_known_apps_are_allowed_a_person_cannot_be_sent_elsewhere() {
    let desk = Desk::with(&["--oauth-clients", "known"]).await;
    let (status, refused) = desk.register(&json!({"redirect_uris": ["https://a.example/cb"]})).await;
    assert_eq!((status, &refused["error"]), (400, &json!("invalid_redirect_uri")));
    let document = desk.authorize(&asking("https://app.example/client.json", "https://app.example/cb"));
    let page = desk.show(&document, None).await;
    assert!(page.status == 400 && page.html.contains("known apps only"), "{}", page.html);
    for redirect in ["https://claude.ai/api/mcp/auth_callback", "http://localhost:1/cb"] {
        desk.client(redirect).await;
    }
}
