//! Users, who host: listing, inviting, changing and removing them, and their working hours.

mod availability;
mod change;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rmcp::handler::server::tool::ToolRouter;
use rmcp::{tool, tool_router};
use serde_json::{Map, Value};

use super::asked::Asked;
use super::call::Call;
use super::differences::{differences, from_to};
use super::failure::Failure;
use super::line::Line;
use super::names::{Entries, Noun, full_name};
use super::reply::{Reply, present};
use super::schema::Field;
use super::untrusted::{quoted, word};
use super::{Tools, Zone, schema};
use crate::oncehub::{Object, users};

impl Tools {
    pub(super) fn users() -> Vec<ToolRouter<Self>> {
        vec![Self::finding_users(), Self::changing_users(), Self::reading_availability(), Self::changing_availability()]
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListUsers {
    /// Part of the name
    name: Option<String>,
    /// Exact
    email: Option<String>,
    #[schemars(range(min = 1, max = 500), extend("default" = 25))]
    limit: Option<u32>,
    /// A next_cursor
    cursor: Option<String>,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetUser {
    /// Name, e-mail, id or `me`
    user_id: String,
}

const FIELDS: &[Field] = &[
    ("id", "string", ""),
    ("first_name", "string", ""),
    ("last_name", "string", ""),
    ("email", "string", ""),
    ("status", "string", "active, or invited as long as the invitation is not accepted"),
    ("role_name", "string", "Account Owner, Administrator, Member or Team Manager"),
    ("timezone", "string", ""),
    ("teams", "array", "Ids"),
    ("team_names", "array", ""),
];

#[tool_router(router = finding_users)]
impl Tools {
    /// Find the people of the account, who host bookings (not while their status is invited): name, e-mail, role,
    /// status, time zone, teams. Guests are in `list_contacts`, working hours in `get_scheduling_availability`.
    #[tool(
        title = "List users",
        input_schema = schema::input::<ListUsers>(),
        output_schema = schema::list(schema::object(FIELDS), &[("asked", "string", "The filters, as understood")]),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn list_users(&self, mut call: Call) -> Result<Reply, Failure> {
        let ListUsers { name, email, limit, cursor } = call.input()?;
        let zone = &self.settings.zone;
        let mut asked = Asked::by(&call, zone);
        let part = asked.part("name", name.as_deref())?;
        let email = asked.said("email", email);
        let filter = users::All { email };
        let names = |user: &Object| full_name(user).into_iter().collect();
        let found = call.gather_called(&filter, limit, cursor.as_deref(), part.as_deref(), names).await?;
        let teams = Teams::of(&call, &found.items).await;
        Ok(found.rows("user", &asked, |user| teams.shown(user, zone)))
    }

    /// Read one user: role, status, time zone, teams. Not needed after `list_users`, which shows the same. Bookings:
    /// `list_bookings` (host); hours: `get_scheduling_availability`.
    #[tool(
        title = "Get user",
        input_schema = schema::input::<GetUser>(),
        output_schema = schema::output(FIELDS),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn get_user(&self, mut call: Call) -> Result<Reply, Failure> {
        let GetUser { user_id } = call.input()?;
        let id = call.find(&[Noun::Users], "user_id", &user_id).await?.id;
        let user = call.read(&users::Get::new(id.clone()), &id).await?;
        let teams = Teams::of(&call, std::slice::from_ref(&user)).await;
        Ok(Reply::of(teams.shown(&user, &self.settings.zone)))
    }
}

/// The names of users' teams.
#[derive(Default)]
struct Teams(Arc<Entries>);

impl Teams {
    async fn of(call: &Call, users: &[Object]) -> Self {
        let in_any = users.iter().any(|user| user.texts("teams").next().is_some());
        Self(if in_any { call.directory.all_or_none(&call.oncehub, Noun::Teams).await } else { Arc::default() })
    }

    /// Describes how two states of a user differ, with teams by name.
    fn told_changes(
        &self,
        before: Map<String, Value>,
        after: Map<String, Value>,
        among: &Map<String, Value>,
    ) -> String {
        let named = |mut fields: Map<String, Value>| {
            for id in fields.get_mut("teams").and_then(Value::as_array_mut).into_iter().flatten() {
                let name = id.as_str().and_then(|id| self.0.name(id)).map(Value::from);
                *id = name.unwrap_or_else(|| id.take());
            }
            fields
        };
        from_to(&differences(&named(before), &named(after), among))
    }

    fn shown(&self, user: &Object, zone: &Zone) -> (Map<String, Value>, String) {
        let names: Vec<Value> = user.texts("teams").filter_map(|id| self.0.name(id)).map(Value::from).collect();
        let described = |id: &str| match self.0.name(id) {
            Some(name) => format!("{} {}", quoted(name, 60), word(id)),
            None => word(id),
        };
        let teams: Vec<String> = user.texts("teams").map(described).collect();
        let line = Line::of(user)
            .quoted(full_name(user).as_deref())
            .word(user.text("email"))
            .status(user.text("role_name"))
            .word(user.text("status"))
            .zone(user.text("timezone"))
            .said((!teams.is_empty()).then(|| format!("in {}", teams.join(", "))));
        let mut fields = present(user.clone(), zone);
        if !names.is_empty() {
            fields.insert("team_names".into(), names.into());
        }
        (fields, line.end())
    }
}
