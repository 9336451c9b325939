//! Teams, which host calendars together.

use serde::Serialize;

use super::{Id, Listing, endpoint};

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
    pub user: Option<Id>,
}

impl Listing for All {
    const PATH: &'static [&'static str] = &["teams"];
}

/// `GET /teams/{id}`. Operation `get-a-single-team`.
pub type Get = endpoint::Get<Teams>;
