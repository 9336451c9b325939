//! What an assistant sees. Each tool is an input, a description and a handler, in the file of its noun; everything
//! that they share (arguments, names, times, replies, failures, confirmation) is in files of its own beside them.
//!
//! This room knows OnceHub's client and how rmcp declares a tool. It knows neither the transport nor the protocol's
//! era.

mod address;
mod arguments;
mod asked;
mod call;
mod catalogue;
mod filters;
mod first_free;
mod listing;
mod nouns;
mod plain;
mod progress;
mod reply;
mod running;
mod schema;
mod size;
mod times;
mod unclaimed;
mod views;
mod workflows;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::actions::moving::Moves;
use crate::actions::turns::Turns;
use crate::actions::{DefaultMe, Settings};
use crate::names::{Directory, Names, Progress};
use crate::oncehub::Client;
pub use crate::oncehub::Ledger;
use crate::records::{Failure, Reader, SaidBy, Zone};
use crate::store::Records;
use arguments::Parameters;
use asked::Asked;
use call::Call;
pub use call::IdsAlone;
pub use catalogue::{BadSelection, Catalogue, Selection};
use listing::{Paging, rows};
use nouns::booking_calendars::schedule::Scheduling;
use reply::{Answer, Deletion, Reply};
pub use schema::Schemas;

/// The tools of one account.
#[derive(Clone)]
pub struct Tools {
    oncehub: Client,
    directory: Directory,
    settings: Arc<Settings>,
    /// The plans that are to be carried out.
    plans: workflows::plans::Plans,
    /// What moves have sent.
    moves: Moves,
    /// The turns of calls that book, by calendar and guest.
    schedules: Turns<Scheduling>,
    /// Changes whose callers have left, for all accounts.
    unclaimed: unclaimed::Unclaimed,
    /// The in-flight changes of all accounts.
    changes: TaskTracker,
}

impl Tools {
    /// Creates the tools of the account that `oncehub` talks to.
    pub fn new(oncehub: Client, settings: Settings) -> Self {
        let directory = Directory::new(settings.remember);
        let settings = Arc::new(settings);
        let (plans, unclaimed) = (workflows::plans::Plans::default(), unclaimed::Unclaimed::default());
        let (moves, schedules) = (Moves::default(), Turns::default());
        Self { oncehub, directory, settings, plans, moves, schedules, unclaimed, changes: TaskTracker::new() }
    }

    /// Returns the same account's tools with another client.
    #[must_use]
    pub fn with_client(&self, oncehub: Client) -> Self {
        Self { oncehub, ..self.clone() }
    }

    /// Returns the same account's tools, which keep in `store` what other servers have to know.
    #[must_use]
    pub fn in_store(&self, store: Arc<dyn Records>) -> Self {
        let unclaimed = self.unclaimed.shared_by(store.notices());
        Self { plans: self.plans.in_store(store), unclaimed, ..self.clone() }
    }

    /// Returns the client that calls OnceHub.
    pub fn client(&self) -> &Client {
        &self.oncehub
    }

    /// Returns the same tools for another account, which goes by a name that reveals nothing of it: nothing cached for one is
    /// ever used for the other.
    #[must_use]
    pub fn of_account(&self, oncehub: Client, account: Arc<str>) -> Self {
        // `me` is only known for the account that this was configured for.
        let reader = Reader::KeyHolder;
        let settings = Settings { me: None, default_me: DefaultMe::OfKey, reader, ..Settings::clone(&self.settings) };
        Self {
            oncehub,
            directory: self.directory.of_another_account(),
            settings: Arc::new(settings),
            plans: self.plans.of_another_account(account),
            moves: Moves::default(),
            schedules: Turns::default(),
            unclaimed: self.unclaimed.clone(),
            changes: self.changes.clone(),
        }
    }

    /// Returns the same account's tools, for one request of a caller that has said who they are, or which zone they are
    /// in. Everything cached is still the account's.
    #[must_use]
    pub fn of_caller(&self, me: Option<(String, SaidBy)>, zone: Option<Zone>) -> Self {
        if me.is_none() && zone.is_none() {
            return self.clone();
        }
        let mut settings = Settings::clone(&self.settings);
        if let Some((me, said_by)) = me {
            (settings.me, settings.said_by) = (Some(me), said_by);
        }
        settings.zone = zone.or(settings.zone);
        Self { settings: Arc::new(settings), ..self.clone() }
    }

    /// Returns the same account's tools, whose failures are told this reader.
    #[must_use]
    pub fn for_reader(&self, reader: Reader) -> Self {
        let settings = Settings { reader, ..Settings::clone(&self.settings) };
        Self { settings: Arc::new(settings), ..self.clone() }
    }

    /// Returns whether they are those of a caller who has signed in.
    pub fn are_of_signed_in(&self) -> bool {
        matches!(self.settings.reader, Reader::SignedIn | Reader::Recognized)
    }

    /// Returns the same tools, whose replies have a structure even if those to the client have none.
    #[must_use]
    pub fn with_structures(&self) -> Self {
        if self.settings.structured {
            return self.clone();
        }
        let settings = Settings { structured: true, ..Settings::clone(&self.settings) };
        Self { settings: Arc::new(settings), ..self.clone() }
    }

    /// Checks that who `me` is set to is somebody.
    ///
    /// # Errors
    /// If it does not name exactly one user, or they cannot be looked up.
    pub async fn check_me(&self) -> Result<(), Failure> {
        self.names(self.settings.timeout).trying_once().me("me").await.map(|_| ())
    }

    /// Returns the time zone of `me`, in which replies are unless a zone is set; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be looked up.
    pub async fn zone_of_me(&self) -> Result<Option<Zone>, Arc<Failure>> {
        self.names(self.settings.timeout).zone_of_me().await
    }

    /// Returns what reads the account's names, for something that is no call and takes at most `timeout`.
    pub fn names(&self, timeout: Duration) -> Names {
        let progress: Progress = Arc::new(|_, _| ());
        call::names(self, Instant::now() + timeout, Ledger::default(), false, progress)
    }

    /// Returns the record of one more call, whose changes count as in flight.
    pub fn ledger(&self) -> Ledger {
        Ledger::tracked_by(&self.changes)
    }

    /// Stops sending changes, for all accounts, and returns once the outcome of those in flight is known: at the latest
    /// at their calls' deadlines.
    pub async fn finish_changes(&self) {
        self.changes.close();
        self.changes.wait().await;
    }
}
