//! The server's limits: for bodies, and for in-flight calls.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use http::StatusCode;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Bytes;
use parking_lot::Mutex;

use super::sessions::RequestGuard;
use super::{Caller, Refusal};

/// The server's limits. Whatever exceeds them is rejected with a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most connections at once.
    pub connections: usize,
    /// The most sessions at once, over both transports that have them.
    pub sessions: usize,
    /// The most sessions of one tenant.
    pub sessions_per_tenant: usize,
    /// The most calls at once.
    pub calls: usize,
    /// The most calls of one tenant.
    pub calls_per_tenant: usize,
    /// The largest body, in bytes.
    pub body: usize,
    /// The idle time after which a session ends.
    pub idle: Duration,
    /// The timeout for a client to send a request's head, to send its body, or to take a part of a response.
    pub client_timeout: Duration,
}

/// The most calls at once of keys that OnceHub has not accepted.
const STRANGERS: usize = 50;

/// The part of a limit for keys that OnceHub has not accepted: a twentieth, up to a maximum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pool {
    pub(super) all: usize,
    /// How much of it one client address may take.
    pub(super) per_network: usize,
}

impl Pool {
    pub(super) fn of(whole: usize, most: usize) -> Self {
        let all = (whole / 20).clamp(1, most);
        Self { all, per_network: all.div_ceil(2) }
    }
}

/// The in-flight calls. Those of keys that OnceHub has not accepted have a limit of their own, separate from the
/// others'.
#[derive(Clone, Debug)]
pub(super) struct Calls {
    most: usize,
    most_per_tenant: usize,
    strangers: Pool,
    running: Arc<Mutex<Running>>,
}

#[derive(Debug, Default)]
struct Running {
    known: usize,
    /// By [`Caller::share`].
    by_tenant: HashMap<Arc<str>, usize>,
    strangers: HashMap<IpAddr, usize>,
}

/// An in-flight request, counted until this is dropped.
pub struct InFlight {
    share: Arc<str>,
    /// The client address, for a key that OnceHub had not accepted.
    stranger: Option<IpAddr>,
    running: Arc<Mutex<Running>>,
    /// The request's id in its session.
    pub(super) asked: Option<RequestGuard>,
}

impl Calls {
    pub(super) fn new(limits: &Limits) -> Self {
        let strangers = Pool::of(limits.calls, STRANGERS);
        Self { most: limits.calls, most_per_tenant: limits.calls_per_tenant, strangers, running: Arc::default() }
    }

    /// Admits one more call of this caller, if there is room.
    pub(super) fn begin(&self, caller: &Caller, is_known: bool) -> Result<InFlight, Refusal> {
        let mut running = self.running.lock();
        let share = caller.share();
        let own = running.by_tenant.get(&share).copied().unwrap_or_default();
        if own >= self.most_per_tenant {
            let reason = "too many calls are in flight with this key: wait for one to end, then repeat the call";
            return Err(Refusal::busy(StatusCode::TOO_MANY_REQUESTS, "calls_of_tenant", reason));
        }
        if is_known && running.known >= self.most {
            let reason = "this server has as many calls in flight as it can take: wait a second and repeat the call";
            return Err(Refusal::busy(StatusCode::SERVICE_UNAVAILABLE, "calls", reason));
        }
        if !is_known && !running.has_room_for_stranger(self.strangers, caller.network) {
            let reason = "this server has as many calls in flight with keys new to it as it can take: wait a second and \
                repeat the call";
            return Err(Refusal::busy(StatusCode::SERVICE_UNAVAILABLE, "calls_of_strangers", reason));
        }
        *running.by_tenant.entry(Arc::clone(&share)).or_default() += 1;
        let stranger = (!is_known).then_some(caller.network);
        match stranger {
            Some(network) => *running.strangers.entry(network).or_default() += 1,
            None => running.known += 1,
        }
        Ok(InFlight { share, stranger, running: Arc::clone(&self.running), asked: None })
    }

    /// Returns how many calls are in flight.
    pub(super) fn count(&self) -> usize {
        let running = self.running.lock();
        running.known + running.strangers.values().sum::<usize>()
    }
}

impl Running {
    fn has_room_for_stranger(&self, pool: Pool, network: IpAddr) -> bool {
        self.strangers.values().sum::<usize>() < pool.all
            && self.strangers.get(&network).is_none_or(|own| *own < pool.per_network)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut running = self.running.lock();
        match self.stranger {
            Some(network) => release(&mut running.strangers, &network),
            None => running.known -= 1,
        }
        release(&mut running.by_tenant, &self.share);
    }
}

/// Decrements a count, and removes it at zero.
fn release<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}

impl Limits {
    /// Reads a whole body, unless it is too large or too slow.
    pub(super) async fn read(&self, body: Body) -> Result<Bytes, Refusal> {
        let read = tokio::time::timeout(self.client_timeout, Limited::new(body, self.body).collect()).await;
        match read {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                let reason = format!("the body is larger than {} bytes", self.body);
                Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "body", reason))
            }
            Ok(Err(_)) => Err(Refusal::new(StatusCode::BAD_REQUEST, "body", "the body is incomplete")),
            Err(_) => {
                let reason = format!("the body did not arrive within {} s", self.client_timeout.as_secs());
                Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "slow_body", reason))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::http::Agreed;

    fn caller(tenant: &str, network: u8) -> Caller {
        let network = IpAddr::from([192, 0, 2, network]);
        Caller {
            tenant: tenant.into(),
            key: None,
            network,
            agreed: None,
            takes_stream: true,
            token: None,
            in_use: None,
        }
    }

    fn calls(most: usize, strangers: Pool) -> Calls {
        Calls { most, most_per_tenant: 2, strangers, running: Arc::default() }
    }

    #[test]
    fn one_tenant_does_not_take_all_the_room_and_leaves_what_it_took() {
        let calls = calls(3, Pool { all: 1, per_network: 1 });
        let begin = |tenant| calls.begin(&caller(tenant, 1), true);
        let first = begin("a").unwrap();
        let _second = begin("a").unwrap();
        assert!(begin("a").is_err());
        let third = begin("b").unwrap();
        assert!(begin("c").is_err(), "no room for anybody");
        drop((first, third));
        assert!(begin("a").is_ok());
        // People who share a key have a share each.
        let of = |person: &str| Agreed { me: None, zone: None, read_only: true, person: Some(person.into()) };
        let begin = |person| calls.begin(&Caller { agreed: Some(of(person)), ..caller("a", 1) }, true);
        let begun = [begin("ada"), begin("ben")];
        assert!(begun.iter().all(Result::is_ok));
        drop(begun);
        assert_eq!(calls.count(), 1);
        assert_eq!(calls.running.lock().by_tenant.len(), 1, "nothing is kept for idle tenants");
    }

    #[test]
    fn calls_of_keys_that_are_made_up_take_no_room_of_others() {
        let calls = calls(2, Pool { all: 4, per_network: 2 });
        let made_up = |from| (0..100).map(move |n| (n, from)).collect::<Vec<_>>();
        let begin = |(number, from)| calls.begin(&caller(&format!("made-up {number}"), from), false).ok();
        let of_one: Vec<_> = made_up(1).into_iter().filter_map(begin).collect();
        assert_eq!(of_one.len(), 2, "one address has its part");
        let of_another = begin((1000, 2)).expect("another address finds room");
        let _known: Vec<_> = ["a", "b"].map(|tenant| calls.begin(&caller(tenant, 1), true).unwrap()).into();
        assert!(calls.begin(&caller("c", 1), true).is_err());
        assert_eq!(calls.count(), 5);
        drop((of_one, of_another));
        assert!(calls.running.lock().strangers.is_empty(), "nothing is kept for idle tenants");
    }

    #[test]
    fn the_part_of_strangers_is_a_twentieth_and_at_least_one() {
        let pool = |whole| Pool::of(whole, 100);
        assert_eq!(pool(2_000), Pool { all: 100, per_network: 50 });
        assert_eq!(pool(1_000_000), Pool { all: 100, per_network: 50 });
        assert_eq!(pool(100), Pool { all: 5, per_network: 3 });
        assert_eq!(pool(3), Pool { all: 1, per_network: 1 });
    }
}
