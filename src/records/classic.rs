//! What OnceHub Classic has: booking pages, master pages and event types.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::line::Line;
use super::{Record, Zone};

/// A booking page of OnceHub Classic, or a master page, which has no zone.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct ClassicPage {
    pub id: Option<String>,
    /// What the account calls it
    pub name: Option<String>,
    /// What guests read
    pub label: Option<String>,
    /// Where guests book
    pub url: Option<String>,
    /// Whether it takes bookings
    pub active: Option<bool>,
    pub timezone: Option<String>,
}

impl Record for ClassicPage {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn line(&self, _: &Zone) -> Line {
        Line::of(self.id())
            .quoted(self.name.as_deref())
            .labelled_quoted("for guests:", self.label.as_deref().filter(|label| Some(*label) != self.name.as_deref()))
            .said(self.active.map(|active| if active { "active" } else { "not active" }.to_owned()))
            .zone(self.timezone.as_deref())
            .word(self.url.as_deref())
    }
}

/// An event type of OnceHub Classic.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct EventType {
    pub id: Option<String>,
    pub name: Option<String>,
    /// What guests read
    pub description: Option<String>,
}

impl Record for EventType {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn line(&self, _: &Zone) -> Line {
        Line::of(self.id()).quoted(self.name.as_deref()).labelled_quoted("for guests:", self.description.as_deref())
    }
}
