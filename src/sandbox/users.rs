//! `/users`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::request::{Answer, Refusal, Reply, Request, is_email, page, repeated};
use super::seed;
use super::world::{User, World};

/// The roles that can be assigned. There is one account owner, and nobody becomes one through the API.
const ROLES: &[&str] = &["Administrator", "Member", "Team Manager"];
const ACCOUNT_OWNER: &str = "Account Owner";

pub(super) fn list(world: &World, request: &Request) -> Answer {
    request.only(&["limit", "before", "after", "email"])?;
    let email = request.param("email").map(str::to_lowercase);
    let keep = |user: &User| !user.deleted && email.as_ref().is_none_or(|email| user.email.to_lowercase() == *email);
    page(request, &world.users, |user| &user.id, keep, User::show)
}

pub(super) fn get(world: &World, request: &Request, id: &str) -> Answer {
    request.only(&[])?;
    let found = world.users.iter().find(|known| known.id == id);
    found.map(|known| Reply::ok(known.show())).ok_or_else(|| Refusal::not_found("user", id))
}

pub(super) fn create(world: &mut World, request: &Request) -> Answer {
    request.only(&[])?;
    let known = ["email", "first_name", "last_name", "role_name", "teams"];
    let fields = request.fields_or(&known, "Unsupported fields")?;
    let given = |name: &str| fields.get(name).filter(|value| !value.is_null());
    let (Some(email), Some(first_name), Some(last_name)) = (given("email"), given("first_name"), given("last_name"))
    else {
        return Err(Refusal::new(400, "Required fields are missing.").about("email"));
    };
    let first_name = name(first_name, "first_name", "first_name")?;
    let last_name = name(last_name, "last_name", "last_name")?;
    let email = new_email(world, email)?;
    let role = fields.get("role_name").map_or(Ok("Member"), role)?;
    let teams = fields.get("teams").map_or(Ok(Vec::new()), |value| teams(world, value))?;
    if world.users.iter().filter(|user| !user.deleted).count() >= world.user_limit {
        let message = "You have reached the user limit for your current plan. To add more users, please upgrade your \
            account.";
        return Err(Refusal::new(422, message));
    }
    let zone = world.account_owner().map_or_else(|| "UTC".to_owned(), |owner| owner.zone.clone());
    let user = User {
        id: world.fresh_id("USR"),
        first_name,
        last_name,
        email,
        status: "invited",
        role,
        zone,
        teams,
        deleted: false,
        has_seat: true,
        video: &[],
        weekly: seed::people::office_hours(&[]),
        overrides: BTreeMap::new(),
    };
    let shown = user.show();
    world.users.push(user);
    Ok(Reply::ok(shown))
}

pub(super) fn update(world: &mut World, request: &Request, id: &str) -> Answer {
    request.only(&[])?;
    let fields = request.changes(&["first_name", "last_name", "role_name", "teams"])?;
    let index = world.users.iter().position(|user| user.id == id).ok_or_else(|| Refusal::not_found("user", id))?;
    if world.is_deleted(id) {
        let message = format!("User cannot be modified as they have been deleted: '{id}'");
        return Err(Refusal::new(410, message).about("id"));
    }
    if world.users.get(index).is_some_and(|user| user.role == ACCOUNT_OWNER) {
        return Err(Refusal::new(403, "Cannot update 'Account Owner' user.").of_the_request());
    }
    let given = |field: &str| fields.get(field);
    let first_name = given("first_name").map(|value| name(value, "first_name", "first name")).transpose()?;
    let last_name = given("last_name").map(|value| name(value, "last_name", "last name")).transpose()?;
    if given("role_name").is_some_and(|role| role == ACCOUNT_OWNER) {
        let message = "The 'Account Owner' role cannot be assigned directly via the API.";
        return Err(Refusal::new(400, message).about("role_name"));
    }
    let role = given("role_name").map(role).transpose()?;
    let teams = given("teams").map(|value| teams(world, value)).transpose()?;
    let Some(user) = world.users.get_mut(index) else { return Err(Refusal::not_found("user", id)) };
    user.first_name = first_name.unwrap_or_else(|| user.first_name.clone());
    user.last_name = last_name.unwrap_or_else(|| user.last_name.clone());
    user.role = role.unwrap_or(user.role);
    user.teams = teams.unwrap_or_else(|| user.teams.clone());
    Ok(Reply::ok(user.show()))
}

pub(super) fn delete(world: &mut World, request: &Request, id: &str) -> Answer {
    request.only(&[])?;
    let found = world.users.iter_mut().find(|user| user.id == id && !user.deleted);
    let user = found.ok_or_else(|| Refusal::not_found("user", id))?;
    if user.role == ACCOUNT_OWNER {
        return Err(Refusal::new(403, "Cannot delete 'Account Owner' user.").of_the_request());
    }
    user.deleted = true;
    Ok(Reply::ok(json!({"id": id, "deleted": true})))
}

/// Validates a first or last name. `words` is what error messages call it.
fn name(value: &Value, field: &str, words: &str) -> Result<String, Refusal> {
    let is_odd = |text: &str| text.contains(|letter: char| letter.is_control() || "[]{}<>/\\*?|".contains(letter));
    let text = value.as_str().map(str::trim).filter(|text| !text.is_empty() && !is_odd(text));
    text.map(str::to_owned)
        .ok_or_else(|| Refusal::new(400, format!("Invalid {words}: '{}'", repeated(value))).about(field))
}

/// Validates an email address that no user has.
fn new_email(world: &World, value: &Value) -> Result<String, Refusal> {
    let Some(email) = value.as_str().filter(|text| is_email(text)) else {
        return Err(Refusal::new(400, format!("Invalid email format: '{}'", repeated(value))).about("email"));
    };
    if !world.users_with(email).is_empty() {
        return Err(Refusal::new(400, format!("Email already exists: '{email}'")).about("email"));
    }
    Ok(email.to_owned())
}

fn role(value: &Value) -> Result<&'static str, Refusal> {
    let known = ROLES.iter().copied().find(|role| value == role);
    known.ok_or_else(|| Refusal::new(400, format!("Invalid role name: '{}'", repeated(value))).about("role_name"))
}

/// Validates teams of the account, each once.
fn teams(world: &World, value: &Value) -> Result<Vec<String>, Refusal> {
    let ids: Option<Vec<&str>> = value.as_array().and_then(|ids| ids.iter().map(Value::as_str).collect());
    let mut ids = ids.ok_or_else(|| Refusal::new(400, "Must be an array of strings.").about("teams"))?;
    let is_team = |id: &str| world.teams.iter().any(|team| team.id == id);
    let unknown: Vec<String> = ids.iter().filter(|id| !is_team(id)).map(|id| format!("'{id}'")).collect();
    if !unknown.is_empty() {
        return Err(Refusal::new(400, format!("Invalid team(s): {}", unknown.join(", "))).about("teams"));
    }
    let mut seen = BTreeSet::new();
    ids.retain(|id| seen.insert(*id));
    Ok(ids.into_iter().map(str::to_owned).collect())
}
