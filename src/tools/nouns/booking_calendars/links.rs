//! One-time links: each is good for one booking.

use std::fmt::Write as _;

use rmcp::{tool, tool_router};
use serde_json::{Map, Value};

use super::{calendar, guest};
use crate::actions::Stop;
use crate::actions::links::MakeLink;
use crate::names::{Found, Names};
use crate::oncehub::booking_calendars::{BookingSettings, CreateOneTimeLink};
use crate::records::{Failure, Link, Noun, Told, quoted};
use crate::tools::{Answer, Call, Parameters, Reply, Tools, schema};

#[tool_router(router = links, vis = "pub(in crate::tools)")]
impl Tools {
    /// Create a link for one guest to book one meeting when they choose, optionally prefilled. OnceHub does not send
    /// it: pass it on. It expires once used or after 90 days; no tool revokes it. Published calendars only. For an
    /// agreed time use `schedule_meeting`; form, lasting URL: `get_booking_calendar`.
    #[tool(title = "Create one-time link", annotations(destructive_hint = false),
        output_schema = schema::written::<Link>())]
    async fn create_one_time_link(&self, mut call: Call, Parameters(input): Parameters<CreateLink>) -> Answer<Stop> {
        let calendar = calendar(&call.names, &input.calendar_id).await?;
        let booking_form = guest::form(
            input.custom_fields,
            input.guest_name.as_deref(),
            input.guest_email.as_deref(),
            input.guest_phone.as_deref(),
        )?;
        let utm = input.utm.and_then(|utm| serde_json::to_value(utm).ok());
        let mut co_hosts = Vec::new();
        for name in &input.co_hosts {
            co_hosts.push(with_address(&call.names, "co_hosts", name).await?);
        }
        let host = match &input.host {
            Some(name) => Some(with_address(&call.names, "host", name).await?),
            None => None,
        };
        let ignored = host.is_some() && has_one_host(&call.names, &calendar).await;
        let request = CreateOneTimeLink {
            id: calendar.id.clone(),
            hide_url_params: input.hide_url_params,
            booking_form,
            utm: utm.as_ref().and_then(Value::as_object).cloned().unwrap_or_default(),
            booking_settings: BookingSettings {
                host: host.as_ref().map(|(_, email)| email.clone()),
                co_hosts: Some(co_hosts.iter().map(|(_, email)| email.as_str()).collect::<Vec<_>>().join(","))
                    .filter(|emails| !emails.is_empty()),
                duration_minutes: input.duration_minutes,
                skip: input.skip,
            },
        };
        let guest = [input.guest_name.as_deref(), input.guest_email.as_deref()].into_iter().flatten();
        let guest: Vec<String> = guest.map(|text| quoted(text, 120)).collect();
        let prefilled = if guest.is_empty() { String::new() } else { format!(", prefilled for {}", guest.join(" ")) };
        let question = format!("Create a one-time link for {}{prefilled}", calendar.described());
        let done = call.carry_out(&mut MakeLink { request, question }).await?;
        let mut link = Told::<Link>::from(done.object);
        link.calendar_id = Some(calendar.id.to_string());
        link.host = host.as_ref().map(|(found, _)| found.id.to_string());
        let ids: Vec<String> = co_hosts.iter().map(|(found, _)| found.id.to_string()).collect();
        link.co_hosts = Some(ids).filter(|ids| !ids.is_empty());
        let mut text = link.invitation(&calendar.described(), call.zone());
        for (label, people) in [("host", host.as_slice()), ("co_hosts", co_hosts.as_slice())] {
            let described: Vec<String> = people.iter().map(|(found, _)| found.described()).collect();
            if !described.is_empty() {
                let _ = write!(text, "\n{label}: {}", described.join(", "));
            }
        }
        let mut reply = Reply::new(link.fields(call.zone()), text).in_zone(call.zone());
        if ignored {
            reply.note("OnceHub ignores host here: this calendar belongs to one person, not to a team.");
        }
        Ok(reply)
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct CreateLink {
    /// Id, exact name or URL
    calendar_id: String,
    guest_name: Option<String>,
    guest_email: Option<String>,
    /// E.164
    guest_phone: Option<String>,
    /// Answers by exact field name
    custom_fields: Option<Map<String, Value>>,
    /// Campaign tags
    utm: Option<Utm>,
    /// Team calendars only: name, e-mail, id or `me`
    host: Option<String>,
    /// Team calendars only
    #[serde(default)]
    co_hosts: Vec<String>,
    /// One of the calendar's durations
    #[schemars(range(min = 1))]
    duration_minutes: Option<u32>,
    /// Steps: contact_info, questions, co_hosts
    #[serde(default)]
    skip: Vec<String>,
    /// Keep prefilled values out of the URL
    hide_url_params: Option<bool>,
}

#[serde_with::skip_serializing_none]
#[derive(serde::Deserialize, serde::Serialize, schemars::JsonSchema)]
struct Utm {
    source: Option<String>,
    medium: Option<String>,
    campaign: Option<String>,
    term: Option<String>,
    content: Option<String>,
}

/// Finds a user and their e-mail address, by which a link names its hosts.
async fn with_address(names: &Names, argument: &str, name: &str) -> Result<(Found, String), Failure> {
    let found = names.find(&[Noun::Users], argument, name).await?;
    match found.entry.as_ref().and_then(|entry| entry.email.clone()) {
        Some(email) => Ok((found, email)),
        None => Err(Failure::not_found(
            argument,
            format!("{argument}: the user {} has no known e-mail address", found.id),
            "use the e-mail address of a user",
        )),
    }
}

/// Whether a calendar belongs to a single user, as far as that is known.
async fn has_one_host(names: &Names, calendar: &Found) -> bool {
    let Some(host) = calendar.entry.as_ref().and_then(|entry| entry.host.as_deref()) else { return false };
    names.all_or_none(Noun::Users).await.get(host).is_some()
}
