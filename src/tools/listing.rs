//! Lists: as many of OnceHub's pages as the caller's `limit` needs, with filters applied here that OnceHub does not
//! have.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::size::{json_size, most_that_fit};
use super::{Answer, Asked, Call, Reply};
use crate::names::{Gathered, Keep, Search, Stopped, after, cut, fold};
use crate::oncehub::{Listing, bookings};
use crate::records::{Booking, Failure, Record, Told, Zone};

/// The number of items returned when the caller sets no limit.
pub(super) const USUAL: usize = 25;

/// Whether long texts are cut in the fields of a list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Texts {
    Cut,
    Whole,
}

/// How much of a list to return.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Paging {
    #[schemars(range(min = 1, max = 500), extend("default" = 25))]
    limit: Option<u32>,
    /// A next_cursor
    cursor: Option<String>,
}

/// The reply to a search.
#[serde_with::skip_serializing_none]
#[derive(Serialize, JsonSchema)]
pub(super) struct List<T> {
    items: Vec<T>,
    /// Whether there are more after these
    has_more: bool,
    /// Pass it as cursor to continue; null at the end
    #[serialize_always]
    next_cursor: Option<String>,
    /// The zone of every time that ends in _local
    time_zone: String,
    /// The filters and ranges, as understood
    asked: Option<String>,
    /// False if there are more that cannot be read from here, as the note says
    complete: Option<bool>,
    /// Anything else to know
    note: Option<String>,
}

impl Paging {
    /// Returns the first so many.
    pub(super) fn first(limit: u32) -> Self {
        Self { limit: Some(limit), cursor: None }
    }

    /// Returns how many items the caller wants.
    pub(super) fn wanted(&self) -> usize {
        self.limit.map_or(USUAL, |limit| limit as usize)
    }

    /// Returns the cursor, as the caller passes it.
    pub(super) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// Gathers what the caller asks for; with `keep`, what that keeps among at most ten pages. Reads no more pages than
    /// the reply has room for.
    pub(super) async fn gather<R: Record>(
        &self,
        call: &Call,
        listing: &impl Listing,
        keep: Keep<'_, R>,
        brief: fn(Told<R>) -> Told<R>,
    ) -> Result<Gathered<R>, Failure> {
        let after = after(self.cursor.as_deref())?;
        let mut found = call.names.gather(listing, after, self.search(call, keep, brief)).await?;
        call.names.fill(&mut found.items).await;
        Ok(found)
    }

    /// Like [`Paging::gather`], for bookings: with a host, all that they hold.
    pub(super) async fn bookings(
        &self,
        call: &Call,
        filter: bookings::All,
        keep: Keep<'_, Booking>,
        brief: fn(Told<Booking>) -> Told<Booking>,
    ) -> Result<Gathered<Booking>, Failure> {
        let search = self.search(call, keep, brief);
        let mut found = call.names.gather_bookings(filter, self.cursor.as_deref(), search).await?;
        call.names.fill(&mut found.items).await;
        Ok(found)
    }

    fn search<'a, R: Record>(&self, call: &Call, keep: Keep<'a, R>, brief: fn(Told<R>) -> Told<R>) -> Search<'a, R> {
        let wanted = self.wanted();
        // Of a text alone, only its end tells how much fits.
        let room = if call.settings.structured { call.settings.max_reply } else { usize::MAX };
        Search { wanted, keep, brief, room }
    }

    /// Like [`Paging::gather`], for everything.
    pub(super) async fn all<R: Record>(&self, call: &Call, listing: &impl Listing) -> Result<Gathered<R>, Failure> {
        self.gather(call, listing, None, |object| object).await
    }

    /// Lists everything that there is of a noun.
    pub(super) async fn list<R: Record>(&self, call: &Call, listing: &impl Listing, noun: &str) -> Answer {
        Ok(rows(self.all::<R>(call, listing).await?, noun, &Asked::by(call, call.zone())))
    }

    /// Like [`Paging::gather`], keeping objects with `part` in one of their names, if a part is asked for.
    pub(super) async fn called<R: Record>(
        &self,
        call: &Call,
        listing: &impl Listing,
        part: Option<&str>,
        names: impl Fn(&Told<R>) -> Vec<Option<String>> + Sync,
        brief: fn(Told<R>) -> Told<R>,
    ) -> Result<Gathered<R>, Failure> {
        let Some(part) = part else { return self.gather(call, listing, None, brief).await };
        let is_called = |object: &Told<R>| names(object).iter().flatten().any(|name| fold(name).contains(part));
        self.gather(call, listing, Some(&is_called), brief).await
    }
}

/// Builds the reply to a list: each object as its fields and as a line.
pub(super) fn rows<R: Record>(found: Gathered<R>, noun: &str, asked: &Asked<'_>) -> Reply {
    rows_as(found, noun, asked, Told::<R>::text)
}

/// Builds the reply to a list: each object as its fields and as `text` returns it.
pub(super) fn rows_as<R: Record>(
    found: Gathered<R>,
    noun: &str,
    asked: &Asked<'_>,
    text: impl Fn(&Told<R>, &Zone) -> String,
) -> Reply {
    reply(
        found,
        noun,
        asked,
        |objects, zone| objects.iter().map(|object| text(object, zone)).collect::<Vec<_>>().join("\n"),
        Texts::Cut,
    )
}

/// Builds the reply to a list: as many of the objects as fit, as their fields and together as `text` returns them, and
/// the filters.
pub(super) fn reply<R: Record>(
    mut found: Gathered<R>,
    noun: &str,
    asked: &Asked<'_>,
    text: impl Fn(&[Told<R>], &Zone) -> String,
    texts: Texts,
) -> Reply {
    let (items, body) = fitting(&mut found, asked, text, texts);
    let count = items.len();
    let Asked { words, notes, zone, .. } = asked;
    let if_cut = asked.if_cut.filter(|_| found.has_more && count > 0);
    let words = (!words.is_empty()).then(|| words.join("; "));
    let mut text = match count {
        0 => format!("No {noun}s"),
        _ if if_cut.is_some() => format!("{count} of more {noun}s"),
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    };
    if let Some(words) = &words {
        let _ = write!(text, " ({words})");
    }
    if !body.is_empty() {
        let _ = write!(text, "\n{body}");
    }
    if let Some(next) = &found.next {
        let _ = write!(text, "\nmore: call again with cursor {next}");
    }
    let ends_early = found.stopped == Some(Stopped::Repeated) || (found.has_more && found.next.is_none());
    let list = List {
        items: Vec::<()>::new(),
        // A caller that goes on as long as there is more has to have a cursor for it.
        has_more: found.has_more && found.next.is_some(),
        next_cursor: found.next.clone().filter(|_| found.has_more),
        time_zone: zone.name().to_owned(),
        asked: words,
        complete: ends_early.then_some(false),
        note: None,
    };
    let mut reply = Reply::new(list, text);
    reply.put("items", items);
    if_cut.iter().for_each(|note| reply.note(note));
    notes.iter().for_each(|note| reply.note(note));
    note_stop(&mut reply, &found, asked.max_reply());
    reply
}

/// Leaves those objects that fit into a reply, and returns their fields and their text.
fn fitting<R: Record>(
    found: &mut Gathered<R>,
    asked: &Asked<'_>,
    text: impl Fn(&[Told<R>], &Zone) -> String,
    texts: Texts,
) -> (Vec<Map<String, Value>>, String) {
    let (most, is_structured) = (asked.max_reply(), asked.is_structured());
    let (mut items, mut sizes, mut whole) = (Vec::new(), vec![0], 0);
    for object in &found.items {
        let mut fields = object.fields(asked.zone);
        if texts == Texts::Cut {
            fields.values_mut().for_each(cut);
        }
        whole += if is_structured { json_size(&fields) + 1 } else { 0 };
        sizes.push(whole);
        items.push(fields);
        // What comes after has no room, even without a text.
        if whole > most {
            break;
        }
    }
    let first = |count: usize| found.items.get(..count).unwrap_or_default();
    let body = text(first(items.len()), asked.zone);
    let size = |count: usize| {
        let text = if count == items.len() { json_size(&body) } else { json_size(&text(first(count), asked.zone)) };
        sizes.get(count).map_or(0, |size| size + text)
    };
    let fitting = most_that_fit(items.len(), most, size);
    if fitting == found.items.len() {
        return (items, body);
    }
    // A list can only continue after an object that has an id.
    let cursor = |count: usize| found.cursors.get(count.checked_sub(1)?)?.clone();
    let count = (1..=fitting).rev().find(|count| cursor(*count).is_some()).unwrap_or(fitting);
    found.next = cursor(count);
    found.items.truncate(count);
    found.has_more = true;
    found.stopped = Some(Stopped::Full);
    items.truncate(count);
    (items, text(&found.items, asked.zone))
}

/// Notes why a list ended early, if it did.
fn note_stop<R>(reply: &mut Reply, found: &Gathered<R>, most: usize) {
    match found.stopped {
        Some(Stopped::Limit) => reply.note(&format!(
            "Only the newest {} (after the cursor, if there was one) were scanned: the cursor continues from there. \
             Narrower filters find more in one call.",
            found.read
        )),
        Some(Stopped::Full) => {
            let next = match &found.next {
                Some(_) => "the cursor continues right after the last one shown",
                None => "what follows has no id to continue from, so use narrower filters",
            };
            reply.note(&format!(
                "These are {} of the {} asked for, since a reply holds at most {} kB: {next}.",
                found.items.len(),
                found.wanted,
                most / 1000
            ));
        }
        Some(Stopped::Repeated) => reply.note(
            "OnceHub says that there are more, but sends the same ones again: the rest cannot be read from here.",
        ),
        None => {}
    }
}
