//! Booking a slot for a guest.

use jiff::{SignedDuration, Timestamp};

use super::{Action, Context, Done, Question, Seen, Stop, Subject, carry_out};
use crate::names::Found;
use crate::oncehub::booking_calendars::{self, Location};
use crate::oncehub::{Client, Error, Object, Outcome, Page, Range, bookings};
use crate::records::{Booking, Failure, Slot, Told, Zone, quoted, time};

/// The most bookings that are named.
const NAMED: usize = 10;

/// A meeting to be scheduled.
pub struct Schedule {
    /// The calendar.
    pub calendar: Found,
    /// The start of an offered slot.
    pub start: Timestamp,
    /// The guest's zone.
    pub zone: Zone,
    /// Its name, as OnceHub takes it.
    pub guest_time_zone: String,
    /// The guest's name.
    pub guest_name: String,
    /// The guest's address.
    pub guest_email: String,
    /// The answers to the calendar's form.
    pub form: serde_json::Map<String, serde_json::Value>,
    /// Where the meeting takes place; without it, OnceHub chooses.
    pub location: Option<Location>,
    /// The bookings to come that the guest has on the calendar already.
    pub others: Vec<Told<Booking>>,
}

impl Schedule {
    /// `Tue 2026-12-01 15:00 -05:00 (America/New_York)`
    pub fn when(&self) -> String {
        format!("{} ({})", time::local(self.start, &self.zone), self.zone.name())
    }

    /// Finds the guest's live booking on the calendar at that time, if the call made it.
    pub async fn find(&self, context: &Context) -> Result<Option<Object>, Error> {
        let listing = bookings::All {
            booking_calendar: Some(self.calendar.id.clone()),
            starting: Range::around(self.start),
            ..bookings::All::default()
        };
        let found: Page<Object> = context.oncehub().list(&listing, 100).await?;
        // Clocks differ slightly; a booking older than this existed before.
        let since = context.now() - SignedDuration::from_mins(5);
        let is_it = |object: &Object| {
            let booking = Told::<Booking>::from(object.clone());
            let is_new = booking.creation_time.is_none_or(|made| made.0 >= since);
            self.is_guests(&booking) && is_new && !booking.is("canceled")
        };
        Ok(found.items.into_iter().find(is_it))
    }

    /// Returns the bookings to come that the guest has on the calendar, made since then, among the newest so many.
    pub async fn of_guest(
        &self,
        oncehub: &Client,
        now: Timestamp,
        made_since: Option<Timestamp>,
        among: usize,
    ) -> Result<Vec<Told<Booking>>, Error> {
        let listing = bookings::All {
            booking_calendar: Some(self.calendar.id.clone()),
            starting: Range::between(Some(now), None),
            created: Range::between(made_since, None),
            ..bookings::All::default()
        };
        let found: Page<Told<Booking>> = oncehub.list(&listing, among).await?;
        Ok(found.items.into_iter().filter(|booking| booking.is_live() && self.is_guests(booking)).collect())
    }

    /// Looks for bookings to come that the guest has on the calendar already; those that cannot be read are none.
    pub async fn look_for_others(&mut self, context: &Context) {
        let found = self.of_guest(&context.oncehub().trying_once(), context.now(), None, 100).await;
        self.others = found.unwrap_or_default();
    }

    /// Says which bookings the guest has on the calendar already; `None` when there are none.
    pub fn twice(&self) -> Option<String> {
        let others: Vec<String> = self.others.iter().take(NAMED).map(|booking| booking.described(&self.zone)).collect();
        (!others.is_empty())
            .then(|| format!("The guest already has a booking on this calendar: {}.", others.join("; ")))
    }

    fn is_guests(&self, booking: &Booking) -> bool {
        let is_guest = |address: &String| address.eq_ignore_ascii_case(self.guest_email.trim());
        match booking.form_submission.as_ref().and_then(|form| form.email.as_ref()) {
            Some(address) => is_guest(address),
            // Bookings without a form still have attendees.
            None => booking.attendees.iter().flatten().any(is_guest),
        }
    }
}

impl Action for Schedule {
    type Request = booking_calendars::Schedule;

    fn question(&self) -> Question {
        let who = format!("{} ({})", quoted(&self.guest_name, 60), quoted(&self.guest_email, 120));
        let (when, calendar) = (self.when(), self.calendar.described());
        let twice = self.twice().map(|twice| format!(" {twice}")).unwrap_or_default();
        Question::ordinary(format!("Book {when} on {calendar} for {who}, and notify them")).and(twice)
    }

    fn request(&self) -> Self::Request {
        booking_calendars::Schedule {
            id: self.calendar.id.clone(),
            start_time: time::instant(self.start),
            guest_time_zone: self.guest_time_zone.clone(),
            booking_form: self.form.clone(),
            location: self.location.clone(),
        }
    }

    fn subject(&self) -> Subject {
        let what = format!("a booking of {} at {}", quoted(&self.guest_email, 120), self.when());
        Subject::new(what, "check with list_bookings (calendar, guest, starts_after) whether it exists")
    }

    async fn look(&self, context: &Context) -> Result<Seen, Error> {
        Ok(Seen::made(self.find(context).await?))
    }
}

/// The starts to be tried, in order.
pub struct Starts {
    pub first: Slot,
    pub others: Vec<Slot>,
}

impl Starts {
    /// Returns one start, and none after it.
    pub fn only(first: Slot) -> Self {
        Self { first, others: Vec::new() }
    }
}

/// A change that takes a free start.
pub trait Starting: Action {
    /// Has it take this one.
    fn start_at(&mut self, slot: &Slot);
}

impl Starting for Schedule {
    fn start_at(&mut self, slot: &Slot) {
        self.start = slot.start;
    }
}

/// How many more starts are tried after one that is no longer available.
const TRIED: usize = 3;

/// Carries out a change at the first of these starts that OnceHub still has: only its word that one is not available
/// leads to the next one, of which the person is asked again. Returns which were passed over, too.
pub async fn book_first<A: Starting>(
    context: &mut Context,
    action: &mut A,
    starts: Starts,
) -> (Result<Done, Stop>, Vec<Timestamp>) {
    let (mut slot, mut others) = (starts.first, starts.others.into_iter().take(TRIED));
    let mut passed = Vec::new();
    loop {
        action.start_at(&slot);
        let booked = carry_out(context, action).await;
        let next = match &booked {
            Err(Stop::Failed(failure)) if is_taken(failure) => others.next(),
            _ => None,
        };
        let Some(next) = next else { return (booked, passed) };
        passed.push(std::mem::replace(&mut slot, next).start);
    }
}

/// Whether OnceHub has said that a start is not available.
pub fn is_taken(failure: &Failure) -> bool {
    failure.status.is_some()
        && failure.outcome == Some(Outcome::NotDone)
        && failure.param.as_deref() == Some("start_time")
        && failure.message.contains("not available")
}
