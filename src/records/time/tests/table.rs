//! What is understood of times and zones: a row for each form, as of a moment. `docs/understood.md` shows the rows.

/// What comes of a text.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Meaning {
    /// It is exact: nothing needs to be said about it.
    Exact(&'static str),
    /// It is echoed as this.
    Echoed(&'static str),
    /// It is this; and what is said before it, of the clocks.
    Explained(&'static str, &'static str),
    /// It is refused, in words that include these.
    Refused(&'static str),
}

use Meaning::{Echoed, Exact, Explained, Refused};

/// A text, the zone it is read in, when it is read, and what comes of it.
pub(crate) type Row = (&'static str, &'static str, &'static str, Meaning);

pub(crate) const NEW_YORK: &str = "America/New_York";
const BERLIN: &str = "Europe/Berlin";
/// Wednesday, 11:30 in New York.
pub(crate) const WED: &str = "2026-11-25T16:30:00Z";
/// Friday, 9:00 in New York.
const FRI: &str = "2026-11-27T14:00:00Z";
/// Saturday, 9:00 in New York.
const SAT: &str = "2026-11-28T14:00:00Z";
/// The day before clocks go forward, 2:30 in New York.
const BEFORE_SPRING: &str = "2027-03-13T07:30:00Z";
/// The Friday before clocks go back, 12:00 in New York.
const BEFORE_AUTUMN: &str = "2026-10-30T16:00:00Z";

const GAP: &str = "2027-03-14 02:30 does not exist in America/New_York (clocks go forward): taken as ";
const FOLD: &str = "2026-11-01 01:30 occurs twice in America/New_York (clocks go back): taken as the first, ";

/// Times, by kind.
pub(crate) static TIMES: &[(&str, &[Row])] = &[
    (
        "Exact forms",
        &[
            ("2026-12-01T20:00:00Z", NEW_YORK, WED, Exact("Tue 2026-12-01 15:00 -05:00")),
            ("2026-12-01t20:00:00.250z", NEW_YORK, WED, Exact("Tue 2026-12-01 15:00 -05:00")),
            ("2026-12-01T20:00:00+0000", NEW_YORK, WED, Exact("Tue 2026-12-01 15:00 -05:00")),
            ("2026-12-01T15:00:00-05:00", BERLIN, WED, Exact("Tue 2026-12-01 21:00 +01:00")),
            ("2026-12-01T15:00+05:30", NEW_YORK, WED, Exact("Tue 2026-12-01 04:30 -05:00")),
            ("2026-12-01T15:00", NEW_YORK, WED, Exact("Tue 2026-12-01 15:00 -05:00")),
            ("2026-12-01T15:00", "+05:30", WED, Exact("Tue 2026-12-01 15:00 +05:30")),
            (" 2026-12-01 15:00:30 ", NEW_YORK, WED, Exact("Tue 2026-12-01 15:00 -05:00")),
            ("2026-12-01T15", NEW_YORK, WED, Exact("Tue 2026-12-01 15:00 -05:00")),
            ("Tue 2026-12-01 15:00 -05:00", BERLIN, WED, Exact("Tue 2026-12-01 21:00 +01:00")),
            ("2026-12-01 15:00 -05:00", BERLIN, WED, Exact("Tue 2026-12-01 21:00 +01:00")),
            ("2026\u{2011}12\u{2013}01T15:00\u{2212}05:00", NEW_YORK, WED, Exact("Tue 2026-12-01 15:00 -05:00")),
            ("２０２６-１２-０１", NEW_YORK, WED, Exact("Tue 2026-12-01")),
            ("20261201", NEW_YORK, WED, Exact("Tue 2026-12-01")),
            ("2026-12-01", NEW_YORK, WED, Exact("Tue 2026-12-01")),
            ("2025-12-01", NEW_YORK, WED, Exact("Mon 2025-12-01")),
            ("now", NEW_YORK, WED, Exact("Wed 2026-11-25 11:30 -05:00")),
            ("Today", NEW_YORK, WED, Exact("Wed 2026-11-25")),
            ("TOMORROW", NEW_YORK, WED, Exact("Thu 2026-11-26")),
            ("yesterday", NEW_YORK, WED, Exact("Tue 2026-11-24")),
        ],
    ),
    (
        "Dates",
        &[
            ("2026-12-1", NEW_YORK, WED, Echoed("Tue 2026-12-01")),
            ("2026/12/01", NEW_YORK, WED, Echoed("Tue 2026-12-01")),
            ("12/31/2026", NEW_YORK, WED, Echoed("Thu 2026-12-31")),
            ("11/11/2027", NEW_YORK, WED, Echoed("Thu 2027-11-11")),
            ("Dec 1", NEW_YORK, WED, Echoed("Tue 2026-12-01")),
            ("dec 1st", NEW_YORK, WED, Echoed("Tue 2026-12-01")),
            ("1 December", NEW_YORK, WED, Echoed("Tue 2026-12-01")),
            ("the 1st of December", NEW_YORK, WED, Echoed("Tue 2026-12-01")),
            ("December 1, 2027", NEW_YORK, WED, Echoed("Wed 2027-12-01")),
            ("Nov. 25", NEW_YORK, WED, Echoed("Wed 2026-11-25")),
            ("Nov 24", NEW_YORK, WED, Echoed("Wed 2027-11-24")),
            ("Feb 29", NEW_YORK, WED, Echoed("Tue 2028-02-29")),
        ],
    ),
    (
        "Weekdays and weeks",
        &[
            ("Tuesday 12/01/2026", NEW_YORK, WED, Echoed("Tue 2026-12-01")),
            ("friday", NEW_YORK, WED, Echoed("Fri 2026-11-27")),
            ("Wed", NEW_YORK, WED, Echoed("Wed 2026-12-02")),
            ("tues", NEW_YORK, WED, Echoed("Tue 2026-12-01")),
            ("next friday", NEW_YORK, FRI, Echoed("Fri 2026-12-04")),
            ("next friday, Dec 4", NEW_YORK, WED, Echoed("Fri 2026-12-04")),
            ("friday next week", NEW_YORK, WED, Echoed("Fri 2026-12-04")),
            ("this friday", NEW_YORK, WED, Echoed("Fri 2026-11-27")),
            ("this friday", NEW_YORK, FRI, Echoed("Fri 2026-11-27")),
            ("last friday", NEW_YORK, WED, Echoed("Fri 2026-11-20")),
            ("last friday", NEW_YORK, FRI, Echoed("Fri 2026-11-20")),
            ("monday last week", NEW_YORK, WED, Echoed("Mon 2026-11-16")),
            ("the day after tomorrow", NEW_YORK, WED, Echoed("Fri 2026-11-27")),
            ("day before yesterday", NEW_YORK, WED, Echoed("Mon 2026-11-23")),
            ("end of next week", NEW_YORK, WED, Echoed("Fri 2026-12-04")),
            ("end of week", NEW_YORK, WED, Echoed("Fri 2026-11-27")),
            ("end of the week", NEW_YORK, FRI, Echoed("Fri 2026-11-27")),
        ],
    ),
    (
        "Weeks and months: a start is the first day, an end includes the last",
        &[
            ("this week", NEW_YORK, WED, Echoed("Mon 2026-11-23 to Sun 2026-11-29")),
            ("next week", NEW_YORK, WED, Echoed("Mon 2026-11-30 to Sun 2026-12-06")),
            ("last week", NEW_YORK, WED, Echoed("Mon 2026-11-16 to Sun 2026-11-22")),
            ("the week before last", NEW_YORK, WED, Echoed("Mon 2026-11-09 to Sun 2026-11-15")),
            ("this month", NEW_YORK, WED, Echoed("Sun 2026-11-01 to Mon 2026-11-30")),
            ("next month", NEW_YORK, WED, Echoed("Tue 2026-12-01 to Thu 2026-12-31")),
            ("last month", NEW_YORK, WED, Echoed("Thu 2026-10-01 to Sat 2026-10-31")),
            ("the month before last", NEW_YORK, WED, Echoed("Tue 2026-09-01 to Wed 2026-09-30")),
            ("end of the month", NEW_YORK, WED, Echoed("Mon 2026-11-30")),
            ("end of next month", NEW_YORK, WED, Echoed("Thu 2026-12-31")),
        ],
    ),
    (
        "Days and times of day",
        &[
            ("2026-12-1T9:00", NEW_YORK, WED, Echoed("Tue 2026-12-01 09:00 -05:00")),
            ("2026-12-01 3:00 PM", NEW_YORK, WED, Echoed("Tue 2026-12-01 15:00 -05:00")),
            ("2026-12-01 3:00\u{202f}p.m.", NEW_YORK, WED, Echoed("Tue 2026-12-01 15:00 -05:00")),
            ("31.12.2026 15:00", BERLIN, WED, Echoed("Thu 2026-12-31 15:00 +01:00")),
            ("Dec 1 at 3pm", NEW_YORK, WED, Echoed("Tue 2026-12-01 15:00 -05:00")),
            ("Tuesday, December 1, 2026 at 3:00 PM", NEW_YORK, WED, Echoed("Tue 2026-12-01 15:00 -05:00")),
            ("friday at 2:30 pm", NEW_YORK, WED, Echoed("Fri 2026-11-27 14:30 -05:00")),
            ("3pm on friday", NEW_YORK, WED, Echoed("Fri 2026-11-27 15:00 -05:00")),
            ("Fri 15:00", NEW_YORK, WED, Echoed("Fri 2026-11-27 15:00 -05:00")),
            ("friday 09:00", NEW_YORK, WED, Echoed("Fri 2026-11-27 09:00 -05:00")),
            ("tomorrow 3pm", NEW_YORK, WED, Echoed("Thu 2026-11-26 15:00 -05:00")),
            ("Tomorrow at noon", NEW_YORK, WED, Echoed("Thu 2026-11-26 12:00 -05:00")),
            ("tomorrow 12 am", NEW_YORK, WED, Echoed("Thu 2026-11-26 00:00 -05:00")),
            ("friday afternoon at 3", NEW_YORK, WED, Echoed("Fri 2026-11-27 15:00 -05:00")),
            ("tonight at midnight", NEW_YORK, WED, Echoed("Thu 2026-11-26 00:00 -05:00")),
            ("noon", NEW_YORK, WED, Echoed("Wed 2026-11-25 12:00 -05:00")),
            ("tonight", NEW_YORK, WED, Echoed("Wed 2026-11-25 18:00 -05:00")),
            ("tonight at 8", NEW_YORK, WED, Echoed("Wed 2026-11-25 20:00 -05:00")),
        ],
    ),
    (
        "Spans from now",
        &[
            ("in 2 hours", NEW_YORK, WED, Echoed("Wed 2026-11-25 13:30 -05:00")),
            ("in an hour", NEW_YORK, WED, Echoed("Wed 2026-11-25 12:30 -05:00")),
            ("in 90 minutes", NEW_YORK, WED, Echoed("Wed 2026-11-25 13:00 -05:00")),
            ("in 3 days", NEW_YORK, WED, Echoed("Sat 2026-11-28 11:30 -05:00")),
            ("in 3 days at 3pm", NEW_YORK, WED, Echoed("Sat 2026-11-28 15:00 -05:00")),
            ("in 2 weeks", NEW_YORK, WED, Echoed("Wed 2026-12-09 11:30 -05:00")),
            ("in a month", NEW_YORK, WED, Echoed("Fri 2026-12-25 11:30 -05:00")),
            ("2 days ago", NEW_YORK, WED, Echoed("Mon 2026-11-23 11:30 -05:00")),
            ("2 days ago at 3pm", NEW_YORK, WED, Echoed("Mon 2026-11-23 15:00 -05:00")),
            ("a week ago", NEW_YORK, WED, Echoed("Wed 2026-11-18 11:30 -05:00")),
            ("a month ago", NEW_YORK, WED, Echoed("Sun 2026-10-25 11:30 -04:00")),
            ("an hour ago", NEW_YORK, WED, Echoed("Wed 2026-11-25 10:30 -05:00")),
            ("-7 days", NEW_YORK, WED, Echoed("Wed 2026-11-18 11:30 -05:00")),
            ("+1 week", NEW_YORK, WED, Echoed("Wed 2026-12-02 11:30 -05:00")),
            ("+3d", NEW_YORK, WED, Exact("Sat 2026-11-28 11:30 -05:00")),
            ("-2w", NEW_YORK, WED, Exact("Wed 2026-11-11 11:30 -05:00")),
            ("+4h", NEW_YORK, WED, Exact("Wed 2026-11-25 15:30 -05:00")),
            ("+90m", NEW_YORK, WED, Exact("Wed 2026-11-25 13:00 -05:00")),
        ],
    ),
    (
        "Clocks that change",
        &[
            ("+3d", NEW_YORK, BEFORE_AUTUMN, Exact("Mon 2026-11-02 12:00 -05:00")),
            ("+72h", NEW_YORK, BEFORE_AUTUMN, Exact("Mon 2026-11-02 11:00 -05:00")),
            ("2027-03-14T02:30", NEW_YORK, WED, Explained("Sun 2027-03-14 03:30 -04:00", GAP)),
            ("2026-11-01 01:30", NEW_YORK, WED, Explained("Sun 2026-11-01 01:30 -04:00", FOLD)),
            ("2026-11-01T01:30:00-05:00", NEW_YORK, WED, Exact("Sun 2026-11-01 01:30 -05:00")),
            ("tomorrow 2:30 am", NEW_YORK, BEFORE_SPRING, Explained("Sun 2027-03-14 03:30 -04:00", GAP)),
            ("+1d", NEW_YORK, BEFORE_SPRING, Explained("Sun 2027-03-14 03:30 -04:00", GAP)),
        ],
    ),
    (
        "Two readings",
        &[
            ("Mon 2026-12-01 15:00 -05:00", BERLIN, WED, Refused("can mean Tue 2026-12-01 or Mon 2026-11-30")),
            ("12/01/2026", NEW_YORK, WED, Refused("can mean Tue 2026-12-01 or Mon 2026-01-12")),
            ("12/01/2026 3pm", NEW_YORK, WED, Refused("can mean Tue 2026-12-01 15:00 or Mon 2026-01-12 15:00")),
            ("12/01", NEW_YORK, WED, Refused("can mean Tue 2026-12-01 or Tue 2027-01-12")),
            ("friday at 3", NEW_YORK, WED, Refused("can mean Fri 2026-11-27 03:00 or Fri 2026-11-27 15:00")),
            ("friday 2:30", NEW_YORK, WED, Refused("can mean Fri 2026-11-27 02:30 or Fri 2026-11-27 14:30")),
            ("next friday", NEW_YORK, WED, Refused("can mean Fri 2026-11-27 or Fri 2026-12-04")),
            ("next tuesday", NEW_YORK, WED, Refused("can mean Tue 2026-12-01 or Tue 2026-12-08")),
            ("next friday 3pm", NEW_YORK, WED, Refused("can mean Fri 2026-11-27 15:00 or Fri 2026-12-04 15:00")),
            ("next friday", NEW_YORK, SAT, Refused("can mean Fri 2026-12-04 or Fri 2026-12-11")),
            (
                "Monday 2026-12-01",
                NEW_YORK,
                WED,
                Refused(
                    "can mean Tue 2026-12-01 or Mon 2026-11-30: write the one that is meant (2026-12-01 is a Tuesday)",
                ),
            ),
            ("Sat, Dec 1", NEW_YORK, WED, Refused("can mean Tue 2026-12-01 or Sat 2026-11-28")),
            ("tomorrow, Friday", NEW_YORK, WED, Refused("can mean Thu 2026-11-26 or Fri 2026-11-27")),
            ("last monday", NEW_YORK, WED, Refused("can mean Mon 2026-11-23 or Mon 2026-11-16")),
            ("last friday", NEW_YORK, SAT, Refused("can mean Fri 2026-11-27 or Fri 2026-11-20")),
            ("this friday", NEW_YORK, SAT, Refused("can mean Fri 2026-11-27 or Fri 2026-12-04")),
            ("midnight", NEW_YORK, WED, Refused("can mean Wed 2026-11-25 00:00 or Thu 2026-11-26 00:00")),
            ("friday at midnight", NEW_YORK, WED, Refused("can mean Fri 2026-11-27 00:00 or Sat 2026-11-28 00:00")),
            ("+1M", NEW_YORK, WED, Refused("can mean Fri 2026-12-25 11:30 or Wed 2026-11-25 11:31")),
            ("end of week", NEW_YORK, SAT, Refused("can mean Fri 2026-11-27 or Fri 2026-12-04")),
        ],
    ),
    (
        "Parts of a day, which are ranges",
        &[
            (
                "tomorrow morning",
                NEW_YORK,
                WED,
                Refused("pass e.g. 'Thu 2026-11-26 06:00' as the start and 'Thu 2026-11-26 12:00' as the end"),
            ),
            (
                "friday afternoon",
                NEW_YORK,
                WED,
                Refused("pass e.g. 'Fri 2026-11-27 12:00' as the start and 'Fri 2026-11-27 18:00' as the end"),
            ),
            (
                "this evening",
                NEW_YORK,
                WED,
                Refused("pass e.g. 'Wed 2026-11-25 18:00' as the start and 'Thu 2026-11-26 00:00' as the end"),
            ),
        ],
    ),
    (
        "Not a time, or not English",
        &[
            ("Dec 32", NEW_YORK, WED, Refused("is not a time")),
            ("December 2026", NEW_YORK, WED, Refused("is not a time")),
            ("3pm", NEW_YORK, WED, Refused("names no day: write 'today 3pm' or 'tomorrow 3pm'")),
            ("tomorrow 13pm", NEW_YORK, WED, Refused("is not a time")),
            ("tonight 3am", NEW_YORK, WED, Refused("is not a time")),
            ("next week 3pm", NEW_YORK, WED, Refused("is not a time")),
            ("mañana", NEW_YORK, WED, Refused("is not English: write tomorrow")),
            ("lunes", NEW_YORK, WED, Refused("is not English: write monday")),
            ("Montag 15:00", BERLIN, WED, Refused("is not English: write monday")),
            ("demain", "Europe/Paris", WED, Refused("is not English: write tomorrow")),
            ("aujourd’hui", "Europe/Paris", WED, Refused("is not English: write today")),
            ("TERÇA", "America/Sao_Paulo", WED, Refused("is not English: write tuesday")),
        ],
    ),
];

/// A zone as people name it, and its name here, or words of its refusal.
pub(crate) type ZoneRow = (&'static str, Result<&'static str, &'static str>);

/// Zones, by kind.
pub(crate) static ZONES: &[(&str, &[ZoneRow])] = &[
    (
        "IANA names",
        &[
            ("Europe/London", Ok("Europe/London")),
            ("europe/LONDON", Ok("Europe/London")),
            ("america/argentina/buenos_aires", Ok("America/Argentina/Buenos_Aires")),
            ("Etc/UTC", Ok("UTC")),
            ("etc/gmt+5", Ok("Etc/GMT+5")),
        ],
    ),
    (
        "Windows names",
        &[
            ("W. Europe Standard Time", Ok("Europe/Berlin")),
            ("w. europe standard time", Ok("Europe/Berlin")),
            ("SA Pacific Standard Time", Ok("America/Bogota")),
            ("Eastern Standard Time", Ok("America/New_York")),
            ("US Mountain Standard Time", Ok("America/Phoenix")),
            ("Central Standard Time (Mexico)", Ok("America/Mexico_City")),
            ("GMT Standard Time", Ok("Europe/London")),
            ("India Standard Time", Ok("Asia/Kolkata")),
            ("AUS Eastern Standard Time", Ok("Australia/Sydney")),
            ("Aus Central W. Standard Time", Ok("Australia/Eucla")),
            ("FLE Standard Time", Ok("Europe/Kyiv")),
            ("Mid-Atlantic Standard Time", Err("is not an IANA time zone")),
        ],
    ),
    (
        "Offsets",
        &[
            ("+05:30", Ok("+05:30")),
            ("UTC+5:30", Ok("+05:30")),
            ("GMT+2", Ok("+02:00")),
            ("utc -3", Ok("-03:00")),
            ("\u{2212}0930", Ok("-09:30")),
            ("+00:00", Ok("UTC")),
            ("Z", Ok("UTC")),
            ("UTC+15", Err("is not the offset of any zone")),
            ("+5:3", Err("is not an IANA time zone")),
        ],
    ),
    (
        "Abbreviations",
        &[
            ("utc", Ok("UTC")),
            ("GMT", Ok("Etc/GMT")),
            ("CET", Ok("Europe/Brussels")),
            ("jst", Ok("Asia/Tokyo")),
            ("AEDT", Ok("Australia/Sydney")),
            ("PDT", Ok("America/Los_Angeles")),
        ],
    ),
    (
        "Abbreviations of several zones",
        &[
            ("CST", Err("can mean America/Chicago, America/Mexico_City, America/Havana or Asia/Shanghai: say which")),
            ("IST", Err("can mean Asia/Kolkata, Europe/Dublin or Asia/Jerusalem: say which")),
            ("BST", Err("can mean Europe/London, Asia/Dhaka or Pacific/Bougainville: say which")),
            ("EST", Err("can mean America/New_York or America/Panama: say which")),
            ("MST", Err("can mean America/Denver or America/Phoenix: say which")),
            ("PST", Err("can mean America/Los_Angeles or Asia/Manila: say which")),
            ("AEST", Err("can mean Australia/Sydney or Australia/Brisbane: say which")),
        ],
    ),
    (
        "Anything else",
        &[
            ("Pacific Time", Err("did you mean America/Los_Angeles?")),
            ("London", Err("did you mean Europe/London?")),
            ("new york", Err("did you mean America/New_York?")),
            ("America/NewYork", Err("did you mean America/New_York")),
            ("Europe/Londn", Err("did you mean Europe/London")),
            ("Etc/Unknown", Err("is not an IANA time zone")),
            ("EST5EDT", Err("is not an IANA time zone")),
            ("../../etc/passwd", Err("is not an IANA time zone")),
            ("Xyzzy", Err("use a name such as America/New_York, Europe/London or Asia/Kolkata")),
        ],
    ),
];
