//! `/bookings`.

use serde_json::{Map, Value, json};

use super::noun::{Filter, Noun, find, live, live_mut, look};
use super::request::{Answer, Refusal, Reply, Request, ensure, wire};
use super::world::{Booking, World};

impl Noun for Booking {
    const NAME: &'static str = "booking";
    const FILTERS: &'static [Filter<Self>] = &[
        Filter::Is("status", |booking, status, world| booking.status_at(world.time()) == status),
        Filter::Is("owner", |booking, id, _| booking.owner() == id),
        Filter::Is("contact", |booking, id, _| booking.contact == id),
        Filter::Is("booking_calendar", |booking, id, _| booking.calendar.as_deref() == Some(id)),
        Filter::Is("booking_page", |booking, id, _| booking.page.as_deref() == Some(id)),
        Filter::Is("master_page", |booking, id, _| booking.master_page.as_deref() == Some(id)),
        Filter::Is("event_type", |booking, id, _| booking.event_type.as_deref() == Some(id)),
        // What is on a Classic page has an owner, and no hosts.
        Filter::Is("host", |booking, id, _| booking.calendar.is_some() && booking.is_hosted_by(id)),
        Filter::Between("creation_time", |booking| booking.created),
        Filter::Between("starting_time", |booking| booking.starts),
        Filter::Between("last_updated_time", |booking| booking.updated),
    ];
    const EXPANDABLE: &'static [&'static str] = &[
        "owner", "contact", "contact.owner", "conversation", "booking_page", "master_page", "event_type",
        "booking_calendar", "user",
    ];

    fn state(&self) -> (&str, bool) {
        (&self.id, self.deleted)
    }

    /// Returns it with every documented field.
    fn show(&self, world: &World) -> Value {
        let guest = &self.guest;
        let mut attendees = vec![&guest.email];
        let host = world.user(&self.host).filter(|host| world.host_shows.as_attendee && !host.deleted);
        attendees.extend(host.map(|host| &host.email));
        let key = self.id.trim_start_matches("BKNG-");
        let code = key.to_lowercase();
        let mut shown = json!({
            "object": "booking", "id": self.id, "tracking_id": self.id, "subject": self.subject,
            "status": self.status_at(world.time()), "in_trash": self.in_trash, "creation_time": wire(self.created),
            "starting_time": wire(self.starts), "customer_timezone": guest.zone,
            "last_updated_time": wire(self.updated), "owner": self.owner(), "duration_minutes": self.minutes,
            "virtual_conferencing": self.video.map(|provider| json!({"join_url": join_url(provider, &code)})),
            "location_description": self.place, "rescheduled_booking_id": self.rescheduled_from,
            "cancel_reschedule_information": self.cancellation, "attendees": attendees,
            "form_submission": {
                "name": guest.name, "email": guest.email, "phone": guest.phone,
                "mobile_phone": guest.phone.as_deref().unwrap_or_default(), "note": guest.note, "company": guest.company,
                "guests": [], "custom_fields": guest.answers,
            },
            "booking_page": self.page, "master_page": self.master_page, "event_type": self.event_type,
            "contact": self.contact, "conversation": self.conversation,
            "external_calendar": {
                "type": "google", "name": "Work", "id": format!("{code}@group.calendar.google.com"),
                "event_id": format!("evt{code}"),
            },
            "custom_fields": guest.answers, "utm_params": self.utm, "booking_calendar": self.calendar,
            "ics_url": format!("https://oncehub.com/api/ics/{key}"),
            "cancel_url": format!("https://oncehub.com/booking/{key}/cancel"),
            "reschedule_url": format!("https://oncehub.com/booking/{key}/reschedule"),
            "payment_information": self.payment,
        });
        if let (Some(quirk), Value::Object(fields)) = (self.quirk, &mut shown) {
            quirk(fields);
        }
        shown
    }
}

fn join_url(provider: &str, code: &str) -> String {
    match provider {
        "google_meet" => format!("https://meet.google.com/{code}"),
        "microsoft_teams" => format!("https://teams.microsoft.com/l/meetup-join/{code}"),
        "zoom" => format!("https://zoom.us/j/{code}"),
        "webex" => format!("https://example.webex.com/meet/{code}"),
        other => format!("https://example.com/{other}/{code}"),
    }
}

impl Booking {
    /// Shows the conversation that led to the booking, of which only the id is known.
    pub(super) fn show_conversation(&self) -> Value {
        json!({
            "id": self.conversation, "object": "conversation", "creation_time": wire(self.created),
            "initiated_by": "contact", "last_updated_time": wire(self.created), "contact": self.contact,
            "owner": self.host, "status": "closed", "bot": "BOT-7QX2M4KD9WEA", "website": "WEB-3HT8PL5CN2VB",
            "audience": null, "answers": [], "bookings": [self.id], "last_interacted_time ": null,
        })
    }
}

pub(super) fn answer(world: &mut World, request: &Request, path: &[&str]) -> Answer {
    match (request.method.as_str(), path) {
        ("POST", [id, "cancel"]) => cancel(world, request, id),
        ("POST", [id, "request-reschedule"]) => request_reschedule(world, request, id),
        ("POST", [id, "reassign"]) => reassign(world, request, id),
        ("POST", [id, "no-show"]) => no_show(world, request, id),
        _ => look(world, request, path, &world.bookings),
    }
}

/// Applies a change to a booking that may be changed, and answers with the result.
fn change(world: &mut World, id: &str, change: impl FnOnce(&mut Booking)) -> Answer {
    let now = world.time();
    let booking = live_mut(&mut world.bookings, id)?;
    change(booking);
    booking.updated = now;
    Ok(Reply::ok(find(&world.bookings, id)?.show(world)))
}

fn optional_text<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Refusal> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Refusal::bad(name, format!("Invalid string: {name}"))),
    }
}

/// Cancels a booking, which is also what a request to reschedule does, and e-mails the guest if that is wanted.
fn end(world: &mut World, id: &str, reason: Option<&str>, mails: bool, paid: &str) -> Answer {
    let booking = live(&world.bookings, id)?;
    let refusal = Refusal::new(409, format!("Booking cannot be cancelled: '{id}'")).about("id");
    ensure(booking.is_live(world.time()), refusal)?;
    ensure(booking.payment.is_none(), Refusal::new(422, paid))?;
    // It is not known who holds the key: OnceHub records the host, or for booking pages the account's owner.
    let owner = world.account_owner().map(|user| &user.id);
    let by = if booking.calendar.is_some() { Some(&booking.host) } else { owner };
    let cancellation = json!({"reason": reason, "actioned_by": "user", "user_id": by});
    change(world, id, |booking| {
        booking.status = "canceled";
        booking.cancellation = Some(cancellation);
        booking.mails += usize::from(mails);
    })
}

fn cancel(world: &mut World, request: &Request, id: &str) -> Answer {
    let fields = request.fields(&["cancellation_reason", "send_cancellation_email"])?;
    let reason = optional_text(&fields, "cancellation_reason")?;
    let mails = fields.get("send_cancellation_email");
    ensure(
        mails.is_none_or(Value::is_boolean),
        Refusal::bad("send_cancellation_email", "Invalid boolean: send_cancellation_email"),
    )?;
    let paid = "Paid bookings cannot be canceled through this endpoint. Please login to OnceHub and use the Activity \
        Stream to cancel paid bookings.";
    let mails = mails.is_none_or(|mails| *mails == true);
    end(world, id, reason, mails, paid)
}

fn request_reschedule(world: &mut World, request: &Request, id: &str) -> Answer {
    let fields = request.fields(&["reschedule_reason"])?;
    let reason = optional_text(&fields, "reschedule_reason")?;
    let paid = "Paid bookings can only be requested for reschedule in your OnceHub account. Log in and use the activity \
        stream to submit a reschedule request for this booking.";
    end(world, id, reason, true, paid)
}

fn no_show(world: &mut World, request: &Request, id: &str) -> Answer {
    request.fields(&[])?;
    let booking = live(&world.bookings, id)?;
    let may = booking.starts <= world.time() && matches!(booking.status, "scheduled" | "rescheduled" | "completed");
    let refusal = Refusal::new(409, format!("Cannot update booking status to no_show: '{id}'")).about("id");
    ensure(may, refusal)?;
    change(world, id, |booking| booking.status = "no_show")
}

/// OnceHub's order of preference when the current service is unavailable.
const VIDEO: &[&str] = &["google_meet", "microsoft_teams", "zoom", "webex", "gotomeeting"];

fn display_name(provider: &str) -> &str {
    match provider {
        "google_meet" => "Google Meet",
        "microsoft_teams" => "Microsoft Teams",
        "gotomeeting" => "GoToMeeting",
        "webex" => "Webex",
        "zoom" => "Zoom",
        other => other,
    }
}

fn reassign(world: &mut World, request: &Request, id: &str) -> Answer {
    let fields = request.fields(&["new_host", "location"])?;
    let new_host = optional_text(&fields, "new_host")?.filter(|host| !host.is_empty());
    let new_host = new_host.ok_or_else(|| Refusal::missing("new_host"))?;
    let booking = live(&world.bookings, id)?;
    let user = live(&world.users, new_host).map_err(|refusal| refusal.about("new_host"))?;
    let conflict = |message: &str| Refusal::new(409, message);
    ensure(world.plan_allows_reassign, conflict("Reassign is available on the Route plan and above."))?;
    ensure(user.status == "active", conflict("User is inactive.").about("new_host"))?;
    let same = "Booking cannot be reassigned to the same host.";
    ensure(booking.host != new_host, conflict(same).about("new_host"))?;
    let status = "Booking cannot be reassigned in its current status.";
    ensure(booking.is_live(world.time()), conflict(status).about("id"))?;
    ensure(user.has_seat, conflict("Cannot reassign booking: The new host requires an assigned seat."))?;
    let video = match fields.get("location").filter(|location| !location.is_null()) {
        None => booking.video.and_then(|present| {
            let preferred = [&[present], VIDEO].concat();
            preferred.into_iter().find(|provider| user.video.contains(provider))
        }),
        Some(location) => {
            let text = |name: &str| location.get(name).and_then(Value::as_str);
            let is_virtual = text("type") == Some("virtual");
            ensure(is_virtual, conflict("location.type must be 'virtual'").about("location.type"))?;
            let wanted = text("value").unwrap_or_default();
            let provider = user.video.iter().copied().find(|provider| *provider == wanted);
            let message = format!(
                "Invalid location: '{}' is not connected for this user. Connected video conferencing options: {}.",
                display_name(wanted),
                user.video.join(", ")
            );
            Some(provider.ok_or_else(|| conflict(&message).about("location.value"))?)
        }
    };
    // The owner of what is on a Classic page stays who first accepted it.
    let follows = world.host_shows.as_owner && booking.calendar.is_some();
    change(world, id, |booking| {
        booking.owner = (!follows).then(|| booking.owner().to_owned());
        new_host.clone_into(&mut booking.host);
        booking.video = video;
        booking.mails += 1;
    })
}
