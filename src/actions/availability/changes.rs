//! Changes to days and dates: before, after, and in words.

use std::collections::BTreeSet;

use jiff::civil::{Date, Weekday};
use serde_json::{Value, json};

use super::hours::{Plan, day_of};
use super::schedule::{Schedule, name_of, told};
use crate::oncehub::users::Hours;

/// A day of the week or a date.
#[derive(Clone, Copy)]
pub enum When {
    Day(Weekday),
    Date(Date),
}

impl When {
    /// Returns the hours in effect then.
    pub fn of(self, schedule: &Schedule) -> &[Hours] {
        match self {
            Self::Day(day) => schedule.day(day),
            Self::Date(date) => schedule.date(date),
        }
    }

    /// Returns OnceHub's own entry for it: `None` for a date without an override.
    pub fn row(self, schedule: &Schedule) -> Option<&[Hours]> {
        match self {
            Self::Day(day) => Some(schedule.day(day)),
            Self::Date(date) => schedule.overrides.get(&date).map(Vec::as_slice),
        }
    }

    /// Returns the entry that the plan wants OnceHub to have.
    pub fn wanted_row(self, plan: &Plan) -> Option<&[Hours]> {
        match self {
            Self::Day(day) => plan.weekly.iter().find(|(known, _)| *known == day).map(|(_, hours)| hours.as_slice()),
            Self::Date(date) => {
                plan.overrides.iter().find(|(known, _)| *known == date).and_then(|(_, hours)| hours.as_deref())
            }
        }
    }

    /// Returns the hours that the plan wants to be in effect then.
    pub fn wanted(self, plan: &Plan, before: &Schedule) -> Vec<Hours> {
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

/// A change to one day or date.
pub struct Change {
    pub what: When,
    pub before: Vec<Hours>,
    pub after: Vec<Hours>,
    /// Whether a date returns to its usual hours.
    usual: bool,
}

impl Change {
    pub fn all(plan: &Plan, before: &Schedule, after: impl Fn(When) -> Vec<Hours>) -> Vec<Self> {
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

    pub fn as_it_is(&self) -> String {
        format!("{} {}", self.when(), self.hours(&self.before))
    }

    pub fn structure(&self) -> Value {
        let (name, when) = match self.what {
            When::Day(day) => ("day", name_of(day).to_owned()),
            When::Date(date) => ("date", date.to_string()),
        };
        json!({name: when, "before": self.hours(&self.before), "after": self.hours(&self.after)})
    }
}

/// Describes each change on a line; weekdays that change alike share one.
pub fn in_words(changes: &[Change]) -> Vec<String> {
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

pub(super) fn is_same_row(a: Option<&[Hours]>, b: Option<&[Hours]>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => is_alike(a, b),
        (a, b) => a.is_none() && b.is_none(),
    }
}

/// Whether hours are the same: their times, and the types of their locations. OnceHub shows a row for each video
/// service.
pub fn is_alike(a: &[Hours], b: &[Hours]) -> bool {
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
