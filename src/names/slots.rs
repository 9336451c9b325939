//! Reading the free start times of a calendar.

use jiff::{SignedDuration, Timestamp};

use crate::oncehub::{Client, Error, Id, booking_calendars};
use crate::records::{Slot, time};

/// The longest range that OnceHub returns free starts for.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A range for which OnceHub returns free starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub start: Timestamp,
    /// Whether it begins now, which OnceHub can tell more precisely than we can.
    pub is_from_now: bool,
    pub end: Timestamp,
}

/// Splits a range into as few parts as OnceHub returns free starts for.
pub fn parts(start: Option<Timestamp>, now: Timestamp, end: Timestamp) -> Vec<Part> {
    let mut parts = Vec::new();
    let (mut begins, mut is_from_now) = (start.unwrap_or(now), start.is_none());
    while begins < end {
        let until = begins.checked_add(LONGEST).unwrap_or(end).min(end);
        parts.push(Part { start: begins, is_from_now, end: until });
        (begins, is_from_now) = (until, false);
    }
    parts
}

/// Returns a calendar's free starts in a part, in order, skipping what cannot be read as one, or was not asked for: what
/// is past or far away, and the end, with which the next part begins.
pub async fn slots(oncehub: &Client, id: &Id, part: Part) -> Result<Vec<Slot>, Error> {
    let asked = booking_calendars::TimeSlots {
        id: id.clone(),
        start_time: (!part.is_from_now).then(|| time::instant(part.start)),
        end_time: Some(time::instant(part.end)),
    };
    let list = oncehub.send(&asked).await?;
    let mut slots: Vec<Slot> = list.data.iter().filter_map(Slot::read).collect();
    slots.retain(|slot| part.start <= slot.start && slot.start < part.end);
    slots.sort_by_key(|slot| slot.start);
    slots.dedup();
    Ok(slots)
}

/// Returns a calendar's free starts from a day before a time to two days after it.
pub async fn slots_around(oncehub: &Client, id: &Id, at: Timestamp, now: Timestamp) -> Result<Vec<Slot>, Error> {
    let day = SignedDuration::from_hours(24);
    let start = (at - day).max(now);
    slots(oncehub, id, Part { start, is_from_now: start == now, end: at.max(now) + day + day }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_split_into_parts_without_gaps() {
        let at = |days: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * days);
        let lengths = |days: i64| -> Vec<i64> {
            let parts = parts(None, at(0), at(days));
            assert!(
                parts.windows(2).all(|two| two[1].start == two[0].end && !two[1].is_from_now) && parts[0].is_from_now
            );
            parts.iter().map(|part| part.end.duration_since(part.start).as_hours() / 24).collect()
        };
        assert_eq!(
            (lengths(1), lengths(30), lengths(31), lengths(90)),
            (vec![1], vec![30], vec![30, 1], vec![30, 30, 30])
        );
        assert!(parts(Some(at(2)), at(0), at(2)).is_empty());
    }
}
