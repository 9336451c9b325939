//! What has changed since the last time. OnceHub keeps no history: a booking that changed is told once, as it is now.
//!
//! A pass reads what was updated from one moment on, in OnceHub's order. What was updated before the pass's settled moment
//! cannot appear later, so that the next pass begins there; what is fresher is told, too, and its fingerprint kept in the
//! cursor, so that the next pass does not tell it again.

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::OnceLock;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use rmcp::{tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::names::{Search, Stopped, cut};
use crate::oncehub::{Client, Id, Range, bookings};
use crate::records::booking::legend;
use crate::records::{Booking, Failure, Noun, Reference, Time, Told, Zone, put_time, time};
use crate::tools::listing::Paging;
use crate::tools::size::{json_size, most_that_fit};
use crate::tools::{Answer, Asked, Call, Parameters, Reply, Tools, schema};

/// After this long by OnceHub's clock no change is expected to appear with an earlier time.
const SETTLED: SignedDuration = SignedDuration::from_mins(2);
/// The most fresh changes that a cursor remembers, and its longest form.
const REMEMBERED: usize = 32;
const LONGEST: usize = 400;

#[tool_router(router = changes, vis = "pub(in crate::tools)")]
impl Tools {
    /// List bookings made, canceled, moved or otherwise changed since a time, to catch up; each once, as it is now
    /// (OnceHub keeps no history). After `move_booking`: one canceled, one new. First call: since; later: the last
    /// next_cursor as cursor, with the same filters. Other filters: `list_bookings`.
    #[tool(title = "List changes", annotations(read_only_hint = true), output_schema = schema::news::<Change>())]
    async fn list_changes(&self, call: Call, Parameters(input): Parameters<ListChanges>) -> Answer {
        let zone = call.zone_asked("time_zone", input.time_zone.as_deref())?;
        let mut asked = Asked::by(&call, &zone);
        let mut pass = Pass::begin(&call, &input, &zone)?;
        asked.words.push(format!("changed from {}", time::local(pass.mark.from, &zone)));
        if input.paging.cursor().is_some() && input.since.is_some() {
            asked.notes.push("since was not used: the cursor says where to go on.".to_owned());
        }
        let filter = bookings::All {
            host: asked.named(Noun::Users, "host", input.host.as_deref()).await?,
            booking_calendar: asked.named(Noun::Calendars, "calendar", input.calendar.as_deref()).await?,
            updated: Range::between(Some(pass.mark.from), None),
            ..bookings::All::default()
        };
        pass.is_about(Filters::of(&filter), input.paging.cursor().is_some())?;
        let search = Search {
            wanted: input.paging.wanted(),
            keep: Some(&|booking| pass.keeps(booking)),
            brief: |booking| booking,
            // What is told of a booking takes a third of what is read.
            room: call.settings.max_reply.saturating_mul(3),
        };
        let found = call.names.gather_bookings(filter, pass.mark.after.as_deref(), search).await;
        let mut found = found.map_err(|failure| pass.start_over(failure))?;
        if found.stopped == Some(Stopped::Repeated) {
            let problem = "OnceHub says that there are more, but sends the same ones again, so none are told";
            return Err(Failure::unexpected(problem));
        }
        call.names.fill(&mut found.items).await;
        let listed = Listed { changes: found.items, after: found.cursors, next: found.next };
        Ok(reply(&asked, &pass, listed))
    }
}

#[derive(Deserialize, JsonSchema)]
struct ListChanges {
    /// Without cursor: 2026-12-01T15:00, friday, -1d
    since: Option<String>,
    /// Main or co-host, or `me`
    host: Option<String>,
    /// Name or id
    calendar: Option<String>,
    /// IANA zone
    time_zone: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

/// A booking that changed.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
struct Change {
    #[schemars(extend("enum" = ["new", "canceled", "rescheduled", "completed", "no_show", "changed"]))]
    kind: String,
    /// When it changed last, UTC
    at: Option<Time>,
    #[serde(flatten)]
    booking: Booking,
}

/// Where a series of calls stands, as a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    /// What was updated before is told.
    from: Timestamp,
    /// The settled moment of the pass.
    settled: Timestamp,
    /// Where in the list the pass goes on; nothing, if it is over.
    after: Option<String>,
    /// The fingerprints of what was told, though it is fresher than that.
    told: Vec<String>,
    filters: Filters,
}

/// The fingerprints of the filters that a series of calls has; empty without one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Filters {
    host: String,
    calendar: String,
}

impl Filters {
    fn of(filter: &bookings::All) -> Self {
        let print = |id: &Option<Id>| id.as_ref().map(|id| letters(id.as_str(), OF_ID)).unwrap_or_default();
        Self { host: print(&filter.host), calendar: print(&filter.booking_calendar) }
    }
}

impl Mark {
    fn parse(text: &str) -> Option<Self> {
        let moment = |text: &str| Timestamp::from_second(text.parse().ok()?).ok();
        let mut parts = text.trim().split(',');
        let (from, settled, after, told) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let filters = Filters { host: parts.next()?.to_owned(), calendar: parts.next()?.to_owned() };
        let is_print = |print: &[u8]| print.len() == PRINT && print.iter().all(|letter| LETTERS.contains(letter));
        let is_known = told.len() <= LONGEST && told.as_bytes().chunks(PRINT).all(is_print);
        let told = told.as_bytes().chunks(PRINT).map(|print| String::from_utf8_lossy(print).into_owned()).collect();
        let mark = Self {
            from: moment(from)?,
            settled: moment(settled)?,
            after: (!after.is_empty()).then(|| after.to_owned()),
            told,
            filters,
        };
        (is_known && parts.next().is_none() && mark.from <= mark.settled).then_some(mark)
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, settled, after, told, filters: Filters { host, calendar } } = self;
        let place = format!("{},{},{},", from.as_second(), settled.as_second(), after.as_deref().unwrap_or_default());
        let filters = format!(",{host},{calendar}");
        // Ids may be longer than they ever were. What is forgotten may be told again.
        let room = LONGEST.saturating_sub(place.len() + filters.len()) / PRINT;
        let told: String = told.iter().skip(told.len().saturating_sub(room)).map(String::as_str).collect();
        write!(f, "{place}{told}{filters}")
    }
}

/// The letters of a fingerprint, six bits each, and how many it has, the first of which are of the id alone.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const PRINT: usize = 9;
const OF_ID: usize = 4;

fn letters(text: &str, count: usize) -> String {
    let letter = |byte: &u8| LETTERS.get(usize::from(byte & 63)).copied().map_or('A', char::from);
    Sha256::digest(text.as_bytes()).iter().take(count).map(letter).collect()
}

fn print_of_id(booking: &Booking) -> String {
    letters(booking.id.as_deref().unwrap_or_default(), OF_ID)
}

/// Returns the fingerprint of a booking in its present state.
fn print(booking: &Told<Booking>) -> String {
    // Names are no part of it: they are filled in later, and change without the booking.
    let id = |to: &Option<Reference>| to.as_ref().map(|to| to.id().to_owned());
    let state = json!([
        booking.id,
        booking.last_updated_time,
        booking.status,
        booking.in_trash,
        booking.starting_time,
        booking.duration_minutes,
        id(&booking.owner),
        id(&booking.booking_calendar),
        booking.virtual_conferencing,
        booking.location_description,
        booking.cancel_reschedule_information,
    ]);
    print_of_id(booking) + &letters(&state.to_string(), PRINT - OF_ID)
}

fn whole(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// A pass through what was updated, and what this call sees of it.
struct Pass {
    mark: Mark,
    /// Whether the pass began with this call.
    is_new: bool,
    /// The settled moment of a pass that began with this call, once OnceHub has told its time.
    settled: OnceLock<Timestamp>,
    oncehub: Client,
    now: Timestamp,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Fresh changes that an earlier call has told.
    known: Vec<String>,
    /// How many fresh changes this call tells.
    fresh: usize,
    /// How many there is no room to remember.
    held_back: usize,
}

impl Pass {
    /// Goes on where the cursor stands, or begins with what was updated since a time.
    fn begin(call: &Call, input: &ListChanges, zone: &Zone) -> Result<Self, Failure> {
        let mark = match (input.paging.cursor(), &input.since) {
            (Some(cursor), _) => {
                Mark::parse(cursor).filter(|mark| mark.from <= call.now() + SETTLED).ok_or_else(|| {
                    let hint = "pass a next_cursor of list_changes as it is, or since to start over";
                    Failure::argument("cursor", "it is not a cursor of list_changes", hint)
                })?
            }
            (None, Some(since)) => {
                let mut from = call.moment("since", since, zone)?.at;
                // What is past is asked for, so a day of the week is the last one.
                let is_weekday = since.split_whitespace().next().and_then(time::days).is_some();
                if from > call.now() && is_weekday {
                    from = zone.days_later(from, -7);
                }
                if from > call.now() {
                    let problem = format!("{} is yet to come", time::local(from, zone));
                    return Err(Failure::argument(
                        "since", problem, "give a time in the past, such as -1d or yesterday",
                    ));
                }
                let from = whole(from);
                Mark { from, settled: from, after: None, told: Vec::new(), filters: Filters::default() }
            }
            (None, None) => {
                let hint = "the first time pass since, such as -1d; then the next_cursor of the last reply";
                return Err(Failure::argument("since", "or a cursor is required", hint));
            }
        };
        let is_new = mark.after.is_none();
        let settled = if is_new { OnceLock::new() } else { mark.settled.into() };
        let (oncehub, now) = (call.oncehub().clone(), call.now());
        Ok(Self { mark, is_new, settled, oncehub, now, seen: Mutex::default() })
    }

    /// Keeps to the filters that the series began with: with others, it would leave out what nobody was told.
    fn is_about(&mut self, filters: Filters, goes_on: bool) -> Result<(), Failure> {
        let Filters { host, calendar } = &self.mark.filters;
        for (argument, before, now) in [("host", host, &filters.host), ("calendar", calendar, &filters.calendar)] {
            if goes_on && before != now {
                let began = match (before.is_empty(), now.is_empty()) {
                    (true, _) => "without one",
                    (_, true) => "with one",
                    _ => "with another one",
                };
                let problem = format!("the list in which the cursor goes on was begun {began}");
                let hint =
                    format!("pass the same {argument} as then, or since without the cursor to begin another list");
                return Err(Failure::argument(argument, problem, hint));
            }
        }
        self.mark.filters = filters;
        Ok(())
    }

    /// Says how to go on where OnceHub cannot: the booking of the cursor may be gone.
    fn start_over(&self, failure: Failure) -> Failure {
        if !matches!(failure.param.as_deref(), Some("cursor" | "after")) {
            return failure;
        }
        let from = time::instant(self.mark.from);
        failure.hint(format!(
            "pass the last next_cursor as it is; or, without it, since {from}, which tells again what was told from there on"
        ))
    }

    /// Returns the moment before which nothing changes any more, by OnceHub's clock if that is behind ours.
    fn settled(&self) -> Timestamp {
        *self.settled.get_or_init(|| {
            let theirs = self.oncehub.ledger().server_time().and_then(|time| Timestamp::try_from(time).ok());
            let now = theirs.map_or(self.now, |theirs| theirs.min(self.now));
            self.mark.from.max(whole(now.checked_sub(SETTLED).unwrap_or(now)))
        })
    }

    /// Whether a booking was updated so lately that the next pass reads it again.
    fn is_fresh(&self, booking: &Told<Booking>) -> bool {
        booking.last_updated_time.is_none_or(|updated| updated.0 >= self.settled())
    }

    /// Whether a booking is to be told: it is not yet, and can be remembered if it has to be.
    fn keeps(&self, booking: &Told<Booking>) -> bool {
        let (mut seen, print, is_fresh) = (self.seen.lock(), print(booking), self.is_fresh(booking));
        if self.mark.told.contains(&print) {
            seen.known.extend(is_fresh.then_some(print));
            return false;
        }
        let has_room = !is_fresh || self.mark.told.len() + seen.fresh < REMEMBERED;
        seen.fresh += usize::from(is_fresh && has_room);
        seen.held_back += usize::from(!has_room);
        has_room
    }

    /// Returns the mark for the next call, after this one has told `shown`, and goes on after `after` unless the pass is
    /// over.
    fn next(&self, shown: &[Told<Booking>], after: Option<String>) -> Mark {
        let is_over = after.is_none();
        // Of a pass that took several calls, nobody knows which of those told before are still fresh.
        let known = if is_over && self.is_new { self.seen.lock().known.clone() } else { self.mark.told.clone() };
        let fresh = shown.iter().filter(|booking| self.is_fresh(booking)).map(print);
        let settled = self.settled();
        let from = if is_over { settled } else { self.mark.from };
        let told = known.into_iter().chain(fresh).collect();
        Mark { from, settled, after, told, filters: self.mark.filters.clone() }
    }

    /// Returns what happened to a booking, as far as its present state tells.
    fn kind(&self, booking: &Booking) -> &'static str {
        let ended = ["canceled", "no_show", "completed"].into_iter().find(|status| booking.is(status));
        let (made, id) = (booking.creation_time, print_of_id(booking));
        let is_told = self.mark.told.iter().any(|told| told.starts_with(&id));
        let is_new = made.is_some_and(|made| made.0 >= self.mark.from) && !is_told;
        let otherwise = if booking.is("rescheduled") { "rescheduled" } else { "changed" };
        ended.unwrap_or(if is_new { "new" } else { otherwise })
    }
}

/// Changes in OnceHub's order, where to go on after each, and after all that were read.
struct Listed {
    changes: Vec<Told<Booking>>,
    after: Vec<Option<String>>,
    next: Option<String>,
}

fn reply(asked: &Asked<'_>, pass: &Pass, listed: Listed) -> Reply {
    let zone = asked.zone;
    let Listed { mut changes, after, next } = listed;
    let brief: Vec<Told<Booking>> = changes
        .iter()
        .map(|booking| {
            let mut brief = booking.clone().brief();
            brief.leave_usual_subject_out();
            brief
        })
        .collect();
    let mut items = Vec::new();
    let mut lines = Vec::new();
    for (booking, brief) in changes.iter().zip(&brief) {
        let kind = pass.kind(booking);
        let mut fields = brief.fields(zone);
        fields.values_mut().for_each(cut);
        let at = booking.last_updated_time.map(|at| at.0);
        if let Some(at) = at {
            put_time(&mut fields, "at", at, zone);
        }
        fields.insert("kind".into(), kind.into());
        let at = at.map(|at| format!(" {}", time::local(at, zone))).unwrap_or_default();
        lines.push(format!("{kind}{at} | {}", brief.row(zone)));
        items.push(Value::Object(fields));
    }
    let sizes: Vec<usize> =
        items.iter().zip(&lines).map(|(item, line)| json_size(item) + 2 * json_size(line)).collect();
    let shown = most_that_fit(items.len(), asked.max_reply(), |count| sizes.iter().take(count).sum());
    let place = |count: usize| after.get(count.checked_sub(1)?)?.clone();
    // The list can only go on after a booking that has an id.
    let goes_on = |count: &usize| *count == items.len() || place(*count).is_some();
    let shown = (1..=shown).rev().find(goes_on).unwrap_or(shown);
    let after = if shown < items.len() { place(shown) } else { next };
    changes.truncate(shown);
    items.truncate(shown);
    lines.truncate(shown);
    let (has_more, next) = (after.is_some(), pass.next(&changes, after).to_string());
    let mut text = match shown {
        0 => "No changes".to_owned(),
        1 => "1 change".to_owned(),
        _ => format!("{shown} changes"),
    };
    text.push_str(&format!(" ({}); times in {}", asked.words.join("; "), zone.name()));
    text.push_str(&legend(brief.get(..shown).unwrap_or_default()));
    lines.iter().for_each(|line| text.push_str(&format!("\n- {line}")));
    let when = if has_more { "more" } else { "later changes" };
    text.push_str(&format!("\n{when}: call again with cursor {next}"));
    let list = json!({
        "items": items, "has_more": has_more, "next_cursor": next, "time_zone": zone.name(), "asked": asked.words.join("; "),
    });
    let mut reply = Reply::new(list, text);
    let held_back = pass.seen.lock().held_back;
    if held_back > 0 && !has_more {
        let more = if held_back == 1 { "1 more has" } else { &format!("{held_back} more have") };
        reply.note(&format!("{more} changed within the last two minutes: call again with the cursor in two minutes."));
    }
    asked.notes.iter().for_each(|note| reply.note(note));
    reply
}
