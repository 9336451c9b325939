//! Booking calendars: their available time slots, scheduling one, and one-time links.

use serde::Serialize;
use serde_json::{Map, Value};

use super::Id;

/// `GET /booking-calendars`, newest first. Operation `list-all-booking-calendars`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct All {
    /// The user or team that hosts.
    pub host: Option<Id>,
}

endpoint!(All: LIST "booking-calendars");

/// `GET /booking-calendars/{id}/time-slots`, a bare array. Operation `get-available-time-slots-for-booking-calendar`.
///
/// OnceHub defaults to one week from now; it allows at most 30 days, and no start in the past.
#[derive(Clone, Debug, Serialize)]
pub struct TimeSlots {
    /// The calendar.
    #[serde(skip)]
    pub id: Id,
    /// The start of the range, ISO 8601 in UTC.
    pub start_time: Option<String>,
    /// The end of the range.
    pub end_time: Option<String>,
}

endpoint!(TimeSlots: GET "booking-calendars" / id / "time-slots" -> List);

/// `POST /booking-calendars/{id}/schedule`: books a slot and returns only the booking's id. Operation
/// `book-a-time-slot-for-a-booking-calendar`.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Serialize)]
pub struct Schedule {
    /// The calendar.
    #[serde(skip)]
    pub id: Id,
    /// The start of an offered slot, ISO 8601 in UTC.
    pub start_time: String,
    /// An IANA zone.
    pub guest_time_zone: String,
    /// `name`, `email`, `phone`, and the calendar's own fields by their exact names.
    pub booking_form: Map<String, Value>,
    /// One of the slot's locations; without it, OnceHub chooses.
    pub location: Option<Location>,
}

/// A slot's location, as requested.
#[derive(Clone, Debug, Serialize)]
pub struct Location {
    /// `physical`, `virtual`, `virtual_static`, `guest_phone` or `in_person_by_guest`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The value that the kind requires; `virtual_static` needs an explicit null.
    pub value: Option<String>,
}

endpoint!(Schedule: POST "booking-calendars" / id / "schedule" -> Object);

/// `POST /booking-calendars/{id}/one-time-links`. Operation `booking-calendars-create-a-one-time-link`.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Serialize)]
pub struct CreateOneTimeLink {
    /// The calendar.
    #[serde(skip)]
    pub id: Id,
    /// Whether the link hides its prefilled values.
    pub hide_url_params: Option<bool>,
    /// The form's prefilled values.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub booking_form: Map<String, Value>,
    /// `source`, `medium`, `campaign`, `term`, `content`.
    #[serde(rename = "utm_params", skip_serializing_if = "Map::is_empty")]
    pub utm: Map<String, Value>,
    /// Settings for a booking made through the link.
    #[serde(skip_serializing_if = "BookingSettings::is_empty")]
    pub booking_settings: BookingSettings,
}

/// Settings for a booking made through a one-time link.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct BookingSettings {
    /// The host's e-mail address, for team calendars; silently ignored if it does not fit.
    pub host: Option<String>,
    /// The co-hosts' e-mail addresses, comma-separated.
    pub co_hosts: Option<String>,
    /// One of the calendar's durations.
    pub duration_minutes: Option<u32>,
    /// The steps that the guest does not see.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skip: Vec<String>,
}

impl BookingSettings {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

endpoint!(CreateOneTimeLink: POST "booking-calendars" / id / "one-time-links" -> Object);
