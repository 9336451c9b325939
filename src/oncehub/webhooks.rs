//! Webhook subscriptions.

use reqwest::Method;
use serde::Serialize;

use super::{Endpoint, Object, endpoint};

/// `/webhooks`.
#[derive(Debug)]
pub struct Webhooks;

impl endpoint::Collection for Webhooks {
    const PATH: &'static str = "webhooks";
}

/// `GET /webhooks`, newest first. Operation `list-all-webhooks`.
pub type All = endpoint::All<Webhooks>;

/// `GET /webhooks/{id}`. Operation `get-a-single-webhook`.
pub type Get = endpoint::Get<Webhooks>;

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

impl Endpoint for Create {
    type Response = Object;

    fn route(&self) -> (Method, Vec<&str>) {
        (Method::POST, vec!["webhooks"])
    }
}

/// `DELETE /webhooks/{id}`. Operation `delete-a-webhook`.
pub type Delete = endpoint::Delete<Webhooks>;
