//! `/webhooks`.

use serde_json::{Value, json};
use url::Url;

use super::noun::{Noun, live_mut, look};
use super::request::{Answer, Refusal, Reply, Request, ensure, wire};
use super::world::{Webhook, World, secret};

/// The events to subscribe to: single ones, or all of a kind.
const EVENTS: &[&str] = &[
    "booking", "booking.scheduled", "booking.rescheduled", "booking.reassigned", "booking.canceled_then_rescheduled",
    "booking.canceled_reschedule_requested", "booking.canceled", "booking.completed", "booking.no_show",
    "conversation", "conversation.started", "conversation.closed", "conversation.abandoned",
    "conversation.reached_out",
];

impl Noun for Webhook {
    const NAME: &'static str = "webhook";

    fn id(&self) -> &str {
        &self.id
    }

    fn is_deleted(&self) -> bool {
        self.deleted
    }

    fn show(&self, _: &World) -> Value {
        json!({
            "object": "webhook", "id": self.id, "api_version": "v2", "name": self.name, "url": self.url,
            "events": self.events, "creation_time": wire(self.created), "secret": self.secret,
        })
    }
}

pub(super) fn answer(world: &mut World, request: &Request, path: &[&str]) -> Answer {
    match (request.method.as_str(), path) {
        ("POST", []) => create(world, request),
        ("DELETE", [id]) => delete(world, request, id),
        _ => look(world, request, path, &world.webhooks),
    }
}

fn create(world: &mut World, request: &Request) -> Answer {
    request.only(&[])?;
    let fields = request.fields(&["url", "name", "events"])?;
    let given = |name: &str| fields.get(name).unwrap_or(&Value::Null);
    let url = text(given("url"), "url", is_https)?;
    let name = text(given("name"), "name", |name| name.contains(char::is_alphanumeric))?;
    let events = events(given("events"))?;
    let message = format!("A webhook subscription with this name already exists: '{name}'");
    ensure(world.webhooks_called(&name).is_empty(), Refusal::new(409, message).about("name"))?;
    let id = world.fresh_id("WHK");
    let webhook = Webhook { secret: secret(&id), id, name, url, events, created: world.time(), deleted: false };
    let shown = webhook.show(world);
    world.webhooks.push(webhook);
    Ok(Reply::ok(shown))
}

fn delete(world: &mut World, request: &Request, id: &str) -> Answer {
    request.only(&[])?;
    live_mut(&mut world.webhooks, id)?.deleted = true;
    Ok(Reply::deleted(id))
}

fn text(value: &Value, field: &str, fits: impl Fn(&str) -> bool) -> Result<String, Refusal> {
    let fitting = value.as_str().filter(|text| fits(text)).map(str::to_owned);
    fitting.ok_or_else(|| Refusal::invalid(field, field, value))
}

/// OnceHub does not call unencrypted addresses.
fn is_https(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| url.scheme() == "https" && url.has_host())
}

/// Validates one or more events, all of them known.
fn events(value: &Value) -> Result<Vec<String>, Refusal> {
    let refused = |value: &Value| Refusal::invalid("events", "event", value);
    let given = value.as_array().filter(|events| !events.is_empty()).ok_or_else(|| refused(&Value::Null))?;
    let known = |event: &Value| event.as_str().filter(|event| EVENTS.contains(event)).map(str::to_owned);
    given.iter().map(|event| known(event).ok_or_else(|| refused(event))).collect()
}
