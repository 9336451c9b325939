//! The bookings that a plan is about.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use super::change::Kind;
use crate::names::{Found, Names, Search, fold, looks_like_an_id, thousands};
use crate::oncehub::{Id, Page, Range, Rejection, Walk, bookings};
use crate::records::{Booking, Failure, Noun, Told, Zone, time};
use crate::tools::asked::Asked;
use crate::tools::call::Call;
use crate::tools::filters::Status;

/// The most bookings of a plan.
pub(super) const MOST: usize = 100;

/// The most days that bookings are selected from.
const DAYS: i32 = 31;

/// The most bookings that are searched for those selected.
const SCANNED: usize = 1000;

/// How long ago a booking may have begun that can still be changed.
const LONGEST: jiff::SignedDuration = jiff::SignedDuration::from_hours(12);

/// Which bookings, by what they have in common.
#[derive(Deserialize, schemars::JsonSchema)]
pub(super) struct Select {
    /// Main or co-host, or `me`
    host: Option<String>,
    /// Name, URL or id
    calendar: Option<String>,
    /// Part of name or e-mail
    guest: Option<String>,
    // Those of `list_bookings`, whose definition spells them out.
    /// Default any
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    status: Vec<Status>,
    /// 2026-12-01, today
    starts_after: String,
    /// A date includes that day
    starts_before: String,
}

/// The bookings, as they are, and how they were chosen.
pub(super) struct Chosen {
    pub(super) bookings: Vec<Told<Booking>>,
    /// Whose they are, if a host was asked for.
    pub(super) host: Option<Found>,
    /// What they were selected by, as understood.
    pub(super) words: Vec<String>,
    pub(super) notes: Vec<String>,
}

/// Reads the bookings that are asked for, by their ids or names, or by what they have in common.
pub(super) async fn read(
    call: &Call,
    kind: Kind,
    asked: &[String],
    select: Option<Select>,
    zone: &Zone,
) -> Result<Chosen, Failure> {
    match (asked, select) {
        ([], Some(select)) => selected(call, select, zone).await,
        ([], None) => {
            let hint = "pass booking_ids, or select: {host, starts_after, starts_before}";
            Err(Failure::argument("booking_ids", "which bookings is not said", hint))
        }
        (_, Some(_)) => {
            Err(Failure::argument("select", "cannot be combined with booking_ids", "leave one of them out"))
        }
        (asked, None) => named(call, kind, asked).await,
    }
}

async fn named(call: &Call, kind: Kind, asked: &[String]) -> Result<Chosen, Failure> {
    if asked.len() > MOST {
        let problem = format!("has {}, and a plan at most {MOST}", asked.len());
        return Err(Failure::argument("booking_ids", problem, "make several plans"));
    }
    let ids: Vec<Option<Id>> =
        asked.iter().map(|text| text.trim().parse().ok().filter(|_| looks_like_an_id(text.trim()))).collect();
    let now = call.now();
    let starting = match kind {
        Kind::MarkNoShow => Range::between(None, Some(now)),
        _ => Range::between(now.checked_sub(LONGEST).ok(), None),
    };
    let wanted: Vec<Id> = ids.iter().flatten().cloned().collect();
    let known = by_id(&call.names, &wanted, starting).await?;
    let (mut bookings, mut seen, mut twice) = (Vec::new(), HashSet::new(), 0);
    for (index, (text, id)) in asked.iter().zip(ids).enumerate() {
        let path = format!("booking_ids[{index}]");
        let booking = match id {
            None => call.names.booking(kind.among(), &path, text, None).await?,
            Some(id) => known.get(&id).cloned().ok_or_else(|| {
                let problem = format!("{path}: no booking has the id {id}");
                Failure::not_found(&path, problem, "find it with list_bookings; nothing was planned")
            })?,
        };
        if seen.insert(booking.id.clone()) {
            bookings.push(booking);
        } else {
            twice += 1;
        }
    }
    let notes =
        if twice > 0 { vec![format!("{twice} of booking_ids named one that was there already.")] } else { vec![] };
    Ok(Chosen { bookings, host: None, words: Vec::new(), notes })
}

/// Reads bookings by their ids: those that start then from a list, as long as that takes fewer requests, and the others
/// one by one. Those that there are not are missing.
pub(super) async fn by_id(names: &Names, ids: &[Id], starting: Range) -> Result<HashMap<Id, Told<Booking>>, Failure> {
    let mut known = HashMap::new();
    let mut missing: Vec<&Id> = Vec::new();
    for id in ids {
        if !missing.contains(&id) {
            missing.push(id);
        }
    }
    let listing = bookings::All { starting, ..bookings::All::default() };
    let mut walk = Walk::default();
    for _ in 0..(missing.len() / 2).min(10) {
        let page: Page<Told<Booking>> = names.oncehub.next_page(&listing, 100, &mut walk).await?;
        for booking in page.items {
            if let Some(at) = missing.iter().position(|id| booking.id.as_deref() == Some(id.as_str())) {
                known.insert(missing.remove(at).clone(), booking);
            }
        }
        if missing.len() < 2 || !page.has_more {
            break;
        }
    }
    for id in missing {
        match names.read::<Booking>(&bookings::Get { id: id.clone(), expand: None }, id).await {
            Ok(booking) => known.insert(id.clone(), booking),
            Err(error) if error.rejection().is_some_and(Rejection::is_not_found) => None,
            Err(error) => return Err(error.into()),
        };
    }
    Ok(known)
}

async fn selected(call: &Call, select: Select, zone: &Zone) -> Result<Chosen, Failure> {
    let mut asked = Asked::by(call, zone);
    if select.host.is_none() && select.calendar.is_none() && select.guest.is_none() {
        let hint = "add a host, a calendar or a guest";
        return Err(Failure::argument("select", "names neither host, calendar nor guest", hint));
    }
    let from = call.moment("select.starts_after", &select.starts_after, zone)?;
    let until = call.moment("select.starts_before", &select.starts_before, zone)?;
    let (starts, ends) = (from.at, until.ends);
    let said = format!("starts from {} before {}", time::local(starts, zone), time::local(ends, zone));
    if ends <= starts {
        let hint = "write both as dates; the name of a weekday means the next one after today";
        return Err(Failure::argument("select.starts_before", format!("the range is empty: {said}"), hint));
    }
    if ends > zone.days_later(starts, DAYS) {
        let problem = format!("the range is longer than {DAYS} days: {said}");
        return Err(Failure::argument("select.starts_before", problem, "make several plans"));
    }
    let host = match &select.host {
        Some(host) => Some(call.names.find(&[Noun::Users], "select.host", host).await?),
        None => None,
    };
    let calendar = match &select.calendar {
        Some(calendar) => Some(call.names.find(&[Noun::Calendars], "select.calendar", calendar).await?),
        None => None,
    };
    asked.words.extend(host.as_ref().map(|host| format!("host {}", host.described())));
    asked.words.extend(calendar.as_ref().map(|calendar| format!("calendar {}", calendar.described())));
    let guest = asked.part("guest", select.guest.as_deref())?;
    let statuses: Vec<&str> = select.status.iter().map(|status| (*status).into()).collect();
    if !statuses.is_empty() {
        asked.words.push(format!("status {}", statuses.join(" or ")));
    }
    asked.words.push(said);
    let filter = bookings::All {
        status: if let [only] = statuses.as_slice() { Some((*only).to_owned()) } else { None },
        host: host.as_ref().map(|host| host.id.clone()),
        booking_calendar: calendar.map(|calendar| calendar.id),
        starting: Range::between(Some(starts), Some(ends)),
        ..bookings::All::default()
    };
    let keep = |booking: &Told<Booking>| {
        (statuses.is_empty() || statuses.iter().any(|wanted| booking.is(wanted)))
            && guest.as_deref().is_none_or(|guest| booking.has_guest_like(guest, fold))
    };
    let found = call.names.gather_bookings(filter, None, Search::for_some(SCANNED, &keep)).await?;
    let (count, is_all) = (found.items.len(), found.searched().is_none());
    if count > MOST || !is_all {
        let at_least = if is_all { "" } else { "at least " };
        let searched = if is_all { String::new() } else { format!(" among the newest {}", thousands(found.read)) };
        let problem = format!(
            "{at_least}{} bookings match{searched}, and a plan has at most {MOST} ({})",
            thousands(count),
            asked.words.join("; ")
        );
        return Err(Failure::argument(
            "select",
            problem,
            "select fewer: fewer days, a status, or a calendar; make several plans",
        ));
    }
    let mut bookings = found.items;
    bookings.sort_by(|one, other| (one.starts(), &one.id).cmp(&(other.starts(), &other.id)));
    let notes = [("select.starts_after", from.note), ("select.starts_before", until.note)];
    let notes = notes.into_iter().filter_map(|(argument, note)| Some(format!("{argument}: {}", note?))).collect();
    Ok(Chosen { bookings, host, words: asked.words, notes })
}
