//! What is asked of the identity provider itself: how it is described, what a code is good for, and who a person is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::{ACCEPT, CONTENT_TYPE};
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use moka::Expiry;
use moka::future::Cache;
use reqwest::{Client, ClientBuilder, RequestBuilder, Response};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map as Object, Value};
use tokio::sync::Semaphore;
use url::Url;

use super::problem::{Problem, reason};
use crate::transport::http::auth::{exposed, redirect};

/// The largest response, in bytes.
const LARGEST: usize = 256 << 10;

/// How long a response may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many requests are in flight at once.
const AT_ONCE: usize = 16;

/// How long the provider's description and keys are kept, and how long a failure to read them.
const KEEP: Duration = Duration::from_hours(1);
const KEEP_FAILURE: Duration = Duration::from_secs(10);

/// How old they are at least when they are read again, for a key that is not among them.
const LEAST: Duration = Duration::from_mins(1);

/// The most keys.
const KEYS: usize = 100;

/// The identity provider, as it is reached.
pub(super) struct Upstream {
    issuer: String,
    client: Client,
    described: Cache<(), (Result<Arc<Described>, Problem>, Duration)>,
    room: Semaphore,
}

/// What the provider says of itself.
pub(super) struct Described {
    /// Its address, as it writes it in its tokens.
    pub(super) issuer: String,
    pub(super) authorization: Url,
    /// Whether its answers say whom they are from.
    pub(super) says_issuer: bool,
    pub(super) keys: Vec<Jwk>,
    token: Url,
    /// Whether it takes a client's secret in the body alone.
    takes_post: bool,
    person: Option<Url>,
    read: Instant,
}

/// The provider's description.
#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

/// What the provider gives for a code.
#[derive(Deserialize)]
pub(super) struct Tokens {
    #[serde(deserialize_with = "exposed::deserialize")]
    pub(super) id_token: SecretString,
    #[serde(default, deserialize_with = "exposed::optional")]
    pub(super) access_token: Option<SecretString>,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

/// Keeps what was read for as long as it says.
struct AsSaid;

impl<T> Expiry<(), (T, Duration)> for AsSaid {
    fn expire_after_create(&self, (): &(), (_, keep): &(T, Duration), _: Instant) -> Option<Duration> {
        Some(*keep)
    }
}

/// Returns the settings of all requests: nobody is followed elsewhere.
fn builder(issuer: &str) -> ClientBuilder {
    // Ignore: a provider may already be installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .user_agent(concat!("oncehub-mcp/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .https_only(issuer.starts_with("https://"))
        .timeout(PATIENCE);
    if issuer.starts_with("https://") {
        return builder;
    }
    // On this machine there is no proxy in between, and no certificate authority is needed.
    builder.no_proxy().tls_certs_only([])
}

impl Upstream {
    /// # Errors
    /// Why no requests can be made, for instance since this system has no certificate authorities.
    pub(super) fn new(issuer: &str) -> Result<Self, String> {
        Self::with(issuer, builder(issuer))
    }

    fn with(issuer: &str, client: ClientBuilder) -> Result<Self, String> {
        Ok(Self {
            issuer: issuer.to_owned(),
            client: client.build().map_err(|error| reason(&error))?,
            described: Cache::builder().max_capacity(1).expire_after(AsSaid).build(),
            room: Semaphore::new(AT_ONCE),
        })
    }

    /// Returns what the provider says of itself.
    pub(super) async fn described(&self) -> Result<Arc<Described>, Problem> {
        let read = self.described.get_with((), async {
            match self.describe().await {
                Ok(described) => (Ok(Arc::new(described)), KEEP),
                Err(problem) => (Err(problem), KEEP_FAILURE),
            }
        });
        read.await.0
    }

    /// Returns what it says now, if a while has passed: it may have new keys.
    pub(super) async fn described_again(&self, before: &Described) -> Result<Arc<Described>, Problem> {
        if before.read.elapsed() >= LEAST {
            self.described.invalidate(&()).await;
        }
        self.described().await
    }

    async fn describe(&self) -> Result<Described, Problem> {
        let address = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let read: Metadata = self.json(self.client.get(address), "its description").await?;
        if read.issuer.trim_end_matches('/') != self.issuer.trim_end_matches('/') {
            return Err(Problem::Unusable("its description is another provider's: the issuer in it differs"));
        }
        let is_local = redirect::is_loopback(&self.issuer);
        let endpoint = |text: &str| {
            let is_safe = text.starts_with("https://") || is_local && redirect::is_loopback(text);
            let url = is_safe.then(|| Url::parse(text).ok()).flatten();
            url.ok_or(Problem::Unusable("an address in its description is not https"))
        };
        let keys: KeySet = self.json(self.client.get(endpoint(&read.jwks_uri)?), "its keys").await?;
        let methods = read.token_endpoint_auth_methods_supported.unwrap_or_default();
        let takes = |method: &str| methods.iter().any(|taken| taken == method);
        Ok(Described {
            authorization: endpoint(&read.authorization_endpoint)?,
            token: endpoint(&read.token_endpoint)?,
            person: read.userinfo_endpoint.as_deref().map(endpoint).transpose()?,
            says_issuer: read.authorization_response_iss_parameter_supported,
            takes_post: takes("client_secret_post") && !takes("client_secret_basic"),
            // Those that sign; of kinds that are not known here there may be any.
            keys: keys.keys.into_iter().take(KEYS).filter_map(signing).collect(),
            issuer: read.issuer,
            read: Instant::now(),
        })
    }

    /// Trades a code.
    pub(super) async fn tokens(
        &self,
        described: &Described,
        (client, secret): (&str, &SecretString),
        pairs: &[(&str, &str)],
    ) -> Result<Tokens, Problem> {
        let request = self.client.post(described.token.clone());
        let request = if described.takes_post {
            let shown = [("client_id", client), ("client_secret", secret.expose_secret())];
            request.body(form(pairs.iter().copied().chain(shown)))
        } else {
            // As OAuth has it: each is encoded before they are joined.
            let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let request = request.basic_auth(encoded(client), Some(encoded(secret.expose_secret())));
            request.body(form(pairs.iter().copied()))
        };
        self.json(request.header(CONTENT_TYPE, "application/x-www-form-urlencoded"), "its tokens").await
    }

    /// Asks who a person is, for what is not in the token that says so; nothing if the provider is not to be asked.
    pub(super) async fn claims(
        &self,
        described: &Described,
        token: Option<&SecretString>,
    ) -> Result<Object<String, Value>, Problem> {
        let (Some(address), Some(token)) = (&described.person, token) else { return Ok(Object::new()) };
        let request = self.client.get(address.clone()).bearer_auth(token.expose_secret());
        self.json(request, "what it says of the person").await
    }

    async fn json<T: DeserializeOwned>(&self, request: RequestBuilder, what: &'static str) -> Result<T, Problem> {
        let _place = self.room.acquire().await.map_err(|_| Problem::Unreachable("it is not asked any more".into()))?;
        let lost = |error: reqwest::Error| Problem::Unreachable(reason(&error).into());
        let response = request.header(ACCEPT, "application/json").send().await.map_err(lost)?;
        let status = response.status();
        let body = read(response).await.map_err(lost)?.ok_or(Problem::Answer(what, "is too large"))?;
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|_| Problem::Answer(what, "cannot be read"));
        }
        match serde_json::from_slice::<Refusal>(&body) {
            Ok(refusal) if status.is_client_error() => Err(Problem::refused(&refusal.error)),
            _ if status.is_server_error() => Err(Problem::Unreachable(format!("HTTP {}", status.as_u16()).into())),
            _ => Err(Problem::Answer(what, "is not there, or moved elsewhere")),
        }
    }
}

fn form<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// Reads a body, unless it is too large.
async fn read(mut response: Response) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await? {
        if body.len() + part.len() > LARGEST {
            return Ok(None);
        }
        body.extend_from_slice(&part);
    }
    Ok(Some(body))
}

fn signing(key: Value) -> Option<Jwk> {
    let key: Jwk = serde_json::from_value(key).ok()?;
    (key.common.public_key_use.as_ref().is_none_or(|used| *used == PublicKeyUse::Signature)).then_some(key)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use wiremock::matchers::path;
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;

    const DESCRIPTION: &str = "/.well-known/openid-configuration";

    async fn answers(server: &MockServer, at: &str, answer: ResponseTemplate) {
        Mock::given(path(at)).respond_with(answer).mount(server).await;
    }

    async fn provider() -> MockServer {
        let server = MockServer::start().await;
        let at = |path: &str| format!("{}{path}", server.uri());
        let told = json!({
            "issuer": at("/"), "authorization_endpoint": at("/auth"), "token_endpoint": at("/token"), "jwks_uri": at("/jwks")
        });
        answers(&server, DESCRIPTION, ResponseTemplate::new(200).set_body_json(told)).await;
        answers(&server, "/jwks", ResponseTemplate::new(200).set_body_json(json!({"keys": []}))).await;
        server
    }

    async fn asked(server: &MockServer, path: &str) -> usize {
        server.received_requests().await.unwrap().iter().filter(|request| request.url.path() == path).count()
    }

    #[tokio::test]
    async fn a_description_is_kept_and_read_again_for_an_unknown_key_once_a_minute() {
        let server = provider().await;
        let upstream = Upstream::new(&server.uri()).unwrap();
        let first = upstream.described().await.unwrap();
        assert_eq!(first.issuer, format!("{}/", server.uri()), "as the provider writes it");
        upstream.described_again(&first).await.unwrap();
        assert_eq!(asked(&server, "/jwks").await, 1, "it was read just now");
        let old = Described { read: Instant::now().checked_sub(LEAST).unwrap(), ..upstream.describe().await.unwrap() };
        let before = asked(&server, "/jwks").await;
        upstream.described_again(&old).await.unwrap();
        upstream.described_again(&first).await.unwrap();
        assert_eq!(asked(&server, "/jwks").await, before + 1);
    }

    #[tokio::test]
    async fn a_slow_provider_holds_nobody_up_and_is_not_asked_again_at_once() {
        let server = MockServer::start().await;
        let late = ResponseTemplate::new(200).set_delay(Duration::from_mins(1));
        answers(&server, DESCRIPTION, late).await;
        let issuer = server.uri();
        let upstream = Upstream::with(&issuer, builder(&issuer).timeout(Duration::from_millis(300))).unwrap();
        let (one, other) = tokio::join!(upstream.described(), upstream.described());
        for answer in [one, other, upstream.described().await] {
            assert!(matches!(answer, Err(Problem::Unreachable(_))));
        }
        assert_eq!(asked(&server, DESCRIPTION).await, 1);
    }
}
