//! Webhook subscriptions.

use reqwest::Method;
use serde::Serialize;

use super::{Endpoint, Id, List, Object};

/// `GET /webhooks`, newest first. Operation `list-all-webhooks`. The secrets in the reply are not even read.
#[derive(Debug, Default, Serialize)]
pub struct All {}

impl Endpoint for All {
    type Response = List;
    const METHOD: Method = Method::GET;

    fn path(&self) -> Vec<&str> {
        vec!["webhooks"]
    }

    fn fields(&self) -> Option<&'static [&'static str]> {
        Some(WITHOUT_SECRET)
    }
}

const WITHOUT_SECRET: &[&str] = &["api_version", "creation_time", "deleted", "events", "id", "name", "object", "url"];

/// `GET /webhooks/{id}`. Operation `get-a-single-webhook`.
#[derive(Debug, Serialize)]
pub struct Get {
    /// The webhook.
    #[serde(skip)]
    pub id: Id,
}

impl Endpoint for Get {
    type Response = Object;
    const METHOD: Method = Method::GET;

    fn path(&self) -> Vec<&str> {
        vec!["webhooks", self.id.as_str()]
    }
}

/// `POST /webhooks`: subscribes an address. The reply has the secret that signs each delivery. Operation `create-a-webhook`.
#[derive(Debug, Serialize)]
pub struct Create {
    /// A name that no other webhook has.
    pub name: String,
    /// Where OnceHub posts to, HTTPS.
    pub url: String,
    /// Events, or `booking` and `conversation` for all of theirs.
    pub events: Vec<String>,
}

impl Endpoint for Create {
    type Response = Object;
    const METHOD: Method = Method::POST;

    fn path(&self) -> Vec<&str> {
        vec!["webhooks"]
    }
}

/// `DELETE /webhooks/{id}`. Operation `delete-a-webhook`.
#[derive(Debug, Serialize)]
pub struct Delete {
    /// The webhook.
    #[serde(skip)]
    pub id: Id,
}

impl Endpoint for Delete {
    type Response = Object;
    const METHOD: Method = Method::DELETE;

    fn path(&self) -> Vec<&str> {
        vec!["webhooks", self.id.as_str()]
    }
}
