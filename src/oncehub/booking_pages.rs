//! Booking pages, OnceHub Classic's predecessors of booking calendars.

use serde::Serialize;

use super::Id;

/// `GET /booking-pages`, newest first. Operation `list-all-booking-pages`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct All {
    /// A master page that offers it.
    pub master_page: Option<Id>,
    /// An event type that it offers.
    pub event_type: Option<Id>,
    /// The user it belongs to.
    pub user: Option<Id>,
}

endpoint!(All: LIST "booking-pages");
