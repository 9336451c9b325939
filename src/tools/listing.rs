//! Lists: as many of OnceHub's pages as the caller's `limit` needs, with filters applied here that OnceHub does not
//! have.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::asked::Asked;
use super::call::Call;
use super::failure::Failure;
use super::names::fold;
use super::reply::Reply;
use super::size::most_that_fit;
use crate::oncehub::{Id, Listing, Object, Walk};

/// The number of items returned when the caller sets no limit.
pub(super) const USUAL: usize = 25;
/// The number of pages that one call scans for filters applied here.
const PAGES: usize = 10;
/// OnceHub's largest page.
const PAGE: usize = 100;

/// The result of a search.
pub(super) struct Gathered {
    pub(super) items: Vec<Object>,
    has_more: bool,
    next: Option<String>,
    /// How many were asked for.
    wanted: usize,
    /// How many objects were scanned, including those that did not match.
    scanned: usize,
    /// Why the search ended early, although there is more.
    stopped: Option<Stopped>,
}

/// A reason to end a list early.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stopped {
    /// Ten pages were scanned.
    Scanned,
    /// The reply has no room for more.
    Full,
    /// OnceHub keeps sending the same objects.
    Repeated,
}

impl Gathered {
    /// Returns how many were scanned, if some were not.
    pub(super) fn searched(&self) -> Option<usize> {
        (self.has_more || self.stopped == Some(Stopped::Repeated)).then_some(self.scanned)
    }
}

type Keep<'a> = Option<&'a (dyn Fn(&Object) -> bool + Sync)>;

impl Call {
    /// Gathers up to `limit` objects after `cursor` for a reply; with `keep`, those that it keeps among at most ten
    /// pages.
    ///
    /// Reads no more pages than the reply has room for.
    pub(super) async fn gather<E: Listing>(
        &self,
        listing: &E,
        limit: Option<u32>,
        cursor: Option<&str>,
        keep: Keep<'_>,
    ) -> Result<Gathered, Failure> {
        let wanted = limit.map_or(USUAL, |limit| limit as usize);
        let cursor: Option<Id> = cursor.map(str::parse).transpose().map_err(|error| {
            Failure::argument("cursor", error, "pass next_cursor of the last reply, or nothing to begin anew")
        })?;
        self.collect(listing, wanted, cursor, keep, self.settings.max_reply).await
    }

    /// Finds up to `wanted` objects that `keep` keeps, among at most ten pages.
    pub(super) async fn search<E: Listing>(
        &self,
        listing: &E,
        wanted: usize,
        keep: &(dyn Fn(&Object) -> bool + Sync),
    ) -> Result<Gathered, Failure> {
        self.collect(listing, wanted, None, Some(keep), usize::MAX).await
    }

    async fn collect<E: Listing>(
        &self,
        listing: &E,
        wanted: usize,
        cursor: Option<Id>,
        keep: Keep<'_>,
        room: usize,
    ) -> Result<Gathered, Failure> {
        let mut found = Gathered { items: Vec::new(), has_more: false, next: None, wanted, scanned: 0, stopped: None };
        let (mut walk, mut pages, mut weight) = (Walk::after(cursor), 0, 0);
        loop {
            let size = if keep.is_some() { PAGE } else { wanted - found.items.len() };
            let page = self.oncehub.next_page(listing, size, &mut walk).await?;
            pages += 1;
            let count = page.items.len();
            for (index, item) in page.items.into_iter().enumerate() {
                found.scanned += 1;
                if keep.is_some_and(|keep| !keep(&item)) {
                    continue;
                }
                let id = cursor_of(&item);
                weight += self::weight(&item);
                found.items.push(item);
                if found.items.len() == wanted {
                    found.has_more = (index + 1 < count || page.has_more) && id.is_some();
                    found.next = id.filter(|_| found.has_more);
                    return Ok(found);
                }
            }
            (found.has_more, found.next) = (page.has_more, page.next);
            if page.repeats {
                found.stopped = Some(Stopped::Repeated);
            } else if found.next.is_some() && keep.is_some() && pages == PAGES {
                found.stopped = Some(Stopped::Scanned);
            } else if found.next.is_some() && weight > room {
                found.stopped = Some(Stopped::Full);
            }
            if found.next.is_none() || found.stopped.is_some() {
                return Ok(found);
            }
            self.progress(found.scanned, keep.is_none().then_some(wanted)).await;
        }
    }
}

/// Returns the cursor that continues after an object. Only a valid id can serve as a cursor.
fn cursor_of(item: &Object) -> Option<String> {
    item.text("id").filter(|id| id.parse::<Id>().is_ok()).map(str::to_owned)
}

/// Estimates how many bytes of a reply an object takes.
fn weight(item: &Object) -> usize {
    fn of(value: &Value) -> usize {
        match value {
            Value::String(text) => text.len().min(LONGEST) + 2,
            Value::Array(values) => values.iter().map(|value| of(value) + 1).sum::<usize>() + 2,
            Value::Object(fields) => fields.iter().map(|(name, value)| name.len() + of(value) + 4).sum::<usize>() + 2,
            Value::Null => 0,
            _ => 5,
        }
    }
    item.iter().map(|(name, value)| name.len() + of(value) + 4).sum()
}

/// The longest text of an item in a list.
const LONGEST: usize = 500;

/// Shortens what is too long for a list: reading the object itself shows it in full.
fn cut(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some((end, _)) = text.char_indices().nth(LONGEST) {
                text.truncate(end);
                text.push('…');
            }
        }
        Value::Array(values) => values.iter_mut().for_each(cut),
        Value::Object(fields) => fields.values_mut().for_each(cut),
        _ => {}
    }
}

impl Call {
    /// Like [`Call::gather`], keeping objects with `part` in one of their names, if a part is asked for.
    pub(super) async fn gather_called<E: Listing>(
        &self,
        listing: &E,
        limit: Option<u32>,
        cursor: Option<&str>,
        part: Option<&str>,
        names: impl Fn(&Object) -> Vec<String> + Sync,
    ) -> Result<Gathered, Failure> {
        let Some(part) = part else { return self.gather(listing, limit, cursor, None).await };
        let is_called = |object: &Object| names(object).iter().any(|name| fold(name).contains(part));
        self.gather(listing, limit, cursor, Some(&is_called)).await
    }
}

impl Gathered {
    /// Builds the reply: each object as `show` returns it, as fields and as a line.
    pub(super) fn rows(
        self,
        noun: &str,
        asked: &Asked<'_>,
        show: impl Fn(&Object) -> (Map<String, Value>, String),
    ) -> Reply {
        self.reply(noun, asked, |objects| {
            let (mut items, lines): (Vec<_>, Vec<_>) = objects.iter().map(&show).unzip();
            items.iter_mut().flat_map(Map::values_mut).for_each(cut);
            (items, lines.join("\n"))
        })
    }

    /// Builds the reply: as many of the objects as fit, shown by `show` as fields and as text, and the filters.
    pub(super) fn reply(
        mut self,
        noun: &str,
        asked: &Asked<'_>,
        show: impl Fn(&[Object]) -> (Vec<Map<String, Value>>, String),
    ) -> Reply {
        let all = self.items.len();
        let most = asked.max_reply();
        let fitting = most_that_fit(all, most, |count| self.shown(count, noun, asked, &show));
        if fitting < all {
            // A list can only continue after an object that has an id.
            let can_go_on = |count: &usize| self.items.get(count - 1).and_then(cursor_of).is_some();
            let count = (1..=fitting).rev().find(can_go_on).unwrap_or(fitting);
            self.next = self.items.get(count - 1).and_then(cursor_of);
            self.items.truncate(count);
            self.has_more = true;
            self.stopped = Some(Stopped::Full);
        }
        self.shown(self.items.len(), noun, asked, &show)
    }

    fn shown(
        &self,
        count: usize,
        noun: &str,
        asked: &Asked<'_>,
        show: &impl Fn(&[Object]) -> (Vec<Map<String, Value>>, String),
    ) -> Reply {
        let (items, body) = show(self.items.get(..count).unwrap_or_default());
        let Asked { words, notes, zone, .. } = asked;
        let mut text = match count {
            0 => format!("No {noun}s"),
            1 => format!("1 {noun}"),
            _ => format!("{count} {noun}s"),
        };
        if !words.is_empty() {
            let _ = write!(text, " ({})", words.join("; "));
        }
        if !body.is_empty() {
            let _ = write!(text, "\n{body}");
        }
        let mut structure = Map::new();
        structure.insert("items".into(), items.into_iter().map(Value::Object).collect());
        structure.insert("has_more".into(), self.has_more.into());
        structure.insert("next_cursor".into(), json!(self.next));
        structure.insert("time_zone".into(), zone.name().into());
        if !words.is_empty() {
            structure.insert("asked".into(), words.join("; ").into());
        }
        let more = self.next.as_ref().map(|next| format!("\nmore: call again with cursor {next}"));
        text.push_str(&more.unwrap_or_default());
        let mut reply = Reply::new(structure, text);
        notes.iter().for_each(|note| reply.note(note));
        match self.stopped {
            Some(Stopped::Scanned) => reply.note(&format!(
                "Only the newest {} (after the cursor, if there was one) were searched: the cursor goes on from there. \
                 Narrower filters find more in one call.",
                self.scanned
            )),
            Some(Stopped::Full) => {
                let next = match &self.next {
                    Some(_) => "the cursor goes on right after the last one shown",
                    None => "what follows has no id to go on from, so ask with narrower filters",
                };
                reply.note(&format!(
                    "These are {count} of the {} asked for, since a reply holds at most {} kB: {next}.",
                    self.wanted,
                    asked.max_reply() / 1000
                ));
            }
            Some(Stopped::Repeated) => reply.note(
                "OnceHub says that there is more, but sends the same again: what follows cannot be read from here.",
            ),
            None => {}
        }
        reply
    }
}
