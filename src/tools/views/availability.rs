//! Working hours: the days of the week, and the dates that differ.

use jiff::Timestamp;
use jiff::civil::Date;
use rmcp::{tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ROOM, as_of};
use crate::actions::availability::{When, WorkingHours};
use crate::apps::View;
use crate::records::Noun;
use crate::tools::size::most_within;
use crate::tools::{Answer, Call, Parameters, Reply, Tools, schema};

#[tool_router(router = showing_availability, vis = "pub(in crate::tools)")]
impl Tools {
    /// Open a view of a user's working hours where the person changes them. To read or change them yourself:
    /// `get_scheduling_availability`, `update_scheduling_availability`.
    #[tool(title = "Show availability", annotations(read_only_hint = true), meta = View::Availability.of_tool(),
        output_schema = schema::shown::<Week>())]
    async fn show_availability(&self, call: Call, Parameters(input): Parameters<ShowAvailability>) -> Answer {
        let user = call.names.find(&[Noun::Users], "user_id", &input.user_id).await?;
        let mut schedule = WorkingHours::of(&call.names, user).await?;
        let overrides = coming(&mut schedule, call.now());
        let text = schedule.text();
        let lines: Vec<&str> = text.lines().collect();
        let updates = call.offers_all(&["update_scheduling_availability", "get_scheduling_availability"]);
        let shown = |count: usize| {
            let left = overrides.len().saturating_sub(count);
            let week = Week {
                user: Person {
                    id: schedule.user.id.to_string(),
                    name: schedule.user.entry.as_ref().map(|entry| entry.name.clone()),
                },
                time_zone: schedule.zone.name().to_owned(),
                weekly: schedule.sent.weekly.clone(),
                overrides: overrides.iter().take(count).cloned().collect(),
                more_overrides: Some(left).filter(|left| *left > 0),
                can: Can { update: updates },
                as_of: as_of(&call),
                note: None,
            };
            // Each date is a line, and they are the last ones.
            let told = lines.get(..lines.len().saturating_sub(left)).unwrap_or_default().join("\n");
            let mut reply = Reply::new(week, told);
            if left > 0 {
                reply.note(&format!("{left} later dates had no room here: get_scheduling_availability has them."));
            }
            if schedule.sent.weekly.is_none() {
                reply.note("OnceHub sent no weekly hours: that none are shown does not mean that there are none.");
            }
            reply.note(if updates { NOTE } else { NOTE_ALONE });
            reply
        };
        let count = most_within(overrides.len(), ROOM, |count| shown(count).size(true));
        Ok(shown(count))
    }
}

/// Returns the dates that differ from now on, the nearest first. Those that are over are in no view.
fn coming(schedule: &mut WorkingHours, now: Timestamp) -> Vec<Value> {
    let today = schedule.zone.date(now);
    let over: Vec<Date> = schedule.overrides().into_keys().filter(|date| *date < today).collect();
    over.into_iter().for_each(|date| schedule.set(When::Date(date), None));
    let known = schedule.overrides();
    let date = |row: &Value| row.get("date")?.as_str()?.trim().get(..10)?.parse::<Date>().ok();
    let rows = schedule.sent.overrides.iter().flatten();
    let mut dated: Vec<(Date, &Value)> = rows.filter_map(|row| Some((date(row)?, row))).collect();
    dated.retain(|(date, _)| known.contains_key(date));
    dated.sort_by_key(|(date, _)| *date);
    dated.into_iter().map(|(_, row)| row.clone()).collect()
}

/// What the model is told of a view in which nothing can be changed.
const NOTE_ALONE: &str = "The person sees these hours in a view. Do not repeat them.";

/// What the model is told of the view.
const NOTE: &str = "The person sees these hours in a view, and can change them there. Do not repeat them: wait.";

#[derive(Deserialize, JsonSchema)]
struct ShowAvailability {
    /// Name, e-mail, id or `me`
    user_id: String,
}

/// What the view shows.
#[serde_with::skip_serializing_none]
#[derive(Serialize, JsonSchema)]
struct Week {
    user: Person,
    time_zone: String,
    weekly: Option<Vec<Value>>,
    /// From today on
    overrides: Vec<Value>,
    /// Those without room here
    more_overrides: Option<usize>,
    can: Can,
    as_of: String,
    /// Anything else to know
    note: Option<String>,
}

#[serde_with::skip_serializing_none]
#[derive(Serialize, JsonSchema)]
struct Person {
    id: String,
    name: Option<String>,
}

/// What the person can do.
#[derive(Serialize, JsonSchema)]
struct Can {
    update: bool,
}
