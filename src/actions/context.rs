//! What one call works with, and how a person is asked.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::ask::{Answer, Ask, Confirm};
use super::{Declined, Question, Stop};
use crate::names::Names;
use crate::oncehub::{Client, Object};
use crate::records::{Failure, Reader, Record, SaidBy, Told, Zone, clean};

/// The settings that apply to every call.
#[derive(Clone)]
pub struct Settings {
    /// The time after which a call ends, requests and waits included.
    pub timeout: Duration,
    /// The zone of replies, and of inputs without one, if one is set; else that of `me`.
    pub zone: Option<Zone>,
    /// Who `me` is: a user's e-mail address or id.
    pub me: Option<String>,
    /// What said who `me` is.
    pub said_by: SaidBy,
    /// Who `me` is where nobody has said.
    pub default_me: DefaultMe,
    /// Whom hints are for.
    pub reader: Reader,
    /// When a person is asked before a change.
    pub confirm: Confirm,
    /// Whether changes are only described and never sent.
    pub dry_run: bool,
    /// The age from which names are renewed when they are used: of users, teams, calendars, Classic pages and event
    /// types, webhooks.
    pub remember: Duration,
    /// The maximum size of a reply, text and structure together as JSON, in bytes.
    pub max_reply: usize,
    /// Whether replies have a structure beside their text.
    pub structured: bool,
    /// The pauses before each check of a write whose response was lost.
    pub looks: Vec<Duration>,
    /// The clock.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

/// Who `me` is where nobody has said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DefaultMe {
    /// The user whom the key's account names, for calls that only read.
    #[default]
    OfKey,
    /// Nobody: several people share the key.
    Nobody,
}

/// The default maximum size of a reply: some 25,000 tokens.
pub const MAX_REPLY: usize = 80_000;

impl Default for Settings {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(25),
            zone: None,
            me: None,
            said_by: SaidBy::default(),
            default_me: DefaultMe::default(),
            reader: Reader::default(),
            confirm: Confirm::default(),
            dry_run: false,
            remember: Duration::from_mins(1),
            max_reply: MAX_REPLY,
            structured: true,
            looks: [200, 800, 2000].map(Duration::from_millis).to_vec(),
            now: Arc::new(Timestamp::now),
        }
    }
}

impl Settings {
    /// Notes that several people use the key, so that `me` is not whom its account names.
    pub fn share_key(&mut self) {
        self.default_me = DefaultMe::Nobody;
    }
}

/// What one call works with: OnceHub, names, the settings, its deadline, and the person behind it.
pub struct Context {
    /// Reads OnceHub, and finds names.
    pub names: Names,
    /// The settings.
    pub settings: Arc<Settings>,
    /// When the call ends.
    pub deadline: Instant,
    /// How to ask the person, if the client can.
    pub ask: Option<Arc<dyn Ask>>,
}

impl Context {
    /// Returns the client that calls OnceHub.
    pub fn oncehub(&self) -> &Client {
        &self.names.oncehub
    }

    /// Returns the moment the call began: every "today" within it is the same day.
    pub fn now(&self) -> Timestamp {
        self.names.now
    }

    /// Returns the zone of replies.
    pub fn zone(&self) -> &Zone {
        &self.names.zone
    }

    /// Returns a changed object, with the names of what it refers to filled in.
    pub async fn told<R: Record>(&self, object: Object) -> Told<R> {
        self.names.filled(object.into()).await
    }

    /// Returns the client for a write: its deadline leaves time to check what happened, should the response be lost.
    pub(super) fn for_write(&self) -> Client {
        self.oncehub().until(self.write_deadline())
    }

    pub(super) fn write_deadline(&self) -> Instant {
        let reserve = (self.settings.timeout / 3).min(Duration::from_secs(8));
        self.deadline.checked_sub(reserve).unwrap_or(self.deadline)
    }

    /// Whether one more write can be expected to be answered in time.
    pub fn has_time_to_write(&self) -> bool {
        let least = (self.settings.timeout / 8).min(Duration::from_secs(3));
        Instant::now() + least < self.write_deadline()
    }

    /// Asks the person, where that is required, and returns after a yes: whether there was one.
    ///
    /// # Errors
    /// If the person does not agree or cannot be asked, or this is a dry run.
    pub async fn agree(&mut self, question: Question) -> Result<bool, Stop> {
        let Question { change, more, is_important } = question;
        if self.settings.dry_run {
            return Err(Stop::DryRun { would: clean(&format!("{change}.{more}")).into_owned() });
        }
        let question = clean(&format!("{change}?{more}")).into_owned();
        let wanted = match self.settings.confirm {
            Confirm::Never => false,
            Confirm::Auto => is_important,
            Confirm::Always => true,
        };
        if !wanted {
            return Ok(false);
        }
        let asked_at = Instant::now();
        let answer = match &self.ask {
            Some(ask) => ask.ask(&question).await,
            None => Answer::CannotAsk,
        };
        // The time the person takes does not count against the call.
        self.deadline += asked_at.elapsed();
        self.names.oncehub = self.names.oncehub.until(self.deadline);
        let why = match answer {
            Answer::Yes => return Ok(true),
            Answer::CannotAsk if self.settings.confirm == Confirm::Auto => return Ok(false),
            Answer::CannotAsk => {
                let problem =
                    format!("This server asks a person before every change, and this client cannot ask: {question}");
                let hint =
                    "use a client that supports elicitation, or have the operator start the server with --confirm auto";
                return Err(Failure::not_confirmed(problem, hint).into());
            }
            Answer::Handed => {
                return Err(Failure::not_confirmed(question, "answer the question; the call then continues").into());
            }
            Answer::Declined => "the question was declined",
            Answer::Dismissed => "the question was dismissed",
            Answer::TimedOut => "nobody answered in time",
            Answer::ClientError => "the client, or a gateway before it, answered the question with an error",
        };
        Err(Stop::Declined(Declined { question, why }))
    }
}
