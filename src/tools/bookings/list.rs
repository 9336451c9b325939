//! Finding bookings.

use rmcp::{tool, tool_router};
use serde::Deserialize;

use super::show::{self, Names};
use crate::oncehub::{Object, bookings};
use crate::tools::asked::{Asked, expand};
use crate::tools::call::Call;
use crate::tools::failure::Failure;
use crate::tools::names::{Noun, fold};
use crate::tools::reply::Reply;
use crate::tools::{Tools, schema};

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListBookings {
    /// Any of these
    #[serde(default)]
    status: Vec<Status>,
    /// Part of the guest's name or e-mail
    guest: Option<String>,
    /// Main host: name, e-mail, id or `me`
    owner: Option<String>,
    /// Or co-host, likewise
    host: Option<String>,
    /// Guest: e-mail, contact id or exact name
    contact: Option<String>,
    /// Booking calendar: name, URL or id
    calendar: Option<String>,
    /// Classic, like the next two: name, URL or id
    booking_page: Option<String>,
    master_page: Option<String>,
    event_type: Option<String>,
    /// At or after: 2026-12-01, 2026-12-01T15:00, now, today, monday, +3d
    starts_after: Option<String>,
    /// Before; a date includes that day
    starts_before: Option<String>,
    created_after: Option<String>,
    created_before: Option<String>,
    /// Last changed
    updated_after: Option<String>,
    updated_before: Option<String>,
    /// In full: owner, contact, conversation
    #[serde(default)]
    expand: Vec<String>,
    /// IANA zone, of reply and inputs
    time_zone: Option<String>,
    /// Default summary; full: every field
    detail: Option<Detail>,
    #[schemars(range(min = 1, max = 500), extend("default" = 25))]
    limit: Option<u32>,
    /// A next_cursor
    cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    Requested,
    Scheduled,
    Rescheduled,
    Completed,
    Canceled,
    NoShow,
}

impl Status {
    fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Scheduled => "scheduled",
            Self::Rescheduled => "rescheduled",
            Self::Completed => "completed",
            Self::Canceled => "canceled",
            Self::NoShow => "no_show",
        }
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Detail {
    #[default]
    Summary,
    Full,
}

#[tool_router(router = listing_bookings, vis = "pub(super)")]
impl Tools {
    /// Find bookings (meetings, appointments) by time, guest, host, calendar or status: an agenda, who canceled or
    /// missed theirs, what changed since yesterday. Last made first, not soonest: pass starts_after for what is to
    /// come. guest and several statuses are searched among 1,000 a call. Notes, answers and links are in `get_booking`
    /// or detail=full; free times in `get_booking_time_slots`.
    #[tool(
        title = "List bookings",
        input_schema = schema::input::<ListBookings>(),
        output_schema = schema::list(show::item(), &[("asked", "string", "The filters and ranges, as understood")]),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn list_bookings(&self, mut call: Call) -> Result<Reply, Failure> {
        let input: ListBookings = call.input()?;
        let detail = input.detail.unwrap_or_default();
        let zone = call.zone(input.time_zone.as_deref())?;
        let mut asked = Asked::by(&call, &zone);
        let filter = bookings::All {
            status: only_status(&mut asked, &input.status),
            owner: asked.named(Noun::Users, "owner", input.owner.as_deref()).await?,
            host: asked.named(Noun::Users, "host", input.host.as_deref()).await?,
            contact: asked.contact(input.contact.as_deref()).await?,
            booking_calendar: asked.named(Noun::Calendars, "calendar", input.calendar.as_deref()).await?,
            booking_page: asked.named(Noun::BookingPages, "booking_page", input.booking_page.as_deref()).await?,
            master_page: asked.named(Noun::MasterPages, "master_page", input.master_page.as_deref()).await?,
            event_type: asked.named(Noun::EventTypes, "event_type", input.event_type.as_deref()).await?,
            starting_after: asked.from("starts_after", input.starts_after.as_deref())?,
            starting_before: asked.until("starts_before", input.starts_before.as_deref())?,
            created_after: asked.from("created_after", input.created_after.as_deref())?,
            created_before: asked.until("created_before", input.created_before.as_deref())?,
            updated_after: asked.from("updated_after", input.updated_after.as_deref())?,
            updated_before: asked.until("updated_before", input.updated_before.as_deref())?,
            expand: expand(&input.expand),
            fields: (detail == Detail::Summary).then_some(show::FIELDS_OF_A_ROW),
        };
        let guest = asked.part("guest", input.guest.as_deref())?;
        let statuses = &input.status;
        let keep = |booking: &Object| {
            let status_fits = statuses.is_empty()
                || booking.text("status").is_some_and(|status| statuses.iter().any(|wanted| wanted.as_str() == status));
            status_fits && guest.as_deref().is_none_or(|guest| guest_is_like(booking, guest))
        };
        let here: Option<&(dyn Fn(&Object) -> bool + Sync)> =
            if guest.is_some() || statuses.len() > 1 { Some(&keep) } else { None };
        let found = call.gather(&filter, input.limit, input.cursor.as_deref(), here).await?;
        let names = Names::of(&call, &found.items).await;
        Ok(found.reply("booking", &asked, |bookings| match detail {
            Detail::Summary => show::agenda(bookings, &names, &zone),
            Detail::Full => show::all_whole(bookings, &names, &zone),
        }))
    }
}

fn guest_is_like(booking: &Object, guest: &str) -> bool {
    let form = ["name", "email"].map(|field| booking.text_in("form_submission", field));
    let contact = booking.reference("contact");
    let expanded = ["first_name", "last_name", "email"].map(|field| contact.and_then(|contact| contact.text(field)));
    let attendees = booking.texts("attendees").map(Some);
    form.into_iter().chain(expanded).chain(attendees).flatten().any(|known| fold(known).contains(guest))
}

/// A single status is passed to OnceHub's own filter; several are filtered here.
fn only_status(asked: &mut Asked<'_>, statuses: &[Status]) -> Option<String> {
    let names: Vec<&str> = statuses.iter().map(|status| status.as_str()).collect();
    if !names.is_empty() {
        asked.words.push(format!("status {}", names.join(" or ")));
    }
    match names.as_slice() {
        [only] => Some((*only).to_owned()),
        _ => None,
    }
}
