//! Times as people write them.

use jiff::civil::{Date, DateTime, Weekday};
use jiff::fmt::temporal::{Pieces, PiecesOffset};
use jiff::tz::{AmbiguousOffset, Offset};
use jiff::{SignedDuration, Span, Timestamp, ToSpan as _, Zoned};

use crate::records::time::{BadTime, Zone, local};

/// A moment that a caller asked for, as understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The instant; for a whole day, its beginning.
    pub at: Timestamp,
    /// Whether the caller named a day rather than a time.
    pub whole_day: bool,
    /// A note on how a clock change affected it.
    pub note: Option<String>,
}

/// Parses a moment: RFC 3339; a local date and time; a date; `now`, `today`, `tomorrow`, `yesterday`; a weekday,
/// meaning the next one after today; `+3d`, `-2w` at the same time of day; `+4h` exactly.
///
/// # Errors
/// Anything else; the message lists the accepted forms.
pub fn parse(text: &str, zone: &Zone, now: Timestamp) -> Result<Moment, BadTime> {
    let asked = text.trim();
    let refused = || {
        let shown: String = asked.chars().take(60).collect();
        BadTime(format!(
            "'{shown}' is not a time; write 2026-12-01, 2026-12-01T15:00, 2026-12-01T15:00:00Z, now, today, tomorrow, \
             yesterday, monday, +3d, -2w or +4h"
        ))
    };
    // No accepted form is longer, or has other characters.
    if asked.is_empty() || asked.len() > 64 || !asked.is_ascii() {
        return Err(refused());
    }
    let here = now.to_zoned(zone.inner().clone());
    let lower = asked.to_ascii_lowercase();
    let day = |days: i32| -> Option<Moment> { whole_day(here.date().checked_add(days.days()).ok()?, zone) };
    let moment = match lower.as_str() {
        "now" => Some(exact(now)),
        "today" => day(0),
        "tomorrow" => day(1),
        "yesterday" => day(-1),
        _ => match weekday(&lower) {
            Some(weekday) => here.date().nth_weekday(1, weekday).ok().and_then(|date| whole_day(date, zone)),
            None if lower.starts_with(['+', '-']) => relative(&lower, &here, zone),
            None => written(asked, zone),
        },
    };
    // Well within the representable range, so that later arithmetic cannot overflow it.
    let sensible = |at: Timestamp| (0..=9000).contains(&at.to_zoned(jiff::tz::TimeZone::UTC).year());
    moment.filter(|moment| sensible(moment.at)).ok_or_else(refused)
}

/// Returns the exclusive end of a range that ends with this moment: a whole day is included.
pub fn end_exclusive(moment: &Moment, zone: &Zone) -> Timestamp {
    if !moment.whole_day {
        return moment.at;
    }
    let next = zone.date(moment.at).tomorrow().ok().and_then(|date| whole_day(date, zone));
    next.map_or(moment.at, |next| next.at)
}

fn exact(at: Timestamp) -> Moment {
    Moment { at, whole_day: false, note: None }
}

/// Returns a day, beginning with its first instant, which need not be midnight.
fn whole_day(date: Date, zone: &Zone) -> Option<Moment> {
    Some(Moment { at: zone.midnight(date)?, whole_day: true, note: None })
}

/// Parses the English name of a weekday, in full or as its first three letters.
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

/// Parses `+3d`, `-2w`, `+4h`.
fn relative(text: &str, here: &Zoned, zone: &Zone) -> Option<Moment> {
    let unit = text.chars().last()?;
    let number: i64 = text.strip_suffix(unit)?.parse().ok()?;
    let days: Option<Span> = match unit {
        'd' => Some(Span::new().try_days(number).ok()?),
        'w' => Some(Span::new().try_weeks(number).ok()?),
        _ => None,
    };
    match (days, unit) {
        // The same time of day: across a clock change that is not a multiple of 24 hours.
        (Some(days), _) => at_wall(here.datetime().checked_add(days).ok()?, zone),
        (None, 'h') => Some(exact(here.timestamp().checked_add(SignedDuration::try_from_hours(number)?).ok()?)),
        _ => None,
    }
}

/// Parses a date, a local date and time, or an instant with its offset.
fn written(text: &str, zone: &Zone) -> Option<Moment> {
    let pieces = Pieces::parse(text).ok()?;
    // A zone in brackets might contradict the call's, and nothing starts in a leap second.
    if pieces.time_zone_annotation().is_some() || text.contains(":60") {
        return None;
    }
    match (pieces.offset(), pieces.time()) {
        (None, None) => whole_day(pieces.date(), zone),
        (None, Some(time)) => at_wall(pieces.date().to_datetime(time), zone),
        // Without minutes, or farther from UTC than any zone is, it was meant as something else: 09-17 as a range.
        (Some(PiecesOffset::Numeric(offset)), _) if !text.contains(':') || is_far(offset.offset()) => None,
        (Some(_), _) => text.parse().ok().map(exact),
    }
}

fn is_far(offset: Offset) -> bool {
    offset.seconds().abs() > 14 * 3600
}

/// Converts wall-clock time: the later side of a gap, the earlier of a repeated hour.
fn at_wall(wall: DateTime, zone: &Zone) -> Option<Moment> {
    let ambiguous = zone.inner().to_ambiguous_timestamp(wall);
    let (at, note) = match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => (ambiguous.compatible().ok()?, None),
        AmbiguousOffset::Gap { .. } => {
            let at = ambiguous.compatible().ok()?;
            let note = format!(
                "{} does not exist in {} (clocks go forward): taken as {}",
                show(wall),
                zone.name(),
                local(at, zone)
            );
            (at, Some(note))
        }
        AmbiguousOffset::Fold { .. } => {
            let at = ambiguous.earlier().ok()?;
            let note = format!(
                "{} occurs twice in {} (clocks go back): taken as the first, {}",
                show(wall),
                zone.name(),
                local(at, zone)
            );
            (at, Some(note))
        }
    };
    Some(Moment { at, whole_day: false, note })
}

fn show(wall: DateTime) -> String {
    wall.strftime("%Y-%m-%d %H:%M").to_string()
}
