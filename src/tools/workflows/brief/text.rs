//! What is known about a meeting, as fields and in words.

use serde_json::{Map, Value, json};

use super::known::{About, Answer, Card, History};
use crate::records::line::zone_word;
use crate::records::{quoted, word};

/// The longest answer that a text shows, in characters.
const LONGEST: usize = 300;

impl About {
    /// Returns the fields that go into the structure beside the booking's own.
    pub(super) fn fields(&self) -> Map<String, Value> {
        let all = json!({
            "join_url": self.join_url, "location": self.location, "answers": self.answers, "contact_card": self.card,
            "history": self.history, "warnings": self.warnings,
        });
        let mut fields = all.as_object().cloned().unwrap_or_default();
        fields.retain(|_, value| !value.is_null());
        fields
    }

    /// Returns a line for each.
    pub(super) fn lines(&self) -> String {
        let answers: Vec<String> = self.answers.iter().map(Answer::text).collect();
        let lines = [
            self.join_url.as_deref().map(|url| format!("join: {}", word(url))),
            self.location.as_deref().map(|place| format!("location: {}", quoted(place, LONGEST))),
            (!answers.is_empty()).then(|| format!("answers: {}", answers.join("; "))),
            self.card.as_ref().and_then(|card| card.text(self)),
            self.history.as_ref().map(History::text),
            (!self.warnings.is_empty()).then(|| format!("warning: {}", self.warnings.join("; "))),
        ];
        lines.into_iter().flatten().collect::<Vec<_>>().join("\n")
    }
}

impl Answer {
    fn text(&self) -> String {
        let name = match self.name.as_str() {
            own @ ("company" | "phone" | "note" | "guests") => own.to_owned(),
            others => quoted(others, 60),
        };
        let values: Vec<String> = self.values.iter().map(|value| quoted(value, LONGEST)).collect();
        format!("{name} {}", values.join(", "))
    }
}

impl Card {
    /// Returns what the guest has not said already.
    fn text(&self, about: &About) -> Option<String> {
        let answered = about.answers.iter().flat_map(|answer| &answer.values).chain(&about.guest);
        let said: Vec<&str> = answered.map(String::as_str).collect();
        let own = [&self.name, &self.job_title, &self.company, &self.status, &self.phone, &self.city, &self.country];
        let own = own.into_iter().flatten().filter(|text| !said.contains(&text.as_str())).map(|text| quoted(text, 80));
        let parts: Vec<String> = own.chain(self.timezone.as_deref().map(zone_word)).collect();
        (!parts.is_empty()).then(|| format!("contact: {}", parts.join(", ")))
    }
}

impl History {
    fn text(&self) -> String {
        let Self { met, last_met_local, no_shows, canceled, upcoming, is_cut, .. } = self;
        let last = last_met_local.as_ref().map(|at| format!(" (last {at})")).unwrap_or_default();
        let of = if is_cut.is_some() { ", of the newest 100" } else { "" };
        format!("history: met {met}{last}, no-shows {no_shows}, canceled {canceled}, others to come {upcoming}{of}")
    }
}
