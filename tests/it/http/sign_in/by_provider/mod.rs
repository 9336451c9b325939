//! Sign-in by an identity provider: what it says of people, and what the operator's map makes of it.

mod answers;
mod provider;
mod said;

use std::path::PathBuf;

use oncehub_mcp::sandbox::{self, Sandbox};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

use super::super::{Server, in_front_of, message, settle, upstream};
use super::listed::{Open, one_is_left};
use super::{Desk, Page, access, asking, but, query, renewing, trading};
use provider::{CLIENT, Fault, Provider, SECRET};

const REDIRECT: &str = "http://127.0.0.1:4711/callback";

/// A company: its provider, its map, and the server for its people.
struct Company {
    provider: Provider,
    folder: TempDir,
    desk: Desk,
}

/// A person on their way back from the provider.
struct Back {
    /// Where the provider sends them.
    url: Url,
    cookies: String,
    /// The cookie that their browser had before.
    browser: String,
}

fn dana() -> Value {
    json!({"sub": "u-dana", "email": "dana@northlight.example", "email_verified": true, "groups": ["staff", "sales"]})
}

fn rules_for_all() -> Value {
    json!([{"domain": "northlight.example", "key": "company", "access": "all"}])
}

impl Company {
    async fn open(rules: &Value) -> Self {
        Self::with(rules, |_| {}).await
    }

    async fn with(rules: &Value, change: impl FnOnce(&mut std::process::Command)) -> Self {
        let (upstream, provider, folder) = (upstream().await, Provider::start().await, tempfile::tempdir().unwrap());
        let mut command = command(&upstream, &provider, &folder, rules);
        change(&mut command);
        Self { provider, desk: Desk { upstream, server: Server::start(command) }, folder }
    }

    /// Changes the map, which counts at once.
    async fn map(&self, rules: &Value) {
        write_map(&self.folder, rules);
        self.desk.server.signal("HUP");
        settle(&self.desk.server).await;
    }

    /// Sends a person of the client's to the provider.
    async fn sent(&self, url: &str, access: &str) -> (Page, Url) {
        let asked = self.desk.show(url, None).await;
        assert!(asked.html.contains("Go on to "), "{}", asked.html);
        let going = self.desk.send(&asked, &[("access", access), ("decision", "next")]).await;
        assert_eq!(going.status, 200, "{}", going.html);
        let to = going.left();
        let cookies = format!("{}; {}", asked.cookie.unwrap(), going.cookie.unwrap());
        (Page { cookie: Some(cookies), ..asked }, to)
    }

    /// Sends a person to the provider, who signs them in there.
    async fn signed_in(&self, client: &str, access: &str, claims: Value) -> Back {
        let url = self.desk.authorize(&asking(client, REDIRECT));
        let (asked, to) = self.sent(&url, access).await;
        let cookies = asked.cookie.unwrap();
        let browser = cookies.split("; ").next().unwrap().to_owned();
        Back { url: self.provider.signs_in(&to, claims), cookies, browser }
    }

    async fn arrives(&self, back: &Back) -> Page {
        let page = self.desk.show(back.url.as_str(), Some(&back.cookies)).await;
        Page { cookie: Some(back.browser.clone()), ..page }
    }

    /// What a person with these claims is told.
    async fn told(&self, client: &str, claims: Value) -> Page {
        self.arrives(&self.signed_in(client, "all", claims).await).await
    }

    async fn tokens(&self, client: &str, access: &str, claims: Value) -> Value {
        let you = self.arrives(&self.signed_in(client, access, claims).await).await;
        assert!(you.html.contains("Is this you?"), "{}", you.html);
        let left = self.desk.send(&you, &[("decision", "yes")]).await.left();
        let (status, tokens) = self.desk.token(&trading(client, REDIRECT, &query(&left, "code").unwrap())).await;
        assert_eq!(status, 200, "{tokens}");
        tokens
    }

    async fn tools(&self, tokens: &Value) -> Vec<String> {
        let listed = message(self.desk.lists(access(tokens)).await).await;
        let all = listed["tools"].as_array().unwrap_or_else(|| panic!("{listed}"));
        all.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    }

    async fn changes(&self, tokens: &Value) -> bool {
        self.tools(tokens).await.iter().any(|tool| tool == "cancel_booking")
    }
}

fn write_map(folder: &TempDir, rules: &Value) -> PathBuf {
    let [map, key] = ["map.json", "key"].map(|name| folder.path().join(name));
    std::fs::write(&key, sandbox::KEY).unwrap();
    let content = json!({"keys": {"company": {"file": key}}, "rules": rules});
    std::fs::write(&map, content.to_string()).unwrap();
    map
}

/// The program for a provider and a map, which people sign in at.
fn command(upstream: &Sandbox, provider: &Provider, folder: &TempDir, rules: &Value) -> std::process::Command {
    let secret = folder.path().join("client-secret");
    std::fs::write(&secret, format!("{SECRET}\n")).unwrap();
    let mut command = in_front_of(upstream);
    command.env("ONCEHUB_MCP_OAUTH", "oidc").env("ONCEHUB_MCP_OIDC_ISSUER", provider.issuer());
    command.env("ONCEHUB_MCP_OIDC_CLIENT_ID", CLIENT).env("ONCEHUB_MCP_OIDC_CLIENT_SECRET_FILE", &secret);
    command.env("ONCEHUB_MCP_OIDC_NAME", "Northlight ID").env("ONCEHUB_MCP_OIDC_SCOPES", "openid email groups");
    command.env("ONCEHUB_MCP_OIDC_MAP_FILE", write_map(folder, rules));
    command
}

#[tokio::test]
async fn a_person_signs_in_at_the_provider_and_the_map_says_as_whom() {
    let rules = json!([
        {"email": "dana@northlight.example", "key": "company", "zone": "Asia/Kolkata", "access": "all"},
        {"group": "sales", "key": "company", "user": "margaret@northlight.example"},
    ]);
    let company = Company::open(&rules).await;
    let desk = &company.desk;
    let client = desk.client(REDIRECT).await;
    let asked = desk.show(&desk.authorize(&asking(&client, REDIRECT)), None).await;
    for shown in
        ["“Test”", "127.0.0.1", "An app on this computer", "Northlight ID", "Read only", "<a href=\"/sign-ins\">"]
    {
        assert!(asked.html.contains(shown), "{shown}: {}", asked.html);
    }
    assert!(!asked.html.contains("type=\"password\"") && !asked.html.contains("{{"), "{}", asked.html);
    let (_, to) = company.sent(&desk.authorize(&asking(&client, REDIRECT)), "all").await;
    assert!(to.as_str().starts_with(&format!("{}/auth?tenant=1&", company.provider.issuer())), "{to}");
    assert_eq!(query(&to, "scope").as_deref(), Some("openid email groups"));
    assert_eq!(query(&to, "redirect_uri").unwrap(), desk.at("/callback"));
    assert!(to.as_str().len() < 600, "some providers take no long addresses: {to}");
    let you = company.told(&client, dana()).await;
    for shown in ["dana@northlight.example", "Northlight ID", "“Test”", "read and change"] {
        assert!(you.html.contains(shown), "{shown}: {}", you.html);
    }
    let tokens = company.tokens(&client, "all", dana()).await;
    assert_eq!(tokens["scope"], "oncehub.read oncehub.write");
    assert!(company.changes(&tokens).await);
    let call = || desk.asks(access(&tokens), "tools/call", json!({"name": "test_connection", "arguments": {}}));
    let answer = message(call().send().await.unwrap()).await.to_string();
    assert!(answer.contains("dana@northlight.example") && answer.contains("Asia/Kolkata"), "{answer}");
    assert!(answer.contains("as this server's map says of the person who has signed in"), "{answer}");
    // Nobody says that they are somebody else.
    for user in ["margaret@northlight.example", "nobody@northlight.example"] {
        let answer = message(call().header("x-mcp-user", user).send().await.unwrap()).await.to_string();
        assert!(answer.contains("\"me\":\"dana@northlight.example\""), "{user}: {answer}");
    }
    let (status, renewed) = desk.token(&renewing(&client, &tokens)).await;
    assert_eq!(status, 200, "{renewed}");
    assert_eq!(desk.lists(access(&renewed)).await.status(), 200);
    // By a group, as somebody else in OnceHub, and for reading alone.
    let lee = json!({"sub": "u-lee", "groups": ["sales"]});
    let you = company.told(&client, lee.clone()).await;
    assert!(you.html.contains("u-lee") && you.html.contains("margaret@northlight.example"), "{}", you.html);
    assert!(you.html.contains("change nothing") && you.html.contains("what the operator"), "{}", you.html);
    let tokens = company.tokens(&client, "all", lee).await;
    assert_eq!(tokens["scope"], "oncehub.read");
    let call = desk.asks(access(&tokens), "tools/call", json!({"name": "cancel_booking", "arguments": {}}));
    let request = call.header("x-mcp-readonly", "false").header("x-mcp-tools", "cancel_booking");
    let answer = message(request.send().await.unwrap()).await;
    assert!(answer["message"].as_str().unwrap().contains("cancel_booking"), "{answer}");
    let keys: Vec<_> = desk.upstream.requests().into_iter().map(|request| request.key).collect();
    assert!(!keys.is_empty() && keys.iter().all(|key| key.as_deref() == Some(sandbox::KEY)));
}

#[tokio::test]
async fn who_is_taken_out_of_the_map_is_out_at_the_next_request() {
    let company = Company::open(&rules_for_all()).await;
    let desk = &company.desk;
    let client = desk.client(REDIRECT).await;
    let tokens = company.tokens(&client, "all", dana()).await;
    assert!(company.changes(&tokens).await);
    company.map(&json!([{"domain": "northlight.example", "key": "company"}])).await;
    assert!(!company.changes(&tokens).await, "less than before");
    let (_, renewed) = desk.token(&renewing(&client, &tokens)).await;
    assert_eq!(renewed["scope"], "oncehub.read");
    company
        .map(&json!([
            {"email": "dana@northlight.example", "access": "none"}, {"domain": "northlight.example", "key": "company"}
        ]))
        .await;
    let refused = desk.lists(access(&tokens)).await;
    assert_eq!(refused.status(), 401);
    let challenge = refused.headers()["www-authenticate"].to_str().unwrap().to_owned();
    assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
    let reason = refused.text().await.unwrap();
    assert!(reason.contains("the operator of this server does not let you in any more"), "{reason}");
    let (status, refused) = desk.token(&renewing(&client, &renewed)).await;
    assert_eq!((status, &refused["error"]), (400, &json!("invalid_grant")), "{refused}");
    // Nor can they come back.
    let told = company.told(&client, dana()).await;
    assert!(told.status == 403 && told.html.contains("this server is not open to you"), "{}", told.html);
    // Somebody else goes on, and a mistake in the map takes nobody out.
    company.map(&rules_for_all()).await;
    assert!(company.changes(&tokens).await, "the refresh token was not used up");
    company.map(&json!("none")).await;
    assert!(company.changes(&tokens).await);
}

#[tokio::test]
async fn what_is_open_ends_for_who_is_taken_out_and_they_may_come_back() {
    let company = Company::open(&rules_for_all()).await;
    let desk = &company.desk;
    let client = desk.client(REDIRECT).await;
    let margaret = json!({"sub": "u-margaret", "email": "margaret@northlight.example", "email_verified": true});
    let out = company.tokens(&client, "all", dana()).await;
    let stays = company.tokens(&client, "all", margaret).await;
    let (mut open, staying) = (Open::with(desk, &out).await, Open::with(desk, &stays).await);
    let without = json!([
        {"email": "dana@northlight.example", "access": "none"}, {"domain": "northlight.example", "key": "company"}
    ]);
    company.map(&without).await;
    one_is_left(desk).await;
    open.finish().await;
    company.map(&rules_for_all()).await;
    drop(staying);
    let again = Open::with(desk, &out).await;
    let list = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"});
    let request = desk.server.post("/mcp", "", &list).header("Mcp-Session-Id", &again.session);
    let response = request.header("Authorization", format!("Bearer {}", access(&out))).send().await.unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn a_person_who_is_taken_out_between_two_pages_gets_no_code() {
    let company = Company::open(&rules_for_all()).await;
    let client = company.desk.client(REDIRECT).await;
    let you = company.told(&client, dana()).await;
    let left = company.desk.send(&you, &[("decision", "yes")]).await.left();
    company.map(&json!([{"subject": "another", "key": "company", "user": "x"}])).await;
    let again = company.desk.send(&you, &[("decision", "yes")]).await;
    assert_eq!(again.status, 403, "{}", again.html);
    let code = query(&left, "code").unwrap();
    let (status, refused) = company.desk.token(&trading(&client, REDIRECT, &code)).await;
    assert_eq!((status, &refused["error"]), (400, &json!("invalid_grant")), "{refused}");
}

#[tokio::test]
async fn an_app_may_send_as_much_as_a_browser_keeps() {
    let company = Company::open(&rules_for_all()).await;
    let desk = &company.desk;
    let others: Vec<String> = (0..3).map(|number| format!("https://a.example/{number}{}", "x".repeat(400))).collect();
    let redirects = [&[REDIRECT.to_owned()], &others[..]].concat();
    let body = json!({"redirect_uris": redirects, "token_endpoint_auth_method": "none"});
    let (status, registered) = desk.register(&body).await;
    assert_eq!(status, 201, "{registered}");
    let client = registered["client_id"].as_str().unwrap();
    let state = "s".repeat(1_800);
    let asking = asking(client, REDIRECT);
    let (asked, to) = company.sent(&desk.authorize(&but(&asking, "state", &state)), "all").await;
    let (url, cookies) = (company.provider.signs_in(&to, dana()), asked.cookie.unwrap());
    let you = company.arrives(&Back { url, browser: cookies.split("; ").next().unwrap().to_owned(), cookies }).await;
    let left = desk.send(&you, &[("decision", "yes")]).await.left();
    assert_eq!(query(&left, "state"), Some(state.clone()));
    let (status, tokens) = desk.token(&trading(client, REDIRECT, &query(&left, "code").unwrap())).await;
    assert_eq!(status, 200, "{tokens}");
    let longer = "s".repeat(2_040);
    let url = desk.authorize(&but(&but(&asking, "state", &longer), "redirect_uri", &others[0]));
    let asked = desk.show(&url, None).await;
    let told = desk.send(&asked, &[("decision", "next")]).await;
    assert!(told.status == 400 && told.html.contains("its state is too long"), "{}", told.html);
}

#[tokio::test]
async fn providers_differ_in_how_they_are_shown_a_secret_and_where_they_say_who_somebody_is() {
    for methods in [json!(null), json!(["client_secret_post"]), json!(["private_key_jwt", "client_secret_basic"])] {
        let company = Company::open(&rules_for_all()).await;
        let client = company.desk.client(REDIRECT).await;
        {
            let mut state = company.provider.state.lock().unwrap();
            state.methods = methods.clone();
            state.held_back = ["email", "email_verified", "groups"].map(str::to_owned).into();
        }
        let told = company.told(&client, dana()).await;
        assert!(told.html.contains("Is this you?"), "{methods}: {}", told.html);
        company.provider.set(Fault::OtherPerson);
        let told = company.told(&client, dana()).await;
        assert!(told.status == 502 && told.html.contains("(sub)"), "{}", told.html);
        // Whether an address is verified is said beside it, and nowhere else.
        company.provider.set(Fault::None);
        company.provider.state.lock().unwrap().held_back = vec!["email_verified".to_owned(), "groups".to_owned()];
        let told = company.told(&client, dana()).await;
        assert!(told.html.contains("has not verified"), "{}", told.html);
        company.provider.state.lock().unwrap().held_back = vec!["email".to_owned(), "groups".to_owned()];
        company.provider.set(Fault::Unverified);
        let told = company.told(&client, dana()).await;
        assert!(told.html.contains("has not verified"), "{}", told.html);
    }
}

#[tokio::test]
async fn people_who_share_a_key_do_not_share_sessions() {
    let company = Company::open(&rules_for_all()).await;
    let client = company.desk.client(REDIRECT).await;
    let margaret = json!({"sub": "u-margaret", "email": "margaret@northlight.example", "email_verified": true});
    let [dana, margaret] =
        [company.tokens(&client, "all", dana()).await, company.tokens(&client, "all", margaret).await];
    let post = |tokens: &Value, body: &Value| {
        let request = company.desk.server.post("/mcp", "", body);
        request.header("Authorization", format!("Bearer {}", access(tokens)))
    };
    let opened = post(&dana, &super::super::initialize()).send().await.unwrap();
    assert_eq!(opened.status(), 200);
    let session = opened.headers()["mcp-session-id"].to_str().unwrap().to_owned();
    let list = json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"});
    for (tokens, expected) in [(&margaret, 404), (&dana, 200)] {
        let response = post(tokens, &list).header("Mcp-Session-Id", &session).send().await.unwrap();
        assert_eq!(response.status(), expected);
    }
}

#[tokio::test]
async fn people_who_share_a_key_do_not_take_each_others_room() {
    let company = Company::with(&rules_for_all(), |command| {
        command.args(["--max-sessions-per-key", "1"]);
    })
    .await;
    let client = company.desk.client(REDIRECT).await;
    let margaret = json!({"sub": "u-margaret", "email": "margaret@northlight.example", "email_verified": true});
    let [dana, margaret] =
        [company.tokens(&client, "all", dana()).await, company.tokens(&client, "all", margaret).await];
    for (tokens, expected) in [(&dana, 200), (&dana, 429), (&margaret, 200)] {
        let request = company.desk.server.post("/mcp", "", &super::super::initialize());
        let response = request.header("Authorization", format!("Bearer {}", access(tokens))).send().await.unwrap();
        assert_eq!(response.status(), expected);
    }
}

#[tokio::test]
async fn a_person_sees_and_ends_their_own_sign_ins_by_the_provider() {
    let company = Company::open(&rules_for_all()).await;
    let desk = &company.desk;
    let client = desk.client(REDIRECT).await;
    let margaret = json!({"sub": "u-margaret", "email": "margaret@northlight.example", "email_verified": true});
    let others = company.tokens(&client, "all", margaret).await;
    let own = company.tokens(&client, "all", dana()).await;
    let who = desk.show(&desk.at("/sign-ins"), None).await;
    assert!(who.html.contains("Go on to Northlight ID") && !who.html.contains("type=\"password\""), "{}", who.html);
    let browser = who.cookie.clone().unwrap();
    let sent = async |form: String, pairs: &[(&str, &str)]| {
        let pairs: Vec<_> = [("form", &*form)].into_iter().chain(pairs.iter().copied()).collect();
        let request = super::form(desk.server.client.post(desk.at("/sign-ins")), &pairs);
        let request = request.header("cookie", &browser).header("origin", &desk.server.url);
        Page::of(request.send().await.unwrap(), None).await
    };
    let going = sent(who.form(), &[("decision", "next")]).await;
    let cookies = format!("{browser}; {}", going.cookie.clone().unwrap());
    let back = Back { url: company.provider.signs_in(&going.left(), dana()), cookies, browser: browser.clone() };
    let list = company.arrives(&back).await;
    assert!(list.html.contains("dana@northlight.example"), "{}", list.html);
    assert_eq!(list.html.matches("name=\"end\"").count(), 1, "{}", list.html);
    let ended = sent(list.form(), &[("decision", "all")]).await;
    assert!(ended.html.contains("All of them have ended"), "{}", ended.html);
    let empty = sent(list.form(), &[]).await;
    assert!(empty.html.contains("You are not signed in with any app that is known"), "{}", empty.html);
    for page in [&who, &list, &ended, &empty] {
        assert!(!page.html.contains("key"), "nobody has one: {}", page.html);
    }
    assert_eq!(desk.lists(access(&own)).await.status(), 401);
    assert_eq!(desk.lists(access(&others)).await.status(), 200);
}
