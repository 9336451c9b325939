//! What a person shows to say who is there: a key, which OnceHub is asked about.

use std::net::IpAddr;

use http::StatusCode;
use secrecy::SecretString;

use super::form::Form;
use super::{Desk, KeyProblem};
use crate::transport::http::Backend;

/// A key that OnceHub accepts.
pub(super) struct Proof {
    pub(super) key: SecretString,
    /// The account, as OnceHub names it.
    pub(super) account: Option<String>,
}

/// The reason nobody is known to be there, in words for the person.
pub(super) struct NoProof {
    pub(super) status: StatusCode,
    pub(super) problem: String,
}

impl NoProof {
    fn new(status: StatusCode, problem: impl Into<String>) -> Self {
        Self { status, problem: problem.into() }
    }
}

impl<B: Backend> Desk<B> {
    /// Checks the key in a form.
    pub(super) async fn proof(&self, form: &Form, network: IpAddr) -> Result<Proof, NoProof> {
        let keys = &self.shared.settings.keys;
        let key = keys.read_key(form.get("key").unwrap_or_default());
        let key = key.map_err(|problem| NoProof::new(StatusCode::BAD_REQUEST, problem))?;
        let caller = keys.caller(key.clone(), network);
        if self.auth.guesses.are_over(network, &caller.tenant) {
            return Err(NoProof::new(
                StatusCode::TOO_MANY_REQUESTS,
                "Too many keys that OnceHub does not accept have been sent from your network. Try again in ten minutes.",
            ));
        }
        match self.shared.backend.owner(&caller).await {
            Ok(account) => Ok(Proof { key, account }),
            Err(KeyProblem::Rejected) => {
                self.auth.guesses.add(network, &caller.tenant);
                Err(NoProof::new(StatusCode::BAD_REQUEST, "OnceHub does not accept this key."))
            }
            Err(KeyProblem::Busy) => Err(NoProof::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "There is no room to ask OnceHub about this key now. Try again in a minute.",
            )),
            Err(KeyProblem::Unknown(reason)) => Err(NoProof::new(
                StatusCode::SERVICE_UNAVAILABLE,
                format!("Whether OnceHub accepts this key is not known: {reason}"),
            )),
        }
    }
}
