//! When a user can be booked: working hours by day of the week, and dates that differ.

mod change;
#[cfg(test)]
mod tests;

use rmcp::{tool, tool_router};

use super::OneUser;
use crate::actions::availability::WorkingHours;
use crate::records::{Availability, Noun};
use crate::tools::{Answer, Call, Parameters, Reply, Tools, schema};

#[tool_router(router = reading_availability, vis = "pub(in crate::tools)")]
impl Tools {
    /// Read a user's working hours: by day of the week, with date overrides and locations, in the user's own zone. It
    /// ignores bookings: free times are in `get_booking_time_slots`. Change it with `update_scheduling_availability`.
    #[tool(title = "Get scheduling availability", annotations(read_only_hint = true),
        output_schema = schema::one::<Availability>())]
    async fn get_scheduling_availability(&self, call: Call, Parameters(input): Parameters<OneUser>) -> Answer {
        let user = call.names.find(&[Noun::Users], "user_id", &input.user_id).await?;
        let schedule = WorkingHours::of(&call.names, user).await?;
        let mut reply = Reply::new(schedule.sent.sent(), schedule.text());
        if schedule.sent.weekly.is_none() {
            reply.note("OnceHub sent no weekly hours: that none are shown does not mean that there are none.");
        }
        Ok(reply)
    }
}
