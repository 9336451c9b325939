//! Carrying out a plan: one booking after another, each once.
//!
//! Before anything is sent, all bookings that are left are read again: what is not as it was planned is skipped.
//! OnceHub refuses each of these changes if the booking does not allow it, and then e-mails nobody. So a change whose
//! outcome is unknown is sent again if the booking is still as it was after a minute: should the first request be
//! carried out after all, the second one is refused.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, json};
use tokio::time::Instant;

use super::change::Kind;
use super::chosen::by_id;
use super::hosts::{Diary, diaries};
use super::kept::{Item, Lease, State};
use crate::actions::bookings::{
    Reassign, Signs, Target, cancel, has_lost_link, mark_no_show, request_reschedule, still_owned_by,
};
use crate::actions::{Context, Done, PENDING, Question, Stop, execute};
use crate::names::{Names, Progress};
use crate::oncehub::{Id, Outcome, Range};
use crate::records::{Booking, Failure, Kind as FailureKind, Noun, Time, Told, Zone, quoted, time};
use crate::tools::reply::Reply;

/// The longest time for an answer after which nothing has to be read again.
const ANSWERED_AT_ONCE: Duration = Duration::from_secs(10);

/// How many unknown outcomes in a row end a call: OnceHub is in trouble.
const TROUBLE: usize = 2;

/// How much longer a plan is held for a call than the call may take.
const AFTER: Duration = Duration::from_secs(30);

/// The longest time that a person may take to answer.
const THOUGHT: Duration = Duration::from_mins(6);

/// Returns for how long a call holds the plan that it carries out: longer than it takes, and no longer than others can wait
/// should its server end.
pub(super) fn held_for(context: &Context) -> Duration {
    context.deadline.saturating_duration_since(Instant::now()) + AFTER
}

/// One call that carries out a plan.
pub(super) struct Run {
    plan: Lease,
    /// The bookings of the plan as they are now.
    now: HashMap<Id, Told<Booking>>,
    /// What else new hosts have.
    diaries: BTreeMap<Id, Diary>,
    stopped: Option<Stopped>,
}

/// Why a call has ended before the plan has.
enum Stopped {
    /// One more booking could not be changed in time.
    Late,
    /// What failed would fail for all others, too.
    Failed(Failure),
}

impl Run {
    pub(super) fn of(plan: Lease) -> Self {
        Self { plan, now: HashMap::new(), diaries: BTreeMap::new(), stopped: None }
    }

    /// Carries out what is left, if the person agrees.
    pub(super) async fn go_on(&mut self, context: &mut Context) -> Result<(), Stop> {
        self.refresh(context).await?;
        self.agree(context).await?;
        Ok(self.send_left(context).await?)
    }

    /// Leaves the plan to other calls.
    pub(super) async fn close(&mut self) {
        self.plan.close().await;
    }

    /// Reads what is left again: which unknown changes were made, and which cannot be made any more.
    ///
    /// # Errors
    /// If OnceHub cannot be asked.
    async fn refresh(&mut self, context: &Context) -> Result<(), Failure> {
        self.read(context).await.map_err(|failure| self.with_progress(failure))?;
        for at in 0..self.plan.items.len() {
            if let Some(state) = self.state_now(context, at)
                && let Some(item) = self.plan.items.get_mut(at)
            {
                item.state = state;
            }
        }
        Ok(())
    }

    async fn read(&mut self, context: &Context) -> Result<(), Failure> {
        let open: Vec<_> = self.plan.open().collect();
        let Some((first, last)) = span(&open) else { return Ok(()) };
        let new_hosts: BTreeSet<&Id> = open.iter().filter_map(|item| item.new_host.as_ref()).collect();
        // Only bookings that are done count as progress.
        let quiet: Progress = Arc::new(|_, _| ());
        let names = Names { progress: quiet, ..context.names.clone() };
        let mut hosts = Vec::new();
        for id in new_hosts {
            hosts.push(names.find(&[Noun::Users], "new_host", id.as_str()).await?);
        }
        let now = planned(&names, &open, (first, last)).await?;
        let known = diaries(&names, hosts, (first, last), false).await?;
        (self.now, self.diaries) = (now, known);
        Ok(())
    }

    /// Returns what has become of a booking of the plan, if that is another state than it has.
    fn state_now(&self, context: &Context, at: usize) -> Option<State> {
        let item = self.plan.items.get(at)?;
        let Some(booking) = self.now.get(&item.id) else {
            return item.state.is_left().then(|| State::Skipped(GONE.into()));
        };
        let again = match &item.state {
            State::Unknown { before, .. } if self.is_made(item, *before) => {
                return Some(State::Done(Some(FOUND.into())));
            }
            State::Unknown { since, .. } if (context.settings.now)().duration_since(since.0) < PENDING => {
                return None;
            }
            State::Unknown { before, .. } => Some(*before),
            State::Left { again } => *again,
            _ => return None,
        };
        let change = &self.plan.change;
        let diary = self.diary(item);
        let is_taken = || {
            let (diary, span) = (diary?, booking.span()?);
            diary.is_taken(booking, span).then(|| format!("{} has another booking then by now", diary.user.described()))
        };
        let difference = item.was.difference(booking, context.zone());
        let problem = difference.or_else(|| change.problem(booking, context.now())).or_else(is_taken);
        Some(problem.map_or(State::Left { again }, State::Skipped))
    }

    /// Returns what else the new host of a booking has.
    fn diary(&self, item: &Item) -> Option<&Diary> {
        self.diaries.get(item.new_host.as_ref()?)
    }

    /// Whether a change that was sent was made, judged by what was different before.
    fn is_made(&self, item: &Item, before: Signs) -> bool {
        let Some(booking) = self.now.get(&item.id) else { return false };
        match (self.plan.change.kind.becomes(), self.diary(item)) {
            (Some(status), _) => booking.is(status),
            (None, Some(diary)) => Signs::of(booking, &diary.user, &diary.bookings).are_more_than(before),
            (None, None) => false,
        }
    }

    /// Asks the person, once for all of the plan.
    async fn agree(&mut self, context: &mut Context) -> Result<(), Stop> {
        if !self.plan.items.iter().any(|item| item.state.is_left()) {
            return Ok(());
        }
        if !self.plan.is_agreed || context.settings.dry_run {
            let (question, asked_at) = (self.question(context.zone()), Instant::now());
            self.plan.save(THOUGHT).await?;
            self.plan.is_agreed = context.agree(question).await?;
            // What follows relies on nothing that is much older than the answer.
            if asked_at.elapsed() > ANSWERED_AT_ONCE {
                self.refresh(context).await?;
            }
        }
        Ok(())
    }

    fn question(&self, zone: &Zone) -> Question {
        let left = self.plan.items.iter().filter(|item| item.state.is_left());
        let named: Vec<String> = left
            .map(|item| {
                let booking = self.now.get(&item.id);
                let at = item.was.starts.map(|starts| time::local(starts.0, zone)).unwrap_or_default();
                let (name, email) = booking.map(|booking| booking.guest()).unwrap_or_default();
                let guest = name.or(email).map_or_else(|| item.id.to_string(), |guest| quoted(&guest, 40));
                let host = self.diary(item).map(|diary| format!(" -> {}", diary.user.described())).unwrap_or_default();
                format!("{at} {guest}{host}")
            })
            .collect();
        let change = self.plan.change.imperative(named.len());
        let mut letters = change.chars();
        let change: String = letters.next().iter().flat_map(|first| first.to_uppercase()).chain(letters).collect();
        let more = format!(" In {}: {}.", zone.name(), named.join("; "));
        let question = match self.plan.change.kind {
            Kind::MarkNoShow => Question::ordinary(change),
            _ => Question::important(change),
        };
        question.and(&more)
    }

    /// Sends what is left, one after another, as long as there is time.
    ///
    /// # Errors
    /// If nothing could be sent.
    async fn send_left(&mut self, context: &Context) -> Result<(), Failure> {
        let (mut sent, mut unknown, mut refusals, mut refused) = (0, 0, Vec::new(), Vec::new());
        for at in 0..self.plan.items.len() {
            let Some(item) = self.plan.items.get(at).cloned() else { continue };
            let State::Left { again } = item.state else { continue };
            if unknown == TROUBLE {
                break;
            }
            if !context.has_time_to_write() {
                self.stopped = Some(Stopped::Late);
                break;
            }
            let before = again.unwrap_or_else(|| self.signs(&item));
            // Kept before it is sent: should this server end now, the next call looks.
            self.mark(at, State::Unknown { since: Time((context.settings.now)()), before });
            if let Err(failure) = self.plan.save(held_for(context)).await {
                self.mark(at, item.state);
                if sent == 0 {
                    return Err(self.with_progress(failure));
                }
                self.stopped = Some(Stopped::Failed(failure));
                break;
            }
            let state = match self.send(context, &item).await {
                Ok(state) => state,
                Err(failure) if failure.outcome == Some(Outcome::Unknown) => {
                    unknown += 1;
                    if unknown == TROUBLE {
                        self.stopped = Some(Stopped::Failed(failure));
                    }
                    State::Unknown { since: Time((context.settings.now)()), before }
                }
                Err(failure) if is_refusal(&failure) => match again {
                    Some(before) => self.refused_again(context, &item, before, &failure).await,
                    None => {
                        let refusal = (item.new_host, said(&failure));
                        if refusals.contains(&refusal) {
                            self.give_up_on_host(&refusal);
                        }
                        refusals.push(refusal.clone());
                        refused.push(at);
                        State::NotDone(refusal.1)
                    }
                },
                Err(failure) if sent == 0 => {
                    self.mark(at, item.state);
                    return Err(self.with_progress(failure));
                }
                Err(failure) => {
                    self.mark(at, item.state);
                    self.stopped = Some(Stopped::Failed(failure));
                    break;
                }
            };
            if !matches!(state, State::Unknown { .. }) {
                unknown = 0;
            }
            sent += 1;
            self.mark(at, state);
            let finished = self.plan.items.iter().filter(|item| !item.state.is_open()).count();
            (context.names.progress)(finished, Some(self.plan.items.len()));
        }
        self.explain(context, &refused).await;
        Ok(())
    }

    fn mark(&mut self, at: usize, state: State) {
        if let Some(item) = self.plan.items.get_mut(at) {
            item.state = state;
        }
    }

    /// Adds how refused bookings differ by now from what was planned: another call may have changed them.
    async fn explain(&mut self, context: &Context, refused: &[usize]) {
        let items: Vec<&Item> = refused.iter().filter_map(|at| self.plan.items.get(*at)).collect();
        let Some(span) = span(&items) else { return };
        let names = Names { oncehub: context.names.oncehub.trying_once(), ..context.names.clone() };
        let Ok(now) = planned(&names, &items, span).await else { return };
        for at in refused {
            if let Some(item) = self.plan.items.get_mut(*at)
                && let State::NotDone(message) = &mut item.state
            {
                let difference = now.get(&item.id).and_then(|booking| item.was.difference(booking, context.zone()));
                message.extend(difference.map(|difference| format!("; {difference}")));
            }
        }
    }

    /// Finds out why OnceHub refused what was sent once before: the first request may have been carried out by now.
    async fn refused_again(&mut self, context: &Context, item: &Item, before: Signs, failure: &Failure) -> State {
        match self.read(context).await {
            Err(_) => State::Unknown { since: Time((context.settings.now)()), before },
            Ok(()) if self.is_made(item, before) => State::Done(Some(FOUND.into())),
            Ok(()) => State::NotDone(said(failure)),
        }
    }

    /// Returns the signs that the new host of a booking is its host, before it is changed.
    fn signs(&self, item: &Item) -> Signs {
        let known = self.now.get(&item.id).zip(self.diary(item));
        known.map(|(booking, diary)| Signs::of(booking, &diary.user, &diary.bookings)).unwrap_or_default()
    }

    /// Sends the change of one booking, and finds out what came of it.
    async fn send(&self, context: &Context, item: &Item) -> Result<State, Failure> {
        let Some(booking) = self.now.get(&item.id) else { return Ok(State::Skipped(GONE.into())) };
        let change = &self.plan.change;
        let target = Target::new(item.id.clone(), booking.clone(), context.zone().clone());
        let done: Done = match change.kind {
            Kind::Cancel => execute(context, &mut cancel(target, change.reason.clone(), change.notify_guest)).await?,
            Kind::RequestReschedule => execute(context, &mut request_reschedule(target, change.reason.clone())).await?,
            Kind::MarkNoShow => execute(context, &mut mark_no_show(target)).await?,
            Kind::Reassign => {
                let Some(diary) = self.diary(item) else {
                    return Ok(State::Skipped("its new host is not there any more".into()));
                };
                let (host, theirs) = (diary.user.clone(), diary.bookings.clone());
                execute(context, &mut Reassign::knowing(target, host, theirs)).await?
            }
        };
        let now = Told::<Booking>::from(done.object);
        let new_host = item.new_host.as_ref().filter(|_| change.kind == Kind::Reassign);
        let has_lost_link = new_host.is_some() && has_lost_link(booking, &now);
        let keeps_owner = new_host.is_some_and(|host| still_owned_by(&now, host).is_some());
        let messages =
            [done.looked_up.then_some(FOUND), has_lost_link.then_some(LINK_LOST), keeps_owner.then_some(OWNER_KEPT)];
        let message = messages.into_iter().flatten().collect::<Vec<_>>().join("; ");
        Ok(State::Done((!message.is_empty()).then_some(message)))
    }

    /// Sends nothing more for a new host whom OnceHub has refused twice in the same words: it would refuse the rest, too.
    fn give_up_on_host(&mut self, (new_host, message): &(Option<Id>, String)) {
        let left = self.plan.items.iter_mut().filter(|item| item.state.is_left());
        for other in left.filter(|item| item.new_host.is_some() && item.new_host == *new_host) {
            other.state = State::NotDone(format!("not sent, since others were refused: {message}"));
        }
    }

    /// Adds to the failure of a call what earlier calls have done.
    fn with_progress(&self, mut failure: Failure) -> Failure {
        let Counts { done, .. } = self.counts();
        if done > 0 {
            let _ = write!(failure.message, "; earlier calls have done {done} of the {}", self.plan.items.len());
        }
        failure
    }

    fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for item in &self.plan.items {
            *match item.state {
                State::Left { .. } => &mut counts.left,
                State::Unknown { .. } => &mut counts.unknown,
                State::Done(_) => &mut counts.done,
                State::NotDone(_) => &mut counts.not_done,
                State::Skipped(_) => &mut counts.skipped,
            } += 1;
        }
        counts
    }

    /// Tells what has come of the whole plan so far.
    pub(super) fn reply(self, zone: &Zone) -> Reply {
        let counts = self.counts();
        let Counts { done, not_done, unknown, skipped, left } = counts;
        let (name, count) = (self.plan.change.kind.name(), self.plan.items.len());
        let mut text = format!("{done} of {count} done");
        for (others, what) in [(not_done, "not done"), (unknown, "unknown"), (skipped, "skipped"), (left, "left")] {
            if others > 0 {
                let _ = write!(text, ", {others} {what}");
            }
        }
        let _ = write!(text, " ({name}, plan {}).", self.plan.handle);
        let of = |wanted: &str| {
            let rows = self.plan.items.iter().map(|item| (&item.id, told(&item.state)));
            rows.filter(|(_, (outcome, _))| *outcome == wanted)
                .map(|(id, (_, message))| (id, message))
                .collect::<Vec<_>>()
        };
        for (outcome, word) in [
            ("done", "done"),
            ("not_done", "not done"),
            ("unknown", "unknown"),
            ("skipped", "skipped"),
            ("left", "left"),
        ] {
            let (plain, others): (Vec<_>, Vec<_>) = of(outcome).into_iter().partition(|(_, message)| message.is_none());
            if !plain.is_empty() {
                let ids: Vec<String> = plain.iter().map(|(id, _)| id.to_string()).collect();
                let _ = write!(text, "\n{word}: {}", ids.join(" "));
            }
            for (id, message) in others {
                let _ = write!(text, "\n{word}: {id}: {}", message.unwrap_or_default());
            }
        }
        let items = self.plan.items.iter().map(|item| {
            let (outcome, message) = told(&item.state);
            let mut fields =
                Map::from_iter([("id".to_owned(), json!(item.id)), ("outcome".to_owned(), outcome.into())]);
            fields.extend(message.map(|message| ("message".to_owned(), message.into())));
            fields
        });
        let items: Vec<_> = items.collect();
        let report = Report {
            plan: self.plan.handle.clone(),
            change: name,
            count,
            counts,
            expires_at: Some(self.plan.expires_at).filter(|_| unknown + left > 0),
            items: Vec::new(),
        };
        let mut reply = Reply::new(report, text).localised(zone).in_zone(zone);
        reply.put("items", items);
        let until = time::local(self.plan.expires_at.0, zone);
        if let Some(Stopped::Failed(failure)) = &self.stopped {
            let wait = failure.retry_after_seconds.map(|seconds| format!(" (retry after {seconds} s)"));
            reply.note(&format!("It stopped: {}{}.", said(failure), wait.unwrap_or_default()));
        }
        if unknown > 0 {
            reply.note(&format!(
                "OnceHub may still be working on what is unknown: wait a minute, then call again with the same arguments (until \
                 {until}). That looks first, and goes on."
            ));
        } else if left > 0 {
            reply.note(&format!("Call again with the same arguments to go on with the {left} left (until {until})."));
        }
        reply
    }
}

const GONE: &str = "it is not there any more";
const FOUND: &str = "OnceHub's response was lost, or did not show it, and it was seen afterwards";
const OWNER_KEPT: &str =
    "OnceHub still shows its former owner, and lists it as theirs; its host is the new one, as its attendees show";
const LINK_LOST: &str = "the meeting has lost its video link, since the new host has no video service connected";

/// Returns the outcome that a state stands for, and what is to be said of it.
fn told(state: &State) -> (&'static str, Option<&str>) {
    match state {
        State::Left { .. } => ("left", None),
        State::Unknown { .. } => ("unknown", None),
        State::Done(message) => ("done", message.as_deref()),
        State::NotDone(message) => ("not_done", Some(message)),
        State::Skipped(message) => ("skipped", Some(message)),
    }
}

/// Returns when the first and the last of these are, as they were planned.
fn span(items: &[&Item]) -> Option<(Timestamp, Timestamp)> {
    let starts = || items.iter().filter_map(|item| Some(item.was.starts?.0));
    Some((starts().min()?, starts().max()?))
}

/// Reads these bookings as they are now.
async fn planned(
    names: &Names,
    items: &[&Item],
    (first, last): (Timestamp, Timestamp),
) -> Result<HashMap<Id, Told<Booking>>, Failure> {
    let ids: Vec<Id> = items.iter().map(|item| item.id.clone()).collect();
    let second = SignedDuration::from_secs(1);
    by_id(names, &ids, Range::between(Some(first), last.checked_add(second).ok())).await
}

/// Whether OnceHub has refused this one change, rather than the key, the account or the moment.
fn is_refusal(failure: &Failure) -> bool {
    let is_about_it = matches!(failure.status, Some(400..=499)) && !matches!(failure.status, Some(401 | 403 | 429));
    is_about_it && failure.outcome == Some(Outcome::NotDone) && failure.kind != FailureKind::RateLimitError
}

/// The longest message about one booking, in characters.
const LONGEST: usize = 300;

fn said(failure: &Failure) -> String {
    failure.message.trim_end_matches('.').chars().take(LONGEST).collect()
}

/// The number of bookings by outcome.
#[derive(Clone, Copy, Default, Serialize, JsonSchema)]
struct Counts {
    done: usize,
    /// Refused by OnceHub
    not_done: usize,
    /// Sent, and not known whether it was done
    unknown: usize,
    /// Not sent, since something has changed
    skipped: usize,
    /// Not sent yet: call again
    left: usize,
}

/// What has come of a plan, as it is told.
#[serde_with::skip_serializing_none]
#[derive(Serialize, JsonSchema)]
pub(super) struct Report {
    plan: String,
    #[schemars(with = "Kind")]
    change: &'static str,
    count: usize,
    #[serde(flatten)]
    counts: Counts,
    /// Until when it can be called again
    expires_at: Option<Time>,
    items: Vec<Row>,
}

/// What has come of a booking, as it is told.
#[derive(Serialize, JsonSchema)]
struct Row {
    id: String,
    #[schemars(extend("enum" = ["done", "not_done", "unknown", "skipped", "left"]))]
    outcome: String,
    message: Option<String>,
}
