//! The options of sign-in.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use clap::Args;
use url::Url;

use super::provider::ProviderArguments;
use super::read_key;
use crate::config::Given;
use crate::store::Store;
use crate::transport::http::{OwnClient, Secrets, SignIn};

/// The mode of sign-in by an identity provider.
const OIDC: &str = "oidc";

/// The options of sign-in.
#[derive(Args, Clone, Debug)]
pub(super) struct SignInArguments {
    /// Let people sign in, for hosts that send no key: off, keys (a page asks for their OnceHub key), or oidc (your identity
    /// provider says who they are)
    #[arg(long, env = "ONCEHUB_MCP_OAUTH", value_name = "MODE", default_value = "off")]
    oauth: String,
    /// File with the secret that seals sign-ins, or several, one on each line: the first seals, all open; read again when
    /// it changes
    #[arg(long, env = "ONCEHUB_MCP_SECRET_FILE", value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Which apps people may sign in to: any (the page warns of unknown ones), or known
    #[arg(long, env = "ONCEHUB_MCP_OAUTH_CLIENTS", value_name = "WHICH", default_value = "any")]
    oauth_clients: String,
    /// JSON file with apps of your own: client_id, client_secret, client_name, redirect_uris
    #[arg(long, env = "ONCEHUB_MCP_OAUTH_CLIENTS_FILE", value_name = "FILE")]
    oauth_clients_file: Option<PathBuf>,
    /// How long an access token is good for, in minutes, from 15 to 43200: then the host fetches another, without the
    /// person
    #[arg(long, env = "ONCEHUB_MCP_OAUTH_ACCESS", value_name = "MINUTES", default_value_t = 1440, value_parser = clap::value_parser!(u64).range(15..=43_200))]
    oauth_access: u64,
    #[command(flatten)]
    provider: ProviderArguments,
}

/// Where people sign in.
pub(super) struct Place<'a> {
    /// The server's address, as apps know it.
    pub(super) url: &'a str,
    /// Whether others than this machine can reach it.
    pub(super) is_public: bool,
    /// Whether its operator has said so.
    pub(super) is_given: bool,
}

impl SignInArguments {
    /// Returns whether people sign in.
    ///
    /// # Errors
    /// A setting that makes no sense beside another.
    pub(super) fn is_on(&self, shares_key: bool, given: &[Given]) -> anyhow::Result<bool> {
        let mode = self.oauth.trim();
        let is_on = match mode {
            "off" => false,
            "keys" if shares_key => bail!(
                "--oauth keys: people sign in with keys of their own, so there is none to share: leave out --shared-key"
            ),
            OIDC if shares_key => {
                bail!("--oauth oidc: the map says whose requests are served with which key: leave out --shared-key")
            }
            "keys" | OIDC => true,
            other => bail!("--oauth: '{other}' is not one of off, keys, oidc"),
        };
        if mode != OIDC {
            ProviderArguments::check_unused(given)?;
        }
        Ok(is_on)
    }

    /// Returns the settings of sign-in.
    ///
    /// # Errors
    /// The setting that is missing, or cannot be used.
    pub(super) fn settings(&self, at: &Place<'_>, store: Arc<dyn Store>, given: &[Given]) -> anyhow::Result<SignIn> {
        let (mode, url) = (self.oauth.trim(), at.url);
        if at.is_public && !at.is_given {
            bail!(
                "--oauth {mode}: set --public-url to the address that people give to their apps, like https://mcp.example.com"
            );
        }
        let parsed = Url::parse(url)?;
        if parsed.path() != "/" || parsed.query().is_some() || parsed.fragment().is_some() {
            bail!(
                "--oauth {mode}: --public-url {url}: apps look for sign-in at a host, so it needs one without a path"
            );
        }
        let secrets = match &self.secret_file {
            Some(file) => Secrets::of_file(file).context("--secret-file")?,
            None if at.is_public => {
                bail!("--oauth {mode}: set --secret-file to a file with a secret: `openssl rand -hex 32` makes one")
            }
            None => {
                tracing::warn!("--oauth {mode}: without --secret-file, everybody has to sign in again after a restart");
                Secrets::drawn()?
            }
        };
        let clients = self.oauth_clients_file.as_deref().map(OwnClient::in_file).transpose();
        let policy = self.oauth_clients.trim();
        Ok(SignIn {
            // Apps compare it to the letter: no slash at its end.
            issuer: parsed.origin().ascii_serialization(),
            secrets,
            policy: policy.parse().map_err(|_| anyhow!("--oauth-clients: '{policy}' is neither any nor known"))?,
            clients: clients.context("--oauth-clients-file")?.unwrap_or_default(),
            access: Duration::from_secs(self.oauth_access * 60),
            provider: (mode == OIDC).then(|| self.provider.settings(given, read_key)).transpose()?,
            store,
        })
    }
}
