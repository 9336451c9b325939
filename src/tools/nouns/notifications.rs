//! Text messages (SMS) that OnceHub has sent.

use rmcp::{tool, tool_router};

use crate::names::Names;
use crate::oncehub::{Id, notifications};
use crate::records::{Failure, Noun, Sms, Told};
use crate::tools::asked::{Asked, expand};
use crate::tools::listing::{Paging, rows_as};
use crate::tools::{Answer, Call, Parameters, Tools, schema};

#[tool_router(router = notifications, vis = "pub(in crate::tools)")]
impl Tools {
    /// List the text messages (SMS) that OnceHub sent: when, to whom, what, and whether they arrived. Use it to check
    /// whether somebody got a reminder. It cannot send any, and no tool lists e-mails. Bookings: `list_bookings`.
    #[tool(title = "List SMS notifications", annotations(read_only_hint = true), output_schema = schema::list::<Sms>(schema::NEWEST))]
    async fn list_sms_notifications(&self, call: Call, Parameters(input): Parameters<ListSmsNotifications>) -> Answer {
        let zone = call.zone_asked("time_zone", input.time_zone.as_deref())?;
        let mut asked = Asked::by(&call, &zone);
        let recipient = match input.recipient.as_deref() {
            Some(text) => Some(recipient(&call.names, text, input.recipient_type).await?),
            None => None,
        };
        asked.words.extend(recipient.as_ref().map(|(who, _)| format!("recipient {who}")));
        let recipient_type: Option<&str> = input.recipient_type.map(RecipientType::into);
        asked.words.extend(recipient_type.map(|kind| format!("{kind}s only")));
        let statuses: Vec<&str> = input.status.iter().map(|status| (*status).into()).collect();
        if !statuses.is_empty() {
            asked.words.push(format!("status {}", statuses.join(" or ")));
        }
        // OnceHub has no such filter, not even for one.
        let keep = |sms: &Told<Sms>| statuses.iter().any(|status| sms.is(status));
        let keep = (!statuses.is_empty()).then_some(&keep as &(dyn Fn(&Told<Sms>) -> bool + Sync));
        let filter = notifications::AllSms {
            recipient: recipient.map(|(_, id)| id),
            recipient_type,
            created: asked.range("created", input.created_after.as_deref(), input.created_before.as_deref())?,
            expand: expand(&input.expand),
        };
        let found = input.paging.gather(&call, &filter, keep, |sms| sms).await?;
        Ok(rows_as(found, "SMS notification", &asked, Told::<Sms>::with_recipient))
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct ListSmsNotifications {
    /// Contact or user: e-mail, name, id or `me`
    recipient: Option<String>,
    recipient_type: Option<RecipientType>,
    /// 1,000 messages scanned a call
    #[serde(default)]
    status: Vec<Status>,
    /// At or after: 2026-12-01T15:00, today, -7d
    created_after: Option<String>,
    created_before: Option<String>,
    /// In full: recipient
    #[serde(default)]
    expand: Vec<String>,
    /// IANA zone for reply and inputs
    time_zone: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

#[derive(Clone, Copy, Debug, serde::Deserialize, PartialEq, Eq, schemars::JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
enum RecipientType {
    Contact,
    User,
}

#[derive(Clone, Copy, Debug, serde::Deserialize, PartialEq, Eq, schemars::JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
enum Status {
    Sent,
    Failed,
    Delivered,
    Rejected,
}

/// Finds the user or contact that is meant, in words and by id.
async fn recipient(names: &Names, text: &str, kind: Option<RecipientType>) -> Result<(String, Id), Failure> {
    let (what, found) = match kind {
        Some(RecipientType::Contact) => ("contact", names.contact("recipient", text).await?),
        Some(RecipientType::User) => ("user", names.find(&[Noun::Users], "recipient", text).await?),
        None => names.user_or_contact("recipient", text).await?,
    };
    // An id that no user has is most likely a contact's.
    let what = if found.entry.is_none() && what == "user" { String::new() } else { format!("{what} ") };
    Ok((format!("{what}{}", found.described()), found.id))
}
