//! The only room that knows every other: it makes a server out of settings.

mod figures;
mod tenants;

use anyhow::Context as _;

use crate::config::Config;
use crate::oncehub::{self, Client, Key, KeySource, api_root};
use crate::sandbox::{self, Sandbox};
use crate::server::Server;
use crate::tools::{Catalogue, Settings, Tools};
use tenants::Tenants;

/// The largest reply that is read from OnceHub: a hundred bookings are a few hundred kilobytes.
const REPLY_LIMIT: usize = 16 << 20;

/// Everything that serves one account.
pub struct App {
    /// The client of the account.
    pub client: Client,
    tools: Tools,
    catalogue: Catalogue,
    /// The simulated account, which lives as long as this does.
    _sandbox: Option<Sandbox>,
}

impl App {
    /// Wires the rooms together; with `--sandbox`, starts the simulated account.
    ///
    /// # Errors
    /// A selection of tools that names unknown ones; a sandbox that cannot listen.
    pub async fn new(config: Config) -> anyhow::Result<Self> {
        let catalogue = Catalogue::new(&config.selection).context("ONCEHUB_MCP_TOOLSETS, _TOOLS or _EXCLUDE_TOOLS")?;
        let sandbox = if config.sandbox {
            Some(
                Sandbox::start(sandbox::Settings::default())
                    .await
                    .context("the sandbox cannot listen on this machine")?,
            )
        } else {
            None
        };
        let (url, key) = match &sandbox {
            Some(sandbox) => (api_root(&sandbox.url())?, Key::new(KeySource::Given(sandbox::KEY.into()))?),
            None => (config.url, config.key),
        };
        let client = Client::new(oncehub::Settings { url, key, budget: config.budget, reply_limit: REPLY_LIMIT });
        let settings = Settings {
            timeout: config.timeout,
            zone: config.zone,
            me: config.me,
            confirm: config.confirm,
            max_reply: config.max_reply,
            ..Settings::default()
        };
        let tools = Tools::new(client.clone(), settings);
        Ok(Self { client, tools, catalogue, _sandbox: sandbox })
    }

    /// The MCP server of the account.
    pub fn server(&self) -> Server {
        Server::new(self.tools.clone(), self.catalogue.clone())
    }

    /// What HTTP serves: this account, and those whose keys come with their requests.
    ///
    /// # Errors
    /// When this process serves HTTP already.
    pub fn tenants(&self) -> anyhow::Result<Tenants> {
        Tenants::new(&self.client, &self.tools, self.catalogue.clone())
    }
}
