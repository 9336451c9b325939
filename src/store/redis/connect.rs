//! How a store is reached, and what is wrong with one that cannot be used.

use std::net::Ipv4Addr;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, ConnectionInfo, ErrorKind, IntoConnectionInfo as _, RedisError, RedisResult};
use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};

/// How long connecting, and an answer, may take. A store is next door: one that takes longer is away.
const TIMEOUT: Duration = Duration::from_secs(1);

/// The only policy with which a store forgets nothing before its time.
const NO_EVICTION: &str = "noeviction";

/// The address of a store, without a password.
#[derive(Clone, Debug)]
pub struct Address {
    url: Url,
    /// Whether what is said to it can be read on the way.
    pub is_open: bool,
}

/// The reason a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadStore {
    /// The text is no address of a store.
    #[error(
        "'{0}' is not the address of a store: write it like redis://host:6379, rediss://host:6379/1 for TLS, or unix:///path"
    )]
    Address(String),
    /// The address holds a password.
    #[error("a password does not belong in the address: put it into a file, for --store-password-file")]
    Password,
    /// The address has something behind it that is not understood. It is not repeated: it may be a password.
    #[error("what follows the {0} does not belong in the address of a store")]
    Extra(char),
    /// The store did not let us in.
    #[error("the store did not accept the user or the password: {0}")]
    Refused(String),
    /// The store cannot be reached.
    #[error("the store cannot be reached: {0}")]
    Away(String),
    /// The store's certificate is not trusted.
    #[error(
        "the store's certificate is not trusted: {0}: the authorities are the system's, or those of the file that \
        SSL_CERT_FILE names"
    )]
    Untrusted(String),
    /// The store does not answer in TLS.
    #[error("the store cannot be reached with TLS ({0}): is this its port for TLS? Without TLS, write redis://")]
    NotTls(String),
    /// The store hangs up, as one does that speaks TLS.
    #[error(
        "the store closed the connection ({0}): if it speaks TLS at this port, write rediss:// instead of redis://"
    )]
    HungUp(String),
    /// The store may forget what must not happen twice.
    #[error(
        "the store's maxmemory-policy is {0}: it would forget what must not happen twice. Set it to {NO_EVICTION}, as it is \
        unless it was changed"
    )]
    Forgets(String),
    /// The store is spread over several servers.
    #[error("the store is a cluster: use one Redis or Valkey, with a standby if need be")]
    Cluster,
    /// The store only answers.
    #[error("the store is a replica, which takes no writes: name its primary")]
    ReadOnly,
    /// The system has no random numbers.
    #[error("the system's random source failed")]
    NoRandomness,
}

impl BadStore {
    /// Returns whether it may be there later, as it is.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Away(_) | Self::HungUp(_))
    }
}

impl Address {
    /// Parses an address.
    ///
    /// # Errors
    /// If it is none, or holds a password.
    pub fn parse(text: &str) -> Result<Self, BadStore> {
        // Do not repeat a password that the address contains.
        let shown = || text.rsplit('@').next().unwrap_or_default().to_owned();
        let url = Url::parse(text.trim()).map_err(|_| BadStore::Address(shown()))?;
        let is_open = match (url.scheme(), url.host()) {
            ("rediss" | "valkeys", Some(_)) | ("unix", None) => false,
            ("redis" | "valkey", Some(host)) => !is_loopback(&host),
            _ => return Err(BadStore::Address(shown())),
        };
        if url.password().is_some() || url.query_pairs().any(|(name, _)| name == "pass") {
            return Err(BadStore::Password);
        }
        let query = url.query().filter(|query| url.scheme() != "unix" || !query.starts_with("db="));
        if let Some(mark) = query.map(|_| '?').or(url.fragment().map(|_| '#')) {
            return Err(BadStore::Extra(mark));
        }
        let address = Self { url, is_open };
        address.info().map_err(|_| BadStore::Address(shown()))?;
        Ok(address)
    }

    fn info(&self) -> Result<ConnectionInfo, RedisError> {
        self.url.clone().into_connection_info()
    }

    /// Connects to the store, and sees that it forgets nothing.
    ///
    /// # Errors
    /// If it cannot be reached or used.
    pub(super) async fn connect(&self, password: Option<&SecretString>) -> Result<ConnectionManager, BadStore> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut info = self.info().map_err(|error| self.failed(&error))?;
        if let Some(password) = password {
            let with_password = info.redis_settings().clone().set_password(password.expose_secret());
            info = info.set_redis_settings(with_password);
        }
        let client = Client::open(info).map_err(|error| self.failed(&error))?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(TIMEOUT))
            .set_response_timeout(Some(TIMEOUT));
        let mut connection =
            ConnectionManager::new_with_config(client, config).await.map_err(|error| self.failed(&error))?;
        let info: RedisResult<String> = redis::cmd("INFO").query_async(&mut connection).await;
        check(&info.map_err(|error| self.failed(&error))?)?;
        Ok(connection)
    }

    /// Returns what is wrong with a store that cannot be reached.
    fn failed(&self, error: &RedisError) -> BadStore {
        let text = error.to_string();
        let lower = text.to_ascii_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        match error.code() {
            Some("WRONGPASS" | "NOAUTH" | "NOPERM") => return BadStore::Refused(text),
            _ if error.kind() == ErrorKind::AuthenticationFailed => return BadStore::Refused(text),
            _ => {}
        }
        match self.url.scheme() {
            "rediss" | "valkeys" if says(&["certificate"]) => BadStore::Untrusted(text),
            // One without TLS waits for the rest of what is no command to it, or complains.
            "rediss" | "valkeys" if says(&["corrupt message", "timed out"]) => BadStore::NotTls(text),
            "redis" | "valkey" if says(&["end of file", "reset by peer", "broken pipe"]) => BadStore::HungUp(text),
            _ => BadStore::Away(text),
        }
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        // In these addresses an IPv4 address is parsed as a name.
        Host::Domain(name) => *name == "localhost" || name.parse().is_ok_and(|ip: Ipv4Addr| ip.is_loopback()),
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    }
}

/// Sees that the store is one that can be used, by what it says of itself.
fn check(info: &str) -> Result<(), BadStore> {
    let field = |name: &str| {
        let value = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.map(str::trim).unwrap_or_default()
    };
    match (field("redis_mode"), field("role"), field("maxmemory_policy")) {
        ("cluster", _, _) => Err(BadStore::Cluster),
        (_, "slave", _) => Err(BadStore::ReadOnly),
        // A service that does not say so has said so in its documents.
        (_, _, NO_EVICTION | "") => Ok(()),
        (_, _, policy) => Err(BadStore::Forgets(policy.to_owned())),
    }
}
