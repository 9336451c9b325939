//! Room 2: what an assistant sees. Each tool is an input, a description and a handler, in the file of its noun; everything
//! that all of them share (arguments, names, times, replies, failures, asking first) is a file of its own beside them.
//!
//! This room knows OnceHub's client and rmcp's way to declare a tool. It knows neither the transport nor the protocol's era.

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

/// The most that a reply takes unless something else is set: some 25,000 tokens.
pub const MAX_REPLY: usize = 80_000;

/// What holds for every call.
#[derive(Clone)]
pub struct Settings {
    /// How long a call may take, requests and waits included.
    pub timeout: Duration,
    /// The zone of replies, and of inputs that carry none.
    pub zone: Zone,
    /// Whom `me` means: a user's e-mail address or id.
    pub me: Option<String>,
    /// When a person is asked before a change.
    pub confirm: Confirm,
    /// Whether changes are only told and never sent.
    pub dry_run: bool,
    /// How long what has names is remembered: users, teams, calendars, Classic pages and event types, webhooks.
    pub remember: Duration,
    /// The most that a reply may take, text and structure together as JSON, in bytes.
    pub max_reply: usize,
    /// The pauses before each look at what became of a write whose answer was lost.
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
    /// Changes whose callers have left.
    unclaimed: unclaimed::Unclaimed,
    /// The changes in flight, of all accounts.
    changes: TaskTracker,
}

impl Tools {
    /// The tools of the account that `oncehub` talks to.
    pub fn new(oncehub: Client, settings: Settings) -> Self {
        let directory = names::Directory::new(settings.remember);
        let settings = Arc::new(settings);
        Self { oncehub, directory, settings, unclaimed: unclaimed::Unclaimed::default(), changes: TaskTracker::new() }
    }

    /// The same tools of the same account, through another client.
    #[must_use]
    pub fn with_client(&self, oncehub: Client) -> Self {
        Self { oncehub, ..self.clone() }
    }

    /// The client that they ask OnceHub with.
    pub fn client(&self) -> &Client {
        &self.oncehub
    }

    /// The same tools for another account: what is remembered of one is never used for the other.
    #[must_use]
    pub fn of_account(&self, oncehub: Client) -> Self {
        // Whom `me` means is only known of the account that this was set up for.
        let settings = Settings { me: None, ..Settings::clone(&self.settings) };
        Self {
            oncehub,
            directory: self.directory.of_another_account(),
            settings: Arc::new(settings),
            unclaimed: unclaimed::Unclaimed::default(),
            changes: self.changes.clone(),
        }
    }

    /// The record of one more call, whose changes count among those in flight.
    pub fn ledger(&self) -> Ledger {
        Ledger::tracked_by(&self.changes)
    }

    /// Sends no more changes, of any account, and returns when it is known what became of those in flight: at the latest at the
    /// deadlines of their calls.
    pub async fn finish_changes(&self) {
        self.changes.close();
        self.changes.wait().await;
    }
}
