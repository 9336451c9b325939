//! Teams, which host calendars together.

use reqwest::Method;
use serde::Serialize;

use super::{Endpoint, Id, List, endpoint};

/// `/teams`.
#[derive(Debug)]
pub struct Teams;

impl endpoint::Collection for Teams {
    const PATH: &'static str = "teams";
}

/// `GET /teams`, newest first. Operation `list-all-teams`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct All {
    /// A member of the team.
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
pub type Get = endpoint::Get<Teams>;
