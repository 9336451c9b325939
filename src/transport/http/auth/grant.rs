//! What a person has agreed to, in the forms in which it leaves this server.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::exposed;
use super::oidc::Person;
use super::seal::Unsealed;
use crate::store::{KEEP, Owner, SignIn};

/// How long a code is good for.
pub(super) const CODE: Duration = Duration::from_mins(1);
/// How long a refresh token is good for after it was handed out.
pub(super) const REFRESH: Duration = KEEP;
/// How long a person stays signed in at most.
pub(super) const LONGEST: Duration = Duration::from_hours(180 * 24);

/// What OnceHub is opened with.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Held {
    /// The person's own key.
    Key(#[serde(with = "exposed")] SecretString),
    /// A key of the operator's, which the map names for this person at each request.
    Person(Person),
}

impl Held {
    /// Returns what its owner is derived from.
    pub(super) fn shown(&self) -> SecretString {
        match self {
            Self::Key(key) => key.clone(),
            Self::Person(person) => person.owner(),
        }
    }
}

/// What a person has agreed to: with which key, as whom, and what may be done.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Grant {
    /// Its id, under which notes of it are kept. It is in no log.
    pub(super) id: String,
    pub(super) held: Held,
    /// Whose it is, as it was when it was made: the secret that says so may have been replaced.
    pub(super) owner: Owner,
    /// Who `me` is, if the person has said so.
    pub(super) me: Option<String>,
    /// The zone of replies, if the person has said so.
    pub(super) zone: Option<String>,
    /// Whether nothing may be changed.
    pub(super) read_only: bool,
    /// The client, by [`digest`] of its id.
    pub(super) client: String,
    /// The client's name, as the person was shown it.
    pub(super) app: String,
    /// When it was made, in seconds since 1970.
    pub(super) made: u64,
}

/// A code: a grant on its way to the client that asked for it.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Code {
    pub(super) grant: Grant,
    pub(super) redirect: String,
    /// The digest of the verifier that the client has to show.
    pub(super) challenge: String,
    pub(super) expires: u64,
}

/// An access token.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Access {
    pub(super) grant: Grant,
    /// Whether the client has asked for less than the person has agreed to: for reading alone.
    pub(super) reads: bool,
    pub(super) expires: u64,
}

/// A refresh token.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Refresh {
    pub(super) grant: Grant,
    /// How many there have been before it.
    pub(super) turn: u64,
    pub(super) expires: u64,
}

impl Grant {
    /// Returns when it ends at the latest.
    pub(super) fn ends(&self) -> u64 {
        self.made.saturating_add(LONGEST.as_secs())
    }

    /// Returns it as it is remembered: without the key.
    pub(super) fn sign_in(&self) -> SignIn {
        SignIn {
            id: self.id.clone(),
            owner: self.owner.clone(),
            app: self.app.clone(),
            made: self.made,
            ends: self.ends(),
            read_only: self.read_only,
        }
    }
}

/// Returns the seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Returns the SHA-256 of a text, as PKCE writes it.
pub(super) fn digest(text: &str) -> String {
    BASE64.encode(Sha256::digest(text))
}

/// Returns a text that nobody can guess.
pub(super) fn unguessable() -> Result<String, Unsealed> {
    let mut bytes = [0; 24];
    getrandom::fill(&mut bytes).map_err(|_| Unsealed)?;
    Ok(BASE64.encode(bytes))
}
