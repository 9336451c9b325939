//! Time zones by their names.

use jiff::civil::{Date, DateTime};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan as _};

use crate::records::time::BadTime;

/// The zone of one call's replies and inputs.
#[derive(Clone, Debug)]
pub struct Zone {
    zone: TimeZone,
    name: String,
}

/// Common names for zones, and what they mean. Abbreviations are ambiguous, so they are suggested, never assumed.
const SAID: &[(&str, &str)] = &[
    ("est", "America/New_York"),
    ("edt", "America/New_York"),
    ("et", "America/New_York"),
    ("eastern", "America/New_York"),
    ("eastern standard time", "America/New_York"),
    ("cst", "America/Chicago"),
    ("cdt", "America/Chicago"),
    ("ct", "America/Chicago"),
    ("central", "America/Chicago"),
    ("mst", "America/Denver"),
    ("mdt", "America/Denver"),
    ("mountain", "America/Denver"),
    ("pst", "America/Los_Angeles"),
    ("pdt", "America/Los_Angeles"),
    ("pt", "America/Los_Angeles"),
    ("pacific", "America/Los_Angeles"),
    ("pacific standard time", "America/Los_Angeles"),
    ("bst", "Europe/London"),
    ("gmt standard time", "Europe/London"),
    ("uk", "Europe/London"),
    ("cet", "Europe/Berlin"),
    ("cest", "Europe/Berlin"),
    ("ist", "Asia/Kolkata"),
    ("india", "Asia/Kolkata"),
    ("india standard time", "Asia/Kolkata"),
    ("jst", "Asia/Tokyo"),
    ("aest", "Australia/Sydney"),
    ("aedt", "Australia/Sydney"),
];

impl Zone {
    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self { zone: TimeZone::UTC, name: "UTC".into() }
    }

    /// Parses an IANA zone name, in any case.
    ///
    /// # Errors
    /// For anything else, with suggestions.
    pub fn parse(name: &str) -> Result<Self, BadTime> {
        let asked = name.trim();
        if asked.eq_ignore_ascii_case("utc") || asked.eq_ignore_ascii_case("etc/utc") {
            return Ok(Self::utc());
        }
        let asked = if asked.eq_ignore_ascii_case("gmt") { "Etc/GMT" } else { asked };
        // Names without a slash are abbreviations, such as EST and EST5EDT: people mean different things by them.
        if asked.contains('/')
            && let Ok(zone) = jiff::tz::db().get(asked)
        {
            let name = zone.iana_name().unwrap_or(asked).to_owned();
            return Ok(Self { zone, name });
        }
        let shown: String = asked.chars().take(60).collect();
        let suggestions = suggest(&asked.to_lowercase(), jiff::tz::db());
        let likely = match suggestions.as_slice() {
            [] => "use a name such as America/New_York, Europe/London or Asia/Kolkata".to_owned(),
            names => format!("did you mean {}?", names.join(" or ")),
        };
        Err(BadTime(format!("'{shown}' is not an IANA time zone: {likely}")))
    }

    /// Whether a zone of exactly this name exists.
    pub fn exists(name: &str) -> bool {
        name == "UTC"
            || (name.contains('/') && jiff::tz::db().get(name).is_ok_and(|zone| zone.iana_name() == Some(name)))
    }

    /// Returns its IANA name.
    pub fn name(&self) -> &str {
        &self.name
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

    /// Returns the same time of day, so many days later.
    pub fn days_later(&self, at: Timestamp, days: i32) -> Timestamp {
        at.to_zoned(self.zone.clone()).checked_add(days.days()).map_or(at, |later| later.timestamp())
    }

    pub fn inner(&self) -> &TimeZone {
        &self.zone
    }
}

/// Returns up to three zones that may have been meant.
fn suggest(asked: &str, known: &TimeZoneDatabase) -> Vec<String> {
    // An offset is not a zone; and the signs in `Etc/GMT+2` are the reverse of what anybody means by GMT+2.
    if asked.contains(['+', '-']) && ["utc", "gmt", "etc/"].iter().any(|start| asked.starts_with(start)) {
        return Vec::new();
    }
    if let Some((_, name)) = SAID.iter().find(|(said, _)| *said == asked) {
        return vec![(*name).to_owned()];
    }
    let wanted = asked.rsplit('/').next().unwrap_or(asked).replace(' ', "_");
    let mut near: Vec<(f64, String)> = known
        .available()
        .map(|name| name.to_string())
        .filter(|name| name.contains('/') && !name.starts_with("Etc/"))
        .map(|name| {
            let place = name.rsplit('/').next().unwrap_or(&name).to_lowercase();
            let likeness =
                strsim::jaro_winkler(&place, &wanted).max(strsim::jaro_winkler(&name.to_lowercase(), asked) - 0.02);
            (likeness, name)
        })
        .filter(|(likeness, _)| *likeness > 0.85)
        .collect();
    near.sort_by(|(a, one), (b, other)| b.total_cmp(a).then_with(|| one.cmp(other)));
    let exact = near.iter().filter(|(likeness, _)| *likeness > 0.999).count();
    near.truncate(if exact > 0 { exact.min(3) } else { 3 });
    near.into_iter().map(|(_, name)| name).collect()
}
