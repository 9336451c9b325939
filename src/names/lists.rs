//! Lists of OnceHub's, read page by page: one, or two as one.

use std::collections::{HashSet, VecDeque};
use std::fmt;

use futures::future::try_join;
use jiff::Timestamp;

use crate::oncehub::{Client, Error, Id, Item as _, Listing, Walk, bookings};
use crate::records::{Booking, Failure, Record, Told};

/// What a search reads.
pub(super) trait Lists<R> {
    /// How many lists there are. A page of each is read at once.
    const COUNT: usize;

    /// Reads on, in pages of at most `limit` objects.
    async fn read(&mut self, oncehub: &Client, limit: usize) -> Result<Batch<R>, Failure>;
}

/// Objects in the order of a list.
pub(super) struct Batch<R> {
    /// Each with the cursor that goes on after it, if one can.
    pub(super) items: Vec<(Told<R>, Option<String>)>,
    /// How many pages were read.
    pub(super) pages: usize,
    /// Whether there are more after the last one.
    pub(super) has_more: bool,
    /// The cursor that goes on after what was read.
    pub(super) next: Option<String>,
    /// Whether OnceHub says that there are more, but sends the same ones again.
    pub(super) repeats: bool,
}

/// One list.
pub(super) struct One<'a, L> {
    listing: &'a L,
    walk: Walk,
}

impl<'a, L: Listing> One<'a, L> {
    pub(super) fn after(listing: &'a L, cursor: Option<Id>) -> Self {
        Self { listing, walk: Walk::after(cursor) }
    }
}

/// Only a valid id can serve as a cursor.
fn id_of<R: Record>(object: &Told<R>) -> Option<&str> {
    object.id().filter(|id| id.parse::<Id>().is_ok())
}

impl<L: Listing, R: Record> Lists<R> for One<'_, L> {
    const COUNT: usize = 1;

    async fn read(&mut self, oncehub: &Client, limit: usize) -> Result<Batch<R>, Failure> {
        let page = oncehub.next_page(self.listing, limit, &mut self.walk).await?;
        let with_cursor = |object: Told<R>| {
            let cursor = id_of(&object).map(str::to_owned);
            (object, cursor)
        };
        let items = page.items.into_iter().map(with_cursor).collect();
        Ok(Batch { items, pages: 1, has_more: page.has_more, next: page.next, repeats: page.repeats })
    }
}

/// How far a list has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Begin,
    After(Id),
    End,
}

/// The places in two lists, as a cursor: `BKNG-1~BKNG-2`. A list that has not begun is empty there, one that has ended a
/// dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Places(pub(super) Place, pub(super) Place);

/// What a cursor of two lists has between them, and no id.
pub(super) const BETWEEN: char = '~';

impl Places {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let place = |text: &str| match text {
            "" => Some(Place::Begin),
            "." => Some(Place::End),
            id => id.parse().ok().map(Place::After),
        };
        let (first, second) = text.trim().split_once(BETWEEN)?;
        let places = Self(place(first)?, place(second)?);
        (places != Self(Place::End, Place::End)).then_some(places)
    }
}

impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |place: &Place| match place {
            Place::Begin => String::new(),
            Place::After(id) => id.to_string(),
            Place::End => ".".to_owned(),
        };
        write!(f, "{}{BETWEEN}{}", text(&self.0), text(&self.1))
    }
}

/// One of two lists of bookings.
struct Side {
    listing: bookings::All,
    walk: Walk,
    /// Which of its bookings count.
    counts: fn(&Booking) -> bool,
    /// What was read and not yet passed on. The first one counts.
    ahead: VecDeque<Told<Booking>>,
    /// Whether there may be more than was read.
    has_more: bool,
    /// The last booking that was passed on or left out.
    passed: Place,
    /// When that was created: what comes after it is not newer.
    reached: Option<Timestamp>,
}

fn created(booking: &Told<Booking>) -> Option<Timestamp> {
    booking.creation_time.map(|time| time.0)
}

impl Side {
    fn new(listing: bookings::All, place: Place, counts: fn(&Booking) -> bool) -> Self {
        let after = if let Place::After(id) = &place { Some(id.clone()) } else { None };
        let has_more = place != Place::End;
        let ahead = VecDeque::new();
        Self { listing, walk: Walk::after(after), counts, ahead, has_more, passed: place, reached: None }
    }

    /// Reads a page, if there is nothing ahead. Returns whether it did, and whether OnceHub repeats itself.
    async fn read(&mut self, oncehub: &Client, limit: usize) -> Result<(bool, bool), Error> {
        if !self.ahead.is_empty() || !self.has_more {
            return Ok((false, false));
        }
        let page = oncehub.next_page(&self.listing, limit, &mut self.walk).await?;
        self.has_more = page.has_more;
        self.ahead.extend(page.items);
        self.leave_out();
        Ok((true, page.repeats))
    }

    /// Passes the next booking on.
    fn pass(&mut self) -> Option<Told<Booking>> {
        let next = self.ahead.pop_front()?;
        self.passed(&next);
        self.leave_out();
        Some(next)
    }

    /// Leaves out what does not count, up to the next booking that does.
    fn leave_out(&mut self) {
        while self.ahead.front().is_some_and(|next| !(self.counts)(next)) {
            if let Some(next) = self.ahead.pop_front() {
                self.passed(&next);
            }
        }
    }

    fn passed(&mut self, booking: &Told<Booking>) {
        self.reached = created(booking).or(self.reached);
        if let Some(Ok(id)) = booking.id.as_deref().map(str::parse) {
            self.passed = Place::After(id);
        }
    }

    fn has_ended(&self) -> bool {
        self.ahead.is_empty() && !self.has_more
    }

    fn place(&self) -> Place {
        if self.has_ended() { Place::End } else { self.passed.clone() }
    }

    /// Whether all that was not read yet comes after a booking of the other list, and is another one.
    fn is_past(&self, booking: &Told<Booking>) -> bool {
        let at = created(booking);
        let is_further = self.reached.is_some_and(|reached| at.is_none_or(|at| reached < at));
        let has_it = matches!(&self.passed, Place::After(id) if booking.id.as_deref() == Some(id.as_str()));
        !self.ahead.is_empty() || !self.has_more || is_further || has_it
    }
}

/// Two lists of bookings as one, newest created first, and each booking once.
pub(super) struct Two {
    first: Side,
    second: Side,
    /// The bookings that were passed on.
    seen: HashSet<String>,
}

/// What the failure to read the second list begins with.
const SECOND: &str = "the bookings on Classic pages could not be read, so none at all are shown";

impl Two {
    /// Reads `first` whole, and `second` as far as its bookings count.
    pub(super) fn new(
        first: bookings::All,
        second: bookings::All,
        counts: fn(&Booking) -> bool,
        Places(in_first, in_second): Places,
    ) -> Self {
        let (first, second) = (Side::new(first, in_first, |_| true), Side::new(second, in_second, counts));
        Self { first, second, seen: HashSet::new() }
    }

    /// Returns the list with the newest next booking, if that is certain.
    fn newest(&mut self) -> Option<&mut Side> {
        let Self { first, second, .. } = self;
        let is_first = match (first.ahead.front().map(created), second.ahead.front().map(created)) {
            // What does not say when it was created stays where its list has it.
            (Some(one), Some(other)) => one.is_none() || other.is_some_and(|other| one >= Some(other)),
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => return None,
        };
        let (side, other) = if is_first { (first, second) } else { (second, first) };
        side.ahead.front().is_some_and(|next| other.is_past(next)).then_some(side)
    }

    /// Takes the next booking out of both lists, if it is certain which one it is.
    fn next(&mut self) -> Option<Told<Booking>> {
        let next = self.newest()?.pass()?;
        self.seen.extend(next.id.as_deref().map(str::to_owned));
        for side in [&mut self.first, &mut self.second] {
            while side.ahead.front().and_then(|next| next.id.as_deref()).is_some_and(|id| self.seen.contains(id)) {
                side.pass();
            }
        }
        Some(next)
    }

    fn cursor(&self) -> Option<String> {
        let Self { first, second, .. } = self;
        let has_ended = first.has_ended() && second.has_ended();
        (!has_ended).then(|| Places(first.place(), second.place()).to_string())
    }
}

impl Lists<Booking> for Two {
    const COUNT: usize = 2;

    async fn read(&mut self, oncehub: &Client, limit: usize) -> Result<Batch<Booking>, Failure> {
        let Self { first, second, .. } = self;
        let first = async { first.read(oncehub, limit).await.map_err(Failure::from) };
        let second = async {
            second.read(oncehub, limit).await.map_err(|error| {
                let mut failure = Failure::from(error);
                failure.message = format!("{SECOND}: {}", failure.message);
                failure
            })
        };
        let (first, second) = try_join(first, second).await?;
        let mut items = Vec::new();
        while let Some(next) = self.next() {
            let cursor = if id_of(&next).is_some() { self.cursor() } else { None };
            items.push((next, cursor));
        }
        let next = self.cursor();
        Ok(Batch {
            items,
            pages: usize::from(first.0) + usize::from(second.0),
            has_more: next.is_some(),
            next,
            repeats: first.1 || second.1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_of_two_lists_says_where_both_are_and_no_id_is_one() {
        for text in ["~", "BKNG-1~", "~BKNG-2", "BKNG-1~BKNG-2", ".~BKNG-2", "BKNG-1~."] {
            assert_eq!(Places::parse(text).unwrap().to_string(), text);
        }
        let long = "x".repeat(101);
        for odd in ["", "BKNG-1", ".~.", "BKNG-1~BKNG-2~BKNG-3", "a b~c", "..~x", "~/", &format!("{long}~")] {
            assert_eq!(Places::parse(odd), None, "{odd}");
        }
    }
}
