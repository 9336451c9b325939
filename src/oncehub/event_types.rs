//! Classic event types. For now only what resolving their names needs.

use reqwest::Method;
use serde::Serialize;

use super::{Endpoint, List};

/// `GET /event-types`, newest first. Operation `list-all-event-types`.
#[derive(Debug, Serialize)]
pub struct All {}

impl Endpoint for All {
    type Response = List;
    const METHOD: Method = Method::GET;

    fn path(&self) -> Vec<&str> {
        vec!["event-types"]
    }
}
