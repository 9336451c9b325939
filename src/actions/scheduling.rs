//! Booking a slot for a guest.

use std::collections::VecDeque;
use std::future::Future;

use jiff::{SignedDuration, Timestamp};

use super::{Action, Context, Done, Question, Seen, Stop, Subject, carry_out};
use crate::names::Found;
use crate::names::slots::{Part, slots};
use crate::oncehub::booking_calendars::{self, Location};
use crate::oncehub::{Client, Error, Id, Object, Outcome, Page, Range, bookings};
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
    /// The guest's other upcoming bookings on the calendar; `None` if they could not be read.
    pub others: Option<Vec<Told<Booking>>>,
}

impl Schedule {
    /// `Tue 2026-12-01 15:00 -05:00 (America/New_York)`
    pub fn when(&self) -> String {
        format!("{} ({})", time::local(self.start, &self.zone), self.zone.name())
    }

    /// Finds the guest's live booking on the calendar at that time, other than those that were there before.
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
            let was_there = self.others.iter().flatten().any(|other| other.id == booking.id);
            self.is_guests(&booking) && is_new && !was_there && !booking.is("canceled")
        };
        Ok(found.items.into_iter().find(is_it))
    }

    /// Returns the guest's upcoming bookings on the calendar that were made since then, from the newest `among` of
    /// them.
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

    /// Looks for other upcoming bookings that the guest has on the calendar.
    pub async fn look_for_others(&mut self, context: &Context) {
        let found = self.of_guest(&context.oncehub().trying_once(), context.now(), None, 100).await;
        self.others = found.ok();
    }

    /// Checks that what is asked for was not just booked by a concurrent call, or by one whose caller left before its
    /// reply.
    ///
    /// # Errors
    /// If it was.
    pub fn is_not_yet_booked(&self, id: &Id, is_asked_for: impl Fn(Timestamp) -> bool) -> Result<(), Failure> {
        let is_it = |booking: &&Told<Booking>| {
            booking.id.as_deref() == Some(id.as_str()) && booking.starts().is_some_and(&is_asked_for)
        };
        self.others.iter().flatten().find(is_it).map_or(Ok(()), |twin| {
            let problem = format!(
                "another call has just booked what is asked for: {}, and nothing was sent now",
                twin.mention(&self.zone)
            );
            let hint = "tell the user of that booking; call again only if they want one more";
            Err(Failure::argument("start_time", problem, hint))
        })
    }

    /// Describes which bookings the guest has on the calendar already; `None` if there are none.
    pub fn twice(&self) -> Option<String> {
        let others = self.others.iter().flatten().take(NAMED);
        let others: Vec<String> = others.map(|booking| booking.mention(&self.zone)).collect();
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
        Question::ordinary(format!("Book {when} on {calendar} for {who}, and notify them")).and(&twice)
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

    /// The reply has the id of the booking, and nothing else.
    fn is_shown_by(&self, reply: &Object) -> bool {
        reply.get("id").is_some_and(|id| !id.is_null())
    }

    async fn look(&self, context: &Context) -> Result<Seen, Error> {
        Ok(match self.find(context).await? {
            Some(_) if self.others.is_none() => Seen::Unclear,
            found => Seen::made(found),
        })
    }
}

/// The starts that a calendar offers, read part by part as they are needed.
pub struct Offered {
    calendar: Id,
    parts: std::vec::IntoIter<Part>,
    read: VecDeque<Slot>,
    fits: Box<dyn Fn(&Slot) -> bool + Send + Sync>,
    /// Those that do not fit.
    pub unfit: Vec<Slot>,
}

impl Offered {
    /// Creates the starts of a calendar that fit.
    pub fn new(calendar: Id, parts: Vec<Part>, fits: impl Fn(&Slot) -> bool + Send + Sync + 'static) -> Self {
        let (parts, fits) = (parts.into_iter(), Box::new(fits));
        Self { calendar, parts, read: VecDeque::new(), fits, unfit: Vec::new() }
    }

    /// Returns the next one that fits.
    ///
    /// # Errors
    /// If OnceHub cannot be asked.
    pub async fn next(&mut self, oncehub: &Client) -> Result<Option<Slot>, Error> {
        loop {
            if let Some(slot) = self.read.pop_front() {
                return Ok(Some(slot));
            }
            let Some(part) = self.parts.next() else { return Ok(None) };
            let all = slots(oncehub, &self.calendar, part).await?;
            let (fit, unfit): (Vec<Slot>, Vec<Slot>) = all.into_iter().partition(|slot| (self.fits)(slot));
            self.read.extend(fit);
            self.unfit.extend(unfit);
        }
    }
}

/// The starts to be tried, in order.
pub struct Starts {
    pub first: Slot,
    pub others: Option<Offered>,
}

impl Starts {
    /// Returns one start, and none after it.
    pub fn only(first: Slot) -> Self {
        Self { first, others: None }
    }
}

/// A change that takes a free start.
pub trait Starting: Action {
    /// Sets the start.
    fn start_at(&mut self, slot: &Slot);

    /// Checks whether the start was taken by the guest themselves meanwhile: then no other is tried.
    fn look_who_took_it(&mut self, context: &Context) -> impl Future<Output = Result<(), Failure>> + Send;
}

impl Starting for Schedule {
    fn start_at(&mut self, slot: &Slot) {
        self.start = slot.start;
    }

    async fn look_who_took_it(&mut self, context: &Context) -> Result<(), Failure> {
        let others = self.of_guest(context.oncehub(), context.now(), None, 100).await?;
        let own = others.iter().find(|booking| booking.starts() == Some(self.start));
        let is_taken = own.map_or(Ok(()), |own| {
            let problem = format!("the guest has that start already: {}", own.mention(&self.zone));
            let hint = "nothing was booked now: if that is the meeting that is meant, tell the user so; if not, give \
                        another start";
            Err(Failure::argument("start_time", problem, hint))
        });
        self.others = Some(others);
        is_taken
    }
}

/// How many more starts are tried after one that is no longer available.
const TRIED: usize = 3;

/// Carries out a change at the first of these starts that is still free. The next one is tried only if OnceHub says
/// that one is not available, and the person is asked again. Returns those that were passed over, too.
pub async fn book_first<A: Starting>(
    context: &mut Context,
    action: &mut A,
    starts: Starts,
) -> (Result<Done, Stop>, Vec<Timestamp>) {
    let Starts { first: mut slot, mut others } = starts;
    let mut passed = Vec::new();
    loop {
        action.start_at(&slot);
        let booked = carry_out(context, action).await;
        if !matches!(&booked, Err(Stop::Failed(failure)) if is_taken(failure)) {
            return (booked, passed);
        }
        if let Err(failure) = action.look_who_took_it(context).await {
            return (Err(failure.into()), passed);
        }
        let next = match &mut others {
            Some(others) if passed.len() < TRIED => others.next(context.oncehub()).await.ok().flatten(),
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
