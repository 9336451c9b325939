//! A person, as the identity provider knows them.

use std::collections::HashSet;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::{Map as Object, Value};

use super::map::Rules;
use crate::transport::http::auth::grant::digest;

/// A person whom the identity provider has recognized, with what the map needs to find them again.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(in crate::transport::http::auth) struct Person {
    /// The provider, by its address in the settings.
    pub(super) issuer: String,
    /// Their id there.
    pub(super) subject: String,
    /// Their address, if the provider has verified it.
    pub(super) email: Option<String>,
    /// Those of their groups that the map was about when they signed in.
    pub(super) groups: Vec<String>,
    /// The groups that the map was about then, and those before the rule about them, by [`Rules::asked`] and
    /// [`Rules::passed`].
    pub(super) asked: String,
    pub(super) passed: String,
}

/// A person, and the address that the provider has not verified, if it is that.
pub(super) struct Recognized {
    pub(super) person: Person,
    pub(super) unverified: Option<String>,
}

impl Person {
    /// Returns what tells this person from all others, and says nothing of them.
    pub(in crate::transport::http::auth) fn digest(&self) -> String {
        digest(&format!("{} {}", self.issuer, self.subject))
    }

    /// Returns what their sign-ins are known by. No key has a space.
    pub(in crate::transport::http::auth) fn owner(&self) -> SecretString {
        format!("{} {}", self.issuer, self.subject).into()
    }

    /// Returns what they are called on a page.
    pub(super) fn shown(&self) -> &str {
        self.email.as_deref().unwrap_or(&self.subject)
    }
}

impl Recognized {
    /// Reads who a person is in the claims of the provider.
    pub(super) fn new(issuer: &str, subject: &str, claims: &Object<String, Value>, rules: &Rules) -> Self {
        // In letters that do not only look like another's.
        let is_address = |email: &&str| email.contains('@') && email.bytes().all(|byte| byte.is_ascii_graphic());
        let email = claims.get("email").and_then(Value::as_str).filter(is_address);
        let is_verified = match claims.get(rules.verified_claim()) {
            Some(Value::Bool(verified)) => *verified,
            // As some providers write it.
            Some(Value::String(verified)) => matches!(&**verified, "true" | "1"),
            Some(Value::Number(verified)) => verified.as_u64() == Some(1),
            _ => false,
        };
        let (verified, unverified) = if is_verified { (email, None) } else { (None, email) };
        let wanted = rules.groups();
        let groups: HashSet<&str> = texts(claims.get(rules.groups_claim())).collect();
        let mut groups: Vec<String> = groups.intersection(&wanted).map(|group| (*group).to_owned()).collect();
        groups.sort();
        let (issuer, subject) = (issuer.to_owned(), subject.to_owned());
        let (asked, passed) = (rules.asked(), String::new());
        let mut person = Person { issuer, subject, email: verified.map(str::to_owned), groups, asked, passed };
        person.passed = rules.passed(&person);
        Self { person, unverified: unverified.map(str::to_owned) }
    }
}

/// Returns the texts of a claim that has one, or a list of them.
fn texts(claim: Option<&Value>) -> impl Iterator<Item = &str> {
    let (one, list) = match claim {
        Some(Value::String(text)) => (Some(text.as_str()), None),
        Some(Value::Array(list)) => (None, Some(list)),
        _ => (None, None),
    };
    one.into_iter().chain(list.into_iter().flatten().filter_map(Value::as_str))
}
