//! `/users`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::noun::{Filter, Noun, find, live_mut, look};
use super::request::{Answer, Refusal, Reply, Request, ensure, is_email};
use super::world::{User, World};
use super::{availability, seed};

/// The roles that can be assigned. There is one account owner, and nobody becomes one through the API.
const ROLES: &[&str] = &["Administrator", "Member", "Team Manager"];
const ACCOUNT_OWNER: &str = "Account Owner";

impl Noun for User {
    const NAME: &'static str = "user";
    const FILTERS: &'static [Filter<Self>] =
        &[Filter::Is("email", |user, email, _| user.email.to_lowercase() == email.to_lowercase())];

    fn state(&self) -> (&str, bool) {
        (&self.id, self.deleted)
    }

    fn show(&self, _: &World) -> Value {
        json!({
            "object": "user", "id": self.id, "first_name": self.first_name, "last_name": self.last_name,
            "email": self.email, "status": self.status, "role_name": self.role, "timezone": self.zone, "teams": self.teams,
        })
    }
}

pub(super) fn answer(world: &mut World, request: &Request, path: &[&str]) -> Answer {
    match (request.method.as_str(), path) {
        ("POST", []) => create(world, request),
        ("PATCH", [id]) => update(world, request, id),
        ("DELETE", [id]) => delete(world, request, id),
        ("GET", [id, "scheduling-availability"]) => availability::get(world, request, id),
        ("PATCH", [id, "scheduling-availability"]) => availability::update(world, request, id),
        _ => look(world, request, path, &world.users),
    }
}

fn create(world: &mut World, request: &Request) -> Answer {
    request.only(&[])?;
    let known = ["email", "first_name", "last_name", "role_name", "teams"];
    let fields = request.fields_or(&known, "Unsupported fields")?;
    let given = |name: &str| fields.get(name).filter(|value| !value.is_null());
    let (Some(email), Some(first_name), Some(last_name)) = (given("email"), given("first_name"), given("last_name"))
    else {
        return Err(Refusal::missing("email"));
    };
    let first_name = name(first_name, "first_name", "first_name")?;
    let last_name = name(last_name, "last_name", "last_name")?;
    let email = new_email(world, email)?;
    let role = fields.get("role_name").map_or(Ok("Member"), role)?;
    let teams = fields.get("teams").map_or(Ok(Vec::new()), |value| teams(world, value))?;
    let message = "You have reached the user limit for your current plan. To add more users, please upgrade your \
        account.";
    let count = world.users.iter().filter(|user| !user.deleted).count();
    ensure(count < world.user_limit, Refusal::new(422, message))?;
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
    let shown = user.show(world);
    world.users.push(user);
    Ok(Reply::ok(shown))
}

fn update(world: &mut World, request: &Request, id: &str) -> Answer {
    request.only(&[])?;
    let fields = request.changes(&["first_name", "last_name", "role_name", "teams"])?;
    let user = find(&world.users, id)?;
    let message = format!("User cannot be modified as they have been deleted: '{id}'");
    ensure(!user.deleted, Refusal::new(410, message).about("id"))?;
    ensure(user.role != ACCOUNT_OWNER, Refusal::new(403, "Cannot update 'Account Owner' user.").of_the_request())?;
    let given = |field: &str| fields.get(field);
    let first_name = given("first_name").map(|value| name(value, "first_name", "first name")).transpose()?;
    let last_name = given("last_name").map(|value| name(value, "last_name", "last name")).transpose()?;
    let message = "The 'Account Owner' role cannot be assigned directly via the API.";
    ensure(given("role_name").is_none_or(|role| role != ACCOUNT_OWNER), Refusal::bad("role_name", message))?;
    let role = given("role_name").map(role).transpose()?;
    let teams = given("teams").map(|value| teams(world, value)).transpose()?;
    let user = live_mut(&mut world.users, id)?;
    user.first_name = first_name.unwrap_or_else(|| user.first_name.clone());
    user.last_name = last_name.unwrap_or_else(|| user.last_name.clone());
    user.role = role.unwrap_or(user.role);
    user.teams = teams.unwrap_or_else(|| user.teams.clone());
    Ok(Reply::ok(find(&world.users, id)?.show(world)))
}

fn delete(world: &mut World, request: &Request, id: &str) -> Answer {
    request.only(&[])?;
    let user = live_mut(&mut world.users, id)?;
    ensure(user.role != ACCOUNT_OWNER, Refusal::new(403, "Cannot delete 'Account Owner' user.").of_the_request())?;
    user.deleted = true;
    Ok(Reply::deleted(id))
}

/// Validates a first or last name. `words` is what error messages call it.
fn name(value: &Value, field: &str, words: &str) -> Result<String, Refusal> {
    let is_odd = |text: &str| text.contains(|letter: char| letter.is_control() || "[]{}<>/\\*?|".contains(letter));
    let text = value.as_str().map(str::trim).filter(|text| !text.is_empty() && !is_odd(text));
    text.map(str::to_owned).ok_or_else(|| Refusal::invalid(field, words, value))
}

/// Validates an email address that no user has.
fn new_email(world: &World, value: &Value) -> Result<String, Refusal> {
    let email = value.as_str().filter(|text| is_email(text));
    let email = email.ok_or_else(|| Refusal::invalid("email", "email format", value))?;
    let is_new = world.users_with(email).is_empty();
    ensure(is_new, Refusal::bad("email", format!("Email already exists: '{email}'")))?;
    Ok(email.to_owned())
}

fn role(value: &Value) -> Result<&'static str, Refusal> {
    let known = ROLES.iter().copied().find(|role| value == role);
    known.ok_or_else(|| Refusal::invalid("role_name", "role name", value))
}

/// Validates teams of the account, each once.
fn teams(world: &World, value: &Value) -> Result<Vec<String>, Refusal> {
    let ids: Option<Vec<&str>> = value.as_array().and_then(|ids| ids.iter().map(Value::as_str).collect());
    let mut ids = ids.ok_or_else(|| Refusal::bad("teams", "Must be an array of strings."))?;
    let is_team = |id: &str| find(&world.teams, id).is_ok();
    let unknown: Vec<String> = ids.iter().filter(|id| !is_team(id)).map(|id| format!("'{id}'")).collect();
    ensure(unknown.is_empty(), Refusal::bad("teams", format!("Invalid team(s): {}", unknown.join(", "))))?;
    let mut seen = BTreeSet::new();
    ids.retain(|id| seen.insert(*id));
    Ok(ids.into_iter().map(str::to_owned).collect())
}
