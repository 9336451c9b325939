//! Bookings: reading them, and the four actions on one.

use serde::Serialize;

use super::{Id, Range, endpoint};

/// `GET /bookings`, newest first. Operation `list-all-bookings`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct All {
    /// A single status; OnceHub does not accept a list.
    pub status: Option<String>,
    /// When it starts.
    #[serde(flatten, with = "endpoint::starting")]
    pub starting: Range,
    /// When it was created.
    #[serde(flatten, with = "endpoint::created")]
    pub created: Range,
    /// When it was last updated.
    #[serde(flatten, with = "endpoint::updated")]
    pub updated: Range,
    /// The owner, a user.
    pub owner: Option<Id>,
    /// A user who hosts or co-hosts.
    pub host: Option<Id>,
    /// The contact that it was scheduled with.
    pub contact: Option<Id>,
    /// The booking calendar that it was made on.
    pub booking_calendar: Option<Id>,
    /// The Classic booking page that it was made on.
    pub booking_page: Option<Id>,
    /// The Classic master page that it was made on.
    pub master_page: Option<Id>,
    /// The Classic event type that was chosen.
    pub event_type: Option<Id>,
    /// The fields to return as whole objects, comma-separated.
    pub expand: Option<String>,
}

endpoint!(All: LIST "bookings");

/// `GET /bookings/{id}`. Operation `get-a-single-booking`.
#[derive(Clone, Debug, Serialize)]
pub struct Get {
    /// The booking.
    #[serde(skip)]
    pub id: Id,
    /// The fields to return as whole objects, comma-separated.
    pub expand: Option<String>,
}

endpoint!(Get: GET "bookings" / id -> Object);

/// `POST /bookings/{id}/cancel`, for a booking that is still live and not paid. Operation `cancel-booking`.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Serialize)]
pub struct Cancel {
    /// The booking.
    #[serde(skip)]
    pub id: Id,
    /// The reason shown to the guest.
    #[serde(rename = "cancellation_reason")]
    pub reason: Option<String>,
    /// Whether OnceHub notifies the guest by e-mail.
    #[serde(rename = "send_cancellation_email")]
    pub notify_guest: bool,
}

endpoint!(Cancel: POST "bookings" / id / "cancel" -> Object);

/// `POST /bookings/{id}/request-reschedule`: cancels the booking and asks the guest to choose another time. Operation
/// `request-reschedule`.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Serialize)]
pub struct RequestReschedule {
    /// The booking.
    #[serde(skip)]
    pub id: Id,
    /// The reason shown to the guest.
    #[serde(rename = "reschedule_reason")]
    pub reason: Option<String>,
}

endpoint!(RequestReschedule: POST "bookings" / id / "request-reschedule" -> Object);

/// `POST /bookings/{id}/reassign`: gives the booking to another host. Operation `reassign-booking`.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Serialize)]
pub struct Reassign {
    /// The booking.
    #[serde(skip)]
    pub id: Id,
    /// The user who takes over the booking.
    pub new_host: Id,
    /// The new location; without it, OnceHub chooses.
    pub location: Option<VideoLocation>,
}

/// The one kind of location that a reassignment can name.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename = "virtual")]
pub struct VideoLocation {
    /// `google_meet`, `microsoft_teams`, `webex`, `gotomeeting` or `zoom`.
    pub value: &'static str,
}

endpoint!(Reassign: POST "bookings" / id / "reassign" -> Object);

/// `POST /bookings/{id}/no-show`, for a booking whose time has come. Operation `no-show`.
#[derive(Clone, Debug, Serialize)]
pub struct NoShow {
    /// The booking.
    #[serde(skip)]
    pub id: Id,
}

endpoint!(NoShow: POST "bookings" / id / "no-show" -> Object);
