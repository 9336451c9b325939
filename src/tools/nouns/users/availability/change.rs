//! Changing when a user can be booked.

use rmcp::{tool, tool_router};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::actions::Stop;
use crate::actions::availability::{DateInput, DayInput, Outside, Update, WorkingHours};
use crate::records::{Availability, Booking, Failure, Noun, Time, Told};
use crate::tools::{Answer, Call, Parameters, Reply, Tools, schema};

/// The reply to a change of hours.
#[serde_with::skip_serializing_none]
#[derive(Serialize, schemars::JsonSchema)]
struct Changed<'a> {
    #[serde(flatten)]
    availability: Told<Availability>,
    /// Each a day or date, with its hours before and after
    changes: Vec<Value>,
    /// Upcoming bookings on the changed days that the change puts outside working hours
    #[schemars(with = "Option<Vec<Value>>")]
    outside_working_hours: Option<Vec<Row<'a>>>,
    /// Those that were outside before, and still are
    #[schemars(with = "Option<Vec<Value>>")]
    outside_before_too: Option<Vec<Row<'a>>>,
    /// True when nothing was written: changes and bookings are those that there would be
    preview: Option<bool>,
    /// The arguments of the call that restores what was before
    #[schemars(with = "Option<Map<String, Value>>")]
    // They are added last, if there is room.
    undo: Option<()>,
}

/// A booking that now lies outside of hours.
#[serde_with::skip_serializing_none]
#[derive(Serialize)]
struct Row<'a> {
    id: Option<&'a str>,
    status: Option<&'a str>,
    starting_time: Option<Time>,
    guest: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    as_co_host: bool,
}

#[tool_router(router = changing_availability, vis = "pub(in crate::tools)")]
impl Tools {
    /// Change when a user can be booked, in their zone: weekly by day, overrides for dates or ranges (out sick,
    /// holidays). Given days are replaced whole; others stay. Nothing is canceled: the reply names bookings outside
    /// (see `plan_changes`) and how to undo. Current: `get_scheduling_availability`.
    #[tool(title = "Update scheduling availability", annotations(destructive_hint = true),
        output_schema = schema::written::<Changed<'static>>())]
    async fn update_scheduling_availability(
        &self,
        mut call: Call,
        Parameters(input): Parameters<UpdateAvailability>,
    ) -> Answer<Stop> {
        if input.weekly.is_empty() && input.overrides.is_empty() {
            let hint = "say which days of the week or which dates, e.g. overrides: [{\"date\": \"friday\", \"working_hours\": []}]";
            return Err(Failure::argument("weekly", "neither weekly nor overrides is given", hint).into());
        }
        let user = call.names.find(&[Noun::Users], "user_id", &input.user_id).await?;
        let mut update = Update::new(&call, user, input.weekly, input.overrides).await?;
        if update.is_so_already() {
            return Ok(nothing_to_change(&update));
        }
        if input.preview {
            return Ok(preview(&update));
        }
        let done = call.carry_out(&mut update).await?;
        let user = update.before.user.clone();
        // What counts is what OnceHub has now, not its response.
        let read = if done.looked_up { None } else { WorkingHours::of(&call.names, user.clone()).await.ok() };
        let is_read_back = done.looked_up || read.is_some();
        let after = read.unwrap_or_else(|| WorkingHours::read(done.object.clone(), user, call.zone()));
        update.look_again(&call).await;
        let mut reply = changed(&update, &after);
        if !is_read_back {
            reply.note("The hours could not be read back: this is what OnceHub answered.");
        }
        put_undo(&mut reply, &update, &after, &call);
        Ok(reply.after(&done))
    }
}

#[derive(Deserialize, Serialize, schemars::JsonSchema)]
struct UpdateAvailability {
    /// Name, e-mail, id or `me`
    user_id: String,
    /// From now on
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    weekly: Vec<DayInput>,
    /// Of dates
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    overrides: Vec<DateInput>,
    /// Only show what would change
    #[serde(default, skip_serializing)]
    preview: bool,
}

fn nothing_to_change(Update { before, changed, notes, .. }: &Update) -> Reply {
    let hours = changed.iter().map(|when| format!("\n{when} {}", when.told(before.at(*when))));
    let mut reply = Reply::new(before.sent.sent(), before.heading() + &hours.collect::<String>());
    reply.put("changes", Vec::<Value>::new());
    reply.note("Nothing to change: it is already as requested.");
    notes.iter().for_each(|note| reply.note(note));
    reply
}

/// Reports what would change, and which bookings would lie outside working hours.
fn preview(update: &Update) -> Reply {
    let mut reply = report(update, &update.wanted, true);
    reply
        .note("This is a preview: nothing was changed, and nobody was asked. Call again without preview to change it.");
    reply
}

/// Reports what changed, which bookings now lie outside working hours, and anything else worth noting.
fn changed(update: &Update, after: &WorkingHours) -> Reply {
    let mut reply = report(update, after, false);
    if update.changed.iter().all(|when| update.before.at(*when) == after.at(*when)) {
        reply.note("Nothing is different from before.");
    }
    if !update.is_applied(after) {
        let asked = update.in_words(&update.wanted).join("; ");
        reply.note(&format!("OnceHub did not apply all of it. Requested: {asked}."));
    }
    reply
}

/// Adds the arguments that restore what was there before, if there are any and they fit.
fn put_undo(reply: &mut Reply, update: &Update, after: &WorkingHours, call: &Call) {
    if !update.has_changed(after) {
        return;
    }
    let Some((weekly, overrides)) = update.undo(after, call.now()) else {
        reply.note("There is no undo: the hours before cannot be restored from here.");
        return;
    };
    let user_id = update.before.user.id.to_string();
    let undo = UpdateAvailability { user_id, weekly, overrides, preview: false };
    if !reply.put_arguments("undo", "update_scheduling_availability", &undo, call.settings.max_reply) {
        reply.note("There is no undo: it would not fit into the reply.");
    }
}

fn report(update: &Update, after: &WorkingHours, is_preview: bool) -> Reply {
    let outside = update.outside(after);
    let mut text = format!("{}\n{}", after.heading(), update.in_words(after).join("\n"));
    let (mut now, mut before) = (None, None);
    if let Some(outside) = &outside {
        let what = if is_preview { "that would be" } else { "now" };
        now = Some(rows(&mut text, &format!("bookings {what} outside working hours"), &outside.now, after));
        let until = if is_preview { "and after" } else { "and now" };
        let heading = format!("bookings outside working hours before {until}");
        before = Some(rows(&mut text, &heading, &outside.before, after));
    }
    let changed = Changed {
        availability: after.sent.clone(),
        changes: update.rows(after),
        outside_working_hours: now,
        outside_before_too: before.filter(|rows| !rows.is_empty()),
        preview: is_preview.then_some(true),
        undo: None,
    };
    let mut reply = Reply::new(changed, text).localised(&after.zone);
    match outside {
        Some(Outside { now, before, more }) => {
            if !now.is_empty() || !before.is_empty() {
                let stand =
                    "These bookings stand: request_reschedule, reassign_booking or cancel_booking can change them.";
                reply.note(stand);
            }
            if more {
                reply.note("Not all upcoming bookings were checked: see list_bookings (host).");
            }
        }
        None => reply.note("Bookings now outside working hours could not be looked up: see list_bookings (host)."),
    }
    update.notes.iter().for_each(|note| reply.note(note));
    reply
}

/// Adds bookings to a text, on a line each under a heading, and returns them as rows.
fn rows<'a>(text: &mut String, heading: &str, bookings: &[&'a Told<Booking>], after: &WorkingHours) -> Vec<Row<'a>> {
    if !bookings.is_empty() {
        text.push_str(&format!("\n{heading}:"));
    }
    let mut rows = Vec::new();
    for booking in bookings.iter().take(NAMED) {
        let as_co_host = booking.owner.is_some() && !booking.is_owned_by(after.user.id.as_str());
        let role = if as_co_host { " (as co-host)" } else { "" };
        text.push_str(&format!("\n{}{role}", booking.mention(&after.zone)));
        rows.push(Row {
            id: booking.id.as_deref(),
            status: booking.status.as_deref(),
            starting_time: booking.starting_time,
            guest: booking.guest_in_words(),
            as_co_host,
        });
    }
    if bookings.len() > NAMED {
        text.push_str(&format!("\nand {} more: see list_bookings (host)", bookings.len() - NAMED));
    }
    rows
}

/// How many bookings of each kind are named in a reply.
const NAMED: usize = 50;
