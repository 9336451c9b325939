//! One change to many bookings, in two steps: a plan says what would happen to each of them, and is then carried out,
//! exactly as it is, each booking once.
//!
//! Reading order: `change` is what is done to each booking, and to which it cannot be done; `chosen` reads the bookings
//! that are asked for; `hosts` knows when the new hosts have time; `plan` makes a plan of it, `kept` keeps it, and
//! `carry_out` carries it out.

mod carry_out;
mod change;
mod chosen;
mod hosts;
mod kept;
mod plan;
#[cfg(test)]
mod tests;

use rmcp::{tool, tool_router};
use serde::Deserialize;

use crate::actions::Stop;
use crate::tools::arguments::yes;
use crate::tools::{Answer, Call, Parameters, Tools, schema};
use carry_out::Run;
use change::Kind;
use chosen::Select;
pub(in crate::tools) use kept::Plans;

#[tool_router(router = plans, vis = "pub(in crate::tools)")]
impl Tools {
    /// Plan one change to many bookings (sick day, leaving host, no-shows): what would happen to each, and what cannot.
    /// Changes nothing: show it and, once agreed, `carry_out_plan`. Give booking_ids or select; over 100 is refused.
    /// For one: `cancel_booking`, `reassign_booking`…; new time: `move_booking`.
    #[tool(title = "Plan changes", annotations(read_only_hint = true), output_schema = schema::one::<plan::Planned>())]
    async fn plan_changes(&self, mut call: Call, Parameters(input): Parameters<PlanChanges>) -> Answer {
        // What is planned is meant to be done.
        call.names = call.names.for_plan();
        let zone = call.zone_asked("time_zone", input.time_zone.as_deref())?;
        let change = change::Change::new(input.change, input.reason, input.notify_guest, input.new_host.as_deref())?;
        let chosen = chosen::read(&call, change.kind, &input.booking_ids, input.select, &zone).await?;
        let mut draft = plan::Draft::new(&call, change, chosen);
        match input.new_host.as_deref().map(str::trim) {
            Some(auto) if auto.eq_ignore_ascii_case("auto") => draft.assign(&call).await?,
            Some(host) => draft.give_to(&call, host).await?,
            None => {}
        }
        draft.keep(&call, &self.plans, &zone).await
    }

    /// Carry out a plan of `plan_changes` that the user has agreed to, once per booking; guests are e-mailed as it
    /// says. About 40 a call: if some are left or unknown, call again with the same arguments. Bookings changed since
    /// are skipped.
    #[tool(title = "Carry out plan", annotations(destructive_hint = true),
        output_schema = schema::written::<carry_out::Report>())]
    async fn carry_out_plan(&self, mut call: Call, Parameters(input): Parameters<CarryOutPlan>) -> Answer<Stop> {
        let plan = self.plans.open(&input.plan, &call, carry_out::held_for(&call)).await?;
        plan.is_what_is_asked(input.change, input.count)?;
        let mut run = Run::of(plan);
        let ended = run.go_on(&mut call).await;
        run.close().await;
        ended.map(|()| run.reply(call.zone()))
    }
}

#[derive(Deserialize, schemars::JsonSchema)]
struct PlanChanges {
    change: Kind,
    /// Ids, or guests' names
    #[serde(default)]
    booking_ids: Vec<String>,
    /// Instead: at most 31 days, with host, calendar or guest
    select: Option<Select>,
    /// To reassign: a user, or auto: a free one of the team
    new_host: Option<String>,
    /// What guests read
    reason: Option<String>,
    /// False only to cancel
    #[serde(default = "yes")]
    notify_guest: bool,
    /// IANA zone
    time_zone: Option<String>,
}

#[derive(Deserialize, schemars::JsonSchema)]
struct CarryOutPlan {
    /// From `plan_changes`
    plan: String,
    /// As planned
    change: Kind,
    /// How many bookings it changes
    count: usize,
}
