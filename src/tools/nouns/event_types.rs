//! Event types of OnceHub Classic.

use rmcp::{tool, tool_router};

use crate::oncehub::Collection;
use crate::records::{EventType, Noun};
use crate::tools::{Answer, Call, Paging, Parameters, Tools, schema};

#[tool_router(router = event_types, vis = "pub(in crate::tools)")]
impl Tools {
    /// List the event types (kinds of meeting) of OnceHub Classic: name, description. Use one to filter `list_bookings`
    /// or `list_booking_pages`. Newer booking calendars have none.
    #[tool(title = "List event types", annotations(read_only_hint = true), output_schema = schema::list::<EventType>(schema::NEWEST))]
    async fn list_event_types(&self, call: Call, Parameters(paging): Parameters<Paging>) -> Answer {
        paging.list::<EventType>(&call, &Collection::EventTypes.all(), "event type").await
    }

    /// Read one Classic event type: name, description; `list_event_types` shows the same. Bookings: `list_bookings`
    /// (event_type).
    #[tool(title = "Get event type", annotations(read_only_hint = true), output_schema = schema::read::<EventType>())]
    async fn get_event_type(&self, call: Call, Parameters(input): Parameters<GetEventType>) -> Answer {
        call.one::<EventType>(Noun::EventTypes, "event_type_id", &input.event_type_id).await
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct GetEventType {
    /// Id or exact name
    event_type_id: String,
}
