//! The operator's keys, by the names that the map has for them. The keys themselves are elsewhere.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;
use serde::Deserialize;

use crate::transport::http::ReadKey;
use crate::transport::http::caller::can_be_key;
use crate::transport::http::tokens::same;
use crate::transport::http::watched::Watched;

/// Where a key is.
#[derive(Clone, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyAt {
    file: Option<PathBuf>,
    variable: Option<String>,
}

/// One of the operator's keys.
pub(super) struct OwnKey(Source);

enum Source {
    Given(SecretString),
    File(Watched<Secret, BadKey>),
}

/// A secret that can be compared, and shared.
#[derive(Clone)]
struct Secret(Arc<SecretString>);

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        same(&self.0, &other.0)
    }
}

/// The reason a key of the operator's cannot be used. It never shows the key.
#[derive(Debug, thiserror::Error)]
pub enum BadKey {
    /// It is in no place, or in two.
    #[error("say where it is: 'file' or 'variable'")]
    Nowhere,
    /// The file cannot be read.
    #[error("the file {path} cannot be read: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error message.
        reason: String,
    },
    /// The variable is not set.
    #[error("the variable {0} is not set")]
    Unset(String),
    /// What is there is no key.
    #[error("what is there is no OnceHub key{0}")]
    NotAKey(String),
}

impl KeyAt {
    /// Returns the file that holds it, if one does.
    pub(super) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Reads the key. One in a file is read again when the file changes.
    pub(super) fn key(&self, read: ReadKey) -> Result<OwnKey, BadKey> {
        match (&self.file, &self.variable) {
            (Some(file), None) => {
                let path = file.clone();
                let load = move || in_file(&path, read);
                Ok(OwnKey(Source::File(Watched::new("key of the map", vec![file.clone()], load)?)))
            }
            (None, Some(name)) => {
                let text = std::env::var(name).map_err(|_| BadKey::Unset(name.clone()))?;
                Ok(OwnKey(Source::Given(checked(&text, read)?)))
            }
            _ => Err(BadKey::Nowhere),
        }
    }
}

impl OwnKey {
    pub(super) fn current(&self) -> SecretString {
        match &self.0 {
            Source::Given(key) => key.clone(),
            Source::File(file) => (*file.current().0).clone(),
        }
    }

    pub(super) fn reload(&self) {
        if let Source::File(file) = &self.0 {
            file.reload();
        }
    }
}

fn in_file(path: &Path, read: ReadKey) -> Result<Secret, BadKey> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| BadKey::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
    Ok(Secret(Arc::new(checked(&text, read)?)))
}

fn checked(text: &str, read: ReadKey) -> Result<SecretString, BadKey> {
    match read(text) {
        Ok("") => Err(BadKey::NotAKey(": it is empty".to_owned())),
        Ok(key) if can_be_key(key) => Ok(key.into()),
        Ok(_) => Err(BadKey::NotAKey(": a key has visible ASCII characters, and no spaces".to_owned())),
        Err(placeholder) => Err(BadKey::NotAKey(format!(": {placeholder}"))),
    }
}
