//! Booking pages, OnceHub Classic's predecessors of booking calendars.

use serde::Serialize;

use super::{Id, Listing, endpoint};

/// `/booking-pages`.
#[derive(Debug)]
pub struct BookingPages;

impl endpoint::Collection for BookingPages {
    const PATH: &'static str = "booking-pages";
}

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

impl Listing for All {
    const PATH: &'static [&'static str] = &["booking-pages"];
}

/// `GET /booking-pages/{id}`. Operation `get-a-single-booking-page`.
pub type Get = endpoint::Get<BookingPages>;
