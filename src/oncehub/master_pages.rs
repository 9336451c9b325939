//! Master pages, which gather booking pages of OnceHub Classic.

use reqwest::Method;
use serde::Serialize;

use super::{Endpoint, Id, List, Object};

/// `GET /master-pages`, newest first. Operation `list-all-master-pages`.
#[derive(Debug, Default, Serialize)]
pub struct All {}

impl Endpoint for All {
    type Response = List;
    const METHOD: Method = Method::GET;

    fn path(&self) -> Vec<&str> {
        vec!["master-pages"]
    }
}

/// `GET /master-pages/{id}`. Operation `get-a-single-master-page`.
#[derive(Debug, Serialize)]
pub struct Get {
    /// The master page.
    #[serde(skip)]
    pub id: Id,
}

impl Endpoint for Get {
    type Response = Object;
    const METHOD: Method = Method::GET;

    fn path(&self) -> Vec<&str> {
        vec!["master-pages", self.id.as_str()]
    }
}

/// `POST /master-pages/{id}/one-time-links`: a link that serves for one booking. Operation `create-one-time-link`.
#[derive(Debug, Serialize)]
pub struct CreateOneTimeLink {
    /// The master page.
    #[serde(skip)]
    pub id: Id,
}

impl Endpoint for CreateOneTimeLink {
    type Response = Object;
    const METHOD: Method = Method::POST;

    fn path(&self) -> Vec<&str> {
        vec!["master-pages", self.id.as_str(), "one-time-links"]
    }
}
