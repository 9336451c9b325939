//! Users, who host: listing, inviting, changing and removing them, and their working hours.

mod availability;
mod change;
#[cfg(test)]
mod tests;

use rmcp::{tool, tool_router};

use crate::oncehub::users;
use crate::records::{Failure, Noun, Told, User};
use crate::tools::{Asked, Call, Paging, Reply, Tools, rows, schema};

#[tool_router(router = finding_users, vis = "pub(in crate::tools)")]
impl Tools {
    /// Find the account's users, who host bookings (not while their status is invited): name, e-mail, role, status,
    /// time zone, teams. Guests are in `list_contacts`, working hours in `get_scheduling_availability`.
    #[tool(title = "List users", annotations(read_only_hint = true),
        input_schema = schema::input::<ListUsers>(), output_schema = schema::list::<User>())]
    async fn list_users(&self, mut call: Call) -> Result<Reply, Failure> {
        let ListUsers { name, email, paging } = call.input()?;
        let mut asked = Asked::by(&call, call.zone());
        let part = asked.part("name", name.as_deref())?;
        let filter = users::All { email: asked.said("email", email) };
        let names = |user: &Told<User>| vec![user.full_name()];
        let found = paging.called(&call, &filter, part.as_deref(), names, |user| user).await?;
        Ok(rows(found, "user", &asked))
    }

    /// Read one user: role, status, time zone, teams. Not needed after `list_users`, which shows the same. Bookings:
    /// `list_bookings` (host); hours: `get_scheduling_availability`.
    #[tool(title = "Get user", annotations(read_only_hint = true),
        input_schema = schema::input::<GetUser>(), output_schema = schema::one::<User>())]
    async fn get_user(&self, mut call: Call) -> Result<Reply, Failure> {
        let GetUser { user_id } = call.input()?;
        call.one::<User, users::Users>(Noun::Users, "user_id", &user_id).await
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
struct GetUser {
    /// Name, e-mail, id or `me`
    user_id: String,
}
