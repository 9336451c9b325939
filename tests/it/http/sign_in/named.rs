//! What things are called: this machine, and the apps that ask.

use oncehub_mcp::sandbox;
use serde_json::json;

use super::super::message;
use super::{Desk, Page, access, asking, but, query, told, trading};

const REDIRECT: &str = "http://127.0.0.1:4711/callback";

#[tokio::test]
async fn a_server_on_this_machine_answers_to_each_of_its_names() {
    let desk = Desk::open().await;
    let (url, other) = (&desk.server.url, desk.server.url.replace("127.0.0.1", "localhost"));
    let host = other.strip_prefix("http://").unwrap();
    let there = |path: &str| desk.server.client.get(desk.at(path)).header("host", host);
    // A host that compares what it is told with the address that the person has written finds that one.
    let refused = there("/mcp").send().await.unwrap();
    let challenge = refused.headers()["www-authenticate"].to_str().unwrap();
    let metadata = format!("resource_metadata=\"{other}/.well-known/oauth-protected-resource/mcp\"");
    assert!(refused.status() == 401 && challenge.contains(&metadata), "{challenge}");
    let (_, told) = told(there("/.well-known/oauth-protected-resource/mcp")).await;
    assert_eq!(told["resource"], json!(format!("{other}/mcp")));
    assert_eq!(told["authorization_servers"], json!([url]), "people sign in at one address");
    let client = desk.client(REDIRECT).await;
    let mcp = format!("{other}/mcp");
    let pairs = but(&asking(&client, REDIRECT), "resource", &mcp);
    let back = desk.agree(&desk.authorize(&pairs), sandbox::KEY, "all").await;
    let code = query(&back, "code").unwrap();
    let pairs = but(&trading(&client, REDIRECT, &code), "resource", &mcp);
    assert_eq!(desk.token(&pairs).await.0, 200);
    // Its pages are at one address, and so are their cookies.
    let browser = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    for path in ["/sign-ins", "/authorize?client_id=x&state=a%26b"] {
        let response = browser.get(desk.at(path)).header("host", host).send().await.unwrap();
        assert_eq!(response.status(), 307, "{path}");
        assert_eq!(response.headers()["location"], format!("{url}{path}"));
    }
    // Another port is another server.
    let elsewhere = "localhost:1";
    let response = browser.get(desk.at("/sign-ins")).header("host", elsewhere).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let foreign = but(&asking(&client, REDIRECT), "resource", "http://localhost:1/mcp");
    assert_eq!(desk.show(&desk.authorize(&foreign), None).await.status, 400);
}

#[tokio::test]
async fn a_state_is_as_long_as_it_is_in_the_address() {
    let desk = Desk::open().await;
    let client = desk.client(REDIRECT).await;
    let show =
        async |state: &str| desk.show(&desk.authorize(&but(&asking(&client, REDIRECT), "state", state)), None).await;
    let (plain, controls) = ("x".repeat(2_048), "\u{1}".repeat(682));
    for good in [&plain, &controls] {
        let asked = show(good).await;
        assert_eq!(asked.status, 200);
        let back = desk.send(&asked, &[("decision", "no")]).await.left();
        assert_eq!(query(&back, "state").as_ref(), Some(good), "to the letter");
        assert!(back.as_str().len() < 2_400, "{}", back.as_str().len());
    }
    for bad in ["x".repeat(2_049), "\u{1}".repeat(683), "\u{1}".repeat(1_000), "é".repeat(400), "&".repeat(700)] {
        let page = show(&bad).await;
        assert!(page.status == 400 && page.html.contains("the state that the app sends is too long"), "{}", page.html);
    }
}

async fn asked(desk: &Desk, name: &str, redirect: &str) -> Page {
    let body = json!({"redirect_uris": [redirect], "client_name": name, "token_endpoint_auth_method": "none"});
    let (status, registered) = desk.register(&body).await;
    assert_eq!(status, 201, "{registered}");
    desk.show(&desk.authorize(&asking(registered["client_id"].as_str().unwrap(), redirect)), None).await
}

#[tokio::test]
async fn a_page_says_no_more_of_an_app_than_is_known() {
    let desk = Desk::open().await;
    for (redirect, shown, said) in [
        ("https://claude.ai/api/mcp/auth_callback", "claude.ai", "This is the address of <strong>Claude</strong>."),
        ("https://chatgpt.com/connector/oauth/c_1", "chatgpt.com", "Which one asks here is not known."),
        (
            "https://global.consent.azure-apim.net/redirect/cr-1", "global.consent.azure-apim.net",
            "Which one asks here is not known.",
        ),
        (
            "https://teams.microsoft.com/api/platform/v1.0/oAuthRedirect",
            "teams.microsoft.com",
            "Which one asks here is not known.",
        ),
        (
            "https://oauth-redirect.googleusercontent.com/r/p-1", "oauth-redirect.googleusercontent.com",
            "Which one asks here is not known.",
        ),
        ("http://127.0.0.1:4711/cb", "127.0.0.1:4711", "An app on this computer"),
        ("https://app.example:8443/cb", "app.example:8443", "This server does not know the app."),
    ] {
        let page = asked(&desk, "Claude", redirect).await;
        assert!(page.html.contains(said), "{redirect}: {}", page.html);
        assert!(page.html.contains(&format!("<dd class=\"host\">{shown}</dd>")), "{redirect}: {}", page.html);
        assert!(page.html.contains("only if you have just started"), "{redirect}: {}", page.html);
        let account = desk.send(&page, &[("key", sandbox::KEY), ("access", "all")]).await;
        assert!(account.html.contains("only if you have just started"), "{redirect}: {}", account.html);
    }
    // A pinned one cannot have a port that there is not.
    let id = "https://claude.ai/oauth/claude-code-client-metadata";
    let page = desk.show(&desk.authorize(&asking(id, "http://localhost:99999/callback")), None).await;
    assert!(page.status == 400 && page.html.contains("an address that is not its own"), "{}", page.html);
}

#[tokio::test]
async fn a_name_that_shows_nothing_is_none() {
    let desk = Desk::open().await;
    for blank in ["\u{3164}\u{3164}", "\u{115f}", "\u{a0}\u{a0}", "\u{301}\u{302}", "\u{2800}", " "] {
        let page = asked(&desk, blank, REDIRECT).await;
        assert!(page.html.contains("“an app without a name”"), "{blank:?}: {}", page.html);
    }
}

/// What nobody can act on who has signed in.
const SETTINGS: [&str; 3] = ["ONCEHUB_", "API-Key", "X-MCP-User header"];

#[tokio::test]
async fn who_is_signed_in_is_told_what_they_can_do() {
    let desk = Desk::open().await;
    let client = desk.client(REDIRECT).await;
    let page = desk.show(&desk.authorize(&asking(&client, REDIRECT)), None).await;
    let words = |html: &str| html.split_once("<main>").unwrap().1.split_once("</main>").unwrap().0.to_owned();
    let placeholder = desk.send(&page, &[("key", "${input:oncehub-key}"), ("access", "all")]).await;
    let account = desk.send(&page, &[("key", sandbox::KEY), ("access", "all")]).await;
    let nobody = [("me", "nobody@northlight.example"), ("zone", ""), ("decision", "yes")];
    let nobody = desk.send(&account, &nobody).await;
    assert!(nobody.html.contains("What you have filled in names nobody"), "{}", nobody.html);
    assert!(
        nobody.html.contains("aria-describedby=\"who problem\" aria-invalid=\"true\" autofocus"),
        "{}",
        nobody.html
    );
    let nowhere = desk.send(&account, &[("me", ""), ("zone", "Nowhere"), ("decision", "yes")]).await;
    assert!(
        nowhere.html.contains("aria-describedby=\"when problem\" aria-invalid=\"true\" autofocus"),
        "{}",
        nowhere.html
    );
    for page in [placeholder, nobody, nowhere] {
        assert!(page.html.contains("<title>Error: "), "{}", page.html);
        let words = words(&page.html);
        assert!(!SETTINGS.iter().any(|name| words.contains(name)), "{words}");
        assert_eq!((words.matches("autofocus").count(), words.matches("role=\"alert\"").count()), (1, 1), "{words}");
    }
    // A user who is nobody any more, and a key that is none.
    let left = desk.send(&account, &[("me", "dana@northlight.example"), ("zone", ""), ("decision", "yes")]).await;
    let code = query(&left.left(), "code").unwrap();
    let (_, tokens) = desk.token(&trading(&client, REDIRECT, &code)).await;
    let call = async |tool: &str, arguments: serde_json::Value, user: &str| {
        let params = json!({"name": tool, "arguments": arguments});
        let request = desk.asks(access(&tokens), "tools/call", params).header("x-mcp-user", user);
        message(request.send().await.unwrap()).await.to_string()
    };
    let mut told = Vec::new();
    for user in ["", "nobody@northlight.example"] {
        told.push(call("test_connection", json!({}), user).await);
        told.push(call("list_bookings", json!({"host": "me"}), user).await);
    }
    assert!(told[0].contains("as was said at sign-in"), "{}", told[0]);
    let by_header = call("test_connection", json!({}), "margaret@northlight.example").await;
    assert!(by_header.contains("as X-MCP-User says"), "{by_header}");
    assert!(told[3].contains("have them connect again"), "{}", told[3]);
    desk.upstream.set_keys(&["another"]);
    told.push(call("list_users", json!({}), "").await);
    assert!(told[4].contains("connect again"), "{}", told[4]);
    for told in told {
        assert!(!SETTINGS.iter().any(|name| told.contains(name)), "{told}");
    }
}
