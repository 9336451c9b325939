//! Teams, which host calendars together.

use serde::Serialize;

use super::Id;

/// `GET /teams`, newest first. Operation `list-all-teams`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct All {
    /// A member of the team.
    pub user: Option<Id>,
}

endpoint!(All: LIST "teams");
