//! The wiring of a server, from its settings. Only this room knows every other.

mod figures;
mod tenants;

use std::sync::Arc;

use anyhow::Context as _;

use crate::config::Config;
use crate::oncehub::{self, Budget, Client, Key, KeySource, Windows, api_root};
use crate::records::{Failure, SaidBy, Zone};
use crate::sandbox::{self, Sandbox};
use crate::server::Server;
use crate::store::{InProcess, Records};
use crate::tools::{Catalogue, Tools};
use crate::transport::{Stop, stdio};
use tenants::Tenants;

/// The largest response read from OnceHub: a hundred bookings are a few hundred kilobytes.
const REPLY_LIMIT: usize = 16 << 20;

/// The server of one account.
pub struct App {
    /// The client of the account.
    pub client: Client,
    tools: Tools,
    /// The tools that are offered.
    pub catalogue: Catalogue,
    windows: Windows,
    /// What is kept for other calls, and for other servers.
    records: Arc<dyn Records>,
    /// The simulated account, kept alive for as long as the server.
    _sandbox: Option<Sandbox>,
}

impl App {
    /// Wires the rooms; with `--sandbox`, starts the simulated account.
    ///
    /// # Errors
    /// If the selection names unknown tools, or the sandbox cannot listen.
    pub async fn new(mut config: Config) -> anyhow::Result<Self> {
        let catalogue = Catalogue::new(&config.selection)?;
        let catalogue = catalogue.showing(config.views).written(config.schemas, config.calls.structured);
        let sandbox = if config.sandbox {
            if config.calls.me.is_none() {
                config.calls.me = Some(sandbox::ME.to_owned());
                config.calls.said_by = SaidBy::Sandbox;
            }
            let started = Sandbox::start(sandbox::Settings { history: sandbox::HISTORY, ..Default::default() }).await;
            Some(started.context("the sandbox cannot listen on this machine")?)
        } else {
            None
        };
        let (url, key) = match &sandbox {
            Some(sandbox) => (api_root(&sandbox.url())?, Key::new(KeySource::Given(sandbox::KEY.into()))?),
            None => (config.url, config.key),
        };
        let budget = Budget::new(&config.windows.all());
        let client = Client::new(oncehub::Settings { url, key, budget, reply_limit: REPLY_LIMIT });
        let tools = Tools::new(client.clone(), config.calls);
        let records: Arc<dyn Records> = Arc::new(InProcess::default());
        Ok(Self { client, tools, catalogue, windows: config.windows, records, _sandbox: sandbox })
    }

    /// Returns the same server, which acts as one with those that share its `records`.
    #[must_use]
    pub fn sharing(self, records: Arc<dyn Records>) -> Self {
        Self { records, ..self }
    }

    /// Warns at startup of anything without a rate limit, for which OnceHub may reject requests.
    pub fn warn_about_missing_limits(&self) {
        if let Some(unguarded) = self.windows.unguarded() {
            tracing::warn!(
                "ONCEHUB_MCP_RATE_LIMIT={}: {unguarded}, so OnceHub may reject requests (its own limits are {})",
                self.windows,
                Windows::oncehub()
            );
        }
    }

    /// Returns the MCP server of the account.
    pub fn server(&self) -> Server {
        Server::new(self.tools.clone(), self.catalogue.clone())
    }

    /// Serves MCP on standard input and output until the input ends or it is asked to stop.
    pub async fn serve_stdio(&self, stop: &Stop) -> anyhow::Result<()> {
        let server = self.server();
        stdio::serve(server.clone(), stop, &OneAccount { server, tools: &self.tools }).await
    }

    /// Returns the time zone of `me`, in which replies are unless a zone is set; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be looked up.
    pub async fn zone_of_me(&self) -> Result<Option<Zone>, Arc<Failure>> {
        self.tools.zone_of_me().await
    }

    /// Returns the backend for HTTP: this account, and those whose keys come with their requests.
    ///
    /// # Errors
    /// If this process already serves HTTP.
    pub fn tenants(&self) -> anyhow::Result<Tenants> {
        Tenants::new(&self.client, &self.tools, self.catalogue.clone(), &self.windows, &self.records)
    }
}

/// The calls of one account, for the shutdown over standard input and output.
struct OneAccount<'a> {
    server: Server,
    tools: &'a Tools,
}

impl stdio::Calls for OneAccount<'_> {
    async fn answered(&self) {
        self.server.answered().await;
    }

    async fn drain(&self) {
        self.server.drain().await;
    }

    async fn finish_changes(&self) {
        self.tools.finish_changes().await;
    }

    fn cut_off(&self) {
        self.server.cut_off();
    }
}
