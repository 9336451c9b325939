//! Making the sandbox fail on purpose.

use std::time::Duration;

use serde_json::Value;

/// A rule for which requests fail, and how.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The method, and a part of the path.
    on: Option<(String, String)>,
    skip: usize,
    times: usize,
    effect: Effect,
}

/// The effect of a fault.
#[derive(Clone, Debug)]
pub enum Effect {
    /// This status with this body and content type; not carried out.
    Status(u16, &'static str, String),
    /// One of OnceHub's error objects; not carried out.
    Error(u16, Value),
    /// Carried out, followed by a 500 `api_error`.
    ErrorAfter,
    /// Carried out and answered after this long, whether or not the client is still waiting.
    Delay(Duration),
    /// Carried out and answered when [`release`](super::Sandbox::release) is called, whether or not the client is still
    /// waiting.
    Hold,
    /// The connection is closed; not carried out.
    DropBefore,
    /// The connection is closed at once, and the request is carried out this much later.
    DropDuring(Duration),
    /// A proxy's 504 at once, and the request is carried out this much later.
    GatewayTimeout(Duration),
    /// Carried out, and the connection is closed without a response.
    DropAfter,
    /// Carried out, and the connection is lost in the middle of the response.
    DropInBody,
    /// Carried out, and the response's JSON is truncated.
    Truncated,
    /// Carried out, and the response is an HTML page with status 200.
    Malformed,
    /// 429, with or without `Retry-After` in seconds; not carried out.
    TooMany(Option<u64>),
    /// 400 with a message that echoes the caller's key.
    EchoKey,
    /// 302 to this location.
    Redirect(String),
    /// A response of this many bytes.
    Huge(usize),
    /// Carried out, but answered with this instead, with status 200.
    Replace(Value),
}

impl Fault {
    /// Creates a fault that affects every request, indefinitely.
    pub fn new(effect: Effect) -> Self {
        Self { on: None, skip: 0, times: usize::MAX, effect }
    }

    /// Limits it to requests with this method whose path contains this, or whose query, for a part with `=`.
    #[must_use]
    pub fn on(mut self, method: &str, path: &str) -> Self {
        self.on = Some((method.to_owned(), path.to_owned()));
        self
    }

    /// Skips the first so many requests.
    #[must_use]
    pub fn after(mut self, requests: usize) -> Self {
        self.skip = requests;
        self
    }

    /// Limits how often it takes effect.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }
}

/// Returns the effect of the first fault that matches a request, and counts it down.
pub(super) fn take(faults: &mut [Fault], method: &str, path: &str, query: &str) -> Option<Effect> {
    let is_on = |part: &str| path.contains(part) || part.contains('=') && query.contains(part);
    let fits = |fault: &&mut Fault| {
        fault.times > 0 && fault.on.as_ref().is_none_or(|(wanted, part)| wanted == method && is_on(part))
    };
    for fault in faults.iter_mut().filter(fits) {
        if fault.skip == 0 {
            fault.times -= 1;
            return Some(fault.effect.clone());
        }
        fault.skip -= 1;
    }
    None
}
