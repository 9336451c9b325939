//! The account's state, and how its objects look on the wire.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::{Clock, KEY};

/// A whole account.
pub struct World {
    pub(super) now: Clock,
    /// The keys that are accepted.
    pub keys: Vec<String>,
    /// Whether the account's plan includes the API.
    pub plan_allows_api: bool,
    /// Whether the account's plan includes reassignment.
    pub plan_allows_reassign: bool,
    pub(super) users: Vec<User>,
    pub(super) teams: Vec<Team>,
    pub(super) calendars: Vec<Calendar>,
    pub(super) pages: Vec<Page>,
    pub(super) master_pages: Vec<Page>,
    pub(super) event_types: Vec<EventType>,
    pub(super) contacts: Vec<Contact>,
    /// In the order in which they were made.
    pub(super) bookings: Vec<Booking>,
    made: u64,
}

pub(super) struct User {
    pub(super) id: String,
    pub(super) first_name: &'static str,
    pub(super) last_name: &'static str,
    pub(super) email: &'static str,
    pub(super) status: &'static str,
    pub(super) role: &'static str,
    pub(super) zone: &'static str,
    pub(super) teams: Vec<String>,
    pub(super) deleted: bool,
    pub(super) has_seat: bool,
    /// Connected video services, as OnceHub calls them.
    pub(super) video: &'static [&'static str],
    /// Working hours in minutes of the day, in the user's zone.
    pub(super) weekly: Vec<(Weekday, Vec<(i16, i16)>)>,
    pub(super) overrides: Vec<(Date, Vec<(i16, i16)>)>,
}

pub(super) struct Team {
    pub(super) id: String,
    pub(super) name: &'static str,
}

pub(super) struct Calendar {
    pub(super) id: String,
    /// A user or a team.
    pub(super) host: String,
    pub(super) name: &'static str,
    pub(super) subject: &'static str,
    pub(super) slug: &'static str,
    pub(super) published: bool,
    pub(super) minutes: i64,
    pub(super) buffer: i64,
    pub(super) notice: i64,
    pub(super) approval: bool,
    pub(super) allows_links: bool,
    pub(super) price: Option<(i64, &'static str)>,
    pub(super) locations: Vec<Location>,
    pub(super) questions: Vec<Question>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Location {
    Virtual(&'static str),
    VirtualStatic,
    Physical { id: &'static str, address: &'static str },
    GuestPhone,
    InPersonByGuest,
}

#[derive(Clone)]
pub(super) struct Question {
    pub(super) field: &'static str,
    /// What may be chosen; nothing for free text.
    pub(super) choices: &'static [&'static str],
    pub(super) several: bool,
}

/// A Classic booking page or master page.
pub(super) struct Page {
    pub(super) id: String,
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) slug: &'static str,
    pub(super) active: bool,
    pub(super) zone: Option<&'static str>,
}

pub(super) struct EventType {
    pub(super) id: String,
    pub(super) name: &'static str,
    pub(super) description: &'static str,
}

pub(super) struct Contact {
    pub(super) id: String,
    pub(super) first_name: String,
    pub(super) last_name: Option<String>,
    pub(super) email: String,
    pub(super) phone: Option<String>,
    pub(super) company: Option<&'static str>,
    pub(super) zone: String,
    pub(super) owner: String,
    pub(super) created: Timestamp,
    pub(super) deleted: bool,
}

#[derive(Clone)]
pub(super) struct Booking {
    pub(super) id: String,
    pub(super) subject: String,
    pub(super) status: &'static str,
    pub(super) in_trash: bool,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) starts: Timestamp,
    pub(super) minutes: i64,
    pub(super) guest_zone: String,
    pub(super) video: Option<&'static str>,
    pub(super) place: Option<String>,
    pub(super) rescheduled_from: Option<String>,
    pub(super) cancellation: Option<Value>,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) phone: Option<String>,
    pub(super) note: Option<String>,
    pub(super) company: Option<&'static str>,
    pub(super) answers: Vec<(String, Value)>,
    pub(super) host: String,
    pub(super) co_hosts: Vec<String>,
    pub(super) contact: String,
    pub(super) conversation: Option<String>,
    pub(super) utm: Option<Value>,
    pub(super) calendar: Option<String>,
    pub(super) page: Option<String>,
    pub(super) master_page: Option<String>,
    pub(super) event_type: Option<String>,
    pub(super) payment: Option<Value>,
    pub(super) deleted: bool,
    /// What makes this one odd on the wire, as real ones sometimes are.
    pub(super) quirk: Option<fn(&mut Map<String, Value>)>,
}

impl World {
    /// An account without anything in it.
    pub(super) fn new(now: Clock) -> Self {
        Self {
            now,
            keys: vec![KEY.to_owned()],
            plan_allows_api: true,
            plan_allows_reassign: true,
            users: Vec::new(),
            teams: Vec::new(),
            calendars: Vec::new(),
            pages: Vec::new(),
            master_pages: Vec::new(),
            event_types: Vec::new(),
            contacts: Vec::new(),
            bookings: Vec::new(),
            made: 0,
        }
    }

    pub(super) fn time(&self) -> Timestamp {
        (self.now)()
    }

    /// An id that nothing has: `PREFIX-` and twelve letters and digits.
    pub(super) fn fresh_id(&mut self, prefix: &str) -> String {
        self.made += 1;
        id(prefix, 0xB00C_0000 + self.made)
    }

    pub(super) fn user(&self, id: &str) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    pub(super) fn calendar(&self, id: &str) -> Option<&Calendar> {
        self.calendars.iter().find(|calendar| calendar.id == id)
    }

    /// How many bookings hold the same start with the same host: more than one would be a double booking.
    pub fn double_bookings(&self) -> usize {
        let live: Vec<&Booking> = self.bookings.iter().filter(|booking| booking.is_live(self.time())).collect();
        let clash =
            |a: &Booking, b: &Booking| a.id < b.id && a.host == b.host && a.starts < b.ends() && b.starts < a.ends();
        live.iter().map(|a| live.iter().filter(|b| clash(a, b)).count()).sum()
    }

    /// The status that a booking shows, if there is one with that id.
    pub fn status_of(&self, booking: &str) -> Option<&'static str> {
        let now = self.time();
        self.bookings.iter().find(|known| known.id == booking).map(|booking| booking.status_at(now))
    }

    /// The ids of the bookings that a guest holds at a time and that have not been canceled.
    pub fn held_by(&self, email: &str, starts: Timestamp) -> Vec<String> {
        let theirs =
            |booking: &&Booking| booking.email == email && booking.starts == starts && booking.status != "canceled";
        self.bookings.iter().filter(theirs).map(|booking| booking.id.clone()).collect()
    }
}

/// An id made of a number, the same in every sandbox.
pub(super) fn id(prefix: &str, number: u64) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut bits = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits ^= bits >> 27;
    let letter = |place: u32| {
        let index = usize::try_from((bits >> (place * 5)) & 31).unwrap_or_default();
        char::from(LETTERS.get(index).copied().unwrap_or(b'A'))
    };
    format!("{prefix}-{}", (0..12).map(letter).collect::<String>())
}

pub(super) fn wire(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub(super) fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// What is left of something that has been deleted.
pub(super) fn redacted(id: &str, object: &str) -> Value {
    json!({"id": id, "object": object, "deleted": true})
}

impl User {
    pub(super) fn show(&self) -> Value {
        if self.deleted {
            return redacted(&self.id, "user");
        }
        json!({
            "object": "user", "id": self.id, "first_name": self.first_name, "last_name": self.last_name,
            "email": self.email, "status": self.status, "role_name": self.role, "timezone": self.zone, "teams": self.teams,
        })
    }

    pub(super) fn can_host(&self) -> bool {
        !self.deleted && self.has_seat && self.status == "active"
    }
}

impl Team {
    pub(super) fn show(&self) -> Value {
        json!({"object": "team", "id": self.id, "name": self.name})
    }
}

impl Calendar {
    pub(super) fn show(&self) -> Value {
        json!({
            "object": "booking_calendar", "id": self.id, "host": self.host, "name": self.name, "subject": self.subject,
            "url": format!("https://oncehub.com/{}", self.slug), "published": self.published,
            "duration_minutes": self.minutes,
        })
    }
}

impl Location {
    pub(super) fn show(&self) -> Value {
        match self {
            Self::Virtual(provider) => json!({"type": "virtual", "value": provider, "id": null}),
            Self::VirtualStatic => json!({"type": "virtual_static", "value": null, "id": null}),
            Self::Physical { id, address } => {
                json!({"type": "physical", "value": address, "id": id})
            }
            Self::GuestPhone => json!({"type": "guest_phone", "value": null, "id": null}),
            Self::InPersonByGuest => {
                json!({"type": "in_person_by_guest", "value": null, "id": null})
            }
        }
    }
}

impl Page {
    pub(super) fn show(&self, object: &str) -> Value {
        let mut shown = json!({
            "object": object, "id": self.id, "name": self.name, "label": self.label,
            "url": format!("https://go.oncehub.com/{}", self.slug), "active": self.active,
        });
        if let (Value::Object(fields), Some(zone)) = (&mut shown, self.zone) {
            fields.insert("timezone".into(), zone.into());
        }
        shown
    }
}

impl EventType {
    pub(super) fn show(&self) -> Value {
        json!({"object": "event_type", "id": self.id, "name": self.name, "description": self.description})
    }
}

impl Contact {
    pub(super) fn show(&self) -> Value {
        if self.deleted {
            return redacted(&self.id, "contact");
        }
        json!({
            "object": "contact", "id": self.id, "creation_time": wire(self.created),
            "last_updated_time": wire(self.created), "last_interacted_time": null, "owner": self.owner,
            "status": null, "city": null, "company_size": null, "company": self.company, "country": null,
            "email": self.email, "employees": 0, "first_name": self.first_name, "has_consent": false, "job_title": null,
            "last_name": self.last_name, "mobile_phone": self.phone, "phone": null, "post_code": null,
            "salutation": null, "state": null, "street_address": null, "terms_of_sevice": false,
            "timezone": self.zone, "custom_fields": [],
        })
    }
}

impl Booking {
    pub(super) fn ends(&self) -> Timestamp {
        self.starts + SignedDuration::from_mins(self.minutes)
    }

    /// A booking that has taken place is completed without anybody saying so.
    pub(super) fn status_at(&self, now: Timestamp) -> &'static str {
        match self.status {
            "scheduled" | "rescheduled" if self.ends() <= now => "completed",
            other => other,
        }
    }

    /// Whether it takes up its host's time.
    pub(super) fn is_live(&self, now: Timestamp) -> bool {
        !self.deleted && matches!(self.status_at(now), "scheduled" | "rescheduled" | "requested")
    }

    pub(super) fn is_hosted_by(&self, user: &str) -> bool {
        self.host == user || self.co_hosts.iter().any(|host| host == user)
    }

    fn join_url(&self) -> Option<String> {
        let code = self.id.trim_start_matches("BKNG-").to_lowercase();
        Some(match self.video? {
            "google_meet" => format!("https://meet.google.com/{code}"),
            "microsoft_teams" => format!("https://teams.microsoft.com/l/meetup-join/{code}"),
            "zoom" => format!("https://zoom.us/j/{code}"),
            "webex" => format!("https://example.webex.com/meet/{code}"),
            other => format!("https://example.com/{other}/{code}"),
        })
    }

    /// The booking with every documented field; `expand` says which references are shown whole.
    pub(super) fn show(&self, world: &World, expand: &[String]) -> Value {
        if self.deleted {
            return redacted(&self.id, "booking");
        }
        let reference = |field: &str, id: Option<&str>, whole: &dyn Fn(&str) -> Option<Value>| -> Value {
            let Some(id) = id else { return Value::Null };
            let wanted = expand.iter().any(|path| path == field);
            wanted.then(|| whole(id)).flatten().unwrap_or_else(|| id.into())
        };
        let user = |id: &str| world.user(id).map(User::show);
        let contact = |id: &str| {
            let mut shown = world.contacts.iter().find(|contact| contact.id == id)?.show();
            if expand.iter().any(|path| path == "contact.owner")
                && let Some(owner) = shown.get("owner").and_then(Value::as_str).and_then(user)
                && let Value::Object(fields) = &mut shown
            {
                fields.insert("owner".into(), owner);
            }
            Some(shown)
        };
        let page = |id: &str| world.pages.iter().find(|page| page.id == id).map(|page| page.show("booking_page"));
        let master =
            |id: &str| world.master_pages.iter().find(|page| page.id == id).map(|page| page.show("master_page"));
        let event_type = |id: &str| world.event_types.iter().find(|kind| kind.id == id).map(EventType::show);
        let calendar = |id: &str| world.calendar(id).map(Calendar::show);
        let conversation = |id: &str| {
            Some(json!({
                "id": id, "object": "conversation", "creation_time": wire(self.created), "initiated_by": "contact",
                "last_updated_time": wire(self.created), "contact": self.contact, "owner": self.host, "status": "closed",
                "bot": "BOT-7QX2M4KD9WEA", "website": "WEB-3HT8PL5CN2VB", "audience": null,
                "answers": [], "bookings": [self.id], "last_interacted_time ": null,
            }))
        };
        let answers: Vec<Value> =
            self.answers.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        let key = self.id.trim_start_matches("BKNG-");
        let mut attendees = vec![self.email.clone()];
        attendees.extend(world.user(&self.host).filter(|host| !host.deleted).map(|host| host.email.to_owned()));
        let conferencing = self.join_url().map(|url| json!({"join_url": url}));
        let external = json!({
            "type": "google", "name": "Work", "id": format!("{}@group.calendar.google.com", key.to_lowercase()),
            "event_id": format!("evt{}", key.to_lowercase()),
        });
        let shown = json!({
            "object": "booking", "id": self.id, "tracking_id": self.id, "subject": self.subject,
            "status": self.status_at(world.time()), "in_trash": self.in_trash, "creation_time": wire(self.created),
            "starting_time": wire(self.starts), "customer_timezone": self.guest_zone,
            "last_updated_time": wire(self.updated), "owner": reference("owner", Some(&self.host), &user),
            "duration_minutes": self.minutes, "virtual_conferencing": conferencing,
            "location_description": self.place, "rescheduled_booking_id": self.rescheduled_from,
            "cancel_reschedule_information": self.cancellation, "attendees": attendees,
            "form_submission": {
                "name": self.name, "email": self.email, "phone": self.phone, "mobile_phone": self.phone.clone().unwrap_or_default(),
                "note": self.note, "company": self.company, "guests": [], "custom_fields": answers,
            },
            "booking_page": reference("booking_page", self.page.as_deref(), &page),
            "master_page": reference("master_page", self.master_page.as_deref(), &master),
            "event_type": reference("event_type", self.event_type.as_deref(), &event_type),
            "contact": reference("contact", Some(&self.contact), &contact),
            "conversation": reference("conversation", self.conversation.as_deref(), &conversation),
            "external_calendar": external, "custom_fields": answers, "utm_params": self.utm,
            "booking_calendar": reference("booking_calendar", self.calendar.as_deref(), &calendar),
            "ics_url": format!("https://oncehub.com/api/ics/{key}"),
            "cancel_url": format!("https://oncehub.com/booking/{key}/cancel"),
            "reschedule_url": format!("https://oncehub.com/booking/{key}/reschedule"),
            "payment_information": self.payment,
        });
        let Value::Object(mut fields) = shown else { return Value::Null };
        if let Some(quirk) = self.quirk {
            quirk(&mut fields);
        }
        Value::Object(fields)
    }
}
