//! The page on which people see their sign-ins and end them, and what ends with one.

use oncehub_mcp::sandbox;
use reqwest::Response;
use serde_json::{Value, json};

use super::super::{initialize, message, settle, until};
use super::{Desk, Page, access, asking, form, renewing};

const REDIRECT: &str = "http://127.0.0.1:4711/callback";

impl Desk {
    /// The page that asks who is there.
    pub(super) async fn look(&self, cookie: Option<&str>) -> Page {
        let page = self.show(&self.at("/sign-ins"), cookie).await;
        assert_eq!(page.status, 200, "{}", page.html);
        page
    }

    /// Sends a form of that page or the next.
    pub(super) async fn press(&self, page: &Page, pairs: &[(&str, &str)]) -> Page {
        let sealed = page.form();
        let pairs: Vec<_> = [("form", &*sealed)].into_iter().chain(pairs.iter().copied()).collect();
        let request = form(self.server.client.post(self.at("/sign-ins")), &pairs);
        let request = request.header("cookie", page.cookie.as_deref().unwrap()).header("origin", &self.server.url);
        Page::of(request.send().await.unwrap(), page.cookie.as_deref()).await
    }

    /// The list for a key.
    pub(super) async fn list(&self, key: &str) -> Page {
        self.press(&self.look(None).await, &[("key", key)]).await
    }
}

impl Page {
    /// The ids of the sign-ins in a list, in its order.
    pub(super) fn listed(&self) -> Vec<String> {
        let buttons = self.html.split("name=\"end\" value=\"").skip(1);
        buttons.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    }

    /// The id of the sign-in of an app.
    fn id_of(&self, app: &str) -> String {
        let row = self.html.split("<li>").find(|row| row.contains(app)).unwrap();
        row.split("name=\"end\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    }
}

async fn named(desk: &Desk, name: &str) -> String {
    let body = json!({"redirect_uris": [REDIRECT], "client_name": name, "token_endpoint_auth_method": "none"});
    desk.register(&body).await.1["client_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_person_sees_what_is_signed_in_with_their_key_and_ends_one_or_all() {
    let desk = Desk::open().await;
    desk.upstream.open_account("another-key", |_| {});
    let (first, second) = (named(&desk, "First <app>").await, named(&desk, "Second app").await);
    let empty = desk.list(sandbox::KEY).await;
    assert!(empty.html.contains("No sign-in with this key is known"), "{}", empty.html);
    assert!(empty.html.contains("since it was started"), "{}", empty.html);
    let one = desk.tokens(&first, REDIRECT, "all").await;
    let other = desk.tokens(&second, REDIRECT, "read").await;
    let list = desk.list(sandbox::KEY).await;
    for shown in ["First &lt;app&gt;", "reads and changes", "Second app", "reads only"] {
        assert!(list.html.contains(shown), "{shown}: {}", list.html);
    }
    assert!(!list.html.contains(sandbox::KEY) && !list.html.contains("<script") && !list.html.contains("{{"));
    assert_eq!(list.listed().len(), 2, "{}", list.html);
    // Somebody else's key shows theirs alone, and ends nothing of others'.
    let theirs = desk.list("another-key").await;
    assert_eq!(theirs.listed().len(), 0, "{}", theirs.html);
    let tried = desk.press(&theirs, &[("end", &list.listed()[0])]).await;
    assert!(tried.html.contains("That sign-in had ended before"), "{}", tried.html);
    desk.press(&theirs, &[("decision", "all")]).await;
    for tokens in [&one, &other] {
        assert_eq!(desk.lists(access(tokens)).await.status(), 200);
    }
    let id = &*list.id_of("Second app");
    let ended = desk.press(&list, &[("end", id)]).await;
    assert!(ended.html.contains("“Second app” is signed out") && ended.listed().len() == 1, "{}", ended.html);
    assert_eq!(desk.lists(access(&other)).await.status(), 401);
    assert_eq!(desk.token(&renewing(&second, &other)).await.1["error"], "invalid_grant");
    assert_eq!(desk.lists(access(&one)).await.status(), 200);
    let again = desk.press(&list, &[("end", id)]).await;
    assert!(again.html.contains("That sign-in had ended before"), "{}", again.html);
    let all = desk.press(&ended, &[("decision", "all")]).await;
    assert!(all.html.contains("All of them have ended") && all.listed().is_empty(), "{}", all.html);
    assert_eq!(desk.lists(access(&one)).await.status(), 401);
    let back = desk.tokens(&first, REDIRECT, "all").await;
    assert_eq!(desk.lists(access(&back)).await.status(), 200, "who signs in again is signed in");
}

#[tokio::test]
async fn the_page_asks_for_a_key_as_the_one_that_connects_does() {
    let desk = Desk::open().await;
    let asked = desk.look(None).await;
    for (key, status, told) in [
        ("", 400, "Fill in your OnceHub API key."),
        ("two words", 400, "That is not a OnceHub API key."),
        ("<your key>", 400, "That is a placeholder, and no OnceHub API key"),
        ("wrong", 400, "OnceHub does not accept this key."),
    ] {
        let again = desk.press(&asked, &[("key", key)]).await;
        assert_eq!(again.status, status, "{key}: {}", again.html);
        assert!(
            again.html.contains(told) && again.html.contains("<title>Error: Your sign-ins</title>"),
            "{}",
            again.html
        );
        assert!(again.html.contains("aria-describedby=\"where problem\" aria-invalid=\"true\" autofocus"));
    }
    // Wrong keys count here and there together, each once.
    for _ in 0..12 {
        assert_eq!(desk.press(&asked, &[("key", "wrong")]).await.status, 400);
    }
    let client = desk.client(REDIRECT).await;
    let page = desk.show(&desk.authorize(&asking(&client, REDIRECT)), None).await;
    for number in 0..9 {
        let key = format!("wrong-{number}");
        assert_eq!(desk.send(&page, &[("key", &key), ("access", "all")]).await.status, 400);
    }
    assert_eq!(desk.press(&asked, &[("key", sandbox::KEY)]).await.status, 429);
    assert_eq!(desk.press(&asked, &[("key", "wrong")]).await.status, 400, "it is known to be wrong");
}

#[tokio::test]
async fn a_list_is_of_the_browser_that_was_shown_it() {
    let desk = Desk::open().await;
    let client = desk.client(REDIRECT).await;
    let tokens = desk.tokens(&client, REDIRECT, "all").await;
    let (asked, other) = (desk.look(None).await, desk.look(None).await);
    let list = desk.press(&asked, &[("key", sandbox::KEY)]).await;
    let sealed = list.form();
    let post = |pairs: &[(&str, &str)]| form(desk.server.client.post(desk.at("/sign-ins")), pairs);
    let all = [("form", &*sealed), ("decision", "all")];
    let own = &*desk.server.url;
    let cookie = |page: &Page| page.cookie.clone().unwrap();
    let consent = desk.show(&desk.authorize(&asking(&client, REDIRECT)), list.cookie.as_deref()).await.form();
    for (what, request, expected) in [
        ("no cookie", post(&all).header("origin", own), 400),
        ("another browser", post(&all).header("origin", own).header("cookie", cookie(&other)), 400),
        ("no origin", post(&all).header("cookie", cookie(&list)), 403),
        ("elsewhere", post(&all).header("cookie", cookie(&list)).header("origin", "https://evil.example"), 403),
        (
            "a form of another page",
            post(&[("form", &*consent), ("decision", "all")]).header("origin", own).header("cookie", cookie(&list)),
            400,
        ),
        ("a token", post(&[("form", access(&tokens)), ("decision", "all")]).header("origin", own), 400),
    ] {
        assert_eq!(request.send().await.unwrap().status(), expected, "{what}");
    }
    let answer = desk.posted(&all, list.cookie.as_deref()).header("origin", own).send().await.unwrap();
    assert_eq!(answer.status(), 400, "nor is it one of the pages that connect");
    assert_eq!(desk.lists(access(&tokens)).await.status(), 200, "nothing has ended");
    assert_eq!(desk.press(&list, &[]).await.listed().len(), 1);
}

#[tokio::test]
async fn the_page_is_found_from_where_people_are() {
    let desk = Desk::open().await;
    let client = desk.client(REDIRECT).await;
    let consent = desk.show(&desk.authorize(&asking(&client, REDIRECT)), None).await.html;
    let home = desk.server.client.get(desk.at("/")).send().await.unwrap().text().await.unwrap();
    assert!(consent.contains("<a href=\"/sign-ins\">"), "{consent}");
    assert!(home.contains(&format!("<a href=\"{}\">", desk.at("/sign-ins"))), "{home}");
}

/// What is open with a sign-in: a session with its stream, and a stream of the older transport.
pub(super) struct Open {
    pub(super) session: String,
    streams: Vec<Response>,
}

impl Open {
    pub(super) async fn with(desk: &Desk, tokens: &Value) -> Self {
        let bearer = |request: reqwest::RequestBuilder| {
            let (client, request) = request.build_split();
            let mut request = request.unwrap();
            request.headers_mut().remove("api-key");
            request.headers_mut().insert("authorization", format!("Bearer {}", access(tokens)).parse().unwrap());
            reqwest::RequestBuilder::from_parts(client, request).send()
        };
        let server = &desk.server;
        let opened = bearer(server.post("/mcp", "", &initialize())).await.unwrap();
        let session = opened.headers()["mcp-session-id"].to_str().unwrap().to_owned();
        let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        bearer(server.post("/mcp", "", &ready).header("Mcp-Session-Id", &session)).await.unwrap();
        let stream = |path| server.client.get(desk.at(path)).header("Accept", "text/event-stream");
        let mut streams = Vec::new();
        for request in [stream("/mcp").header("Mcp-Session-Id", &session), stream("/sse")] {
            streams.push(bearer(request).await.unwrap());
            assert_eq!(streams.last().unwrap().status(), 200);
        }
        Self { session, streams }
    }

    pub(super) async fn finish(&mut self) {
        for stream in &mut self.streams {
            while stream.chunk().await.unwrap().is_some() {}
        }
    }
}

/// Completes when one session of each transport is left.
pub(super) async fn one_is_left(desk: &Desk) {
    until("one session and one stream are left", async || {
        let figures = desk.server.client.get(desk.at("/metrics")).send().await.unwrap().text().await.unwrap();
        let open: Vec<&str> = figures.lines().filter(|line| line.starts_with("mcp_sessions")).collect();
        open.len() == 2 && open.iter().all(|line| line.ends_with(" 1"))
    })
    .await;
}

#[tokio::test]
async fn what_is_open_with_a_sign_in_ends_with_it() {
    let desk = Desk::open().await;
    let (client, on_page) = (desk.client(REDIRECT).await, named(&desk, "On the page").await);
    let sign_in = async |client: &str| desk.tokens(client, REDIRECT, "all").await;
    let (revoked, listed) = (sign_in(&client).await, sign_in(&on_page).await);
    let (replayed, stays) = (sign_in(&client).await, sign_in(&client).await);
    let mut staying = Open::with(&desk, &stays).await;
    // At /revoke.
    let mut open = Open::with(&desk, &revoked).await;
    assert_eq!(desk.revoke(&[("client_id", &*client), ("token", access(&revoked))]).await.0, 200);
    open.finish().await;
    // On the page.
    let mut open = Open::with(&desk, &listed).await;
    let before = desk.list(sandbox::KEY).await;
    assert_eq!(before.listed().len(), 3);
    desk.press(&before, &[("end", &before.id_of("On the page"))]).await;
    open.finish().await;
    // By somebody who uses a refresh token of long ago.
    let mut open = Open::with(&desk, &replayed).await;
    let (_, second) = desk.token(&renewing(&client, &replayed)).await;
    let (_, third) = desk.token(&renewing(&client, &second)).await;
    assert!(third["access_token"].is_string());
    assert_eq!(desk.token(&renewing(&client, &replayed)).await.1["error"], "invalid_grant");
    open.finish().await;
    // What has not ended goes on.
    settle(&desk.server).await;
    let call = desk.server.in_session("", &staying.session, "test_connection", &json!({}));
    let (http, request) = call.build_split();
    let mut request = request.unwrap();
    request.headers_mut().remove("api-key");
    request.headers_mut().insert("authorization", format!("Bearer {}", access(&stays)).parse().unwrap());
    let answer = reqwest::RequestBuilder::from_parts(http, request).send().await.unwrap();
    assert_eq!(message(answer).await["isError"], false);
    one_is_left(&desk).await;
    desk.press(&desk.list(sandbox::KEY).await, &[("decision", "all")]).await;
    staying.finish().await;
}

#[tokio::test]
async fn with_a_secret_goes_what_was_signed_in_under_it() {
    const OLD: &str = "0f4a1c5e9b7d42f08e6a3c1d5b9f7e20-old";
    const NEW: &str = "7d3b9e1f5a8c46d2b0e4f6a81c3d5e79-new";
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), OLD).unwrap();
    let desk = Desk::with(&["--secret-file", file.path().to_str().unwrap()]).await;
    let secrets = async |text: &str| {
        std::fs::write(file.path(), text).unwrap();
        desk.server.signal("HUP");
        settle(&desk.server).await;
    };
    let client = desk.client(REDIRECT).await;
    let before = desk.tokens(&client, REDIRECT, "all").await;
    secrets(&format!("{NEW}\n{OLD}")).await;
    let (status, renewed) = desk.token(&renewing(&client, &before)).await;
    assert_eq!(status, 200, "{renewed}");
    let client = desk.client(REDIRECT).await;
    let after = desk.tokens(&client, REDIRECT, "all").await;
    assert_eq!(desk.list(sandbox::KEY).await.listed().len(), 2);
    secrets(NEW).await;
    // Nobody could be shown it any more, nor end it.
    assert_eq!(desk.list(sandbox::KEY).await.listed().len(), 1);
    let refused = desk.lists(access(&renewed)).await;
    assert_eq!(refused.status(), 401);
    let reason = refused.text().await.unwrap();
    assert!(reason.contains("the secret of this server has been replaced"), "{reason}");
    assert_eq!(desk.token(&renewing(&client, &renewed)).await.1["error"], "invalid_grant");
    assert_eq!(desk.lists(access(&after)).await.status(), 200);
}
