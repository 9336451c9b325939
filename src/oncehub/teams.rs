//! Teams, which host calendars together.

use reqwest::Method;
use serde::Serialize;

use super::{Endpoint, Id, List, Object};

/// `GET /teams`, newest first. Operation `list-all-teams`.
#[derive(Debug, Default, Serialize)]
pub struct All {
    /// A user who is in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<Id>,
}

impl Endpoint for All {
    type Response = List;
    const METHOD: Method = Method::GET;

    fn path(&self) -> Vec<&str> {
        vec!["teams"]
    }
}

/// `GET /teams/{id}`. Operation `get-a-single-team`.
#[derive(Debug, Serialize)]
pub struct Get {
    /// The team.
    #[serde(skip)]
    pub id: Id,
}

impl Endpoint for Get {
    type Response = Object;
    const METHOD: Method = Method::GET;

    fn path(&self) -> Vec<&str> {
        vec!["teams", self.id.as_str()]
    }
}
