//! The change that a plan makes to each of its bookings.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::actions::bookings::{invitation, notice};
use crate::names::Among;
use crate::records::{Booking, Failure, Told, word};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, schemars::JsonSchema, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub(super) enum Kind {
    Cancel,
    RequestReschedule,
    Reassign,
    MarkNoShow,
}

/// A change, with all that is the same for each booking.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct Change {
    pub(super) kind: Kind,
    pub(super) reason: Option<String>,
    pub(super) notify_guest: bool,
}

impl Kind {
    pub(super) fn name(self) -> &'static str {
        self.into()
    }

    /// Returns the bookings that a name can stand for.
    pub(super) fn among(self) -> Among {
        match self {
            Self::Cancel | Self::RequestReschedule => Among::Cancelable,
            Self::Reassign => Among::Upcoming,
            Self::MarkNoShow => Among::Past,
        }
    }

    /// Returns the status that it gives a booking, if that is what it changes.
    pub(super) fn becomes(self) -> Option<&'static str> {
        match self {
            Self::Cancel | Self::RequestReschedule => Some("canceled"),
            Self::Reassign => None,
            Self::MarkNoShow => Some("no_show"),
        }
    }
}

impl Change {
    /// Creates a change.
    ///
    /// # Errors
    /// If an argument is missing, or belongs to another kind.
    pub(super) fn new(
        kind: Kind,
        reason: Option<String>,
        notify_guest: bool,
        new_host: Option<&str>,
    ) -> Result<Self, Failure> {
        let has_reason = matches!(kind, Kind::Cancel | Kind::RequestReschedule);
        let (argument, problem, hint) = if reason.is_some() && !has_reason {
            ("reason", "only cancel and request_reschedule have one", "leave it out")
        } else if !notify_guest && kind != Kind::Cancel {
            ("notify_guest", "OnceHub can leave the guest unnotified only when it cancels", "leave it out, or cancel")
        } else if new_host.is_some() && kind != Kind::Reassign {
            ("new_host", "only reassign has one", "leave it out, or plan the change reassign")
        } else if new_host.is_none() && kind == Kind::Reassign {
            ("new_host", "is required to reassign", "give a user's name, e-mail or id; or auto, to have them chosen")
        } else {
            return Ok(Self { kind, reason, notify_guest });
        };
        Err(Failure::argument(argument, problem, hint))
    }

    /// Says why a booking cannot be changed so, by what it is now.
    pub(super) fn problem(&self, booking: &Told<Booking>, now: Timestamp) -> Option<String> {
        use Kind::{Cancel, MarkNoShow, Reassign, RequestReschedule};
        let is_ended = booking.span().is_some_and(|(_, ends)| ends <= now);
        let problem = match (self.kind, booking.status.as_deref().unwrap_or_default()) {
            _ if booking.is_deleted() => "it has been deleted",
            _ if booking.in_trash == Some(true) => "it is in the trash",
            (MarkNoShow | Reassign, "requested") => {
                "it awaits approval, which only OnceHub's own pages can give or decline"
            }
            (MarkNoShow, "no_show") => "it is a no-show already",
            (Cancel | RequestReschedule, "canceled") => "it is canceled already",
            (MarkNoShow | Reassign, "canceled") => "it is canceled",
            (_, "scheduled" | "rescheduled" | "requested" | "completed") if booking.span().is_none() => {
                "OnceHub does not say from when to when it is"
            }
            (MarkNoShow, "scheduled" | "rescheduled" | "completed") => {
                if booking.starts().is_some_and(|starts| starts <= now) {
                    return None;
                }
                "it has not begun yet"
            }
            (_, "completed" | "no_show") => "it is over",
            (_, "scheduled" | "rescheduled" | "requested") if is_ended => "it is over",
            (Cancel | RequestReschedule, "scheduled" | "rescheduled" | "requested") if booking.is_paid() => {
                "it is paid, so that only OnceHub's own pages can change it"
            }
            (_, "scheduled" | "rescheduled" | "requested") => return None,
            (_, other) => return Some(format!("its status is {}", word(other))),
        };
        Some(problem.to_owned())
    }

    /// Returns what happens to so many bookings, as an imperative.
    pub(super) fn imperative(&self, count: usize) -> String {
        let (bookings, guests) = if count == 1 { ("booking", "the guest") } else { ("bookings", "each guest") };
        match self.kind {
            Kind::Cancel => {
                let notice = notice(guests, self.reason.as_deref(), self.notify_guest);
                format!("cancel {count} {bookings}, {notice}")
            }
            Kind::RequestReschedule => {
                let invitation = invitation(guests, self.reason.as_deref());
                format!("cancel {count} {bookings}, {invitation}")
            }
            Kind::Reassign => format!("give {count} {bookings} to another host, and notify everyone"),
            Kind::MarkNoShow => format!("mark {count} {bookings} as missed by {guests}"),
        }
    }

    /// Returns what else is to be known before a plan is carried out.
    pub(super) fn to_know(&self) -> Option<&'static str> {
        match self.kind {
            Kind::RequestReschedule => Some(
                "These times become free, and guests may choose them again: close the days first with \
                 update_scheduling_availability.",
            ),
            Kind::MarkNoShow => Some("It cannot be undone here; whether anybody is e-mailed is not documented."),
            Kind::Cancel | Kind::Reassign => None,
        }
    }

    /// Returns what would happen to one booking.
    pub(super) fn would(&self) -> &'static str {
        match self.kind {
            Kind::Cancel if self.notify_guest => "canceled, the guest e-mailed",
            Kind::Cancel => "canceled, the guest not notified",
            Kind::RequestReschedule => "canceled, the guest e-mailed to choose another time",
            Kind::Reassign => "given to the new host, everyone notified",
            Kind::MarkNoShow => "marked as missed by the guest",
        }
    }
}
