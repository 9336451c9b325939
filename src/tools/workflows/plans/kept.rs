//! Plans, as they are kept until they are carried out: ids, and what has come of each. No guest's data is among it.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::SignedDuration;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::change::{Change, Kind};
use crate::actions::Context;
use crate::actions::bookings::Signs;
use crate::oncehub::Id;
use crate::records::{Booking, Failure, Time, Zone, time, word};

/// How long a plan is kept.
pub(super) const LIFETIME: Duration = Duration::from_mins(15);

/// How many bookings all plans together may have; the plans that were used longest ago make room.
const MOST: u64 = 100_000;

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

/// The plans of all accounts. Each is open only to the account and the caller that it was made for.
#[derive(Clone)]
pub(in crate::tools) struct Plans {
    kept: Cache<String, Arc<Kept>>,
    account: u64,
    accounts: Arc<AtomicU64>,
}

struct Kept {
    account: u64,
    /// Who the caller has said they are.
    caller: Option<String>,
    expires_at: Time,
    plan: Arc<Mutex<Plan>>,
    size: u32,
}

/// A plan that one call is carrying out. No other call can, until this is dropped.
pub(super) struct Lease {
    pub(super) handle: String,
    plan: OwnedMutexGuard<Plan>,
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

impl Default for Plans {
    fn default() -> Self {
        let kept = Cache::builder()
            .weigher(|_: &String, kept: &Arc<Kept>| kept.size)
            .max_capacity(MOST)
            .eviction_policy(EvictionPolicy::lru())
            .time_to_live(LIFETIME)
            .build();
        Self { kept, account: 0, accounts: Arc::new(AtomicU64::new(1)) }
    }
}

impl Plans {
    /// Returns the plans of another account.
    #[must_use]
    pub(in crate::tools) fn of_another_account(&self) -> Self {
        Self { account: self.accounts.fetch_add(1, Ordering::Relaxed), ..self.clone() }
    }

    /// Keeps a plan, and returns the handle by which it can be carried out.
    pub(super) fn keep(&self, context: &Context, plan: Plan) -> String {
        let handle = handle();
        let size = u32::try_from(plan.items.len() + 1).unwrap_or(u32::MAX);
        let (caller, expires_at) = (context.settings.me.clone(), plan.expires_at);
        let plan = Arc::new(Mutex::new(plan));
        self.kept.insert(handle.clone(), Arc::new(Kept { account: self.account, caller, expires_at, plan, size }));
        handle
    }

    /// Opens a plan, to carry it out.
    ///
    /// # Errors
    /// If there is none for this account and caller, or another call is at it. Somebody else's plan is like none.
    pub(super) fn open(&self, handle: &str, context: &Context) -> Result<Lease, Failure> {
        let handle = handle.trim();
        let is_theirs = |kept: &Arc<Kept>| {
            kept.account == self.account && kept.caller == context.settings.me && context.now() < kept.expires_at.0
        };
        let Some(kept) = self.kept.get(handle).filter(is_theirs) else {
            let problem = "plan: there is no such plan: one is kept for 15 minutes, and for whom it was made";
            return Err(Failure::not_found("plan", problem, "plan it again with plan_changes"));
        };
        let plan = Arc::clone(&kept.plan).try_lock_owned().map_err(|_| {
            let problem = "another call is carrying it out now";
            Failure::argument("plan", problem, "wait for that call; then call again, which says what has come of it")
        })?;
        Ok(Lease { handle: handle.to_owned(), plan })
    }
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
