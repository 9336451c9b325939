use chrono::{Datelike, Offset, TimeZone as _, Timelike};
use jiff::Timestamp;
use proptest::prelude::*;

use crate::records::time::*;

fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Wednesday, 11:30 in New York.
const NOW: &str = "2026-11-25T16:30:00Z";

fn understood(text: &str, zone_name: &str) -> String {
    instant(parse(text, &zone(zone_name), at(NOW)).unwrap().at)
}

#[test]
fn every_form_of_the_contract_is_understood() {
    for (text, expected) in [
        ("2026-12-01T20:00:00Z", "2026-12-01T20:00:00Z"),
        ("2026-12-01t20:00:00.250z", "2026-12-01T20:00:00Z"),
        ("2026-12-01T15:00:00-05:00", "2026-12-01T20:00:00Z"),
        ("2026-12-01T15:00+05:30", "2026-12-01T09:30:00Z"),
        ("2026-12-01T15:00", "2026-12-01T20:00:00Z"),
        (" 2026-12-01 15:00:30 ", "2026-12-01T20:00:30Z"),
        ("2026-12-01T15", "2026-12-01T20:00:00Z"),
        ("20261201", "2026-12-01T05:00:00Z"),
        ("2026-12-01", "2026-12-01T05:00:00Z"),
        ("now", NOW),
        ("Today", "2026-11-25T05:00:00Z"),
        ("TOMORROW", "2026-11-26T05:00:00Z"),
        ("yesterday", "2026-11-24T05:00:00Z"),
        ("friday", "2026-11-27T05:00:00Z"),
        ("Wed", "2026-12-02T05:00:00Z"),
        ("tues", "2026-12-01T05:00:00Z"),
        ("+3d", "2026-11-28T16:30:00Z"),
        ("-2w", "2026-11-11T16:30:00Z"),
        ("+4h", "2026-11-25T20:30:00Z"),
    ] {
        assert_eq!(understood(text, "America/New_York"), expected, "{text}");
    }
}

#[test]
fn days_keep_the_time_on_the_wall_over_a_change_of_clocks() {
    let now = at("2026-10-30T16:00:00Z");
    let later = parse("+3d", &zone("America/New_York"), now).unwrap();
    assert_eq!(local(later.at, &zone("America/New_York")), "Mon 2026-11-02 12:00 -05:00");
    let exact = parse("+72h", &zone("America/New_York"), now).unwrap();
    assert_eq!(local(exact.at, &zone("America/New_York")), "Mon 2026-11-02 11:00 -05:00");
}

#[test]
fn a_gap_goes_to_its_later_side_and_a_doubled_hour_to_its_first() {
    let new_york = zone("America/New_York");
    let gap = parse("2027-03-14T02:30", &new_york, at(NOW)).unwrap();
    assert_eq!(local(gap.at, &new_york), "Sun 2027-03-14 03:30 -04:00");
    assert_eq!(
        gap.note.unwrap(),
        "2027-03-14 02:30 does not exist in America/New_York (clocks go forward): taken as Sun 2027-03-14 03:30 -04:00"
    );
    let fold = parse("2026-11-01 01:30", &new_york, at(NOW)).unwrap();
    assert_eq!(local(fold.at, &new_york), "Sun 2026-11-01 01:30 -04:00");
    assert!(fold.note.unwrap().contains("occurs twice"));
    let into_the_gap = parse("+1d", &new_york, at("2027-03-13T07:30:00Z")).unwrap();
    assert_eq!(local(into_the_gap.at, &new_york), "Sun 2027-03-14 03:30 -04:00");
    assert!(into_the_gap.note.is_some());
    // With its offset it is no question.
    assert_eq!(parse("2026-11-01T01:30:00-05:00", &new_york, at(NOW)).unwrap().note, None);
}

#[test]
fn a_day_begins_with_its_first_instant_even_where_midnight_does_not_exist() {
    let cairo = zone("Africa/Cairo");
    let day = parse("2027-04-30", &cairo, at(NOW)).unwrap();
    assert_eq!(local(day.at, &cairo), "Fri 2027-04-30 01:00 +03:00");
    assert_eq!(local(end_exclusive(&day, &cairo), &cairo), "Sat 2027-05-01 00:00 +03:00");
    let long = parse("2026-11-01", &zone("America/New_York"), at(NOW)).unwrap();
    let length = end_exclusive(&long, &zone("America/New_York")).duration_since(long.at);
    assert_eq!(length.as_hours(), 25);
}

#[test]
fn whatever_else_is_refused_with_the_forms_that_are_understood() {
    let long = "9".repeat(500);
    for text in [
        "", " ", "soon", "+1m", "next week", "2026-02-30", "2026-13-01", "2026-12-01T24:00", "2026-12-01T23:59:60",
        "2026-12-01 09-17", "2026-12-01T15-05", "2026-12-01T15:00-16:00", "2026-12-01T15:00:00 Z", "01/12/2026",
        "15:00", "+5", "+d", "+999999999d", "-99999999999999999999h", "+3.5h", "٢٠٢٦-١٢-٠١",
        "2026-12-01T15:00[Europe/London]", "2026-1-1", "+-3d", "2026-12-01T15:00-99:00", &long,
    ] {
        let error = parse(text, &zone("America/New_York"), at(NOW)).map(|moment| moment.at).unwrap_err().to_string();
        assert!(error.contains("is not a time; write 2026-12-01, 2026-12-01T15:00"), "{text}: {error}");
        assert!(error.len() < 300);
    }
}

#[test]
fn a_zone_is_found_by_its_name_and_suggested_for_anything_like_it() {
    assert_eq!(zone("europe/LONDON").name(), "Europe/London");
    assert_eq!((zone("utc").name(), zone("Etc/UTC").name()), ("UTC", "UTC"));
    assert_eq!((zone("GMT").name(), zone("etc/gmt+5").name()), ("Etc/GMT", "Etc/GMT+5"));
    for (text, suggestion) in [
        ("EST", "did you mean America/New_York?"),
        ("Pacific", "did you mean America/Los_Angeles?"),
        ("London", "did you mean Europe/London?"),
        ("new york", "did you mean America/New_York?"),
        ("America/NewYork", "America/New_York"),
        ("Europe/Londn", "Europe/London"),
        ("+02:00", "use a name such as"),
        ("EST5EDT", "is not an IANA time zone"),
        // Neither taken for a zone nor answered with one whose sign is the other way round.
        ("GMT+5", "use a name such as"),
        ("UTC-3", "use a name such as"),
        ("../../etc/passwd", "is not an IANA time zone"),
        ("", "use a name such as"),
    ] {
        let error = Zone::parse(text).unwrap_err().to_string();
        assert!(error.contains(suggestion), "{text}: {error}");
    }
}

#[test]
fn times_of_oncehub_are_read_in_all_the_forms_it_sends() {
    for text in [
        "2026-12-01T20:00:00Z", "2026-12-01T20:00:00.000Z", "2026-12-01T20:00:00", "2026-12-01 20:00:00Z",
        "2026-12-01T15:00:00-05:00", "2026-12-01T20:00",
    ] {
        assert_eq!(read(text), Some(at("2026-12-01T20:00:00Z")), "{text}");
    }
    for text in ["", "2026-12-01", "tomorrow at noon, ok?", "null"] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn a_meeting_over_midnight_says_so() {
    let london = zone("Europe/London");
    let start = at("2026-12-01T23:30:00Z");
    assert_eq!(range(start, 30, &london), "23:30-00:00+1d");
    assert_eq!(range(start, 45, &london), "23:30-00:15+1d");
    assert_eq!(range(at("2026-12-01T09:00:00Z"), 60, &london), "09:00-10:00");
    for odd in [0, -5, i64::MAX] {
        assert_eq!(range(start, odd, &london), "23:30", "{odd}");
    }
}

/// The weeks around each change of clocks of two years, quarter hour by quarter hour, against another source of zone data.
#[test]
fn wall_times_agree_with_an_independent_source_of_zone_data() {
    let weeks = [
        "2026-03-05", "2026-03-26", "2026-04-01", "2026-10-01", "2026-10-22", "2026-10-29", "2027-03-11", "2027-03-25",
    ];
    for name in ["America/New_York", "Europe/London", "Australia/Sydney", "Asia/Kolkata"] {
        let (ours, theirs) = (zone(name), name.parse::<chrono_tz::Tz>().unwrap());
        for week in weeks {
            let start = at(&format!("{week}T00:00:00Z")).as_second();
            for second in (start..start + 8 * 86_400).step_by(900) {
                let expected = theirs.timestamp_opt(second, 0).unwrap();
                let offset = expected.offset().fix().local_minus_utc();
                let sign = if offset < 0 { '-' } else { '+' };
                let (hours, minutes) = (offset.abs() / 3600, offset.abs() / 60 % 60);
                let expected = format!(
                    "{} {:04}-{:02}-{:02} {:02}:{:02} {sign}{hours:02}:{minutes:02}",
                    expected.weekday(),
                    expected.year(),
                    expected.month(),
                    expected.day(),
                    expected.hour(),
                    expected.minute()
                );
                assert_eq!(local(Timestamp::from_second(second).unwrap(), &ours), expected, "{name}");
            }
        }
    }
}

proptest! {
    #[test]
    fn no_text_is_too_odd_to_be_answered(text in "\\PC{0,40}") {
        let _ = parse(&text, &zone("America/New_York"), at(NOW));
        let _ = Zone::parse(&text);
        let _ = read(&text);
    }

    #[test]
    fn nearly_times_are_answered_too(text in "[+-]?[0-9TtZz: .-]{0,30}[dwhm]?") {
        let _ = parse(&text, &zone("Australia/Sydney"), at(NOW));
    }

    #[test]
    fn a_wall_time_comes_back_as_it_was_asked_for(days in 0i64..700, minute in 0i64..1440) {
        let sydney = zone("Australia/Sydney");
        let date = jiff::civil::date(2026, 1, 1).saturating_add(jiff::SignedDuration::from_hours(24 * days));
        let text = format!("{date}T{:02}:{:02}", minute / 60, minute % 60);
        let moment = parse(&text, &sydney, at(NOW)).unwrap();
        if moment.note.is_none() {
            prop_assert!(local(moment.at, &sydney)[4..20].eq(&text.replace('T', " ")));
        }
    }
}
