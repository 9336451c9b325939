//! The windows that several servers share in a store, and how this one goes on by itself while the store is away.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::account::Account;
use super::address::{COINCIDENCE, SHARE, STRANGERS, TRICKLE};
use super::window::{SLACK, Window, Windows};
use crate::store::{Ask, Limit, Limits, Moment, Unavailable};

/// The time by which a shared window is stretched beyond [`SLACK`]: the store's answers take time, too.
const ANSWERS: Duration = Duration::from_millis(50);

/// How long, in addition to one of its periods, no account sends anything once the store is away: until all servers have
/// noticed.
const NOTICED: Duration = Duration::from_secs(2);

/// The longest that an account then waits for earlier requests to stop counting: longer windows are not waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How long after a failure to tell the store something that is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// The windows that several servers share.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    windows: Arc<dyn crate::store::Windows>,
    limits: Arc<Windows>,
    news: Arc<News>,
}

/// The news that the store has to be told before it is asked for anything else.
#[derive(Debug, Default)]
struct News {
    waiting: Mutex<VecDeque<Item>>,
    /// Held while an item is told: they are told in order.
    turn: tokio::sync::Mutex<()>,
}

/// An item of news. An outage delays it.
#[derive(Clone, Debug)]
struct Item {
    told: Told,
    /// When it no longer matters.
    over_at: Instant,
}

#[derive(Clone, Debug)]
enum Told {
    /// The requests of one account are another's.
    Claim { from: Arc<str>, to: Arc<str> },
    /// OnceHub has rejected an account's request for its rate. The account's name is the one that it has when this is told.
    Pause { account: Arc<Account>, at: Instant, wait: Duration, is_known: bool },
}

/// An outage of the store.
#[derive(Debug)]
pub(super) struct Outage {
    pub(super) number: u64,
    /// This server's share of an account's windows, and until when accounts wait.
    pub(super) account: Arc<[Window]>,
    pub(super) account_from: Instant,
    /// Its share of the address's, and when it was used before.
    pub(super) address: Arc<[Window]>,
    pub(super) used: Vec<Instant>,
}

/// Why a request has no moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoMoment {
    /// It would come after this long.
    TooLate(Duration),
    /// The moment that was reserved is no longer valid: ask again.
    Again,
    /// The store is away.
    Unavailable,
}

impl From<Unavailable> for NoMoment {
    fn from(_: Unavailable) -> Self {
        Self::Unavailable
    }
}

/// Returns limits as a store keeps them.
pub fn limits(windows: &Windows) -> Limits {
    let of = |windows: &[Window]| -> Vec<Limit> {
        let counts_for = |window: &Window| window.period + SLACK + ANSWERS;
        let limit = |window: &Window| Limit {
            requests: window.requests,
            nearly_used_up: window.nearly_used_up(),
            period: window.period,
            counts_for: counts_for(window),
        };
        windows.iter().map(limit).collect()
    };
    Limits {
        account: of(&windows.account),
        address: of(&windows.address),
        share: SHARE,
        strangers: STRANGERS,
        trickle: TRICKLE,
        coincidence: COINCIDENCE,
    }
}

/// Returns the share of one server among several.
fn share_of(windows: &[Window], servers: usize) -> Arc<[Window]> {
    let servers = servers.max(1);
    let share = |window: &Window| match window.requests / servers {
        // Less than one in a period is one in a longer period.
        0 => {
            let periods = u32::try_from(servers.div_ceil(window.requests.max(1))).unwrap_or(u32::MAX);
            Window { requests: 1, period: window.period.saturating_mul(periods) }
        }
        requests => Window { requests, period: window.period },
    };
    windows.iter().map(share).collect()
}

impl Shared {
    pub(super) fn new(limits: &Windows, windows: Arc<dyn crate::store::Windows>) -> Self {
        Self { windows, limits: Arc::new(limits.clone()), news: Arc::default() }
    }

    pub(super) fn name_of(&self, account: &str) -> Arc<str> {
        self.windows.name_of(account).into()
    }

    pub(super) fn is_away(&self) -> bool {
        self.windows.is_away()
    }

    /// Returns how many requests each of the address's windows has left, as far as is known.
    pub(super) fn left(&self) -> Vec<(Window, usize)> {
        let used = self.windows.share().used.into_iter().chain(std::iter::repeat(0));
        let left = |(window, used): (&Window, usize)| (*window, window.requests.saturating_sub(used));
        self.limits.address.iter().zip(used).map(left).collect()
    }

    /// Returns what is left of this server's share of each of the address's windows, with the whole window.
    pub(super) fn as_set(&self, left: Vec<(Window, usize)>) -> Vec<(Window, usize)> {
        self.limits.address.iter().zip(left).map(|(window, (_, left))| (*window, left)).collect()
    }

    /// Makes the requests of one account another's, or those of a key that OnceHub has accepted by now.
    pub(super) fn claim(&self, from: Arc<str>, to: Arc<str>) {
        // By then the requests no longer count.
        let windows = self.limits.account.iter().chain(&self.limits.address);
        let longest = windows.map(Window::counts_for).max().unwrap_or_default();
        self.tell(Item { told: Told::Claim { from, to }, over_at: Instant::now() + longest });
    }

    /// Holds an account back from now on, and others if the limit is likely to be the address's.
    pub(super) fn pause(&self, account: &Arc<Account>, wait: Duration, is_known: bool) {
        let (account, at) = (Arc::clone(account), Instant::now());
        self.tell(Item { told: Told::Pause { account, at, wait, is_known }, over_at: at + wait });
    }

    fn tell(&self, item: Item) {
        let is_told_already = {
            let mut waiting = self.news.waiting.lock();
            waiting.push_back(item);
            waiting.len() > 1
        };
        // At once, for the others; the next request of this server waits for it.
        if let (false, Ok(runtime)) = (is_told_already, tokio::runtime::Handle::try_current()) {
            let shared = self.clone();
            runtime.spawn(async move {
                while !shared.tell_news().await {
                    tokio::time::sleep(AGAIN).await;
                }
            });
        }
    }

    /// Tells the store the news. Returns whether all of it is told: in an outage it is not.
    async fn tell_news(&self) -> bool {
        let _turn = self.news.turn.lock().await;
        loop {
            // It stays in the queue until it is told, so that a call that is cancelled here loses nothing.
            let Some(Item { told, over_at }) = self.news.waiting.lock().front().cloned() else { return true };
            let is_told = match &told {
                _ if over_at <= Instant::now() => Ok(()),
                Told::Claim { from, to } => self.windows.claim(from, to).await,
                Told::Pause { account, at, wait, is_known } => {
                    let name = account.root().shared_name();
                    self.windows.pause(&name, at.into_std(), *wait, *is_known).await
                }
            };
            if is_told.is_err() {
                return false;
            }
            self.news.waiting.lock().pop_front();
        }
    }

    /// Waits for a moment that the store reserves.
    pub(super) async fn moment(
        &self,
        account: &Arc<Account>,
        stranger: Option<&str>,
        patience: Duration,
    ) -> Result<(), NoMoment> {
        self.tell_news().await;
        let request = Request {
            shared: self,
            account,
            account_name: account.shared_name(),
            name: format!("{:032x}", fastrand::u128(..)),
            is_kept: false,
        };
        let ask = Ask { account: &request.account_name, stranger, name: &request.name, patience };
        let reserved = self.windows.reserve(ask).await;
        match reserved {
            Ok(Moment::In { wait, has_notices }) => {
                account.note_notices(has_notices);
                if wait.is_zero() {
                    request.keep();
                    return Ok(());
                }
                tokio::time::sleep(wait).await;
            }
            Ok(Moment::TooLate(wait)) => {
                request.keep();
                return Err(NoMoment::TooLate(wait));
            }
            Err(unavailable) => {
                request.keep();
                return Err(unavailable.into());
            }
        }
        // A moment that the store gave means nothing while it is away, and OnceHub may have rejected another request of the
        // account in the meantime.
        if self.is_away() || account.is_paused() || account.shared_name() != request.account_name {
            // Before it asks again, so that it does not queue behind itself.
            request.give_back().await;
            return Err(NoMoment::Again);
        }
        request.keep();
        Ok(())
    }

    /// Records a request that was sent while the store was away.
    pub(super) fn sent(&self, account: &Account, stranger: Option<&str>) {
        self.windows.sent(&account.shared_name(), stranger);
    }

    /// Returns the outage that there is now.
    pub(super) fn outage(&self) -> Outage {
        let share = self.windows.share();
        let since = Instant::from_std(share.since);
        let period = self.limits.account.iter().map(|window| window.period).max().unwrap_or_default();
        // What was used by all counts against the share of each, until it no longer counts.
        let used = share.used.iter().max().copied().unwrap_or_default().div_ceil(share.here.max(1));
        Outage {
            number: share.outage,
            account: share_of(&self.limits.account, share.servers),
            account_from: since + NOTICED + period.min(LONGEST_WAIT),
            address: share_of(&self.limits.address, share.here),
            used: vec![since; used],
        }
    }
}

/// A request that is getting a moment. Dropped before it is kept, it gives the moment back.
struct Request<'a> {
    shared: &'a Shared,
    account: &'a Arc<Account>,
    /// The account's name in the store when the request asked for its moment.
    account_name: Arc<str>,
    name: String,
    is_kept: bool,
}

impl Request<'_> {
    fn keep(mut self) {
        self.is_kept = true;
    }

    async fn give_back(mut self) {
        self.giving_back().await;
        self.is_kept = true;
    }

    /// Gives the moment back, under whichever name the account has in the store by now.
    fn giving_back(&self) -> impl Future<Output = ()> + use<> {
        let windows = Arc::clone(&self.shared.windows);
        let names = [Arc::clone(&self.account_name), self.account.root().shared_name()];
        let name = self.name.clone();
        async move {
            let [before, now] = &names;
            let _ = windows.give_back(&[before, now], &name).await;
        }
    }
}

impl Drop for Request<'_> {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(self.giving_back());
        }
    }
}
