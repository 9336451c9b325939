//! Dates with a month: `Dec 1`, `1 December 2026`, `12/01/2026`, `2026-12-1`.

use jiff::civil::Date;

/// A date that begins a text.
pub(super) struct Taken<'a, 'b> {
    /// Its readings.
    pub(super) days: Vec<Date>,
    /// Whether it is in numbers, year first.
    pub(super) is_iso: bool,
    pub(super) rest: &'a [&'b str],
}

/// Takes a date from the beginning; one without a year is the next from today.
pub(super) fn take<'a, 'b>(words: &'a [&'b str], today: Date) -> Option<Taken<'a, 'b>> {
    if let [first, rest @ ..] = words
        && let Some((days, is_iso)) = numeric(first, today)
    {
        return Some(Taken { days, is_iso, rest });
    }
    let (month, day, rest) = match words {
        [name, day, rest @ ..] if month(name).is_some() => (month(name)?, number(day, 2)?, rest),
        [day, name, rest @ ..] if month(name).is_some() => (month(name)?, number(day, 2)?, rest),
        _ => return None,
    };
    let (year, rest) = match rest {
        [year, others @ ..] if is_year(year) => (Some(number(year, 4)?), others),
        _ => (None, rest),
    };
    Some(Taken { days: in_year(year, month, day, today).into_iter().collect(), is_iso: false, rest })
}

/// Reads a date in numbers: `2026-12-1`, or the day and the month in either order, in which case they may be two dates.
fn numeric(word: &str, today: Date) -> Option<(Vec<Date>, bool)> {
    let separator = word.chars().find(|c| matches!(c, '-' | '/' | '.'))?;
    let parts: Vec<&str> = word.split(separator).collect();
    let (year, one, other) = match parts.as_slice() {
        [year, month, day] if is_year(year) => {
            let date = in_year(Some(number(year, 4)?), number(month, 2)?, number(day, 2)?, today);
            return Some((date.into_iter().collect(), true));
        }
        [one, other, year] if is_year(year) => (Some(number(year, 4)?), one, other),
        [one, other] if separator == '/' => (None, one, other),
        _ => return None,
    };
    let (one, other) = (number(one, 2)?, number(other, 2)?);
    let mut days: Vec<Date> =
        [(one, other), (other, one)].into_iter().filter_map(|(month, day)| in_year(year, month, day, today)).collect();
    days.dedup();
    Some((days, false))
}

/// Returns a date; without a year, the next such date from today on.
fn in_year(year: Option<i16>, month: i16, day: i16, today: Date) -> Option<Date> {
    let date = |year: i16| Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok();
    match year {
        Some(year) => date(year),
        // 29 February may be eight years away.
        None => (0..=8).filter_map(|years| date(today.year().checked_add(years)?)).find(|date| *date >= today),
    }
}

fn is_year(word: &str) -> bool {
    word.len() == 4 && number(word, 4).is_some()
}

fn number(word: &str, digits: usize) -> Option<i16> {
    word.parse().ok().filter(|_| word.len() <= digits && word.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Parses the English name of a month, in full or as its first three letters.
fn month(word: &str) -> Option<i16> {
    Some(match word {
        "jan" | "january" => 1,
        "feb" | "february" => 2,
        "mar" | "march" => 3,
        "apr" | "april" => 4,
        "may" => 5,
        "jun" | "june" => 6,
        "jul" | "july" => 7,
        "aug" | "august" => 8,
        "sep" | "sept" | "september" => 9,
        "oct" | "october" => 10,
        "nov" | "november" => 11,
        "dec" | "december" => 12,
        _ => return None,
    })
}
