//! Inviting, changing and removing users.

use jiff::Timestamp;
use rmcp::{tool, tool_router};
use serde::Deserialize;
use serde_json::Map;

use super::super::address::email;
use super::super::call::Call;
use super::super::differences::{differences, from_to};
use super::super::failure::Failure;
use super::super::names::{Noun, full_name};
use super::super::reply::{Reply, present};
use super::super::untrusted::{plain_or_quoted, quoted};
use super::super::write::Subject;
use super::super::{Tools, schema, time};
use super::{FIELDS, Teams};
use crate::oncehub::{Id, Object, bookings, users};

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
    /// What they may do
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
    /// Invite a colleague to the account: OnceHub e-mails them at once, and they can host after accepting. For guests
    /// use `create_contact`; for somebody already there (`list_users`) `update_user`.
    #[tool(
        title = "Add user",
        input_schema = schema::input::<AddUser>(),
        output_schema = schema::written(FIELDS),
        annotations(read_only_hint = false, destructive_hint = false, idempotent_hint = false, open_world_hint = true)
    )]
    async fn add_user(&self, mut call: Call<AddUser>) -> Result<Reply, Failure> {
        let input = call.input()?;
        let address = email("email", &input.email)?;
        let teams = call.teams(&input.teams).await?;
        let role = input.role_name.map_or("Member", Role::as_str);
        let question = format!(
            "Invite {} {} to the OnceHub account as {role}, and e-mail them at {address}?",
            quoted(&input.first_name, 60).trim_matches('"'),
            quoted(&input.last_name, 60).trim_matches('"'),
        );
        if let Some(declined) = call.confirm(true, &question, &Map::new).await? {
            return Ok(declined);
        }
        let add = users::Add {
            email: address.clone(),
            first_name: input.first_name,
            last_name: input.last_name,
            role_name: input.role_name.map(Role::as_str),
            teams: (!teams.is_empty()).then_some(teams),
        };
        let what = format!("a user with the address {address}");
        let check = "look with list_users (email) whether they are there before inviting them again";
        let listing = users::All { email: Some(address.clone()) };
        let is_it = |user: &Object| user.text("email").is_some_and(|known| known.eq_ignore_ascii_case(&address));
        let added = call.create(&add, &listing, Subject { what: &what, check }, &is_it).await;
        call.directory.forget(Noun::Users);
        let (user, found) = added?;
        let teams = Teams::of(&call, std::slice::from_ref(&user)).await;
        Ok(Reply::done("Invited by e-mail.", teams.shown(&user, &self.settings.zone), found))
    }

    /// Change a user's name, role or teams; what is left out stays. teams replaces all of them, and so who is booked on
    /// team calendars. The account's owner and e-mail addresses cannot change. Hours: `update_scheduling_availability`.
    #[tool(
        title = "Update user",
        input_schema = schema::input::<UpdateUser>(),
        output_schema = schema::written(FIELDS),
        annotations(read_only_hint = false, destructive_hint = true, idempotent_hint = true, open_world_hint = true)
    )]
    async fn update_user(&self, mut call: Call<UpdateUser>) -> Result<Reply, Failure> {
        let input = call.input()?;
        let id = call.user("user_id", &input.user_id).await?.id;
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
            let hint = "pass first_name, last_name, role_name or teams";
            return Err(Failure::argument("user_id", "there is nothing to change", hint));
        }
        let zone = &self.settings.zone;
        let get = users::Get { id: id.clone() };
        let before = call.read(&get, &id).await?;
        let planned = from_to(&differences(before.fields(), &sent, &sent));
        let question = format!("Change the user {}: {planned}?", sentence(&before, &id));
        if let Some(declined) = call.confirm(false, &question, &|| present(before.clone(), zone)).await? {
            return Ok(declined);
        }
        let (what, check) = (format!("the user {id}"), format!("read them with get_user {id} before anything else"));
        let is_done = |user: &Object| !differences(before.fields(), user.fields(), &sent).is_empty();
        let updated = call.change(&update, &get, Subject { what: &what, check: &check }, &is_done).await;
        call.directory.forget(Noun::Users);
        let (mut user, found) = updated?;
        user.fill_id(id.as_str());
        let changed = differences(before.fields(), user.fields(), &sent);
        let done = match changed.as_slice() {
            [] => "Nothing is different from before.".to_owned(),
            changed => format!("Changed {}.", from_to(changed)),
        };
        let teams = Teams::of(&call, std::slice::from_ref(&user)).await;
        Ok(Reply::done(&done, teams.shown(&user, zone), found))
    }

    /// Remove a user from the account for good. Their bookings to come are not moved: find them with `list_bookings`
    /// (host) and use `reassign_booking` first. To change teams or role use `update_user`.
    #[tool(
        title = "Delete user",
        input_schema = schema::input::<DeleteUser>(),
        output_schema = schema::deletion(),
        annotations(read_only_hint = false, destructive_hint = true, idempotent_hint = true, open_world_hint = true)
    )]
    async fn delete_user(&self, mut call: Call<DeleteUser>) -> Result<Reply, Failure> {
        let DeleteUser { user_id } = call.input()?;
        let id = call.user("user_id", &user_id).await?.id;
        let get = users::Get { id: id.clone() };
        let user = call.still_there(&get, &id, "user_id", "user").await?;
        let name = full_name(user.fields()).unwrap_or_else(|| id.to_string());
        let coming = match call.coming(&id).await {
            None | Some(0) => String::new(),
            Some(1) => " One booking to come is still theirs.".to_owned(),
            Some(count) => format!(" {count} bookings to come are still theirs."),
        };
        let question = format!("Delete the user {} for good?{coming}", sentence(&user, &id));
        let zone = &self.settings.zone;
        if let Some(declined) = call.confirm(true, &question, &|| present(user.clone(), zone)).await? {
            return Ok(declined);
        }
        let (what, check) = (format!("the user {id}"), format!("read them with get_user {id}"));
        let subject = Subject { what: &what, check: &check };
        let deleted = call.delete(&users::Delete { id: id.clone() }, &get, subject).await;
        call.directory.forget(Noun::Users);
        let mut reply = Reply::deleted("user", &id, &name, deleted?);
        if !coming.is_empty() {
            reply.note(&format!("{} list_bookings with host {id} shows them.", coming.trim()));
        }
        Ok(reply)
    }
}

impl<I> Call<I> {
    /// The ids of teams.
    async fn teams(&self, names: &[String]) -> Result<Vec<Id>, Failure> {
        let mut ids = Vec::new();
        for name in names {
            ids.push(self.listed(Noun::Teams, "teams", name).await?.id);
        }
        Ok(ids)
    }

    /// How many bookings a user still has to host, as far as one page tells.
    async fn coming(&self, user: &Id) -> Option<usize> {
        let now: Timestamp = self.now;
        let listing = bookings::All {
            host: Some(user.clone()),
            starting_after: Some(time::instant(now)),
            fields: Some(&["id", "status"]),
            ..bookings::All::default()
        };
        let page = self.oncehub.page(&listing, 100, None).await.ok()?;
        let is_live = |booking: &&Object| booking.text("status").is_some_and(|status| status != "canceled");
        Some(page.items.iter().filter(is_live).count())
    }
}

/// A user in a question: name, address, role.
fn sentence(user: &Object, id: &Id) -> String {
    let name = full_name(user.fields()).unwrap_or_else(|| id.to_string());
    let details: Vec<String> = ["email", "role_name"]
        .iter()
        .filter_map(|field| user.text(field))
        .map(|text| plain_or_quoted(text, 120))
        .collect();
    format!("{} ({})", quoted(&name, 80), details.join(", "))
}
