//! The tools, by the noun that they are about.

pub(super) mod account;
pub(super) mod booking_calendars;
pub(super) mod booking_pages;
pub(super) mod bookings;
pub(super) mod contacts;
pub(super) mod event_types;
pub(super) mod master_pages;
pub(super) mod notifications;
pub(super) mod teams;
pub(super) mod users;
pub(super) mod webhooks;
