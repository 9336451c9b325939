//! Plans, as they are kept until they are carried out: ids, and what has come of each. No guest's data is among it.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::change::{Change, Kind};
use crate::actions::Context;
use crate::actions::bookings::Signs;
use crate::oncehub::Id;
use crate::records::{Booking, Failure, Time, Zone, time, word};
use crate::store::{Held, InProcess, Records};

/// How long a plan is kept.
pub(super) const LIFETIME: Duration = Duration::from_mins(15);

/// A plan: one change, and the bookings that it can be made to.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Plan {
    pub(super) change: Change,
    pub(super) items: Vec<Item>,
    pub(super) expires_at: Time,
    /// Whether the person has said yes to all of it.
    pub(super) is_agreed: bool,
}

/// A booking of a plan.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Item {
    pub(super) id: Id,
    /// What it was when it was planned.
    pub(super) was: Was,
    pub(super) new_host: Option<Id>,
    pub(super) state: State,
}

/// What has come of a booking of a plan.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// It is to be sent; again, if it was sent before, with the signs before that.
    Left {
        again: Option<Signs>,
    },
    /// The change was sent, and whether it was made is unknown: when that was last looked at, and the signs before it.
    Unknown {
        since: Time,
        before: Signs,
    },
    Done(Option<String>),
    /// OnceHub refused it.
    NotDone(String),
    /// It was not sent: the booking is no longer what it was, or its new host has no time any more.
    Skipped(String),
}

impl State {
    /// Whether a change is to be sent.
    pub(super) fn is_left(&self) -> bool {
        matches!(self, Self::Left { .. })
    }

    /// Whether a call has something to do about it.
    pub(super) fn is_open(&self) -> bool {
        matches!(self, Self::Left { .. } | Self::Unknown { .. })
    }
}

/// What a person who agrees to a change relies on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct Was {
    status: Option<String>,
    pub(super) starts: Option<Time>,
    minutes: Option<i64>,
    owner: Option<String>,
}

impl Was {
    pub(super) fn of(booking: &Booking) -> Self {
        Self {
            status: booking.status.clone(),
            starts: booking.starting_time,
            minutes: booking.duration_minutes,
            owner: booking.owner.as_ref().map(|owner| owner.id().to_owned()),
        }
    }

    /// Says how a booking differs from what it was.
    pub(super) fn difference(&self, now: &Booking, zone: &Zone) -> Option<String> {
        let now = Self::of(now);
        let at = |time: Option<Time>| time.map_or_else(|| "no time".to_owned(), |time| time::local(time.0, zone));
        let status = |status: &Option<String>| status.as_deref().map_or_else(|| "unknown".to_owned(), word);
        let changed = if now == *self {
            return None;
        } else if now.status != self.status {
            format!("its status was {}, and is {}", status(&self.status), status(&now.status))
        } else if now.starts != self.starts {
            format!("it was on {}, and is on {}", at(self.starts), at(now.starts))
        } else if now.owner != self.owner {
            "its host is another".to_owned()
        } else {
            "its duration is another".to_owned()
        };
        Some(format!("it has changed since it was planned: {changed}"))
    }
}

impl Plan {
    /// Checks that a call asks for what was planned.
    pub(super) fn is_what_is_asked(&self, change: Kind, count: usize) -> Result<(), Failure> {
        let (planned, planned_count) = (self.change.kind, self.items.len());
        let hint = "carry out what plan_changes has shown, or plan again";
        if change != planned {
            let problem = format!("the plan is to {}, not to {}", planned.name(), change.name());
            return Err(Failure::argument("change", problem, hint));
        }
        if count != planned_count {
            let problem = format!("the plan changes {planned_count}, not {count}");
            return Err(Failure::argument("count", problem, hint));
        }
        Ok(())
    }

    /// Returns the bookings about which something is to be done.
    pub(super) fn open(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| item.state.is_open())
    }
}

/// The plans of an account. Each is open only to the account and the caller that it was made for.
#[derive(Clone)]
pub(in crate::tools) struct Plans {
    store: Arc<dyn Records>,
    /// Whose they are, by a name that reveals nothing of them.
    account: Arc<str>,
}

/// A plan that one call is carrying out. No other call can, here or at another server, until this is closed or dropped.
pub(super) struct Lease {
    pub(super) handle: String,
    name: String,
    plan: Plan,
    store: Arc<dyn Records>,
    holder: String,
    is_closed: bool,
}

impl Deref for Lease {
    type Target = Plan;

    fn deref(&self) -> &Plan {
        &self.plan
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Plan {
        &mut self.plan
    }
}

impl Lease {
    /// Keeps the plan as it is now, and holds it for as long as `long`.
    ///
    /// # Errors
    /// If the store is away, or the plan was held for too long.
    pub(super) async fn save(&self, long: Duration) -> Result<(), Failure> {
        let kept = self.store.update(&self.name, &self.holder, Some(written(&self.plan)?), Some(long)).await;
        if kept.map_err(|_| Failure::store_away())? { Ok(()) } else { Err(held_by_another()) }
    }

    /// Keeps the plan as it is now, for other calls.
    pub(super) async fn close(&mut self) {
        let Ok(record) = written(&self.plan) else { return };
        // If it cannot be kept, what was sent is kept as unknown, and looked at by the next call.
        self.is_closed = self.store.update(&self.name, &self.holder, Some(record), None).await.is_ok();
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.is_closed {
            self.store.let_go(&self.name, &self.holder);
        }
    }
}

impl Default for Plans {
    fn default() -> Self {
        Self { store: Arc::new(InProcess::default()), account: "own".into() }
    }
}

impl Plans {
    /// Returns the same account's plans, kept in `store`.
    #[must_use]
    pub(in crate::tools) fn in_store(&self, store: Arc<dyn Records>) -> Self {
        Self { store, ..self.clone() }
    }

    /// Returns the plans of another account, which goes by a name that reveals nothing of it.
    #[must_use]
    pub(in crate::tools) fn of_another_account(&self, account: Arc<str>) -> Self {
        Self { account, ..self.clone() }
    }

    /// Keeps a plan, and returns the handle by which it can be carried out.
    ///
    /// # Errors
    /// If the store is away.
    pub(super) async fn keep(&self, context: &Context, plan: Plan) -> Result<String, Failure> {
        let handle = handle();
        let keeping = self.store.keep(&self.name(&handle, context), written(&plan)?, LIFETIME).await;
        keeping.map(|()| handle).map_err(|_| Failure::store_away())
    }

    /// Opens a plan, to carry it out, and holds it for as long as `long`.
    ///
    /// # Errors
    /// If there is none for this account and caller, or another call is at it. Somebody else's plan is like none.
    pub(super) async fn open(&self, handle: &str, context: &Context, long: Duration) -> Result<Lease, Failure> {
        let handle = handle.trim();
        let name = self.name(handle, context);
        let none = || {
            let problem = "plan: there is no such plan: one is kept for 15 minutes, and for whom it was made";
            Failure::not_found("plan", problem, "plan it again with plan_changes")
        };
        let holder = format!("{:032x}", fastrand::u128(..));
        let held = self.store.hold(&name, &holder, long).await.map_err(|_| Failure::store_away())?;
        let record = match held {
            Held::Nothing => return Err(none()),
            Held::ByAnother => return Err(held_by_another()),
            Held::Record(record) => record,
        };
        let plan: Plan = serde_json::from_str(&record).map_err(|_| {
            self.store.let_go(&name, &holder);
            none()
        })?;
        let (store, handle) = (Arc::clone(&self.store), handle.to_owned());
        let lease = Lease { handle, name, plan, store, holder, is_closed: false };
        if context.now() < lease.expires_at.0 { Ok(lease) } else { Err(none()) }
    }

    /// Returns the name of a plan in the store: for whom it was made is part of it, so that nobody else can get hold of it.
    /// A handle is what a caller has sent: anything.
    fn name(&self, handle: &str, context: &Context) -> String {
        let mut digest = Sha256::new();
        for part in [&self.account, context.settings.me.as_deref().unwrap_or_default(), handle] {
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        format!("plan:{}", URL_SAFE_NO_PAD.encode(digest.finalize()))
    }
}

fn held_by_another() -> Failure {
    let problem = "another call is carrying it out now";
    Failure::argument("plan", problem, "wait for that call; then call again, which says what has come of it")
}

fn written(plan: &Plan) -> Result<String, Failure> {
    serde_json::to_string(plan).map_err(|error| Failure::unexpected(format!("the plan cannot be kept: {error}")))
}

/// Returns when a plan that is made now expires.
pub(super) fn expiry(context: &Context) -> Time {
    let lifetime = SignedDuration::try_from(LIFETIME).unwrap_or_default();
    Time(context.now().checked_add(lifetime).unwrap_or_else(|_| context.now()))
}

/// Returns a handle that nobody can guess.
fn handle() -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut bytes = [0; 16];
    // Without a random source a handle can be guessed, but a plan is still open only to its own account and caller.
    if getrandom::fill(&mut bytes).is_err() {
        bytes.iter_mut().for_each(|byte| *byte = fastrand::u8(..));
    }
    let letters = bytes.iter().filter_map(|byte| LETTERS.get(usize::from(byte & 31)));
    format!("PLAN-{}", letters.map(|letter| char::from(*letter)).collect::<String>())
}
