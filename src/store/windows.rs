//! The windows of rate limits that several servers share.

use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::Unavailable;

/// A limit of this many requests in any period of this length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The number of requests.
    pub requests: usize,
    /// The number of requests from which on it is nearly used up.
    pub nearly_used_up: usize,
    /// The length of the period.
    pub period: Duration,
    /// How long a request counts: a little longer than that, for requests that overtake each other.
    pub counts_for: Duration,
}

/// The limits of accounts and addresses, and how an address's are divided.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Those of each account.
    pub account: Vec<Limit>,
    /// Those of each address, which all accounts share.
    pub address: Vec<Limit>,
    /// The most requests that an account may have taken for each one still left to everybody.
    pub share: usize,
    /// The fraction of a limit that is for keys that OnceHub has not accepted.
    pub strangers: usize,
    /// The fraction of a period in which one network may try one more such key.
    pub trickle: u32,
    /// The time within which rejections of several accounts are taken for the address's limit.
    pub coincidence: Duration,
}

/// A request that wants a moment.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Its account, by a name that reveals nothing of it.
    pub account: &'a str,
    /// The network that it comes from, by such a name, if OnceHub has not accepted its key.
    pub stranger: Option<&'a str>,
    /// The request's own name, by which its moment is given back.
    pub name: &'a str,
    /// How long it can wait.
    pub patience: Duration,
}

/// The answer to a request that wants a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It is reserved.
    In {
        /// After how long it comes.
        wait: Duration,
        /// Whether there are [`Notices`](super::Notices) for the account.
        has_notices: bool,
    },
    /// Nothing is reserved: it would come after this long.
    TooLate(Duration),
}

/// The part of the limits that a server may use while it cannot ask the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The number of the outage. Each begins with what was used until then.
    pub outage: u64,
    /// How many servers there were.
    pub servers: usize,
    /// How many of them send from the same address.
    pub here: usize,
    /// How many requests each of the address's windows counted then.
    pub used: Vec<usize>,
    /// When that was so.
    pub since: Instant,
}

/// The windows that several servers share, by the store's clock. Each operation is atomic, and takes one round trip.
#[async_trait]
pub trait Windows: std::fmt::Debug + Send + Sync + 'static {
    /// Returns a name for a text that reveals nothing of it, and is the same on all servers.
    fn name_of(&self, text: &str) -> String;

    /// Reserves the first moment at which a request may be sent, in the windows of its account and of its address.
    async fn reserve(&self, ask: Ask<'_>) -> Result<Moment, Unavailable>;

    /// Gives back a moment that was not used. `accounts` are the names that this server knows for its account; another server
    /// may have learned yet another.
    async fn give_back(&self, accounts: &[&str], name: &str) -> Result<(), Unavailable>;

    /// Makes the requests of an account those of another, which it has turned out to be. From one to itself: OnceHub has
    /// accepted its key, and its requests no longer count as a stranger's.
    async fn claim(&self, from: &str, to: &str) -> Result<(), Unavailable>;

    /// Holds an account back after OnceHub rejected one of its requests at `at` and asked it to wait; everybody, if its key
    /// `is_known` and the limit is likely to be the address's.
    async fn pause(&self, account: &str, at: Instant, wait: Duration, is_known: bool) -> Result<(), Unavailable>;

    /// Records a request that was sent while the store was away. It counts once the store is back.
    fn sent(&self, account: &str, stranger: Option<&str>);

    /// Returns what this server may use while the store is away.
    fn share(&self) -> Share;

    /// Returns whether the store cannot be reached now.
    fn is_away(&self) -> bool;
}
