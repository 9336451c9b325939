//! Lists: as many pages of OnceHub's as a caller's `limit` needs, and what OnceHub cannot filter filtered here.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::asked::Asked;
use super::call::Call;
use super::failure::Failure;
use super::names::fold;
use super::reply::Reply;
use crate::oncehub::{Id, Listing, Object};

/// How many items a caller gets when they do not say.
pub(super) const USUAL: usize = 25;
/// How many pages one call looks through for what is filtered here.
const PAGES: usize = 10;
/// OnceHub's largest page.
const PAGE: usize = 100;

/// What was found.
pub(super) struct Gathered {
    pub(super) items: Vec<Object>,
    has_more: bool,
    next: Option<String>,
    /// How many objects were looked through, when a search ended before the list did.
    stopped_after: Option<usize>,
}

impl Call {
    /// Gathers up to `limit` objects after `cursor`. With `keep`, those that it keeps among at most ten pages.
    pub(super) async fn gather<E: Listing>(
        &self,
        listing: &E,
        limit: Option<u32>,
        cursor: Option<&str>,
        keep: Option<&(dyn Fn(&Object) -> bool + Sync)>,
    ) -> Result<Gathered, Failure> {
        let wanted = limit.map_or(USUAL, |limit| limit as usize);
        let cursor: Option<Id> = cursor.map(str::parse).transpose().map_err(|error| {
            Failure::argument("cursor", error, "pass next_cursor of the last reply, or nothing to begin anew")
        })?;
        let mut found = Gathered { items: Vec::new(), has_more: false, next: None, stopped_after: None };
        let (mut after, mut looked_at, mut pages) = (cursor, 0, 0);
        loop {
            let size = if keep.is_some() { PAGE } else { wanted - found.items.len() };
            let page = self.oncehub.page(listing, size, after.as_ref()).await?;
            pages += 1;
            let count = page.items.len();
            for (index, item) in page.items.into_iter().enumerate() {
                looked_at += 1;
                if keep.is_some_and(|keep| !keep(&item)) {
                    continue;
                }
                // What is no id cannot be gone on from.
                let id = item.text("id").filter(|id| id.parse::<Id>().is_ok()).map(str::to_owned);
                found.items.push(item);
                if found.items.len() == wanted {
                    found.has_more = (index + 1 < count || page.has_more) && id.is_some();
                    found.next = id.filter(|_| found.has_more);
                    return Ok(found);
                }
            }
            (found.has_more, found.next) = (page.has_more, page.next);
            after = found.next.as_deref().and_then(|next| next.parse().ok());
            if after.is_none() {
                return Ok(found);
            }
            if keep.is_some() && pages == PAGES {
                found.stopped_after = Some(looked_at);
                return Ok(found);
            }
            self.progress(looked_at, keep.is_none().then_some(wanted)).await;
        }
    }
}

/// The longest text of an item of a list.
const LONGEST: usize = 500;

/// Shortens what is too long for a list: the thing itself has it whole.
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
    /// As [`Call::gather`], keeping what has `part` in one of its names, if a part is asked for.
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
    /// The reply: each object as `show` has it, in fields and in a line.
    pub(super) fn rows(
        self,
        noun: &str,
        asked: &Asked<'_>,
        show: impl Fn(&Object) -> (Map<String, Value>, String),
    ) -> Reply {
        let (mut items, lines): (Vec<_>, Vec<_>) = self.items.iter().map(show).unzip();
        items.iter_mut().flat_map(Map::values_mut).for_each(cut);
        self.reply(noun, items, &lines.join("\n"), asked)
    }

    /// The reply: `items` in their structured form, `body` for the text, and what was asked.
    pub(super) fn reply(self, noun: &str, items: Vec<Map<String, Value>>, body: &str, asked: &Asked<'_>) -> Reply {
        let Asked { words, notes, zone, .. } = asked;
        let count = items.len();
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
        if let Some(count) = self.stopped_after {
            reply.note(&format!(
                "Only the newest {count} (after the cursor, if there was one) were searched: the cursor goes on from there. \
                 Narrower filters find more in one call."
            ));
        }
        reply
    }
}
