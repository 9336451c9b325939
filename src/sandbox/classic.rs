//! `/booking-pages`, `/event-types` and `/master-pages`: the predecessors of booking calendars.

use serde_json::{Value, json};

use super::noun::{Filter, Noun, find, look};
use super::request::{Answer, Refusal, Reply, Request, ensure};
use super::world::{EventType, MasterPage, Page, World};

impl Noun for Page {
    const NAME: &'static str = "booking page";
    const FILTERS: &'static [Filter<Self>] = &[
        Filter::Is("master_page", |page, id, _| page.master_pages.iter().any(|known| known == id)),
        Filter::Is("event_type", |page, id, _| page.event_types.iter().any(|known| known == id)),
        Filter::Is("user", |page, id, _| page.user == id),
    ];

    fn state(&self) -> (&str, bool) {
        (&self.id, false)
    }

    fn show(&self, _: &World) -> Value {
        json!({
            "object": "booking_page", "id": self.id, "name": self.name, "label": self.label,
            "url": format!("https://go.oncehub.com/{}", self.slug), "active": self.active, "timezone": self.zone,
        })
    }
}

impl Noun for EventType {
    const NAME: &'static str = "event type";

    fn state(&self) -> (&str, bool) {
        (&self.id, false)
    }

    fn show(&self, _: &World) -> Value {
        json!({"object": "event_type", "id": self.id, "name": self.name, "description": self.description})
    }
}

impl Noun for MasterPage {
    const NAME: &'static str = "master page";

    fn state(&self) -> (&str, bool) {
        (&self.id, self.deleted)
    }

    fn show(&self, _: &World) -> Value {
        json!({
            "object": "master_page", "id": self.id, "name": self.name, "label": self.label,
            "url": format!("https://go.oncehub.com/{}", self.slug), "active": self.active,
        })
    }
}

/// Answers requests for master pages.
pub(super) fn answer(world: &mut World, request: &Request, path: &[&str]) -> Answer {
    match (request.method.as_str(), path) {
        ("POST", [id, "one-time-links"]) => one_time_link(world, request, id),
        _ => look(world, request, path, &world.master_pages),
    }
}

fn one_time_link(world: &mut World, request: &Request, id: &str) -> Answer {
    request.only(&[])?;
    let is_there = !find(&world.master_pages, id)?.deleted;
    ensure(is_there, Refusal::bad("id", format!("This master page is deleted: '{id}'")))?;
    Ok(Reply::ok(world.one_time_link("go.oncehub.com")))
}
