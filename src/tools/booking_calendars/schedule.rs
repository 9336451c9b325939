//! Booking a slot for a guest.

use futures::{FutureExt, TryFutureExt};
use jiff::{SignedDuration, Timestamp};
use rmcp::{tool, tool_router};
use serde_json::{Map, Value};

use super::guest;
use super::slots::nearest_in_words;
use crate::oncehub::booking_calendars::{Location, Schedule};
use crate::oncehub::{Error, Id, Object, bookings};
use crate::tools::address::phone;
use crate::tools::bookings::{self as shown, Names};
use crate::tools::call::Call;
use crate::tools::failure::{Failure, Stop};
use crate::tools::names::fold;
use crate::tools::reply::{FOUND_NOTE, Reply};
use crate::tools::time::{self, Zone};
use crate::tools::untrusted::{quoted, word};
use crate::tools::write::{Seen, Subject, Written};
use crate::tools::{Tools, schema};

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct ScheduleMeeting {
    /// Id, exact name or URL
    calendar_id: String,
    /// Without offset: in guest_time_zone
    start_time: String,
    /// IANA zone
    guest_time_zone: String,
    guest_name: String,
    /// Where the invitation goes
    guest_email: String,
    /// E.164
    guest_phone: Option<String>,
    /// One the slot offers; default OnceHub's choice, never the last two
    location_type: Option<LocationType>,
    /// virtual: provider; physical: ADD- id or address; guest_phone: number; in_person_by_guest: their address; virtual_static: leave out
    location_value: Option<String>,
    /// By exact field name: text or list; what is none of a question's choices is dropped
    custom_fields: Option<Map<String, Value>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
enum LocationType {
    Virtual,
    VirtualStatic,
    Physical,
    GuestPhone,
    InPersonByGuest,
}

impl LocationType {
    fn as_str(self) -> &'static str {
        match self {
            Self::Virtual => "virtual",
            Self::VirtualStatic => "virtual_static",
            Self::Physical => "physical",
            Self::GuestPhone => "guest_phone",
            Self::InPersonByGuest => "in_person_by_guest",
        }
    }
}

#[tool_router(router = scheduling, vis = "pub(super)")]
impl Tools {
    /// Book a meeting for a guest at a start from `get_booking_time_slots`; its length is the calendar's own. Guest and
    /// host are notified at once; where the host has to approve, it stays `requested` until then. After a failure
    /// repeat only if it says that nothing was booked. To let guests choose use `create_one_time_link`.
    #[tool(
        title = "Schedule meeting",
        input_schema = schema::input::<ScheduleMeeting>(),
        output_schema = shown::scheduled(),
        annotations(read_only_hint = false, destructive_hint = false, idempotent_hint = false, open_world_hint = true)
    )]
    async fn schedule_meeting(&self, mut call: Call) -> Result<Reply, Stop> {
        let input: ScheduleMeeting = call.input()?;
        let zone = call.zone_of("guest_time_zone", Some(&input.guest_time_zone))?;
        let start = call.moment("start_time", &input.start_time, &zone)?;
        if start.whole_day {
            return Err(Failure::argument(
                "start_time",
                "is a day, not a time",
                "choose a start from get_booking_time_slots",
            )
            .into());
        }
        let form = guest::form(
            input.custom_fields.clone(),
            Some(&input.guest_name),
            Some(&input.guest_email),
            input.guest_phone.as_deref(),
        )?;
        let calendar = call.calendar(&input.calendar_id).await?;
        let location = call.location(&input, &calendar.id, start.at).await?;
        let when = format!("{} ({})", time::local(start.at, &zone), zone.name());
        let who = format!("{} ({})", quoted(&input.guest_name, 60), quoted(&input.guest_email, 120));
        let question = format!("Book {when} on {} for {who}, and notify them?", calendar.described());
        call.agree(false, &question, &Map::new).await?;
        let request = Schedule {
            id: calendar.id.clone(),
            start_time: time::instant(start.at),
            guest_time_zone: zone.name().to_owned(),
            booking_form: form.clone(),
            location,
        };
        let find = || call.find_scheduled(&calendar.id, &input.guest_email, start.at);
        let look = || find().map_ok(Seen::made).boxed();
        let what = format!("a booking of {} at {when}", quoted(&input.guest_email, 120));
        let check = "see with list_bookings (calendar, guest, starts_after) whether it is there";
        let written = match call.write(&request, Subject { what: &what, check }, &look).await {
            Ok(written) => written,
            Err(mut failure) => {
                if let Some(note) = &start.note {
                    failure.message.push_str(&format!("; start_time: {note}"));
                }
                return Err(call.too_late(failure, &calendar.id, start.at, &zone).await.into());
            }
        };
        let mut reply = match written {
            Written::Found(booking) => {
                let mut reply = call.booked(booking, &form, &zone).await;
                reply.note(FOUND_NOTE);
                reply
            }
            Written::Answered(answer) if answer.text("id").is_some() => {
                call.read_back(&answer, &form, start.at, &zone).await
            }
            // OnceHub accepted it without returning the booking's id.
            Written::Answered(answer) => match find().await.ok().flatten() {
                Some(booking) => call.booked(booking, &form, &zone).await,
                None => call.read_back(&answer, &form, start.at, &zone).await,
            },
        };
        if let Some(note) = &start.note {
            reply.note(&format!("start_time: {note}"));
        }
        Ok(reply)
    }
}

impl Call {
    /// Returns the location to request; `None` when the caller leaves it to OnceHub.
    async fn location(
        &self,
        input: &ScheduleMeeting,
        calendar: &Id,
        start: Timestamp,
    ) -> Result<Option<Location>, Failure> {
        let value = input.location_value.as_deref().map(str::trim);
        let Some(kind) = input.location_type else {
            return match value {
                None => Ok(None),
                Some(_) => Err(Failure::argument(
                    "location_type",
                    "is required with location_value",
                    "say which type the value is of",
                )),
            };
        };
        let value = match (kind, value) {
            (LocationType::VirtualStatic, _) => None,
            (LocationType::Physical, value) => Some(self.address(calendar, start, value).await?),
            (LocationType::GuestPhone, value) if value.is_some() || input.guest_phone.is_some() => {
                let number = value.or(input.guest_phone.as_deref()).unwrap_or_default();
                Some(phone("location_value", number)?)
            }
            // OnceHub spells providers its own way: google_meet.
            (LocationType::Virtual, Some(value)) => Some(value.to_lowercase().replace([' ', '-'], "_")),
            (_, Some(value)) => Some(value.to_owned()),
            (_, None) => {
                let hint = match kind {
                    LocationType::GuestPhone => "give the guest's number in E.164 form, e.g. +12025550195",
                    LocationType::InPersonByGuest => "give the address where the guest wants to meet",
                    _ => "give one of google_meet, microsoft_teams, zoom, webex, gotomeeting that the slot offers",
                };
                return Err(Failure::argument("location_value", format!("is required for {}", kind.as_str()), hint));
            }
        };
        Ok(Some(Location { kind: kind.as_str().into(), value }))
    }

    /// Returns the id of an address, the only form that OnceHub accepts. Without a value, the only one there is.
    async fn address(&self, calendar: &Id, start: Timestamp, asked: Option<&str>) -> Result<String, Failure> {
        let in_capitals = asked.map(str::to_uppercase).filter(|asked| asked.starts_with("ADD-"));
        if let Some(id) = in_capitals.filter(|asked| crate::tools::names::looks_like_an_id(asked)) {
            return Ok(id);
        }
        let day = SignedDuration::from_hours(24);
        let from = Some(start - day).filter(|from| *from > self.now);
        let slots = self.slots(calendar, from, start.max(self.now) + day).await?;
        let mut addresses: Vec<(&str, &str)> = slots
            .iter()
            .flat_map(|slot| &slot.locations)
            .filter(|location| location.text("type") == Some("physical"))
            .filter_map(|location| Some((location.text("id")?, location.text("value").unwrap_or_default())))
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
                    "is not one address that this calendar offers"
                } else {
                    "is required for physical"
                };
                Err(Failure::argument("location_value", problem, hint))
            }
        }
    }

    /// Finds that guest's live booking on that calendar at that time.
    async fn find_scheduled(&self, calendar: &Id, email: &str, start: Timestamp) -> Result<Option<Object>, Error> {
        let second = SignedDuration::from_secs(1);
        let listing = bookings::All {
            booking_calendar: Some(calendar.clone()),
            starting_after: Some(time::instant(start - second)),
            starting_before: Some(time::instant(start + second)),
            ..bookings::All::default()
        };
        let found = self.oncehub.list(&listing, 100).await?;
        // Clocks differ slightly; a booking older than this existed before.
        let since = self.now - SignedDuration::from_mins(5);
        let theirs = |booking: &Object| {
            let is_theirs = match booking.text_in("form_submission", "email") {
                Some(address) => address.eq_ignore_ascii_case(email.trim()),
                // Bookings without a form still have attendees.
                None => booking.texts("attendees").any(|address| address.eq_ignore_ascii_case(email.trim())),
            };
            let is_new = booking.text("creation_time").and_then(time::read).is_none_or(|made| made >= since);
            is_theirs && is_new && booking.text("status") != Some("canceled")
        };
        Ok(found.items.into_iter().find(theirs))
    }

    /// Reads the booking that was created: OnceHub's response holds only its id.
    async fn read_back(&self, answer: &Object, form: &Map<String, Value>, start: Timestamp, zone: &Zone) -> Reply {
        let id = answer.text("id").unwrap_or_default().to_owned();
        let read = match id.parse() {
            Ok(id) => self.oncehub.send(&bookings::Get { id, expand: None }).await.ok(),
            Err(_) => None,
        };
        let Some(mut booking) = read else {
            let mut fields = Map::new();
            fields.insert("booking_id".into(), id.clone().into());
            crate::tools::reply::put_time(&mut fields, "starting_time", start, zone);
            let text = format!("Booked: {}, {} ({})", word(&id), time::local(start, zone), zone.name());
            let mut reply = Reply::new(fields, text);
            reply.note("The booking could not be read back: get_booking shows it. Do not book it again.");
            return reply;
        };
        booking.fill_id(&id);
        self.booked(booking, form, zone).await
    }

    /// Shows the booking that was created, and which answers OnceHub dropped.
    async fn booked(&self, booking: Object, form: &Map<String, Value>, zone: &Zone) -> Reply {
        let names = Names::of(self, std::slice::from_ref(&booking)).await;
        let dropped: Vec<String> = guest::dropped(form, &booking).into_iter().map(|name| quoted(name, 60)).collect();
        let mut reply = shown::after_scheduling(booking, &names, zone);
        if !dropped.is_empty() {
            reply.note(&format!(
                "OnceHub did not keep every answer to {}: a question must be named exactly, a choice be one of its own.",
                dropped.join(", ")
            ));
        }
        reply
    }

    /// Adds the nearest free slots to the failure when the requested one is gone.
    async fn too_late(&self, failure: Failure, calendar: &Id, start: Timestamp, zone: &Zone) -> Failure {
        if failure.param.as_deref() != Some("start_time") || start <= self.now {
            return failure;
        }
        let day = SignedDuration::from_hours(24);
        let from = (start - day).max(self.now);
        let slots = self.slots(calendar, Some(from).filter(|from| *from > self.now), start + day + day).await;
        match slots.ok().and_then(|slots| nearest_in_words(&slots, start, zone)) {
            Some(near) => failure.hint(format!("the nearest free starts are {near}: ask which one suits")),
            None => failure.hint("nothing is free around then: ask get_booking_time_slots for other days"),
        }
    }
}
