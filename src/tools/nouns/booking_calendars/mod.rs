//! Booking calendars: finding one, its free slots, booking a slot, and one-time links.

pub(in crate::tools) mod guest;
mod links;
pub(in crate::tools) mod schedule;
mod slots;
#[cfg(test)]
mod tests;

use rmcp::{tool, tool_router};

use crate::names::{Found, Names};
use crate::oncehub::{Collection, booking_calendars};
use crate::records::{BookingCalendar, Failure, FormField, Noun, Told};
use crate::tools::{Answer, Asked, Call, Paging, Parameters, Reply, Tools, rows, schema};

#[tool_router(router = finding_calendars, vis = "pub(in crate::tools)")]
impl Tools {
    /// Find booking calendars: name, host (person or team), one of the durations, public URL, whether published (others
    /// cannot be booked). Choose one for `get_booking_time_slots` and `schedule_meeting`. Classic:
    /// `list_booking_pages`.
    #[tool(title = "List booking calendars", annotations(read_only_hint = true),
        output_schema = schema::list::<BookingCalendar>(schema::NEWEST))]
    async fn list_booking_calendars(&self, call: Call, Parameters(input): Parameters<ListBookingCalendars>) -> Answer {
        let mut asked = Asked::by(&call, call.zone());
        let host = match &input.host {
            Some(host) => Some(call.names.find(&[Noun::Users, Noun::Teams], "host", host).await?),
            None => None,
        };
        asked.words.extend(host.as_ref().map(|found| format!("host {}", found.described())));
        let part = asked.part("name", input.name.as_deref())?;
        let filter = booking_calendars::All { host: host.map(|found| found.id) };
        let names = |calendar: &Told<BookingCalendar>| vec![calendar.name.clone(), calendar.subject.clone()];
        let found = input.paging.called(&call, &filter, part.as_deref(), names, |calendar| calendar).await?;
        Ok(rows(found, "booking calendar", &asked))
    }

    /// Read one booking calendar and what its form asks, as far as its last bookings show: see it before passing
    /// custom_fields. Host, one of its durations, public URL and whether published are in `list_booking_calendars`,
    /// too. Free times: `get_booking_time_slots`.
    #[tool(title = "Get booking calendar", annotations(read_only_hint = true),
        output_schema = schema::read::<WithForm>())]
    async fn get_booking_calendar(&self, call: Call, Parameters(input): Parameters<GetBookingCalendar>) -> Answer {
        let id = calendar(&call.names, &input.calendar_id).await?.id;
        let read = call.names.read::<BookingCalendar>(&Collection::BookingCalendars.get(&id), &id).await?;
        let calendar = call.names.filled(read).await;
        let form = call.names.directory.form(&call.oncehub().trying_once(), &id).await.ok();
        let mut text = calendar.text(call.zone());
        if let Some(form) = &form {
            text = format!("{text}\n{}", form.described());
        }
        let is_unread = form.is_none();
        let form = form.filter(|form| form.of > 0).map(|form| form.fields.clone());
        let mut reply = Reply::new(WithForm { calendar, form }, text);
        if is_unread {
            reply.note("What its form asks is not known: its last bookings could not be read.");
        }
        Ok(reply)
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct ListBookingCalendars {
    /// Part of the calendar's name or subject
    name: Option<String>,
    /// User or team, or `me`
    host: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct GetBookingCalendar {
    /// Id, exact name or URL
    calendar_id: String,
}

/// A calendar, and what its form asks.
#[serde_with::skip_serializing_none]
#[derive(serde::Serialize, schemars::JsonSchema)]
struct WithForm {
    #[serde(flatten)]
    calendar: Told<BookingCalendar>,
    /// Fields besides name and e-mail that its last bookings answered
    form: Option<Vec<FormField>>,
}

/// Finds the calendar that is meant.
async fn calendar(names: &Names, asked: &str) -> Result<Found, Failure> {
    names.find(&[Noun::Calendars], "calendar_id", asked).await
}
