//! Wrong keys, counted by where they come from.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use moka::sync::Cache;

/// How many wrong keys may come from one network, and in which time.
const MOST: u32 = 10;
const PERIOD: Duration = Duration::from_mins(10);

/// How many networks are remembered.
const NETWORKS: u64 = 10_000;

/// The wrong keys of late.
pub(super) struct Guesses(Cache<IpAddr, Arc<AtomicU32>>);

impl Default for Guesses {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(NETWORKS).time_to_live(PERIOD).build())
    }
}

impl Guesses {
    /// Returns whether too many have come from there.
    pub(super) fn are_over(&self, network: IpAddr) -> bool {
        self.0.get(&network).is_some_and(|count| count.load(Ordering::Relaxed) >= MOST)
    }

    /// Counts one more.
    pub(super) fn add(&self, network: IpAddr) {
        self.0.get_with(network, Arc::default).fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_guesses_holds_up_nobody_elsewhere() {
        let (guesses, [here, there]) = (Guesses::default(), [[192, 0, 2, 1], [192, 0, 2, 2]].map(IpAddr::from));
        (0..MOST).for_each(|_| {
            assert!(!guesses.are_over(here));
            guesses.add(here);
        });
        assert!(guesses.are_over(here) && !guesses.are_over(there));
    }
}
