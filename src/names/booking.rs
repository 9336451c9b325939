//! Finding one booking, by its id, its guest or one of its URLs.

use jiff::Timestamp;
use parking_lot::Mutex;

use super::search::Search;
use super::{Names, fold, looks_like_an_id, thousands};
use crate::oncehub::{Id, Range, Rejection, bookings};
use crate::records::{Booking, Failure, Told, quoted};

/// The bookings that a name can stand for. An id stands for any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among {
    /// All, for a call that only reads. It takes a part of a name, too, if only one guest has it.
    All,
    /// Those that can still be canceled, moved or given to another host.
    Upcoming,
    /// Those that a guest may have missed.
    Past,
}

impl Among {
    fn has(self, booking: &Booking) -> bool {
        match self {
            Self::All => true,
            Self::Upcoming => booking.is_live(),
            Self::Past => !booking.is("canceled") && !booking.is("no_show"),
        }
    }

    fn starting(self, now: Timestamp) -> Range {
        match self {
            Self::All => Range::default(),
            Self::Upcoming => Range::between(Some(now), None),
            Self::Past => Range::between(None, Some(now)),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::All => "booking",
            Self::Upcoming => "upcoming booking",
            Self::Past => "past booking",
        }
    }
}

/// How many bookings with a similar name are named.
const NAMED: usize = 5;

impl Names {
    /// Finds the booking asked for: by its id, or among these by the guest's exact name or address, by its subject, or by
    /// one of its URLs.
    ///
    /// # Errors
    /// If no booking, or more than one, is known by that; or bookings cannot be read.
    pub async fn booking(&self, among: Among, asked: &str, expand: Option<String>) -> Result<Told<Booking>, Failure> {
        let asked = asked.trim();
        let Ok(id) = asked.parse::<Id>() else { return self.booking_called(among, asked, expand).await };
        match self.read(&bookings::Get { id: id.clone(), expand: expand.clone() }, &id).await {
            Ok(booking) => Ok(booking),
            Err(error) if error.rejection().is_some_and(Rejection::is_not_found) && !looks_like_an_id(asked) => {
                self.booking_called(among, asked, expand).await
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Searches the newest bookings by name.
    async fn booking_called(
        &self,
        among: Among,
        asked: &str,
        expand: Option<String>,
    ) -> Result<Told<Booking>, Failure> {
        let folded = fold(asked);
        // Those of guests whose name contains the text, in case nobody has exactly that name.
        let alike = Mutex::new(Vec::new());
        let is_meant = |booking: &Told<Booking>| {
            if !among.has(booking) {
                return false;
            }
            let form = booking.form_submission.as_ref();
            let name = form.and_then(|form| form.name.as_deref());
            if name.is_some_and(|name| fold(name).contains(&folded)) {
                alike.lock().push(booking.clone());
            }
            let email = form.and_then(|form| form.email.as_deref());
            let own = [&booking.subject, &booking.tracking_id, &booking.cancel_url, &booking.reschedule_url];
            let known = own.into_iter().filter_map(|own| own.as_deref());
            name.into_iter().chain(email).chain(known).any(|known| fold(known) == folded)
        };
        let listing = bookings::All { starting: among.starting(self.now), ..bookings::All::default() };
        let gathered = self.gather(&listing, None, Search::for_some(20, &is_meant)).await?;
        let searched = gathered.searched().map(thousands);
        let (mut found, mut alike) = (gathered.items, alike.into_inner());
        if found.is_empty() && alike.len() == 1 && among == Among::All && searched.is_none() {
            found.append(&mut alike);
        }
        let (word, shown) = (among.word(), quoted(asked, 80));
        match (found.pop(), found.as_slice()) {
            (None, _) => Err(Failure::not_found(
                "booking_id",
                match searched {
                    Some(count) => {
                        format!("booking_id: none of the newest {count} {word}s is known as {shown}; there are more")
                    }
                    None => format!("booking_id: no {word} is known as {shown}"),
                },
                match alike.as_slice() {
                    [] => "find its id with list_bookings, whose guest argument also takes part of a name".to_owned(),
                    some => {
                        let some = some.iter().take(NAMED).map(|booking| booking.described(&self.zone));
                        format!("did you mean {}? Call again with its id", some.collect::<Vec<_>>().join(" or "))
                    }
                },
            )),
            (Some(only), []) => match only.id.as_deref().map(str::parse::<Id>) {
                Some(Ok(id)) if expand.is_some() => {
                    Ok(self.read(&bookings::Get { id: id.clone(), expand }, &id).await?)
                }
                _ => Ok(only),
            },
            (Some(last), others) => {
                let listed = others.iter().chain([&last]).map(|booking| booking.described(&self.zone));
                let listed = listed.collect::<Vec<_>>().join("; ");
                let count = others.len() + 1;
                let counted = match searched {
                    Some(searched) => format!("{count} of the newest {searched} {word}s (there are more)"),
                    None => format!("{count} {word}s"),
                };
                let problem = format!("booking_id: {counted} are known as {shown}: {listed}");
                Err(Failure::ambiguous("booking_id", problem))
            }
        }
    }
}
