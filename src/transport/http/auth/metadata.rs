//! What a host reads before it asks anybody: what is protected here and by whom, and what this server's sign-in can do.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header::CACHE_CONTROL;
use http::request::Parts;
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};

use super::{Auth, Desk};
use crate::transport::http::{Backend, Refusal};

/// The scope of everything that changes nothing.
pub(super) const READ: &str = "oncehub.read";
/// The scope of changes.
pub(super) const WRITE: &str = "oncehub.write";
/// What hosts ask for to be given a refresh token; everybody gets one.
const OFFLINE: &str = "offline_access";

/// Where the metadata of what is protected begins.
pub(super) const RESOURCE: &str = "/.well-known/oauth-protected-resource";

/// The addresses of MCP, as people may write them down.
pub(super) const PATHS: [&str; 4] = ["/mcp", "/mcp/", "/sse", "/sse/"];

/// How a client may show who it is.
const METHODS: [&str; 3] = ["none", "client_secret_post", "client_secret_basic"];

/// How long hosts may keep the metadata.
const KEEP: HeaderValue = HeaderValue::from_static("max-age=300");

/// The grant types that clients get.
pub(super) const GRANTS: [&str; 2] = ["authorization_code", "refresh_token"];

impl Auth {
    /// Returns the metadata of the server that people sign in at.
    fn server(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.issuer);
        json!({
            "issuer": *self.issuer,
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "registration_endpoint": at("/register"),
            "revocation_endpoint": at("/revoke"),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": GRANTS,
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": METHODS,
            "revocation_endpoint_auth_methods_supported": METHODS,
            "client_id_metadata_document_supported": true,
            "authorization_response_iss_parameter_supported": true,
            "scopes_supported": [READ, WRITE, OFFLINE],
            "service_documentation": at("/"),
        })
    }

    /// Returns the metadata of what is protected at one of the [`PATHS`]. Hosts compare its name with the address that
    /// the person has given them, to the letter.
    fn resource(&self, path: &str, headers: &HeaderMap) -> Value {
        let path = if path.is_empty() { "/mcp" } else { path };
        json!({
            "resource": format!("{}{path}", self.named(headers)),
            "authorization_servers": [*self.issuer],
            "scopes_supported": [READ, WRITE],
            "bearer_methods_supported": ["header"],
            "resource_name": "OnceHub",
            "resource_documentation": format!("{}/", self.issuer),
        })
    }

    /// Returns whether a client means this server. All of its addresses are one resource: a token is good for each.
    pub(super) fn is_resource(&self, named: &str) -> bool {
        let mut servers = self.names.iter().map(String::as_str).chain([&*self.issuer]);
        let path = servers.find_map(|server| {
            // Scheme and host may be written in any case.
            let (start, path) = named.split_at_checked(server.len())?;
            start.eq_ignore_ascii_case(server).then_some(path)
        });
        path.is_some_and(|path| matches!(path, "" | "/") || PATHS.contains(&path))
    }

    /// Returns the rejection of a request, with the challenge from which a host learns where people sign
    /// in. `is_stale` says that it has sent something, which is not or no longer good.
    pub(in crate::transport::http) fn refusal(
        &self,
        head: &Parts,
        reason: impl Into<String>,
        is_stale: bool,
    ) -> Refusal {
        let at = match head.uri.path() {
            "/message" => "/sse",
            path if PATHS.contains(&path) => path,
            _ => "",
        };
        // The realm is what `install` knows a server by that also takes keys.
        let mut challenge = format!(
            "Bearer realm=\"OnceHub API key\", resource_metadata=\"{}{RESOURCE}{at}\", scope=\"{READ} {WRITE}\"",
            self.named(&head.headers)
        );
        // A host that has sent nothing must not be told that it was invalid: some give up then.
        if is_stale {
            challenge += ", error=\"invalid_token\", error_description=\"sign in again\"";
        }
        let refusal = Refusal::unauthorized(reason.into());
        match HeaderValue::from_str(&challenge) {
            Ok(challenge) => refusal.challenging(challenge),
            Err(_) => refusal,
        }
    }
}

/// Handles GET at the paths of the protected resource's metadata.
pub(super) async fn resource<B: Backend>(State(desk): State<Desk<B>>, request: Request) -> Response {
    let path = request.uri().path().strip_prefix(RESOURCE).unwrap_or_default();
    ([(CACHE_CONTROL, KEEP)], Json(desk.auth.resource(path, request.headers()))).into_response()
}

/// Handles GET at the paths of the server's metadata.
pub(super) async fn server<B: Backend>(State(desk): State<Desk<B>>) -> Response {
    let auth: &Arc<Auth> = &desk.auth;
    ([(CACHE_CONTROL, KEEP)], Json(auth.server())).into_response()
}
