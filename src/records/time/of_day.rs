//! Days of the week and times of day, as people write them.

use jiff::civil::{Time, Weekday};

use super::words::weekday;
use crate::records::untrusted::typed;

/// Parses the days of the week that a person means: one, several, or a range.
pub fn days(text: &str) -> Option<Vec<Weekday>> {
    let week: Vec<Weekday> = Weekday::Monday.cycle_forward().take(7).collect();
    let place = |text: &str| {
        let text = text.trim().trim_end_matches('.');
        let day = weekday(text).or_else(|| weekday(text.strip_suffix('s')?))?;
        week.iter().position(|known| *known == day)
    };
    let lower = typed(text).to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    let lower = lower.replace(" to ", "-").replace(" and ", ",").replace('&', ",");
    let mut days = Vec::new();
    for part in lower.split(',').map(str::trim) {
        let part = match part {
            "weekday" | "weekdays" | "workdays" => "mon-fri",
            "weekend" | "weekends" => "sat-sun",
            "daily" | "every day" | "all" | "all days" => "mon-sun",
            other => other,
        };
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        // A range over the end of the week is read as a mistake.
        let range = week.get(place(first)?..=place(last)?).filter(|range| !range.is_empty())?;
        days.extend_from_slice(range);
    }
    Some(days)
}

/// The ways people write a time of day, once spaces and dots are removed.
const CLOCKS: [&str; 6] = ["%H:%M", "%H:%M:00", "%H%M", "%I:%M%p", "%I%p", "%H"];

/// Parses a time of day: 09:00, 9:00, 9, 9am, 5:30 p.m., 0900, noon.
pub fn of_day(text: &str) -> Option<Time> {
    let plain = plain_clock(text);
    CLOCKS.iter().find_map(|form| Time::strptime(form, &plain).ok())
}

/// Returns a time of day in one spelling: in lower case, without spaces and dots.
pub fn plain_clock(text: &str) -> String {
    typed(text).to_ascii_lowercase().replace([' ', '.'], "").replace("noon", "12:00")
}

/// Whether a time of day may be on the 12-hour clock, but lacks am or pm.
pub fn lacks_half(text: &str, time: Time) -> bool {
    let text = plain_clock(text);
    let is_number = text.chars().all(|c| c.is_ascii_digit() || c == ':');
    is_number && !text.starts_with('0') && (1..=12).contains(&time.hour())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_over_the_end_of_the_week_is_not_read_as_no_days() {
        assert_eq!(days("Mon to Wed & Sundays").map(|days| days.len()), Some(4));
        assert_eq!((days("Thu-Wed"), days("Fri-Mon"), days("Someday")), (None, None, None));
    }
}
