//! The records of a server that is alone: its own memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use moka::Expiry;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;
use parking_lot::Mutex;

use super::{Held, Notices, Records, Unavailable, Windows};

/// How many notes are kept.
const NOTES: u64 = 200_000;

/// How many bytes of records are kept; those that were used longest ago make room.
const RECORDS: u64 = 64 << 20;

/// The records of this process alone.
#[derive(Debug)]
pub struct InProcess {
    notes: Cache<String, Note>,
    records: Cache<String, Arc<Record>>,
}

#[derive(Clone, Copy, Debug)]
struct Note {
    number: u64,
    keep: Duration,
}

#[derive(Debug)]
struct Record {
    keep: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    text: String,
    /// Who holds it, and until when.
    holder: Option<(String, Instant)>,
}

struct AsSaid;

impl Expiry<String, Note> for AsSaid {
    fn expire_after_create(&self, _: &String, note: &Note, _: Instant) -> Option<Duration> {
        Some(note.keep)
    }
}

impl Expiry<String, Arc<Record>> for AsSaid {
    fn expire_after_create(&self, _: &String, record: &Arc<Record>, _: Instant) -> Option<Duration> {
        Some(record.keep)
    }
}

impl Default for InProcess {
    fn default() -> Self {
        let weight =
            |_: &String, record: &Arc<Record>| u32::try_from(record.state.lock().text.len()).unwrap_or(u32::MAX);
        let records = Cache::builder().weigher(weight).max_capacity(RECORDS).eviction_policy(EvictionPolicy::lru());
        Self {
            notes: Cache::builder().max_capacity(NOTES).expire_after(AsSaid).build(),
            records: records.expire_after(AsSaid).build(),
        }
    }
}

#[async_trait]
impl Records for InProcess {
    async fn note(&self, name: &str, number: u64, keep: Duration) -> Result<Option<u64>, Unavailable> {
        let entry = self.notes.entry_by_ref(name).or_insert(Note { number, keep });
        Ok((!entry.is_fresh()).then(|| entry.into_value().number))
    }

    async fn keep(&self, name: &str, record: String, keep: Duration) -> Result<(), Unavailable> {
        let state = Mutex::new(State { text: record, holder: None });
        self.records.insert(name.to_owned(), Arc::new(Record { keep, state }));
        Ok(())
    }

    async fn hold(&self, name: &str, holder: &str, long: Duration) -> Result<Held, Unavailable> {
        let Some(record) = self.records.get(name) else { return Ok(Held::Nothing) };
        let mut state = record.state.lock();
        if state.holder.as_ref().is_some_and(|(_, until)| *until > Instant::now()) {
            return Ok(Held::ByAnother);
        }
        state.holder = Some((holder.to_owned(), Instant::now() + long));
        Ok(Held::Record(state.text.clone()))
    }

    async fn update(
        &self,
        name: &str,
        holder: &str,
        record: Option<String>,
        long: Option<Duration>,
    ) -> Result<bool, Unavailable> {
        let Some(kept) = self.records.get(name) else { return Ok(false) };
        let mut state = kept.state.lock();
        if state.holder.as_ref().is_none_or(|(whose, until)| whose != holder || *until <= Instant::now()) {
            return Ok(false);
        }
        state.text = record.unwrap_or_else(|| std::mem::take(&mut state.text));
        state.holder = long.map(|long| (holder.to_owned(), Instant::now() + long));
        Ok(true)
    }

    fn let_go(&self, name: &str, holder: &str) {
        let Some(kept) = self.records.get(name) else { return };
        let mut state = kept.state.lock();
        if state.holder.as_ref().is_some_and(|(whose, _)| whose == holder) {
            state.holder = None;
        }
    }

    fn secret(&self) -> Option<[u8; 32]> {
        None
    }

    fn windows(&self) -> Option<Arc<dyn Windows>> {
        None
    }

    fn notices(&self) -> Option<Arc<dyn Notices>> {
        None
    }
}
