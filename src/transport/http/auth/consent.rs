//! The person's decision, in two steps: a key, which OnceHub is asked about; then whether its account is the right one.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::ORIGIN;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};

use super::authorize::Asking;
use super::form::Form;
use super::grant::{self, Code, Grant, Held, digest, now, unguessable};
use super::page::{Filled, Page};
use super::proof::Proof;
use super::seal::{Purpose, Unsealed};
use super::{Auth, Desk, Field};
use crate::store::Standing;
use crate::transport::http::{Backend, Caller};

/// The longest text that a person fills in beside the key, in bytes.
const LONGEST: usize = 320;

/// What a person has said so far: a key that OnceHub accepts.
#[derive(Deserialize, Serialize)]
pub(super) struct Confirming {
    pub(super) asking: Asking,
    /// Holds who they are only once they have said so.
    pub(super) grant: Grant,
    /// The account, as OnceHub names it.
    pub(super) account: Option<String>,
}

/// Handles POST at `/authorize`.
pub(super) async fn decide<B: Backend>(State(desk): State<Desk<B>>, request: Request) -> Response {
    desk.decided(request).await.unwrap_or_else(|page| page).into_response()
}

impl<B: Backend> Desk<B> {
    /// Returns the next page; also as an error, where something is wrong.
    async fn decided(&self, request: Request) -> Result<Page, Page> {
        let (head, body) = request.into_parts();
        self.auth.checked_origin(&head.headers)?;
        let told = |reason: &str| Page::told(StatusCode::BAD_REQUEST, "That did not work", reason);
        let body = self.read(body).await.map_err(|failure| told(&failure.description))?;
        let form = Form::of_body(&head.headers, &body).map_err(|failure| told(&failure.description))?;
        let sealed = form.get("form").unwrap_or_default();
        let seal = &self.auth.seal;
        if let Some(asking) = seal.open::<Asking>(Purpose::Asking, sealed) {
            self.auth.checked(&asking, &head.headers)?;
            if let Some(provider) = &self.auth.provider {
                return self.auth.going(provider, &form, asking).await;
            }
            return self.key_given(&form, sealed, asking, self.network(&head)).await;
        }
        let confirming = seal.open::<Confirming>(Purpose::Confirming, sealed).ok_or_else(Page::too_old)?;
        self.auth.checked(&confirming.asking, &head.headers)?;
        if self.auth.provider.is_some() {
            return self.auth.connected(&form, confirming).await;
        }
        self.confirmed(&form, sealed, confirming, self.network(&head)).await
    }

    /// The first step.
    async fn key_given(&self, form: &Form, sealed: &str, asking: Asking, network: IpAddr) -> Result<Page, Page> {
        if form.get("decision") == Some("no") {
            return Ok(self.auth.declined(&asking));
        }
        let reads = form.get("access") == Some("read");
        let proof = self
            .proof(form, network)
            .await
            .map_err(|none| Page::key(&asking, sealed, reads, Some(&none.problem)).with_status(none.status))?;
        let Proof { key, account } = proof;
        let owner = self.auth.seal.owners(&key).into_iter().next().ok_or_else(|| Page::broken(&Unsealed))?;
        let grant = Grant {
            id: unguessable().map_err(|failed| Page::broken(&failed))?,
            owner,
            held: Held::Key(key),
            me: None,
            zone: None,
            read_only: asking.read_only || form.get("access") != Some("all"),
            client: digest(&asking.client.id),
            app: asking.client.name.clone(),
            made: now(),
        };
        let confirming = Confirming { asking, grant, account };
        let sealed = self.auth.seal.seal(Purpose::Confirming, &confirming).map_err(|failed| Page::broken(&failed))?;
        let filled = Filled { me: confirming.account.as_deref().unwrap_or_default(), zone: "" };
        Ok(Page::account(&confirming, &sealed, &filled, None))
    }

    /// The second step.
    async fn confirmed(&self, form: &Form, sealed: &str, said: Confirming, network: IpAddr) -> Result<Page, Page> {
        if form.get("decision") != Some("yes") {
            return Ok(self.auth.declined(&said.asking));
        }
        let text = |name| form.get(name).map(str::trim).filter(|text| !text.is_empty());
        let (me, zone) = (text("me"), text("zone"));
        let filled = Filled { me: me.unwrap_or_default(), zone: zone.unwrap_or_default() };
        let again = |field, problem: &str| {
            Page::account(&said, sealed, &filled, Some((field, problem))).with_status(StatusCode::BAD_REQUEST)
        };
        let is_long = |text: Option<&str>| text.is_some_and(|text| text.len() > LONGEST);
        if let Some((field, _)) = [(Field::Me, me), (Field::Zone, zone)].into_iter().find(|(_, text)| is_long(*text)) {
            return Err(again(field, "That is too long."));
        }
        let grant = Grant { me: me.map(str::to_owned), zone: zone.map(str::to_owned), ..said.grant.clone() };
        let (key, agreed) = self.auth.opened(grant.clone()).map_err(|_| Page::too_old())?;
        let caller = Caller { agreed: Some(agreed), ..self.shared.settings.keys.caller(key, network) };
        self.shared.backend.person(&caller).await.map_err(|(field, problem)| again(field, &problem))?;
        self.auth.sent_back(&said.asking, grant).await
    }
}

impl Auth {
    /// Sends the person back to the client, with a code.
    pub(super) async fn sent_back(&self, asking: &Asking, grant: Grant) -> Result<Page, Page> {
        // A page may be sent twice, by a second click: its codes are one, since they can be used once together.
        match self.store.standing(&[grant.sign_in()]).await.map(|standing| standing == [Standing::Unknown]) {
            Ok(true) => {}
            Ok(false) => return Err(Page::too_old()),
            Err(failed) => {
                return Err(Page::told(StatusCode::SERVICE_UNAVAILABLE, "That did not work", &failed.to_string()));
            }
        }
        let code = Code {
            grant,
            redirect: asking.redirect.clone(),
            challenge: asking.challenge.clone(),
            expires: now() + grant::CODE.as_secs(),
        };
        let code = self.seal.seal(Purpose::Code, &code).map_err(|failed| Page::broken(&failed))?;
        let to = self.answer(&asking.redirect, asking.state.as_deref(), &[("code", &code)]);
        Ok(Page::leave(&asking.client.name, "Connected", &to))
    }

    /// Sends the person back to the client, without.
    pub(super) fn declined(&self, asking: &Asking) -> Page {
        let said = [("error", "access_denied"), ("error_description", "the person did not agree")];
        let to = self.answer(&asking.redirect, asking.state.as_deref(), &said);
        Page::leave(&asking.client.name, "Not connected", &to)
    }

    /// Checks that a page of this server has sent a request.
    pub(super) fn checked_origin(&self, headers: &HeaderMap) -> Result<(), Page> {
        let is_own = headers.get(ORIGIN).is_some_and(|origin| origin.as_bytes() == self.issuer.as_bytes())
            && headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin");
        let refused = || {
            let reason = "This page can be sent from its own address only, by a browser that says so (Origin).";
            Page::told(StatusCode::FORBIDDEN, "That did not work", reason)
        };
        is_own.then_some(()).ok_or_else(refused)
    }

    /// Checks that a page is the one that this browser was shown, a while ago at most.
    fn checked(&self, asking: &Asking, headers: &HeaderMap) -> Result<(), Page> {
        let is_current = self.is_same_browser(&asking.browser, headers) && asking.expires > now();
        is_current.then_some(()).ok_or_else(Page::too_old)
    }

    /// Returns whether a browser is the one with this digest.
    pub(super) fn is_same_browser(&self, digested: &str, headers: &HeaderMap) -> bool {
        self.browser(headers).is_some_and(|cookie| digest(cookie) == digested)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::http::auth::clients::{self, Client};
    use crate::transport::http::auth::tests::auth;

    #[test]
    fn a_page_is_good_for_ten_minutes_in_the_browser_that_was_shown_it() {
        let (auth, cookie) = (auth(), "c".repeat(32));
        let mut headers = HeaderMap::new();
        headers.insert("cookie", format!("__Host-oncehub-sign-in={cookie}").parse().unwrap());
        let shown = |cookie: &str, expires| {
            let standing = clients::Standing::Local;
            let client = Client { id: "c-1".into(), name: "App".into(), standing };
            let (redirect, challenge) = ("http://localhost/cb".into(), digest("v"));
            Asking { client, redirect, state: None, challenge, read_only: false, browser: digest(cookie), expires }
        };
        assert!(auth.checked(&shown(&cookie, now() + 60), &headers).is_ok());
        for (what, asking) in
            [("it is too old", shown(&cookie, now())), ("it is another browser's", shown("another", now() + 60))]
        {
            let page = auth.checked(&asking, &headers).unwrap_err();
            assert!(page.status == 400 && page.html.contains("more than ten minutes"), "{what}: {}", page.html);
        }
    }
}
