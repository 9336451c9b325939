//! Windows: the days of the week and the hours in which a start suits.

use jiff::Timestamp;
use jiff::civil::{Time, Weekday};

use super::of_day::{days, lacks_half, of_day};
use super::{BadTime, Zone};

/// The days of the week and the hours in which a start suits: all of them, unless they are said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    days: Vec<Weekday>,
    earliest: Option<Time>,
    latest: Option<Time>,
}

impl Window {
    /// Parses days such as `Mon-Fri`.
    ///
    /// # Errors
    /// For what names no days.
    pub fn on(mut self, asked: &[String]) -> Result<Self, BadTime> {
        for text in asked {
            let shown: String = text.trim().chars().take(60).collect();
            let days = days(text)
                .ok_or_else(|| BadTime(format!("'{shown}' names no days; write Thursday, Mon-Fri, weekends")))?;
            self.days.extend(days);
        }
        self.days.sort_by_key(|day| day.to_monday_zero_offset());
        self.days.dedup();
        Ok(self)
    }

    /// Parses the earliest time of day.
    ///
    /// # Errors
    /// For what is none, or may be of either half of the day.
    pub fn from(self, earliest: Option<&str>) -> Result<Self, BadTime> {
        Ok(Self { earliest: earliest.map(clock).transpose()?, ..self })
    }

    /// Parses the latest time of day, which still suits.
    ///
    /// # Errors
    /// For what is none, or may be of either half of the day.
    pub fn until(self, latest: Option<&str>) -> Result<Self, BadTime> {
        Ok(Self { latest: latest.map(clock).transpose()?, ..self })
    }

    /// Whether a start suits, by the clocks of a zone.
    pub fn has(&self, start: Timestamp, zone: &Zone) -> bool {
        let here = zone.civil(start);
        let time = Time::new(here.hour(), here.minute(), 0, 0).unwrap_or_else(|_| here.time());
        let is_late_enough = self.earliest.is_none_or(|earliest| earliest <= time);
        let is_early_enough = self.latest.is_none_or(|latest| time <= latest);
        let suits =
            if self.passes_midnight() { is_late_enough || is_early_enough } else { is_late_enough && is_early_enough };
        suits && (self.days.is_empty() || self.days.contains(&here.weekday()))
    }

    /// Whether its hours begin on one day and end on the next.
    fn passes_midnight(&self) -> bool {
        self.earliest.zip(self.latest).is_some_and(|(earliest, latest)| latest < earliest)
    }

    /// Returns how it is understood, where that may not be what was meant.
    pub fn note(&self) -> Option<String> {
        let all = "the hours pass midnight, and days are those on which a start is";
        self.passes_midnight().then(|| format!("{}: {all}.", self.described().unwrap_or_default()))
    }

    /// `Mon, Tue, from 09:00 to 12:00`; `None` where any time suits.
    pub fn described(&self) -> Option<String> {
        let clock = |time: Time| time.strftime("%H:%M").to_string();
        let days: Vec<String> = self.days.iter().map(|day| format!("{day:?}").chars().take(3).collect()).collect();
        let hours = match (self.earliest, self.latest) {
            (Some(earliest), Some(latest)) => Some(format!("from {} to {}", clock(earliest), clock(latest))),
            (Some(earliest), None) => Some(format!("from {} on", clock(earliest))),
            (None, Some(latest)) => Some(format!("until {}", clock(latest))),
            (None, None) => None,
        };
        let parts: Vec<String> =
            Some(days.join(", ")).filter(|days| !days.is_empty()).into_iter().chain(hours).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }
}

fn clock(text: &str) -> Result<Time, BadTime> {
    let shown: String = text.trim().chars().take(60).collect();
    let time =
        of_day(text).ok_or_else(|| BadTime(format!("'{shown}' is not a time of day; write 09:00 or 5:30 pm")))?;
    // Hardly anybody meets so early, but somebody in another zone may.
    if lacks_half(text, time) && time.hour() < 7 {
        let (hour, minute) = (time.hour(), time.minute());
        return Err(BadTime(format!(
            "'{shown}' could be {hour:02}:{minute:02} or {}:{minute:02}: say which",
            hour + 12
        )));
    }
    Ok(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(days: &[&str], earliest: Option<&str>, latest: Option<&str>) -> Result<Window, String> {
        let days: Vec<String> = days.iter().map(ToString::to_string).collect();
        let window = Window::default().on(&days).and_then(|it| it.from(earliest)).and_then(|it| it.until(latest));
        window.map_err(|error| error.to_string())
    }

    fn has(window: &Window, local: &str, zone: &str) -> bool {
        let zone = Zone::parse(zone).unwrap();
        let at = super::super::parse(local, &zone, "2026-11-23T14:20:00Z".parse().unwrap()).unwrap().at;
        window.has(at, &zone)
    }

    #[test]
    fn a_start_suits_on_its_days_and_between_its_hours_both_included() {
        let mornings = window(&["Mon-Wed", "friday"], Some("9"), Some("12pm")).unwrap();
        assert_eq!(mornings.described().as_deref(), Some("Mon, Tue, Wed, Fri, from 09:00 to 12:00"));
        for (at, suits) in [
            ("2026-11-23T09:00", true),
            ("2026-11-23T08:59", false),
            ("2026-11-23T12:00", true),
            ("2026-11-23T12:15", false),
            ("2026-11-26T10:00", false),
            ("2026-11-27T10:00", true),
        ] {
            assert_eq!(has(&mornings, at, "America/New_York"), suits, "{at}");
        }
        assert_eq!(Window::default().described(), None);
        assert!(has(&Window::default(), "2026-11-22T03:00", "UTC"));
    }

    #[test]
    fn hours_that_pass_midnight_have_both_sides_of_it_and_say_so() {
        let night = window(&["tue"], Some("22:00"), Some("02:00")).unwrap();
        for (at, suits) in [
            ("2026-11-24T22:00", true),
            ("2026-11-24T02:00", true),
            ("2026-11-24T12:00", false),
            // That night is Tuesday's, but the start is on Wednesday.
            ("2026-11-25T01:00", false),
        ] {
            assert_eq!(has(&night, at, "Asia/Kolkata"), suits, "{at}");
        }
        assert!(night.note().unwrap().contains("from 22:00 to 02:00: the hours pass midnight"));
        assert_eq!(window(&[], Some("09:00"), Some("09:00")).unwrap().note(), None);
    }

    #[test]
    fn on_days_on_which_clocks_change_the_clock_on_the_wall_counts() {
        let early = window(&[], Some("01:00"), Some("03:00")).unwrap();
        // 01:30 comes twice in New York on 1 November, and 02:30 not at all on 14 March.
        for (instant, suits) in [
            ("2026-11-01T05:30:00Z", true),
            ("2026-11-01T06:30:00Z", true),
            ("2026-11-01T08:30:00Z", false),
            ("2027-03-14T06:30:00Z", true),
            ("2027-03-14T07:00:00Z", true),
            ("2027-03-14T07:30:00Z", false),
        ] {
            assert_eq!(has(&early, instant, "America/New_York"), suits, "{instant}");
        }
    }

    #[test]
    fn what_is_no_day_or_no_hour_or_two_is_refused() {
        assert_eq!(
            window(&["Someday"], None, None).unwrap_err(),
            "'Someday' names no days; write Thursday, Mon-Fri, weekends"
        );
        assert_eq!(window(&[], Some("5"), None).unwrap_err(), "'5' could be 05:00 or 17:00: say which");
        assert_eq!(window(&[], None, Some("5:30")).unwrap_err(), "'5:30' could be 05:30 or 17:30: say which");
        assert!(window(&[], None, Some("late")).unwrap_err().starts_with("'late' is not a time of day"));
        assert!(window(&[], Some("05:00"), Some("5pm")).is_ok());
    }
}
