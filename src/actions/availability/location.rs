//! Meeting locations. For a range of hours, OnceHub accepts one of each type and one kind of online link, though it
//! shows a row for each video service that a user has connected.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::working_hours::WorkingHours;
use crate::names::{fold, looks_like_an_id};
use crate::oncehub::users::Location;
use crate::records::{Failure, quoted};

#[serde_with::skip_serializing_none]
#[derive(Clone, Deserialize, Serialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LocationInput {
    #[serde(rename = "type")]
    kind: LocationType,
    /// Host address: ADD-…
    id: Option<String>,
    /// Static link
    value: Option<String>,
}

#[derive(Clone, Copy, Deserialize, Serialize, schemars::JsonSchema, strum::EnumString, strum::IntoStaticStr)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
enum LocationType {
    OnlineDynamicLink,
    OnlineStaticLink,
    InPersonByHost,
    InPersonByGuest,
    PhoneByGuest,
}

impl LocationInput {
    /// Returns a location as a caller gives it; `None` for a type that is not known here.
    pub(super) fn of(Location { kind, id, value }: Location) -> Option<Self> {
        Some(Self { kind: kind.parse().ok()?, id, value })
    }
}

const DYNAMIC: &str = "online_dynamic_link";
const STATIC: &str = "online_static_link";
const ADDRESS: &str = "in_person_by_host";

/// Returns the location, if any, that keeps OnceHub from accepting one more of a type.
fn conflict<'a>(locations: &'a [Location], kind: &str) -> Option<&'a Location> {
    locations.iter().find(|known| known.kind == kind || (is_online(&known.kind) && is_online(kind)))
}

fn is_online(kind: &str) -> bool {
    [DYNAMIC, STATIC].contains(&kind)
}

/// Returns what makes a location the same as another: its type, and which address or link it is. Of all others the value is
/// OnceHub's own: it shows a row for each video service.
pub(super) fn identity(Location { kind, id, value }: &Location) -> (&str, Option<String>) {
    let which = match kind.as_str() {
        ADDRESS => id.clone().or_else(|| value.as_deref().map(fold)),
        STATIC => value.as_deref().map(|link| url::Url::parse(link).map_or_else(|_| link.to_owned(), String::from)),
        _ => None,
    };
    (kind, which)
}

/// Returns locations that OnceHub shows in the form that it accepts.
pub(super) fn accepted<'a>(shown: impl Iterator<Item = &'a Location>, notes: &mut Vec<String>) -> Vec<Location> {
    let mut kept: Vec<Location> = Vec::new();
    for Location { kind, id, value } in shown.filter(|shown| !shown.kind.is_empty()) {
        // The value of a dynamic link or of a guest's place is read-only.
        let (own_id, own_value) = match kind.as_str() {
            ADDRESS => (id.clone(), value.clone()),
            STATIC => (None, value.clone()),
            _ => (None, None),
        };
        let location = Location { kind: kind.clone(), id: own_id, value: own_value };
        // OnceHub lists one row per provider, and other hours repeat the row: duplicates mean nothing.
        if kept.contains(&location) {
            continue;
        }
        if conflict(&kept, kind).is_none() {
            kept.push(location);
            continue;
        }
        let group = if is_online(kind) { "one kind of online link" } else { "one location of each type" };
        let what = quoted(value.as_ref().or(id.as_ref()).unwrap_or(kind), 80);
        notes.push(format!("OnceHub accepts only {group} for a range of hours: {what} is left out."));
    }
    kept
}

/// Returns the locations that a caller gives for a range.
pub(super) fn given(
    path: &str,
    given: &[LocationInput],
    schedule: &WorkingHours,
    notes: &mut Vec<String>,
) -> Result<Vec<Location>, Failure> {
    let mut all: Vec<Location> = Vec::new();
    for (index, location) in given.iter().enumerate() {
        let kind: &str = location.kind.into();
        let path_of = |field: &str| format!("{path}[{index}].{field}");
        match conflict(&all, kind) {
            // OnceHub shows a row for each connected provider: one stands for all of them.
            Some(known) if known.kind == kind && kind == DYNAMIC => continue,
            Some(known) if known.kind == kind => {
                return Err(Failure::argument(&path_of("type"), format!("{kind} appears twice"), "list it once"));
            }
            Some(_) => {
                let problem = "has both online_dynamic_link and online_static_link";
                return Err(Failure::argument(path, problem, "choose one of the two"));
            }
            None => {}
        }
        let (id, value) = match kind {
            ADDRESS => address(&path_of("id"), location, schedule)?,
            STATIC => {
                let url = location.value.as_deref().map(str::trim).filter(|url| url::Url::parse(url).is_ok());
                let Some(url) = url else {
                    let hint = "give the full URL, like https://meet.example.com/room";
                    return Err(Failure::argument(&path_of("value"), "online_static_link needs its URL", hint));
                };
                (None, Some(url.to_owned()))
            }
            _ => (None, None),
        };
        if kind == DYNAMIC && location.value.is_some() {
            let note = "The services that an online_dynamic_link offers depend on what the user has connected in \
                        OnceHub, not on value.";
            notes.push(note.to_owned());
        }
        all.push(Location { kind: kind.to_owned(), id, value });
    }
    Ok(all)
}

/// Finds an address in the schedule by its id or its text; returns its id, and its text if known.
fn address(
    path: &str,
    location: &LocationInput,
    schedule: &WorkingHours,
) -> Result<(Option<String>, Option<String>), Failure> {
    let known = schedule.locations().filter_map(|known| Some((known.id.as_deref()?, known.value.as_deref())));
    let known: BTreeSet<(&str, Option<&str>)> = known.collect();
    let [id, value] = [&location.id, &location.value].map(|asked| asked.as_deref().map(str::trim));
    let found = [id, value].into_iter().flatten().find_map(|asked| {
        let is_it = |address: Option<&str>| address.is_some_and(|address| fold(address) == fold(asked));
        known.iter().copied().find(|(id, address)| *id == asked || is_it(*address))
    });
    let unknown = || Some((id.filter(|id| looks_like_an_id(id))?, value));
    if let Some((id, value)) = found.or_else(unknown) {
        return Ok((Some(id.to_owned()), value.map(str::to_owned)));
    }
    let in_use = known.iter().map(|(id, address)| format!("{id} {}", quoted(address.unwrap_or_default(), 60)));
    let hint = if known.is_empty() {
        "get_booking_time_slots shows the ids of addresses (ADD-…) where meetings can take place".to_owned()
    } else {
        format!("pass the id of one that is in use: {}", in_use.collect::<Vec<_>>().join(", "))
    };
    Err(Failure::argument(path, "in_person_by_host needs the id of an address", hint))
}
