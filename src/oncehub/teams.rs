//! Teams, which host calendars together.

use serde::Serialize;

use super::{Id, endpoint};

collection!(Teams: "teams");

/// `GET /teams`, newest first. Operation `list-all-teams`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct All {
    /// A member of the team.
    pub user: Option<Id>,
}

endpoint!(All: LIST "teams");

/// `GET /teams/{id}`. Operation `get-a-single-team`.
pub type Get = endpoint::Get<Teams>;
