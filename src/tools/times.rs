//! What free times are asked for: a range, and in it days of the week and hours.

use jiff::Timestamp;

use super::Call;
use crate::names::slots::{LONGEST, Part, parts};
use crate::records::time::Window;
use crate::records::{Failure, Moment, Zone, time};

/// A range of time in which free starts are looked for.
pub(super) struct Range {
    /// `None` when it begins now, which OnceHub can tell more precisely than we can.
    pub(super) start: Option<Timestamp>,
    pub(super) end: Timestamp,
    now: Timestamp,
    /// Whether it begins with a day, rather than with a time.
    pub(super) begins_with_day: bool,
    /// How its ends were understood.
    pub(super) notes: Vec<String>,
}

/// The most days in which there are free starts to be had with one request.
const LONGEST_IN_DAYS: i32 = 30;

/// How long a range is, in days: without an end, and at most.
#[derive(Clone, Copy)]
pub(super) struct Lengths {
    pub(super) usual: i32,
    pub(super) longest: i32,
    /// What is wrong with one that is longer, and what to do.
    pub(super) if_longer: &'static str,
    pub(super) hint: &'static str,
}

impl Range {
    /// Reads a range from two arguments: its ends, by their names.
    pub(super) fn read(
        call: &Call,
        zone: &Zone,
        [(first, start), (last, end)]: [(&str, Option<&str>); 2],
        lengths: Lengths,
    ) -> Result<Self, Failure> {
        let now = call.now();
        let mut notes = Vec::new();
        let start = start.map(|text| call.moment(first, text, zone)).transpose()?;
        let end = end.map(|text| call.moment(last, text, zone)).transpose()?;
        for (argument, moment) in [(first, &start), (last, &end)] {
            let note = moment.as_ref().and_then(|moment| moment.note.as_deref());
            notes.extend(note.map(|note| format!("{argument}: {note}")));
        }
        let begins = start.as_ref().map_or(now, |moment| moment.at).max(now);
        // OnceHub counts hours: where the clocks change there are more of them in as many days, or fewer.
        let is_one_request = lengths.longest <= LONGEST_IN_DAYS;
        let usual = || {
            let ends = zone.days_later(begins, lengths.usual);
            if is_one_request && ends.duration_since(begins) > LONGEST { begins + LONGEST } else { ends }
        };
        let ends = end.as_ref().map_or_else(usual, |moment| moment.ends);
        if ends <= now {
            let past = end.as_ref().and_then(|moment| time::past(moment.at, zone, now));
            let past = past.unwrap_or_else(|| format!("it is {} now", time::local(now, zone)));
            let problem = format!("this range is in the past, where nothing can be booked: {past}");
            return Err(Failure::argument(last, problem, "ask for future times"));
        }
        // Of today or this week, what is still to come is what is meant.
        let lasts = |moment: &Moment| moment.at <= now && now < moment.ends;
        if let Some(moment) = start.as_ref().filter(|moment| !lasts(moment))
            && let Some(past) = time::past(moment.at, zone, now)
        {
            let began = time::local(moment.at, zone);
            notes.push(format!("{first}: {began} is in the past ({past}): the part before now was left out."));
        }
        if ends <= begins {
            let (problem, hint) = (format!("must be after {first}"), format!("give a later {last}, or leave it out"));
            return Err(Failure::argument(last, problem, hint));
        }
        let longest = zone.days_later(begins, lengths.longest);
        let is_too_much = is_one_request && ends.duration_since(begins) > LONGEST;
        if ends > longest || is_too_much {
            let (from, to) = (time::local(begins, zone), time::local(ends, zone));
            let problem = format!("{}, and this is more: {from} to {to}", lengths.if_longer);
            return Err(Failure::argument(last, problem, lengths.hint));
        }
        let begins_with_day = start.is_some_and(|moment| moment.whole_day);
        Ok(Self { start: (begins > now).then_some(begins), end: ends, now, begins_with_day, notes })
    }

    /// Returns what is left of it from a moment on, if anything is.
    pub(super) fn from(mut self, next: Timestamp) -> Option<Self> {
        (self.start, self.begins_with_day) = (Some(next).filter(|next| *next > self.now), false);
        (next < self.end).then_some(self)
    }

    /// Returns when it begins.
    pub(super) fn begins(&self) -> Timestamp {
        self.start.unwrap_or(self.now)
    }

    /// Returns it as one part, for a range that is no longer than that.
    pub(super) fn part(&self) -> Part {
        Part { start: self.begins(), is_from_now: self.start.is_none(), end: self.end }
    }

    /// Returns the parts that OnceHub returns free starts for.
    pub(super) fn parts(&self) -> Vec<Part> {
        parts(self.start, self.now, self.end)
    }

    pub(super) fn described(&self, zone: &Zone) -> String {
        format!("from {} to {}", time::local(self.begins(), zone), time::local(self.end, zone))
    }
}

/// Reads days of the week and hours. The arguments are inside `path`.
pub(super) fn window(
    path: &str,
    days: &[String],
    earliest: Option<&str>,
    latest: Option<&str>,
) -> Result<Window, Failure> {
    let wrong = |argument: &'static str| {
        move |error| {
            Failure::argument(&format!("{path}{argument}"), error, "correct it and call again; if in doubt, ask")
        }
    };
    let window = Window::default().on(days).map_err(wrong("days"))?;
    window.from(earliest).map_err(wrong("earliest"))?.until(latest).map_err(wrong("latest"))
}

/// Says why no start is free until `end` in these hours, as far as that can be known: `outside` are offered at others.
pub(super) fn why_none(outside: usize, window: &Window, end: Timestamp, zone: &Zone) -> String {
    match (outside, window.described()) {
        (1.., Some(hours)) => format!("starts are offered ({outside}), but outside the hours asked for ({hours})"),
        _ => format!("none is offered before {} (taken or closed: OnceHub does not say which)", time::local(end, zone)),
    }
}
