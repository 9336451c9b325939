//! The filters of bookings, for each tool that takes them: what OnceHub can narrow, and what is narrowed here.

use serde::Deserialize;

use crate::names::{Span, fold};
use crate::oncehub::bookings;
use crate::records::{Booking, Failure, Noun, Told};
use crate::tools::Asked;

/// Which bookings the caller asks for, in the caller's words. A range is from and before.
#[derive(Default)]
pub(super) struct Filters<'a> {
    pub(super) status: &'a [Status],
    pub(super) guest: Option<&'a str>,
    pub(super) owner: Option<&'a str>,
    pub(super) host: Option<&'a str>,
    pub(super) contact: Option<&'a str>,
    pub(super) calendar: Option<&'a str>,
    pub(super) booking_page: Option<&'a str>,
    pub(super) master_page: Option<&'a str>,
    pub(super) event_type: Option<&'a str>,
    pub(super) starts: [Option<&'a str>; 2],
    pub(super) created: [Option<&'a str>; 2],
    pub(super) updated: [Option<&'a str>; 2],
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, schemars::JsonSchema, strum::IntoStaticStr)]
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

impl Filters<'_> {
    /// Reads the filters, finds the ids of what they name, and notes them in words.
    pub(super) async fn read(self, asked: &mut Asked<'_>) -> Result<Wanted, Failure> {
        let names: Vec<&str> = self.status.iter().map(|status| (*status).into()).collect();
        if !names.is_empty() {
            asked.words.push(format!("status {}", names.join(" or ")));
        }
        let mut listing = bookings::All {
            // OnceHub takes a single one.
            status: if let [only] = names.as_slice() { Some((*only).to_owned()) } else { None },
            owner: asked.named(Noun::Users, "owner", self.owner).await?,
            host: asked.named(Noun::Users, "host", self.host).await?,
            contact: asked.contact(self.contact).await?,
            booking_calendar: asked.named(Noun::Calendars, "calendar", self.calendar).await?,
            booking_page: asked.named(Noun::BookingPages, "booking_page", self.booking_page).await?,
            master_page: asked.named(Noun::MasterPages, "master_page", self.master_page).await?,
            event_type: asked.named(Noun::EventTypes, "event_type", self.event_type).await?,
            ..bookings::All::default()
        };
        let mut range = |what, [after, before]: [Option<&str>; 2]| asked.span(what, after, before);
        let starts = range("starts", self.starts)?;
        listing.starting = starts.range();
        listing.created = range("created", self.created)?.range();
        listing.updated = range("updated", self.updated)?.range();
        let guest = asked.part("guest", self.guest)?;
        Ok(Wanted { listing, starts, statuses: self.status.to_vec(), guest })
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
