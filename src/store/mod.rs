//! What has to be known by all servers that serve the same people: in memory, if there is one, or in a Redis or Valkey that
//! they share. The lowest room: any other may import it.
//!
//! [`Records`] are notes of what has happened and must not happen again, and records that one call at a time works on. The
//! windows of rate limits are shared by [`Windows`]; a server that is alone counts them itself.

mod in_process;
mod records;
pub mod redis;
mod windows;

#[cfg(all(test, unix))]
pub(crate) mod tests;

pub use in_process::InProcess;
pub use records::{Held, Records};
pub use windows::{Ask, Limit, Limits, Moment, Share, Windows};

/// The failure of a store that cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store that this server shares with others cannot be reached now")]
pub struct Unavailable;
