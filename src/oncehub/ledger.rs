use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// How many ids are kept: enough to ask OnceHub's support about, and never a growing heap.
const IDS: usize = 20;

/// What one call asked of OnceHub: how many requests, and under which ids OnceHub knows them. A clone writes into the same.
#[derive(Clone, Debug, Default)]
pub struct Ledger(Arc<Entries>);

#[derive(Debug, Default)]
struct Entries {
    requests: AtomicU32,
    ids: Mutex<Vec<String>>,
}

impl Ledger {
    /// How many requests have left.
    pub fn requests(&self) -> u32 {
        self.0.requests.load(Ordering::Relaxed)
    }

    /// OnceHub's ids of the first of them, comma-separated.
    pub fn ids(&self) -> String {
        self.0.ids.lock().unwrap_or_else(PoisonError::into_inner).join(",")
    }

    pub(super) fn sent(&self) {
        self.0.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn answered(&self, id: Option<&str>) {
        let mut ids = self.0.ids.lock().unwrap_or_else(PoisonError::into_inner);
        if ids.len() < IDS {
            ids.extend(id.map(str::to_owned));
        }
    }
}
