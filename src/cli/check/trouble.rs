//! The diagnosis when OnceHub cannot be reached: certificates, a proxy, DNS, a firewall.

use url::Url;

use crate::oncehub::{Cause, Error};
use crate::records::failure::Failure;

/// A proxy that requests go through.
pub(super) struct Proxy {
    /// The variable that sets it.
    pub(super) variable: &'static str,
    /// Its address, without any password in the variable.
    pub(super) address: String,
}

/// Returns the proxy for an address, according to the environment.
pub(super) fn proxy(url: &Url) -> Option<Proxy> {
    let host = url.host_str()?;
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let skipped = set("NO_PROXY").or_else(|| set("no_proxy")).unwrap_or_default();
    let is_skipped = skipped
        .split(',')
        .map(|name| name.trim().trim_start_matches('.'))
        .any(|name| name == "*" || !name.is_empty() && (host == name || host.ends_with(&format!(".{name}"))));
    // Plain HTTP is only for this machine, and needs no proxy.
    if url.scheme() != "https" || is_skipped {
        return None;
    }
    let variables = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    let (variable, value) = variables.into_iter().find_map(|name| Some((name, set(name)?)))?;
    let parsed = Url::parse(&value).or_else(|_| Url::parse(&format!("http://{value}"))).ok();
    let address = parsed.and_then(|url| Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?)));
    Some(Proxy { variable, address: address.unwrap_or_else(|| "an address that cannot be parsed".into()) })
}

/// Returns what happened, and what to do about it.
pub(super) fn of(error: &Error, url: &Url, proxy: Option<&Proxy>) -> (String, String) {
    let (Cause::Unreachable(reason) | Cause::ConnectionLost(reason)) = &error.cause else {
        let failure = Failure::from(error);
        return (failure.message, failure.hint);
    };
    let host = url.host_str().unwrap_or_default();
    let lower = reason.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if says(&["expired", "notvalidyet", "not valid yet"]) && says(&["certificate"]) {
        let hint = "is this machine's clock right? A certificate is only valid for a time";
        return (format!("the certificate of {host} is not valid today: {reason}"), hint.into());
    }
    if says(&["certificate", "unknownissuer", "tls", "handshake"]) {
        let who = proxy.map_or_else(|| "something in between".to_owned(), |proxy| proxy.address.clone());
        let hint = format!(
            "if {who} inspects encrypted traffic, as in some companies, add its certificate to the system's \
            (or name its file in SSL_CERT_FILE)"
        );
        return (format!("no trusted encrypted connection to {host}: {reason}"), hint);
    }
    if let Some(Proxy { variable, address }) = proxy {
        let hint = format!("is {variable} right, and does the proxy let {host} through? NO_PROXY={host} bypasses it");
        return (format!("no response through the proxy {address}: {reason}"), hint);
    }
    let (finding, hint) = if says(&["dns", "lookup", "name or service", "nodename", "resolve"]) {
        ("the name cannot be resolved", "is there a network, and does it need a proxy (HTTPS_PROXY)?")
    } else if says(&["refused"]) {
        ("the connection was refused", "is ONCEHUB_API_URL right, and does a firewall let this program out?")
    } else {
        ("no connection could be established", "is there a network, and does it need a proxy (HTTPS_PROXY)?")
    };
    (format!("{host}: {finding}: {reason}"), hint.into())
}
