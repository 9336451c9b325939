//! Inviting, changing and removing users.

use rmcp::{tool, tool_router};
use serde::Deserialize;
use serde_json::Map;

use super::{FIELDS, Teams};
use crate::oncehub::{Id, Object, bookings, users};
use crate::tools::address::email;
use crate::tools::call::Call;
use crate::tools::differences::seen;
use crate::tools::failure::{Failure, Stop};
use crate::tools::names::{Noun, full_name};
use crate::tools::reply::{Reply, present};
use crate::tools::untrusted::{quoted, word};
use crate::tools::write::Subject;
use crate::tools::{Tools, schema};

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct AddUser {
    email: String,
    first_name: String,
    last_name: String,
    /// Member if left out
    role_name: Option<Role>,
    /// Names or ids
    #[serde(default)]
    teams: Vec<String>,
}

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
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
#[serde(deny_unknown_fields)]
struct DeleteUser {
    /// Name, e-mail or id
    user_id: String,
}

#[derive(Clone, Copy, Debug, Deserialize, schemars::JsonSchema)]
enum Role {
    Administrator,
    Member,
    #[serde(rename = "Team Manager")]
    TeamManager,
}

impl Role {
    fn as_str(self) -> &'static str {
        match self {
            Self::Administrator => "Administrator",
            Self::Member => "Member",
            Self::TeamManager => "Team Manager",
        }
    }
}

#[tool_router(router = changing_users, vis = "pub(super)")]
impl Tools {
    /// Invite a colleague to the account; OnceHub e-mails them at once. To host they must accept, and need a seat. For
    /// guests use `create_contact`; for existing users `update_user`.
    #[tool(
        title = "Add user",
        input_schema = schema::input::<AddUser>(),
        output_schema = schema::written(FIELDS),
        annotations(read_only_hint = false, destructive_hint = false, idempotent_hint = false, open_world_hint = true)
    )]
    async fn add_user(&self, mut call: Call) -> Result<Reply, Stop> {
        let input: AddUser = call.input()?;
        let address = email("email", &input.email)?;
        let teams = call.teams(&input.teams).await?;
        let role = input.role_name.map_or("Member", Role::as_str);
        let who = quoted(&format!("{} {}", input.first_name, input.last_name), 120);
        let into = if input.teams.is_empty() {
            String::new()
        } else {
            format!(", into {}", input.teams.iter().map(|team| quoted(team, 60)).collect::<Vec<_>>().join(", "))
        };
        let question = format!("Invite {who} to the OnceHub account as {role}{into}, and e-mail them at {address}?");
        call.agree(true, &question, &Map::new).await?;
        let add = users::Add {
            email: address.clone(),
            first_name: input.first_name,
            last_name: input.last_name,
            role_name: input.role_name.map(Role::as_str),
            teams: (!teams.is_empty()).then_some(teams),
        };
        let what = format!("a user with the address {address}");
        let check = "see with list_users (email) whether they are there";
        let listing = users::All { email: Some(address.clone()) };
        let is_it = |user: &Object| user.text("email").is_some_and(|known| known.eq_ignore_ascii_case(&address));
        let added = call.create(&add, &listing, Subject { what: &what, check }, &is_it).await;
        call.directory.forget(Noun::Users);
        let (user, found) = added?;
        let teams = Teams::of(&call, std::slice::from_ref(&user)).await;
        Ok(Reply::done("Invited by e-mail.", teams.shown(&user, &self.settings.zone), found))
    }

    /// Change a user's name, role or teams; what is left out stays. teams replaces them all, which changes whom team
    /// calendars book. The account owner, and anyone's e-mail, cannot be changed. Hours:
    /// `update_scheduling_availability`.
    #[tool(
        title = "Update user",
        input_schema = schema::input::<UpdateUser>(),
        output_schema = schema::written(FIELDS),
        annotations(read_only_hint = false, destructive_hint = true, idempotent_hint = true, open_world_hint = true)
    )]
    async fn update_user(&self, mut call: Call) -> Result<Reply, Stop> {
        let input: UpdateUser = call.input()?;
        let id = call.find(&[Noun::Users], "user_id", &input.user_id).await?.id;
        let teams = match &input.teams {
            Some(teams) => Some(call.teams(teams).await?),
            None => None,
        };
        let update = users::Update {
            id: id.clone(),
            first_name: input.first_name,
            last_name: input.last_name,
            role_name: input.role_name.map(Role::as_str),
            teams,
        };
        let sent = serde_json::to_value(&update).ok().and_then(|sent| sent.as_object().cloned()).unwrap_or_default();
        if sent.is_empty() {
            let hint = "pass first_name, last_name, role_name or teams; an empty value leaves a field as it is";
            return Err(Failure::argument("user_id", "there is nothing to change", hint).into());
        }
        let zone = &self.settings.zone;
        let get = users::Get::new(id.clone());
        let before = call.read(&get, &id).await?;
        let known = if sent.contains_key("teams") {
            Teams(call.directory.all_or_none(&call.oncehub, Noun::Teams).await)
        } else {
            Teams::default()
        };
        let planned = known.told_changes(before.clone().into_fields(), sent.clone(), &sent);
        if planned.is_empty() {
            let shown = Teams::of(&call, std::slice::from_ref(&before)).await.shown(&before, zone);
            return Ok(Reply::done("Nothing to change: it is so already.", shown, false));
        }
        let question = format!("Change the user {}: {planned}?", sentence(&before, &id));
        call.agree(false, &question, &|| present(before.clone(), zone)).await?;
        let (what, check) = (format!("the user {id}"), format!("read them with get_user {id}"));
        let see = |now: Object| seen(&before, now, &sent);
        let updated = call.change(&update, &get, Subject { what: &what, check: &check }, &see).await;
        call.directory.forget(Noun::Users);
        let (mut user, found) = updated?;
        user.fill_id(id.as_str());
        let changed = known.told_changes(before.into_fields(), user.clone().into_fields(), &sent);
        let done = match changed.as_str() {
            "" => "Nothing is different from before.".to_owned(),
            changed => format!("Changed {changed}."),
        };
        let teams = Teams::of(&call, std::slice::from_ref(&user)).await;
        let mut reply = Reply::done(&done, teams.shown(&user, zone), found);
        call.note_blank(&mut reply);
        Ok(reply)
    }

    /// Remove a user from the account for good. Bookings to come may be left without a host: find them with
    /// `list_bookings` (host) and use `reassign_booking` first. To change teams or role use `update_user`.
    #[tool(
        title = "Delete user",
        input_schema = schema::input::<DeleteUser>(),
        output_schema = schema::deletion(),
        annotations(read_only_hint = false, destructive_hint = true, idempotent_hint = true, open_world_hint = true)
    )]
    async fn delete_user(&self, mut call: Call) -> Result<Reply, Stop> {
        let DeleteUser { user_id } = call.input()?;
        let id = call.find(&[Noun::Users], "user_id", &user_id).await?.id;
        let get = users::Get::new(id.clone());
        let user = call.still_there(&get, &id, "user_id", "user").await?;
        let name = full_name(&user).unwrap_or_else(|| id.to_string());
        let coming = call.coming(bookings::All { host: Some(id.clone()), ..bookings::All::default() }).await;
        let hosted = call.directory.all_or_none(&call.oncehub, Noun::Calendars).await;
        let hosted: Vec<String> = hosted.of_host(id.as_str()).map(|calendar| quoted(&calendar.name, 60)).collect();
        let calendars = if hosted.is_empty() { String::new() } else { format!(" They host {}.", hosted.join(", ")) };
        let question = format!("Delete the user {} for good?{}{calendars}", sentence(&user, &id), coming.sentence());
        let zone = &self.settings.zone;
        call.agree(true, &question, &|| present(user.clone(), zone)).await?;
        let (what, check) = (format!("the user {id}"), format!("read them with get_user {id}"));
        let subject = Subject { what: &what, check: &check };
        let deleted = call.delete(&users::Delete::new(id.clone()), &get, subject).await;
        call.directory.forget(Noun::Users);
        let mut reply = Reply::deleted("user", &id, &name, deleted?);
        if let Some(note) = coming.note(&format!("list_bookings (host {id}) shows them, reassign_booking moves them")) {
            reply.note(&format!("{note}{calendars}"));
        }
        Ok(reply)
    }
}

impl Call {
    /// Returns the ids of teams.
    async fn teams(&self, names: &[String]) -> Result<Vec<Id>, Failure> {
        let mut ids = Vec::new();
        for name in names {
            let id = self.find(&[Noun::Teams], "teams", name).await?.id;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        Ok(ids)
    }
}

/// Describes a user in a question: name, address, role.
fn sentence(user: &Object, id: &Id) -> String {
    let name = full_name(user).unwrap_or_else(|| id.to_string());
    let details: Vec<String> = ["email", "role_name"].iter().filter_map(|field| user.text(field)).map(word).collect();
    format!("{} ({})", quoted(&name, 80), details.join(", "))
}
