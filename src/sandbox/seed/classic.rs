//! The predecessors of booking calendars: Classic pages, and their event types.

use super::people::{LEE, OLIVER, OWNER, PRIYA, user};
use crate::sandbox::world::{EventType, MasterPage, Page, id};

pub(in crate::sandbox) fn page(index: usize) -> String {
    id("BP", 0x0400 + index as u64)
}

/// On live accounts, some master pages have ids that begin like those of booking pages.
pub(in crate::sandbox) fn master_page(index: usize) -> String {
    id(if index.is_multiple_of(2) { "BP" } else { "MP" }, 0x0500 + index as u64)
}

pub(in crate::sandbox) fn event_type(index: usize) -> String {
    id("ET", 0x0600 + index as u64)
}

/// A booking page: name, label, slug, zone, user, whether it is active, its master pages, its event types.
type Row = (&'static str, &'static str, &'static str, &'static str, usize, bool, &'static [usize], &'static [usize]);

const PAGES: &[Row] = &[
    ("Margaret classic", "Meet Margaret", "margaret-classic", "America/New_York", OWNER, true, &[0], &[0, 1]),
    ("Lee classic", "Meet Lee", "lee-classic", "Europe/London", LEE, true, &[0], &[0]),
    ("Priya classic", "Meet Priya", "priya-classic", "Asia/Kolkata", PRIYA, false, &[1], &[1]),
    ("Oliver classic", "Meet Oliver", "oliver-classic", "Australia/Sydney", OLIVER, true, &[0, 1], &[0, 2]),
    ("Margaret workshops", "Workshops", "margaret-workshops", "America/New_York", OWNER, true, &[], &[2]),
];

pub(super) fn pages() -> Vec<Page> {
    let rows = PAGES.iter().enumerate();
    rows.map(|(index, &(name, label, slug, zone, whose, active, master_pages, event_types))| Page {
        id: page(index),
        name,
        label,
        slug,
        active,
        zone,
        user: user(whose),
        master_pages: master_pages.iter().copied().map(master_page).collect(),
        event_types: event_types.iter().copied().map(event_type).collect(),
    })
    .collect()
}

/// Returns the master pages. The inactive ones are deleted.
pub(super) fn master_pages() -> Vec<MasterPage> {
    let rows = [
        ("Northlight front desk", "Book with Northlight", "northlight-front-desk", true),
        ("Northlight workshops", "Book a workshop", "northlight-workshops", true),
        ("Northlight summer fair", "Meet us at the fair", "northlight-fair", false),
        ("Northlight old desk", "Book with us", "northlight-old-desk", false),
    ];
    let rows = rows.into_iter().enumerate();
    rows.map(|(index, (name, label, slug, active))| {
        let id = master_page(index);
        MasterPage { id, name, label, slug, active, deleted: !active }
    })
    .collect()
}

pub(super) fn event_types() -> Vec<EventType> {
    vec![
        EventType { id: event_type(0), name: "Checkup", description: "A short look at how things stand" },
        EventType { id: event_type(1), name: "Deep dive", description: "Two hours on one question" },
        EventType { id: event_type(2), name: "Workshop", description: "" },
    ]
}
