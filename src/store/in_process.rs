//! The records of a server that is alone: its own memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use moka::Expiry;
use moka::ops::compute::Op;
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::{Held, Notices, Records, Unavailable, Windows};

/// How many notes are kept; the least recently used ones make room.
const NOTES: u64 = 200_000;

/// How many bytes of records are kept, with their names; the least recently used ones make room.
const RECORDS: u64 = 64 << 20;

/// The records of this process alone.
#[derive(Debug)]
pub struct InProcess {
    notes: Cache<String, Note>,
    records: Cache<String, Record>,
}

#[derive(Clone, Copy, Debug)]
struct Note {
    number: u64,
    ends: Instant,
}

#[derive(Clone, Debug)]
struct Record {
    text: Arc<str>,
    ends: Instant,
    /// Who holds it, and until when.
    holder: Option<(Arc<str>, Instant)>,
}

impl Record {
    /// Returns who holds it now.
    fn held_by(&self) -> Option<&str> {
        self.holder.as_ref().filter(|(_, until)| *until > Instant::now()).map(|(holder, _)| &**holder)
    }
}

/// A value that ends at a set time, whatever is done with it until then.
trait Ends {
    fn ends(&self) -> Instant;
}

impl Ends for Note {
    fn ends(&self) -> Instant {
        self.ends
    }
}

impl Ends for Record {
    fn ends(&self) -> Instant {
        self.ends
    }
}

struct AtItsEnd;

impl<V: Ends> Expiry<String, V> for AtItsEnd {
    fn expire_after_create(&self, _: &String, value: &V, now: Instant) -> Option<Duration> {
        Some(value.ends().saturating_duration_since(now))
    }

    fn expire_after_update(&self, _: &String, value: &V, now: Instant, _: Option<Duration>) -> Option<Duration> {
        Some(value.ends().saturating_duration_since(now))
    }
}

impl Default for InProcess {
    fn default() -> Self {
        Self::bounded(NOTES, RECORDS)
    }
}

impl InProcess {
    fn bounded(notes: u64, records: u64) -> Self {
        let weight = |name: &String, record: &Record| u32::try_from(name.len() + record.text.len()).unwrap_or(u32::MAX);
        // The default policy may reject new entries.
        let notes = Cache::builder().max_capacity(notes).eviction_policy(EvictionPolicy::lru());
        let records = Cache::builder().weigher(weight).max_capacity(records).eviction_policy(EvictionPolicy::lru());
        Self { notes: notes.expire_after(AtItsEnd).build(), records: records.expire_after(AtItsEnd).build() }
    }

    /// Replaces a record in one step; it is weighed again. `change` returns the new one, if there is to be one.
    fn change(&self, name: &str, change: impl FnOnce(Record) -> Option<Record>) {
        self.records
            .entry_by_ref(name)
            .and_compute_with(|entry| entry.and_then(|entry| change(entry.into_value())).map_or(Op::Nop, Op::Put));
    }
}

#[async_trait]
impl Records for InProcess {
    async fn note(&self, name: &str, number: u64, keep: Duration) -> Result<Option<u64>, Unavailable> {
        let entry = self.notes.entry_by_ref(name).or_insert(Note { number, ends: Instant::now() + keep });
        Ok((!entry.is_fresh()).then(|| entry.into_value().number))
    }

    async fn keep(&self, name: &str, record: String, keep: Duration) -> Result<(), Unavailable> {
        let record = Record { text: record.into(), ends: Instant::now() + keep, holder: None };
        self.records.insert(name.to_owned(), record);
        Ok(())
    }

    async fn hold(&self, name: &str, holder: &str, lease: Duration) -> Result<Held, Unavailable> {
        let mut held = Held::Nothing;
        self.change(name, |record| {
            if record.held_by().is_some() {
                held = Held::ByAnother;
                return None;
            }
            held = Held::Record(record.text.to_string());
            Some(Record { holder: Some((holder.into(), Instant::now() + lease)), ..record })
        });
        Ok(held)
    }

    async fn update(
        &self,
        name: &str,
        holder: &str,
        text: Option<String>,
        lease: Option<Duration>,
    ) -> Result<bool, Unavailable> {
        let mut is_held = false;
        self.change(name, |record| {
            is_held = record.held_by() == Some(holder);
            let holder = lease.map(|lease| (holder.into(), Instant::now() + lease));
            let text = text.map_or(Arc::clone(&record.text), Into::into);
            is_held.then_some(Record { text, holder, ..record })
        });
        Ok(is_held)
    }

    fn let_go(&self, name: &str, holder: &str) {
        self.change(name, |record| (record.held_by() == Some(holder)).then_some(Record { holder: None, ..record }));
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

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn where_there_is_no_room_a_new_note_takes_that_of_one_that_was_used_long_ago() {
        let store = InProcess::bounded(20, 0);
        for number in 0..20 {
            // Those that are there are asked for again and again.
            for again in 0..20 {
                let noted = store.note(&number.to_string(), again, MINUTE).await.unwrap();
                assert_eq!(noted, (again > 0).then_some(0));
            }
        }
        store.notes.run_pending_tasks();
        for number in 20..30 {
            let name = number.to_string();
            assert_eq!(store.note(&name, 1, MINUTE).await, Ok(None));
            store.notes.run_pending_tasks();
            assert_eq!(store.note(&name, 2, MINUTE).await, Ok(Some(1)), "{name} must not happen again");
        }
        assert!(store.notes.entry_count() <= 20);
    }

    #[tokio::test]
    async fn records_that_grow_make_room_for_each_other() {
        let store = InProcess::bounded(0, 1_000);
        for number in 0..10 {
            let name = number.to_string();
            store.keep(&name, String::new(), MINUTE).await.unwrap();
            store.hold(&name, "a", MINUTE).await.unwrap();
            assert_eq!(store.update(&name, "a", Some("x".repeat(300)), Some(MINUTE)).await, Ok(true));
            store.records.run_pending_tasks();
        }
        assert!(store.records.weighted_size() <= 1_000, "{}", store.records.weighted_size());
        let left: Vec<String> = store.records.iter().map(|(name, _)| name.to_string()).collect();
        assert!(left.len() == 3 && left.contains(&"9".to_owned()), "the latest: {left:?}");
    }
}
