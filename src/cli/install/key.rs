//! Where the key is kept: a file that only its owner can read, the client's own file, the system's keychain, or
//! nowhere.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use clap::ValueEnum;
use secrecy::{ExposeSecret, SecretString};

use super::NOTHING;
use crate::app::App;
use crate::cli::{print_line, prompt};
use crate::config::Config;
use crate::install::{KEY_HEADERS, Machine, Scope, write_secret};
use crate::oncehub::{Key, KeySource, key_in, keychain};

/// Where a key is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum KeyStore {
    /// A file that only you can read; the entry names it
    File,
    /// The client's own file
    Env,
    /// The system's keychain
    Keychain,
    /// Nowhere: for the simulated account, or a hosted server with a key of its own
    None,
}

/// A key and where it is kept.
#[derive(Clone)]
pub(super) enum StoredKey {
    /// There is no key.
    Nowhere,
    /// Where it was: these variables or headers of the entry that is there; none if it says so in another way.
    Kept(Vec<(String, String)>),
    /// In a file; with the key, if it has yet to be written there.
    File(PathBuf, Option<SecretString>),
    /// In the keychain, under a name; with the key, if it has yet to be stored there.
    Keychain(String, Option<SecretString>),
    /// In the entry.
    Entry(SecretString),
    /// In the entry: a server's token instead of a key.
    Token(SecretString),
    /// In the `.env` that the entry names, or where that file says.
    Dotenv(PathBuf),
}

/// Returns the path of a key's file.
pub(super) fn file(machine: &Machine, name: &str) -> PathBuf {
    machine.settings().join("oncehub-mcp").join(format!("{name}.key"))
}

pub(super) fn locked(reason: impl std::fmt::Display) -> anyhow::Error {
    anyhow::anyhow!("the system's keychain cannot be used here: {reason}; --key file keeps the key in a file")
}

/// Returns the path of the copy of a key that another one replaces.
pub(super) fn former(file: &Path) -> PathBuf {
    file.with_extension("key.former")
}

/// Checks that somebody can be asked for a key.
pub(super) fn may_ask() -> anyhow::Result<()> {
    ensure!(
        std::io::stdin().is_terminal(),
        "there is no key, and no terminal to ask for one: set ONCEHUB_API_KEY or ONCEHUB_API_KEY_FILE, or use --sandbox"
    );
    Ok(())
}

/// Asks for a key without echoing it; `None` if what was typed cannot be one, which has been said.
pub(super) async fn typed_key() -> anyhow::Result<Option<SecretString>> {
    print_line("Create a key in OnceHub (Settings, API & webhooks), or press Enter to stop.");
    let text = prompt::secret("OnceHub API key (not shown): ", NOTHING).await?;
    ensure!(!text.trim().is_empty(), "no key was entered; nothing was written");
    let key = SecretString::from(key_in(&text).unwrap_or(text.trim()).to_owned());
    match Key::new(KeySource::Given(key.clone())) {
        Ok(_) => Ok(Some(key)),
        Err(bad) => {
            print_line(&format!("{bad}."));
            Ok(None)
        }
    }
}

/// Returns whether OnceHub rejects a key now.
pub(super) async fn is_rejected(key: KeySource, config: &Config) -> anyhow::Result<bool> {
    let Ok(key) = Key::new(key) else { return Ok(true) };
    let app = App::new(Config { key, sandbox: false, ..config.clone() }).await?;
    let checked = app.client.check().await;
    Ok(checked.is_err_and(|error| error.rejection().is_some_and(crate::oncehub::Rejection::is_bad_key)))
}

/// Asks for the key until OnceHub accepts one.
pub(super) async fn ask(config: &Config) -> anyhow::Result<SecretString> {
    may_ask()?;
    for _ in 0..3 {
        let Some(key) = typed_key().await? else { continue };
        let of_it = Key::new(KeySource::Given(key.clone()))?;
        let app = App::new(Config { key: of_it, sandbox: false, ..config.clone() }).await?;
        match app.client.check().await {
            Ok(checked) => {
                print_line(checked.message.as_deref().unwrap_or("OnceHub accepts the key."));
                return Ok(key);
            }
            Err(error) if error.rejection().is_some_and(crate::oncehub::Rejection::is_bad_key) => {
                print_line(&format!("OnceHub rejected this key: {error}"));
            }
            Err(error) => {
                print_line(&format!("The key could not be checked ({error}); it is used as it is."));
                return Ok(key);
            }
        }
    }
    bail!("OnceHub rejected every key; nothing was written")
}

impl StoredKey {
    /// Whether anything besides the entry is written.
    pub(super) fn is_new(&self) -> bool {
        matches!(self, Self::File(_, Some(_)) | Self::Keychain(_, Some(_)))
    }

    /// Whether the key is where it was.
    pub(super) fn is_kept(&self) -> bool {
        matches!(self, Self::Kept(_))
    }

    /// Whether there is no key.
    pub(super) fn is_nowhere(&self) -> bool {
        matches!(self, Self::Nowhere)
    }

    /// Returns the variables for the server's environment.
    pub(super) fn variables(&self) -> Vec<(String, String)> {
        match self {
            Self::Nowhere | Self::Dotenv(_) | Self::Token(_) => Vec::new(),
            Self::Kept(pairs) => pairs.clone(),
            Self::File(file, _) => vec![("ONCEHUB_API_KEY_FILE".into(), file.to_string_lossy().into_owned())],
            Self::Keychain(name, _) => vec![("ONCEHUB_MCP_KEYCHAIN".into(), name.clone())],
            Self::Entry(key) => vec![("ONCEHUB_API_KEY".into(), key.expose_secret().to_owned())],
        }
    }

    /// Returns the headers for a hosted server.
    pub(super) fn headers(&self) -> Vec<(String, String)> {
        let [key_header, token_header] = KEY_HEADERS.map(str::to_owned);
        match self {
            Self::Kept(pairs) => pairs.clone(),
            Self::Entry(key) => vec![(key_header, key.expose_secret().to_owned())],
            Self::Token(token) => vec![(token_header, format!("Bearer {}", token.expose_secret()))],
            _ => Vec::new(),
        }
    }

    /// Returns a note on where the key is kept.
    pub(super) fn notes(&self, scope: Scope) -> Option<String> {
        match self {
            Self::File(file, Some(_)) => Some(format!("The key goes into {}, readable only by you.", file.display())),
            Self::File(file, None) => Some(format!("The key is the one in {}.", file.display())),
            Self::Dotenv(file) => Some(format!("The key is the one that {} sets.", file.display())),
            Self::Keychain(name, None) => Some(format!("The key is '{name}' of the system's keychain.")),
            Self::Keychain(name, Some(_)) => Some(format!("The key goes into the system's keychain, as '{name}'.")),
            Self::Entry(_) | Self::Token(_) if scope == Scope::Project => {
                Some("The key is part of a project's file: keep that out of version control.".into())
            }
            _ => None,
        }
    }

    /// Stores the key, if it has yet to be stored.
    pub(super) fn keep(&self) -> anyhow::Result<()> {
        match self {
            Self::File(file, Some(key)) => {
                let written = |file: &Path, key: &str| {
                    write_secret(file, key).with_context(|| format!("{} cannot be written", file.display()))
                };
                // A key can be seen once only in OnceHub: one that gives way is not lost.
                if let Some(there) =
                    std::fs::read_to_string(file).ok().filter(|there| there.trim() != key.expose_secret())
                {
                    written(&former(file), there.trim())?;
                }
                written(file, key.expose_secret())
            }
            Self::Keychain(name, Some(key)) => keychain::store(name, key).map_err(locked),
            _ => Ok(()),
        }
    }
}
