//! Who sent a request, determined from the headers of each one.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use http::header::{AUTHORIZATION, HeaderName};
use http::{HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use strum::IntoEnumIterator as _;

use super::auth::{InUse, Purpose};
use super::tokens::{Lease, Token, Tokens, same};
use super::{Agreed, Refusal};

/// The header that carries a OnceHub key.
pub(super) const API_KEY: HeaderName = HeaderName::from_static("api-key");

/// The scheme of `Authorization` that is accepted.
const BEARER: &str = "bearer";

/// The challenge to send a key.
pub(super) const KEY_CHALLENGE: &str = "Bearer realm=\"OnceHub API key\"";

/// The longest key that is accepted.
const LONGEST: usize = 1024;

/// The sender of a request.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The tenant's name, in logs too: a hash of the key under a secret of this process, or of the servers that share a
    /// store, so that it reveals neither the key nor which callers other servers have in common.
    pub tenant: Arc<str>,
    /// The caller's own key; none if the server's is used.
    pub key: Option<SecretString>,
    /// The client's address, or the network that stands for it: see [`super::network`].
    pub network: IpAddr,
    /// What they have agreed to, if they have signed in.
    pub agreed: Option<Agreed>,
    /// Whether its response may be a stream, in which a person can be asked while the call waits.
    pub takes_stream: bool,
    /// The server's token that it sent.
    pub(super) token: Option<Token>,
    /// The sign-in that its token is of.
    pub(super) in_use: Option<Arc<InUse>>,
}

impl Caller {
    /// Counts one more session that ends with the caller's sign-in, or when their token is taken out of its file.
    pub(super) fn lease(&self) -> Option<Lease> {
        let of_sign_in = || self.in_use.as_ref().map(|in_use| Lease::of(Arc::clone(in_use)));
        self.token.as_ref().map(Token::lease).or_else(of_sign_in)
    }

    /// Returns whom the identity provider has recognized, by a digest.
    pub(super) fn person(&self) -> Option<Arc<str>> {
        self.agreed.as_ref()?.person.clone()
    }

    /// Returns whose share of the server's room it takes: of people who share a key, each has their own.
    pub(super) fn share(&self) -> Arc<str> {
        self.person().unwrap_or_else(|| Arc::clone(&self.tenant))
    }
}

/// What a caller has to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A OnceHub key.
    Key,
    /// The server's token.
    Token,
    /// Neither.
    Nothing,
}

impl Wanted {
    /// Returns the challenge to send it.
    fn challenge(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Key | Self::Nothing => KEY_CHALLENGE,
            Self::Token => "Bearer realm=\"token of this server\"",
        })
    }
}

/// A function that returns the key in a header's text, or says why there is none in it.
pub type ReadKey = fn(&str) -> Result<&str, String>;

/// Which keys are accepted.
pub struct Keys {
    /// Keyed with a secret of this process, or of those that share a store.
    hash: Hmac<Sha256>,
    /// Whether callers without a key of their own are served with the server's.
    shares: bool,
    /// The tokens of which they have to send one for that, if any.
    tokens: Option<Tokens>,
    /// Whether people sign in: then `Authorization` carries what sign-in has handed out, and no key.
    beside_sign_in: bool,
    read: ReadKey,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("shares", &self.shares).finish_non_exhaustive()
    }
}

impl Keys {
    /// Creates the rules: callers bring their own keys; with `shares`, those that bring none are served with the
    /// server's, if they send one of `tokens` where there are any. `read` reads both from headers.
    ///
    /// # Errors
    /// If the system's random source fails.
    pub fn new(shares: bool, tokens: Option<Tokens>, read: ReadKey) -> Result<Self, getrandom::Error> {
        let mut secret = [0; 64];
        getrandom::fill(&mut secret)?;
        Ok(Self { hash: Hmac::new(&secret.into()), shares, tokens, beside_sign_in: false, read })
    }

    /// Returns the same rules, under which a caller has the same name at all servers that have this secret in common.
    #[must_use]
    pub fn sharing(mut self, secret: &[u8; 32]) -> Self {
        let mut key = [0; 64];
        if Hkdf::<Sha256>::new(None, secret).expand(b"tenants", &mut key).is_ok() {
            self.hash = Hmac::new(&key.into());
        }
        self
    }

    /// Returns the same rules, for a server at which people sign in.
    #[must_use]
    pub(super) fn beside_sign_in(self) -> Self {
        Self { beside_sign_in: true, ..self }
    }

    /// Returns what a caller has to send.
    pub(super) fn wanted(&self) -> Wanted {
        match (self.shares, &self.tokens) {
            (false, _) => Wanted::Key,
            (true, Some(_)) => Wanted::Token,
            (true, None) => Wanted::Nothing,
        }
    }

    /// Returns the sender of these headers, and removes the keys from them.
    pub(super) fn take(&self, headers: &mut HeaderMap, network: IpAddr) -> Result<Caller, Refusal> {
        self.sender(headers, network).map_err(|refusal| refusal.challenging(self.wanted().challenge()))
    }

    fn sender(&self, headers: &mut HeaderMap, network: IpAddr) -> Result<Caller, Refusal> {
        let key = self.given(headers, &API_KEY)?;
        let bearer = self.given(headers, &AUTHORIZATION)?;
        // Some clients send a header for each setting, filled in or not.
        let empty = [(key.as_ref(), "API-Key"), (bearer.as_ref(), "Authorization")];
        let empty = empty.into_iter().find(|(key, _)| is_empty(*key));
        let carries = |name| if self.beside_sign_in && name == "Authorization" { "a token" } else { "a key" };
        let empty = empty.map(|(_, name)| format!("{name} is empty: it has to carry {}", carries(name)));
        let [key, bearer] = [key, bearer].map(|key| key.filter(|key| !key.expose_secret().is_empty()));
        headers.remove(API_KEY);
        headers.remove(AUTHORIZATION);
        // Nor must one that was replaced be sent to OnceHub as a key.
        if let Some(token) = [&key, &bearer].into_iter().flatten().find_map(|key| self.former_token(key)) {
            let reason = "that token of this server has been replaced: ask its operator for the new one";
            return Err(Refusal::unauthorized(reason).with_token(token));
        }
        let token = bearer.as_ref().and_then(|bearer| self.token(bearer));
        let caller = |key: SecretString| Caller { token: token.clone(), ..self.caller(key, network) };
        let own = || Caller {
            tenant: "own".into(),
            key: None,
            network,
            agreed: None,
            takes_stream: true,
            token: token.clone(),
            in_use: None,
        };
        if key.as_ref().is_some_and(|key| self.is_token(key)) {
            return Err(Refusal::unauthorized(
                "that is this server's token, not a OnceHub key: send it as 'Authorization: Bearer …'",
            ));
        }
        if let (None, None, Some(empty)) = (&key, &bearer, empty) {
            return Err(Refusal::unauthorized(empty));
        }
        match (key, bearer) {
            (Some(key), Some(bearer)) if token.is_none() && !same(&key, &bearer) => {
                Err(Refusal::unauthorized("API-Key and Authorization carry different keys: send one of them"))
            }
            (Some(key), _) => Ok(caller(key)),
            (None, Some(_)) if token.is_some() => Ok(own()),
            // A mistyped token must not be sent to OnceHub as a key.
            (None, Some(_)) if self.tokens.is_some() && self.shares => Err(Refusal::unauthorized(
                "Authorization does not carry this server's token: correct it, or send a OnceHub key of your own as API-Key",
            )),
            (None, Some(bearer)) => Ok(caller(bearer)),
            (None, None) if self.shares && self.tokens.is_none() => Ok(own()),
            (None, None) if self.shares => Err(Refusal::unauthorized(
                "send this server's token as 'Authorization: Bearer …', or a OnceHub API key of your own as 'API-Key: …'",
            )),
            (None, None) if self.beside_sign_in => Err(Refusal::unauthorized(
                "send a OnceHub API key with each request, as 'API-Key: …', or sign in: WWW-Authenticate says where",
            )),
            (None, None) => Err(Refusal::unauthorized(
                "send a OnceHub API key with each request, as 'API-Key: …' or 'Authorization: Bearer …'",
            )),
        }
    }

    /// Returns whether a request carries the server's own token.
    pub(super) fn shows_token(&self, headers: &HeaderMap) -> bool {
        let bearer = self.given(headers, &AUTHORIZATION).ok().flatten();
        bearer.is_some_and(|bearer| self.is_token(&bearer))
    }

    /// Returns the key in a header, which must not appear twice; an empty one if the header has none.
    fn given(&self, headers: &HeaderMap, name: &HeaderName) -> Result<Option<SecretString>, Refusal> {
        let mut values = headers.get_all(name).iter();
        let Some(value) = values.next() else { return Ok(None) };
        let text = value.to_str().unwrap_or_default().trim();
        let text = if *name == AUTHORIZATION { self.credentials(text)? } else { text };
        // A token is whatever the operator has made it.
        let key = if self.tokens.as_ref().is_some_and(|tokens| tokens.known(&text.into()).is_some()) {
            text
        } else {
            (self.read)(text).map_err(Refusal::unauthorized)?
        };
        if is_of_sign_in(key) {
            return Err(Refusal::unauthorized(
                "that is of a sign-in, and no OnceHub key: a token goes to the server that has handed it out, as \
                'Authorization: Bearer …'",
            ));
        }
        if values.next().is_some() || !can_be_key(key) {
            return Err(Refusal::unauthorized(
                "API-Key and Authorization carry one key each, of visible ASCII characters",
            ));
        }
        Ok(Some(key.into()))
    }

    /// Returns the key in a text that a person has filled in.
    ///
    /// # Errors
    /// Why it cannot be one, in words for the person.
    pub(super) fn read_key(&self, text: &str) -> Result<SecretString, String> {
        let placeholder = |_| "That is a placeholder, and no OnceHub API key: paste the key itself.".to_owned();
        match (self.read)(text).map_err(placeholder)? {
            "" => Err("Fill in your OnceHub API key.".to_owned()),
            key if is_of_sign_in(key)
                || !can_be_key(key)
                || self.tokens.as_ref().is_some_and(|tokens| tokens.known(&key.into()).is_some()) =>
            {
                Err("That is not a OnceHub API key.".to_owned())
            }
            key => Ok(key.into()),
        }
    }

    /// Returns what follows the scheme in `Authorization`.
    ///
    /// Some clients send the key alone. Where there is a token, that might be a mistyped one, which must not be sent to
    /// OnceHub.
    fn credentials<'a>(&self, text: &'a str) -> Result<&'a str, Refusal> {
        match text.split_once(' ') {
            _ if text.is_empty() => Ok(""),
            Some((scheme, key)) if scheme.eq_ignore_ascii_case(BEARER) => Ok(key.trim()),
            None if text.eq_ignore_ascii_case(BEARER) => Ok(""),
            None if self.tokens.is_none() && !text.eq_ignore_ascii_case("basic") => Ok(text),
            _ => {
                let scheme = "Authorization has to be 'Bearer …', with a OnceHub API key";
                Err(Refusal::unauthorized((self.read)(text).err().unwrap_or_else(|| scheme.to_owned())))
            }
        }
    }

    /// Has the tokens' file read again if it has changed.
    pub(super) fn look(&self) {
        self.tokens.iter().for_each(Tokens::look);
    }

    fn token(&self, text: &SecretString) -> Option<Token> {
        self.tokens.as_ref()?.find(text)
    }

    fn is_token(&self, text: &SecretString) -> bool {
        self.token(text).is_some()
    }

    /// Returns the token that this was, if it is none any more.
    fn former_token(&self, text: &SecretString) -> Option<Token> {
        let known = self.tokens.as_ref()?.known(text);
        known.filter(|_| !self.is_token(text))
    }

    /// Returns the caller with a key of their own.
    pub(super) fn caller(&self, key: SecretString, network: IpAddr) -> Caller {
        let mut mac = self.hash.clone();
        mac.update(key.expose_secret().as_bytes());
        let mut hash = [0; 16];
        hash.iter_mut().zip(mac.finalize().into_bytes()).for_each(|(byte, from)| *byte = from);
        let tenant = format!("{:032x}", u128::from_be_bytes(hash));
        Caller {
            tenant: tenant.into(),
            key: Some(key),
            network,
            agreed: None,
            takes_stream: true,
            token: None,
            in_use: None,
        }
    }
}

/// Returns whether a text can be a key: a word that a header can carry.
pub(super) fn can_be_key(text: &str) -> bool {
    text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Returns whether a text is one that sign-in has sealed, here or elsewhere: it must not be sent to OnceHub as a key.
fn is_of_sign_in(text: &str) -> bool {
    Purpose::iter().any(|purpose| text.starts_with(purpose.prefix()))
}

/// Whether a header is there, and has no key.
fn is_empty(key: Option<&SecretString>) -> bool {
    key.is_some_and(|key| key.expose_secret().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NETWORK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn keys(shares: bool, token: Option<&str>) -> Keys {
        let read: ReadKey = |text| {
            if text.starts_with('<') { Err("that is a placeholder".into()) } else { Ok(text.trim_matches('"')) }
        };
        Keys::new(shares, token.map(|token| SecretString::from(token).into()), read).unwrap()
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[expect(clippy::option_option, reason = "refused, the server's own key, or this one")]
    fn taken(keys: &Keys, pairs: &[(&'static str, &str)]) -> Option<Option<String>> {
        let mut headers = headers(pairs);
        let caller = keys.take(&mut headers, NETWORK).ok()?;
        assert!(headers.is_empty(), "the key is left in {headers:?}");
        Some(caller.key.map(|key| key.expose_secret().to_owned()))
    }

    #[test]
    fn a_key_comes_in_either_header() {
        let keys = keys(false, None);
        let own = Some(Some("k-1".to_owned()));
        assert_eq!(taken(&keys, &[("api-key", "k-1")]), own);
        assert_eq!(taken(&keys, &[("authorization", "Bearer k-1")]), own);
        assert_eq!(taken(&keys, &[("authorization", "bearer  k-1 ")]), own);
        assert_eq!(taken(&keys, &[("authorization", "Bearer k-1"), ("api-key", "k-1")]), own);
        assert_eq!(taken(&keys, &[("authorization", "k-1")]), own, "no scheme");
        for quoted in ["api-key", "authorization"] {
            assert_eq!(taken(&keys, &[(quoted, "\"k-1\"")]), own);
        }
        for none in [
            &[][..],
            &[("authorization", "Basic azE6")],
            &[("authorization", "Bearer ")],
            &[("authorization", "Bearer")],
            &[("authorization", "basic")],
            &[("authorization", "")],
            &[("authorization", "Key k-1")],
            &[("authorization", "Bearer <key>")],
            &[("api-key", "")],
            &[("api-key", "two words")],
            &[("authorization", "Bearer k-1"), ("api-key", "k-2")],
        ] {
            assert_eq!(taken(&keys, none), None, "{none:?}");
        }
        let mut twice = headers(&[("api-key", "k-1")]);
        twice.append(API_KEY, "k-2".parse().unwrap());
        assert!(keys.take(&mut twice, NETWORK).is_err());
    }

    #[test]
    fn an_empty_header_counts_only_where_no_other_has_a_key() {
        let key = Some(Some("k-1".to_owned()));
        for empty in ["", " ", "Bearer", "Bearer ", "Bearer \"\""] {
            for keys in [keys(false, None), keys(true, None), keys(true, Some("t-1"))] {
                assert_eq!(taken(&keys, &[("authorization", empty), ("api-key", "k-1")]), key, "{empty:?}");
                let refused = keys.take(&mut headers(&[("authorization", empty)]), NETWORK).unwrap_err();
                assert!(format!("{refused:?}").contains("Authorization is empty"), "{empty:?}: {refused:?}");
            }
        }
        for keys in [keys(false, None), keys(true, None)] {
            assert_eq!(taken(&keys, &[("api-key", ""), ("authorization", "Bearer k-1")]), key);
            let refused = keys.take(&mut headers(&[("api-key", " ")]), NETWORK).unwrap_err();
            assert!(format!("{refused:?}").contains("API-Key is empty"), "{refused:?}");
        }
        assert_eq!(taken(&keys(true, Some("t-1")), &[("api-key", ""), ("authorization", "Bearer t-1")]), Some(None));
    }

    #[test]
    fn the_servers_own_key_is_for_those_who_know_its_token() {
        let guarded = keys(true, Some("t-1"));
        assert_eq!(taken(&guarded, &[("authorization", "Bearer t-1")]), Some(None));
        assert_eq!(taken(&guarded, &[("api-key", "k-1")]), Some(Some("k-1".into())));
        assert_eq!(taken(&guarded, &[("authorization", "Bearer t-1"), ("api-key", "k-1")]), Some(Some("k-1".into())));
        assert_eq!(taken(&guarded, &[("authorization", "Bearer t-2")]), None, "a mistyped token goes nowhere");
        assert_eq!(taken(&guarded, &[("api-key", "t-1")]), None, "nor does it as a key");
        assert_eq!(taken(&guarded, &[]), None);
        let open = keys(true, None);
        assert_eq!(taken(&open, &[]), Some(None));
        assert_eq!(taken(&open, &[("authorization", "Bearer k-1")]), Some(Some("k-1".into())));
    }

    #[test]
    fn what_sign_in_has_sealed_is_never_a_key() {
        for keys in [keys(false, None), keys(true, None), keys(true, Some("t-1")), keys(false, None).beside_sign_in()] {
            for purpose in Purpose::iter() {
                let sealed = format!("{}x", purpose.prefix());
                assert_eq!(taken(&keys, &[("api-key", &sealed)]), None, "{sealed}");
                assert_eq!(taken(&keys, &[("authorization", &format!("Bearer {sealed}"))]), None, "{sealed}");
                assert!(keys.read_key(&sealed).is_err(), "{sealed}");
            }
        }
    }

    #[test]
    fn beside_sign_in_a_key_is_asked_for_in_its_own_header() {
        let keys = keys(false, None).beside_sign_in();
        let told = |pairs: &[(&'static str, &str)]| keys.take(&mut headers(pairs), NETWORK).unwrap_err().reason();
        assert_eq!(
            told(&[]),
            "send a OnceHub API key with each request, as 'API-Key: …', or sign in: WWW-Authenticate says where"
        );
        assert_eq!(told(&[("authorization", "Bearer")]), "Authorization is empty: it has to carry a token");
        assert_eq!(told(&[("api-key", "")]), "API-Key is empty: it has to carry a key");
    }

    #[test]
    fn a_word_without_a_scheme_is_a_key_only_where_it_cannot_be_a_token() {
        let lone = [("authorization", "k-1")];
        assert_eq!(taken(&keys(true, None), &lone), Some(Some("k-1".into())));
        for shares in [true, false] {
            assert_eq!(taken(&keys(shares, Some("t-1")), &lone), None);
            let token = headers(&[("authorization", "t-1")]);
            assert!(!keys(shares, Some("t-1")).shows_token(&token), "a token has its scheme");
        }
    }

    #[test]
    fn a_placeholder_is_refused_for_what_it_is() {
        for shares in [true, false] {
            let keys = keys(shares, shares.then_some("t-1"));
            for (name, text) in
                [("api-key", "<key>"), ("authorization", "<your key>"), ("authorization", "Bearer <key>")]
            {
                let refused = keys.take(&mut headers(&[(name, text)]), NETWORK).unwrap_err();
                assert!(format!("{refused:?}").contains("placeholder"), "{text}: {refused:?}");
            }
        }
    }

    #[test]
    fn a_token_may_look_like_anything() {
        for token in ["<token>", "\"t-1\""] {
            let keys = keys(true, Some(token));
            assert_eq!(taken(&keys, &[("authorization", &format!("Bearer {token}"))]), Some(None));
        }
    }

    #[test]
    fn tenants_are_told_apart_and_their_keys_from_nothing() {
        let (one, other) = (keys(false, None), keys(false, None));
        let tenant = |keys: &Keys, key: &str| keys.take(&mut headers(&[("api-key", key)]), NETWORK).unwrap().tenant;
        assert_eq!(tenant(&one, "k-1"), tenant(&one, "k-1"));
        assert_ne!(tenant(&one, "k-1"), tenant(&one, "k-2"));
        assert_ne!(tenant(&one, "k-1"), tenant(&other, "k-1"), "the hash has a secret");
        let debug = format!("{:?}", one.take(&mut headers(&[("api-key", "k-1")]), NETWORK).unwrap());
        assert!(!debug.contains("k-1"), "{debug}");
    }
}
