//! The initial account of a sandbox: a small consultancy, Northlight Advisory, and its guests, placed around the week
//! in which the sandbox starts. All of it is made up.

mod bookings;
pub(super) mod calendars;
pub(super) mod classic;
mod feeds;
pub(super) mod guests;
pub(super) mod people;

use super::Clock;
use super::world::World;

/// Creates the account as it is when the sandbox starts.
pub(super) fn account(now: Clock, more_bookings: usize) -> World {
    let mut world = World::new(now);
    people::fill(&mut world);
    calendars::fill(&mut world);
    classic::fill(&mut world);
    guests::fill(&mut world);
    feeds::fill(&mut world);
    bookings::fill(&mut world, more_bookings);
    world
}
