//! Booking a slot for a guest.

use jiff::{SignedDuration, Timestamp};

use super::{Action, Context, Question, Seen, Subject};
use crate::names::Found;
use crate::oncehub::booking_calendars::{self, Location};
use crate::oncehub::{Error, Object, Range, bookings};
use crate::records::{Booking, Told, Zone, quoted, time};

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
        let found = context.oncehub().list(&listing, 100).await?;
        // Clocks differ slightly; a booking older than this existed before.
        let since = context.now() - SignedDuration::from_mins(5);
        let is_guest = |address: &String| address.eq_ignore_ascii_case(self.guest_email.trim());
        let is_it = |object: &Object| {
            let booking = Told::<Booking>::from(object.clone());
            let is_theirs = match booking.form_submission.as_ref().and_then(|form| form.email.as_ref()) {
                Some(address) => is_guest(address),
                // Bookings without a form still have attendees.
                None => booking.attendees.iter().flatten().any(is_guest),
            };
            is_theirs && booking.creation_time.is_none_or(|made| made.0 >= since) && !booking.is("canceled")
        };
        Ok(found.items.into_iter().find(is_it))
    }
}

impl Action for Schedule {
    type Request = booking_calendars::Schedule;

    fn question(&self) -> Question {
        let who = format!("{} ({})", quoted(&self.guest_name, 60), quoted(&self.guest_email, 120));
        let (when, calendar) = (self.when(), self.calendar.described());
        Question::ordinary(format!("Book {when} on {calendar} for {who}, and notify them"))
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
