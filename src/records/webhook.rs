//! Webhooks: the addresses that OnceHub posts to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::line::Line;
use super::{Record, Time, Zone, time, word};

/// A webhook.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct Webhook {
    pub id: Option<String>,
    pub api_version: Option<String>,
    pub name: Option<String>,
    /// Where OnceHub posts to
    pub url: Option<String>,
    pub events: Option<Vec<String>>,
    pub creation_time: Option<Time>,
    /// What signs each delivery: told by nothing but the reply to its creation, whatever its type.
    #[serde(skip_serializing)]
    #[schemars(skip)]
    pub secret: Option<Value>,
}

impl Record for Webhook {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn line(&self, zone: &Zone) -> Line {
        let events: Vec<String> = self.events.iter().flatten().map(|event| word(event)).collect();
        Line::of(self.id())
            .quoted(self.name.as_deref())
            .word(self.url.as_deref())
            .said((!events.is_empty()).then(|| events.join(", ")))
            .said(self.creation_time.map(|at| format!("created {}", time::local(at.0, zone))))
            .labelled_word("API", self.api_version.as_deref())
    }
}
