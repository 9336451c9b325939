//! The windows that several servers share in a store, and how this one goes on by itself while the store is away.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::account::Account;
use super::address::{SHARE, STRANGERS, TRICKLE};
use super::window::{SLACK, Window, Windows};
use crate::store::{Ask, Limit, Limits, Moment, Unavailable};

/// The time by which a shared window is stretched beyond [`SLACK`]: the store's answers take time, too.
const ANSWERS: Duration = Duration::from_millis(50);

/// How long no account sends anything once the store is away, beside one of its periods: until all servers have noticed.
const NOTICED: Duration = Duration::from_secs(2);

/// The longest that an account waits then for what it has sent before: longer windows are not waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The windows that several servers share.
#[derive(Clone, Debug)]
pub(super) struct Shared {
    windows: Arc<dyn crate::store::Windows>,
    limits: Arc<Windows>,
    news: Arc<News>,
}

/// What the store has to be told before anything more is asked of it.
#[derive(Debug, Default)]
struct News {
    waiting: Mutex<VecDeque<Told>>,
    /// Held while it is told: things are told in order.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
enum Told {
    /// The requests of one account are another's.
    Claim { from: Arc<str>, to: Arc<str> },
    /// OnceHub has rejected an account's request for its rate.
    Pause { account: Arc<str>, wait: Duration, is_known: bool },
}

/// A time in which the store is away.
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
    /// The moment that there was is no longer good: ask again.
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
        self.tell(Told::Claim { from, to });
    }

    /// Holds an account back, and others if the limit is likely to be the address's.
    pub(super) fn pause(&self, account: Arc<str>, wait: Duration, is_known: bool) {
        self.tell(Told::Pause { account, wait, is_known });
    }

    fn tell(&self, told: Told) {
        self.news.waiting.lock().push_back(told);
        let shared = self.clone();
        // At once, for the others; the next request of this server waits for it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { shared.tell_news().await });
        }
    }

    async fn tell_news(&self) {
        let _turn = self.news.turn.lock().await;
        loop {
            let Some(told) = self.news.waiting.lock().pop_front() else { return };
            // What an outage swallows is over after it: requests are stored again, with their accounts of then.
            let _ = match told {
                Told::Claim { from, to } => self.windows.claim(&from, &to).await,
                Told::Pause { account, wait, is_known } => self.windows.pause(&account, wait, is_known).await,
            };
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
            account: account.shared_name(),
            stranger,
            name: format!("{:032x}", fastrand::u128(..)),
            is_kept: false,
        };
        let ask = Ask { account: &request.account, stranger, name: &request.name, patience };
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
        if self.is_away() || account.is_paused() || account.shared_name() != request.account {
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

/// A request on its way to a moment. Dropped before it is kept, it gives the moment back.
struct Request<'a> {
    shared: &'a Shared,
    account: Arc<str>,
    stranger: Option<&'a str>,
    name: String,
    is_kept: bool,
}

impl Request<'_> {
    fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Request<'_> {
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if !self.is_kept {
            let windows = Arc::clone(&self.shared.windows);
            let (account, name) = (Arc::clone(&self.account), std::mem::take(&mut self.name));
            let stranger = self.stranger.map(str::to_owned);
            runtime.spawn(async move { windows.give_back(&account, stranger.as_deref(), &name).await });
        }
    }
}
