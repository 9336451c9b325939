//! Where a browser is sent with a code: the addresses that a client may name, and whether one is meant by another.

use url::{Position, Url};

/// The longest address, in bytes.
const LONGEST: usize = 512;

/// The schemes of programs that take codes, beside a web server's. Whatever runs on a person's computer may claim
/// one, so the client has to prove itself with PKCE.
const PROGRAMS: [&str; 5] = ["cursor", "jetbrains", "vscode", "vscode-insiders", "windsurf"];

/// The hosts of a person's own computer, as an address has them.
pub(super) const LOOPBACK: [&str; 3] = ["127.0.0.1", "[::1]", "localhost"];

/// Returns whether a client may name this address: over HTTPS, on the person's own computer, or a known program.
pub(super) fn is_allowed(address: &str) -> bool {
    let is_plain = address.len() <= LONGEST && address.bytes().all(|byte| byte.is_ascii_graphic());
    let Some(url) = is_plain.then(|| Url::parse(address).ok()).flatten() else { return false };
    if url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() || address.contains('\\') {
        return false;
    }
    match url.scheme() {
        "https" => address.starts_with("https://") && url.host().is_some(),
        "http" => loopback(address).is_some(),
        scheme => PROGRAMS.contains(&scheme) && address[scheme.len()..].starts_with("://"),
    }
}

/// Returns whether a client that has named `allowed` may use `given`. They are compared as texts: what a browser would
/// take for the same may still reach another page. Only the port of a program on the person's computer is picked when
/// it starts.
pub(super) fn is_meant(allowed: &str, given: &str) -> bool {
    allowed == given || loopback(allowed).is_some_and(|allowed| loopback(given) == Some(allowed))
}

/// Returns whether an address is on the person's own computer.
pub(super) fn is_loopback(address: &str) -> bool {
    loopback(address).is_some()
}

/// Returns host and rest of an address on the person's own computer, without its port.
fn loopback(address: &str) -> Option<(&str, &str)> {
    let rest = address.strip_prefix("http://")?;
    let (authority, rest) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = LOOPBACK.into_iter().find(|host| authority.starts_with(host))?;
    let port = authority.strip_prefix(host)?;
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then_some((host, rest))
}

/// Returns the part of an address that says who gets the code, in words for the person. A port says it, too: another one
/// may be another's.
pub(super) fn shown(address: &str) -> String {
    let Ok(url) = Url::parse(address) else { return String::new() };
    let host = &url[Position::BeforeHost..Position::AfterPort];
    if matches!(url.scheme(), "http" | "https") { host.to_owned() } else { format!("{}://{host}", url.scheme()) }
}

/// Returns an address with more in its query.
pub(super) fn with(address: &str, pairs: &[(&str, &str)]) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let mark = if address.contains('?') { '&' } else { '?' };
    format!("{address}{mark}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_go_over_https_to_this_computer_or_to_a_known_program() {
        for good in [
            "https://claude.ai/api/mcp/auth_callback", "https://host.example:8443/cb?x=1",
            "http://localhost:3334/oauth/callback", "http://127.0.0.1/callback", "http://[::1]:1/cb",
            "cursor://anysphere.cursor-mcp/oauth/callback", "vscode://vscode.github-authentication/did-authenticate",
        ] {
            assert!(is_allowed(good), "{good}");
        }
        let long = format!("https://host.example/{}", "x".repeat(512));
        for bad in [
            "", "https://", "https:host.example", "host.example", "/callback", "http://host.example/cb",
            "http://localhost.host.example/cb", "http://127.0.0.1.host.example/cb", "http://127.0.0.2/cb",
            "http://localhost:x/cb", "http://localhost:123456/cb", "http://localhost:99999/cb",
            "http://127.0.0.1:+1/cb", "http://localhost@host.example/cb", "http://user@localhost/cb",
            "https://user@host.example/cb", "https://user:pw@host.example/cb", "https://host.example/cb#part",
            "https://host.example/\u{202e}cb", "https://host.example/a b", "https://host.example\\@evil.example/",
            "javascript:alert(1)", "javascript://host.example/%0aalert(1)", "data:text/html,x",
            "blob:https://host.example/x", "file:///etc/passwd", "ftp://host.example/", "evil://x", "cursor:x", &long,
        ] {
            assert!(!is_allowed(bad), "{bad}");
        }
    }

    #[test]
    fn an_address_is_meant_to_the_letter_but_for_a_port_of_this_computer() {
        let allowed = "https://host.example/cb?x=1";
        assert!(is_meant(allowed, allowed));
        for other in [
            "https://host.example/cb", "https://host.example/CB?x=1", "https://HOST.example/cb?x=1",
            "https://host.example/cb/?x=1", "https://host.example/cb?x=2", "https://host.example/cb?x=1&y=2",
            "https://user@host.example/cb?x=1", "https://host.example/./cb?x=1", "https://host.example/%2e/cb?x=1",
            "https://host.example:443/cb?x=1", "https://host.example:8443/cb?x=1", "https://host.example/cb?x=1#y",
            "http://host.example/cb?x=1",
        ] {
            assert!(!is_meant(allowed, other), "{other}");
        }
        for host in LOOPBACK {
            let allowed = format!("http://{host}/callback");
            for port in ["", ":1", ":65535"] {
                assert!(is_meant(&allowed, &format!("http://{host}{port}/callback")));
                assert!(is_meant(&format!("http://{host}{port}/callback"), &format!("http://{host}:77/callback")));
            }
            for other in [
                format!("http://{host}:1/callback/"),
                format!("http://{host}:1/Callback"),
                format!("http://{host}:1/"),
                format!("http://{host}:1/callback?x"),
                format!("https://{host}/callback"),
                format!("http://{host}:1@evil.example/callback"),
                format!("http://{host}.evil.example/callback"),
                format!("http://{host}:/callback"),
                format!("http://{host}:x/callback"),
                format!("http://{host}:65536/callback"),
                format!("http://{host}:99999/callback"),
            ] {
                assert!(!is_meant(&allowed, &other), "{other}");
            }
        }
        assert!(!is_meant("http://localhost/callback", "http://127.0.0.1/callback"));
    }

    #[test]
    fn a_person_sees_host_and_port_of_every_address() {
        for (address, expected) in [
            ("https://host.example/cb", "host.example"),
            ("https://host.example:443/cb", "host.example"),
            ("https://host.example:8443/cb", "host.example:8443"),
            ("http://127.0.0.1:4711/cb", "127.0.0.1:4711"),
            ("http://[::1]:1/cb", "[::1]:1"),
            ("cursor://anysphere.cursor-mcp/oauth/callback", "cursor://anysphere.cursor-mcp"),
        ] {
            assert!(is_allowed(address));
            assert_eq!(shown(address), expected);
        }
    }

    #[test]
    fn what_is_added_follows_what_is_there() {
        assert_eq!(with("https://a.example/cb", &[("code", "x y&z")]), "https://a.example/cb?code=x+y%26z");
        assert_eq!(with("https://a.example/cb?a=1", &[("code", "x")]), "https://a.example/cb?a=1&code=x");
        assert_eq!(with("cursor://x/cb", &[("state", "")]), "cursor://x/cb?state=");
    }
}
