//! `oncehub-mcp http`.

mod provider;
mod reach;
mod sign_in;
mod store;

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use clap::builder::RangedU64ValueParser;
use serde_json::json;

use super::{Reload, exposed, print_line, until_stopped};
use crate::app::App;
use crate::config::{Config, Given, SWITCH, as_given};
use crate::oncehub::{Key, KeySource, key_in};
use crate::records::Reader;
use crate::telemetry::Form;
use crate::transport::http::{self, Certificates, Listener, Tokens};
use sign_in::{Place, SignInArguments};
use store::Stores;

/// The variable of the server's token. It has no flag, since others can read command lines.
const TOKEN: &str = "ONCEHUB_MCP_TOKEN";

/// The variables of settings that errors name.
const TOKEN_FILE: &str = "ONCEHUB_MCP_TOKEN_FILE";
const SHARED_KEY: &str = "ONCEHUB_MCP_SHARED_KEY";
const BEHIND_PROXY: &str = "ONCEHUB_MCP_BEHIND_PROXY";
const TLS_CERT: &str = "ONCEHUB_MCP_TLS_CERT";
const TLS_KEY: &str = "ONCEHUB_MCP_TLS_KEY";

/// The options of `oncehub-mcp http`. Each flag is also an environment variable, as its help says.
#[derive(Args, Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch on the command line")]
#[command(next_help_heading = "HTTP (also as environment variables, or in the file of --env-file)")]
pub(super) struct Arguments {
    /// Address to listen on; port 0 picks a free port
    #[arg(long, env = "ONCEHUB_MCP_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8000", value_parser = address)]
    listen: SocketAddr,
    /// Check whether the server that listens there is alive, and exit with 0 or 1 (a container's health check)
    #[arg(long)]
    health: bool,
    /// The address that clients use, if it differs: https://mcp.example.com, or with a path
    #[arg(long, env = "ONCEHUB_MCP_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// Other host names that clients may use for this server (in the Host header)
    #[arg(long = "allow-host", env = "ONCEHUB_MCP_ALLOW_HOSTS", value_name = "HOSTS", value_delimiter = ',')]
    hosts: Vec<String>,
    /// Other web origins that may use this server from a browser: https://app.example.com
    #[arg(long = "allow-origin", env = "ONCEHUB_MCP_ALLOW_ORIGINS", value_name = "ORIGINS", value_delimiter = ',')]
    origins: Vec<String>,
    /// Serve callers that send no key with this server's own; beyond loopback they need `ONCEHUB_MCP_TOKEN` as a bearer
    /// token
    #[arg(long, env = "ONCEHUB_MCP_SHARED_KEY", value_name = SWITCH)]
    shared_key: bool,
    /// File with the server's token, or several, one on each line as 'TOKEN' or 'name: TOKEN', read again when it changes [instead of `ONCEHUB_MCP_TOKEN`]
    #[arg(long, env = "ONCEHUB_MCP_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
    #[command(flatten)]
    sign_in: SignInArguments,
    /// A proxy in front terminates TLS
    #[arg(long, env = "ONCEHUB_MCP_BEHIND_PROXY", value_name = SWITCH)]
    behind_proxy: bool,
    /// Reject requests unless that proxy says, in X-Forwarded-Proto, that they came over HTTPS (except /healthz and
    /// /readyz)
    #[arg(long, env = "ONCEHUB_MCP_REQUIRE_FORWARDED_PROTO", value_name = SWITCH)]
    require_forwarded_proto: bool,
    /// The certificate chain (PEM), reloaded when it changes
    #[arg(long, env = "ONCEHUB_MCP_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key (PEM)
    #[arg(long, env = "ONCEHUB_MCP_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// How long to go on serving after SIGTERM, while /readyz already says 503, in seconds: until a load balancer has
    /// noticed
    #[arg(long, env = "ONCEHUB_MCP_DRAIN_DELAY", value_name = "SECONDS", default_value_t = 0, value_parser = seconds(0))]
    drain_delay: u64,
    /// How long in-flight calls may take to finish after that, in seconds
    #[arg(long, env = "ONCEHUB_MCP_DRAIN", value_name = "SECONDS", default_value_t = 30, value_parser = seconds(0))]
    drain: u64,
    /// Log a line for each request, not only for calls and refusals
    #[arg(long, env = "ONCEHUB_MCP_ACCESS_LOG", value_name = SWITCH)]
    access_log: bool,
    /// Maximum concurrent connections
    #[arg(long, env = "ONCEHUB_MCP_MAX_CONNECTIONS", value_name = "COUNT", default_value_t = 5000, value_parser = count())]
    max_connections: usize,
    /// Maximum concurrent sessions
    #[arg(long, env = "ONCEHUB_MCP_MAX_SESSIONS", value_name = "COUNT", default_value_t = 2000, value_parser = count())]
    max_sessions: usize,
    /// Maximum concurrent sessions with one key
    #[arg(long, env = "ONCEHUB_MCP_MAX_SESSIONS_PER_KEY", value_name = "COUNT", default_value_t = 200, value_parser = count())]
    max_sessions_per_key: usize,
    /// Maximum concurrent calls
    #[arg(long, env = "ONCEHUB_MCP_MAX_CALLS", value_name = "COUNT", default_value_t = 1000, value_parser = count())]
    max_calls: usize,
    /// Maximum concurrent calls with one key
    #[arg(long, env = "ONCEHUB_MCP_MAX_CALLS_PER_KEY", value_name = "COUNT", default_value_t = 100, value_parser = count())]
    max_calls_per_key: usize,
    #[command(flatten)]
    store: store::Arguments,
    /// Worker threads: one handles a thousand calls a second, and OnceHub allows less than one
    #[arg(long, env = "ONCEHUB_MCP_THREADS", value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..))]
    pub(super) threads: u8,
    /// Maximum size of a request body, in KiB
    #[arg(long, env = "ONCEHUB_MCP_MAX_BODY", value_name = "KIB", default_value_t = 1024, value_parser = count().range(1..=1 << 20))]
    max_body: usize,
    /// How long a session may be idle, in seconds
    #[arg(long, env = "ONCEHUB_MCP_SESSION_IDLE", value_name = "SECONDS", default_value_t = 3600, value_parser = seconds(1))]
    session_idle: u64,
    /// Timeout for a client to send a request or read a response, in seconds
    #[arg(long, env = "ONCEHUB_MCP_PATIENCE", value_name = "SECONDS", default_value_t = 30, value_parser = seconds(1))]
    patience: u64,
}

/// Returns the definitions of these options.
pub(super) fn settings() -> clap::Command {
    Arguments::augment_args(clap::Command::new(""))
}

/// Counts of something: 0 would mean that nobody is served.
fn count() -> RangedU64ValueParser<usize> {
    RangedU64ValueParser::new().range(1..=1_000_000)
}

/// Seconds, up to a day.
fn seconds(least: u64) -> RangedU64ValueParser {
    RangedU64ValueParser::new().range(least..=86_400)
}

/// Parses an address to listen on.
fn address(text: &str) -> Result<SocketAddr, &'static str> {
    text.trim().parse().map_err(|_| "write an IP address and a port, like 127.0.0.1:8000 or 0.0.0.0:8443")
}

/// Serves MCP over HTTP until the process is asked to stop.
pub(super) async fn run(
    arguments: Arguments,
    mut config: Config,
    given: &[Given],
    form: Form,
    mut reload: Reload,
) -> anyhow::Result<ExitCode> {
    if arguments.health {
        return health(&arguments).await;
    }
    exposed::warn_of_all(given);
    let signs_in = arguments.sign_in.is_on(arguments.shared_key, given)?;
    // The simulated account's key is then asked for, as a real one's is.
    let shares = arguments.shared_key || config.sandbox && !signs_in;
    if arguments.shared_key {
        config.calls.share_key();
    }
    config.calls.reader = Reader::Caller;
    if arguments.shared_key && !config.sandbox && config.key.is_missing() {
        let shared = as_given(given, SHARED_KEY);
        match config.key.placeholder() {
            Some(placeholder) => bail!("{shared}: ONCEHUB_API_KEY: {placeholder}"),
            None => bail!("{shared}: there is no key to share: set ONCEHUB_API_KEY or ONCEHUB_API_KEY_FILE"),
        }
    }
    if !shares && !config.key.is_missing() {
        let mut places = ["ONCEHUB_API_KEY_FILE", "ONCEHUB_MCP_KEYCHAIN"].into_iter();
        let place = places.find(|name| given.iter().any(|given| given.variable == *name));
        let key = as_given(given, place.unwrap_or("ONCEHUB_API_KEY"));
        tracing::warn!("{key} is not used: callers send their own keys (--shared-key would let them use it)");
        config.key = Key::new(KeySource::Missing)?;
    }
    if arguments.behind_proxy && !arguments.require_forwarded_proto {
        tracing::warn!(
            "{}: a request without X-Forwarded-Proto is assumed to have come over HTTPS: let the proxy set \
            it, and add --require-forwarded-proto",
            as_given(given, BEHIND_PROXY)
        );
    }
    let tokens = arguments.tokens(given)?;
    let mut settings = arguments.settings(given, shares, tokens.clone())?;
    let certificates = match (&arguments.tls_cert, &arguments.tls_key) {
        (Some(chain), Some(key)) => {
            let named = || format!("{} and {}", as_given(given, TLS_CERT), as_given(given, TLS_KEY));
            Some(Certificates::new(chain.clone(), key.clone()).with_context(named)?)
        }
        _ => None,
    };
    // Thousands of connections need as many file descriptors. Ignore a failure: `accept` reports it if it matters.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let listener = Listener::bind(arguments.listen, certificates.clone())
        .await
        .with_context(|| format!("cannot listen on {}", arguments.listen))?;
    let Stores { records, sign_ins, sessions } = arguments.store.connect(given, &config.windows).await?;
    if let Some(secret) = records.secret() {
        settings.keys = settings.keys.sharing(&secret);
    }
    settings.shared_sessions = sessions;
    let app = App::new(config).await?.sharing(records);
    app.warn_about_missing_limits();
    let address = listener.address()?;
    let url = match &settings.public_url {
        Some(url) => url.as_str().trim_end_matches('/').to_owned(),
        None => format!("{}://{address}", listener.scheme()),
    };
    if signs_in {
        let (is_public, is_given) = (arguments.is_public(), arguments.public_url.is_some());
        let sign_in = arguments.sign_in.settings(&Place { url: &url, is_public, is_given }, sign_ins, given)?;
        if let Some(provider) = &sign_in.provider {
            let (map, secret) = (provider.map.clone(), provider.secret.clone());
            map.key_files().iter().for_each(|file| exposed::warn_of("--oidc-map-file", file));
            reload.add(move || {
                map.reload();
                secret.reload();
            });
        }
        let secrets = sign_in.secrets.clone();
        settings.sign_in = Some(sign_in);
        reload.add(move || secrets.reload());
    }
    if let Some(tokens) = tokens {
        reload.add(move || tokens.reload());
    }
    if let Some(certificates) = certificates {
        reload.add(move || certificates.reload());
    }
    reload.at_each_signal();
    let tenants = app.tenants()?;
    until_stopped(|stop| async move {
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"),
            %address,
            url,
            keys = if shares { "shared" } else { "own" },
            sign_in = signs_in,
            tls = listener.scheme() == "https",
            behind_proxy = arguments.behind_proxy,
            store = arguments.store.is_shared(),
            "started"
        );
        // A parent process reads the address, with the port that was picked, from this line.
        let banner = format!("MCP is served at {url}/mcp until Ctrl-C; {url}/ shows how to connect.");
        print_line(&if form == Form::Json { json!({"message": banner}).to_string() } else { banner });
        http::serve(listener, tenants, settings, stop).await
    })
    .await
}

/// Checks whether a running server is alive.
async fn health(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut address = arguments.listen;
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
    }
    let scheme = if arguments.tls_cert.is_some() { "https" } else { "http" };
    let _ = rustls::crypto::ring::default_provider().install_default();
    // The address is this machine's own IP, which no certificate names, and nothing secret is sent.
    let client = reqwest::Client::builder().tls_danger_accept_invalid_certs(true).no_proxy();
    let asked = client.timeout(Duration::from_secs(5)).build()?.get(format!("{scheme}://{address}/healthz"));
    let answer = asked.header("X-Forwarded-Proto", "https").send().await;
    match answer.and_then(reqwest::Response::error_for_status) {
        Ok(_) => Ok(ExitCode::SUCCESS),
        Err(error) => {
            print_line(&format!("no healthy server at {address}: {error}"));
            Ok(ExitCode::FAILURE)
        }
    }
}

impl Arguments {
    /// Returns the server's tokens, if it has any.
    fn tokens(&self, given: &[Given]) -> anyhow::Result<Option<Tokens>> {
        let file = as_given(given, TOKEN_FILE);
        let token = std::env::var(TOKEN).ok().filter(|text| !text.trim().is_empty());
        let tokens = match (token, &self.token_file) {
            (Some(_), Some(_)) => bail!("{TOKEN} and {file} are both set: keep one of them"),
            (Some(token), None) => Tokens::given(&token).context(TOKEN),
            (None, Some(path)) => Tokens::of_file(path).context(file),
            (None, None) => return Ok(None),
        };
        tokens.map(Some)
    }
}

/// Returns the key in a text.
fn read_key(text: &str) -> Result<&str, String> {
    key_in(text).map_err(|placeholder| placeholder.to_string())
}
