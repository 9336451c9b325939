//! Finding the keys of the entries: kept, in this shell, in a file, or asked for; and a hosted server's token.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use console::Term;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::NOTHING;
use super::entry::names_file;
use super::kept::Kept;
use super::key::{KeyStore, StoredKey, ask, file, former, is_rejected, locked, may_ask, typed_key};
use super::removal::users_of;
use crate::cli::{is_yes, print_line, prompt, visible};
use crate::config::{Config, Dotenv, Given, Source, given_key};
use crate::install::attempt::{Probe, attempt};
use crate::install::greeting::{Greeting, greet};
use crate::install::{Entry, KEY_VARIABLES, Machine, Scope};
use crate::oncehub::{KeySource, keychain};
use crate::sandbox;

/// The realms in a server's challenge: what it wants to be sent.
const KEY_REALM: &str = "OnceHub API key";
const TOKEN_REALM: &str = "token of this server";

/// The text in place of a key in an entry that is only shown.
const PLACEHOLDER: &str = "your-api-key";

/// The text in place of a token.
const TOKEN_PLACEHOLDER: &str = "your-token";

/// Where a server's token is.
#[derive(Clone, Debug)]
pub(super) enum TokenSource {
    /// In a file.
    File(PathBuf),
    /// With the person at the terminal, or in the standard input.
    Asked,
}

/// The keys of the entries of one command. Each is found, or asked for, once.
pub(super) struct Keys<'a> {
    pub(super) machine: &'a Machine,
    pub(super) given: &'a [Given],
    pub(super) dotenv: &'a Dotenv,
    pub(super) config: &'a Config,
    /// The name of the entries.
    pub(super) name: &'a str,
    /// Whether the person is asked what is not said.
    pub(super) asks: bool,
    /// Where the key is to be kept, if that was said.
    pub(super) store: Option<KeyStore>,
    /// Where a token is, if that was said.
    pub(super) token: Option<&'a TokenSource>,
    /// Whether nothing will be written, so that nobody is asked.
    pub(super) is_looked_at: bool,
    pub(super) of_programs: Option<StoredKey>,
    pub(super) of_addresses: Vec<(Url, StoredKey)>,
    /// What a person should know.
    pub(super) notes: Vec<String>,
}

impl Keys<'_> {
    /// Returns where to keep the key, if this command line says so.
    fn said(&self) -> Option<KeyStore> {
        let is_flag = |flag: &str| self.given.iter().any(|given| given.flag == flag && given.source == Source::Flag);
        let is_in_file = || KEY_VARIABLES.iter().any(|name| self.dotenv.taken.contains(*name));
        match self.store {
            Some(store) => Some(store),
            None if is_flag("keychain") => Some(KeyStore::Keychain),
            None if is_flag("api-key-file") || is_flag("env-file") && is_in_file() => Some(KeyStore::File),
            None => None,
        }
    }

    /// Returns the key of an entry that starts this program.
    pub(super) async fn for_program(&mut self, kept: &Kept, sandbox: Option<bool>) -> anyhow::Result<StoredKey> {
        ensure!(self.token.is_none(), "--token: this is for a hosted server: add --http with its address");
        let said = self.said();
        if said.is_none() && kept.has_key && kept.address.is_none() {
            let is_other = given_key(self.dotenv).is_some_and(|(key, _)| !has(&kept.key, key.expose_secret()));
            if is_other && !kept.is_sandbox {
                self.notes
                    .push("This shell's key is not used: the entry keeps its own (--key replaces it).".to_owned());
            }
            return Ok(StoredKey::Kept(kept.key.clone()));
        }
        let store = match said {
            Some(store) => store,
            None if sandbox.unwrap_or(kept.is_sandbox) => KeyStore::None,
            None => KeyStore::File,
        };
        if let Some(found) = self.of_programs.as_ref().filter(|_| store != KeyStore::None) {
            return Ok(found.clone());
        }
        let is_url = |given: &Given| given.flag == "api-url" && given.source == Source::Flag;
        let url = kept.api_url.clone().filter(|_| !self.given.iter().any(is_url));
        let has_address = url.is_some() || self.given.iter().any(is_url);
        let is_simulated = given_key(self.dotenv).is_some_and(|(key, _)| key.expose_secret() == sandbox::KEY);
        let is_in_file = KEY_VARIABLES.iter().any(|name| self.dotenv.taken.contains(*name));
        ensure!(
            store == KeyStore::None || has_address || is_in_file || !is_simulated,
            "this shell's key is the simulated account's: add --sandbox to register that, or unset ONCEHUB_API_KEY; nothing \
            was written"
        );
        let config = Config { url: url.unwrap_or_else(|| self.config.url.clone()), ..self.config.clone() };
        let found = self.find(store, &config).await?;
        if store != KeyStore::None {
            self.of_programs = Some(found.clone());
        }
        Ok(found)
    }

    /// Returns the key or the token of an entry that reaches a hosted server.
    pub(super) async fn for_address(&mut self, url: &Url, kept: &Kept) -> anyhow::Result<StoredKey> {
        let said = self.said();
        match said {
            Some(KeyStore::File | KeyStore::Keychain) => bail!(
                "--key: with --http the client sends the key itself, so it is in the client's file (--key env), or the \
                server has its own (--key none)"
            ),
            Some(KeyStore::None) => return Ok(StoredKey::Nowhere),
            None if self.token.is_none() && kept.has_key_for(url) => return Ok(StoredKey::Kept(kept.key.clone())),
            _ => {}
        }
        if let Some((_, found)) = self.of_addresses.iter().find(|(other, _)| other == url) {
            return Ok(found.clone());
        }
        let found = match (self.token, said) {
            (Some(_), _) if self.is_looked_at => StoredKey::Token(TOKEN_PLACEHOLDER.into()),
            _ if self.is_looked_at => StoredKey::Entry(PLACEHOLDER.into()),
            (Some(source), _) => StoredKey::Token(self.token(url, source).await?),
            (None, Some(_)) => StoredKey::Entry(self.key_for(url).await?),
            (None, None) => self.as_the_server_says(url).await?,
        };
        self.of_addresses.push((url.clone(), found.clone()));
        Ok(found)
    }

    /// Returns placeholders for an entry that is only printed, to be pasted by hand.
    pub(super) fn placeholder(&self, is_address: bool, sandbox: bool) -> StoredKey {
        let file = file(self.machine, self.name);
        match self.said() {
            _ if is_address && self.token.is_some() => StoredKey::Token(TOKEN_PLACEHOLDER.into()),
            Some(KeyStore::None) => StoredKey::Nowhere,
            None if sandbox && !is_address => StoredKey::Nowhere,
            Some(KeyStore::File) | None if !is_address && file.is_file() => StoredKey::File(file, None),
            Some(KeyStore::Keychain) => StoredKey::Keychain(self.name.to_owned(), None),
            _ => StoredKey::Entry(PLACEHOLDER.into()),
        }
    }

    /// Asks the server what it wants to be sent, and finds that.
    async fn as_the_server_says(&mut self, url: &Url) -> anyhow::Result<StoredKey> {
        match greet(url.as_str(), &[]).await {
            Ok(Greeting::Accepted) => {
                let note =
                    "That server takes calls without a key: the entry has none (--key env adds one of your own).";
                self.notes.push(note.to_owned());
                Ok(StoredKey::Nowhere)
            }
            Ok(Greeting::Refused { realm: Some(realm), .. }) if realm == TOKEN_REALM => {
                ensure!(
                    std::io::stdin().is_terminal(),
                    "{url} takes a token of its own, not a OnceHub key: --token reads it from standard input, --token-file \
                    from a file; --key env registers a OnceHub key of your own"
                );
                print_line("That server takes a token of its own, not a OnceHub key: its operator has it.");
                Ok(StoredKey::Token(self.token(url, &TokenSource::Asked).await?))
            }
            _ => Ok(StoredKey::Entry(self.key_for(url).await?)),
        }
    }

    /// Reads or asks for a server's token, and tries it there, and nowhere else.
    async fn token(&mut self, url: &Url, source: &TokenSource) -> anyhow::Result<SecretString> {
        // A server that takes OnceHub keys would send the token to OnceHub.
        match greet(url.as_str(), &[]).await {
            Ok(Greeting::Accepted) => bail!("--token: {url} takes calls without one: leave it out"),
            Ok(Greeting::Refused { realm: Some(realm), .. }) if realm == KEY_REALM => {
                bail!("--token: {url} takes OnceHub keys, and would send it to OnceHub: leave it out")
            }
            _ => {}
        }
        let is_asked = matches!(source, TokenSource::Asked) && std::io::stdin().is_terminal();
        let mut refused = "a token is one word of visible ASCII characters".to_owned();
        for _ in 0..if is_asked { 3 } else { 1 } {
            let text = match source {
                TokenSource::File(file) => std::fs::read_to_string(self.machine.folder.join(file))
                    .with_context(|| format!("--token-file: {} cannot be read", file.display()))?,
                TokenSource::Asked if is_asked => prompt::secret("Token of that server (not shown): ", NOTHING).await?,
                TokenSource::Asked => {
                    let mut line = String::new();
                    std::io::stdin().read_line(&mut line)?;
                    line
                }
            };
            let token = text.trim();
            ensure!(!token.is_empty(), "no token was given; nothing was written");
            if token.bytes().all(|byte| byte.is_ascii_graphic()) {
                let token = SecretString::from(token.to_owned());
                match greet(url.as_str(), &StoredKey::Token(token.clone()).headers()).await {
                    Ok(Greeting::Accepted) => return Ok(token),
                    Ok(Greeting::Refused { is_unauthorized: true, reason, .. }) => {
                        refused = format!("{url} refuses the token: {}", visible(&reason));
                    }
                    Ok(Greeting::Refused { reason, .. }) | Err(reason) => {
                        let reason = visible(&reason);
                        self.notes.push(format!("The token could not be tried ({reason}); it is used as it is."));
                        return Ok(token);
                    }
                }
            }
            if is_asked {
                print_line(&format!("{refused}."));
            }
        }
        bail!("{refused}; nothing was written")
    }

    /// Finds a OnceHub key for a hosted server, or asks for one. What is typed is tried there, and sent to nobody else.
    async fn key_for(&self, url: &Url) -> anyhow::Result<SecretString> {
        if let Some(key) = self.known() {
            return Ok(key);
        }
        may_ask()?;
        for _ in 0..3 {
            let Some(key) = typed_key().await? else { continue };
            let entry = Entry::Http { url: url.to_string(), headers: StoredKey::Entry(key.clone()).headers() };
            match attempt(&entry, self.machine, Scope::Person).await {
                Ok(Probe { account: Some(Err(reason)), rejects_key: true, .. }) => {
                    print_line(&format!("OnceHub rejected this key: {}", visible(&reason)));
                }
                Ok(Probe { account: Some(Err(reason)), .. }) | Err(reason) => {
                    print_line(&format!("The key could not be checked ({}); it is used as it is.", visible(&reason)));
                    return Ok(key);
                }
                Ok(Probe { account, .. }) => {
                    let said = account.and_then(Result::ok).unwrap_or_else(|| "The server takes the key.".to_owned());
                    print_line(&visible(&said));
                    return Ok(key);
                }
            }
        }
        bail!("OnceHub rejected every key; nothing was written")
    }

    /// Returns the key that this shell has, or the one in a file that was named.
    fn known(&self) -> Option<SecretString> {
        let from_file = || Some(std::fs::read_to_string(self.named_file()?).ok()?.trim().into());
        given_key(self.dotenv).map(|(key, _)| key).or_else(from_file)
    }

    fn setting(&self, flag: &str) -> Option<String> {
        self.given.iter().find(|given| given.flag == flag).map(|given| given.value.clone())
    }

    fn named_file(&self) -> Option<PathBuf> {
        self.setting("api-key-file").map(|file| self.machine.folder.join(file))
    }

    /// Checks that this shell's key may take the place of another one in the key's file: OnceHub accepts it, and nobody
    /// else uses that file, unless it was asked for.
    async fn try_in_place_of_another(&mut self, key: &SecretString, config: &Config) -> anyhow::Result<()> {
        let file = file(self.machine, self.name);
        let Ok(there) = std::fs::read_to_string(&file) else { return Ok(()) };
        if there.trim() == key.expose_secret() {
            return Ok(());
        }
        let place = file.display().to_string();
        let users = users_of(self.machine, "ONCEHUB_API_KEY_FILE", &place);
        if !users.is_empty() && self.store.is_none() {
            bail!(
                "{place}, which {} uses, holds another key than this shell: --name NAME keeps both, --key file replaces it; \
                nothing was written",
                users.join(", ")
            );
        }
        if !self.is_looked_at && is_rejected(KeySource::Given(key.clone()), config).await? {
            bail!(
                "OnceHub rejects this shell's key, and {place} holds another: unset ONCEHUB_API_KEY to use that one; nothing \
                was written"
            );
        }
        let used_by = if users.is_empty() { String::new() } else { format!(", which {} uses", users.join(", ")) };
        let kept = former(&file).display().to_string();
        self.notes
            .push(format!("! The key in {place}{used_by}, is replaced by this shell's; the old one goes to {kept}."));
        Ok(())
    }

    /// Finds the key, or asks for it, unless this is only a preview.
    async fn find(&mut self, store: KeyStore, config: &Config) -> anyhow::Result<StoredKey> {
        let known = given_key(self.dotenv).map(|(key, _)| key);
        if let (KeyStore::File, Some(key), None) = (store, &known, self.named_file()) {
            self.try_in_place_of_another(key, config).await?;
        }
        let missing = async || if self.is_looked_at { Ok(PLACEHOLDER.into()) } else { ask(config).await };
        if let (Some(file), KeyStore::File | KeyStore::Keychain) = (&self.dotenv.file, store)
            && names_file(self.given)
            && KEY_VARIABLES.iter().any(|name| self.dotenv.taken.contains(*name))
        {
            return Ok(StoredKey::Dotenv(self.machine.folder.join(file)));
        }
        Ok(match store {
            KeyStore::None => StoredKey::Nowhere,
            KeyStore::File => {
                // The key may be kept in a file already.
                if let Some(file) = self.named_file() {
                    return Ok(StoredKey::File(file, None));
                }
                let file = file(self.machine, self.name);
                let is_there = |key: &SecretString| {
                    std::fs::read_to_string(&file).is_ok_and(|text| text.trim() == key.expose_secret())
                };
                let key = match known {
                    Some(key) => Some(key).filter(|key| !is_there(key)),
                    // Somebody who asks for it by name, at a terminal, may be replacing one that does not work any more.
                    None if file.is_file() && self.store.is_some() && !self.is_looked_at && may_ask().is_ok() => {
                        let question = format!("Use the key in {}? [y/N] ", file.display());
                        if is_rejected(KeySource::File(file.clone()), config).await? {
                            print_line(&format!("OnceHub rejects the key in {}.", file.display()));
                            Some(ask(config).await?)
                        } else if self.asks && !is_yes(&prompt::answer(&Term::stdout(), &question, NOTHING).await?) {
                            Some(ask(config).await?)
                        } else {
                            None
                        }
                    }
                    None if file.is_file() => None,
                    None => Some(missing().await?),
                };
                StoredKey::File(file, key)
            }
            KeyStore::Keychain => match (self.setting("keychain"), known) {
                (Some(name), _) => StoredKey::Keychain(name, None),
                (None, Some(key)) => StoredKey::Keychain(self.name.to_owned(), Some(key)),
                (None, None) => {
                    let is_there = keychain::read(self.name).map_err(locked)?.is_some();
                    StoredKey::Keychain(self.name.to_owned(), if is_there { None } else { Some(missing().await?) })
                }
            },
            KeyStore::Env => StoredKey::Entry(match self.known() {
                Some(key) => key,
                None => missing().await?,
            }),
        })
    }
}

/// Whether variables give this key, themselves or in the file that they name.
fn has(variables: &[(String, String)], key: &str) -> bool {
    let is_in = |file: &str| std::fs::read_to_string(file).is_ok_and(|text| text.trim() == key);
    variables.iter().any(|(_, value)| value == key || is_in(value))
}
