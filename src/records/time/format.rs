//! Times as people read them.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, Zoned};

use crate::records::time::Zone;

fn here(at: Timestamp, zone: &Zone) -> Zoned {
    at.to_zoned(zone.inner().clone())
}

/// `2026-12-01T20:00:00Z`
pub fn instant(at: Timestamp) -> String {
    format!("{at:.0}")
}

/// `Tue 2026-12-01 15:00 -05:00`
pub fn local(at: Timestamp, zone: &Zone) -> String {
    here(at, zone).strftime("%a %Y-%m-%d %H:%M %:z").to_string()
}

/// `Tue 2026-12-01`
pub fn day(at: Timestamp, zone: &Zone) -> String {
    here(at, zone).strftime("%a %Y-%m-%d").to_string()
}

/// `15:00`
pub fn clock(at: Timestamp, zone: &Zone) -> String {
    here(at, zone).strftime("%H:%M").to_string()
}

/// `Tue 2026-12-01 (-05:00)`: a day on which the clocks change has two.
pub fn day_with_offset(at: Timestamp, zone: &Zone) -> String {
    here(at, zone).strftime("%a %Y-%m-%d (%:z)").to_string()
}

/// `15:00-15:30`; `23:30-00:30+1d` over midnight. A meaningless duration is left out.
pub fn range(start: Timestamp, minutes: i64, zone: &Zone) -> String {
    let from = here(start, zone);
    let length = SignedDuration::try_from_mins(minutes).filter(SignedDuration::is_positive);
    let Some(end) = length.and_then(|length| start.checked_add(length).ok()) else { return clock(start, zone) };
    let to = here(end, zone);
    let text = format!("{}-{}", from.strftime("%H:%M"), to.strftime("%H:%M"));
    match to.date().duration_since(from.date()).as_hours() / 24 {
        0 => text,
        days => format!("{text}+{days}d"),
    }
}

/// Parses one of OnceHub's own times: with or without milliseconds, with `Z`, an offset or neither, which means UTC.
pub fn read(wire: &str) -> Option<Timestamp> {
    let text = wire.trim();
    // A date alone is not a time.
    if text.len() < 16 {
        return None;
    }
    text.parse::<Timestamp>().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}
