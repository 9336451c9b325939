//! Counting bookings by group.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures::future::join_all;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::names::{Entries, Names, fold};
use crate::records::{Booking, Failure, Noun, Reference, Told, Zone, clean};

/// The fewest bookings that a rate is told of.
const FEWEST: usize = 5;
/// The longest name of a source that is told, in characters.
const LONGEST: usize = 80;

// What bookings are grouped by.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, JsonSchema, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "title_case")]
pub(super) enum By {
    Status,
    Host,
    Calendar,
    BookingPage,
    MasterPage,
    EventType,
    Source,
    Day,
    Week,
    Month,
    Weekday,
    Hour,
}

/// What a booking has of a group: its place in time, if it is one, and the key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key {
    order: i32,
    key: String,
}

impl By {
    /// Checks what the caller wants to group by.
    pub(super) fn checked(all: &[Self]) -> Result<&[Self], Failure> {
        match all {
            [_, _, _, ..] => {
                Err(Failure::argument("group_by", "takes at most two", "make two reports, or leave one out"))
            }
            [one, other] if one == other => {
                Err(Failure::argument("group_by", "has the same twice", "name it once, or another one beside it"))
            }
            some => Ok(some),
        }
    }

    /// Whether its groups have an order in time.
    pub(super) fn is_time(self) -> bool {
        matches!(self, Self::Day | Self::Week | Self::Month | Self::Weekday | Self::Hour)
    }

    /// Returns the noun whose ids are its keys.
    fn noun(self) -> Option<Noun> {
        match self {
            Self::Host => Some(Noun::Users),
            Self::Calendar => Some(Noun::Calendars),
            Self::BookingPage => Some(Noun::BookingPages),
            Self::MasterPage => Some(Noun::MasterPages),
            Self::EventType => Some(Noun::EventTypes),
            _ => None,
        }
    }

    /// Whether anybody may have written its keys.
    pub(super) fn is_of_people(self) -> bool {
        matches!(self, Self::Source)
    }

    /// Returns the key of a booking; an empty one, if it has none.
    fn key(self, booking: &Booking, zone: &Zone) -> Key {
        let id = |to: &Option<Reference>| to.as_ref().map(Reference::id).unwrap_or_default().to_owned();
        let key = match self {
            Self::Status => booking.status.clone().unwrap_or_default(),
            Self::Host => id(&booking.owner),
            Self::Calendar => id(&booking.booking_calendar),
            Self::BookingPage => id(&booking.booking_page),
            Self::MasterPage => id(&booking.master_page),
            Self::EventType => id(&booking.event_type),
            Self::Source => source(booking),
            _ => return booking.starts().map_or(Key { order: i32::MAX, key: String::new() }, |at| self.time(at, zone)),
        };
        Key { order: 0, key }
    }

    fn time(self, at: Timestamp, zone: &Zone) -> Key {
        let local = zone.civil(at);
        let date = local.date();
        let days = |date: Date| i32::from(date.year()) * 400 + i32::from(date.day_of_year());
        let (order, key) = match self {
            Self::Week => {
                let since_monday = i32::from(date.weekday().to_monday_zero_offset());
                let monday = date.checked_sub(since_monday.days()).unwrap_or(date);
                (days(monday), monday.to_string())
            }
            Self::Month => (days(date.first_of_month()), date.strftime("%Y-%m").to_string()),
            Self::Weekday => (i32::from(date.weekday().to_monday_zero_offset()), date.strftime("%A").to_string()),
            Self::Hour => (i32::from(local.hour()), format!("{:02}", local.hour())),
            _ => (days(date), date.to_string()),
        };
        Key { order, key }
    }
}

/// Returns where the guest came from, as the link says; some of OnceHub's samples write its name differently.
fn source(booking: &Booking) -> String {
    let utm = booking.utm_params.as_ref();
    let text = |field: &str| utm?.get(field).and_then(Value::as_str).map(clean);
    let source = text("source").or_else(|| text("utm_source")).unwrap_or_default();
    source.trim().chars().take(LONGEST).collect()
}

/// What is counted of a booking.
#[expect(clippy::struct_excessive_bools, reason = "they are independent of each other")]
pub(super) struct Row {
    keys: Vec<Key>,
    id: String,
    in_trash: bool,
    status: String,
    /// Whether it is over, but still shows as scheduled.
    is_left_open: bool,
    /// Whether it was moved, or took the place of another.
    was_moved: bool,
    minutes: i64,
    /// From when it was made to its start, in days.
    lead: Option<f64>,
    has_calendar: bool,
    /// The guest's address, where it is and in which week: what two should not share.
    twice: Option<(String, String, Date)>,
}

impl Row {
    pub(super) fn of(booking: &Told<Booking>, by: &[By], zone: &Zone, now: Timestamp) -> Self {
        let is_scheduled = booking.is("scheduled") || booking.is("rescheduled");
        let ends = booking.span().map(|(_, ends)| ends).or(booking.starts());
        let lead = booking
            .creation_time
            .zip(booking.starts())
            .map(|(made, starts)| starts.duration_since(made.0).as_secs_f64() / 86_400.0);
        let place = [&booking.booking_calendar, &booking.booking_page];
        let place = place.into_iter().flatten().map(Reference::id).find(|id| !id.is_empty());
        let holds = is_scheduled || booking.is("completed") || booking.is("requested");
        let twice = || {
            let (_, email) = booking.guest();
            let key = By::Week.time(booking.starts()?, zone).key;
            Some((fold(&email?), place?.to_owned(), key.parse().ok()?))
        };
        Self {
            keys: by.iter().map(|by| by.key(booking, zone)).collect(),
            id: booking.id.clone().unwrap_or_default(),
            in_trash: booking.in_trash == Some(true),
            status: booking.status.clone().unwrap_or_else(|| "unknown".to_owned()),
            is_left_open: is_scheduled && ends.is_some_and(|ends| ends <= now),
            was_moved: booking.is("rescheduled") || booking.rescheduled_booking_id.is_some(),
            minutes: booking.duration_minutes.unwrap_or_default().clamp(0, 100_000),
            lead,
            has_calendar: booking.booking_calendar.as_ref().is_some_and(|calendar| !calendar.id().is_empty()),
            twice: if holds { twice() } else { None },
        }
    }
}

/// Counts and rates.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, Serialize, JsonSchema)]
#[expect(clippy::struct_field_names, reason = "the reply calls it so")]
pub(super) struct Counts {
    pub(super) total: usize,
    /// How many of each status
    pub(super) counts: BTreeMap<String, usize>,
    /// The length of those that are neither canceled nor missed
    pub(super) hours: f64,
    /// Of those that are completed or missed
    pub(super) no_show_rate: Option<Rate>,
    /// Of all but past_but_scheduled
    pub(super) cancel_rate: Option<Rate>,
    /// Moved, or in place of another; of all but past_but_scheduled
    pub(super) reschedule_rate: Option<Rate>,
    /// From when they were made to their start
    pub(super) median_lead_days: Option<f64>,
}

/// A share, and of how many; left out below 5
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub(super) struct Rate {
    /// 0 to 1
    pub(super) rate: f64,
    pub(super) n: usize,
}

/// A group: its keys and their names, in the order of group_by.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Group {
    /// Ids, or words; empty for none
    pub(super) key: Vec<String>,
    pub(super) names: Vec<String>,
    #[serde(flatten)]
    pub(super) counts: Counts,
}

#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Duplicate {
    pub(super) guest: String,
    pub(super) ids: Vec<String>,
}

/// Bookings that were counted.
pub(super) struct Counted {
    pub(super) overall: Counts,
    pub(super) past_but_scheduled: usize,
    pub(super) without_calendar: usize,
    pub(super) duplicates: Vec<Duplicate>,
    groups: Vec<(Vec<Key>, Counts)>,
}

/// The sums that counts and rates are made of.
#[derive(Default)]
struct Tally {
    counts: BTreeMap<String, usize>,
    minutes: i64,
    past_but_scheduled: usize,
    moved: usize,
    leads: Vec<f64>,
}

impl Tally {
    fn add(&mut self, row: &Row) {
        *self.counts.entry(row.status.clone()).or_default() += 1;
        if !matches!(row.status.as_str(), "canceled" | "no_show") {
            self.minutes = self.minutes.saturating_add(row.minutes);
        }
        self.past_but_scheduled += usize::from(row.is_left_open);
        self.moved += usize::from(row.was_moved && !row.is_left_open);
        self.leads.extend(row.lead);
    }

    fn counts(mut self) -> Counts {
        let of = |status: &str| self.counts.get(status).copied().unwrap_or_default();
        let total: usize = self.counts.values().sum();
        let rated = total - self.past_but_scheduled;
        let missed = of("no_show");
        Counts {
            total,
            hours: rounded(count(self.minutes) / 60.0, 100.0),
            no_show_rate: rate(missed, missed + of("completed")),
            cancel_rate: rate(of("canceled"), rated),
            reschedule_rate: rate(self.moved, rated),
            median_lead_days: median(&mut self.leads),
            counts: self.counts,
        }
    }
}

fn rate(count: usize, n: usize) -> Option<Rate> {
    let share = |count: usize| i64::try_from(count).map_or(f64::MAX, self::count);
    (n >= FEWEST).then(|| Rate { rate: rounded(share(count) / share(n), 1000.0), n })
}

#[expect(clippy::cast_precision_loss, reason = "no account has as many bookings")]
fn count(count: i64) -> f64 {
    count as f64
}

fn rounded(number: f64, parts: f64) -> f64 {
    (number * parts).round() / parts
}

/// Returns the median, to a tenth; none of fewer than five.
fn median(all: &mut [f64]) -> Option<f64> {
    if all.len() < FEWEST {
        return None;
    }
    all.sort_by(f64::total_cmp);
    let middle = all.len() / 2;
    let upper = *all.get(middle)?;
    let lower = if all.len().is_multiple_of(2) { *all.get(middle - 1)? } else { upper };
    Some(rounded(f64::midpoint(lower, upper), 10.0))
}

impl Counted {
    pub(super) fn of(rows: impl Iterator<Item = Row>) -> Self {
        let (mut overall, mut without_calendar) = (Tally::default(), 0);
        let mut groups: HashMap<Vec<Key>, Tally> = HashMap::new();
        let mut guests: BTreeMap<(String, String, Date), Vec<String>> = BTreeMap::new();
        for row in rows.filter(|row| !row.in_trash) {
            overall.add(&row);
            without_calendar += usize::from(!row.has_calendar);
            groups.entry(row.keys.clone()).or_default().add(&row);
            if let Some(twice) = row.twice {
                guests.entry(twice).or_default().push(row.id);
            }
        }
        let twice = guests.into_iter().filter(|(_, ids)| ids.len() > 1);
        let duplicates = twice.map(|((guest, ..), ids)| Duplicate { guest, ids }).collect();
        let past_but_scheduled = overall.past_but_scheduled;
        let groups = groups.into_iter().map(|(keys, tally)| (keys, tally.counts())).collect();
        Self { overall: overall.counts(), past_but_scheduled, without_calendar, duplicates, groups }
    }

    /// Returns the groups in order, with the names of their keys: times as they pass, anything else the largest first.
    pub(super) async fn groups(&self, by: &[By], names: &Names) -> Vec<Group> {
        if by.is_empty() {
            return Vec::new();
        }
        let mut of_first: HashMap<&Key, usize> = HashMap::new();
        for (keys, counts) in &self.groups {
            if let Some(first) = keys.first() {
                *of_first.entry(first).or_default() += counts.total;
            }
        }
        let place = |keys: &'_ [Key], counts: &Counts| {
            let size = |key: &Key, size: usize| if key.order == 0 { usize::MAX - size } else { 0 };
            let first = keys
                .first()
                .map(|key| (key.order, size(key, of_first.get(key).copied().unwrap_or_default()), key.clone()));
            let second = keys.get(1).map(|key| (key.order, size(key, counts.total), key.clone()));
            (first, second)
        };
        let mut groups: Vec<&(Vec<Key>, Counts)> = self.groups.iter().collect();
        groups.sort_by_cached_key(|(keys, counts)| place(keys, counts));
        let known = join_all(by.iter().map(async |by| match by.noun() {
            Some(noun) => Some(names.all_or_none(noun).await),
            None => None,
        }));
        let known: Vec<Option<Arc<Entries>>> = known.await;
        let named = |(key, known): (&Key, &Option<Arc<Entries>>)| {
            let name = known.as_ref().and_then(|known| known.name(&key.key));
            name.unwrap_or(&key.key).to_owned()
        };
        let group = |(keys, counts): &(Vec<Key>, Counts)| Group {
            key: keys.iter().map(|key| key.key.clone()).collect(),
            names: keys.iter().zip(&known).map(named).collect(),
            counts: counts.clone(),
        };
        groups.into_iter().map(group).collect()
    }
}
