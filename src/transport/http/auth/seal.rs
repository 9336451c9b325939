//! What leaves this server and comes back to it: sealed, so that nobody else can read or make it. Nothing of it is kept
//! here, and any server with the same secret opens it.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::store::Owner;
use crate::transport::http::watched::Watched;

/// The shortest secret, in characters: `openssl rand -hex 32` makes 64.
const SHORTEST: usize = 32;

/// The most secrets in a file.
const MOST: usize = 10;

/// The longest text that is opened, in bytes.
pub(super) const LONGEST: usize = 8 << 10;

/// The length of the name of a secret, in bytes.
const NAME: usize = 4;

/// The length of a nonce, in bytes: long enough to be drawn at random, on any number of servers.
const NONCE: usize = 24;

/// What is derived from a secret besides keys of seals: what makes clients' secrets, and what makes the names of owners.
const CLIENT_SECRET: &str = "client secret";
const OWNER: &str = "owner";

/// What a sealed text is for. One of them never opens as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::EnumIter)]
pub(in crate::transport::http) enum Purpose {
    /// The id of a client that has registered itself.
    Client,
    /// The page that asks for a key.
    Asking,
    /// The page that asks whether the account is the right one. It holds the key.
    Confirming,
    /// The cookie of a person who is at the identity provider.
    Going,
    /// The page that asks who wants to see their sign-ins.
    Looking,
    /// The page that lists them.
    Present,
    /// A code, which a client trades for tokens.
    Code,
    /// A token that a request brings.
    Access,
    /// A token for new tokens.
    Refresh,
}

impl Purpose {
    /// Returns how such a text begins, so that people and scanners see what they have found.
    pub(in crate::transport::http) fn prefix(self) -> &'static str {
        match self {
            Self::Client => "oncehub_client_",
            Self::Asking => "oncehub_asking_",
            Self::Confirming => "oncehub_confirming_",
            Self::Going => "oncehub_going_",
            Self::Looking => "oncehub_looking_",
            Self::Present => "oncehub_present_",
            Self::Code => "oncehub_code_",
            Self::Access => "oncehub_access_",
            Self::Refresh => "oncehub_refresh_",
        }
    }
}

/// The server's secrets: the first seals, and all open, so that a new one can come before the old one goes. Clones share
/// them.
#[derive(Clone)]
pub struct Secrets(Source);

#[derive(Clone)]
enum Source {
    Drawn(Arc<[Secret]>),
    File(Arc<Watched<Arc<[Secret]>, BadSecrets>>),
}

/// A secret, from which a key for each purpose is derived.
struct Secret {
    name: [u8; NAME],
    root: Hkdf<Sha256>,
}

/// Secrets are told apart by their names, which are derived from them.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// The reason secrets cannot be used. It names the file, never a secret.
#[derive(Debug, thiserror::Error)]
pub enum BadSecrets {
    /// The file cannot be read.
    #[error("the file {path} cannot be read: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error message.
        reason: String,
    },
    /// The file holds none.
    #[error("the file {0} is empty")]
    Empty(PathBuf),
    /// The file holds too many.
    #[error("there are more than {MOST} of them, one on each line")]
    TooMany,
    /// A secret is too short.
    #[error("a secret of {0} characters can be guessed: use at least {SHORTEST}, as `openssl rand -hex 32` makes them")]
    Short(usize),
    /// The system has no random numbers.
    #[error("the system's random source failed")]
    NoRandomness,
}

/// The reason nothing can be sealed.
#[derive(Debug, thiserror::Error)]
#[error("the system's random source failed")]
pub(super) struct Unsealed;

impl Secrets {
    /// Draws a secret that ends with the process.
    ///
    /// # Errors
    /// If the system's random source fails.
    pub fn drawn() -> Result<Self, BadSecrets> {
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *secret).map_err(|_| BadSecrets::NoRandomness)?;
        Ok(Self(Source::Drawn([Secret::of(&*secret)].into())))
    }

    /// Reads the secrets in a file, one on each line, which is read again when it changes.
    ///
    /// # Errors
    /// If the file cannot be read, or holds a secret that can be guessed.
    pub fn of_file(path: &Path) -> Result<Self, BadSecrets> {
        let file = path.to_owned();
        let watched = Watched::new("list of secrets", vec![path.to_owned()], move || read(&file))?;
        Ok(Self(Source::File(Arc::new(watched))))
    }

    /// Reads the file again now, if there is one.
    pub fn reload(&self) {
        if let Source::File(file) = &self.0 {
            file.reload();
        }
    }

    fn current(&self) -> Arc<[Secret]> {
        match &self.0 {
            Source::Drawn(secrets) => Arc::clone(secrets),
            Source::File(file) => file.current(),
        }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

fn read(path: &Path) -> Result<Arc<[Secret]>, BadSecrets> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| BadSecrets::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
    let text = Zeroizing::new(text);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    match lines.iter().map(|line| line.len()).min() {
        None => Err(BadSecrets::Empty(path.to_owned())),
        Some(_) if lines.len() > MOST => Err(BadSecrets::TooMany),
        Some(shortest) if shortest < SHORTEST => Err(BadSecrets::Short(shortest)),
        Some(_) => Ok(lines.iter().map(|line| Secret::of(line.as_bytes())).collect()),
    }
}

impl Secret {
    fn of(bytes: &[u8]) -> Self {
        let root = Hkdf::new(None, bytes);
        let mut name = [0; NAME];
        derive(&root, "name", &mut name);
        Self { name, root }
    }

    fn cipher(&self, purpose: Purpose) -> XChaCha20Poly1305 {
        let mut key = Zeroizing::new([0; 32]);
        derive(&self.root, purpose.prefix(), &mut *key);
        XChaCha20Poly1305::new((&*key).into())
    }

    fn mac(&self, what: &str, text: &str) -> Hmac<Sha256> {
        let mut key = Zeroizing::new([0; 64]);
        derive(&self.root, what, &mut *key);
        let mut mac = Hmac::<Sha256>::new((&*key).into());
        mac.update(text.as_bytes());
        mac
    }
}

fn derive(root: &Hkdf<Sha256>, what: &str, key: &mut [u8]) {
    // It only fails for keys of more than 8,160 bytes.
    let _ = root.expand_multi_info(&[b"oncehub-mcp sign-in 1: ", what.as_bytes()], key);
}

/// The server's seal.
#[derive(Clone, Debug)]
pub(super) struct Seal {
    secrets: Secrets,
    /// The server's own address: what another server has sealed with the same secret does not open here.
    issuer: Arc<str>,
}

impl Seal {
    pub(super) fn new(secrets: Secrets, issuer: &str) -> Self {
        Self { secrets, issuer: issuer.into() }
    }

    /// Seals a value.
    pub(super) fn seal<T: Serialize>(&self, purpose: Purpose, value: &T) -> Result<String, Unsealed> {
        let secrets = self.secrets.current();
        let secret = secrets.first().ok_or(Unsealed)?;
        let plain = Zeroizing::new(serde_json::to_vec(value).map_err(|_| Unsealed)?);
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|_| Unsealed)?;
        let bound = self.bound(purpose);
        let payload = Payload { msg: &plain, aad: bound.as_bytes() };
        let sealed = secret.cipher(purpose).encrypt(&XNonce::from(nonce), payload).map_err(|_| Unsealed)?;
        Ok(purpose.prefix().to_owned() + &BASE64.encode([&secret.name[..], &nonce, &sealed].concat()))
    }

    /// Opens what was sealed for this purpose by this server, or by another one with the same secret and address.
    pub(super) fn open<T: DeserializeOwned>(&self, purpose: Purpose, text: &str) -> Option<T> {
        let text = text.strip_prefix(purpose.prefix()).filter(|text| text.len() <= LONGEST)?;
        let bytes = BASE64.decode(text).ok()?;
        let (name, bytes) = bytes.split_first_chunk::<NAME>()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
        let secrets = self.secrets.current();
        let secret = secrets.iter().find(|secret| secret.name == *name)?;
        let bound = self.bound(purpose);
        let payload = Payload { msg: sealed, aad: bound.as_bytes() };
        let plain = Zeroizing::new(secret.cipher(purpose).decrypt(&XNonce::from(*nonce), payload).ok()?);
        serde_json::from_slice(&plain).ok()
    }

    /// Returns the secret of the client with this id.
    pub(super) fn secret_of(&self, client: &str) -> Option<String> {
        let secrets = self.secrets.current();
        secrets.first().map(|secret| BASE64.encode(secret.mac(CLIENT_SECRET, client).finalize().into_bytes()))
    }

    /// Returns whether this is the secret of the client with this id.
    pub(super) fn is_secret_of(&self, client: &str, text: &str) -> bool {
        let Ok(bytes) = BASE64.decode(text) else { return false };
        self.secrets.current().iter().any(|secret| {
            let mac = secret.mac(CLIENT_SECRET, client).finalize().into_bytes();
            mac.as_slice().ct_eq(&bytes).into()
        })
    }

    /// Returns who is behind what a person has shown, as each of the secrets says it: the first one first.
    pub(super) fn owners(&self, shown: &SecretString) -> Vec<Owner> {
        let secrets = self.secrets.current();
        let owner = |secret: &Secret| {
            let mac = secret.mac(OWNER, shown.expose_secret());
            Owner(BASE64.encode(mac.finalize().into_bytes()))
        };
        secrets.iter().map(owner).collect()
    }

    /// Returns what a sealed text is bound to, besides its content.
    fn bound(&self, purpose: Purpose) -> String {
        format!("1 {} {}", purpose.prefix(), self.issuer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use strum::IntoEnumIterator as _;

    use super::*;

    const ISSUER: &str = "https://mcp.example.com";
    const OLD: &str = "0123456789abcdef0123456789abcdef-old";
    const NEW: &str = "0123456789abcdef0123456789abcdef-new";

    fn seal() -> Seal {
        Seal::new(Secrets::drawn().unwrap(), ISSUER)
    }

    #[test]
    fn what_is_sealed_opens_for_its_purpose_alone() {
        let seal = seal();
        for purpose in Purpose::iter() {
            let sealed = seal.seal(purpose, &"k-1").unwrap();
            assert!(!sealed.contains("k-1") && sealed.bytes().all(|byte| byte.is_ascii_graphic()), "{sealed}");
            assert_ne!(sealed, seal.seal(purpose, &"k-1").unwrap());
            for other in Purpose::iter() {
                let renamed = sealed.replacen(purpose.prefix(), other.prefix(), 1);
                let opened = seal.open::<String>(other, &renamed);
                assert_eq!(opened.as_deref(), (purpose == other).then_some("k-1"), "{purpose:?} as {other:?}");
            }
        }
    }

    #[test]
    fn another_secret_or_address_opens_nothing() {
        let (one, other) = (seal(), seal());
        let sealed = one.seal(Purpose::Access, &"k-1").unwrap();
        assert_eq!(other.open::<String>(Purpose::Access, &sealed), None);
        let elsewhere = Seal::new(one.secrets.clone(), "https://mcp.example.org");
        assert_eq!(elsewhere.open::<String>(Purpose::Access, &sealed), None);
        assert_eq!(one.open::<String>(Purpose::Access, &sealed).as_deref(), Some("k-1"));
    }

    #[test]
    fn no_bit_of_it_can_be_changed() {
        let seal = seal();
        let sealed = seal.seal(Purpose::Code, &"k-1").unwrap();
        let (prefix, text) = sealed.split_at(Purpose::Code.prefix().len());
        let bytes = BASE64.decode(text).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let changed = prefix.to_owned() + &BASE64.encode(bytes);
            assert_eq!(seal.open::<String>(Purpose::Code, &changed), None, "bit {bit}");
        }
    }

    #[test]
    fn a_new_secret_seals_and_an_old_one_opens_until_it_goes() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), OLD).unwrap();
        let secrets = Secrets::of_file(file.path()).unwrap();
        let seal = Seal::new(secrets.clone(), ISSUER);
        let opens = |sealed: &str| seal.open::<String>(Purpose::Access, sealed).is_some();
        let (before, secret) = (seal.seal(Purpose::Access, &"k-1").unwrap(), seal.secret_of("client").unwrap());
        std::fs::write(file.path(), format!("{NEW}\n{OLD}\n")).unwrap();
        secrets.reload();
        let after = seal.seal(Purpose::Access, &"k-1").unwrap();
        assert!(opens(&before) && opens(&after) && seal.is_secret_of("client", &secret));
        for broken in ["", "short", &format!("{NEW}\nshort"), &format!("{NEW}\n").repeat(11)] {
            std::fs::write(file.path(), broken).unwrap();
            secrets.reload();
            assert!(opens(&before) && opens(&after), "{broken:?}");
        }
        std::fs::write(file.path(), NEW).unwrap();
        secrets.reload();
        assert!(!opens(&before) && opens(&after) && !seal.is_secret_of("client", &secret));
    }

    #[test]
    fn a_secret_is_one_clients() {
        let seal = seal();
        let secret = seal.secret_of("one").unwrap();
        assert!(seal.is_secret_of("one", &secret) && !seal.is_secret_of("other", &secret));
        assert!(!seal.is_secret_of("one", "") && !seal.is_secret_of("one", &secret[1..]));
    }

    #[test]
    fn secrets_are_in_no_output() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "a-short-one").unwrap();
        let refused = Secrets::of_file(file.path()).unwrap_err();
        assert!(!format!("{refused} {refused:?}").contains("a-short-one"));
        std::fs::write(file.path(), OLD).unwrap();
        assert!(!format!("{:?}", Seal::new(Secrets::of_file(file.path()).unwrap(), ISSUER)).contains("0123456789"));
    }

    proptest! {
        #[test]
        fn nothing_else_opens(bytes in prop::collection::vec(any::<u8>(), 0..200), text in ".{0,200}") {
            let seal = seal();
            for purpose in Purpose::iter() {
                let made_up = purpose.prefix().to_owned() + &BASE64.encode(&bytes);
                prop_assert_eq!(seal.open::<serde_json::Value>(purpose, &made_up), None);
                prop_assert_eq!(seal.open::<serde_json::Value>(purpose, &text), None);
                let prefixed = purpose.prefix().to_owned() + &text;
                prop_assert_eq!(seal.open::<serde_json::Value>(purpose, &prefixed), None);
            }
        }
    }
}
