//! A user's working hours, as OnceHub sends them and in words.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::{self, Display};

use jiff::civil::{Date, Weekday};
use serde_json::Value;

use crate::names::Found;
use crate::oncehub::users::{Hours, Location};
use crate::records::availability::Availability;
use crate::records::time::Zone;
use crate::records::untrusted::{quoted, word};

/// The days of the week, with OnceHub's names for them.
pub(super) const DAYS: [(Weekday, &str); 7] = [
    (Weekday::Monday, "Monday"),
    (Weekday::Tuesday, "Tuesday"),
    (Weekday::Wednesday, "Wednesday"),
    (Weekday::Thursday, "Thursday"),
    (Weekday::Friday, "Friday"),
    (Weekday::Saturday, "Saturday"),
    (Weekday::Sunday, "Sunday"),
];

/// Returns OnceHub's name for a day.
pub(super) fn name_of(day: Weekday) -> &'static str {
    DAYS.iter().find(|(known, _)| *known == day).map_or("Sunday", |(_, name)| name)
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

    /// Formats the hours then.
    pub fn told(self, hours: &[Hours]) -> String {
        told(hours, if matches!(self, Self::Day(_)) { "closed" } else { "off" })
    }
}

/// `Thursdays`, `Thu 2026-12-24`
impl Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => write!(f, "{}s", name_of(*day)),
            Self::Date(date) => write!(f, "{}", date.strftime("%a %Y-%m-%d")),
        }
    }
}

/// A user's working hours.
#[derive(Clone)]
pub struct Schedule {
    /// The zone of all its times.
    pub zone: Zone,
    /// An entry for each day of the week, and one for each date that has hours of its own.
    entries: HashMap<When, Vec<Hours>>,
}

impl Schedule {
    /// Reads as much of a schedule as possible. Without a known zone, the user's own applies, or else `otherwise`.
    pub fn read(sent: &Availability, user: &Found, otherwise: &Zone) -> Self {
        let users_own = user.entry.as_ref().and_then(|entry| entry.timezone.as_deref());
        let named = [sent.timezone.as_deref(), users_own];
        let zone = named.into_iter().flatten().find_map(|name| Zone::parse(name).ok());
        let mut entries: HashMap<When, Vec<Hours>> = DAYS.map(|(day, _)| (When::Day(day), Vec::new())).into();
        for row in sent.weekly.iter().flatten() {
            let name = text(row, "day").unwrap_or_default();
            if let Some((day, _)) = DAYS.iter().find(|(_, known)| known.eq_ignore_ascii_case(name.trim())) {
                entries.entry(When::Day(*day)).or_default().extend(hours(row));
            }
        }
        for row in sent.overrides.iter().flatten() {
            let date = text(row, "date").and_then(|date| date.trim().get(..10)?.parse().ok());
            entries.extend(date.map(|date| (When::Date(date), hours(row))));
        }
        Self { zone: zone.unwrap_or_else(|| otherwise.clone()), entries }
    }

    /// Returns OnceHub's own entry for a day or date: `None` for a date without an override.
    pub fn entry(&self, when: When) -> Option<&[Hours]> {
        self.entries.get(&when).map(Vec::as_slice)
    }

    /// Returns the hours in effect on a day or date.
    pub fn at(&self, when: When) -> &[Hours] {
        self.entry(when).or_else(|| self.entry(when.usual())).unwrap_or_default()
    }

    /// Returns the first hours of a day or date; if there are none, those that it usually has, or else the week.
    pub fn first(&self, when: When) -> Option<&Hours> {
        let week = DAYS.iter().map(|(day, _)| When::Day(*day));
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

    /// Formats the schedule line by line: consecutive days that are alike together, then the dates.
    pub fn text(&self) -> String {
        let hours = |day: Weekday| self.at(When::Day(day));
        let mut lines: Vec<String> = Vec::new();
        for days in DAYS.chunk_by(|(day, _), (next, _)| hours(*day) == hours(*next)) {
            let names = match days {
                [(_, first), .., (_, last)] => format!("{first:.3}-{last:.3}"),
                only => only.iter().map(|(_, name)| format!("{name:.3}")).collect(),
            };
            lines.extend(days.first().map(|(day, _)| format!("{names} {}", told(hours(*day), "closed"))));
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
pub(super) fn minutes(hours: &Hours) -> Option<(i32, i32)> {
    let minutes = |text: &str| {
        let (hour, minute) = text.split_once(':')?;
        let (hour, minute) = (hour.parse::<i32>().ok()?, minute.get(..2)?.parse::<i32>().ok()?);
        ((0..=24).contains(&hour) && (0..60).contains(&minute)).then_some(hour * 60 + minute)
    };
    Some((minutes(&hours.start_time)?, minutes(&hours.end_time)?))
}

/// Whether hours are the same: their times, and the types of their locations. OnceHub shows a row for each video
/// service.
pub(super) fn is_alike(a: &[Hours], b: &[Hours]) -> bool {
    fn key(hours: &Hours) -> (&str, &str, BTreeSet<&str>) {
        let types = hours.locations.iter().map(|location| location.kind.as_str()).filter(|kind| !kind.is_empty());
        (&hours.start_time, &hours.end_time, types.collect())
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
