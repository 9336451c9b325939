//! `/booking-calendars`: free slots, booking one, one-time links.

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::request::{Answer, Refusal, Reply, Request, page, read_time};
use super::shown::wire;
use super::slots::{free, hosts};
use super::world::{Booking, Calendar, Contact, Location, World};

pub(super) fn list(world: &World, request: &Request) -> Answer {
    request.only(&["limit", "before", "after", "host"])?;
    let keep = |calendar: &Calendar| request.param("host").is_none_or(|host| calendar.host == host);
    page(request, &world.calendars, |calendar| &calendar.id, keep, Calendar::show)
}

fn find<'a>(world: &'a World, id: &str) -> Result<&'a Calendar, Refusal> {
    world.calendar(id).ok_or_else(|| Refusal::not_found("booking calendar", id))
}

pub(super) fn get(world: &World, request: &Request, id: &str) -> Answer {
    request.only(&[])?;
    Ok(Reply::ok(find(world, id)?.show()))
}

/// The longest range that slots are returned for.
const LONGEST: SignedDuration = SignedDuration::from_hours(30 * 24);

pub(super) fn time_slots(world: &World, request: &Request, id: &str) -> Answer {
    request.only(&["start_time", "end_time"])?;
    let now = world.time();
    let start = request.time("start_time")?;
    let end = request.time("end_time")?;
    let from = start.unwrap_or(now);
    let to = end.unwrap_or(from + SignedDuration::from_hours(7 * 24));
    let calendar = find(world, id)?;
    if to <= from {
        return Err(Refusal::new(400, "End time must be after the start time.").about("end_time"));
    }
    // A request takes a moment to arrive.
    if from < now - SignedDuration::from_mins(1) {
        return Err(Refusal::new(400, "Start time must not be in the past.").about("start_time"));
    }
    if to.duration_since(from) > LONGEST {
        return Err(Refusal::new(400, "The date range must not exceed 30 days.").about("end_time"));
    }
    if !calendar.published {
        return Err(
            Refusal::new(422, "Time slots cannot be retrieved from an unpublished booking calendar.").about("id")
        );
    }
    if hosts(world, calendar).is_empty() {
        return Err(Refusal::new(402, "Time slots cannot be retrieved when the host doesn't have a seat assigned."));
    }
    let locations: Vec<Value> = calendar.locations.iter().map(Location::show).collect();
    let slots = free(world, calendar, from, to);
    Ok(Reply::ok(slots.keys().map(|start| json!({"start_time": wire(*start), "locations": locations})).collect()))
}

/// The guest details of a new booking.
struct Guest {
    name: String,
    email: String,
    phone: Option<String>,
    note: Option<String>,
    company: Option<String>,
    zone: String,
    answers: Vec<(String, Value)>,
}

impl Guest {
    fn read(fields: &Map<String, Value>, calendar: &Calendar) -> Result<Self, Refusal> {
        let zone = fields.get("guest_time_zone").and_then(Value::as_str).unwrap_or_default();
        if jiff::tz::TimeZone::get(zone).is_err() {
            return Err(Refusal::new(400, format!("Invalid timezone: '{zone}'")).about("guest_time_zone"));
        }
        let form = fields.get("booking_form").and_then(Value::as_object).cloned().unwrap_or_default();
        let text = |name: &str| form.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
        let (Some(name), Some(email)) = (text("name"), text("email")) else {
            return Err(Refusal::new(400, "Required fields are missing.").about("booking_form"));
        };
        // The form's built-in fields are accepted whatever the case of their names.
        let own = |name: &str| {
            let (_, value) = form.iter().find(|(field, _)| field.eq_ignore_ascii_case(name))?;
            value.as_str().map(str::to_owned)
        };
        // Unknown fields, and answers that are not among the choices, are silently dropped.
        let answers = calendar.questions.iter().filter_map(|question| {
            let given = form.get(question.field)?;
            let fits = |value: &Value| {
                value.as_str().is_some_and(|text| question.choices.is_empty() || question.choices.contains(&text))
            };
            let kept = match given {
                Value::Array(values) if question.several => {
                    values.iter().filter(|value| fits(value)).cloned().collect()
                }
                value if !question.several && fits(value) => value.clone(),
                _ => return None,
            };
            Some((question.field.to_owned(), kept))
        });
        Ok(Self {
            name: name.to_owned(),
            email: email.to_owned(),
            phone: text("phone").map(str::to_owned),
            note: own("note"),
            company: own("company"),
            zone: zone.to_owned(),
            answers: answers.collect(),
        })
    }
}

/// Where a meeting takes place: the video service, or the place in words.
type Place = (Option<&'static str>, Option<String>);

fn place(fields: &Map<String, Value>, calendar: &Calendar) -> Result<Place, Refusal> {
    let refused = || Refusal::new(400, "The selected location is not available.").about("location.value");
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

pub(super) fn schedule(world: &mut World, request: &Request, id: &str) -> Answer {
    let fields = request.fields(&["start_time", "guest_time_zone", "booking_form", "location"])?;
    let calendar = find(world, id)?;
    if !calendar.published {
        return Err(Refusal::new(422, "Meeting cannot be scheduled on an unpublished booking calendar.").about("id"));
    }
    if hosts(world, calendar).is_empty() {
        return Err(Refusal::new(402, "Meeting cannot be scheduled when the host doesn't have a seat assigned."));
    }
    let guest = Guest::read(&fields, calendar)?;
    let unavailable = || Refusal::new(400, "The selected start time is not available.").about("start_time");
    let start = fields.get("start_time").and_then(Value::as_str).and_then(read_time).ok_or_else(unavailable)?;
    if start <= world.time() {
        return Err(unavailable());
    }
    let slots = free(world, calendar, start, start + SignedDuration::from_secs(1));
    // Round robin: the host with the fewest meetings.
    let load = |user: &str| world.bookings.iter().filter(|booking| booking.is_hosted_by(user)).count();
    let host = slots.get(&start).and_then(|hosts| hosts.iter().min_by_key(|host| load(&host.id)));
    let host = host.map(|host| host.id.clone()).ok_or_else(unavailable)?;
    let (video, place) = place(&fields, calendar)?;
    let (subject, minutes) = (calendar.subject.to_owned(), calendar.minutes);
    let status = if calendar.approval { "requested" } else { "scheduled" };
    let payment = calendar.price.map(
        |(amount, currency)| json!({"amount_charged": amount, "currency": currency, "transaction_id": "txn_simulated"}),
    );
    let contact = contact(world, &guest, &host);
    let booking_id = world.fresh_id("BKNG");
    let now = world.time();
    world.bookings.push(Booking {
        id: booking_id.clone(),
        subject,
        status,
        in_trash: false,
        created: now,
        updated: now,
        starts: start,
        minutes,
        guest_zone: guest.zone,
        video,
        place,
        rescheduled_from: None,
        cancellation: None,
        name: guest.name,
        email: guest.email,
        phone: guest.phone,
        note: guest.note,
        company: guest.company,
        answers: guest.answers,
        host,
        owner: None,
        co_hosts: Vec::new(),
        contact,
        conversation: None,
        utm: None,
        calendar: Some(id.to_owned()),
        page: None,
        master_page: None,
        event_type: None,
        payment,
        deleted: false,
        quirk: None,
    });
    Ok(Reply::ok(json!({"id": booking_id})))
}

/// Returns the guest's contact: the one with that address, or a new one.
fn contact(world: &mut World, guest: &Guest, owner: &str) -> String {
    if let Some(known) = world.contacts_known_as(&guest.email).into_iter().next() {
        return known;
    }
    let id = world.fresh_id("CTC");
    let (first_name, last_name) = guest.name.split_once(' ').unwrap_or((&guest.name, ""));
    let contact = Contact::new(id.clone(), owner, &guest.zone, world.time()).with(&[
        ("first_name", Some(first_name)),
        ("last_name", Some(last_name).filter(|name| !name.is_empty())),
        ("email", Some(&guest.email)),
        ("mobile_phone", guest.phone.as_deref()),
    ]);
    world.contacts.push(contact);
    id
}

pub(super) fn one_time_link(world: &mut World, request: &Request, id: &str) -> Answer {
    request.fields(&["hide_url_params", "booking_form", "utm_params", "booking_settings"])?;
    let calendar = find(world, id)?;
    if !calendar.allows_links || !calendar.published {
        let message = format!("This booking calendar does not allow creation of one time links: '{id}'");
        return Err(Refusal::new(400, message).about("id"));
    }
    let link = world.fresh_link();
    let url = format!("https://oncehub.com/.{link}");
    Ok(Reply::ok(json!({"id": link, "url": url, "creation_time": wire(world.time())})))
}
