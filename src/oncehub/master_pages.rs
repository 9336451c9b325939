//! Master pages, which group OnceHub Classic's booking pages.

use reqwest::Method;
use serde::Serialize;

use super::{Endpoint, Id, Object, endpoint};

/// `/master-pages`.
#[derive(Debug)]
pub struct MasterPages;

impl endpoint::Collection for MasterPages {
    const PATH: &'static str = "master-pages";
}

/// `GET /master-pages`, newest first. Operation `list-all-master-pages`.
pub type All = endpoint::All<MasterPages>;

/// `GET /master-pages/{id}`. Operation `get-a-single-master-page`.
pub type Get = endpoint::Get<MasterPages>;

/// `POST /master-pages/{id}/one-time-links`: a link for a single booking. Operation `create-one-time-link`.
#[derive(Clone, Debug, Serialize)]
pub struct CreateOneTimeLink {
    /// The master page.
    #[serde(skip)]
    pub id: Id,
}

impl Endpoint for CreateOneTimeLink {
    type Response = Object;

    fn route(&self) -> (Method, Vec<&str>) {
        (Method::POST, vec!["master-pages", self.id.as_str(), "one-time-links"])
    }
}
