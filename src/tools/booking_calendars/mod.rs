//! Booking calendars: finding one, its free slots, booking a slot, and one-time links.

mod guest;
mod links;
mod schedule;
mod slots;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rmcp::handler::server::tool::ToolRouter;
use rmcp::{tool, tool_router};
use serde_json::{Map, Value};

use super::asked::Asked;
use super::call::Call;
use super::failure::Failure;
use super::line::Line;
use super::names::{Entries, Found, Noun};
use super::reply::{Reply, present};
use super::schema::Field;
use super::untrusted::{quoted, word};
use super::{Tools, schema};
use crate::oncehub::{Object, booking_calendars};

impl Tools {
    pub(super) fn booking_calendars() -> Vec<ToolRouter<Self>> {
        vec![Self::finding_calendars(), Self::slots(), Self::scheduling(), Self::links()]
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListBookingCalendars {
    /// Part of the calendar's name or subject
    name: Option<String>,
    /// Whose: name, e-mail or id of a user or team, or `me`
    host: Option<String>,
    #[schemars(range(min = 1, max = 500), extend("default" = 25))]
    limit: Option<u32>,
    /// A next_cursor
    cursor: Option<String>,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetBookingCalendar {
    /// Id, exact name or URL
    calendar_id: String,
}

const FIELDS: &[Field] = &[
    ("id", "string", ""),
    ("name", "string", "What the account calls it"),
    ("subject", "string", "What guests read"),
    ("host", "string", "Id of a user or a team"),
    ("host_name", "string", ""),
    ("url", "string", "Where guests book"),
    ("published", "boolean", "Whether it can be booked"),
    ("duration_minutes", "number", "One of up to four that it may offer"),
];

#[tool_router(router = finding_calendars)]
impl Tools {
    /// Find booking calendars: name, host (person or team), duration, public URL, and whether published: only those can
    /// be booked. Use it to choose one for `get_booking_time_slots` and `schedule_meeting`.
    #[tool(
        title = "List booking calendars",
        input_schema = schema::input::<ListBookingCalendars>(),
        output_schema = schema::list(schema::object(FIELDS), &[("asked", "string", "The filters, as understood")]),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn list_booking_calendars(&self, mut call: Call) -> Result<Reply, Failure> {
        let ListBookingCalendars { name, host, limit, cursor } = call.input()?;
        let zone = &self.settings.zone;
        let mut asked = Asked::by(&call, zone);
        let host = match &host {
            Some(host) => Some(call.find(&[Noun::Users, Noun::Teams], "host", host).await?),
            None => None,
        };
        asked.words.extend(host.as_ref().map(|found| format!("host {}", found.described())));
        let part = asked.part("name", name.as_deref())?;
        let names = |calendar: &Object| {
            ["name", "subject"].iter().filter_map(|field| calendar.text(field)).map(str::to_owned).collect()
        };
        let filter = booking_calendars::All { host: host.map(|found| found.id) };
        let found = call.gather_called(&filter, limit, cursor.as_deref(), part.as_deref(), names).await?;
        let hosts = Hosts::of(&call, &found.items).await;
        Ok(found.rows("booking calendar", &asked, |calendar| {
            (shown(calendar.clone(), &hosts, zone), line(calendar, &hosts))
        }))
    }

    /// Read one booking calendar: host, one of its durations, public URL, whether published. Not needed after
    /// `list_booking_calendars`, which shows the same; free times are in `get_booking_time_slots`.
    #[tool(
        title = "Get booking calendar",
        input_schema = schema::input::<GetBookingCalendar>(),
        output_schema = schema::output(FIELDS),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn get_booking_calendar(&self, mut call: Call) -> Result<Reply, Failure> {
        let GetBookingCalendar { calendar_id } = call.input()?;
        let found = call.calendar(&calendar_id).await?;
        let calendar = call.read(&booking_calendars::Get::new(found.id.clone()), &found.id).await?;
        let hosts = Hosts::of(&call, std::slice::from_ref(&calendar)).await;
        let text = line(&calendar, &hosts);
        Ok(Reply::new(shown(calendar, &hosts, &self.settings.zone), text))
    }
}

impl Call {
    /// Finds the calendar that is meant.
    async fn calendar(&self, asked: &str) -> Result<Found, Failure> {
        self.find(&[Noun::Calendars], "calendar_id", asked).await
    }
}

/// The names of the users and teams that host calendars.
struct Hosts {
    users: Arc<Entries>,
    teams: Arc<Entries>,
}

impl Hosts {
    async fn of(call: &Call, calendars: &[Object]) -> Self {
        let mut hosts = Self { users: Arc::default(), teams: Arc::default() };
        let ids: Vec<&str> = calendars.iter().filter_map(|calendar| calendar.text("host")).collect();
        if !ids.is_empty() {
            hosts.users = call.directory.all_or_none(&call.oncehub, Noun::Users).await;
        }
        if ids.iter().any(|id| hosts.users.get(id).is_none()) {
            hosts.teams = call.directory.all_or_none(&call.oncehub, Noun::Teams).await;
        }
        hosts
    }

    /// Returns the host's name, and whether it is a team.
    fn name(&self, calendar: &Object) -> Option<(String, bool)> {
        let id = calendar.text("host")?;
        let user = self.users.name(id).map(|name| (name.to_owned(), false));
        user.or_else(|| self.teams.name(id).map(|name| (name.to_owned(), true)))
    }
}

fn shown(calendar: Object, hosts: &Hosts, zone: &super::Zone) -> Map<String, Value> {
    let host = hosts.name(&calendar);
    let mut fields = present(calendar, zone);
    fields.extend(host.map(|(name, _)| ("host_name".to_owned(), name.into())));
    fields
}

fn line(calendar: &Object, hosts: &Hosts) -> String {
    let host = calendar.text("host").map(|id| match hosts.name(calendar) {
        Some((name, true)) => format!("team {} {}", quoted(&name, 60), word(id)),
        Some((name, false)) => format!("host {} {}", quoted(&name, 60), word(id)),
        None => format!("host {}", word(id)),
    });
    let subject = calendar.text("subject").filter(|subject| Some(*subject) != calendar.text("name"));
    Line::of(calendar)
        .quoted(calendar.text("name"))
        .labelled_quoted("for guests:", subject)
        .said(calendar.number("duration_minutes").map(|minutes| format!("{minutes} min")))
        .said(host)
        .said((calendar.flag("published") == Some(false)).then(|| "not published: cannot be booked".to_owned()))
        .word(calendar.text("url"))
        .end()
}
