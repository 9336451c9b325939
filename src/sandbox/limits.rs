//! OnceHub's rate limits: strict windows, by account and by address.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

/// Rate limits: how many requests are served in what time.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For each account, whichever of its keys is used; a key that belongs to none counts by itself.
    pub per_account: (usize, Duration),
    /// For each IP address.
    pub per_address: (usize, Duration),
}

impl Default for Limits {
    fn default() -> Self {
        Self { per_account: (5, Duration::from_secs(1)), per_address: (200, Duration::from_mins(5)) }
    }
}

/// The requests served recently.
#[derive(Default)]
pub(super) struct Served {
    by_account: HashMap<String, VecDeque<Instant>>,
    by_address: VecDeque<Instant>,
}

impl Served {
    /// Counts a request; returns false if it exceeds a limit. Rejected requests are not counted.
    pub(super) fn admit(&mut self, limits: &Limits, account: &str, now: Instant) -> bool {
        let by_account = self.by_account.entry(account.to_owned()).or_default();
        let has_room = |served: &mut VecDeque<Instant>, (most, period): (usize, Duration)| {
            while served.front().is_some_and(|at| *at + period <= now) {
                served.pop_front();
            }
            served.len() < most
        };
        if !has_room(by_account, limits.per_account) || !has_room(&mut self.by_address, limits.per_address) {
            return false;
        }
        by_account.push_back(now);
        self.by_address.push_back(now);
        true
    }
}
