//! The account's state.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Clock;
use super::noun::{Noun, find, sent};
use super::request::wire;

/// An account and everything in it.
pub struct World {
    pub(super) now: Clock,
    /// The keys that are accepted.
    pub keys: Vec<String>,
    /// Whether the account's plan includes the API.
    pub plan_allows_api: bool,
    /// Whether the account's plan includes reassignment.
    pub plan_allows_reassign: bool,
    /// Where a booking shows its host.
    pub host_shows: HostShows,
    /// How many users the account's plan allows.
    pub user_limit: usize,
    /// The names of the custom fields that contacts can have.
    pub custom_fields: Vec<String>,
    /// Whether changing a contact without naming its status clears it, as OnceHub's documentation says.
    pub patch_clears_status: bool,
    pub(super) users: Vec<User>,
    pub(super) teams: Vec<Team>,
    pub(super) calendars: Vec<Calendar>,
    pub(super) pages: Vec<Page>,
    pub(super) master_pages: Vec<MasterPage>,
    pub(super) event_types: Vec<EventType>,
    pub(super) contacts: Vec<Contact>,
    pub(super) webhooks: Vec<Webhook>,
    /// In the order in which they were sent.
    pub(super) notifications: Vec<Notification>,
    /// In the order in which they were created.
    pub(super) bookings: Vec<Booking>,
    /// How many ids have been created.
    pub(super) made: u64,
    /// How many one-time links have been created.
    pub links_made: usize,
}

pub(super) struct User {
    pub(super) id: String,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) email: String,
    pub(super) status: &'static str,
    pub(super) role: &'static str,
    pub(super) zone: String,
    pub(super) teams: Vec<String>,
    pub(super) deleted: bool,
    pub(super) has_seat: bool,
    /// Connected video services, under OnceHub's names.
    pub(super) video: &'static [&'static str],
    /// Working hours in the user's zone; a day that is missing has none.
    pub(super) weekly: HashMap<Weekday, Vec<Hours>>,
    /// The dates with hours of their own, or none.
    pub(super) overrides: BTreeMap<Date, Vec<Hours>>,
}

/// A range of the day in which a user takes meetings, in minutes of the day.
#[derive(Clone)]
pub(super) struct Hours {
    pub(super) begin: i16,
    pub(super) end: i16,
    pub(super) venues: Vec<Venue>,
}

/// A place where a user takes meetings, as it is sent. Calendars use other words for the same places.
#[derive(Clone, Serialize)]
pub(super) struct Venue {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// An address, a link or a video service.
    pub(super) value: Option<String>,
    /// The id of an address.
    pub(super) id: Option<String>,
}

pub(super) struct Team {
    pub(super) id: String,
    pub(super) name: &'static str,
}

pub(super) struct Calendar {
    pub(super) id: String,
    /// The id of a user or a team.
    pub(super) host: String,
    pub(super) name: String,
    pub(super) subject: String,
    pub(super) slug: String,
    pub(super) published: bool,
    pub(super) minutes: i64,
    pub(super) buffer: i64,
    pub(super) notice: i64,
    pub(super) approval: bool,
    pub(super) allows_links: bool,
    pub(super) price: Option<(i64, &'static str)>,
    pub(super) locations: Vec<Location>,
    pub(super) questions: &'static [Question],
}

pub(super) enum Location {
    Virtual(&'static str),
    VirtualStatic,
    Physical { id: &'static str, address: &'static str },
    GuestPhone,
    InPersonByGuest,
}

pub(super) struct Question {
    pub(super) field: &'static str,
    /// The choices; empty for free text.
    pub(super) choices: &'static [&'static str],
    pub(super) several: bool,
}

/// A Classic booking page.
pub(super) struct Page {
    pub(super) id: String,
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) slug: &'static str,
    pub(super) active: bool,
    pub(super) zone: &'static str,
    /// The page's user.
    pub(super) user: String,
    pub(super) master_pages: Vec<String>,
    pub(super) event_types: Vec<String>,
}

/// A Classic master page: an entrance to several booking pages.
pub(super) struct MasterPage {
    pub(super) id: String,
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) slug: &'static str,
    pub(super) active: bool,
    pub(super) deleted: bool,
}

pub(super) struct EventType {
    pub(super) id: String,
    pub(super) name: &'static str,
    pub(super) description: &'static str,
}

pub(super) struct Contact {
    pub(super) id: String,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) deleted: bool,
    /// Every field that people can write, under its name on the wire, set or not.
    pub(super) fields: Map<String, Value>,
}

/// An external address that is called when something happens.
pub(super) struct Webhook {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) url: String,
    pub(super) events: Vec<String>,
    pub(super) created: Timestamp,
    /// The secret that signs the calls.
    pub(super) secret: String,
    pub(super) deleted: bool,
}

/// A text message that was sent to a phone.
pub(super) struct Notification {
    pub(super) id: String,
    pub(super) status: &'static str,
    pub(super) created: Timestamp,
    /// The id of a contact or a user.
    pub(super) recipient: String,
    pub(super) recipient_type: &'static str,
    pub(super) delivered_to: String,
    pub(super) body: String,
}

/// What a guest says about themselves when they book.
#[derive(Clone, Default)]
pub(super) struct Guest {
    pub(super) name: String,
    pub(super) email: String,
    pub(super) phone: Option<String>,
    pub(super) note: Option<String>,
    pub(super) company: Option<String>,
    pub(super) zone: String,
    /// The answers to the calendar's questions, as they are sent: each has a `name` and a `value`.
    pub(super) answers: Vec<Value>,
}

#[derive(Default)]
pub(super) struct Booking {
    pub(super) id: String,
    pub(super) subject: String,
    pub(super) status: &'static str,
    pub(super) in_trash: bool,
    /// Whether it goes on showing as scheduled after its end.
    pub(super) left_open: bool,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) starts: Timestamp,
    pub(super) minutes: i64,
    pub(super) video: Option<&'static str>,
    pub(super) place: Option<String>,
    pub(super) rescheduled_from: Option<String>,
    pub(super) cancellation: Option<Value>,
    pub(super) guest: Guest,
    pub(super) host: String,
    /// The owner that OnceHub still names after a reassignment, if it is not the host.
    pub(super) owner: Option<String>,
    pub(super) co_hosts: Vec<String>,
    pub(super) contact: String,
    pub(super) conversation: Option<String>,
    pub(super) utm: Option<Value>,
    pub(super) calendar: Option<String>,
    pub(super) page: Option<String>,
    pub(super) master_page: Option<String>,
    pub(super) event_type: Option<String>,
    pub(super) payment: Option<Value>,
    /// How many e-mails about changes the guest was sent.
    pub(super) mails: usize,
    pub(super) deleted: bool,
    /// A modification that makes this one odd on the wire, as real ones sometimes are.
    pub(super) quirk: Option<fn(&mut Map<String, Value>)>,
}

/// Where a booking shows its host. OnceHub's documentation contradicts itself on this.
#[derive(Clone, Copy, Debug)]
pub struct HostShows {
    /// A reassigned booking names its new host as the owner.
    pub as_owner: bool,
    /// The host is among the attendees.
    pub as_attendee: bool,
}

impl World {
    pub(super) fn time(&self) -> Timestamp {
        (self.now)()
    }

    /// Returns an unused id: `PREFIX-` and twelve letters and digits.
    pub(super) fn fresh_id(&mut self, prefix: &str) -> String {
        self.made += 1;
        id(prefix, 0xB00C_0000 + self.made)
    }

    pub(super) fn user(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    /// Returns the account's owner.
    pub(super) fn account_owner(&self) -> Option<&User> {
        self.users.iter().find(|user| user.role == "Account Owner")
    }

    /// Prefixes the e-mail address of the account's owner.
    pub(super) fn rename_owner(&mut self, before: &str) {
        self.users.iter_mut().filter(|user| user.role == "Account Owner").for_each(|it| it.email.insert_str(0, before));
    }

    /// Creates a one-time link. Its id has no prefix.
    pub(super) fn one_time_link(&mut self, host: &str) -> Value {
        self.links_made += 1;
        let id = self.fresh_id("");
        let link = id.trim_start_matches('-');
        json!({"id": link, "url": format!("https://{host}/.{link}"), "creation_time": wire(self.time())})
    }

    /// Returns the status that a booking shows, if one with that id exists.
    pub fn status_of(&self, booking: &str) -> Option<&'static str> {
        let now = self.time();
        self.bookings.iter().find(|known| known.id == booking).map(|booking| booking.status_at(now))
    }

    /// Returns every booking as it is sent, and the users who hold it: its hosts, or the owner of what is on a Classic page.
    pub fn all_bookings(&self) -> Vec<(Value, Vec<String>)> {
        let holders = |booking: &Booking| match &booking.calendar {
            Some(_) => [std::slice::from_ref(&booking.host), booking.co_hosts.as_slice()].concat(),
            None => vec![booking.owner().to_owned()],
        };
        let live = self.bookings.iter().filter(|booking| !booking.deleted);
        live.map(|booking| (booking.show(self), holders(booking))).collect()
    }

    /// Changes the status of a booking now, whatever it was.
    pub fn set_status(&mut self, booking: &str, status: &'static str) {
        let now = self.time();
        for known in self.bookings.iter_mut().filter(|known| known.id == booking) {
            (known.status, known.updated) = (status, now);
        }
    }

    /// Makes a booking now, like one that there is, and returns its id.
    pub fn book_like(&mut self, booking: &str, starts: Timestamp) -> Option<String> {
        let (now, id) = (self.time(), self.fresh_id("BKNG"));
        let like = self.bookings.iter().find(|known| known.id == booking)?;
        let made = Booking {
            id: id.clone(),
            subject: like.subject.clone(),
            status: "scheduled",
            created: now,
            updated: now,
            starts,
            minutes: like.minutes,
            video: like.video,
            guest: like.guest.clone(),
            host: like.host.clone(),
            contact: like.contact.clone(),
            calendar: like.calendar.clone(),
            page: like.page.clone(),
            ..Booking::default()
        };
        self.bookings.push(made);
        Some(id)
    }

    /// Returns the ids of the contacts, except deleted ones, that have this email address or mobile phone.
    pub fn contacts_known_as(&self, text: &str) -> Vec<String> {
        ids(&self.contacts, |contact| !contact.deleted && contact.is_known_as(text))
    }

    /// Returns the ids of the webhooks, except deleted ones, that have this name.
    pub fn webhooks_called(&self, name: &str) -> Vec<String> {
        ids(&self.webhooks, |webhook| !webhook.deleted && webhook.name == name)
    }

    /// Returns the ids of the users, except deleted ones, that have this email address.
    pub fn users_with(&self, email: &str) -> Vec<String> {
        ids(&self.users, |user| !user.deleted && user.email.to_lowercase() == email.to_lowercase())
    }

    /// Takes OnceHub Classic away: its pages, their event types, and what was booked on them.
    pub fn remove_classic(&mut self) {
        self.pages.clear();
        self.master_pages.clear();
        self.event_types.clear();
        self.bookings.retain(|booking| booking.calendar.is_some());
    }

    /// Prefixes the names of all users and contacts with a mark, so that two accounts can be told apart.
    pub fn mark(&mut self, mark: &str) {
        self.users.iter_mut().for_each(|user| user.first_name.insert_str(0, mark));
        for contact in &mut self.contacts {
            let name = format!("{mark}{}", contact.text("first_name").unwrap_or_default());
            contact.fields.insert("first_name".into(), name.into());
        }
    }

    /// Whether an object with this id existed and was deleted.
    pub fn is_deleted(&self, id: &str) -> bool {
        self.as_sent(id).is_some_and(|sent| sent.get("deleted").is_some())
    }

    /// Returns an object as it is sent over the wire.
    pub fn as_sent(&self, id: &str) -> Option<Value> {
        fn among<T: Noun>(rows: &[T], id: &str, world: &World) -> Option<Value> {
            find(rows, id).ok().map(|row| sent(row, world))
        }
        let conversation = |booking: &&Booking| booking.conversation.as_deref() == Some(id);
        among(&self.users, id, self)
            .or_else(|| among(&self.contacts, id, self))
            .or_else(|| among(&self.calendars, id, self))
            .or_else(|| among(&self.pages, id, self))
            .or_else(|| among(&self.master_pages, id, self))
            .or_else(|| among(&self.event_types, id, self))
            .or_else(|| among(&self.webhooks, id, self))
            .or_else(|| among(&self.bookings, id, self))
            .or_else(|| self.bookings.iter().find(conversation).map(Booking::show_conversation))
    }
}

/// Returns the ids of the objects for which something holds.
pub(super) fn ids<T: Noun>(rows: &[T], holds: impl Fn(&T) -> bool) -> Vec<String> {
    rows.iter().filter(|row| holds(row)).map(|row| row.id().to_owned()).collect()
}

impl Venue {
    /// Creates a place of a kind that says it all.
    pub(super) fn new(kind: &'static str) -> Self {
        Self { kind, value: None, id: None }
    }

    /// Creates the place of meetings at an address of the account.
    pub(super) fn at(id: &str, address: &str) -> Self {
        Self { kind: "in_person_by_host", value: Some(address.to_owned()), id: Some(id.to_owned()) }
    }

    /// Creates the place of meetings that all have the same link.
    pub(super) fn link(url: &str) -> Self {
        Self { value: Some(url.to_owned()), ..Self::new("online_static_link") }
    }
}

impl Contact {
    /// Creates a contact without any details yet.
    pub(super) fn new(id: String, owner: &str, zone: &str, created: Timestamp) -> Self {
        let fields = json!({
            "owner": owner, "status": null, "city": null, "company_size": null, "company": null, "country": null,
            "email": null, "employees": 0, "first_name": null, "has_consent": false, "job_title": null,
            "last_name": null, "mobile_phone": null, "phone": null, "post_code": null, "salutation": null,
            "state": null, "street_address": null, "terms_of_sevice": false, "timezone": zone, "custom_fields": [],
        });
        let fields = fields.as_object().cloned().unwrap_or_default();
        Self { id, created, updated: created, deleted: false, fields }
    }

    /// Creates the contact of a guest.
    pub(super) fn of(id: String, owner: &str, guest: &Guest, created: Timestamp) -> Self {
        let (first_name, last_name) = guest.name.split_once(' ').unwrap_or((&guest.name, ""));
        Self::new(id, owner, &guest.zone, created).with(&[
            ("first_name", Some(first_name)),
            ("last_name", Some(last_name).filter(|name| !name.is_empty())),
            ("email", Some(&guest.email)),
            ("mobile_phone", guest.phone.as_deref()),
        ])
    }

    /// Returns a text field.
    pub(super) fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(Value::as_str)
    }

    /// Sets the given fields; the rest stay as they are.
    pub(super) fn with(mut self, fields: &[(&str, Option<&str>)]) -> Self {
        for (name, value) in fields {
            self.fields.insert((*name).to_owned(), value.map_or(Value::Null, Value::from));
        }
        self
    }

    /// Whether this is their email address, in any case, or their mobile phone.
    pub(super) fn is_known_as(&self, text: &str) -> bool {
        self.text("email").is_some_and(|email| email.to_lowercase() == text.to_lowercase())
            || self.text("mobile_phone") == Some(text)
    }
}

/// Returns an id made from a number, the same in every sandbox.
pub(super) fn id(prefix: &str, number: u64) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let bits = mixed(number);
    let letter = |place: u32| {
        let index = usize::try_from((bits >> (place * 5)) & 31).unwrap_or_default();
        char::from(LETTERS.get(index).copied().unwrap_or(b'A'))
    };
    format!("{prefix}-{}", (0..12).map(letter).collect::<String>())
}

/// Returns a webhook's secret, 32 hexadecimal digits, the same for the same id. It protects nothing.
pub(super) fn secret(id: &str) -> String {
    let sum = id.bytes().fold(0, |sum, byte| mixed(sum ^ u64::from(byte)).wrapping_add(1));
    format!("{:016x}{:016x}", mixed(sum), mixed(sum.wrapping_add(1)))
}

pub(super) fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits ^ (bits >> 27)
}

pub(super) fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

impl User {
    pub(super) fn can_host(&self) -> bool {
        !self.deleted && self.has_seat && self.status == "active"
    }
}

impl Booking {
    pub(super) fn ends(&self) -> Timestamp {
        self.starts + SignedDuration::from_mins(self.minutes)
    }

    /// Returns the status at a time: a booking that has taken place counts as completed, though nobody marked it so.
    pub(super) fn status_at(&self, now: Timestamp) -> &'static str {
        match self.status {
            "scheduled" | "rescheduled" if self.ends() <= now && !self.left_open => "completed",
            other => other,
        }
    }

    /// Whether it takes up its host's time.
    pub(super) fn is_live(&self, now: Timestamp) -> bool {
        !self.deleted && matches!(self.status_at(now), "scheduled" | "rescheduled" | "requested")
    }

    pub(super) fn owner(&self) -> &str {
        self.owner.as_deref().unwrap_or(&self.host)
    }

    pub(super) fn is_hosted_by(&self, user: &str) -> bool {
        self.host == user || self.co_hosts.iter().any(|host| host == user)
    }
}
