//! Whether OnceHub serves requests, for all accounts together: one line when it stops, and one when it is back. Both are
//! warnings: who logs no less must not miss the good news.

use parking_lot::Mutex;
use tokio::time::Instant;

use super::Cause;

/// How many requests in a row have to fail before OnceHub counts as gone: one lost connection is not an outage.
const FAILURES: u32 = 3;

/// What the last requests have shown.
#[derive(Debug, Default)]
pub(super) struct Outage(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// The failures since the last answer.
    failures: u32,
    /// When the first of them happened.
    since: Option<Instant>,
}

impl Outage {
    /// Notes how a request ended; `None` is an answer.
    pub(super) fn note(&self, cause: Option<&Cause>) {
        let Some(cause) = cause.filter(|cause| cause.is_oncehubs_fault()) else { return self.answered() };
        let mut seen = self.0.lock();
        seen.failures += 1;
        seen.since.get_or_insert_with(Instant::now);
        if seen.failures == FAILURES {
            metrics::gauge!("oncehub_up").set(0.0);
            match (cause.failure_label(), cause.status()) {
                (Some(error), _) => tracing::warn!(error, "OnceHub does not answer"),
                (None, status) => tracing::warn!(status, "OnceHub answers, but not as it should"),
            }
        }
    }

    fn answered(&self) {
        let seen = std::mem::take(&mut *self.0.lock());
        if seen.failures >= FAILURES {
            let seconds = seen.since.map(|since| since.elapsed().as_secs());
            tracing::warn!(failures = seen.failures, seconds, "OnceHub serves requests again");
        }
        if seen.failures > 0 {
            metrics::gauge!("oncehub_up").set(1.0);
        }
    }
}
