//! Users, who host.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::line::Line;
use super::{Lookup, Noun, Record, Zone, clean, quoted, word};

/// A user of the account.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct User {
    pub id: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub email: Option<String>,
    /// active, or invited until the invitation is accepted
    pub status: Option<String>,
    /// Account Owner, Administrator, Member or Team Manager
    pub role_name: Option<String>,
    pub timezone: Option<String>,
    /// Ids
    pub teams: Option<Vec<String>>,
    pub team_names: Option<Vec<String>>,
    /// The teams as a text shows them.
    #[serde(skip)]
    in_teams: Vec<String>,
}

impl User {
    /// Returns first and last name.
    pub fn full_name(&self) -> Option<String> {
        full_name(self.first_name.as_deref(), self.last_name.as_deref())
    }

    /// Describes the user in a question: name, address, role.
    pub fn described(&self, id: &str) -> String {
        let name = self.full_name().unwrap_or_else(|| id.to_owned());
        let details: Vec<String> =
            [&self.email, &self.role_name].into_iter().flatten().map(|text| word(text)).collect();
        format!("{} ({})", quoted(&name, 80), details.join(", "))
    }
}

/// Joins first and last name.
pub fn full_name(first: Option<&str>, last: Option<&str>) -> Option<String> {
    let whole = format!("{} {}", first.unwrap_or_default(), last.unwrap_or_default());
    let whole = clean(&whole).split_whitespace().collect::<Vec<_>>().join(" ");
    Some(whole).filter(|name| !name.is_empty())
}

impl Record for User {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn line(&self, _: &Zone) -> Line {
        Line::of(self.id())
            .quoted(self.full_name().as_deref())
            .word(self.email.as_deref())
            .status(self.role_name.as_deref())
            .word(self.status.as_deref())
            .zone(self.timezone.as_deref())
            .said((!self.in_teams.is_empty()).then(|| format!("in {}", self.in_teams.join(", "))))
    }

    fn complete(&mut self, find: &mut Lookup<'_>) {
        let ids = self.teams.as_deref().unwrap_or_default();
        let found: Vec<_> = ids.iter().map(|id| (id, find(&[Noun::Teams], id).map(|team| team.name))).collect();
        let names: Vec<String> = found.iter().filter_map(|(_, name)| name.clone()).collect();
        self.in_teams = found.into_iter().map(|(id, name)| with_name(id, name.as_deref())).collect();
        self.team_names = Some(names).filter(|names| !names.is_empty());
    }
}

/// Returns an id after its name, if that is known.
pub fn with_name(id: &str, name: Option<&str>) -> String {
    name.map_or_else(|| word(id), |name| format!("{} {}", quoted(name, 60), word(id)))
}
