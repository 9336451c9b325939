//! Free times on several calendars at once.

mod calendars;
mod options;
mod search;
#[cfg(test)]
mod tests;

use rmcp::{tool, tool_router};

use crate::tools::size::most_that_fit;
use crate::tools::times::{Lengths, Range, window};
use crate::tools::{Answer, Call, Parameters, Tools, schema};
use calendars::Asked;
use options::{Found, Times};
use search::search;

#[tool_router(router = finding_times, vis = "pub(in crate::tools)")]
impl Tools {
    /// Find start times when at least one of the calendars or hosts is free, or (together) all are: a few a day, and
    /// why a calendar has none or was not read. Reserves nothing. Then `schedule_meeting` (books one calendar) or
    /// `move_booking`; every slot of one calendar: `get_booking_time_slots`.
    #[tool(title = "Find free times", annotations(read_only_hint = true), output_schema = schema::one::<Times>())]
    async fn find_times(&self, call: Call, Parameters(input): Parameters<FindTimes>) -> Answer {
        let zone = call.zone_asked("time_zone", input.time_zone.as_deref())?;
        let ends = [("start_time", input.start_time.as_deref()), ("end_time", input.end_time.as_deref())];
        let range = Range::read(&call, &zone, ends, LENGTHS)?;
        let window = window("", &input.days, input.earliest.as_deref(), input.latest.as_deref())?;
        let asked = Asked::read(&call.names, &input.calendars, &input.hosts, input.together).await?;
        let searched = search(&call, &asked, &range).await;
        let form = match asked.calendars.as_slice() {
            [only] => call.names.directory.form(&call.oncehub().trying_once(), &only.id).await.ok(),
            _ => None,
        };
        let requests = call.oncehub().ledger().requests();
        let found = Found { asked, searched, range, window, zone, form, requests };
        let chosen = found.chosen(input.per_day.unwrap_or(3) as usize, input.limit.unwrap_or(12) as usize);
        let shown = |count: usize| found.shown(chosen.get(..count).unwrap_or_default());
        let (most, structured) = (call.settings.max_reply, call.settings.structured);
        Ok(shown(most_that_fit(chosen.len(), most, |count| shown(count).size(structured))))
    }
}

/// How far ahead it is looked.
const LENGTHS: Lengths = Lengths {
    usual: 14,
    longest: 90,
    if_longer: "free times are looked for in at most 90 days at a time",
    hint: "ask for 90 days or less, then for the following days",
};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct FindTimes {
    /// Up to 20 ids, names or URLs
    #[serde(default)]
    calendars: Vec<String>,
    /// Users, `me` or teams: their published calendars
    #[serde(default)]
    hosts: Vec<String>,
    /// 2026-12-01, monday, +3d; default now
    start_time: Option<String>,
    /// Dates inclusive; default +14d, at most 90 days
    end_time: Option<String>,
    /// Mon-Fri, sat
    #[serde(default)]
    days: Vec<String>,
    /// Of a start: 09:00
    earliest: Option<String>,
    /// Of a start: 17:00
    latest: Option<String>,
    /// Only when all are free (of each host, one calendar)
    #[serde(default)]
    together: bool,
    /// Starts a day
    #[schemars(range(min = 1, max = 50), extend("default" = 3))]
    per_day: Option<u32>,
    /// In all, earliest first
    #[schemars(range(min = 1, max = 100), extend("default" = 12))]
    limit: Option<u32>,
    /// IANA zone
    time_zone: Option<String>,
}
