//! The page for a person who opens the server's address in a browser.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderName};

use super::streamable::{self, SESSION_ID};
use super::{Backend, Shared};
use crate::transport::http::caller::Wanted;

const PAGE: &str = include_str!("page.html");

/// What the page may load.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'";

/// Handles a GET at `/`. With a session's id it is Streamable HTTP, which no browser asks for here.
pub(super) async fn show<B: Backend>(State(shared): State<Arc<Shared<B>>>, request: Request) -> Response {
    if request.headers().contains_key(SESSION_ID) {
        return streamable::handle(State(shared), request).await;
    }
    let url = match &shared.settings.public_url {
        Some(url) => url.as_str().trim_end_matches('/').to_owned(),
        None => format!("{}://{}", shared.settings.scheme, host(request.headers())),
    };
    let mut page = PAGE.to_owned();
    let filled = match &shared.auth {
        Some(auth) => for_sign_in(auth.has_provider()),
        None => filled_in(shared.settings.keys.wanted()),
    };
    for (mark, text) in filled {
        page = page.replace(mark, text);
    }
    sent(page.replace("{url}", &escaped(&url)).replace("{version}", env!("CARGO_PKG_VERSION")), POLICY)
}

/// Returns a page with what it may load, and with what keeps others from learning of it.
pub(super) fn sent(html: String, policy: &'static str) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, policy),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("referrer-policy"), "no-referrer"),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, html).into_response()
}

/// Returns what stands for each mark of the page, where people sign in: a client needs the address alone.
fn for_sign_in(by_provider: bool) -> [(&'static str, &'static str); 11] {
    let by_key = "<p>The assistant asks you to <strong>sign in</strong>: a page of this server asks for your OnceHub API key, and \
        shows whose\naccount it is. A program that cannot do that sends the key itself, as <code>API-Key: …</code>. It is not \
        stored here.</p>\n<p>Which apps are signed in with your key, and how to end that: <a href=\"{url}/sign-ins\">your \
        sign-ins</a>.</p>";
    let elsewhere = "<p>The assistant asks you to <strong>sign in</strong>: a page of this server sends you to your company's \
        identity provider,\nand then says who you are in OnceHub. A program that cannot do that sends a OnceHub API key, as <code>API-Key: \
        …</code>. It is not stored here.</p>\n<p>Which apps are signed in as you, and how to end that: <a \
        href=\"{url}/sign-ins\">your sign-ins</a>.</p>";
    let sends = if by_provider { elsewhere } else { by_key };
    let mut filled = filled_in(Wanted::Nothing);
    filled.iter_mut().filter(|(mark, _)| *mark == "{sends}").for_each(|(_, text)| *text = sends);
    filled
}

/// Returns what stands for each mark of the page, where clients have to send this.
fn filled_in(wanted: Wanted) -> [(&'static str, &'static str); 11] {
    match wanted {
        Wanted::Key => [
            (
                "{sends}",
                "<p>With each request the assistant sends <strong>your own OnceHub API key</strong>, as <code>API-Key: …</code> or \
                 as\n<code>Authorization: Bearer …</code>. It is not stored here. In the blocks below, replace \
                 <code>YOUR_KEY</code>.</p>",
            ),
            ("{flag}", ""),
            ("{header_flag}", " --header \"API-Key: YOUR_KEY\""),
            (
                "{bridge}",
                ", \"--header\", \"API-Key:${ONCEHUB_API_KEY}\"],\n      \"env\": { \"ONCEHUB_API_KEY\": \"YOUR_KEY\" }",
            ),
            ("{headers}", ", \"headers\": { \"API-Key\": \"YOUR_KEY\" }"),
            ("{asks}", "; it asks for the key once and keeps it"),
            (
                "{inputs}",
                "\n  \"inputs\": [{ \"type\": \"promptString\", \"id\": \"oncehub-key\", \"description\": \"OnceHub API key\", \
                 \"password\": true }],",
            ),
            ("{input_headers}", ", \"headers\": { \"API-Key\": \"${input:oncehub-key}\" }"),
            ("{variable}", ", with the key in <code>ONCEHUB_API_KEY</code>"),
            ("{bearer_variable}", "\nbearer_token_env_var = \"ONCEHUB_API_KEY\""),
            ("{bearer_headers}", ", \"headers\": { \"Authorization\": \"Bearer YOUR_KEY\" }"),
        ],
        Wanted::Token => [
            (
                "{sends}",
                "<p>With each request the assistant sends <strong>this server's token</strong>, as <code>Authorization: Bearer \
                 …</code>: its\noperator has given it to you. It is not a OnceHub key. In the blocks below, replace \
                 <code>YOUR_TOKEN</code>. Who has a OnceHub key\nof their own may send that instead, as <code>API-Key: \
                 …</code>. Neither is stored here.</p>",
            ),
            ("{flag}", " --token"),
            ("{header_flag}", " --header \"Authorization: Bearer YOUR_TOKEN\""),
            (
                "{bridge}",
                ", \"--header\", \"Authorization:${AUTHORIZATION}\"],\n      \"env\": { \"AUTHORIZATION\": \"Bearer YOUR_TOKEN\" }",
            ),
            ("{headers}", ", \"headers\": { \"Authorization\": \"Bearer YOUR_TOKEN\" }"),
            ("{asks}", "; it asks for the token once and keeps it"),
            (
                "{inputs}",
                "\n  \"inputs\": [{ \"type\": \"promptString\", \"id\": \"oncehub-token\", \"description\": \"Token of the OnceHub \
                 server\", \"password\": true }],",
            ),
            ("{input_headers}", ", \"headers\": { \"Authorization\": \"Bearer ${input:oncehub-token}\" }"),
            ("{variable}", ", with the token in <code>ONCEHUB_MCP_TOKEN</code>"),
            ("{bearer_variable}", "\nbearer_token_env_var = \"ONCEHUB_MCP_TOKEN\""),
            ("{bearer_headers}", ", \"headers\": { \"Authorization\": \"Bearer YOUR_TOKEN\" }"),
        ],
        Wanted::Nothing => [
            (
                "{sends}",
                "<p>It takes calls without a key or a token. Who has a OnceHub key of their own may send that, as <code>API-Key: \
                 …</code>.</p>",
            ),
            ("{flag}", ""),
            ("{header_flag}", ""),
            ("{bridge}", "]"),
            ("{headers}", ""),
            ("{asks}", ""),
            ("{inputs}", ""),
            ("{input_headers}", ""),
            ("{variable}", ""),
            ("{bearer_variable}", ""),
            ("{bearer_headers}", ""),
        ],
    }
}

/// Returns the request's host, which `door` has checked.
fn host(headers: &HeaderMap) -> &str {
    headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost")
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
