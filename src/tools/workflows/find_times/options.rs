//! Choosing among free starts, and telling them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::calendars::{Asked, Calendar};
use super::search::Searched;
use crate::records::slot::{Place, Slot, described, spread};
use crate::records::time::Window;
use crate::records::{FormField, Learnt, Time, Zone, quoted, time};
use crate::tools::Reply;
use crate::tools::times::{Range, why_none};

/// What was asked for, and what was read.
pub(super) struct Found {
    pub(super) asked: Asked,
    pub(super) searched: Vec<Searched>,
    pub(super) range: Range,
    pub(super) window: Window,
    pub(super) zone: Zone,
    pub(super) form: Option<Arc<Learnt>>,
    pub(super) requests: u32,
}

/// A start, and the calendars that have it, by their places.
pub(super) struct Choice {
    start: Timestamp,
    on: Vec<usize>,
}

/// The reply.
#[serde_with::skip_serializing_none]
#[derive(serde::Serialize, schemars::JsonSchema)]
pub(super) struct Times {
    /// In the order of time
    options: Vec<Choosable>,
    /// How many more starts there are
    left_out: usize,
    calendars: Vec<Row>,
    /// False if something could not be read: see unknown
    complete: bool,
    searched: Extent,
    /// Of a single calendar: what its last bookings answered besides name and e-mail
    form: Option<Vec<FormField>>,
    time_zone: String,
    /// Anything else to know
    note: Option<String>,
}

#[serde_with::skip_serializing_none]
#[derive(serde::Serialize, schemars::JsonSchema)]
struct Choosable {
    /// UTC: pass it to schedule_meeting
    start_time: Time,
    /// Free then
    calendars: Vec<Named>,
    /// If the same on all of them: location_type and location_value for schedule_meeting
    locations: Option<Vec<Map<String, Value>>>,
}

#[serde_with::skip_serializing_none]
#[derive(serde::Serialize, schemars::JsonSchema)]
struct Named {
    id: String,
    name: Option<String>,
    host: Option<String>,
}

#[serde_with::skip_serializing_none]
#[derive(serde::Serialize, schemars::JsonSchema)]
struct Row {
    id: String,
    name: Option<String>,
    /// Name of the user or team, or the id
    host: Option<String>,
    /// How long a meeting is
    minutes: Option<i64>,
    /// How many starts are free; left out if none was read
    free: Option<usize>,
    next_free: Option<Time>,
    #[schemars(skip)]
    next_free_local: Option<String>,
    why_none: Option<String>,
    /// What could not be read, and why: neither free nor busy
    unknown: Option<String>,
    /// If the same for all its starts
    locations: Option<Vec<Map<String, Value>>>,
}

#[derive(serde::Serialize, schemars::JsonSchema)]
struct Extent {
    from: Time,
    #[schemars(skip)]
    from_local: String,
    to: Time,
    #[schemars(skip)]
    to_local: String,
    /// To OnceHub, names included
    requests: u32,
}

/// What of a calendar's starts suits.
struct Suiting<'a> {
    slots: Vec<&'a Slot>,
    /// How many others it has.
    others: usize,
}

impl Found {
    fn suiting(&self, at: usize) -> Suiting<'_> {
        let all = self.searched.get(at).map(|searched| searched.slots.as_slice()).unwrap_or_default();
        let (slots, others): (Vec<&Slot>, Vec<&Slot>) =
            all.iter().partition(|slot| self.window.has(slot.start, &self.zone));
        Suiting { slots, others: others.len() }
    }

    /// Returns every start that suits, with the calendars that have it.
    fn all(&self) -> Vec<Choice> {
        let mut starts: BTreeMap<Timestamp, Vec<usize>> = BTreeMap::new();
        for at in 0..self.searched.len() {
            for slot in self.suiting(at).slots {
                let on = starts.entry(slot.start).or_default();
                if on.last() != Some(&at) {
                    on.push(at);
                }
            }
        }
        let all = starts.into_iter().filter_map(|(start, free)| {
            let Some(parties) = &self.asked.parties else { return Some(Choice { start, on: free }) };
            // Of each party the shortest that is free.
            let minutes = |at: &&usize| self.asked.calendars.get(**at).and_then(Calendar::minutes).unwrap_or(i64::MAX);
            let chosen =
                parties.iter().map(|party| party.iter().filter(|at| free.contains(at)).min_by_key(minutes).copied());
            let mut on = chosen.collect::<Option<Vec<usize>>>()?;
            on.sort_unstable();
            on.dedup();
            Some(Choice { start, on })
        });
        all.collect()
    }

    /// Chooses starts, some of each day and from all of it.
    pub(super) fn chosen(&self, per_day: usize, limit: usize) -> Vec<Choice> {
        let all = self.all();
        let days = all.chunk_by(|a, b| self.zone.date(a.start) == self.zone.date(b.start));
        let chosen = days.flat_map(|day| spread(day, per_day)).take(limit);
        chosen.map(|choice| Choice { start: choice.start, on: choice.on.clone() }).collect()
    }

    /// Tells these choices.
    pub(super) fn shown(&self, chosen: &[Choice]) -> Reply {
        let zone = &self.zone;
        let all = self.all().len();
        let rows = self.asked.calendars.iter().zip(&self.searched).enumerate();
        let rows: Vec<Row> = rows.map(|(at, (calendar, searched))| self.row(at, calendar, searched)).collect();
        let unknown = rows.iter().filter(|row| row.unknown.is_some()).count();
        let mut text = self.headline(chosen.len(), all, unknown);
        let is_one = rows.len() == 1;
        for (at, row) in rows.iter().enumerate() {
            let number = if is_one { String::new() } else { format!("{}. ", at + 1) };
            let _ = write!(text, "\n{number}{}", row.described());
        }
        for day in chosen.chunk_by(|a, b| time::day_with_offset(a.start, zone) == time::day_with_offset(b.start, zone))
        {
            let starts: Vec<String> = day.iter().map(|choice| self.written(choice, &rows)).collect();
            let separator = if is_one { " " } else { "; " };
            let day = day.first().map(|choice| time::day_with_offset(choice.start, zone)).unwrap_or_default();
            let _ = write!(text, "\n{day}: {}", starts.join(separator));
        }
        let left_out = all - chosen.len();
        if left_out > 0 {
            let _ = write!(
                text,
                "\nmore: {left_out} starts are left out; ask for fewer days, or with a higher per_day or limit"
            );
        }
        let form = self.form.as_ref();
        form.iter().for_each(|form| text.push_str(&format!("\n{}", form.described())));
        let (from, to) = (self.range.begins(), self.range.end);
        let times = Times {
            options: chosen.iter().map(|choice| self.choosable(choice)).collect(),
            left_out,
            calendars: rows,
            complete: unknown == 0,
            searched: Extent {
                from: Time(from),
                from_local: time::local(from, zone),
                to: Time(to),
                to_local: time::local(to, zone),
                requests: self.requests,
            },
            form: form.filter(|form| form.of > 0).map(|form| form.fields.clone()),
            time_zone: zone.name().to_owned(),
            note: None,
        };
        let mut reply = Reply::new(times, text).localised(zone);
        self.notes(all).iter().for_each(|note| reply.note(note));
        reply
    }

    fn headline(&self, shown: usize, all: usize, unknown: usize) -> String {
        let count = self.asked.calendars.len();
        let calendars = if count == 1 { "1 calendar".to_owned() } else { format!("{count} calendars") };
        let mut text = match (unknown, self.searched.iter().flat_map(|it| &it.unread).count()) {
            (0, _) => String::new(),
            (some, _) => format!("Not complete: {some} of {calendars} could not be read whole.\n"),
        };
        let is_read = self.searched.iter().any(|searched| searched.read > 0 || searched.closed.is_some());
        let _ = match (shown, all) {
            (_, 0) if !is_read => write!(text, "Unknown whether there are free starts"),
            (_, 0) => write!(text, "No free starts"),
            (shown, all) if shown < all => write!(text, "{shown} of {all} free starts"),
            (1, _) => write!(text, "1 free start"),
            (shown, _) => write!(text, "{shown} free starts"),
        };
        let together = if self.asked.parties.is_some() { " together" } else { "" };
        let as_far = if all == 0 && is_read && unknown > 0 { ", as far as they could be read" } else { "" };
        let _ = write!(text, "{together} on {calendars}{as_far}, {}", self.range.described(&self.zone));
        if let Some(hours) = self.window.described() {
            let _ = write!(text, ", {hours}");
        }
        let _ = write!(text, ", times in {} ({} requests)", self.zone.name(), self.requests);
        text
    }

    fn row(&self, at: usize, calendar: &Calendar, searched: &Searched) -> Row {
        let Suiting { slots, others } = self.suiting(at);
        let is_all_read = searched.unread.is_empty();
        let unread = searched.unread.iter().map(|unread| {
            let (from, to) = (time::local(unread.from, &self.zone), time::local(unread.to, &self.zone));
            format!("{from} to {to}: {}", unread.why)
        });
        let unread: Vec<String> = unread.collect();
        let why_none = match searched.closed {
            Some(why) => Some(why.to_owned()),
            None if slots.is_empty() && is_all_read => Some(why_none(others, &self.window, self.range.end, &self.zone)),
            None => None,
        };
        let first = slots.first().map(|slot| slot.locations.as_slice()).unwrap_or_default();
        let everywhere = !first.is_empty() && slots.iter().all(|slot| slot.locations == first);
        Row {
            id: calendar.id.to_string(),
            name: calendar.found.entry.as_ref().map(|entry| entry.name.clone()),
            host: calendar.host.clone(),
            minutes: calendar.minutes(),
            free: Some(slots.len()).filter(|count| is_all_read || *count > 0),
            next_free: slots.first().map(|slot| Time(slot.start)),
            next_free_local: slots.first().map(|slot| time::local(slot.start, &self.zone)),
            why_none,
            unknown: (!unread.is_empty()).then(|| unread.join("; ")),
            locations: everywhere.then(|| first.to_vec()),
        }
    }

    fn locations(&self, at: usize, start: Timestamp) -> Option<&[Place]> {
        let slot = self.searched.get(at)?.slots.iter().find(|slot| slot.start == start)?;
        Some(&slot.locations)
    }

    fn choosable(&self, choice: &Choice) -> Choosable {
        let on = || choice.on.iter().filter_map(|at| Some((*at, self.asked.calendars.get(*at)?)));
        let named = on().map(|(_, calendar)| Named {
            id: calendar.id.to_string(),
            name: calendar.found.entry.as_ref().map(|entry| entry.name.clone()),
            host: calendar.host.clone(),
        });
        let mut locations = on().filter_map(|(at, _)| self.locations(at, choice.start));
        let first = locations.next().unwrap_or_default();
        let is_same = !first.is_empty() && locations.all(|others| others == first);
        Choosable {
            start_time: Time(choice.start),
            calendars: named.collect(),
            locations: is_same.then(|| first.to_vec()),
        }
    }

    /// `09:00 on 1-3, 5`
    fn written(&self, choice: &Choice, rows: &[Row]) -> String {
        let clock = time::clock(choice.start, &self.zone);
        let of_it = |at: &usize| rows.get(*at).filter(|row| row.locations.is_none());
        // Where the places differ from start to start, they stand with each.
        let places: Vec<String> = choice
            .on
            .iter()
            .filter(|at| of_it(at).is_some())
            .filter_map(|at| self.locations(*at, choice.start))
            .filter(|places| !places.is_empty())
            .map(described)
            .collect();
        let places = if places.is_empty() { String::new() } else { format!(" [{}]", places.join(" / ")) };
        match choice.on.as_slice() {
            _ if rows.len() == 1 => format!("{clock}{places}"),
            all if all.len() == rows.len() => format!("{clock} on all{places}"),
            some => format!("{clock} on {}{places}", numbers(some)),
        }
    }

    fn notes(&self, all: usize) -> Vec<String> {
        let mut notes: Vec<String> = self.range.notes.clone();
        notes.extend(self.window.note());
        notes.extend(self.asked.notes.iter().cloned());
        let is_complete = self.searched.iter().all(|searched| searched.unread.is_empty());
        if let Some(parties) = self.asked.parties.as_ref().filter(|parties| parties.len() > 1) {
            if all > 0 {
                notes.push(
                    "Each calendar of a start is a booking of its own, with its own invitation and link. Where a host has \
                     several that are free then, the shortest is named."
                        .to_owned(),
                );
            } else if is_complete && parties.iter().all(|party| party.iter().any(|at| self.has_some(*at))) {
                notes.push("Each has free starts, but none at the same time as all the others.".to_owned());
            }
            notes.extend(self.shared_hosts());
        }
        if !is_complete {
            notes.push(
                "What could not be read is neither free nor busy: ask for those calendars and days again.".to_owned(),
            );
        }
        notes
    }

    fn has_some(&self, at: usize) -> bool {
        !self.suiting(at).slots.is_empty()
    }

    /// Says which hosts have several of the calendars: they cannot hold two meetings at once.
    fn shared_hosts(&self) -> Option<String> {
        let single = self.asked.parties.iter().flatten().filter(|party| party.len() == 1).flatten();
        let hosts: Vec<&str> =
            single.filter_map(|at| self.asked.calendars.get(*at)?.found.entry.as_ref()?.host.as_deref()).collect();
        let is_shared = hosts.iter().enumerate().any(|(at, host)| hosts.iter().skip(at + 1).any(|other| other == host));
        is_shared.then(|| {
            "Some of the calendars have the same host: once one is booked, the others are not free then.".to_owned()
        })
    }
}

/// `1-3, 5`, counting from one.
fn numbers(places: &[usize]) -> String {
    let runs = places.chunk_by(|a, b| a + 1 == *b);
    let run = |run: &[usize]| match run {
        [first, .., last] => format!("{}-{}", first + 1, last + 1),
        [only] => (only + 1).to_string(),
        [] => String::new(),
    };
    runs.map(run).collect::<Vec<_>>().join(", ")
}

impl Row {
    fn described(&self) -> String {
        let name = self.name.as_deref().map(|name| format!("{} ", quoted(name, 60))).unwrap_or_default();
        let host = self.host.as_deref().map(|host| format!(", {}", quoted(host, 60))).unwrap_or_default();
        let minutes = self.minutes.map(|minutes| format!(", {minutes} min")).unwrap_or_default();
        let mut parts = vec![format!("{name}{}{host}{minutes}", self.id)];
        let at_least = if self.unknown.is_some() { "at least " } else { "" };
        let next = self.free.zip(self.next_free_local.as_ref());
        parts.extend(next.map(|(free, next)| format!("{at_least}{free} free, next {next}")));
        parts.extend(self.why_none.as_ref().map(|why| format!("none: {why}")));
        parts.extend(self.unknown.as_ref().map(|unknown| format!("unknown: {unknown}")));
        parts.extend(self.locations.as_deref().map(described));
        parts.join(" | ")
    }
}
