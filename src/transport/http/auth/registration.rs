//! The registration of clients by themselves. Nothing is kept: what a client has said is sealed in the id that it gets.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::clients::{Registration, shown};
use super::failure::{Failure, UNCACHED};
use super::grant::now;
use super::metadata::{GRANTS, READ, WRITE};
use super::seal::Purpose;
use super::{Auth, Desk};
use crate::transport::http::Backend;

/// The most addresses that a client may send.
const MOST: usize = 20;

/// The longest id that is handed out: it stands in the address of a page.
const LONGEST_ID: usize = 2 << 10;

/// What a client sends. It may send more, which is ignored.
#[derive(Deserialize)]
struct Sent {
    #[serde(default)]
    redirect_uris: Vec<String>,
    #[serde(default)]
    client_name: Option<String>,
    #[serde(default)]
    token_endpoint_auth_method: Option<String>,
    #[serde(default)]
    application_type: Option<String>,
}

/// What it is told: what is kept of that, and who it is now.
#[derive(Serialize)]
struct Registered {
    client_id: String,
    client_id_issued_at: u64,
    client_name: String,
    redirect_uris: Vec<String>,
    token_endpoint_auth_method: String,
    grant_types: [&'static str; 2],
    response_types: [&'static str; 1],
    scope: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    application_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret_expires_at: Option<u64>,
}

/// Handles POST at `/register`.
pub(super) async fn register<B: Backend>(State(desk): State<Desk<B>>, request: Request) -> Response {
    let registered = async {
        let body = desk.read(request.into_body()).await?;
        desk.auth.registered(&body)
    };
    match registered.await {
        Ok(registered) => (StatusCode::CREATED, UNCACHED, Json(registered)).into_response(),
        Err(failure) => failure.into_response(),
    }
}

impl Auth {
    fn registered(&self, body: &[u8]) -> Result<Registered, Failure> {
        let sent = serde_json::from_slice(body).and_then(|sent| Sent::deserialize(Value::Object(sent)));
        let sent = sent.map_err(|_| {
            Failure::invalid_metadata("the body has to be a JSON object with redirect_uris, an array of texts")
        })?;
        if sent.redirect_uris.is_empty() || sent.redirect_uris.len() > MOST {
            return Err(Failure::invalid_redirect("redirect_uris has to hold one to twenty addresses"));
        }
        // Hosts register addresses of all their programs at once: one that cannot be used must not shut out the others.
        let redirects: Vec<String> =
            sent.redirect_uris.into_iter().filter(|address| self.clients.may_register(address)).collect();
        if redirects.is_empty() {
            return Err(Failure::invalid_redirect(
                "none of redirect_uris can be used: they have to be https://, or on this computer (http://localhost, \
                 http://127.0.0.1), and the operator of this server may allow known apps only",
            ));
        }
        // Who does not say is given a secret (RFC 7591), and some hosts need one.
        let method = match sent.token_endpoint_auth_method.as_deref() {
            Some(method @ ("none" | "client_secret_post")) => method.to_owned(),
            _ => "client_secret_basic".to_owned(),
        };
        let registration = Registration {
            name: shown(sent.client_name.as_deref().unwrap_or_default()),
            redirects,
            has_secret: method != "none",
        };
        let id = self.seal.seal(Purpose::Client, &registration)?;
        if id.len() > LONGEST_ID {
            return Err(Failure::invalid_metadata("redirect_uris are too long together: leave some out"));
        }
        let client_secret = registration.has_secret.then(|| self.seal.secret_of(&id)).flatten();
        Ok(Registered {
            client_id: id,
            client_id_issued_at: now(),
            client_name: registration.name,
            redirect_uris: registration.redirects,
            token_endpoint_auth_method: method,
            grant_types: GRANTS,
            response_types: ["code"],
            scope: format!("{READ} {WRITE}"),
            application_type: sent.application_type.filter(|kind| matches!(&**kind, "native" | "web")),
            // It lasts as long as the server's own secret.
            client_secret_expires_at: client_secret.is_some().then_some(0),
            client_secret,
        })
    }
}
