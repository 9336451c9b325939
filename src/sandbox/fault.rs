//! Making the sandbox fail on purpose.

use std::time::Duration;

use serde_json::Value;

/// Which requests go wrong, and how.
#[derive(Clone, Debug)]
pub struct Fault {
    method: Option<String>,
    path: Option<String>,
    skip: usize,
    times: Option<usize>,
    effect: Effect,
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum Effect {
    /// This status with this body and content type; nothing is carried out.
    Status(u16, &'static str, String),
    /// An error object of OnceHub's; nothing is carried out.
    Error(u16, Value),
    /// Carried out, and then 500 `api_error` all the same.
    ErrorAfter,
    /// Carried out and answered after this long, whether or not the client still waits.
    Delay(Duration),
    /// Carried out and answered when the sandbox is told to [`release`](super::Sandbox::release) what it holds, whether or not
    /// the client still waits.
    Hold,
    /// The connection is closed; nothing is carried out.
    DropBefore,
    /// The connection is closed at once, and the request is carried out this much later.
    DropDuring(Duration),
    /// A proxy's 504 at once, and the request is carried out this much later.
    GatewayTimeout(Duration),
    /// Carried out, and the connection is closed without an answer.
    DropAfter,
    /// Carried out, and the connection is lost in the middle of the answer.
    DropInBody,
    /// Carried out, and the answer's JSON ends in the middle.
    Truncated,
    /// Carried out, and the answer is an HTML page with status 200.
    Malformed,
    /// 429, with or without `Retry-After` in seconds; nothing is carried out.
    TooMany(Option<u64>),
    /// 400 with a message that repeats the caller's key.
    EchoKey,
    /// 302 to there.
    Redirect(String),
    /// So many bytes of nonsense.
    Huge(usize),
    /// This instead of the answer, with status 200; carried out.
    Replace(Value),
}

impl Fault {
    /// A fault that every request has, for ever.
    pub fn new(effect: Effect) -> Self {
        Self { method: None, path: None, skip: 0, times: None, effect }
    }

    /// Only requests with this method whose path contains this.
    #[must_use]
    pub fn on(mut self, method: &str, path: &str) -> Self {
        self.method = Some(method.to_owned());
        self.path = Some(path.to_owned());
        self
    }

    /// Not the first so many.
    #[must_use]
    pub fn after(mut self, requests: usize) -> Self {
        self.skip = requests;
        self
    }

    /// Only so often.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = Some(times);
        self
    }
}

/// The effect that the first fitting fault has on a request, counted down.
pub(super) fn take(faults: &mut [Fault], method: &str, path: &str) -> Option<Effect> {
    let fits = |fault: &&mut Fault| {
        fault.method.as_deref().is_none_or(|wanted| wanted == method)
            && fault.path.as_deref().is_none_or(|part| path.contains(part))
    };
    for fault in faults.iter_mut().filter(fits) {
        if fault.skip > 0 {
            fault.skip -= 1;
            continue;
        }
        match &mut fault.times {
            Some(0) => continue,
            Some(times) => *times -= 1,
            None => {}
        }
        return Some(fault.effect.clone());
    }
    None
}
