//! Text messages that OnceHub sent.

use serde::Serialize;

use super::{Id, Range, endpoint};

/// `GET /notifications/sms`, newest first. Operation `list-all-sms-notifications`. The response has no `has_more`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AllSms {
    /// The recipient, a contact or user.
    pub recipient: Option<Id>,
    /// `contact` or `user`.
    pub recipient_type: Option<&'static str>,
    /// When it was created.
    #[serde(flatten, with = "endpoint::created")]
    pub created: Range,
    /// The fields to return as whole objects, comma-separated.
    pub expand: Option<String>,
}

endpoint!(AllSms: LIST "notifications" / "sms");
