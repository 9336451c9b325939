//! Changing a booking.

use rmcp::{tool, tool_router};
use serde::Deserialize;

use super::changed;
use crate::actions::bookings::{Change, Target, cancel, mark_no_show, request_reschedule};
use crate::actions::{Action, Stop};
use crate::names::Among;
use crate::records::booking::Booking;
use crate::records::{Failure, word};
use crate::tools::arguments::yes;
use crate::tools::{Answer, Call, Parameters, Reply, Tools, schema};

#[tool_router(router = changing_bookings, vis = "pub(in crate::tools)")]
impl Tools {
    /// Cancel an upcoming booking for good; its time becomes free. The guest is e-mailed, with the reason, unless
    /// notify_guest is false. New time: `move_booking`, or `request_reschedule` (guest chooses); new host:
    /// `reassign_booking`; many: `plan_changes`. Paid bookings can only be canceled in OnceHub.
    #[tool(title = "Cancel booking", annotations(destructive_hint = true),
        output_schema = schema::changed::<Booking>())]
    async fn cancel_booking(&self, mut call: Call, Parameters(input): Parameters<CancelBooking>) -> Answer<Stop> {
        let target = Target::find(&call.names, Among::Cancelable, &input.booking_id).await?;
        let mailed =
            if input.notify_guest { "The guest is notified by e-mail." } else { "The guest was not notified." };
        make(&mut call, cancel(target, input.reason, input.notify_guest), &format!("Canceled. {mailed}")).await
    }

    /// Cancel an upcoming booking and e-mail the guest a link to choose another time. The slot is released at once,
    /// even if the guest never answers. To move it to an agreed time use `move_booking`; many: `plan_changes`. Not for
    /// paid bookings.
    #[tool(title = "Request reschedule", annotations(destructive_hint = true),
        output_schema = schema::changed::<Booking>())]
    async fn request_reschedule(&self, mut call: Call, Parameters(input): Parameters<Reschedule>) -> Answer<Stop> {
        let target = Target::find(&call.names, Among::Cancelable, &input.booking_id).await?;
        let said = "Canceled, and the guest is asked by e-mail to choose another time.";
        let change = request_reschedule(target, input.reason);
        // That it is canceled is half of what was asked for, and the other half cannot be had any more.
        if let Some(target) = change.made_already() {
            return Err(not_asked(&call, target).await.into());
        }
        make(&mut call, change, said).await
    }

    /// Mark a booking whose start has passed as missed by the guest: find it with `list_bookings` (starts_before now).
    /// It cannot be undone here; whether anybody is e-mailed is not documented. For an upcoming one use
    /// `cancel_booking`, for many `plan_changes`.
    #[tool(title = "Mark no-show", annotations(destructive_hint = true), output_schema = schema::changed::<Booking>())]
    async fn mark_no_show(&self, mut call: Call, Parameters(input): Parameters<MarkNoShow>) -> Answer<Stop> {
        let target = Target::find(&call.names, Among::Past, &input.booking_id).await?;
        make(&mut call, mark_no_show(target), "Marked as a no-show.").await
    }
}

#[derive(Deserialize, schemars::JsonSchema)]
struct CancelBooking {
    /// Id, or its guest's name or e-mail
    booking_id: String,
    /// What the guest reads
    reason: Option<String>,
    #[serde(default = "yes")]
    notify_guest: bool,
}

#[derive(Deserialize, schemars::JsonSchema)]
struct Reschedule {
    /// Id, or its guest's name or e-mail
    booking_id: String,
    /// What the guest reads
    reason: Option<String>,
}

#[derive(Deserialize, schemars::JsonSchema)]
struct MarkNoShow {
    /// Id, or its guest's name or e-mail
    booking_id: String,
}

/// Makes a change, and replies with the booking as it is then. What is so already is not asked for again.
async fn make<E>(call: &mut Call, mut change: Change<E>, said: &str) -> Answer<Stop>
where
    Change<E>: Action,
{
    if let Some(target) = change.made_already() {
        return Ok(already(call, target).await);
    }
    let mut done = call.carry_out(&mut change).await?;
    done.object.fill_id(change.id().as_str());
    let booking = call.told(done.object.clone()).await;
    Ok(changed(said, &booking, call.zone()).after(&done))
}

/// The failure of asking the guest of a canceled booking to choose another time.
async fn not_asked(call: &Call, target: &Target) -> Failure {
    let Target { id, booking, .. } = target;
    let mut problem = format!(
        "{id} is already canceled, so the guest was not asked now to choose another time; whether they were \
         asked before is not known"
    );
    if let Some(next) = target.successor(call).await {
        problem.push_str(&format!(". Another booking took its place: {}", next.mention(call.zone())));
    }
    let mut hint =
        "if they still need a time, use schedule_meeting for one that is agreed on, or create_one_time_link \
                    for them to choose"
            .to_owned();
    if let Some(url) = booking.reschedule_url.as_deref().filter(|url| !url.is_empty()) {
        hint.push_str(&format!("; its reschedule_url is {}", word(url)));
    }
    Failure::argument("booking_id", problem, hint)
}

/// Tells a booking that has been changed before, and the one that followed it, if there is one.
async fn already(call: &Call, target: &Target) -> Reply {
    let booking = call.names.filled(target.booking.clone()).await;
    let was = booking.status.as_deref().unwrap_or_default().replace('_', "-");
    let said = format!("Nothing to do: it is already {was}, and nobody was notified again.");
    let mut reply = changed(&said, &booking, call.zone());
    if let Some(next) = target.successor(call).await {
        reply.note(&format!("Another booking took its place: {}.", next.mention(call.zone())));
    }
    reply
}
