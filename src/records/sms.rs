//! Text messages (SMS) that OnceHub has sent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::line::Line;
use super::outline::outline;
use super::user::full_name;
use super::{Lookup, Record, Reference, Time, Told, Zone, localised, quoted, time, word};

/// A text message.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct Sms {
    pub id: Option<String>,
    /// sent, failed, delivered or rejected
    pub status: Option<String>,
    pub creation_time: Option<Time>,
    /// Id of a contact or user
    pub recipient: Option<Reference>,
    /// With expand: the recipient in full
    pub expanded: Option<Map<String, Value>>,
    /// contact or user
    pub recipient_type: Option<String>,
    pub details: Option<Told<Details>>,
}

/// What was sent, and where to.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct Details {
    pub delivered_to: Option<String>,
    pub message_body: Option<String>,
    pub segment_count: Option<i64>,
}

impl Sms {
    /// Whether it has this status.
    pub fn is(&self, status: &str) -> bool {
        self.status.as_deref() == Some(status)
    }
}

impl Record for Sms {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn complete(&mut self, _: &mut Lookup<'_>) {
        self.expanded = Reference::expanded([("recipient", self.recipient.as_ref())]);
    }

    fn line(&self, zone: &Zone) -> Line {
        let who = self.recipient.as_ref().map(|recipient| {
            let name = full_name(recipient.text("first_name"), recipient.text("last_name"));
            let name = name.map(|name| format!("{} ", quoted(&name, 60))).unwrap_or_default();
            format!("{} {name}{}", word(self.recipient_type.as_deref().unwrap_or("to")), word(recipient.id()))
        });
        let details = self.details.as_ref();
        let segments = details.and_then(|details| details.segment_count).filter(|count| *count > 1);
        let body = details.and_then(|details| details.message_body.as_deref());
        Line::of(self.id())
            .said(self.creation_time.map(|at| time::local(at.0, zone)))
            .word(self.status.as_deref())
            .said(who)
            .quoted(details.and_then(|details| details.delivered_to.as_deref()))
            .said(segments.map(|count| format!("{count} segments")))
            .said(body.map(|body| quoted(body, 200)))
    }
}

impl Told<Sms> {
    /// Returns the line, and the recipient in full below it if the caller asked to expand it.
    pub fn with_recipient(&self, zone: &Zone) -> String {
        let mut text = self.text(zone);
        if let Some(whole) = self.recipient.as_ref().and_then(Reference::whole) {
            for line in outline(&localised(whole.clone(), zone), &["id", "object"]).lines() {
                text.push_str("\n    ");
                text.push_str(line);
            }
        }
        text
    }
}
