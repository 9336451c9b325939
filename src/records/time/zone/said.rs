//! What people call zones when they do not use a name: abbreviations, parts of names, misspelt ones.

use jiff::tz::TimeZoneDatabase;

/// Abbreviations that mean one zone: all zones that use one in the IANA database keep the same time all year. The
/// exception is CET, which Algeria and Tunisia keep in summer, too. The database links it to Brussels.
pub(in crate::records::time) const MEANINGS: &[(&str, &str)] = &[
    ("gmt", "Etc/GMT"),
    ("cet", "Europe/Brussels"),
    ("cest", "Europe/Brussels"),
    ("wet", "Europe/Lisbon"),
    ("msk", "Europe/Moscow"),
    ("cat", "Africa/Maputo"),
    ("eat", "Africa/Nairobi"),
    ("sast", "Africa/Johannesburg"),
    ("wat", "Africa/Lagos"),
    ("hkt", "Asia/Hong_Kong"),
    ("idt", "Asia/Jerusalem"),
    ("jst", "Asia/Tokyo"),
    ("kst", "Asia/Seoul"),
    ("pkt", "Asia/Karachi"),
    ("wib", "Asia/Jakarta"),
    ("wita", "Asia/Makassar"),
    ("acdt", "Australia/Adelaide"),
    ("aedt", "Australia/Sydney"),
    ("awst", "Australia/Perth"),
    ("chst", "Pacific/Guam"),
    ("nzst", "Pacific/Auckland"),
    ("nzdt", "Pacific/Auckland"),
    ("akst", "America/Anchorage"),
    ("akdt", "America/Anchorage"),
    ("edt", "America/New_York"),
    ("mdt", "America/Denver"),
    ("pdt", "America/Los_Angeles"),
];

/// Abbreviations that mean several zones: in the IANA database, or in common use.
pub(in crate::records::time) const READINGS: &[(&str, &[&str])] = &[
    ("acst", &["Australia/Adelaide", "Australia/Darwin"]),
    ("adt", &["America/Halifax", "Asia/Baghdad"]),
    ("aest", &["Australia/Sydney", "Australia/Brisbane"]),
    ("amt", &["America/Manaus", "Asia/Yerevan"]),
    ("ast", &["America/Halifax", "America/Puerto_Rico", "Asia/Riyadh"]),
    ("bst", &["Europe/London", "Asia/Dhaka", "Pacific/Bougainville"]),
    ("cdt", &["America/Chicago", "America/Havana"]),
    ("cst", &["America/Chicago", "America/Mexico_City", "America/Havana", "Asia/Shanghai"]),
    ("eest", &["Europe/Athens", "Europe/Chisinau", "Africa/Cairo", "Asia/Beirut"]),
    ("eet", &["Europe/Athens", "Europe/Kaliningrad", "Africa/Cairo", "Africa/Tripoli", "Asia/Beirut"]),
    ("est", &["America/New_York", "America/Panama"]),
    ("gst", &["Asia/Dubai", "Atlantic/South_Georgia"]),
    ("hst", &["Pacific/Honolulu", "America/Adak"]),
    ("ist", &["Asia/Kolkata", "Europe/Dublin", "Asia/Jerusalem"]),
    ("mst", &["America/Denver", "America/Phoenix"]),
    ("pst", &["America/Los_Angeles", "Asia/Manila"]),
    ("sst", &["Pacific/Pago_Pago", "Asia/Singapore"]),
    ("wst", &["Australia/Perth", "Pacific/Apia"]),
];

/// Other words for zones, without `time`. They are suggested, never assumed.
const WORDS: &[(&str, &str)] = &[
    ("et", "America/New_York"),
    ("eastern", "America/New_York"),
    ("ct", "America/Chicago"),
    ("central", "America/Chicago"),
    ("mt", "America/Denver"),
    ("mountain", "America/Denver"),
    ("pt", "America/Los_Angeles"),
    ("pacific", "America/Los_Angeles"),
    ("uk", "Europe/London"),
    ("british", "Europe/London"),
    ("central european", "Europe/Brussels"),
    ("west", "Europe/Lisbon"),
    ("india", "Asia/Kolkata"),
    ("indian", "Asia/Kolkata"),
    ("sgt", "Asia/Singapore"),
    ("japan", "Asia/Tokyo"),
];

fn find<T: Copy>(table: &[(&str, T)], lower: &str) -> Option<T> {
    table.iter().find(|(said, _)| *said == lower).map(|(_, meant)| *meant)
}

/// Returns the zone that an abbreviation means.
pub(super) fn meaning(lower: &str) -> Option<&'static str> {
    find(MEANINGS, lower)
}

/// Returns the zones that an abbreviation can mean.
pub(super) fn readings(lower: &str) -> Option<&'static [&'static str]> {
    find(READINGS, lower)
}

/// Returns up to three zones that may have been meant.
pub(super) fn suggestions(lower: &str, known: &TimeZoneDatabase) -> Vec<String> {
    // The signs in `Etc/GMT+2` are the reverse of what anybody means by GMT+2.
    if lower.contains(['+', '-']) && ["utc", "gmt", "etc/"].iter().any(|start| lower.starts_with(start)) {
        return Vec::new();
    }
    let word = [" standard time", " daylight time", " summer time", " time"]
        .iter()
        .find_map(|ending| lower.strip_suffix(ending))
        .unwrap_or(lower);
    if let Some(name) = find(WORDS, word) {
        return vec![name.to_owned()];
    }
    let wanted = lower.rsplit('/').next().unwrap_or(lower).replace(' ', "_");
    let mut near: Vec<(f64, String)> = known
        .available()
        .map(|name| name.to_string())
        .filter(|name| name.contains('/') && !name.starts_with("Etc/"))
        .map(|name| {
            let place = name.rsplit('/').next().unwrap_or(&name).to_lowercase();
            let likeness =
                strsim::jaro_winkler(&place, &wanted).max(strsim::jaro_winkler(&name.to_lowercase(), lower) - 0.02);
            // A common beginning alone does not make a slip of the pen: Mars is not the Marquesas.
            let letters = place.chars().count().max(wanted.chars().count());
            let is_near = place.split('_').any(|part| part == wanted)
                || strsim::damerau_levenshtein(&place, &wanted) * 3 <= letters
                || strsim::damerau_levenshtein(&name.to_lowercase(), lower) * 4 <= lower.chars().count();
            (if is_near { likeness } else { 0.0 }, name)
        })
        .filter(|(likeness, _)| *likeness > 0.85)
        .collect();
    near.sort_by(|(a, one), (b, other)| b.total_cmp(a).then_with(|| one.cmp(other)));
    let exact = near.iter().filter(|(likeness, _)| *likeness > 0.999).count();
    near.truncate(if exact > 0 { exact.min(3) } else { 3 });
    near.into_iter().map(|(_, name)| name).collect()
}
