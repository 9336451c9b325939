//! Hours as a person means them, validated before OnceHub sees them: each problem names the field by its path.

use jiff::ToSpan as _;
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use super::location::LocationInput;
use super::working_hours::WorkingHours;
use crate::records::{Failure, quoted, time};

/// The longest range of dates that is changed at once, in days.
const LONGEST_RANGE: i32 = 366;

#[derive(Clone, Deserialize, Serialize, schemars::JsonSchema)]
pub struct DayInput {
    /// Thursday, Mon-Fri, weekends
    pub day: String,
    /// All hours of that day; [] closes it
    pub working_hours: Vec<HoursInput>,
}

#[serde_with::skip_serializing_none]
#[derive(Clone, Default, Deserialize, Serialize, schemars::JsonSchema)]
pub struct DateInput {
    /// 2026-12-24, tomorrow, friday, +3d
    pub date: Option<String>,
    /// With to, instead of date; closed days stay closed
    pub from: Option<String>,
    /// Included
    pub to: Option<String>,
    /// [] is a day off
    pub working_hours: Option<Vec<HoursInput>>,
    /// Restore the usual hours
    pub remove: Option<bool>,
}

#[serde_with::skip_serializing_none]
#[derive(Clone, Deserialize, Serialize, schemars::JsonSchema)]
pub struct HoursInput {
    /// 09:00, on the quarter hour
    pub start_time: String,
    pub end_time: String,
    /// Each type once; default: as now
    pub locations: Option<Vec<LocationInput>>,
}

/// The dates that an entry is about.
pub(super) enum Dates {
    One(Date),
    /// From the first to the last.
    Range(Date, Date),
}

impl DateInput {
    /// Returns the dates, all from today on, where the user is.
    pub(super) fn dates(&self, path: &str, schedule: &WorkingHours, now: jiff::Timestamp) -> Result<Dates, Failure> {
        let read = |field: &str, text: &str| date(&format!("{path}.{field}"), text, schedule, now);
        let refused = |field: &str, problem: String, hint: &str| {
            Err(Failure::argument(&format!("{path}.{field}"), problem, hint))
        };
        let (from, to) = match (&self.date, &self.from, &self.to) {
            (Some(date), None, None) => return read("date", date).map(Dates::One),
            (None, Some(from), Some(to)) => (read("from", from)?, read("to", to)?),
            (missing, from, _) => {
                let (field, problem) = match (missing, from) {
                    (Some(_), _) => ("date", "cannot be combined with from and to"),
                    (None, Some(_)) => ("to", "is required with from"),
                    (None, None) if self.to.is_some() => ("from", "is required with to"),
                    (None, None) => ("date", "is required"),
                };
                return refused(field, problem.to_owned(), "give a date, or from and to for a range");
            }
        };
        let most = from.saturating_add((LONGEST_RANGE - 1).days());
        if to < from {
            return refused("to", format!("{to} is before {from}"), "write both as dates, like 2026-12-24");
        }
        if to > most {
            let hint = format!("the last day can be {most}; call again for the rest");
            return refused("to", format!("the range is longer than {LONGEST_RANGE} days"), &hint);
        }
        Ok(Dates::Range(from, to))
    }

    /// Returns the hours of the date; `None` to remove its override.
    pub(super) fn hours(&self, path: &str) -> Result<Option<&[HoursInput]>, Failure> {
        match (&self.working_hours, self.remove.unwrap_or_default()) {
            (Some(hours), false) => Ok(Some(hours)),
            (None, true) => Ok(None),
            (Some(_), true) => {
                let hint = "remove deletes the override; without it working_hours says what applies on that date";
                Err(Failure::argument(&format!("{path}.remove"), "cannot be combined with working_hours", hint))
            }
            (None, false) => {
                let hint = "pass [] for a day off, hours, or remove: true to restore the usual hours";
                Err(Failure::argument(&format!("{path}.working_hours"), "is required", hint))
            }
        }
    }
}

impl HoursInput {
    /// Returns the start and the end; `before` is the end of the range that is written before them.
    pub(super) fn times(&self, path: &str, before: Option<Time>) -> Result<(Time, Time), Failure> {
        let end_path = format!("{path}.end_time");
        let start_text = self.start_with_half();
        let start = clock(&format!("{path}.start_time"), &start_text)?;
        let end = clock(&end_path, &self.end_time)?;
        if end == Time::midnight() {
            return Err(day_ends(&end_path));
        }
        if end <= start {
            let problem = format!("{} is not after {}", written(end), written(start));
            // A 4 after 10:00 is on the clock of twelve hours, on which nobody writes 04.
            let is_on_it = start <= Time::constant(12, 0, 0, 0) && end < start;
            let is_on_it = is_on_it && !self.end_time.trim().starts_with('0') && !self.end_time.contains(['a', 'A']);
            let afternoon = end.checked_add(12.hours()).ok().filter(|later| is_on_it && *later > start);
            let hint = match afternoon {
                Some(later) => format!("did you mean {}?", written(later)),
                None => "end_time has to be later on the same day; hours across midnight go into two days".to_owned(),
            };
            return Err(Failure::argument(&end_path, problem, hint));
        }
        let starts_open = time::lacks_half(&start_text, start);
        let ends_open = time::lacks_half(&self.end_time, end);
        let is_early = starts_open && start.hour() < 7 || ends_open && end.hour() < 7;
        // In 10-12, 8-9 the second range is hardly before the first one.
        let noon = Time::constant(12, 0, 0, 0);
        let is_out_of_order =
            starts_open && start.hour() < 10 && before.is_some_and(|before| start < before && before <= noon);
        if is_early || is_out_of_order {
            let later = |time: Time| time.checked_add(12.hours()).unwrap_or(Time::constant(23, 45, 0, 0));
            let late_start = if starts_open { later(start) } else { start };
            let late_end = if ends_open { later(end) } else { end };
            // 6-14 has one reading only.
            if late_start < late_end {
                let (start, end, late_start, late_end) =
                    (written(start), written(end), written(late_start), written(late_end));
                let problem = format!("could be {start}-{end} or {late_start}-{late_end}");
                let hint = "write the one that is meant, on the clock of 24 hours; ask the person if it is not plain";
                return Err(Failure::argument(path, problem, hint));
            }
        }
        Ok((start, end))
    }

    /// Returns the start. It takes over am or pm from the end in 1-5pm, but not in 9-5pm.
    fn start_with_half(&self) -> String {
        let end_text = time::plain_clock(&self.end_time);
        let half = ["am", "pm"].into_iter().find(|half| end_text.ends_with(half));
        let is_open = |start: &Time| time::lacks_half(&self.start_time, *start);
        let (Some(half), Some(_)) = (half, time::of_day(&self.start_time).filter(is_open)) else {
            return self.start_time.clone();
        };
        let with_half = format!("{}{half}", time::plain_clock(&self.start_time));
        match (time::of_day(&with_half), time::of_day(&end_text)) {
            (Some(start), Some(end)) if start < end => with_half,
            _ => self.start_time.clone(),
        }
    }
}

/// Parses a date that is not in the past where the user is.
pub(super) fn date(path: &str, text: &str, schedule: &WorkingHours, now: jiff::Timestamp) -> Result<Date, Failure> {
    let date = time::date(text, &schedule.zone, now)
        .map_err(|error| Failure::argument(path, error, "correct it and call again"))?;
    let today = schedule.zone.date(now);
    if date < today {
        let problem = format!("{date} is in the past: it is {today} in {}", schedule.zone.name());
        return Err(Failure::argument(path, problem, "choose a date from today on"));
    }
    Ok(date)
}

/// Parses a time of day: 09:00, 9:00, 9, 9am, 5:30 p.m., 0900, noon.
fn clock(path: &str, text: &str) -> Result<Time, Failure> {
    let plain = time::plain_clock(text);
    if matches!(plain.as_str(), "24" | "24:00" | "24:00:00" | "2400") {
        return Err(day_ends(path));
    }
    let Some(time) = time::of_day(&plain) else {
        let problem = format!("{} is not a time of day", quoted(text, 40));
        return Err(Failure::argument(path, problem, "write it like 09:00 or 17:30"));
    };
    let over = time.minute() % 15;
    if over != 0 {
        let down = time.saturating_sub(over.minutes());
        let hint = match down.checked_add(15.minutes()) {
            Ok(up) => format!("use {} or {}", written(down), written(up)),
            Err(_) => format!("use {}", written(down)),
        };
        return Err(Failure::argument(path, format!("{} is not on the quarter hour", written(time)), hint));
    }
    Ok(time)
}

/// Describes the problem of an end at midnight.
fn day_ends(path: &str) -> Failure {
    let hint = "use 23:45: OnceHub counts in quarter hours; hours across midnight go into two days";
    Failure::argument(path, "a day ends at 23:45", hint)
}

/// `09:00`
pub(super) fn written(time: Time) -> String {
    time.strftime("%H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_read_as_people_write_it() {
        let read = |text: &str| clock("start_time", text).ok().map(written);
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
    }

    #[test]
    fn a_range_of_hours_is_read_only_where_it_has_one_reading() {
        let read = |range: &str, before: Option<i8>| {
            let (start, end) = range.split_once('-').unwrap();
            let input = HoursInput { start_time: start.to_owned(), end_time: end.to_owned(), locations: None };
            match input.times("at", before.map(|hour| Time::constant(hour, 0, 0, 0))) {
                Ok((start, end)) => format!("{}-{}", written(start), written(end)),
                Err(refused) => refused.text(),
            }
        };
        for (range, before, expected) in [
            // The half at the end is that of the start, too, unless the start would not be before it then.
            ("1-5pm", None, "13:00-17:00"),
            ("1:30-5 P.M.", None, "13:30-17:00"),
            ("8-11am", None, "08:00-11:00"),
            ("12-5pm", None, "12:00-17:00"),
            ("9-5pm", None, "09:00-17:00"),
            ("11-1pm", Some(10), "11:00-13:00"),
            ("08:00-9pm", None, "08:00-21:00"),
            ("1am-5pm", None, "01:00-17:00"),
            ("1:10-5pm", None, "13:10 is not on the quarter hour"),
            ("09:00-17:00", None, "09:00-17:00"),
            ("9-17", None, "09:00-17:00"),
            ("13-17", Some(12), "13:00-17:00"),
            ("01:00-05:00", None, "01:00-05:00"),
            ("7-12", None, "07:00-12:00"),
            ("6-14", None, "06:00-14:00"),
            ("1-5", None, "at: could be 01:00-05:00 or 13:00-17:00"),
            ("1:00-3:30", Some(12), "at: could be 01:00-03:30 or 13:00-15:30"),
            ("6-12", None, "at: could be 06:00-12:00 or 18:00-23:45"),
            ("1-14", None, "at: could be 01:00-14:00 or 13:00-14:00"),
            ("1am-5", None, "at: could be 01:00-05:00 or 01:00-17:00"),
            ("9-5", None, "did you mean 17:00?"),
            // After 10-12.
            ("8-9", Some(12), "at: could be 08:00-09:00 or 20:00-21:00"),
            ("08:00-09:00", Some(12), "08:00-09:00"),
            ("9am-11am", Some(12), "09:00-11:00"),
            ("9-12", Some(17), "09:00-12:00"),
        ] {
            let read = read(range, before);
            let fits = if expected.len() == 11 { read == expected } else { read.contains(expected) };
            assert!(fits, "{range}: {read}");
        }
    }
}
