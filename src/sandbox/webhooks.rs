//! `/webhooks`.

use serde_json::{Value, json};
use url::Url;

use super::request::{Answer, Refusal, Reply, Request, page, repeated};
use super::world::{Webhook, World, secret};

/// The events to subscribe to: single ones, or all of a kind.
const EVENTS: &[&str] = &[
    "booking",
    "booking.scheduled",
    "booking.rescheduled",
    "booking.reassigned",
    "booking.canceled_then_rescheduled",
    "booking.canceled_reschedule_requested",
    "booking.canceled",
    "booking.completed",
    "booking.no_show",
    "conversation",
    "conversation.started",
    "conversation.closed",
    "conversation.abandoned",
    "conversation.reached_out",
];

pub(super) fn list(world: &World, request: &Request) -> Answer {
    request.only(&["limit", "before", "after"])?;
    page(request, &world.webhooks, |webhook| &webhook.id, |webhook| !webhook.deleted, Webhook::show)
}

pub(super) fn get(world: &World, request: &Request, id: &str) -> Answer {
    request.only(&[])?;
    let found = world.webhooks.iter().find(|known| known.id == id);
    found.map(|known| Reply::ok(known.show())).ok_or_else(|| Refusal::not_found("webhook", id))
}

pub(super) fn create(world: &mut World, request: &Request) -> Answer {
    request.only(&[])?;
    let fields = request.fields(&["url", "name", "events"])?;
    let given = |name: &str| fields.get(name).unwrap_or(&Value::Null);
    let url = text(given("url"), "url", is_https)?;
    let name = text(given("name"), "name", |name| name.contains(char::is_alphanumeric))?;
    let events = events(given("events"))?;
    if !world.webhooks_called(&name).is_empty() {
        let message = format!("A webhook subscription with this name already exists: '{name}'");
        return Err(Refusal::new(409, message).about("name"));
    }
    let id = world.fresh_id("WHK");
    let webhook = Webhook { secret: secret(&id), id, name, url, events, created: world.time(), deleted: false };
    let shown = webhook.show();
    world.webhooks.push(webhook);
    Ok(Reply::ok(shown))
}

pub(super) fn delete(world: &mut World, request: &Request, id: &str) -> Answer {
    request.only(&[])?;
    let found = world.webhooks.iter_mut().find(|webhook| webhook.id == id && !webhook.deleted);
    found.ok_or_else(|| Refusal::not_found("webhook", id))?.deleted = true;
    Ok(Reply::ok(json!({"id": id, "deleted": true})))
}

fn text(value: &Value, field: &str, fits: impl Fn(&str) -> bool) -> Result<String, Refusal> {
    let fitting = value.as_str().filter(|text| fits(text)).map(str::to_owned);
    fitting.ok_or_else(|| Refusal::new(400, format!("Invalid {field}: '{}'", repeated(value))).about(field))
}

/// OnceHub does not call unencrypted addresses.
fn is_https(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| url.scheme() == "https" && url.has_host())
}

/// Validates one or more events, all of them known.
fn events(value: &Value) -> Result<Vec<String>, Refusal> {
    let refused = |value: &Value| Refusal::new(400, format!("Invalid event: '{}'", repeated(value))).about("events");
    let given = value.as_array().filter(|events| !events.is_empty()).ok_or_else(|| refused(&Value::Null))?;
    let known = |event: &Value| event.as_str().filter(|event| EVENTS.contains(event)).map(str::to_owned);
    given.iter().map(|event| known(event).ok_or_else(|| refused(event))).collect()
}
