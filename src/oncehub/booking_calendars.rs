//! Booking calendars: their free slots, booking one of them, and links that serve once.

use reqwest::Method;
use serde::Serialize;
use serde_json::{Map, Value};

use super::{Endpoint, Id, List, Object, endpoint};

/// `/booking-calendars`.
#[derive(Debug)]
pub struct BookingCalendars;

impl endpoint::Collection for BookingCalendars {
    const PATH: &'static str = "booking-calendars";
}

/// `GET /booking-calendars`, newest first. Operation `list-all-booking-calendars`.
#[derive(Debug, Default, Serialize)]
pub struct All {
    /// The user or team that hosts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<Id>,
}

impl Endpoint for All {
    type Response = List;
    const METHOD: Method = Method::GET;

    fn path(&self) -> Vec<&str> {
        vec!["booking-calendars"]
    }
}

/// `GET /booking-calendars/{id}`. Operation `get-a-single-booking-calendar`.
pub type Get = endpoint::Get<BookingCalendars>;

/// `GET /booking-calendars/{id}/time-slots`, a bare array. Operation `get-available-time-slots-for-booking-calendar`.
///
/// OnceHub takes now and a week for what is missing, at most 30 days, and no start in the past.
#[derive(Debug, Serialize)]
pub struct TimeSlots {
    /// The calendar.
    #[serde(skip)]
    pub id: Id,
    /// From when, ISO 8601 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<String>,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_time: Option<String>,
}

impl Endpoint for TimeSlots {
    type Response = List;
    const METHOD: Method = Method::GET;

    fn path(&self) -> Vec<&str> {
        vec!["booking-calendars", self.id.as_str(), "time-slots"]
    }
}

/// `POST /booking-calendars/{id}/schedule`: books a slot and answers with the booking's id alone. Operation
/// `book-a-time-slot-for-a-booking-calendar`.
#[derive(Debug, Serialize)]
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
    /// One of the slot's locations; OnceHub chooses when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

/// A slot's location, as it is asked for.
#[derive(Debug, Serialize)]
pub struct Location {
    /// `physical`, `virtual`, `virtual_static`, `guest_phone` or `in_person_by_guest`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the kind asks for; `virtual_static` wants an explicit null.
    pub value: Option<String>,
}

impl Endpoint for Schedule {
    type Response = Object;
    const METHOD: Method = Method::POST;

    fn path(&self) -> Vec<&str> {
        vec!["booking-calendars", self.id.as_str(), "schedule"]
    }
}

/// `POST /booking-calendars/{id}/one-time-links`. Operation `booking-calendars-create-a-one-time-link`.
#[derive(Debug, Serialize)]
pub struct CreateOneTimeLink {
    /// The calendar.
    #[serde(skip)]
    pub id: Id,
    /// Whether the link hides what it is prefilled with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hide_url_params: Option<bool>,
    /// What the form is prefilled with.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub booking_form: Map<String, Value>,
    /// `source`, `medium`, `campaign`, `term`, `content`.
    #[serde(rename = "utm_params", skip_serializing_if = "Map::is_empty")]
    pub utm: Map<String, Value>,
    /// What holds for a booking made through the link.
    #[serde(skip_serializing_if = "BookingSettings::is_empty")]
    pub booking_settings: BookingSettings,
}

/// What holds for a booking made through a one-time link.
#[derive(Debug, Default, PartialEq, Serialize)]
pub struct BookingSettings {
    /// The host's e-mail address; for team calendars, and silently ignored if it does not fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// E-mail addresses in one text, separated by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub co_hosts: Option<String>,
    /// One of the calendar's durations.
    #[serde(skip_serializing_if = "Option::is_none")]
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

impl Endpoint for CreateOneTimeLink {
    type Response = Object;
    const METHOD: Method = Method::POST;

    fn path(&self) -> Vec<&str> {
        vec!["booking-calendars", self.id.as_str(), "one-time-links"]
    }
}
