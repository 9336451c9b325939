//! A report in words.

use super::Report;
use super::group::{By, Counts, Group, Rate};
use crate::names::{Stop, thousands};
use crate::records::{quoted, word};

/// The statuses, in the order in which they are told; any other comes after them.
const STATUSES: [&str; 6] = ["completed", "no_show", "canceled", "scheduled", "rescheduled", "requested"];

/// Returns the whole report: what it lacks first.
pub(super) fn of(report: &Report, stopped: Option<&Stop>, by: &[By], groups: &[String]) -> String {
    let mut lines = Vec::new();
    let open = |end: &Option<String>, otherwise: &str| end.clone().unwrap_or_else(|| otherwise.to_owned());
    if let Some(why) = stopped {
        let why = match why {
            Stop::Most => "a call reads no more".to_owned(),
            Stop::Late => "the call's time was up".to_owned(),
            Stop::Failed(failure) => failure.message.clone(),
        };
        let (from, to) = (open(&report.covers.from_local, "ever"), open(&report.covers.to_local, "any time"));
        lines.push(format!("NOT COMPLETE: only what starts from {from} and before {to} is counted ({why})."));
    }
    let bookings = if report.total == 1 { "booking" } else { "bookings" };
    let asked = report.asked.as_ref().map(|asked| format!(" ({asked})")).unwrap_or_default();
    lines.push(format!("{} {bookings}{asked}; times in {}", thousands(report.total), report.time_zone));
    if report.total > 0 {
        lines.push(format!("all: {}", report.overall.text()));
    }
    if !by.is_empty() {
        let by: Vec<String> = by.iter().map(|by| by.to_string().to_lowercase()).collect();
        lines.push(format!("by {}:", by.join(" and ")));
    }
    lines.extend(groups.iter().map(|line| format!("- {line}")));
    if report.groups.iter().any(|group| group.counts.no_show_rate.is_none() || group.counts.cancel_rate.is_none()) {
        lines.push("no rates of fewer than 5".to_owned());
    }
    if report.past_but_scheduled > 0 {
        lines.push(format!("past but still scheduled: {} (in no rate)", report.past_but_scheduled));
    }
    if report.without_calendar > 0 {
        lines.push(format!("without a calendar (Classic pages, or none): {}", report.without_calendar));
    }
    for twice in &report.duplicates {
        let ids: Vec<String> = twice.ids.iter().map(|id| word(id)).collect();
        lines.push(format!("same guest twice in a week: {} {}", quoted(&twice.guest, 120), ids.join(" ")));
    }
    let uncounted = report.rows - report.total;
    if uncounted > 0 {
        lines.push(format!("read, but not counted (trash, other filters): {uncounted}"));
    }
    lines.extend(report.next_cursor.as_ref().map(|cursor| format!("more: call again with cursor {cursor}")));
    lines.join("\n")
}

impl Group {
    /// `"Dana Reyes" USR-1: 12 (…)`
    pub(super) fn text(&self, by: &[By]) -> String {
        let named = |((key, name), by): ((&String, &String), &By)| match by {
            _ if key.is_empty() => format!("(no {})", by.to_string().to_lowercase()),
            by if by.is_of_people() => quoted(name, 80),
            _ if key == name => word(key),
            _ => format!("{} {}", quoted(name, 60), word(key)),
        };
        let named: Vec<String> = self.key.iter().zip(&self.names).zip(by).map(named).collect();
        format!("{}: {}", named.join(", "), self.counts.text())
    }
}

impl Counts {
    fn text(&self) -> String {
        let place = |status: &String| STATUSES.iter().position(|known| known == status).unwrap_or(STATUSES.len());
        let mut counts: Vec<(&String, &usize)> = self.counts.iter().collect();
        counts.sort_by_key(|(status, _)| place(status));
        let counts: Vec<String> = counts.iter().map(|(status, count)| format!("{count} {}", word(status))).collect();
        let rate = |what: &str, rate: Option<Rate>| rate.map(|rate| format!("{what} {}% of {}", percent(rate), rate.n));
        let parts = [
            Some(format!("{} ({})", self.total, counts.join(", "))),
            Some(format!("{} h", self.hours)),
            rate("no-show", self.no_show_rate),
            self.cancel_rate
                .zip(self.reschedule_rate)
                .and_then(|(canceled, moved)| rate(&format!("canceled {}% and moved", percent(canceled)), Some(moved))),
            self.median_lead_days.map(|days| format!("lead {days} d")),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

/// Returns a rate in percent, to a tenth.
fn percent(rate: Rate) -> f64 {
    (rate.rate * 1000.0).round() / 10.0
}
