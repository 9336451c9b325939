//! How much there is room for: bodies, and calls in flight.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use http::StatusCode;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Bytes;

use super::{Caller, Refusal};

/// How much there is room for. What is beyond it is turned away with a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once.
    pub connections: usize,
    /// Sessions at once, of both the transports that have some.
    pub sessions: usize,
    /// Sessions of one tenant.
    pub sessions_per_tenant: usize,
    /// Calls at once.
    pub calls: usize,
    /// Calls of one tenant.
    pub calls_per_tenant: usize,
    /// The largest body, in bytes.
    pub body: usize,
    /// After how long without a message a session ends.
    pub idle: Duration,
    /// How long a client may take to send a request's head, to send its body, or to take a piece of an answer.
    pub patience: Duration,
}

/// The calls in flight.
#[derive(Clone, Debug)]
pub(super) struct Calls {
    most: usize,
    most_per_tenant: usize,
    running: Arc<Mutex<Running>>,
}

#[derive(Debug, Default)]
struct Running {
    all: usize,
    by_tenant: HashMap<Arc<str>, usize>,
}

/// A request in flight, counted for as long as this lives.
#[derive(Debug)]
pub struct InFlight {
    tenant: Arc<str>,
    running: Arc<Mutex<Running>>,
}

impl Calls {
    pub(super) fn new(limits: &Limits) -> Self {
        Self { most: limits.calls, most_per_tenant: limits.calls_per_tenant, running: Arc::default() }
    }

    /// Room for one more call of this caller.
    pub(super) fn begin(&self, caller: &Caller) -> Result<InFlight, Refusal> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.all >= self.most {
            let reason = "this server has as many calls under way as it can take: wait a second and repeat the call";
            return Err(Refusal::busy(StatusCode::SERVICE_UNAVAILABLE, "calls", reason));
        }
        let own = running.by_tenant.entry(Arc::clone(&caller.tenant)).or_default();
        if *own >= self.most_per_tenant {
            let reason = "too many calls are under way with this key: wait for one to end, then repeat the call";
            return Err(Refusal::busy(StatusCode::TOO_MANY_REQUESTS, "calls_of_tenant", reason));
        }
        *own += 1;
        running.all += 1;
        Ok(InFlight { tenant: Arc::clone(&caller.tenant), running: Arc::clone(&self.running) })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).all
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.all -= 1;
        if let Some(own) = running.by_tenant.get_mut(&self.tenant) {
            *own -= 1;
            if *own == 0 {
                running.by_tenant.remove(&self.tenant);
            }
        }
    }
}

impl Limits {
    /// Reads a whole body, unless it is too large or too slow.
    pub(super) async fn read(&self, body: Body) -> Result<Bytes, Refusal> {
        let read = tokio::time::timeout(self.patience, Limited::new(body, self.body).collect()).await;
        match read {
            Ok(Ok(body)) => Ok(body.to_bytes()),
            Ok(Err(error)) if error.is::<LengthLimitError>() => {
                let reason = format!("the body is larger than {} bytes", self.body);
                Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "body", reason))
            }
            Ok(Err(_)) => Err(Refusal::new(StatusCode::BAD_REQUEST, "body", "the body breaks off")),
            Err(_) => {
                let reason = format!("the body did not arrive within {} s", self.patience.as_secs());
                Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "slow_body", reason))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(tenant: &str) -> Caller {
        Caller { tenant: tenant.into(), key: None }
    }

    #[test]
    fn one_tenant_does_not_take_all_the_room_and_leaves_what_it_took() {
        let calls = Calls { most: 3, most_per_tenant: 2, running: Arc::default() };
        let first = calls.begin(&caller("a")).unwrap();
        let _second = calls.begin(&caller("a")).unwrap();
        assert!(calls.begin(&caller("a")).is_err());
        let third = calls.begin(&caller("b")).unwrap();
        assert!(calls.begin(&caller("c")).is_err(), "no room for anybody");
        drop((first, third));
        assert!(calls.begin(&caller("a")).is_ok());
        assert_eq!(calls.count(), 1);
        assert_eq!(calls.running.lock().unwrap().by_tenant.len(), 1, "who has gone is forgotten");
    }
}
