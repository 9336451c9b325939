//! `/bookings`.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::request::{Answer, Refusal, Reply, Request, page};
use super::world::{Booking, World};

/// The references that can be expanded, with and without the `data.` that OnceHub's prose puts before them on lists.
const EXPANDABLE: &[&str] = &[
    "owner",
    "contact",
    "contact.owner",
    "conversation",
    "booking_page",
    "master_page",
    "event_type",
    "booking_calendar",
    "user",
];

const LIST_PARAMS: &[&str] = &[
    "limit",
    "before",
    "after",
    "status",
    "owner",
    "contact",
    "booking_calendar",
    "host",
    "booking_page",
    "master_page",
    "event_type",
    "creation_time.gt",
    "creation_time.lt",
    "starting_time.gt",
    "starting_time.lt",
    "last_updated_time.gt",
    "last_updated_time.lt",
    "expand",
];

fn expand(request: &Request) -> Result<Vec<String>, Refusal> {
    let Some(text) = request.param("expand") else { return Ok(Vec::new()) };
    let paths = text.split(',').map(|path| path.trim().trim_start_matches("data.").to_owned());
    paths
        .map(|path| {
            if EXPANDABLE.contains(&path.as_str()) {
                return Ok(path);
            }
            Err(Refusal::new(400, format!("This property cannot be expanded: {path}")).about("expand"))
        })
        .collect()
}

pub(super) fn list(world: &World, request: &Request) -> Answer {
    request.only(LIST_PARAMS)?;
    let expand = expand(request)?;
    let now = world.time();
    let (created_after, created_before) = request.range("creation_time")?;
    let (starts_after, starts_before) = request.range("starting_time")?;
    let (updated_after, updated_before) = request.range("last_updated_time")?;
    let inside = |at: Timestamp, after: Option<Timestamp>, before: Option<Timestamp>| {
        after.is_none_or(|after| at > after) && before.is_none_or(|before| at < before)
    };
    let is = |param: &str, value: Option<&str>| request.param(param).is_none_or(|wanted| value == Some(wanted));
    let keep = |booking: &Booking| {
        !booking.deleted
            && is("status", Some(booking.status_at(now)))
            && is("owner", Some(booking.owner()))
            && is("contact", Some(&booking.contact))
            && is("booking_calendar", booking.calendar.as_deref())
            && is("booking_page", booking.page.as_deref())
            && is("master_page", booking.master_page.as_deref())
            && is("event_type", booking.event_type.as_deref())
            && request.param("host").is_none_or(|host| booking.is_hosted_by(host))
            && inside(booking.created, created_after, created_before)
            && inside(booking.starts, starts_after, starts_before)
            && inside(booking.updated, updated_after, updated_before)
    };
    page(request, &world.bookings, |booking| &booking.id, keep, |booking| booking.show(world, &expand))
}

pub(super) fn get(world: &World, request: &Request, id: &str) -> Answer {
    request.only(&["expand"])?;
    let expand = expand(request)?;
    let booking = world.bookings.iter().find(|booking| booking.id == id);
    booking.map(|booking| Reply::ok(booking.show(world, &expand))).ok_or_else(|| Refusal::not_found("booking", id))
}

/// Finds the index of a booking that can be changed.
fn find(world: &World, id: &str) -> Result<usize, Refusal> {
    let index = world.bookings.iter().position(|booking| booking.id == id && !booking.deleted);
    index.ok_or_else(|| Refusal::not_found("booking", id))
}

fn change(world: &mut World, index: usize, change: impl FnOnce(&mut Booking)) -> Reply {
    let now = world.time();
    if let Some(booking) = world.bookings.get_mut(index) {
        change(booking);
        booking.updated = now;
    }
    let shown = world.bookings.get(index).map(|booking| booking.show(world, &[]));
    Reply::ok(shown.unwrap_or_default())
}

fn optional_text(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, Refusal> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Refusal::new(400, format!("Invalid string: {name}")).about(name)),
    }
}

/// Cancels a booking, which is also what a request to reschedule does.
fn end(world: &mut World, id: &str, reason: Option<&str>, paid: &str) -> Answer {
    let index = find(world, id)?;
    let now = world.time();
    let owner = world.account_owner().map(|user| user.id.clone());
    let Some(booking) = world.bookings.get(index) else {
        return Err(Refusal::not_found("booking", id));
    };
    if !booking.is_live(now) {
        return Err(Refusal::new(409, format!("Booking cannot be cancelled: '{id}'")).about("id"));
    }
    if booking.payment.is_some() {
        return Err(Refusal::new(422, paid));
    }
    // It is not known who holds the key: OnceHub records the host, or for booking pages the account's owner.
    let by = if booking.calendar.is_some() { Some(booking.host.clone()) } else { owner };
    Ok(change(world, index, |booking| {
        booking.status = "canceled";
        booking.cancellation = Some(json!({"reason": reason, "actioned_by": "user", "user_id": by}));
    }))
}

pub(super) fn cancel(world: &mut World, request: &Request, id: &str) -> Answer {
    let fields = request.fields(&["cancellation_reason", "send_cancellation_email"])?;
    let reason = optional_text(&fields, "cancellation_reason")?;
    if fields.get("send_cancellation_email").is_some_and(|send| !send.is_boolean()) {
        return Err(Refusal::new(400, "Invalid boolean: send_cancellation_email").about("send_cancellation_email"));
    }
    end(
        world,
        id,
        reason.as_deref(),
        "Paid bookings cannot be canceled through this endpoint. Please login to OnceHub and use the Activity Stream to \
         cancel paid bookings.",
    )
}

pub(super) fn request_reschedule(world: &mut World, request: &Request, id: &str) -> Answer {
    let fields = request.fields(&["reschedule_reason"])?;
    let reason = optional_text(&fields, "reschedule_reason")?;
    end(
        world,
        id,
        reason.as_deref(),
        "Paid bookings can only be requested for reschedule in your OnceHub account. Log in and use the activity stream to \
         submit a reschedule request for this booking.",
    )
}

pub(super) fn no_show(world: &mut World, request: &Request, id: &str) -> Answer {
    request.fields(&[])?;
    let index = find(world, id)?;
    let now = world.time();
    let may = world.bookings.get(index).is_some_and(|booking| {
        booking.starts <= now && matches!(booking.status, "scheduled" | "rescheduled" | "completed")
    });
    if !may {
        return Err(Refusal::new(409, format!("Cannot update booking status to no_show: '{id}'")).about("id"));
    }
    Ok(change(world, index, |booking| booking.status = "no_show"))
}

/// OnceHub's order of preference when the current service is unavailable.
const VIDEO: &[&str] = &["google_meet", "microsoft_teams", "zoom", "webex", "gotomeeting"];

fn display_name(provider: &str) -> String {
    match provider {
        "google_meet" => "Google Meet",
        "microsoft_teams" => "Microsoft Teams",
        "gotomeeting" => "GoToMeeting",
        "webex" => "Webex",
        "zoom" => "Zoom",
        other => other,
    }
    .to_owned()
}

pub(super) fn reassign(world: &mut World, request: &Request, id: &str) -> Answer {
    let fields = request.fields(&["new_host", "location"])?;
    let Some(new_host) = optional_text(&fields, "new_host")?.filter(|host| !host.is_empty()) else {
        return Err(Refusal::new(400, "Required fields are missing.").about("new_host"));
    };
    let index = find(world, id)?;
    let now = world.time();
    let Some(user) = world.user(&new_host).filter(|user| !user.deleted) else {
        return Err(Refusal::new(404, format!("No such user: '{new_host}'")).about("new_host"));
    };
    let Some(booking) = world.bookings.get(index) else {
        return Err(Refusal::not_found("booking", id));
    };
    if !world.plan_allows_reassign {
        return Err(Refusal::new(409, "Reassign is available on the Route plan and above."));
    }
    if user.status != "active" {
        return Err(Refusal::new(409, "User is inactive.").about("new_host"));
    }
    if booking.host == new_host {
        return Err(Refusal::new(409, "Booking cannot be reassigned to the same host.").about("new_host"));
    }
    if !booking.is_live(now) {
        return Err(Refusal::new(409, "Booking cannot be reassigned in its current status.").about("id"));
    }
    if !user.has_seat {
        return Err(Refusal::new(409, "Cannot reassign booking: The new host requires an assigned seat."));
    }
    let video = match fields.get("location") {
        None | Some(Value::Null) => match booking.video {
            None => None,
            Some(present) if user.video.contains(&present) => Some(present),
            Some(_) => VIDEO.iter().copied().find(|provider| user.video.contains(provider)),
        },
        Some(location) => {
            if location.get("type").and_then(Value::as_str) != Some("virtual") {
                return Err(Refusal::new(409, "location.type must be 'virtual'").about("location.type"));
            }
            let wanted = location.get("value").and_then(Value::as_str).unwrap_or_default();
            match user.video.iter().copied().find(|provider| *provider == wanted) {
                Some(provider) => Some(provider),
                None => {
                    let (name, connected) = (display_name(wanted), user.video.join(", "));
                    let message = format!(
                        "Invalid location: '{name}' is not connected for this user. Connected video conferencing options: \
                         {connected}."
                    );
                    return Err(Refusal::new(409, message).about("location.value"));
                }
            }
        }
    };
    let follows = world.host_shows.as_owner;
    Ok(change(world, index, |booking| {
        booking.owner = if follows { None } else { Some(booking.owner().to_owned()) };
        booking.host = new_host;
        booking.video = video;
    }))
}
