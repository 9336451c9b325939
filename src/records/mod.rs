//! What is told of OnceHub's objects. Each noun is one type, read from what OnceHub sent and written into replies: its
//! fields are spelt once, and the schemas come from it. Beside it is its text form.
//!
//! Reading order: [`Record`] and [`Told`]; the nouns; then how texts are made: times, quotation marks around what
//! people wrote, lines and outlines; and how a failure is told.

pub mod availability;
pub mod booking;
pub mod booking_calendar;
pub mod classic;
pub mod contact;
pub mod failure;
pub mod form;
mod hints;
pub mod line;
pub mod link;
pub mod outline;
mod record;
pub mod slot;
pub mod sms;
pub mod team;
pub mod time;
pub mod untrusted;
pub mod user;
pub mod webhook;

pub use availability::Availability;
pub use booking::Booking;
pub use booking_calendar::BookingCalendar;
pub use classic::{ClassicPage, EventType};
pub use contact::Contact;
pub use failure::{Candidate, Failure, Kind};
pub use form::{FormField, Learnt};
pub use hints::{Reader, SaidBy};
pub use link::Link;
pub use record::{Lookup, Named, Noun, Record, Reference, Time, Told, localised, put_time};
pub use slot::Slot;
pub use sms::Sms;
pub use team::Team;
pub use time::{Moment, Zone};
pub use untrusted::{clean, quoted, whole, word};
pub use user::User;
pub use webhook::Webhook;
