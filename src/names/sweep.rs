//! Sweeping all bookings that a filter finds, to count them: in slices by their start, the latest first and several in
//! parallel. OnceHub lists by creation, so a list that breaks off is complete for no day; a slice that was read to its
//! end is complete.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::{join_all, try_join_all};
use jiff::{SignedDuration, Timestamp, Unit};
use tokio::time::Instant;

use super::Names;
use super::held::List;
use crate::oncehub::{Cause, Client, Error, Range, Walk, bookings};
use crate::records::{Booking, Failure, Told};

/// The most bookings that are read.
const MOST: usize = 5000;
/// The most pages that are read.
const PAGES: usize = 60;
/// OnceHub's largest page.
const PAGE: usize = 100;
/// How many pages of everything are read first: often that is all; if not, it tells how dense the bookings are.
const FIRST: usize = 2;
/// How many slices are read in parallel.
const ABREAST: usize = 3;
/// How many pages a slice should have.
const PAGES_OF_A_SLICE: u32 = 10;

/// A span of time, open where there is no end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The first moment.
    pub from: Option<Timestamp>,
    /// The end, exclusive.
    pub until: Option<Timestamp>,
}

impl Span {
    /// Returns it as OnceHub's filters have it.
    pub fn range(self) -> Range {
        Range::between(self.from, self.until)
    }
}

/// What a sweep has read.
pub struct Sweep<T> {
    /// What was made of each booking, in no order.
    pub rows: Vec<T>,
    /// The span of which all bookings were read: what was asked for, unless there was a reason to stop.
    pub covers: Span,
    /// Why the sweep ended early.
    pub stopped: Option<Stop>,
}

/// A reason to end a sweep early.
pub enum Stop {
    /// As many bookings were read as one call reads.
    Most,
    /// The call has no more time, or the rate limits leave it none.
    Late,
    /// OnceHub failed, or did not make sense.
    Failed(Failure),
}

/// A slice that could not be read to its end.
enum Broken {
    Full,
    Failed(Error),
    Repeats,
}

impl Broken {
    fn told(self) -> Stop {
        match self {
            Self::Full => Stop::Most,
            Self::Failed(Error { cause: Cause::Timeout(_) | Cause::RateLimited { .. }, .. }) => Stop::Late,
            Self::Failed(error) => Stop::Failed(error.into()),
            Self::Repeats => Stop::Failed(Failure::unexpected(
                "OnceHub says that there are more bookings, but sends the same ones again",
            )),
        }
    }
}

/// What has been read of a slice.
struct Slice {
    bookings: Vec<Told<Booking>>,
    /// Whether that is all of it.
    is_whole: bool,
}

/// What a sweep reads from.
struct Reader {
    oncehub: Client,
    lists: Vec<List>,
    pages: AtomicUsize,
    read: AtomicUsize,
    names: Names,
}

impl Names {
    /// Sweeps the bookings of a filter that start in a span, until `late`; with a host, all that they hold.
    ///
    /// # Errors
    /// If not even one slice could be read.
    pub async fn sweep<T>(
        &self,
        filter: bookings::All,
        span: Span,
        late: Instant,
        row: impl Fn(&Told<Booking>) -> T,
    ) -> Result<Sweep<T>, Failure> {
        let lists = self.lists_of(filter).await;
        let began = Instant::now();
        let (pages, read) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let reader = Reader { oncehub: self.oncehub.until(late), lists, pages, read, names: self.clone() };
        let all = reader.slice(span, FIRST).await.map_err(|broken| match broken.told() {
            Stop::Failed(failure) => failure,
            Stop::Late | Stop::Most => none_covered(),
        })?;
        if all.is_whole {
            return Ok(Sweep { rows: once(all.bookings, &row), covers: span, stopped: None });
        }
        let pace = began.elapsed() / u32::try_from(FIRST).unwrap_or(1);
        // They are read again, with their slices.
        reader.read.store(0, Ordering::Relaxed);
        let (found, covers, stopped) = reader.slices(span, &all.bookings, (pace, late), self.now).await;
        match stopped {
            Some(Stop::Failed(failure)) if covers.is_none() => Err(failure),
            Some(_) if covers.is_none() => Err(none_covered()),
            stopped => Ok(Sweep { rows: once(found, &row), covers: covers.unwrap_or(span), stopped }),
        }
    }
}

fn none_covered() -> Failure {
    let problem = "there are more bookings than could be read in the time of this call, so nothing is counted";
    Failure::argument("starts_after", problem, "ask for a shorter range, or a narrower filter; then for the next range")
}

/// Makes rows of bookings, each once: one that is moved meanwhile may be in two slices.
fn once<T>(bookings: Vec<Told<Booking>>, row: impl Fn(&Told<Booking>) -> T) -> Vec<T> {
    let mut seen = HashSet::new();
    let is_new = |booking: &Told<Booking>| booking.id.as_ref().is_none_or(|id| seen.insert(id.clone()));
    bookings.into_iter().filter(is_new).map(|booking| row(&booking)).collect()
}

impl Reader {
    /// Reads the slices of a span, the latest first. Returns the bookings of those that were read to their ends without
    /// a gap, the span that these cover, and why it is not all.
    async fn slices(
        &self,
        span: Span,
        sample: &[Told<Booking>],
        (pace, late): (Duration, Instant),
        now: Timestamp,
    ) -> (Vec<Told<Booking>>, Option<Span>, Option<Stop>) {
        let (mut found, mut covers) = (Vec::new(), None);
        // A small one by itself, at first: it tells better than the sample how dense the bookings are.
        let mut length = Some(first_length(sample, wanted(pace, late).min(FIRST * PAGE), span));
        let mut side_by_side = 1;
        let mut next = span;
        loop {
            let slices = abreast(next, length, side_by_side, now);
            let (mut measured, mut count, mut of_last) = (0, 0, 0);
            for (slice, read) in
                slices.iter().zip(join_all(slices.iter().map(|slice| self.slice(*slice, usize::MAX))).await)
            {
                match read {
                    Ok(mut read) => {
                        of_last = read.bookings.len();
                        if slice.until.is_some() {
                            measured += 1;
                            count += of_last;
                        }
                        found.append(&mut read.bookings);
                        covers = Some(Span { from: slice.from, until: span.until });
                        next.until = slice.from;
                    }
                    Err(broken) => return (found, covers, Some(broken.told())),
                }
            }
            if next.until == span.from {
                return (found, covers, None);
            }
            // Where the earliest of them is empty, there seems to be nothing more: the rest at once.
            let goes_on = length.filter(|_| of_last > 0);
            let wanted = wanted(pace, late);
            length = goes_on.map(|length| next_length(length, count, measured * wanted));
            // As many as there is room for, were they twice as dense: a slice not read to its end was read in vain.
            let room = MOST.saturating_sub(self.read.load(Ordering::Relaxed));
            side_by_side = (room / (2 * wanted)).clamp(1, ABREAST);
        }
    }

    /// Reads a slice to its end, or so many pages of it.
    async fn slice(&self, span: Span, most: usize) -> Result<Slice, Broken> {
        let lists = self.lists.iter().map(|list| self.list(list, span, most));
        let read = try_join_all(lists).await?;
        let is_whole = read.iter().all(|slice| slice.is_whole);
        Ok(Slice { bookings: read.into_iter().flat_map(|slice| slice.bookings).collect(), is_whole })
    }

    async fn list(&self, list: &List, span: Span, most: usize) -> Result<Slice, Broken> {
        let listing = bookings::All { starting: span.range(), ..list.filter.clone() };
        let (mut bookings, mut walk) = (Vec::new(), Walk::default());
        for _ in 0..most {
            if self.pages.fetch_add(1, Ordering::Relaxed) >= PAGES {
                return Err(Broken::Full);
            }
            let page = self.oncehub.next_page(&listing, PAGE, &mut walk).await.map_err(Broken::Failed)?;
            let read = self.read.fetch_add(page.items.len(), Ordering::Relaxed) + page.items.len();
            bookings.extend(page.items.into_iter().filter(|booking: &Told<Booking>| (list.counts)(booking)));
            if page.repeats {
                return Err(Broken::Repeats);
            }
            if !page.has_more {
                return Ok(Slice { bookings, is_whole: true });
            }
            if read >= MOST {
                return Err(Broken::Full);
            }
            (self.names.progress)(read, None);
        }
        Ok(Slice { bookings, is_whole: false })
    }
}

/// Returns how many bookings a slice should have: fewer where pages come slowly, so that some slices are read to their ends.
fn wanted(pace: Duration, late: Instant) -> usize {
    let left = late.saturating_duration_since(Instant::now());
    let affordable = left.as_millis() / 3 / pace.as_millis().max(1);
    let affordable = u32::try_from(affordable).unwrap_or(PAGES_OF_A_SLICE);
    PAGE * affordable.clamp(1, PAGES_OF_A_SLICE) as usize
}

/// Returns how long a slice should be at first, to have so many bookings: they start about as often as they are made.
fn first_length(sample: &[Told<Booking>], wanted: usize, span: Span) -> SignedDuration {
    let created = || sample.iter().filter_map(|booking| booking.creation_time).map(|time| time.0);
    let (oldest, newest) = (created().min(), created().max());
    let taken = newest.zip(oldest).map_or(30 * DAY, |(newest, oldest)| newest.duration_since(oldest));
    let usual = scaled(taken, wanted, sample.len()).max(SignedDuration::from_hours(1));
    // Several slices in parallel take less time than one.
    let abreast = i32::try_from(ABREAST).unwrap_or(1);
    let whole = span.until.zip(span.from).map(|(until, from)| until.duration_since(from) / abreast);
    let length = whole.map_or(usual, |whole| whole.min(usual));
    SignedDuration::from_secs(length.as_secs() + 1)
}

/// Returns how long the next slices should be, after some that had so many bookings.
fn next_length(length: SignedDuration, count: usize, wanted: usize) -> SignedDuration {
    let next = scaled(length, wanted, count).clamp(length / 4, length.saturating_mul(4));
    SignedDuration::from_secs(next.as_secs() + 1)
}

fn scaled(length: SignedDuration, by: usize, of: usize) -> SignedDuration {
    let by = i64::try_from(by).unwrap_or(i64::MAX);
    let seconds = length.as_secs().saturating_mul(by) / i64::try_from(of.max(1)).unwrap_or(1);
    SignedDuration::from_secs(seconds)
}

const DAY: SignedDuration = SignedDuration::from_hours(24);

/// Returns the latest slices of a span: so many of this length, or all of it; and what is still to come, if that is in it.
fn abreast(rest: Span, length: Option<SignedDuration>, count: usize, now: Timestamp) -> Vec<Span> {
    let Some(length) = length else { return vec![rest] };
    // To the second, as OnceHub's times are.
    let now = now.round(Unit::Second).unwrap_or(now);
    let (mut slices, mut until) = (Vec::new(), rest.until);
    let count = count + usize::from(rest.until.is_none());
    while slices.len() < count {
        let begins = match until {
            Some(until) => until.checked_sub(length).ok(),
            None => Some(now),
        };
        // None is before every moment, as it should be for a beginning.
        let from = begins.max(rest.from);
        slices.push(Span { from, until });
        if from == rest.from {
            break;
        }
        until = from;
    }
    slices
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Option<Timestamp> {
        text.parse().ok()
    }

    #[test]
    fn slices_join_without_a_gap_and_end_where_the_span_does() {
        let now = at("2026-11-23T14:20:00.7Z").unwrap();
        for (from, until) in [
            (at("2026-01-01T00:00:00Z"), at("2026-02-01T00:00:00Z")),
            (at("2026-01-01T00:00:00Z"), None),
            (None, at("2026-02-01T00:00:00Z")),
            (at("2027-01-01T00:00:00Z"), None),
            (None, None),
            (at("-009998-01-01T00:00:00Z"), at("9998-01-01T00:00:00Z")),
        ] {
            for hours in [1, 24, 24 * 40, 24 * 4000] {
                let (mut rest, mut length) = (Span { from, until }, Some(SignedDuration::from_hours(hours)));
                for round in 0.. {
                    assert!(round < 100_000);
                    let slices = abreast(rest, length, ABREAST, now);
                    assert!((1..=ABREAST + 1).contains(&slices.len()));
                    for slice in slices {
                        assert_eq!(slice.until, rest.until);
                        assert!(slice.until.is_none_or(|until| slice.from < Some(until)), "{slice:?}");
                        rest.until = slice.from;
                    }
                    if rest.until == from {
                        break;
                    }
                    length = length.filter(|_| round < 3).map(|length| next_length(length, 1, 1));
                }
            }
        }
    }
}
