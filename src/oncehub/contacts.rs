//! Contacts, the people who book.

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Id, Range, endpoint};

/// `GET /contacts`, newest first. Operation `list-all-contacts`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct All {
    /// Exactly this e-mail address.
    pub email: Option<String>,
    /// When it was created.
    #[serde(flatten, with = "endpoint::created")]
    pub created: Range,
    /// When it was last updated.
    #[serde(flatten, with = "endpoint::updated")]
    pub updated: Range,
}

endpoint!(All: LIST "contacts");

/// `POST /contacts`. Operation `add-a-new-contact`.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Create {
    /// The contact's fields under OnceHub's names (including the misspelled `terms_of_sevice`): first and last name, and
    /// an `email` or `mobile_phone` that no other contact has.
    pub fields: Map<String, Value>,
}

endpoint!(Create: POST "contacts" -> Object);

/// `PATCH /contacts/{id}`; at least one field. Operation `update-a-contact`.
#[derive(Clone, Debug, Serialize)]
pub struct Update {
    /// The contact.
    #[serde(skip)]
    pub id: Id,
    /// The same fields as for [`Create`], except `email` and `mobile_phone`, which stay as they are. Of
    /// `custom_fields`, only those that are named change.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

endpoint!(Update: PATCH "contacts" / id -> Object);
