//! Users, who host, and their working hours.

use reqwest::Method;
use serde::Serialize;
use serde_json::Value;

use super::{Endpoint, Id, Listing, Object, endpoint};

/// `/users`.
#[derive(Debug)]
pub struct Users;

impl endpoint::Collection for Users {
    const PATH: &'static str = "users";
}

/// `GET /users`, newest first. Operation `list-all-users`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct All {
    /// Exactly this e-mail address.
    pub email: Option<String>,
}

impl Listing for All {
    const PATH: &'static [&'static str] = &["users"];
}

/// `GET /users/{id}`. Operation `get-a-single-user`.
pub type Get = endpoint::Get<Users>;

/// `POST /users`: invites somebody by e-mail. Operation `add-a-new-user`.
#[derive(Clone, Debug, Serialize)]
pub struct Add {
    /// An e-mail address that no user has.
    pub email: String,
    /// Their first name.
    pub first_name: String,
    /// Their last name.
    pub last_name: String,
    /// `Administrator`, `Member` or `Team Manager`; OnceHub's default is `Member`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_name: Option<&'static str>,
    /// The teams that they belong to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teams: Option<Vec<Id>>,
}

impl Endpoint for Add {
    type Response = Object;

    fn route(&self) -> (Method, Vec<&str>) {
        (Method::POST, vec!["users"])
    }
}

/// `PATCH /users/{id}`; at least one field. The account's owner cannot be changed. Operation `update-a-user`.
#[derive(Clone, Debug, Serialize)]
pub struct Update {
    /// The user.
    #[serde(skip)]
    pub id: Id,
    /// Their first name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Their last name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// The role, as for [`Add`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role_name: Option<&'static str>,
    /// All the teams that they belong to from then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub teams: Option<Vec<Id>>,
}

impl Endpoint for Update {
    type Response = Object;

    fn route(&self) -> (Method, Vec<&str>) {
        (Method::PATCH, vec!["users", self.id.as_str()])
    }
}

/// `DELETE /users/{id}`. Operation `delete-a-user`.
pub type Delete = endpoint::Delete<Users>;

/// `GET /users/{id}/scheduling-availability`: working hours by day of the week, and dates that differ. Operation
/// `get_user_scheduling_availability`.
#[derive(Clone, Debug, Serialize)]
pub struct GetAvailability {
    /// The user.
    #[serde(skip)]
    pub id: Id,
}

impl Endpoint for GetAvailability {
    type Response = Object;

    fn route(&self) -> (Method, Vec<&str>) {
        (Method::GET, vec!["users", self.id.as_str(), "scheduling-availability"])
    }
}

/// `PATCH /users/{id}/scheduling-availability`: each day and each date given is replaced as a whole. Operation
/// `patch_user_scheduling_availability`.
#[derive(Clone, Debug, Serialize)]
pub struct UpdateAvailability {
    /// The user.
    #[serde(skip)]
    pub id: Id,
    /// Days of the week.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub weekly: Vec<Day>,
    /// Dates that differ from their day of the week.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<Override>,
}

/// The hours of a day of the week.
#[derive(Clone, Debug, Serialize)]
pub struct Day {
    /// The day's name, written like `Monday`.
    pub day: &'static str,
    /// The working hours; an empty list closes the day.
    pub working_hours: Vec<Hours>,
}

/// The hours of a date.
#[derive(Clone, Debug, Serialize)]
pub struct Override {
    /// The date, written like `2026-12-24`; not in the past.
    pub date: String,
    /// The working hours; an empty list closes the date, and `None` removes the override.
    pub working_hours: Option<Vec<Hours>>,
}

/// A stretch of working time, in the user's time zone.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Hours {
    /// The start, written like `09:00`, on a quarter of an hour.
    pub start_time: String,
    /// The end, written like `start_time` and after it.
    pub end_time: String,
    /// The locations of meetings: each `{type, id?, value?}`, with no type twice.
    pub locations: Vec<Value>,
}

impl Endpoint for UpdateAvailability {
    type Response = Object;

    fn route(&self) -> (Method, Vec<&str>) {
        (Method::PATCH, vec!["users", self.id.as_str(), "scheduling-availability"])
    }
}
