//! Master pages, which group OnceHub Classic's booking pages.

use serde::Serialize;

use super::Id;

/// `POST /master-pages/{id}/one-time-links`: a link for a single booking. Operation `create-one-time-link`.
#[derive(Clone, Debug, Serialize)]
pub struct CreateOneTimeLink {
    /// The master page.
    #[serde(skip)]
    pub id: Id,
}

endpoint!(CreateOneTimeLink: POST "master-pages" / id / "one-time-links" -> Object);
