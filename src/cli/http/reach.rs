//! Who can reach the server, and what that asks of its settings.

use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use url::Url;

use super::{Arguments, SHARED_KEY, read_key};
use crate::config::{Given, as_given};
use crate::transport::http::{Door, Keys, Limits, Metrics, Proxy, Settings, Tokens, is_local};

impl Arguments {
    /// Returns whether others than this machine can reach the server.
    pub(super) fn is_public(&self) -> bool {
        !is_local(&self.listen) || self.behind_proxy
    }

    /// Returns the server's settings, unless they would be unsafe.
    pub(super) fn settings(&self, given: &[Given], shares: bool, tokens: Option<Tokens>) -> anyhow::Result<Settings> {
        let named = |variable: &str| as_given(given, variable);
        let is_public = self.is_public();
        let has_tls = self.tls_cert.is_some();
        if !is_local(&self.listen) && !has_tls && !self.behind_proxy {
            bail!(
                "{} {}: others can reach that address, and keys must not travel unencrypted: set --tls-cert and \
                --tls-key, or --behind-proxy if a proxy in front terminates TLS",
                named("ONCEHUB_MCP_LISTEN"),
                self.listen
            );
        }
        if is_public && shares && tokens.is_none() {
            let shared = if self.shared_key { SHARED_KEY } else { "ONCEHUB_MCP_SANDBOX" };
            let shared = named(shared);
            bail!("{shared}: others can reach this server: set ONCEHUB_MCP_TOKEN, to be sent as a bearer token");
        }
        let parse = |text: &String| {
            let name = named("ONCEHUB_MCP_PUBLIC_URL");
            // Not repeated: it may be a password.
            ensure!(!text.contains('@'), "{name}: it has a name or a password in it, before an @: leave them out");
            let url = Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "https" | "http"));
            let url = url.with_context(|| {
                format!("{name}: '{text}' is neither https nor http: write it like https://mcp.example.com")
            })?;
            let on_loopback = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
            let is_safe = url.scheme() == "https" || on_loopback;
            ensure!(is_safe, "{name}: '{url}': keys must not travel unencrypted: write https");
            anyhow::Ok(url)
        };
        let public_url = self.public_url.as_ref().map(parse).transpose()?;
        let metrics = match (&tokens, is_public) {
            (Some(_), _) => Metrics::WithToken,
            (None, false) => Metrics::Open,
            (None, true) => Metrics::Closed,
        };
        let proxy = match (self.behind_proxy, self.require_forwarded_proto) {
            (false, false) => Proxy::None,
            (false, true) => bail!("{}: this needs --behind-proxy", named("ONCEHUB_MCP_REQUIRE_FORWARDED_PROTO")),
            (true, false) => Proxy::Lenient,
            (true, true) => Proxy::Strict,
        };
        let door = Door::new(public_url.as_ref(), &trimmed(&self.hosts), &trimmed(&self.origins), proxy).with_context(
            || {
                let variables = ["ONCEHUB_MCP_PUBLIC_URL", "ONCEHUB_MCP_ALLOW_HOSTS", "ONCEHUB_MCP_ALLOW_ORIGINS"];
                let of_names = given.iter().filter(|given| variables.contains(&&*given.variable));
                of_names.map(|given| named(&given.variable)).collect::<Vec<_>>().join(" or ")
            },
        )?;
        Ok(Settings {
            door,
            keys: Keys::new(shares, tokens, read_key).context("the system's random source failed")?,
            sign_in: None,
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
                client_timeout: Duration::from_secs(self.patience),
            },
            access_log: self.access_log,
            drain_delay: Duration::from_secs(self.drain_delay),
            drain: Duration::from_secs(self.drain),
            pages: Vec::new(),
            shared_sessions: None,
        })
    }
}

fn trimmed(names: &[String]) -> Vec<String> {
    names.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}
