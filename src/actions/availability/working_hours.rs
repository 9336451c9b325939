//! A user's working hours, as OnceHub sends them and in words.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::{self, Display};

use jiff::civil::{Date, Weekday};
use jiff::{Timestamp, ToSpan as _};
use serde_json::Value;

use super::location::identity;
use crate::names::{Found, Names};
use crate::oncehub::users::{GetAvailability, Hours, Location};
use crate::oncehub::{Error, Object};
use crate::records::{Availability, Told, Zone, quoted, word};

/// OnceHub's names for the days of the week.
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Returns the days of the week, with OnceHub's names for them.
pub(super) fn week() -> impl Iterator<Item = (Weekday, &'static str)> {
    Weekday::Monday.cycle_forward().zip(DAYS)
}

/// A day of the week or a date.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum When {
    Day(Weekday),
    Date(Date),
}

impl When {
    /// Returns the day of the week whose hours apply unless a date has its own.
    fn usual(self) -> Self {
        match self {
            Self::Day(_) => self,
            Self::Date(date) => Self::Day(date.weekday()),
        }
    }

    /// Returns OnceHub's field for it, and how it is written there.
    pub(super) fn named(self) -> (&'static str, String) {
        match self {
            Self::Day(day) => ("day", week().filter(|(known, _)| *known == day).map(|(_, name)| name).collect()),
            Self::Date(date) => ("date", date.to_string()),
        }
    }

    /// Formats its hours.
    pub fn told(self, hours: &[Hours]) -> String {
        told(hours, if matches!(self, Self::Day(_)) { "closed" } else { "off" })
    }
}

/// `Thursdays`, `Thu 2026-12-24`
impl Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(_) => write!(f, "{}s", self.named().1),
            Self::Date(date) => write!(f, "{}", date.strftime("%a %Y-%m-%d")),
        }
    }
}

/// A user's working hours.
#[derive(Clone)]
pub struct WorkingHours {
    /// Whose hours they are.
    pub user: Found,
    /// What OnceHub sent, with the user's name.
    pub sent: Told<Availability>,
    /// The zone of all times: the user's own.
    pub zone: Zone,
    /// An entry for each day of the week, and one for each date that has hours of its own.
    entries: HashMap<When, Vec<Hours>>,
}

impl WorkingHours {
    /// Reads a user's hours.
    pub async fn of(names: &Names, user: Found) -> Result<Self, Error> {
        let object = names.oncehub.send(&GetAvailability { id: user.id.clone() }).await?;
        Ok(Self::read(object, user, &names.zone))
    }

    /// Reads as much as possible of what OnceHub sent about a user. Without a known zone, the times are in `otherwise`.
    pub fn read(object: Object, user: Found, otherwise: &Zone) -> Self {
        let mut sent = Told::<Availability>::from(object);
        let users_own = user.entry.as_ref().and_then(|entry| entry.timezone.as_deref());
        let named = [sent.timezone.as_deref(), users_own];
        let zone = named.into_iter().flatten().find_map(|name| Zone::parse(name).ok());
        let zone = zone.unwrap_or_else(|| otherwise.clone());
        let mut entries: HashMap<When, Vec<Hours>> = week().map(|(day, _)| (When::Day(day), Vec::new())).collect();
        for row in sent.weekly.iter().flatten() {
            let name = text(row, "day").unwrap_or_default().trim();
            if let Some((day, _)) = week().find(|(_, known)| known.eq_ignore_ascii_case(name)) {
                entries.entry(When::Day(day)).or_default().extend(hours(row));
            }
        }
        for row in sent.overrides.iter().flatten() {
            let date = text(row, "date").and_then(|date| date.trim().get(..10)?.parse().ok());
            entries.extend(date.map(|date| (When::Date(date), hours(row))));
        }
        sent.user_id = Some(user.id.to_string());
        sent.user_name = user.entry.as_ref().map(|entry| entry.name.clone());
        sent.timezone = Some(zone.name().to_owned());
        Self { user, sent, zone, entries }
    }

    /// Returns OnceHub's own entry for a day or date: `None` for a date without an override.
    pub fn entry(&self, when: When) -> Option<&[Hours]> {
        self.entries.get(&when).map(Vec::as_slice)
    }

    /// Returns the hours in effect on a day or date.
    pub fn at(&self, when: When) -> &[Hours] {
        self.entry(when).or_else(|| self.entry(when.usual())).unwrap_or_default()
    }

    /// Whether the user works from one moment to another. Adjoining ranges of hours count as one, over midnight, too.
    pub fn covers(&self, from: Timestamp, until: Timestamp) -> bool {
        let dates = self.zone.date(from).series(1.day()).take_while(|date| *date <= self.zone.date(until));
        let on = |date: Date| {
            let ranges = self.at(When::Date(date)).iter().filter_map(minutes);
            ranges.filter_map(move |(begin, end)| Some((self.zone.minute(date, begin)?, self.zone.minute(date, end)?)))
        };
        let mut ranges: Vec<_> = dates.flat_map(on).collect();
        ranges.sort_unstable();
        // How long they work without a break.
        let work = |to: Timestamp, (begin, end): (Timestamp, Timestamp)| if begin <= to { to.max(end) } else { to };
        let to = ranges.into_iter().fold(from, work);
        to > from && until <= to
    }

    /// Returns the first hours of a day or date; without any, those of its day of the week, or else of the week.
    pub fn first(&self, when: When) -> Option<&Hours> {
        let week = week().map(|(day, _)| When::Day(day));
        [when, when.usual()].into_iter().chain(week).find_map(|when| self.at(when).first())
    }

    /// Returns the dates that have hours of their own, in order.
    pub fn overrides(&self) -> BTreeMap<Date, &[Hours]> {
        let date = |(when, hours)| match when {
            &When::Date(date) => Some((date, Vec::as_slice(hours))),
            When::Day(_) => None,
        };
        self.entries.iter().filter_map(date).collect()
    }

    /// Returns the locations of all hours.
    pub fn locations(&self) -> impl Iterator<Item = &Location> {
        self.entries.values().flatten().flat_map(|hours| &hours.locations)
    }

    /// Replaces the entry for a day or date, or removes it.
    pub fn set(&mut self, when: When, hours: Option<Vec<Hours>>) {
        match hours {
            Some(hours) => self.entries.insert(when, hours),
            None => self.entries.remove(&when),
        };
    }

    /// Whether another schedule has the same entry for a day or date.
    pub fn agrees(&self, other: &Self, when: When) -> bool {
        match (self.entry(when), other.entry(when)) {
            (Some(one), Some(other)) => is_alike(one, other),
            (one, other) => one.is_none() && other.is_none(),
        }
    }

    /// Returns the user's id and name.
    pub fn described(&self) -> String {
        match &self.user.entry {
            Some(entry) => format!("{} {}", self.user.id, quoted(&entry.name, 60)),
            None => self.user.id.to_string(),
        }
    }

    /// Returns the line that the hours are shown under: whose they are, and in which zone.
    pub fn heading(&self) -> String {
        format!("{} | times in {}", self.described(), self.zone.name())
    }

    /// Formats the schedule line by line: consecutive days that are alike together, then the dates.
    pub fn text(&self) -> String {
        let days: Vec<_> = week().map(|(day, name)| (name, self.at(When::Day(day)))).collect();
        let mut lines = vec![self.heading()];
        for alike in days.chunk_by(|(_, hours), (_, next)| hours == next) {
            lines.extend(match alike {
                [(first, hours), .., (last, _)] => Some(format!("{first:.3}-{last:.3} {}", told(hours, "closed"))),
                only => only.first().map(|(day, hours)| format!("{day:.3} {}", told(hours, "closed"))),
            });
        }
        let overrides = self.overrides();
        if !overrides.is_empty() {
            lines.push("date overrides:".into());
        }
        lines.extend(overrides.iter().map(|(date, hours)| format!("{} {}", When::Date(*date), told(hours, "off"))));
        lines.join("\n")
    }
}

fn text<'a>(row: &'a Value, field: &str) -> Option<&'a str> {
    row.get(field)?.as_str().filter(|text| !text.trim().is_empty())
}

fn list<'a>(row: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    row.get(field).and_then(Value::as_array).into_iter().flatten()
}

fn hours(row: &Value) -> Vec<Hours> {
    let time = |row: &Value, field| text(row, field).unwrap_or_default().trim().to_owned();
    let location = |row: &Value| Location {
        kind: text(row, "type").unwrap_or_default().to_owned(),
        id: text(row, "id").map(str::to_owned),
        value: text(row, "value").map(str::to_owned),
    };
    let hours = |row: &Value| Hours {
        start_time: time(row, "start_time"),
        end_time: time(row, "end_time"),
        locations: list(row, "locations").map(location).collect(),
    };
    list(row, "working_hours").filter(|row| row.is_object()).map(hours).collect()
}

/// Converts a range of hours to minutes since midnight; `None` if OnceHub's times cannot be read.
pub(super) fn minutes(hours: &Hours) -> Option<(i64, i64)> {
    let minutes = |text: &str| {
        let (hour, minute) = text.split_once(':')?;
        let (hour, minute) = (hour.parse::<i64>().ok()?, minute.get(..2)?.parse::<i64>().ok()?);
        ((0..=24).contains(&hour) && (0..60).contains(&minute)).then_some(hour * 60 + minute)
    };
    Some((minutes(&hours.start_time)?, minutes(&hours.end_time)?))
}

/// Whether two ranges overlap.
pub(super) fn overlap(a: &Hours, b: &Hours) -> bool {
    matches!((minutes(a), minutes(b)), (Some((from, to)), Some((start, end))) if from < end && start < to)
}

/// Whether hours are the same: their times, and where meetings take place.
pub(super) fn is_alike(a: &[Hours], b: &[Hours]) -> bool {
    fn key(hours: &Hours) -> (&str, &str, BTreeSet<(&str, Option<String>)>) {
        let places = hours.locations.iter().filter(|location| !location.kind.is_empty()).map(identity);
        (&hours.start_time, &hours.end_time, places.collect())
    }
    a.iter().map(key).eq(b.iter().map(key))
}

/// `09:00-12:00`
pub(super) fn range(hours: &Hours) -> String {
    format!("{}-{}", word(&hours.start_time), word(&hours.end_time))
}

/// `09:00-12:00, 13:00-17:00 (google_meet)`, or `none` if there are no hours.
pub(super) fn told(hours: &[Hours], none: &str) -> String {
    if hours.is_empty() {
        return none.to_owned();
    }
    let places = |hours: &Hours| match hours.locations.as_slice() {
        [] => "no location".to_owned(),
        all => all.iter().map(place).collect::<Vec<_>>().join(", "),
    };
    let mut told = Vec::new();
    // Consecutive ranges share the mention of their locations.
    for alike in hours.chunk_by(|range, next| places(range) == places(next)) {
        let ranges: Vec<String> = alike.iter().map(range).collect();
        told.extend(alike.first().map(|first| format!("{} ({})", ranges.join(", "), places(first))));
    }
    told.join(", ")
}

fn place(Location { kind, id, value }: &Location) -> String {
    let kind = if kind.is_empty() { "?" } else { kind };
    match (kind, value, id) {
        ("online_dynamic_link", Some(provider), _) => word(provider),
        ("in_person_by_host", Some(address), Some(id)) => format!("{} {}", quoted(address, 80), word(id)),
        ("in_person_by_host", None, Some(id)) => format!("at {}", word(id)),
        // The host's own meeting room.
        ("online_static_link", Some(url), _) => format!("{kind} {}", word(url)),
        (kind, Some(value), _) => format!("{} {}", word(kind), quoted(value, 120)),
        (kind, ..) => word(kind),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hours_are_wall_clock_times_and_adjoin_over_midnight() {
        let hours = |begin: &str, end: &str| json!({"start_time": begin, "end_time": end, "locations": []});
        let sent = json!({"timezone": "America/New_York", "weekly": [
            {"day": "Saturday", "working_hours": [hours("20:00", "22:00"), hours("22:00", "24:00")]},
            {"day": "Sunday", "working_hours": [hours("00:00", "04:00"), hours("junk", "05:00")]},
        ], "overrides": [{"date": "2026-11-07", "working_hours": []}]});
        let user = Found { id: "USR-1".parse().unwrap(), entry: None, by_part: false };
        let schedule = WorkingHours::read(Object::new(sent), user, &Zone::utc());
        for (from, until, covers) in [
            // Ranges that adjoin, also over midnight; from the first minute to the last.
            ("2026-10-25T00:00:00Z", "2026-10-25T08:00:00Z", true),
            ("2026-10-24T23:59:00Z", "2026-10-25T01:00:00Z", false),
            ("2026-10-25T07:30:00Z", "2026-10-25T08:01:00Z", false),
            // On 1 November the hour from one to two comes twice: the night is five hours long until four.
            ("2026-11-01T04:00:00Z", "2026-11-01T09:00:00Z", true),
            ("2026-11-01T08:30:00Z", "2026-11-01T09:30:00Z", false),
            // On 14 March there is no hour from two to three: it is three hours long.
            ("2027-03-14T05:00:00Z", "2027-03-14T08:00:00Z", true),
            ("2027-03-14T07:30:00Z", "2027-03-14T08:30:00Z", false),
            // A day off, and a day without hours.
            ("2026-11-08T01:30:00Z", "2026-11-08T02:00:00Z", false),
            ("2026-10-26T15:00:00Z", "2026-10-26T15:30:00Z", false),
            // A moment.
            ("2026-10-25T00:00:00Z", "2026-10-25T00:00:00Z", true),
            ("2026-10-25T08:00:00Z", "2026-10-25T08:00:00Z", false),
        ] {
            assert_eq!(schedule.covers(from.parse().unwrap(), until.parse().unwrap()), covers, "{from} to {until}");
        }
    }
}
