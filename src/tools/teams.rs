//! Teams, which host calendars together.

use rmcp::handler::server::tool::ToolRouter;
use rmcp::{tool, tool_router};
use serde_json::{Map, Value};

use super::asked::Asked;
use super::call::Call;
use super::failure::Failure;
use super::line::Line;
use super::names::Noun;
use super::reply::{Reply, present};
use super::schema::Field;
use super::{Tools, Zone, schema};
use crate::oncehub::{Object, teams};

impl Tools {
    pub(super) fn teams() -> Vec<ToolRouter<Self>> {
        vec![Self::finding_teams()]
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListTeams {
    /// One user's: name, e-mail, id or `me`
    user: Option<String>,
    #[schemars(range(min = 1, max = 500), extend("default" = 25))]
    limit: Option<u32>,
    /// A next_cursor
    cursor: Option<String>,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetTeam {
    /// Id or exact name
    team_id: String,
}

const FIELDS: &[Field] = &[("id", "string", ""), ("name", "string", "")];

#[tool_router(router = finding_teams)]
impl Tools {
    /// List the account's teams, or one user's: names and ids. Teams host calendars together. Members are in
    /// `list_users`, calendars in `list_booking_calendars` (host). Who is in a team is changed with `update_user`.
    #[tool(
        title = "List teams",
        input_schema = schema::input::<ListTeams>(),
        output_schema = schema::list(schema::object(FIELDS), &[("asked", "string", "The filters, as understood")]),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn list_teams(&self, mut call: Call) -> Result<Reply, Failure> {
        let ListTeams { user, limit, cursor } = call.input()?;
        let zone = &self.settings.zone;
        let mut asked = Asked::by(&call, zone);
        let filter = teams::All { user: asked.named(Noun::Users, "user", user.as_deref()).await? };
        let found = call.gather(&filter, limit, cursor.as_deref(), None).await?;
        Ok(found.rows("team", &asked, |team| shown(team, zone)))
    }

    /// Read one team: its name by id, or its id by name. Members are in `list_users`, all teams in `list_teams`.
    #[tool(
        title = "Get team",
        input_schema = schema::input::<GetTeam>(),
        output_schema = schema::output(FIELDS),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn get_team(&self, mut call: Call) -> Result<Reply, Failure> {
        let GetTeam { team_id } = call.input()?;
        let id = call.find(&[Noun::Teams], "team_id", &team_id).await?.id;
        let team = call.read(&teams::Get::new(id.clone()), &id).await?;
        Ok(Reply::of(shown(&team, &self.settings.zone)))
    }
}

fn shown(team: &Object, zone: &Zone) -> (Map<String, Value>, String) {
    (present(team.clone(), zone), Line::of(team).quoted(team.text("name")).end())
}
