//! Event types, the kinds of meeting that a guest of OnceHub Classic chooses from.

use super::endpoint;

collection!(EventTypes: "event-types");

/// `GET /event-types`, newest first. Operation `list-all-event-types`.
pub type All = endpoint::All<EventTypes>;

/// `GET /event-types/{id}`. Operation `get-a-single-event-type`.
pub type Get = endpoint::Get<EventTypes>;
