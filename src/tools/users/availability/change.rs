//! Changing when a user can be booked. OnceHub replaces whole days, so what is there is read first, merged with what is asked
//! for, and read again afterwards.

use std::collections::BTreeSet;

use jiff::civil::{Date, Weekday};
use rmcp::{tool, tool_router};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::super::bookings::{describe, guest};
use super::super::super::call::Call;
use super::super::super::failure::Failure;
use super::super::super::reply::{FOUND_NOTE, Reply, put_time};
use super::super::super::schema::Field;
use super::super::super::write::{Seen, Subject};
use super::super::super::{Tools, Zone, schema, time};
use super::hours::{DateInput, DayInput, Plan, day_of};
use super::schedule::{Schedule, name_of, told};
use super::{FIELDS, described, shown};
use crate::oncehub::users::Hours;
use crate::oncehub::{Object, users};

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct UpdateAvailability {
    /// Name, e-mail, id or `me`
    user_id: String,
    /// Every week from now on
    #[serde(default)]
    weekly: Vec<DayInput>,
    /// Single dates
    #[serde(default)]
    overrides: Vec<DateInput>,
}

fn output() -> std::sync::Arc<rmcp::model::JsonObject> {
    let more: [Field; 2] = [
        ("changes", "array", "Each a day or date, with its hours before and after"),
        ("outside_working_hours", "array", "Bookings to come on the changed days that now lie outside of hours"),
    ];
    schema::written(&[FIELDS, &more].concat())
}

#[tool_router(router = changing_availability, vis = "pub(in super::super)")]
impl Tools {
    /// Change when a user can be booked, in their own zone: weekly by day, overrides for dates such as holidays. Days
    /// given are replaced whole; others stay. Nothing is canceled: the reply names bookings that now lie outside, for
    /// `request_reschedule` or `cancel_booking`. Present hours: `get_scheduling_availability`.
    #[tool(
        title = "Update scheduling availability",
        input_schema = schema::input::<UpdateAvailability>(),
        output_schema = output(),
        annotations(read_only_hint = false, destructive_hint = true, idempotent_hint = true, open_world_hint = true)
    )]
    async fn update_scheduling_availability(&self, mut call: Call) -> Result<Reply, Failure> {
        let UpdateAvailability { user_id, weekly, overrides } = call.input()?;
        if weekly.is_empty() && overrides.is_empty() {
            let hint = "say which days of the week or which dates, e.g. overrides: [{\"date\": \"friday\", \"working_hours\": []}]";
            return Err(Failure::argument("weekly", "neither weekly nor overrides is given", hint));
        }
        let user = call.user("user_id", &user_id).await?;
        let get = users::GetAvailability { id: user.id.clone() };
        let read = |object: &Object| Schedule::read(object, &user, &self.settings.zone);
        let mut object = call.oncehub.send(&get).await?;
        let mut before = read(&object);
        needs_what_is_there(&object, &weekly, &overrides)?;
        let mut plan = Plan::make(&weekly, &overrides, &before, call.now)?;
        if plan.weekly.is_empty() && plan.overrides.is_empty() {
            let mut reply =
                Reply::new(shown(object, &user, &before), format!("{}: nothing to change.", described(&user)));
            plan.notes.iter().for_each(|note| reply.note(note));
            return Ok(reply);
        }
        let mut wanted = Change::all(&plan, &before, |when| when.wanted(&plan, &before));
        let is_so = |change: &Change| is_same_row(change.what.row(&before), change.what.wanted_row(&plan));
        if wanted.iter().all(is_so) {
            let lines: Vec<String> = wanted.iter().map(Change::as_it_is).collect();
            let text = format!("{} | times in {}\n{}", described(&user), before.zone.name(), lines.join("\n"));
            let mut reply = Reply::new(shown(object, &user, &before), text);
            reply.note("Nothing to change: it is so already.");
            plan.notes.iter().for_each(|note| reply.note(note));
            return Ok(reply);
        }
        let question = format!(
            "Change the working hours of {} (times in {}): {}?",
            described(&user),
            before.zone.name(),
            in_words(&wanted).join("; ")
        );
        if let Some(declined) = call.confirm(false, &question, &|| shown(object.clone(), &user, &before)).await? {
            return Ok(declined);
        }
        if call.was_asked() {
            // A person may have thought for minutes, and said yes to what they read.
            object = call.oncehub.send(&get).await?;
            before = read(&object);
            plan = Plan::make(&weekly, &overrides, &before, call.now)?;
            let now = Change::all(&plan, &before, |when| when.wanted(&plan, &before));
            if in_words(&now) != in_words(&wanted) {
                let problem = "the hours have been changed by somebody else while the question was open";
                return Err(Failure::not_confirmed(problem, "call again: the question will show them as they are now"));
            }
            wanted = now;
        }
        let what = format!("the availability of {}", user.id);
        let check = format!("read it with get_scheduling_availability {} before anything else", user.id);
        let see = |object: Object| {
            let now = read(&object);
            let is_settled = |change: &Change| {
                let wanted = change.what.wanted_row(&plan);
                !is_same_row(change.what.row(&before), wanted) && is_same_row(change.what.row(&now), wanted)
            };
            if wanted.iter().any(is_settled) {
                Seen::Done(object)
            } else if wanted.iter().all(|change| change.what.row(&before) == change.what.row(&now)) {
                Seen::Nothing
            } else {
                Seen::Unclear
            }
        };
        let subject = Subject { what: &what, check: &check };
        let (answer, found) = call.change(&plan.request(&user.id), &get, subject, &see).await?;
        // What counts is what OnceHub has now, not what it said.
        let (object, read_back) = if found {
            (answer, true)
        } else {
            call.oncehub.send(&get).await.map_or_else(|_| (answer, false), |object| (object, true))
        };
        let after = read(&object);
        let changes = Change::all(&plan, &before, |when| when.of(&after).to_vec());
        let mut text = format!("{} | times in {}", described(&user), after.zone.name());
        for line in in_words(&changes) {
            text.push('\n');
            text.push_str(&line);
        }
        let mut fields = shown(object, &user, &after);
        fields.insert("changes".into(), changes.iter().map(Change::structure).collect());
        let mut reply = Reply::new(fields, text);
        if !read_back {
            reply.note("The hours could not be read back: this is what OnceHub answered.");
        }
        match call.outside(&user.id, &plan, &before, &after).await {
            Ok((bookings, more)) => {
                reply.add(|fields, text| put_outside(fields, text, &bookings, user.id.as_str(), &after.zone));
                if !bookings.is_empty() {
                    reply.note("Their times stand: request_reschedule, reassign_booking or cancel_booking moves them.");
                }
                if more {
                    reply.note(
                        "There are more bookings to come than could be looked through: see list_bookings (host).",
                    );
                }
            }
            Err(_) => reply.note("Which bookings now lie outside could not be looked up: see list_bookings (host)."),
        }
        plan.notes.iter().for_each(|note| reply.note(note));
        if changes.iter().all(|change| change.before == change.after) {
            reply.note("Nothing is different from before.");
        }
        if changes.iter().zip(&wanted).any(|(now, wanted)| !is_alike(&now.after, &wanted.after)) {
            reply.note(&format!(
                "OnceHub did not take over all of it. Asked for was: {}.",
                in_words(&wanted).join("; ")
            ));
        }
        if found {
            reply.note(FOUND_NOTE);
        }
        Ok(reply)
    }
}

/// A day of the week or a date.
#[derive(Clone, Copy)]
enum When {
    Day(Weekday),
    Date(Date),
}

impl When {
    /// What holds then.
    fn of(self, schedule: &Schedule) -> &[Hours] {
        match self {
            Self::Day(day) => schedule.day(day),
            Self::Date(date) => schedule.date(date),
        }
    }

    /// What OnceHub has for just that: a date without an override has nothing.
    fn row(self, schedule: &Schedule) -> Option<&[Hours]> {
        match self {
            Self::Day(day) => Some(schedule.day(day)),
            Self::Date(date) => schedule.overrides.get(&date).map(Vec::as_slice),
        }
    }

    /// What OnceHub is to have for it.
    fn wanted_row(self, plan: &Plan) -> Option<&[Hours]> {
        match self {
            Self::Day(day) => plan.weekly.iter().find(|(known, _)| *known == day).map(|(_, hours)| hours.as_slice()),
            Self::Date(date) => {
                plan.overrides.iter().find(|(known, _)| *known == date).and_then(|(_, hours)| hours.as_deref())
            }
        }
    }

    /// What is to hold then.
    fn wanted(self, plan: &Plan, before: &Schedule) -> Vec<Hours> {
        let weekly = |day: Weekday| plan.weekly.iter().find(|(known, _)| *known == day).map(|(_, hours)| hours.clone());
        match self {
            Self::Day(day) => weekly(day).unwrap_or_default(),
            Self::Date(date) => {
                let planned =
                    plan.overrides.iter().find(|(known, _)| *known == date).and_then(|(_, hours)| hours.clone());
                let usual = || weekly(date.weekday()).unwrap_or_else(|| before.day(date.weekday()).to_vec());
                planned.unwrap_or_else(usual)
            }
        }
    }
}

/// What becomes of one day or date.
struct Change {
    what: When,
    before: Vec<Hours>,
    after: Vec<Hours>,
    /// Whether a date goes back to its usual hours.
    usual: bool,
}

impl Change {
    fn all(plan: &Plan, before: &Schedule, after: impl Fn(When) -> Vec<Hours>) -> Vec<Self> {
        let days = plan.weekly.iter().map(|(day, _)| (When::Day(*day), false));
        let dates = plan.overrides.iter().map(|(date, hours)| (When::Date(*date), hours.is_none()));
        days.chain(dates)
            .map(|(what, usual)| Self { what, before: what.of(before).to_vec(), after: after(what), usual })
            .collect()
    }

    fn hours(&self, hours: &[Hours]) -> String {
        told(hours, if matches!(self.what, When::Day(_)) { "closed" } else { "off" })
    }

    fn when(&self) -> String {
        match self.what {
            When::Day(day) => format!("{}s", name_of(day)),
            When::Date(date) => day_of(date),
        }
    }

    fn as_it_is(&self) -> String {
        format!("{} {}", self.when(), self.hours(&self.before))
    }

    fn structure(&self) -> Value {
        let (name, when) = match self.what {
            When::Day(day) => ("day", name_of(day).to_owned()),
            When::Date(date) => ("date", date.to_string()),
        };
        json!({name: when, "before": self.hours(&self.before), "after": self.hours(&self.after)})
    }
}

/// A line for each change; days of the week that change alike share one.
fn in_words(changes: &[Change]) -> Vec<String> {
    let mut lines: Vec<(Vec<String>, String)> = Vec::new();
    for change in changes {
        let usual = if change.usual { " (the usual hours)" } else { "" };
        let what = format!("{} -> {}{usual}", change.hours(&change.before), change.hours(&change.after));
        match lines.last_mut() {
            Some((days, same)) if *same == what => days.push(change.when()),
            _ => lines.push((vec![change.when()], what)),
        }
    }
    lines.into_iter().map(|(days, what)| format!("{} {what}", days.join(", "))).collect()
}

fn is_same_row(a: Option<&[Hours]>, b: Option<&[Hours]>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => is_alike(a, b),
        (a, b) => a.is_none() && b.is_none(),
    }
}

/// Whether hours are the same: their times, and the types of their locations. OnceHub shows a row for each video service.
fn is_alike(a: &[Hours], b: &[Hours]) -> bool {
    let told = |hours: &[Hours]| -> Vec<(String, String, BTreeSet<String>)> {
        let kind = |location: &Value| location.get("type").and_then(Value::as_str).map(str::to_owned);
        let each = hours.iter().map(|hours| {
            let kinds = hours.locations.iter().filter_map(kind).collect();
            (hours.start_time.clone(), hours.end_time.clone(), kinds)
        });
        each.collect()
    };
    told(a) == told(b)
}

/// Locations that are left out are those that are there: without hours to take them from, they would be lost.
fn needs_what_is_there(object: &Object, weekly: &[DayInput], overrides: &[DateInput]) -> Result<(), Failure> {
    let is_read = object.fields().get("weekly").is_some_and(Value::is_array);
    let ranges = weekly
        .iter()
        .map(|row| &row.working_hours)
        .chain(overrides.iter().filter_map(|row| row.working_hours.as_ref()));
    if is_read || ranges.flatten().all(|hours| hours.locations.is_some()) {
        return Ok(());
    }
    let problem = "OnceHub sent no hours, so where meetings take place cannot be taken from them";
    Err(Failure::argument(
        "locations",
        problem,
        "try again, or give locations with each stretch of hours ([] for none)",
    ))
}

/// How many bookings are named in a reply.
const NAMED: usize = 50;

/// Adds the bookings that now lie outside, if there are any.
fn put_outside(fields: &mut Map<String, Value>, text: &mut String, bookings: &[Object], user: &str, zone: &Zone) {
    let is_co_host = |booking: &Object| booking.reference("owner").is_some_and(|owner| owner.id != user);
    let row = |booking: &Object| {
        let mut row = Map::new();
        for field in ["id", "status"] {
            row.extend(booking.text(field).map(|value| (field.to_owned(), value.into())));
        }
        if let Some(at) = booking.text("starting_time").and_then(time::read) {
            put_time(&mut row, "starting_time", at, zone);
        }
        row.extend(guest(booking).map(|guest| ("guest".to_owned(), guest.into())));
        row.extend(is_co_host(booking).then(|| ("as_co_host".to_owned(), true.into())));
        Value::Object(row)
    };
    fields.insert("outside_working_hours".into(), bookings.iter().take(NAMED).map(row).collect());
    if !bookings.is_empty() {
        text.push_str("\nbookings that now lie outside:");
    }
    for booking in bookings.iter().take(NAMED) {
        let role = if is_co_host(booking) { " (as co-host)" } else { "" };
        text.push_str(&format!("\n{}{role}", describe(booking, zone)));
    }
    if bookings.len() > NAMED {
        text.push_str(&format!("\nand {} more: see list_bookings (host)", bookings.len() - NAMED));
    }
}
