//! One-time links, to a booking calendar or a Classic master page: each is good for one booking.

use serde_json::{Map, Value};

use super::Zone;
use super::call::Call;
use super::failure::Failure;
use super::names::Found;
use super::reply::present;
use super::untrusted::word;
use crate::oncehub::{Endpoint, Object, Outcome};

impl Call {
    /// Creates a link. OnceHub does not list links, so one whose response was lost cannot be found.
    pub(super) async fn one_time_link<E: Endpoint<Response = Object>>(&self, request: &E) -> Result<Object, Failure> {
        self.for_write().send(request).await.map_err(|error| {
            let failure = Failure::of_write(&error);
            if failure.outcome != Some(Outcome::Unknown) {
                return failure;
            }
            failure.hint(
                "OnceHub cannot be asked whether the link was made; making another does no harm: one that nobody has is \
                 never used, and vanishes after 90 days",
            )
        })
    }
}

/// Shows a link as fields and as text; `argument` names the page that it opens.
pub(super) fn shown(link: Object, argument: &str, page: &Found, zone: &Zone) -> (Map<String, Value>, String) {
    let url = link.text("url").map_or("(OnceHub gave no address)".to_owned(), word);
    let mut fields = present(link, zone);
    fields.insert(argument.to_owned(), page.id.as_str().into());
    fields.insert("time_zone".into(), zone.name().into());
    let id = fields.get("id").and_then(Value::as_str).unwrap_or_default();
    let made = fields.get("creation_time_local").and_then(Value::as_str).unwrap_or_default();
    let text = format!("{url}\nserves for one booking on {}; link {}, made {made}", page.described(), word(id));
    (fields, text)
}
