//! Booking calendars.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::line::Line;
use super::user::with_name;
use super::{Lookup, Noun, Record, Zone};

/// A booking calendar.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct BookingCalendar {
    pub id: Option<String>,
    /// Id of a user or a team
    pub host: Option<String>,
    pub host_name: Option<String>,
    /// What the account calls it
    pub name: Option<String>,
    /// What guests read
    pub subject: Option<String>,
    /// Where guests book
    pub url: Option<String>,
    /// Whether it can be booked
    pub published: Option<bool>,
    /// One of up to four that it may offer
    pub duration_minutes: Option<i64>,
    /// Whether a team hosts it.
    #[serde(skip)]
    is_teams: bool,
}

impl Record for BookingCalendar {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn line(&self, _: &Zone) -> Line {
        let label = if self.is_teams { "team" } else { "host" };
        let host = self.host.as_deref().map(|id| format!("{label} {}", with_name(id, self.host_name.as_deref())));
        let subject = self.subject.as_deref().filter(|subject| Some(*subject) != self.name.as_deref());
        Line::of(self.id())
            .quoted(self.name.as_deref())
            .labelled_quoted("for guests:", subject)
            .said(self.duration_minutes.map(|minutes| format!("{minutes} min")))
            .said(host)
            .said((self.published == Some(false)).then(|| "not published: cannot be booked".to_owned()))
            .word(self.url.as_deref())
    }

    fn complete(&mut self, find: &mut Lookup<'_>) {
        let host = self.host.as_deref().and_then(|id| find(&[Noun::Users, Noun::Teams], id));
        self.is_teams = host.as_ref().is_some_and(|host| host.noun == Noun::Teams);
        self.host_name = host.map(|host| host.name);
    }
}
