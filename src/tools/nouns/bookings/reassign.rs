//! Reassigning a booking to another host.

use rmcp::{tool, tool_router};
use serde::Deserialize;

use super::changed;
use crate::actions::Stop;
use crate::actions::bookings::{Reassign, Target, has_lost_link, still_owned_by};
use crate::names::Among;
use crate::oncehub::bookings;
use crate::records::{Booking, Noun, Told, word};
use crate::tools::{Answer, Call, Parameters, Tools, schema};

#[tool_router(router = reassigning_bookings, vis = "pub(in crate::tools)")]
impl Tools {
    /// Give an upcoming booking to another host at the same time; everyone is notified. A clash with the new host's
    /// bookings is reported, not prevented. If the new host has no video service, an online meeting loses its link. Not
    /// on every subscription. New time: `move_booking`; many: `plan_changes`.
    #[tool(title = "Reassign booking", annotations(destructive_hint = true),
        output_schema = schema::changed::<Booking>())]
    async fn reassign_booking(&self, mut call: Call, Parameters(input): Parameters<ReassignBooking>) -> Answer<Stop> {
        let host = call.names.find(&[Noun::Users], "new_host", &input.new_host).await?;
        let target = Target::find(&call.names, Among::Upcoming, &input.booking_id).await?;
        let location = input.video_provider.map(|provider| bookings::VideoLocation { value: provider.into() });
        let mut reassign = Reassign::new(&call, target, host, location).await;
        let mut done = call.carry_out(&mut reassign).await?;
        let clash = reassign.clash();
        let Reassign { target, host, .. } = &reassign;
        done.object.fill_id(target.id.as_str());
        let booking: Told<Booking> = call.told(done.object.clone()).await;
        let said = format!("Reassigned to {}. Everyone is notified.", host.described());
        let mut reply = changed(&said, &booking, call.zone()).after(&done);
        if let Some(entry) = &host.entry {
            reply.put_first("new_host_name", entry.name.as_str());
        }
        reply.put_first("new_host", host.id.as_str());
        clash.iter().for_each(|clash| reply.note(clash));
        if let Some(owner) = still_owned_by(&booking, &host.id) {
            let owner = match call.names.find(&[Noun::Users], "owner", owner).await {
                Ok(found) => found.described(),
                Err(_) => word(owner),
            };
            reply.note(&format!("OnceHub still shows {owner} as the booking's owner; its host is the new one."));
        }
        if has_lost_link(&target.booking, &booking) {
            reply.note("The meeting has lost its video link: the new host has no video service connected.");
        }
        Ok(reply)
    }
}

#[derive(Deserialize, schemars::JsonSchema)]
struct ReassignBooking {
    /// Id, or its guest's name or e-mail
    booking_id: String,
    /// Name, e-mail, id or `me`
    new_host: String,
    /// Default: current, if the new host has it
    video_provider: Option<VideoProvider>,
}

#[derive(Clone, Copy, Debug, Deserialize, schemars::JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
enum VideoProvider {
    GoogleMeet,
    MicrosoftTeams,
    Webex,
    Gotomeeting,
    Zoom,
}
