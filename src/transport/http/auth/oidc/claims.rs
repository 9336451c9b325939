//! The token with which the provider says who a person is, and whether to believe it.

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, Validation, decode, decode_header};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Map as Object, Value};

use super::problem::Problem;
use super::upstream::Described;

/// The families of algorithms that only the provider can sign with. What is signed with a shared secret, or not at all,
/// anybody could have made.
const FAMILIES: [AlgorithmFamily; 3] = [AlgorithmFamily::Rsa, AlgorithmFamily::Ec, AlgorithmFamily::Ed];

/// What is said of a person.
#[derive(Deserialize)]
pub(super) struct Claims {
    iss: String,
    pub(super) sub: String,
    aud: Value,
    azp: Option<String>,
    nonce: Option<String>,
    #[serde(flatten)]
    pub(super) rest: Object<String, Value>,
}

/// Whether a token is signed with a key that is not known.
pub(super) enum Checked {
    Good(Box<Claims>),
    UnknownKey,
}

/// Checks a token: who has signed it, for whom and until when, and that it is an answer to what was asked.
///
/// # Errors
/// Why it is not good.
pub(super) fn checked(
    token: &SecretString,
    described: &Described,
    client: &str,
    nonce: &str,
) -> Result<Checked, Problem> {
    let token = token.expose_secret();
    let header = decode_header(token).map_err(|_| Problem::Token("it is no JWT, or signed in an unknown way"))?;
    let Some(family) = FAMILIES.into_iter().find(|family| family.algorithms().contains(&header.alg)) else {
        return Err(Problem::Token("it is signed in a way that anybody could have"));
    };
    let named = |key: &&Jwk| header.kid.is_none() || key.common.key_id == header.kid;
    let keys = described.keys.iter().filter(named).filter_map(|key| DecodingKey::from_jwk(key).ok());
    let keys: Vec<DecodingKey> = keys.filter(|key| key.family() == family).collect();
    if keys.is_empty() {
        return Ok(Checked::UnknownKey);
    }
    let rules = rules(header.alg, &described.issuer, client);
    let mut claims = Err(Problem::Token("it is not signed with a key of the provider's"));
    for key in &keys {
        claims = decode::<Claims>(token, key, &rules).map(|token| token.claims).map_err(|error| said(&error));
        if !matches!(claims, Err(Problem::Token(SIGNATURE))) {
            break;
        }
    }
    let claims = claims?;
    if claims.iss != described.issuer {
        return Err(Problem::Token(ISSUER));
    }
    if claims.nonce.as_deref() != Some(nonce) {
        return Err(Problem::Token("it answers another request (nonce)"));
    }
    let is_for_others = matches!(&claims.aud, Value::Array(all) if all.len() > 1);
    if claims.azp.as_deref().is_some_and(|azp| azp != client) || is_for_others && claims.azp.is_none() {
        return Err(Problem::Token("it is for another client (azp)"));
    }
    if claims.sub.is_empty() {
        return Err(Problem::Token("it names nobody (sub)"));
    }
    Ok(Checked::Good(Box::new(claims)))
}

const SIGNATURE: &str = "its signature is not the provider's";
const ISSUER: &str = "it is from another provider (iss)";

fn rules(algorithm: Algorithm, issuer: &str, client: &str) -> Validation {
    let mut rules = Validation::new(algorithm);
    rules.set_issuer(&[issuer]);
    rules.set_audience(&[client]);
    rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    rules.validate_nbf = true;
    rules
}

fn said(error: &jsonwebtoken::errors::Error) -> Problem {
    use jsonwebtoken::errors::ErrorKind;
    Problem::Token(match error.kind() {
        ErrorKind::InvalidSignature => SIGNATURE,
        ErrorKind::ExpiredSignature => "it has expired (exp): compare the clocks",
        ErrorKind::ImmatureSignature => "it is not good yet (nbf): compare the clocks",
        ErrorKind::InvalidIssuer => ISSUER,
        ErrorKind::InvalidAudience => "it is for another client (aud)",
        _ => "it cannot be read, or lacks exp, iss, aud or sub",
    })
}
