//! Booking pages of OnceHub Classic.

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
use crate::oncehub::{Object, booking_pages};

impl Tools {
    pub(super) fn booking_pages() -> Vec<ToolRouter<Self>> {
        vec![Self::finding_pages()]
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListBookingPages {
    /// Name, URL or id
    master_page: Option<String>,
    /// Name or id
    event_type: Option<String>,
    /// Name, e-mail, id or `me`
    user: Option<String>,
    #[schemars(range(min = 1, max = 500), extend("default" = 25))]
    limit: Option<u32>,
    /// A next_cursor
    cursor: Option<String>,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetBookingPage {
    /// Id, exact name or URL
    booking_page_id: String,
}

const FIELDS: &[Field] = &[
    ("id", "string", ""),
    ("name", "string", "What the account calls it"),
    ("label", "string", "What guests read"),
    ("url", "string", "Where guests book"),
    ("active", "boolean", "Whether it takes bookings"),
    ("timezone", "string", ""),
];

#[tool_router(router = finding_pages)]
impl Tools {
    /// Find booking pages of OnceHub Classic: name, URL, time zone, whether active. Use one to filter `list_bookings`.
    /// None can be booked from here: for that see `list_booking_calendars`.
    #[tool(
        title = "List booking pages",
        input_schema = schema::input::<ListBookingPages>(),
        output_schema = schema::list(schema::object(FIELDS), &[("asked", "string", "The filters, as understood")]),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn list_booking_pages(&self, mut call: Call) -> Result<Reply, Failure> {
        let ListBookingPages { master_page, event_type, user, limit, cursor } = call.input()?;
        let zone = &self.settings.zone;
        let mut asked = Asked::by(&call, zone);
        let filter = booking_pages::All {
            master_page: asked.named(Noun::MasterPages, "master_page", master_page.as_deref()).await?,
            event_type: asked.named(Noun::EventTypes, "event_type", event_type.as_deref()).await?,
            user: asked.named(Noun::Users, "user", user.as_deref()).await?,
        };
        let found = call.gather(&filter, limit, cursor.as_deref(), None).await?;
        Ok(found.rows("booking page", &asked, |page| shown(page, zone)))
    }

    /// Read one Classic booking page: label, URL, time zone, whether active. Not needed after `list_booking_pages`,
    /// which shows the same. Bookings: `list_bookings` (booking_page).
    #[tool(
        title = "Get booking page",
        input_schema = schema::input::<GetBookingPage>(),
        output_schema = schema::output(FIELDS),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn get_booking_page(&self, mut call: Call) -> Result<Reply, Failure> {
        let GetBookingPage { booking_page_id } = call.input()?;
        let id = call.find(&[Noun::BookingPages], "booking_page_id", &booking_page_id).await?.id;
        let page = call.read(&booking_pages::Get::new(id.clone()), &id).await?;
        Ok(Reply::of(shown(&page, &self.settings.zone)))
    }
}

fn shown(page: &Object, zone: &Zone) -> (Map<String, Value>, String) {
    let label = page.text("label").filter(|label| Some(*label) != page.text("name"));
    let line = Line::of(page)
        .quoted(page.text("name"))
        .labelled_quoted("for guests:", label)
        .said(page.flag("active").map(|active| if active { "active" } else { "not active" }.to_owned()))
        .zone(page.text("timezone"))
        .word(page.text("url"));
    (present(page.clone(), zone), line.end())
}
