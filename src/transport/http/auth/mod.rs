//! Sign-in for hosts that send no key of a person's own: an authorization server (OAuth 2.1) of this server's own.
//!
//! Reading order: [`metadata`] tells hosts where people sign in. A host is one of the [`clients`]: the operator's, one of
//! the [`known`], one with a [`document`] of its own, or one that has registered itself ([`registration`]); [`redirect`]
//! says where a browser may be sent. [`authorize`] reads what it asks for, and [`consent`] asks the person, on a [`page`]
//! that needs no script, for a [`proof`] of who is there. Their [`grant`] holds the key, and leaves this server under its
//! [`seal`] only: as a code, and for that as tokens ([`token`]). [`sign_ins`] shows them to the person, who may end them, and
//! what is [`open`] with them ends, too. The little that has to be remembered is in a [`Store`]. Where the company's identity
//! provider says who people are, [`oidc`] takes the place of their keys.

mod authorize;
mod clients;
mod consent;
mod document;
mod exposed;
mod failure;
mod form;
mod grant;
mod guesses;
mod known;
mod metadata;
mod names;
mod oidc;
mod open;
mod page;
mod proof;
mod redirect;
mod registration;
mod seal;
mod sign_ins;
mod token;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use hyper::body::Bytes;
use secrecy::SecretString;

pub use clients::{BadClients, OwnClient, Policy};
pub use oidc::{BadClientSecret, BadKey, BadMap, BadProvider, ClientSecret, Map, ProviderSettings};
pub use seal::{BadSecrets, Secrets};

use super::caller::API_KEY;
use super::limits::Limits;
use super::{Backend, Refusal, Shared, network};
use crate::store::Store;
use clients::Clients;
use failure::Failure;
use grant::{Access, now};
use guesses::Guesses;
use oidc::Provider;
use open::AllInUse;
pub(super) use open::InUse;
pub(super) use seal::Purpose;
use seal::Seal;

/// The largest body of a request to sign in, in bytes.
const BODY: usize = 32 << 10;

/// How long a person may take for the pages.
const PAGE: Duration = Duration::from_mins(10);

/// The settings of sign-in.
#[derive(Debug)]
pub struct SignIn {
    /// The server's own address, as it is compared by hosts: without a path, and without a slash at its end.
    pub issuer: String,
    /// What seals.
    pub secrets: Secrets,
    /// Which clients people may sign in to.
    pub policy: Policy,
    /// The operator's own.
    pub clients: Vec<OwnClient>,
    /// How long an access token is good for.
    pub access: Duration,
    /// Who says who people are, if they sign in without keys of their own.
    pub provider: Option<ProviderSettings>,
    /// What remembers who is signed in.
    pub store: Arc<dyn Store>,
}

/// What a person has agreed to, as far as their requests are served with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Who `me` is.
    pub me: Option<String>,
    /// The zone of replies.
    pub zone: Option<String>,
    /// Whether only what changes nothing is offered.
    pub read_only: bool,
    /// Whom the identity provider has recognized, by a digest: then headers do not say who `me` is.
    pub person: Option<Arc<str>>,
}

/// A field that a person fills in beside the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Who they are.
    Me,
    /// Their zone.
    Zone,
}

/// What a request's token stands for.
#[derive(Debug)]
pub(super) struct SignedIn {
    pub(super) key: SecretString,
    pub(super) agreed: Agreed,
    /// What ends with it.
    pub(super) in_use: Arc<InUse>,
}

/// The reason a key is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyProblem {
    /// OnceHub does not accept it.
    Rejected,
    /// There is no room to ask OnceHub now.
    Busy,
    /// OnceHub has not said.
    Unknown(String),
}

/// The server that people sign in at.
pub(super) struct Auth {
    issuer: Arc<str>,
    seal: Seal,
    clients: Clients,
    store: Arc<dyn Store>,
    access: Duration,
    guesses: Guesses,
    provider: Option<Provider>,
    in_use: AllInUse,
    /// The names that this machine has for itself, if the server is on it alone: its address under each of them.
    names: Vec<String>,
}

/// The desk at which people and clients are served.
struct Desk<B: Backend> {
    shared: Arc<Shared<B>>,
    auth: Arc<Auth>,
}

impl<B: Backend> Clone for Desk<B> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), auth: Arc::clone(&self.auth) }
    }
}

/// Returns the routes of sign-in.
pub(super) fn routes<B: Backend>(shared: &Arc<Shared<B>>, auth: &Arc<Auth>) -> Router<Arc<Shared<B>>> {
    let desk = Desk { shared: Arc::clone(shared), auth: Arc::clone(auth) };
    let resources = metadata::PATHS.into_iter().chain([""]).map(|path| format!("{}{path}", metadata::RESOURCE));
    resources
        .fold(Router::new(), |router, path| router.route(&path, get(metadata::resource::<B>)))
        .route("/.well-known/oauth-authorization-server", get(metadata::server::<B>))
        .route("/.well-known/openid-configuration", get(metadata::server::<B>))
        .route("/register", post(registration::register::<B>))
        .route("/authorize", get(authorize::ask::<B>).post(consent::decide::<B>))
        .route("/token", post(token::token::<B>))
        .route("/revoke", post(token::revoke::<B>))
        .merge(if auth.provider.is_some() { oidc::routes() } else { Router::new() })
        .route(sign_ins::PATH, get(sign_ins::ask::<B>).post(sign_ins::decide::<B>))
        .with_state(desk)
}

impl Auth {
    /// # Errors
    /// If the identity provider cannot be asked anything.
    pub(super) fn new(settings: SignIn) -> Result<Self, BadProvider> {
        Ok(Self {
            seal: Seal::new(settings.secrets, &settings.issuer),
            names: names::of(&settings.issuer),
            issuer: settings.issuer.into(),
            clients: Clients::new(settings.policy, settings.clients),
            store: settings.store,
            access: settings.access,
            guesses: Guesses::default(),
            in_use: AllInUse::default(),
            provider: settings.provider.map(Provider::new).transpose()?,
        })
    }

    /// Returns whether an identity provider says who people are.
    pub(super) fn has_provider(&self) -> bool {
        self.provider.is_some()
    }

    /// Asks the identity provider, if there is one, how it is described.
    pub(super) async fn greet(&self) {
        if let Some(provider) = &self.provider {
            provider.greet().await;
        }
    }

    /// Returns the key of a request that brings a token, and what its person has agreed to; `None` for one that brings
    /// none. Other bearers are refused: they were not made for this server.
    pub(super) async fn bearer(&self, head: &Parts) -> Result<Option<SignedIn>, Refusal> {
        let stale = |reason: &str| self.refusal(head, reason, true);
        let access = match Given::read(&head.headers) {
            Given::Nothing => return Ok(None),
            Given::Bearer(text) => self.seal.open::<Access>(Purpose::Access, text),
            Given::Other => None,
        };
        let Some(Access { grant, expires, reads }) = access else {
            return Err(stale(
                "Authorization has to be 'Bearer …', with a token that this server has handed out: sign in, or send a \
                 OnceHub key as 'API-Key: …'",
            ));
        };
        if head.headers.get(API_KEY).is_some_and(|key| !key.is_empty()) {
            return Err(stale("API-Key and Authorization both say who is calling: send one of them"));
        }
        let unavailable = |_| {
            Refusal::busy(
                StatusCode::SERVICE_UNAVAILABLE,
                "sign_in",
                "it cannot be seen now whether this sign-in has ended: try again",
            )
        };
        if expires <= now() {
            return Err(stale("this token has expired: refresh it, or sign in again"));
        }
        if !self.goes_on(&grant).await.map_err(unavailable)? {
            return Err(stale("this sign-in has ended: sign in again"));
        }
        let in_use = self.in_use.add(&grant);
        let (key, agreed) = self.opened(grant).map_err(stale)?;
        let agreed = Agreed { read_only: agreed.read_only || reads, ..agreed };
        Ok(Some(SignedIn { key, agreed, in_use }))
    }
}

/// What `Authorization` carries.
enum Given<'a> {
    /// Nothing: some clients send a header for each setting, filled in or not.
    Nothing,
    /// What may be a token.
    Bearer(&'a str),
    /// Anything else.
    Other,
}

impl<'a> Given<'a> {
    fn read(headers: &'a HeaderMap) -> Self {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let Some(value) = values.next() else { return Self::Nothing };
        let Ok(text) = value.to_str() else { return Self::Other };
        let (scheme, text) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let is_bearer = scheme.eq_ignore_ascii_case("bearer");
        match text.trim() {
            _ if values.next().is_some() => Self::Other,
            "" if is_bearer || scheme.is_empty() => Self::Nothing,
            text if is_bearer => Self::Bearer(text),
            _ => Self::Other,
        }
    }
}

impl<B: Backend> Desk<B> {
    /// Reads the body of a request.
    async fn read(&self, body: Body) -> Result<Bytes, Failure> {
        let limits = Limits { body: BODY.min(self.shared.settings.limits.body), ..self.shared.settings.limits };
        Ok(limits.read(body).await?)
    }

    /// Returns what stands for the address that a request is from.
    fn network(&self, head: &Parts) -> IpAddr {
        network::of(head, self.shared.settings.door.is_behind_proxy())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::store::InMemory;

    /// All servers of tests have one secret.
    pub(super) static SECRETS: LazyLock<Secrets> = LazyLock::new(|| Secrets::drawn().unwrap());

    /// A server for tests, which remembers in memory.
    pub(super) fn auth() -> Auth {
        Auth::new(SignIn {
            issuer: "https://mcp.example.com".into(),
            secrets: SECRETS.clone(),
            policy: Policy::Any,
            clients: vec![],
            access: Duration::from_hours(1),
            provider: None,
            store: Arc::new(InMemory::default()),
        })
        .unwrap()
    }
}
