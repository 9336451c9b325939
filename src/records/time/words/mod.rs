//! Times in words: `friday at 2:30 pm`, `December 1, 2026`, `end of next week`. Each word is taken for what it says about
//! the day or the time of day; together they must have one reading.

mod clock;
mod date;
mod foreign;

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::{SignedDuration, Span, Timestamp, ToSpan as _, Zoned};

/// What was said, before the clocks of the zone decide which instant it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// An instant.
    Instant(Timestamp),
    /// A day.
    Day(Date),
    /// A week, by its Monday.
    Week(Date),
    /// A time on the wall.
    Wall(DateTime),
    /// The time of day that it is now, on another day.
    SameTime(DateTime),
}

/// Why a text is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It has no known form.
    Unknown,
    /// It has a known form, but does not say one thing; this says why.
    Unclear(String),
}

/// How much later a moment is.
enum Later {
    /// On the calendar.
    Days(Span),
    /// On a stopwatch.
    Time(SignedDuration),
}

/// What has been heard so far: of the day and of the time of day, each reading.
#[derive(Default)]
struct Heard {
    days: Vec<Date>,
    weekday: Option<Weekday>,
    /// Whether the weekday is the "next" one.
    is_next: bool,
    /// A week of which a day may be named, by its Monday.
    week: Option<Date>,
    later: Option<Later>,
    is_tonight: bool,
    /// Whether a date is in numbers, year first: its time is on the 24-hour clock.
    is_iso: bool,
    times: Vec<Time>,
}

/// Understands a text in words.
pub(super) fn understand(text: &str, here: &Zoned) -> Result<Said, Trouble> {
    let words = split(text);
    if let Some((said, meant)) = words.iter().find_map(|word| Some((word, foreign::english(word)?))) {
        return Err(Trouble::Unclear(format!("'{said}' is not English: write {meant}")));
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut heard = Heard::default();
    let mut rest = words.as_slice();
    while !rest.is_empty() {
        rest = heard.take(rest, here.date()).ok_or(Trouble::Unknown)?;
    }
    heard.meaning(text, here)
}

/// Splits a text into words in lower case: at spaces and commas, and between digits and letters. Words that say nothing
/// are left out.
fn split(text: &str) -> Vec<String> {
    let plain = text.to_lowercase().replace('\u{2019}', "'").replace("a.m.", "am").replace("p.m.", "pm");
    let mut words: Vec<String> = Vec::new();
    for part in plain.split(|c: char| c.is_whitespace() || c == ',') {
        let mut word = String::new();
        for c in part.trim_end_matches('.').chars() {
            let is_border = |last: char| {
                (last.is_ascii_digit() && c.is_alphabetic()) || (last.is_alphabetic() && c.is_ascii_digit())
            };
            if word.chars().last().is_some_and(is_border) {
                words.push(std::mem::take(&mut word));
            }
            word.push(c);
        }
        words.push(word);
    }
    let mut is_after_digits = false;
    words.retain(|word| {
        // 1st, and the T in 2026-12-1T9:00.
        let ends_a_number = is_after_digits && matches!(word.as_str(), "st" | "nd" | "rd" | "th" | "t");
        is_after_digits = word.ends_with(|c: char| c.is_ascii_digit());
        !ends_a_number && !matches!(word.as_str(), "" | "on" | "the" | "of")
    });
    words
}

impl Heard {
    /// Takes the first words for what they say, and returns the others; `None` if they say nothing, or something that
    /// has been said.
    fn take<'a, 'b>(&mut self, words: &'a [&'b str], today: Date) -> Option<&'a [&'b str]> {
        let days_later = |date: Date, days: i32| date.checked_add(days.days()).ok();
        let monday = days_later(today, -i32::from(today.weekday().to_monday_zero_offset()))?;
        let (days, rest) = match words {
            ["today", rest @ ..] => (vec![today], rest),
            ["tonight", rest @ ..] => {
                self.is_tonight = true;
                (vec![today], rest)
            }
            ["tomorrow", rest @ ..] => (vec![days_later(today, 1)?], rest),
            ["yesterday", rest @ ..] => (vec![days_later(today, -1)?], rest),
            ["end", "next", "week", rest @ ..] => (vec![days_later(monday, 11)?], rest),
            ["end", "this", "week", rest @ ..] | ["end", "week", rest @ ..] => {
                let friday = days_later(monday, 4)?;
                // At the weekend it is over, or it is the next one's.
                (if friday < today { vec![friday, days_later(friday, 7)?] } else { vec![friday] }, rest)
            }
            ["next", "week", rest @ ..] => {
                return self.week.replace(days_later(monday, 7)?).is_none().then_some(rest);
            }
            ["in", number, unit, rest @ ..] => {
                return self.later.replace(later(number, unit)?).is_none().then_some(rest);
            }
            ["next", name, rest @ ..] if weekday(name).is_some() => {
                self.is_next = true;
                return self.weekday.replace(weekday(name)?).is_none().then_some(rest);
            }
            [name, rest @ ..] if weekday(name).is_some() => {
                return self.weekday.replace(weekday(name)?).is_none().then_some(rest);
            }
            _ => match date::take(words, today) {
                Some(date::Taken { days, is_iso, rest }) => {
                    self.is_iso = is_iso;
                    (days, rest)
                }
                None => {
                    let (times, rest) = clock::take(words, self.is_iso)?;
                    return std::mem::replace(&mut self.times, times).is_empty().then_some(rest);
                }
            },
        };
        (!days.is_empty() && std::mem::replace(&mut self.days, days).is_empty()).then_some(rest)
    }

    /// Returns what all of it means together.
    fn meaning(mut self, text: &str, here: &Zoned) -> Result<Said, Trouble> {
        let is_time = !self.times.is_empty();
        if let Some(later) = self.later.take() {
            let is_alone = self.days.is_empty() && self.weekday.is_none() && self.week.is_none();
            let at = || match later {
                Later::Time(time) if !is_time => Some(Said::Instant(here.timestamp().checked_add(time).ok()?)),
                Later::Days(days) => Some(Said::SameTime(here.datetime().checked_add(days).ok()?)),
                Later::Time(_) => None,
            };
            match at().filter(|_| is_alone).ok_or(Trouble::Unknown)? {
                Said::SameTime(wall) if is_time => self.days = vec![wall.date()],
                said => return Ok(said),
            }
        }
        let days = self.readings_of_the_day(text, here.date())?;
        if self.is_tonight {
            // The evening is what tonight adds.
            self.times.retain(|time| time.hour() >= 17);
            match (is_time, self.times.is_empty()) {
                (true, true) => return Err(Trouble::Unknown),
                (false, _) => self.times = vec![Time::constant(18, 0, 0, 0)],
                (true, false) => {}
            }
        }
        match (days.as_slice(), self.times.as_slice()) {
            ([], []) => self.week.map(Said::Week).ok_or(Trouble::Unknown),
            ([day], []) => Ok(Said::Day(*day)),
            ([day], [time]) => Ok(Said::Wall(day.to_datetime(*time))),
            // Noon is today's; other times of day are as likely tomorrow's.
            ([], [time]) if *time == clock::NOON && self.week.is_none() => {
                Ok(Said::Wall(here.date().to_datetime(*time)))
            }
            ([], _) if self.week.is_some() => Err(Trouble::Unknown),
            ([], _) => {
                Err(Trouble::Unclear(format!("'{text}' names no day: write 'today {text}' or 'tomorrow {text}'")))
            }
            (days, []) => Err(several(text, days.iter().map(|day| show(*day, None)))),
            (days, times) => {
                Err(several(text, days.iter().flat_map(|day| times.iter().map(|time| show(*day, Some(*time))))))
            }
        }
    }

    /// Returns the days that were named, all those that the weekday allows; none if no day was.
    fn readings_of_the_day(&self, text: &str, today: Date) -> Result<Vec<Date>, Trouble> {
        let Some(weekday) = self.weekday else {
            let is_over = self.week.is_some() && !self.days.is_empty();
            return if is_over { Err(Trouble::Unknown) } else { Ok(self.days.clone()) };
        };
        let coming = today.nth_weekday(1, weekday).map_err(|_| Trouble::Unknown)?;
        match (self.week, self.days.as_slice()) {
            (None, []) if !self.is_next || today.weekday() == weekday => Ok(vec![coming]),
            // Some mean the first one from now, some the one of the week after.
            (None, []) => Ok([Some(coming), coming.checked_add(7.days()).ok()].into_iter().flatten().collect()),
            (Some(monday), []) if !self.is_next => {
                let day = monday.checked_add(i32::from(weekday.to_monday_zero_offset()).days());
                day.map(|day| vec![day]).map_err(|_| Trouble::Unknown)
            }
            // A date says which Friday the next one is.
            (None, days) => {
                let fitting: Vec<Date> = days.iter().copied().filter(|day| day.weekday() == weekday).collect();
                match (fitting.is_empty(), days.first()) {
                    (true, Some(day)) => Err(contradiction(text, *day, weekday)),
                    _ => Ok(fitting),
                }
            }
            _ => Err(Trouble::Unknown),
        }
    }
}

/// Describes a weekday that is not the date's: the date, and the nearest day of that name.
fn contradiction(text: &str, day: Date, weekday: Weekday) -> Trouble {
    let before = day.nth_weekday(-1, weekday).ok();
    let after = day.nth_weekday(1, weekday).ok();
    let is_near = |other: &Date| (*other - day).get_days().abs() <= 3;
    let other = [before, after].into_iter().flatten().find(is_near);
    let readings = [Some(day), other].into_iter().flatten().map(|day| show(day, None));
    let Trouble::Unclear(told) = several(text, readings) else { return Trouble::Unknown };
    Trouble::Unclear(format!("{told} ({day} is a {})", day.strftime("%A")))
}

/// Describes a text with several readings.
fn several(text: &str, readings: impl Iterator<Item = String>) -> Trouble {
    let readings: Vec<String> = readings.collect();
    Trouble::Unclear(format!("'{text}' can mean {}: write the one that is meant", readings.join(" or ")))
}

/// `Tue 2026-12-01`, `Tue 2026-12-01 15:00`
fn show(day: Date, time: Option<Time>) -> String {
    match time {
        Some(time) => day.to_datetime(time).strftime("%a %Y-%m-%d %H:%M").to_string(),
        None => day.strftime("%a %Y-%m-%d").to_string(),
    }
}

/// Parses `2 hours`, `an hour`, `3 days`.
fn later(number: &str, unit: &str) -> Option<Later> {
    let number: i64 = match number {
        "a" | "an" | "one" => 1,
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok()?,
        _ => return None,
    };
    Some(match unit {
        "minute" | "minutes" | "min" | "mins" => Later::Time(SignedDuration::try_from_mins(number)?),
        "hour" | "hours" | "h" => Later::Time(SignedDuration::try_from_hours(number)?),
        "day" | "days" => Later::Days(Span::new().try_days(number).ok()?),
        "week" | "weeks" => Later::Days(Span::new().try_weeks(number).ok()?),
        _ => return None,
    })
}

/// Parses the English name of a weekday, in full or shortened.
pub fn weekday(text: &str) -> Option<Weekday> {
    Some(match text {
        "mon" | "monday" => Weekday::Monday,
        "tue" | "tues" | "tuesday" => Weekday::Tuesday,
        "wed" | "wednesday" => Weekday::Wednesday,
        "thu" | "thur" | "thurs" | "thursday" => Weekday::Thursday,
        "fri" | "friday" => Weekday::Friday,
        "sat" | "saturday" => Weekday::Saturday,
        "sun" | "sunday" => Weekday::Sunday,
        _ => return None,
    })
}
