//! The server's tokens: one, or several from a file, so that a new one can be handed out before the old one goes.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use super::watched::Watched;

/// The shortest token. A shorter one can be guessed; `openssl rand -hex 32` makes 64 characters.
const SHORTEST: usize = 16;

/// The longest token, like the longest key.
const LONGEST: usize = 1024;

/// The most tokens in a file.
const MOST: usize = 100;

/// The server's tokens. Any of them opens it. Clones share them.
#[derive(Clone, Debug)]
pub struct Tokens {
    source: Source,
    /// All that were ever in use: one that was replaced must not be taken for a OnceHub key.
    known: Arc<Mutex<Vec<SecretString>>>,
}

#[derive(Clone, Debug)]
enum Source {
    Given,
    File(Arc<Watched<Arc<[SecretString]>, BadTokens>>),
}

/// The reason tokens cannot be used. It names the file, never a token.
#[derive(Debug, thiserror::Error)]
pub enum BadTokens {
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
    /// A token is too short.
    #[error("a token of {0} characters can be guessed: use at least {SHORTEST}, as `openssl rand -hex 32` makes them")]
    Short(usize),
    /// A token cannot be sent.
    #[error(
        "a token has up to {LONGEST} visible ASCII characters and no spaces; several stand in a file, one on each line"
    )]
    NotAHeader,
}

impl Tokens {
    /// Returns the one token in a text.
    ///
    /// # Errors
    /// If it can be guessed, or cannot be sent.
    pub fn given(text: &str) -> Result<Self, BadTokens> {
        Ok(check(text.trim())?.into())
    }

    /// Reads the tokens in a file, one on each line, which is read again when it changes.
    ///
    /// # Errors
    /// If the file cannot be read, or holds a token that cannot be used.
    pub fn of_file(path: &Path) -> Result<Self, BadTokens> {
        let known: Arc<Mutex<Vec<SecretString>>> = Arc::default();
        let (seen, file) = (Arc::clone(&known), path.to_owned());
        let load = move || {
            let tokens = read(&file)?;
            let mut seen = seen.lock();
            for token in &*tokens {
                if !seen.iter().any(|known| same(known, token)) {
                    seen.push(token.clone());
                }
            }
            Ok(tokens)
        };
        let file = Watched::new("list of tokens", vec![path.to_owned()], load)?;
        Ok(Self { source: Source::File(Arc::new(file)), known })
    }

    /// Returns whether this is one of the tokens.
    pub(super) fn have(&self, text: &SecretString) -> bool {
        match &self.source {
            Source::Given => self.known(text),
            Source::File(file) => file.current().iter().any(|token| same(token, text)),
        }
    }

    /// Returns whether this is one of the tokens, or was one until it was replaced.
    pub(super) fn known(&self, text: &SecretString) -> bool {
        self.known.lock().iter().any(|token| same(token, text))
    }

    /// Reads the file again now, if there is one.
    pub fn reload(&self) {
        if let Source::File(file) = &self.source {
            file.reload();
        }
    }
}

impl From<SecretString> for Tokens {
    fn from(token: SecretString) -> Self {
        Self { source: Source::Given, known: Arc::new(Mutex::new(vec![token])) }
    }
}

fn read(path: &Path) -> Result<Arc<[SecretString]>, BadTokens> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| BadTokens::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let tokens = lines.map(check).collect::<Result<Arc<[_]>, _>>()?;
    match tokens.len() {
        0 => Err(BadTokens::Empty(path.to_owned())),
        count if count > MOST => Err(BadTokens::TooMany),
        _ => Ok(tokens),
    }
}

fn check(text: &str) -> Result<SecretString, BadTokens> {
    match text.len() {
        length if length > LONGEST || !text.bytes().all(|byte| byte.is_ascii_graphic()) => Err(BadTokens::NotAHeader),
        length if length < SHORTEST => Err(BadTokens::Short(length)),
        _ => Ok(text.into()),
    }
}

/// Compares in constant time for equal lengths.
pub(super) fn same(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret().as_bytes().ct_eq(other.expose_secret().as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "the-first-token-of-all";
    const NEW: &str = "the-second-one-of-them";

    fn secret(text: &str) -> SecretString {
        text.into()
    }

    #[test]
    fn a_file_is_read_again_and_one_that_cannot_be_used_is_not() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), format!("{OLD}\n")).unwrap();
        let tokens = Tokens::of_file(file.path()).unwrap();
        assert!(tokens.have(&secret(OLD)) && !tokens.have(&secret(NEW)));
        std::fs::write(file.path(), format!(" {OLD}\r\n\n{NEW}\n")).unwrap();
        tokens.reload();
        assert!(tokens.have(&secret(OLD)) && tokens.have(&secret(NEW)), "both, while clients change over");
        for broken in ["", "\n", "short\n", "two words of a token\n"] {
            std::fs::write(file.path(), broken).unwrap();
            tokens.reload();
            assert!(tokens.have(&secret(OLD)) && tokens.have(&secret(NEW)), "{broken:?}");
        }
        std::fs::write(file.path(), NEW).unwrap();
        tokens.reload();
        assert!(!tokens.have(&secret(OLD)) && tokens.have(&secret(NEW)));
        assert!(tokens.known(&secret(OLD)), "it is still no key");
        assert!(!format!("{tokens:?}").contains(NEW));
    }

    #[test]
    fn what_can_be_guessed_or_not_sent_is_refused_without_being_shown() {
        for bad in ["t0ken", "fifteen-letters", "sixteen letters and more", "größer-als-sechzehn-zeichen"] {
            let error = Tokens::given(bad).unwrap_err().to_string();
            assert!(!error.contains(bad), "{error}");
        }
        assert!(Tokens::given("").is_err() && Tokens::given(&"x".repeat(1025)).is_err());
        assert!(Tokens::given("sixteen-letters!").is_ok());
    }
}
