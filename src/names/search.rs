//! Gathering objects from the pages of a list.

use serde_json::Value;

use super::Names;
use super::lists::{Batch, Lists, One};
use crate::oncehub::{Id, Listing};
use crate::records::{Failure, Record, Told};

/// The number of pages that one search reads at most.
const PAGES: usize = 10;
/// OnceHub's largest page.
const PAGE: usize = 100;

/// Which objects a search keeps; all, if there is nothing to keep them by.
pub type Keep<'a, R> = Option<&'a (dyn Fn(&Told<R>) -> bool + Sync)>;

/// What to gather from a list.
pub struct Search<'a, R> {
    /// How many objects are wanted.
    pub wanted: usize,
    /// Which objects to keep.
    pub keep: Keep<'a, R>,
    /// What is kept of an object.
    pub brief: fn(Told<R>) -> Told<R>,
    /// How many bytes of JSON the objects may take; no page is read after those that take more.
    pub room: usize,
}

impl<'a, R> Search<'a, R> {
    /// Looks for a few objects that `keep` keeps.
    pub fn for_some(wanted: usize, keep: &'a (dyn Fn(&Told<R>) -> bool + Sync)) -> Self {
        Self { wanted, keep: Some(keep), brief: |object| object, room: usize::MAX }
    }
}

/// The result of a search.
pub struct Gathered<R> {
    /// Newest first.
    pub items: Vec<Told<R>>,
    /// Where to go on after each of them.
    pub cursors: Vec<Option<String>>,
    /// Whether there are more after the last one.
    pub has_more: bool,
    /// Where to go on.
    pub next: Option<String>,
    /// How many were asked for.
    pub wanted: usize,
    /// How many objects were read, including those that did not match.
    pub read: usize,
    /// Why the search ended early, although there is more.
    pub stopped: Option<Stopped>,
}

/// A reason to end a list early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Ten pages were read.
    Limit,
    /// The reply has no room for more.
    Full,
    /// OnceHub keeps sending the same objects.
    Repeated,
}

impl<R> Gathered<R> {
    /// Returns how many were read, if not all were.
    pub fn searched(&self) -> Option<usize> {
        (self.has_more || self.stopped == Some(Stopped::Repeated)).then_some(self.read)
    }
}

impl Names {
    /// Gathers objects of a list that come after the one with the id `after`, from as many pages as that takes; with a
    /// filter, from at most ten.
    pub async fn gather<R: Record>(
        &self,
        listing: &impl Listing,
        after: Option<Id>,
        search: Search<'_, R>,
    ) -> Result<Gathered<R>, Failure> {
        self.gather_from(One::after(listing, after), search).await
    }

    /// Gathers objects of lists that are read as one.
    pub(super) async fn gather_from<R: Record, L: Lists<R>>(
        &self,
        mut lists: L,
        search: Search<'_, R>,
    ) -> Result<Gathered<R>, Failure> {
        let Search { wanted, keep, brief, room } = search;
        let mut found = Gathered {
            items: Vec::new(),
            cursors: Vec::new(),
            has_more: false,
            next: None,
            wanted,
            read: 0,
            stopped: None,
        };
        // Of two lists, what counts in both is left out of one.
        let may_find_nothing = keep.is_some() || L::COUNT > 1;
        let (mut pages, mut size, mut sized) = (0, 0, 0);
        loop {
            let limit = if keep.is_some() { PAGE } else { wanted - found.items.len() };
            let Batch { items, pages: read, has_more, next, repeats } = lists.read(&self.oncehub, limit).await?;
            pages += read;
            let count = items.len();
            for (index, (object, cursor)) in items.into_iter().enumerate() {
                found.read += 1;
                if keep.is_some_and(|keep| !keep(&object)) {
                    continue;
                }
                let object = brief(object);
                found.cursors.push(cursor.clone());
                found.items.push(object);
                if found.items.len() == wanted {
                    found.has_more = (index + 1 < count || has_more) && cursor.is_some();
                    found.next = cursor.filter(|_| found.has_more);
                    return Ok(found);
                }
            }
            (found.has_more, found.next) = (has_more, next);
            found.stopped = if repeats {
                Some(Stopped::Repeated)
            } else if found.next.is_none() {
                None
            } else if may_find_nothing && pages + L::COUNT > PAGES {
                Some(Stopped::Limit)
            } else {
                size += found.items.iter().skip(sized).map(json_size).sum::<usize>();
                sized = found.items.len();
                (size > room).then_some(Stopped::Full)
            };
            if found.next.is_none() || found.stopped.is_some() {
                return Ok(found);
            }
            (self.progress)(found.read, keep.is_none().then_some(wanted));
        }
    }
}

/// Estimates how many bytes an object takes in a list, in which long texts are cut.
fn json_size<R: Record>(object: &Told<R>) -> usize {
    let mut fields = Value::from(object.sent());
    cut(&mut fields);
    fields.to_string().len()
}

/// The longest text of an item in a list, in characters.
const LONGEST: usize = 500;

/// Shortens what is too long for a list: reading the object itself shows it in full.
pub fn cut(value: &mut Value) {
    match value {
        // A character takes a byte or more.
        Value::String(text) if text.len() > LONGEST => {
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
