//! A schedule as OnceHub sends it, and in words.

use std::collections::BTreeMap;

use jiff::civil::{Date, Weekday};
use serde_json::Value;

use crate::names::Found;
use crate::oncehub::users::Hours;
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

/// A user's working hours.
pub struct Schedule {
    /// The zone of all its times.
    pub zone: Zone,
    weekly: [Vec<Hours>; 7],
    pub overrides: BTreeMap<Date, Vec<Hours>>,
}

impl Schedule {
    /// Reads as much of a schedule as possible. Without a known zone, the user's own applies, or else `otherwise`.
    pub fn read(sent: &Availability, user: &Found, otherwise: &Zone) -> Self {
        let users_own = user.entry.as_ref().and_then(|entry| entry.timezone.as_deref());
        let named = [sent.timezone.as_deref(), users_own];
        let zone = named.into_iter().flatten().find_map(|name| Zone::parse(name).ok());
        let rows = |rows: &Option<Vec<Value>>| -> Vec<(String, String, Vec<Hours>)> {
            let rows = rows.iter().flatten();
            rows.map(|row| (text(row, "day"), text(row, "date"), hours(row.get("working_hours")))).collect()
        };
        let mut weekly: [Vec<Hours>; 7] = Default::default();
        for (day, _, hours) in rows(&sent.weekly) {
            if let Some(all) =
                DAYS.iter().position(|(_, name)| name.eq_ignore_ascii_case(&day)).and_then(|at| weekly.get_mut(at))
            {
                all.extend(hours);
            }
        }
        let overrides = rows(&sent.overrides)
            .into_iter()
            .filter_map(|(_, date, hours)| Some((date.get(..10)?.parse().ok()?, hours)));
        Self { zone: zone.unwrap_or_else(|| otherwise.clone()), weekly, overrides: overrides.collect() }
    }

    /// Returns the hours of a day of the week.
    pub fn day(&self, day: Weekday) -> &[Hours] {
        let at = DAYS.iter().position(|(known, _)| *known == day).unwrap_or_default();
        self.weekly.get(at).map_or(&[], Vec::as_slice)
    }

    /// Returns the hours of a date: its own, or else those of its day of the week.
    pub fn date(&self, date: Date) -> &[Hours] {
        self.overrides.get(&date).map_or_else(|| self.day(date.weekday()), Vec::as_slice)
    }

    /// Returns the hours of the first day that has any.
    pub fn usual(&self) -> &[Hours] {
        self.weekly.iter().find(|hours| !hours.is_empty()).map_or(&[], Vec::as_slice)
    }

    /// Formats the schedule line by line: consecutive days that are alike together, then the dates.
    pub fn text(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        let mut alike: Vec<&str> = Vec::new();
        for (index, (day, name)) in DAYS.iter().enumerate() {
            alike.push(name.get(..3).unwrap_or(name));
            let next = DAYS.get(index + 1).map(|(next, _)| self.day(*next));
            if next != Some(self.day(*day)) {
                let days = match alike.as_slice() {
                    [first, .., last] => format!("{first}-{last}"),
                    only => only.concat(),
                };
                lines.push(format!("{days} {}", told(self.day(*day), "closed")));
                alike.clear();
            }
        }
        if !self.overrides.is_empty() {
            lines.push("date overrides:".into());
        }
        for (date, hours) in &self.overrides {
            lines.push(format!("{} {}", date.strftime("%a %Y-%m-%d"), told(hours, "off")));
        }
        lines.join("\n")
    }
}

fn text(row: &Value, field: &str) -> String {
    row.get(field).and_then(Value::as_str).unwrap_or_default().trim().to_owned()
}

fn hours(sent: Option<&Value>) -> Vec<Hours> {
    let each = sent.and_then(Value::as_array).into_iter().flatten().filter(|hours| hours.is_object());
    each.map(|hours| Hours {
        start_time: text(hours, "start_time"),
        end_time: text(hours, "end_time"),
        locations: hours.get("locations").and_then(Value::as_array).cloned().unwrap_or_default(),
    })
    .collect()
}

/// `09:00-12:00, 13:00-17:00 (google_meet)`, or `none` if there are no hours.
pub(super) fn told(hours: &[Hours], none: &str) -> String {
    if hours.is_empty() {
        return none.to_owned();
    }
    let places = |hours: &Hours| hours.locations.iter().map(place).collect::<Vec<_>>().join(", ");
    let in_words = |places: &str| format!(" ({})", if places.is_empty() { "no location" } else { places });
    let mut told = Vec::new();
    for (index, each) in hours.iter().enumerate() {
        let own = places(each);
        // Locations shared with the next range are shown once, after it.
        let again = hours.get(index + 1).is_some_and(|next| places(next) == own);
        let shown = format!("{}-{}", word(&each.start_time), word(&each.end_time));
        told.push(if again { shown } else { shown + &in_words(&own) });
    }
    told.join(", ")
}

fn place(location: &Value) -> String {
    let field = |name: &str| location.get(name).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    let kind = field("type").unwrap_or("?");
    match (kind, field("value"), field("id")) {
        ("online_dynamic_link", Some(provider), _) => word(provider),
        ("in_person_by_host", value, Some(id)) => match value {
            Some(address) => format!("{} {}", quoted(address, 80), word(id)),
            None => format!("at {}", word(id)),
        },
        // The host's own meeting room.
        ("online_static_link", Some(url), _) => format!("{kind} {}", word(url)),
        (_, Some(value), _) => format!("{} {}", word(kind), quoted(value, 120)),
        (kind, ..) => word(kind),
    }
}
