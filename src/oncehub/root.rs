//! The address of the API.

use url::{Host, Url};

/// The reason an address cannot be the API's.
#[derive(Debug, thiserror::Error)]
#[error("'{url}' cannot be the address of the OnceHub API: {reason}")]
pub struct BadUrl {
    url: String,
    reason: &'static str,
}

/// Parses the API's address, with or without `/v2`. Plain HTTP is only allowed to this machine: the key is sent in a
/// header.
///
/// # Errors
/// An address that is not absolute, not HTTPS, or that carries a password, a query or a fragment.
pub fn api_root(text: &str) -> Result<Url, BadUrl> {
    // Do not repeat a password that the address contains.
    let shown = text.rsplit('@').next().unwrap_or_default().to_owned();
    let bad = |reason| BadUrl { url: shown.clone(), reason };
    let mut url = Url::parse(text.trim()).map_err(|_| bad("it is not an absolute URL"))?;
    let on_loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => return Err(bad("it names no host")),
    };
    match url.scheme() {
        "https" => {}
        "http" if on_loopback => {}
        "http" => {
            return Err(bad("the key may only travel over https (plain http is for this machine alone)"));
        }
        _ => return Err(bad("it is neither https nor http")),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("a user or password does not belong in it"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(bad("a query or fragment does not belong in it"));
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&if path.ends_with("/v2") { path } else { format!("{path}/v2") });
    Ok(url)
}
