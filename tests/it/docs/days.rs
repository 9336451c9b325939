//! Days on which the commands of the pages have to do the same as on the day that the pages show.

use jiff::civil::Weekday;
use rmcp::model::CallToolResult;

use super::bench::text_of;

/// Moments at which weeks, months, years and clocks turn.
const DAYS: &[(&str, &str)] = &[
    ("a Saturday", "2026-11-28T15:00:00Z"),
    ("half an hour before the year ends", "2027-01-01T04:30:00Z"),
    ("a leap day", "2028-02-29T15:00:00Z"),
    ("a Sunday in New York that is a Monday in London", "2026-11-30T02:00:00Z"),
    ("a Wednesday", "2026-11-25T16:30:00Z"),
    ("a Friday evening", "2026-11-27T23:00:00Z"),
    ("New Year's Day", "2027-01-01T15:00:00Z"),
    ("the end of January", "2027-01-31T15:00:00Z"),
    ("the day before clocks go forward in New York", "2027-03-13T15:00:00Z"),
    ("the moment before clocks go forward in New York", "2027-03-14T06:59:59Z"),
    ("the moment clocks go forward in London", "2027-03-28T01:00:00Z"),
    ("the end of April", "2027-04-30T14:00:00Z"),
    ("the hour before clocks go back in London", "2027-10-31T00:30:00Z"),
    ("the hour before clocks go back in New York", "2027-11-07T05:30:00Z"),
];

/// Some of them, and all at night.
pub(super) fn days() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    DAYS.iter().take(crate::cases(1, DAYS.len()))
}

/// The outcome of a call: the error's type and argument, or the words with which a reply begins, without numbers, days
/// and ids, also such as happen to have no digit.
pub(super) fn outcome(result: &CallToolResult) -> String {
    if result.is_error == Some(true) {
        let error = &result.structured_content.as_ref().unwrap()["error"];
        return format!("{}: {}", error["type"], error["argument"]);
    }
    let text = text_of(result);
    let words = text.split([':', '(', ',', ';', '|', '\n']).next().unwrap().split_whitespace();
    let is_day = |word: &str| Weekday::Monday.cycle_forward().take(7).any(|day| format!("{day:?}").starts_with(word));
    // `12 of 15` are as good as `9`.
    let is_count = |word: &str| word == "of" || word.contains(|c: char| c.is_ascii_digit());
    let is_id = |word: &str| word.len() > 9 && word.contains('-') && word == word.to_ascii_uppercase();
    let is_said = |word: &&str| !is_count(word) && !is_id(word) && !is_day(word);
    words.filter(is_said).map(|word| word.strip_suffix('s').unwrap_or(word)).collect::<Vec<_>>().join(" ")
}
