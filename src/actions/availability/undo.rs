//! The way back: a change of hours that restores what was there before.

use jiff::Timestamp;
use jiff::civil::Date;

use super::hours::HoursInput;
use super::location::{LocationInput, accepted};
use super::working_hours::{When, WorkingHours};
use super::{DateInput, DayInput, Update};
use crate::oncehub::users::Hours;

impl Update {
    /// Returns the change that restores the hours of before in the schedule that this one has led to; `None` if no
    /// change can, because OnceHub has not sent the hours, or would not accept them.
    pub fn undo(&self, after: &WorkingHours, now: Timestamp) -> Option<(Vec<DayInput>, Vec<DateInput>)> {
        self.before.sent.weekly.as_ref()?;
        let mut weekly: Vec<DayInput> = Vec::new();
        let mut overrides: Vec<DateInput> = Vec::new();
        for when in &self.changed {
            let name = when.named().1;
            match (when, self.before.entry(*when)) {
                (When::Day(_), hours) => {
                    let working_hours = given(hours.unwrap_or_default())?;
                    weekly.push(DayInput { day: name, working_hours });
                }
                (When::Date(_), Some(hours)) => {
                    let working_hours = Some(given(hours)?);
                    overrides.push(DateInput { date: Some(name), working_hours, ..DateInput::default() });
                }
                (When::Date(_), None) => {}
            }
        }
        overrides.extend(self.removals());
        // What a caller gives is read leniently: only merging it shows what would come of it.
        let back = Self::of(after.clone(), weekly.clone(), overrides.clone(), now).ok()?;
        let is_restored = self.changed.iter().all(|when| back.wanted.agrees(&self.before, *when));
        is_restored.then_some((weekly, overrides))
    }

    /// Returns the removals of the overrides that were not there before. Those with no other override in between share
    /// a range.
    fn removals(&self) -> Vec<DateInput> {
        let added = |when: &When| match when {
            When::Date(date) if self.before.entry(*when).is_none() => Some(*date),
            _ => None,
        };
        let mut added: Vec<Date> = self.changed.iter().filter_map(added).collect();
        added.sort_unstable();
        let kept = self.before.overrides();
        let is_apart = |one: &Date, next: &Date| kept.range(*one..*next).next().is_some();
        let removal = |dates: &[Date]| match dates {
            [] => None,
            [only] => Some(DateInput { date: Some(only.to_string()), remove: Some(true), ..DateInput::default() }),
            [first, .., last] => {
                let (from, to) = (Some(first.to_string()), Some(last.to_string()));
                Some(DateInput { from, to, remove: Some(true), ..DateInput::default() })
            }
        };
        added.chunk_by(|one, next| !is_apart(one, next)).filter_map(removal).collect()
    }
}

/// Returns hours as a caller gives them; `None` if a location is of a type that is not known here.
fn given(hours: &[Hours]) -> Option<Vec<HoursInput>> {
    let given = |Hours { start_time, end_time, locations }: &Hours| {
        let locations = accepted(locations.iter(), &mut Vec::new()).into_iter().map(LocationInput::of);
        let locations = Some(locations.collect::<Option<_>>()?);
        Some(HoursInput { start_time: start_time.clone(), end_time: end_time.clone(), locations })
    };
    hours.iter().map(given).collect()
}
