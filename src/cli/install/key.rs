//! Where the key is kept: a file that only its owner can read, the client's own file, the system's keychain, or
//! nowhere.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use clap::ValueEnum;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::app::App;
use crate::cli::print_line;
use crate::config::{Config, Dotenv, Given, given_key};
use crate::install::{KEY_VARIABLES, Machine, Scope, write_secret};
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
pub(super) enum StoredKey {
    /// There is no key.
    Nowhere,
    /// In a file; with the key, if it has yet to be written there.
    File(PathBuf, Option<SecretString>),
    /// In the keychain, under a name; with the key, if it has yet to be stored there.
    Keychain(String, Option<SecretString>),
    /// In the entry.
    Entry(SecretString),
    /// In the `.env` that the entry names, or where that file says.
    Dotenv(PathBuf),
}

/// Returns where to keep the key, as chosen or by default.
pub(super) fn chosen(asked: Option<KeyStore>, http: Option<&Url>, config: &Config) -> anyhow::Result<KeyStore> {
    match (asked, http) {
        (None, None) if config.sandbox => Ok(KeyStore::None),
        (None, None) => Ok(KeyStore::File),
        (None, Some(_)) => Ok(KeyStore::Env),
        (Some(KeyStore::File | KeyStore::Keychain), Some(_)) => bail!(
            "--key: with --http the client sends the key itself, so it is in the client's file (--key env), or the \
            server has its own (--key none)"
        ),
        (Some(keep), _) => Ok(keep),
    }
}

/// Returns the path of a key's file.
pub(super) fn file(machine: &Machine, name: &str) -> PathBuf {
    machine.settings().join("oncehub-mcp").join(format!("{name}.key"))
}

/// Returns a placeholder for the key in an entry that is only printed, to be pasted by hand.
pub(super) fn placeholder(keep: KeyStore, name: &str, file: PathBuf) -> StoredKey {
    match keep {
        KeyStore::None => StoredKey::Nowhere,
        KeyStore::File if file.is_file() => StoredKey::File(file, None),
        KeyStore::Keychain => StoredKey::Keychain(name.to_owned(), None),
        KeyStore::File | KeyStore::Env => StoredKey::Entry("your-api-key".into()),
    }
}

/// Finds the key, or asks for it, unless this is only a preview.
pub(super) async fn find(
    keep: KeyStore,
    name: &str,
    machine: &Machine,
    given: &[Given],
    dotenv: &Dotenv,
    config: &Config,
    is_looked_at: bool,
) -> anyhow::Result<StoredKey> {
    let known = given_key(dotenv).map(|(key, _)| key);
    let setting = |flag: &str| given.iter().find(|given| given.flag == flag).map(|given| given.value.clone());
    let named_file = setting("api-key-file").map(|file| machine.folder.join(file));
    let missing = async || if is_looked_at { Ok("your-api-key".into()) } else { ask(config).await };
    if let (Some(file), KeyStore::File | KeyStore::Keychain) = (&dotenv.file, keep)
        && super::entry::names_file(given)
        && KEY_VARIABLES.iter().any(|name| dotenv.taken.contains(*name))
    {
        return Ok(StoredKey::Dotenv(machine.folder.join(file)));
    }
    Ok(match keep {
        KeyStore::None => StoredKey::Nowhere,
        KeyStore::File => {
            // The key may be kept in a file already.
            if let Some(file) = named_file {
                return Ok(StoredKey::File(file, None));
            }
            let file = file(machine, name);
            let is_there = |key: &SecretString| {
                std::fs::read_to_string(&file).is_ok_and(|text| text.trim() == key.expose_secret())
            };
            let key = match known {
                Some(key) => Some(key).filter(|key| !is_there(key)),
                None if file.is_file() => None,
                None => Some(missing().await?),
            };
            StoredKey::File(file, key)
        }
        KeyStore::Keychain => match (setting("keychain"), known) {
            (Some(name), _) => StoredKey::Keychain(name, None),
            (None, Some(key)) => StoredKey::Keychain(name.to_owned(), Some(key)),
            (None, None) => {
                let is_there = keychain::read(name).map_err(locked)?.is_some();
                StoredKey::Keychain(name.to_owned(), if is_there { None } else { Some(missing().await?) })
            }
        },
        KeyStore::Env => {
            let from_file = || Some(std::fs::read_to_string(named_file?).ok()?.trim().into());
            StoredKey::Entry(match known.or_else(from_file) {
                Some(key) => key,
                None => missing().await?,
            })
        }
    })
}

fn locked(reason: impl std::fmt::Display) -> anyhow::Error {
    anyhow::anyhow!("the system's keychain cannot be used here: {reason}; --key file keeps the key in a file")
}

/// Asks for the key, without echoing it, until OnceHub accepts one.
async fn ask(config: &Config) -> anyhow::Result<SecretString> {
    ensure!(
        std::io::stdin().is_terminal(),
        "there is no key, and no terminal to ask for one: set ONCEHUB_API_KEY or ONCEHUB_API_KEY_FILE, or use --sandbox"
    );
    for _ in 0..3 {
        print_line("Create a key in OnceHub (Settings, API & webhooks), or press Enter to stop.");
        let _ = console::Term::stdout().write_str("OnceHub API key (not shown): ");
        let text = hidden_line().await?;
        ensure!(!text.trim().is_empty(), "no key was entered; nothing was written");
        let key = SecretString::from(key_in(&text).unwrap_or(text.trim()).to_owned());
        let of_it = match Key::new(KeySource::Given(key.clone())) {
            Ok(of_it) => of_it,
            Err(bad) => {
                print_line(&format!("{bad}."));
                continue;
            }
        };
        let app = App::new(Config { key: of_it, ..config.clone() }).await?;
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

/// Reads a line without echoing it.
#[cfg(not(unix))]
async fn hidden_line() -> anyhow::Result<String> {
    Ok(console::Term::stdout().read_secure_line()?)
}

/// Reads a line without echoing it. Ctrl-C leaves the terminal echoing again.
#[cfg(unix)]
async fn hidden_line() -> anyhow::Result<String> {
    use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
    use tokio::signal::unix::{SignalKind, signal};

    let as_it_was = tcgetattr(std::io::stdin())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let line = tokio::task::spawn_blocking(|| console::Term::stdout().read_secure_line());
    tokio::select! {
        line = line => Ok(line??),
        _ = interrupt.recv() => {
            tcsetattr(std::io::stdin(), OptionalActions::Now, &as_it_was)?;
            bail!("stopped; nothing was written")
        }
    }
}

impl StoredKey {
    /// Whether anything besides the entry is written.
    pub(super) fn is_new(&self) -> bool {
        matches!(self, Self::File(_, Some(_)) | Self::Keychain(_, Some(_)))
    }

    /// Returns the variables for the server's environment.
    pub(super) fn variables(&self) -> Vec<(String, String)> {
        match self {
            Self::Nowhere | Self::Dotenv(_) => Vec::new(),
            Self::File(file, _) => vec![("ONCEHUB_API_KEY_FILE".into(), file.to_string_lossy().into_owned())],
            Self::Keychain(name, _) => vec![("ONCEHUB_MCP_KEYCHAIN".into(), name.clone())],
            Self::Entry(key) => vec![("ONCEHUB_API_KEY".into(), key.expose_secret().to_owned())],
        }
    }

    /// Returns the headers for a hosted server.
    pub(super) fn headers(&self) -> Vec<(String, String)> {
        match self {
            Self::Entry(key) => vec![("API-Key".into(), key.expose_secret().to_owned())],
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
            Self::Entry(_) if scope == Scope::Project => {
                Some("The key is part of a project's file: keep that out of version control.".into())
            }
            _ => None,
        }
    }

    /// Stores the key, if it has yet to be stored.
    pub(super) fn keep(&self) -> anyhow::Result<()> {
        match self {
            Self::File(file, Some(key)) => {
                write_secret(file, key.expose_secret()).with_context(|| format!("{} cannot be written", file.display()))
            }
            Self::Keychain(name, Some(key)) => keychain::store(name, key).map_err(locked),
            _ => Ok(()),
        }
    }
}
