//! Text messages that OnceHub sent.

use serde::Serialize;

use super::Id;

/// `GET /notifications/sms`, newest first. Operation `list-all-sms-notifications`. The response has no `has_more`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AllSms {
    /// The recipient, a contact or user.
    pub recipient: Option<Id>,
    /// `contact` or `user`.
    pub recipient_type: Option<&'static str>,
    /// Created after this moment, ISO 8601 in UTC.
    #[serde(rename = "creation_time.gt")]
    pub created_after: Option<String>,
    /// Created before this moment.
    #[serde(rename = "creation_time.lt")]
    pub created_before: Option<String>,
    /// The fields to return as whole objects, comma-separated.
    pub expand: Option<String>,
}

endpoint!(AllSms: LIST "notifications" / "sms");
