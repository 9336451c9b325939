//! What an assistant sees. Each tool is an input, a description and a handler, in the file of its noun; everything
//! that they share (arguments, names, times, replies, failures, confirmation) is in files of its own beside them.
//!
//! This room knows OnceHub's client and how rmcp declares a tool. It knows neither the transport nor the protocol's
//! era.

mod account;
mod address;
mod arguments;
mod asked;
mod booking_calendars;
mod booking_pages;
mod bookings;
mod call;
mod catalogue;
mod confirm;
mod contacts;
mod differences;
mod event_types;
mod failure;
mod hints;
mod line;
mod listing;
mod master_pages;
mod names;
mod notifications;
mod one_time_link;
mod outline;
mod people;
mod reply;
mod running;
mod schema;
mod size;
mod teams;
mod time;
mod unclaimed;
mod untrusted;
mod users;
mod webhooks;
mod write;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::task::TaskTracker;

use crate::oncehub::Client;
pub use crate::oncehub::Ledger;
pub use catalogue::{BadSelection, Catalogue, Selection};
pub use confirm::{Answer, Ask, Confirm};
pub use failure::Failure;
pub use time::{BadTime, Zone};

/// The default maximum size of a reply: some 25,000 tokens.
pub const MAX_REPLY: usize = 80_000;

/// The settings that apply to every call.
#[derive(Clone)]
pub struct Settings {
    /// The time after which a call ends, requests and waits included.
    pub timeout: Duration,
    /// The zone of replies, and of inputs without one.
    pub zone: Zone,
    /// Who `me` is: a user's e-mail address or id.
    pub me: Option<String>,
    /// When a person is asked before a change.
    pub confirm: Confirm,
    /// Whether changes are only described and never sent.
    pub dry_run: bool,
    /// How long named objects are cached: users, teams, calendars, Classic pages and event types, webhooks.
    pub remember: Duration,
    /// The maximum size of a reply, text and structure together as JSON, in bytes.
    pub max_reply: usize,
    /// The pauses before each check of a write whose response was lost.
    pub looks: Vec<Duration>,
    /// The clock.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(25),
            zone: Zone::utc(),
            me: None,
            confirm: Confirm::default(),
            dry_run: false,
            remember: Duration::from_mins(1),
            max_reply: MAX_REPLY,
            looks: [200, 800, 2000].map(Duration::from_millis).to_vec(),
            now: Arc::new(Timestamp::now),
        }
    }
}

/// The tools of one account.
#[derive(Clone)]
pub struct Tools {
    oncehub: Client,
    directory: names::Directory,
    settings: Arc<Settings>,
    /// Changes whose callers have left, for all accounts.
    unclaimed: unclaimed::Unclaimed,
    /// The in-flight changes of all accounts.
    changes: TaskTracker,
}

impl Tools {
    /// Creates the tools of the account that `oncehub` talks to.
    pub fn new(oncehub: Client, settings: Settings) -> Self {
        let directory = names::Directory::new(settings.remember);
        let settings = Arc::new(settings);
        Self { oncehub, directory, settings, unclaimed: unclaimed::Unclaimed::default(), changes: TaskTracker::new() }
    }

    /// Returns the same account's tools with another client.
    #[must_use]
    pub fn with_client(&self, oncehub: Client) -> Self {
        Self { oncehub, ..self.clone() }
    }

    /// Returns the client that calls OnceHub.
    pub fn client(&self) -> &Client {
        &self.oncehub
    }

    /// Returns the same tools for another account: nothing cached for one is ever used for the other.
    #[must_use]
    pub fn of_account(&self, oncehub: Client) -> Self {
        // `me` is only known for the account that this was configured for.
        let settings = Settings { me: None, ..Settings::clone(&self.settings) };
        Self {
            oncehub,
            directory: self.directory.of_another_account(),
            settings: Arc::new(settings),
            unclaimed: self.unclaimed.clone(),
            changes: self.changes.clone(),
        }
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
