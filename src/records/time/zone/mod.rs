//! Time zones, by the names that people, programs and Windows give them.

mod cldr;
pub(in crate::records::time) mod said;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use crate::records::time::BadTime;
use crate::records::untrusted::typed;

/// The zone of one call's replies and inputs.
#[derive(Clone, Debug)]
pub struct Zone {
    zone: TimeZone,
    name: String,
}

/// The offsets that zones have had in living memory: from Baker Island to Kiritimati, and something to spare.
pub(super) const FARTHEST: i32 = 14 * 3600;

impl Zone {
    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self { zone: TimeZone::UTC, name: "UTC".into() }
    }

    /// Parses a zone: an IANA or a Windows name, an offset, or an abbreviation that means one zone; all in any case.
    ///
    /// # Errors
    /// For anything else, with suggestions; for an abbreviation that means several zones, with each of them.
    pub fn parse(name: &str) -> Result<Self, BadTime> {
        let asked = typed(name);
        let asked = asked.trim();
        let lower = asked.to_lowercase();
        let shown: String = asked.chars().take(60).collect();
        if matches!(lower.as_str(), "utc" | "etc/utc" | "z") {
            return Ok(Self::utc());
        }
        // Names without a slash are abbreviations, such as EST and EST5EDT: people mean different things by them.
        if asked.contains('/')
            && let Some(zone) = Self::named(asked)
        {
            return Ok(zone);
        }
        if let Some(seconds) = offset(&lower) {
            let offset = Offset::from_seconds(seconds).ok().filter(|_| seconds.abs() <= FARTHEST);
            let problem = || format!("'{shown}' is not the offset of any zone: they end at +14:00 and -14:00");
            return offset.map(Self::fixed).ok_or_else(|| BadTime(problem()));
        }
        if let Some(zones) = said::readings(&lower) {
            let (last, others) = zones.split_last().unwrap_or((&"", &[]));
            let problem = format!("'{shown}' can mean {} or {last}: say which", others.join(", "));
            return Err(BadTime(problem));
        }
        if let Some(zone) = said::meaning(&lower).or_else(|| cldr::windows(&lower)).and_then(Self::named) {
            return Ok(zone);
        }
        let likely = match said::suggestions(&lower, jiff::tz::db()).as_slice() {
            [] => "use a name such as America/New_York, Europe/London or Asia/Kolkata".to_owned(),
            names => format!("did you mean {}?", names.join(" or ")),
        };
        Err(BadTime(format!("'{shown}' is not an IANA time zone: {likely}")))
    }

    /// Finds a zone by its IANA name.
    fn named(name: &str) -> Option<Self> {
        // Etc/Unknown is what jiff calls a zone that it does not know.
        let zone = jiff::tz::db().get(name).ok().filter(|zone| !zone.is_unknown())?;
        let name = zone.iana_name().unwrap_or(name).to_owned();
        Some(Self { zone, name })
    }

    /// Returns the zone with a fixed offset from UTC, which is also its name.
    fn fixed(offset: Offset) -> Self {
        if offset == Offset::UTC {
            return Self::utc();
        }
        let (sign, minutes) = (if offset.is_negative() { '-' } else { '+' }, offset.seconds().abs() / 60);
        let name = format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60);
        Self { zone: TimeZone::fixed(offset), name }
    }

    /// Whether a zone of exactly this name exists.
    pub fn exists(name: &str) -> bool {
        name == "UTC" || (name.contains('/') && Self::named(name).is_some_and(|zone| zone.name == name))
    }

    /// Returns its IANA name, or else its offset, such as `+05:30`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns its IANA name, for OnceHub, which knows no other. That of an offset is one of `Etc/GMT-14` to
    /// `Etc/GMT+12`, whose signs are the reverse of everybody else's.
    ///
    /// # Errors
    /// For an offset that no such zone has; the message names zones that have it at that time.
    pub fn iana(&self, at: Timestamp) -> Result<String, BadTime> {
        let Ok(offset) = self.zone.to_fixed_offset() else { return Ok(self.name.clone()) };
        if self.zone.iana_name().is_some() || offset == Offset::UTC {
            return Ok(self.name.clone());
        }
        let (hours, rest) = (offset.seconds() / 3600, offset.seconds() % 3600);
        let etc = format!("Etc/GMT{:+}", -hours);
        if rest == 0 && Self::exists(&etc) {
            return Ok(etc);
        }
        let has_it = |name: &&str| jiff::tz::db().get(name).is_ok_and(|zone| zone.to_offset(at) == offset);
        let there: Vec<&str> = cldr::names().filter(|name| name.contains('/')).filter(has_it).take(3).collect();
        let known = if there.is_empty() { String::new() } else { format!(", such as {}", there.join(", ")) };
        Err(BadTime(format!("OnceHub takes the names of zones, and {} is not one: name the zone{known}", self.name)))
    }

    /// Returns the date there.
    pub fn date(&self, at: Timestamp) -> Date {
        at.to_zoned(self.zone.clone()).date()
    }

    /// Returns the date and time there.
    pub fn civil(&self, at: Timestamp) -> DateTime {
        at.to_zoned(self.zone.clone()).datetime()
    }

    /// Returns the first instant of a day there.
    pub fn midnight(&self, date: Date) -> Option<Timestamp> {
        Some(date.to_zoned(self.zone.clone()).ok()?.start_of_day().ok()?.timestamp())
    }

    /// Returns the instant of a minute of a day there: the later side of a gap, the earlier of a doubled hour.
    pub fn minute(&self, date: Date, minute: i64) -> Option<Timestamp> {
        let at = date.to_datetime(Time::midnight()).checked_add(SignedDuration::from_mins(minute)).ok()?;
        Some(at.to_zoned(self.zone.clone()).ok()?.timestamp())
    }

    /// Returns the same time of day, so many days later.
    pub fn days_later(&self, at: Timestamp, days: i32) -> Timestamp {
        at.to_zoned(self.zone.clone()).checked_add(days.days()).map_or(at, |later| later.timestamp())
    }

    pub fn inner(&self) -> &TimeZone {
        &self.zone
    }
}

/// Parses an offset, in seconds: `+05:30`, `+0530`, `+5`, `UTC+5:30`, `GMT-3`.
fn offset(lower: &str) -> Option<i32> {
    let spaceless = lower.replace(' ', "");
    let signed = ["utc", "gmt"].iter().find_map(|prefix| spaceless.strip_prefix(prefix)).unwrap_or(&spaceless);
    let sign = if signed.starts_with('-') { -1 } else { 1 };
    let digits = signed.strip_prefix(['+', '-'])?;
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "00"),
    };
    let number = |text: &str| text.parse::<i32>().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()));
    let hours = number(hours).filter(|_| hours.len() <= 2)?;
    let minutes = number(minutes).filter(|number| minutes.len() == 2 && *number < 60)?;
    Some(sign * (hours * 3600 + minutes * 60))
}
