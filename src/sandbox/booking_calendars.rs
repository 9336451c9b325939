//! `/booking-calendars`: free slots, booking one, one-time links.

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::noun::{Filter, Noun, find, look};
use super::request::{Answer, Refusal, Reply, Request, ensure, read_time, wire};
use super::slots::{free, hosts};
use super::world::{Booking, Calendar, Contact, Guest, Location, World};

impl Noun for Calendar {
    const NAME: &'static str = "booking calendar";
    const FILTERS: &'static [Filter<Self>] = &[Filter::Is("host", |calendar, id, _| calendar.host == id)];

    fn state(&self) -> (&str, bool) {
        (&self.id, false)
    }

    fn show(&self, _: &World) -> Value {
        json!({
            "object": "booking_calendar", "id": self.id, "host": self.host, "name": self.name, "subject": self.subject,
            "url": format!("https://oncehub.com/{}", self.slug), "published": self.published,
            "duration_minutes": self.minutes,
        })
    }
}

pub(super) fn answer(world: &mut World, request: &Request, path: &[&str]) -> Answer {
    match (request.method.as_str(), path) {
        ("GET", [id, "time-slots"]) => time_slots(world, request, id),
        ("POST", [id, "schedule"]) => schedule(world, request, id),
        ("POST", [id, "one-time-links"]) => one_time_link(world, request, id),
        _ => look(world, request, path, &world.calendars),
    }
}

impl Location {
    fn show(&self) -> Value {
        let (kind, value, id) = match self {
            Self::Virtual(provider) => ("virtual", Some(*provider), None),
            Self::VirtualStatic => ("virtual_static", None, None),
            Self::Physical { id, address } => ("physical", Some(*address), Some(*id)),
            Self::GuestPhone => ("guest_phone", None, None),
            Self::InPersonByGuest => ("in_person_by_guest", None, None),
        };
        json!({"type": kind, "value": value, "id": id})
    }
}

/// The longest range that slots are returned for.
const LONGEST: SignedDuration = SignedDuration::from_hours(30 * 24);

fn time_slots(world: &World, request: &Request, id: &str) -> Answer {
    request.only(&["start_time", "end_time"])?;
    let now = world.time();
    let (start, end) = (request.time("start_time")?, request.time("end_time")?);
    let from = start.unwrap_or(now);
    let to = end.unwrap_or(from + SignedDuration::from_hours(7 * 24));
    let calendar = find(&world.calendars, id)?;
    ensure(to > from, Refusal::bad("end_time", "End time must be after the start time."))?;
    // A request takes a moment to arrive.
    let is_past = from < now - SignedDuration::from_mins(1);
    ensure(!is_past, Refusal::bad("start_time", "Start time must not be in the past."))?;
    let is_long = to.duration_since(from) > LONGEST;
    ensure(!is_long, Refusal::bad("end_time", "The date range must not exceed 30 days."))?;
    ensure_open(world, calendar, "Time slots cannot be retrieved", "from")?;
    let locations: Vec<Value> = calendar.locations.iter().map(Location::show).collect();
    let slots = free(world, calendar, from, to).into_keys();
    let slots = slots.map(|start| json!({"start_time": wire(start), "locations": locations}));
    Ok(Reply::ok(slots.collect()))
}

/// Rejects a request unless the calendar is published and somebody can host its meetings.
fn ensure_open(world: &World, calendar: &Calendar, what: &str, of: &str) -> Result<(), Refusal> {
    let unpublished = Refusal::new(422, format!("{what} {of} an unpublished booking calendar.")).about("id");
    ensure(calendar.published, unpublished)?;
    let seatless = Refusal::new(402, format!("{what} when the host doesn't have a seat assigned."));
    ensure(!hosts(world, calendar).is_empty(), seatless)
}

/// Reads the guest of a new booking.
fn guest(fields: &Map<String, Value>, calendar: &Calendar) -> Result<Guest, Refusal> {
    let zone = fields.get("guest_time_zone").and_then(Value::as_str).unwrap_or_default();
    let is_zone = jiff::tz::TimeZone::get(zone).is_ok();
    ensure(is_zone, Refusal::bad("guest_time_zone", format!("Invalid timezone: '{zone}'")))?;
    let form = fields.get("booking_form").and_then(Value::as_object).cloned().unwrap_or_default();
    let text = |name: &str| form.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let (Some(name), Some(email)) = (text("name"), text("email")) else {
        return Err(Refusal::missing("booking_form"));
    };
    // The form's built-in fields are accepted whatever the case of their names.
    let own = |name: &str| {
        let (_, value) = form.iter().find(|(field, _)| field.eq_ignore_ascii_case(name))?;
        value.as_str().map(str::to_owned)
    };
    // Unknown fields, and answers that are not among the choices, are silently dropped.
    let answers = calendar.questions.iter().filter_map(|question| {
        let fits = |value: &Value| {
            value.as_str().is_some_and(|text| question.choices.is_empty() || question.choices.contains(&text))
        };
        let kept = match form.get(question.field)? {
            Value::Array(values) if question.several => values.iter().filter(|value| fits(value)).cloned().collect(),
            value if !question.several && fits(value) => value.clone(),
            _ => return None,
        };
        Some(json!({"name": question.field, "value": kept}))
    });
    Ok(Guest {
        name: name.to_owned(),
        email: email.to_owned(),
        phone: text("phone").map(str::to_owned),
        note: own("note"),
        company: own("company"),
        zone: zone.to_owned(),
        answers: answers.collect(),
    })
}

/// Where a meeting takes place: the video service, or the place in words.
type Place = (Option<&'static str>, Option<String>);

fn place(fields: &Map<String, Value>, calendar: &Calendar) -> Result<Place, Refusal> {
    let refused = || Refusal::bad("location.value", "The selected location is not available.");
    let take = |location: &Location, value: Option<&str>| match location {
        Location::Virtual(provider) => Some((Some(*provider), None)),
        Location::VirtualStatic => Some((None, Some("https://video.example.com/room".to_owned()))),
        Location::Physical { address, .. } => Some((None, Some((*address).to_owned()))),
        Location::GuestPhone | Location::InPersonByGuest => value.map(|value| (None, Some(value.to_owned()))),
    };
    let Some(asked) = fields.get("location").filter(|location| !location.is_null()) else {
        let video = calendar.locations.iter().find(|location| matches!(location, Location::Virtual(_)));
        let chosen = video.or_else(|| calendar.locations.first());
        return chosen.map_or(Ok((None, None)), |location| take(location, None).ok_or_else(refused));
    };
    let kind = asked.get("type").and_then(Value::as_str).unwrap_or_default();
    let value = asked.get("value").and_then(Value::as_str).filter(|value| !value.is_empty());
    let offered = calendar.locations.iter().find(|location| match location {
        Location::Virtual(provider) => kind == "virtual" && value == Some(*provider),
        Location::VirtualStatic => kind == "virtual_static" && value.is_none(),
        Location::Physical { id, .. } => kind == "physical" && value == Some(*id),
        Location::GuestPhone => kind == "guest_phone" && value.is_some_and(|number| number.starts_with('+')),
        Location::InPersonByGuest => kind == "in_person_by_guest" && value.is_some(),
    });
    offered.and_then(|location| take(location, value)).ok_or_else(refused)
}

fn schedule(world: &mut World, request: &Request, id: &str) -> Answer {
    let fields = request.fields(&["start_time", "guest_time_zone", "booking_form", "location"])?;
    let calendar = find(&world.calendars, id)?;
    ensure_open(world, calendar, "Meeting cannot be scheduled", "on")?;
    let guest = guest(&fields, calendar)?;
    let unavailable = || Refusal::bad("start_time", "The selected start time is not available.");
    let start = fields.get("start_time").and_then(Value::as_str).and_then(read_time).ok_or_else(unavailable)?;
    ensure(start > world.time(), unavailable())?;
    let slots = free(world, calendar, start, start + SignedDuration::from_secs(1));
    // Round robin: the host with the fewest meetings.
    let load = |user: &str| world.bookings.iter().filter(|booking| booking.is_hosted_by(user)).count();
    let host = slots.get(&start).and_then(|hosts| hosts.iter().min_by_key(|host| load(&host.id)));
    let host = host.ok_or_else(unavailable)?.id.clone();
    let (video, place) = place(&fields, calendar)?;
    let payment = calendar.price.map(
        |(amount, currency)| json!({"amount_charged": amount, "currency": currency, "transaction_id": "txn_simulated"}),
    );
    let now = world.time();
    let mut booking = Booking {
        subject: calendar.subject.clone(),
        status: if calendar.approval { "requested" } else { "scheduled" },
        created: now,
        updated: now,
        starts: start,
        minutes: calendar.minutes,
        video,
        place,
        host,
        calendar: Some(id.to_owned()),
        payment,
        guest,
        ..Booking::default()
    };
    booking.contact = contact(world, &booking.guest, &booking.host);
    booking.id = world.fresh_id("BKNG");
    let reply = Reply::ok(json!({"id": booking.id}));
    world.bookings.push(booking);
    Ok(reply)
}

/// Returns the guest's contact: the one with that address, or a new one.
fn contact(world: &mut World, guest: &Guest, owner: &str) -> String {
    if let Some(known) = world.contacts_known_as(&guest.email).into_iter().next() {
        return known;
    }
    let id = world.fresh_id("CTC");
    world.contacts.push(Contact::of(id.clone(), owner, guest, world.time()));
    id
}

fn one_time_link(world: &mut World, request: &Request, id: &str) -> Answer {
    request.fields(&["hide_url_params", "booking_form", "utm_params", "booking_settings"])?;
    let calendar = find(&world.calendars, id)?;
    let message = format!("This booking calendar does not allow creation of one time links: '{id}'");
    ensure(calendar.allows_links && calendar.published, Refusal::bad("id", message))?;
    Ok(Reply::ok(world.one_time_link("oncehub.com")))
}
