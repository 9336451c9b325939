//! Changing when a user can be booked. OnceHub replaces whole days, so the current hours are read first, merged with
//! what is asked for, and read again afterwards.

mod changes;
mod hours;
mod outside;
mod schedule;

use serde_json::{Map, Value};

use changes::is_same_row;
pub use changes::{Change, in_words, is_alike};
pub use hours::{DateInput, DayInput, Plan};
pub use outside::Outside;
pub use schedule::Schedule;

use super::{Action, Context, Question, Seen, Subject};
use crate::names::{Found, Names};
use crate::oncehub::{Error, Object, users};
use crate::records::Told;
use crate::records::availability::Availability;
use crate::records::failure::Failure;
use crate::records::time::Zone;
use crate::records::untrusted::quoted;

/// A user's working hours as they were read.
pub struct Read {
    /// What OnceHub sent, with its user.
    pub sent: Told<Availability>,
    /// The hours.
    pub schedule: Schedule,
}

impl Read {
    /// Reads what OnceHub sent about a user. Without a known zone, the times are in `otherwise`.
    pub fn new(object: Object, user: &Found, otherwise: &Zone) -> Self {
        let mut sent = Told::<Availability>::from(object);
        let schedule = Schedule::read(&sent, user, otherwise);
        sent.user_id = Some(user.id.to_string());
        sent.user_name = user.entry.as_ref().map(|entry| entry.name.clone());
        sent.timezone = Some(schedule.zone.name().to_owned());
        Self { sent, schedule }
    }

    /// Reads a user's hours.
    ///
    /// # Errors
    /// As [`Client::send`](crate::oncehub::Client::send).
    pub async fn of(names: &Names, user: &Found) -> Result<Self, Error> {
        let object = names.oncehub.send(&users::GetAvailability { id: user.id.clone() }).await?;
        Ok(Self::new(object, user, &names.zone))
    }
}

/// Returns a user's id and name.
pub fn described(user: &Found) -> String {
    match &user.entry {
        Some(entry) => format!("{} {}", user.id, quoted(&entry.name, 60)),
        None => user.id.to_string(),
    }
}

/// A change of a user's working hours.
pub struct Update {
    /// The user.
    pub user: Found,
    weekly: Vec<DayInput>,
    overrides: Vec<DateInput>,
    /// The hours before the change.
    pub before: Read,
    /// The whole days and dates that OnceHub is sent.
    pub plan: Plan,
    /// What will be different.
    pub wanted: Vec<Change>,
}

impl Update {
    /// Reads the user's hours, and plans to change the days and dates that are asked for.
    ///
    /// # Errors
    /// If what is asked for is not something that OnceHub accepts, or the hours cannot be read.
    pub async fn plan(
        context: &Context,
        user: Found,
        weekly: Vec<DayInput>,
        overrides: Vec<DateInput>,
    ) -> Result<Self, Failure> {
        let before = Read::of(&context.names, &user).await?;
        needs_what_is_there(&before.sent, &weekly, &overrides)?;
        let plan = Plan::make(&weekly, &overrides, &before.schedule, context.now())?;
        let wanted = Change::all(&plan, &before.schedule, |when| when.wanted(&plan, &before.schedule));
        Ok(Self { user, weekly, overrides, before, plan, wanted })
    }

    /// Whether OnceHub has all of it already.
    pub fn is_so_already(&self) -> bool {
        let is_so =
            |change: &Change| is_same_row(change.what.row(&self.before.schedule), change.what.wanted_row(&self.plan));
        self.wanted.iter().all(is_so)
    }
}

impl Action for Update {
    type Request = users::UpdateAvailability;

    fn question(&self) -> Question {
        let (user, zone) = (described(&self.user), self.before.schedule.zone.name());
        let changes = in_words(&self.wanted).join("; ");
        Question::ordinary(format!("Change the working hours of {user} (times in {zone}): {changes}?"))
    }

    fn unchanged(&self) -> Map<String, Value> {
        self.before.sent.sent()
    }

    async fn prepare(&mut self, context: &Context) -> Result<(), Failure> {
        if !context.was_asked {
            return Ok(());
        }
        // The person said yes to what they read.
        let asked = in_words(&self.wanted);
        let (user, weekly, overrides) = (self.user.clone(), self.weekly.clone(), self.overrides.clone());
        *self = Self::plan(context, user, weekly, overrides).await?;
        if in_words(&self.wanted) != asked {
            let problem = "somebody else changed the hours while the question was open";
            let hint = "call again: the question will show them as they are now";
            return Err(Failure::not_confirmed(problem, hint));
        }
        Ok(())
    }

    fn request(&self) -> users::UpdateAvailability {
        self.plan.request(&self.user.id)
    }

    fn subject(&self) -> Subject {
        let id = &self.user.id;
        Subject::new(format!("the availability of {id}"), format!("read it with get_scheduling_availability {id}"))
    }

    async fn look(&self, context: &Context) -> Result<Seen, Error> {
        let object = context.oncehub().send(&users::GetAvailability { id: self.user.id.clone() }).await?;
        let (before, now) = (&self.before.schedule, Read::new(object.clone(), &self.user, context.zone()).schedule);
        let is_settled = |change: &Change| {
            let wanted = change.what.wanted_row(&self.plan);
            !is_same_row(change.what.row(before), wanted) && is_same_row(change.what.row(&now), wanted)
        };
        if self.wanted.iter().any(is_settled) {
            Ok(Seen::Done(object))
        } else if self.wanted.iter().all(|change| change.what.row(before) == change.what.row(&now)) {
            Ok(Seen::Nothing)
        } else {
            Ok(Seen::Unclear)
        }
    }
}

/// Locations left out are filled in from the current hours: without those, they would be lost.
fn needs_what_is_there(sent: &Availability, weekly: &[DayInput], overrides: &[DateInput]) -> Result<(), Failure> {
    let ranges = weekly
        .iter()
        .map(|row| &row.working_hours)
        .chain(overrides.iter().filter_map(|row| row.working_hours.as_ref()));
    if sent.weekly.is_some() || ranges.flatten().all(|hours| hours.locations.is_some()) {
        return Ok(());
    }
    let problem = "OnceHub sent no hours, so meeting locations cannot be taken from them";
    let hint = "try again, or give locations with each range of hours ([] for none)";
    Err(Failure::argument("locations", problem, hint))
}
