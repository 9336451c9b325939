//! The check of `Host` and `Origin`, on every path. A foreign page in a person's browser must not reach this server,
//! whatever name it has given to this machine's address (DNS rebinding).

use http::header::{HOST, ORIGIN};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, StatusCode};
use url::{Host, Url};

use super::Refusal;

/// The hosts and origins that are allowed.
#[derive(Clone, Debug, Default)]
pub struct Door {
    hosts: Vec<Authority>,
    origins: Vec<url::Origin>,
    proxy: Proxy,
}

/// Whether a proxy in front terminates TLS, and reports in `X-Forwarded-Proto` how a request reached it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Proxy {
    /// There is none, and the headers of one are ignored.
    #[default]
    None,
    /// There is one, and a request without its header is taken to have come over HTTPS.
    Lenient,
    /// There is one, and a request without its header is refused.
    Strict,
}

/// A text that is not a host or an origin.
#[derive(Debug, thiserror::Error)]
pub enum BadName {
    /// Not a host.
    #[error("'{0}' is not a host: write a name or an address, with or without a port, and no scheme")]
    Host(String),
    /// Not an origin.
    #[error("'{0}' is not an origin: write it like https://app.example.com, with nothing behind the host and port")]
    Origin(String),
}

impl Door {
    /// Allows the host and origin of `public_url`, `hosts` and `origins`, besides this machine's own names.
    ///
    /// # Errors
    /// A text that is not a host or an origin.
    pub fn new(public_url: Option<&Url>, hosts: &[String], origins: &[String], proxy: Proxy) -> Result<Self, BadName> {
        let host = |text: &String| text.parse::<Authority>().map_err(|_| BadName::Host(text.clone()));
        let mut door = Self { hosts: hosts.iter().map(host).collect::<Result<_, _>>()?, origins: vec![], proxy };
        for text in origins {
            let url = Url::parse(text).ok().filter(|url| url.origin().is_tuple() && url.path() == "/");
            door.origins.push(url.ok_or_else(|| BadName::Origin(text.clone()))?.origin());
        }
        if let Some(url) = public_url {
            door.origins.push(url.origin());
            // Browsers do not send the default port.
            door.hosts.extend(url[url::Position::BeforeHost..url::Position::AfterPort].parse::<Authority>().ok());
        }
        Ok(door)
    }

    /// Lets a request pass, or returns what is wrong with it.
    pub(super) fn check(&self, request: &Parts) -> Result<(), Refusal> {
        let host = host_of(request)?;
        if !self.knows(&host) {
            let reason = format!(
                "this server is not called '{host}': its operator can allow that name with --public-url or --allow-host"
            );
            return Err(Refusal::forbidden("host", reason));
        }
        if let Some(origin) = request.headers.get(ORIGIN)
            && !self.allows(origin)
        {
            let reason = "pages of this origin may not use this server: its operator can allow it with --allow-origin";
            return Err(Refusal::forbidden("origin", reason));
        }
        match (self.proxy, came_over_https(&request.headers)) {
            (Proxy::Lenient | Proxy::Strict, Some(false)) => {
                let reason = "the request reached the proxy over plain HTTP, and the key with it: use https, and replace the key";
                Err(Refusal::forbidden("plain_http", reason))
            }
            (Proxy::Strict, None) if !CARRY_NO_SECRET.contains(&request.uri.path()) => {
                let reason = "the request says nothing of how it reached the proxy: its operator has to let the proxy set \
                    X-Forwarded-Proto";
                Err(Refusal::forbidden("forwarded_proto", reason))
            }
            _ => Ok(()),
        }
    }

    /// Returns whether a proxy reports where requests come from.
    pub(super) fn is_behind_proxy(&self) -> bool {
        self.proxy != Proxy::None
    }

    /// Returns whether a browser may show responses to pages of this origin.
    pub(super) fn allows(&self, origin: &HeaderValue) -> bool {
        let Some(url) = origin.to_str().ok().and_then(|text| Url::parse(text).ok()) else { return false };
        let is_local = matches!(url.scheme(), "http" | "https") && url.host().is_some_and(|host| is_loopback(&host));
        is_local || self.origins.contains(&url.origin())
    }

    fn knows(&self, host: &Authority) -> bool {
        let is_own = Host::parse(host.host()).is_ok_and(|host| is_loopback(&host));
        is_own
            || self.hosts.iter().any(|known| {
                known.host().eq_ignore_ascii_case(host.host())
                    && (known.port().is_none() || known.port_u16() == host.port_u16())
            })
    }
}

/// Returns the one host that a request is addressed to.
fn host_of(request: &Parts) -> Result<Authority, Refusal> {
    let unclear = || Refusal::new(StatusCode::BAD_REQUEST, "host", "a request names one host in its Host header");
    let mut named = request.headers.get_all(HOST).iter();
    match (named.next(), named.next()) {
        (Some(host), None) => host.to_str().ok().and_then(|host| host.parse().ok()).ok_or_else(unclear),
        (None, None) => request.uri.authority().cloned().ok_or_else(unclear),
        _ => Err(unclear()),
    }
}

/// The paths of probes, which come from this side of the proxy, and carry neither key nor token.
const CARRY_NO_SECRET: [&str; 2] = ["/healthz", "/readyz"];

/// Returns whether a request came over HTTPS all the way, or `None` if no proxy says. Each proxy in a chain appends
/// what it saw, and earlier entries may be made up, so one that is not HTTPS is enough to say no.
fn came_over_https(headers: &HeaderMap) -> Option<bool> {
    let mut told = headers.get_all("x-forwarded-proto").iter().peekable();
    told.peek()?;
    let is_https = |hop: &str| hop.trim().eq_ignore_ascii_case("https");
    Some(told.all(|value| value.to_str().is_ok_and(|hops| hops.split(',').all(is_https))))
}

fn is_loopback<S: AsRef<str>>(host: &Host<S>) -> bool {
    match host {
        Host::Domain(name) => {
            let name = name.as_ref().trim_end_matches('.');
            name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost")
        }
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.to_canonical().is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(proxy: Proxy) -> Door {
        let url = Url::parse("https://mcp.example.com/oncehub").unwrap();
        Door::new(Some(&url), &["10.0.0.7:8000".into()], &["https://app.example.com".into()], proxy).unwrap()
    }

    fn asked(headers: &[(&str, &str)]) -> Result<(), Refusal> {
        asked_at("/mcp", Proxy::Lenient, headers)
    }

    fn asked_at(path: &str, proxy: Proxy, headers: &[(&str, &str)]) -> Result<(), Refusal> {
        let mut request = http::Request::builder().uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        door(proxy).check(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn only_its_own_names_are_served() {
        for host in [
            "localhost", "LOCALHOST:1", "127.0.0.1:8000", "[::1]:9", "mcp.example.com", "mcp.example.com:443",
            "10.0.0.7:8000",
        ] {
            assert!(asked(&[("host", host)]).is_ok(), "{host}");
        }
        let long = "x".repeat(300);
        for host in [
            "evil.example", "mcp.example.com.evil.example", "localhost.evil.example", "127.0.0.1.evil.example",
            "10.0.0.7", "10.0.0.7:80", "0.0.0.0", "", "a b", "user@localhost@evil.example", &long,
        ] {
            assert!(asked(&[("host", host)]).is_err(), "{host}");
        }
        assert!(asked(&[]).is_err(), "no host");
        assert!(asked(&[("host", "localhost"), ("host", "evil.example")]).is_err(), "two hosts");
    }

    #[test]
    fn only_known_pages_may_use_it() {
        let from = |origin: &str| asked(&[("host", "localhost"), ("origin", origin)]).is_ok();
        for origin in
            ["https://mcp.example.com", "https://app.example.com", "http://localhost:6274", "http://127.0.0.1"]
        {
            assert!(from(origin), "{origin}");
        }
        for origin in [
            "https://evil.example", "http://app.example.com", "https://app.example.com:8443", "null", "",
            "file://localhost/x", "https://localhost.evil.example", "chrome-extension://localhost",
        ] {
            assert!(!from(origin), "{origin}");
        }
    }

    #[test]
    fn behind_a_proxy_the_key_may_not_have_travelled_in_clear() {
        let came = |proxy, hops: &[&str]| {
            let headers = hops.iter().map(|hop| ("x-forwarded-proto", *hop)).chain([("host", "localhost")]);
            asked_at("/mcp", proxy, &headers.collect::<Vec<_>>()).is_ok()
        };
        for proxy in [Proxy::Lenient, Proxy::Strict] {
            for hops in [&["https"][..], &["HTTPS"], &["https, https"], &["https", "https"]] {
                assert!(came(proxy, hops), "{proxy:?} {hops:?}");
            }
            // A client that says https itself does not hide what the proxy adds.
            for hops in [&["http"][..], &["http, https"], &["https, http"], &["https", "http"], &["", "https"], &["ws"]]
            {
                assert!(!came(proxy, hops), "{proxy:?} {hops:?}");
            }
        }
        assert!(came(Proxy::Lenient, &[]) && !came(Proxy::Strict, &[]), "nothing is told");
        assert!(came(Proxy::None, &["http"]), "nobody in front could tell");
    }

    #[test]
    fn probes_bring_no_secret_and_so_need_no_header() {
        let strict = |path, headers: &[(&str, &str)]| {
            let headers: Vec<_> = headers.iter().copied().chain([("host", "localhost")]).collect();
            asked_at(path, Proxy::Strict, &headers).is_ok()
        };
        for path in ["/healthz", "/readyz"] {
            assert!(strict(path, &[]), "{path}");
            assert!(!strict(path, &[("x-forwarded-proto", "http")]), "{path}");
        }
        for path in ["/", "/mcp", "/sse", "/message", "/metrics", "/healthz/", "/elsewhere"] {
            assert!(!strict(path, &[]), "{path}");
        }
    }

    #[test]
    fn what_is_no_host_or_origin_is_refused_at_start() {
        for host in ["https://mcp.example.com", "a b", ""] {
            assert!(Door::new(None, &[host.into()], &[], Proxy::None).is_err(), "{host}");
        }
        for origin in ["app.example.com", "https://app.example.com/path", "null", "*", ""] {
            assert!(Door::new(None, &[], &[origin.into()], Proxy::None).is_err(), "{origin}");
        }
    }
}
