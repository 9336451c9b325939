//! Times of day: `3 pm`, `2:30pm`, `15:00`, `noon`.

use jiff::civil::Time;

pub(super) const NOON: Time = Time::constant(12, 0, 0, 0);

/// Takes a time of day from the beginning, and returns its readings. Without am or pm, an hour such as `3` or `3:30` may
/// be meant on either clock, unless `of_24` says that it is on the 24-hour clock.
pub(super) fn take<'a, 'b>(words: &'a [&'b str], of_24: bool) -> Option<(Vec<Time>, &'a [&'b str])> {
    let (is_announced, words) = match words {
        ["at" | "@", rest @ ..] => (true, rest),
        _ => (false, words),
    };
    let (said, half, rest) = match words {
        ["noon", rest @ ..] => return Some((vec![NOON], rest)),
        [said, half @ ("am" | "pm"), rest @ ..] => (said, Some(*half), rest),
        [said, rest @ ..] if is_announced || said.contains(':') => (said, None, rest),
        _ => return None,
    };
    // Nobody writes 03:00 or 10:30 on a clock of twelve hours without its half, but 3:30 or 3.
    let has_two_digits = said.starts_with('0') || said.find(':') == Some(2);
    let mut parts = said.split(':');
    let hour = number(parts.next()?, 1)?;
    let minute = parts.next().map_or(Some(0), |minute| number(minute, 2))?;
    let second = parts.next().map_or(Some(0), |second| number(second, 2))?;
    if parts.next().is_some() {
        return None;
    }
    let hours = match half {
        Some(half) if (1..=12).contains(&hour) => vec![hour % 12 + if half == "pm" { 12 } else { 0 }],
        Some(_) => return None,
        None if of_24 || has_two_digits || !(1..=11).contains(&hour) => vec![hour],
        None => vec![hour, hour + 12],
    };
    let times: Option<Vec<Time>> = hours.into_iter().map(|hour| Time::new(hour, minute, second, 0).ok()).collect();
    Some((times?, rest))
}

/// Parses a number of two digits, or at least as many as are wanted.
fn number(text: &str, least: usize) -> Option<i8> {
    let is_digits = (least..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_digits)
}
