//! What has changed since the last time. OnceHub keeps no history: a booking that changed is told once, as it is now.
//!
//! A pass reads what was updated from one moment on, in OnceHub's order. What was updated before the pass's settled moment
//! cannot appear later, so that the next pass begins there; what is fresher is told, too, and its fingerprint kept in the
//! cursor, so that the next pass does not tell it again.

#[cfg(test)]
mod tests;

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use rmcp::{tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::names::{Search, Stopped, cut};
use crate::oncehub::{Range, bookings};
use crate::records::booking::legend;
use crate::records::{Booking, Failure, Noun, Reference, Time, Told, Zone, put_time, time};
use crate::tools::listing::Paging;
use crate::tools::size::{json_size, most_that_fit};
use crate::tools::{Answer, Asked, Call, Parameters, Reply, Tools, schema};

/// After this long no change is expected to appear with an earlier time: OnceHub's clock may differ from ours.
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
        let pass = Pass::begin(&call, &input, &zone)?;
        asked.words.push(format!("changed from {}", time::local(pass.mark.from, &zone)));
        let filter = bookings::All {
            host: asked.named(Noun::Users, "host", input.host.as_deref()).await?,
            booking_calendar: asked.named(Noun::Calendars, "calendar", input.calendar.as_deref()).await?,
            updated: Range::between(Some(pass.mark.from), None),
            ..bookings::All::default()
        };
        let search = Search {
            wanted: input.paging.wanted(),
            keep: Some(&|booking| pass.keeps(booking)),
            brief: |booking| booking,
            // What is told of a booking takes a third of what is read.
            room: call.settings.max_reply.saturating_mul(3),
        };
        let mut found = call.names.gather_bookings(filter, pass.mark.after.as_deref(), search).await?;
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
}

impl Mark {
    fn parse(text: &str) -> Option<Self> {
        let moment = |text: &str| Timestamp::from_second(text.parse().ok()?).ok();
        let mut parts = text.trim().split(',');
        let (from, settled, after, told) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_print = |print: &[u8]| print.len() == PRINT && print.iter().all(|letter| LETTERS.contains(letter));
        let is_known = told.len() <= LONGEST && told.as_bytes().chunks(PRINT).all(is_print);
        let told = told.as_bytes().chunks(PRINT).map(|print| String::from_utf8_lossy(print).into_owned()).collect();
        let mark = Self {
            from: moment(from)?,
            settled: moment(settled)?,
            after: (!after.is_empty()).then(|| after.to_owned()),
            told,
        };
        (is_known && parts.next().is_none() && mark.from <= mark.settled).then_some(mark)
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, settled, after, told } = self;
        let place = format!("{},{},{},", from.as_second(), settled.as_second(), after.as_deref().unwrap_or_default());
        // Ids may be longer than they ever were. What is forgotten may be told again.
        let room = LONGEST.saturating_sub(place.len()) / PRINT;
        let told: String = told.iter().skip(told.len().saturating_sub(room)).map(String::as_str).collect();
        write!(f, "{place}{told}")
    }
}

/// The letters of a fingerprint, six bits each, and how many it has.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const PRINT: usize = 8;

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
    let digest = Sha256::digest(state.to_string().as_bytes());
    let letter = |byte: &u8| LETTERS.get(usize::from(byte & 63)).copied().map_or('A', char::from);
    digest.iter().take(PRINT).map(letter).collect()
}

/// A pass through what was updated, and what this call sees of it.
struct Pass {
    mark: Mark,
    /// Whether the pass began with this call.
    is_new: bool,
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
        let settled = call.now().checked_sub(SETTLED).unwrap_or(call.now());
        let whole = |at: Timestamp| Timestamp::from_second(at.as_second()).unwrap_or(at);
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
                Mark { from: whole(from), settled: whole(from), after: None, told: Vec::new() }
            }
            (None, None) => {
                let hint = "the first time pass since, such as -1d; then the next_cursor of the last reply";
                return Err(Failure::argument("since", "or a cursor is required", hint));
            }
        };
        let is_new = mark.after.is_none();
        let settled = if is_new { mark.from.max(whole(settled)) } else { mark.settled };
        Ok(Self { mark: Mark { settled, ..mark }, is_new, seen: Mutex::default() })
    }

    /// Whether a booking was updated so lately that the next pass reads it again.
    fn is_fresh(&self, booking: &Told<Booking>) -> bool {
        booking.last_updated_time.is_none_or(|updated| updated.0 >= self.mark.settled)
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
        let from = if is_over { self.mark.settled } else { self.mark.from };
        Mark { from, after, told: known.into_iter().chain(fresh).collect(), ..self.mark.clone() }
    }

    /// Returns what happened to a booking, as far as its present state tells.
    fn kind(&self, booking: &Booking) -> &'static str {
        let ended = ["canceled", "no_show", "completed"].into_iter().find(|status| booking.is(status));
        let is_new = booking.creation_time.is_some_and(|made| made.0 >= self.mark.from);
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
