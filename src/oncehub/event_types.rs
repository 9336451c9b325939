//! Event types, the kinds of meeting that a guest of OnceHub Classic chooses from.

use reqwest::Method;
use serde::Serialize;

use super::{Endpoint, Id, List, Object};

/// `GET /event-types`, newest first. Operation `list-all-event-types`.
#[derive(Debug, Default, Serialize)]
pub struct All {}

impl Endpoint for All {
    type Response = List;
    const METHOD: Method = Method::GET;

    fn path(&self) -> Vec<&str> {
        vec!["event-types"]
    }
}

/// `GET /event-types/{id}`. Operation `get-a-single-event-type`.
#[derive(Debug, Serialize)]
pub struct Get {
    /// The event type.
    #[serde(skip)]
    pub id: Id,
}

impl Endpoint for Get {
    type Response = Object;
    const METHOD: Method = Method::GET;

    fn path(&self) -> Vec<&str> {
        vec!["event-types", self.id.as_str()]
    }
}
