//! What tests ask of the simulated account.

use jiff::civil::Weekday;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde_json::Value;

use crate::sandbox::noun::live;
use crate::sandbox::slots::{at, hours};
use crate::sandbox::world::{Booking, Guest, Hours, User, World, ids, zone};

impl World {
    /// Counts pairs of live bookings that overlap with the same host.
    pub fn double_bookings(&self) -> usize {
        let live: Vec<&Booking> = self.bookings.iter().filter(|booking| booking.is_live(self.time())).collect();
        let clash =
            |a: &Booking, b: &Booking| a.id < b.id && a.host == b.host && a.starts < b.ends() && b.starts < a.ends();
        live.iter().map(|a| live.iter().filter(|b| clash(a, b)).count()).sum()
    }

    /// Returns the ids of the bookings that a guest holds at a time and that were not canceled.
    pub fn held_by(&self, email: &str, starts: Timestamp) -> Vec<String> {
        ids(&self.bookings, |held| held.guest.email == email && held.starts == starts && held.status != "canceled")
    }

    /// Returns the ids and starts of a guest's live bookings.
    pub fn live_of(&self, email: &str) -> Vec<(String, Timestamp)> {
        let live = self.bookings.iter().filter(|held| held.guest.email == email && held.is_live(self.time()));
        live.map(|held| (held.id.clone(), held.starts)).collect()
    }

    /// Has somebody decide on a booking that waits for approval.
    pub fn approve(&mut self, booking: &str) {
        self.bookings.iter_mut().filter(|known| known.id == booking).for_each(|known| known.status = "scheduled");
    }

    /// Whether the user with this email address hosts a booking, regardless of its owner.
    pub fn is_host(&self, email: &str, booking: &str) -> bool {
        let users = self.users_with(email);
        self.bookings.iter().any(|known| known.id == booking && users.contains(&known.host))
    }

    /// Returns a live booking with a co-host, and who that is.
    pub fn co_hosted(&self) -> Option<(String, String)> {
        let live = self.bookings.iter().filter(|booking| booking.is_live(self.time()) && booking.payment.is_none());
        live.filter(|booking| booking.calendar.is_some())
            .find_map(|booking| Some((booking.id.clone(), booking.co_hosts.first()?.clone())))
    }

    /// Returns a user's working hours as they are sent over the wire.
    pub fn schedule_as_sent(&self, user: &str) -> Option<Value> {
        live(&self.users, user).ok().map(|user| user.show_schedule(|_| true))
    }

    /// Moves a booking to the start of another, even if its host is not free.
    pub fn coincide(&mut self, booking: &str, with: &str) {
        let starts = self.bookings.iter().find(|known| known.id == with).map(|known| known.starts);
        let moved = self.bookings.iter_mut().find(|known| known.id == booking);
        if let (Some(starts), Some(moved)) = (starts, moved) {
            moved.starts = starts;
        }
    }

    /// Has a booking take another's place; returns its id.
    pub fn follow(&mut self, canceled: &str) -> Option<String> {
        let contact = self.bookings.iter().find(|booking| booking.id == canceled)?.contact.clone();
        let next = self.bookings.iter_mut().rfind(|booking| booking.id != canceled)?;
        (next.rescheduled_from, next.contact) = (Some(canceled.to_owned()), contact);
        Some(next.id.clone())
    }

    /// Returns how many e-mails about changes of a booking its guest was sent.
    pub fn mails_about(&self, booking: &str) -> usize {
        self.bookings.iter().find(|known| known.id == booking).map_or(0, |booking| booking.mails)
    }

    /// Adds a booking of a guest of its own, whether or not its host has time; returns its id.
    pub fn book(&mut self, host: &str, calendar: &str, starts: Timestamp, minutes: i64) -> String {
        let (id, contact, created) = (self.fresh_id("BKNG"), self.fresh_id("CTC"), self.time());
        let guest = Guest {
            name: format!("Guest {}", self.made),
            email: format!("guest{}@plans.example", self.made),
            zone: "Europe/London".into(),
            ..Guest::default()
        };
        self.bookings.push(Booking {
            id: id.clone(),
            subject: "Meeting".into(),
            status: "scheduled",
            created,
            updated: created,
            starts,
            minutes,
            video: Some("google_meet"),
            guest,
            host: host.into(),
            contact,
            calendar: Some(calendar.into()),
            ..Booking::default()
        });
        id
    }

    /// Gives a booking a co-host.
    pub fn join(&mut self, booking: &str, co_host: &str) {
        self.bookings.iter_mut().filter(|known| known.id == booking).for_each(|it| it.co_hosts.push(co_host.into()));
    }

    /// Has a user leave the account.
    pub fn leave(&mut self, user: &str) {
        self.users.iter_mut().filter(|known| known.id == user).for_each(|user| user.deleted = true);
    }

    /// Returns the ids of the users who are active, and of the calendars.
    pub fn people_and_calendars(&self) -> (Vec<String>, Vec<String>) {
        (ids(&self.users, |user| !user.deleted && user.status == "active"), ids(&self.calendars, |_| true))
    }

    /// Puts a user into the team that hosts a calendar.
    pub fn enlist(&mut self, user: &str, team: usize) {
        let Some(team) = self.teams.get(team).map(|team| team.id.clone()) else { return };
        let teams = self.users.iter_mut().find(|known| known.id == user).map(|user| &mut user.teams);
        teams.into_iter().filter(|teams| !teams.contains(&team)).for_each(|teams| teams.push(team.clone()));
    }

    /// Sets a user's hours on a day of the week, in minutes of the day.
    pub fn set_hours(&mut self, user: &str, day: Weekday, ranges: &[(i16, i16)]) {
        let hours = ranges.iter().map(|(begin, end)| Hours { begin: *begin, end: *end, venues: Vec::new() }).collect();
        if let Some(user) = self.users.iter_mut().find(|known| known.id == user) {
            user.weekly.insert(day, hours);
        }
    }

    /// Whether a user works in every minute from one moment to another.
    fn works(user: &User, from: Timestamp, until: Timestamp) -> bool {
        let here = zone(&user.zone);
        let works_at = |minute: Timestamp| {
            let date = minute.to_zoned(here.clone()).date();
            let within = |range: &Hours| {
                let (begin, end) = (at(date, range.begin, &here), at(date, range.end, &here));
                begin.is_some_and(|begin| begin <= minute) && end.is_some_and(|end| minute < end)
            };
            hours(user, date).iter().any(within)
        };
        std::iter::successors(Some(from), |minute| Some(*minute + 1.minute()))
            .take_while(|it| *it < until)
            .all(works_at)
    }

    /// Returns who of the team takes over each of these bookings, one after another in the order of their starts, by
    /// trying everybody: the one who is free and works then, and has the fewest on that day.
    pub(crate) fn who_takes_over(&self, bookings: &[String], leaving: &str) -> Vec<(String, Option<String>)> {
        let now = self.time();
        let mut left: Vec<&Booking> = self.bookings.iter().filter(|known| bookings.contains(&known.id)).collect();
        left.sort_by_key(|booking| (booking.starts, booking.id.clone()));
        let mut given: Vec<(&str, Timestamp, Timestamp)> = Vec::new();
        let mut chosen = Vec::new();
        for booking in left {
            let calendar = self.calendars.iter().find(|known| Some(&known.id) == booking.calendar.as_ref()).unwrap();
            let alone = self.users.iter().find(|user| user.id == calendar.host);
            let mut best: Option<(usize, &str)> = None;
            for user in self.users.iter().filter(|user| !user.deleted && user.status == "active") {
                let is_colleague = match alone {
                    Some(host) => host.id == user.id || host.teams.iter().any(|team| user.teams.contains(team)),
                    None => user.teams.contains(&calendar.host),
                };
                let theirs: Vec<(Timestamp, Timestamp)> = self
                    .bookings
                    .iter()
                    .filter(|other| other.is_live(now) && other.is_hosted_by(&user.id))
                    .map(|other| (other.starts, other.ends()))
                    .chain(given.iter().filter(|(id, ..)| *id == user.id).map(|(_, starts, ends)| (*starts, *ends)))
                    .collect();
                let is_free = theirs.iter().all(|(starts, ends)| *ends <= booking.starts || booking.ends() <= *starts);
                let is_another = user.id != leaving && user.id != booking.owner();
                if is_colleague && is_another && is_free && Self::works(user, booking.starts, booking.ends()) {
                    let day = |at: Timestamp| at.to_zoned(zone(&user.zone)).date();
                    let load = theirs.iter().filter(|(starts, _)| day(*starts) == day(booking.starts)).count();
                    best = best.into_iter().chain([(load, user.id.as_str())]).min();
                }
            }
            given.extend(best.map(|(_, id)| (id, booking.starts, booking.ends())));
            chosen.push((booking.id.clone(), best.map(|(_, id)| id.to_owned())));
        }
        chosen
    }

    /// Returns a moment so many minutes after midnight of a day to come in New York.
    pub(crate) fn moment(&self, days: i32, minutes: i64) -> Timestamp {
        let today = self.time().to_zoned(zone("America/New_York")).start_of_day().unwrap();
        today.checked_add(days.days()).unwrap().timestamp() + SignedDuration::from_mins(minutes)
    }
}
