//! The way to the identity provider and back: finds out who is there.
//!
//! A person leaves with a short random state, and with a cookie that holds the rest, sealed: what they were asked for, and
//! what the provider's answer is checked with. So the answer is good in the browser that was sent, once, for a while.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use serde::{Deserialize, Serialize};

use super::claims::{Checked, checked};
use super::page;
use super::person::Recognized;
use super::problem::Problem;
use super::{Provider, connect};
use crate::transport::http::Backend;
use crate::transport::http::auth::authorize::{Asking, cookie_named};
use crate::transport::http::auth::form::Form;
use crate::transport::http::auth::grant::{digest, now, unguessable};
use crate::transport::http::auth::page::Page;
use crate::transport::http::auth::seal::Purpose;
use crate::transport::http::auth::sign_ins::Present;
use crate::transport::http::auth::{Auth, Desk, PAGE};

/// Where the provider sends people back to.
pub(in crate::transport::http::auth) const PATH: &str = "/callback";

/// The longest cookie that browsers keep, in bytes, with its name and what is said of it.
const COOKIE: usize = 3_800;

/// How much of a state names its cookie, in characters: two tabs have two.
const NAME: usize = 8;

/// What a person is sent to the provider for.
#[derive(Deserialize, Serialize)]
pub(in crate::transport::http::auth) enum Errand {
    /// To let a client in.
    Connect {
        /// What the client asks for; its id is a [`digest`].
        asking: Asking,
        /// Whether the person wants it to read only.
        read_only: bool,
    },
    /// To see their sign-ins.
    SignIns,
}

/// A person on their way.
#[derive(Deserialize, Serialize)]
struct Going {
    errand: Errand,
    /// The browser that was sent, by the [`digest`] of its cookie.
    browser: String,
    state: String,
    nonce: String,
    verifier: String,
    expires: u64,
}

/// Handles GET at [`PATH`].
pub(in crate::transport::http::auth) async fn arrive<B: Backend>(
    State(desk): State<Desk<B>>,
    request: Request,
) -> Response {
    let (head, _) = request.into_parts();
    let Some(provider) = &desk.auth.provider else { return Page::too_old().into_response() };
    let arrived = async {
        let (errand, browser, recognized) = desk.auth.found(provider, &head, desk.network(&head)).await?;
        match errand {
            Errand::Connect { asking, read_only } => {
                connect::recognized(&desk, provider, asking, read_only, recognized, &head).await
            }
            Errand::SignIns => {
                let person = recognized.person;
                let owners = desk.auth.seal.owners(&person.owner());
                desk.listed(Present::new(owners, Some(person.shown().to_owned()), browser), None).await
            }
        }
    };
    let page = arrived.await.unwrap_or_else(|page| page);
    // What the cookie was for is over.
    let state = state_of(&head).unwrap_or_default();
    page.with_cookie(&desk.auth.way_cookie(&state, "", 0)).into_response()
}

fn state_of(head: &Parts) -> Option<String> {
    Form::read(head.uri.query()?.as_bytes()).ok()?.get("state").map(str::to_owned)
}

impl Auth {
    /// Sends a person to the provider.
    ///
    /// # Errors
    /// The page that says why nobody is sent there.
    pub(in crate::transport::http::auth) async fn send(
        &self,
        provider: &Provider,
        browser: String,
        errand: Errand,
    ) -> Result<Page, Page> {
        let described = provider.upstream.described().await;
        let described = described.map_err(|problem| page::failed(&provider.name, None, &problem))?;
        let drawn = || unguessable().map_err(|failed| Page::broken(&failed));
        // A verifier has 43 characters at least.
        let (state, nonce, verifier) = (drawn()?, drawn()?, drawn()? + &drawn()?);
        let mut url = described.authorization.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &provider.settings.client)
            .append_pair("redirect_uri", &self.back())
            .append_pair("scope", &provider.settings.scopes)
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &digest(&verifier))
            .append_pair("code_challenge_method", "S256");
        let going = Going { errand, browser, state, nonce, verifier, expires: now() + PAGE.as_secs() };
        let sealed = self.seal.seal(Purpose::Going, &going).map_err(|failed| Page::broken(&failed))?;
        if sealed.len() > COOKIE {
            return Err(page::too_long());
        }
        let cookie = self.way_cookie(&going.state, &sealed, PAGE.as_secs());
        Ok(page::going(&provider.name, url.as_str()).with_cookie(&cookie))
    }

    /// Finds out who has come back, and for what they were sent.
    ///
    /// # Errors
    /// The page that says why that is not known.
    async fn found(
        &self,
        provider: &Provider,
        head: &Parts,
        network: std::net::IpAddr,
    ) -> Result<(Errand, String, Recognized), Page> {
        let query = head.uri.query().unwrap_or_default();
        let form = Form::read(query.as_bytes()).map_err(|_| Page::too_old())?;
        let state = form.get("state").ok_or_else(Page::too_old)?;
        let going = self.way(head, state).ok_or_else(Page::too_old)?;
        let browser = self.browser(&head.headers).map(digest);
        if going.state != state || browser.as_ref() != Some(&going.browser) || going.expires <= now() {
            return Err(Page::too_old());
        }
        let tried: Arc<str> = digest(state).into();
        if self.guesses.are_over(network, &tried) {
            return Err(page::too_often());
        }
        let back = self.back_of(&going.errand);
        let failed = |problem: Problem| page::failed(&provider.name, back.as_deref(), &problem);
        // Another server would let it by, and the provider takes no code twice.
        if !provider.answered.entry_by_ref(state).or_insert(()).is_fresh() {
            return Err(Page::too_old());
        }
        let described = provider.upstream.described().await.map_err(&failed)?;
        let is_from = form.get("iss");
        if is_from.map_or(described.says_issuer, |issuer| issuer != described.issuer) {
            return Err(failed(Problem::Unusable("the answer is another provider's (iss)")));
        }
        if let Some(error) = form.get("error") {
            return Err(match error {
                "access_denied" => page::declined(&provider.name, back.as_deref()),
                other => failed(Problem::refused(other)),
            });
        }
        let code = form.get("code").ok_or_else(|| failed(Problem::Unusable("its answer has no code")))?;
        let recognized = self.recognized(provider, code, &going.nonce, &going.verifier).await;
        let recognized = recognized.map_err(|problem| {
            // Codes that are made up. That this server is refused itself is its operator's to mend.
            if matches!(&problem, Problem::Refused(error) if !matches!(&**error, "invalid_client" | "unauthorized_client")) {
                self.guesses.add(network, &tried);
            }
            failed(problem)
        })?;
        Ok((going.errand, going.browser, recognized))
    }

    /// Asks the provider whom a code is about.
    async fn recognized(
        &self,
        provider: &Provider,
        code: &str,
        nonce: &str,
        verifier: &str,
    ) -> Result<Recognized, Problem> {
        let (settings, upstream) = (&provider.settings, &provider.upstream);
        let described = upstream.described().await?;
        let secret = settings.secret.current();
        let back = self.back();
        let pairs = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &*back),
            ("code_verifier", verifier),
        ];
        let tokens = upstream.tokens(&described, (&settings.client, &secret), &pairs).await?;
        let check = |described: &_| checked(&tokens.id_token, described, &settings.client, nonce);
        let claims = match check(&described)? {
            Checked::Good(claims) => claims,
            Checked::UnknownKey => match check(&*upstream.described_again(&described).await?)? {
                Checked::Good(claims) => claims,
                Checked::UnknownKey => {
                    return Err(Problem::Token("it is signed with a key that the provider does not show"));
                }
            },
        };
        let (subject, mut said) = (claims.sub, claims.rest);
        let rules = settings.map.current();
        // By default, providers say in the token who somebody is, and the rest when they are asked.
        if ["email", rules.groups_claim()].into_iter().any(|claim| !said.contains_key(claim)) {
            let more = upstream.claims(&described, tokens.access_token.as_ref()).await?;
            if !more.is_empty() && more.get("sub").and_then(serde_json::Value::as_str) != Some(&subject) {
                return Err(Problem::Unusable("what it says of the person is about another one (sub)"));
            }
            // An address, and whether it is verified, come from one place.
            if said.contains_key("email") {
                said.entry(rules.verified_claim()).or_insert(serde_json::Value::Null);
            } else {
                said.remove(rules.verified_claim());
            }
            for (name, claim) in more {
                said.entry(name).or_insert(claim);
            }
        }
        Ok(Recognized::new(&settings.issuer, &subject, &said, &rules))
    }

    /// Returns the address at which this server takes the provider's answers.
    fn back(&self) -> String {
        format!("{}{PATH}", self.issuer)
    }

    /// Returns where a client learns that nobody has come back, if one has sent them.
    fn back_of(&self, errand: &Errand) -> Option<String> {
        match errand {
            Errand::Connect { asking, .. } => {
                let said = [("error", "access_denied"), ("error_description", "the identity provider let nobody in")];
                Some(self.answer(&asking.redirect, asking.state.as_deref(), &said))
            }
            Errand::SignIns => None,
        }
    }

    /// Returns what this browser was sent away with.
    fn way(&self, head: &Parts, state: &str) -> Option<Going> {
        let name = self.way_name(state);
        let sealed = cookie_named(&head.headers, &name)?;
        self.seal.open(Purpose::Going, sealed)
    }

    /// Returns what sets the cookie of a way, or removes it.
    fn way_cookie(&self, state: &str, value: &str, age: u64) -> String {
        let secure = if self.has_https() { "; Secure" } else { "" };
        // `Lax` sends it with the provider's redirect, and with nothing that another site posts.
        format!("{}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}", self.way_name(state))
    }

    fn way_name(&self, state: &str) -> String {
        let prefix = if self.has_https() { "__Host-" } else { "" };
        let is_plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let part: String = state.chars().filter(is_plain).take(NAME).collect();
        format!("{prefix}oncehub-way-{part}")
    }
}
