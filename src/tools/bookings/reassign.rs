//! Reassigning a booking to another host. OnceHub's documentation contradicts itself on whether a booking's owner
//! changes with its host, so three things are checked: the owner, the attendees, and whose bookings OnceHub lists it
//! among.

use futures::FutureExt;
use jiff::SignedDuration;
use rmcp::{tool, tool_router};
use serde::Deserialize;
use serde_json::Value;

use super::change::Target;
use super::show;
use crate::oncehub::{Error, Id, Object, bookings};
use crate::tools::call::Call;
use crate::tools::failure::Stop;
use crate::tools::names::{Found, Noun};
use crate::tools::reply::Reply;
use crate::tools::untrusted::word;
use crate::tools::write::{Seen, Subject};
use crate::tools::{Tools, schema, time};

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct ReassignBooking {
    /// Id, or the guest's exact name or e-mail
    booking_id: String,
    /// Name, e-mail, id or `me`
    new_host: String,
    /// Default: as now, if the new host has it
    video_provider: Option<VideoProvider>,
}

#[derive(Clone, Copy, Debug, Deserialize, schemars::JsonSchema, serde::Serialize)]
#[serde(rename_all = "snake_case")]
enum VideoProvider {
    GoogleMeet,
    MicrosoftTeams,
    Webex,
    Gotomeeting,
    Zoom,
}

#[tool_router(router = reassigning_bookings, vis = "pub(super)")]
impl Tools {
    /// Give a coming booking to another host at the same time; everyone is notified. Whether the new host is free is
    /// not checked: look with `list_bookings` (host) first. If they have no video service, an online meeting loses its
    /// link. Not in every plan. For another time use `request_reschedule`.
    #[tool(
        title = "Reassign booking",
        input_schema = schema::input::<ReassignBooking>(),
        output_schema = show::written(),
        annotations(read_only_hint = false, destructive_hint = true, idempotent_hint = true, open_world_hint = true)
    )]
    async fn reassign_booking(&self, mut call: Call) -> Result<Reply, Stop> {
        let ReassignBooking { booking_id, new_host, video_provider } = call.input()?;
        let host = call.find(&[Noun::Users], "new_host", &new_host).await?;
        let target = call.target(&booking_id).await?;
        let Target { id, booking } = &target;
        let question = format!(
            "Give {} to {} as the new host, and notify everyone?",
            show::sentence(booking, &self.settings.zone),
            host.described()
        );
        call.agree(true, &question, &|| show::unchanged(booking, &self.settings.zone)).await?;
        let provider = video_provider.and_then(|provider| serde_json::to_value(provider).ok());
        let location =
            provider.as_ref().and_then(Value::as_str).map(|value| bookings::VideoLocation { value: value.into() });
        let reassign = bookings::Reassign { id: id.clone(), new_host: host.id.clone(), location };
        let before = Signs::of(&call, &target, &host).await;
        let look = || call.look_for_new_host(&target, &host, before).boxed();
        let (what, check) = (format!("the booking {id}"), look_again(id, &host));
        let written = call.write(&reassign, Subject { what: &what, check: &check }, &look).await?;
        let (mut after, found) = written.object();
        after.fill_id(id.as_str());
        let lost_link = booking.text_in("virtual_conferencing", "join_url").is_some()
            && after.text_in("virtual_conferencing", "join_url").is_none();
        let owner = after.reference("owner").map(|owner| owner.id.to_owned());
        let done = format!("Reassigned to {}. Everyone is notified.", host.described());
        let mut reply = call.shown(&done, after, found).await;
        if let Some(entry) = &host.entry {
            reply.put_first("new_host_name", entry.name.clone().into());
        }
        reply.put_first("new_host", host.id.as_str().into());
        if let Some(owner) = owner.filter(|owner| owner != host.id.as_str()) {
            let owner = match call.find(&[Noun::Users], "owner", &owner).await {
                Ok(found) => found.described(),
                Err(_) => word(&owner),
            };
            reply.note(&format!("OnceHub still names {owner} as the booking's owner; its host is the new one."));
        }
        if lost_link {
            reply.note("The meeting has lost its video link: the new host has no video service connected.");
        }
        Ok(reply)
    }
}

fn look_again(id: &Id, host: &Found) -> String {
    format!("see whether list_bookings with host {} shows {id}", host.id)
}

/// The signs that a user is a booking's host.
#[derive(Clone, Copy, Default)]
struct Signs {
    owns: bool,
    attends: bool,
    /// OnceHub lists it among their bookings, which include those that they only co-host.
    listed: bool,
}

impl Signs {
    /// Collects the signs of the booking as it is now. If OnceHub's listing is unavailable now, it is not a sign later
    /// either.
    async fn of(call: &Call, target: &Target, host: &Found) -> Self {
        let listed = call.is_listed_with(target, &host.id).await.unwrap_or(true);
        Self { listed, ..Self::on(&target.booking, host) }
    }

    /// Collects the signs on the booking itself.
    fn on(booking: &Object, host: &Found) -> Self {
        let email = host.entry.as_ref().and_then(|entry| entry.email.as_deref());
        let attends = |email: &str| booking.texts("attendees").any(|attendee| attendee.eq_ignore_ascii_case(email));
        Self {
            owns: booking.reference("owner").is_some_and(|owner| owner.id == host.id.as_str()),
            attends: email.is_some_and(attends),
            listed: false,
        }
    }
}

impl Call {
    /// Whether the booking shows a sign of its new host that was not there before.
    async fn look_for_new_host(&self, target: &Target, host: &Found, before: Signs) -> Result<Seen, Error> {
        let booking = self.oncehub.send(&bookings::Get { id: target.id.clone(), expand: None }).await?;
        let now = Signs::on(&booking, host);
        let is_theirs = now.owns && !before.owns
            || now.attends && !before.attends
            || !before.listed && self.is_listed_with(target, &host.id).await?;
        Ok(Seen::made(Some(booking).filter(|_| is_theirs)))
    }

    /// Whether OnceHub lists the booking among those that a user hosts or co-hosts.
    async fn is_listed_with(&self, target: &Target, host: &Id) -> Result<bool, Error> {
        let starts = target.booking.text("starting_time").and_then(time::read);
        let second = SignedDuration::from_secs(1);
        let listing = bookings::All {
            host: Some(host.clone()),
            starting_after: starts.map(|at| time::instant(at - second)),
            starting_before: starts.map(|at| time::instant(at + second)),
            ..bookings::All::default()
        };
        let theirs = self.oncehub.list(&listing, 100).await?.items;
        Ok(theirs.iter().any(|booking| booking.text("id") == Some(target.id.as_str())))
    }
}
