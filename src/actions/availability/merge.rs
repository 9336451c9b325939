//! What is asked for, merged with the hours as they are.

use std::collections::HashSet;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};

use super::hours::{DateInput, Dates, DayInput, HoursInput, written};
use super::location::{accepted, given};
use super::working_hours::{When, WorkingHours, minutes, overlap, range};
use super::{Context, Update};
use crate::names::Found;
use crate::oncehub::users::{Hours, Location};
use crate::records::{Failure, quoted, time};

impl Update {
    /// Reads the user's hours, and merges into them the days and dates that are asked for.
    ///
    /// # Errors
    /// If what is asked for is not something that OnceHub accepts, or the hours cannot be read.
    pub async fn new(
        context: &Context,
        user: Found,
        weekly: Vec<DayInput>,
        overrides: Vec<DateInput>,
    ) -> Result<Self, Failure> {
        let before = WorkingHours::of(&context.names, user).await?;
        let mut update = Self::of(before, weekly, overrides, context.now())?;
        if !update.is_so_already() {
            update.look_ahead(context).await;
        }
        Ok(update)
    }

    /// Merges the days and dates that are asked for into hours that were read.
    pub(super) fn of(
        before: WorkingHours,
        weekly: Vec<DayInput>,
        overrides: Vec<DateInput>,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let (wanted, changed, notes) = (before.clone(), Vec::new(), Vec::new());
        let upcoming = None;
        let mut update = Self { weekly: Vec::new(), overrides: Vec::new(), before, wanted, changed, notes, upcoming };
        for (index, row) in weekly.iter().enumerate() {
            let path = format!("weekly[{index}]");
            let days = time::days(&row.day).ok_or_else(|| {
                let problem = format!("{} is not a day of the week", quoted(&row.day, 40));
                let hint = "write it out, like Thursday, Mon-Fri, weekdays or weekends; dates go into overrides";
                Failure::argument(&format!("{path}.day"), problem, hint)
            })?;
            for day in days {
                update.change(&path, When::Day(day), Some(&row.working_hours))?;
            }
        }
        for (index, row) in overrides.iter().enumerate() {
            let path = format!("overrides[{index}]");
            match row.dates(&path, &update.before, now)? {
                Dates::One(date) => update.change(&path, When::Date(date), row.hours(&path)?)?,
                Dates::Range(first, last) => update.change_range(&path, first, last, row.hours(&path)?)?,
            }
        }
        let today = update.before.zone.date(now);
        for (date, hours) in update.before.overrides() {
            let (day, when) = (When::Day(date.weekday()), When::Date(date));
            if date >= today && update.changed.contains(&day) && !update.changed.contains(&when) {
                let hours = when.told(hours);
                update.notes.push(format!("{when} has hours of its own, which stay as they are: {hours}."));
            }
        }
        let mut said = HashSet::new();
        update.notes.retain(|note| said.insert(note.clone()));
        Ok(Self { weekly, overrides, ..update })
    }

    /// Sets the hours of each date in a range that has any: somebody who works mornings for a while does not work on
    /// weekends. Without hours, all overrides in the range are removed.
    fn change_range(
        &mut self,
        path: &str,
        first: Date,
        last: Date,
        asked: Option<&[HoursInput]>,
    ) -> Result<(), Failure> {
        let is_known = self.before.sent.weekly.is_some();
        let (mut changed, mut closed) = (0, 0);
        for date in first.series(1.day()).take_while(|date| *date <= last) {
            let when = When::Date(date);
            let applies = match asked {
                Some(_) => !is_known || !self.wanted.at(when).is_empty(),
                None => self.before.entry(when).is_some(),
            };
            if applies {
                self.change(path, when, asked)?;
                changed += 1;
            } else {
                closed += 1;
            }
        }
        let range = format!("{first} to {last}");
        match asked {
            None if changed == 0 => {
                self.notes.push(format!("{range}: no date has hours of its own, so there was nothing to remove."));
            }
            Some(_) if changed == 0 => self.notes.push(format!("{range}: every day is closed already.")),
            Some([_, ..]) if closed > 0 => {
                let days = if closed == 1 { "1 closed day stays" } else { &format!("{closed} closed days stay") };
                self.notes.push(format!("{range}: {days} closed; a single date opens one."));
            }
            _ => {}
        }
        Ok(())
    }

    /// Sets the hours of a day or date; without any, its override is removed.
    fn change(&mut self, path: &str, when: When, asked: Option<&[HoursInput]>) -> Result<(), Failure> {
        let (field, name) = when.named();
        if self.changed.contains(&when) {
            let hint = "give all of its hours in one entry";
            return Err(Failure::argument(&format!("{path}.{field}"), format!("{name} appears twice"), hint));
        }
        if asked.is_none() && self.before.entry(when).is_none() {
            self.notes.push(format!("{name} had no hours of its own: there was nothing to remove."));
            return Ok(());
        }
        let hours = asked.map(|asked| self.hours(path, when, asked)).transpose()?;
        self.wanted.set(when, hours);
        self.changed.push(when);
        Ok(())
    }

    /// Returns the hours of a day or date, complete and in order.
    fn hours(&mut self, path: &str, when: When, asked: &[HoursInput]) -> Result<Vec<Hours>, Failure> {
        let mut all: Vec<Hours> = Vec::new();
        let mut before = None;
        for (index, asked) in asked.iter().enumerate() {
            let path = format!("{path}.working_hours[{index}]");
            let (start, end) = asked.times(&path, before)?;
            before = Some(end);
            let mut hours = Hours { start_time: written(start), end_time: written(end), locations: Vec::new() };
            if let Some(other) = all.iter().find(|other| overlap(other, &hours)) {
                let problem = format!("{} overlaps {}", range(&hours), range(other));
                return Err(Failure::argument(&path, problem, "merge them into one range, or move one"));
            }
            hours.locations = match &asked.locations {
                Some(locations) => given(&format!("{path}.locations"), locations, &self.before, &mut self.notes)?,
                None => self.locations_now(when, &hours)?,
            };
            all.push(hours);
        }
        all.sort_by_key(minutes);
        Ok(all)
    }

    /// Returns the locations of the hours that are replaced: OnceHub would drop those that it is not sent.
    fn locations_now(&mut self, when: When, hours: &Hours) -> Result<Vec<Location>, Failure> {
        if self.before.sent.weekly.is_none() {
            let problem = "OnceHub sent no hours, so meeting locations cannot be taken from them";
            let hint = "try again, or give locations with each range of hours ([] for none)";
            return Err(Failure::argument("locations", problem, hint));
        }
        let mut now: Vec<&Hours> = self.before.at(when).iter().filter(|now| overlap(now, hours)).collect();
        if now.is_empty() {
            now.extend(self.before.first(when));
        }
        if now.chunk_by(|one, other| one.locations == other.locations).count() > 1 {
            let joined = range(hours);
            self.notes
                .push(format!("{joined} replaces hours with different locations, and has all of those locations."));
        }
        Ok(accepted(now.iter().flat_map(|hours| &hours.locations), &mut self.notes))
    }
}
