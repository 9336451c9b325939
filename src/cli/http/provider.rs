//! The settings of `oncehub-mcp http --oauth oidc`: the company's identity provider.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;

use crate::config::{Given, as_given};
use crate::transport::http::{ClientSecret, Map, ProviderSettings, ReadKey};

/// The variables of settings that errors name.
const ISSUER: &str = "ONCEHUB_MCP_OIDC_ISSUER";
const CLIENT_ID: &str = "ONCEHUB_MCP_OIDC_CLIENT_ID";
const CLIENT_SECRET_FILE: &str = "ONCEHUB_MCP_OIDC_CLIENT_SECRET_FILE";
const MAP_FILE: &str = "ONCEHUB_MCP_OIDC_MAP_FILE";
const SCOPES: &str = "ONCEHUB_MCP_OIDC_SCOPES";

/// The options of sign-in by an identity provider.
#[derive(Args, Clone, Debug)]
#[expect(clippy::struct_field_names, reason = "they are named as their flags are")]
pub(super) struct ProviderArguments {
    /// The identity provider of --oauth oidc: its address, as it writes it itself (issuer)
    #[arg(long, env = ISSUER, value_name = "URL")]
    oidc_issuer: Option<String>,
    /// What people call it, on the page that sends them there [default: its host]
    #[arg(long, env = "ONCEHUB_MCP_OIDC_NAME", value_name = "NAME")]
    oidc_name: Option<String>,
    /// This server's id at the provider
    #[arg(long, env = CLIENT_ID, value_name = "ID")]
    oidc_client_id: Option<String>,
    /// File with this server's secret at the provider, read again when it changes
    #[arg(long, env = CLIENT_SECRET_FILE, value_name = "FILE")]
    oidc_client_secret_file: Option<PathBuf>,
    /// JSON file that maps people to keys of yours, OnceHub users and rights, read again when it changes
    #[arg(long, env = MAP_FILE, value_name = "FILE")]
    oidc_map_file: Option<PathBuf>,
    /// What the provider is asked for; some list groups only for a scope of that name
    #[arg(long, env = SCOPES, value_name = "SCOPES", default_value = "openid email")]
    oidc_scopes: String,
    /// How long people stay signed in before the provider is asked again, in days, from 1 to 180
    #[arg(long, env = "ONCEHUB_MCP_OIDC_DAYS", value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..=180))]
    oidc_days: u64,
}

impl ProviderArguments {
    /// Returns the settings of the provider.
    ///
    /// # Errors
    /// The setting that is missing, or cannot be used.
    pub(super) fn settings(&self, given: &[Given], read: ReadKey) -> anyhow::Result<ProviderSettings> {
        let named = |variable: &str| as_given(given, variable);
        let missing = |flag: &str, what: &str| format!("--oauth oidc: set {flag} to {what}");
        let filled =
            |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let issuer = filled(&self.oidc_issuer)
            .with_context(|| missing("--oidc-issuer", "the provider's address, like https://login.example.com"))?;
        ProviderSettings::check_issuer(&issuer).with_context(|| named(ISSUER))?;
        let client = filled(&self.oidc_client_id)
            .with_context(|| missing("--oidc-client-id", "the id that the provider has given this server"))?;
        let secret = self.oidc_client_secret_file.as_deref().with_context(|| {
            missing("--oidc-client-secret-file", "a file with the secret that the provider has given this server")
        })?;
        let map = self.oidc_map_file.as_deref();
        let map = map.with_context(|| missing("--oidc-map-file", "a file that says whom this server lets in"))?;
        let scopes: Vec<&str> = self.oidc_scopes.split_whitespace().collect();
        if !scopes.contains(&"openid") {
            bail!("{}: 'openid' has to be among them: without it no provider says who somebody is", named(SCOPES));
        }
        Ok(ProviderSettings {
            issuer,
            name: filled(&self.oidc_name),
            client,
            secret: ClientSecret::of_file(secret).with_context(|| named(CLIENT_SECRET_FILE))?,
            scopes: scopes.join(" "),
            map: Map::of_file(map, read).with_context(|| named(MAP_FILE))?,
            stay: Duration::from_hours(self.oidc_days * 24),
        })
    }

    /// Checks that nothing is set that only a provider makes sense of.
    ///
    /// # Errors
    /// The first setting that is.
    pub(super) fn check_unused(given: &[Given]) -> anyhow::Result<()> {
        match given.iter().find(|given| given.variable.starts_with("ONCEHUB_MCP_OIDC_")) {
            Some(unused) => bail!("{}: this needs --oauth oidc", as_given(given, &unused.variable)),
            None => Ok(()),
        }
    }
}
