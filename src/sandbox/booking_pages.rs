//! `/booking-pages`.

use super::request::{Answer, Refusal, Reply, Request, page};
use super::world::{Page, World};

pub(super) fn list(world: &World, request: &Request) -> Answer {
    request.only(&["limit", "before", "after", "master_page", "event_type", "user"])?;
    let among = |param: &str, ids: &[String]| request.param(param).is_none_or(|id| ids.iter().any(|known| known == id));
    let keep = |page: &Page| {
        among("master_page", &page.master_pages)
            && among("event_type", &page.event_types)
            && request.param("user").is_none_or(|user| page.user == user)
    };
    page(request, &world.pages, |page| &page.id, keep, Page::show)
}

pub(super) fn get(world: &World, request: &Request, id: &str) -> Answer {
    request.only(&[])?;
    let found = world.pages.iter().find(|known| known.id == id);
    found.map(|known| Reply::ok(known.show())).ok_or_else(|| Refusal::not_found("booking page", id))
}
