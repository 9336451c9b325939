//! When a user can be booked: working hours by day of the week, and dates that differ.

mod change;
mod changes;
mod hours;
mod outside;
mod schedule;
#[cfg(test)]
mod tests;

use rmcp::{tool, tool_router};
use serde_json::{Map, Value};

use crate::oncehub::{Object, users};
use crate::tools::call::Call;
use crate::tools::failure::Failure;
use crate::tools::names::{Found, Noun};
use crate::tools::reply::Reply;
use crate::tools::schema::Field;
use crate::tools::untrusted::quoted;
use crate::tools::{Tools, schema};
use schedule::Schedule;

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetAvailability {
    /// Name, e-mail, id or `me`
    user_id: String,
}

const FIELDS: &[Field] = &[
    ("user_id", "string", ""),
    ("user_name", "string", ""),
    ("timezone", "string", "The zone of every time here: the user's own"),
    ("weekly", "array", "Each a day and its working_hours: start_time, end_time, locations"),
    ("overrides", "array", "Dates that differ, each with its working_hours; none means off"),
];

#[tool_router(router = reading_availability, vis = "pub(super)")]
impl Tools {
    /// Read when a user works: hours by day of the week and dates that differ, in the user's own zone, and where they
    /// meet. It ignores bookings: free times are in `get_booking_time_slots`. Change it with
    /// `update_scheduling_availability`.
    #[tool(
        title = "Get scheduling availability",
        input_schema = schema::input::<GetAvailability>(),
        output_schema = schema::output(FIELDS),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn get_scheduling_availability(&self, mut call: Call) -> Result<Reply, Failure> {
        let GetAvailability { user_id } = call.input()?;
        let user = call.find(&[Noun::Users], "user_id", &user_id).await?;
        let object = call.oncehub.send(&users::GetAvailability { id: user.id.clone() }).await?;
        let schedule = Schedule::read(&object, &user, &self.settings.zone);
        let text = format!("{} | times in {}\n{}", described(&user), schedule.zone.name(), schedule.text());
        let has_week = object.get("weekly").is_some_and(Value::is_array);
        let mut reply = Reply::new(shown(object, &user, &schedule), text);
        if !has_week {
            reply.note(
                "OnceHub sent no hours by day of the week: that it shows none does not mean that there are none.",
            );
        }
        Ok(reply)
    }
}

fn described(user: &Found) -> String {
    match &user.entry {
        Some(entry) => format!("{} {}", user.id, quoted(&entry.name, 60)),
        None => user.id.to_string(),
    }
}

/// Returns the schedule as OnceHub sent it, with its user.
fn shown(object: Object, user: &Found, schedule: &Schedule) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("user_id".into(), user.id.as_str().into());
    fields.extend(user.entry.as_ref().map(|entry| ("user_name".to_owned(), entry.name.clone().into())));
    fields.extend(object.into_fields());
    fields.insert("timezone".into(), schedule.zone.name().into());
    fields
}
