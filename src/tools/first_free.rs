//! The start that is to be booked: a given one, or the first that is free in a window.

use jiff::Timestamp;
use serde::Deserialize;

use super::Call;
use super::times::{Lengths, Range, why_none, window};
use crate::actions::scheduling::{Offered, Starts};
use crate::oncehub::Id;
use crate::records::time::Window;
use crate::records::{Failure, Slot, Zone, time};

/// A window, of whose free starts the first one is meant.
#[derive(Deserialize, schemars::JsonSchema)]
pub(super) struct FirstFree {
    after: Option<String>,
    before: Option<String>,
    /// Mon-Fri, sat
    #[serde(default)]
    days: Vec<String>,
    /// 09:00
    earliest: Option<String>,
    latest: Option<String>,
}

/// How far ahead a free start is looked for.
const AHEAD: Lengths = Lengths {
    usual: 30,
    longest: 90,
    if_longer: "a free start is looked for in at most 90 days",
    hint: "give an earlier first_free.before",
};

/// The start that is asked for.
pub(super) enum Wanted {
    /// This one.
    At {
        start: Timestamp,
        /// How it was understood.
        note: Option<String>,
    },
    /// The first free one in a window.
    First { range: Range, window: Window },
}

impl Wanted {
    /// Reads which start is asked for. Times without an offset and hours are in `zone`.
    pub(super) fn read(
        call: &Call,
        zone: &Zone,
        start_time: Option<&str>,
        first_free: Option<&FirstFree>,
    ) -> Result<Self, Failure> {
        match (start_time, first_free) {
            (Some(text), None) => Self::given(call, zone, text),
            (None, Some(asked)) => {
                let ends =
                    [("first_free.after", asked.after.as_deref()), ("first_free.before", asked.before.as_deref())];
                let (earliest, latest) = (asked.earliest.as_deref(), asked.latest.as_deref());
                let window = window("first_free.", &asked.days, earliest, latest)?;
                Ok(Self::First { range: Range::read(call, zone, ends, AHEAD)?, window })
            }
            (Some(_), Some(_)) => {
                let hint = "leave one of them out: start_time books that start, first_free the first one that is free";
                Err(Failure::argument("first_free", "cannot be combined with start_time", hint))
            }
            (None, None) => {
                let hint =
                    "pass a start time from get_booking_time_slots, or first_free, such as {\"after\": \"tomorrow\"}";
                Err(Failure::argument("start_time", "is required, or first_free instead", hint))
            }
        }
    }

    fn given(call: &Call, zone: &Zone, text: &str) -> Result<Self, Failure> {
        let start = call.moment("start_time", text, zone)?;
        if start.whole_day {
            let hint = "choose a start time from get_booking_time_slots, or pass first_free for the first one of a day";
            return Err(Failure::argument("start_time", "is a day, not a time", hint));
        }
        if let Some(past) = time::past(start.at, zone, call.now()) {
            let problem = format!("{} is in the past: {past}", time::local(start.at, zone));
            return Err(Failure::argument("start_time", problem, "choose a start time from get_booking_time_slots"));
        }
        // In which zone it was read, where it would be another time in the server's.
        let depends = time::parse(text, call.zone(), call.now()).is_ok_and(|ours| ours.at != start.at);
        let parts = [start.note, depends.then(|| format!("read as {} time", zone.name()))];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        let note = (!parts.is_empty()).then(|| format!("start_time: {}", parts.join("; ")));
        Ok(Self::At { start: start.at, note })
    }

    /// Returns the earliest start that it can be.
    pub(super) fn earliest(&self) -> Timestamp {
        match self {
            Self::At { start, .. } => *start,
            Self::First { range, .. } => range.begins(),
        }
    }

    /// Whether a start is what is asked for.
    pub(super) fn is(&self, at: Timestamp, zone: &Zone) -> bool {
        match self {
            Self::At { start, .. } => *start == at,
            Self::First { range, window } => range.begins() <= at && at < range.end && window.has(at, zone),
        }
    }

    /// Whether it is not given, but to be found.
    pub(super) fn is_to_be_found(&self) -> bool {
        matches!(self, Self::First { .. })
    }

    /// Returns how it was understood, where that may not be what was meant.
    pub(super) fn notes(&self) -> Vec<String> {
        match self {
            Self::At { note, .. } => note.iter().cloned().collect(),
            Self::First { range, window } => range.notes.iter().cloned().chain(window.note()).collect(),
        }
    }

    /// Returns the starts to be tried on a calendar, in order: of a window, those before a time that `fit`.
    ///
    /// # Errors
    /// If there are none, or OnceHub cannot be asked.
    pub(super) async fn starts(
        &self,
        call: &Call,
        calendar: &Id,
        zone: &Zone,
        before: Option<Timestamp>,
        fit: impl Fn(&Slot) -> bool + Send + Sync + 'static,
    ) -> Result<Starts, Failure> {
        let (range, window) = match self {
            Self::At { start, .. } => return Ok(Starts::only(Slot { start: *start, locations: Vec::new() })),
            Self::First { range, window } => (range, window),
        };
        let parts = range.parts().into_iter().filter(|part| before.is_none_or(|before| part.start < before));
        let (hours, of) = (window.clone(), zone.clone());
        let is_wanted = move |slot: &Slot| {
            hours.has(slot.start, &of) && before.is_none_or(|before| slot.start < before) && fit(slot)
        };
        let mut offered = Offered::new(calendar.clone(), parts.collect(), is_wanted);
        if let Some(first) = offered.next(call.oncehub()).await? {
            return Ok(Starts { first, others: Some(offered) });
        }
        let (inside, outside): (Vec<&Slot>, Vec<&Slot>) =
            offered.unfit.iter().partition(|slot| window.has(slot.start, zone));
        let problem = match inside.len() {
            0 => why_none(outside.len(), window, range.end, zone),
            count => format!("starts are offered ({count}), but none of them at the location asked for"),
        };
        let hint = "ask for other days or hours; get_booking_time_slots shows what is free";
        Err(Failure::argument("first_free", problem, hint))
    }
}

/// Says which starts were passed over, if any were.
pub(super) fn passed_over(passed: &[Timestamp], zone: &Zone) -> Option<String> {
    let passed: Vec<String> = passed.iter().map(|at| time::local(*at, zone)).collect();
    let why = "since OnceHub said that they are no longer available";
    (!passed.is_empty()).then(|| format!("Passed over, {why}: {}.", passed.join(", ")))
}
