//! `/teams`.

use super::request::{Answer, Refusal, Reply, Request, page};
use super::world::{Team, World};

pub(super) fn list(world: &World, request: &Request) -> Answer {
    request.only(&["limit", "before", "after", "user"])?;
    let member = request.param("user").and_then(|id| world.user(id));
    let keep =
        |team: &Team| request.param("user").is_none() || member.is_some_and(|user| user.teams.contains(&team.id));
    page(request, &world.teams, |team| &team.id, keep, Team::show)
}

pub(super) fn get(world: &World, request: &Request, id: &str) -> Answer {
    request.only(&[])?;
    let found = world.teams.iter().find(|known| known.id == id);
    found.map(|known| Reply::ok(known.show())).ok_or_else(|| Refusal::not_found("team", id))
}
