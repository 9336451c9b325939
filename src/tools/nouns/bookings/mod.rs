//! Bookings: finding and reading them, and the four changes that OnceHub allows.

mod change;
pub(in crate::tools) mod list;
mod reassign;
#[cfg(test)]
mod tests;

use rmcp::{tool, tool_router};

use crate::names::Among;
use crate::records::{Booking, Told, Zone};
use crate::tools::{Answer, Call, Parameters, Reply, Tools, asked, schema};

#[tool_router(router = reading_bookings, vis = "pub(in crate::tools)")]
impl Tools {
    /// Read one booking in full: notes and answers, join link, location, reschedule and cancel links, payment, why it
    /// was canceled. To find bookings use `list_bookings`, which already shows time, status, guest and host.
    #[tool(title = "Get booking", annotations(read_only_hint = true), output_schema = schema::read::<Booking>())]
    async fn get_booking(&self, call: Call, Parameters(input): Parameters<GetBooking>) -> Answer {
        let zone = call.zone_asked("time_zone", input.time_zone.as_deref())?;
        let booking = call
            .names
            .filled(
                call.names.booking(Among::All, "booking_id", &input.booking_id, asked::expand(&input.expand)).await?,
            )
            .await;
        Ok(Reply::new(booking.fields(&zone), booking.whole(&zone)).in_zone(&zone))
    }
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
struct GetBooking {
    /// Id, or its guest's name or e-mail
    booking_id: String,
    /// In full: owner, contact, conversation
    #[serde(default)]
    expand: Vec<String>,
    /// IANA zone of the reply
    time_zone: Option<String>,
}

/// Returns a booking after a change: the whole object, and a text that says what changed.
pub(super) fn changed(said: &str, booking: &Told<Booking>, zone: &Zone) -> Reply {
    Reply::new(booking.fields(zone), format!("{said}\n{}", booking.after_change(zone))).in_zone(zone)
}
