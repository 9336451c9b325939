//! The initial account of a sandbox: a small consultancy, Northlight Advisory, and its guests, placed around the week
//! in which the sandbox starts. All of it is made up.

mod bookings;
pub(super) mod calendars;
pub(super) mod classic;
mod feeds;
pub(super) mod guests;
mod history;
pub(super) mod people;

use super::world::{HostShows, World};
use super::{Clock, KEY, Settings};

/// Creates the account as it is when the sandbox starts.
pub(super) fn account(settings: &Settings) -> World {
    let Settings { now: clock, more_bookings, history, more_calendars, .. } = settings;
    let (now, history) = (clock(), *history);
    let mut world = World {
        now: Clock::clone(clock),
        keys: vec![KEY.to_owned()],
        plan_allows_api: true,
        plan_allows_reassign: true,
        host_shows: HostShows { as_owner: true, as_attendee: true },
        user_limit: 500,
        custom_fields: guests::CUSTOM_FIELDS.iter().map(ToString::to_string).collect(),
        patch_clears_status: true,
        users: people::users(now),
        teams: people::teams(),
        calendars: calendars::calendars().into_iter().chain(calendars::more(*more_calendars)).collect(),
        pages: classic::pages(),
        master_pages: classic::master_pages(),
        event_types: classic::event_types(),
        contacts: guests::contacts(now),
        webhooks: feeds::webhooks(now),
        notifications: feeds::notifications(now),
        bookings: Vec::new(),
        made: 0,
        links_made: 0,
    };
    if history > 0 {
        world.contacts.splice(0..0, history::contacts(now));
    }
    world.bookings =
        bookings::bookings(&world, *more_bookings).into_iter().chain(history::bookings(&world, history, now)).collect();
    // OnceHub lists them in order of creation, not of their times.
    world.bookings.sort_by_key(|booking| booking.created);
    world
}
