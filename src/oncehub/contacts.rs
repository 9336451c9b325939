//! Contacts, the people who book. For now only what finding one needs.

use reqwest::Method;
use serde::Serialize;

use super::{Endpoint, List};

/// `GET /contacts`, newest first. Operation `list-all-contacts`.
#[derive(Debug, Default, Serialize)]
pub struct All {
    /// Exactly this e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

impl Endpoint for All {
    type Response = List;
    const METHOD: Method = Method::GET;

    fn path(&self) -> Vec<&str> {
        vec!["contacts"]
    }
}
