//! Changing a booking. Each change reads the booking first, both to describe it in the question and to be able to check
//! whether the change happened when OnceHub's response is lost.

use rmcp::{tool, tool_router};
use serde::Deserialize;

use super::show::{self, Names};
use crate::oncehub::{Endpoint, Id, Object, bookings};
use crate::tools::call::Call;
use crate::tools::failure::{Failure, Stop};
use crate::tools::reply::{FOUND_NOTE, Reply};
use crate::tools::untrusted::quoted;
use crate::tools::write::{Seen, Subject};
use crate::tools::{Tools, schema};

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct CancelBooking {
    /// Id, or the guest's exact name or e-mail
    booking_id: String,
    /// What the guest reads
    reason: Option<String>,
    #[serde(default = "yes")]
    notify_guest: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct RequestReschedule {
    /// Id, or the guest's exact name or e-mail
    booking_id: String,
    /// What the guest reads
    reason: Option<String>,
}

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct MarkNoShow {
    /// Id, or the guest's exact name or e-mail
    booking_id: String,
}

#[tool_router(router = changing_bookings, vis = "pub(super)")]
impl Tools {
    /// Cancel a coming booking for good; its time becomes free. The guest is e-mailed, with the reason, unless
    /// notify_guest is false. To let them choose another time use `request_reschedule`; for another host
    /// `reassign_booking`. Paid bookings can only be canceled in OnceHub.
    #[tool(
        title = "Cancel booking",
        input_schema = schema::input::<CancelBooking>(),
        output_schema = show::written(),
        annotations(read_only_hint = false, destructive_hint = true, idempotent_hint = true, open_world_hint = true)
    )]
    async fn cancel_booking(&self, mut call: Call) -> Result<Reply, Stop> {
        let CancelBooking { booking_id, reason, notify_guest } = call.input()?;
        let target = call.target(&booking_id).await?;
        let Target { id, booking } = &target;
        let mail = match &reason {
            _ if !notify_guest => "without telling the guest".to_owned(),
            Some(reason) => format!("and email the guest this reason: {}", quoted(reason, 300)),
            None => "and email the guest about it".to_owned(),
        };
        let question = format!("Cancel {}, {mail}?", show::sentence(booking, &self.settings.zone));
        call.agree(true, &question, &|| show::unchanged(booking, &self.settings.zone)).await?;
        let cancel = bookings::Cancel { id: id.clone(), reason, notify_guest };
        let mailed = if notify_guest { "The guest is told by e-mail." } else { "The guest was not told." };
        Ok(call
            .show_changed(&cancel, &target, &format!("Canceled. {mailed}"), &|booking| {
                booking.text("status") == Some("canceled")
            })
            .await?)
    }

    /// Cancel a coming booking and e-mail the guest a link to choose another time. The present time is given up at
    /// once, answer or not. To move it to a time already agreed use `schedule_meeting` first and then `cancel_booking`.
    /// Not for paid bookings.
    #[tool(
        title = "Request reschedule",
        input_schema = schema::input::<RequestReschedule>(),
        output_schema = show::written(),
        annotations(read_only_hint = false, destructive_hint = true, idempotent_hint = true, open_world_hint = true)
    )]
    async fn request_reschedule(&self, mut call: Call) -> Result<Reply, Stop> {
        let RequestReschedule { booking_id, reason } = call.input()?;
        let target = call.target(&booking_id).await?;
        let Target { id, booking } = &target;
        let why = reason.as_ref().map(|reason| format!(", with this reason: {}", quoted(reason, 300)));
        let question = format!(
            "Cancel {}, and email the guest to choose another time{}?",
            show::sentence(booking, &self.settings.zone),
            why.unwrap_or_default()
        );
        call.agree(true, &question, &|| show::unchanged(booking, &self.settings.zone)).await?;
        let request = bookings::RequestReschedule { id: id.clone(), reason };
        let done = "Canceled, and the guest is asked by e-mail to choose another time.";
        Ok(call.show_changed(&request, &target, done, &|booking| booking.text("status") == Some("canceled")).await?)
    }

    /// Mark a booking whose time has come as missed by the guest. It cannot be taken back here. For one still to come
    /// use `cancel_booking`. Candidates: `list_bookings` with starts_before now, and status completed or scheduled.
    #[tool(
        title = "Mark no-show",
        input_schema = schema::input::<MarkNoShow>(),
        output_schema = show::written(),
        annotations(read_only_hint = false, destructive_hint = true, idempotent_hint = true, open_world_hint = true)
    )]
    async fn mark_no_show(&self, mut call: Call) -> Result<Reply, Stop> {
        let MarkNoShow { booking_id } = call.input()?;
        let target = call.target(&booking_id).await?;
        let Target { id, booking } = &target;
        let question = format!("Mark {} as missed by the guest?", show::sentence(booking, &self.settings.zone));
        call.agree(false, &question, &|| show::unchanged(booking, &self.settings.zone)).await?;
        let no_show = bookings::NoShow { id: id.clone() };
        Ok(call
            .show_changed(&no_show, &target, "Marked as a no-show.", &|booking| {
                booking.text("status") == Some("no_show")
            })
            .await?)
    }
}

/// The booking to change.
pub(super) struct Target {
    pub(super) id: Id,
    pub(super) booking: Object,
}

impl Call {
    pub(super) async fn target(&self, asked: &str) -> Result<Target, Failure> {
        let booking = self.find_booking(asked, None).await?;
        let id = booking.text("id").unwrap_or(asked).parse();
        let id = id.map_err(|error| Failure::argument("booking_id", error, "find the id with list_bookings"))?;
        if booking.is_deleted() {
            let problem = format!("booking_id: the booking {id} has been deleted");
            return Err(Failure::not_found("booking_id", problem, "find another with list_bookings"));
        }
        Ok(Target { id, booking })
    }

    /// Sends a change and shows the booking afterwards.
    async fn show_changed<E>(
        &self,
        change: &E,
        Target { id, booking }: &Target,
        done: &str,
        is_done: &(dyn Fn(&Object) -> bool + Sync),
    ) -> Result<Reply, Failure>
    where
        E: Endpoint<Response = Object>,
    {
        let (booking, found) = self.written(change, id, booking, is_done).await?;
        Ok(self.shown(done, booking, found).await)
    }

    /// Sends a change; returns the booking afterwards, and whether it had to be looked up.
    async fn written<E>(
        &self,
        change: &E,
        id: &Id,
        before: &Object,
        is_done: &(dyn Fn(&Object) -> bool + Sync),
    ) -> Result<(Object, bool), Failure>
    where
        E: Endpoint<Response = Object>,
    {
        let read = bookings::Get { id: id.clone(), expand: None };
        let what = format!("the booking {id}");
        let check = format!("read it with get_booking {id}: its status tells");
        // A booking already in that state proves nothing: OnceHub rejects a repeated change, and notifies nobody again.
        let was_done = is_done(before);
        let see = |booking: Object| Seen::made(Some(booking).filter(|booking| !was_done && is_done(booking)));
        let (mut booking, found) = self.change(change, &read, Subject { what: &what, check: &check }, &see).await?;
        booking.fill_id(id.as_str());
        Ok((booking, found))
    }

    pub(super) async fn shown(&self, done: &str, booking: Object, found: bool) -> Reply {
        let names = Names::of(self, std::slice::from_ref(&booking)).await;
        let mut reply = show::changed(done, booking, &names, &self.settings.zone);
        if found {
            reply.note(FOUND_NOTE);
        }
        reply
    }
}
