//! The predecessors of booking calendars: Classic pages, and their event types.

use super::people::{LEE, OLIVER, OWNER, PRIYA, user};
use crate::sandbox::world::{EventType, MasterPage, Page, World, id};

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
struct Row(&'static str, &'static str, &'static str, &'static str, usize, bool, &'static [usize], &'static [usize]);

const PAGES: &[Row] = &[
    Row("Margaret classic", "Meet Margaret", "margaret-classic", "America/New_York", OWNER, true, &[0], &[0, 1]),
    Row("Lee classic", "Meet Lee", "lee-classic", "Europe/London", LEE, true, &[0], &[0]),
    Row("Priya classic", "Meet Priya", "priya-classic", "Asia/Kolkata", PRIYA, false, &[1], &[1]),
    Row("Oliver classic", "Meet Oliver", "oliver-classic", "Australia/Sydney", OLIVER, true, &[0, 1], &[0, 2]),
    Row("Margaret workshops", "Workshops", "margaret-workshops", "America/New_York", OWNER, true, &[], &[2]),
];

/// The master pages: name, label, slug, whether active, whether deleted.
const MASTER_PAGES: &[(&str, &str, &str, bool, bool)] = &[
    ("Northlight front desk", "Book with Northlight", "northlight-front-desk", true, false),
    ("Northlight workshops", "Book a workshop", "northlight-workshops", true, false),
    ("Northlight summer fair", "Meet us at the fair", "northlight-fair", false, true),
    ("Northlight old desk", "Book with us", "northlight-old-desk", false, true),
];

pub(super) fn fill(world: &mut World) {
    let rows = PAGES.iter().enumerate();
    world.pages = rows
        .map(|(index, Row(name, label, slug, zone, whose, active, master_pages, event_types))| Page {
            id: page(index),
            name,
            label,
            slug,
            active: *active,
            zone,
            user: user(*whose),
            master_pages: master_pages.iter().map(|index| master_page(*index)).collect(),
            event_types: event_types.iter().map(|index| event_type(*index)).collect(),
        })
        .collect();
    let rows = MASTER_PAGES.iter().enumerate();
    world.master_pages = rows
        .map(|(index, (name, label, slug, active, deleted))| MasterPage {
            id: master_page(index),
            name,
            label,
            slug,
            active: *active,
            deleted: *deleted,
        })
        .collect();
    world.event_types = vec![
        EventType { id: event_type(0), name: "Checkup", description: "A short look at how things stand" },
        EventType { id: event_type(1), name: "Deep dive", description: "Two hours on one question" },
        EventType { id: event_type(2), name: "Workshop", description: "" },
    ];
}
