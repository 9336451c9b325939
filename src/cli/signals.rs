//! What signals do to a server: the first one to end lets it finish, the second cuts it off, and SIGHUP has it read its
//! files again.

use std::process::ExitCode;
use std::time::Duration;

use tokio::time::Instant;

use crate::config::{Dotenv, Given, Source};
use crate::telemetry::Filter;
use crate::transport::Stop;

/// The variable of the log's filter.
const LOG: &str = "ONCEHUB_MCP_LOG";

/// How long after the first signal another one counts as the same: a terminal and a program that passes signals on both send it.
const SAME: Duration = Duration::from_millis(500);

/// How long calls that a second signal cuts off get to be answered.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Runs a server until it has ended. The first signal to end lets it finish, and the second has it cut off what is in
/// flight.
pub(super) async fn until_stopped<S>(serve: impl FnOnce(Stop) -> S) -> anyhow::Result<ExitCode>
where
    S: Future<Output = anyhow::Result<()>>,
{
    let stop = Stop::default();
    let mut signals = Signals::new();
    let signals = async {
        signals.next().await;
        stop.asked.cancel();
        let first = Instant::now();
        loop {
            signals.next().await;
            if first.elapsed() >= SAME {
                break;
            }
        }
        stop.at_once.cancel();
        tokio::time::sleep(LAST_WORDS).await;
    };
    let served = tokio::select! {
        served = serve(stop.clone()) => served,
        () = signals => Ok(()),
    };
    if !stop.at_once.is_cancelled() {
        return served.map(|()| ExitCode::SUCCESS);
    }
    tracing::warn!("ended at once, as a second signal asked: calls in flight were cut off");
    Ok(ExitCode::FAILURE)
}

/// The signals that ask a process to end.
struct Signals {
    #[cfg(unix)]
    terminate: Option<tokio::signal::unix::Signal>,
}

impl Signals {
    fn new() -> Self {
        #[cfg(unix)]
        let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()).ok();
        Self {
            #[cfg(unix)]
            terminate,
        }
    }

    /// Completes with the next of them.
    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(terminate) = &mut self.terminate {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
        let _ = tokio::signal::ctrl_c().await;
    }
}

/// What SIGHUP has read again.
pub(super) struct Reload {
    filter: Filter,
    /// The file that may say what is logged; none if something that cannot change says it.
    dotenv: Option<Dotenv>,
    files: Vec<Box<dyn Fn() + Send>>,
}

impl Reload {
    pub(super) fn new(filter: Filter, given: &[Given], dotenv: Dotenv) -> Self {
        let is_fixed = given.iter().any(|setting| setting.variable == LOG && setting.source != Source::Dotenv);
        Self { filter, dotenv: Some(dotenv).filter(|dotenv| dotenv.is_named && !is_fixed), files: Vec::new() }
    }

    /// Has something else read again, too.
    pub(super) fn add(&mut self, reload: impl Fn() + Send + 'static) {
        self.files.push(Box::new(reload));
    }

    /// Reads everything again at each SIGHUP, from now on.
    #[cfg(unix)]
    pub(super) fn at_each_signal(self) {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut hangups) = signal(SignalKind::hangup()) else { return };
        tokio::spawn(async move {
            while hangups.recv().await.is_some() {
                tracing::info!("SIGHUP: reading files again");
                self.now();
            }
        });
    }

    /// There is no such signal.
    #[cfg(not(unix))]
    pub(super) fn at_each_signal(self) {}

    #[cfg_attr(not(unix), expect(dead_code, reason = "there is no such signal"))]
    fn now(&self) {
        self.files.iter().for_each(|reload| reload());
        let Some(dotenv) = &self.dotenv else { return };
        match dotenv.again(LOG).and_then(|filter| self.filter.set(LOG, filter.as_deref()).map(|()| filter)) {
            Ok(filter) => tracing::info!(filter = filter.as_deref().unwrap_or("info"), "read what is logged again"),
            Err(error) => {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "what is logged cannot be read again: keeping it as it is"
                );
            }
        }
    }
}
