//! Text messages that OnceHub sent.

use reqwest::Method;
use serde::Serialize;

use super::{Endpoint, Id, List};

/// `GET /notifications/sms`, newest first. Operation `list-all-sms-notifications`. The response has no `has_more`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AllSms {
    /// The recipient, a contact or user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient: Option<Id>,
    /// `contact` or `user`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient_type: Option<&'static str>,
    /// Created after this moment, ISO 8601 in UTC.
    #[serde(rename = "creation_time.gt", skip_serializing_if = "Option::is_none")]
    pub created_after: Option<String>,
    /// Created before this moment.
    #[serde(rename = "creation_time.lt", skip_serializing_if = "Option::is_none")]
    pub created_before: Option<String>,
    /// The fields to return as whole objects, comma-separated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expand: Option<String>,
}

impl Endpoint for AllSms {
    type Response = List;
    const METHOD: Method = Method::GET;

    fn path(&self) -> Vec<&str> {
        vec!["notifications", "sms"]
    }
}
