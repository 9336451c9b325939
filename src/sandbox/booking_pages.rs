//! `/booking-pages`.

use super::request::{Answer, Refusal, Reply, Request, page};
use super::world::World;

pub(super) fn list(world: &World, request: &Request) -> Answer {
    request.only(&["limit", "before", "after", "master_page", "event_type", "user"])?;
    page(request, &world.pages, |page| &page.id, |_| true, |page| page.show("booking_page"))
}

pub(super) fn get(world: &World, request: &Request, id: &str) -> Answer {
    request.only(&[])?;
    let found = world.pages.iter().find(|known| known.id == id);
    found.map(|known| Reply::ok(known.show("booking_page"))).ok_or_else(|| Refusal::not_found("booking page", id))
}
