//! Booking pages of OnceHub Classic.

use rmcp::{tool, tool_router};

use crate::oncehub::booking_pages;
use crate::records::{ClassicPage, Noun};
use crate::tools::{Answer, Asked, Call, Paging, Parameters, Tools, rows, schema};

#[tool_router(router = booking_pages, vis = "pub(in crate::tools)")]
impl Tools {
    /// Find booking pages of OnceHub Classic: name, URL, time zone, whether active. Use one to filter `list_bookings`.
    /// They cannot be booked from here: for that see `list_booking_calendars`.
    #[tool(title = "List booking pages", annotations(read_only_hint = true), output_schema = schema::list::<ClassicPage>(schema::NEWEST))]
    async fn list_booking_pages(&self, call: Call, Parameters(input): Parameters<ListBookingPages>) -> Answer {
        let mut asked = Asked::by(&call, call.zone());
        let filter = booking_pages::All {
            master_page: asked.named(Noun::MasterPages, "master_page", input.master_page.as_deref()).await?,
            event_type: asked.named(Noun::EventTypes, "event_type", input.event_type.as_deref()).await?,
            user: asked.named(Noun::Users, "user", input.user.as_deref()).await?,
        };
        Ok(rows(input.paging.all::<ClassicPage>(&call, &filter).await?, "booking page", &asked))
    }

    /// Read one Classic booking page: label, URL, time zone, whether active; `list_booking_pages` shows the same.
    /// Bookings: `list_bookings` (booking_page).
    #[tool(title = "Get booking page", annotations(read_only_hint = true), output_schema = schema::read::<ClassicPage>())]
    async fn get_booking_page(&self, call: Call, Parameters(input): Parameters<GetBookingPage>) -> Answer {
        call.one::<ClassicPage>(Noun::BookingPages, "booking_page_id", &input.booking_page_id).await
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct ListBookingPages {
    /// Name, URL or id
    master_page: Option<String>,
    /// Name or id
    event_type: Option<String>,
    /// Name, e-mail, id or `me`
    user: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct GetBookingPage {
    /// Id, exact name or URL
    booking_page_id: String,
}
