//! Booking a slot for a guest.

use jiff::Timestamp;
use rmcp::{tool, tool_router};
use serde_json::{Map, Value};

use super::{calendar, guest};
use crate::actions::scheduling::{Schedule, book_first};
use crate::actions::{Done, Stop};
use crate::names::slots::slots_around;
use crate::names::{fold, looks_like_an_id};
use crate::oncehub::booking_calendars::Location;
use crate::oncehub::{Id, bookings};
use crate::records::slot::{Place, nearest, starts_in_words, text_of};
use crate::records::{Booking, Failure, FormField, Slot, Time, Told, quoted, word};
use crate::tools::address::phone;
use crate::tools::call::name_of_zone;
use crate::tools::first_free::{FirstFree, Wanted, passed_over};
use crate::tools::nouns::bookings::changed;
use crate::tools::{Answer, Call, Parameters, Reply, Tools, schema};

/// What is told first of a booking that was just made.
#[derive(serde::Serialize, schemars::JsonSchema)]
struct Scheduled {
    /// For get_booking, cancel_booking and the like
    booking_id: String,
}

#[tool_router(router = scheduling, vis = "pub(in crate::tools)")]
impl Tools {
    /// Book a meeting for a guest at a start time from `get_booking_time_slots`, or the first free one. Guest and host
    /// are notified; if the host must approve, status is `requested`. Retry only if a failure says nothing was booked. To
    /// move one: `move_booking`; to let guests choose: `create_one_time_link`.
    #[tool(title = "Schedule meeting", annotations(destructive_hint = false),
        output_schema = schema::written_with::<Booking, Scheduled>())]
    async fn schedule_meeting(&self, mut call: Call, Parameters(input): Parameters<ScheduleMeeting>) -> Answer<Stop> {
        let zone = call.zone_asked("guest_time_zone", Some(&input.guest_time_zone))?;
        let wanted = Wanted::read(&call, &zone, input.start_time.as_deref(), input.first_free.as_ref())?;
        let guest_time_zone = name_of_zone("guest_time_zone", &zone, wanted.earliest())?;
        let form = guest::form(
            input.custom_fields.clone(),
            Some(&input.guest_name),
            Some(&input.guest_email),
            input.guest_phone.as_deref(),
        )?;
        let calendar = calendar(&call.names, &input.calendar_id).await?;
        // One booking of a guest on a calendar at a time.
        let key = format!("{} {}", calendar.id, input.guest_email.trim().to_lowercase());
        let mut turn = self.schedules.wait(&call, "guest_email", &key).await?;
        let (guest_name, guest_email) = (input.guest_name.clone(), input.guest_email.clone());
        let mut schedule = Schedule {
            calendar,
            start: wanted.earliest(),
            zone: zone.clone(),
            guest_time_zone,
            guest_name,
            guest_email,
            form,
            location: None,
            others: None,
        };
        // What the caller cannot know of: a call at the same time, or one that they have cancelled.
        let waited = turn.waited;
        if let Some(Scheduling { id, .. }) = turn.take_if(|last| waited || last.caller_has_left) {
            schedule.look_for_others(&call).await;
            schedule.is_not_yet_booked(&id, |at| wanted.is(at, &zone))?;
        }
        let place = Wish::of(&input);
        let starts = wanted.starts(&call, &schedule.calendar.id, &zone, None, move |slot| place.is_met(slot)).await?;
        schedule.location = location(&call, &input, &schedule.calendar.id, starts.first.start).await?;
        schedule.look_for_others(&call).await;
        let (booked, passed) = book_first(&mut call, &mut schedule, starts).await;
        let notes: Vec<String> = wanted.notes().into_iter().chain(passed_over(&passed, &schedule.zone)).collect();
        let made = booked.as_ref().ok().and_then(|done| done.object.text("id")?.parse().ok());
        let caller_has_left = call.oncehub().ledger().is_abandoned();
        *turn = made.map(|id| Scheduling { id, caller_has_left });
        let done = match booked {
            Err(Stop::Declined(declined)) => {
                let mut reply = Reply::from(declined);
                notes.iter().for_each(|note| reply.note(note));
                return Ok(reply);
            }
            Err(Stop::Failed(mut failure)) => {
                for note in &notes {
                    failure.message = format!("{}; {note}", failure.message.trim_end_matches('.'));
                }
                let failure = too_late(&call, &schedule, failure).await;
                return Err(unanswered(&call, &schedule, failure).await.into());
            }
            done => done?,
        };
        let mut reply = told(&call, &schedule, &done).await.after(&done);
        schedule.twice().iter().for_each(|twice| reply.note(twice));
        notes.iter().for_each(|note| reply.note(note));
        Ok(reply)
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct ScheduleMeeting {
    /// Id, exact name or URL
    calendar_id: String,
    /// Without offset: in guest_time_zone
    start_time: Option<String>,
    /// Instead of start_time: the first free start
    first_free: Option<FirstFree>,
    /// IANA zone
    guest_time_zone: String,
    guest_name: String,
    /// Where the invitation goes
    guest_email: String,
    /// E.164
    guest_phone: Option<String>,
    /// One the slot offers; default: OnceHub's choice
    location_type: Option<LocationType>,
    /// virtual: the slot's provider; physical: ADD- id or address; guest_phone: number; in_person_by_guest: their address;
    /// virtual_static: omit
    location_value: Option<String>,
    /// By exact field name: text or list; unknown choices are dropped
    custom_fields: Option<Map<String, Value>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
enum LocationType {
    Virtual,
    VirtualStatic,
    Physical,
    GuestPhone,
    InPersonByGuest,
}

/// The booking that a guest's last call on a calendar has made.
#[derive(Debug)]
pub(in crate::tools) struct Scheduling {
    id: Id,
    /// Whether nobody was there any more to hear of it.
    caller_has_left: bool,
}

/// The location that the first free start has to offer.
struct Wish {
    kind: Option<LocationType>,
    value: Option<String>,
}

impl Wish {
    fn of(input: &ScheduleMeeting) -> Self {
        Self { kind: input.location_type, value: input.location_value.clone() }
    }

    /// Whether a start offers it. What OnceHub does not say is left to it to refuse.
    fn is_met(&self, slot: &Slot) -> bool {
        let Some(kind) = self.kind else { return true };
        let is_it = |place: &Place| {
            let value = self
                .value
                .as_deref()
                .map(|value| if kind == LocationType::Virtual { provider(value) } else { fold(value) });
            let is_value =
                |text: Option<&str>| value.as_ref().is_none_or(|value| text.is_some_and(|text| fold(text) == *value));
            text_of(place, "type") == Some(kind.into())
                && match kind {
                    LocationType::Virtual => is_value(text_of(place, "value").map(provider).as_deref()),
                    LocationType::Physical => is_value(text_of(place, "id")) || is_value(text_of(place, "value")),
                    LocationType::VirtualStatic | LocationType::GuestPhone | LocationType::InPersonByGuest => true,
                }
        };
        slot.locations.is_empty() || slot.locations.iter().any(is_it)
    }
}

/// Returns the location to request; `None` when the caller leaves it to OnceHub.
async fn location(
    call: &Call,
    input: &ScheduleMeeting,
    calendar: &Id,
    start: Timestamp,
) -> Result<Option<Location>, Failure> {
    let value = input.location_value.as_deref().map(str::trim);
    let Some(kind) = input.location_type else {
        return match value {
            None => Ok(None),
            Some(_) => Err(Failure::argument(
                "location_type", "is required with location_value", "say which type of location the value is for",
            )),
        };
    };
    let value = match (kind, value) {
        (LocationType::VirtualStatic, _) => None,
        (LocationType::Physical, value) => Some(address(call, calendar, start, value).await?),
        (LocationType::GuestPhone, value) if value.is_some() || input.guest_phone.is_some() => {
            let number = value.or(input.guest_phone.as_deref()).unwrap_or_default();
            Some(phone("location_value", number)?)
        }
        (LocationType::Virtual, Some(value)) => Some(provider(value)),
        (_, Some(value)) => Some(value.to_owned()),
        (_, None) => {
            let hint = match kind {
                LocationType::GuestPhone => "give the guest's number in E.164 form, e.g. +12025550195",
                LocationType::InPersonByGuest => "give the address where the guest wants to meet",
                _ => "give one of google_meet, microsoft_teams, zoom, webex, gotomeeting that the slot offers",
            };
            return Err(Failure::argument("location_value", format!("is required for {}", <&str>::from(kind)), hint));
        }
    };
    Ok(Some(Location { kind: <&str>::from(kind).into(), value }))
}

/// Spells a video provider as OnceHub does: `google_meet`.
fn provider(name: &str) -> String {
    name.trim().to_lowercase().replace([' ', '-'], "_")
}

/// Returns the id of an address, the only form that OnceHub accepts. Without a value, the only one there is.
async fn address(call: &Call, calendar: &Id, start: Timestamp, asked: Option<&str>) -> Result<String, Failure> {
    let in_capitals = asked.map(str::to_uppercase).filter(|asked| asked.starts_with("ADD-"));
    if let Some(id) = in_capitals.filter(|asked| looks_like_an_id(asked)) {
        return Ok(id);
    }
    let slots = slots_around(call.oncehub(), calendar, start, call.now()).await?;
    let mut addresses: Vec<(&str, &str)> = slots
        .iter()
        .flat_map(|slot| &slot.locations)
        .filter(|location| text_of(location, "type") == Some("physical"))
        .filter_map(|location| Some((text_of(location, "id")?, text_of(location, "value").unwrap_or_default())))
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    let fits = |text: &str| asked.is_none_or(|asked| fold(asked) == fold(text));
    let fitting: Vec<&str> = addresses.iter().filter(|(_, text)| fits(text)).map(|(id, _)| *id).collect();
    match fitting.as_slice() {
        [id] => Ok((*id).to_owned()),
        _ => {
            let offered: Vec<String> =
                addresses.iter().map(|(id, text)| format!("{id} {}", quoted(text, 80))).collect();
            let hint = match offered.as_slice() {
                [] => "get_booking_time_slots shows where each slot can take place".to_owned(),
                _ => format!("pass one of these ids: {}", offered.join(", ")),
            };
            let problem = if asked.is_some() {
                "does not match exactly one address that this calendar offers"
            } else {
                "is required for physical"
            };
            Err(Failure::argument("location_value", problem, hint))
        }
    }
}

/// Tells the booking that was made, and which answers OnceHub dropped. OnceHub's own response holds only its id.
async fn told(call: &Call, schedule: &Schedule, done: &Done) -> Reply {
    let made = Told::<Booking>::from(done.object.clone());
    let id = made.id.as_deref().and_then(|id| id.parse::<Id>().ok());
    let booking = match &id {
        _ if done.looked_up => Some(made),
        Some(id) => call.names.read(&bookings::Get { id: id.clone(), expand: None }, id).await.ok(),
        None => schedule.find(call).await.ok().flatten().map(Told::from),
    };
    let zone = &schedule.zone;
    let Some(booking) = booking else {
        let booking_id = id.map(|id| id.to_string()).unwrap_or_default();
        let text = format!("Booked: {}, {}", word(&booking_id), schedule.when());
        let mut booking = Told::<Booking>::default();
        booking.starting_time = Some(Time(schedule.start));
        let mut reply = Reply::new(booking.fields(zone), text);
        reply.put_first("booking_id", booking_id);
        reply.note("The booking could not be read back: get_booking shows it. Do not book it again.");
        return reply;
    };
    let booking = call.names.filled(booking).await;
    let said = match booking.status.as_deref() {
        Some("requested") => "Requested: the host has to approve it in OnceHub.",
        _ => "Booked. The guest and the host are notified.",
    };
    let mut reply = changed(said, &booking, zone);
    reply.put_first("booking_id", booking.id.clone().unwrap_or_default());
    let not_kept = guest::not_kept(&schedule.form, booking.form_submission.as_ref());
    not_kept.iter().for_each(|note| reply.note(note));
    reply
}

/// Adds to the failure what earlier guests answered, when OnceHub misses something and does not say what.
async fn unanswered(call: &Call, schedule: &Schedule, failure: Failure) -> Failure {
    if !failure.message.contains("Required fields are missing") {
        return failure;
    }
    match call
        .names
        .directory
        .form(call.oncehub(), &schedule.calendar.id)
        .await
        .as_deref()
        .map(|form| form.fields.as_slice())
    {
        Ok(fields @ [_, ..]) => {
            let fields: Vec<String> = fields.iter().map(FormField::described).collect();
            failure.hint(format!(
                "earlier bookings on this calendar answered {}: pass them in custom_fields, spelt exactly like that (a phone as guest_phone); its \
                 page (url of get_booking_calendar) shows the form",
                fields.join(", ")
            ))
        }
        Ok([]) => failure.hint(
            "no booking on this calendar shows what its form asks: guest_phone may be needed; its page (url of \
             get_booking_calendar) shows the form",
        ),
        Err(_) => failure,
    }
}

/// Adds the nearest free slots to the failure when the requested one is gone.
async fn too_late(call: &Call, schedule: &Schedule, failure: Failure) -> Failure {
    let Schedule { calendar, start, zone, .. } = schedule;
    if failure.param.as_deref() != Some("start_time") || failure.status.is_none() || *start <= call.now() {
        return failure;
    }
    let slots = slots_around(call.oncehub(), &calendar.id, *start, call.now()).await;
    let near = slots.map(|slots| nearest(&slots, *start)).unwrap_or_default();
    let failure = failure.nearest(&near);
    match starts_in_words(&near, zone) {
        Some(near) => failure.hint(format!("the nearest free start times are {near}: ask which one suits")),
        None => failure.hint("nothing is free around then: try other days with get_booking_time_slots"),
    }
}
