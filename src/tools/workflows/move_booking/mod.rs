//! Moving a booking to another time.

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use rmcp::{tool, tool_router};
use serde::{Deserialize, Serialize};

use crate::actions::bookings::Target;
use crate::actions::moving::{Ended, Mail, Move, Moves, Moving};
use crate::actions::scheduling::{Starts, book_first, is_taken};
use crate::actions::{Declined, Stop};
use crate::names::Among;
use crate::names::slots::slots_around;
use crate::oncehub::Outcome;
use crate::records::slot::{nearest, starts_in_words};
use crate::records::{Booking, Failure, Time, Told, Zone, time, word};
use crate::tools::arguments::yes;
use crate::tools::first_free::{FirstFree, Wanted, passed_over};
use crate::tools::nouns::booking_calendars::guest::not_kept;
use crate::tools::reply::FOUND_NOTE;
use crate::tools::{Answer, Call, Parameters, Reply, Tools, schema};

#[tool_router(router = moving_bookings, vis = "pub(in crate::tools)")]
impl Tools {
    /// Move an upcoming, unpaid booking: books another time for the same guest (new id; a team's host may differ),
    /// then, if that worked, cancels the old one; the guest is e-mailed. If cut off, repeat the same call: it resumes.
    /// Free times: `find_times`. Guest chooses, or Classic: `request_reschedule`.
    #[tool(title = "Move booking", annotations(destructive_hint = true), output_schema = schema::written::<Moved>())]
    async fn move_booking(&self, call: Call, Parameters(input): Parameters<MoveBooking>) -> Answer<Stop> {
        match self.moved(call, input).await {
            Err(Stop::Declined(declined)) => Ok(not_moved(declined)),
            moved => moved,
        }
    }
}

impl Tools {
    async fn moved(&self, mut call: Call, input: MoveBooking) -> Answer<Stop> {
        let zone = call.zone_asked("time_zone", input.time_zone.as_deref())?;
        let wanted = Wanted::read(&call, &zone, input.start_time.as_deref(), input.first_free.as_ref())?;
        let there = |at| wanted.is(at, &zone);
        let found = Found::of(&call, &self.moves, &input.booking_id, there).await?;
        let calendar = input.calendar_id.as_deref().or(found.calendar.as_deref());
        let mail = Mail { reason: input.reason, notify_guest: input.notify_guest };
        let mut change = Move::new(&call, found.target, calendar, mail, &zone, found.turn).await?;
        let new = change.look_for_new_one(&call, there, wanted.is_to_be_found()).await?;
        let mut told = Story::of(&change, zone.clone());
        if change.from.booking.is("canceled") {
            return Ok(told.moved_before(new.ok_or_else(|| canceled(&change))?).reply(&call).await);
        }
        let ended = match new {
            Some(new) => {
                told.notes.extend(wanted.notes());
                (told.to, told.was_there) = (new, true);
                if told.to.is("requested") {
                    return Ok(told.requested().reply(&call).await);
                }
                change.cancel(&mut call, &told.to, false).await?
            }
            None => {
                let starts = starts(&call, &change, &wanted, &zone).await?;
                let (booked, passed) = book_first(&mut call, &mut change, starts).await;
                change.note_outcome(&call, &booked);
                told.notes.extend(wanted.notes().into_iter().chain(passed_over(&passed, &zone)));
                let done = match booked {
                    Err(Stop::Declined(declined)) => return Ok(told.declined(declined)),
                    Err(Stop::Failed(failure)) => return Err(told.not_booked(&call, &change, failure).await.into()),
                    done => done?,
                };
                told.notes.extend(done.looked_up.then(|| FOUND_NOTE.to_owned()));
                let Some(new) = change.read_back(&call, &done).await else {
                    let id = done.object.text("id").map(str::to_owned);
                    return Ok(told.unread(id, change.schedule.start).reply(&call).await);
                };
                told.booked(&change, new);
                if told.to.is("requested") {
                    return Ok(told.requested().reply(&call).await);
                }
                change.cancel(&mut call, &told.to, true).await?
            }
        };
        Ok(told.ended(ended, input.notify_guest).reply(&call).await)
    }
}

fn not_moved(declined: Declined) -> Reply {
    let mut reply = Reply::from(declined);
    reply.put("outcome", "not_moved");
    reply
}

#[derive(Deserialize, schemars::JsonSchema)]
struct MoveBooking {
    /// Id, or its guest's name or e-mail
    booking_id: String,
    /// 2026-12-01T15:00; or pass first_free
    start_time: Option<String>,
    /// The first free start from now, within 30 days
    first_free: Option<FirstFree>,
    /// Default: its own
    calendar_id: Option<String>,
    /// The guest reads it
    reason: Option<String>,
    /// Of the cancellation; the new booking always is
    #[serde(default = "yes")]
    notify_guest: bool,
    /// IANA zone
    time_zone: Option<String>,
}

/// The booking that is to be moved, and the turn to move it.
struct Found {
    target: Target,
    /// The calendar that it has been moved to already, if it has.
    calendar: Option<String>,
    turn: Moving,
}

impl Found {
    /// Finds it. One that a move has just made, and that is where it is asked for, stands for the one it was made from:
    /// a call that is made again, with the guest's name, goes on instead of moving the new one, too.
    async fn of(
        call: &Call,
        moves: &Moves,
        asked: &str,
        is_there: impl Fn(Timestamp) -> bool,
    ) -> Result<Self, Failure> {
        let target = Target::find(&call.names, Among::Upcoming, asked).await?;
        let old = moves.origin(&target.id, (call.settings.now)());
        let old = old.filter(|_| target.booking.starts().is_some_and(is_there));
        let calendar = target.booking.booking_calendar.as_ref().map(|calendar| calendar.id().to_owned());
        let calendar = calendar.filter(|_| old.is_some());
        let id = old.as_ref().unwrap_or(&target.id);
        let turn = moves.wait(call, id).await?;
        // What another call has sent meanwhile, the booking that was read does not show.
        let is_old = old.is_some() || turn.was_used() && !target.booking.is("canceled");
        let target = if is_old { Target::find(&call.names, Among::Upcoming, id.as_str()).await? } else { target };
        Ok(Self { target, calendar, turn })
    }
}

/// Returns the starts to be tried, of which each is offered now.
async fn starts(call: &Call, change: &Move, wanted: &Wanted, zone: &Zone) -> Result<Starts, Failure> {
    let calendar = &change.schedule.calendar.id;
    let is_own = change.from.booking.booking_calendar.as_ref().is_some_and(|own| own.id() == calendar.as_str());
    let own = change.from.booking.starts().filter(|_| is_own);
    let Wanted::At { start, .. } = wanted else {
        // One that is in the window already can only be moved to an earlier start.
        let own = own.filter(|own| wanted.is(*own, zone));
        let starts = wanted.starts(call, calendar, zone, own, |_| true).await;
        return match (own, starts) {
            (Some(own), Err(failure)) if failure.param.as_deref() == Some("first_free") => {
                let when = time::local(own, zone);
                let problem = format!("{} is on {when} already, and no earlier start is free", change.from.id);
                Err(Failure::argument("first_free", problem, "there is nothing to do, or give a later window"))
            }
            (_, starts) => starts,
        };
    };
    if own == Some(*start) {
        let problem = format!("{} starts then already", change.from.id);
        return Err(Failure::argument("start_time", problem, "there is nothing to do, or give another time"));
    }
    let slots = slots_around(call.oncehub(), calendar, *start, call.now()).await?;
    if let Some(slot) = slots.iter().find(|slot| slot.start == *start) {
        return Ok(Starts::only(slot.clone()));
    }
    let starts = nearest(&slots, *start);
    let near = starts_in_words(&starts, zone)
        .map_or_else(|| "get_booking_time_slots shows others".to_owned(), |near| format!("offered are {near}"));
    let not_offered = format!("OnceHub does not offer {} ({})", time::local(*start, zone), zone.name());
    let failure = match change.in_its_own_way(*start) {
        Some(why) => {
            let problem = format!("{not_offered}: {why}, and it is never canceled before the new time is booked");
            let hint = format!("request_reschedule lets the guest choose another time, that one included; {near}");
            Failure::argument("start_time", problem, hint)
        }
        None => Failure::argument("start_time", not_offered, near),
    };
    Err(failure.nearest(&starts))
}

/// The failure of moving a canceled booking in whose place there is no other.
fn canceled(change: &Move) -> Failure {
    let others: Vec<String> =
        change.schedule.others.iter().flatten().map(|other| other.mention(&change.zone)).collect();
    let problem = format!("{} is canceled, and the guest has no new booking then", change.from.id);
    match others.as_slice() {
        [] => Failure::argument("booking_id", problem, "book the time with schedule_meeting"),
        [..] => {
            let problem = format!("{problem}, but since then has got {}", others.join("; "));
            let hint = "if that is its new time, move that one; if not, book the time with schedule_meeting";
            Failure::argument("booking_id", problem, hint)
        }
    }
}

/// What has become of a move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Fate {
    Moved,
    NotMoved,
    BothExist,
    Unknown,
}

/// The reply.
#[derive(Serialize, schemars::JsonSchema)]
struct Moved {
    outcome: Fate,
    /// The old booking
    from: Told<Booking>,
    /// The new one
    to: Told<Booking>,
    steps: Vec<Step>,
}

#[derive(Serialize, schemars::JsonSchema)]
struct Step {
    #[schemars(extend("enum" = ["book", "cancel"]))]
    step: &'static str,
    #[schemars(extend("enum" = ["done", "not_done", "unknown"]))]
    outcome: &'static str,
}

/// What is told of a move, as it goes on.
struct Story {
    outcome: Fate,
    said: String,
    from: Told<Booking>,
    to: Told<Booking>,
    /// Whether the new one was there before this call.
    was_there: bool,
    canceled: &'static str,
    notes: Vec<String>,
    zone: Zone,
}

impl Story {
    fn of(change: &Move, zone: Zone) -> Self {
        let (from, to) = (change.from.booking.clone(), Told::default());
        let (outcome, said) = (Fate::NotMoved, String::new());
        Self { outcome, said, from, to, was_there: false, canceled: "not_done", notes: Vec::new(), zone }
    }

    fn when(&self, booking: &Booking) -> String {
        booking.starts().map_or_else(|| "an unknown time".to_owned(), |starts| time::local(starts, &self.zone))
    }

    fn id(booking: &Booking) -> String {
        word(booking.id.as_deref().unwrap_or("(no id)"))
    }

    /// The old one was canceled before this call, and the new one exists.
    fn moved_before(mut self, new: Told<Booking>) -> Self {
        let (old, id) = (Self::id(&self.from), Self::id(&new));
        self.said = format!("Nothing to do: {old} is canceled already, and {id} is booked for {}.", self.when(&new));
        (self.outcome, self.to, self.canceled) = (Fate::Moved, new, "done");
        self
    }

    /// The new one was booked in this call.
    fn booked(&mut self, change: &Move, new: Told<Booking>) {
        self.notes.extend(change.left_behind());
        self.notes.extend(change.schedule.twice());
        self.notes.extend(not_kept(&change.schedule.form, new.form_submission.as_ref()));
        self.to = new;
    }

    /// The person has not agreed, perhaps to the second start.
    fn declined(self, declined: Declined) -> Reply {
        let mut reply = not_moved(declined);
        self.notes.iter().for_each(|note| reply.note(note));
        reply
    }

    /// Words the failure of the first step: the old booking is untouched, unless that is what it says.
    async fn not_booked(self, call: &Call, change: &Move, mut failure: Failure) -> Failure {
        if failure.param.as_deref() != Some("booking_id") {
            failure.message = format!("{}; {} stands as it was", failure.message.trim_end_matches('.'), change.from.id);
        }
        for note in &self.notes {
            failure.message = format!("{}; {note}", failure.message.trim_end_matches('.'));
        }
        if !is_taken(&failure) {
            return failure;
        }
        let start = change.schedule.start;
        let slots = slots_around(call.oncehub(), &change.schedule.calendar.id, start, call.now()).await;
        let near = slots.map(|slots| nearest(&slots, start)).unwrap_or_default();
        let failure = failure.nearest(&near);
        match starts_in_words(&near, &self.zone) {
            Some(near) => failure.hint(format!("the nearest free start times are {near}: ask which one suits")),
            None => failure,
        }
    }

    /// The new one was booked, but cannot be read.
    fn unread(mut self, id: Option<String>, start: Timestamp) -> Self {
        (self.to.id, self.to.starting_time) = (id, Some(Time(start)));
        self.both("the new one could not be read back")
    }

    /// The new one has to be approved first.
    fn requested(self) -> Self {
        self.both("the new time still waits for the host's approval")
    }

    fn both(mut self, why: &str) -> Self {
        let (old, new) = (Self::id(&self.from), Self::id(&self.to));
        self.outcome = Fate::BothExist;
        let (before, after) = (self.when(&self.from), self.when(&self.to));
        self.said = format!("Both exist: {new} is booked for {after}, and {old} on {before} was not canceled: {why}.");
        let go_on = self.go_on();
        self.notes.push(format!("To finish, {go_on}; to undo, cancel_booking {new}."));
        self
    }

    /// The call that goes on.
    fn go_on(&self) -> String {
        let start = self.to.starts().map(time::instant).unwrap_or_default();
        format!("call move_booking again with booking_id {} and start_time {start}", Self::id(&self.from))
    }

    /// Tells what has become of the old one.
    fn ended(mut self, ended: Ended, notify_guest: bool) -> Self {
        let (old, new) = (Self::id(&self.from), Self::id(&self.to));
        let (before, after) = (self.when(&self.from), self.when(&self.to));
        match ended {
            Ended::Canceled { booking, looked_up } => {
                self.said = format!("Moved from {before} to {after}: ");
                self.said += &match (self.was_there, notify_guest) {
                    (false, true) => format!("{new} is booked, {old} is canceled. The guest is notified of both."),
                    (false, false) => {
                        format!("{new} is booked, {old} is canceled. The guest is notified of the new time alone.")
                    }
                    (true, true) => {
                        format!("{new} was there already, and {old} is canceled, of which the guest is notified.")
                    }
                    (true, false) => {
                        format!("{new} was there already, and {old} is canceled, of which the guest is not notified.")
                    }
                };
                (self.outcome, self.from, self.canceled) = (Fate::Moved, booking, "done");
                self.notes.extend(looked_up.then(|| FOUND_NOTE.to_owned()));
                self
            }
            Ended::Not(failure) if failure.outcome == Some(Outcome::Unknown) => {
                let why = failure.message.trim_end_matches('.');
                self.said =
                    format!("{new} is booked for {after}; whether {old} on {before} was canceled is unknown: {why}.");
                (self.outcome, self.canceled) = (Fate::Unknown, "unknown");
                let go_on = self.go_on();
                self.notes.push(format!("Wait a minute, then look with get_booking {old}. While that is not canceled, {go_on}; to undo, cancel_booking {new}."));
                self
            }
            Ended::Not(failure) => self.both(failure.message.trim_end_matches('.')),
            Ended::Late => self.both("this call had no time left for it, and nothing was sent"),
            Ended::Already { booking, other } => {
                let is_there = if self.was_there { "was there already" } else { "is booked" };
                self.said = format!(
                    "Moved from {before} to {after}: {new} {is_there}, and {old} was canceled already when this call came \
                     to it: neither its reason nor notify_guest took effect."
                );
                (self.outcome, self.from, self.canceled) = (Fate::Moved, booking, "not_done");
                self.notes.extend(other.map(|other| {
                    format!(
                        "Meanwhile the guest has got another booking there: {}. If that is its new time, undo this one \
                         with cancel_booking {new}.",
                        other.mention(&self.zone)
                    )
                }));
                self
            }
        }
    }

    async fn reply(self, call: &Call) -> Reply {
        let mut both = [self.from, self.to];
        call.names.fill(&mut both).await;
        let [from, to] = both;
        let zone = &self.zone;
        let from = from.brief();
        let (new, old) = (to.after_change(zone), from.after_change(zone));
        let text = format!("{}\nnew: {}\nold: {}", self.said, new.trim_end(), old.trim_end());
        let steps = vec![Step { step: "book", outcome: "done" }, Step { step: "cancel", outcome: self.canceled }];
        let moved = Moved { outcome: self.outcome, from, to, steps };
        let mut reply = Reply::new(moved, text).localised(zone).in_zone(zone);
        self.notes.iter().for_each(|note| reply.note(note));
        reply
    }
}
