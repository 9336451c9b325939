//! What tests ask of the simulated account.

use jiff::Timestamp;
use serde_json::Value;

use crate::sandbox::noun::live;
use crate::sandbox::world::{Booking, World, ids};

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
}
