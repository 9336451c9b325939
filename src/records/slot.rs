//! Free start times of a calendar.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Zone, quoted, time, word};
use crate::oncehub::Object;

/// A free start time, and where the meeting can take place.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    pub start: Timestamp,
    pub locations: Vec<Place>,
}

/// A place of a slot, as OnceHub sends it: its `type`, `value` and `id`.
pub type Place = Map<String, Value>;

impl Slot {
    /// Reads a slot; `None` for what has no start.
    pub fn read(slot: &Object) -> Option<Self> {
        let start = time::read(slot.text("start_time")?)?;
        let locations = slot.get("locations").and_then(Value::as_array).into_iter().flatten();
        Some(Self { start, locations: locations.filter_map(Value::as_object).cloned().collect() })
    }
}

/// Returns a text of a slot's place.
pub fn text_of<'a>(place: &'a Place, field: &str) -> Option<&'a str> {
    place.get(field)?.as_str().filter(|text| !text.trim().is_empty())
}

/// Describes places in the terms `schedule_meeting` takes, and for a person.
pub fn described(places: &[Place]) -> String {
    let each = places.iter().map(|place| {
        let kind = text_of(place, "type").unwrap_or("unknown");
        let mut text = word(kind);
        // A video service is OnceHub's own word; people write addresses and numbers.
        let is_service = kind == "virtual";
        let value = text_of(place, "value").map(|value| if is_service { word(value) } else { quoted(value, 120) });
        let id = text_of(place, "id").map(word);
        for part in [value, id].into_iter().flatten() {
            let _ = write!(text, " {part}");
        }
        text
    });
    each.collect::<Vec<_>>().join(", ")
}

/// Returns the free starts nearest to one that is taken, in order: the quickest alternative for a caller who was too late.
pub fn nearest(slots: &[Slot], to: Timestamp) -> Vec<Timestamp> {
    let mut near: Vec<Timestamp> = slots.iter().map(|slot| slot.start).collect();
    near.sort_by_key(|at| at.duration_since(to).abs());
    near.truncate(5);
    near.sort_unstable();
    near
}

/// Lists starts, for people in a zone; `None` if there are none.
pub fn starts_in_words(starts: &[Timestamp], zone: &Zone) -> Option<String> {
    let words: Vec<String> = starts.iter().map(|at| time::local(*at, zone)).collect();
    (!words.is_empty()).then(|| format!("{} ({})", words.join(", "), quoted(zone.name(), 60).trim_matches('"')))
}

/// Chooses `count` items, spread evenly over all.
pub fn spread<T>(all: &[T], count: usize) -> impl Iterator<Item = &T> {
    let count = count.min(all.len());
    (0..count).filter_map(move |at| all.get(at * all.len() / count))
}
