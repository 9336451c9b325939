//! What a hosted server answers to a client's first message: nothing but that is asked of it, and nothing of OnceHub.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

/// An answer to the first message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Greeting {
    /// It takes these headers.
    Accepted,
    /// It does not.
    Refused {
        /// Whether it is for want of the right key or token (401).
        is_unauthorized: bool,
        /// What it wants, as its challenge names it.
        realm: Option<String>,
        /// Why, in its own words.
        reason: String,
    },
}

/// The time within which it must answer.
const TIMEOUT: Duration = Duration::from_secs(15);

/// The most of a reason that is shown, in characters.
const LONGEST: usize = 300;

/// The header of a session, which is ended at once.
const SESSION: &str = "mcp-session-id";

/// Sends the first message with these headers.
///
/// # Errors
/// Why there is no answer.
pub async fn greet(url: &str, headers: &[(String, String)]) -> Result<Greeting, String> {
    // Ignore: a provider may already be installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut all = HeaderMap::new();
    all.insert("accept", HeaderValue::from_static("application/json, text/event-stream"));
    all.insert("content-type", HeaderValue::from_static("application/json"));
    for (name, value) in headers {
        let name: HeaderName = name.parse().map_err(|_| format!("'{name}' is not a header name"))?;
        let mut value: HeaderValue = value.parse().map_err(|_| format!("the value of {name} cannot be sent"))?;
        value.set_sensitive(true);
        all.insert(name, value);
    }
    // What is sent must not follow a redirect to somebody else.
    let mut client = Client::builder().redirect(Policy::none()).timeout(TIMEOUT).default_headers(all);
    if url.starts_with("http:") {
        client = client.no_proxy();
    }
    let client = client.build().map_err(|error| error.to_string())?;
    let about = json!({"name": "oncehub-mcp-install", "version": env!("CARGO_PKG_VERSION")});
    let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": about});
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
    let unanswered = |error: reqwest::Error| {
        let error = anyhow::Error::new(error.without_url());
        format!("{url} does not answer: {}", error.root_cause())
    };
    let response = client.post(url).body(message.to_string()).send().await.map_err(unanswered)?;
    if response.status().is_success() {
        if let Some(session) = response.headers().get(SESSION).cloned() {
            // Ignore: it would end by itself, later.
            let _ = client.delete(url).header(SESSION, session).send().await;
        }
        return Ok(Greeting::Accepted);
    }
    Ok(refused(response, headers).await)
}

async fn refused(response: Response, headers: &[(String, String)]) -> Greeting {
    let status = response.status();
    let challenge = response.headers().get(WWW_AUTHENTICATE).and_then(|challenge| challenge.to_str().ok());
    let realm = challenge.and_then(|challenge| challenge.split("realm=\"").nth(1)?.split('"').next());
    let realm = realm.map(str::to_owned);
    let text = response.text().await.unwrap_or_default();
    let message = serde_json::from_str(&text)
        .ok()
        .and_then(|body: Value| body.pointer("/error/message").and_then(Value::as_str).map(str::to_owned));
    let mut reason: String = message.unwrap_or_default().chars().take(LONGEST).collect();
    for (_, value) in headers {
        let value = value.rsplit(' ').next().unwrap_or(value);
        // A server may quote what it was sent.
        if value.len() >= 4 {
            reason = reason.replace(value, "…");
        }
    }
    if reason.is_empty() {
        reason = format!("it answers with {status}");
    }
    Greeting::Refused { is_unauthorized: status == StatusCode::UNAUTHORIZED, realm, reason }
}
