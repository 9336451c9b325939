//! Room 7: the clients that start this server, or reach it over HTTP, and their configuration files. It knows no other room:
//! neither what the server offers nor what OnceHub is.
//!
//! Reading order: an [`Entry`] is what gets registered; a [`Client`] says in which file of a [`Machine`] it stands and how it
//! is spelt there (a file a client, in [`clients`]); a [`Format`](format::Format) puts it into the text and leaves everything
//! else as it is; a [`Change`] shows the difference and writes it; an [`attempt`] starts what an entry says and speaks to it.

pub mod attempt;
mod change;
mod client;
pub mod clients;
mod entry;
mod format;
mod machine;

#[cfg(test)]
mod tests;

pub use change::{Change, Unwritten, keep_secret};
pub use client::{Client, Found, Refused, Scope};
pub use entry::{Entry, KEY_VARIABLES};
pub use format::Broken;
pub use machine::{Machine, System};
