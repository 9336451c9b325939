//! The page on which a person sees their sign-ins, and ends them: first who is there, then what is theirs.

mod list;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::request::Parts;
use hyper::body::Bytes;
use serde::{Deserialize, Serialize};

use super::form::Form;
use super::grant::{digest, now};
use super::oidc::Errand;
use super::page::Page;
use super::seal::Purpose;
use super::{Auth, Desk, PAGE};
use crate::store::{Listed, Owner, Unavailable};
use crate::transport::http::Backend;
use list::{BY_KEY, BY_PROVIDER, Ended, Words};

/// Where the page is.
pub(super) const PATH: &str = "/sign-ins";

/// What a page that asks who is there sends back.
#[derive(Deserialize, Serialize)]
struct Looking {
    /// The browser, by the [`digest`] of its cookie.
    browser: String,
    expires: u64,
}

/// Who is there, as far as the list needs it. It holds no key.
#[derive(Clone, Deserialize, Serialize)]
pub(super) struct Present {
    /// Whose sign-ins they may see: under each of the server's secrets one.
    owners: Vec<Owner>,
    /// Who that is, in words for them.
    name: Option<String>,
    browser: String,
    expires: u64,
}

impl Present {
    /// Says who is there, in the browser with this digest. `name` says it to them.
    pub(super) fn new(owners: Vec<Owner>, name: Option<String>, browser: String) -> Self {
        Self { owners, name, browser, expires: now() + PAGE.as_secs() }
    }
}

/// Handles GET at `/sign-ins`: asks who is there.
pub(super) async fn ask<B: Backend>(State(desk): State<Desk<B>>, request: Request) -> Response {
    let (head, _) = request.into_parts();
    if let Some(elsewhere) = desk.auth.elsewhere(&head) {
        return elsewhere;
    }
    desk.asked_who(&head).unwrap_or_else(|page| page).into_response()
}

/// Handles POST at `/sign-ins`: takes who is there, or what they want to end.
pub(super) async fn decide<B: Backend>(State(desk): State<Desk<B>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let page = match desk.read(body).await {
        Ok(body) => desk.looked(&head, &body).await,
        Err(failure) => Err(Page::told(StatusCode::BAD_REQUEST, FAILED, &failure.description)),
    };
    page.unwrap_or_else(|page| page).into_response()
}

const FAILED: &str = "That did not work";

impl Auth {
    /// Returns the sign-ins of these owners that are good for something.
    pub(super) async fn sign_ins_of(&self, owners: &[Owner]) -> Result<Vec<Listed>, Unavailable> {
        let mut all = self.store.of(owners, now()).await?;
        // Others the identity provider would have to recognize again.
        all.retain(|one| self.is_recent(one.sign_in.made));
        Ok(all)
    }
}

impl<B: Backend> Desk<B> {
    fn asked_who(&self, head: &Parts) -> Result<Page, Page> {
        let broken = |failed| Page::broken(&failed);
        let browser = self.auth.any_browser(&head.headers).map_err(broken)?;
        let looking = Looking { browser: digest(&browser), expires: now() + PAGE.as_secs() };
        let form = self.auth.seal.seal(Purpose::Looking, &looking).map_err(broken)?;
        Ok(self.auth.who_page(&form).with_cookie(&self.auth.cookie(&browser)))
    }

    async fn looked(&self, head: &Parts, body: &Bytes) -> Result<Page, Page> {
        self.auth.checked_origin(&head.headers)?;
        let form = Form::of_body(&head.headers, body);
        let form = form.map_err(|failure| Page::told(StatusCode::BAD_REQUEST, FAILED, &failure.description))?;
        let sealed = form.get("form").unwrap_or_default();
        let is_current = |browser: &str, expires| self.auth.is_same_browser(browser, &head.headers) && expires > now();
        if let Some(looking) = self.auth.seal.open::<Looking>(Purpose::Looking, sealed) {
            if !is_current(&looking.browser, looking.expires) {
                return Err(Page::gone());
            }
            if let Some(provider) = &self.auth.provider {
                return self.auth.send(provider, looking.browser, Errand::SignIns).await;
            }
            let present = self.present_by_key(head, &form, sealed, looking.browser).await?;
            return self.listed(present, None).await;
        }
        let present = self.auth.seal.open::<Present>(Purpose::Present, sealed);
        let present = present.filter(|present| is_current(&present.browser, present.expires)).ok_or_else(Page::gone)?;
        let ended = self.ended(&form, &present).await.map_err(|failed| Page::unknown(failed, self.words(), true))?;
        self.listed(present, ended.as_ref()).await
    }

    /// Returns who is there, by the key that they have shown.
    async fn present_by_key(&self, head: &Parts, form: &Form, sealed: &str, browser: String) -> Result<Present, Page> {
        let proof = self.proof(form, self.network(head)).await;
        let proof = proof.map_err(|none| Page::who(sealed, Some(&none.problem)).with_status(none.status))?;
        Ok(Present::new(self.auth.seal.owners(&proof.key), proof.account, browser))
    }

    /// Returns the list of somebody's sign-ins, after they have ended some.
    pub(super) async fn listed(&self, present: Present, ended: Option<&Ended>) -> Result<Page, Page> {
        let all = self.auth.sign_ins_of(&present.owners).await;
        let all = all.map_err(|failed| Page::unknown(failed, self.words(), false))?;
        let form = self.auth.seal.seal(Purpose::Present, &present).map_err(|failed| Page::broken(&failed))?;
        let (name, forgets) = (present.name.as_deref(), self.auth.store.is_of_process());
        Ok(Page::list(&all, self.words(), name, &form, forgets, ended))
    }

    fn words(&self) -> &'static Words {
        if self.auth.has_provider() { BY_PROVIDER } else { BY_KEY }
    }

    /// Ends what a form says, if it is theirs.
    async fn ended(&self, form: &Form, present: &Present) -> Result<Option<Ended>, Unavailable> {
        let store = &self.auth.store;
        let ended = match (form.get("end"), form.get("decision")) {
            (Some(id), _) => {
                let all = self.auth.sign_ins_of(&present.owners).await?;
                let Some(Listed { sign_in, .. }) = all.into_iter().find(|one| one.sign_in.id == id) else {
                    return Ok(Some(Ended::Before));
                };
                store.end(&sign_in, now()).await?;
                Ended::One(sign_in.app)
            }
            (None, Some("all")) => {
                store.end_all(&present.owners, now()).await?;
                Ended::All
            }
            _ => return Ok(None),
        };
        self.auth.look().await;
        Ok(Some(ended))
    }
}
