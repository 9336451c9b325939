//! When a user can be booked.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A user's working hours. The rows stay as OnceHub sent them: one that is odd must not hide the others.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct Availability {
    // Known from the request, whatever OnceHub sends.
    #[schemars(with = "String")]
    pub user_id: Option<String>,
    pub user_name: Option<String>,
    /// The zone of every time here: the user's own
    pub timezone: Option<String>,
    /// Each a day and its working_hours: start_time, end_time, locations
    pub weekly: Option<Vec<Value>>,
    /// Date overrides, each with its working_hours; none means off
    pub overrides: Option<Vec<Value>>,
}
