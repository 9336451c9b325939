use super::client::Answer;
use super::{Client, Error, Id, List, Listing, Object};

/// The most that OnceHub gives at once.
const LARGEST: usize = 100;

/// Objects gathered from as many pages as were wanted.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Newest first.
    pub items: Vec<Object>,
    /// Whether OnceHub has more after the last one.
    pub has_more: bool,
    /// The id after which to go on, when there is more.
    pub next: Option<String>,
}

impl Client {
    /// One page of at most `limit` objects (OnceHub's maximum is 100) after the object with the id `after`.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn page<E: Listing>(&self, listing: &E, limit: usize, after: Option<&Id>) -> Result<Page, Error> {
        let limit = limit.clamp(1, LARGEST);
        let mut query = vec![("limit", limit.to_string())];
        query.extend(after.map(|after| ("after", after.to_string())));
        let answer = self.answer(listing, &query).await?;
        Ok(Page::read(answer, limit, after))
    }

    /// As many pages as `wanted` objects need.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn list<E: Listing>(&self, listing: &E, wanted: usize) -> Result<Page, Error> {
        let mut all = Page::default();
        loop {
            let after: Option<Id> = all.next.as_deref().and_then(|next| next.parse().ok());
            let page = self.page(listing, wanted - all.items.len(), after.as_ref()).await?;
            all.items.extend(page.items);
            (all.has_more, all.next) = (page.has_more, page.next);
            if all.items.len() >= wanted || all.next.is_none() {
                return Ok(all);
            }
        }
    }
}

impl Page {
    /// Finds out whether more follows: by `has_more`, else by the `Link` header, else by the page being full. An empty page
    /// and one that ends where it began are the end, whatever else they say.
    fn read(answer: Answer<List>, limit: usize, after: Option<&Id>) -> Self {
        let linked = answer.links_to_next();
        let List { data: items, has_more } = answer.value;
        // What is no id cannot be gone on from.
        let last = items.iter().rev().find_map(|item| item.text("id")).filter(|id| id.parse::<Id>().is_ok());
        let last = last.map(str::to_owned);
        let moved = last.is_some() && last.as_deref() != after.map(Id::as_str);
        let more = has_more.unwrap_or(linked || items.len() >= limit);
        let has_more = more && moved;
        Self { next: last.filter(|_| has_more), has_more, items }
    }
}
