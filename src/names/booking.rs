//! Finding one booking, by its id, its guest or one of its URLs.

use super::search::Search;
use super::{Names, fold, looks_like_an_id, thousands};
use crate::oncehub::{Id, Rejection, bookings};
use crate::records::{Booking, Failure, Kind, Told, quoted};

impl Names {
    /// Finds the booking asked for: by its id, by the guest's exact name or address, by its subject, or by one of its
    /// URLs.
    ///
    /// # Errors
    /// If no booking, or more than one, is known by that; or bookings cannot be read.
    pub async fn booking(&self, asked: &str, expand: Option<String>) -> Result<Told<Booking>, Failure> {
        let asked = asked.trim();
        let Ok(id) = asked.parse::<Id>() else { return self.booking_called(asked, expand).await };
        match self.read(&bookings::Get { id: id.clone(), expand: expand.clone() }, &id).await {
            Ok(booking) => Ok(booking),
            Err(error) if error.rejection().is_some_and(Rejection::is_not_found) && !looks_like_an_id(asked) => {
                // Report OnceHub's own error when no name matches either.
                let found = self.booking_called(asked, expand).await;
                found.map_err(|failure| if failure.kind == Kind::NotFound { error.into() } else { failure })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Searches the newest bookings by name.
    async fn booking_called(&self, asked: &str, expand: Option<String>) -> Result<Told<Booking>, Failure> {
        let folded = fold(asked);
        let is_meant = |booking: &Told<Booking>| {
            let form = booking.form_submission.iter().flat_map(|form| [&form.name, &form.email]);
            let own = [&booking.subject, &booking.tracking_id, &booking.cancel_url, &booking.reschedule_url];
            form.chain(own).flatten().any(|known| fold(known) == folded)
        };
        let gathered = self.gather(&bookings::All::default(), Search::for_some(20, &is_meant)).await?;
        let searched = gathered.searched().map(thousands);
        let mut found = gathered.items;
        match (found.pop(), found.as_slice()) {
            (None, _) => Err(Failure::not_found(
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
            (Some(only), []) => match only.id.as_deref().map(str::parse::<Id>) {
                Some(Ok(id)) if expand.is_some() => {
                    Ok(self.read(&bookings::Get { id: id.clone(), expand }, &id).await?)
                }
                _ => Ok(only),
            },
            (Some(last), others) => {
                let shown = others.iter().chain([&last]).map(|booking| booking.described(&self.zone));
                let shown = shown.collect::<Vec<_>>().join("; ");
                let count = others.len() + 1;
                let among = match searched {
                    Some(searched) => format!("{count} of the newest {searched} bookings (there are more)"),
                    None => format!("{count} bookings"),
                };
                let problem = format!("booking_id: {among} are known as {}: {shown}", quoted(asked, 80));
                Err(Failure::ambiguous("booking_id", problem))
            }
        }
    }
}
