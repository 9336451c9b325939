//! The progress of a call, for a client that has asked for it: from the first second on, once a second, also where nothing
//! moves, so that a client's patience does not end before the call does.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::RequestContext;
use rmcp::{Peer, RoleServer};
use tokio::time::{Instant, MissedTickBehavior};

use super::Ledger;

/// How often a client is told.
const EVERY: Duration = Duration::from_secs(1);

/// How far a call is, as its steps note it.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps(Arc<Mutex<Noted>>);

#[derive(Clone, Copy, Debug, Default)]
struct Noted {
    done: usize,
    total: Option<usize>,
    is_asking: bool,
}

impl Steps {
    /// Notes how many objects have been read, and of how many.
    pub(super) fn note(&self, done: usize, total: Option<usize>) {
        let mut noted = self.0.lock();
        (noted.done, noted.total) = (done, total);
    }

    /// Notes whether a person is being asked.
    pub(super) fn ask(&self, is_asking: bool) {
        self.0.lock().is_asking = is_asking;
    }
}

/// Who is told of a call's progress.
pub(super) struct Telling {
    to: Option<(Peer<RoleServer>, ProgressToken)>,
    steps: Steps,
    ledger: Ledger,
    /// What was told last: each has to be more than that.
    told: Option<f64>,
}

impl Telling {
    /// Reads from a request whether its client wants to be told, and gives the call its steps to note.
    pub(super) fn of(context: &mut RequestContext<RoleServer>, ledger: Ledger) -> Self {
        let to = context.meta.get_progress_token().map(|token| (context.peer.clone(), token));
        let steps = Steps::default();
        context.extensions.insert(steps.clone());
        Self { to, steps, ledger, told: None }
    }

    /// Tells, until it is dropped.
    pub(super) async fn go_on(mut self) -> Infallible {
        let Some((peer, token)) = self.to.take() else { return std::future::pending().await };
        let mut ticks = tokio::time::interval_at(Instant::now() + EVERY, EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let params = self.next(token.clone());
            // During shutdown nobody receives notifications any more.
            let _ = tokio::time::timeout(EVERY, peer.notify_progress(params)).await;
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of objects are small")]
    fn next(&mut self, token: ProgressToken) -> ProgressNotificationParam {
        let Noted { done, total, is_asking } = *self.steps.0.lock();
        let done = done as f64;
        // While nothing moves, half of what is left until the next step.
        let progress = match self.told {
            Some(told) if told >= done => told + (told.floor() + 1.0 - told) / 2.0,
            _ => done,
        };
        self.told = Some(progress);
        let waiting_for = match () {
            () if is_asking => "a person's answer",
            () if self.ledger.is_waiting() => "OnceHub's rate limit",
            () => "OnceHub",
        };
        let params = ProgressNotificationParam::new(token, progress).with_message(format!("waiting for {waiting_for}"));
        match total {
            Some(total) => params.with_total(total as f64),
            None => params,
        }
    }
}

#[cfg(test)]
mod tests {
    use rmcp::model::NumberOrString;

    use super::*;

    #[test]
    fn each_is_more_than_the_one_before_and_less_than_the_next_step() {
        let (steps, ledger) = (Steps::default(), Ledger::default());
        let mut telling = Telling { to: None, steps: steps.clone(), ledger: ledger.clone(), told: None };
        let mut next = || {
            let told = telling.next(ProgressToken(NumberOrString::Number(1)));
            (told.progress, told.total, told.message.unwrap())
        };
        assert_eq!(next(), (0.0, None, "waiting for OnceHub".into()));
        let waiting = ledger.waiting();
        assert_eq!(next(), (0.5, None, "waiting for OnceHub's rate limit".into()));
        drop(waiting);
        steps.note(1, Some(3));
        assert_eq!(next(), (1.0, Some(3.0), "waiting for OnceHub".into()));
        steps.ask(true);
        assert_eq!(next(), (1.5, Some(3.0), "waiting for a person's answer".into()));
        // A search that begins again.
        steps.note(0, Some(3));
        assert_eq!(next(), (1.75, Some(3.0), "waiting for a person's answer".into()));
        let all: Vec<f64> = (0..200).map(|_| next().0).collect();
        assert!(all.windows(2).all(|two| two[0] < two[1]));
    }
}
