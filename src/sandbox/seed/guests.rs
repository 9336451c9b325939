//! The account's guests.

use jiff::{SignedDuration, Timestamp};

use super::people::{DANA, user};
use crate::sandbox::world::{Contact, Guest, id};

/// A guest: name, email address, phone, zone, company. Not everybody gives the phone and the company.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str);

pub(in crate::sandbox) const GUESTS: &[Row] = &[
    ("Jacob Lindqvist", "jacob.lindqvist@fjord.example", "+46701234567", "Europe/Stockholm", "Fjord Tools"),
    ("Olivia Marchetti", "olivia@marchetti.example", "", "Europe/Rome", ""),
    ("Sarah O'Brien", "sarah.obrien@cedar.example", "+353861234567", "Europe/Dublin", "Cedar & Co"),
    ("José Ángel Núñez", "jose.nunez@sierra.example", "", "America/Mexico_City", "Sierra Norte"),
    ("田中 美咲", "misaki.tanaka@hoshi.example", "", "Asia/Tokyo", "星商事"),
    ("BRIGHTWATER PLUMBING", "office@brightwater.example", "+12125550142", "America/New_York", "BRIGHTWATER"),
    ("Amit Deshpande", "amit@deshpande.example", "+919812345678", "Asia/Kolkata", ""),
    ("Chloé Bernard", "chloe.bernard@atelier.example", "", "Europe/Paris", "Atelier Bernard"),
    ("Tom Ashcroft", "tom@ashcroft.example", "", "Europe/London", ""),
    ("Grace Mbeki", "grace.mbeki@savanna.example", "+27821234567", "Africa/Johannesburg", "Savanna Labs"),
    ("Ethan Walsh", "ethan.walsh@harborview.example", "", "America/Los_Angeles", "Harborview"),
    ("Mia Thompson", "mia@thompson.example", "", "Australia/Melbourne", ""),
    ("דנה לוי", "dana.levi@carmel.example", "", "Asia/Jerusalem", "Carmel"),
    ("Lucas Ferreira", "lucas@ferreira.example", "", "America/Sao_Paulo", ""),
    ("Hannah Vogel", "hannah.vogel@rhein.example", "+4915112345678", "Europe/Berlin", "Rhein Logistik"),
    ("Ben Carter", "ben.carter@maple.example", "", "America/Toronto", "Maple"),
    ("Ben Carter", "ben@carterbooks.example", "", "America/Chicago", "Carter Books"),
    ("Aisha Khan", "aisha.khan@indus.example", "", "Asia/Karachi", ""),
    ("Nikolai Petrov", "nikolai@petrov.example", "", "Asia/Kathmandu", ""),
    ("Zoë Adams", "zoe.adams@quill.example", "", "Pacific/Auckland", "Quill"),
];

/// Deleted contacts, which can only be reached by id.
const DELETED: &[(&str, &str)] = &[("Mara Stone", "mara@stone.example"), ("Otis Stone", "otis@stone.example")];

pub(super) const CUSTOM_FIELDS: &[&str] = &["Topics", "Company_Size", "Goal", "Referral source", "resume"];

/// Returns the id of a guest's contact; the deleted ones follow.
pub(in crate::sandbox) fn contact(index: usize) -> String {
    id("CTC", 0x0700 + index as u64)
}

/// Returns what a guest says when they book.
pub(super) fn guest(index: usize) -> Option<Guest> {
    let (name, email, phone, zone, company) = GUESTS.get(index)?;
    let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Some(Guest {
        name: (*name).to_owned(),
        email: (*email).to_owned(),
        phone: given(phone),
        company: given(company),
        zone: (*zone).to_owned(),
        ..Guest::default()
    })
}

pub(super) fn contacts(now: Timestamp) -> Vec<Contact> {
    let known = (0..GUESTS.len()).filter_map(guest).enumerate().map(|(index, guest)| {
        let days = i64::try_from(GUESTS.len() - index).unwrap_or_default();
        let created = now - SignedDuration::from_hours(24 * 3 * days);
        let contact = Contact::of(contact(index), &user(DANA), &guest, created);
        contact.with(&[("company", guest.company.as_deref())])
    });
    let deleted = DELETED.iter().enumerate().map(|(index, (name, email))| {
        let (name, email, zone) = ((*name).to_owned(), (*email).to_owned(), "Europe/London".to_owned());
        let guest = Guest { name, email, zone, ..Guest::default() };
        Contact { deleted: true, ..Contact::of(contact(GUESTS.len() + index), &user(DANA), &guest, now) }
    });
    known.chain(deleted).collect()
}
