//! The hosts that are known: copies of the documents that describe them, so that none has to be fetched, and the addresses
//! that they send people back to.

use super::redirect::is_meant;

/// A host that describes itself in a document.
pub(super) struct Known {
    pub(super) name: &'static str,
    /// The address of the document, which is the client's id; `{id}` stands for one part of its path.
    document: &'static str,
    redirects: &'static [&'static str],
}

const KNOWN: &[Known] = &[
    Known {
        name: "Claude",
        document: "https://claude.ai/oauth/mcp-oauth-client-metadata",
        redirects: &["https://claude.ai/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"],
    },
    Known {
        name: "Claude Code",
        document: "https://claude.ai/oauth/claude-code-client-metadata",
        redirects: &["http://localhost/callback", "http://127.0.0.1/callback"],
    },
    Known {
        name: "ChatGPT",
        document: "https://chatgpt.com/oauth/client.json",
        redirects: &["https://chatgpt.com/connector_platform_oauth_redirect"],
    },
    Known {
        name: "Codex",
        document: "https://chatgpt.com/oauth/codex/client.json",
        redirects: &["http://127.0.0.1/callback", "http://localhost/callback"],
    },
    Known {
        name: "Codex",
        document: "https://chatgpt.com/oauth/codex/{id}/client.json",
        redirects: &["http://127.0.0.1/callback/{id}", "http://localhost/callback/{id}"],
    },
    Known {
        name: "ChatGPT",
        document: "https://chatgpt.com/oauth/{id}/client.json",
        redirects: &["https://chatgpt.com/connector/oauth/{id}"],
    },
    Known {
        name: "Visual Studio Code",
        document: "https://vscode.dev/oauth/client-metadata.json",
        redirects: &["https://vscode.dev/redirect", "https://insiders.vscode.dev/redirect", "http://127.0.0.1/"],
    },
    Known {
        name: "Grok",
        document: "https://grok.com/oauth/mcp-client.json",
        redirects: &[
            "https://grok.com/connectors-oauth-exchange-code/", "https://grok.com/connectors-oauth-exchange-code",
            "https://console.x.ai/connectors-oauth-exchange-code/",
        ],
    },
    Known {
        name: "Goose",
        document: "https://goose-docs.ai/oauth/client-metadata.json",
        redirects: &[
            "http://127.0.0.1/oauth_callback", "http://[::1]/oauth_callback", "http://localhost/oauth_callback",
        ],
    },
    Known {
        name: "Zed",
        document: "https://zed.dev/oauth/client-metadata.json",
        redirects: &["http://127.0.0.1/callback"],
    },
    Known {
        name: "OpenCode",
        document: "https://opencode.ai/oauth/opencode/client.json",
        redirects: &["http://127.0.0.1/callback", "http://localhost/callback"],
    },
    Known {
        name: "Slack",
        document: "https://slack.com/.well-known/oauth-client-metadata",
        redirects: &["https://oauth2.slack.com/external/auth/callback"],
    },
];

/// The addresses of hosts that have no document, or also register themselves.
const ADDRESSES: &[(&str, &str)] = &[
    ("ChatGPT", "https://chatgpt.com/backend-api/aip/connectors/links/oauth/callback"),
    ("Cursor", "cursor://anysphere.cursor-mcp/oauth/callback"),
    ("Cursor", "https://www.cursor.com/agents/mcp/oauth/callback"),
    ("Google Antigravity", "https://antigravity.google/oauth-callback"),
    ("Perplexity", "https://www.perplexity.ai/rest/connections/oauth_callback"),
];

/// The addresses at which anybody may set up a connection of their own.
const SHARED: &[(&str, &str)] = &[
    ("ChatGPT", "https://chatgpt.com/connector/oauth/{id}"),
    ("Microsoft Power Platform (Copilot Studio)", "https://global.consent.azure-apim.net/redirect/{id}"),
    ("Microsoft 365 and Teams", "https://teams.microsoft.com/api/platform/v1.0/oAuthRedirect"),
    ("Google", "https://oauth-redirect.googleusercontent.com/r/{id}"),
];

/// Returns the known client whose document has this address.
pub(super) fn client(id: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| filled(known.document, id).is_some())
}

/// Returns the name of the known host that an address of the web belongs to.
pub(super) fn host_of(redirect: &str) -> Option<&'static str> {
    let of_documents = KNOWN.iter().flat_map(|known| known.redirects.iter().map(|redirect| (known.name, *redirect)));
    let others = ADDRESSES.iter().chain(SHARED).copied();
    let mut all = of_documents.chain(others).filter(|(_, known)| !known.starts_with("http://"));
    all.find(|(_, known)| filled(known, redirect).is_some()).map(|(name, _)| name)
}

/// Returns whether others may have set up a connection of theirs at an address of a known host.
pub(super) fn is_shared(redirect: &str) -> bool {
    SHARED.iter().any(|(_, known)| filled(known, redirect).is_some())
}

impl Known {
    /// Returns whether this is an address of the client whose document has that address.
    pub(super) fn sends_to(&self, document: &str, redirect: &str) -> bool {
        let Some(id) = filled(self.document, document) else { return false };
        self.redirects.iter().any(|known| is_meant(&known.replace(ID, id), redirect))
    }
}

/// What stands for one part of a path.
const ID: &str = "{id}";

/// Returns what a text has where the pattern has its `{id}`; nothing, if it has none and both are the same.
fn filled<'a>(pattern: &str, text: &'a str) -> Option<&'a str> {
    let Some((before, after)) = pattern.split_once(ID) else { return (pattern == text).then_some("") };
    text.strip_prefix(before)?.strip_suffix(after).filter(|id| is_id(id))
}

fn is_id(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=128).contains(&text.len()) && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::http::auth::redirect::is_allowed;

    #[test]
    fn a_host_is_known_by_its_document_and_its_addresses() {
        let sends = |id: &str, to: &str| client(id).is_some_and(|known| known.sends_to(id, to));
        for (id, to) in [
            ("https://claude.ai/oauth/mcp-oauth-client-metadata", "https://claude.ai/api/mcp/auth_callback"),
            ("https://claude.ai/oauth/claude-code-client-metadata", "http://localhost:51234/callback"),
            ("https://chatgpt.com/oauth/client.json", "https://chatgpt.com/connector_platform_oauth_redirect"),
            ("https://chatgpt.com/oauth/abc-1/client.json", "https://chatgpt.com/connector/oauth/abc-1"),
            ("https://chatgpt.com/oauth/codex/client.json", "http://127.0.0.1:1455/callback"),
            ("https://chatgpt.com/oauth/codex/abc/client.json", "http://127.0.0.1:1455/callback/abc"),
            ("https://vscode.dev/oauth/client-metadata.json", "http://127.0.0.1:33418/"),
            ("https://goose-docs.ai/oauth/client-metadata.json", "http://[::1]:9/oauth_callback"),
        ] {
            assert!(sends(id, to), "{id} {to}");
            for other in
                [format!("{to}x/y"), format!("{to}?x"), to.replace("://", "://x."), to[..to.len() - 1].to_owned()]
            {
                assert!(!sends(id, &other), "{id} {other}");
            }
        }
        for (id, to) in [
            ("https://claude.ai/oauth/mcp-oauth-client-metadata", "http://localhost:1/callback"),
            ("https://claude.ai/oauth/mcp-oauth-client-metadata/", "https://claude.ai/api/mcp/auth_callback"),
            ("https://chatgpt.com/oauth/a/b/client.json", "https://chatgpt.com/connector/oauth/a"),
            ("https://chatgpt.com/oauth/abc/client.json", "https://chatgpt.com/connector/oauth/"),
            ("https://chatgpt.com/oauth/abc/client.json", "https://chatgpt.com/connector/oauth/abd"),
            ("https://chatgpt.com/oauth/abc/client.json", "https://chatgpt.com/connector/oauth/a%2fb"),
            ("https://chatgpt.com/oauth/abc/client.json", "https://chatgpt.com.evil.example/connector/oauth/a"),
            ("https://chatgpt.com/oauth/codex/abc/client.json", "http://127.0.0.1:1455/callback/../abc"),
        ] {
            assert!(!sends(id, to), "{id} {to}");
        }
    }

    #[test]
    fn every_address_may_be_named_and_those_of_the_web_say_whose_they_are() {
        for known in KNOWN {
            let document = known.document.replace(ID, "x");
            for redirect in known.redirects.iter().map(|redirect| redirect.replace(ID, "x")) {
                assert!(is_allowed(&redirect) && known.sends_to(&document, &redirect), "{redirect}");
                assert_eq!(host_of(&redirect).is_some(), !redirect.starts_with("http://"), "{redirect}");
            }
        }
        for (name, redirect) in ADDRESSES.iter().chain(SHARED) {
            let redirect = redirect.replace(ID, "x");
            assert!(is_allowed(&redirect), "{redirect}");
            assert_eq!(host_of(&redirect), Some(*name));
        }
        // What has an id in it may be anybody's.
        let of_documents =
            KNOWN.iter().flat_map(|known| known.redirects.iter().map(|redirect| (known.name, *redirect)));
        for (_, redirect) in of_documents.chain(ADDRESSES.iter().copied()) {
            let is_anybodys = redirect.starts_with("https://") && redirect.contains(ID);
            assert_eq!(is_shared(&redirect.replace(ID, "x")), is_anybodys, "{redirect}");
        }
        assert_eq!(host_of("https://evil.example/cb"), None);
    }
}
