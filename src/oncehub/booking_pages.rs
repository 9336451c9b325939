//! Booking pages, OnceHub Classic's predecessors of booking calendars.

use reqwest::Method;
use serde::Serialize;

use super::{Endpoint, Id, List, endpoint};

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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub master_page: Option<Id>,
    /// An event type that it offers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_type: Option<Id>,
    /// The user it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<Id>,
}

impl Endpoint for All {
    type Response = List;
    const METHOD: Method = Method::GET;

    fn path(&self) -> Vec<&str> {
        vec!["booking-pages"]
    }
}

/// `GET /booking-pages/{id}`. Operation `get-a-single-booking-page`.
pub type Get = endpoint::Get<BookingPages>;
