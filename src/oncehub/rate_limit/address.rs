use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use moka::sync::Cache;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::account::Account;
use super::log::Log;
use super::shared::{Outage, Shared};
use super::window::{Window, Windows};

/// The most requests that an account may have taken for each one still left to everybody.
///
/// The number of accounts need not be known: a single one gets four fifths of the whole, two get four ninths each, and
/// a new one still finds something left.
pub(super) const SHARE: usize = 4;

/// The fraction of a window shared by all keys that OnceHub has not accepted: a tenth, half of it at once. The accounts
/// have the rest, whether or not anybody makes up keys.
pub(super) const STRANGERS: usize = 10;

/// The fraction of a window in which a client address may take one request from the other half: a key that follows
/// wrong ones from the same address waits only that long, not until they no longer count.
pub(super) const TRICKLE: u32 = 15;

/// The time within which rejections of several accounts are taken for the address's limit.
pub(super) const COINCIDENCE: Duration = Duration::from_secs(1);

/// How many accepted keys are cached, under names that reveal nothing of them, and for how long after their last
/// request.
const KNOWN: u64 = 10_000;
const KNOWN_FOR: Duration = Duration::from_hours(24);

/// The limit that OnceHub sets for an IP address, which all accounts share that are served from it; and what is known
/// about them.
#[derive(Clone, Debug)]
pub struct Address(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    of_account: Arc<[Window]>,
    taken: Mutex<Taken>,
    /// Notified when a stranger's requests become an account's and make room for others, or when another request joins
    /// the line.
    freed: Notify,
    /// The client addresses of the requests that wait to try a key, in arrival order.
    line: Mutex<Vec<(u64, IpAddr)>>,
    numbers: AtomicU64,
    /// The accounts of the keys that OnceHub has accepted.
    known: Cache<Arc<str>, Arc<Account>>,
    /// The accounts that OnceHub has named.
    named: Mutex<HashMap<String, Arc<Account>>>,
    /// The windows that several servers share, if they do: then this one counts only while the store is away.
    shared: Option<Shared>,
}

#[derive(Debug)]
struct Taken {
    /// The requests that have been sent.
    log: Log<Owner>,
    /// The accounts that OnceHub has just rejected, with the time of the rejection and the wait it asked for.
    refused: Vec<(Instant, u64, Duration)>,
}

/// The owner of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner {
    pub(super) account: u64,
    /// The client address, for a key that OnceHub has not accepted.
    pub(super) stranger: Option<IpAddr>,
}

impl Address {
    /// Creates an address with these windows, for itself and for its accounts.
    pub fn new(windows: &Windows) -> Self {
        Self::of(windows, None)
    }

    /// Creates an address whose windows, and those of its accounts, are shared with other servers.
    pub fn shared(windows: &Windows, shared: Arc<dyn crate::store::Windows>) -> Self {
        Self::of(windows, Some(Shared::new(windows, shared)))
    }

    fn of(windows: &Windows, shared: Option<Shared>) -> Self {
        Self(Arc::new(Inner {
            of_account: windows.account.clone().into(),
            taken: Mutex::new(Taken { log: Log::new(windows.address.clone().into()), refused: Vec::new() }),
            freed: Notify::new(),
            line: Mutex::default(),
            numbers: AtomicU64::new(0),
            known: Cache::builder().max_capacity(KNOWN).time_to_idle(KNOWN_FOR).build(),
            named: Mutex::default(),
            shared,
        }))
    }

    /// Returns whether OnceHub has accepted a key, which goes by a name of ours.
    pub fn knows(&self, key: &str) -> bool {
        self.0.known.get(key).is_some()
    }

    /// Returns the windows as they are set, with how many requests each has left; while a store is away, for this server.
    pub fn left(&self) -> Vec<(Window, usize)> {
        let own = || self.0.taken.lock().log.left();
        match &self.0.shared {
            Some(shared) if shared.is_away() => shared.as_set(own()),
            Some(shared) => shared.left(),
            None => own(),
        }
    }

    /// Creates an account, which may turn out to be another. It goes by `name`, which reveals nothing of it.
    pub(super) fn account(&self, name: &str) -> Arc<Account> {
        let account = Account::new(self.0.numbers.fetch_add(1, Ordering::Relaxed), Arc::clone(&self.0.of_account));
        account.rename(name.into());
        account
    }

    /// Returns the windows that several servers share, if they do.
    pub(super) fn windows_of_all(&self) -> Option<&Shared> {
        self.0.shared.as_ref()
    }

    /// Begins to count for itself, with this server's share, in an outage of the store.
    pub(super) fn begin(&self, outage: &Outage) {
        let mut taken = self.0.taken.lock();
        if taken.log.outage != outage.number {
            let used = outage.used.iter().map(|at| (*at, Owner { account: u64::MAX, stranger: None }));
            let (windows, requests) = (Arc::clone(&outage.address), used.collect());
            taken.log = Log { windows, requests, paused_until: taken.log.paused_until, outage: outage.number };
        }
    }

    pub(super) fn known(&self, key: &str) -> Option<Arc<Account>> {
        self.0.known.get(key)
    }

    /// Records that OnceHub has accepted a key: its requests so far are its account's.
    pub(super) fn accept(&self, key: &Arc<str>, account: &Arc<Account>) {
        self.0.known.insert(Arc::clone(key), Arc::clone(account));
        let number = account.number;
        self.relabel(number, Owner { account: number, stranger: None });
        if let Some(shared) = &self.0.shared {
            shared.claim(account.shared_name(), account.shared_name());
        }
        self.0.freed.notify_waiters();
    }

    /// Forgets a key that OnceHub no longer accepts.
    pub(super) fn forget(&self, key: &str) {
        self.0.known.invalidate(key);
    }

    /// Records the name that OnceHub has given an account. Accounts of the same name are one, whichever key is used.
    pub(super) fn name(&self, account: &Arc<Account>, name: &str) {
        let account = account.root();
        if let Some(shared) = &self.0.shared {
            let name = shared.name_of(name);
            shared.claim(account.rename(Arc::clone(&name)), name);
        }
        let mut named = self.0.named.lock();
        let Some(same) = named.get(name).map(Account::root) else {
            named.retain(|_, account| Arc::strong_count(account) > 1 || account.counts());
            named.insert(name.to_owned(), account);
            return;
        };
        if !Arc::ptr_eq(&account, &same) {
            account.merge_into(&same);
            self.relabel(account.number, Owner { account: same.number, stranger: None });
        }
    }

    /// Takes a request out of the limit, or returns when to try again.
    pub(super) fn take(&self, whose: Owner) -> Result<(), Instant> {
        let (now, mut taken) = (Instant::now(), self.0.taken.lock());
        taken.log.expire(now);
        let rooms = taken.log.windows.iter().map(|window| taken.room(window, whose, now));
        let moment = rooms.chain(taken.log.paused_until).fold(now, Instant::max);
        if moment > now {
            return Err(moment);
        }
        taken.log.requests.push_back((now, whose));
        Ok(())
    }

    /// Joins the line of requests that wait to try a key.
    pub(super) fn enqueue(&self, network: IpAddr) -> QueuePlace {
        let number = self.0.numbers.fetch_add(1, Ordering::Relaxed);
        self.0.line.lock().push((number, network));
        self.0.freed.notify_waiters();
        QueuePlace { address: self.clone(), number, network }
    }

    /// Completes when strangers may find more room than reported, or are no longer last in line.
    pub(super) fn freed(&self) -> impl Future<Output = ()> {
        self.0.freed.notified()
    }

    /// Records that OnceHub has rejected an account for its rate; holds the others back only if the limit is likely to
    /// be the address's.
    pub(super) fn refused(&self, account: u64, wait: Duration) {
        let (now, mut taken) = (Instant::now(), self.0.taken.lock());
        let is_nearly_used_up = |window: &Window| taken.log.within(window, now).count() >= window.nearly_used_up();
        let is_nearly_used_up = taken.log.windows.iter().any(is_nearly_used_up);
        taken.refused.retain(|(at, whose, _)| *at + COINCIDENCE > now && *whose != account);
        let shortest = taken.refused.iter().map(|(_, _, wait)| *wait).min();
        taken.refused.push((now, account, wait));
        let pause = if is_nearly_used_up { Some(wait) } else { shortest.map(|shortest| shortest.min(wait)) };
        if let Some(pause) = pause {
            taken.log.pause(now + pause);
        }
    }

    fn relabel(&self, account: u64, whose: Owner) {
        let mut taken = self.0.taken.lock();
        let requests = taken.log.requests.iter_mut().map(|(_, whose)| whose);
        requests.filter(|known| known.account == account).for_each(|known| *known = whose);
    }
}

/// A place in the line of requests that wait to try a key, until it is dropped.
#[derive(Debug)]
pub(super) struct QueuePlace {
    address: Address,
    number: u64,
    network: IpAddr,
}

impl QueuePlace {
    /// Returns how many have joined the line later, from the same client address.
    pub(super) fn behind(&self) -> usize {
        let line = self.address.0.line.lock();
        line.iter().filter(|(number, network)| *number > self.number && *network == self.network).count()
    }
}

impl Drop for QueuePlace {
    fn drop(&mut self) {
        self.address.0.line.lock().retain(|(number, _)| *number != self.number);
    }
}

impl Owner {
    /// Returns whether two requests are the same account's, or the same network's if OnceHub has accepted neither key.
    fn is_with(self, other: Self) -> bool {
        self.stranger == other.stranger && (self.stranger.is_some() || self.account == other.account)
    }
}

impl Taken {
    /// Returns the first moment at which a window has room for this request, if no other is sent until then.
    fn room(&self, window: &Window, whose: Owner, now: Instant) -> Instant {
        let counted = || self.log.within(window, now).rev();
        // Of the requests that it counts, the latest that is one too many has to expire first.
        let free = |slowly| {
            let mut tally = Tally::default();
            let is_too_many =
                |(_, other): &&(Instant, Owner)| !tally.with(*other, whose).has_room(window, whose, slowly);
            counted().find(is_too_many).map_or(now, |(at, _)| *at + window.counts_for())
        };
        // A network that is slow enough finds room earlier than one that sends everything at once.
        let last = counted().find(|(_, other)| other.is_with(whose));
        let slowly = last.map_or(now, |(at, _)| *at + window.period / TRICKLE);
        free(false).min(free(true).max(slowly))
    }
}

/// The number of requests that a window holds, by kind.
#[derive(Default)]
struct Tally {
    accounts: usize,
    strangers: usize,
    /// The account's or the network's own among them.
    own: usize,
}

impl Tally {
    fn with(&mut self, request: Owner, asked: Owner) -> &Self {
        self.strangers += usize::from(request.stranger.is_some());
        self.accounts += usize::from(request.stranger.is_none());
        self.own += usize::from(request.is_with(asked));
        self
    }

    /// Returns whether there is room. Accounts and strangers have a part of the window each, and neither may use the
    /// other's. `slowly` is a stranger whose network has sent nothing for a while.
    fn has_room(&self, window: &Window, whose: Owner, slowly: bool) -> bool {
        let for_strangers = (window.requests / STRANGERS).max(1);
        let for_accounts = window.requests.saturating_sub(for_strangers).max(1);
        let has_share = match whose.stranger {
            None => self.own < SHARE * for_accounts.saturating_sub(self.accounts),
            // Of the strangers' part, a network gets no more than it leaves to others.
            Some(_) => {
                let part = if slowly { for_strangers } else { for_strangers.div_ceil(2) };
                self.own < part.saturating_sub(self.strangers)
            }
        };
        has_share && self.accounts + self.strangers < window.requests
    }
}

#[cfg(test)]
mod tests {
    use super::super::window::SLACK;
    use super::*;

    fn address() -> Address {
        Address::new(&"account=1000/1s,address=200/5m".parse().unwrap())
    }

    const WINDOW: Duration = Duration::from_mins(5);

    fn network(number: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, number])
    }

    fn account(number: u64) -> Owner {
        Owner { account: number, stranger: None }
    }

    fn stranger(key: u64, from: u8) -> Owner {
        Owner { account: key, stranger: Some(network(from)) }
    }

    fn all_that_it_gets(address: &Address, whose: Owner) -> usize {
        std::iter::from_fn(|| address.take(whose).ok()).count()
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_that_comes_after_a_busy_one_finds_something_left() {
        let address = address();
        assert_eq!(all_that_it_gets(&address, account(1)), 144, "four fifths of the accounts' part are for one alone");
        assert_eq!(all_that_it_gets(&address, account(2)), 29);
        assert_eq!(all_that_it_gets(&address, account(3)), 6);
        // Once the busy one's requests no longer count, the others go first.
        tokio::time::advance(Duration::from_mins(5) + SLACK).await;
        assert_eq!(all_that_it_gets(&address, account(3)), 144);
    }

    #[tokio::test(start_paused = true)]
    async fn the_moment_that_is_promised_holds() {
        for whose in [account(1), stranger(1, 1)] {
            let address = address();
            let at = loop {
                match address.take(whose) {
                    Ok(()) => tokio::time::advance(Duration::from_secs(1)).await,
                    Err(at) => break at,
                }
            };
            tokio::time::advance((at - Instant::now()).saturating_sub(Duration::from_millis(1))).await;
            assert!(address.take(whose).is_err(), "not a moment earlier");
            tokio::time::advance(Duration::from_millis(1)).await;
            assert!(address.take(whose).is_ok());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn keys_that_are_made_up_burn_a_tenth_and_a_known_account_has_its_full_share() {
        let address = address();
        let burnt = |from| (0..1000).filter(|key| address.take(stranger(1000 + key, from)).is_ok()).count();
        assert_eq!([1, 2, 3, 4].map(burnt), [5, 3, 1, 1], "one client address leaves something to others");
        (5..=14).for_each(|from| assert_eq!(burnt(from), 1, "one each is for those who have had nothing"));
        assert_eq!(burnt(15), 0);
        assert_eq!(all_that_it_gets(&address, account(1)), 144);
        assert_eq!(all_that_it_gets(&address, account(2)), 29);
        // Nor do accounts use up the part of those whom nobody knows yet.
        tokio::time::advance(Duration::from_mins(5) + SLACK).await;
        (1..10).for_each(|number| _ = all_that_it_gets(&address, account(number)));
        assert_eq!(burnt(6), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_address_that_has_used_up_its_part_gets_one_in_twenty_seconds() {
        let address = address();
        let mut left = Vec::new();
        for _ in 0..600 {
            left.extend(address.take(stranger(1, 1)).ok().map(|()| Instant::now()));
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        let began = left[0];
        let seconds: Vec<_> = left.iter().map(|at| (*at - began).as_secs()).collect();
        // Ten in all, then none until the earlier ones no longer count.
        let (at_once, slowly) = (0..5, (1..=5).map(|turn| 4 + 20 * turn));
        assert_eq!(seconds[..10], at_once.chain(slowly).collect::<Vec<u64>>());
        assert!(left.iter().all(|from| left.iter().filter(|at| *at >= from && **at - *from < WINDOW).count() <= 10));
        // Whatever one address does, another finds its part.
        assert_eq!(all_that_it_gets(&address, stranger(2, 2)), 1);
        tokio::time::advance(Duration::from_secs(20)).await;
        assert_eq!(all_that_it_gets(&address, stranger(3, 2)), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_key_that_is_accepted_burdens_no_stranger_any_more() {
        let address = address();
        for number in 0..100 {
            let account = address.account("");
            let key: Arc<str> = format!("key {number}").into();
            assert!(!address.knows(&key));
            address.take(Owner { account: account.number, stranger: Some(network(1)) }).unwrap();
            address.accept(&key, &account);
            assert!(address.knows(&key));
        }
        assert_eq!(address.left()[0].1, 100, "each has asked once");
        assert_eq!(all_that_it_gets(&address, stranger(1000, 1)), 5);
        address.forget("key 7");
        assert!(!address.knows("key 7") && address.knows("key 8"));
    }

    #[test]
    fn room_that_is_freed_before_it_is_waited_for_is_not_missed() {
        let address = address();
        let freed = address.freed();
        address.accept(&"key".into(), &address.account(""));
        assert!(futures::FutureExt::now_or_never(freed).is_some());
        assert!(futures::FutureExt::now_or_never(address.freed()).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn the_smallest_windows_let_everybody_through_in_turn() {
        for requests in 1..=3 {
            let window = Window { requests, period: Duration::from_secs(10) };
            let address = Address::new(&Windows { account: vec![], address: vec![window] });
            for whose in [account(1), stranger(7, 1), account(2)] {
                assert!(all_that_it_gets(&address, whose) >= 1, "{requests}");
                tokio::time::advance(window.period + SLACK).await;
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_window_ever_holds_more_than_its_limit() {
        let address = Address::new(&"account=1000/1s,address=10/1s".parse().unwrap());
        let mut left = Vec::new();
        for step in 0..400 {
            let whose = if step % 6 == 5 { stranger(9, 1) } else { account(step % 6) };
            if address.take(whose).is_ok() {
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
