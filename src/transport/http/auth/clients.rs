//! The clients that people sign in to: those of the operator, those that are known, those that describe themselves, and
//! those that have registered themselves.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup};
use icu_properties::{CodePointMapData, CodePointSetData};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::document::Documents;
use super::failure::Failure;
use super::form::Presented;
use super::seal::{Purpose, Seal};
use super::{exposed, known, redirect};
use crate::transport::http::tokens::same;

/// The shortest secret of a client, in characters.
const SHORTEST: usize = 16;

/// The longest name of a client that is shown, in characters.
const NAME: usize = 60;

/// Which clients people may sign in to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::Display, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "lowercase")]
pub enum Policy {
    /// Any: the page warns of those that are not known.
    #[default]
    Any,
    /// Those of the operator, those at an address of one known product, and those on the person's own computer.
    Known,
}

/// A client that the operator has set up.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnClient {
    client_id: String,
    #[serde(default, deserialize_with = "exposed::optional")]
    client_secret: Option<SecretString>,
    client_name: String,
    redirect_uris: Vec<String>,
}

/// The reason the operator's clients cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadClients {
    /// The file cannot be read.
    #[error("the file {path} cannot be read: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A secret can be guessed.
    #[error(
        "the secret of '{0}' can be guessed: use at least {SHORTEST} characters, as `openssl rand -hex 32` makes them"
    )]
    Short(String),
    /// A client has an address that no code may be sent to.
    #[error("'{1}' of '{0}' is no address to send people back to: write https://…, or http://localhost/…")]
    Redirect(String, String),
}

impl OwnClient {
    /// Reads the clients in a file: a JSON array of objects.
    ///
    /// # Errors
    /// If it cannot be read, or a client in it cannot be used.
    pub fn in_file(path: &Path) -> Result<Vec<Self>, BadClients> {
        let unreadable = |reason: String| BadClients::Unreadable { path: path.to_owned(), reason };
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
        // A message about JSON may repeat what it has found there, a secret perhaps.
        let at = |error: serde_json::Error| format!("line {}, column {}: {}", error.line(), error.column(), EXPECTED);
        let clients: Vec<Self> = serde_json::from_str(&text).map_err(|error| unreadable(at(error)))?;
        for client in &clients {
            let id = || client.client_id.clone();
            if client.client_secret.as_ref().is_some_and(|secret| secret.expose_secret().len() < SHORTEST) {
                return Err(BadClients::Short(id()));
            }
            if let Some(bad) = client.redirect_uris.iter().find(|address| !redirect::is_allowed(address)) {
                return Err(BadClients::Redirect(id(), bad.clone()));
            }
        }
        Ok(clients)
    }
}

const EXPECTED: &str =
    "it has to be an array of objects with client_id, client_name, redirect_uris, and client_secret if it has one";

/// What a client that has registered itself has said: its id, sealed.
#[derive(Deserialize, Serialize)]
pub(super) struct Registration {
    pub(super) name: String,
    pub(super) redirects: Vec<String>,
    /// Whether it has been given a secret, and has to show it.
    pub(super) has_secret: bool,
}

/// A client that asks a person to sign in, at an address of its own.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) standing: Standing,
}

/// What is known of a client.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(super) enum Standing {
    /// The operator has set it up, or its address is that of one known product.
    Trusted,
    /// Its address is that of a known host, where anybody may set up a connection.
    Shared,
    /// It runs on the person's own computer: any program there may say that it is this one.
    Local,
    /// Nobody knows it.
    Unknown,
}

/// The reason nobody is sent to a client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadClient {
    #[error("this server does not know the app: remove the connection there, and add it again")]
    Unknown,
    #[error("the operator of this server lets people sign in to known apps only, and this is none")]
    NotAllowed,
    #[error(
        "the operator of this server lets people sign in to known apps only, and at this address anybody may set one up: ask \
         the operator to add this one"
    )]
    Anybodys,
    #[error("the app wants people to be sent back to an address that is not its own")]
    Redirect,
    #[error("the app's description of itself cannot be used: {0}")]
    Document(Arc<str>),
}

/// All clients.
pub(super) struct Clients {
    pub(super) policy: Policy,
    own: Vec<OwnClient>,
    documents: Documents,
}

impl Clients {
    pub(super) fn new(policy: Policy, own: Vec<OwnClient>) -> Self {
        Self { policy, own, documents: Documents::default() }
    }

    /// Returns the client with this id, if people may be sent to this address of it.
    pub(super) async fn find(&self, seal: &Seal, id: &str, redirect: &str) -> Result<Client, BadClient> {
        if !redirect::is_allowed(redirect) {
            return Err(BadClient::Redirect);
        }
        let of = |name: &str, standing| Client { id: id.to_owned(), name: shown(name), standing };
        if let Some(own) = self.own.iter().find(|own| own.client_id == id) {
            let is_own = own.redirect_uris.iter().any(|allowed| redirect::is_meant(allowed, redirect));
            return is_own.then(|| of(&own.client_name, Standing::Trusted)).ok_or(BadClient::Redirect);
        }
        if let Some(registered) = seal.open::<Registration>(Purpose::Client, id) {
            return self.checked(of(&registered.name, standing(redirect)), &registered.redirects, redirect);
        }
        if let Some(known) = known::client(id).filter(|known| known.sends_to(id, redirect)) {
            return self.checked(of(known.name, standing(redirect)), &[redirect.to_owned()], redirect);
        }
        if !id.starts_with("https://") {
            return Err(BadClient::Unknown);
        }
        if self.policy == Policy::Known {
            return Err(if known::client(id).is_some() { BadClient::Redirect } else { BadClient::NotAllowed });
        }
        let document =
            self.documents.read(id).await.map_err(|reason| BadClient::Document(reason.to_string().into()))?;
        self.checked(of(&document.client_name, standing(redirect)), &document.redirect_uris, redirect)
    }

    fn checked(&self, client: Client, allowed: &[String], redirect: &str) -> Result<Client, BadClient> {
        let is_own = allowed.iter().any(|one| redirect::is_meant(one, redirect));
        match client.standing {
            _ if !is_own => Err(BadClient::Redirect),
            standing if self.allows(standing) => Ok(client),
            Standing::Shared => Err(BadClient::Anybodys),
            _ => Err(BadClient::NotAllowed),
        }
    }

    /// Returns whether a client may register this address.
    pub(super) fn may_register(&self, address: &str) -> bool {
        redirect::is_allowed(address) && self.allows(standing(address))
    }

    fn allows(&self, standing: Standing) -> bool {
        self.policy == Policy::Any || matches!(standing, Standing::Trusted | Standing::Local)
    }

    /// Checks that a request is from the client that it says.
    pub(super) fn authenticate(&self, seal: &Seal, presented: &Presented) -> Result<(), Failure> {
        let secret = presented.secret.as_ref();
        let (is_known, has_shown) = if let Some(own) = self.own.iter().find(|own| own.client_id == presented.id) {
            let is_same = match (&own.client_secret, secret) {
                (Some(own), Some(secret)) => same(own, secret),
                (own, secret) => own.is_none() && secret.is_none(),
            };
            (true, is_same)
        } else if let Some(registered) = seal.open::<Registration>(Purpose::Client, &presented.id) {
            let is_its = |secret: &SecretString| seal.is_secret_of(&presented.id, secret.expose_secret());
            (true, if registered.has_secret { secret.is_some_and(is_its) } else { secret.is_none() })
        } else {
            // Its code says whether it is the one that a person has agreed to.
            (presented.id.starts_with("https://"), secret.is_none())
        };
        match (is_known, has_shown) {
            (true, true) => Ok(()),
            (true, false) => Err(Failure::invalid_client("the client has not shown its secret, or has none to show")),
            (false, _) => Err(Failure::invalid_client("there is no such client: register again")),
        }
    }
}

/// Returns what is known of a client at this address.
fn standing(address: &str) -> Standing {
    match known::host_of(address) {
        Some(_) if known::is_shared(address) => Standing::Shared,
        Some(_) => Standing::Trusted,
        None if redirect::is_loopback(address) => Standing::Local,
        None => Standing::Unknown,
    }
}

/// Returns a client's name for itself as a page may have it: nothing that cannot be seen, or turns a line around. A name
/// needs a letter or a digit.
pub(super) fn shown(name: &str) -> String {
    let groups = CodePointMapData::<GeneralCategory>::new();
    let is_word = |c: char| {
        let group = GeneralCategoryGroup::Letter.union(GeneralCategoryGroup::Number);
        group.contains(groups.get(c)) && !hides(c)
    };
    let is_plain = |c: &char| {
        let is_mark = GeneralCategoryGroup::Mark.contains(groups.get(*c)) && !hides(*c);
        is_word(*c) || is_mark || *c == ' ' || c.is_ascii_punctuation()
    };
    let name: String = name.chars().filter(is_plain).take(NAME).collect();
    let name = name.trim();
    if name.contains(is_word) { name.to_owned() } else { "an app without a name".to_owned() }
}

/// Returns whether a letter or a mark shows nothing: Hangul's fillers, and others that only change what is beside them.
fn hides(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::http::auth::seal::Secrets;

    fn seal() -> Seal {
        Seal::new(Secrets::drawn().unwrap(), "https://mcp.example.com")
    }

    fn own(text: &str) -> Result<Vec<OwnClient>, BadClients> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        OwnClient::in_file(file.path())
    }

    const OWN: &str = r#"[{"client_id": "studio", "client_secret": "a-secret-of-the-operator", "client_name": "Our agent",
        "redirect_uris": ["https://agent.example/cb"]}]"#;

    #[tokio::test]
    async fn the_operators_clients_go_where_the_operator_says() {
        let (clients, seal) = (Clients::new(Policy::Known, own(OWN).unwrap()), seal());
        let found = clients.find(&seal, "studio", "https://agent.example/cb").await.unwrap();
        assert_eq!((&*found.name, found.standing), ("Our agent", Standing::Trusted));
        assert_eq!(clients.find(&seal, "studio", "https://agent.example/cb2").await, Err(BadClient::Redirect));
        assert_eq!(clients.find(&seal, "other", "https://agent.example/cb").await, Err(BadClient::Unknown));
        let shows = |secret: Option<&str>| {
            let presented = Presented { id: "studio".into(), secret: secret.map(Into::into) };
            clients.authenticate(&seal, &presented).is_ok()
        };
        assert!(shows(Some("a-secret-of-the-operator")) && !shows(Some("another")) && !shows(None));
    }

    #[test]
    fn a_file_of_clients_that_cannot_work_is_refused_without_its_secrets() {
        for (text, expected) in [
            ("{}", "line 1, column 0: it has to be an array"),
            (&OWN.replace("a-secret-of-the-operator", "short-s3cret"), "the secret of 'studio' can be guessed"),
            (
                &OWN.replace("https://agent.example/cb", "http://agent.example/cb"),
                "'http://agent.example/cb' of 'studio'",
            ),
            (&OWN.replace("\"client_secret\"", "\"s3cret\""), "it has to be an array of objects"),
        ] {
            let told = own(text).unwrap_err().to_string();
            assert!(told.contains(expected) && !told.contains("s3cret"), "{told}");
        }
    }

    #[tokio::test]
    async fn where_only_known_clients_are_allowed_others_are_refused() {
        let (any, known, seal) = (Clients::new(Policy::Any, vec![]), Clients::new(Policy::Known, vec![]), seal());
        let redirects = [
            "https://claude.ai/api/mcp/auth_callback", "https://evil.example/cb", "http://localhost/cb",
            "https://global.consent.azure-apim.net/redirect/anybodys",
        ];
        let registration =
            Registration { name: "x".into(), redirects: redirects.map(str::to_owned).into(), has_secret: false };
        let id = seal.seal(Purpose::Client, &registration).unwrap();
        let standing =
            async |clients: &Clients, to: &str| clients.find(&seal, &id, to).await.map(|found| found.standing);
        assert_eq!(standing(&any, redirects[0]).await, Ok(Standing::Trusted));
        assert_eq!(standing(&any, redirects[1]).await, Ok(Standing::Unknown));
        assert_eq!(standing(&any, "http://localhost:77/cb").await, Ok(Standing::Local));
        assert_eq!(standing(&any, "https://other.example/cb").await, Err(BadClient::Redirect));
        assert_eq!(standing(&known, redirects[0]).await, Ok(Standing::Trusted));
        assert_eq!(standing(&known, redirects[1]).await, Err(BadClient::NotAllowed));
        assert_eq!(standing(&known, "http://localhost:77/cb").await, Ok(Standing::Local));
        assert_eq!(standing(&any, redirects[3]).await, Ok(Standing::Shared));
        assert_eq!(standing(&known, redirects[3]).await, Err(BadClient::Anybodys));
        let (url, to) = ("https://chatgpt.com/oauth/x/client.json", "https://chatgpt.com/connector/oauth/x");
        assert_eq!(any.find(&seal, url, to).await.map(|found| found.standing), Ok(Standing::Shared));
        assert_eq!(known.find(&seal, url, to).await, Err(BadClient::Anybodys));
        let url = "https://unknown.example/client.json";
        assert_eq!(known.find(&seal, url, redirects[0]).await, Err(BadClient::NotAllowed), "nothing is fetched");
    }

    #[test]
    fn a_name_is_shown_without_what_deceives() {
        assert_eq!(shown("Claude <b>\u{202e}edualC\u{200b}\n"), "Claude <b>edualC");
        assert_eq!(shown("Ünïcode 会議"), "Ünïcode 会議");
        assert_eq!(shown("दिल्ली caf\u{65}\u{301}"), "दिल्ली caf\u{65}\u{301}");
        for blank in [
            "", " \u{feff}", "\u{3164}", "\u{115f}\u{1160}", "\u{ffa0} \u{3164}", "\u{a0}\u{2003}", "\u{301}\u{302}",
            "\u{2800}", "\u{200d}\u{200b}", "\u{17b4}", "...",
        ] {
            assert_eq!(shown(blank), "an app without a name", "{blank:?}");
        }
        assert_eq!(shown(&"x".repeat(100)).len(), NAME);
    }
}
