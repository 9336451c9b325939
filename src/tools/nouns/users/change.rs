//! Inviting, changing and removing users.

use rmcp::{tool, tool_router};
use serde::Deserialize;

use crate::actions::{self, Stop};
use crate::names::Names;
use crate::oncehub::{Id, users};
use crate::records::{Failure, Noun, Told, User, Zone};
use crate::tools::address::email;
use crate::tools::{Answer, Call, Deletion, Parameters, Reply, Tools, schema};

#[tool_router(router = changing_users, vis = "pub(in crate::tools)")]
impl Tools {
    /// Invite a colleague to the account; OnceHub e-mails them at once. They can host once they accept and have a seat.
    /// For guests use `create_contact`; for existing users `update_user`.
    #[tool(title = "Add user", annotations(destructive_hint = false), output_schema = schema::written::<User>())]
    async fn add_user(&self, mut call: Call, Parameters(input): Parameters<AddUser>) -> Answer<Stop> {
        let request = users::Add {
            email: email("email", &input.email)?,
            teams: Some(teams(&call.names, &input.teams).await?).filter(|teams| !teams.is_empty()),
            first_name: input.first_name,
            last_name: input.last_name,
            role_name: input.role_name.map(Role::into),
        };
        let done = call.carry_out(&mut actions::users::invite(request, &input.teams)).await?;
        Ok(changed("Invited by e-mail.", &call.told(done.object.clone()).await, call.zone()).after(&done))
    }

    /// Change a user's name, role or teams; omitted fields stay. teams replaces all (see `get_user`) and changes who
    /// hosts team calendars. E-mails, and the account owner, cannot be changed. New people: `add_user`; hours:
    /// `update_scheduling_availability`.
    #[tool(title = "Update user", annotations(destructive_hint = true), output_schema = schema::changed::<User>())]
    async fn update_user(&self, mut call: Call, Parameters(input): Parameters<UpdateUser>) -> Answer<Stop> {
        let id = call.names.find(&[Noun::Users], "user_id", &input.user_id).await?.id;
        let teams = match &input.teams {
            Some(names) => Some(teams(&call.names, names).await?),
            None => None,
        };
        let request = users::Update {
            id: id.clone(),
            first_name: input.first_name,
            last_name: input.last_name,
            role_name: input.role_name.map(Role::into),
            teams,
        };
        let mut update = actions::users::Update::new(&call.names, request).await?;
        if update.edit.planned().is_empty() {
            let user = call.names.filled(update.edit.before.clone()).await;
            return Ok(changed("Nothing to change: it is already as requested.", &user, call.zone()));
        }
        let mut done = call.carry_out(&mut update).await?;
        done.object.fill_id(id.as_str());
        let user: Told<User> = call.told(done.object.clone()).await;
        let said = update.edit.changed(&user);
        let mut reply = changed(&said, &user, call.zone()).after(&done);
        call.note_blank(&mut reply);
        Ok(reply)
    }

    /// Remove a user from the account for good. Upcoming bookings may be left without a host: find them with
    /// `list_bookings` (host) and use `reassign_booking` first. To change teams or role use `update_user`.
    #[tool(title = "Delete user", annotations(destructive_hint = true), output_schema = schema::written::<Deletion>())]
    async fn delete_user(&self, mut call: Call, Parameters(input): Parameters<DeleteUser>) -> Answer<Stop> {
        let id = call.names.find(&[Noun::Users], "user_id", &input.user_id).await?.id;
        let mut leaving = actions::users::Leaving::new(&call, id.clone()).await?;
        let done = call.carry_out(&mut leaving.delete).await?;
        let mut reply = Reply::deleted("user", &id, leaving.name, &done);
        let next = format!("list_bookings (host {id}) shows them, reassign_booking gives them to another host");
        if let Some(note) = leaving.upcoming.note(&next) {
            reply.note(&format!("{note}{}", leaving.calendars));
        }
        Ok(reply)
    }
}

#[derive(Deserialize, schemars::JsonSchema)]
struct AddUser {
    email: String,
    first_name: String,
    last_name: String,
    /// Default Member
    role_name: Option<Role>,
    /// Names or ids
    #[serde(default)]
    teams: Vec<String>,
}

#[derive(Deserialize, schemars::JsonSchema)]
struct UpdateUser {
    /// Name, e-mail, id or `me`
    user_id: String,
    first_name: Option<String>,
    last_name: Option<String>,
    role_name: Option<Role>,
    /// All of them, by name or id; [] for none
    teams: Option<Vec<String>>,
}

#[derive(Deserialize, schemars::JsonSchema)]
struct DeleteUser {
    /// Exact name, e-mail or id
    user_id: String,
}

#[derive(Clone, Copy, Debug, Deserialize, schemars::JsonSchema, strum::IntoStaticStr)]
enum Role {
    Administrator,
    Member,
    #[serde(rename = "Team Manager")]
    #[strum(serialize = "Team Manager")]
    TeamManager,
}

/// Returns the ids of teams.
async fn teams(names: &Names, asked: &[String]) -> Result<Vec<Id>, Failure> {
    let mut ids = Vec::new();
    for name in asked {
        let id = names.find(&[Noun::Teams], "teams", name).await?.id;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// Returns the user after a change.
fn changed(said: &str, user: &Told<User>, zone: &Zone) -> Reply {
    Reply::new(user.fields(zone), format!("{said}\n{}", user.text(zone)))
}
