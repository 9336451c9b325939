//! Sign-in by the company's identity provider: this server stays the one that hosts know, and its page sends people on to
//! one provider (OpenID Connect), which says who they are.
//!
//! Reading order: the [`map`] turns a [`person`] into a [`key`] of the operator's, a OnceHub user and what they may do.
//! [`way`] sends a person to the provider and takes them back, for whatever they are asked there for; [`upstream`] is
//! what the provider is asked itself, and [`claims`] whether to believe it. [`connect`] does with them what is done with
//! a key elsewhere. What goes wrong is a [`problem`] in the log, and a [`page`] for the person.

mod claims;
mod connect;
mod key;
mod map;
mod page;
mod person;
mod problem;
mod upstream;
mod way;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use moka::sync::Cache;
use secrecy::SecretString;
use url::Url;

pub use key::BadKey;
pub use map::{BadMap, Map};
pub(super) use person::Person;
pub(super) use way::Errand;

use super::grant::{Grant, Held, now};
use super::{Agreed, Auth, Desk, PAGE, redirect};
use crate::transport::http::Backend;
use crate::transport::http::tokens::same;
use crate::transport::http::watched::Watched;
use map::{Mapped, NotMapped};
use upstream::Upstream;

/// The longest secret of this server's at the provider, in bytes.
const LONGEST: usize = 1024;

/// How many people who have come back are remembered.
const ANSWERED: u64 = 100_000;

/// The settings of the identity provider.
#[derive(Debug)]
pub struct ProviderSettings {
    /// Its address, as it writes it in its tokens.
    pub issuer: String,
    /// What people call it, if it is not its host.
    pub name: Option<String>,
    /// This server's id there.
    pub client: String,
    /// This server's secret there.
    pub secret: ClientSecret,
    /// What it is asked for.
    pub scopes: String,
    /// Whom this server lets in.
    pub map: Map,
    /// How long a person stays signed in before the provider is asked again.
    pub stay: Duration,
}

/// The secret with which this server shows the provider who it is. Clones share it.
#[derive(Clone, Debug)]
pub struct ClientSecret(Arc<Watched<Shared, BadClientSecret>>);

#[derive(Clone)]
struct Shared(Arc<SecretString>);

impl PartialEq for Shared {
    fn eq(&self, other: &Self) -> bool {
        same(&self.0, &other.0)
    }
}

/// The reason the secret cannot be used. It never shows it.
#[derive(Debug, thiserror::Error)]
pub enum BadClientSecret {
    /// The file cannot be read.
    #[error("the file {path} cannot be read: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error message.
        reason: String,
    },
    /// The file holds none.
    #[error("the file {0} has to hold the client's secret, in one line")]
    NotASecret(PathBuf),
}

/// The reason a provider's address cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadProvider {
    /// It is no address of a provider.
    #[error("'{0}' is no provider's address: write it as the provider does, like https://login.example.com")]
    Address(String),
    /// Others could read what is sent there.
    #[error("'{0}': what the provider says must not travel unencrypted: write https")]
    PlainHttp(String),
    /// No requests can be made.
    #[error("no requests can be made: {0}")]
    Client(String),
}

/// Returns the route by which people come back.
pub(super) fn routes<B: Backend>() -> Router<Desk<B>> {
    Router::new().route(way::PATH, get(way::arrive::<B>))
}

/// The identity provider.
pub(super) struct Provider {
    name: String,
    settings: ProviderSettings,
    upstream: Upstream,
    /// The states of people who have come back.
    answered: Cache<String, ()>,
}

impl ClientSecret {
    /// Reads the secret in a file, which is read again when it changes.
    ///
    /// # Errors
    /// If it cannot be read, or there is none.
    pub fn of_file(path: &Path) -> Result<Self, BadClientSecret> {
        let file = path.to_owned();
        let load = move || {
            let text = std::fs::read_to_string(&file)
                .map_err(|error| BadClientSecret::Unreadable { path: file.clone(), reason: error.to_string() })?;
            let text = text.trim();
            let is_secret = !text.is_empty() && text.len() <= LONGEST && !text.chars().any(char::is_control);
            is_secret.then(|| Shared(Arc::new(text.into()))).ok_or_else(|| BadClientSecret::NotASecret(file.clone()))
        };
        Ok(Self(Arc::new(Watched::new("client secret", vec![path.to_owned()], load)?)))
    }

    /// Reads it again now.
    pub fn reload(&self) {
        self.0.reload();
    }

    fn current(&self) -> Arc<SecretString> {
        self.0.current().0
    }
}

impl ProviderSettings {
    /// Checks a provider's address.
    ///
    /// # Errors
    /// If there can be none, or others could read what is sent there.
    pub fn check_issuer(text: &str) -> Result<(), BadProvider> {
        // As it stands: other writings that a browser takes for it, no provider has for its name.
        let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        let url = Url::parse(text).ok().filter(|url| {
            let is_bare = url.query().is_none() && url.fragment().is_none();
            is_plain && url.host().is_some() && is_bare && url.username().is_empty() && url.password().is_none()
        });
        match url.as_ref().map(Url::scheme) {
            Some("https") if text.starts_with("https://") => Ok(()),
            Some("http") if redirect::is_loopback(text) => Ok(()),
            Some("http") => Err(BadProvider::PlainHttp(text.to_owned())),
            _ => Err(BadProvider::Address(text.to_owned())),
        }
    }
}

impl Provider {
    /// # Errors
    /// If no requests can be made, for instance since this system has no certificate authorities.
    pub(super) fn new(settings: ProviderSettings) -> Result<Self, BadProvider> {
        let host = Url::parse(&settings.issuer).ok().and_then(|url| url.host_str().map(str::to_owned));
        let name = settings.name.clone().or(host).unwrap_or_else(|| settings.issuer.clone());
        let upstream = Upstream::new(&settings.issuer).map_err(BadProvider::Client)?;
        let answered = Cache::builder().max_capacity(ANSWERED).time_to_live(PAGE).build();
        Ok(Self { name, settings, upstream, answered })
    }

    /// Asks the provider once how it is described, so that the operator learns before anybody else does if it cannot be
    /// used.
    pub(super) async fn greet(&self) {
        match self.upstream.described().await {
            Ok(_) => tracing::info!(issuer = self.settings.issuer, "the identity provider has been found"),
            Err(problem) => {
                tracing::warn!(issuer = self.settings.issuer, %problem, "nobody can sign in: the identity provider cannot be used");
            }
        }
    }

    /// Returns what a person is served with, as the map has it now.
    fn mapped(&self, person: &Person) -> Result<Mapped, NotMapped> {
        if person.issuer != self.settings.issuer {
            return Err(NotMapped::Nobody);
        }
        self.settings.map.current().of(person)
    }
}

impl Auth {
    /// Returns whether a sign-in that was made then is good still, as far as the identity provider is concerned.
    pub(super) fn is_recent(&self, made: u64) -> bool {
        self.provider.as_ref().is_none_or(|provider| made.saturating_add(provider.settings.stay.as_secs()) > now())
    }

    /// Returns what a grant is good for now: the key, and what its person may do with it.
    ///
    /// # Errors
    /// Why it is good for nothing any more.
    pub(super) fn opened(&self, grant: Grant) -> Result<(SecretString, Agreed), &'static str> {
        // Its person could not see it any more, nor end it; and who had that secret may have made it.
        if !self.seal.owners(&grant.held.shown()).contains(&grant.owner) {
            return Err("the secret of this server has been replaced since you signed in: sign in again");
        }
        match (grant.held, &self.provider) {
            (Held::Key(key), None) => {
                let agreed = Agreed { me: grant.me, zone: grant.zone, read_only: grant.read_only, person: None };
                Ok((key, agreed))
            }
            (Held::Person(person), Some(provider)) => {
                if !self.is_recent(grant.made) {
                    return Err("the identity provider has to say again who you are: sign in again");
                }
                let mapped = provider.mapped(&person).map_err(|_| GONE)?;
                let agreed = Agreed {
                    me: Some(mapped.me),
                    zone: mapped.zone,
                    read_only: grant.read_only || mapped.read_only,
                    person: Some(person.digest().into()),
                };
                Ok((mapped.key, agreed))
            }
            _ => Err("people sign in here in another way now: sign in again"),
        }
    }
}

/// Why the map ends a sign-in.
const GONE: &str = "the operator of this server does not let you in any more, or not with what the identity provider said of you \
    when you signed in: ask them, or sign in again";

#[cfg(test)]
mod tests;
