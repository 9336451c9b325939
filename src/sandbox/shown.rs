//! The account's objects as they look on the wire.

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use serde_json::{Map, Value, json};

use super::availability::DAYS;
use super::world::{
    Booking, Calendar, Contact, EventType, Hours, Location, MasterPage, Notification, Page, Team, User, Venue, Webhook,
    World,
};

pub(super) fn wire(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Returns what is left of a deleted object.
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
}

impl User {
    /// Shows when and where they take meetings: all days of the week, and the overrides on the dates wanted.
    pub(super) fn show_schedule(&self, wanted: impl Fn(Date) -> bool) -> Value {
        let hours = |all: &[Hours]| all.iter().map(|hours| hours.show(self.video)).collect::<Vec<Value>>();
        let on = |day: Weekday| self.weekly.iter().find(|(known, _)| *known == day).map_or(&[][..], |(_, all)| all);
        let weekly = DAYS.iter().map(|(name, day)| json!({"day": name, "working_hours": hours(on(*day))}));
        let name = |date: Date| DAYS.iter().find(|(_, day)| *day == date.weekday()).map(|(name, _)| *name);
        let overrides = self
            .overrides
            .iter()
            .filter(|(date, _)| wanted(**date))
            .map(|(date, all)| json!({"date": date.to_string(), "day": name(*date), "working_hours": hours(all)}));
        json!({
            "object": "schedule", "timezone": self.zone, "weekly": weekly.collect::<Vec<_>>(),
            "overrides": overrides.collect::<Vec<_>>(),
        })
    }
}

impl Hours {
    fn show(&self, video: &[&str]) -> Value {
        let time = |minutes: i16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let locations: Vec<Value> = self.venues.iter().flat_map(|venue| venue.show(video)).collect();
        json!({"start_time": time(self.begin), "end_time": time(self.end), "locations": locations})
    }
}

impl Venue {
    /// Shows its rows: a dynamic link has one for each video service that the user has connected.
    fn show(&self, video: &[&str]) -> Vec<Value> {
        let row = |value: Option<&str>, id: Option<&str>| json!({"type": self.kind(), "value": value, "id": id});
        match self {
            Self::InPersonByHost { id, address } => vec![row(Some(address), Some(id))],
            Self::StaticLink(url) => vec![row(Some(url), None)],
            Self::DynamicLink if !video.is_empty() => video.iter().map(|provider| row(Some(provider), None)).collect(),
            Self::DynamicLink | Self::InPersonByGuest | Self::PhoneByGuest => vec![row(None, None)],
        }
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
    pub(super) fn show(&self) -> Value {
        json!({
            "object": "booking_page", "id": self.id, "name": self.name, "label": self.label,
            "url": format!("https://go.oncehub.com/{}", self.slug), "active": self.active, "timezone": self.zone,
        })
    }
}

impl MasterPage {
    pub(super) fn show(&self) -> Value {
        if self.deleted {
            return redacted(&self.id, "master_page");
        }
        json!({
            "object": "master_page", "id": self.id, "name": self.name, "label": self.label,
            "url": format!("https://go.oncehub.com/{}", self.slug), "active": self.active,
        })
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
        let mut shown = Map::new();
        let always = json!({
            "object": "contact", "id": self.id, "creation_time": wire(self.created),
            "last_updated_time": wire(self.updated), "last_interacted_time": null,
        });
        shown.extend(always.as_object().cloned().unwrap_or_default());
        shown.extend(self.fields.clone());
        Value::Object(shown)
    }
}

impl Webhook {
    pub(super) fn show(&self) -> Value {
        if self.deleted {
            return redacted(&self.id, "webhook");
        }
        json!({
            "object": "webhook", "id": self.id, "api_version": "v2", "name": self.name, "url": self.url,
            "events": self.events, "creation_time": wire(self.created), "secret": self.secret,
        })
    }
}

impl Notification {
    /// Shows the notification; `whole` expands the recipient.
    pub(super) fn show(&self, world: &World, whole: bool) -> Value {
        let recipient = whole.then(|| world.as_sent(&self.recipient)).flatten();
        json!({
            "object": "notification", "id": self.id, "type": "sms", "status": self.status,
            "creation_time": wire(self.created), "recipient": recipient.unwrap_or_else(|| self.recipient.clone().into()),
            "recipient_type": self.recipient_type,
            "details": {
                "delivered_to": self.delivered_to, "message_body": self.body, "segment_count": segments(&self.body),
            },
        })
    }
}

/// Returns how many messages a carrier splits a text into: each holds fewer characters when any of them is not ASCII,
/// and when there is more than one message.
fn segments(text: &str) -> usize {
    let (letters, alone, each) =
        if text.is_ascii() { (text.len(), 160, 153) } else { (text.encode_utf16().count(), 70, 67) };
    if letters <= alone { 1 } else { letters.div_ceil(each) }
}

impl Booking {
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

    /// Shows the booking with every documented field; `expand` says which references are expanded.
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
        let page = |id: &str| world.pages.iter().find(|page| page.id == id).map(Page::show);
        let master = |id: &str| world.master_pages.iter().find(|page| page.id == id).map(MasterPage::show);
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
        let host = world.user(&self.host).filter(|host| world.host_shows.as_attendee && !host.deleted);
        attendees.extend(host.map(|host| host.email.clone()));
        let conferencing = self.join_url().map(|url| json!({"join_url": url}));
        let external = json!({
            "type": "google", "name": "Work", "id": format!("{}@group.calendar.google.com", key.to_lowercase()),
            "event_id": format!("evt{}", key.to_lowercase()),
        });
        let shown = json!({
            "object": "booking", "id": self.id, "tracking_id": self.id, "subject": self.subject,
            "status": self.status_at(world.time()), "in_trash": self.in_trash, "creation_time": wire(self.created),
            "starting_time": wire(self.starts), "customer_timezone": self.guest_zone,
            "last_updated_time": wire(self.updated), "owner": reference("owner", Some(self.owner()), &user),
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
