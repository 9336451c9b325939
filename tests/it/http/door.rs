//! Who may knock.

use oncehub_mcp::sandbox::{self, Effect, Fault};
use serde_json::json;

use super::super::agents::program;
use super::{Server, TOKEN, in_front_of, message, refusal, upstream};

const PATHS: [&str; 8] = ["/", "/mcp", "/sse", "/message", "/healthz", "/readyz", "/metrics", "/elsewhere"];

#[tokio::test]
async fn it_tells_the_address_that_clients_use() {
    let upstream = upstream().await;
    let server = Server::with(&upstream, |command| {
        command.args(["--public-url", "https://mcp.example.com/hub", "--allow-origin", "https://app.example.com"])
    });
    assert_eq!(server.url, "https://mcp.example.com/hub");
}

#[tokio::test]
async fn pages_and_names_of_others_are_refused_everywhere() {
    let upstream = upstream().await;
    let server = Server::start(in_front_of(&upstream));
    for path in PATHS {
        let url = format!("{}{path}", server.url);
        for method in [reqwest::Method::GET, reqwest::Method::POST, reqwest::Method::DELETE, reqwest::Method::OPTIONS] {
            let knock = || server.client.request(method.clone(), &url).header("API-Key", sandbox::KEY);
            let (status, reason) = refusal(knock().header("Host", "evil.example")).await;
            assert!(
                status == 403 && reason.contains("not called 'evil.example'"),
                "{method} {path}: {status} {reason}"
            );
            let (status, reason) = refusal(knock().header("Origin", "https://evil.example")).await;
            assert!(status == 403 && reason.contains("--allow-origin"), "{method} {path}: {status} {reason}");
        }
    }
    assert!(upstream.requests().is_empty());
}

#[tokio::test]
async fn pages_of_this_machine_may_use_it_from_a_browser() {
    let upstream = upstream().await;
    let server = Server::start(in_front_of(&upstream));
    let url = format!("{}/mcp", server.url);
    // What a browser asks before it sends a page's request with headers of its own.
    let asked = server
        .client
        .request(reqwest::Method::OPTIONS, &url)
        .header("Origin", "http://localhost:6274")
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "api-key,content-type,mcp-session-id");
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["access-control-allow-origin"], "http://localhost:6274");
    assert_eq!(answer.headers()["access-control-allow-headers"], "api-key,content-type,mcp-session-id");
    let listed = server.modern(sandbox::KEY, "tools/list", json!({})).header("Origin", "http://localhost:6274");
    let answer = listed.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["access-control-expose-headers"], "mcp-session-id,x-request-id,mcp-protocol-version");
}

#[tokio::test]
async fn behind_a_proxy_a_key_that_came_in_clear_is_not_used() {
    let upstream = upstream().await;
    let server = Server::with(&upstream, |command| command.args(["--behind-proxy"]));
    let list = || server.modern(sandbox::KEY, "tools/list", json!({}));
    let (status, reason) = refusal(list().header("X-Forwarded-Proto", "http")).await;
    assert!(status == 403 && reason.contains("plain HTTP"), "{status} {reason}");
    assert_eq!(list().header("X-Forwarded-Proto", "https").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_browser_finds_how_to_connect() {
    let upstream = upstream().await;
    let server = Server::start(in_front_of(&upstream));
    let page = server.client.get(&server.url).send().await.unwrap();
    assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
    let text = page.text().await.unwrap();
    assert!(text.contains(&format!("{}/mcp", server.url)) && !text.contains("{url}"), "{text}");
    let (status, reason) = refusal(server.client.get(format!("{}/elsewhere", server.url))).await;
    assert!(status == 404 && reason.contains("/mcp"), "{status} {reason}");
}

/// The blocks of a page, with what HTML escapes as it is.
fn shown(page: &str) -> Vec<String> {
    let blocks = page.split("<pre><code>").skip(1).map(|rest| rest.split("</code>").next().unwrap());
    blocks.map(|block| block.replace("&quot;", "\"")).collect()
}

#[tokio::test]
async fn the_page_shows_the_header_that_the_server_wants() {
    let upstream = upstream().await;
    for (shared, token, has, challenge) in [
        (false, false, Some("API-Key: YOUR_KEY"), "Bearer realm=\"OnceHub API key\""),
        (true, true, Some("Authorization: Bearer YOUR_TOKEN"), "Bearer realm=\"token of this server\""),
        (true, false, None, ""),
    ] {
        let server = Server::with(&upstream, |command| {
            if shared {
                command.env("ONCEHUB_API_KEY", sandbox::KEY).arg("--shared-key");
            }
            if token { command.env("ONCEHUB_MCP_TOKEN", TOKEN) } else { command }
        });
        let page = server.client.get(&server.url).send().await.unwrap().text().await.unwrap();
        for mark in ["{url}", "{sends}", "{headers}", "{header_flag}", "{inputs}", "{version}"] {
            assert!(!page.contains(mark), "{mark}: {page}");
        }
        let blocks = shown(&page);
        let json = blocks.iter().filter(|block| block.starts_with('{'));
        for block in json.clone() {
            serde_json::from_str::<serde_json::Value>(block).unwrap_or_else(|error| panic!("{error}: {block}"));
        }
        assert_eq!(json.count(), 6, "{page}");
        for wanted in ["API-Key: YOUR_KEY", "Authorization: Bearer YOUR_TOKEN"] {
            assert_eq!(page.contains(wanted), has == Some(wanted), "{wanted}: {page}");
        }
        assert_eq!(page.contains("/mcp --token<"), token, "{page}");
        let mut call = server.modern(sandbox::KEY, "tools/list", json!({})).build().unwrap();
        call.headers_mut().remove("api-key");
        let answer = server.client.execute(call).await.unwrap();
        let told = answer.headers().get("www-authenticate").map(|told| told.to_str().unwrap().to_owned());
        assert_eq!(told.unwrap_or_default(), challenge);
    }
}

#[tokio::test]
async fn it_is_alive_ready_and_counted() {
    let upstream = upstream().await;
    let server = Server::with(&upstream, |command| command.env("ONCEHUB_API_KEY", sandbox::KEY).arg("--shared-key"));
    let get = async |path: &str| {
        let response = server.client.get(format!("{}{path}", server.url)).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    assert_eq!(get("/healthz").await, (200, "alive\n".into()));
    assert_eq!(get("/readyz").await, (200, "ready\n".into()));
    get("/readyz").await;
    assert_eq!(upstream.requests().len(), 1, "the answer holds for a while");
    server.call(sandbox::KEY, "list_bookings", json!({"limit": 1})).await;
    server.call(sandbox::KEY, "cancel_booking", json!({"booking_id": "BKNG-NONESUCH"})).await;
    server.call(sandbox::KEY, "<script>", json!({})).await;
    let session = server.open(sandbox::KEY).await;
    assert_eq!(get("/nowhere").await.0, 404);
    let (_, figures) = get("/metrics").await;
    for line in [
        "http_requests_refused_total{reason=\"path\"} 1",
        "mcp_tool_calls_total{tool=\"list_bookings\",outcome=\"done\",error_type=\"\"} 1",
        "mcp_tool_calls_total{tool=\"cancel_booking\",outcome=\"failed\",error_type=\"not_found\"} 1",
        "mcp_tool_calls_total{tool=\"unknown\",outcome=\"refused\",error_type=\"invalid_request\"} 1",
        // An alert must see the first one.
        "mcp_tool_calls_total{tool=\"cancel_booking\",outcome=\"failed\",error_type=\"internal_error\"} 0",
        "mcp_sessions{transport=\"streamable_http\"} 1",
        "mcp_requests_in_flight 0",
        "oncehub_requests_total{status=\"404\"} 1",
    ] {
        assert!(figures.contains(line), "{line} is not in\n{figures}");
    }
    assert!(!figures.contains(&session) && !figures.contains(sandbox::KEY));
    let (kinds, helps): (Vec<_>, Vec<_>) =
        figures.lines().filter(|line| line.starts_with("# ")).partition(|line| line.starts_with("# TYPE "));
    assert!(!kinds.is_empty() && kinds.len() == helps.len(), "each says what it is:\n{figures}");
}

#[tokio::test]
async fn variables_that_are_set_to_nothing_are_not_set() {
    let mut command = program();
    let of_http = oncehub_mcp::cli::command().find_subcommand("http").unwrap().clone();
    let variables: Vec<_> = of_http.get_arguments().filter_map(clap::Arg::get_env).collect();
    assert!(variables.len() >= 15, "{variables:?}");
    for (at, variable) in variables.into_iter().enumerate() {
        command.env(variable, ["", "  ", "${user_config.nothing}"][at % 3]);
    }
    command.args(["--sandbox", "http", "--listen", "127.0.0.1:0"]);
    let server = Server::start(command);
    assert_eq!(server.client.get(format!("{}/healthz", server.url)).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn it_is_not_ready_when_oncehub_is_not() {
    let upstream = upstream().await;
    let server = Server::with(&upstream, |command| command.env("ONCEHUB_API_KEY", "revoked").arg("--shared-key"));
    let (status, reason) = refusal(server.client.get(format!("{}/readyz", server.url))).await;
    assert!(status == 503 && reason.contains("not ready"), "{status} {reason}");
    // Without a key of its own, being reachable is enough.
    let server = Server::start(in_front_of(&upstream));
    assert_eq!(server.client.get(format!("{}/readyz", server.url)).send().await.unwrap().status(), 200);
    let gone = upstream.url();
    drop(upstream);
    let mut command = program();
    command.env("ONCEHUB_API_URL", gone).args(["http", "--listen", "127.0.0.1:0"]);
    let server = Server::start(command);
    let (status, reason) = refusal(server.client.get(format!("{}/readyz", server.url))).await;
    assert!(status == 503 && reason.contains("Could not connect"), "{status} {reason}");
    assert_eq!(server.client.get(format!("{}/healthz", server.url)).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_rate_limit_is_no_outage() {
    let upstream = upstream().await;
    let unavailable = Effect::Status(503, "text/html", String::new());
    for (effect, expected) in [(Effect::TooMany(Some(60)), "ready"), (unavailable, "HTTP 503")] {
        upstream.fail(Fault::new(effect));
        for shares in [true, false] {
            let server = Server::with(&upstream, |command| {
                if shares { command.env("ONCEHUB_API_KEY", sandbox::KEY).arg("--shared-key") } else { command }
            });
            let (status, told) = refusal(server.client.get(format!("{}/readyz", server.url))).await;
            assert!(
                status == if expected == "ready" { 200 } else { 503 } && told.contains(expected),
                "{status} {told}"
            );
        }
        upstream.heal();
    }
}

#[tokio::test]
async fn who_asks_without_a_session_is_told_what_to_send() {
    let upstream = upstream().await;
    let server = Server::start(in_front_of(&upstream));
    for (method, expected) in [("GET", "messages are sent with POST"), ("DELETE", "DELETE ends a session")] {
        let request = server.client.request(method.parse().unwrap(), format!("{}/mcp", server.url));
        let (status, reason) =
            refusal(request.header("API-Key", sandbox::KEY).header("Accept", "text/event-stream")).await;
        assert!(status == 400 && reason.contains(expected) && reason.contains("Mcp-Session-Id"), "{status} {reason}");
    }
}

#[tokio::test]
async fn a_caller_is_not_told_to_do_what_only_the_operator_can() {
    let upstream = upstream().await;
    for shares in [true, false] {
        let server = Server::with(&upstream, |command| {
            command.env("ONCEHUB_API_KEY", "revoked");
            if shares { command.arg("--shared-key") } else { command.env_remove("ONCEHUB_API_KEY") }
        });
        let mut call =
            server.modern("revoked", "tools/call", json!({"name": "list_users", "arguments": {}})).build().unwrap();
        if shares {
            call.headers_mut().remove("api-key");
        }
        let told = message(server.client.execute(call).await.unwrap()).await;
        let hint = told["structuredContent"]["error"]["hint"].as_str().unwrap();
        let expected = if shares { "tell its operator" } else { "have the client send it as the API-Key header" };
        assert!(hint.contains(expected) && !hint.contains("ONCEHUB_"), "{hint}");
    }
    let gone = upstream.url();
    drop(upstream);
    let mut command = program();
    command.env("ONCEHUB_API_URL", gone).args(["http", "--listen", "127.0.0.1:0"]);
    let told = Server::start(command).call("k-1", "list_users", json!({})).await;
    let hint = told["structuredContent"]["error"]["hint"].as_str().unwrap();
    assert!(hint.contains("tell this server's operator") && !hint.contains("oncehub-mcp check"), "{hint}");
}

#[test]
fn what_would_not_be_safe_does_not_start() {
    for (arguments, reason) in [
        (&["--listen", "0.0.0.0:0"][..], "keys must not travel unencrypted"),
        (&["--listen", "[::]:0"], "keys must not travel unencrypted"),
        (&["--listen", "127.0.0.1:0", "--shared-key"], "there is no key to share"),
        (&["--listen", "127.0.0.1:0", "--tls-cert", "chain.pem"], "--tls-key"),
        (
            &["--listen", "127.0.0.1:0", "--tls-cert", "none.pem", "--tls-key", "none.pem"],
            "no certificate can be read from none.pem",
        ),
        (&["--listen", "127.0.0.1:0", "--allow-host", "https://a.example"], "is not a host"),
        (&["--listen", "127.0.0.1:0", "--allow-origin", "a.example"], "is not an origin"),
        (&["--listen", "127.0.0.1:0", "--public-url", "ftp://a.example"], "neither https nor http"),
        (&["--listen", "nowhere"], "--listen"),
    ] {
        let output = program().arg("http").args(arguments).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && told.contains(reason), "{arguments:?}: {told}");
    }
    for more in [&["--listen", "0.0.0.0:0", "--behind-proxy"][..], &["--listen", "127.0.0.1:0", "--behind-proxy"]] {
        let mut command = program();
        command.env("ONCEHUB_API_KEY", "k-1").args(["http", "--shared-key"]).args(more);
        let told = String::from_utf8(command.output().unwrap().stderr).unwrap();
        assert!(told.contains("ONCEHUB_MCP_TOKEN"), "{more:?}: {told}");
    }
}
