//! Each host as it signs in, with the requests that it sends in the order in which it sends them; and its twin with one
//! thing wrong, which is refused.

use oncehub_mcp::sandbox;
use serde_json::{Value, json};

use super::{Desk, access, asking, but, query, told, trading};

/// How a host says who it is.
#[derive(Clone)]
enum Id {
    /// By its document.
    Document(&'static str),
    /// By what it registers.
    Registers(Value),
    /// As the operator has set it up.
    SetUp,
}

#[derive(Clone)]
struct Host {
    name: &'static str,
    id: Id,
    redirect: &'static str,
    /// Beside what every host sends with a person.
    more: &'static [(&'static str, &'static str)],
    /// Where it asks what is protected, once it has been refused.
    path: &'static str,
}

fn host(name: &'static str, id: Id, redirect: &'static str) -> Host {
    Host { name, id, redirect, more: &[("resource", "/mcp"), ("scope", "oncehub.read oncehub.write")], path: "/mcp" }
}

fn document(name: &'static str, at: &'static str, redirect: &'static str) -> Host {
    host(name, Id::Document(at), redirect)
}

fn registers(name: &'static str, body: Value, redirect: &'static str) -> Host {
    host(name, Id::Registers(body), redirect)
}

/// What the operator has set up for a host whose administrator fills in an id and a secret.
const ID: &str = "gemini-enterprise";
const SECRET: &str = "s3cret-of-the-operators-client";
const SET_UP: &str = "https://connectors.example/oauth-redirect";

const OFFLINE: &[(&str, &str)] = &[("resource", "/mcp"), ("scope", "oncehub.read oncehub.write offline_access")];

fn hosts() -> Vec<Host> {
    let native = |name: &str, redirects: &[&str]| {
        json!({
            "client_name": name, "redirect_uris": redirects, "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
        })
    };
    vec![
        Host {
            more: OFFLINE,
            ..document(
                "claude.ai", "https://claude.ai/oauth/mcp-oauth-client-metadata",
                "https://claude.ai/api/mcp/auth_callback",
            )
        },
        registers(
            "claude.ai, registered",
            json!({
                "client_name": "Claude", "redirect_uris": ["https://claude.ai/api/mcp/auth_callback"], "application_type": "web",
                "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:jwt-bearer"],
                "response_types": ["code"], "token_endpoint_auth_method": "none", "scope": "oncehub.read",
            }),
            "https://claude.ai/api/mcp/auth_callback",
        ),
        document(
            "claude.com", "https://claude.ai/oauth/mcp-oauth-client-metadata",
            "https://claude.com/api/mcp/auth_callback",
        ),
        document(
            "Claude Code", "https://claude.ai/oauth/claude-code-client-metadata", "http://localhost:53187/callback",
        ),
        document(
            "Claude Code, by address", "https://claude.ai/oauth/claude-code-client-metadata",
            "http://127.0.0.1:53187/callback",
        ),
        registers(
            "Claude Code, registered",
            native("Claude Code", &["http://localhost/callback", "http://127.0.0.1/callback"]),
            "http://localhost:53187/callback",
        ),
        document(
            "ChatGPT", "https://chatgpt.com/oauth/client.json", "https://chatgpt.com/connector_platform_oauth_redirect",
        ),
        document(
            "ChatGPT, per connector", "https://chatgpt.com/oauth/c_68a1b2/client.json",
            "https://chatgpt.com/connector/oauth/c_68a1b2",
        ),
        registers(
            "ChatGPT, registered",
            native("ChatGPT", &["https://chatgpt.com/connector_platform_oauth_redirect"]),
            "https://chatgpt.com/connector_platform_oauth_redirect",
        ),
        document("Codex", "https://chatgpt.com/oauth/codex/client.json", "http://127.0.0.1:1455/callback"),
        document(
            "Codex, per server", "https://chatgpt.com/oauth/codex/a1B2/client.json",
            "http://127.0.0.1:1455/callback/a1B2",
        ),
        document("VS Code", "https://vscode.dev/oauth/client-metadata.json", "https://vscode.dev/redirect"),
        document(
            "VS Code Insiders", "https://vscode.dev/oauth/client-metadata.json", "https://insiders.vscode.dev/redirect",
        ),
        document("VS Code, on the desktop", "https://vscode.dev/oauth/client-metadata.json", "http://127.0.0.1:33418/"),
        registers(
            "VS Code, registered",
            native(
                "Visual Studio Code",
                &[
                    "https://insiders.vscode.dev/redirect", "https://vscode.dev/redirect", "http://127.0.0.1/",
                    "http://127.0.0.1:33418/",
                ],
            ),
            "http://127.0.0.1:33418/",
        ),
        registers(
            "Cursor",
            json!({
                "client_name": "Cursor", "application_type": "web", "token_endpoint_auth_method": "none",
                "redirect_uris": [
                    "cursor://anysphere.cursor-mcp/oauth/callback", "https://www.cursor.com/agents/mcp/oauth/callback",
                    "http://localhost:8787/callback",
                ],
            }),
            "cursor://anysphere.cursor-mcp/oauth/callback",
        ),
        Host {
            more: &[],
            ..registers(
                "Cursor, an older one, on loopback",
                native("Cursor", &["cursor://anysphere.cursor-mcp/oauth/callback", "http://localhost:8787/callback"]),
                "http://localhost:8787/callback",
            )
        },
        registers(
            "Copilot Studio",
            json!({"client_name": "Copilot", "redirect_uris": ["https://global.consent.azure-apim.net/redirect/cr-5foncehub"],
                "token_endpoint_auth_method": "client_secret_post"}),
            "https://global.consent.azure-apim.net/redirect/cr-5foncehub",
        ),
        registers(
            "Microsoft 365 Copilot",
            json!({"client_name": "M365", "redirect_uris": ["https://teams.microsoft.com/api/platform/v1.0/oAuthRedirect"]}),
            "https://teams.microsoft.com/api/platform/v1.0/oAuthRedirect",
        ),
        registers(
            "Gemini CLI",
            native("Gemini CLI MCP Client", &["http://localhost:7777/oauth/callback"]),
            "http://localhost:7777/oauth/callback",
        ),
        registers(
            "Gemini",
            native("Gemini", &["https://oauth-redirect.googleusercontent.com/r/project-1"]),
            "https://oauth-redirect.googleusercontent.com/r/project-1",
        ),
        host("Gemini Enterprise", Id::SetUp, SET_UP),
        registers(
            "Antigravity",
            native("Antigravity", &["https://antigravity.google/oauth-callback"]),
            "https://antigravity.google/oauth-callback",
        ),
        Host {
            path: "/sse",
            ..document(
                "Grok", "https://grok.com/oauth/mcp-client.json", "https://grok.com/connectors-oauth-exchange-code/",
            )
        },
        document(
            "Grok, without the slash", "https://grok.com/oauth/mcp-client.json",
            "https://grok.com/connectors-oauth-exchange-code",
        ),
        registers(
            "Grok, registered",
            native("Grok", &["https://console.x.ai/connectors-oauth-exchange-code/"]),
            "https://console.x.ai/connectors-oauth-exchange-code/",
        ),
        document("Goose", "https://goose-docs.ai/oauth/client-metadata.json", "http://127.0.0.1:40001/oauth_callback"),
        document(
            "Goose, IPv6", "https://goose-docs.ai/oauth/client-metadata.json", "http://[::1]:40001/oauth_callback",
        ),
        document("Zed", "https://zed.dev/oauth/client-metadata.json", "http://127.0.0.1:40002/callback"),
        document("OpenCode", "https://opencode.ai/oauth/opencode/client.json", "http://localhost:40003/callback"),
        document(
            "Slack", "https://slack.com/.well-known/oauth-client-metadata",
            "https://oauth2.slack.com/external/auth/callback",
        ),
        Host {
            more: &[("resource", "/mcp"), ("scope", "openid email profile")],
            ..registers(
                "mcp-remote",
                native("MCP CLI Proxy", &["http://localhost:3334/oauth/callback"]),
                "http://localhost:3335/oauth/callback",
            )
        },
        registers(
            "MCP Inspector",
            native("MCP Inspector", &["http://localhost:6274/oauth/callback"]),
            "http://localhost:6274/oauth/callback",
        ),
        registers(
            "MCP Inspector, command line",
            native("MCP Inspector", &["http://127.0.0.1:6276/oauth/callback"]),
            "http://127.0.0.1:6276/oauth/callback",
        ),
        registers(
            "n8n",
            json!({"client_name": "n8n", "redirect_uris": ["https://n8n.example/rest/oauth2-credential/callback"],
                "token_endpoint_auth_method": "client_secret_basic", "client_uri": "https://n8n.io"}),
            "https://n8n.example/rest/oauth2-credential/callback",
        ),
    ]
}

/// A client that a host has become.
struct Client {
    id: String,
    secret: Option<String>,
    is_basic: bool,
}

impl Host {
    /// From the refusal to the client that it becomes, as the challenge and the metadata lead it.
    async fn found(&self, desk: &Desk) -> Client {
        let refused = desk.server.client.post(desk.at(self.path)).send().await.unwrap();
        assert_eq!(refused.status(), 401, "{}", self.name);
        let challenge = refused.headers()["www-authenticate"].to_str().unwrap().to_owned();
        let metadata = challenge.split("resource_metadata=\"").nth(1).unwrap().split('"').next().unwrap();
        let (_, resource) = told(desk.server.client.get(metadata)).await;
        assert_eq!(resource["resource"], json!(desk.at(self.path)), "{}", self.name);
        let issuer = resource["authorization_servers"][0].as_str().unwrap();
        let (_, server) =
            told(desk.server.client.get(format!("{issuer}/.well-known/oauth-authorization-server"))).await;
        assert_eq!(server["issuer"], json!(issuer), "{}", self.name);
        match &self.id {
            Id::Document(at) => Client { id: (*at).to_owned(), secret: None, is_basic: false },
            Id::SetUp => Client { id: ID.to_owned(), secret: Some(SECRET.to_owned()), is_basic: false },
            Id::Registers(body) => {
                let at = server["registration_endpoint"].as_str().unwrap();
                let post =
                    desk.server.client.post(at).header("content-type", "application/json").body(body.to_string());
                let (status, registered) = told(post).await;
                assert_eq!(status, 201, "{}: {registered}", self.name);
                assert_eq!(registered["redirect_uris"], body["redirect_uris"], "{}", self.name);
                let method = registered["token_endpoint_auth_method"].as_str().unwrap();
                let secret = registered["client_secret"].as_str().map(str::to_owned);
                assert_eq!(secret.is_some(), method != "none", "{}", self.name);
                Client {
                    id: registered["client_id"].as_str().unwrap().to_owned(),
                    secret,
                    is_basic: method == "client_secret_basic",
                }
            }
        }
    }

    fn url(&self, desk: &Desk, client: &Client, redirect: &str) -> String {
        let resource = desk.at(self.path);
        let more = self.more.iter().map(|(name, value)| (*name, if *name == "resource" { &*resource } else { value }));
        desk.authorize(&asking(&client.id, redirect).into_iter().chain(more).collect::<Vec<_>>())
    }

    /// Trades a code as this client does.
    async fn token(&self, desk: &Desk, client: &Client, pairs: &[(&str, &str)]) -> (u16, Value) {
        let post = desk.server.client.post(desk.at("/token"));
        told(match (&client.secret, client.is_basic) {
            (Some(secret), true) => {
                super::form(post.basic_auth(&client.id, Some(secret)), &but(pairs, "client_id", ""))
            }
            (Some(secret), false) => super::form(post, &but(pairs, "client_secret", secret)),
            (None, _) => super::form(post, pairs),
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_host_signs_in_and_its_twin_does_not() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let own = json!([{"client_id": ID, "client_secret": SECRET, "client_name": "Ours", "redirect_uris": [SET_UP]}]);
    std::fs::write(file.path(), own.to_string()).unwrap();
    let desk = Desk::with(&["--oauth-clients-file", file.path().to_str().unwrap()]).await;
    for host in hosts() {
        let name = host.name;
        let client = host.found(&desk).await;
        let code =
            query(&desk.agree(&host.url(&desk, &client, host.redirect), sandbox::KEY, "all").await, "code").unwrap();
        let pairs = trading(&client.id, host.redirect, &code);
        // Its twins come first: what is refused must use nothing up.
        let mut other = host.redirect.to_owned();
        other.insert(other.len() - 1, 'x');
        let asked = desk.show(&host.url(&desk, &client, &other), None).await;
        assert_eq!(asked.status, 400, "{name} sends people to {other}");
        assert!(!asked.html.contains("href") && !asked.html.contains("name=\"form\""), "{name}: {}", asked.html);
        for (what, twin) in [
            (
                "another verifier",
                but(&pairs, "code_verifier", "another-verifier-that-is-as-long-as-the-one-it-should-be"),
            ),
            ("no verifier", but(&pairs, "code_verifier", "")),
            ("another redirect", but(&pairs, "redirect_uri", &other)),
            ("another resource", but(&pairs, "resource", "https://elsewhere.example/mcp")),
        ] {
            let (status, refused) = host.token(&desk, &client, &twin).await;
            assert_eq!(status, 400, "{name} with {what}: {refused}");
        }
        let somebody = Client { id: "https://claude.ai/oauth/other".into(), secret: None, is_basic: false };
        let twin = but(&pairs, "client_id", &somebody.id);
        assert_eq!(host.token(&desk, &somebody, &twin).await.0, 400, "another client with the code of {name}");
        if client.secret.is_some() {
            let without = Client { id: client.id.clone(), secret: None, is_basic: false };
            assert_eq!(host.token(&desk, &without, &pairs).await.0, 401, "{name} without its secret");
        }
        let (status, tokens) = host.token(&desk, &client, &pairs).await;
        assert_eq!(status, 200, "{name}: {tokens}");
        assert_eq!(desk.lists(access(&tokens)).await.status(), 200, "{name}");
        assert!(tokens["refresh_token"].is_string(), "{name}");
    }
}
