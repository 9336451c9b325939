//! Connecting to a store, and what is wrong with one that cannot be used.

use std::net::Ipv4Addr;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, ConnectionInfo, ErrorKind, IntoConnectionInfo as _, RedisError, RedisResult};
use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};

/// How long connecting may take, and how long an answer. A store is close by: one that takes longer is away.
const TIMEOUT: Duration = Duration::from_secs(1);

/// The only policy with which a store forgets nothing before its time.
const NO_EVICTION: &str = "noeviction";

/// The oldest major version of Redis that can be used: the first whose `SET` takes both `NX` and `GET`.
const OLDEST: u32 = 7;

/// The address of a store, without a password.
#[derive(Clone, Debug)]
pub struct Address {
    url: Url,
    /// Whether traffic to it can be read on the way.
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
    /// The address is followed by something that is not understood. It is not repeated: it may be a password.
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
    /// The store is a read-only replica.
    #[error("the store is a replica, which takes no writes: name its primary")]
    ReadOnly,
    /// The store is too old.
    #[error("the store is Redis {0}: it has to be Redis {OLDEST} or newer, or a Valkey")]
    TooOld(String),
    /// What is stored where the servers keep their secret is none.
    #[error(
        "what the store has under {0} is not a secret that servers share: give them a database of their own, or delete that key"
    )]
    Taken(String),
    /// The system has no random numbers.
    #[error("the system's random source failed")]
    NoRandomness,
}

impl BadStore {
    /// Returns whether trying again later may help, with nothing changed.
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

    /// Connects to the store, and checks that it can be used.
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
            // One without TLS takes the handshake for an incomplete command, and waits; or it complains.
            "rediss" | "valkeys" if says(&["corrupt message", "timed out"]) => BadStore::NotTls(text),
            "redis" | "valkey" if says(&["end of file", "reset by peer", "broken pipe"]) => BadStore::HungUp(text),
            _ => BadStore::Away(text),
        }
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        // With these schemes an IPv4 address is parsed as a name.
        Host::Domain(name) => *name == "localhost" || name.parse().is_ok_and(|ip: Ipv4Addr| ip.is_loopback()),
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    }
}

/// Checks that a store can be used, by what it says about itself.
fn check(info: &str) -> Result<(), BadStore> {
    let field = |name: &str| {
        let value = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        value.map(str::trim).unwrap_or_default()
    };
    // A Valkey, too, says which Redis it is compatible with.
    let version = field("redis_version");
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_some_and(|major| major < OLDEST) {
        return Err(BadStore::TooOld(version.to_owned()));
    }
    if [field("redis_mode"), field("server_mode")].contains(&"cluster") {
        return Err(BadStore::Cluster);
    }
    match (field("role"), field("maxmemory_policy")) {
        ("slave", _) => Err(BadStore::ReadOnly),
        // What a service does not say here is in its documentation.
        (_, NO_EVICTION | "") => Ok(()),
        (_, policy) => Err(BadStore::Forgets(policy.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(info: &str) -> Option<String> {
        check(&info.replace('\n', "\r\n")).err().map(|bad| bad.to_string())
    }

    #[test]
    fn a_store_that_is_too_old_says_which_one_is_needed() {
        let standalone = "redis_mode:standalone\nrole:master\nmaxmemory_policy:noeviction\n";
        for old in ["6.2.14", "6.0.16", "5.0.7", "2.8.24"] {
            let told = problem(&format!("# Server\nredis_version:{old}\nredis_git_sha1:00000000\n{standalone}"));
            let expected = format!("the store is Redis {old}: it has to be Redis 7 or newer, or a Valkey");
            assert_eq!(told, Some(expected));
        }
        let valkey = "redis_version:7.2.4\nserver_name:valkey\nvalkey_version:9.1.2";
        // A service may say nothing about its version, or something that is none.
        for good in ["redis_version:7.0.15", "redis_version:10.0.1", valkey, "redis_git_sha1:0", "redis_version:new"] {
            assert_eq!(problem(&format!("# Server\n{good}\n{standalone}")), None, "{good}");
        }
    }

    #[test]
    fn a_store_that_cannot_be_written_to_or_is_spread_or_forgets_says_so() {
        for (info, why) in [
            ("redis_version:7.0.15\nredis_mode:cluster\nrole:master", "the store is a cluster"),
            ("redis_version:7.2.4\nvalkey_version:9.1.2\nserver_mode:cluster\nrole:master", "the store is a cluster"),
            ("redis_version:7.0.15\nredis_mode:standalone\nrole:slave", "the store is a replica"),
            ("redis_mode:standalone\nrole:master\nmaxmemory_policy:allkeys-lru", "maxmemory-policy is allkeys-lru"),
        ] {
            let told = problem(info).unwrap_or_default();
            assert!(told.contains(why), "{info}: {told}");
        }
    }
}
