//! Who works there.

use jiff::ToSpan as _;
use jiff::civil::Weekday;

use super::super::world::{Team, User, World, id, zone};

pub(in super::super) const OWNER: usize = 0;
pub(in super::super) const DANA: usize = 1;
pub(in super::super) const LEE: usize = 2;
pub(super) const PRIYA: usize = 3;
pub(super) const OLIVER: usize = 4;
pub(super) const SAM_SALES: usize = 5;
pub(in super::super) const NOSEAT: usize = 7;

/// The id of a person.
pub(in super::super) fn user(index: usize) -> String {
    id("USR", 0x0100 + index as u64)
}

/// The id of a team: 0 advisers, 1 support, 2 one without members.
pub(super) fn team(index: usize) -> String {
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
];
const INVITED: usize = 8;
const DELETED: usize = 9;

pub(super) fn fill(world: &mut World) {
    for (index, name) in ["Advisers", "Client support", "Partnerships"].into_iter().enumerate() {
        world.teams.push(Team { id: team(index), name });
    }
    let now = world.time();
    for (index, Person(first_name, last_name, email, role, zone_name, teams, video)) in PEOPLE.iter().enumerate() {
        let week = [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
        let hours = match index {
            LEE => vec![(9 * 60, 12 * 60 + 30), (13 * 60 + 30, 17 * 60 + 30)],
            PRIYA => vec![(10 * 60, 19 * 60)],
            OLIVER => vec![(8 * 60, 16 * 60)],
            _ => vec![(9 * 60, 17 * 60)],
        };
        // One day off, and one short one, next month or so.
        let today = now.to_zoned(zone(zone_name)).date();
        let off = today.checked_add(24.days()).unwrap_or(today);
        let short = today.checked_add(25.days()).unwrap_or(today);
        world.users.push(User {
            id: user(index),
            first_name,
            last_name,
            email,
            status: if index == INVITED { "invited" } else { "active" },
            role,
            zone: zone_name,
            teams: teams.iter().map(|index| team(*index)).collect(),
            deleted: index == DELETED,
            has_seat: index != NOSEAT,
            video,
            weekly: week.into_iter().map(|day| (day, hours.clone())).collect(),
            overrides: if index == DANA {
                vec![(off, Vec::new()), (short, vec![(9 * 60, 11 * 60)])]
            } else {
                Vec::new()
            },
        });
    }
}
