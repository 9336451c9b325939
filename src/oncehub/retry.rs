//! What may be retried, and when: a pure function, tested without a socket.

use std::time::{Duration, SystemTime};

use reqwest::header::{DATE, HeaderMap};

use super::Cause;

/// The most attempts at one request, the first included, if the failure may be transient.
const ATTEMPTS: u32 = 4;
/// The most attempts at one request, whatever the failure: a rate limit is certain to pass.
pub(super) const MOST_ATTEMPTS: u32 = 8;
/// The length of OnceHub's shorter window: the base of the wait after a 429 without `Retry-After`.
const RATE_LIMIT_PAUSE: Duration = Duration::from_secs(1);
/// The longest backoff, before jitter; the call's deadline limits it further.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

/// Returns how long to wait before a retry, or `None` for no retry, after attempt number `attempt` (from 1) has failed,
/// with `jitter` in 0..1.
///
/// A read is retried whenever the failure may be transient; a write only if it cannot have been carried out. Among
/// statuses only a 429 says so, whatever type the body claims: OnceHub has no idempotency key. After a rate limit, the
/// whole account pauses for that long, not only this request.
pub(super) fn decide(cause: &Cause, reads: bool, attempt: u32, jitter: f64) -> Option<Duration> {
    let backoff = |base: Duration| {
        let doubled = base.saturating_mul(1 << attempt.saturating_sub(1).min(6));
        doubled.min(LONGEST_PAUSE).mul_f64(1.0 + jitter / 2.0)
    };
    match cause {
        // However often: what was asked for last must make the account pause, too.
        Cause::Rejected(rejection) if rejection.is_429() || reads && rejection.is_rate_limit() => {
            Some(rejection.retry_after.unwrap_or_else(|| backoff(RATE_LIMIT_PAUSE)))
        }
        Cause::Unreachable(_) if attempt < ATTEMPTS => Some(backoff(Duration::from_millis(150))),
        _ if !reads || attempt >= ATTEMPTS => None,
        Cause::Rejected(rejection) if rejection.is_internal() => {
            Some(rejection.retry_after.unwrap_or_else(|| backoff(Duration::from_millis(200))))
        }
        Cause::ConnectionLost(_) => Some(backoff(Duration::from_millis(100))),
        Cause::UnexpectedReply { status, .. } if *status >= 500 || (200..300).contains(status) => {
            Some(backoff(Duration::from_millis(200)))
        }
        _ => None,
    }
}

/// Reads `Retry-After`: seconds, or an HTTP date.
pub(super) fn retry_after(header: &str, now: SystemTime) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds.min(86_400.0)).ok();
    }
    let at = httpdate::parse_http_date(header).ok()?;
    Some(at.duration_since(now).unwrap_or_default())
}

/// Reads what time it is by OnceHub's clock.
pub(super) fn server_time(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::super::Rejection;
    use super::*;

    fn rejected(status: u16, kind: &str, retry_after: Option<u64>) -> Cause {
        Cause::Rejected(Rejection {
            kind: kind.into(),
            message: String::new(),
            param: None,
            status,
            request_id: None,
            retry_after: retry_after.map(Duration::from_secs),
        })
    }

    #[test]
    fn a_write_is_sent_again_only_where_it_cannot_have_happened() {
        let lost = Cause::ConnectionLost(String::new());
        let cut = Cause::UnexpectedReply { problem: String::new(), status: 200, request_id: None };
        let busy = rejected(503, "rate_limit_error", Some(1));
        let late = Cause::Timeout(Duration::ZERO);
        for doubtful in [&lost, &cut, &late, &busy, &rejected(500, "api_error", None), &rejected(499, "", None)] {
            assert_eq!(decide(doubtful, false, 1, 0.0), None, "{doubtful:?}");
            assert!(doubtful.may_have_happened(), "{doubtful:?}");
        }
        let refused = ["rate_limit_error", "api_error"].map(|kind| rejected(429, kind, None));
        for refused in refused.into_iter().chain([Cause::Unreachable(String::new())]) {
            assert!(decide(&refused, false, 1, 0.0).is_some(), "{refused:?}");
            assert!(!refused.may_have_happened(), "{refused:?}");
        }
    }

    #[test]
    fn a_read_is_tried_again_but_not_for_ever() {
        let lost = Cause::ConnectionLost(String::new());
        assert_eq!(decide(&lost, true, 1, 0.0), Some(Duration::from_millis(100)));
        assert_eq!(decide(&lost, true, 3, 0.0), Some(Duration::from_millis(400)));
        assert_eq!(decide(&lost, true, ATTEMPTS, 0.0), None);
    }

    #[test]
    fn what_will_not_change_is_not_tried_again() {
        for final_word in [rejected(404, "invalid_request_error", None), rejected(401, "authentication_error", None)] {
            assert_eq!(decide(&final_word, true, 1, 0.0), None);
        }
    }

    #[test]
    fn retry_after_is_honoured_in_both_its_forms() {
        let wait = decide(&rejected(429, "rate_limit_error", Some(7)), false, 1, 0.9);
        assert_eq!(wait, Some(Duration::from_secs(7)));
        let now = SystemTime::UNIX_EPOCH;
        assert_eq!(retry_after(" 2 ", now), Some(Duration::from_secs(2)));
        assert_eq!(retry_after("Thu, 01 Jan 1970 00:00:09 GMT", now), Some(Duration::from_secs(9)));
        for odd in ["", "soon", "-3", "NaN", "inf"] {
            assert!(retry_after(odd, now).is_none_or(|wait| wait <= Duration::from_hours(24)), "{odd}");
        }
    }
}
