//! The account that a sandbox begins with: a small consultancy, Northlight Advisory, and its guests, placed around the week
//! in which it starts. All of it is made up.

mod bookings;
mod calendars;
mod guests;
pub(super) mod people;

use super::world::World;

pub(super) fn fill(world: &mut World, more_bookings: usize) {
    people::fill(world);
    calendars::fill(world);
    guests::fill(world);
    bookings::fill(world, more_bookings);
}
