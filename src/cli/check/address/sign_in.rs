//! Sign-in up to where a person would be asked: clients register, the page is opened, and a code is refused that was never
//! handed out.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use reqwest::header::{AUTHORIZATION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_FRAME_OPTIONS};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use strum::IntoEnumIterator as _;
use url::{Url, form_urlencoded};

use super::greeting::{amiss, texts};
use super::host_and_port;
use super::hosts::{Registers, SignIn};
use super::metadata::{Resource, Server};
use super::unreached::Trouble;
use super::web::{Answer, Web, shortened};
use crate::cli::check::report::Report;

/// A client of the server's, for this check alone.
struct Client {
    id: String,
    secret: Option<String>,
    redirect: String,
}

/// What is needed to try the page and the token.
struct Trial<'a> {
    web: &'a Web,
    resource: &'a Resource,
    server: &'a Server,
    client: Client,
    verifier: String,
}

const REPLICAS: &str = "Several servers behind one name need one --secret-file";

/// The document by which Claude is known.
const DOCUMENT: &str = "https://claude.ai/oauth/mcp-oauth-client-metadata";

/// Where Claude gets its codes.
const CLAUDE: &str = "https://claude.ai/api/mcp/auth_callback";

/// What is sent back with an answer.
const STATE: &str = "oncehub-mcp-check";

/// Tries all that needs no person.
pub(super) async fn attempt(report: &mut Report, web: &Web, resource: &Resource, server: &Server) -> SignIn {
    let mut ways = Vec::new();
    let mut client = None;
    if let Some(place) = &server.registration {
        for way in Registers::iter() {
            if let Some(registered) = register(report, web, place, way).await {
                ways.push(way);
                client = client.or(Some(registered));
            }
        }
        if !ways.is_empty() {
            let names: Vec<&str> = ways.iter().map(|way| way.name()).collect();
            report.fine("register", &format!("clients can, as {} do", names.join(", ")));
        }
    } else if server.takes_documents {
        let finding = "clients cannot: hosts without a document of their own have to be set up";
        report.warn("register", finding, "operator: name a registration_endpoint, or give such hosts an id");
    } else {
        let finding = "clients cannot, and their documents are not taken either: each host has to be set up";
        report.bad("register", finding, "operator: name a registration_endpoint, or take clients' documents");
    }
    let known = || Client { id: DOCUMENT.into(), secret: None, redirect: CLAUDE.into() };
    let client = client.or_else(|| (server.takes_documents && server.takes_none).then(known));
    let works = SignIn::Works { takes_documents: server.takes_documents && server.takes_none, ways };
    let Some(client) = client else {
        let hint = "you: sign in from a host that has been set up";
        report.unknown("page", "the page cannot be opened without a client, nor a code be refused", hint);
        return works;
    };
    let trial = Trial { web, resource, server, client, verifier: verifier() };
    let mut is_broken = false;
    let (page, code) = (page(report, &trial).await, code(report, &trial).await);
    for (topic, tried) in [("page", page), ("token", code)] {
        if let Err(trouble) = tried {
            trouble.tell(report, topic);
            is_broken |= trouble.is_bad();
        }
    }
    if is_broken { SignIn::Broken } else { works }
}

/// Returns what a client keeps to itself until it has a code.
fn verifier() -> String {
    let mut bytes = [0; 32];
    // Ignore: no code is handed out that a verifier could protect.
    let _ = getrandom::fill(&mut bytes);
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Registers a client as a host does.
async fn register(report: &mut Report, web: &Web, place: &Url, way: Registers) -> Option<Client> {
    let headers = [("accept", "application/json"), (CONTENT_TYPE.as_str(), "application/json")];
    let answer = match web.send(Method::POST, place, &headers, way.body().to_string()).await {
        Ok(answer) => answer,
        Err(unreached) => {
            unreached.told(&host_and_port(place)).of(&format!("as {}", way.name())).tell(report, "register");
            return None;
        }
    };
    let reply = answer.object().filter(|_| matches!(answer.status.as_u16(), 200 | 201));
    let id = reply.as_ref().and_then(|reply| reply["client_id"].as_str()).filter(|id| !id.is_empty());
    let Some((reply, id)) = reply.as_ref().zip(id) else {
        refused(report, &answer, place, way);
        return None;
    };
    let kept = texts(reply, "redirect_uris");
    let is_kept = |redirect: &&&str| reply.get("redirect_uris").is_none() || kept.iter().any(|kept| kept == **redirect);
    let Some(redirect) = way.redirects().iter().find(is_kept) else {
        let finding = format!("as {}: none of its addresses is kept: {}", way.name(), shortened(&kept.join(" ")));
        report.bad("register", &finding, "operator: keep redirect_uris as they are sent, or refuse");
        return None;
    };
    let secret = reply["client_secret"].as_str().map(str::to_owned);
    if way.needs_secret() && secret.is_none() {
        let finding = format!("as {}: there is no client_secret, which it needs", way.name());
        let hint = "operator: send one to clients that name no token_endpoint_auth_method (RFC 7591)";
        report.warn("register", &finding, hint);
        return None;
    }
    Some(Client { id: id.to_owned(), secret, redirect: (*redirect).to_owned() })
}

/// Reports a registration that was not accepted.
fn refused(report: &mut Report, answer: &Answer, place: &Url, way: Registers) {
    let error = answer.object().is_some_and(|reply| reply.get("error").is_some());
    let name = way.name();
    if answer.status == StatusCode::TOO_MANY_REQUESTS {
        let finding = format!("whether as {name}: it asks to wait ({})", answer.told());
        return report.unknown("register", &finding, "you: wait, and check again");
    }
    if error && answer.status.is_client_error() {
        let finding = format!("not as {name}: {}", answer.told());
        let hint = "operator: allow its addresses, or give it an id and a secret of its own";
        return report.warn("register", &finding, hint);
    }
    let trouble = if answer.status.is_success() && !answer.is_html() {
        Trouble::new(
            format!("the answer has no client_id: {}", answer.status),
            "operator: RFC 7591 has what it has to be",
        )
    } else {
        amiss(answer, place)
    };
    trouble.of(&format!("not as {name}")).tell(report, "register");
}

/// Opens the page on which a person would be asked.
async fn page(report: &mut Report, trial: &Trial<'_>) -> Result<(), Trouble> {
    let Trial { resource, server, client, .. } = trial;
    let mut url = server.authorization.clone();
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&trial.verifier));
    url.query_pairs_mut().extend_pairs([
        ("response_type", "code"),
        ("client_id", &client.id),
        ("redirect_uri", &client.redirect),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("state", STATE),
        ("resource", &resource.name),
    ]);
    if !resource.scopes.is_empty() {
        url.query_pairs_mut().append_pair("scope", &resource.scopes.join(" "));
    }
    let answer = trial.web.get(&url, "text/html").await.map_err(|unreached| unreached.told(&host_and_port(&url)))?;
    if let Some(target) = answer.target(&url) {
        return led_on(report, &target, client);
    }
    let path = shortened(server.authorization.path());
    if answer.status != 200 || !answer.is_html() {
        let trouble = amiss(&answer, &server.authorization);
        // It may not know the client that it has just been told of.
        let is_refused =
            matches!(answer.status, StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED) && answer.is_html();
        return Err(if is_refused {
            trouble.with_hint(format!("operator: what does the page say? {REPLICAS}"))
        } else {
            trouble
        });
    }
    let policy = answer.header(CONTENT_SECURITY_POLICY);
    if policy.contains("frame-ancestors") || !answer.header(X_FRAME_OPTIONS).is_empty() {
        report.fine("page", &format!("{path} asks people, and no other site can frame it"));
    } else {
        let finding = format!("{path} can be framed by any site, which can have people click there");
        let hint = "operator: send Content-Security-Policy with frame-ancestors 'none'; proxy: pass it on";
        report.warn("page", &finding, hint);
    }
    Ok(())
}

/// Reports where the page sends a person's browser.
fn led_on(report: &mut Report, target: &Url, client: &Client) -> Result<(), Trouble> {
    if !target.as_str().starts_with(&client.redirect) {
        let place = shortened(&target.origin().ascii_serialization());
        report.fine("page", &format!("sends people on to {place}, to sign in"));
        return Ok(());
    }
    let said = |name: &str| target.query_pairs().find(|(other, _)| other == name).map(|(_, value)| shortened(&value));
    let Some(error) = said("error") else {
        let finding = "sends people back without having asked them";
        return Err(Trouble::new(finding, "operator: nobody may be signed in without a page that asks"));
    };
    let described = said("error_description").map(|text| format!(", {text}")).unwrap_or_default();
    let finding = format!("refuses a request that is as it should be: {error}{described}");
    Err(Trouble::new(finding, "operator: what does the server's log say?"))
}

/// Sends a code that was never handed out.
async fn code(report: &mut Report, trial: &Trial<'_>) -> Result<(), Trouble> {
    let Trial { resource, server, client, verifier, .. } = trial;
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs([
        ("grant_type", "authorization_code"),
        ("code", "a-code-that-was-never-handed-out"),
        ("redirect_uri", &client.redirect),
        ("client_id", &client.id),
        ("code_verifier", verifier),
        ("resource", &resource.name),
    ]);
    let mut headers =
        vec![("accept", "application/json"), (CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded")];
    let basic;
    if let Some(secret) = &client.secret {
        let text = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{}", text(&client.id), text(secret))));
        headers.push((AUTHORIZATION.as_str(), &basic));
    }
    let place = &server.token;
    let answer = trial.web.send(Method::POST, place, &headers, form.finish()).await;
    let answer = answer.map_err(|unreached| unreached.told(&host_and_port(place)))?;
    let error = answer.object().and_then(|reply| reply.get("error")?.as_str().map(str::to_owned));
    match error.as_deref() {
        Some("invalid_grant") if answer.status == StatusCode::BAD_REQUEST => {
            report.fine("token", &format!("{} refuses a code that was never handed out", shortened(place.path())));
            Ok(())
        }
        Some("invalid_client") => Err(Trouble::new(
            format!("does not know the client that it has just been told of: {}", answer.told()),
            format!("operator: {REPLICAS}"),
        )),
        Some(_) => Err(Trouble::new(
            format!("answers a code that was never handed out with {}, not 400 invalid_grant", answer.told()),
            "operator: hosts have people sign in again only at invalid_grant",
        )),
        None => Err(amiss(&answer, place).and("; hosts need JSON with an error")),
    }
}

impl Registers {
    /// Returns the addresses at which the host gets its codes.
    fn redirects(self) -> &'static [&'static str] {
        match self {
            Self::Claude => &[CLAUDE],
            Self::Cursor => &[
                "cursor://anysphere.cursor-mcp/oauth/callback", "https://www.cursor.com/agents/mcp/oauth/callback",
                "http://localhost:8787/callback",
            ],
            Self::Microsoft => &["https://teams.microsoft.com/api/platform/v1.0/oAuthRedirect"],
            Self::Gemini => &["http://localhost:7777/oauth/callback"],
        }
    }

    /// Returns whether the host cannot do without a secret.
    fn needs_secret(self) -> bool {
        self == Self::Microsoft
    }

    /// Returns what the host sends, but for its name.
    fn body(self) -> Value {
        let mut grants = vec!["authorization_code", "refresh_token"];
        // It can also be given tokens by a company's own sign-in.
        grants.extend((self == Self::Claude).then_some("urn:ietf:params:oauth:grant-type:jwt-bearer"));
        let method = (!self.needs_secret()).then_some("none");
        let kind = match self {
            Self::Claude | Self::Cursor => Some("web"),
            Self::Gemini => Some("native"),
            Self::Microsoft => None,
        };
        let mut body = json!({
            "client_name": format!("oncehub-mcp check, as {}", self.name()),
            "redirect_uris": self.redirects(),
            "grant_types": grants,
            "response_types": ["code"],
            "token_endpoint_auth_method": method,
            "application_type": kind,
        });
        body.as_object_mut().into_iter().for_each(|body| body.retain(|_, value| !value.is_null()));
        body
    }
}
