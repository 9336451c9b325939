//! What to know before a meeting.

mod known;
#[cfg(test)]
mod tests;
mod text;

use jiff::{SignedDuration, Timestamp};
use rmcp::{tool, tool_router};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::names::{Among, Found, Span, cut};
use crate::oncehub::bookings;
use crate::records::booking::{Beside, agenda_with};
use crate::records::{Booking, Failure, Noun, Told};
use crate::tools::size::{json_size, most_that_fit};
use crate::tools::{Answer, Asked, Call, Parameters, Reply, Tools, schema};
use known::{Answer as FormAnswer, Card, History, Known};

/// How many meetings are told, unless the caller says otherwise.
const USUAL: usize = 15;
/// The longest range, and a little more for the hour of a clock change.
const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24 + 2);
/// No meeting is longer.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);
/// The most bookings of a host that are read.
const MOST: usize = 300;

#[tool_router(router = briefing, vis = "pub(in crate::tools)")]
impl Tools {
    /// Prepare for meetings to come (default: mine today): the guest's answers, join link, contact, history with us
    /// (met, no-shows, canceled) and warnings, such as overlaps or no link. A plain agenda: `list_bookings`; a past
    /// one: `get_booking`.
    #[tool(title = "Brief on bookings", annotations(read_only_hint = true), output_schema = schema::list::<Brief>("The earliest first"))]
    async fn brief_bookings(&self, call: Call, Parameters(input): Parameters<BriefBookings>) -> Answer {
        let zone = call.zone_asked("time_zone", input.time_zone.as_deref())?;
        let mut asked = Asked::by(&call, &zone);
        let agenda = Agenda::read(&call, &mut asked, &input).await?;
        let (mut page, left) = agenda.page(input.cursor.as_deref(), input.limit)?;
        call.names.fill(&mut page).await;
        let known = Known::read(&call, &agenda, &page).await;
        Ok(reply(&asked, &agenda, &page, left, &known))
    }
}

#[derive(Deserialize, JsonSchema)]
struct BriefBookings {
    /// Only this one: id or guest
    booking_id: Option<String>,
    /// Default `me`
    host: Option<String>,
    /// Default today
    starts_after: Option<String>,
    /// At most 7 days; default that day
    starts_before: Option<String>,
    #[schemars(range(min = 1, max = 30), extend("default" = 15))]
    limit: Option<u32>,
    /// A next_cursor
    cursor: Option<String>,
    /// IANA zone
    time_zone: Option<String>,
}

/// A meeting, and what to know before it.
#[derive(Clone, Default, Deserialize, Serialize, JsonSchema)]
struct Brief {
    #[serde(flatten)]
    booking: Booking,
    join_url: Option<String>,
    location: Option<String>,
    /// What the guest filled in
    answers: Option<Vec<FormAnswer>>,
    contact_card: Option<Card>,
    /// Other bookings of the same contact, with anybody here
    history: Option<History>,
    /// What is odd about it
    warnings: Option<Vec<String>>,
}

/// The meetings that are asked for, and what their host has beside them.
struct Agenda {
    /// Whose they are, if that is known.
    host: Option<Found>,
    /// The earliest first.
    meetings: Vec<Told<Booking>>,
    /// The host's live bookings around them.
    around: Vec<Told<Booking>>,
    /// Whether the host has more than were read.
    has_more: bool,
}

impl Agenda {
    async fn read(call: &Call, asked: &mut Asked<'_>, input: &BriefBookings) -> Result<Self, Failure> {
        if let Some(booking) = &input.booking_id {
            let others =
                [("host", &input.host), ("starts_after", &input.starts_after), ("starts_before", &input.starts_before)];
            if let Some((argument, _)) = others.into_iter().find(|(_, given)| given.is_some()) {
                let hint = "leave it out, or booking_id: that is about one meeting, of any host and at any time";
                return Err(Failure::argument(argument, "cannot be combined with booking_id", hint));
            }
            return Self::of_one(call, booking).await;
        }
        let host = call.names.find(&[Noun::Users], "host", input.host.as_deref().unwrap_or("me")).await?;
        asked.words.push(format!("host {}", host.described()));
        let after = input.starts_after.as_deref().unwrap_or("today");
        let from = call.moment("starts_after", after, asked.zone)?.at;
        let that_day = asked.zone.date(from).to_string();
        let before = input.starts_before.as_deref().unwrap_or(&that_day);
        let span = asked.span("starts", Some(after), Some(before))?;
        let until = span.until.unwrap_or(from);
        if until.duration_since(from) > LONGEST {
            let hint = "ask for a shorter range, or use list_bookings for an agenda";
            return Err(Failure::argument("starts_before", "a brief is about at most 7 days", hint));
        }
        // The last meeting may go on after the range, and overlap what begins then.
        let (around, has_more) = Self::around(call, &host, from, until.checked_add(A_DAY).unwrap_or(until)).await?;
        let is_asked_for = |booking: &&Told<Booking>| {
            let is_to_come = booking.span().is_none_or(|(_, ends)| ends > call.now());
            booking.starts().is_some_and(|starts| from <= starts && starts < until) && is_to_come
        };
        let meetings = around.iter().filter(is_asked_for).cloned().collect();
        Ok(Self { host: Some(host), meetings, around, has_more })
    }

    async fn of_one(call: &Call, booking: &str) -> Result<Self, Failure> {
        let booking = match call.names.booking(Among::All, "booking_id", booking, Some("contact".to_owned())).await {
            Err(failure) if failure.param.as_deref() == Some("expand") => {
                call.names.booking(Among::All, "booking_id", booking, None).await?
            }
            found => found?,
        };
        let owner = booking.owner.as_ref().map(|owner| owner.id().to_owned()).filter(|id| !id.is_empty());
        let host = match owner {
            Some(owner) => call.names.find(&[Noun::Users], "booking_id", &owner).await.ok(),
            None => None,
        };
        let (mut around, mut has_more) = (Vec::new(), false);
        if let (Some(host), Some((starts, ends))) = (&host, booking.span()) {
            // A brief can do without: then overlaps are unknown.
            (around, has_more) = Self::around(call, host, starts, ends).await.unwrap_or((Vec::new(), true));
        }
        Ok(Self { host, meetings: vec![booking], around, has_more })
    }

    /// Reads the live bookings that a host holds in a range, and a day before it: what began then may not be over.
    async fn around(
        call: &Call,
        host: &Found,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<(Vec<Told<Booking>>, bool), Failure> {
        let before = from.checked_sub(A_DAY).unwrap_or(from);
        let filter = bookings::All {
            host: Some(host.id.clone()),
            starting: Span { from: Some(before), until: Some(until) }.range(),
            expand: Some("contact".to_owned()),
            ..bookings::All::default()
        };
        let (mut all, has_more) = match call.names.bookings(filter.clone(), MOST).await {
            // Which fields can be expanded, OnceHub's documents do not agree on.
            Err(failure) if failure.param.as_deref() == Some("expand") => {
                call.names.bookings(bookings::All { expand: None, ..filter }, MOST).await?
            }
            read => read?,
        };
        all.retain(|booking| booking.is_live() && booking.in_trash != Some(true));
        all.sort_by(|one, other| (one.starts(), &one.id).cmp(&(other.starts(), &other.id)));
        Ok((all, has_more))
    }

    /// Returns as many meetings as are asked for, after the one that the cursor names, and how many there are in all from
    /// there on.
    fn page(&self, cursor: Option<&str>, limit: Option<u32>) -> Result<(Vec<Told<Booking>>, usize), Failure> {
        let begin = match cursor {
            None => 0,
            Some(cursor) => {
                let place = self.meetings.iter().position(|booking| booking.id.as_deref() == Some(cursor.trim()));
                let gone = "that booking is not among these any more";
                1 + place.ok_or_else(|| Failure::argument("cursor", gone, "leave the cursor out to start over"))?
            }
        };
        let left = self.meetings.get(begin..).unwrap_or_default();
        let limit = limit.map_or(USUAL, |limit| limit as usize);
        Ok((left.iter().take(limit).cloned().collect(), left.len()))
    }
}

fn reply(asked: &Asked<'_>, agenda: &Agenda, page: &[Told<Booking>], left: usize, known: &Known) -> Reply {
    let zone = asked.zone;
    let mut briefs: Vec<Told<Booking>> = Vec::new();
    let (mut items, mut below) = (Vec::new(), Vec::new());
    for booking in page {
        let about = known.about(booking, agenda, zone);
        let mut brief = booking.clone().brief();
        brief.leave_usual_subject_out();
        // Its contact is told as a card.
        brief.expanded = None;
        let mut fields = brief.fields(zone);
        below.push(about.lines());
        fields.extend(about.fields());
        fields.values_mut().for_each(cut);
        items.push(Value::Object(fields));
        briefs.push(brief);
    }
    let text = |count: usize| {
        let lines = |index: usize, _: &Told<Booking>| Beside {
            below: below.get(index).cloned().unwrap_or_default(),
            remark: None,
        };
        agenda_with(briefs.get(..count).unwrap_or_default(), zone, lines)
    };
    let size = |count: usize| json_size(&items.iter().take(count).collect::<Vec<_>>()) + json_size(&text(count));
    let shown = most_that_fit(items.len(), asked.max_reply(), size);
    let has_more = shown < left;
    let next = items.get(..shown).and_then(<[_]>::last).and_then(|item| item.get("id")).filter(|_| has_more).cloned();
    let words = (!asked.words.is_empty()).then(|| asked.words.join("; "));
    let counted = match left {
        0 => "No meetings to come".to_owned(),
        1 => "1 meeting".to_owned(),
        _ if has_more => format!("{shown} of {left} meetings"),
        _ => format!("{left} meetings"),
    };
    let mut whole = words.as_ref().map_or(counted.clone(), |words| format!("{counted} ({words})"));
    if shown > 0 {
        whole.push_str(&format!("\n{}", text(shown)));
    }
    if let Some(next) = next.as_ref().and_then(Value::as_str) {
        whole.push_str(&format!("\nmore: call again with cursor {next}"));
    }
    items.truncate(shown);
    let list = json!({"items": items, "has_more": has_more, "next_cursor": next, "time_zone": zone.name()});
    let mut reply = Reply::new(list, whole);
    words.into_iter().for_each(|words| reply.put("asked", words));
    if agenda.has_more {
        reply.note("Not all bookings of the host were read: meetings or overlaps may be missing.");
    }
    known.gaps.iter().for_each(|gap| reply.note(gap));
    asked.notes.iter().for_each(|note| reply.note(note));
    reply
}
