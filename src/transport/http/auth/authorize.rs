//! What a client asks a person for, checked before anybody is sent anywhere.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::COOKIE;
use serde::{Deserialize, Serialize};

use super::clients::Client;
use super::failure::Failure;
use super::form::Form;
use super::grant::{digest, now, unguessable};
use super::metadata::{READ, WRITE};
use super::page::Page;
use super::seal::{Purpose, Unsealed};
use super::{Auth, Desk, PAGE, redirect};
use crate::transport::http::Backend;

/// The longest state that a client is sent back, in bytes, as it stands in the address: there most characters take three.
const LONGEST_STATE: usize = 2 << 10;

/// The length of a challenge: SHA-256, as PKCE writes it.
const CHALLENGE: usize = 43;

/// What a client asks a person for.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Asking {
    pub(super) client: Client,
    pub(super) redirect: String,
    pub(super) state: Option<String>,
    pub(super) challenge: String,
    /// Whether it asks for no changes.
    pub(super) read_only: bool,
    /// The browser that is asked, by the [`digest`] of its cookie.
    pub(super) browser: String,
    pub(super) expires: u64,
}

/// The reason a person is not asked. The page says so; nobody is sent on without a click of their own.
pub(super) struct NotAsked {
    reason: String,
    /// Where the client learns it, once that is known to be the client's own address.
    back: Option<String>,
}

/// Handles GET at `/authorize`.
pub(super) async fn ask<B: Backend>(State(desk): State<Desk<B>>, request: Request) -> Response {
    let auth = &desk.auth;
    let (head, _) = request.into_parts();
    if let Some(elsewhere) = auth.elsewhere(&head) {
        return elsewhere;
    }
    let browser = match auth.any_browser(&head.headers) {
        Ok(browser) => browser,
        Err(failed) => return Page::broken(&failed).into_response(),
    };
    let query = head.uri.query().unwrap_or_default();
    let asked = match auth.asked(query, &browser).await {
        Ok(asking) => auth.seal.seal(Purpose::Asking, &asking).map(|form| auth.first_page(&asking, &form)),
        Err(refused) => Ok(Page::not_asked(&refused.reason, refused.back.as_deref())),
    };
    match asked {
        Ok(page) => page.with_cookie(&auth.cookie(&browser)).into_response(),
        Err(failed) => Page::broken(&failed).into_response(),
    }
}

impl Auth {
    /// Reads and checks what a client asks for.
    async fn asked(&self, query: &str, browser: &str) -> Result<Asking, NotAsked> {
        let told = |failure: Failure| NotAsked { reason: failure.description.into_owned(), back: None };
        let form = Form::read(query.as_bytes()).map_err(told)?;
        let (id, redirect) = (form.need("client_id").map_err(told)?, form.need("redirect_uri").map_err(told)?);
        let client = self.clients.find(&self.seal, id, redirect).await;
        let client = client.map_err(|bad| NotAsked { reason: bad.to_string(), back: None })?;
        // From here on the client is told, too.
        let state = form.get("state");
        let refused = |error: &str, reason: &str| NotAsked {
            reason: reason.to_owned(),
            back: Some(self.answer(redirect, state, &[("error", error), ("error_description", reason)])),
        };
        let length = |state: &str| url::form_urlencoded::byte_serialize(state.as_bytes()).map(str::len).sum::<usize>();
        if state.is_some_and(|state| length(state) > LONGEST_STATE) {
            let reason =
                "the state that the app sends is too long: it has up to 2,048 characters, as an address has them";
            return Err(NotAsked { reason: reason.into(), back: None });
        }
        if form.get("response_type") != Some("code") {
            return Err(refused("unsupported_response_type", "response_type has to be code"));
        }
        if form.get("response_mode").is_some_and(|mode| mode != "query") {
            return Err(refused("invalid_request", "response_mode has to be query"));
        }
        let challenge = form.get("code_challenge").filter(|challenge| is_challenge(challenge));
        let Some(challenge) = challenge.filter(|_| form.get("code_challenge_method") == Some("S256")) else {
            return Err(refused("invalid_request", "code_challenge and code_challenge_method=S256 are needed (PKCE)"));
        };
        if form.get("resource").is_some_and(|resource| !self.is_resource(resource)) {
            return Err(refused("invalid_target", "resource is not this server"));
        }
        let scopes: Vec<&str> = form.get("scope").unwrap_or_default().split_whitespace().collect();
        Ok(Asking {
            client,
            redirect: redirect.to_owned(),
            state: state.map(str::to_owned),
            challenge: challenge.to_owned(),
            read_only: scopes.contains(&READ) && !scopes.contains(&WRITE),
            browser: digest(browser),
            expires: now() + PAGE.as_secs(),
        })
    }

    /// Returns the address at which a client gets an answer. Each says whom it is from, so that a client of several
    /// servers does not take one for another's.
    pub(super) fn answer(&self, redirect: &str, state: Option<&str>, pairs: &[(&str, &str)]) -> String {
        let state = state.map(|state| ("state", state));
        let all: Vec<_> = pairs.iter().copied().chain(state).chain([("iss", &*self.issuer)]).collect();
        redirect::with(redirect, &all)
    }

    /// Returns the value of a browser's cookie.
    pub(super) fn browser<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let value = cookie_named(headers, self.cookie_name())?;
        let is_ours = value.len() == 32 && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        is_ours.then_some(value)
    }

    /// Returns the value of a browser's cookie, or one for a browser that has none.
    pub(super) fn any_browser(&self, headers: &HeaderMap) -> Result<String, Unsealed> {
        self.browser(headers).map_or_else(unguessable, |cookie| Ok(cookie.to_owned()))
    }

    /// Returns what sets a browser's cookie.
    pub(super) fn cookie(&self, value: &str) -> String {
        let secure = if self.has_https() { "; Secure" } else { "" };
        let (name, age) = (self.cookie_name(), PAGE.as_secs());
        format!("{name}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}")
    }

    /// Returns the name of the cookie. The prefix keeps other servers of the domain from setting it, and needs HTTPS,
    /// which there is not on this machine alone.
    fn cookie_name(&self) -> &'static str {
        if self.has_https() { "__Host-oncehub-sign-in" } else { "oncehub-sign-in" }
    }

    pub(super) fn has_https(&self) -> bool {
        self.issuer.starts_with("https://")
    }
}

/// Returns the value of a cookie.
pub(super) fn cookie_named<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|cookies| cookies.to_str().ok());
    let mut all = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|cookie| cookie.trim().split_once('='));
    all.find(|(other, _)| *other == name).map(|(_, value)| value)
}

fn is_challenge(text: &str) -> bool {
    text.len() == CHALLENGE && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
