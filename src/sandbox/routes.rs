//! Routing requests to operations, and the checks that precede all of them.

use super::request::{Answer, Refusal, Request};
use super::world::World;
use super::{
    account, availability, booking_calendars, booking_pages, bookings, contacts, event_types, master_pages,
    notifications, teams, users, webhooks,
};

/// Answers a request, or rejects it as OnceHub would.
pub(super) fn answer(world: &mut World, request: &Request) -> Answer {
    if !request.key.as_ref().is_some_and(|key| world.keys.contains(key)) {
        return Err(Refusal::new(401, "Invalid API key."));
    }
    if !world.plan_allows_api {
        let message = "Your account plan does not support API access. To use the OnceHub API, you must upgrade to the \
            Enterprise plan.";
        return Err(Refusal::new(403, message));
    }
    let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
    match (request.method.as_str(), path.as_slice()) {
        ("GET", ["test"]) => account::test(world, request),
        ("GET", ["bookings"]) => bookings::list(world, request),
        ("GET", ["bookings", id]) => bookings::get(world, request, id),
        ("POST", ["bookings", id, "cancel"]) => bookings::cancel(world, request, id),
        ("POST", ["bookings", id, "request-reschedule"]) => bookings::request_reschedule(world, request, id),
        ("POST", ["bookings", id, "reassign"]) => bookings::reassign(world, request, id),
        ("POST", ["bookings", id, "no-show"]) => bookings::no_show(world, request, id),
        ("GET", ["booking-calendars"]) => booking_calendars::list(world, request),
        ("GET", ["booking-calendars", id]) => booking_calendars::get(world, request, id),
        ("GET", ["booking-calendars", id, "time-slots"]) => booking_calendars::time_slots(world, request, id),
        ("POST", ["booking-calendars", id, "schedule"]) => booking_calendars::schedule(world, request, id),
        ("POST", ["booking-calendars", id, "one-time-links"]) => booking_calendars::one_time_link(world, request, id),
        ("GET", ["users"]) => users::list(world, request),
        ("POST", ["users"]) => users::create(world, request),
        ("GET", ["users", id]) => users::get(world, request, id),
        ("PATCH", ["users", id]) => users::update(world, request, id),
        ("DELETE", ["users", id]) => users::delete(world, request, id),
        ("GET", ["users", id, "scheduling-availability"]) => availability::get(world, request, id),
        ("PATCH", ["users", id, "scheduling-availability"]) => availability::update(world, request, id),
        ("GET", ["teams"]) => teams::list(world, request),
        ("GET", ["teams", id]) => teams::get(world, request, id),
        ("GET", ["contacts"]) => contacts::list(world, request),
        ("POST", ["contacts"]) => contacts::create(world, request),
        ("GET", ["contacts", id]) => contacts::get(world, request, id),
        ("PATCH", ["contacts", id]) => contacts::update(world, request, id),
        ("DELETE", ["contacts", id]) => contacts::delete(world, request, id),
        ("GET", ["booking-pages"]) => booking_pages::list(world, request),
        ("GET", ["booking-pages", id]) => booking_pages::get(world, request, id),
        ("GET", ["event-types"]) => event_types::list(world, request),
        ("GET", ["event-types", id]) => event_types::get(world, request, id),
        ("GET", ["master-pages"]) => master_pages::list(world, request),
        ("GET", ["master-pages", id]) => master_pages::get(world, request, id),
        ("POST", ["master-pages", id, "one-time-links"]) => master_pages::one_time_link(world, request, id),
        ("GET", ["notifications", "sms"]) => notifications::list(world, request),
        ("GET", ["webhooks"]) => webhooks::list(world, request),
        ("POST", ["webhooks"]) => webhooks::create(world, request),
        ("GET", ["webhooks", id]) => webhooks::get(world, request, id),
        ("DELETE", ["webhooks", id]) => webhooks::delete(world, request, id),
        _ => Err(Refusal::new(404, format!("Unrecognized request URL ({}: /v2/{})", request.method, path.join("/")))),
    }
}
