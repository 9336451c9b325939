//! `/master-pages`.

use super::request::{Answer, Refusal, Reply, Request, page};
use super::world::World;

pub(super) fn list(world: &World, request: &Request) -> Answer {
    request.only(&["limit", "before", "after"])?;
    page(request, &world.master_pages, |page| &page.id, |_| true, |page| page.show("master_page"))
}

pub(super) fn get(world: &World, request: &Request, id: &str) -> Answer {
    request.only(&[])?;
    let found = world.master_pages.iter().find(|known| known.id == id);
    found.map(|known| Reply::ok(known.show("master_page"))).ok_or_else(|| Refusal::not_found("master page", id))
}
