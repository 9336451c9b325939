//! Counts and rates in place of rows.

mod group;
mod text;

#[cfg(test)]
mod tests;

use std::time::Duration;

use jiff::Timestamp;
use rmcp::{tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::names::{Span, Sweep, thousands};
use crate::records::{Failure, Time, Told, Zone, time};
use crate::tools::filters::Filters;
use crate::tools::size::{json_size, most_that_fit};
use crate::tools::{Answer, Asked, Call, Parameters, Reply, Tools, schema};
use group::{By, Counted, Counts, Duplicate, Group, Row};

#[tool_router(router = reporting, vis = "pub(in crate::tools)")]
impl Tools {
    /// Count bookings by host, calendar, source (UTM) or start time: totals, hours, no-show, cancellation and
    /// reschedule rates. No range: all but trash. Reads 5,000 a call; a cursor goes on: add up counts, not rates. The
    /// bookings themselves: `list_bookings`.
    #[tool(title = "Report on bookings", annotations(read_only_hint = true), output_schema = schema::one::<Report>())]
    async fn booking_report(&self, call: Call, Parameters(input): Parameters<BookingReport>) -> Answer {
        let zone = call.zone_asked("time_zone", input.time_zone.as_deref())?;
        let mut asked = Asked::by(&call, &zone);
        let by = By::checked(&input.group_by)?;
        let wanted = input.filters.read(&mut asked).await?;
        let span = rest(wanted.starts, input.cursor.as_deref())?;
        // Names and the reply take some time, too.
        let reserve = (call.settings.timeout / 8).min(Duration::from_secs(2));
        let late = call.deadline.checked_sub(reserve).unwrap_or(call.deadline);
        let row = |booking: &Told<_>| wanted.keeps(booking).then(|| Row::of(booking, by, &zone, call.now()));
        let mut swept = call.names.sweep(wanted.listing.clone(), span, late, row).await?;
        let read = swept.rows.len();
        let counted = Counted::of(std::mem::take(&mut swept.rows).into_iter().flatten());
        let groups = counted.groups(by, &call.names).await;
        Ok(reply(&asked, by, read, &swept, counted, &groups))
    }
}

#[derive(Deserialize, JsonSchema)]
struct BookingReport {
    /// At most two; none: totals
    #[serde(default)]
    group_by: Vec<By>,
    #[serde(flatten)]
    filters: Filters,
    /// IANA zone of groups
    time_zone: Option<String>,
    /// A next_cursor
    cursor: Option<String>,
}

/// The reply: counts and rates.
#[serde_with::skip_serializing_none]
#[derive(Serialize, JsonSchema)]
struct Report {
    /// False if it breaks off: then it is about what it covers alone
    complete: bool,
    /// How many bookings are counted
    total: usize,
    /// All of them
    overall: Counts,
    /// In the order of time where they are grouped by it, else the largest first
    groups: Vec<Group>,
    /// Over, but nobody has marked them: in no rate
    past_but_scheduled: usize,
    /// On Classic pages, or on none
    without_calendar: usize,
    /// The same guest twice in a week on one calendar or page, not canceled
    duplicates: Vec<Duplicate>,
    /// How many bookings were read, those that are not counted included
    rows: usize,
    /// When the bookings start that were read
    covers: Covers,
    /// The rest, if it is not complete
    #[serialize_always]
    next_cursor: Option<String>,
    /// The zone of days, hours and local times
    time_zone: String,
    /// The filters and ranges, as understood
    asked: Option<String>,
    /// Anything else to know
    note: Option<String>,
}

/// A range of time, from and before; open at an end that is absent.
#[serde_with::skip_serializing_none]
#[derive(Serialize, JsonSchema)]
struct Covers {
    from: Option<Time>,
    #[schemars(skip)]
    from_local: Option<String>,
    to: Option<Time>,
    #[schemars(skip)]
    to_local: Option<String>,
}

impl Covers {
    fn of(span: Span, zone: &Zone) -> Self {
        let local = |at| time::local(at, zone);
        Self {
            from: span.from.map(Time),
            from_local: span.from.map(local),
            to: span.until.map(Time),
            to_local: span.until.map(local),
        }
    }
}

/// The most groups of a reply, and the most duplicates.
const GROUPS: usize = 300;
const DUPLICATES: usize = 20;

/// Returns what is left of a span at a cursor: a sweep begins with the latest.
fn rest(span: Span, cursor: Option<&str>) -> Result<Span, Failure> {
    let Some(cursor) = cursor else { return Ok(span) };
    let hint = "pass the last reply's next_cursor with the same filters, or no cursor to start over";
    let problem = |problem| Failure::argument("cursor", problem, hint);
    let until: Timestamp = cursor.trim().parse().map_err(|_| problem("it is not a next_cursor of a report"))?;
    if span.from.is_some_and(|from| until <= from) || span.until.is_some_and(|end| until > end) {
        return Err(problem("it is outside of the range that is asked for"));
    }
    Ok(Span { until: Some(until), ..span })
}

fn reply<T>(asked: &Asked<'_>, by: &[By], rows: usize, swept: &Sweep<T>, counted: Counted, groups: &[Group]) -> Reply {
    let all = groups.len();
    let lines: Vec<String> = groups.iter().map(|group| group.text(by)).collect();
    let Counted { overall, past_but_scheduled, without_calendar, mut duplicates, .. } = counted;
    let twice = duplicates.len();
    duplicates.truncate(DUPLICATES);
    // Most of the room is for groups. Each duplicate is told twice, in text and structure.
    let sizes: Vec<usize> = duplicates.iter().map(|twice| 2 * json_size(twice)).collect();
    duplicates.truncate(most_that_fit(sizes.len(), asked.max_reply() / 4, |count| sizes.iter().take(count).sum()));
    let stopped = swept.stopped.as_ref();
    let shown = |count: usize| {
        let report = Report {
            complete: stopped.is_none(),
            total: overall.total,
            overall: overall.clone(),
            groups: groups.get(..count).unwrap_or_default().to_vec(),
            past_but_scheduled,
            without_calendar,
            duplicates: duplicates.clone(),
            rows,
            covers: Covers::of(swept.covers, asked.zone),
            next_cursor: stopped.and(swept.covers.from).map(time::instant),
            time_zone: asked.zone.name().to_owned(),
            asked: (!asked.words.is_empty()).then(|| asked.words.join("; ")),
            note: None,
        };
        let text = text::of(&report, stopped, by, lines.get(..count).unwrap_or_default());
        let mut reply = Reply::new(report, text);
        if count < all {
            let which = if by.first().is_some_and(|by| by.is_time()) { "earliest" } else { "largest" };
            reply.note(&format!(
                "Only the {which} {count} of {} groups are shown; the totals are of all. Group by less, or ask for a shorter \
                 range.",
                thousands(all)
            ));
        }
        if duplicates.len() < twice {
            reply.note(&format!("Only {} of {} duplicates are shown.", duplicates.len(), thousands(twice)));
        }
        asked.notes.iter().for_each(|note| reply.note(note));
        reply
    };
    let (most, structured) = (asked.max_reply(), asked.is_structured());
    shown(most_that_fit(all.min(GROUPS), most, |count| shown(count).size(structured)))
}
