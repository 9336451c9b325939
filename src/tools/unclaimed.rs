//! Changes whose callers left before the outcome was known. Cancelling a call does not stop a change that is on its way
//! to OnceHub: it is finished and checked, and reported to the account's next call that concerns the same thing.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::{Map, Value};

use crate::oncehub::{Client, Ledger};
use crate::records::untrusted::clean;

/// How many are kept for an account, and for how long.
const MOST: usize = 100;
const KEEP: Duration = Duration::from_hours(1);

/// The most characters reported of how one ended.
const LONGEST: usize = 500;

/// The unclaimed changes of all accounts. Each is reported to its own account only, whichever of its keys is used.
#[derive(Clone, Default)]
pub(super) struct Unclaimed(Arc<Mutex<VecDeque<Change>>>);

struct Change {
    /// The client of the account.
    oncehub: Client,
    ledger: Ledger,
    tool: String,
    at: Instant,
    /// The outcome, and the ids in it; `None` while it is in flight.
    ended: Option<(String, Vec<String>)>,
}

impl Unclaimed {
    /// Records that the caller of `tool` left while its change was in flight.
    pub(super) fn add(&self, oncehub: &Client, tool: &str, ledger: &Ledger) {
        let mut changes = self.0.lock();
        changes.retain(|change| change.at.elapsed() < KEEP);
        let mut own =
            (0..changes.len()).filter(|at| changes.get(*at).is_some_and(|it| it.oncehub.shares_account(oncehub)));
        if let (Some(oldest), true) = (own.next(), own.count() + 1 >= MOST) {
            changes.remove(oldest);
        }
        let (oncehub, ledger, tool) = (oncehub.clone(), ledger.clone(), tool.to_owned());
        changes.push_back(Change { oncehub, ledger, tool, at: Instant::now(), ended: None });
    }

    /// Records that the call with this ledger has ended.
    pub(super) fn ended(&self, ledger: &Ledger, result: &CallToolResult) {
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
        if let Some(change) = self.0.lock().iter_mut().find(|change| change.ledger.is(ledger)) {
            change.ended = Some((said, ids));
        }
    }

    /// Returns notes on unclaimed changes for a call through `oncehub` with these arguments and this result: those of
    /// its account that concern anything named in either. A change that has ended is reported once.
    pub(super) fn concerning(
        &self,
        oncehub: &Client,
        arguments: &Map<String, Value>,
        result: &CallToolResult,
    ) -> Vec<String> {
        let mut changes = self.0.lock();
        changes.retain(|change| change.at.elapsed() < KEEP);
        if changes.is_empty() {
            return Vec::new();
        }
        let mut named = Vec::new();
        arguments.values().chain(&result.structured_content).for_each(|value| push_texts(value, &mut named));
        let (mut notes, mut rest) = (Vec::new(), VecDeque::new());
        for change in changes.drain(..) {
            if !change.oncehub.shares_account(oncehub) || !change.concerns(&named) {
                rest.push_back(change);
                continue;
            }
            notes.push(change.told());
            if change.ended.is_none() {
                rest.push_back(change);
            }
        }
        *changes = rest;
        notes
    }
}

impl Change {
    fn concerns(&self, named: &[String]) -> bool {
        let own = self.ended.iter().flat_map(|(_, ids)| ids.iter().cloned());
        let about = self.ledger.about().into_iter().chain(own).map(|about| about.to_lowercase());
        about.filter(|about| !about.is_empty()).any(|about| named.iter().any(|text| text.contains(&about)))
    }

    fn told(&self) -> String {
        let Self { tool, ended, .. } = self;
        let what = format!("an earlier call to {tool} was cancelled by its client after its request had been sent");
        match ended {
            Some((said, _)) => format!("{what}. It ended with: {said}"),
            None => format!("{what}, and is still in flight: check again in a few seconds before changing anything"),
        }
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
