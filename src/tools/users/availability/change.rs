//! Changing when a user can be booked. OnceHub replaces whole days, so the current hours are read first, merged with
//! what is asked for, and read again afterwards.

use rmcp::{tool, tool_router};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::changes::{Change, in_words, is_alike, is_same_row};
use super::hours::{DateInput, DayInput, Plan};
use super::schedule::Schedule;
use super::{FIELDS, described, outside, shown};
use crate::oncehub::{Object, users};
use crate::tools::call::Call;
use crate::tools::failure::{Failure, Stop};
use crate::tools::names::{Found, Noun};
use crate::tools::reply::{FOUND_NOTE, Reply};
use crate::tools::schema::Field;
use crate::tools::write::{Seen, Subject};
use crate::tools::{Tools, schema};

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct UpdateAvailability {
    /// Name, e-mail, id or `me`
    user_id: String,
    /// Every week from now on
    #[serde(default)]
    weekly: Vec<DayInput>,
    /// Single dates
    #[serde(default)]
    overrides: Vec<DateInput>,
}

fn output() -> std::sync::Arc<rmcp::model::JsonObject> {
    let more: [Field; 2] = [
        ("changes", "array", "Each a day or date, with its hours before and after"),
        ("outside_working_hours", "array", "Bookings to come on the changed days that now lie outside of hours"),
    ];
    schema::written(&[FIELDS, &more].concat())
}

#[tool_router(router = changing_availability, vis = "pub(in crate::tools::users)")]
impl Tools {
    /// Change when a user can be booked, in their own zone: weekly by day, overrides for dates such as holidays. Days
    /// given are replaced whole; others stay. Nothing is canceled: the reply names bookings that now lie outside, for
    /// `request_reschedule` or `cancel_booking`. Present hours: `get_scheduling_availability`.
    #[tool(
        title = "Update scheduling availability",
        input_schema = schema::input::<UpdateAvailability>(),
        output_schema = output(),
        annotations(read_only_hint = false, destructive_hint = true, idempotent_hint = true, open_world_hint = true)
    )]
    async fn update_scheduling_availability(&self, mut call: Call) -> Result<Reply, Stop> {
        let UpdateAvailability { user_id, weekly, overrides } = call.input()?;
        if weekly.is_empty() && overrides.is_empty() {
            let hint = "say which days of the week or which dates, e.g. overrides: [{\"date\": \"friday\", \"working_hours\": []}]";
            return Err(Failure::argument("weekly", "neither weekly nor overrides is given", hint).into());
        }
        let user = call.find(&[Noun::Users], "user_id", &user_id).await?;
        let get = users::GetAvailability { id: user.id.clone() };
        let read = |object: &Object| Schedule::read(object, &user, &self.settings.zone);
        let mut object = call.oncehub.send(&get).await?;
        let mut before = read(&object);
        needs_what_is_there(&object, &weekly, &overrides)?;
        let mut plan = Plan::make(&weekly, &overrides, &before, call.now)?;
        let mut wanted = Change::all(&plan, &before, |when| when.wanted(&plan, &before));
        let is_so = |change: &Change| is_same_row(change.what.row(&before), change.what.wanted_row(&plan));
        if wanted.iter().all(is_so) {
            let mut lines = vec![format!("{} | times in {}", described(&user), before.zone.name())];
            lines.extend(wanted.iter().map(Change::as_it_is));
            let mut reply = Reply::new(shown(object, &user, &before), lines.join("\n"));
            reply.note("Nothing to change: it is so already.");
            plan.notes.iter().for_each(|note| reply.note(note));
            return Ok(reply);
        }
        let question = format!(
            "Change the working hours of {} (times in {}): {}?",
            described(&user),
            before.zone.name(),
            in_words(&wanted).join("; ")
        );
        call.agree(false, &question, &|| shown(object.clone(), &user, &before)).await?;
        if call.was_asked() {
            // The person may have taken minutes to answer, and said yes to what they read.
            object = call.oncehub.send(&get).await?;
            before = read(&object);
            plan = Plan::make(&weekly, &overrides, &before, call.now)?;
            let now = Change::all(&plan, &before, |when| when.wanted(&plan, &before));
            if in_words(&now) != in_words(&wanted) {
                let problem = "the hours have been changed by somebody else while the question was open";
                return Err(
                    Failure::not_confirmed(problem, "call again: the question will show them as they are now").into()
                );
            }
            wanted = now;
        }
        let what = format!("the availability of {}", user.id);
        let check = format!("read it with get_scheduling_availability {}", user.id);
        let see = |object: Object| {
            let now = read(&object);
            let is_settled = |change: &Change| {
                let wanted = change.what.wanted_row(&plan);
                !is_same_row(change.what.row(&before), wanted) && is_same_row(change.what.row(&now), wanted)
            };
            if wanted.iter().any(is_settled) {
                Seen::Done(object)
            } else if wanted.iter().all(|change| change.what.row(&before) == change.what.row(&now)) {
                Seen::Nothing
            } else {
                Seen::Unclear
            }
        };
        let subject = Subject { what: &what, check: &check };
        let (answer, found) = call.change(&plan.request(&user.id), &get, subject, &see).await?;
        // What counts is what OnceHub has now, not its response.
        let (object, read_back) = if found {
            (answer, true)
        } else {
            call.oncehub.send(&get).await.map_or_else(|_| (answer, false), |object| (object, true))
        };
        let after = read(&object);
        let mut reply = call.told(&user, shown(object, &user, &after), &plan, [&before, &after], &wanted).await;
        if !read_back {
            reply.note("The hours could not be read back: this is what OnceHub answered.");
        }
        if found {
            reply.note(FOUND_NOTE);
        }
        Ok(reply)
    }
}

impl Call {
    /// Reports what changed, which bookings now lie outside working hours, and anything else worth noting.
    async fn told(
        &self,
        user: &Found,
        mut fields: Map<String, Value>,
        plan: &Plan,
        [before, after]: [&Schedule; 2],
        wanted: &[Change],
    ) -> Reply {
        let changes = Change::all(plan, before, |when| when.of(after).to_vec());
        fields.insert("changes".into(), changes.iter().map(Change::structure).collect());
        let head = format!("{} | times in {}", described(user), after.zone.name());
        let mut reply = Reply::new(fields, format!("{head}\n{}", in_words(&changes).join("\n")));
        match self.outside(&user.id, plan, before, after).await {
            Ok((bookings, more)) => {
                reply.add(|fields, text| outside::put(fields, text, &bookings, user.id.as_str(), &after.zone));
                if !bookings.is_empty() {
                    reply.note("Their times stand: request_reschedule, reassign_booking or cancel_booking moves them.");
                }
                if more {
                    let more =
                        "There are more bookings to come than could be looked through: see list_bookings (host).";
                    reply.note(more);
                }
            }
            Err(_) => reply.note("Which bookings now lie outside could not be looked up: see list_bookings (host)."),
        }
        plan.notes.iter().for_each(|note| reply.note(note));
        if changes.iter().all(|change| change.before == change.after) {
            reply.note("Nothing is different from before.");
        }
        if changes.iter().zip(wanted).any(|(now, wanted)| !is_alike(&now.after, &wanted.after)) {
            let asked = in_words(wanted).join("; ");
            reply.note(&format!("OnceHub did not take over all of it. Asked for was: {asked}."));
        }
        reply
    }
}

/// Locations left out are filled in from the current hours: without those, they would be lost.
fn needs_what_is_there(object: &Object, weekly: &[DayInput], overrides: &[DateInput]) -> Result<(), Failure> {
    let is_read = object.get("weekly").is_some_and(Value::is_array);
    let ranges = weekly
        .iter()
        .map(|row| &row.working_hours)
        .chain(overrides.iter().filter_map(|row| row.working_hours.as_ref()));
    if is_read || ranges.flatten().all(|hours| hours.locations.is_some()) {
        return Ok(());
    }
    let problem = "OnceHub sent no hours, so where meetings take place cannot be taken from them";
    Err(Failure::argument(
        "locations",
        problem,
        "try again, or give locations with each stretch of hours ([] for none)",
    ))
}
