//! One-time links: each is good for one booking.

use std::fmt::Write as _;

use rmcp::{tool, tool_router};
use serde_json::{Map, Value};

use super::guest;
use crate::oncehub::booking_calendars::{BookingSettings, CreateOneTimeLink};
use crate::tools::call::Call;
use crate::tools::failure::{Failure, Stop};
use crate::tools::names::{Found, Noun};
use crate::tools::reply::Reply;
use crate::tools::untrusted::quoted;
use crate::tools::{Tools, one_time_link, schema};

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct CreateLink {
    /// Id, exact name or URL
    calendar_id: String,
    /// Prefilled, like the next three
    guest_name: Option<String>,
    guest_email: Option<String>,
    /// E.164
    guest_phone: Option<String>,
    /// Answers by exact field name
    custom_fields: Option<Map<String, Value>>,
    /// Tags: source, medium, campaign, term, content
    #[schemars(with = "Option<Map<String, Value>>")]
    utm: Option<Utm>,
    /// On a team's calendar only: name, e-mail, id or `me`
    host: Option<String>,
    /// Likewise
    #[serde(default)]
    co_hosts: Vec<String>,
    /// One of the calendar's durations
    #[schemars(range(min = 1))]
    duration_minutes: Option<u32>,
    /// Steps not shown: contact_info, questions, co_hosts
    #[serde(default)]
    skip: Vec<String>,
    /// Keep prefilled values out of the URL
    hide_url_params: Option<bool>,
}

#[derive(serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
struct Utm {
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    medium: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    campaign: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    term: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
}

#[tool_router(router = links, vis = "pub(super)")]
impl Tools {
    /// Make a link with which one guest books one meeting at a time they choose, prefilled if wanted. It is sent to
    /// nobody: pass it on. It ends after one booking or 90 days. Published calendars only. For a time already agreed
    /// use `schedule_meeting`; lasting links are in `get_booking_calendar`.
    #[tool(
        title = "Create one-time link",
        input_schema = schema::input::<CreateLink>(),
        output_schema = schema::written(&[
                ("id", "string", "The link's own id, not a booking's"),
                ("url", "string", "What to give to the guest"),
                ("creation_time", "string", "UTC"),
                ("creation_time_local", "string", "In time_zone"),
                ("calendar_id", "string", ""),
                ("host", "string", "The id of the user who was asked for"),
                ("co_hosts", "array", "Ids of users"),
            ]),
        annotations(read_only_hint = false, destructive_hint = false, idempotent_hint = false, open_world_hint = true)
    )]
    async fn create_one_time_link(&self, mut call: Call) -> Result<Reply, Stop> {
        let input: CreateLink = call.input()?;
        let calendar = call.calendar(&input.calendar_id).await?;
        let booking_form = guest::form(
            input.custom_fields,
            input.guest_name.as_deref(),
            input.guest_email.as_deref(),
            input.guest_phone.as_deref(),
        )?;
        let utm = input.utm.and_then(|utm| serde_json::to_value(utm).ok());
        let mut co_hosts = Vec::new();
        for name in &input.co_hosts {
            co_hosts.push(call.with_address("co_hosts", name).await?);
        }
        let host = match &input.host {
            Some(name) => Some(call.with_address("host", name).await?),
            None => None,
        };
        let ignored = host.is_some() && call.has_one_host(&calendar).await;
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
        let question = format!("Make a one-time link for {}{prefilled}?", calendar.described());
        call.agree(false, &question, &Map::new).await?;
        let link = call.one_time_link(&request).await?;
        let (mut fields, mut text) = one_time_link::shown(link, "calendar_id", &calendar, &self.settings.zone);
        fields.extend(host.as_ref().map(|(found, _)| ("host".to_owned(), found.id.as_str().into())));
        if !co_hosts.is_empty() {
            let ids: Vec<Value> = co_hosts.iter().map(|(found, _)| found.id.as_str().into()).collect();
            fields.insert("co_hosts".into(), ids.into());
        }
        for (label, people) in [("host", host.as_slice()), ("co_hosts", co_hosts.as_slice())] {
            let described: Vec<String> = people.iter().map(|(found, _)| found.described()).collect();
            if !described.is_empty() {
                let _ = write!(text, "\n{label}: {}", described.join(", "));
            }
        }
        let mut reply = Reply::new(fields, text);
        if ignored {
            reply.note("OnceHub ignores host here: this calendar belongs to one person, not to a team.");
        }
        Ok(reply)
    }
}

impl Call {
    /// Finds a user and their e-mail address, by which a link names its hosts.
    async fn with_address(&self, argument: &str, name: &str) -> Result<(Found, String), Failure> {
        let found = self.find(&[Noun::Users], argument, name).await?;
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
    async fn has_one_host(&self, calendar: &Found) -> bool {
        let Some(host) = calendar.entry.as_ref().and_then(|entry| entry.object.text("host")) else {
            return false;
        };
        self.directory.all_or_none(&self.oncehub, Noun::Users).await.get(host).is_some()
    }
}
