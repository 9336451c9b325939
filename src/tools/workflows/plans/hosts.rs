//! When hosts have time, as far as OnceHub knows.

use std::collections::BTreeMap;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};

use crate::actions::availability::WorkingHours;
use crate::names::{Entries, Found, Names};
use crate::oncehub::{Id, Range, Rejection, bookings};
use crate::records::{Booking, Failure, Reference, Told, quoted};

/// From when to when.
pub(super) type Span = (Timestamp, Timestamp);

/// The most bookings of one host that are read.
const MOST: usize = 1000;

/// How far around the bookings of a plan those of a host are read: the whole day there, and what began before.
const AROUND: SignedDuration = SignedDuration::from_hours(25);

/// What OnceHub knows of a host's time around the bookings of a plan.
pub(super) struct Diary {
    pub(super) user: Found,
    pub(super) bookings: Vec<Told<Booking>>,
    /// Their working hours, where those count.
    hours: Option<WorkingHours>,
    /// When they were given bookings of the plan.
    given: Vec<Span>,
}

/// Returns the diaries of users, by their ids. They are read side by side; with their `hours`, those who turn out to be
/// deleted are missing.
pub(super) async fn diaries(
    names: &Names,
    users: Vec<Found>,
    (from, until): Span,
    hours: bool,
) -> Result<BTreeMap<Id, Diary>, Failure> {
    let around = Range::between(from.checked_sub(AROUND).ok(), until.checked_add(AROUND).ok());
    let read = users.into_iter().map(async |user| {
        let hours = if hours {
            match WorkingHours::of(names, user.clone()).await {
                Ok(schedule) => Some(schedule),
                Err(error) if error.rejection().is_some_and(Rejection::is_not_found) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        } else {
            None
        };
        let theirs =
            bookings::All { host: Some(user.id.clone()), starting: around.clone(), ..bookings::All::default() };
        let (bookings, has_more) = names.bookings(theirs, MOST).await?;
        if has_more {
            let problem =
                format!("{} has over {MOST} bookings around then, so that their time is not known", user.described());
            return Err(Failure::argument("new_host", problem, "plan fewer days at once"));
        }
        Ok(Some((user.id.clone(), Diary { user, bookings, hours, given: Vec::new() })))
    });
    let all: Result<Vec<_>, Failure> = join_all(read).await.into_iter().collect();
    Ok(all?.into_iter().flatten().collect())
}

impl Diary {
    /// Whether they work then; `None` if that is not known.
    pub(super) fn works(&self, (from, until): Span) -> Option<bool> {
        let hours = self.hours.as_ref().filter(|hours| hours.sent.weekly.is_some())?;
        Some(hours.covers(from, until))
    }

    /// Whether another booking of theirs, or one that they were given, is then.
    pub(super) fn is_taken(&self, booking: &Booking, (from, until): Span) -> bool {
        let others = self.bookings.iter().filter(|other| other.is_live() && other.id != booking.id);
        let spans = others.filter_map(|other| other.span()).chain(self.given.iter().copied());
        spans.into_iter().any(|(starts, ends)| starts < until && from < ends)
    }

    /// Whether they host or co-host a booking.
    fn holds(&self, booking: &Booking) -> bool {
        self.bookings.iter().any(|own| own.id == booking.id)
    }

    /// Returns how many bookings they have on the day of a moment, in their own zone.
    fn load(&self, at: Timestamp) -> usize {
        let Some(zone) = self.hours.as_ref().map(|hours| &hours.zone) else { return 0 };
        let own = self.bookings.iter().filter(|booking| booking.is_live()).filter_map(|booking| booking.starts());
        let starts = own.chain(self.given.iter().map(|(starts, _)| *starts));
        starts.filter(|starts| zone.date(*starts) == zone.date(at)).count()
    }

    /// Takes up their time with a booking of the plan.
    pub(super) fn give(&mut self, span: Span) {
        self.given.push(span);
    }

    /// Says why they cannot have a booking; `None` if they can.
    fn objection(&self, booking: &Booking, span: Span) -> Option<&'static str> {
        if self.holds(booking) {
            Some("is on it already")
        } else if self.is_taken(booking, span) {
            Some("has another booking then")
        } else {
            match self.works(span) {
                Some(true) => None,
                Some(false) => Some("does not work then"),
                None => Some("has hours that are not known"),
            }
        }
    }
}

/// How many of those who have no time are named.
const NAMED: usize = 5;

/// Chooses who of these can have a booking: the one with the fewest on that day, and of several the one whose id comes
/// first.
///
/// # Errors
/// Why nobody can, in words.
pub(super) fn choose(diaries: &BTreeMap<Id, Diary>, among: &[Id], booking: &Booking, span: Span) -> Result<Id, String> {
    let all = among.iter().filter_map(|id| diaries.get(id));
    let (free, others): (Vec<_>, Vec<_>) =
        all.map(|diary| (diary, diary.objection(booking, span))).partition(|(_, objection)| objection.is_none());
    if let Some((chosen, _)) = free.iter().min_by_key(|(diary, _)| (diary.load(span.0), &diary.user.id)) {
        return Ok(chosen.user.id.clone());
    }
    let named = |(diary, objection): &(&Diary, Option<&str>)| {
        let name = diary.user.entry.as_ref().map_or_else(|| diary.user.id.to_string(), |entry| quoted(&entry.name, 60));
        format!("{name} {}", objection.unwrap_or_default())
    };
    let mut why: Vec<String> = others.iter().take(NAMED).map(named).collect();
    if others.len() > NAMED {
        why.push(format!("{} more cannot either", others.len() - NAMED));
    }
    Err(match why.as_slice() {
        [] => "nobody else hosts its calendar or is in its host's teams".to_owned(),
        why => format!("nobody of its team has time: {}", why.join(", ")),
    })
}

/// Returns who else could host a booking: those of the team that hosts its calendar; or who hosts it alone, and those of
/// the same teams. On a Classic page, those of its owner's teams.
pub(super) fn colleagues(booking: &Booking, calendars: &Entries, users: &Entries) -> Vec<Id> {
    let owner = booking.owner.as_ref().map(Reference::id);
    let calendar = booking.booking_calendar.as_ref().and_then(|calendar| calendars.get(calendar.id()));
    let host = calendar.and_then(|calendar| calendar.host.as_deref()).or(owner).unwrap_or_default();
    let teams = match users.get(host) {
        Some(user) => user.teams.clone(),
        None => vec![host.to_owned()],
    };
    let members = teams.iter().flat_map(|team| users.in_team(team)).chain(users.get(host));
    let is_active = |status: &Option<String>| status.as_deref().is_none_or(|status| status == "active");
    let others = members.filter(|user| Some(user.id.as_str()) != owner && is_active(&user.status));
    let mut ids: Vec<Id> = others.filter_map(|user| user.id.parse().ok()).collect();
    ids.sort();
    ids.dedup();
    ids
}
