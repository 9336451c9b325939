//! The account's guests.

use jiff::SignedDuration;

use super::people::{DANA, user};
use crate::sandbox::world::{Contact, World, id};

pub(in crate::sandbox) struct Guest {
    pub(super) name: &'static str,
    pub(super) email: &'static str,
    pub(super) phone: Option<&'static str>,
    pub(super) zone: &'static str,
    pub(super) company: Option<&'static str>,
}

const fn guest(
    name: &'static str,
    email: &'static str,
    phone: Option<&'static str>,
    zone: &'static str,
    company: Option<&'static str>,
) -> Guest {
    Guest { name, email, phone, zone, company }
}

pub(in crate::sandbox) const GUESTS: &[Guest] = &[
    guest(
        "Jacob Lindqvist",
        "jacob.lindqvist@fjord.example",
        Some("+46701234567"),
        "Europe/Stockholm",
        Some("Fjord Tools"),
    ),
    guest("Olivia Marchetti", "olivia@marchetti.example", None, "Europe/Rome", None),
    guest("Sarah O'Brien", "sarah.obrien@cedar.example", Some("+353861234567"), "Europe/Dublin", Some("Cedar & Co")),
    guest("José Ángel Núñez", "jose.nunez@sierra.example", None, "America/Mexico_City", Some("Sierra Norte")),
    guest("田中 美咲", "misaki.tanaka@hoshi.example", None, "Asia/Tokyo", Some("星商事")),
    guest(
        "BRIGHTWATER PLUMBING",
        "office@brightwater.example",
        Some("+12125550142"),
        "America/New_York",
        Some("BRIGHTWATER"),
    ),
    guest("Amit Deshpande", "amit@deshpande.example", Some("+919812345678"), "Asia/Kolkata", None),
    guest("Chloé Bernard", "chloe.bernard@atelier.example", None, "Europe/Paris", Some("Atelier Bernard")),
    guest("Tom Ashcroft", "tom@ashcroft.example", None, "Europe/London", None),
    guest(
        "Grace Mbeki",
        "grace.mbeki@savanna.example",
        Some("+27821234567"),
        "Africa/Johannesburg",
        Some("Savanna Labs"),
    ),
    guest("Ethan Walsh", "ethan.walsh@harborview.example", None, "America/Los_Angeles", Some("Harborview")),
    guest("Mia Thompson", "mia@thompson.example", None, "Australia/Melbourne", None),
    guest("דנה לוי", "dana.levi@carmel.example", None, "Asia/Jerusalem", Some("Carmel")),
    guest("Lucas Ferreira", "lucas@ferreira.example", None, "America/Sao_Paulo", None),
    guest(
        "Hannah Vogel",
        "hannah.vogel@rhein.example",
        Some("+4915112345678"),
        "Europe/Berlin",
        Some("Rhein Logistik"),
    ),
    guest("Ben Carter", "ben.carter@maple.example", None, "America/Toronto", Some("Maple")),
    guest("Ben Carter", "ben@carterbooks.example", None, "America/Chicago", Some("Carter Books")),
    guest("Aisha Khan", "aisha.khan@indus.example", None, "Asia/Karachi", None),
    guest("Nikolai Petrov", "nikolai@petrov.example", None, "Asia/Kathmandu", None),
    guest("Zoë Adams", "zoe.adams@quill.example", None, "Pacific/Auckland", Some("Quill")),
];

/// Deleted contacts, which can only be reached by id.
const DELETED: &[(&str, &str)] = &[("Mara", "mara@stone.example"), ("Otis", "otis@stone.example")];

const CUSTOM_FIELDS: &[&str] = &["Topics", "Company_Size", "Goal", "Referral source", "resume"];

/// Returns the id of a guest's contact; the deleted ones follow.
pub(in crate::sandbox) fn contact(index: usize) -> String {
    id("CTC", 0x0700 + index as u64)
}

pub(super) fn fill(world: &mut World) {
    let now = world.time();
    for (index, guest) in GUESTS.iter().enumerate() {
        let (first_name, last_name) = guest.name.split_once(' ').map_or((guest.name, None), |(a, b)| (a, Some(b)));
        let days = i64::try_from(GUESTS.len() - index).unwrap_or_default();
        let created = now - SignedDuration::from_hours(24 * 3 * days);
        world.contacts.push(Contact::new(contact(index), &user(DANA), guest.zone, created).with(&[
            ("first_name", Some(first_name)),
            ("last_name", last_name),
            ("email", Some(guest.email)),
            ("mobile_phone", guest.phone),
            ("company", guest.company),
        ]));
    }
    for (index, (name, email)) in DELETED.iter().enumerate() {
        let gone = Contact::new(contact(GUESTS.len() + index), &user(DANA), "Europe/London", now);
        let gone = gone.with(&[("first_name", Some(*name)), ("last_name", Some("Stone")), ("email", Some(*email))]);
        world.contacts.push(Contact { deleted: true, ..gone });
    }
    world.custom_fields = CUSTOM_FIELDS.iter().map(ToString::to_string).collect();
}
