//! Times as people write them.

use jiff::civil::{Date, DateTime};
use jiff::fmt::temporal::{Pieces, PiecesOffset};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{Timestamp, Zoned};

use super::words::{self, Said, Trouble};
use super::zone::FARTHEST;
use crate::records::time::{BadTime, Zone, local};
use crate::records::untrusted::typed;

/// A moment that a caller asked for, as understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The instant; for a whole day or more, its beginning.
    pub at: Timestamp,
    /// The exclusive end of a range that ends with this: whole days are included.
    pub ends: Timestamp,
    /// Whether the caller named a day, or several, rather than a time.
    pub whole_day: bool,
    /// What it was understood as, unless it was written exactly; or how a clock change affected it.
    pub note: Option<String>,
}

/// Parses a moment. Exact forms are RFC 3339; a local date and time, or a date, in numbers; `now`, `today`, `tomorrow`,
/// `yesterday`; `+3d` and `-2w` at the same time of day, `+4h` and `+90m` on the stopwatch. Anything else is in words, such
/// as a weekday's name, which means the next one after today, and its note says how it was understood. A week or a month is
/// all of its days: it begins with the first, and includes the last.
///
/// # Errors
/// For anything else the message lists the usual forms; for what has several readings, it names them.
pub fn parse(text: &str, zone: &Zone, now: Timestamp) -> Result<Moment, BadTime> {
    let (said, is_exact) = understand(text, zone, now).map_err(|trouble| refused(trouble, text, "a time", FORMS))?;
    let moment = match said {
        Said::Instant(at) => Some(Moment { at, ends: at, whole_day: false, note: None }),
        Said::Day(date) => days(date, date, zone),
        Said::Days(first, last) => days(first, last, zone),
        Said::Wall(wall) | Said::SameTime(wall) => at_wall(wall, zone),
    };
    // Well within the representable range, so that later arithmetic cannot overflow it.
    let is_sensible = |at: Timestamp| (0..=9000).contains(&at.to_zoned(TimeZone::UTC).year());
    let mut moment = moment
        .filter(|moment| is_sensible(moment.at))
        .ok_or_else(|| refused(Trouble::Unknown, text, "a time", FORMS))?;
    if !is_exact && moment.note.is_none() {
        let told = match said {
            Said::Days(first, last) => format!("{} to {}", words::show(first, None), words::show(last, None)),
            _ if moment.whole_day => super::day(moment.at, zone),
            _ => local(moment.at, zone),
        };
        moment.note = Some(format!("understood as {told}"));
    }
    Ok(moment)
}

/// Parses a date, as `parse` does: what names a day, or a number of days from now.
///
/// # Errors
/// For anything else, and for what has several readings.
pub fn date(text: &str, zone: &Zone, now: Timestamp) -> Result<Date, BadTime> {
    let refused = |trouble| refused(trouble, text, "a date", DATES);
    match understand(text, zone, now).map_err(refused)? {
        (Said::Day(date), _) => Ok(date),
        (Said::SameTime(wall), _) => Ok(wall.date()),
        _ => Err(refused(Trouble::Unknown)),
    }
}

/// Returns whole days, from the beginning of the first to the end of the last.
fn days(first: Date, last: Date, zone: &Zone) -> Option<Moment> {
    let (at, ends) = (zone.midnight(first)?, zone.midnight(last.tomorrow().ok()?)?);
    Some(Moment { at, ends, whole_day: true, note: None })
}

/// Describes how long ago a moment was, with the current day, which models often do not know. `None` for an upcoming one.
pub fn past(at: Timestamp, zone: &Zone, now: Timestamp) -> Option<String> {
    let ago = now.duration_since(at);
    if !ago.is_positive() {
        return None;
    }
    let many = |count: i64, unit: &str| format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" });
    let days = zone.date(now).duration_since(zone.date(at)).as_hours() / 24;
    Some(match (days, ago.as_hours(), ago.as_mins()) {
        (1.., ..) => format!("that is {}; today is {}", many(days, "day"), super::day(now, zone)),
        (_, hours @ 1.., _) => format!("that is {}; it is {} now", many(hours, "hour"), local(now, zone)),
        (.., minutes @ 1..) => format!("that is {}; it is {} now", many(minutes, "minute"), local(now, zone)),
        _ => format!("that was just now, at {}", local(now, zone)),
    })
}

const FORMS: &str = "2026-12-01, 2026-12-01T15:00, 2026-12-01T15:00:00Z, now, today, tomorrow 3pm, monday, Dec 1, in 2 \
                     hours, 2 days ago, next week, +3d, -2w or +4h";
const DATES: &str = "2026-12-24, today, tomorrow, friday (the next one after today), Dec 24, +3d or +2w";

fn refused(trouble: Trouble, text: &str, what: &str, forms: &str) -> BadTime {
    let shown: String = text.trim().chars().take(60).collect();
    BadTime(match trouble {
        Trouble::Unknown => format!("'{shown}' is not {what}; write {forms}"),
        Trouble::Unclear(why) => why,
    })
}

/// Returns what a text says, and whether it is an exact form, which needs no echo.
fn understand(text: &str, zone: &Zone, now: Timestamp) -> Result<(Said, bool), Trouble> {
    let text = typed(text).trim().to_owned();
    // No accepted form is longer.
    if text.is_empty() || text.len() > 64 {
        return Err(Trouble::Unknown);
    }
    let here = now.to_zoned(zone.inner().clone());
    let lower = text.to_lowercase();
    let exact = match lower.as_str() {
        "now" => Some(Said::Instant(now)),
        "today" => Some(Said::Day(here.date())),
        "tomorrow" => here.date().tomorrow().ok().map(Said::Day),
        "yesterday" => here.date().yesterday().ok().map(Said::Day),
        _ if lower.starts_with(['+', '-']) => return relative(&text, &here),
        _ => written(&text),
    };
    if let Some(said) = exact {
        return Ok((said, true));
    }
    let Some((wall, offset)) = with_offset(&text) else { return Ok((words::understand(&text, &here)?, false)) };
    match words::understand(wall, &here)? {
        Said::Wall(wall) => Ok((Said::Instant(offset.to_timestamp(wall).map_err(|_| Trouble::Unknown)?), true)),
        _ => Err(Trouble::Unknown),
    }
}

/// Parses `+3d`, `-2w`, `+4h`, `+90m`, which are exact, and `-7 days`.
fn relative(text: &str, here: &Zoned) -> Result<(Said, bool), Trouble> {
    let number_ends = text.find(|c: char| c.is_alphabetic()).ok_or(Trouble::Unknown)?;
    let (number, unit) = text.split_at(number_ends);
    let number: i64 = number.trim_end().parse().map_err(|_| Trouble::Unknown)?;
    let away = |unit: &str| words::away(number, unit).and_then(|away| away.from(here)).ok_or(Trouble::Unknown);
    if unit == "M" {
        let readings = [away("months")?, away("m")?];
        return Err(words::several(text, readings.into_iter().map(|said| said.shown(here))));
    }
    let unit = unit.to_lowercase();
    Ok((away(&unit)?, unit.len() == 1))
}

/// Splits the offset from a time as replies write it: `Tue 2026-12-01 15:00 -05:00`.
fn with_offset(text: &str) -> Option<(&str, Offset)> {
    let (wall, offset) = text.rsplit_once(' ')?;
    let has_date = wall.split(' ').any(|word| word.parse::<Date>().is_ok());
    let parsed = jiff::fmt::strtime::parse("%:z", offset).ok()?;
    let offset = parsed.offset()?;
    (has_date && !is_far(offset)).then_some((wall, offset))
}

/// Parses a date, a local date and time, or an instant with its offset.
fn written(text: &str) -> Option<Said> {
    let pieces = Pieces::parse(text).ok()?;
    // A zone in brackets might contradict the call's, and nothing starts in a leap second.
    if pieces.time_zone_annotation().is_some() || text.contains(":60") {
        return None;
    }
    match (pieces.offset(), pieces.time()) {
        (None, None) => Some(Said::Day(pieces.date())),
        (None, Some(time)) => Some(Said::Wall(pieces.date().to_datetime(time))),
        // Without minutes, or farther from UTC than any zone is, it was meant as something else: 09-17 as a range.
        (Some(PiecesOffset::Numeric(offset)), _) if !text.contains(':') || is_far(offset.offset()) => None,
        (Some(_), _) => text.parse().ok().map(Said::Instant),
    }
}

fn is_far(offset: Offset) -> bool {
    offset.seconds().abs() > FARTHEST
}

/// Converts wall-clock time: the later side of a gap, the earlier of a repeated hour.
fn at_wall(wall: DateTime, zone: &Zone) -> Option<Moment> {
    let ambiguous = zone.inner().to_ambiguous_timestamp(wall);
    let odd = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => None,
        AmbiguousOffset::Gap { .. } => Some(("does not exist", "forward", "")),
        AmbiguousOffset::Fold { .. } => Some(("occurs twice", "back", "the first, ")),
    };
    let at = ambiguous.compatible().ok()?;
    let (wall, name, taken) = (show(wall), zone.name(), local(at, zone));
    let note = odd
        .map(|(what, clocks, which)| format!("{wall} {what} in {name} (clocks go {clocks}): taken as {which}{taken}"));
    Some(Moment { at, ends: at, whole_day: false, note })
}

fn show(wall: DateTime) -> String {
    wall.strftime("%Y-%m-%d %H:%M").to_string()
}
