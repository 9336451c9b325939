//! Changing when a user can be booked. OnceHub replaces whole days, so the current hours are read first, merged with
//! what is asked for, and read again afterwards.

mod hours;
mod location;
mod outside;
mod plan;
mod schedule;

use serde_json::{Map, Value};

pub use hours::{DateInput, DayInput};
pub use outside::Outside;
pub use plan::Plan;
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
    /// What OnceHub sent before the change.
    pub sent: Told<Availability>,
    /// The hours before the change, and those that are wanted.
    pub plan: Plan,
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
        let Read { sent, schedule } = Read::of(&context.names, &user).await?;
        needs_what_is_there(&sent, &weekly, &overrides)?;
        let plan = Plan::make(&weekly, &overrides, schedule, context.now())?;
        Ok(Self { user, weekly, overrides, sent, plan })
    }
}

impl Action for Update {
    type Request = users::UpdateAvailability;

    fn question(&self) -> Question {
        let (user, zone) = (described(&self.user), self.plan.before.zone.name());
        let changes = self.plan.in_words(&self.plan.wanted).join("; ");
        Question::ordinary(format!("Change the working hours of {user} (times in {zone}): {changes}?"))
    }

    fn unchanged(&self) -> Map<String, Value> {
        self.sent.sent()
    }

    async fn prepare(&mut self, context: &Context) -> Result<(), Failure> {
        if !context.was_asked {
            return Ok(());
        }
        // The person said yes to what they read.
        let asked = self.plan.in_words(&self.plan.wanted);
        *self = Self::plan(context, self.user.clone(), self.weekly.clone(), self.overrides.clone()).await?;
        if self.plan.in_words(&self.plan.wanted) != asked {
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
        let now = Read::new(object.clone(), &self.user, context.zone()).schedule;
        let Plan { before, wanted, changed, .. } = &self.plan;
        if changed.iter().any(|when| !before.agrees(wanted, *when) && now.agrees(wanted, *when)) {
            Ok(Seen::Done(object))
        } else if changed.iter().all(|when| before.entry(*when) == now.entry(*when)) {
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
