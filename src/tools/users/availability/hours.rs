//! Hours as a person means them, checked before OnceHub sees them: each problem names the field by its path.

use jiff::civil::{Date, Weekday};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::super::failure::Failure;
use super::super::super::names::fold;
use super::super::super::time;
use super::super::super::untrusted::quoted;
use super::schedule::{Schedule, name_of};
use crate::oncehub::users::{self, Hours};

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DayInput {
    /// Like Thursday
    pub(super) day: String,
    /// All hours of that day; [] closes it
    pub(super) working_hours: Vec<HoursInput>,
}

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DateInput {
    /// 2026-12-24, tomorrow, friday, +3d
    pub(super) date: String,
    /// As in weekly; [] is a day off
    #[schemars(with = "Option<Vec<Map<String, Value>>>")]
    pub(super) working_hours: Option<Vec<HoursInput>>,
    /// Back to the usual hours
    pub(super) remove: Option<bool>,
}

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HoursInput {
    /// 09:00, on the quarter hour
    pub(super) start_time: String,
    pub(super) end_time: String,
    /// Left out: as now
    pub(super) locations: Option<Vec<LocationInput>>,
}

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LocationInput {
    #[serde(rename = "type")]
    kind: LocationType,
    /// ADD-…, for in_person_by_host
    id: Option<String>,
    /// URL, for online_static_link
    value: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum LocationType {
    OnlineDynamicLink,
    OnlineStaticLink,
    InPersonByHost,
    InPersonByGuest,
    PhoneByGuest,
}

impl LocationType {
    fn as_str(self) -> &'static str {
        match self {
            Self::OnlineDynamicLink => "online_dynamic_link",
            Self::OnlineStaticLink => "online_static_link",
            Self::InPersonByHost => "in_person_by_host",
            Self::InPersonByGuest => "in_person_by_guest",
            Self::PhoneByGuest => "phone_by_guest",
        }
    }
}

/// A change that OnceHub will take: whole days and dates, with what the caller left out filled in from the schedule.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) weekly: Vec<(Weekday, Vec<Hours>)>,
    /// A date without hours loses its override.
    pub(super) overrides: Vec<(Date, Option<Vec<Hours>>)>,
    /// What had to be left out or was superfluous.
    pub(super) notes: Vec<String>,
}

impl Plan {
    /// Merges what is asked for with the schedule as it stands.
    pub(super) fn make(
        weekly: &[DayInput],
        overrides: &[DateInput],
        schedule: &Schedule,
        now: jiff::Timestamp,
    ) -> Result<Self, Failure> {
        let mut plan = Self::default();
        for (index, row) in weekly.iter().enumerate() {
            let path = format!("weekly[{index}]");
            let day = time::weekday(&fold(&row.day)).ok_or_else(|| {
                let problem = format!("{} is no day of the week", quoted(&row.day, 40));
                Failure::argument(
                    &format!("{path}.day"),
                    problem,
                    "write it out, like Thursday; dates go into overrides",
                )
            })?;
            if plan.weekly.iter().any(|(known, _)| *known == day) {
                return Err(twice(&format!("{path}.day"), name_of(day)));
            }
            let filler = Filler { schedule, of_the_day: schedule.day(day), otherwise: schedule.usual() };
            let hours = filler.hours(&path, &row.working_hours, &mut plan.notes)?;
            plan.weekly.push((day, hours));
        }
        for (index, row) in overrides.iter().enumerate() {
            let path = format!("overrides[{index}]");
            let date = date(&format!("{path}.date"), &row.date, schedule, now)?;
            if plan.overrides.iter().any(|(known, _)| *known == date) {
                return Err(twice(&format!("{path}.date"), &date.to_string()));
            }
            let hours = match (&row.working_hours, row.remove.unwrap_or_default()) {
                (Some(_), true) => {
                    let hint = "remove takes the override away; without it working_hours says what holds on that date";
                    return Err(Failure::argument(&format!("{path}.remove"), "goes without working_hours", hint));
                }
                (None, false) => {
                    let hint = "say [] for a day off, hours, or remove: true for the usual hours again";
                    return Err(Failure::argument(&format!("{path}.working_hours"), "is required", hint));
                }
                (None, true) => None,
                (Some(hours), false) => {
                    let filler = Filler {
                        schedule,
                        of_the_day: schedule.date(date),
                        otherwise: if schedule.day(date.weekday()).is_empty() {
                            schedule.usual()
                        } else {
                            schedule.day(date.weekday())
                        },
                    };
                    Some(filler.hours(&path, hours, &mut plan.notes)?)
                }
            };
            if hours.is_none() && !schedule.overrides.contains_key(&date) {
                plan.notes.push(format!("{date} had no hours of its own: there was nothing to remove."));
            } else {
                plan.overrides.push((date, hours));
            }
        }
        plan.notes.dedup();
        Ok(plan)
    }

    /// The request that carries it out.
    pub(super) fn request(&self, user: &crate::oncehub::Id) -> users::UpdateAvailability {
        let day =
            |(day, hours): &(Weekday, Vec<Hours>)| users::Day { day: name_of(*day), working_hours: hours.clone() };
        let date = |(date, hours): &(Date, Option<Vec<Hours>>)| users::Override {
            date: date.to_string(),
            working_hours: hours.clone(),
        };
        users::UpdateAvailability {
            id: user.clone(),
            weekly: self.weekly.iter().map(day).collect(),
            overrides: self.overrides.iter().map(date).collect(),
        }
    }
}

fn twice(path: &str, what: &str) -> Failure {
    Failure::argument(path, format!("{what} is there twice"), "give all of its hours in one entry")
}

/// A date, which is not in the past where the user is.
fn date(path: &str, text: &str, schedule: &Schedule, now: jiff::Timestamp) -> Result<Date, Failure> {
    let moment = time::parse(text, &schedule.zone, now)
        .map_err(|error| Failure::argument(path, error, "give a date, like 2026-12-24"))?;
    // "+3d" is the same time of day in three days.
    if !moment.whole_day && !text.trim().starts_with(['+', '-']) {
        return Err(Failure::argument(path, "is a time, not a date", "give the date alone, like 2026-12-24"));
    }
    let (date, today) = (schedule.zone.date(moment.at), schedule.zone.date(now));
    if date < today {
        let problem = format!("{date} is in the past: it is {today} in {}", schedule.zone.name());
        return Err(Failure::argument(path, problem, "choose a date from today on"));
    }
    Ok(date)
}

/// Fills in the locations that a caller leaves out.
struct Filler<'a> {
    schedule: &'a Schedule,
    of_the_day: &'a [Hours],
    otherwise: &'a [Hours],
}

impl Filler<'_> {
    /// Whole hours, in order.
    fn hours(&self, path: &str, asked: &[HoursInput], notes: &mut Vec<String>) -> Result<Vec<Hours>, Failure> {
        let mut ranges: Vec<(i32, i32, Hours)> = Vec::new();
        for (index, hours) in asked.iter().enumerate() {
            let path = format!("{path}.working_hours[{index}]");
            let start = clock(&format!("{path}.start_time"), &hours.start_time)?;
            let end = clock(&format!("{path}.end_time"), &hours.end_time)?;
            if end <= start {
                let problem = format!("{} is not after {}", written(end), written(start));
                let hint = "end_time has to be later on the same day; hours over midnight go into two days";
                return Err(Failure::argument(&format!("{path}.end_time"), problem, hint));
            }
            if let Some((from, to, _)) = ranges.iter().find(|(from, to, _)| start < *to && *from < end) {
                let problem =
                    format!("{}-{} overlaps {}-{}", written(start), written(end), written(*from), written(*to));
                return Err(Failure::argument(&path, problem, "make them one stretch, or move one"));
            }
            let locations = match &hours.locations {
                Some(given) => self.given(&format!("{path}.locations"), given)?,
                None => self.as_now(start, end, notes),
            };
            ranges.push((start, end, Hours { start_time: written(start), end_time: written(end), locations }));
        }
        ranges.sort_by_key(|(start, ..)| *start);
        Ok(ranges.into_iter().map(|(.., hours)| hours).collect())
    }

    /// The locations of the hours that these take the place of, as OnceHub takes them back.
    fn as_now(&self, start: i32, end: i32, notes: &mut Vec<String>) -> Vec<Value> {
        let overlaps = |hours: &&Hours| {
            let range = Some((minutes(&hours.start_time)?, minutes(&hours.end_time)?));
            range.filter(|(from, to)| start < *to && *from < end)
        };
        let now = self.of_the_day.iter().find(|hours| overlaps(hours).is_some());
        let now = now.or_else(|| self.of_the_day.first()).or_else(|| self.otherwise.first());
        let mut kept: Vec<Value> = Vec::new();
        for location in now.map_or(&[][..], |hours| &hours.locations) {
            let field = |name: &str| location.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
            let Some(kind) = field("type") else { continue };
            let has = |kind: &str| kept.iter().any(|known| known.get("type").and_then(Value::as_str) == Some(kind));
            let left_out = match kind {
                // One row for each provider is all the same to OnceHub.
                "online_dynamic_link" if has(kind) => continue,
                _ if has(kind) => true,
                "online_dynamic_link" => has("online_static_link"),
                "online_static_link" => has("online_dynamic_link"),
                _ => false,
            };
            if left_out {
                let what = field("value").or(field("id")).unwrap_or(kind);
                notes.push(format!(
                    "OnceHub takes {} no more than once: {} is left out.",
                    group(kind),
                    quoted(what, 80)
                ));
                continue;
            }
            let mut fields = Map::from_iter([("type".to_owned(), kind.into())]);
            // What a dynamic link or a guest's place says is for reading only.
            for name in ["id", "value"] {
                let belongs = matches!((kind, name), ("in_person_by_host", _) | ("online_static_link", "value"));
                fields.extend(field(name).filter(|_| belongs).map(|text| (name.to_owned(), text.into())));
            }
            kept.push(fields.into());
        }
        kept
    }

    /// The locations that the caller gives.
    fn given(&self, path: &str, given: &[LocationInput]) -> Result<Vec<Value>, Failure> {
        let mut all: Vec<Value> = Vec::new();
        for (index, location) in given.iter().enumerate() {
            let kind = location.kind;
            let path_of = |field: &str| format!("{path}[{index}].{field}");
            let before = given.get(..index).unwrap_or_default();
            if before.iter().any(|known| known.kind == kind) {
                return Err(Failure::argument(
                    &path_of("type"),
                    format!("{} is there twice", kind.as_str()),
                    "once is enough",
                ));
            }
            if before.iter().any(|known| is_mixed(known.kind, kind)) {
                let problem = "has both online_dynamic_link and online_static_link";
                return Err(Failure::argument(path, problem, "choose one of the two"));
            }
            let mut fields = Map::from_iter([("type".to_owned(), kind.as_str().into())]);
            match kind {
                LocationType::InPersonByHost => {
                    let (id, address) = self.address(location).ok_or_else(|| {
                        let problem = "in_person_by_host needs the id of an address";
                        let hint = "get_scheduling_availability and get_booking_time_slots show the ids that are in use (ADD-…)";
                        Failure::argument(&path_of("id"), problem, hint)
                    })?;
                    fields.insert("id".into(), id.into());
                    fields.extend(address.map(|address| ("value".to_owned(), address.into())));
                }
                LocationType::OnlineStaticLink => {
                    let url = location.value.as_deref().map(str::trim).filter(|url| url::Url::parse(url).is_ok());
                    let Some(url) = url else {
                        let hint = "give the whole URL, like https://meet.example.com/room";
                        return Err(Failure::argument(&path_of("value"), "online_static_link needs its URL", hint));
                    };
                    fields.insert("value".into(), url.into());
                }
                _ => {}
            }
            all.push(json!(fields));
        }
        Ok(all)
    }

    /// The id of an address, and its text where the schedule has it: by its id, or by that text.
    fn address(&self, location: &LocationInput) -> Option<(String, Option<String>)> {
        let days = super::schedule::DAYS.iter().map(|(day, _)| self.schedule.day(*day));
        let dates = self.schedule.overrides.values().map(Vec::as_slice);
        let rows: Vec<&Value> = days.chain(dates).flatten().flat_map(|hours| &hours.locations).collect();
        let text = |row: &Value, field: &str| row.get(field).and_then(Value::as_str).map(str::to_owned);
        if let Some(id) = location.id.as_deref().map(str::trim) {
            let known = rows.iter().find(|row| text(row, "id").as_deref() == Some(id));
            return Some((id.to_owned(), known.and_then(|row| text(row, "value")).or_else(|| location.value.clone())));
        }
        let wanted = fold(location.value.as_deref()?);
        let known = rows.iter().find(|row| text(row, "value").is_some_and(|value| fold(&value) == wanted))?;
        Some((text(known, "id")?, text(known, "value")))
    }
}

fn is_mixed(a: LocationType, b: LocationType) -> bool {
    matches!(
        (a, b),
        (LocationType::OnlineDynamicLink, LocationType::OnlineStaticLink)
            | (LocationType::OnlineStaticLink, LocationType::OnlineDynamicLink)
    )
}

fn group(kind: &str) -> &'static str {
    if kind.starts_with("online_") { "a link for online meetings" } else { "a type of location" }
}

/// A time of day in minutes: 09:00, 9:00, 9, 9am, 5:30 pm.
fn clock(path: &str, text: &str) -> Result<i32, Failure> {
    let hint = "write it like 09:00 or 17:30";
    let folded = text.trim().to_ascii_lowercase().replace(' ', "");
    let (digits, half) = match (folded.strip_suffix("am"), folded.strip_suffix("pm")) {
        (Some(digits), _) => (digits, Some(0)),
        (_, Some(digits)) => (digits, Some(12)),
        _ => (folded.as_str(), None),
    };
    let (hour, minute) = digits.split_once(':').unwrap_or((digits, "00"));
    let number = |text: &str| text.parse::<i32>().ok().filter(|_| text.len() <= 2 && !text.starts_with('+'));
    let refused = || Failure::argument(path, format!("{} is no time of day", quoted(text, 40)), hint);
    let (Some(hour), Some(minute), true) = (number(hour), number(minute), minute.len() == 2) else {
        return Err(refused());
    };
    let hour = match half {
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return Err(refused()),
        None => hour,
    };
    if hour == 24 && minute == 0 {
        return Err(Failure::argument(path, "a day ends at 23:45", "say 23:45; OnceHub counts in quarters of an hour"));
    }
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) {
        return Err(refused());
    }
    if minute % 15 != 0 {
        let (down, up) = (hour * 60 + minute / 15 * 15, (hour * 60 + minute / 15 * 15 + 15).min(23 * 60 + 45));
        let hint = format!("say {} or {}", written(down), written(up));
        return Err(Failure::argument(
            path,
            format!("{} is not on a quarter of an hour", written(hour * 60 + minute)),
            hint,
        ));
    }
    Ok(hour * 60 + minute)
}

/// The minutes of `09:00`.
pub(super) fn minutes(text: &str) -> Option<i32> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute) = (hour.parse::<i32>().ok()?, minute.get(..2)?.parse::<i32>().ok()?);
    ((0..=24).contains(&hour) && (0..60).contains(&minute)).then_some(hour * 60 + minute)
}

fn written(minutes: i32) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}
