//! `/master-pages`.

use serde_json::json;

use super::request::{Answer, Refusal, Reply, Request, page};
use super::shown::wire;
use super::world::{MasterPage, World};

pub(super) fn list(world: &World, request: &Request) -> Answer {
    request.only(&["limit", "before", "after"])?;
    page(request, &world.master_pages, |page| &page.id, |page| !page.deleted, MasterPage::show)
}

fn find<'a>(world: &'a World, id: &str) -> Result<&'a MasterPage, Refusal> {
    world.master_pages.iter().find(|known| known.id == id).ok_or_else(|| Refusal::not_found("master page", id))
}

pub(super) fn get(world: &World, request: &Request, id: &str) -> Answer {
    request.only(&[])?;
    Ok(Reply::ok(find(world, id)?.show()))
}

pub(super) fn one_time_link(world: &mut World, request: &Request, id: &str) -> Answer {
    request.only(&[])?;
    if find(world, id)?.deleted {
        return Err(Refusal::new(400, format!("This master page is deleted: '{id}'")).about("id"));
    }
    let link = world.fresh_link();
    let url = format!("https://go.oncehub.com/.{link}");
    Ok(Reply::ok(json!({"id": link, "url": url, "creation_time": wire(world.time())})))
}
