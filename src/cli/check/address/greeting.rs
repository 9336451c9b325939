//! What a server says to the first message of a host that has nothing to show yet.

use reqwest::header::{ACCEPT, CONTENT_TYPE, SERVER};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use url::Url;

use super::challenge::Challenge;
use super::host_and_port;
use super::unreached::{Trouble, Unreached};
use super::web::{Answer, Web, shortened};
use crate::cli::check::report::Report;
use crate::cli::install::is_of_machine;

const BOTH: &str = "application/json, text/event-stream";

/// The revisions of the protocol that are tried.
const OLD: &str = "2025-11-25";
const NEW: &str = "2026-07-28";

const SESSION: &str = "mcp-session-id";

/// What a server wants of a host.
pub(super) enum Wants {
    /// That somebody signs in, if metadata says where; or else a header.
    Credential {
        challenge: Option<Challenge>,
        header: Header,
    },
    Nothing,
}

/// The header that it wants, as far as it has said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header {
    /// A OnceHub key.
    Key,
    /// The server's own token.
    Token,
    Unknown,
}

/// Sends the first message of both revisions; `None` if there is no use in going on.
pub(super) async fn greet(report: &mut Report, web: &Web, url: &Url, first: Answer) -> Option<Wants> {
    let answer = if is_for_streams(url, &first) { opened(report, web, url).await? } else { first };
    let wants = match answer.status {
        StatusCode::UNAUTHORIZED => challenged(report, &answer),
        status if status.is_success() => accepted(report, web, url, &answer).await?,
        _ => {
            amiss(&answer, url).tell(report, "mcp");
            return None;
        }
    };
    newer(report, web, url, &wants).await;
    Some(wants)
}

/// Sends the first message of a session.
pub(super) async fn first(web: &Web, url: &Url) -> Result<Answer, Unreached> {
    let about = json!({"name": "oncehub-mcp-check", "version": env!("CARGO_PKG_VERSION")});
    let params = json!({"protocolVersion": OLD, "capabilities": {}, "clientInfo": about});
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
    let headers = [(ACCEPT.as_str(), BOTH), (CONTENT_TYPE.as_str(), "application/json")];
    web.send(Method::POST, url, &headers, message.to_string()).await
}

/// Whether an address is one of HTTP+SSE, which is opened by GET.
fn is_for_streams(url: &Url, answer: &Answer) -> bool {
    url.path().trim_end_matches('/').ends_with("/sse")
        && matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED)
}

async fn opened(report: &mut Report, web: &Web, url: &Url) -> Option<Answer> {
    match web.get(url, "text/event-stream").await {
        Ok(answer) => Some(answer),
        Err(unreached) => {
            let Trouble { finding, .. } = unreached.told(&host_and_port(url));
            let hint = "proxy: it has to pass streams on as they come (in nginx 'proxy_buffering off')";
            report.bad("mcp", &format!("no event of the stream at {}: {finding}", url.path()), hint);
            None
        }
    }
}

/// Reports a challenge.
fn challenged(report: &mut Report, answer: &Answer) -> Wants {
    let challenge = Challenge::read(&answer.headers);
    let realm = challenge.as_ref().and_then(|challenge| challenge.get("realm")).unwrap_or_default();
    let header = match realm {
        "OnceHub API key" => Header::Key,
        "token of this server" => Header::Token,
        _ => Header::Unknown,
    };
    report.fine("mcp", &format!("wants to know who is calling ({})", answer.told()));
    match &challenge {
        None => report.warn(
            "challenge",
            "the 401 has no WWW-Authenticate with Bearer: some hosts then do not find out where people sign in",
            "operator: send it; proxy: pass it on",
        ),
        // Some hosts stop there, since they have sent nothing.
        Some(challenge) if challenge.get("error").is_some() => report.warn(
            "challenge",
            "it calls a credential invalid that was not sent: some hosts, such as Grok, then stop",
            "operator: leave error out of WWW-Authenticate where a request carries no credential",
        ),
        Some(_) => {}
    }
    Wants::Credential { challenge, header }
}

/// Reports a server that takes messages without a credential.
async fn accepted(report: &mut Report, web: &Web, url: &Url, answer: &Answer) -> Option<Wants> {
    if let Some(session) = answer.headers.get(SESSION).and_then(|session| session.to_str().ok()) {
        // Ignore: it would end by itself, later.
        let _ = web.send(Method::DELETE, url, &[(SESSION, session)], String::new()).await;
    }
    let reply = answer.object();
    let has = |member: &str| reply.as_ref().is_some_and(|reply| reply.get(member).is_some());
    let is_reply = reply.as_ref().is_some_and(|reply| reply["jsonrpc"] == "2.0") && (has("result") || has("error"));
    // The first event of HTTP+SSE is an address.
    let is_address = answer.has_event();
    if !is_reply && !is_address {
        amiss(answer, url).tell(report, "mcp");
        return None;
    }
    let about = |at: &str| reply.as_ref()?.pointer(at)?.as_str().map(shortened);
    let server = match (about("/result/serverInfo/name"), about("/result/serverInfo/version")) {
        (Some(name), Some(version)) => format!("{name} {version}"),
        (Some(name), None) => name,
        _ => "the server".to_owned(),
    };
    if has("error") {
        let error =
            about("/error/message").or_else(|| about("/error")).unwrap_or_else(|| "it does not say why".to_owned());
        report.bad("mcp", &format!("refuses the first message: {error}"), "operator: what does the server's log say?");
        return None;
    }
    if is_of_machine(url) {
        report.fine("mcp", &format!("{server} answers without a credential"));
    } else {
        report.warn(
            "mcp",
            &format!("{server} answers without a credential: anyone who reaches it can use it"),
            "operator: --oauth keys, a key of each caller's own, or --shared-key with a token",
        );
    }
    Some(Wants::Nothing)
}

/// Reports whether a message of the newer revision is treated in the same way.
async fn newer(report: &mut Report, web: &Web, url: &Url, wants: &Wants) {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": NEW,
        "io.modelcontextprotocol/clientInfo": {"name": "oncehub-mcp-check", "version": env!("CARGO_PKG_VERSION")},
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {"_meta": meta}});
    let headers = [
        (ACCEPT.as_str(), BOTH),
        (CONTENT_TYPE.as_str(), "application/json"),
        ("mcp-protocol-version", NEW),
        ("mcp-method", "server/discover"),
    ];
    let Ok(answer) = web.send(Method::POST, url, &headers, message.to_string()).await else {
        let hint = "operator: what does the server's log say?";
        return report.warn("revisions", &format!("no answer in {NEW}, only in {OLD}"), hint);
    };
    let same = match wants {
        Wants::Credential { challenge, .. } => {
            answer.status == StatusCode::UNAUTHORIZED && Challenge::read(&answer.headers) == *challenge
        }
        Wants::Nothing => {
            answer.status.is_success() && answer.object().is_some_and(|reply| reply.get("result").is_some())
        }
    };
    if same {
        report.fine("revisions", &format!("the same in {NEW} and {OLD}"));
    } else {
        let finding = format!("in {NEW} it answers otherwise than in {OLD}: {}", answer.told());
        report.warn("revisions", &finding, "operator: hosts of the newer revision have to fall back to the older one");
    }
}

/// Returns what is wrong with an answer that is not one of the protocol's, and what to do about it.
pub(super) fn amiss(answer: &Answer, url: &Url) -> Trouble {
    let path = shortened(url.path());
    let status = answer.status;
    let told = answer.told();
    if status.is_redirection() {
        let Some(target) = answer.target(url) else {
            let finding = format!("{path} answers {told}, and leads nowhere");
            return Trouble::new(finding, "proxy: pass the path on as it is");
        };
        let finding = format!(
            "{path} leads on to {}: hosts lose the credential there, or do not follow",
            shortened(target.as_str())
        );
        let hint = if target.host_str() == url.host_str() {
            "you: type the address that it leads to; proxy: pass the path on without a redirect"
        } else {
            "proxy: pass the path on to the server itself, without a redirect"
        };
        return Trouble::new(finding, hint);
    }
    let hint = match status {
        StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => {
            "operator: is the server up? proxy: has it the server's address and port?"
        }
        StatusCode::TOO_MANY_REQUESTS => "you: wait, and check again",
        StatusCode::NOT_FOUND => "you: is the path right? oncehub-mcp has /mcp; proxy: does it pass this path on?",
        StatusCode::METHOD_NOT_ALLOWED => {
            "you: is the path right? oncehub-mcp has /mcp; proxy: does it let POST through?"
        }
        status if status.is_server_error() => "operator: what does the server's log say, and the proxy's?",
        _ if answer.object().is_some_and(|body| body.get("jsonrpc").is_some() && body.get("error").is_some()) => {
            "operator: the server has said what it needs; --public-url names it as people type it"
        }
        _ if answer.is_html() => {
            "proxy: something in front answers with a page: let it pass this path on, and ask no browser's proof of hosts"
        }
        StatusCode::FORBIDDEN => "proxy: does it, or a firewall for the web, keep out what is no browser?",
        _ => "you: is this the address of an MCP server? operator: what does its log say?",
    };
    let by = answer.header(SERVER);
    let by = if by.is_empty() { String::new() } else { format!(" (by {})", shortened(by)) };
    let size = if answer.is_too_large { ", and more than 64 KiB" } else { "" };
    let finding = format!("{path} answers {told}{size}{by}");
    match status {
        StatusCode::TOO_MANY_REQUESTS => Trouble::unknown(finding, hint).lost(),
        status if status.is_server_error() => Trouble::new(finding, hint).lost(),
        _ => Trouble::new(finding, hint),
    }
}

/// Returns the texts of a member that is a list.
pub(super) fn texts(object: &Value, member: &str) -> Vec<String> {
    let items = object.get(member).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
