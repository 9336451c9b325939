//! Changes whose callers left before the outcome was known. Cancelling a call does not stop a change that is on its way
//! to OnceHub: it is finished and checked, and reported to the account's next call that concerns the same thing, also at
//! another server that shares a store with this one.

mod shared;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::{Map, Value};

use crate::oncehub::{Client, Ledger};
use crate::records::untrusted::clean;
use crate::store::Notices;
use shared::{Ending, Shared};

/// How many are kept for an account, and for how long.
const MOST: usize = 100;
const KEEP: Duration = Duration::from_hours(1);

/// The most characters reported of how one ended.
const LONGEST: usize = 500;

/// How a call has ended that has failed without a result.
const UNKNOWN: &str = "It ended without a result, so whether it was carried out is unknown";

/// The unclaimed changes of all accounts. Each is reported to its own account only, whichever of its keys is used.
#[derive(Clone, Default)]
pub(super) struct Unclaimed {
    changes: Arc<Mutex<VecDeque<Change>>>,
    /// What other servers know of them.
    shared: Option<Shared>,
}

#[derive(Clone)]
struct Change {
    /// Its id, which no other has at any server.
    id: String,
    /// The client of the account.
    oncehub: Client,
    ledger: Ledger,
    tool: String,
    at: Instant,
    /// `None` while it is in flight.
    ended: Option<Ended>,
}

/// How a change has ended.
#[derive(Clone)]
struct Ended {
    /// The outcome, in a sentence.
    told: String,
    /// The ids in it.
    ids: Vec<String>,
}

impl Unclaimed {
    /// Returns the same, which are reported by all servers that share these notices.
    #[must_use]
    pub(super) fn shared_by(&self, notices: Option<Arc<dyn Notices>>) -> Self {
        Self { changes: Arc::clone(&self.changes), shared: notices.map(Shared) }
    }

    /// Records that the caller of `tool` left while its change was in flight.
    pub(super) fn add(&self, oncehub: &Client, tool: &str, ledger: &Ledger) {
        let mut changes = self.changes.lock();
        changes.retain(|change| change.at.elapsed() < KEEP);
        let mut own =
            (0..changes.len()).filter(|at| changes.get(*at).is_some_and(|it| it.oncehub.shares_account(oncehub)));
        if let (Some(oldest), true) = (own.next(), own.count() + 1 >= MOST) {
            changes.remove(oldest);
        }
        let id = format!("{:032x}", fastrand::u128(..));
        let (oncehub, ledger, tool) = (oncehub.clone(), ledger.clone(), tool.to_owned());
        changes.push_back(Change { id, oncehub, ledger, tool, at: Instant::now(), ended: None });
    }

    /// Tells other servers that the change with this ledger is in flight.
    pub(super) async fn tell_in_flight(&self, ledger: &Ledger) {
        let change = self.changes.lock().iter().find(|change| change.ledger.is(ledger)).cloned();
        if let (Some(shared), Some(change)) = (&self.shared, change) {
            shared.leave(&change, None).await;
        }
    }

    /// Records that the call with this ledger has ended, and tells other servers. Without a result it has failed in a way
    /// that says nothing about its change: it has panicked, for one.
    pub(super) async fn end(&self, ledger: &Ledger, result: Option<&CallToolResult>) {
        let ended = result.map_or_else(Ended::unknown, Ended::with);
        let change = {
            let mut changes = self.changes.lock();
            let Some(change) = changes.iter_mut().find(|change| change.ledger.is(ledger)) else { return };
            change.ended = Some(ended);
            change.clone()
        };
        if let Some(shared) = &self.shared {
            shared.leave(&change, Some(Ending::of(result))).await;
        }
    }

    /// Returns notes on unclaimed changes for a call through `oncehub` with these arguments and this result: those of
    /// its account that concern anything named in either. A change that has ended is reported once.
    pub(super) async fn concerning(
        &self,
        oncehub: &Client,
        arguments: &Map<String, Value>,
        result: &CallToolResult,
    ) -> Vec<String> {
        let shared = self.shared.as_ref().filter(|_| oncehub.has_notices());
        if shared.is_none() && self.changes.lock().is_empty() {
            return Vec::new();
        }
        let mut named = Vec::new();
        arguments.values().chain(&result.structured_content).for_each(|value| push_texts(value, &mut named));
        let (mut notes, mut here) = (Vec::new(), Vec::new());
        for change in self.claim(oncehub, &named, &mut here) {
            let is_news = match (&self.shared, &change.ended) {
                (Some(shared), Some(_)) => shared.is_first_to_tell(&change).await,
                _ => true,
            };
            notes.extend(is_news.then(|| change.told()));
        }
        if let Some(shared) = shared {
            notes.extend(shared.of_others(oncehub, &named, &here).await);
        }
        notes
    }

    /// Returns the changes made here that a call with these texts is told of; drops those that have ended. `here` gets
    /// the ids of all of the account's.
    fn claim(&self, oncehub: &Client, named: &[String], here: &mut Vec<String>) -> Vec<Change> {
        let mut changes = self.changes.lock();
        changes.retain(|change| change.at.elapsed() < KEEP);
        let mut told = Vec::new();
        changes.retain(|change| {
            if !change.oncehub.shares_account(oncehub) {
                return true;
            }
            here.push(change.id.clone());
            let is_told = concerns(&change.about(), named);
            if is_told {
                told.push(change.clone());
            }
            !is_told || change.ended.is_none()
        });
        told
    }
}

impl Ended {
    fn unknown() -> Self {
        Self { told: format!("{UNKNOWN}: look before changing anything"), ids: Vec::new() }
    }

    fn with(result: &CallToolResult) -> Self {
        let said = result.content.iter().find_map(|block| block.as_text()).map_or("", |text| &*text.text);
        // The first line says what was done, or what failed; the object follows.
        let said: String = clean(said.lines().next().unwrap_or_default()).chars().take(LONGEST).collect();
        let fields = result.structured_content.as_ref().and_then(Value::as_object);
        let own = ["booking_id", "id", "user_id", "url"].iter().filter_map(|name| fields?.get(*name));
        // Of a booking that was moved, both.
        let both = ["from", "to"].iter().filter_map(|name| fields?.get(*name)?.get("id"));
        let ids: Vec<String> = own.chain(both).filter_map(Value::as_str).map(str::to_owned).collect();
        // What it made is found by its id and its time.
        let when = fields.and_then(|fields| fields.get("starting_time_local")).and_then(Value::as_str);
        let unsaid = ids.iter().map(String::as_str).chain(when).filter(|text| !said.contains(text));
        let unsaid = clean(&unsaid.collect::<Vec<_>>().join(", ")).into_owned();
        let said = if unsaid.is_empty() { said } else { format!("{said} ({unsaid})") };
        Self { told: format!("It ended with: {said}"), ids }
    }
}

impl Change {
    /// Returns what it is about: ids, and the addresses in its request.
    fn about(&self) -> Vec<String> {
        let own = self.ended.iter().flat_map(|ended| ended.ids.iter().cloned());
        self.ledger.about().into_iter().chain(own).collect()
    }

    fn told(&self) -> String {
        let what = cancelled(&self.tool);
        match &self.ended {
            Some(ended) => format!("{what}. {}", ended.told),
            None => format!("{what}, and is still in flight: check again in a few seconds before changing anything"),
        }
    }
}

fn cancelled(tool: &str) -> String {
    format!("an earlier call to {tool} was cancelled by its client after its request had been sent")
}

/// Returns whether any of what a change is about stands in these texts, which are in lower case.
fn concerns(about: &[String], named: &[String]) -> bool {
    let about = about.iter().map(|about| about.to_lowercase()).filter(|about| !about.is_empty());
    about.into_iter().any(|about| named.iter().any(|text| names(text, &about)))
}

/// Returns whether an id or an address stands in a text by itself, not as part of another: `ann@example.com` is not in
/// `joann@example.com`.
fn names(text: &str, about: &str) -> bool {
    let joints = if about.contains("://") { ".+'@/?#" } else { ".+'@" };
    text.match_indices(about).any(|(at, _)| {
        let (before, after) = (text.get(..at), text.get(at + about.len()..));
        let goes_on = before.is_some_and(|before| is_joined(before.chars().rev(), joints));
        !goes_on && !after.is_some_and(|after| is_joined(after.chars(), joints))
    })
}

/// Returns whether what lies beyond the edge of an id or an address is more of it: a character of one, at once or after a
/// joint. The full stop that ends a sentence is none.
fn is_joined(mut beyond: impl Iterator<Item = char>, joints: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match beyond.next() {
        Some(c) if joints.contains(c) => beyond.next().is_some_and(is_part),
        next => next.is_some_and(is_part),
    }
}

/// Collects every text inside a value, in lower case.
fn push_texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.to_lowercase()),
        Value::Array(values) => values.iter().for_each(|value| push_texts(value, found)),
        Value::Object(fields) => fields.values().for_each(|value| push_texts(value, found)),
        _ => {}
    }
}

/// Puts notes before everything else in a result.
pub(super) fn tell(result: &mut CallToolResult, notes: &[String]) {
    if notes.is_empty() {
        return;
    }
    let lines: Vec<String> = notes.iter().map(|note| format!("note: {note}")).collect();
    result.content.insert(0, ContentBlock::text(lines.join("\n")));
    if let Some(Value::Object(fields)) = &mut result.structured_content {
        let before = fields.get("note").and_then(Value::as_str).map(str::to_owned);
        let all: Vec<String> = notes.iter().cloned().chain(before).collect();
        fields.insert("note".into(), all.join(" ").into());
    }
}
