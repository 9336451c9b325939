use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::Mutex;
use serde_json::Value;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// The most request ids that are kept: enough to quote to OnceHub's support, without growing forever.
const IDS: usize = 20;

/// The record of one call: how many requests it has sent, OnceHub's ids for them, whether one of its changes is in
/// flight, and how it failed. Clones share the record.
#[derive(Clone, Debug, Default)]
pub struct Ledger(Arc<Mutex<Entries>>);

#[derive(Debug, Default)]
struct Entries {
    requests: u32,
    ids: Vec<String>,
    /// OnceHub's clock, by its first response.
    server_time: Option<SystemTime>,
    /// The process's in-flight changes.
    in_flight: TaskTracker,
    /// Held from the first change that is sent until the call ends.
    token: Option<TaskTrackerToken>,
    /// Whether a change has been sent.
    has_written: bool,
    /// The ids and addresses that the changes are about.
    about: Vec<String>,
    /// Whether the caller has gone.
    is_abandoned: bool,
    /// The type of the failure that the call ended with.
    failure: Option<&'static str>,
    /// How many of its requests wait for the rate limits.
    waiting: usize,
}

/// A request of a call that waits for the rate limits, until it is dropped.
#[derive(Debug)]
pub struct Waiting(Ledger);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.0.lock().waiting -= 1;
    }
}

impl Ledger {
    /// Creates a record whose changes are tracked by `in_flight` until the call ends. Once that tracker is closed, no
    /// more changes are sent.
    pub fn tracked_by(in_flight: &TaskTracker) -> Self {
        Self(Arc::new(Mutex::new(Entries { in_flight: in_flight.clone(), ..Entries::default() })))
    }

    /// Returns how many requests have been sent.
    pub fn requests(&self) -> u32 {
        self.0.lock().requests
    }

    /// Returns OnceHub's ids of the first requests, comma-separated.
    pub fn ids(&self) -> String {
        self.0.lock().ids.join(",")
    }

    /// Returns what time it was by OnceHub's clock at its first response, if that said so.
    pub fn server_time(&self) -> Option<SystemTime> {
        self.0.lock().server_time
    }

    /// Records the type of the failure that the call ends with: one of few, for metrics.
    pub fn fail(&self, kind: &'static str) {
        self.0.lock().failure = Some(kind);
    }

    /// Returns the type of the failure that the call ended with, if it failed.
    pub fn failure(&self) -> Option<&'static str> {
        self.0.lock().failure
    }

    /// Records that a request waits for the rate limits.
    pub fn waiting(&self) -> Waiting {
        self.0.lock().waiting += 1;
        Waiting(self.clone())
    }

    /// Returns whether the rate limits hold up a request.
    pub fn is_waiting(&self) -> bool {
        self.0.lock().waiting > 0
    }

    /// Marks the call as abandoned by its caller. Returns true if a change has been sent: then the call has to
    /// continue, to learn the outcome. If not, none will be sent.
    pub fn abandon(&self) -> bool {
        let mut entries = self.0.lock();
        entries.is_abandoned = true;
        entries.has_written
    }

    /// Returns whether the caller has gone.
    pub fn is_abandoned(&self) -> bool {
        self.0.lock().is_abandoned
    }

    /// Returns whether both are the record of the same call.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Returns the ids and addresses that the changes sent so far are about.
    pub fn about(&self) -> Vec<String> {
        self.0.lock().about.clone()
    }

    /// Ends the call, however it went: none of its changes is in flight any more.
    pub fn end(&self) {
        self.0.lock().token = None;
    }

    /// Records that a change is about to be sent, if it may be.
    ///
    /// # Errors
    /// Why it may not, in words: nobody would learn its outcome.
    pub(super) fn begin_change(&self, about: &[String]) -> Result<(), &'static str> {
        let mut entries = self.0.lock();
        if entries.is_abandoned {
            return Err("the call was cancelled before its request was sent");
        }
        // In this order, so that closing the tracker either waits for this change or prevents it.
        let token = entries.in_flight.token();
        if entries.in_flight.is_closed() {
            return Err("the server is shutting down, and the request was not sent");
        }
        (entries.token, entries.has_written) = (Some(token), true);
        for text in about {
            if !entries.about.contains(text) {
                entries.about.push(text.clone());
            }
        }
        Ok(())
    }

    pub(super) fn sent(&self) {
        self.0.lock().requests += 1;
    }

    pub(super) fn answered(&self, id: Option<&str>, server_time: Option<SystemTime>) {
        let mut entries = self.0.lock();
        entries.server_time = entries.server_time.or(server_time);
        if entries.ids.len() < IDS {
            entries.ids.extend(id.map(str::to_owned));
        }
    }
}

/// Returns what a change is about: the id in its path, and the e-mail addresses, phone numbers and URLs in its body.
pub(super) fn about(path: &[&str], body: &Value) -> Vec<String> {
    let mut about: Vec<String> = id_in(path).into_iter().map(str::to_owned).collect();
    push_addresses(body, &mut about);
    about
}

/// Returns a path with `{id}` for the id in it: one of few, whatever an id looks like.
pub(super) fn outline(path: &[&str]) -> String {
    let is_id = |at| at == 1 && id_in(path).is_some();
    path.iter().enumerate().map(|(at, part)| if is_id(at) { "/{id}".to_owned() } else { format!("/{part}") }).collect()
}

/// Returns the id in a path: it is second, and only the list of text messages has a word there.
fn id_in<'a>(path: &[&'a str]) -> Option<&'a str> {
    path.get(1).copied().filter(|part| *part != "sms")
}

fn push_addresses(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.contains('@') || text.contains("://") || text.starts_with('+') => {
            found.push(text.clone());
        }
        Value::Array(values) => values.iter().for_each(|value| push_addresses(value, found)),
        Value::Object(fields) => fields.values().for_each(|value| push_addresses(value, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_abandoned_call_goes_on_only_if_its_change_has_been_sent() {
        let (idle, writing) = (Ledger::default(), Ledger::default());
        writing.begin_change(&["BKNG-1".into()]).unwrap();
        assert!(!idle.abandon() && idle.begin_change(&[]).is_err(), "nothing leaves for a caller who has gone");
        assert!(writing.abandon() && writing.about() == ["BKNG-1"]);
        assert!(writing.begin_change(&[]).is_err(), "nor does a second change");
    }

    #[test]
    fn an_id_is_known_by_its_place_whatever_it_looks_like() {
        for (path, outlined, id) in [
            (&["bookings"][..], "/bookings", None),
            (&["bookings", "BKNG-1", "cancel"], "/bookings/{id}/cancel", Some("BKNG-1")),
            (&["contacts", "sarah"], "/contacts/{id}", Some("sarah")),
            (&["notifications", "sms"], "/notifications/sms", None),
        ] {
            assert_eq!(
                (outline(path), about(path, &Value::Null)),
                (outlined.to_owned(), Vec::from_iter(id.map(str::to_owned)))
            );
        }
    }

    #[tokio::test]
    async fn a_closed_tracker_waits_for_what_has_been_sent_and_lets_nothing_more_leave() {
        let all = TaskTracker::new();
        let (early, late) = (Ledger::tracked_by(&all), Ledger::tracked_by(&all));
        early.begin_change(&[]).unwrap();
        all.close();
        assert!(late.begin_change(&[]).is_err());
        assert_eq!(all.len(), 1);
        early.end();
        all.wait().await;
    }
}
