//! rmcp's own client, which Codex and Goose use, as it has somebody sign in.

use std::fs;

use oncehub_mcp::sandbox;
use rmcp::model::{CallToolRequestParams, ProtocolVersion};
use rmcp::service::{ClientInitializeError, RunningService};
use rmcp::transport::auth::{
    AuthClient, AuthError, AuthorizationManager, AuthorizationRequest, CredentialStore as _, InMemoryCredentialStore,
    OAuthState, OAuthTokenResponse, StoredCredentials,
};
use rmcp::transport::streamable_http_client::{StreamableHttpClientTransport, StreamableHttpClientTransportConfig};
use rmcp::{ClientLifecycleMode, ClientServiceExt as _, RoleClient, ServiceError};
use serde_json::{Value, json};

use super::super::until;
use super::{Desk, access, query};

/// A host that is known here, by its document, which need not be fetched.
const DOCUMENT: &str = "https://goose-docs.ai/oauth/client-metadata.json";
const REDIRECT: &str = "http://127.0.0.1:40001/oauth_callback";
/// Whose key it is.
const MARGARET: &str = "margaret@northlight.example";

type Client = RunningService<RoleClient, ()>;

/// A host with rmcp's client: where it goes, and what it keeps.
struct Host<'a> {
    desk: &'a Desk,
    path: &'static str,
    is_modern: bool,
    kept: InMemoryCredentialStore,
}

impl<'a> Host<'a> {
    fn new(desk: &'a Desk, path: &'static str, is_modern: bool) -> Self {
        Self { desk, path, is_modern, kept: InMemoryCredentialStore::new() }
    }

    fn url(&self) -> String {
        self.desk.at(self.path)
    }

    /// What signs requests in with what is kept.
    async fn manager(&self) -> AuthorizationManager {
        let mut manager = AuthorizationManager::new(self.url()).await.unwrap();
        manager.with_client(self.desk.server.client.clone()).unwrap();
        manager.set_credential_store(self.kept.clone());
        manager.initialize_from_store().await.unwrap();
        manager
    }

    async fn connect(&self) -> Result<Client, ClientInitializeError> {
        let client = AuthClient::new(self.desk.server.client.clone(), self.manager().await);
        let config = StreamableHttpClientTransportConfig::with_uri(self.url());
        let transport = StreamableHttpClientTransport::with_client(client, config);
        let lifecycle = if self.is_modern {
            ClientLifecycleMode::Auto { preferred_versions: vec![ProtocolVersion::V_2026_07_28], legacy_version: None }
        } else {
            ClientLifecycleMode::Initialize
        };
        ().serve_with_lifecycle(transport, lifecycle).await
    }

    /// Has somebody sign in, as a refusal has asked for.
    async fn signs_in(&self, challenge: &str, document: Option<&str>, access: &str) {
        let mut state = OAuthState::Unauthorized(self.manager().await);
        let mut request = AuthorizationRequest::new(REDIRECT).with_client_name("Test").with_challenge(challenge);
        if let Some(document) = document {
            request = request.with_client_metadata_url(document);
        }
        state.start_authorization(request).await.unwrap();
        let url = state.get_authorization_url().await.unwrap();
        let back = self.desk.agree(&url, sandbox::KEY, access).await;
        assert!(back.as_str().starts_with(REDIRECT), "{back}");
        state.handle_callback_url(back.as_str()).await.unwrap();
    }

    /// Signs in from nothing, and comes back.
    async fn arrives(&self, document: Option<&str>, access: &str) -> Client {
        let refused = self.connect().await.unwrap_err();
        self.signs_in(refused.auth_challenge().unwrap(), document, access).await;
        self.connect().await.unwrap()
    }

    async fn kept(&self) -> StoredCredentials {
        self.kept.load().await.unwrap().unwrap()
    }

    async fn tokens(&self) -> Value {
        serde_json::to_value(self.kept().await.token_response).unwrap()
    }

    /// Makes of its access token one that is not taken.
    async fn spoil(&self) {
        let mut tokens = self.tokens().await;
        tokens["access_token"] = json!(format!("{}x", tokens["access_token"].as_str().unwrap()));
        let spoiled: OAuthTokenResponse = serde_json::from_value(tokens).unwrap();
        let mut kept = self.kept().await;
        kept.token_response = Some(spoiled);
        self.kept.save(kept).await.unwrap();
    }
}

async fn account(client: &Client) -> Result<Value, ServiceError> {
    let called = client.call_tool(CallToolRequestParams::new("test_connection")).await?;
    Ok(called.structured_content.unwrap()["account"].clone())
}

async fn names(client: &Client) -> Vec<String> {
    client.list_all_tools().await.unwrap().into_iter().map(|tool| tool.name.into_owned()).collect()
}

#[tokio::test]
async fn it_signs_in_and_stays_signed_in() {
    let desk = Desk::open().await;
    for (path, is_modern, document) in [
        ("/mcp", true, None),
        ("/mcp", false, None),
        ("/mcp", true, Some(DOCUMENT)),
        ("/mcp", false, Some(DOCUMENT)),
        ("/sse", true, Some(DOCUMENT)),
        ("/sse", false, None),
    ] {
        let host = Host::new(&desk, path, is_modern);
        let client = host.arrives(document, "all").await;
        assert_eq!(account(&client).await.unwrap(), MARGARET, "{path}");
        let version = client.peer_info().unwrap().protocol_version.clone();
        assert_eq!(version == ProtocolVersion::V_2026_07_28, is_modern, "{version}");
        client.cancel().await.unwrap();
        let kept = host.kept().await;
        assert_eq!(kept.client_id == DOCUMENT, document.is_some());
        assert_eq!(kept.issuer.as_deref(), Some(&*desk.server.url));
        // Another session needs nobody, and no other token.
        let first = host.tokens().await;
        assert_eq!(account(&host.connect().await.unwrap()).await.unwrap(), MARGARET);
        assert_eq!(host.tokens().await, first);
    }
}

#[tokio::test]
async fn a_token_that_is_no_longer_taken_is_refreshed_without_anybody() {
    let desk = Desk::open().await;
    for is_modern in [true, false] {
        let host = Host::new(&desk, "/mcp", is_modern);
        let client = host.arrives(None, "all").await;
        let first = host.tokens().await;
        host.spoil().await;
        assert_eq!(account(&client).await.unwrap(), MARGARET);
        let second = host.tokens().await;
        assert_ne!(second["access_token"], first["access_token"]);
        assert_ne!(second["refresh_token"], first["refresh_token"]);
    }
}

#[tokio::test]
async fn once_the_sign_in_has_ended_somebody_is_asked_again() {
    let desk = Desk::open().await;
    for is_modern in [true, false] {
        let host = Host::new(&desk, "/mcp", is_modern);
        let client = host.arrives(None, "all").await;
        let (tokens, id) = (host.tokens().await, host.kept().await.client_id);
        let token = tokens["refresh_token"].as_str().unwrap();
        assert_eq!(desk.revoke(&[("client_id", &id), ("token", token)]).await.0, 200);
        let refused = account(&client).await.unwrap_err();
        host.signs_in(refused.auth_challenge().unwrap(), None, "all").await;
        assert_eq!(account(&host.connect().await.unwrap()).await.unwrap(), MARGARET);
    }
}

#[tokio::test]
async fn who_reads_only_is_offered_no_changes() {
    let desk = Desk::open().await;
    let host = Host::new(&desk, "/mcp", true);
    let reads = names(&host.arrives(None, "read").await).await;
    let has = |name: &str| reads.iter().any(|tool| tool == name);
    assert!(has("list_bookings") && !has("cancel_booking"), "{reads:?}");
    assert_eq!(host.kept().await.granted_scopes, ["oncehub.read"]);
}

#[tokio::test]
async fn who_does_not_agree_is_not_signed_in() {
    let desk = Desk::open().await;
    let host = Host::new(&desk, "/mcp", true);
    let refused = host.connect().await.unwrap_err();
    let mut state = OAuthState::Unauthorized(host.manager().await);
    let request = AuthorizationRequest::new(REDIRECT).with_challenge(refused.auth_challenge().unwrap());
    state.start_authorization(request).await.unwrap();
    let asked = desk.show(&state.get_authorization_url().await.unwrap(), None).await;
    let back = desk.send(&asked, &[("decision", "no")]).await.left();
    assert_eq!(query(&back, "error").as_deref(), Some("access_denied"));
    // It looks for a code alone.
    let declined = state.handle_callback_url(back.as_str()).await.unwrap_err();
    assert!(matches!(declined, AuthError::AuthorizationFailed(_)), "{declined}");
    assert!(host.kept.load().await.unwrap().is_none());
}

#[tokio::test]
async fn once_the_servers_secret_is_another_it_does_not_register_again_by_itself() {
    let secret = tempfile::NamedTempFile::new().unwrap();
    fs::write(secret.path(), "s3cret-of-the-server-0123456789abcdef").unwrap();
    let desk = Desk::with(&["--secret-file", secret.path().to_str().unwrap()]).await;
    let host = Host::new(&desk, "/mcp", true);
    let client = host.arrives(None, "all").await;
    fs::write(secret.path(), "an0ther-of-the-server-0123456789abcdef").unwrap();
    desk.server.signal("HUP");
    let old = host.tokens().await;
    until("everybody is signed out", async || desk.lists(access(&old)).await.status() == 401).await;
    let refused = account(&client).await.unwrap_err();
    assert_eq!(refused.auth_challenge(), None);
    assert!(refused.to_string().contains("invalid_client"), "{refused}");
    // Once what it keeps is gone, it does.
    host.kept.clear().await.unwrap();
    assert_eq!(account(&host.arrives(None, "all").await).await.unwrap(), MARGARET);
}
