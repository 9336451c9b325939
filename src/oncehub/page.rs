use std::collections::HashSet;

use reqwest::Method;
use serde::Serialize;

use super::client::Answer;
use super::{Client, Endpoint, Error, Id, List, Listing, Object};

/// The largest page that OnceHub returns.
const LARGEST: usize = 100;

/// Objects collected from as many pages as were needed.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Newest first.
    pub items: Vec<Object>,
    /// Whether OnceHub has more after the last one.
    pub has_more: bool,
    /// The id to resume after, if there is more.
    pub next: Option<String>,
    /// Whether OnceHub says that there is more, but has sent nothing new.
    pub repeats: bool,
}

/// A walk along a list, page by page, that yields no object twice, whatever an upstream makes of `after`.
#[derive(Debug, Default)]
pub struct Walk {
    after: Option<Id>,
    seen: HashSet<String>,
}

impl Walk {
    /// Creates a walk that begins after the object with this id, or at the newest.
    pub fn after(cursor: Option<Id>) -> Self {
        Self { after: cursor, seen: HashSet::new() }
    }
}

/// A request for one page of a list.
#[derive(Serialize)]
struct OnePage<'a, L> {
    #[serde(flatten)]
    listing: &'a L,
    limit: usize,
    after: Option<&'a Id>,
}

impl<L: Listing> Endpoint for OnePage<'_, L> {
    type Response = List;

    fn route(&self) -> (Method, Vec<&str>) {
        self.listing.route()
    }
}

impl Client {
    /// Fetches one page of at most `limit` objects (OnceHub's maximum is 100) after the object with the id `after`.
    pub async fn page<E: Listing>(&self, listing: &E, limit: usize, after: Option<&Id>) -> Result<Page, Error> {
        let limit = limit.clamp(1, LARGEST);
        let answer = self.answer(&OnePage { listing, limit, after }).await?;
        Ok(Page::read(answer, limit, after))
    }

    /// Fetches the next page of a walk, without the objects that it has already yielded. A page with nothing new is the
    /// last.
    pub async fn next_page<E: Listing>(&self, listing: &E, limit: usize, walk: &mut Walk) -> Result<Page, Error> {
        let mut page = self.page(listing, limit, walk.after.as_ref()).await?;
        let sent = page.items.len();
        // If OnceHub begins before the cursor, everything up to it has been seen.
        let cursor = walk.after.as_ref().map(Id::as_str);
        if let Some(at) = page.items.iter().position(|item| cursor.is_some() && item.text("id") == cursor) {
            page.items.drain(..=at);
        }
        page.items.retain(|item| item.text("id").is_none_or(|id| walk.seen.insert(id.to_owned())));
        if page.items.is_empty() && sent > 0 {
            page.repeats |= page.has_more;
            (page.has_more, page.next) = (false, None);
        }
        walk.after = page.next.as_deref().and_then(|next| next.parse().ok());
        Ok(page)
    }

    /// Fetches as many pages as `wanted` objects need.
    pub async fn list<E: Listing>(&self, listing: &E, wanted: usize) -> Result<Page, Error> {
        let (mut all, mut walk) = (Page::default(), Walk::default());
        loop {
            let page = self.next_page(listing, wanted - all.items.len(), &mut walk).await?;
            all.items.extend(page.items);
            (all.has_more, all.next, all.repeats) = (page.has_more, page.next, page.repeats);
            if all.items.len() >= wanted || all.next.is_none() {
                return Ok(all);
            }
        }
    }
}

impl Page {
    /// Reads a page and determines whether more follow: by `has_more`, else by the `Link` header, else by the page
    /// being full. An empty page, or one that ends where it began, is the last, whatever else it says.
    fn read(answer: Answer<List>, limit: usize, after: Option<&Id>) -> Self {
        let linked = answer.links_to_next();
        let List { data: items, has_more } = answer.value;
        // Only a valid id can serve as a cursor.
        let last = items.iter().rev().find_map(|item| item.text("id")).filter(|id| id.parse::<Id>().is_ok());
        let last = last.filter(|_| has_more.unwrap_or(linked || items.len() >= limit)).map(str::to_owned);
        let repeats = last.is_some() && last.as_deref() == after.map(Id::as_str);
        let next = last.filter(|_| !repeats);
        Self { has_more: next.is_some(), next, repeats, items }
    }
}
