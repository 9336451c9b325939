//! What a change of hours makes of a schedule.

use std::collections::HashSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::hours::{DateInput, DayInput, HoursInput, complete, date, days};
use super::schedule::{Schedule, When, is_alike, name_of};
use crate::oncehub::{Id, users};
use crate::records::failure::Failure;
use crate::records::untrusted::quoted;

/// A change of hours that OnceHub will accept: whole days and dates, with what the caller left out filled in.
pub struct Plan {
    pub before: Schedule,
    /// The schedule that is wanted.
    pub wanted: Schedule,
    /// The days and dates that OnceHub is sent, in the caller's order.
    pub changed: Vec<When>,
    /// What had to be left out or was superfluous.
    pub notes: Vec<String>,
}

impl Plan {
    /// Merges the requested hours with the schedule.
    pub fn make(
        weekly: &[DayInput],
        overrides: &[DateInput],
        before: Schedule,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let mut plan = Self { wanted: before.clone(), before, changed: Vec::new(), notes: Vec::new() };
        for (index, row) in weekly.iter().enumerate() {
            let path = format!("weekly[{index}]");
            let days = days(&row.day).ok_or_else(|| {
                let problem = format!("{} is not a day of the week", quoted(&row.day, 40));
                let hint = "write it out, like Thursday, Mon-Fri, weekdays or weekends; dates go into overrides";
                Failure::argument(&format!("{path}.day"), problem, hint)
            })?;
            for day in days {
                plan.change(&path, When::Day(day), Some(&row.working_hours))?;
            }
        }
        for (index, row) in overrides.iter().enumerate() {
            let path = format!("overrides[{index}]");
            let date = date(&format!("{path}.date"), &row.date, &plan.before, now)?;
            plan.change(&path, When::Date(date), row.hours(&path)?)?;
        }
        let today = plan.before.zone.date(now);
        for (date, hours) in plan.before.overrides() {
            let (day, when) = (When::Day(date.weekday()), When::Date(date));
            if date >= today && plan.changed.contains(&day) && !plan.changed.contains(&when) {
                let note = format!("{when} has hours of its own, which stay as they are: {}.", when.told(hours));
                plan.notes.push(note);
            }
        }
        let mut said = HashSet::new();
        plan.notes.retain(|note| said.insert(note.clone()));
        Ok(plan)
    }

    /// Plans the hours of a day or date; none remove an override.
    fn change(&mut self, path: &str, when: When, hours: Option<&[HoursInput]>) -> Result<(), Failure> {
        let (field, name) = named(when);
        if self.changed.contains(&when) {
            let hint = "give all of its hours in one entry";
            return Err(Failure::argument(&format!("{path}.{field}"), format!("{name} appears twice"), hint));
        }
        if hours.is_none() && self.before.entry(when).is_none() {
            self.notes.push(format!("{name} had no hours of its own: there was nothing to remove."));
            return Ok(());
        }
        let complete = |hours| complete(path, hours, (when, &self.before), &mut self.notes);
        self.wanted.set(when, hours.map(complete).transpose()?);
        self.changed.push(when);
        Ok(())
    }

    /// Whether OnceHub has all of it already.
    pub fn is_so_already(&self) -> bool {
        self.changed.iter().all(|when| self.before.agrees(&self.wanted, *when))
    }

    /// Describes what changes up to a schedule, each change on a line; days that change alike share one.
    pub fn in_words(&self, after: &Schedule) -> Vec<String> {
        let change = |when: When| {
            let usual = if self.wanted.entry(when).is_none() { " (the usual hours)" } else { "" };
            format!("{} -> {}{usual}", when.told(self.before.at(when)), when.told(after.at(when)))
        };
        let mut lines = Vec::new();
        for alike in self.changed.chunk_by(|one, other| change(*one) == change(*other)) {
            let names: Vec<String> = alike.iter().map(ToString::to_string).collect();
            lines.extend(alike.first().map(|first| format!("{} {}", names.join(", "), change(*first))));
        }
        lines
    }

    /// Returns each day and date with its hours before, and in a schedule after the change.
    pub fn rows(&self, after: &Schedule) -> Vec<Value> {
        let row = |when: &When| {
            let (field, name) = named(*when);
            json!({field: name, "before": when.told(self.before.at(*when)), "after": when.told(after.at(*when))})
        };
        self.changed.iter().map(row).collect()
    }

    /// Whether all days and dates have the wanted hours in a schedule after the change.
    pub fn is_applied(&self, after: &Schedule) -> bool {
        self.changed.iter().all(|when| is_alike(after.at(*when), self.wanted.at(*when)))
    }

    /// Returns the request that carries out the plan.
    pub fn request(&self, user: &Id) -> users::UpdateAvailability {
        let mut request = users::UpdateAvailability { id: user.clone(), weekly: Vec::new(), overrides: Vec::new() };
        for when in &self.changed {
            let working_hours = self.wanted.entry(*when).map(<[_]>::to_vec);
            match when {
                When::Day(day) => request
                    .weekly
                    .push(users::Day { day: name_of(*day), working_hours: working_hours.unwrap_or_default() }),
                When::Date(date) => request.overrides.push(users::Override { date: date.to_string(), working_hours }),
            }
        }
        request
    }
}

/// Returns OnceHub's field for a day or date, and how it is written there.
fn named(when: When) -> (&'static str, String) {
    match when {
        When::Day(day) => ("day", name_of(day).to_owned()),
        When::Date(date) => ("date", date.to_string()),
    }
}
