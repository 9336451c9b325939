//! Wrong keys, counted by where they come from.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use parking_lot::Mutex;

/// How many wrong keys may come from one network, and in which time.
const MOST: usize = 10;
const PERIOD: Duration = Duration::from_mins(10);

/// How many networks are remembered.
const NETWORKS: u64 = 10_000;

/// The wrong keys of late, by the hashes that tenants have for names. One that is sent again is no further guess.
pub(super) struct Guesses(Cache<IpAddr, Arc<Mutex<HashSet<Arc<str>>>>>);

impl Default for Guesses {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(NETWORKS).time_to_live(PERIOD).build())
    }
}

impl Guesses {
    /// Returns whether too many have come from there for another one to be looked at.
    pub(super) fn are_over(&self, network: IpAddr, key: &Arc<str>) -> bool {
        self.0.get(&network).is_some_and(|keys| {
            let keys = keys.lock();
            keys.len() >= MOST && !keys.contains(key)
        })
    }

    /// Counts a wrong one.
    pub(super) fn add(&self, network: IpAddr, key: &Arc<str>) {
        let keys = self.0.get_with(network, Arc::default);
        let mut keys = keys.lock();
        // Requests at once may all have been let through: no more are remembered for that.
        if keys.len() < MOST {
            keys.insert(Arc::clone(key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_guesses_holds_up_nobody_elsewhere() {
        let (guesses, [here, there]) = (Guesses::default(), [[192, 0, 2, 1], [192, 0, 2, 2]].map(IpAddr::from));
        let key = |number: usize| Arc::<str>::from(number.to_string());
        for number in 0..MOST {
            assert!(!guesses.are_over(here, &key(number)));
            guesses.add(here, &key(number));
        }
        assert!(guesses.are_over(here, &key(MOST)) && !guesses.are_over(there, &key(MOST)));
        assert!(!guesses.are_over(here, &key(0)), "it is known to be wrong: to say so again tells nothing");
    }

    #[test]
    fn the_same_wrong_key_is_one_guess() {
        let (guesses, here) = (Guesses::default(), IpAddr::from([192, 0, 2, 1]));
        (0..MOST * 2).for_each(|_| guesses.add(here, &"old".into()));
        assert!(!guesses.are_over(here, &"new".into()));
    }
}
