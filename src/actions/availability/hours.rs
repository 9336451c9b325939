//! Hours as a person means them, validated before OnceHub sees them: each problem names the field by its path.

use jiff::civil::{Date, Time, Weekday};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::schedule::{DAYS, Schedule, name_of, told};
use crate::names::{fold, looks_like_an_id};
use crate::oncehub::users::{self, Hours};
use crate::records::failure::Failure;
use crate::records::time;
use crate::records::untrusted::quoted;

#[derive(Clone, Deserialize, schemars::JsonSchema)]
pub struct DayInput {
    /// Thursday, Mon-Fri, weekends
    pub day: String,
    /// All hours of that day; [] closes it
    pub working_hours: Vec<HoursInput>,
}

#[derive(Clone, Deserialize, schemars::JsonSchema)]
pub struct DateInput {
    /// 2026-12-24, tomorrow, friday, +3d
    pub date: String,
    /// As in weekly; [] is a day off
    #[schemars(with = "Option<Vec<Map<String, Value>>>")]
    pub working_hours: Option<Vec<HoursInput>>,
    /// Restore the usual hours
    pub remove: Option<bool>,
}

#[derive(Clone, Deserialize, schemars::JsonSchema)]
pub struct HoursInput {
    /// 09:00, on the quarter hour
    pub start_time: String,
    pub end_time: String,
    /// Each type once, one online type; default: as now
    pub locations: Option<Vec<LocationInput>>,
}

#[derive(Clone, Deserialize, schemars::JsonSchema)]
pub struct LocationInput {
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

/// A change that OnceHub will accept: whole days and dates, with what the caller left out filled in from the schedule.
#[derive(Default)]
pub struct Plan {
    pub weekly: Vec<(Weekday, Vec<Hours>)>,
    /// The dates to change; a date without hours loses its override.
    pub overrides: Vec<(Date, Option<Vec<Hours>>)>,
    /// What had to be left out or was superfluous.
    pub notes: Vec<String>,
}

impl Plan {
    /// Merges the requested hours with the current schedule.
    pub fn make(
        weekly: &[DayInput],
        overrides: &[DateInput],
        schedule: &Schedule,
        now: jiff::Timestamp,
    ) -> Result<Self, Failure> {
        let mut plan = Self::default();
        for (index, row) in weekly.iter().enumerate() {
            let path = format!("weekly[{index}]");
            let days = days(&row.day).ok_or_else(|| {
                let problem = format!("{} is not a day of the week", quoted(&row.day, 40));
                let hint = "write it out, like Thursday, Mon-Fri, weekdays or weekends; dates go into overrides";
                Failure::argument(&format!("{path}.day"), problem, hint)
            })?;
            for day in days {
                if plan.weekly.iter().any(|(known, _)| *known == day) {
                    return Err(twice(&format!("{path}.day"), name_of(day)));
                }
                let filler = Filler { schedule, of_the_day: schedule.day(day), otherwise: schedule.usual() };
                let hours = filler.hours(&path, &row.working_hours, &mut plan.notes)?;
                plan.weekly.push((day, hours));
            }
        }
        for (index, row) in overrides.iter().enumerate() {
            let path = format!("overrides[{index}]");
            let date = date(&format!("{path}.date"), &row.date, schedule, now)?;
            if plan.overrides.iter().any(|(known, _)| *known == date) {
                return Err(twice(&format!("{path}.date"), &date.to_string()));
            }
            let hours = match (&row.working_hours, row.remove.unwrap_or_default()) {
                (Some(_), true) => {
                    let hint = "remove deletes the override; without it working_hours says what applies on that date";
                    return Err(Failure::argument(
                        &format!("{path}.remove"),
                        "cannot be combined with working_hours",
                        hint,
                    ));
                }
                (None, false) => {
                    let hint = "pass [] for a day off, hours, or remove: true to restore the usual hours";
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
        for (date, hours) in &schedule.overrides {
            let stays = plan.weekly.iter().any(|(day, _)| *day == date.weekday())
                && !plan.overrides.iter().any(|(known, _)| known == date)
                && *date >= schedule.zone.date(now);
            if stays {
                plan.notes.push(format!(
                    "{} has hours of its own, which stay as they are: {}.",
                    day_of(*date),
                    told(hours, "off")
                ));
            }
        }
        let mut said = std::collections::HashSet::new();
        plan.notes.retain(|note| said.insert(note.clone()));
        Ok(plan)
    }

    /// Returns the request that carries out the plan.
    pub fn request(&self, user: &crate::oncehub::Id) -> users::UpdateAvailability {
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
    Failure::argument(path, format!("{what} appears twice"), "give all of its hours in one entry")
}

/// Parses the days that a person means: one, several, or a range of the week.
fn days(text: &str) -> Option<Vec<Weekday>> {
    let single = |text: &str| {
        let text = text.trim().trim_end_matches('.');
        time::weekday(text).or_else(|| time::weekday(text.strip_suffix('s')?))
    };
    let all: Vec<Weekday> = DAYS.iter().map(|(day, _)| *day).collect();
    let folded = fold(text).replace('–', "-").replace(" to ", "-").replace(" and ", ",").replace('&', ",");
    let mut days = Vec::new();
    for part in folded.split(',').map(str::trim) {
        let place = |text: &str| all.iter().position(|day| Some(*day) == single(text));
        match (part, part.split_once('-')) {
            ("weekday" | "weekdays" | "workdays", _) => days.extend_from_slice(all.get(..5)?),
            ("weekend" | "weekends", _) => days.extend_from_slice(all.get(5..)?),
            ("daily" | "every day" | "all" | "all days", _) => days.extend_from_slice(&all),
            (_, Some((first, last))) => days.extend_from_slice(all.get(place(first)?..=place(last)?)?),
            (part, None) => days.push(single(part)?),
        }
    }
    Some(days)
}

/// Parses a date that is not in the past where the user is.
fn date(path: &str, text: &str, schedule: &Schedule, now: jiff::Timestamp) -> Result<Date, Failure> {
    let hint = "write it like 2026-12-24, today, tomorrow, friday (the next one after today), +3d or +2w";
    let is_days = text.trim().starts_with(['+', '-']) && text.trim().ends_with(['d', 'w', 'D', 'W']);
    let moment = time::parse(text, &schedule.zone, now).ok().filter(|moment| moment.whole_day || is_days);
    let Some(moment) = moment else {
        return Err(Failure::argument(path, format!("{} is not a date", quoted(text, 40)), hint));
    };
    let (date, today) = (schedule.zone.date(moment.at), schedule.zone.date(now));
    if date < today {
        let problem = format!("{date} is in the past: it is {today} in {}", schedule.zone.name());
        return Err(Failure::argument(path, problem, "choose a date from today on"));
    }
    Ok(date)
}

/// `Thu 2026-12-24`
pub(super) fn day_of(date: Date) -> String {
    date.strftime("%a %Y-%m-%d").to_string()
}

/// Fills in the locations that a caller leaves out.
struct Filler<'a> {
    schedule: &'a Schedule,
    of_the_day: &'a [Hours],
    otherwise: &'a [Hours],
}

impl Filler<'_> {
    /// Returns complete hours, in order.
    fn hours(&self, path: &str, asked: &[HoursInput], notes: &mut Vec<String>) -> Result<Vec<Hours>, Failure> {
        let mut ranges: Vec<(i32, i32, Hours)> = Vec::new();
        for (index, hours) in asked.iter().enumerate() {
            let path = format!("{path}.working_hours[{index}]");
            let start = clock(&format!("{path}.start_time"), &hours.start_time, Edge::Start)?;
            let end = clock(&format!("{path}.end_time"), &hours.end_time, Edge::End)?;
            if end <= start {
                let problem = format!("{} is not after {}", written(end), written(start));
                let hint = "end_time has to be later on the same day; hours across midnight go into two days";
                return Err(Failure::argument(&format!("{path}.end_time"), problem, hint));
            }
            if let Some((from, to, _)) = ranges.iter().find(|(from, to, _)| start < *to && *from < end) {
                let problem =
                    format!("{}-{} overlaps {}-{}", written(start), written(end), written(*from), written(*to));
                return Err(Failure::argument(&path, problem, "merge them into one range, or move one"));
            }
            let locations = match &hours.locations {
                Some(given) => self.given(&format!("{path}.locations"), given, notes)?,
                None => self.as_now(start, end, notes),
            };
            ranges.push((start, end, Hours { start_time: written(start), end_time: written(end), locations }));
        }
        ranges.sort_by_key(|(start, ..)| *start);
        Ok(ranges.into_iter().map(|(.., hours)| hours).collect())
    }

    /// Returns the locations of the hours being replaced, in a form that OnceHub accepts.
    fn as_now(&self, start: i32, end: i32, notes: &mut Vec<String>) -> Vec<Value> {
        let overlaps = |hours: &&Hours| {
            let range = (minutes(&hours.start_time), minutes(&hours.end_time));
            matches!(range, (Some(from), Some(to)) if start < to && from < end)
        };
        let replaced: Vec<&Hours> = self.of_the_day.iter().filter(overlaps).collect();
        let otherwise = || self.of_the_day.first().or_else(|| self.otherwise.first()).into_iter().collect();
        let now: Vec<&Hours> = if replaced.is_empty() { otherwise() } else { replaced };
        if now.iter().any(|hours| Some(&hours.locations) != now.first().map(|first| &first.locations)) {
            let joined = format!("{}-{}", written(start), written(end));
            notes.push(format!("{joined} replaces hours with different locations, and has all of those locations."));
        }
        let mut kept: Vec<Value> = Vec::new();
        for location in now.iter().flat_map(|hours| &hours.locations) {
            let field = |name: &str| location.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
            let Some(kind) = field("type") else { continue };
            let mut fields = Map::from_iter([("type".to_owned(), kind.into())]);
            // The value of a dynamic link or of a guest's place is read-only.
            for name in ["id", "value"] {
                let belongs = matches!((kind, name), ("in_person_by_host", _) | ("online_static_link", "value"));
                fields.extend(field(name).filter(|_| belongs).map(|text| (name.to_owned(), text.into())));
            }
            let row = Value::from(fields);
            let has = |kind: &str| kept.iter().any(|known| known.get("type").and_then(Value::as_str) == Some(kind));
            let other = match kind {
                "online_dynamic_link" => "online_static_link",
                "online_static_link" => "online_dynamic_link",
                _ => "",
            };
            // OnceHub lists one row per provider, and other hours repeat the row: duplicates mean nothing.
            if kept.contains(&row) {
                continue;
            }
            if has(kind) || has(other) {
                let what = field("value").or(field("id")).unwrap_or(kind);
                let group = if other.is_empty() { "one location of each type" } else { "one kind of online link" };
                notes.push(format!(
                    "OnceHub accepts only {group} for a range of hours: {} is left out.",
                    quoted(what, 80)
                ));
                continue;
            }
            kept.push(row);
        }
        kept
    }

    /// Returns the locations that the caller gives.
    fn given(&self, path: &str, given: &[LocationInput], notes: &mut Vec<String>) -> Result<Vec<Value>, Failure> {
        let mut all: Vec<Value> = Vec::new();
        for (index, location) in given.iter().enumerate() {
            let kind = location.kind;
            let path_of = |field: &str| format!("{path}[{index}].{field}");
            let before = given.get(..index).unwrap_or_default();
            if before.iter().any(|known| known.kind == kind) {
                // OnceHub shows a row for each connected provider: one stands for all of them.
                if kind == LocationType::OnlineDynamicLink {
                    continue;
                }
                let problem = format!("{} appears twice", kind.as_str());
                return Err(Failure::argument(&path_of("type"), problem, "list it once"));
            }
            if before.iter().any(|known| is_mixed(known.kind, kind)) {
                let problem = "has both online_dynamic_link and online_static_link";
                return Err(Failure::argument(path, problem, "choose one of the two"));
            }
            let mut fields = Map::from_iter([("type".to_owned(), kind.as_str().into())]);
            match kind {
                LocationType::InPersonByHost => {
                    let (id, address) = self.address(&path_of("id"), location)?;
                    fields.insert("id".into(), id.into());
                    fields.extend(address.map(|address| ("value".to_owned(), address.into())));
                }
                LocationType::OnlineStaticLink => {
                    let url = location.value.as_deref().map(str::trim).filter(|url| url::Url::parse(url).is_ok());
                    let Some(url) = url else {
                        let hint = "give the full URL, like https://meet.example.com/room";
                        return Err(Failure::argument(&path_of("value"), "online_static_link needs its URL", hint));
                    };
                    fields.insert("value".into(), url.into());
                }
                LocationType::OnlineDynamicLink if location.value.is_some() => notes.push(
                    "The services that an online_dynamic_link offers depend on what the user has connected in OnceHub, \
                     not on value."
                        .into(),
                ),
                _ => {}
            }
            all.push(json!(fields));
        }
        Ok(all)
    }

    /// Finds an address in the schedule by its id or its text; returns its id, and its text if known.
    fn address(&self, path: &str, location: &LocationInput) -> Result<(String, Option<String>), Failure> {
        let days = DAYS.iter().map(|(day, _)| self.schedule.day(*day));
        let dates = self.schedule.overrides.values().map(Vec::as_slice);
        let text = |row: &Value, field: &str| row.get(field).and_then(Value::as_str).map(str::to_owned);
        let rows = days.chain(dates).flatten().flat_map(|hours| &hours.locations);
        let mut known: Vec<(String, Option<String>)> =
            rows.filter_map(|row| Some((text(row, "id")?, text(row, "value")))).collect();
        known.sort();
        known.dedup();
        let asked = [location.id.as_deref(), location.value.as_deref()].map(|asked| asked.map(str::trim));
        for asked in asked.into_iter().flatten() {
            let is_it = |(id, address): &&(String, Option<String>)| {
                id == asked || address.as_ref().is_some_and(|address| fold(address) == fold(asked))
            };
            if let Some(found) = known.iter().find(is_it) {
                return Ok(found.clone());
            }
        }
        if let [Some(id), address] = asked
            && looks_like_an_id(id)
        {
            return Ok((id.to_owned(), address.map(str::to_owned)));
        }
        let in_use: Vec<String> = known
            .iter()
            .map(|(id, address)| format!("{id} {}", quoted(address.as_deref().unwrap_or_default(), 60)))
            .collect();
        let hint = if in_use.is_empty() {
            "get_booking_time_slots shows the ids of addresses (ADD-…) where meetings can take place".to_owned()
        } else {
            format!("pass the id of one that is in use: {}", in_use.join(", "))
        };
        Err(Failure::argument(path, "in_person_by_host needs the id of an address", hint))
    }
}

fn is_mixed(a: LocationType, b: LocationType) -> bool {
    matches!(
        (a, b),
        (LocationType::OnlineDynamicLink, LocationType::OnlineStaticLink)
            | (LocationType::OnlineStaticLink, LocationType::OnlineDynamicLink)
    )
}

/// The end of a range of hours that a time marks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Edge {
    Start,
    End,
}

/// The ways people write a time of day, once spaces and dots are removed.
const CLOCKS: [&str; 6] = ["%H:%M", "%H:%M:00", "%H%M", "%I:%M%p", "%I%p", "%H"];

/// Parses a time of day into minutes: 09:00, 9:00, 9, 9am, 5:30 p.m., 0900, noon.
fn clock(path: &str, text: &str, edge: Edge) -> Result<i32, Failure> {
    let folded = text.trim().to_ascii_lowercase().replace([' ', '.'], "").replace("noon", "12:00");
    let time = CLOCKS.iter().find_map(|form| Time::strptime(form, &folded).ok());
    let is_midnight = matches!(folded.as_str(), "24" | "24:00" | "24:00:00" | "2400");
    if is_midnight || (edge == Edge::End && time == Some(Time::midnight())) {
        let hint = "use 23:45: OnceHub counts in quarter hours; hours across midnight go into two days";
        return Err(Failure::argument(path, "a day ends at 23:45", hint));
    }
    let Some(time) = time else {
        let problem = format!("{} is not a time of day", quoted(text, 40));
        return Err(Failure::argument(path, problem, "write it like 09:00 or 17:30"));
    };
    let (hour, minute) = (i32::from(time.hour()), i32::from(time.minute()));
    if minute % 15 != 0 {
        let down = hour * 60 + minute / 15 * 15;
        let up = down + 15;
        let hint = match up {
            1440 => format!("use {}", written(down)),
            up => format!("use {} or {}", written(down), written(up)),
        };
        let problem = format!("{} is not on the quarter hour", written(hour * 60 + minute));
        return Err(Failure::argument(path, problem, hint));
    }
    Ok(hour * 60 + minute)
}

/// Converts `09:00` to minutes.
pub(super) fn minutes(text: &str) -> Option<i32> {
    let (hour, minute) = text.split_once(':')?;
    let (hour, minute) = (hour.parse::<i32>().ok()?, minute.get(..2)?.parse::<i32>().ok()?);
    ((0..=24).contains(&hour) && (0..60).contains(&minute)).then_some(hour * 60 + minute)
}

fn written(minutes: i32) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_read_as_people_write_it() {
        let read = |text: &str| clock("start_time", text, Edge::Start).ok().map(written);
        for (text, expected) in [
            ("09:00", "09:00"),
            ("9:00", "09:00"),
            (" 9 ", "09:00"),
            ("0900", "09:00"),
            ("17:30:00", "17:30"),
            ("9am", "09:00"),
            ("5:30 p.m.", "17:30"),
            ("12 AM", "00:00"),
            ("12pm", "12:00"),
            ("noon", "12:00"),
            ("0", "00:00"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "", "25:00", "24:00", "9:60", "9:5", "+9:00", "-1", "13pm", "0am", "17:30:30", "9:00:00pm", "930", "soon",
            "09:10",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert!(clock("end_time", "00:00", Edge::End).is_err());
    }
}
