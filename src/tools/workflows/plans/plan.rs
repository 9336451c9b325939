//! Making a plan: what would happen to each booking.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::change::{Change, Kind};
use super::chosen::Chosen;
use super::hosts::{Diary, Span, choose, colleagues, diaries};
use super::kept::{Item, Plan, Plans, State, Was, expiry};
use crate::names::{Found, thousands};
use crate::oncehub::{Budget, Id};
use crate::records::booking::{Beside, agenda_with};
use crate::records::{Booking, Failure, Noun, Time, Told, Zone, quoted, time};
use crate::tools::call::Call;
use crate::tools::reply::Reply;

/// The most users among whom new hosts are chosen.
const CANDIDATES: usize = 20;

/// A plan that is being made.
pub(super) struct Draft {
    change: Change,
    chosen: Chosen,
    /// What would happen to each of the chosen bookings, in their order.
    fates: Vec<Fate>,
    /// How many diaries carrying it out takes.
    diaries: usize,
}

/// What would happen to a booking.
#[derive(Default)]
struct Fate {
    id: Option<Id>,
    /// Why nothing can.
    problem: Option<String>,
    new_host: Option<Found>,
    is_outside: bool,
}

impl Draft {
    /// Says of each booking whether it can be changed.
    pub(super) fn new(call: &Call, change: Change, mut chosen: Chosen) -> Self {
        chosen.bookings.sort_by(|one, other| (one.starts(), &one.id).cmp(&(other.starts(), &other.id)));
        let fate = |booking: &Told<Booking>| {
            let id: Option<Id> = booking.id.as_deref().and_then(|id| id.parse().ok());
            let is_co_hosted = |host: &&Found| booking.owner.is_some() && !booking.is_owned_by(host.id.as_str());
            let problem = match chosen.host.as_ref().filter(is_co_hosted) {
                _ if id.is_none() => Some("OnceHub does not say its id".to_owned()),
                Some(host) => Some(format!("{} only co-hosts it", host.described())),
                None => change.problem(booking, call.now()),
            };
            Fate { id, problem, ..Fate::default() }
        };
        let fates = chosen.bookings.iter().map(fate).collect();
        Self { change, chosen, fates, diaries: 0 }
    }

    /// Returns the bookings that can be changed, with from when to when they are.
    fn possible(&mut self) -> impl Iterator<Item = (&Told<Booking>, Span, &mut Fate)> {
        let all = self.chosen.bookings.iter().zip(&mut self.fates);
        all.filter(|(_, fate)| fate.problem.is_none())
            .filter_map(|(booking, fate)| Some((booking, booking.span()?, fate)))
    }

    /// Returns from when to when all of the bookings are that can be changed; `None` if there are none.
    fn span(&mut self) -> Option<Span> {
        self.possible().map(|(_, span, _)| span).reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)))
    }

    /// Gives each booking to one new host, unless they have another then.
    ///
    /// # Errors
    /// If there is no such user who can host, or OnceHub cannot be asked.
    pub(super) async fn give_to(&mut self, call: &Call, host: &str) -> Result<(), Failure> {
        let host = call.names.find(&[Noun::Users], "new_host", host).await?;
        if host.entry.as_ref().and_then(|entry| entry.status.as_deref()).is_some_and(|status| status == "invited") {
            let problem = format!("{} has not accepted the invitation yet", host.described());
            return Err(Failure::argument("new_host", problem, "choose another user, or auto"));
        }
        let Some(span) = self.span() else { return Ok(()) };
        let mut known = diaries(&call.names, vec![host.clone()], span, true).await?;
        let Some(diary) = known.get_mut(&host.id) else {
            let problem = format!("new_host: {} is not there any more", host.described());
            return Err(Failure::not_found("new_host", problem, "choose another user, or auto"));
        };
        for (booking, span, fate) in self.possible() {
            if booking.is_owned_by(host.id.as_str()) {
                fate.problem = Some(format!("{} is its host already", host.described()));
            } else if diary.is_taken(booking, span) {
                fate.problem = Some(format!("{} has another booking then", host.described()));
            } else {
                fate.give(diary, span);
            }
        }
        self.diaries = 1;
        Ok(())
    }

    /// Gives each booking, in the order of their times, to a colleague of its host who has time, as far as OnceHub knows.
    ///
    /// # Errors
    /// If there are too many of them, or OnceHub cannot be asked.
    pub(super) async fn assign(&mut self, call: &Call) -> Result<(), Failure> {
        let Some(span) = self.span() else { return Ok(()) };
        let (oncehub, directory) = (call.oncehub(), &call.names.directory);
        let users = directory.all(oncehub, Noun::Users).await?;
        let calendars = directory.all(oncehub, Noun::Calendars).await?;
        let leaving = self.chosen.host.as_ref().map(|host| host.id.clone());
        let among = |booking: &Booking| -> Vec<Id> {
            let mut ids = colleagues(booking, &calendars, &users);
            ids.retain(|id| Some(id) != leaving.as_ref());
            ids
        };
        let all: BTreeSet<Id> = self.possible().flat_map(|(booking, ..)| among(booking)).collect();
        if all.len() > CANDIDATES {
            let problem = format!(
                "there are {} possible hosts, and the time of at most {CANDIDATES} is looked at in one call",
                all.len()
            );
            return Err(Failure::argument(
                "new_host",
                problem,
                "name a user, or plan the bookings of one calendar at a time",
            ));
        }
        let found = all.into_iter().map(|id| {
            let entry = users.get(id.as_str()).cloned();
            Found { id, entry, by_part: false }
        });
        let mut known = diaries(&call.names, found.collect(), span, true).await?;
        let mut is_for_nobody = false;
        for (booking, span, fate) in self.possible() {
            match choose(&known, &among(booking), booking, span) {
                Ok(id) => known.get_mut(&id).into_iter().for_each(|diary| fate.give(diary, span)),
                Err(why) => {
                    fate.problem = Some(why);
                    is_for_nobody = true;
                }
            }
        }
        if !users.is_known() || !calendars.is_known() {
            let read = thousands(users.count());
            self.chosen.notes.push(format!("Only the first {read} users, and as many calendars, were considered."));
        }
        self.chosen.notes.push(ASSIGNED.to_owned());
        if is_for_nobody {
            self.chosen.notes.push(NEXT.to_owned());
        }
        let hosts: BTreeSet<&Id> = self.fates.iter().filter_map(|fate| Some(&fate.new_host.as_ref()?.id)).collect();
        self.diaries = hosts.len();
        Ok(())
    }

    /// Keeps the plan, if there is anything in it, and tells it.
    ///
    /// # Errors
    /// If a reply cannot show all of it: nobody agrees to what was not shown.
    pub(super) async fn keep(self, call: &Call, plans: &Plans, zone: &Zone) -> Result<Reply, Failure> {
        let Self { change, chosen: Chosen { bookings, words, notes, .. }, fates, diaries } = self;
        let items: Vec<Item> = bookings.iter().zip(&fates).filter_map(|(booking, fate)| fate.item(booking)).collect();
        let (count, expires_at) = (items.len(), expiry(call));
        let plan = Plan { change: change.clone(), items, expires_at, is_agreed: false };
        let plan = if count > 0 { Some(plans.keep(call, plan).await?) } else { None };
        // A list of them all, what else the new hosts have, and each change.
        let requests = plan.as_ref().map(|_| 1 + diaries + count);
        let planned = Planned {
            change: change.kind.name(),
            reason: change.reason.clone(),
            notify_guest: (change.kind == Kind::Cancel).then_some(change.notify_guest),
            count,
            expires_at: plan.as_ref().map(|_| expires_at),
            requests,
            seconds: requests.map(|requests| seconds(&call.oncehub().settings().budget, requests)),
            plan,
            items: Vec::new(),
            asked: Some(words.join("; ")).filter(|words| !words.is_empty()),
            note: None,
        };
        let mut rows: Vec<Told<Booking>> = bookings.into_iter().map(Told::<Booking>::brief).collect();
        call.names.fill(&mut rows).await;
        rows.iter_mut().for_each(|booking| booking.leave_usual_subject_out());
        let mut text = planned.text(&change, &rows, &fates, zone);
        if let Some(plan) = &planned.plan {
            let next = if call.offers("carry_out_plan") {
                format!("carry_out_plan with plan {plan}, change {}, count {count}", planned.change)
            } else {
                "nothing here, since carry_out_plan is not offered".to_owned()
            };
            let _ = write!(text, "\nnext: {next}");
        }
        let items = |whole: bool| -> Vec<Value> {
            rows.iter().zip(&fates).map(|(row, fate)| fate.row(row, &change, zone, whole)).collect()
        };
        let mut reply = Reply::new(planned, text).localised(zone).in_zone(zone);
        reply.put("items", items(true));
        let (most, structured) = (call.settings.max_reply, call.settings.structured);
        if reply.size(structured) > most {
            // The text has the rest of each.
            reply.put("items", items(false));
        }
        if reply.size(structured) > most {
            let problem = format!("these {} bookings take more than a reply can show, so no plan was made", rows.len());
            let hint = "plan fewer at once: a shorter range, or one calendar at a time";
            return Err(Failure::argument("select", problem, hint));
        }
        notes.iter().for_each(|note| reply.note(note));
        change.to_know().filter(|_| count > 0).into_iter().for_each(|note| reply.note(note));
        Ok(reply)
    }
}

const ASSIGNED: &str = "Who has time is known from bookings and working hours in OnceHub; calendars outside of it were not \
                        looked at.";
const NEXT: &str = "auto looks at those of the calendar's team, or of its host's teams. For anybody else, plan with new_host; or \
                    plan request_reschedule, so that guests choose another time.";
const OUTSIDE: &str = "outside of their working hours";

impl Fate {
    /// Gives the booking to a host.
    fn give(&mut self, diary: &mut Diary, span: Span) {
        self.is_outside = diary.works(span) == Some(false);
        self.new_host = Some(diary.user.clone());
        diary.give(span);
    }

    /// Returns what is kept of a booking, if it can be changed.
    fn item(&self, booking: &Booking) -> Option<Item> {
        let id = self.id.clone().filter(|_| self.problem.is_none())?;
        let new_host = self.new_host.as_ref().map(|host| host.id.clone());
        Some(Item { id, was: Was::of(booking), new_host, state: State::Left { again: None } })
    }

    /// Returns the fields of a booking, after what would happen to it.
    fn row(&self, booking: &Told<Booking>, change: &Change, zone: &Zone, whole: bool) -> Value {
        let outside = if self.is_outside { format!("; {OUTSIDE}") } else { String::new() };
        let would = self.problem.is_none().then(|| format!("{}{outside}", change.would()));
        let new_host = self.new_host.as_ref();
        let said = [
            ("would", would),
            ("problem", self.problem.clone()),
            ("new_host", new_host.map(|host| host.id.to_string())),
            ("new_host_name", new_host.and_then(|host| Some(host.entry.as_ref()?.name.clone()))),
        ];
        let said = said.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?))));
        let mut fields = booking.fields(zone);
        fields.retain(|name, _| whole || matches!(name.as_str(), "id" | "status" | "starting_time"));
        said.chain(fields).collect::<Map<_, _>>().into()
    }

    /// Returns what a line of the agenda ends with.
    fn remark(&self) -> Option<String> {
        let outside = if self.is_outside { format!(", {OUTSIDE}") } else { String::new() };
        let problem = self.problem.as_ref().map(|problem| format!("not changed: {problem}"));
        let new_host = || {
            let host = self.new_host.as_ref()?;
            let name = host.entry.as_ref().map(|entry| format!("{} ", quoted(&entry.name, 60))).unwrap_or_default();
            Some(format!("-> {name}{}{outside}", host.id))
        };
        problem.or_else(new_host)
    }
}

/// Returns about how long so many requests take, one after another, within the rate limits.
fn seconds(budget: &Budget, requests: usize) -> u64 {
    let waits = budget.left().into_iter().map(|(window, left)| {
        let waits = requests.saturating_sub(left).div_ceil(window.requests.max(1));
        window.period.as_secs() * waits as u64
    });
    waits.max().unwrap_or_default() + (requests as u64).div_ceil(4)
}

/// A plan, as it is told.
#[serde_with::skip_serializing_none]
#[derive(Serialize, JsonSchema)]
pub(super) struct Planned {
    /// For carry_out_plan; none if nothing can be changed
    plan: Option<String>,
    #[schemars(with = "Kind")]
    change: &'static str,
    /// All that guests would read of it
    reason: Option<String>,
    /// Of cancel
    notify_guest: Option<bool>,
    /// How many bookings would be changed
    count: usize,
    expires_at: Option<Time>,
    /// About how many requests carrying it out takes
    requests: Option<usize>,
    /// About how long it takes
    seconds: Option<u64>,
    /// The earliest first
    items: Vec<PlannedBooking>,
    /// What was selected by, as understood
    asked: Option<String>,
    /// Anything else to know
    note: Option<String>,
}

impl Planned {
    /// Returns what is planned in words: of each booking what would happen.
    fn text(&self, change: &Change, rows: &[Told<Booking>], fates: &[Fate], zone: &Zone) -> String {
        let (count, of) = (self.count, rows.len());
        let mut text = match (&self.plan, self.requests, self.seconds, self.expires_at) {
            (Some(plan), Some(requests), Some(seconds), Some(expires_at)) => {
                let (what, until) = (change.imperative(count), time::local(expires_at.0, zone));
                let of =
                    if of > count { format!(" ({} of {of} cannot be changed)", of - count) } else { String::new() };
                format!(
                    "Plan {plan}: {what}{of}. Nothing is changed yet. It takes about {requests} requests and {seconds} s, \
                     and is kept until {until}."
                )
            }
            _ if of == 0 => "No bookings to change: no plan was made.".to_owned(),
            _ => format!("None of {of} bookings can be changed: no plan was made."),
        };
        if let Some(asked) = &self.asked {
            let _ = write!(text, "\nselected: {asked}");
        }
        let beside =
            |at: usize, _: &Told<Booking>| Beside { remark: fates.get(at).and_then(Fate::remark), ..Beside::default() };
        if !rows.is_empty() {
            let _ = write!(text, "\n{}", agenda_with(rows, zone, beside));
        }
        text
    }
}

/// A booking of a plan, as it is told.
#[derive(Serialize, JsonSchema)]
struct PlannedBooking {
    /// What would happen
    would: Option<String>,
    /// Why nothing can happen
    problem: Option<String>,
    new_host: Option<String>,
    new_host_name: Option<String>,
    #[serde(flatten)]
    booking: Told<Booking>,
}
