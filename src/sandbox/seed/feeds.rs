//! What the account sends unprompted: webhook calls and text messages.

use jiff::{SignedDuration, Timestamp};

use super::guests::{GUESTS, contact, guest};
use super::people::{DANA, user};
use crate::sandbox::world::{Notification, Webhook, id, secret};

/// The webhooks: name, address, events, whether deleted.
const WEBHOOKS: &[(&str, &str, &[&str], bool)] = &[
    ("Old relay", "https://relay.northlight.example/in", &["booking"], true),
    ("Booking feed", "https://hooks.northlight.example/bookings", &["booking.scheduled", "booking.canceled"], false),
    ("Trial hook", "https://trial.northlight.example/", &["conversation.started"], true),
    ("CRM sync", "https://crm.northlight.example/oncehub", &["booking", "conversation"], false),
];

/// The message texts; `{}` is a guest's name. The second is longer than one message, and the third is not all ASCII.
const TEXTS: &[&str] = &[
    "Hello {}, this is a reminder of your meeting with Northlight tomorrow.",
    "Hello {}, your meeting with Northlight has been moved. The new time, the address, the way to the car park and what to \
     bring along are in the message that went to your mailbox a moment ago. If the time does not suit you, please choose \
     another one there.",
    "Hello {}, see you soon 🙂\nNorthlight Advisory",
    "Hello {}, your meeting with Northlight has been canceled.",
];

const STATUSES: &[&str] = &["delivered", "sent", "delivered", "failed", "delivered", "rejected"];

/// How many text messages were sent, and the number that Dana's went to.
const SENT: usize = 32;
const DANAS_PHONE: &str = "+12125550199";

pub(super) fn webhooks(now: Timestamp) -> Vec<Webhook> {
    let rows = WEBHOOKS.iter().enumerate();
    rows.map(|(index, (name, url, events, deleted))| {
        let id = id("WHK", 0x0A00 + index as u64);
        let weeks = i64::try_from(WEBHOOKS.len() - index).unwrap_or_default();
        Webhook {
            secret: secret(&id),
            id,
            name: (*name).to_owned(),
            url: (*url).to_owned(),
            events: events.iter().map(ToString::to_string).collect(),
            created: now - SignedDuration::from_hours(24 * 7 * weeks),
            deleted: *deleted,
        }
    })
    .collect()
}

pub(super) fn notifications(now: Timestamp) -> Vec<Notification> {
    let has_phone = |index: &usize| guest(*index).is_some_and(|guest| guest.phone.is_some());
    let reached: Vec<usize> = (0..GUESTS.len()).filter(has_phone).collect();
    (0..SENT).filter_map(|index| message(now, index, &reached)).collect()
}

/// Creates a text message, counting from the oldest: every fifth went to Dana, one to somebody who is no longer a
/// contact.
fn message(now: Timestamp, index: usize, reached: &[usize]) -> Option<Notification> {
    let to = *reached.get(index % reached.len())?;
    let guest = guest(to)?;
    let (recipient, recipient_type, name, phone) = match index {
        7 => (contact(GUESTS.len()), "contact", "Mara", "+447700900123"),
        _ if index % 5 == 4 => (user(DANA), "user", "Dana", DANAS_PHONE),
        _ => (contact(to), "contact", guest.name.split(' ').next()?, guest.phone.as_deref()?),
    };
    let hours = i64::try_from((SENT - index) * 9).ok()?;
    Some(Notification {
        id: id("SMS", 0x0B00 + index as u64),
        status: STATUSES.get(index % STATUSES.len())?,
        created: now - SignedDuration::from_hours(hours),
        recipient,
        recipient_type,
        delivered_to: phone.to_owned(),
        body: TEXTS.get(index % TEXTS.len())?.replace("{}", name),
    })
}
