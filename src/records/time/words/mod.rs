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
    /// A week or a month, by its first and its last day.
    Days(Date, Date),
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

impl Said {
    /// Describes it among other readings.
    pub(super) fn shown(&self, here: &Zoned) -> String {
        match self {
            Self::Instant(at) => {
                let wall = at.to_zoned(here.time_zone().clone()).datetime();
                show(wall.date(), Some(wall.time()))
            }
            Self::Day(day) | Self::Days(day, _) => show(*day, None),
            Self::Wall(wall) | Self::SameTime(wall) => show(wall.date(), Some(wall.time())),
        }
    }
}

/// How far from now a moment is, later or earlier.
pub(super) enum Away {
    /// On the calendar.
    Days(Span),
    /// On a stopwatch.
    Time(SignedDuration),
}

impl Away {
    /// Returns the moment: on the calendar at the same time of day, across a clock change not a multiple of 24 hours.
    pub(super) fn from(&self, here: &Zoned) -> Option<Said> {
        match self {
            Self::Days(days) => Some(Said::SameTime(here.datetime().checked_add(*days).ok()?)),
            Self::Time(time) => Some(Said::Instant(here.timestamp().checked_add(*time).ok()?)),
        }
    }
}

/// A part of a day.
#[derive(Clone, Copy)]
struct Part {
    /// The hours in which it begins and ends; the evening ends with the day.
    begins: i8,
    ends: i8,
    /// The first hour that may be meant with it: 5 pm is in the evening, too.
    earliest: i8,
}

const MORNING: Part = Part { begins: 6, ends: 12, earliest: 0 };
const AFTERNOON: Part = Part { begins: 12, ends: 18, earliest: 12 };
const EVENING: Part = Part { begins: 18, ends: 24, earliest: 17 };

fn part(word: &str) -> Option<Part> {
    Some(match word {
        "morning" => MORNING,
        "afternoon" => AFTERNOON,
        "evening" | "night" => EVENING,
        _ => return None,
    })
}

/// Which of several days, weeks or months is meant, counted from now.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Last,
    This,
    Next,
}

impl Which {
    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "last" => Self::Last,
            "this" => Self::This,
            "next" => Self::Next,
            _ => return None,
        })
    }

    /// Returns how many weeks or months away it is.
    fn away(self) -> i32 {
        match self {
            Self::Last => -1,
            Self::This => 0,
            Self::Next => 1,
        }
    }
}

/// What has been heard so far: of the day and of the time of day, each reading.
#[derive(Default)]
struct Heard {
    days: Vec<Date>,
    weekday: Option<Weekday>,
    /// Which of the days of that name.
    which: Option<Which>,
    /// A week of which a day may be named, by its Monday.
    week: Option<Date>,
    month: Option<(Date, Date)>,
    away: Option<Away>,
    part: Option<Part>,
    is_tonight: bool,
    is_midnight: bool,
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
        let week = |which: Which| days_later(monday, 7 * which.away());
        let before_last = Which::Last.away() - 1;
        let (days, rest) = match words {
            ["today", rest @ ..] => (vec![today], rest),
            ["tonight", rest @ ..] => {
                self.is_tonight = true;
                self.part.is_none().then(|| self.part = Some(EVENING))?;
                (vec![today], rest)
            }
            ["day", "after", "tomorrow", rest @ ..] => (vec![days_later(today, 2)?], rest),
            ["day", "before", "yesterday", rest @ ..] => (vec![days_later(today, -2)?], rest),
            ["tomorrow", rest @ ..] => (vec![days_later(today, 1)?], rest),
            ["yesterday", rest @ ..] => (vec![days_later(today, -1)?], rest),
            ["end", "this", "week", rest @ ..] | ["end", "week", rest @ ..] => {
                let friday = days_later(monday, 4)?;
                // At the weekend it is over, or it is the next one's.
                (if friday < today { vec![friday, days_later(friday, 7)?] } else { vec![friday] }, rest)
            }
            ["end", which, "week", rest @ ..] if Which::read(which).is_some() => {
                (vec![days_later(week(Which::read(which)?)?, 4)?], rest)
            }
            ["end", "month", rest @ ..] => (vec![today.last_of_month()], rest),
            ["end", which, "month", rest @ ..] if Which::read(which).is_some() => {
                (vec![month(today, Which::read(which)?.away())?.1], rest)
            }
            ["week", "before", "last", rest @ ..] => {
                return self.week.replace(days_later(monday, 7 * before_last)?).is_none().then_some(rest);
            }
            ["month", "before", "last", rest @ ..] => {
                return self.month.replace(month(today, before_last)?).is_none().then_some(rest);
            }
            [which, "week", rest @ ..] if Which::read(which).is_some() => {
                return self.week.replace(week(Which::read(which)?)?).is_none().then_some(rest);
            }
            [which, "month", rest @ ..] if Which::read(which).is_some() => {
                return self.month.replace(month(today, Which::read(which)?.away())?).is_none().then_some(rest);
            }
            ["last", "night", ..] => (vec![days_later(today, -1)?], words.get(1..)?),
            ["this", "morning" | "afternoon" | "evening", ..] => (vec![today], words.get(1..)?),
            ["midnight", rest @ ..] | ["at", "midnight", rest @ ..] => {
                return (!std::mem::replace(&mut self.is_midnight, true)).then_some(rest);
            }
            ["in", word, rest @ ..] | [word, rest @ ..] if part(word).is_some() => {
                return self.part.replace(part(word)?).is_none().then_some(rest);
            }
            ["in", number, unit, rest @ ..] => {
                return self.away.replace(away(count(number)?, unit)?).is_none().then_some(rest);
            }
            [number, unit, "ago", rest @ ..] => {
                return self.away.replace(away(-count(number)?, unit)?).is_none().then_some(rest);
            }
            [which, name, rest @ ..] if Which::read(which).is_some() && weekday(name).is_some() => {
                self.which = Which::read(which);
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
        let is_time = !self.times.is_empty() || self.is_midnight || self.part.is_some();
        let names_no_day = self.days.is_empty() && self.weekday.is_none() && self.week.is_none();
        if let Some((first, last)) = self.month {
            let is_alone = names_no_day && !is_time && self.away.is_none();
            return is_alone.then_some(Said::Days(first, last)).ok_or(Trouble::Unknown);
        }
        if let Some(away) = self.away.take() {
            match away.from(here).filter(|_| names_no_day).ok_or(Trouble::Unknown)? {
                Said::SameTime(wall) if is_time => self.days = vec![wall.date()],
                _ if is_time => return Err(Trouble::Unknown),
                said => return Ok(said),
            }
        }
        let mut days = self.readings_of_the_day(text, here.date())?;
        if self.is_midnight {
            return midnight(text, &days, &self, here.date());
        }
        if let Some(part) = self.part {
            if days.is_empty() && self.week.is_none() {
                days = vec![here.date()];
            }
            match (self.times.is_empty(), self.is_tonight) {
                (true, true) => self.times = vec![Time::constant(EVENING.begins, 0, 0, 0)],
                (true, false) => return Err(range_of(text, &days, part)),
                // Which half of the day is what the part adds.
                (false, _) => self.times.retain(|time| (part.earliest..part.ends).contains(&time.hour())),
            }
            if self.times.is_empty() {
                return Err(Trouble::Unknown);
            }
        }
        match (days.as_slice(), self.times.as_slice()) {
            ([], []) => {
                let sunday = |monday: Date| Some(Said::Days(monday, monday.checked_add(6.days()).ok()?));
                self.week.and_then(sunday).ok_or(Trouble::Unknown)
            }
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
        match (self.week, self.days.as_slice()) {
            (None, []) => named(weekday, self.which, today).ok_or(Trouble::Unknown),
            (Some(monday), []) if self.which.is_none() => {
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

/// Returns the days that a weekday's name can mean; alone, the next one after today.
fn named(weekday: Weekday, which: Option<Which>, today: Date) -> Option<Vec<Date>> {
    let coming = today.nth_weekday(1, weekday).ok()?;
    let before = today.nth_weekday(-1, weekday).ok()?;
    let days_into_the_week = |day: Weekday| day.to_monday_zero_offset();
    Some(match which {
        Some(Which::Next) if today.weekday() == weekday => vec![coming],
        // Some mean the first one from now, some the one of the week after.
        Some(Which::Next) => vec![coming, coming.checked_add(7.days()).ok()?],
        Some(Which::This) if today.weekday() == weekday => vec![today],
        // Of this week, or the coming one.
        Some(Which::This) if days_into_the_week(weekday) < days_into_the_week(today.weekday()) => vec![before, coming],
        // The one before today; where that is of this week, some mean that of the week before.
        Some(Which::Last) if days_into_the_week(weekday) < days_into_the_week(today.weekday()) => {
            vec![before, before.checked_sub(7.days()).ok()?]
        }
        Some(Which::Last) => vec![before],
        None | Some(Which::This) => vec![coming],
    })
}

/// Returns the first and the last day of a month so many months away.
fn month(today: Date, away: i32) -> Option<(Date, Date)> {
    let first = today.first_of_month().checked_add(away.months()).ok()?;
    Some((first, first.last_of_month()))
}

/// Returns what midnight means: before the day that is named, or after it; tonight's is the latter.
fn midnight(text: &str, days: &[Date], heard: &Heard, today: Date) -> Result<Said, Trouble> {
    let is_night = heard.part.is_none_or(|part| part.ends == EVENING.ends);
    let day = match days {
        [] if heard.week.is_none() => today,
        [day] => *day,
        _ => return Err(Trouble::Unknown),
    };
    let next = day.tomorrow().ok().filter(|_| heard.times.is_empty() && is_night).ok_or(Trouble::Unknown)?;
    let start = |day: Date| day.to_datetime(Time::midnight());
    if heard.part.is_some() {
        return Ok(Said::Wall(start(next)));
    }
    Err(several(text, [day, next].into_iter().map(|day| show(day, Some(Time::midnight())))))
}

/// Describes a part of a day, which is a range, by moments that can be passed instead.
fn range_of(text: &str, days: &[Date], part: Part) -> Trouble {
    let ranges: Option<Vec<String>> = days
        .iter()
        .map(|day| {
            let begins = show(*day, Time::new(part.begins, 0, 0, 0).ok());
            let ends = match Time::new(part.ends, 0, 0, 0) {
                Ok(time) => show(*day, Some(time)),
                Err(_) => show(day.tomorrow().ok()?, Some(Time::midnight())),
            };
            Some(format!("'{begins}' as the start and '{ends}' as the end"))
        })
        .collect();
    match ranges.filter(|ranges| !ranges.is_empty()) {
        Some(ranges) => Trouble::Unclear(format!("'{text}' is a range: pass e.g. {}", ranges.join(", or "))),
        None => Trouble::Unknown,
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
pub(super) fn several(text: &str, readings: impl Iterator<Item = String>) -> Trouble {
    let readings: Vec<String> = readings.collect();
    Trouble::Unclear(format!("'{text}' can mean {}: write the one that is meant", readings.join(" or ")))
}

/// `Tue 2026-12-01`, `Tue 2026-12-01 15:00`
pub(super) fn show(day: Date, time: Option<Time>) -> String {
    match time {
        Some(time) => day.to_datetime(time).strftime("%a %Y-%m-%d %H:%M").to_string(),
        None => day.strftime("%a %Y-%m-%d").to_string(),
    }
}

/// Parses the number of `2 hours` or `an hour`.
fn count(number: &str) -> Option<i64> {
    match number {
        "a" | "an" | "one" => Some(1),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
        _ => None,
    }
}

/// Returns how far away so many of a unit are.
pub(super) fn away(number: i64, unit: &str) -> Option<Away> {
    Some(match unit {
        "minute" | "minutes" | "min" | "mins" | "m" => Away::Time(SignedDuration::try_from_mins(number)?),
        "hour" | "hours" | "hr" | "hrs" | "h" => Away::Time(SignedDuration::try_from_hours(number)?),
        "day" | "days" | "d" => Away::Days(Span::new().try_days(number).ok()?),
        "week" | "weeks" | "w" => Away::Days(Span::new().try_weeks(number).ok()?),
        "month" | "months" => Away::Days(Span::new().try_months(number).ok()?),
        _ => return None,
    })
}

/// Parses the English name of a weekday, in full or shortened.
pub(super) fn weekday(text: &str) -> Option<Weekday> {
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
