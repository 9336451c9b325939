//! The filters of bookings, for each tool that takes them: what OnceHub can narrow, and what is narrowed here.

use serde::Deserialize;

use crate::names::{Span, fold};
use crate::oncehub::bookings;
use crate::records::{Booking, Failure, Noun, Told};
use crate::tools::Asked;

/// Which bookings the caller asks for, in the caller's words.
#[derive(Default, Deserialize, schemars::JsonSchema)]
pub(super) struct Filters {
    /// Default any
    #[serde(default)]
    pub(super) status: Vec<Status>,
    /// Part of name or e-mail; may need cursor
    pub(super) guest: Option<String>,
    /// Main host, or `me`
    pub(super) owner: Option<String>,
    /// Main or co-host, or `me`
    pub(super) host: Option<String>,
    /// E-mail, contact id or exact name
    pub(super) contact: Option<String>,
    /// Name, URL or id
    pub(super) calendar: Option<String>,
    /// Classic
    pub(super) booking_page: Option<String>,
    /// Classic
    pub(super) master_page: Option<String>,
    /// Classic
    pub(super) event_type: Option<String>,
    /// 2026-12-01T15:00, today, monday, -7d
    pub(super) starts_after: Option<String>,
    /// A date includes that day
    pub(super) starts_before: Option<String>,
    pub(super) created_after: Option<String>,
    pub(super) created_before: Option<String>,
    pub(super) updated_after: Option<String>,
    pub(super) updated_before: Option<String>,
}

#[derive(
    Clone, Copy, Debug, Deserialize, serde::Serialize, PartialEq, Eq, schemars::JsonSchema, strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(super) enum Status {
    Requested,
    Scheduled,
    Rescheduled,
    Completed,
    Canceled,
    NoShow,
}

/// The same, as far as OnceHub can narrow it; and the rest.
pub(super) struct Wanted {
    pub(super) listing: bookings::All,
    /// When they start, which is in the listing, too.
    pub(super) starts: Span,
    statuses: Vec<Status>,
    /// Part of the guest's name or address, folded.
    guest: Option<String>,
}

impl Filters {
    /// Whether they are narrowed by when they start.
    pub(super) fn have_starts(&self) -> bool {
        self.starts_after.is_some() || self.starts_before.is_some()
    }

    /// Reads the filters, finds the ids of what they name, and notes them in words.
    pub(super) async fn read(self, asked: &mut Asked<'_>) -> Result<Wanted, Failure> {
        let names: Vec<&str> = self.status.iter().map(|status| (*status).into()).collect();
        if !names.is_empty() {
            asked.words.push(format!("status {}", names.join(" or ")));
        }
        let mut listing = bookings::All {
            // OnceHub takes a single one.
            status: if let [only] = names.as_slice() { Some((*only).to_owned()) } else { None },
            owner: asked.named(Noun::Users, "owner", self.owner.as_deref()).await?,
            host: asked.named(Noun::Users, "host", self.host.as_deref()).await?,
            contact: asked.contact(self.contact.as_deref()).await?,
            booking_calendar: asked.named(Noun::Calendars, "calendar", self.calendar.as_deref()).await?,
            booking_page: asked.named(Noun::BookingPages, "booking_page", self.booking_page.as_deref()).await?,
            master_page: asked.named(Noun::MasterPages, "master_page", self.master_page.as_deref()).await?,
            event_type: asked.named(Noun::EventTypes, "event_type", self.event_type.as_deref()).await?,
            ..bookings::All::default()
        };
        let starts = asked.span("starts", self.starts_after.as_deref(), self.starts_before.as_deref())?;
        listing.starting = starts.range();
        listing.created = asked.span("created", self.created_after.as_deref(), self.created_before.as_deref())?.range();
        listing.updated = asked.span("updated", self.updated_after.as_deref(), self.updated_before.as_deref())?.range();
        let guest = asked.part("guest", self.guest.as_deref())?;
        Ok(Wanted { listing, starts, statuses: self.status, guest })
    }
}

impl Wanted {
    /// Whether some of what OnceHub lists is left out here.
    pub(super) fn is_filtered_here(&self) -> bool {
        self.guest.is_some() || self.statuses.len() > 1
    }

    /// Whether a booking that OnceHub lists is asked for.
    pub(super) fn keeps(&self, booking: &Told<Booking>) -> bool {
        (self.statuses.is_empty() || self.statuses.iter().any(|wanted| booking.is((*wanted).into())))
            && self.guest.as_deref().is_none_or(|guest| booking.has_guest_like(guest, fold))
    }
}
