//! How connections to OnceHub are made, and why one has failed, in words.

use std::time::Duration;

use url::Url;

use super::Cause;

/// Builds what connects to the API at this address.
pub(super) fn build(url: &Url) -> Result<reqwest::Client, String> {
    // Ignore: a provider may already be installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("oncehub-mcp/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        // `exchange` retries, as `retry::decide` says, and once with another key.
        .retry(reqwest::retry::never())
        .https_only(url.scheme() == "https")
        .connect_timeout(Duration::from_secs(10))
        // Shorter than servers usually keep an idle connection, so that a write is not sent on a dying one.
        .pool_idle_timeout(Duration::from_secs(30));
    if url.scheme() == "http" {
        // Plain HTTP is for this machine, where no proxy belongs in between, and no certificate authority is needed:
        // there may be none.
        builder = builder.no_proxy().tls_certs_only([]);
    }
    builder.build().map_err(|error| reason(&error))
}

/// Distinguishes a connection that was never established from one that was lost.
pub(super) fn lost(error: &reqwest::Error) -> Cause {
    if error.is_connect() { Cause::Unreachable(reason(error)) } else { Cause::ConnectionLost(reason(error)) }
}

/// Returns the innermost cause in words. The error's own text would repeat the URL with its query, and so guests' data.
pub(super) fn reason(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match innermost.to_string() {
        text if text.contains("://") => "the connection failed".into(),
        text => text,
    }
}
