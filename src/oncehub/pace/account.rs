use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::window::{SLACK, Window};

/// The windows of one account, which all its keys share.
///
/// Requests reserve their moments in arrival order. A moment is free when each window that ends in it has room, so no
/// stretch of time holds more requests than OnceHub allows. (Token buckets, which rate-limiting crates offer, let a
/// burst and its refill through in one window: up to twice what OnceHub allows.) Moments are counted from when a
/// request is sent; each window is stretched a little for requests that travel slower than the next one.
#[derive(Debug)]
pub(super) struct Account {
    /// The number that distinguishes it from others at the same address.
    pub(super) number: u64,
    pub(super) windows: Arc<[Window]>,
    taken: Mutex<Taken>,
    /// The queue of calls for their first request. One at a time moves on to the queue of all requests, so a call that
    /// has begun goes before those that have not. Otherwise a hundred calls at once would all read and none would get
    /// to write.
    pub(super) door: tokio::sync::Mutex<()>,
    /// The account that this one has turned out to be.
    same_as: OnceLock<Arc<Account>>,
}

#[derive(Debug, Default)]
struct Taken {
    /// The reserved moments, in order, for as long as the longest window counts them.
    moments: VecDeque<Instant>,
    /// The end of a pause after OnceHub's rejection: no request is sent before it.
    paused_until: Option<Instant>,
}

impl Account {
    pub(super) fn new(number: u64, windows: Arc<[Window]>) -> Arc<Self> {
        let (taken, door, same_as) = <_>::default();
        Arc::new(Self { number, windows, taken, door, same_as })
    }

    /// Returns the account that this one has turned out to be, or else this one.
    pub(super) fn root(self: &Arc<Self>) -> Arc<Self> {
        let mut root = self;
        while let Some(same) = root.same_as.get() {
            root = same;
        }
        Arc::clone(root)
    }

    /// Merges this account into `other`, which it has turned out to be: requests already sent count there from now on,
    /// and waiting requests move there.
    ///
    /// Both must be roots, and distinct.
    pub(super) fn becomes(&self, other: &Arc<Self>) {
        let now = Instant::now();
        let taken = {
            let mut taken = self.taken.lock();
            let _ = self.same_as.set(Arc::clone(other));
            std::mem::take(&mut *taken)
        };
        let mut theirs = other.taken.lock();
        // Upcoming moments are reserved again by the requests that wait for them.
        theirs.moments.extend(taken.moments.into_iter().filter(|at| *at <= now));
        theirs.moments.make_contiguous().sort_unstable();
        theirs.paused_until = theirs.paused_until.max(taken.paused_until);
    }

    /// Waits for a free moment.
    pub(super) async fn moment(&self, deadline: Instant) -> Result<Instant, NoMoment> {
        loop {
            let now = Instant::now();
            let moment = self.reserve(now, deadline)?;
            // A timer, even one already due, takes up to a millisecond, so a free moment is taken without one.
            if moment <= now {
                return Ok(moment);
            }
            // A call that is cancelled while it waits gives its moment back.
            let mut ticket = Ticket { account: self, moment: Some(moment) };
            tokio::time::sleep_until(moment).await;
            // OnceHub may have rejected another request in the meantime: then this one waits with the others.
            let is_over = self.taken.lock().paused_until.is_none_or(|until| until <= Instant::now());
            if is_over && self.same_as.get().is_none() {
                ticket.moment = None;
                return Ok(moment);
            }
        }
    }

    /// Holds back all requests of this account for this long, after OnceHub rejected one.
    pub(super) fn pause(&self, wait: Duration) {
        let mut taken = self.taken.lock();
        taken.paused_until = taken.paused_until.max(Some(Instant::now() + wait));
    }

    /// Returns how many requests each window has left.
    pub(super) fn left(&self) -> Vec<(Window, usize)> {
        let now = Instant::now();
        let taken = self.taken.lock();
        let used = |window: &Window| taken.moments.iter().filter(|&&at| at + window.period > now).count();
        self.windows.iter().map(|window| (*window, window.requests.saturating_sub(used(window)))).collect()
    }

    /// Returns whether any of its requests or pauses still count.
    pub(super) fn counts(&self) -> bool {
        let (now, taken, longest) = (Instant::now(), self.taken.lock(), self.longest());
        taken.moments.back().is_some_and(|&at| at + longest > now)
            || taken.paused_until.is_some_and(|until| until > now)
    }

    fn longest(&self) -> Duration {
        self.windows.iter().map(|window| window.period).max().unwrap_or_default() + SLACK
    }

    pub(super) fn reserve(&self, now: Instant, deadline: Instant) -> Result<Instant, NoMoment> {
        let mut taken = self.taken.lock();
        if self.same_as.get().is_some() {
            return Err(NoMoment::Elsewhere);
        }
        // Only time expires a moment: a later one may still be given back.
        let longest = self.longest();
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
        // A pause may have pushed an earlier reservation beyond this one.
        if let Some(&last) = taken.moments.back() {
            moment = moment.max(last);
        }
        if moment > deadline {
            return Err(NoMoment::TooLate(moment - now));
        }
        taken.moments.push_back(moment);
        Ok(moment)
    }

    pub(super) fn give_back(&self, moment: Instant) {
        let mut taken = self.taken.lock();
        if let Some(index) = taken.moments.iter().rposition(|&at| at == moment) {
            taken.moments.remove(index);
        }
    }
}

/// Why an account has no moment for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoMoment {
    /// The next moment comes after the deadline, this much later than now.
    TooLate(Duration),
    /// The account has turned out to be another one: reserve there.
    Elsewhere,
}

struct Ticket<'a> {
    account: &'a Account,
    moment: Option<Instant>,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if let Some(moment) = self.moment {
            self.account.give_back(moment);
        }
    }
}
