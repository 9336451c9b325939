//! The agenda: bookings by day.

use rmcp::{tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ROOM, as_of, shorten};
use crate::apps::View;
use crate::oncehub::Id;
use crate::records::booking::agenda;
use crate::records::{Booking, Failure, Told, time};
use crate::tools::filters::{Filters, Status};
use crate::tools::listing::Paging;
use crate::tools::size::{json_size, most_within};
use crate::tools::{Answer, Asked, Call, Parameters, Reply, Tools, schema};

/// The most bookings that are shown at first: the view reads on by itself.
const ROWS: u32 = 25;

/// The room for everything besides the rows, in bytes.
const AROUND: usize = 1000;

/// How many days are shown, unless the caller says otherwise.
const DAYS: i32 = 7;

#[tool_router(router = showing_bookings, vis = "pub(in crate::tools)")]
impl Tools {
    /// Open a view of bookings where the person looks, joins, cancels, reassigns. To answer or act yourself:
    /// `list_bookings`.
    #[tool(title = "Show bookings", annotations(read_only_hint = true), meta = View::Agenda.of_tool(),
        output_schema = schema::shown::<Agenda>())]
    async fn show_bookings(&self, call: Call, Parameters(input): Parameters<ShowBookings>) -> Answer {
        let zone = call.zone_asked("time_zone", input.time_zone.as_deref())?;
        let mut asked = Asked::by(&call, &zone);
        let before =
            input.starts_before.as_deref().map(|text| call.moment("starts_before", text, &zone)).transpose()?;
        let is_to_come = before.is_none_or(|before| before.ends > call.now());
        let after = input.starts_after.or_else(|| is_to_come.then(|| "today".to_owned()));
        let week = |after: &String| {
            let first = call.moment("starts_after", after, &zone)?;
            Ok::<_, Failure>(time::instant(zone.days_later(first.at, DAYS)))
        };
        let before = match input.starts_before {
            None => after.as_ref().map(week).transpose()?,
            before => before,
        };
        let filters = Filters {
            status: input.status.into_iter().collect(),
            guest: input.guest.clone(),
            host: input.host,
            starts_after: after,
            starts_before: before,
            ..Filters::default()
        };
        let wanted = filters.read(&mut asked).await?;
        let keep = |booking: &Told<Booking>| wanted.keeps(booking);
        let keep = wanted.is_filtered_here().then_some(&keep as &(dyn Fn(&Told<Booking>) -> bool + Sync));
        let paging = Paging::first(ROWS);
        let mut found = paging.bookings(&call, wanted.listing.clone(), keep, Told::<Booking>::brief).await?;
        let host = wanted.listing.host.as_ref().map(Id::as_str);
        let mut items = Vec::new();
        for booking in &mut found.items {
            booking.leave_usual_subject_out();
            booking.note_role(host);
            items.push(row(booking.fields(&zone)));
        }
        let bookings = |count: usize| found.items.get(..count).unwrap_or_default();
        let size = |count: usize| {
            json_size(items.get(..count).unwrap_or_default()) + json_size(&agenda(bookings(count), &zone))
        };
        let count = most_within(items.len(), ROOM - AROUND, size);
        let next_cursor = if count < items.len() {
            count.checked_sub(1).and_then(|last| found.cursors.get(last)?.clone())
        } else {
            found.next.clone().filter(|_| found.has_more)
        };
        let many = match (count, &next_cursor) {
            (0, _) => "No bookings".to_owned(),
            (1, None) => "1 booking".to_owned(),
            (count, None) => format!("{count} bookings"),
            (count, Some(_)) => format!("{count} of more bookings, the newest created"),
        };
        let mut text = format!("{many} ({})", asked.words.join("; "));
        if count > 0 {
            text = format!("{text}\n{}", agenda(bookings(count), &zone));
        }
        items.truncate(count);
        let again = Again {
            starts_after: wanted.starts.from.map(time::instant),
            starts_before: wanted.starts.until.map(time::instant),
            host: wanted.listing.host.as_ref().map(ToString::to_string),
            guest: input.guest,
            status: input.status.map(|status| vec![status]),
            time_zone: zone.name().to_owned(),
        };
        let can = Can {
            cancel: call.offers_all(&["cancel_booking", "get_booking"]),
            request_reschedule: call.offers_all(&["request_reschedule", "get_booking"]),
            reassign: call.offers_all(&["reassign_booking", "get_booking", "list_users"]),
            mark_no_show: call.offers_all(&["mark_no_show", "get_booking"]),
        };
        let acts = can.cancel || can.request_reschedule || can.reassign || can.mark_no_show;
        let shown = Agenda {
            items: Vec::new(),
            next_cursor,
            time_zone: zone.name().to_owned(),
            filters: again,
            can,
            as_of: as_of(&call),
            note: None,
        };
        let mut reply = Reply::new(shown, text);
        reply.put_first("items", items);
        asked.notes.iter().for_each(|note| reply.note(note));
        reply.note(if acts { NOTE } else { NOTE_ALONE });
        Ok(reply)
    }
}

/// What the model is told of a view in which nothing can be done.
const NOTE_ALONE: &str = "The person sees these in a view. Do not repeat the list.";

/// What the model is told of the view.
const NOTE: &str = "The person sees these in a view, and acts on them there. Do not repeat the list: wait, or help with what they ask.";

#[derive(Deserialize, JsonSchema)]
struct ShowBookings {
    /// Default today
    starts_after: Option<String>,
    /// Default +7d
    starts_before: Option<String>,
    /// Or `me`
    host: Option<String>,
    /// Part of name
    guest: Option<String>,
    // Its values are not spelt out: the view filters by them, too.
    #[schemars(with = "Option<String>")]
    status: Option<Status>,
    /// IANA zone
    time_zone: Option<String>,
}

/// What the view shows.
#[serde_with::skip_serializing_none]
#[derive(Serialize, JsonSchema)]
struct Agenda {
    items: Vec<Told<Booking>>,
    next_cursor: Option<String>,
    time_zone: String,
    /// What list_bookings takes to go on, or to read them again
    filters: Again,
    can: Can,
    as_of: String,
    /// Anything else to know
    note: Option<String>,
}

/// The arguments of `list_bookings` that find the same: whatever was said in words is an instant or an id.
#[serde_with::skip_serializing_none]
#[derive(Serialize, JsonSchema)]
struct Again {
    starts_after: Option<String>,
    starts_before: Option<String>,
    host: Option<String>,
    guest: Option<String>,
    status: Option<Vec<Status>>,
    time_zone: String,
}

/// What the person can do.
#[derive(Serialize, JsonSchema)]
#[expect(clippy::struct_excessive_bools, reason = "each is a button")]
struct Can {
    cancel: bool,
    request_reschedule: bool,
    reassign: bool,
    mark_no_show: bool,
}

/// What a list has of a booking, and the view does not show.
pub(super) const LEFT_OUT: &[&str] = &["starting_time_local", "booking_calendar", "contact", "odd"];

/// Returns a row: of what a list has, what a person looks for.
fn row(mut fields: Map<String, Value>) -> Map<String, Value> {
    fields.retain(|name, _| !LEFT_OUT.contains(&name.as_str()));
    fields.values_mut().for_each(shorten);
    fields
}
