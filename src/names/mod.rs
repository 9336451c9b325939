//! Names in place of ids, and back: wherever an id is expected, an exact name, an e-mail address or a public URL works
//! too, and where an id is told, so is the name.
//!
//! Reading order: [`Names`] is what one call resolves with; it reads a [`Directory`], the account's objects by noun,
//! which outlives the call.

mod booking;
mod contact;
mod directory;
mod find;
mod fold;
mod held;
mod lists;
mod me;
mod search;
pub mod slots;
mod suggest;
mod sweep;

use std::sync::Arc;

use futures::future::join_all;
use jiff::Timestamp;
use parking_lot::Mutex;

pub use booking::Among;
pub use directory::{Directory, Entries, Entry};
pub use find::Found;
pub use fold::{fold, looks_like_an_id, nearest, thousands};
pub use held::after;
pub use me::Me;
pub use search::{Gathered, Keep, Search, Stopped, cut};
pub use sweep::{Span, Stop, Sweep};

use crate::oncehub::{Client, Collection, Endpoint, Error, Id, Object};
use crate::records::{Failure, Named, Noun, Reader, Record, SaidBy, Told, Zone};

/// Reports how many objects a call has read, and of how many.
pub type Progress = Arc<dyn Fn(usize, Option<usize>) + Send + Sync>;

/// Sentences of our own for the reply of one call.
pub type Notes = Arc<Mutex<Vec<String>>>;

/// What a call accepts in place of an id. Each of these includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Takes {
    /// Ids alone.
    Ids,
    /// Exact names, addresses and URLs.
    Names,
    /// A part of a name that only one has: for a call that only reads.
    Parts,
}

/// What one call reads OnceHub with, and finds names with.
#[derive(Clone)]
pub struct Names {
    /// The client, which keeps to the call's deadline.
    pub oncehub: Client,
    /// The account's objects by noun.
    pub directory: Directory,
    /// Who `me` is.
    pub me: Me,
    /// What has said who `me` is, if that is set.
    pub said_by: SaidBy,
    /// Whom failures are for.
    pub reader: Reader,
    /// The zone of replies, and of inputs without one.
    pub zone: Zone,
    /// When the call began.
    pub now: Timestamp,
    /// Where to report progress.
    pub progress: Progress,
    /// What is accepted in place of an id.
    pub takes: Takes,
    /// Sentences for the reply: what a part of a name was read as.
    pub notes: Notes,
}

impl Names {
    /// Returns the same, which tries each request once: for what a call can do without.
    #[must_use]
    pub fn trying_once(&self) -> Self {
        Self { oncehub: self.oncehub.trying_once(), ..self.clone() }
    }

    /// Returns the same, which accepts no part of a name.
    #[must_use]
    pub fn exactly(&self) -> Self {
        Self { takes: self.takes.min(Takes::Names), ..self.clone() }
    }

    /// Returns the same for planning a change: `me` counts only if somebody has set it. A part of a name will do, since
    /// the plan shows whom it means.
    #[must_use]
    pub fn for_plan(&self) -> Self {
        let me = if self.me == Me::OfKey { Me::OfKeyToName } else { self.me.clone() };
        Self { me, ..self.clone() }
    }

    /// Reads one object by its id.
    pub async fn read<R: Record>(&self, get: &impl Endpoint<Response = Object>, id: &Id) -> Result<Told<R>, Error> {
        let mut object = self.oncehub.send(get).await?;
        object.fill_id(id.as_str());
        Ok(object.into())
    }

    /// Reads a contact, a user or a webhook that is to be changed or deleted.
    ///
    /// # Errors
    /// If it has been deleted, or cannot be read.
    pub async fn read_to_change<R: Record>(&self, collection: Collection, id: &Id) -> Result<Told<R>, Failure> {
        let object: Told<R> = self.read(&collection.get(id), id).await?;
        if object.is_deleted() {
            let noun = <&str>::from(collection).trim_end_matches('s');
            let argument = format!("{noun}_id");
            let problem = format!("{argument}: the {noun} {id} has been deleted");
            return Err(Failure::not_found(&argument, problem, "it cannot be restored; choose another"));
        }
        Ok(object)
    }

    /// Returns all objects of a noun, or none on failure: for names that a reply can do without.
    pub async fn all_or_none(&self, noun: Noun) -> Arc<Entries> {
        self.directory.all_or_none(&self.oncehub, noun).await
    }

    /// Fills in the names of what these refer to. A name that is unavailable is left out: the id is told regardless.
    ///
    /// Directories are read in parallel, and only those that may list something that is referred to.
    pub async fn fill<R: Record>(&self, records: &mut [Told<R>]) {
        let mut known: Vec<(Noun, Arc<Entries>)> = Vec::new();
        loop {
            let mut missing: Vec<Noun> = Vec::new();
            let mut find = |nouns: &[Noun], id: &str| {
                for noun in nouns {
                    let Some((_, entries)) = known.iter().find(|(known, _)| known == noun) else {
                        if !missing.contains(noun) {
                            missing.push(*noun);
                        }
                        return None;
                    };
                    if let Some(entry) = entries.get(id) {
                        return Some(entry.named(*noun, entries));
                    }
                }
                None::<Named>
            };
            records.iter_mut().for_each(|record| record.complete(&mut find));
            if missing.is_empty() {
                return;
            }
            known.extend(join_all(missing.into_iter().map(async |noun| (noun, self.all_or_none(noun).await))).await);
        }
    }

    /// Fills in the names of what this one refers to.
    pub async fn filled<R: Record>(&self, mut record: Told<R>) -> Told<R> {
        self.fill(std::slice::from_mut(&mut record)).await;
        record
    }
}
