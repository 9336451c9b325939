//! `/event-types`.

use super::request::{Answer, Refusal, Reply, Request, page};
use super::world::{EventType, World};

pub(super) fn list(world: &World, request: &Request) -> Answer {
    request.only(&["limit", "before", "after"])?;
    page(request, &world.event_types, |kind| &kind.id, |_| true, EventType::show)
}

pub(super) fn get(world: &World, request: &Request, id: &str) -> Answer {
    request.only(&[])?;
    let found = world.event_types.iter().find(|known| known.id == id);
    found.map(|known| Reply::ok(known.show())).ok_or_else(|| Refusal::not_found("event type", id))
}
