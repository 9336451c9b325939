//! `/users`.

use super::request::{Answer, Refusal, Reply, Request, page};
use super::world::{User, World};

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
