//! Meeting locations. For a range of hours, OnceHub accepts one of each type and one kind of online link, though it
//! shows a row for each video service that a user has connected.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::schedule::Schedule;
use crate::names::{fold, looks_like_an_id};
use crate::oncehub::users::Location;
use crate::records::failure::Failure;
use crate::records::untrusted::quoted;

#[derive(Clone, Deserialize, schemars::JsonSchema)]
pub struct LocationInput {
    #[serde(rename = "type")]
    kind: LocationType,
    /// ADD-…, for in_person_by_host
    id: Option<String>,
    /// URL, for online_static_link
    value: Option<String>,
}

#[derive(Clone, Copy, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
enum LocationType {
    OnlineDynamicLink,
    OnlineStaticLink,
    InPersonByHost,
    InPersonByGuest,
    PhoneByGuest,
}

const DYNAMIC: &str = "online_dynamic_link";
const STATIC: &str = "online_static_link";
const ADDRESS: &str = "in_person_by_host";

impl LocationType {
    fn as_str(self) -> &'static str {
        match self {
            Self::OnlineDynamicLink => DYNAMIC,
            Self::OnlineStaticLink => STATIC,
            Self::InPersonByHost => ADDRESS,
            Self::InPersonByGuest => "in_person_by_guest",
            Self::PhoneByGuest => "phone_by_guest",
        }
    }
}

/// Returns the location, if any, beside which OnceHub accepts none of a type.
fn conflict<'a>(locations: &'a [Location], kind: &str) -> Option<&'a Location> {
    let is_online = |kind: &str| kind == DYNAMIC || kind == STATIC;
    locations.iter().find(|known| known.kind == kind || is_online(&known.kind) && is_online(kind))
}

/// Returns locations that OnceHub shows in the form that it accepts.
pub(super) fn accepted<'a>(shown: impl Iterator<Item = &'a Location>, notes: &mut Vec<String>) -> Vec<Location> {
    let mut kept: Vec<Location> = Vec::new();
    for shown in shown.filter(|shown| !shown.kind.is_empty()) {
        let kind = shown.kind.as_str();
        // The value of a dynamic link or of a guest's place is read-only.
        let location = Location {
            kind: kind.to_owned(),
            id: shown.id.clone().filter(|_| kind == ADDRESS),
            value: shown.value.clone().filter(|_| kind == ADDRESS || kind == STATIC),
        };
        // OnceHub lists one row per provider, and other hours repeat the row: duplicates mean nothing.
        if kept.contains(&location) {
            continue;
        }
        if conflict(&kept, kind).is_none() {
            kept.push(location);
            continue;
        }
        let group = match kind {
            DYNAMIC | STATIC => "one kind of online link",
            _ => "one location of each type",
        };
        let what = shown.value.as_ref().or(shown.id.as_ref()).unwrap_or(&shown.kind);
        notes.push(format!("OnceHub accepts only {group} for a range of hours: {} is left out.", quoted(what, 80)));
    }
    kept
}

/// Returns the locations that a caller gives for a range.
pub(super) fn given(
    path: &str,
    given: &[LocationInput],
    schedule: &Schedule,
    notes: &mut Vec<String>,
) -> Result<Vec<Location>, Failure> {
    let mut all: Vec<Location> = Vec::new();
    for (index, location) in given.iter().enumerate() {
        let kind = location.kind.as_str();
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
        all.push(match location.kind {
            LocationType::InPersonByHost => address(&path_of("id"), location, schedule)?,
            LocationType::OnlineStaticLink => {
                let url = location.value.as_deref().map(str::trim).filter(|url| url::Url::parse(url).is_ok());
                let Some(url) = url else {
                    let hint = "give the full URL, like https://meet.example.com/room";
                    return Err(Failure::argument(&path_of("value"), "online_static_link needs its URL", hint));
                };
                Location { kind: kind.to_owned(), id: None, value: Some(url.to_owned()) }
            }
            _ => Location { kind: kind.to_owned(), id: None, value: None },
        });
        if kind == DYNAMIC && location.value.is_some() {
            let note = "The services that an online_dynamic_link offers depend on what the user has connected in \
                        OnceHub, not on value.";
            notes.push(note.to_owned());
        }
    }
    Ok(all)
}

/// Finds an address in the schedule by its id or its text.
fn address(path: &str, location: &LocationInput, schedule: &Schedule) -> Result<Location, Failure> {
    let address = |id, value| Location { kind: ADDRESS.to_owned(), id, value };
    let known: BTreeSet<Location> = schedule
        .locations()
        .filter(|known| known.id.is_some())
        .map(|known| address(known.id.clone(), known.value.clone()))
        .collect();
    let asked = [&location.id, &location.value].map(|asked| asked.as_deref().map(str::trim));
    for asked in asked.into_iter().flatten() {
        let is_it = |known: &&Location| {
            known.id.as_deref() == Some(asked) || known.value.as_ref().is_some_and(|text| fold(text) == fold(asked))
        };
        if let Some(found) = known.iter().find(is_it) {
            return Ok(found.clone());
        }
    }
    if let [Some(id), value] = asked
        && looks_like_an_id(id)
    {
        return Ok(address(Some(id.to_owned()), value.map(str::to_owned)));
    }
    let in_use = known.iter().map(|known| {
        let (id, value) = (known.id.as_deref().unwrap_or_default(), known.value.as_deref().unwrap_or_default());
        format!("{id} {}", quoted(value, 60))
    });
    let hint = if known.is_empty() {
        "get_booking_time_slots shows the ids of addresses (ADD-…) where meetings can take place".to_owned()
    } else {
        format!("pass the id of one that is in use: {}", in_use.collect::<Vec<_>>().join(", "))
    };
    Err(Failure::argument(path, "in_person_by_host needs the id of an address", hint))
}
