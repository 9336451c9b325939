//! Bookings: finding and reading them, and the four changes that OnceHub allows.

mod change;
mod coming;
mod list;
mod reassign;
mod show;
#[cfg(test)]
mod tests;

use rmcp::handler::server::tool::ToolRouter;
use rmcp::{tool, tool_router};

use super::call::Call;
use super::failure::{Failure, Kind};
use super::names::{fold, looks_like_an_id, thousands};
use super::reply::Reply;
use super::time::Zone;
use super::untrusted::{quoted, word};
use super::{Tools, asked, schema, time};
use crate::oncehub::{Id, Object, bookings};
pub(super) use show::{Names, after_scheduling, guest, scheduled};

impl Tools {
    pub(super) fn bookings() -> Vec<ToolRouter<Self>> {
        vec![
            Self::listing_bookings(),
            Self::reading_bookings(),
            Self::changing_bookings(),
            Self::reassigning_bookings(),
        ]
    }
}

#[derive(Debug, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetBooking {
    /// Id, or the guest's exact name or e-mail
    booking_id: String,
    /// In full: owner, contact, conversation
    #[serde(default)]
    expand: Vec<String>,
    /// IANA zone of the reply
    time_zone: Option<String>,
}

#[tool_router(router = reading_bookings)]
impl Tools {
    /// Read one booking in full: notes and answers, join link, location, reschedule and cancel links, payment, why it
    /// was canceled. To find bookings use `list_bookings`, which already shows time, status, guest and host.
    #[tool(
        title = "Get booking",
        input_schema = schema::input::<GetBooking>(),
        output_schema = show::one(),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn get_booking(&self, mut call: Call) -> Result<Reply, Failure> {
        let GetBooking { booking_id, expand, time_zone } = call.input()?;
        let zone = call.zone(time_zone.as_deref())?;
        let booking = call.find_booking(&booking_id, asked::expand(&expand)).await?;
        let names = Names::of(&call, std::slice::from_ref(&booking)).await;
        Ok(show::whole(booking, &names, &zone))
    }
}

impl Call {
    /// Finds the booking asked for: by its id, by the guest's exact name or address, by its subject, or by one of its
    /// URLs.
    async fn find_booking(&self, asked: &str, expand: Option<String>) -> Result<Object, Failure> {
        let asked = asked.trim();
        if let Ok(id) = asked.parse::<Id>() {
            let read = self.oncehub.send(&bookings::Get { id, expand: expand.clone() }).await;
            match read {
                Ok(mut booking) => {
                    booking.fill_id(asked);
                    return Ok(booking);
                }
                Err(error)
                    if error.rejection().is_some_and(crate::oncehub::Rejection::is_not_found)
                        && !looks_like_an_id(asked) =>
                {
                    // Report OnceHub's own error when no name matches either.
                    return self.search_booking(asked, expand).await.map_err(|failure| {
                        if failure.kind == Kind::NotFound { Failure::from(error) } else { failure }
                    });
                }
                Err(error) => return Err(error.into()),
            }
        }
        self.search_booking(asked, expand).await
    }

    /// Searches the newest bookings by name.
    async fn search_booking(&self, asked: &str, expand: Option<String>) -> Result<Object, Failure> {
        let folded = fold(asked);
        let texts = |booking: &Object| {
            let form = ["name", "email"].map(|field| booking.text_in("form_submission", field).map(fold));
            let own =
                ["subject", "tracking_id", "cancel_url", "reschedule_url"].map(|field| booking.text(field).map(fold));
            form.into_iter().chain(own).flatten().any(|known| known == folded)
        };
        let listing = bookings::All::default();
        let gathered = self.search(&listing, 20, &texts).await?;
        let searched = gathered.searched().map(thousands);
        let found = gathered.items;
        match found.as_slice() {
            [] => Err(Failure::not_found(
                "booking_id",
                match searched {
                    Some(count) => format!(
                        "booking_id: none of the newest {count} bookings is known as {}; there are more",
                        quoted(asked, 80)
                    ),
                    None => format!("booking_id: no booking is known as {}", quoted(asked, 80)),
                },
                "find its id with list_bookings, whose guest argument also takes part of a name",
            )),
            [only] => match only.text("id").map(str::parse) {
                Some(Ok(id)) if expand.is_some() => Ok(self.oncehub.send(&bookings::Get { id, expand }).await?),
                _ => Ok(only.clone()),
            },
            several => {
                let zone = &self.settings.zone;
                let shown: Vec<String> = several.iter().map(|booking| describe(booking, zone)).collect();
                let among = match searched {
                    Some(searched) => format!("{} of the newest {searched} bookings (there are more)", several.len()),
                    None => format!("{} bookings", several.len()),
                };
                let problem = format!("booking_id: {among} are known as {}: {}", quoted(asked, 80), shown.join("; "));
                Err(Failure::ambiguous("booking_id", problem))
            }
        }
    }
}

/// Whether a booking is still to take place, or awaits approval.
pub(super) fn is_live(booking: &Object) -> bool {
    booking.text("status").is_some_and(|status| matches!(status, "scheduled" | "rescheduled" | "requested"))
}

/// Describes a booking briefly, to tell it from others: id, status, time, guest.
pub(super) fn describe(booking: &Object, zone: &Zone) -> String {
    let starts = booking.text("starting_time").and_then(time::read).map(|at| time::local(at, zone));
    let parts = [booking.text("id").map(word), booking.text("status").map(word), starts, guest(booking)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}
