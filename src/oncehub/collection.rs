//! Collections: what is the same for all of OnceHub's nouns. A noun's own file has the rest.

use reqwest::Method;
use serde::Serialize;

use super::{Endpoint, Id, Listing, Object};

/// OnceHub's objects of one kind, by the first segment of their paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Collection {
    /// Operations `list-all-booking-calendars`, `get-a-single-booking-calendar`.
    BookingCalendars,
    /// Operations `list-all-booking-pages`, `get-a-single-booking-page`.
    BookingPages,
    /// Operations `list-all-contacts`, `get-a-single-contact`, `delete-a-contact`.
    Contacts,
    /// Operations `list-all-event-types`, `get-a-single-event-type`.
    EventTypes,
    /// Operations `list-all-master-pages`, `get-a-single-master-page`.
    MasterPages,
    /// Operations `list-all-teams`, `get-a-single-team`.
    Teams,
    /// Operations `list-all-users`, `get-a-single-user`, `delete-a-user`.
    Users,
    /// Operations `list-all-webhooks`, `get-a-single-webhook`, `delete-a-webhook`.
    Webhooks,
}

impl Collection {
    /// Returns `GET /{collection}`, newest first.
    pub fn all(self) -> All {
        All { collection: self }
    }

    /// Returns `GET /{collection}/{id}`.
    pub fn get(self, id: &Id) -> One {
        One { method: Method::GET, collection: self, id: id.clone() }
    }

    /// Returns `DELETE /{collection}/{id}`.
    pub fn delete(self, id: &Id) -> One {
        One { method: Method::DELETE, collection: self, id: id.clone() }
    }
}

/// A list without filters.
#[derive(Clone, Debug, Serialize)]
pub struct All {
    #[serde(skip)]
    collection: Collection,
}

impl Listing for All {
    fn path(&self) -> Vec<&str> {
        vec![self.collection.into()]
    }
}

/// An operation on one object that has neither a query nor a body.
#[derive(Clone, Debug, Serialize)]
pub struct One {
    #[serde(skip)]
    method: Method,
    #[serde(skip)]
    collection: Collection,
    #[serde(skip)]
    id: Id,
}

impl Endpoint for One {
    type Response = Object;

    fn route(&self) -> (Method, Vec<&str>) {
        (self.method.clone(), vec![self.collection.into(), self.id.as_str()])
    }
}
