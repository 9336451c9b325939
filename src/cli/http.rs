//! `oncehub-mcp http`.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use secrecy::SecretString;
use url::Url;

use super::{asked_to_stop, say};
use crate::app::App;
use crate::config::{Config, SWITCH, secret};
use crate::oncehub::{Key, KeySource};
use crate::transport::http::{self, Certificates, Door, Keys, Limits, Listener, Metrics, Proxy, Settings, is_local};

/// How HTTP is served. Each flag is also an environment variable, as its help says.
#[derive(Args, Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch on the command line")]
#[command(next_help_heading = "HTTP (each also an environment variable, or a line in the file of --env-file)")]
pub(super) struct Arguments {
    /// Where to listen; port 0 takes a free one
    #[arg(long, env = "ONCEHUB_MCP_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8000")]
    listen: SocketAddr,
    /// Ask the server that listens there whether it is alive, and exit with 0 or 1: a container's health check
    #[arg(long)]
    health: bool,
    /// The address that clients use, where it is another one: https://mcp.example.com, or with a path
    #[arg(long, env = "ONCEHUB_MCP_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// Other names that clients may call this server by (in their Host header)
    #[arg(long = "allow-host", env = "ONCEHUB_MCP_ALLOW_HOSTS", value_name = "HOSTS", value_delimiter = ',')]
    hosts: Vec<String>,
    /// Web pages that may use this server from a browser, besides those of this machine: https://app.example.com
    #[arg(long = "allow-origin", env = "ONCEHUB_MCP_ALLOW_ORIGINS", value_name = "ORIGINS", value_delimiter = ',')]
    origins: Vec<String>,
    /// Serve callers who bring no key with this server's own; off this machine they need `ONCEHUB_MCP_TOKEN` as bearer
    #[arg(long, env = "ONCEHUB_MCP_SHARED_KEY", value_name = SWITCH)]
    shared_key: bool,
    /// A file that holds the server's token [instead of `ONCEHUB_MCP_TOKEN`]
    #[arg(long, env = "ONCEHUB_MCP_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// A proxy in front takes care of TLS
    #[arg(long, env = "ONCEHUB_MCP_BEHIND_PROXY", value_name = SWITCH)]
    behind_proxy: bool,
    /// Refuse requests of which that proxy does not say, in X-Forwarded-Proto, that they reached it over HTTPS (but for /healthz and /readyz)
    #[arg(long, env = "ONCEHUB_MCP_REQUIRE_FORWARDED_PROTO", value_name = SWITCH)]
    require_forwarded_proto: bool,
    /// The certificate chain (PEM), read again when it changes
    #[arg(long, env = "ONCEHUB_MCP_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key (PEM)
    #[arg(long, env = "ONCEHUB_MCP_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// How long calls under way get to end after SIGTERM, in seconds
    #[arg(long, env = "ONCEHUB_MCP_DRAIN", value_name = "SECONDS", default_value_t = 30)]
    drain: u64,
    /// Connections at once
    #[arg(long, env = "ONCEHUB_MCP_MAX_CONNECTIONS", value_name = "COUNT", default_value_t = 5000)]
    max_connections: usize,
    /// Sessions at once
    #[arg(long, env = "ONCEHUB_MCP_MAX_SESSIONS", value_name = "COUNT", default_value_t = 2000)]
    max_sessions: usize,
    /// Sessions at once with one key
    #[arg(long, env = "ONCEHUB_MCP_MAX_SESSIONS_PER_KEY", value_name = "COUNT", default_value_t = 200)]
    max_sessions_per_key: usize,
    /// Calls at once
    #[arg(long, env = "ONCEHUB_MCP_MAX_CALLS", value_name = "COUNT", default_value_t = 1000)]
    max_calls: usize,
    /// Calls at once with one key
    #[arg(long, env = "ONCEHUB_MCP_MAX_CALLS_PER_KEY", value_name = "COUNT", default_value_t = 100)]
    max_calls_per_key: usize,
    /// Threads: one answers a thousand calls a second, and OnceHub less than one
    #[arg(long, env = "ONCEHUB_MCP_THREADS", value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..))]
    pub(super) threads: u8,
    /// The largest request, in KiB
    #[arg(long, env = "ONCEHUB_MCP_MAX_BODY", value_name = "KIB", default_value_t = 1024)]
    max_body: usize,
    /// How long a session may be silent, in seconds
    #[arg(long, env = "ONCEHUB_MCP_SESSION_IDLE", value_name = "SECONDS", default_value_t = 3600)]
    session_idle: u64,
    /// How long a client may take to send a request or to take an answer, in seconds
    #[arg(long, env = "ONCEHUB_MCP_PATIENCE", value_name = "SECONDS", default_value_t = 30)]
    patience: u64,
}

/// Serves MCP over HTTP until the process is asked to stop.
pub(super) async fn run(arguments: Arguments, mut config: Config) -> anyhow::Result<ExitCode> {
    if arguments.health {
        return health(&arguments).await;
    }
    let shares = arguments.shared_key || config.sandbox;
    ensure!(
        !arguments.shared_key || config.sandbox || !config.key.is_missing(),
        "--shared-key: there is no key to share: set ONCEHUB_API_KEY or ONCEHUB_API_KEY_FILE"
    );
    if !shares && !config.key.is_missing() {
        tracing::warn!(
            "ONCEHUB_API_KEY is not used: callers bring their own keys (--shared-key would serve them with it)"
        );
        config.key = Key::new(KeySource::Missing)?;
    }
    if arguments.behind_proxy && !arguments.require_forwarded_proto {
        tracing::warn!(
            "--behind-proxy: a request without X-Forwarded-Proto is taken to have come over HTTPS: let the proxy set it, and \
            give --require-forwarded-proto"
        );
    }
    let token = secret("ONCEHUB_MCP_TOKEN", arguments.token_file.as_deref())?;
    let settings = arguments.settings(shares, token)?;
    let certificates = match (arguments.tls_cert, arguments.tls_key) {
        (Some(chain), Some(key)) => Some(Certificates::new(chain, key).context("--tls-cert and --tls-key")?),
        _ => None,
    };
    // Thousands of connections need as many descriptors; what the system refuses shows when they come.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let listener = Listener::bind(arguments.listen, certificates)
        .await
        .with_context(|| format!("cannot listen on {}", arguments.listen))?;
    let app = App::new(config).await?;
    app.tell_what_is_unguarded();
    let url = match &settings.public_url {
        Some(url) => url.as_str().trim_end_matches('/').to_owned(),
        None => format!("{}://{}", listener.scheme(), listener.address()?),
    };
    // A program that started this one reads the address, with the port that was free, from here.
    say(&format!("MCP is served at {url}/mcp until Ctrl-C; {url}/ tells how to connect."));
    http::serve(listener, app.tenants()?, settings, asked_to_stop()).await?;
    Ok(ExitCode::SUCCESS)
}

/// Asks a running server.
async fn health(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut address = arguments.listen;
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    let scheme = if arguments.tls_cert.is_some() { "https" } else { "http" };
    let _ = rustls::crypto::ring::default_provider().install_default();
    // It is this machine that is asked, by its number, which is in no certificate; and nothing secret is said.
    let client = reqwest::Client::builder().tls_danger_accept_invalid_certs(true).no_proxy();
    let asked = client.timeout(Duration::from_secs(5)).build()?.get(format!("{scheme}://{address}/healthz"));
    let answer = asked.header("X-Forwarded-Proto", "https").send().await;
    match answer.and_then(reqwest::Response::error_for_status) {
        Ok(_) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            say(&format!("no healthy server at {address}: {error}"));
            Ok(ExitCode::FAILURE)
        }
    }
}

impl Arguments {
    /// What was asked for, unless it would not be safe.
    fn settings(&self, shares: bool, token: Option<SecretString>) -> anyhow::Result<Settings> {
        let is_public = !is_local(&self.listen) || self.behind_proxy;
        let has_tls = self.tls_cert.is_some();
        if !is_local(&self.listen) && !has_tls && !self.behind_proxy {
            bail!(
                "--listen {}: others can reach that address, and keys must not travel in clear: give --tls-cert and --tls-key, \
                or --behind-proxy if a proxy in front takes care of TLS",
                self.listen
            );
        }
        if is_public && shares && token.is_none() {
            bail!("--shared-key: others can reach this server: set ONCEHUB_MCP_TOKEN, which they then send as bearer");
        }
        let parse = |text: &String| {
            let url = Url::parse(text.trim()).with_context(|| format!("--public-url: '{text}'"))?;
            ensure!(matches!(url.scheme(), "https" | "http"), "--public-url: '{url}' is neither https nor http");
            Ok(url)
        };
        let public_url = self.public_url.as_ref().map(parse).transpose()?;
        let metrics = match (&token, is_public) {
            (Some(_), _) => Metrics::WithToken,
            (None, false) => Metrics::Open,
            (None, true) => Metrics::Closed,
        };
        let proxy = match (self.behind_proxy, self.require_forwarded_proto) {
            (false, false) => Proxy::None,
            (false, true) => bail!("--require-forwarded-proto: there is no proxy to ask it of without --behind-proxy"),
            (true, false) => Proxy::Lenient,
            (true, true) => Proxy::Strict,
        };
        let door = Door::new(public_url.as_ref(), &trimmed(&self.hosts), &trimmed(&self.origins), proxy)
            .context("--allow-host and --allow-origin")?;
        Ok(Settings {
            door,
            keys: Keys::new(shares, token).context("the system has no randomness")?,
            metrics,
            public_url,
            scheme: if has_tls || self.behind_proxy { "https" } else { "http" },
            limits: Limits {
                connections: self.max_connections,
                sessions: self.max_sessions,
                sessions_per_tenant: self.max_sessions_per_key,
                calls: self.max_calls,
                calls_per_tenant: self.max_calls_per_key,
                body: self.max_body << 10,
                idle: Duration::from_secs(self.session_idle),
                patience: Duration::from_secs(self.patience),
            },
            drain: Duration::from_secs(self.drain),
        })
    }
}

fn trimmed(names: &[String]) -> Vec<String> {
    names.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}
