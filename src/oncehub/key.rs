//! The API key: where it comes from, and how it is read again after OnceHub has rejected it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper::body::Bytes;
use memchr::memmem;
use parking_lot::RwLock;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::object::replace_texts;
use super::{Placeholder, keychain};

/// The source of the key.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// Nowhere: every call fails and says how to set one.
    Missing,
    /// Unset: the client or the operator has left a placeholder, and every call fails and says which.
    Placeholder(Placeholder),
    /// Given at startup, in the environment or in `.env`.
    Given(SecretString),
    /// A file, read again when OnceHub rejects the key it held.
    File(PathBuf),
    /// The system's keychain, queried again when OnceHub rejects the key it held under this name.
    Keychain(String),
}

/// The key of one account. Neither `Debug` nor any error shows it.
#[derive(Clone, Debug)]
pub struct Key {
    source: Arc<KeySource>,
    /// The key in use and those it replaced: all of them are redacted from OnceHub's responses.
    known: Arc<RwLock<Vec<SecretString>>>,
}

/// The reason a key cannot be used. It names the source, never the key.
#[derive(Debug, thiserror::Error)]
pub enum BadKey {
    /// The key contains characters that cannot be sent in an HTTP header.
    #[error(
        "the API key holds characters that cannot be sent in an HTTP header (is there a line break or a quote in it?)"
    )]
    NotAHeader,
    /// There is a placeholder instead.
    #[error("{0}")]
    Placeholder(Placeholder),
    /// The file cannot be read.
    #[error("the key file {path} cannot be read: {reason}")]
    Unreadable {
        /// The file's path.
        path: PathBuf,
        /// The system's error message.
        reason: String,
    },
    /// The file holds no key.
    #[error("the key file {0} is empty")]
    Empty(PathBuf),
    /// The keychain cannot be queried.
    #[error("the system's keychain cannot be queried for '{name}': {reason}")]
    Locked {
        /// The key's name.
        name: String,
        /// The keychain's error message.
        reason: String,
    },
    /// The keychain holds no key of that name.
    #[error("the system's keychain has no key '{0}': oncehub-mcp install CLIENT --key keychain puts one there")]
    NotInKeychain(String),
}

impl Key {
    /// Creates a key from its source and checks what it holds now, so that a key that could never work fails at
    /// startup.
    ///
    /// # Errors
    /// A key that cannot be a header's value; a file that is unreadable or empty.
    pub fn new(source: KeySource) -> Result<Self, BadKey> {
        let first = read(&source)?;
        if let Some(key) = &first {
            header(key)?;
        }
        Ok(Self { source: Arc::new(source), known: Arc::new(RwLock::new(first.into_iter().collect())) })
    }

    /// Returns the key in use, as a header value that no log prints.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let known = self.known.read();
        known.last().and_then(|key| header(key).ok())
    }

    /// Reads the key again after OnceHub rejected `refused`. Returns true if the source holds another key by now, which
    /// is then the one in use.
    pub(super) fn reload(&self, refused: &HeaderValue) -> bool {
        // Another call may have read the new key already.
        if self.header().as_ref() != Some(refused) {
            return true;
        }
        match read(&self.source).and_then(|key| key.map(|key| Ok((header(&key)?, key))).transpose()) {
            Ok(Some((value, key))) if value != *refused => {
                self.known.write().push(key);
                tracing::info!("read a new API key from its source");
                true
            }
            Ok(_) => false,
            Err(error) => {
                tracing::warn!(%error, "OnceHub rejected the API key");
                false
            }
        }
    }

    /// Returns how many keys there have been: it goes up when another key is read.
    pub(super) fn number(&self) -> usize {
        self.known.read().len()
    }

    /// Returns whether there is no key at all.
    pub fn is_missing(&self) -> bool {
        matches!(self.source.as_ref(), KeySource::Missing | KeySource::Placeholder(_))
    }

    /// Returns the placeholder that is there instead of a key.
    pub fn placeholder(&self) -> Option<Placeholder> {
        if let KeySource::Placeholder(placeholder) = self.source.as_ref() { Some(*placeholder) } else { None }
    }

    /// Returns whether another key is the same now.
    pub fn is_same(&self, other: &Self) -> bool {
        let secret = |key: &Self| key.known.read().last().map(|key| key.expose_secret().to_owned());
        secret(self).is_some_and(|key| secret(other).is_some_and(|other| other == key))
    }

    /// Returns the last four characters of the key in use, by which its owner recognizes it; none for a short key.
    pub fn ending(&self) -> Option<String> {
        let known = self.known.read();
        let key = known.last()?.expose_secret();
        key.get(key.len().checked_sub(4).filter(|rest| *rest >= 8)?..).map(str::to_owned)
    }

    /// Returns `text` with every key that was ever in use redacted, or `None` if it contained none.
    pub fn scrub(&self, text: &str) -> Option<String> {
        let known = self.known.read();
        let mut scrubbed: Option<String> = None;
        for key in known.iter().map(ExposeSecret::expose_secret).filter(|key| key.len() >= SHORTEST) {
            let current = scrubbed.as_deref().unwrap_or(text);
            if current.contains(key) {
                scrubbed = Some(current.replace(key, "[API key]"));
            }
        }
        scrubbed
    }

    /// Returns JSON with every key that was ever in use redacted in its texts, or `None` if it contains none.
    pub(super) fn redacted(&self, json: &Bytes) -> Option<Bytes> {
        let text = str::from_utf8(json).ok().filter(|text| self.may_be_in(text))?;
        let mut json = serde_json::from_str(text).ok()?;
        replace_texts(&mut json, &|text| self.scrub(text));
        serde_json::to_vec(&json).ok().map(Bytes::from)
    }

    /// Whether a key may be in a text of JSON, as it is or behind escapes.
    fn may_be_in(&self, json: &str) -> bool {
        let known = self.known.read();
        let escapes = json.match_indices('\\').filter_map(|(at, _)| json.get(at + 1..));
        known.iter().map(ExposeSecret::expose_secret).filter(|key| key.len() >= SHORTEST).any(|key| {
            let may_stand_for_one = |escape: &str| match escape.as_bytes().first() {
                Some(b'u') => escape.starts_with("u00"),
                Some(other) => key.as_bytes().contains(other),
                None => false,
            };
            memmem::find(json.as_bytes(), key.as_bytes()).is_some() || escapes.clone().any(may_stand_for_one)
        })
    }
}

/// The shortest key that is redacted. Anything shorter also occurs in ordinary words, and redacting it would only make
/// them unreadable. OnceHub's keys are much longer.
const SHORTEST: usize = 6;

fn header(key: &SecretString) -> Result<HeaderValue, BadKey> {
    // `HeaderValue` would take bytes above 127, which servers read as Latin-1, UTF-8 or not at all.
    let text = key.expose_secret();
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(BadKey::NotAHeader);
    }
    let mut value = HeaderValue::from_str(text).map_err(|_| BadKey::NotAHeader)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Returns the key in a text: without spaces and quotes around it.
///
/// # Errors
/// A placeholder.
pub fn key_in(text: &str) -> Result<&str, Placeholder> {
    let text = text.trim();
    let quoted = ['"', '\''].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote));
    let key = quoted.map_or(text, str::trim);
    Placeholder::of(key).map_or(Ok(key), Err)
}

/// Reads the key from its source.
fn read(source: &KeySource) -> Result<Option<SecretString>, BadKey> {
    let alone = |key: &SecretString| Ok(key_in(key.expose_secret()).map_err(BadKey::Placeholder)?.into());
    Ok(Some(match source {
        KeySource::Missing | KeySource::Placeholder(_) => return Ok(None),
        KeySource::Given(key) => alone(key)?,
        KeySource::File(path) => read_file(path)?,
        KeySource::Keychain(name) => match keychain::read(name) {
            Ok(Some(key)) => alone(&key)?,
            Ok(None) => return Err(BadKey::NotInKeychain(name.clone())),
            Err(reason) => return Err(BadKey::Locked { name: name.clone(), reason }),
        },
    }))
}

fn read_file(path: &Path) -> Result<SecretString, BadKey> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| BadKey::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
    match key_in(&text).map_err(BadKey::Placeholder)? {
        "" => Err(BadKey::Empty(path.to_owned())),
        key => Ok(SecretString::from(key)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Result<Key, BadKey> {
        Key::new(KeySource::Given(SecretString::from(text)))
    }

    #[test]
    fn a_key_that_cannot_be_a_header_is_refused_without_being_shown() {
        for bad in ["", "\"\"", "two words", "line\nbreak", "schlüssel", "tab\tbed", "quo\"te d"] {
            let error = key(bad).unwrap_err().to_string();
            assert!(bad.is_empty() || !error.contains(bad), "{error}");
        }
    }

    #[test]
    fn spaces_and_quotes_around_a_key_are_not_part_of_it() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for text in ["abc", " abc\n", "\"abc\"", "'abc'", " \" abc \"\r\n"] {
            assert_eq!(key(text).unwrap().header().unwrap(), "abc", "{text:?}");
            std::fs::write(file.path(), text).unwrap();
            let from_file = Key::new(KeySource::File(file.path().to_owned())).unwrap();
            assert_eq!(from_file.header().unwrap(), "abc", "{text:?}");
        }
        for part_of_it in ["\"abc", "abc'", "'abc\"", "a'b'c"] {
            assert_eq!(key_in(part_of_it), Ok(part_of_it));
        }
    }

    #[test]
    fn a_placeholder_is_never_a_key() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for text in ["${ONCEHUB_API_KEY}", "\"<your key>\"", " YOUR_KEY "] {
            assert!(matches!(key(text), Err(BadKey::Placeholder(_))), "{text}");
            std::fs::write(file.path(), text).unwrap();
            let from_file = Key::new(KeySource::File(file.path().to_owned()));
            assert!(matches!(from_file, Err(BadKey::Placeholder(_))), "{text}");
        }
        let key = Key::new(KeySource::Placeholder(Placeholder::Yours)).unwrap();
        assert!(key.is_missing() && key.header().is_none());
    }

    #[test]
    fn debug_shows_neither_the_key_nor_its_header() {
        let key = key("s3cret-abc").unwrap();
        assert!(!format!("{key:?} {:?}", key.header()).contains("s3cret"));
    }

    #[test]
    fn a_rotated_key_is_read_again_and_both_stay_hidden() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "first-key\n").unwrap();
        let key = Key::new(KeySource::File(file.path().to_owned())).unwrap();
        let first = key.header().unwrap();
        assert!(!key.reload(&first), "the file has not changed");
        std::fs::write(file.path(), "second-key\n").unwrap();
        assert!(key.reload(&first));
        assert_eq!(key.header().unwrap(), "second-key");
        assert_eq!(key.scrub("first-key, second-key").unwrap(), "[API key], [API key]");
        assert_eq!(key.scrub("nothing here"), None);
    }

    #[test]
    fn a_key_is_redacted_in_json_as_it_is_or_behind_escapes_and_other_json_stays() {
        let key = Key::new(KeySource::Given("s3cret/abc".into())).unwrap();
        let redacted = |json: &str| key.redacted(&Bytes::copy_from_slice(json.as_bytes()));
        for json in [r#"{"a":"x s3cret/abc"}"#, r#"{"a":"x s3cret\/abc"}"#, r#"{"a":"x \u00733cret/abc"}"#] {
            assert_eq!(redacted(json).unwrap(), r#"{"a":"x [API key]"}"#, "{json}");
        }
        for json in [r#"{"a":"line\n\"\u202e\\"}"#, r#"{"a":"s3cret"}"#, "s3cret/abc", ""] {
            assert_eq!(redacted(json), None, "{json}");
        }
    }
}
