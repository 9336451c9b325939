use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::window::{SLACK, Window};

/// How many requests an account may have had, for each one that is left for everybody.
///
/// Nobody has to know how many accounts there are: one alone gets four fifths of the whole, two get four ninths each, and
/// whoever is new finds something left.
const SHARE: usize = 4;

/// The limit that OnceHub sets to an address, shared by all accounts that are served from it.
#[derive(Clone, Debug)]
pub struct Address {
    windows: Arc<[Window]>,
    taken: Arc<Mutex<Taken>>,
    accounts: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Taken {
    /// When requests left, and whose they were, as long as the longest window counts them.
    requests: VecDeque<(Instant, u64)>,
    /// OnceHub refused: nobody goes before this.
    paused_until: Option<Instant>,
}

/// One account's place at an address.
#[derive(Debug)]
pub(super) struct Place {
    address: Address,
    account: u64,
    /// Whether OnceHub has accepted the account's key. Keys that it has not accepted yet share one place: whoever makes keys
    /// up gets no more of the limit by making up many.
    is_accepted: AtomicBool,
}

/// Where everybody is whose key has not been accepted yet.
const STRANGERS: u64 = 0;

impl Address {
    pub(super) fn new(windows: &[Window]) -> Self {
        Self { windows: windows.into(), taken: Arc::default(), accounts: Arc::new(AtomicU64::new(STRANGERS + 1)) }
    }

    /// A place for one more account.
    pub(super) fn place(&self) -> Place {
        let account = self.accounts.fetch_add(1, Ordering::Relaxed);
        Place { address: self.clone(), account, is_accepted: AtomicBool::new(false) }
    }

    /// How many requests each window has left.
    pub fn left(&self) -> Vec<(Window, usize)> {
        let (now, taken) = (Instant::now(), self.lock());
        let left = |window: &Window| window.requests.saturating_sub(taken.within(window, now).count());
        self.windows.iter().map(|window| (*window, left(window))).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn within(&self, window: &Window, now: Instant) -> impl Iterator<Item = &(Instant, u64)> {
        let counts = window.period + SLACK;
        self.requests.iter().filter(move |(at, _)| *at + counts > now)
    }

    /// The first moment at which a window has room for this account, if nobody else asks until then.
    fn room(&self, window: &Window, account: u64, now: Instant) -> Instant {
        let counted: Vec<_> = self.within(window, now).collect();
        let (mut all, mut own) = (counted.len(), counted.iter().filter(|(_, whose)| *whose == account).count());
        let mut moment = now;
        for (at, whose) in counted {
            if all < window.requests && own < SHARE * (window.requests - all) {
                break;
            }
            moment = *at + window.period + SLACK;
            all -= 1;
            own -= usize::from(*whose == account);
        }
        moment
    }
}

impl Place {
    /// Takes a request out of the limit, or says when to ask again.
    pub(super) fn take(&self) -> Result<(), Instant> {
        let (now, mut taken) = (Instant::now(), self.address.lock());
        let longest = self.address.windows.iter().map(|window| window.period).max().unwrap_or_default() + SLACK;
        while taken.requests.front().is_some_and(|(at, _)| *at + longest <= now) {
            taken.requests.pop_front();
        }
        let account = if self.is_accepted.load(Ordering::Relaxed) { self.account } else { STRANGERS };
        let rooms = self.address.windows.iter().map(|window| taken.room(window, account, now));
        let moment = rooms.chain(taken.paused_until).max().unwrap_or(now);
        if moment > now {
            return Err(moment);
        }
        taken.requests.push_back((now, account));
        Ok(())
    }

    /// OnceHub knows the key.
    pub(super) fn accept(&self) {
        self.is_accepted.store(true, Ordering::Relaxed);
    }

    /// After OnceHub refused for the address: holds everybody back for so long.
    pub(super) fn pause(&self, wait: Duration) {
        let mut taken = self.address.lock();
        taken.paused_until = taken.paused_until.max(Some(Instant::now() + wait));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Address {
        Address::new(&[Window { requests: 200, period: Duration::from_mins(5) }])
    }

    fn accepted(address: &Address) -> Place {
        let place = address.place();
        place.accept();
        place
    }

    fn all_that_it_gets(place: &Place) -> usize {
        std::iter::from_fn(|| place.take().ok()).count()
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_comes_after_a_busy_account_finds_something_left() {
        let address = address();
        let (busy, second, third) = (accepted(&address), accepted(&address), accepted(&address));
        assert_eq!(all_that_it_gets(&busy), 160, "four fifths are for one alone");
        assert_eq!(all_that_it_gets(&second), 32);
        assert_eq!(all_that_it_gets(&third), 7);
        // As soon as the busy one's requests count no more, the others go first.
        tokio::time::advance(Duration::from_mins(5) + SLACK).await;
        assert_eq!(all_that_it_gets(&third), 160);
    }

    #[tokio::test(start_paused = true)]
    async fn the_moment_that_is_promised_holds() {
        let address = address();
        let place = accepted(&address);
        for _ in 0..160 {
            place.take().unwrap();
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        let at = place.take().unwrap_err();
        tokio::time::advance((at - Instant::now()).saturating_sub(Duration::from_millis(1))).await;
        assert!(place.take().is_err(), "not a moment earlier");
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(place.take().is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn keys_that_are_made_up_share_one_place() {
        let address = address();
        let known = accepted(&address);
        let strangers = (0..1000).filter(|_| address.place().take().is_ok()).count();
        assert_eq!(strangers, 160);
        assert_eq!(all_that_it_gets(&known), 32);
    }

    #[tokio::test(start_paused = true)]
    async fn no_window_ever_holds_more_than_its_limit() {
        let address = Address::new(&[Window { requests: 10, period: Duration::from_secs(1) }]);
        let places: Vec<_> = (0..5).map(|_| accepted(&address)).collect();
        let mut left = Vec::new();
        for step in 0..400 {
            if places[step % 5].take().is_ok() {
                left.push(Instant::now());
            }
            tokio::time::advance(Duration::from_millis(13)).await;
        }
        let most = left
            .iter()
            .map(|from| left.iter().filter(|at| *at >= from && **at < *from + Duration::from_secs(1)).count());
        assert!(left.len() > 40 && most.max() <= Some(10), "{}", left.len());
    }
}
