//! Finding one booking, by its id, its guest or one of its URLs.

use jiff::Timestamp;
use parking_lot::Mutex;

use super::find::{ambiguous, in_several_names, in_words};
use super::search::Search;
use super::{Names, Takes, fold, looks_like_an_id, thousands};
use crate::oncehub::{Id, Range, Rejection, bookings};
use crate::records::{Booking, Candidate, Failure, Told, quoted};

/// The bookings that a name can stand for. An id stands for any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Among {
    /// All, for a call that only reads. It takes a part of a name, too, if only one guest has it.
    All,
    /// Those that can still be given to another host.
    Upcoming,
    /// Those that can still be canceled; if there is none, one that is canceled already.
    Cancelable,
    /// Those that a guest may have missed; if there is none, one that is a no-show already.
    Past,
}

impl Among {
    fn has(self, booking: &Booking) -> bool {
        match self {
            Self::All => true,
            Self::Upcoming | Self::Cancelable => booking.is_live(),
            Self::Past => !booking.is("canceled") && !booking.is("no_show"),
        }
    }

    fn starting(self, now: Timestamp) -> Range {
        match self {
            Self::All => Range::default(),
            Self::Upcoming | Self::Cancelable => Range::between(Some(now), None),
            Self::Past => Range::between(None, Some(now)),
        }
    }

    /// Returns the status of those that the change was already applied to.
    fn becomes(self) -> Option<&'static str> {
        match self {
            Self::All | Self::Upcoming => None,
            Self::Cancelable => Some("canceled"),
            Self::Past => Some("no_show"),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::All => "booking",
            Self::Upcoming | Self::Cancelable => "upcoming booking",
            Self::Past => "past booking",
        }
    }
}

/// The bookings that may be meant by a text.
struct Known {
    exactly: Vec<Told<Booking>>,
    /// Those of guests whose name contains the text, in case nobody has exactly that name.
    alike: Vec<Told<Booking>>,
    /// Those of that name that the change was already applied to.
    already: Vec<Told<Booking>>,
    /// Among how many the search was, if there are more.
    searched: Option<String>,
}

/// How many bookings with a similar name are named.
const NAMED: usize = 5;

impl Names {
    /// Finds the booking asked for: by its id, or among these by the guest's exact name or address, by its subject, or by
    /// one of its URLs.
    ///
    /// # Errors
    /// If no booking, or more than one, is known by that; or bookings cannot be read.
    pub async fn booking(
        &self,
        among: Among,
        argument: &str,
        asked: &str,
        expand: Option<String>,
    ) -> Result<Told<Booking>, Failure> {
        let asked = asked.trim();
        let Ok(id) = asked.parse::<Id>() else { return self.booking_called(among, argument, asked, expand).await };
        match self.read(&bookings::Get { id: id.clone(), expand: expand.clone() }, &id).await {
            Ok(booking) => Ok(booking),
            Err(error)
                if error.rejection().is_some_and(Rejection::is_not_found)
                    && self.takes > Takes::Ids
                    && !looks_like_an_id(asked) =>
            {
                self.booking_called(among, argument, asked, expand).await
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Finds the one booking that is known by a text.
    async fn booking_called(
        &self,
        among: Among,
        argument: &str,
        asked: &str,
        expand: Option<String>,
    ) -> Result<Told<Booking>, Failure> {
        let mut known = self.known_as(among, asked).await?;
        if known.exactly.is_empty() && known.searched.is_none() {
            if known.already.len() == 1 {
                known.exactly.append(&mut known.already);
            } else if among == Among::All && known.alike.len() == 1 {
                let read_as = known.alike.iter().map(|booking| booking.mention(&self.zone)).collect::<String>();
                self.note_part(argument, asked, &read_as);
                known.exactly.append(&mut known.alike);
            } else if among == Among::All && known.alike.len() > 1 {
                let candidates = known.alike.iter().map(|booking| self.candidate(booking)).collect();
                return Err(in_several_names(argument, asked, candidates));
            }
        }
        match (known.exactly.pop(), known.exactly.as_slice()) {
            (None, _) => Err(self.none_known_as(among, argument, asked, &known)),
            (Some(only), []) => match only.id.as_deref().map(str::parse::<Id>) {
                Some(Ok(id)) if expand.is_some() => {
                    Ok(self.read(&bookings::Get { id: id.clone(), expand }, &id).await?)
                }
                _ => Ok(only),
            },
            (Some(last), others) => {
                let candidates = others.iter().chain([&last]).map(|booking| self.candidate(booking)).collect();
                let (count, word) = (others.len() + 1, among.word());
                let counted = match &known.searched {
                    Some(searched) => format!("{count} of the newest {searched} {word}s (there are more)"),
                    None => format!("{count} {word}s"),
                };
                Err(ambiguous(argument, &format!("{counted} are known as {}", quoted(asked, 80)), candidates))
            }
        }
    }

    /// Searches the newest bookings for what is known by a text.
    async fn known_as(&self, among: Among, asked: &str) -> Result<Known, Failure> {
        let folded = fold(asked);
        let (alike, already) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()));
        let is_meant = |booking: &Told<Booking>| {
            let is_already = among.becomes().is_some_and(|status| booking.is(status));
            // What has no id cannot be told from others.
            if booking.id.is_none() || !among.has(booking) && !is_already {
                return false;
            }
            let form = booking.form_submission.as_ref();
            let name = form.and_then(|form| form.name.as_deref());
            if !is_already && !folded.is_empty() && name.is_some_and(|name| fold(name).contains(&folded)) {
                alike.lock().push(booking.clone());
            }
            let email = form.and_then(|form| form.email.as_deref());
            let own = [&booking.subject, &booking.tracking_id, &booking.cancel_url, &booking.reschedule_url];
            let known = own.into_iter().filter_map(|own| own.as_deref());
            let is_known = name.into_iter().chain(email).chain(known).any(|known| fold(known) == folded);
            if is_known && is_already {
                already.lock().push(booking.clone());
            }
            is_known && !is_already
        };
        let listing = bookings::All { starting: among.starting(self.now), ..bookings::All::default() };
        let gathered = self.gather(&listing, None, Search::for_some(20, &is_meant)).await?;
        let searched = gathered.searched().map(thousands);
        let (alike, already) = (alike.into_inner(), already.into_inner());
        Ok(Known { exactly: gathered.items, alike, already, searched })
    }

    /// The failure where no booking is known by a text.
    fn none_known_as(&self, among: Among, argument: &str, asked: &str, known: &Known) -> Failure {
        let Known { alike, already, searched, .. } = known;
        let are_already = match among.becomes() {
            Some(status) if !already.is_empty() => {
                let all = already.iter().take(NAMED).map(|booking| booking.mention(&self.zone));
                let (count, status) = (already.len(), status.replace('_', "-"));
                format!("; already {status}: {count} of that name, {}", all.collect::<Vec<_>>().join("; "))
            }
            _ => String::new(),
        };
        let (word, shown) = (among.word(), quoted(asked, 80));
        let problem = match searched {
            Some(count) => format!(
                "{argument}: none of the newest {count} {word}s is known as {shown}; there are more{are_already}"
            ),
            None => format!("{argument}: no {word} is known as {shown}{are_already}"),
        };
        let meant: Vec<Candidate> = alike.iter().take(NAMED).map(|booking| self.candidate(booking)).collect();
        let hint = match meant.as_slice() {
            [] => "find its id with list_bookings, whose guest argument also takes part of a name".to_owned(),
            some => format!("did you mean {}? Call again with its id", in_words(some, " or ")),
        };
        Failure::not_found(argument, problem, hint).candidates(meant)
    }

    /// Returns a booking as one of those that a name may stand for.
    fn candidate(&self, booking: &Told<Booking>) -> Candidate {
        let (name, email) = booking.guest();
        let name = name.or(email);
        Candidate::new(booking.id.as_deref().unwrap_or_default(), name.as_deref(), booking.mention(&self.zone))
    }
}
