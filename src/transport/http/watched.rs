//! What is read from files, and read again when they change, without a restart.

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::Mutex;

/// The shortest interval between looks at the files.
const LOOK: Duration = Duration::from_secs(1);

/// How long files have to be left alone before they are read: until then they may be half written, and half a list is a
/// list.
const SETTLED: Duration = Duration::from_millis(100);

/// A function that reads a value from its files.
type Load<T, E> = Box<dyn Fn() -> Result<T, E> + Send + Sync>;

/// A value that was read from files. If changed files cannot be used, the old value stays.
pub(super) struct Watched<T, E> {
    /// What it is, in the words of the log.
    what: &'static str,
    files: Vec<PathBuf>,
    load: Load<T, E>,
    read: Mutex<Read<T>>,
}

struct Read<T> {
    value: T,
    stamps: Vec<Stamp>,
    looked: Instant,
    /// Whether the files could not be used when they were last read.
    is_broken: bool,
}

/// When a file was last modified, and how long it is: two writes may share a moment.
type Stamp = Option<(SystemTime, u64)>;

impl<T, E> fmt::Debug for Watched<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").field("files", &self.files).finish_non_exhaustive()
    }
}

impl<T: Clone + PartialEq, E: fmt::Display> Watched<T, E> {
    /// Reads the value for the first time.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(super) fn new(
        what: &'static str,
        files: Vec<PathBuf>,
        load: impl Fn() -> Result<T, E> + Send + Sync + 'static,
    ) -> Result<Self, E> {
        // In this order: a change while it is being read is seen at the next look.
        let stamps = stamps(&files);
        let read = Read { value: load()?, stamps, looked: Instant::now(), is_broken: false };
        Ok(Self { what, files, load: Box::new(load), read: Mutex::new(read) })
    }

    /// Returns the value, read again if its files have changed.
    pub(super) fn current(&self) -> T {
        let mut read = self.read.lock();
        if read.looked.elapsed() >= LOOK {
            read.looked = Instant::now();
            let stamps = stamps(&self.files);
            if stamps != read.stamps && are_settled(&stamps) {
                read.stamps = stamps;
                self.renew(&mut read);
            }
        }
        read.value.clone()
    }

    /// Reads the value again now.
    pub(super) fn reload(&self) {
        let mut read = self.read.lock();
        (read.looked, read.stamps) = (Instant::now(), stamps(&self.files));
        self.renew(&mut read);
    }

    fn renew(&self, read: &mut Read<T>) {
        match (self.load)() {
            Ok(value) => {
                // At the level of the line that it takes back.
                if std::mem::take(&mut read.is_broken) {
                    tracing::warn!("the {} can be used again", self.what);
                }
                if value == read.value {
                    tracing::info!("the {} is unchanged", self.what);
                } else {
                    read.value = value;
                    tracing::info!("read a new {}", self.what);
                }
            }
            Err(error) => {
                read.is_broken = true;
                tracing::warn!(%error, "the {} cannot be used as it is now: keeping the old one", self.what);
            }
        }
    }
}

/// Returns whether no file was modified just now. One from the future is as good as one from long ago.
fn are_settled(stamps: &[Stamp]) -> bool {
    let age = |(modified, _): &(SystemTime, u64)| modified.elapsed().unwrap_or(Duration::MAX);
    stamps.iter().flatten().all(|stamp| age(stamp) >= SETTLED)
}

fn stamps(files: &[PathBuf]) -> Vec<Stamp> {
    let stamp = |file: &PathBuf| file.metadata().and_then(|data| Ok((data.modified()?, data.len()))).ok();
    files.iter().map(stamp).collect()
}
