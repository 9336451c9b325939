//! Free times of a calendar, and what it takes to book one.

use jiff::Timestamp;
use jiff::civil::Date;
use rmcp::{tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{LONGEST, ROOM, as_of};
use crate::apps::View;
use crate::names::Found;
use crate::names::slots::slots;
use crate::records::slot::{Place, described, text_of};
use crate::records::{Learnt, Noun, Slot, Zone, time};
use crate::tools::size::most_within;
use crate::tools::times::{Lengths, Range};
use crate::tools::{Answer, Call, Parameters, Reply, Tools, schema};

/// The most starts that are shown at first.
const STARTS: usize = 200;

/// How many starts the model is told.
const TOLD: usize = 5;

/// The most questions and places that a person is asked to choose from.
const QUESTIONS: usize = 12;

#[tool_router(router = showing_slots, vis = "pub(in crate::tools)")]
impl Tools {
    /// Open a view of a calendar's free times where the person picks and books one. Only if they should choose by
    /// eye; else `find_times`, `schedule_meeting`.
    #[tool(title = "Show free slots", annotations(read_only_hint = true), meta = View::Slots.of_tool(),
        output_schema = schema::shown::<Slots>())]
    async fn show_free_slots(&self, call: Call, Parameters(input): Parameters<ShowFreeSlots>) -> Answer {
        let zone = call.zone_asked("time_zone", input.time_zone.as_deref())?;
        let ends = [("start_time", input.start_time.as_deref()), ("end_time", None)];
        let range = Range::read(&call, &zone, ends, A_MONTH)?;
        let calendar = call.names.find(&[Noun::Calendars], "calendar_id", &input.calendar_id).await?;
        let free = slots(call.oncehub(), &calendar.id, range.part()).await?;
        let form = call.names.directory.form(&call.oncehub().trying_once(), &calendar.id).await.ok();
        let about = Calendar::read(&call, &calendar, &free, form.as_deref()).await;
        let guest = Guest { name: said(input.guest_name), email: said(input.guest_email) };
        let books = call.offers_all(&["schedule_meeting", "get_booking_time_slots", "list_bookings"]);
        let shown = |count: usize| {
            let given = free.get(..count).unwrap_or_default();
            let slots = Slots {
                calendar: about.clone(),
                time_zone: zone.name().to_owned(),
                guest: guest.clone(),
                days: days(given, &zone),
                more_from: Some(time::instant(free.get(count).map_or(range.end, |slot| slot.start))),
                can: Can { book: books },
                as_of: as_of(&call),
                note: None,
            };
            let mut reply = Reply::new(slots, text(given, &range, &calendar, &zone));
            range.notes.iter().for_each(|note| reply.note(note));
            reply.note(if books { NOTE } else { NOTE_ALONE });
            reply
        };
        let fitting = most_within(free.len().min(STARTS), ROOM, |count| shown(count).size(true));
        Ok(shown(whole_days(&free, fitting, &zone)))
    }
}

/// What the model is told of a view in which nothing can be booked.
const NOTE_ALONE: &str = "The person sees the free times in a view, and picks one there. Do not list them: wait.";

/// What the model is told of the view.
const NOTE: &str = "The person sees the free times in a view, picks one there, and books it. Do not list them: wait.";

/// As long as `OnceHub` tells with one request.
const A_MONTH: Lengths = Lengths {
    usual: 30,
    longest: 30,
    if_longer: "OnceHub returns free slots for at most 30 days at a time",
    hint: "leave it out",
};

#[derive(Deserialize, JsonSchema)]
struct ShowFreeSlots {
    /// Id, exact name or URL
    calendar_id: String,
    /// Default now
    start_time: Option<String>,
    /// The guest's IANA zone
    time_zone: Option<String>,
    guest_name: Option<String>,
    guest_email: Option<String>,
}

/// What the view shows.
#[serde_with::skip_serializing_none]
#[derive(Serialize, JsonSchema)]
struct Slots {
    calendar: Calendar,
    /// The zone of the days
    time_zone: String,
    guest: Guest,
    days: Vec<Day>,
    /// Where get_booking_time_slots goes on
    more_from: Option<String>,
    can: Can,
    as_of: String,
    /// Anything else to know
    note: Option<String>,
}

/// What is known of the calendar. `OnceHub` tells neither what its form asks nor whether its host has to approve.
#[serde_with::skip_serializing_none]
#[derive(Clone, Serialize, JsonSchema)]
struct Calendar {
    id: String,
    name: Option<String>,
    minutes: Option<i64>,
    /// The host's
    time_zone: Option<String>,
    host: Option<String>,
    questions: Vec<Question>,
    /// If all starts offer the same
    locations: Option<Vec<Location>>,
    phone: Option<Asked>,
}

/// A question that guests have answered before.
#[derive(Clone, Serialize, JsonSchema)]
struct Question {
    /// As custom_fields of schedule_meeting takes it
    name: String,
    label: String,
    #[serde(rename = "type")]
    kind: Kind,
    required: bool,
}

#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Text,
    LongText,
}

/// A place to meet, as `schedule_meeting` takes it, and as people read it.
#[serde_with::skip_serializing_none]
#[derive(Clone, Serialize, JsonSchema)]
struct Location {
    #[serde(rename = "type")]
    kind: String,
    value: Option<String>,
    label: String,
}

#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Asked {
    Required,
    Optional,
}

#[serde_with::skip_serializing_none]
#[derive(Clone, Serialize, JsonSchema)]
struct Guest {
    name: Option<String>,
    email: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Day {
    date: String,
    /// UTC
    starts: Vec<String>,
}

/// What the person can do.
#[derive(Serialize, JsonSchema)]
struct Can {
    book: bool,
}

/// The kind of place at which the guest is called.
const GUEST_PHONE: &str = "guest_phone";

impl Calendar {
    async fn read(call: &Call, calendar: &Found, free: &[Slot], form: Option<&Learnt>) -> Self {
        let entry = calendar.entry.as_ref();
        let hosts = call.names.all_or_none(Noun::Users).await;
        let host = entry.and_then(|entry| hosts.get(entry.host.as_deref()?));
        let places = free.first().map(|slot| slot.locations.as_slice()).unwrap_or_default();
        let everywhere = !places.is_empty() && free.iter().all(|slot| slot.locations == places);
        let locations: Vec<Location> = places.iter().filter_map(Location::read).take(QUESTIONS).collect();
        let is_called = |location: &Location| location.kind == GUEST_PHONE;
        let fields = form.map(|form| form.fields.as_slice()).unwrap_or_default();
        let phone = if everywhere && !locations.is_empty() && locations.iter().all(is_called) {
            Some(Asked::Required)
        } else {
            let is_asked = locations.iter().any(is_called) || fields.iter().any(|field| field.name == "phone");
            is_asked.then_some(Asked::Optional)
        };
        let questions = fields.iter().filter(|field| field.name != "phone" && field.name.chars().count() <= LONGEST);
        Self {
            id: calendar.id.to_string(),
            name: entry.map(|entry| entry.name.chars().take(LONGEST).collect()),
            minutes: entry.and_then(|entry| entry.duration_minutes),
            time_zone: host.and_then(|host| host.timezone.clone()),
            host: call.names.host_of(calendar).await.map(|host| host.chars().take(LONGEST).collect()),
            questions: questions.take(QUESTIONS).map(|field| Question::of(&field.name)).collect(),
            locations: Some(locations).filter(|_| everywhere),
            phone,
        }
    }
}

impl Question {
    /// The question of this name. That guests have answered it does not say that they must.
    fn of(name: &str) -> Self {
        let (kind, label) = match name {
            "note" => (Kind::LongText, "Note"),
            "company" => (Kind::Text, "Company"),
            own => (Kind::Text, own),
        };
        Self { name: name.to_owned(), label: label.to_owned(), kind, required: false }
    }
}

impl Location {
    /// Reads a slot's place; `None` for one without a type.
    fn read(place: &Place) -> Option<Self> {
        let kind = text_of(place, "type")?;
        let text = text_of(place, "value").filter(|text| text.chars().count() <= LONGEST);
        let id = text_of(place, "id").filter(|id| id.len() <= LONGEST);
        let value = match kind {
            "physical" => id.or(text),
            "virtual" => text,
            _ => None,
        };
        let label = match (kind, text) {
            (_, Some(text)) => text.to_owned(),
            (GUEST_PHONE, None) => "Phone call".to_owned(),
            ("in_person_by_guest", None) => "At the guest's".to_owned(),
            ("virtual_static", None) => "The host's meeting room".to_owned(),
            (kind, None) => kind.chars().take(LONGEST).collect(),
        };
        Some(Self { kind: kind.chars().take(LONGEST).collect(), value: value.map(str::to_owned), label })
    }
}

/// Returns what was said, if it was anything, as short as a form takes it.
fn said(text: Option<String>) -> Option<String> {
    let text = text.map(|text| text.trim().chars().take(LONGEST).collect::<String>());
    text.filter(|text| !text.is_empty())
}

/// Groups starts by day.
fn days(free: &[Slot], zone: &Zone) -> Vec<Day> {
    let date = |slot: &Slot| zone.date(slot.start);
    let day = |day: &[Slot]| {
        let starts = day.iter().map(|slot| time::instant(slot.start)).collect();
        day.first().map(|first| Day { date: date(first).to_string(), starts })
    };
    free.chunk_by(|one, next| date(one) == date(next)).filter_map(day).collect()
}

/// Returns how many starts there are up to the last day that is shown whole; of a single day, as many as there is room
/// for.
fn whole_days(free: &[Slot], fitting: usize, zone: &Zone) -> usize {
    let date = |at: Timestamp| -> Date { zone.date(at) };
    let Some(cut) = free.get(fitting).map(|slot| date(slot.start)) else { return fitting };
    let whole = free.iter().take_while(|slot| date(slot.start) < cut).count();
    if whole == 0 { fitting } else { whole }
}

fn text(given: &[Slot], range: &Range, calendar: &Found, zone: &Zone) -> String {
    let (name, asked) = (calendar.described(), range.described(zone));
    let [first, ..] = given else {
        return format!("No free slots on {name}, {asked}, times in {}", zone.name());
    };
    let first_ones: Vec<String> = given.iter().take(TOLD).map(|slot| time::local(slot.start, zone)).collect();
    let places = if first.locations.is_empty() {
        String::new()
    } else {
        format!("\nlocations of the first: {}", described(&first.locations))
    };
    let count = given.len();
    let last = given.last().map(|slot| time::day(slot.start, zone)).unwrap_or_default();
    let first_ones = first_ones.join(", ");
    format!("{count} free slots on {name} until {last}, times in {}; the first: {first_ones}{places}", zone.name())
}
