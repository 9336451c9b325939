//! Teams, which host calendars together.

use rmcp::{tool, tool_router};

use crate::oncehub::teams;
use crate::records::{Noun, Team};
use crate::tools::{Answer, Asked, Call, Paging, Parameters, Tools, rows, schema};

#[tool_router(router = teams, vis = "pub(in crate::tools)")]
impl Tools {
    /// List the account's teams, or one user's: names and ids. `list_users` shows each user's teams,
    /// `list_booking_calendars` (host) the calendars a team hosts. Change who is in a team with `update_user`.
    #[tool(title = "List teams", annotations(read_only_hint = true), output_schema = schema::list::<Team>(schema::NEWEST))]
    async fn list_teams(&self, call: Call, Parameters(input): Parameters<ListTeams>) -> Answer {
        let mut asked = Asked::by(&call, call.zone());
        let filter = teams::All { user: asked.named(Noun::Users, "user", input.user.as_deref()).await? };
        Ok(rows(input.paging.all::<Team>(&call, &filter).await?, "team", &asked))
    }

    /// Read one team: its name by id, or its id by name. Members are in `list_users`, all teams in `list_teams`.
    #[tool(title = "Get team", annotations(read_only_hint = true), output_schema = schema::read::<Team>())]
    async fn get_team(&self, call: Call, Parameters(input): Parameters<GetTeam>) -> Answer {
        call.one::<Team>(Noun::Teams, "team_id", &input.team_id).await
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct ListTeams {
    /// One user's: name, e-mail, id or `me`
    user: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct GetTeam {
    /// Id or exact name
    team_id: String,
}
