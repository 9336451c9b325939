//! `/notifications/sms`.

use serde_json::{Value, json};

use super::noun::{self, Filter, Noun};
use super::request::{Answer, Request, wire};
use super::world::{Notification, World};

impl Noun for Notification {
    const NAME: &'static str = "notification";
    const FILTERS: &'static [Filter<Self>] = &[
        Filter::Is("recipient", |sms, id, _| sms.recipient == id),
        Filter::OneOf("recipient_type", &["contact", "user"], |sms| sms.recipient_type),
        Filter::Between("creation_time", |sms| sms.created),
    ];
    const EXPANDABLE: &'static [&'static str] = &["recipient"];

    fn state(&self) -> (&str, bool) {
        (&self.id, false)
    }

    fn show(&self, _: &World) -> Value {
        json!({
            "object": "notification", "id": self.id, "type": "sms", "status": self.status,
            "creation_time": wire(self.created), "recipient": self.recipient, "recipient_type": self.recipient_type,
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

pub(super) fn list(world: &World, request: &Request) -> Answer {
    let mut reply = noun::list(world, request, &world.notifications)?;
    // This is the one list that does not say whether there are more; its `Link` header does.
    if let Value::Object(list) = &mut reply.body {
        list.shift_remove("has_more");
    }
    Ok(reply)
}
