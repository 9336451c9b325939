//! The options of a store that several servers share.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use secrecy::SecretString;

use crate::config::{Given, as_given};
use crate::oncehub::{Windows, limits};
use crate::store::redis::{Address, Redis, Settings};
use crate::store::{InMemory, InProcess, Records, SharedSessions, Store};

/// The variables of settings that errors name.
const STORE: &str = "ONCEHUB_MCP_STORE";
const PASSWORD_FILE: &str = "ONCEHUB_MCP_STORE_PASSWORD_FILE";

/// The egress of servers that name none.
const ONLY: &str = "default";

/// The options of a store.
#[derive(Args, Clone, Debug)]
pub(super) struct Arguments {
    /// Redis or Valkey that several servers share, so that they act as one: redis://host:6379, or rediss:// for TLS; a user
    /// may be in it, a password may not
    #[arg(long, env = "ONCEHUB_MCP_STORE", value_name = "URL")]
    store: Option<String>,
    /// File with the store's password
    #[arg(long, env = "ONCEHUB_MCP_STORE_PASSWORD_FILE", value_name = "FILE", requires = "store")]
    store_password_file: Option<PathBuf>,
    /// Name of the IP address that this server's requests leave by: servers that share a store and leave by different ones
    /// have a rate limit each
    #[arg(long, env = "ONCEHUB_MCP_EGRESS", value_name = "NAME", requires = "store", value_parser = egress)]
    egress: Option<String>,
}

/// Parses the name of an address.
fn egress(text: &str) -> Result<String, &'static str> {
    let is_name =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    let text = text.trim();
    let is_name = (1..=64).contains(&text.len()) && is_name(text);
    if is_name { Ok(text.to_owned()) } else { Err("write a name of up to 64 letters, digits, '-', '_' and '.'") }
}

/// Where what servers have to know of each other is kept.
pub(super) struct Stores {
    pub(super) records: Arc<dyn Records>,
    pub(super) sign_ins: Arc<dyn Store>,
    /// None if the server is alone.
    pub(super) sessions: Option<Arc<dyn SharedSessions>>,
}

impl Arguments {
    /// Returns whether servers share a store.
    pub(super) fn is_shared(&self) -> bool {
        self.store.is_some()
    }

    /// Connects to the store; without one, all is in memory.
    ///
    /// # Errors
    /// If the store cannot be reached or used.
    pub(super) async fn connect(&self, given: &[Given], windows: &Windows) -> anyhow::Result<Stores> {
        let Some(store) = &self.store else {
            let (records, sign_ins) = (Arc::new(InProcess::default()), Arc::new(InMemory::default()));
            return Ok(Stores { records, sign_ins, sessions: None });
        };
        let named = || as_given(given, STORE);
        let address = Address::parse(store).with_context(named)?;
        if address.is_open {
            tracing::warn!("{}: what is said to the store can be read on the way: rediss:// encrypts it", named());
        }
        let password = self.store_password_file.as_ref().map(|file| {
            let text = std::fs::read_to_string(file);
            let text = text.with_context(|| format!("the file {} cannot be read", file.display()))?;
            anyhow::ensure!(!text.trim().is_empty(), "the file {} is empty", file.display());
            Ok(SecretString::from(text.trim()))
        });
        let password = password.transpose().with_context(|| as_given(given, PASSWORD_FILE))?;
        let egress = self.egress.clone().unwrap_or_else(|| ONLY.to_owned());
        let settings = Settings { address, password, egress, limits: limits(windows) };
        let redis = Arc::new(Redis::connect(settings).await.with_context(named)?);
        let (records, sessions) =
            (Arc::clone(&redis) as Arc<dyn Records>, Arc::clone(&redis) as Arc<dyn SharedSessions>);
        Ok(Stores { records, sign_ins: redis, sessions: Some(sessions) })
    }
}
