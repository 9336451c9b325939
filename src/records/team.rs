//! Teams, which host calendars together.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::line::Line;
use super::{Record, Zone};

/// A team.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct Team {
    pub id: Option<String>,
    pub name: Option<String>,
}

impl Record for Team {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn line(&self, _: &Zone) -> Line {
        Line::of(self.id()).quoted(self.name.as_deref())
    }
}
