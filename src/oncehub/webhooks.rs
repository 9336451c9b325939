//! Webhook subscriptions.

use serde::Serialize;

/// `POST /webhooks`: subscribes a URL. The response has the secret that signs each delivery. Operation
/// `create-a-webhook`.
#[derive(Clone, Debug, Serialize)]
pub struct Create {
    /// A name that no other webhook has.
    pub name: String,
    /// The HTTPS URL that OnceHub posts to.
    pub url: String,
    /// The events; `booking` and `conversation` stand for all of theirs.
    pub events: Vec<String>,
}

endpoint!(Create: POST "webhooks" -> Object);
