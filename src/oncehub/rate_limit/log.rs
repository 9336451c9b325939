use std::collections::VecDeque;
use std::sync::Arc;

use tokio::time::Instant;

use super::window::Window;

/// The requests that count in some windows, each with what is known about it, and the pause that OnceHub asked for.
#[derive(Debug)]
pub(super) struct Log<T> {
    pub(super) windows: Arc<[Window]>,
    /// The requests in order, for as long as the longest window counts them.
    pub(super) requests: VecDeque<(Instant, T)>,
    /// The end of a pause after OnceHub's rejection: no request is sent before it.
    pub(super) paused_until: Option<Instant>,
    /// The outage of a shared store that this counts in, if any: see [`super::shared`].
    pub(super) outage: u64,
}

impl<T> Log<T> {
    pub(super) fn new(windows: Arc<[Window]>) -> Self {
        Self { windows, requests: VecDeque::new(), paused_until: None, outage: 0 }
    }

    /// Returns the requests that a window counts.
    pub(super) fn within(&self, window: &Window, now: Instant) -> impl DoubleEndedIterator<Item = &(Instant, T)> {
        let counts = window.counts_for();
        self.requests.iter().filter(move |(at, _)| *at + counts > now)
    }

    /// Returns how many requests each window has left.
    pub(super) fn left(&self) -> Vec<(Window, usize)> {
        let now = Instant::now();
        let left = |window: &Window| window.requests.saturating_sub(self.within(window, now).count());
        self.windows.iter().map(|window| (*window, left(window))).collect()
    }

    /// Forgets the requests that no window counts any more. Only time does that: a later one may still be taken back.
    pub(super) fn expire(&mut self, now: Instant) {
        let longest = self.windows.iter().map(Window::counts_for).max().unwrap_or_default();
        while self.requests.front().is_some_and(|(at, _)| *at + longest <= now) {
            self.requests.pop_front();
        }
    }

    /// Extends the pause to `until`, if it ends earlier.
    pub(super) fn pause(&mut self, until: Instant) {
        self.paused_until = self.paused_until.max(Some(until));
    }
}
