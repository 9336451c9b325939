use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A limit of this many requests in any period of this length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The number of requests.
    pub requests: usize,
    /// The length of the period.
    pub period: Duration,
}

/// The time by which a window is stretched, for requests that overtake each other in transit.
pub(super) const SLACK: Duration = Duration::from_millis(50);

/// The rate limits to respect, per account and per address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Windows {
    /// The windows of each account, whichever of its keys is used.
    pub account: Vec<Window>,
    /// The windows of the IP address that requests are sent from, which all accounts share.
    pub address: Vec<Window>,
}

/// A rate limit that cannot be parsed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}: write it like account=5/1s,address=200/5m, or off")]
pub struct BadWindows {
    problem: String,
}

impl Window {
    /// Returns how long a request counts.
    pub(super) fn counts_for(&self) -> Duration {
        self.period + SLACK
    }

    /// Returns at how many requests it is nearly used up: seven eighths.
    pub(super) fn nearly_used_up(&self) -> usize {
        (self.requests * 7).div_ceil(8)
    }

    /// Parses `5/1s`.
    fn read(text: &str) -> Result<Self, BadWindows> {
        let bad = |problem: &str| BadWindows { problem: format!("'{text}' {problem}") };
        let (requests, period) = text.split_once('/').ok_or_else(|| bad("is not a number of requests in a period"))?;
        let requests = requests.trim().parse().ok().filter(|n| (1..=100_000).contains(n));
        let requests = requests.ok_or_else(|| bad("does not begin with a number of requests from 1 to 100000"))?;
        let bad_period = || bad("does not end with a period of seconds, minutes or hours (s, m, h), a day at most");
        let period = period.trim();
        let (number, seconds) = [('s', 1), ('m', 60), ('h', 3600)]
            .into_iter()
            .find_map(|(unit, seconds)| Some((period.strip_suffix(unit)?, seconds)))
            .ok_or_else(bad_period)?;
        let number: u64 = if number.is_empty() { 1 } else { number.parse().map_err(|_| bad_period())? };
        let seconds = number.checked_mul(seconds).filter(|seconds| (1..=86_400).contains(seconds));
        Ok(Self { requests, period: Duration::from_secs(seconds.ok_or_else(bad_period)?) })
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.period.as_secs();
        match seconds {
            _ if seconds.is_multiple_of(3600) => write!(f, "{}/{}h", self.requests, seconds / 3600),
            _ if seconds.is_multiple_of(60) => write!(f, "{}/{}m", self.requests, seconds / 60),
            _ => write!(f, "{}/{seconds}s", self.requests),
        }
    }
}

impl Windows {
    /// Returns the limits that OnceHub sets.
    pub fn oncehub() -> Self {
        Self {
            account: vec![Window { requests: 5, period: Duration::from_secs(1) }],
            address: vec![Window { requests: 200, period: Duration::from_mins(5) }],
        }
    }

    /// Returns both kinds: the limits of an account that is alone at its address.
    pub fn all(&self) -> Vec<Window> {
        [&*self.account, &*self.address].concat()
    }

    /// Returns what has no window, if anything.
    pub fn unguarded(&self) -> Option<&'static str> {
        match (self.account.is_empty(), self.address.is_empty()) {
            (true, true) => Some("neither an account nor this machine's address has a window"),
            (true, false) => Some("an account has no window"),
            (false, true) => Some("this machine's address, which all accounts share, has no window"),
            (false, false) => None,
        }
    }
}

impl FromStr for Windows {
    type Err = BadWindows;

    /// Parses `account=5/1s,address=200/5m`, where a name may appear more than once, or `off`. Windows without names
    /// are an older form: the shortest is the account's, the others are the address's.
    fn from_str(text: &str) -> Result<Self, BadWindows> {
        if text.trim().eq_ignore_ascii_case("off") {
            return Ok(Self::default());
        }
        let (mut windows, mut unnamed) = (Self::default(), Vec::new());
        for part in text.split(',').map(str::trim) {
            match part.split_once('=').map(|(name, window)| (name.trim(), window.trim())) {
                Some(("account", window)) => windows.account.push(Window::read(window)?),
                Some(("address", window)) => windows.address.push(Window::read(window)?),
                Some((name, _)) => {
                    return Err(BadWindows {
                        problem: format!("'{name}' has no windows, only account and address have"),
                    });
                }
                None => unnamed.push(Window::read(part)?),
            }
        }
        if unnamed.is_empty() {
            return Ok(windows);
        }
        if windows != Self::default() {
            return Err(BadWindows { problem: format!("'{text}' names some of its windows and not others") });
        }
        unnamed.sort_by_key(|window| window.period);
        let address = unnamed.split_off(1);
        Ok(Self { account: unnamed, address })
    }
}

impl fmt::Display for Windows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let account = self.account.iter().map(|window| format!("account={window}"));
        let address = self.address.iter().map(|window| format!("address={window}"));
        match &*account.chain(address).collect::<Vec<_>>() {
            [] => f.write_str("off"),
            windows => f.write_str(&windows.join(",")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_named_or_told_apart_by_their_length() {
        let oncehub = Windows::oncehub();
        assert_eq!(oncehub.to_string(), "account=5/1s,address=200/5m");
        for same in [
            "account=5/1s,address=200/5m", " address = 200/5m , account = 5/s ", "5/1s,200/5m", "200/5m, 5/1s",
            "200/300s,5/1s",
        ] {
            assert_eq!(same.parse(), Ok(oncehub.clone()), "{same}");
        }
        let read = |text: &str| text.parse::<Windows>().unwrap().to_string();
        assert_eq!(read("1000/2h,200/5m,5/1s"), "account=5/1s,address=200/5m,address=1000/2h");
        assert_eq!(read("address=9/1m,account=5/1s,account=100/90s"), "account=5/1s,account=100/90s,address=9/1m");
        assert_eq!(read("200/5m"), "account=200/5m");
        assert_eq!(read("OFF"), "off");
    }

    #[test]
    fn what_is_left_unguarded_is_known() {
        let unguarded = |text: &str| text.parse::<Windows>().unwrap().unguarded().unwrap_or("nothing");
        assert_eq!(unguarded("account=5/1s,address=200/5m"), "nothing");
        assert!(unguarded("200/5m").contains("this machine's address"));
        assert!(unguarded("address=200/5m").starts_with("an account"));
        assert!(unguarded("off").starts_with("neither"));
    }

    #[test]
    fn a_setting_that_cannot_be_read_says_what_is_wrong_and_shows_the_form() {
        for (bad, reason) in [
            ("", "'' is not a number of requests in a period"),
            ("5", "'5' is not a number of requests"),
            ("5/", "'5/' does not end with a period"),
            ("0/1s", "'0/1s' does not begin with a number of requests"),
            ("-1/1s", "does not begin with a number"),
            ("5/1d", "'5/1d' does not end with a period"),
            ("5/0s", "does not end with a period"),
            ("5/1s,", "'' is not"),
            ("5/99999999999999999999s", "does not end with a period"),
            ("5/1\u{e9}", "does not end with a period"),
            ("acount=5/1s", "'acount' has no windows"),
            ("=5/1s", "'' has no windows"),
            ("account=", "'' is not"),
            ("account=5/1s,200/5m", "names some of its windows and not others"),
            ("account=off", "'off' is not"),
        ] {
            let told = bad.parse::<Windows>().unwrap_err().to_string();
            assert!(told.contains(reason) && told.contains("account=5/1s,address=200/5m"), "{bad:?}: {told}");
        }
    }
}
