//! Changing when a user can be booked. OnceHub replaces whole days, so the current hours are read first, merged with
//! what is asked for, and read again afterwards.

mod hours;
mod location;
mod merge;
mod outside;
mod undo;
mod working_hours;

use serde_json::{Value, json};

pub use hours::{DateInput, DayInput};
use outside::Upcoming;
pub use outside::{Outside, is_within};
use working_hours::is_alike;
pub use working_hours::{When, WorkingHours};

use super::{Action, Context, Question, Seen, Subject};
use crate::oncehub::{Error, users};
use crate::records::failure::Failure;

/// A change of a user's working hours: the schedule before it, the schedule that is wanted, and where they differ.
pub struct Update {
    weekly: Vec<DayInput>,
    overrides: Vec<DateInput>,
    /// The hours as they were read.
    pub before: WorkingHours,
    /// The hours as they would be if OnceHub applied all of it.
    pub wanted: WorkingHours,
    /// The days and dates that OnceHub is sent, in the caller's order.
    pub changed: Vec<When>,
    /// What had to be left out or was superfluous.
    pub notes: Vec<String>,
    /// The bookings that it may leave outside of working hours; `None` if they could not be read.
    upcoming: Option<Upcoming>,
}

impl Update {
    /// Whether OnceHub has all of it already.
    pub fn is_so_already(&self) -> bool {
        let is_known = self.before.sent.weekly.is_some();
        is_known && self.changed.iter().all(|when| self.before.agrees(&self.wanted, *when))
    }

    /// Whether anything is different in a schedule that was read afterwards.
    pub fn has_changed(&self, after: &WorkingHours) -> bool {
        self.changed.iter().any(|when| self.before.entry(*when) != after.entry(*when))
    }

    /// Whether the wanted hours are in effect in a schedule that was read afterwards.
    pub fn is_applied(&self, after: &WorkingHours) -> bool {
        self.changed.iter().all(|when| is_alike(after.at(*when), self.wanted.at(*when)))
    }

    /// Describes the change up to a schedule on a line for each day and date; those that change alike share one.
    pub fn in_words(&self, after: &WorkingHours) -> Vec<String> {
        let line = |Alike { whens, before, after, is_usual }: Alike| {
            let usual = if is_usual { " (the usual hours)" } else { "" };
            let names = match range(&whens) {
                Some((first, last)) => format!("{first} to {last} ({} days)", whens.len()),
                None => whens.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            };
            format!("{names} {before} -> {after}{usual}")
        };
        self.alike(after).into_iter().map(line).collect()
    }

    /// Returns each day and date with its hours before, and in a schedule that was read afterwards; many dates that change
    /// alike as one range.
    pub fn rows(&self, after: &WorkingHours) -> Vec<Value> {
        let rows = |Alike { whens, before, after, .. }: Alike| match range(&whens) {
            Some((first, last)) => {
                let (from, to) = (first.named().1, last.named().1);
                vec![json!({"from": from, "to": to, "days": whens.len(), "before": before, "after": after})]
            }
            None => {
                let row = |(field, name): (&str, String)| json!({field: name, "before": before, "after": after});
                whens.into_iter().map(|when| row(when.named())).collect()
            }
        };
        self.alike(after).into_iter().flat_map(rows).collect()
    }

    /// Groups the days and dates by how they change up to a schedule.
    fn alike(&self, after: &WorkingHours) -> Vec<Alike> {
        let mut groups: Vec<Alike> = Vec::new();
        for when in &self.changed {
            let one = Alike {
                whens: vec![*when],
                before: when.told(self.before.at(*when)),
                after: when.told(after.at(*when)),
                is_usual: self.wanted.entry(*when).is_none(),
            };
            match groups.iter_mut().find(|group| group.changes_like(&one)) {
                Some(group) => group.whens.push(*when),
                None => groups.push(one),
            }
        }
        groups
    }
}

/// Days and dates that change alike.
struct Alike {
    whens: Vec<When>,
    before: String,
    after: String,
    /// Whether they have the usual hours again.
    is_usual: bool,
}

impl Alike {
    fn changes_like(&self, other: &Self) -> bool {
        (&self.before, &self.after, self.is_usual) == (&other.before, &other.after, other.is_usual)
    }
}

/// The most dates that are named one by one.
const NAMED: usize = 4;

/// Returns the first and the last of many dates in order; `None` if they are few, or days of the week are among them.
fn range(whens: &[When]) -> Option<(When, When)> {
    let date = |when: &When| if let When::Date(date) = when { Some(*date) } else { None };
    let dates: Vec<_> = whens.iter().map(date).collect::<Option<_>>()?;
    match whens {
        [first, .., last] if whens.len() > NAMED && dates.is_sorted() => Some((*first, *last)),
        _ => None,
    }
}

impl Action for Update {
    type Request = users::UpdateAvailability;

    fn question(&self) -> Question {
        let (user, zone) = (self.before.described(), self.before.zone.name());
        let changes = self.in_words(&self.wanted).join("; ");
        Question::ordinary(format!("Change the working hours of {user} (times in {zone}): {changes}"))
            .and(&self.outside_in_words())
    }

    async fn prepare(&mut self, context: &Context, was_asked: bool) -> Result<(), Failure> {
        if !was_asked {
            return Ok(());
        }
        // The person said yes to what they read.
        let asked = self.in_words(&self.wanted);
        let (user, weekly, overrides) = (self.before.user.clone(), self.weekly.clone(), self.overrides.clone());
        *self = Self::new(context, user, weekly, overrides).await?;
        if self.in_words(&self.wanted) != asked {
            let problem = "somebody else changed the hours while the question was open";
            let hint = "call again: the question will show them as they are now";
            return Err(Failure::not_confirmed(problem, hint));
        }
        Ok(())
    }

    fn request(&self) -> users::UpdateAvailability {
        let id = self.before.user.id.clone();
        let mut request = users::UpdateAvailability { id, weekly: Vec::new(), overrides: Vec::new() };
        for when in &self.changed {
            let working_hours = self.wanted.entry(*when).map(<[_]>::to_vec);
            match when {
                When::Day(_) => request
                    .weekly
                    .push(users::Day { day: when.named().1, working_hours: working_hours.unwrap_or_default() }),
                When::Date(_) => request.overrides.push(users::Override { date: when.named().1, working_hours }),
            }
        }
        request
    }

    fn subject(&self) -> Subject {
        let id = &self.before.user.id;
        Subject::new(format!("the availability of {id}"), format!("read it with get_scheduling_availability {id}"))
    }

    async fn look(&self, context: &Context) -> Result<Seen, Error> {
        let Self { before, wanted, changed, .. } = self;
        let now = WorkingHours::of(&context.names, before.user.clone()).await?;
        if changed.iter().any(|when| !before.agrees(wanted, *when) && now.agrees(wanted, *when)) {
            Ok(Seen::Done(now.sent.sent().into()))
        } else if changed.iter().all(|when| before.entry(*when) == now.entry(*when)) {
            Ok(Seen::Nothing)
        } else {
            Ok(Seen::Unclear)
        }
    }
}
