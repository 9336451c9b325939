//! Text messages (SMS) that OnceHub has sent.

use rmcp::handler::server::tool::ToolRouter;
use rmcp::{tool, tool_router};
use serde_json::{Map, Value};

use super::asked::{Asked, expand};
use super::call::Call;
use super::failure::{Failure, Kind};
use super::line::Line;
use super::names::{Found, Noun, full_name};
use super::outline::outline;
use super::reply::{Reply, present};
use super::schema::{Field, REFERENCE};
use super::untrusted::{quoted, word};
use super::{Tools, Zone, schema, time};
use crate::oncehub::{Id, Object, notifications};

impl Tools {
    pub(super) fn notifications() -> Vec<ToolRouter<Self>> {
        vec![Self::finding_notifications()]
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListSmsNotifications {
    /// Contact or user: e-mail, name, id or `me`
    recipient: Option<String>,
    recipient_type: Option<RecipientType>,
    /// At or after: 2026-12-01T15:00, today, -7d
    created_after: Option<String>,
    created_before: Option<String>,
    /// In full: recipient
    #[serde(default)]
    expand: Vec<String>,
    /// IANA zone
    time_zone: Option<String>,
    #[schemars(range(min = 1, max = 500), extend("default" = 25))]
    limit: Option<u32>,
    /// A next_cursor
    cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, serde::Deserialize, PartialEq, Eq, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
enum RecipientType {
    Contact,
    User,
}

const FIELDS: &[Field] = &[
    ("id", "string", ""),
    ("status", "string", "sent, failed, delivered or rejected"),
    ("creation_time", "string", "UTC"),
    ("creation_time_local", "string", "In time_zone"),
    ("recipient", REFERENCE, "Id of a contact or user, or the whole when expanded"),
    ("recipient_type", "string", "contact or user"),
    ("details", "object", "delivered_to, message_body, segment_count"),
];

#[tool_router(router = finding_notifications)]
impl Tools {
    /// List the text messages (SMS) that OnceHub sent: when, to whom, what, and whether they arrived. Use it to find
    /// out if somebody got a reminder. None can be sent from here, and e-mails are listed nowhere. For bookings use
    /// `list_bookings`.
    #[tool(
        title = "List SMS notifications",
        input_schema = schema::input::<ListSmsNotifications>(),
        output_schema = schema::list(schema::object(FIELDS), &[("asked", "string", "The filters, as understood")]),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn list_sms_notifications(&self, mut call: Call) -> Result<Reply, Failure> {
        let input: ListSmsNotifications = call.input()?;
        let zone = call.zone(input.time_zone.as_deref())?;
        let mut asked = Asked::by(&call, &zone);
        let recipient = match input.recipient.as_deref() {
            Some(text) => Some(call.recipient(text, input.recipient_type).await?),
            None => None,
        };
        asked.words.extend(recipient.as_ref().map(|(who, _)| format!("recipient {who}")));
        let recipient_type = input.recipient_type.map(|kind| match kind {
            RecipientType::Contact => "contact",
            RecipientType::User => "user",
        });
        asked.words.extend(recipient_type.map(|kind| format!("{kind}s only")));
        let filter = notifications::AllSms {
            recipient: recipient.map(|(_, id)| id),
            recipient_type,
            created_after: asked.from("created_after", input.created_after.as_deref())?,
            created_before: asked.until("created_before", input.created_before.as_deref())?,
            expand: expand(&input.expand),
        };
        let found = call.gather(&filter, input.limit, input.cursor.as_deref(), None).await?;
        Ok(found.rows("SMS notification", &asked, |message| shown(message, &zone)))
    }
}

impl Call {
    /// Finds the user or contact that is meant, in words and by id, trying colleagues first.
    async fn recipient(&self, text: &str, kind: Option<RecipientType>) -> Result<(String, Id), Failure> {
        let user = match kind {
            Some(RecipientType::Contact) => None,
            Some(RecipientType::User) => Some(self.find(&[Noun::Users], "recipient", text).await?),
            None => match self.find(&[Noun::Users], "recipient", text).await {
                Ok(user) => Some(user),
                Err(failure) if failure.kind == Kind::NotFound => None,
                Err(failure) => return Err(failure),
            },
        };
        match user {
            // An id that no user has is most likely a contact's.
            Some(Found { id, entry: None }) => Ok((id.to_string(), id)),
            Some(user) => Ok((format!("user {}", user.described()), user.id)),
            None => self.contact("recipient", text).await.map(|id| (format!("contact {id}"), id)),
        }
    }
}

fn shown(message: &Object, zone: &Zone) -> (Map<String, Value>, String) {
    let recipient = message.reference("recipient");
    let who = recipient.map(|recipient| {
        let name = recipient.object.and_then(full_name).map(|name| format!("{} ", quoted(&name, 60)));
        let kind = message.text("recipient_type").unwrap_or("to");
        format!("{} {}{}", word(kind), name.unwrap_or_default(), word(recipient.id))
    });
    let segments = message.get("details").and_then(|details| details.get("segment_count")?.as_i64());
    let line = Line::of(message)
        .said(message.text("creation_time").and_then(time::read).map(|at| time::local(at, zone)))
        .word(message.text("status"))
        .said(who)
        .quoted(message.text_in("details", "delivered_to"))
        .said(segments.filter(|count| *count > 1).map(|count| format!("{count} segments")))
        .said(message.text_in("details", "message_body").map(|body| quoted(body, 200)));
    let mut text = line.end();
    // Shown in full, because the caller asked to expand it, including the ids of teams and everything else.
    if let Some(whole) = recipient.and_then(|recipient| recipient.object) {
        for line in outline(&present(Object::from(whole.clone()), zone), &["id", "object"]).lines() {
            text.push_str("\n    ");
            text.push_str(line);
        }
    }
    (present(message.clone(), zone), text)
}
