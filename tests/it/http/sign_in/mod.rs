//! Sign-in, as hosts, browsers and attackers meet it.

mod by_provider;
mod hosts;
mod listed;
mod mutated;
mod named;
mod refused;
mod said;
mod sdk;
#[cfg(unix)]
mod shared;
mod signed_in;
mod started;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oncehub_mcp::sandbox::{self, Sandbox};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::{Server, in_front_of, upstream};

/// What a client keeps to itself until it has a code.
const VERIFIER: &str = "a-verifier-of-a-client-which-has-at-least-43-characters";

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

/// A server at which people sign in, and the simulated OnceHub behind it.
struct Desk {
    upstream: Sandbox,
    server: Server,
}

/// A page, and the cookie that its browser has.
struct Page {
    status: u16,
    html: String,
    cookie: Option<String>,
}

impl Desk {
    async fn open() -> Self {
        Self::with(&[]).await
    }

    async fn with(arguments: &[&str]) -> Self {
        let upstream = upstream().await;
        let mut command = in_front_of(&upstream);
        command.args(["--oauth", "keys"]).args(arguments);
        Self { upstream, server: Server::start(command) }
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.server.url)
    }

    async fn read(&self, path: &str) -> (u16, Value) {
        told(self.server.client.get(self.at(path))).await
    }

    /// Registers a client.
    async fn register(&self, body: &Value) -> (u16, Value) {
        let request = self.server.client.post(self.at("/register")).header("content-type", "application/json");
        told(request.body(body.to_string())).await
    }

    /// Registers a client without a secret at this address; its id.
    async fn client(&self, redirect: &str) -> String {
        let body = json!({"redirect_uris": [redirect], "client_name": "Test", "token_endpoint_auth_method": "none"});
        let (status, registered) = self.register(&body).await;
        assert_eq!(status, 201, "{registered}");
        registered["client_id"].as_str().unwrap().to_owned()
    }

    /// The address to which a client sends a person.
    fn authorize(&self, pairs: &[(&str, &str)]) -> String {
        Url::parse_with_params(&self.at("/authorize"), pairs).unwrap().into()
    }

    async fn show(&self, url: &str, cookie: Option<&str>) -> Page {
        let mut request = self.server.client.get(url);
        if let Some(cookie) = cookie {
            request = request.header("cookie", cookie);
        }
        Page::of(request.send().await.unwrap(), cookie).await
    }

    /// Sends a page's form, as its browser does.
    async fn send(&self, page: &Page, pairs: &[(&str, &str)]) -> Page {
        let form = page.form();
        let pairs: Vec<_> = [("form", &*form)].into_iter().chain(pairs.iter().copied()).collect();
        let request = self.posted(&pairs, page.cookie.as_deref()).header("origin", &self.server.url);
        Page::of(request.send().await.unwrap(), page.cookie.as_deref()).await
    }

    fn posted(&self, pairs: &[(&str, &str)], cookie: Option<&str>) -> RequestBuilder {
        let request = form(self.server.client.post(self.at("/authorize")), pairs);
        if let Some(cookie) = cookie { request.header("cookie", cookie) } else { request }
    }

    /// Does what a person does on both pages; the address that the browser is sent to.
    async fn agree(&self, url: &str, key: &str, access: &str) -> Url {
        let asked = self.show(url, None).await;
        assert_eq!(asked.status, 200, "{}", asked.html);
        let account = self.send(&asked, &[("key", key), ("access", access), ("decision", "next")]).await;
        assert!(account.html.contains("Is this the right account?"), "{}", account.html);
        let me = account.value("me");
        let left = self.send(&account, &[("me", &me), ("zone", ""), ("decision", "yes")]).await;
        left.left()
    }

    /// Signs in as a client without a secret; its tokens.
    async fn tokens(&self, client: &str, redirect: &str, access: &str) -> Value {
        let url = self.authorize(&asking(client, redirect));
        let code = query(&self.agree(&url, sandbox::KEY, access).await, "code").unwrap();
        let (status, tokens) = self.token(&trading(client, redirect, &code)).await;
        assert_eq!(status, 200, "{tokens}");
        tokens
    }

    async fn token(&self, pairs: &[(&str, &str)]) -> (u16, Value) {
        told(form(self.server.client.post(self.at("/token")), pairs)).await
    }

    async fn revoke(&self, pairs: &[(&str, &str)]) -> (u16, Value) {
        told(form(self.server.client.post(self.at("/revoke")), pairs)).await
    }

    /// A request of MCP with a token.
    fn asks(&self, token: &str, method: &str, params: Value) -> RequestBuilder {
        let (client, request) = self.server.modern("x", method, params).build_split();
        let mut request = request.unwrap();
        request.headers_mut().remove("api-key");
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        RequestBuilder::from_parts(client, request)
    }

    async fn lists(&self, token: &str) -> Response {
        self.asks(token, "tools/list", json!({})).send().await.unwrap()
    }
}

/// What every client sends with a person.
fn asking<'a>(client: &'a str, redirect: &'a str) -> Vec<(&'a str, &'a str)> {
    // It lives as long as the tests: there is one.
    static CHALLENGE: std::sync::LazyLock<String> = std::sync::LazyLock::new(challenge);
    vec![
        ("response_type", "code"),
        ("client_id", client),
        ("redirect_uri", redirect),
        ("code_challenge", &CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", "st&te 1"),
    ]
}

fn trading<'a>(client: &'a str, redirect: &'a str, code: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("grant_type", "authorization_code"),
        ("client_id", client),
        ("redirect_uri", redirect),
        ("code", code),
        ("code_verifier", VERIFIER),
    ]
}

fn renewing<'a>(client: &'a str, tokens: &'a Value) -> Vec<(&'a str, &'a str)> {
    let refresh = tokens["refresh_token"].as_str().unwrap();
    vec![("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", refresh)]
}

fn access(tokens: &Value) -> &str {
    tokens["access_token"].as_str().unwrap()
}

fn form(request: RequestBuilder, pairs: &[(&str, &str)]) -> RequestBuilder {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    request.header("content-type", "application/x-www-form-urlencoded").body(body)
}

/// Parameters with one of them changed, or left out if there is nothing to put there.
fn but<'a>(pairs: &[(&'a str, &'a str)], name: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    let kept = pairs.iter().copied().filter(|(other, _)| *other != name);
    kept.chain((!value.is_empty()).then_some((name, value))).collect()
}

/// A status, and a body of JSON; null if it is none.
async fn told(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap_or_default())
}

fn query(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
}

impl Page {
    async fn of(response: Response, cookie: Option<&str>) -> Self {
        let status = response.status().as_u16();
        assert!(!(300..400).contains(&status), "nobody is redirected by a form");
        if response.headers()["content-type"] == "text/html; charset=utf-8" {
            let header = |name: &str| response.headers()[name].to_str().unwrap();
            assert!(header("content-security-policy").starts_with("default-src 'none'"));
            assert!(header("cache-control") == "no-store" && header("x-frame-options") == "DENY");
        }
        let set =
            response.headers().get("set-cookie").map(|set| set.to_str().unwrap().split(';').next().unwrap().to_owned());
        let cookie = set.or_else(|| cookie.map(str::to_owned));
        Self { status, html: response.text().await.unwrap(), cookie }
    }

    /// What a field holds.
    fn value(&self, name: &str) -> String {
        let field = self.html.split("<input").find(|field| field.contains(&format!("name=\"{name}\"")));
        let value =
            field.and_then(|field| field.split_once("value=\"")).map(|(_, rest)| rest.split('"').next().unwrap());
        unescaped(value.unwrap_or_else(|| panic!("no {name}: {}", self.html)))
    }

    fn form(&self) -> String {
        self.value("form")
    }

    /// Where the page sends its browser.
    fn left(&self) -> Url {
        let to = self.html.split_once("content=\"0;url=").map(|(_, rest)| rest.split('"').next().unwrap());
        Url::parse(&unescaped(to.unwrap_or_else(|| panic!("it stays: {}", self.html)))).unwrap()
    }
}

fn unescaped(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'");
    text.replace("&amp;", "&")
}
