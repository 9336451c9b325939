//! The typed client of the OnceHub API v2. It knows HTTP and JSON, and nothing of MCP.
//!
//! Reading order: an [`Endpoint`] is a value that knows its route, query or body, and response type;
//! [`Client::send`] sends it; a [`Budget`] respects OnceHub's rate limits, so that OnceHub does not have to enforce
//! them; [`retry`] decides what may be retried; an [`Error`] says what went wrong and whether a write may have
//! happened; an [`Object`] is what OnceHub sent, read so tolerantly that no odd field can break a call. A
//! [`Collection`] has what all nouns have in common; then there is one file per noun.

#[macro_use]
pub mod endpoint;

mod client;
mod collection;
mod connection;
mod error;
mod id;
mod key;
pub mod keychain;
mod ledger;
mod object;
mod outage;
mod page;
mod placeholder;
mod rate_limit;
mod request;
mod response;
mod retry;
mod root;

pub mod account;
pub mod booking_calendars;
pub mod booking_pages;
pub mod bookings;
pub mod contacts;
pub mod master_pages;
pub mod notifications;
pub mod teams;
pub mod tolerant;
pub mod users;
pub mod webhooks;

pub use client::{Client, Settings};
pub use collection::{All, Collection, One};
pub use endpoint::{Endpoint, FromReply, Listing, Range};
pub use error::{Cause, Error, Outcome, Rejection};
pub use id::{BadId, Id};
pub use key::{BadKey, Key, KeySource, key_in};
pub use ledger::Ledger;
pub use object::{Item, List, Object, Sent, is_deleted};
pub use page::{Page, Walk};
pub use placeholder::Placeholder;
pub use rate_limit::{Address, BadWindows, Budget, Window, Windows, limits};
pub use root::{BadUrl, api_root};
