//! The account's users and teams.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::{Date, Weekday};
use jiff::{Timestamp, ToSpan as _};

use crate::sandbox::world::{Hours, Team, User, Venue, id, zone};

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

/// A user: first name, last name, mailbox at Northlight, role and zone; teams; video services.
type Person = ([&'static str; 5], &'static [usize], &'static [&'static str]);

const PEOPLE: &[Person] = &[
    (["Margaret", "Holloway", "margaret", "Account Owner", "America/New_York"], &[], &["google_meet", "zoom"]),
    (["Dana", "Reyes", "dana", "Administrator", "America/New_York"], &[0], &["google_meet", "microsoft_teams"]),
    (["Lee", "Whitford", "lee", "Member", "Europe/London"], &[0, 1], &["google_meet"]),
    (["Priya", "Raman", "priya", "Member", "Asia/Kolkata"], &[0, 1], &["zoom"]),
    (["Oliver", "Brandt", "oliver", "Team Manager", "Australia/Sydney"], &[1], &["microsoft_teams"]),
    (["Sam", "Taylor", "sam.sales", "Member", "America/New_York"], &[], &["google_meet"]),
    (["Sam", "Taylor", "sam.support", "Member", "Europe/London"], &[1], &[]),
    (["Noor", "Haddad", "noor", "Member", "Europe/London"], &[], &["zoom"]),
    (["Iris", "Novak", "iris", "Member", "Europe/London"], &[], &[]),
    (["Frank", "Ostrow", "frank", "Member", "America/New_York"], &[], &[]),
    (["Greta", "Ostrow", "greta", "Team Manager", "Europe/London"], &[0], &["zoom"]),
];
const INVITED: usize = 8;
pub(in crate::sandbox) const DELETED: &[usize] = &[9, 10];

/// Returns nine to five on working days.
pub(in crate::sandbox) fn office_hours(venues: &[Venue]) -> HashMap<Weekday, Vec<Hours>> {
    working_week(&[hours(9 * 60, 17 * 60, venues)])
}

fn working_week(hours: &[Hours]) -> HashMap<Weekday, Vec<Hours>> {
    Weekday::Monday.cycle_forward().take(5).map(|day| (day, hours.to_vec())).collect()
}

fn hours(begin: i16, end: i16, venues: &[Venue]) -> Hours {
    Hours { begin, end, venues: venues.to_vec() }
}

/// Returns a user's week, and where they take their meetings.
fn weekly(index: usize) -> HashMap<Weekday, Vec<Hours>> {
    let online = [Venue::new("online_dynamic_link")];
    match index {
        OWNER => office_hours(&[]),
        LEE => working_week(&[
            hours(9 * 60, 12 * 60 + 30, &online),
            hours(13 * 60 + 30, 17 * 60 + 30, &[online, [Venue::new("in_person_by_guest")]].concat()),
        ]),
        PRIYA => working_week(&[hours(10 * 60, 19 * 60, &[Venue::new("phone_by_guest")])]),
        OLIVER => working_week(&[hours(8 * 60, 16 * 60, &[Venue::link("https://video.example.com/oliver")])]),
        SAM_SALES => office_hours(&[Venue::at(HARBOUR_STREET.0, HARBOUR_STREET.1)]),
        _ => office_hours(&online),
    }
}

/// Returns a user's days with other hours: for Dana, a day off and a short one, a little over three weeks ahead.
fn overrides(index: usize, today: Date) -> BTreeMap<Date, Vec<Hours>> {
    let short = vec![hours(9 * 60, 11 * 60, &[Venue::new("online_dynamic_link")])];
    let days = if index == DANA { vec![(24, Vec::new()), (25, short)] } else { Vec::new() };
    days.into_iter().map(|(ahead, hours)| (today.saturating_add(ahead.days()), hours)).collect()
}

pub(super) fn teams() -> Vec<Team> {
    let names = ["Advisers", "Client support", "Partnerships"].into_iter().enumerate();
    names.map(|(index, name)| Team { id: team(index), name }).collect()
}

pub(super) fn users(now: Timestamp) -> Vec<User> {
    let people = PEOPLE.iter().enumerate();
    let users = people.map(|(index, ([first_name, last_name, mailbox, role, zone_name], teams, video))| User {
        id: user(index),
        first_name: (*first_name).to_owned(),
        last_name: (*last_name).to_owned(),
        email: format!("{mailbox}@northlight.example"),
        status: if index == INVITED { "invited" } else { "active" },
        role,
        zone: (*zone_name).to_owned(),
        teams: teams.iter().copied().map(team).collect(),
        deleted: DELETED.contains(&index),
        has_seat: index != NOSEAT,
        video,
        weekly: weekly(index),
        overrides: overrides(index, now.to_zoned(zone(zone_name)).date()),
    });
    users.collect()
}
