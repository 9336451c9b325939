//! The account's users and teams.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::Weekday;

use crate::sandbox::world::{Hours, Team, User, Venue, World, id, zone};

pub(in crate::sandbox) const OWNER: usize = 0;
pub(in crate::sandbox) const DANA: usize = 1;
pub(in crate::sandbox) const LEE: usize = 2;
pub(in crate::sandbox) const PRIYA: usize = 3;
pub(in crate::sandbox) const OLIVER: usize = 4;
pub(in crate::sandbox) const SAM_SALES: usize = 5;
pub(in crate::sandbox) const NOSEAT: usize = 7;

/// An address of the account: its id, and where it is.
pub(in crate::sandbox) const HARBOUR_STREET: (&str, &str) = ("ADD-7KQ2M9XW4T", "12 Harbour Street, New York");

/// Returns the id of a user.
pub(in crate::sandbox) fn user(index: usize) -> String {
    id("USR", 0x0100 + index as u64)
}

/// Returns the id of a team: 0 advisers, 1 support, 2 one without members.
pub(in crate::sandbox) fn team(index: usize) -> String {
    id("TM", 0x0200 + index as u64)
}

struct Person(
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [usize],
    &'static [&'static str],
);

const PEOPLE: &[Person] = &[
    Person(
        "Margaret",
        "Holloway",
        "margaret@northlight.example",
        "Account Owner",
        "America/New_York",
        &[],
        &["google_meet", "zoom"],
    ),
    Person(
        "Dana",
        "Reyes",
        "dana@northlight.example",
        "Administrator",
        "America/New_York",
        &[0],
        &["google_meet", "microsoft_teams"],
    ),
    Person("Lee", "Whitford", "lee@northlight.example", "Member", "Europe/London", &[0, 1], &["google_meet"]),
    Person("Priya", "Raman", "priya@northlight.example", "Member", "Asia/Kolkata", &[0, 1], &["zoom"]),
    Person(
        "Oliver",
        "Brandt",
        "oliver@northlight.example",
        "Team Manager",
        "Australia/Sydney",
        &[1],
        &["microsoft_teams"],
    ),
    Person("Sam", "Taylor", "sam.sales@northlight.example", "Member", "America/New_York", &[], &["google_meet"]),
    Person("Sam", "Taylor", "sam.support@northlight.example", "Member", "Europe/London", &[1], &[]),
    Person("Noor", "Haddad", "noor@northlight.example", "Member", "Europe/London", &[], &["zoom"]),
    Person("Iris", "Novak", "iris@northlight.example", "Member", "Europe/London", &[], &[]),
    Person("Frank", "Ostrow", "frank@northlight.example", "Member", "America/New_York", &[], &[]),
    Person("Greta", "Ostrow", "greta@northlight.example", "Team Manager", "Europe/London", &[0], &["zoom"]),
];
const INVITED: usize = 8;
pub(in crate::sandbox) const DELETED: &[usize] = &[9, 10];

/// Returns nine to five on working days.
pub(in crate::sandbox) fn office_hours(venues: &[Venue]) -> Vec<(Weekday, Vec<Hours>)> {
    working_week(&[hours(9 * 60, 17 * 60, venues)])
}

fn working_week(hours: &[Hours]) -> Vec<(Weekday, Vec<Hours>)> {
    let week = [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
    week.into_iter().map(|day| (day, hours.to_vec())).collect()
}

fn hours(begin: i16, end: i16, venues: &[Venue]) -> Hours {
    Hours { begin, end, venues: venues.to_vec() }
}

/// Returns a user's week, and where they take their meetings.
fn weekly(index: usize) -> Vec<(Weekday, Vec<Hours>)> {
    let online = [Venue::DynamicLink];
    match index {
        OWNER => office_hours(&[]),
        LEE => working_week(&[
            hours(9 * 60, 12 * 60 + 30, &online),
            hours(13 * 60 + 30, 17 * 60 + 30, &[Venue::DynamicLink, Venue::InPersonByGuest]),
        ]),
        PRIYA => working_week(&[hours(10 * 60, 19 * 60, &[Venue::PhoneByGuest])]),
        OLIVER => {
            let room = Venue::StaticLink("https://video.example.com/oliver".to_owned());
            working_week(&[hours(8 * 60, 16 * 60, &[room])])
        }
        SAM_SALES => {
            let (id, address) = HARBOUR_STREET;
            office_hours(&[Venue::InPersonByHost { id: id.to_owned(), address: address.to_owned() }])
        }
        _ => office_hours(&online),
    }
}

pub(super) fn fill(world: &mut World) {
    for (index, name) in ["Advisers", "Client support", "Partnerships"].into_iter().enumerate() {
        world.teams.push(Team { id: team(index), name });
    }
    let now = world.time();
    for (index, Person(first_name, last_name, email, role, zone_name, teams, video)) in PEOPLE.iter().enumerate() {
        // One full day off and one short day, a little over three weeks ahead.
        let today = now.to_zoned(zone(zone_name)).date();
        let off = today.checked_add(24.days()).unwrap_or(today);
        let short = today.checked_add(25.days()).unwrap_or(today);
        world.users.push(User {
            id: user(index),
            first_name: (*first_name).to_owned(),
            last_name: (*last_name).to_owned(),
            email: (*email).to_owned(),
            status: if index == INVITED { "invited" } else { "active" },
            role,
            zone: (*zone_name).to_owned(),
            teams: teams.iter().map(|index| team(*index)).collect(),
            deleted: DELETED.contains(&index),
            has_seat: index != NOSEAT,
            video,
            weekly: weekly(index),
            overrides: if index == DANA {
                [(off, Vec::new()), (short, vec![hours(9 * 60, 11 * 60, &[Venue::DynamicLink])])].into()
            } else {
                BTreeMap::new()
            },
        });
    }
}
