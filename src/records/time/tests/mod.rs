mod table;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Offset, TimeZone as _, Timelike};
use jiff::{Timestamp, ToSpan as _};
use proptest::prelude::*;

use crate::records::time::zone::said;
use crate::records::time::*;
use table::Meaning;

fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

const NOW: &str = table::WED;

#[test]
fn each_form_is_understood_or_refused_as_the_table_says() {
    let rows = || table::TIMES.iter().flat_map(|(_, rows)| rows.iter());
    for (text, name, now, meaning) in rows() {
        let zone = zone(name);
        let read = parse(text, &zone, at(now));
        let shown = |moment: &Moment| if moment.whole_day { day(moment.at, &zone) } else { local(moment.at, &zone) };
        match (meaning, read) {
            (Meaning::Exact(expected), Ok(moment)) => {
                assert_eq!((shown(&moment).as_str(), moment.note), (*expected, None), "{text}");
            }
            (Meaning::Echoed(expected), Ok(moment)) => {
                assert_eq!(Some(shown(&moment).as_str()), expected.split(" to ").next(), "{text}");
                assert_eq!(moment.note, Some(format!("understood as {expected}")), "{text}");
            }
            (Meaning::Explained(expected, why), Ok(moment)) => {
                assert_eq!(shown(&moment), *expected, "{text}");
                assert_eq!(moment.note, Some(format!("{why}{expected}")), "{text}");
            }
            (Meaning::Refused(words), Err(error)) => {
                assert!(error.to_string().contains(words), "{text}: {error}");
            }
            (expected, read) => panic!("'{text}' at {now}: {expected:?} is expected, not {read:?}"),
        }
    }
    assert!(rows().count() >= 60);
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
    assert_eq!(local(day.ends, &cairo), "Sat 2027-05-01 00:00 +03:00");
    let long = parse("2026-11-01", &zone("America/New_York"), at(NOW)).unwrap();
    let length = long.ends.duration_since(long.at);
    assert_eq!(length.as_hours(), 25);
}

#[test]
fn whatever_else_is_refused_with_the_forms_that_are_understood() {
    let long = "9".repeat(500);
    for text in [
        "", " ", "soon", "2026-02-30", "2026-13-01", "2026-12-01T24:00", "2026-12-01T23:59:60", "2026-12-01 09-17",
        "2026-12-01T15-05", "2026-12-01T15:00-16:00", "2026-12-01T15:00:00 Z", "+5", "+d", "+999999999d",
        "-99999999999999999999h", "+3.5h", "٢٠٢٦-١٢-٠١", "2026-12-01T15:00[Europe/London]", "+-3d", "+90s",
        "tomorrow today", "friday friday", "now 3pm", "next", "last", "ago", "3 ago", "-7 fortnights",
        "next month 3pm", "in 2", "in -2 hours", "in 2 hours at 3pm", "at", "at at noon", "dec", "1", "1 2 3",
        "tomorrow 25:00", "tomorrow 24:00", "13/13/2026", "0/0/2026", "2026-12-01 15:00 PM", "tomorrow 3pm UTC",
        "1/2/3", "Dec 1 26", "soon, mate", "2026-12-01T15:00-99:00", &long,
    ] {
        let error = parse(text, &zone("America/New_York"), at(NOW)).map(|moment| moment.at).unwrap_err().to_string();
        assert!(error.contains("is not a time; write 2026-12-01, 2026-12-01T15:00"), "{text}: {error}");
        assert!(error.len() < 300);
    }
}

#[test]
fn each_zone_is_known_or_refused_as_the_table_says() {
    // An argument that is empty is absent: no caller's text is.
    assert!(Zone::parse("").unwrap_err().to_string().contains("use a name such as"));
    let rows = || table::ZONES.iter().flat_map(|(_, rows)| rows.iter());
    for (text, expected) in rows() {
        match (expected, Zone::parse(text)) {
            (Ok(expected), Ok(zone)) => {
                assert_eq!(zone.name(), *expected, "{text}");
                // Its name stands for it.
                assert_eq!(Zone::parse(zone.name()).unwrap().inner(), zone.inner(), "{text}");
            }
            (Err(words), Err(error)) => assert!(error.to_string().contains(words), "{text}: {error}"),
            (expected, zone) => panic!("'{text}': {expected:?} is expected, not {zone:?}"),
        }
    }
    assert!(rows().count() >= 20);
}

/// Offsets from UTC in seconds, each with the quarter of a day that it begins in.
type Offsets = Vec<(i64, i32)>;

/// Returns what the clocks of a zone show over two years: the abbreviations, and the offsets.
fn clocks(name: &str) -> (BTreeSet<String>, Offsets) {
    let zone = zone(name);
    let (begins, ends) = (at("2026-01-01T00:00:00Z"), at("2028-01-01T00:00:00Z"));
    let first = zone.inner().to_offset_info(begins);
    let mut abbreviations = BTreeSet::from([first.abbreviation().to_lowercase()]);
    let mut offsets = vec![(0, first.offset().seconds())];
    for change in zone.inner().following(begins).take_while(|change| change.timestamp() < ends) {
        let offset = change.offset().seconds();
        if offsets.last().is_none_or(|(_, before)| *before != offset) {
            offsets.push((change.timestamp().duration_since(begins).as_hours() / 6, offset));
        }
        abbreviations.insert(change.abbreviation().to_lowercase());
    }
    (abbreviations, offsets)
}

#[test]
fn an_abbreviation_means_one_zone_exactly_where_all_that_use_it_have_the_same_clocks() {
    let mut uses: BTreeMap<String, BTreeMap<Offsets, Vec<String>>> = BTreeMap::new();
    for name in jiff::tz::db().available().map(|name| name.to_string()).filter(|name| name.contains('/')) {
        let (abbreviations, offsets) = clocks(&name);
        for abbreviation in abbreviations {
            uses.entry(abbreviation).or_default().entry(offsets.clone()).or_default().push(name.clone());
        }
    }
    for (abbreviation, name) in said::MEANINGS {
        let groups = uses.remove(*abbreviation).unwrap_or_else(|| panic!("{abbreviation} is not used"));
        let is_one = groups.len() == 1 || matches!(*abbreviation, "cet" | "gmt");
        assert!(is_one && groups.values().any(|names| names.iter().any(|it| it == name)), "{abbreviation}: {groups:?}");
    }
    for (abbreviation, readings) in said::READINGS {
        assert!(readings.len() > 1);
        readings.iter().for_each(|name| assert_eq!(zone(name).name(), *name));
        let groups = uses.remove(*abbreviation).unwrap_or_default();
        let missed: Vec<_> =
            groups.values().filter(|names| !names.iter().any(|name| readings.contains(&name.as_str()))).collect();
        assert!(missed.is_empty() || *abbreviation == "eet" || *abbreviation == "eest", "{abbreviation}: {missed:?}");
    }
    let several: Vec<&String> = uses
        .iter()
        .filter(|(name, groups)| groups.len() > 1 && !name.starts_with(['+', '-']))
        .map(|(name, _)| name)
        .collect();
    assert!(several.is_empty(), "{several:?}");
}

#[test]
fn every_windows_name_is_known_in_any_case() {
    // A name for each spelling that differs from the rest: capitals, dots, brackets, digits, hyphens.
    for (name, expected) in [
        ("aus eastern standard time", "Australia/Sydney"),
        ("AUS CENTRAL STANDARD TIME", "Australia/Darwin"),
        ("aus central w. standard time", "Australia/Eucla"),
        ("e. south america standard time", "America/Sao_Paulo"),
        ("n. central asia standard time", "Asia/Novosibirsk"),
        ("pacific standard time (mexico)", "America/Tijuana"),
        ("gtb standard time", "Europe/Bucharest"),
        ("us eastern standard time", "America/Indiana/Indianapolis"),
        ("se asia standard time", "Asia/Bangkok"),
        ("sa western standard time", "America/La_Paz"),
        ("russia time zone 3", "Europe/Samara"),
        ("turks and caicos standard time", "America/Grand_Turk"),
        ("dateline standard time", "Etc/GMT+12"),
        ("china standard time", "Asia/Shanghai"),
    ] {
        assert_eq!(zone(name).name(), expected, "{name}");
    }
}

#[test]
fn oncehub_is_given_the_name_of_a_zone() {
    let now = at(NOW);
    for (text, expected) in [
        ("Europe/London", "Europe/London"),
        ("UTC", "UTC"),
        ("+02:00", "Etc/GMT-2"),
        ("UTC-3", "Etc/GMT+3"),
        ("CET", "Europe/Brussels"),
        ("+14:00", "Etc/GMT-14"),
        ("Etc/GMT+5", "Etc/GMT+5"),
    ] {
        assert_eq!(zone(text).iana(now).as_deref(), Ok(expected), "{text}");
    }
    let error = zone("+05:30").iana(now).unwrap_err().to_string();
    assert!(error.contains("+05:30") && error.contains("Asia/Kolkata"), "{error}");
    assert!(zone("-13:00").iana(now).is_err());
}

#[test]
fn what_is_past_is_told_with_todays_date() {
    let new_york = zone("America/New_York");
    let told = |text: &str| {
        let now = at("2026-11-23T16:30:00Z");
        past(parse(text, &new_york, now).unwrap().at, &new_york, now)
    };
    assert_eq!(told("2025-11-25T10:00").unwrap(), "that is 363 days ago; today is Mon 2026-11-23");
    assert_eq!(told("yesterday 11pm").unwrap(), "that is 1 day ago; today is Mon 2026-11-23");
    assert_eq!(told("-3h").unwrap(), "that is 3 hours ago; it is Mon 2026-11-23 11:30 -05:00 now");
    assert_eq!(told("-1m").unwrap(), "that is 1 minute ago; it is Mon 2026-11-23 11:30 -05:00 now");
    assert_eq!(told("2026-11-23T11:29:50").unwrap(), "that was just now, at Mon 2026-11-23 11:30 -05:00");
    assert_eq!((told("now"), told("tomorrow")), (None, None));
}

#[test]
fn a_date_is_what_names_a_day() {
    let named = |text: &str| date(text, &zone("America/New_York"), at(NOW)).map(|date| date.to_string());
    for (text, expected) in [
        ("2026-12-24", "2026-12-24"),
        ("Dec 24", "2026-12-24"),
        ("tomorrow", "2026-11-26"),
        ("friday", "2026-11-27"),
        ("+3d", "2026-11-28"),
        ("in 2 weeks", "2026-12-09"),
        ("end of next week", "2026-12-04"),
    ] {
        assert_eq!(named(text).as_deref(), Ok(expected), "{text}");
    }
    for text in ["now", "tomorrow 3pm", "+4h", "next week", "2026-12-24T10:00", "Christmas"] {
        assert!(named(text).unwrap_err().to_string().contains("is not a date; write 2026-12-24"), "{text}");
    }
    for text in ["next friday", "12/01/2026", "Monday 2026-12-01"] {
        assert!(named(text).unwrap_err().to_string().contains(" can mean "), "{text}");
    }
}

/// The moments in quotation marks of a refusal.
fn suggested(text: &str) -> Vec<String> {
    let error = parse(text, &zone("America/New_York"), at(NOW)).unwrap_err().to_string();
    let (_, pass) = error.split_once("pass e.g. ").unwrap_or_else(|| panic!("{text}: {error}"));
    pass.split('\'').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn a_part_of_a_day_is_refused_with_moments_that_can_be_passed() {
    for (text, hours) in [
        ("tomorrow morning", 6),
        ("friday afternoon", 6),
        ("this afternoon", 6),
        ("in the evening of Dec 1", 6),
        ("last night", 6),
        ("3 days ago in the morning", 6),
    ] {
        let read = |text: &String| parse(text, &zone("America/New_York"), at(NOW)).unwrap().at;
        let moments: Vec<_> = suggested(text).iter().map(read).collect();
        let [start, end] = moments.as_slice() else { panic!("{text}: {moments:?}") };
        assert_eq!(end.duration_since(*start).as_hours(), hours, "{text}");
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
    fn words_in_any_order_are_answered_too(words in proptest::collection::vec(proptest::sample::select(WORDS), 0..8)) {
        let _ = parse(&words.join(" "), &zone("America/New_York"), at(NOW));
        let _ = date(&words.concat(), &zone("Australia/Sydney"), at(NOW));
    }

    #[test]
    fn a_wall_time_comes_back_as_it_was_asked_for(days in 0i32..700, minute in 0i8..60, hour in 0i8..24) {
        let sydney = zone("Australia/Sydney");
        let date = jiff::civil::date(2026, 1, 1).saturating_add(days.days());
        let time = jiff::civil::time(hour, minute, 0, 0);
        let wall = date.to_datetime(time);
        let meant = wall.to_zoned(sydney.inner().clone()).unwrap().timestamp();
        for form in [
            "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %I:%M %p", "%Y-%-m-%-d %-H:%M", "%b %-d, %Y at %-I:%M%P",
            "%-d %B %Y %H:%M", "%A, %B %-d, %Y at %-I:%M %p", "%-I:%M %p on %a %Y-%m-%d",  "%Y/%m/%d %H:%M",
        ] {
            let text = wall.strftime(form).to_string();
            let read = parse(&text, &sydney, at(NOW));
            prop_assert_eq!(read.as_ref().map(|moment| moment.at), Ok(meant), "{}", text);
            prop_assert!(!read.unwrap().whole_day);
        }
        let exactly = parse(&instant(meant), &sydney, at(NOW)).unwrap();
        prop_assert_eq!((exactly.at, exactly.note), (meant, None));
        let shown = parse(&local(meant, &sydney), &zone("UTC"), at(NOW)).unwrap();
        prop_assert_eq!((shown.at, shown.note), (meant, None));
    }

    #[test]
    fn a_date_comes_back_as_it_was_asked_for(days in 0i32..700) {
        let cairo = zone("Africa/Cairo");
        let date = jiff::civil::date(2026, 1, 1).saturating_add(days.days());
        let meant = cairo.midnight(date).unwrap();
        for form in ["%Y-%m-%d", "%Y-%-m-%-d", "%Y%m%d", "%B %-d, %Y", "%d %b %Y", "%a %Y-%m-%d"] {
            let text = date.strftime(form).to_string();
            let read = parse(&text, &cairo, at(NOW));
            prop_assert_eq!(read.as_ref().map(|moment| (moment.at, moment.whole_day)), Ok((meant, true)), "{}", text);
        }
        // Without its year it is the next one.
        let today = cairo.date(at(NOW));
        let yearless = crate::records::time::date(&date.strftime("%b %-d").to_string(), &cairo, at(NOW)).unwrap();
        prop_assert!(yearless >= today && yearless.month() == date.month() && yearless.day() == date.day());
        prop_assert!(yearless.year() - today.year() <= 1 || (date.month(), date.day()) == (2, 29));
    }

    #[test]
    fn a_week_or_a_month_is_all_of_its_days_and_an_end_includes_the_last(days in 0i32..1500, hour in 0i64..24) {
        let new_york = zone("America/New_York");
        let now = at("2026-01-01T00:00:00Z") + jiff::SignedDuration::from_hours(i64::from(days) * 24 + hour);
        let today = new_york.date(now);
        let monday = today.checked_add(1.days()).unwrap().nth_weekday(-1, jiff::civil::Weekday::Monday).unwrap();
        for (which, away) in [("last", -1), ("this", 0), ("next", 1)] {
            let month = today.first_of_month().checked_add(away.months()).unwrap();
            let week = monday.checked_add((7 * away).days()).unwrap();
            for (text, first, after) in [
                (format!("{which} month"), month, month.checked_add(1.months()).unwrap()),
                (format!("{which} week"), week, week.checked_add(7.days()).unwrap()),
            ] {
                let read = parse(&text, &new_york, now).unwrap();
                prop_assert_eq!(Some(read.at), new_york.midnight(first), "{}", text);
                prop_assert_eq!(Some(read.ends), new_york.midnight(after), "{}", text);
                let last = day(new_york.midnight(after.yesterday().unwrap()).unwrap(), &new_york);
                prop_assert_eq!(read.note, Some(format!("understood as {} to {last}", day(read.at, &new_york))));
            }
        }
    }

    #[test]
    fn what_was_some_time_ago_is_as_far_before_now(number in 1i64..400, back in 0i32..700) {
        let sydney = zone("Australia/Sydney");
        let now = at(NOW) - jiff::SignedDuration::from_hours(i64::from(back) * 24);
        let here = now.to_zoned(sydney.inner().clone());
        let read = |text: String| parse(&text, &sydney, now).map(|moment| moment.at);
        for (unit, span) in [
            ("minutes", number.minutes()), ("hours", number.hours()), ("days", number.days()), ("weeks", number.weeks()),
            ("months", number.months()),
        ] {
            let meant = here.checked_sub(span).unwrap().timestamp();
            for text in [format!("{number} {unit} ago"), format!("-{number} {unit}"), format!("-{number}{unit}")] {
                prop_assert_eq!(read(text.clone()), Ok(meant), "{}", text);
            }
        }
    }

    #[test]
    fn a_weekday_with_a_word_before_it_is_a_day_of_that_name_on_its_side_of_today(back in 0i32..50, at_weekday in 0i8..7) {
        let new_york = zone("America/New_York");
        let now = at(NOW) - jiff::SignedDuration::from_hours(i64::from(back) * 24);
        let (today, weekday) = (new_york.date(now), jiff::civil::Weekday::from_monday_zero_offset(at_weekday).unwrap());
        let name = today.nth_weekday(1, weekday).unwrap().strftime("%A").to_string();
        for which in ["this", "last", "next"] {
            match date(&format!("{which} {name}"), &new_york, now) {
                Ok(date) => {
                    prop_assert_eq!(date.weekday(), weekday);
                    let is_right = match which {
                        "this" => date >= today,
                        "last" => date < today,
                        _ => date > today,
                    };
                    prop_assert!(is_right && (date - today).get_days().abs() <= 7, "{} {}: {}", which, name, date);
                }
                Err(error) => prop_assert!(error.to_string().contains(" can mean "), "{}", error),
            }
        }
    }

    #[test]
    fn every_kind_of_dash_space_and_digit_is_the_plain_one(days in 0i32..700, minute in 0i8..60) {
        let moment = jiff::civil::date(2026, 1, 1).saturating_add(days.days()).at(15, minute, 0, 0);
        let sydney = zone("Australia/Sydney");
        for form in ["%Y-%m-%d %H:%M", "%a %Y-%m-%d %H:%M -05:00", "%Y-%m-%dT%H:%M-05:00"] {
            let text = moment.strftime(form).to_string();
            let expected = parse(&text, &sydney, at(NOW)).unwrap();
            for dash in ['\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2212}', '\u{ff0d}'] {
                for space in ['\u{a0}', '\u{2007}', '\u{202f}', '\u{3000}', '\t'] {
                    let odd: String = text
                        .chars()
                        .map(|c| match c {
                            '-' => dash,
                            ' ' => space,
                            '0'..='9' => char::from_u32(u32::from(c) - u32::from('0') + 0xff10).unwrap(),
                            c => c,
                        })
                        .collect();
                    let read = parse(&odd, &sydney, at(NOW));
                    prop_assert_eq!(read.as_ref(), Ok(&expected), "{}", odd);
                }
            }
        }
    }

    #[test]
    fn an_offset_of_a_quarter_hour_is_a_zone(quarters in -56i32..=56) {
        let seconds = quarters * 900;
        let sign = if seconds < 0 { '-' } else { '+' };
        let (hours, minutes) = (seconds.abs() / 3600, seconds.abs() / 60 % 60);
        for text in [format!("{sign}{hours:02}:{minutes:02}"), format!("UTC{sign}{hours}:{minutes:02}"), format!("gmt {sign}{hours:02}{minutes:02}")] {
            let zone = zone(&text);
            prop_assert_eq!(zone.inner().to_offset(at(NOW)).seconds(), seconds, "{}", text);
            if let Ok(name) = zone.iana(at(NOW)) {
                prop_assert_eq!(Zone::parse(&name).unwrap().inner().to_offset(at(NOW)).seconds(), seconds);
            }
        }
    }
}

/// Words that mean something somewhere in a time.
const WORDS: &[&str] = &[
    "now", "today", "tomorrow", "tonight", "noon", "midnight", "next", "week", "end", "of", "in", "at", "on", "friday",
    "last", "this", "month", "ago", "day", "before", "after", "yesterday", "morning", "night", "mon", "dec", "may",
    "1", "31", "2026", "12/01/2026", "2026-12-1", "3", "pm", "am", "15:00", "2:30", "hours", "days", "a", "+3d", ",",
    ".", "9999", "99999999999", "st", "t", "mañana", "-", "/",
];
