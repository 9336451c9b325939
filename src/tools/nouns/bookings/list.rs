//! Finding bookings.

use rmcp::{tool, tool_router};
use serde::Deserialize;

use crate::oncehub::{Id, bookings};
use crate::records::booking::agenda;
use crate::records::{Booking, Told, Zone};
use crate::tools::asked::{Asked, expand};
use crate::tools::filters::Filters;
use crate::tools::listing::{Paging, Texts, reply};
use crate::tools::{Answer, Call, Parameters, Tools, schema};

#[tool_router(router = listing_bookings, vis = "pub(in crate::tools)")]
impl Tools {
    /// Find bookings (meetings), canceled ones too, by time, guest, host, calendar or status. Newest created first,
    /// whatever the range: for the next ones pass starts_after and a near starts_before. Answers, links: `get_booking`
    /// or detail=full; counts: `booking_report`; what changed: `list_changes`.
    #[tool(title = "List bookings", annotations(read_only_hint = true), output_schema = schema::list::<Booking>(schema::NEWEST))]
    async fn list_bookings(&self, call: Call, Parameters(input): Parameters<ListBookings>) -> Answer {
        let detail = input.detail.unwrap_or_default();
        let zone = call.zone_asked("time_zone", input.time_zone.as_deref())?;
        let mut asked = Asked::by(&call, &zone);
        // OnceHub sorts by creation alone: what is cut off may start before what is listed.
        asked.if_cut = input.filters.have_starts().then_some(CUT);
        let wanted = input.filters.read(&mut asked).await?;
        let filter = bookings::All { expand: expand(&input.expand), ..wanted.listing.clone() };
        let holder = filter.host.clone();
        let note_role = |booking: &mut Told<Booking>| booking.note_role(holder.as_ref().map(Id::as_str));
        let keep = |booking: &Told<Booking>| wanted.keeps(booking);
        let keep = wanted.is_filtered_here().then_some(&keep as &(dyn Fn(&Told<Booking>) -> bool + Sync));
        match detail {
            Detail::Summary => {
                let mut found = input.paging.bookings(&call, filter, keep, Told::<Booking>::brief).await?;
                found.items.iter_mut().for_each(|booking| {
                    booking.leave_usual_subject_out();
                    note_role(booking);
                });
                Ok(reply(found, "booking", &asked, agenda, Texts::Cut))
            }
            Detail::Full => {
                let mut found = input.paging.bookings(&call, filter, keep, |booking| booking).await?;
                found.items.iter_mut().for_each(note_role);
                let each = |bookings: &[Told<Booking>], zone: &Zone| -> String {
                    bookings.iter().map(|booking| booking.item_in_full(zone)).collect::<Vec<_>>().join("\n")
                };
                Ok(reply(found, "booking", &asked, each, Texts::Whole))
            }
        }
    }
}

/// What is to be known of bookings by time, if there are more than are listed.
const CUT: &str = "These are the newest created, not the earliest: any day may lack bookings. Narrow the range, or follow \
                   the cursor to its end.";

#[derive(Deserialize, schemars::JsonSchema)]
struct ListBookings {
    #[serde(flatten)]
    filters: Filters,
    /// In full: owner, contact, conversation
    #[serde(default)]
    expand: Vec<String>,
    /// IANA zone
    time_zone: Option<String>,
    /// Default summary; full: every field
    detail: Option<Detail>,
    #[serde(flatten)]
    paging: Paging,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Detail {
    #[default]
    Summary,
    Full,
}
