use std::collections::VecDeque;
use std::str::FromStr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::address::{Address, Place};
use super::window::{SLACK, Window};

/// Keeps OnceHub's rate limits before OnceHub has to refuse.
///
/// Every request reserves its moment in the order of asking. A moment is free when each window that ends in it has room,
/// so no stretch of time holds more requests than OnceHub allows. (Token buckets, which is what rate-limiting crates offer,
/// let a burst and its refill through in one window: up to twice what OnceHub counts.) Moments are counted from when a
/// request leaves; a little is added to each window for those that travel slower than the next one.
#[derive(Clone, Debug)]
pub struct Budget {
    windows: Arc<[Window]>,
    taken: Arc<Mutex<Taken>>,
    /// Where calls stand in line for their first request, one of them at a time in the queue of all requests: a call that has
    /// begun comes before those that have not. Otherwise a hundred calls at once would all read and none would get to write.
    door: Arc<tokio::sync::Mutex<()>>,
    /// The account's place among others at the same address; without one, all windows are its own.
    place: Option<Arc<Place>>,
}

#[derive(Debug, Default)]
struct Taken {
    /// The moments given out, in order, as long as the longest window counts them.
    moments: VecDeque<Instant>,
    /// OnceHub refused: nobody goes before this.
    paused_until: Option<Instant>,
}

impl Budget {
    /// A budget of these windows; none means no limit.
    pub fn new(windows: &[Window]) -> Self {
        Self { windows: windows.into(), taken: Arc::default(), door: Arc::default(), place: None }
    }

    /// OnceHub's limits: 5 requests a second for an account, 200 in five minutes for an address.
    pub fn oncehub() -> Self {
        Self::new(&[
            Window { requests: 5, period: Duration::from_secs(1) },
            Window { requests: 200, period: Duration::from_mins(5) },
        ])
    }

    /// The limit of the address, for many accounts to share: all windows but the first, which is each account's own.
    pub fn address(&self) -> Address {
        Address::new(self.windows.get(1..).unwrap_or_default())
    }

    /// A budget for one more account at `address`.
    #[must_use]
    pub fn at(&self, address: &Address) -> Self {
        let own = self.windows.get(..1).unwrap_or_default();
        Self { place: Some(Arc::new(address.place())), ..Self::new(own) }
    }

    /// OnceHub has accepted the account's key.
    pub(super) fn accept(&self) {
        if let Some(place) = &self.place {
            place.accept();
        }
    }

    /// The windows that it keeps.
    pub fn windows(&self) -> &[Window] {
        &self.windows
    }

    /// Waits for a free moment. A call that `has_begun`, which has had a request before, goes ahead of those that have not.
    ///
    /// # Errors
    /// How long the wait would be, when it ends after `deadline`; then nothing is reserved.
    pub async fn acquire(&self, deadline: Instant, has_begun: bool) -> Result<(), Duration> {
        if has_begun || self.windows.is_empty() {
            return self.wait(deadline).await;
        }
        match tokio::time::timeout_at(deadline, self.door.lock()).await {
            Ok(_in_front) => self.wait(deadline).await,
            Err(_) => Err(self.windows.iter().map(|window| window.period).min().unwrap_or_default()),
        }
    }

    async fn wait(&self, deadline: Instant) -> Result<(), Duration> {
        loop {
            let moment = self.own_moment(deadline).await?;
            let Some(place) = &self.place else { return Ok(()) };
            let Err(at) = place.take() else { return Ok(()) };
            // The account could go, but its address could not: nothing is reserved while it waits.
            self.give_back(moment);
            if at > deadline {
                return Err(at.saturating_duration_since(Instant::now()));
            }
            tokio::time::sleep_until(at).await;
        }
    }

    async fn own_moment(&self, deadline: Instant) -> Result<Instant, Duration> {
        loop {
            let now = Instant::now();
            let moment = self.reserve(now, deadline)?;
            // A timer, even one that is due, takes up to a millisecond: a free moment is taken as it is.
            if moment <= now {
                return Ok(moment);
            }
            // A call that is cancelled while it waits gives its moment back.
            let mut ticket = Ticket { budget: self, moment: Some(moment) };
            tokio::time::sleep_until(moment).await;
            // OnceHub may have refused somebody else in the meantime: then this one waits with the others.
            if self.lock().paused_until.is_none_or(|until| until <= Instant::now()) {
                ticket.moment = None;
                return Ok(moment);
            }
        }
    }

    /// After OnceHub refused: holds everybody back for so long.
    pub fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait;
        // Longer than the account's own window can be: it was the address that was refused.
        if let Some(place) = self.place.as_ref().filter(|_| self.windows.iter().all(|window| window.period < wait)) {
            place.pause(wait);
        }
        let mut taken = self.lock();
        taken.paused_until = taken.paused_until.max(Some(until));
    }

    /// How many requests may leave at once, and how many within the longest window, from now.
    pub fn left(&self) -> Vec<(Window, usize)> {
        let now = Instant::now();
        let taken = self.lock();
        let used = |window: &Window| taken.moments.iter().filter(|&&at| at + window.period > now).count();
        self.windows.iter().map(|window| (*window, window.requests.saturating_sub(used(window)))).collect()
    }

    fn reserve(&self, now: Instant, deadline: Instant) -> Result<Instant, Duration> {
        let mut taken = self.lock();
        // Only time makes a moment stop counting: one that comes after it may still be given back.
        let longest = self.windows.iter().map(|window| window.period).max().unwrap_or_default() + SLACK;
        while taken.moments.front().is_some_and(|&at| at + longest <= now) {
            taken.moments.pop_front();
        }
        let mut moment = now.max(taken.paused_until.unwrap_or(now));
        for window in self.windows.iter() {
            let before = taken.moments.len().checked_sub(window.requests).and_then(|i| taken.moments.get(i));
            if let Some(&before) = before {
                moment = moment.max(before + window.period + SLACK);
            }
        }
        // A pause may have pushed an earlier reservation ahead of this one.
        if let Some(&last) = taken.moments.back() {
            moment = moment.max(last);
        }
        if moment > deadline {
            return Err(moment - now);
        }
        taken.moments.push_back(moment);
        Ok(moment)
    }

    fn give_back(&self, moment: Instant) {
        let mut taken = self.lock();
        if let Some(index) = taken.moments.iter().rposition(|&at| at == moment) {
            taken.moments.remove(index);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Ticket<'a> {
    budget: &'a Budget,
    moment: Option<Instant>,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if let Some(moment) = self.moment {
            self.budget.give_back(moment);
        }
    }
}

impl FromStr for Budget {
    type Err = String;

    /// Reads `5/1s,200/5m`, or `off`.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().eq_ignore_ascii_case("off") {
            return Ok(Self::new(&[]));
        }
        let windows: Option<Vec<Window>> = text.split(',').map(|part| Window::read(part.trim())).collect();
        windows
            .map(|windows| Self::new(&windows))
            .ok_or_else(|| format!("'{text}' is not a rate limit: write it like 5/1s,200/5m, or off"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOREVER: Duration = Duration::from_hours(1);

    /// How many of 300 moments, asked for all at once, fall into the fullest stretch of each window.
    fn fullest(budget: &Budget) -> Vec<usize> {
        let now = Instant::now();
        let moments: Vec<_> = (0..300).map(|_| budget.reserve(now, now + FOREVER).unwrap()).collect();
        let fullest_of = |window: &Window| {
            moments
                .iter()
                .map(|&from| moments.iter().filter(|&&at| at >= from && at < from + window.period).count())
                .max()
        };
        budget.windows.iter().filter_map(fullest_of).collect()
    }

    #[test]
    fn no_stretch_of_time_holds_more_than_oncehub_allows() {
        assert_eq!(fullest(&Budget::oncehub()), [5, 200]);
    }

    #[test]
    fn a_wait_past_the_deadline_is_refused_with_its_length_and_takes_nothing() {
        let budget = Budget::oncehub();
        let now = Instant::now();
        for _ in 0..5 {
            assert_eq!(budget.reserve(now, now), Ok(now));
        }
        let wait = budget.reserve(now, now + Duration::from_millis(500)).unwrap_err();
        assert_eq!(wait, Duration::from_secs(1) + SLACK);
        assert_eq!(budget.reserve(now, now + FOREVER), Ok(now + wait), "the refusal reserved nothing");
    }

    #[tokio::test(start_paused = true)]
    async fn who_already_waits_when_oncehub_refuses_somebody_waits_with_the_others() {
        let budget: Budget = "1/1s".parse().unwrap();
        let deadline = Instant::now() + FOREVER;
        budget.acquire(deadline, true).await.unwrap();
        let mut waiting = std::pin::pin!(budget.acquire(deadline, true));
        assert!(tokio::time::timeout(Duration::from_millis(500), &mut waiting).await.is_err());
        let refused = Instant::now();
        budget.pause(Duration::from_secs(30));
        waiting.await.unwrap();
        assert!(refused.elapsed() >= Duration::from_secs(30), "waited {:?}", refused.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancelled_wait_gives_its_moment_back() {
        let budget: Budget = "1/10s".parse().unwrap();
        let deadline = Instant::now() + FOREVER;
        budget.acquire(deadline, true).await.unwrap();
        let cancelled = tokio::time::timeout(Duration::from_secs(1), budget.acquire(deadline, true)).await;
        assert!(cancelled.is_err());
        let before = Instant::now();
        budget.acquire(deadline, true).await.unwrap();
        // Neither as long as if the other still stood in line, nor before the first one's time is over.
        let waited = before.elapsed();
        assert!((Duration::from_secs(9)..Duration::from_secs(10)).contains(&waited), "waited {waited:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_refusal_everybody_waits() {
        let budget = Budget::oncehub();
        budget.pause(Duration::from_secs(30));
        let refused = budget.acquire(Instant::now() + Duration::from_secs(3), true).await.unwrap_err();
        assert_eq!(refused, Duration::from_secs(30));
    }

    #[test]
    fn a_setting_is_read_or_refused_with_the_form() {
        let budget: Budget = "5/1s, 200/5m".parse().unwrap();
        assert_eq!(budget.windows(), Budget::oncehub().windows());
        assert!("off".parse::<Budget>().unwrap().windows().is_empty());
        for bad in ["", "5", "5/", "0/1s", "5/1d", "-1/1s", "5/0s", "5/1s,", "5/99999999999999999999s", "5/1\u{e9}"] {
            assert!(bad.parse::<Budget>().unwrap_err().contains("5/1s,200/5m"), "{bad:?}");
        }
    }

    /// A hundred calls of three requests each, and time for half of their requests: those that begin come to their end.
    #[tokio::test(start_paused = true)]
    async fn whoever_has_begun_goes_before_those_who_have_not() {
        let budget = Budget::new(&[Window { requests: 5, period: Duration::from_secs(1) }]);
        let deadline = Instant::now() + Duration::from_secs(30);
        let call = || async {
            for request in 0..3 {
                budget.acquire(deadline, request > 0).await.ok()?;
            }
            Some(())
        };
        let calls = futures::future::join_all((0..100).map(|_| call())).await;
        let done = calls.into_iter().flatten().count();
        assert!(done >= 45, "only {done} of the fifty that there was time for");
    }
}
