//! Routing requests to nouns, and the checks that precede all of them.

use serde_json::json;

use super::noun::look;
use super::request::{Answer, Refusal, Reply, Request, ensure};
use super::world::World;
use super::{booking_calendars, bookings, classic, contacts, notifications, users, webhooks};

/// Answers a request, or rejects it as OnceHub would.
pub(super) fn answer(world: &mut World, request: &Request) -> Answer {
    let is_known = request.key.as_ref().is_some_and(|key| world.keys.contains(key));
    ensure(is_known, Refusal::new(401, "Invalid API key."))?;
    let message = "Your account plan does not support API access. To use the OnceHub API, you must upgrade to the \
        Enterprise plan.";
    ensure(world.plan_allows_api, Refusal::new(403, message))?;
    let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
    match (request.method.as_str(), path.as_slice()) {
        ("GET", ["test"]) => test(world, request),
        (_, ["bookings", path @ ..]) => bookings::answer(world, request, path),
        (_, ["booking-calendars", path @ ..]) => booking_calendars::answer(world, request, path),
        (_, ["users", path @ ..]) => users::answer(world, request, path),
        (_, ["teams", path @ ..]) => look(world, request, path, &world.teams),
        (_, ["contacts", path @ ..]) => contacts::answer(world, request, path),
        (_, ["booking-pages", path @ ..]) => look(world, request, path, &world.pages),
        (_, ["event-types", path @ ..]) => look(world, request, path, &world.event_types),
        (_, ["master-pages", path @ ..]) => classic::answer(world, request, path),
        ("GET", ["notifications", "sms"]) => notifications::list(world, request),
        (_, ["webhooks", path @ ..]) => webhooks::answer(world, request, path),
        _ => Err(request.unrecognized()),
    }
}

/// Reports the account that the key opens.
fn test(world: &World, request: &Request) -> Answer {
    request.only(&[])?;
    let owner = world.account_owner().map_or("", |user| &user.email);
    Ok(Reply::ok(json!({"message": format!("The API key is valid for account: {owner}")})))
}
