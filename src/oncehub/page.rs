use std::collections::HashSet;
use std::marker::PhantomData;

use reqwest::Method;
use serde::Serialize;

use super::response::Answer;
use super::{Client, Endpoint, Error, Id, Item, List, Listing};

/// The largest page that OnceHub returns.
const LARGEST: usize = 100;

/// Objects collected from as many pages as were needed.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// Newest first.
    pub items: Vec<T>,
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
struct OnePage<'a, L, T> {
    #[serde(flatten)]
    listing: &'a L,
    limit: usize,
    after: Option<&'a Id>,
    #[serde(skip)]
    of: PhantomData<fn() -> T>,
}

impl<L: Listing, T: Item> Endpoint for OnePage<'_, L, T> {
    type Response = List<T>;

    fn route(&self) -> (Method, Vec<&str>) {
        (Method::GET, self.listing.path())
    }
}

impl Client {
    /// Fetches one page of at most `limit` objects (OnceHub's maximum is 100) after the object with the id `after`.
    pub async fn page<T: Item>(
        &self,
        listing: &impl Listing,
        limit: usize,
        after: Option<&Id>,
    ) -> Result<Page<T>, Error> {
        let limit = limit.clamp(1, LARGEST);
        let answer = self.answer(&OnePage { listing, limit, after, of: PhantomData }).await?;
        Ok(Page::read(answer, limit, after))
    }

    /// Fetches the next page of a walk, without the objects that it has already yielded. A page with nothing new is the
    /// last.
    pub async fn next_page<T: Item>(
        &self,
        listing: &impl Listing,
        limit: usize,
        walk: &mut Walk,
    ) -> Result<Page<T>, Error> {
        let mut page: Page<T> = self.page(listing, limit, walk.after.as_ref()).await?;
        let sent = page.items.len();
        // If OnceHub begins before the cursor, everything up to it has been seen.
        let cursor = walk.after.as_ref().map(Id::as_str);
        if let Some(at) = page.items.iter().position(|item| cursor.is_some() && item.id() == cursor) {
            page.items.drain(..=at);
        }
        page.items.retain(|item| item.id().is_none_or(|id| walk.seen.insert(id.to_owned())));
        if page.items.is_empty() && sent > 0 {
            page.repeats |= page.has_more;
            (page.has_more, page.next) = (false, None);
        }
        walk.after = page.next.as_deref().and_then(|next| next.parse().ok());
        Ok(page)
    }

    /// Fetches as many pages as `wanted` objects need.
    pub async fn list<T: Item>(&self, listing: &impl Listing, wanted: usize) -> Result<Page<T>, Error> {
        let (mut items, mut walk) = (Vec::new(), Walk::default());
        loop {
            let page = self.next_page(listing, wanted - items.len(), &mut walk).await?;
            items.extend(page.items);
            if items.len() >= wanted || page.next.is_none() {
                return Ok(Page { items, ..page });
            }
        }
    }
}

impl<T: Item> Page<T> {
    /// Reads a page and determines whether more follow: by `has_more`, else by the `Link` header, else by the page
    /// being full. An empty page, or one that ends where it began, is the last, whatever else it says.
    fn read(answer: Answer<List<T>>, limit: usize, after: Option<&Id>) -> Self {
        let linked = answer.links_to_next();
        let List { data: items, has_more } = answer.value;
        // Only a valid id can serve as a cursor.
        let last = items.iter().rev().find_map(|item| item.id()).filter(|id| id.parse::<Id>().is_ok());
        let last = last.filter(|_| has_more.unwrap_or(linked || items.len() >= limit)).map(str::to_owned);
        let repeats = last.is_some() && last.as_deref() == after.map(Id::as_str);
        let next = last.filter(|_| !repeats);
        Self { has_more: next.is_some(), next, repeats, items }
    }
}
