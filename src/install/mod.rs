//! The clients that start this server, or reach it over HTTP, and their configuration files. It knows no other room:
//! neither what the server offers nor what OnceHub is.
//!
//! Reading order: an [`Entry`] is what gets registered; a [`Client`] says which file of a [`Machine`] it belongs in and
//! how it is spelled there (all are in [`clients`]); a [`Format`](format::Format) inserts it into the text
//! and leaves everything else unchanged; a [`Change`] shows the difference and writes it; an [`attempt`] starts the
//! server that an entry describes, and talks to it, and a [`greeting`](greeting::greet) only asks a hosted one what it wants to
//! be sent.

pub mod attempt;
mod change;
mod client;
pub mod clients;
mod entry;
mod format;
pub mod greeting;
mod machine;

#[cfg(test)]
mod tests;

pub use change::{Change, write_secret};
pub use client::{Client, Copy, Found, Scope};
pub use entry::{Entry, KEY_HEADERS, KEY_VARIABLES};
pub use machine::{Machine, System};
