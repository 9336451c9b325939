//! Users, who host: listing, inviting, changing and removing them, and their working hours.

mod availability;
mod change;
#[cfg(test)]
mod tests;

use rmcp::{tool, tool_router};

use crate::oncehub::users;
use crate::records::{Noun, Told, User};
use crate::tools::{Answer, Asked, Call, Paging, Parameters, Tools, rows, schema};

#[tool_router(router = finding_users, vis = "pub(in crate::tools)")]
impl Tools {
    /// Find the account's users, who host bookings: name, e-mail, role, status (invited ones cannot host yet), time
    /// zone, teams. Guests are in `list_contacts`, working hours in `get_scheduling_availability`.
    #[tool(title = "List users", annotations(read_only_hint = true), output_schema = schema::list::<User>(schema::NEWEST))]
    async fn list_users(&self, call: Call, Parameters(input): Parameters<ListUsers>) -> Answer {
        let mut asked = Asked::by(&call, call.zone());
        let part = asked.part("name", input.name.as_deref())?;
        let filter = users::All { email: asked.said("email", input.email) };
        let names = |user: &Told<User>| vec![user.full_name()];
        let found = input.paging.called(&call, &filter, part.as_deref(), names, |user| user).await?;
        Ok(rows(found, "user", &asked))
    }

    /// Read one user: role, status, time zone, teams; `list_users` shows the same. Bookings: `list_bookings` (host);
    /// hours: `get_scheduling_availability`.
    #[tool(title = "Get user", annotations(read_only_hint = true), output_schema = schema::read::<User>())]
    async fn get_user(&self, call: Call, Parameters(input): Parameters<OneUser>) -> Answer {
        call.one::<User>(Noun::Users, "user_id", &input.user_id).await
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct ListUsers {
    /// Part of the name
    name: Option<String>,
    /// Exact
    email: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct OneUser {
    /// Name, e-mail, id or `me`
    user_id: String,
}
