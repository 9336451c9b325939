//! Event types of OnceHub Classic.

use rmcp::handler::server::tool::ToolRouter;
use rmcp::{tool, tool_router};
use serde_json::{Map, Value};

use super::asked::Asked;
use super::call::Call;
use super::failure::Failure;
use super::line::Line;
use super::names::Noun;
use super::reply::{Reply, present};
use super::schema::Field;
use super::{Tools, Zone, schema};
use crate::oncehub::{Object, event_types};

impl Tools {
    pub(super) fn event_types() -> Vec<ToolRouter<Self>> {
        vec![Self::finding_event_types()]
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListEventTypes {
    #[schemars(range(min = 1, max = 500), extend("default" = 25))]
    limit: Option<u32>,
    /// A next_cursor
    cursor: Option<String>,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetEventType {
    /// Id or exact name
    event_type_id: String,
}

const FIELDS: &[Field] = &[("id", "string", ""), ("name", "string", ""), ("description", "string", "What guests read")];

#[tool_router(router = finding_event_types)]
impl Tools {
    /// List the event types (kinds of meeting) of OnceHub Classic: name, description. Use one to filter `list_bookings`
    /// or `list_booking_pages`. Newer booking calendars have none.
    #[tool(
        title = "List event types",
        input_schema = schema::input::<ListEventTypes>(),
        output_schema = schema::list(schema::object(FIELDS), &[]),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn list_event_types(&self, mut call: Call) -> Result<Reply, Failure> {
        let ListEventTypes { limit, cursor } = call.input()?;
        let zone = &self.settings.zone;
        let found = call.gather(&event_types::All::default(), limit, cursor.as_deref(), None).await?;
        Ok(found.rows("event type", &Asked::by(&call, zone), |kind| shown(kind, zone)))
    }

    /// Read one Classic event type: name, description. Not needed after `list_event_types`, which shows the same.
    /// Bookings: `list_bookings` (event_type).
    #[tool(
        title = "Get event type",
        input_schema = schema::input::<GetEventType>(),
        output_schema = schema::output(FIELDS),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn get_event_type(&self, mut call: Call) -> Result<Reply, Failure> {
        let GetEventType { event_type_id } = call.input()?;
        let id = call.find(&[Noun::EventTypes], "event_type_id", &event_type_id).await?.id;
        let kind = call.read(&event_types::Get::new(id.clone()), &id).await?;
        Ok(Reply::of(shown(&kind, &self.settings.zone)))
    }
}

fn shown(kind: &Object, zone: &Zone) -> (Map<String, Value>, String) {
    let line = Line::of(kind).quoted(kind.text("name")).labelled_quoted("for guests:", kind.text("description"));
    (present(kind.clone(), zone), line.end())
}
