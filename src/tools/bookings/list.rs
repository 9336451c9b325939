//! Finding bookings.

use rmcp::{tool, tool_router};
use serde::Deserialize;

use super::super::call::Call;
use super::super::failure::Failure;
use super::super::names::{Noun, fold};
use super::super::reply::Reply;
use super::super::time::Zone;
use super::super::untrusted::quoted;
use super::super::{Tools, schema, time};
use super::show::{self, Names};
use crate::oncehub::{Id, Object, bookings};

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListBookings {
    /// Any of these
    #[serde(default)]
    status: Vec<Status>,
    /// Part of the guest's name or e-mail
    guest: Option<String>,
    /// Its main host: name, e-mail, id or `me`
    owner: Option<String>,
    /// Main host or co-host, likewise
    host: Option<String>,
    /// Guest: e-mail, contact id or exact name
    contact: Option<String>,
    /// Booking calendar: name, URL or id
    calendar: Option<String>,
    /// Classic booking page
    booking_page: Option<String>,
    /// Classic master page
    master_page: Option<String>,
    /// Classic event type
    event_type: Option<String>,
    /// Starts at or after: 2026-12-01, 2026-12-01T15:00, now, today, monday, +3d
    starts_after: Option<String>,
    /// Starts before; a date includes that day
    starts_before: Option<String>,
    created_after: Option<String>,
    created_before: Option<String>,
    /// Last changed at or after
    updated_after: Option<String>,
    updated_before: Option<String>,
    /// As whole objects: owner, contact, conversation
    #[serde(default)]
    expand: Vec<String>,
    /// IANA zone of the reply and of times without offset
    time_zone: Option<String>,
    /// full: every field
    detail: Option<Detail>,
    /// 25 if left out
    #[schemars(range(min = 1, max = 500))]
    limit: Option<u32>,
    /// next_cursor of the last reply
    cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    Requested,
    Scheduled,
    Rescheduled,
    Completed,
    #[serde(alias = "cancelled")]
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
    /// missed theirs, what changed since yesterday. For a week pass starts_after and starts_before; without filters:
    /// the most recently made, past or coming. Shows time, status, guest, host, calendar and ids; for notes, answers
    /// and links use `get_booking` or detail=full. Free times are in `get_booking_time_slots`.
    #[tool(
        title = "List bookings",
        input_schema = schema::input::<ListBookings>(),
        output_schema = schema::list(show::item(), &[("asked", "string", "The filters and ranges, as understood")]),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn list_bookings(&self, mut call: Call<ListBookings>) -> Result<Reply, Failure> {
        let input = call.input()?;
        let detail = input.detail.unwrap_or_default();
        let zone = call.zone(input.time_zone.as_deref())?;
        let mut asked = Asked { call: &call, zone: &zone, words: Vec::new(), notes: Vec::new() };
        let filter = bookings::All {
            status: asked.status(&input.status),
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
            expand: show::expand(&input.expand),
            fields: (detail == Detail::Summary).then_some(show::FIELDS_OF_A_ROW),
        };
        if let Some(guest) = &input.guest {
            if fold(guest).is_empty() {
                let hint = "give a part of the guest's name or e-mail address";
                return Err(Failure::argument("guest", "holds nothing that can be seen", hint));
            }
            asked.words.push(format!("guest {}", quoted(guest, 60)));
        }
        let Asked { words, notes, .. } = asked;
        let guest = input.guest.as_deref().map(fold);
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
        let (items, body) = match detail {
            Detail::Summary => show::agenda(&found.items, &names, &zone),
            Detail::Full => show::all_whole(&found.items, &names, &zone),
        };
        let mut reply = found.reply("booking", items, &body, &words, &zone);
        notes.iter().for_each(|note| reply.note(note));
        Ok(reply)
    }
}

fn guest_is_like(booking: &Object, guest: &str) -> bool {
    let form = ["name", "email"].map(|field| booking.text_in("form_submission", field));
    let contact = booking.reference("contact");
    let expanded = ["first_name", "last_name", "email"].map(|field| contact.and_then(|contact| contact.text(field)));
    let attendees = booking.texts("attendees").map(Some);
    form.into_iter().chain(expanded).chain(attendees).flatten().any(|known| fold(known).contains(guest))
}

/// What a caller asks for, turned into OnceHub's filters, and said again in words for the reply.
struct Asked<'a, I> {
    call: &'a Call<I>,
    zone: &'a Zone,
    words: Vec<String>,
    notes: Vec<String>,
}

impl<I> Asked<'_, I> {
    /// One status is OnceHub's own filter; several are sorted out here.
    fn status(&mut self, statuses: &[Status]) -> Option<String> {
        let names: Vec<&str> = statuses.iter().map(|status| status.as_str()).collect();
        if !names.is_empty() {
            self.words.push(format!("status {}", names.join(" or ")));
        }
        match names.as_slice() {
            [only] => Some((*only).to_owned()),
            _ => None,
        }
    }

    async fn named(&mut self, noun: Noun, argument: &'static str, text: Option<&str>) -> Result<Option<Id>, Failure> {
        let Some(text) = text else { return Ok(None) };
        let found = match noun {
            Noun::Users => self.call.user(argument, text).await?,
            _ => self.call.directory.find(&self.call.oncehub, noun, argument, text).await?,
        };
        self.words.push(format!("{} {}", argument.replace('_', " "), found.described()));
        Ok(Some(found.id))
    }

    async fn contact(&mut self, text: Option<&str>) -> Result<Option<Id>, Failure> {
        let Some(text) = text else { return Ok(None) };
        let id = self.call.contact("contact", text).await?;
        self.words.push(format!("contact {id}"));
        Ok(Some(id))
    }

    /// "At or after": OnceHub's own filter leaves the moment itself out.
    fn from(&mut self, argument: &'static str, text: Option<&str>) -> Result<Option<String>, Failure> {
        let Some(text) = text else { return Ok(None) };
        let moment = self.call.moment(argument, text, self.zone)?;
        self.note(argument, moment.note.as_deref());
        self.words.push(format!("{} from {}", argument.trim_end_matches("_after"), time::local(moment.at, self.zone)));
        let just_before = moment.at - jiff::SignedDuration::from_millis(1);
        Ok(Some(just_before.to_string()))
    }

    /// "Before"; a day includes itself.
    fn until(&mut self, argument: &'static str, text: Option<&str>) -> Result<Option<String>, Failure> {
        let Some(text) = text else { return Ok(None) };
        let moment = self.call.moment(argument, text, self.zone)?;
        self.note(argument, moment.note.as_deref());
        let end = time::end_exclusive(&moment, self.zone);
        self.words.push(format!("{} {}", argument.replace('_', " "), time::local(end, self.zone)));
        Ok(Some(time::instant(end)))
    }

    fn note(&mut self, argument: &str, note: Option<&str>) {
        self.notes.extend(note.map(|note| format!("{argument}: {note}")));
    }
}
