use std::time::Duration;

/// At most so many requests in any stretch of so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How many requests.
    pub requests: usize,
    /// In how long.
    pub period: Duration,
}

/// What a window is stretched by, for requests that overtake each other on their way.
pub(super) const SLACK: Duration = Duration::from_millis(50);

impl Window {
    /// Reads `5/1s`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (requests, period) = text.split_once('/')?;
        let requests: usize = requests.trim().parse().ok().filter(|n| (1..=100_000).contains(n))?;
        let period = period.trim();
        let (number, seconds) = match period.chars().last()? {
            's' => (period.strip_suffix('s')?, 1),
            'm' => (period.strip_suffix('m')?, 60),
            'h' => (period.strip_suffix('h')?, 3600),
            _ => return None,
        };
        let number: u64 = if number.is_empty() { 1 } else { number.parse().ok()? };
        let seconds = number.checked_mul(seconds).filter(|seconds| (1..=86_400).contains(seconds))?;
        Some(Self { requests, period: Duration::from_secs(seconds) })
    }
}
