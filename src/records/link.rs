//! One-time links, to a booking calendar or a Classic master page: each is good for one booking.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Time, Told, Zone, time, word};

/// A one-time link.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct Link {
    /// The link's own id, not a booking's
    pub id: Option<String>,
    /// What to give to the guest
    pub url: Option<String>,
    pub creation_time: Option<Time>,
    pub calendar_id: Option<String>,
    pub master_page_id: Option<String>,
    /// Id of the requested user
    pub host: Option<String>,
    /// Ids of users
    pub co_hosts: Option<Vec<String>>,
}

impl Told<Link> {
    /// Returns the link, and what it opens, which is described as `page`.
    pub fn invitation(&self, page: &str, zone: &Zone) -> String {
        let url = self.url.as_deref().map_or("(OnceHub returned no URL)".to_owned(), word);
        let made = self.creation_time.map(|at| time::local(at.0, zone)).unwrap_or_default();
        let id = self.id.as_deref().unwrap_or_default();
        format!("{url}\ngood for one booking on {page}; link {}, created {made}", word(id))
    }
}
