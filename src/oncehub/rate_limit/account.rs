use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::log::Log;
use super::window::Window;

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
    /// The reserved moments.
    log: Mutex<Log<()>>,
    /// The queue of calls for their first request. One at a time moves on to the queue of all requests, so a call that
    /// has begun goes before those that have not. Otherwise a hundred calls at once would all read and none would get
    /// to write.
    pub(super) door: tokio::sync::Mutex<()>,
    /// The account that this one has turned out to be.
    same_as: OnceLock<Arc<Account>>,
    /// Its name in the store that servers share, if they do.
    shared_name: Mutex<Arc<str>>,
    /// Whether there were notices for it there when its last request was sent.
    has_notices: AtomicBool,
}

impl Account {
    pub(super) fn new(number: u64, windows: Arc<[Window]>) -> Arc<Self> {
        let log = Mutex::new(Log::new(Arc::clone(&windows)));
        Arc::new(Self {
            number,
            windows,
            log,
            door: <_>::default(),
            same_as: OnceLock::new(),
            shared_name: Mutex::new("".into()),
            has_notices: AtomicBool::new(false),
        })
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
    pub(super) fn merge_into(&self, other: &Arc<Self>) {
        let now = Instant::now();
        let (moments, paused_until) = {
            let mut log = self.log.lock();
            let _ = self.same_as.set(Arc::clone(other));
            (std::mem::take(&mut log.requests), log.paused_until.take())
        };
        let mut theirs = other.log.lock();
        // Upcoming moments are reserved again by the requests that wait for them.
        theirs.requests.extend(moments.into_iter().filter(|(at, ())| *at <= now));
        theirs.requests.make_contiguous().sort_unstable();
        theirs.paused_until = theirs.paused_until.max(paused_until);
    }

    /// Waits for a free moment.
    pub(super) async fn moment(&self, deadline: Instant) -> Result<Instant, NoSlot> {
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
            let is_over = self.log.lock().paused_until.is_none_or(|until| until <= Instant::now());
            if is_over && self.same_as.get().is_none() {
                ticket.moment = None;
                return Ok(moment);
            }
        }
    }

    /// Returns its name in the store.
    pub(super) fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.shared_name.lock())
    }

    /// Gives it another name in the store; returns the former one.
    pub(super) fn rename(&self, name: Arc<str>) -> Arc<str> {
        std::mem::replace(&mut *self.shared_name.lock(), name)
    }

    /// Records whether there are notices for it in the store.
    pub(super) fn note_notices(&self, has_notices: bool) {
        self.has_notices.store(has_notices, Ordering::Relaxed);
    }

    /// Returns whether there were notices for it in the store when its last request was sent.
    pub(super) fn has_notices(&self) -> bool {
        self.has_notices.load(Ordering::Relaxed)
    }

    /// Begins to count for itself, in an outage of the store.
    pub(super) fn begin(&self, outage: u64, windows: &Arc<[Window]>, paused_until: Instant) {
        let mut log = self.log.lock();
        if log.outage != outage {
            let paused_until = log.paused_until.max(Some(paused_until));
            *log = Log { windows: Arc::clone(windows), requests: VecDeque::new(), paused_until, outage };
        }
    }

    /// Returns whether a pause has not ended yet.
    pub(super) fn is_paused(&self) -> bool {
        self.log.lock().paused_until.is_some_and(|until| until > Instant::now())
    }

    /// Holds back all requests of this account for this long, after OnceHub rejected one.
    pub(super) fn pause(&self, wait: Duration) {
        self.log.lock().pause(Instant::now() + wait);
    }

    /// Returns how many requests each window has left.
    pub(super) fn left(&self) -> Vec<(Window, usize)> {
        self.log.lock().left()
    }

    /// Returns whether any of its requests or pauses still count.
    pub(super) fn counts(&self) -> bool {
        let (now, mut log) = (Instant::now(), self.log.lock());
        log.expire(now);
        !log.requests.is_empty() || log.paused_until.is_some_and(|until| until > now)
    }

    pub(super) fn reserve(&self, now: Instant, deadline: Instant) -> Result<Instant, NoSlot> {
        let mut log = self.log.lock();
        if self.same_as.get().is_some() {
            return Err(NoSlot::Elsewhere);
        }
        log.expire(now);
        let frees = |window: &Window| {
            let (before, ()) = log.requests.get(log.requests.len().checked_sub(window.requests)?)?;
            Some(*before + window.counts_for())
        };
        // A pause may have pushed an earlier reservation beyond this one.
        let last = log.requests.back().map(|(last, ())| *last);
        let bounds = log.windows.iter().filter_map(frees).chain(log.paused_until).chain(last);
        let moment = bounds.fold(now, Instant::max);
        if moment > deadline {
            return Err(NoSlot::TooLate(moment - now));
        }
        log.requests.push_back((moment, ()));
        Ok(moment)
    }

    pub(super) fn give_back(&self, moment: Instant) {
        let mut log = self.log.lock();
        if let Some(index) = log.requests.iter().rposition(|(at, ())| *at == moment) {
            log.requests.remove(index);
        }
    }
}

/// Why an account has no moment for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoSlot {
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
