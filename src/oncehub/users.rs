//! Users, who host, and their working hours.

use serde::Serialize;

use super::Id;

/// `GET /users`, newest first. Operation `list-all-users`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct All {
    /// Exactly this e-mail address.
    pub email: Option<String>,
}

endpoint!(All: LIST "users");

/// `POST /users`: invites somebody by e-mail. Operation `add-a-new-user`.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Serialize)]
pub struct Add {
    /// An e-mail address that no user has.
    pub email: String,
    /// Their first name.
    pub first_name: String,
    /// Their last name.
    pub last_name: String,
    /// `Administrator`, `Member` or `Team Manager`; OnceHub's default is `Member`.
    pub role_name: Option<&'static str>,
    /// The teams that they belong to.
    pub teams: Option<Vec<Id>>,
}

endpoint!(Add: POST "users" -> Object);

/// `PATCH /users/{id}`; at least one field. The account's owner cannot be changed. Operation `update-a-user`.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Serialize)]
pub struct Update {
    /// The user.
    #[serde(skip)]
    pub id: Id,
    /// Their first name.
    pub first_name: Option<String>,
    /// Their last name.
    pub last_name: Option<String>,
    /// The role, as for [`Add`].
    pub role_name: Option<&'static str>,
    /// All the teams that they belong to from then on.
    pub teams: Option<Vec<Id>>,
}

endpoint!(Update: PATCH "users" / id -> Object);

/// `GET /users/{id}/scheduling-availability`: working hours by day of the week, and dates that differ. Operation
/// `get_user_scheduling_availability`.
#[derive(Clone, Debug, Serialize)]
pub struct GetAvailability {
    /// The user.
    #[serde(skip)]
    pub id: Id,
}

endpoint!(GetAvailability: GET "users" / id / "scheduling-availability" -> Object);

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
    pub day: String,
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
    /// The locations of meetings, with no type twice.
    pub locations: Vec<Location>,
}

/// A meeting location.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Location {
    /// The type, such as `online_dynamic_link`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The id of an address, for `in_person_by_host`.
    pub id: Option<String>,
    /// The address, the URL of an `online_static_link`, or what OnceHub shows of another type.
    pub value: Option<String>,
}

endpoint!(UpdateAvailability: PATCH "users" / id / "scheduling-availability" -> Object);
