//! The bookings that a user holds. OnceHub's filter by host knows booking calendars only; what is booked on a Classic page
//! has an owner instead. Where an account has such pages, both are asked.

use super::Names;
use super::lists::{BETWEEN, Place, Places, Two};
use super::search::{Gathered, Search};
use crate::oncehub::{Id, bookings};
use crate::records::{Booking, Failure, Noun, Told};

/// Returns the list that a filter of bookings stands for on an account that has Classic pages; and, where the host may
/// have bookings in both, the list of those on Classic pages, which have the same user as their owner.
fn with_classic(filter: bookings::All) -> (bookings::All, Option<bookings::All>) {
    let Some(host) = &filter.host else { return (filter, None) };
    // On a Classic page the host is the owner, and there is no calendar.
    let another_owns = filter.owner.as_ref().is_some_and(|owner| owner.as_str() != host.as_str());
    if another_owns || filter.booking_calendar.is_some() {
        return (filter, None);
    }
    let classic = bookings::All { host: None, owner: Some(host.clone()), ..filter.clone() };
    // What is on a Classic page is on no calendar.
    match filter.booking_page.as_ref().or(filter.master_page.as_ref()).or(filter.event_type.as_ref()) {
        Some(_) => (classic, None),
        None => (filter, Some(classic)),
    }
}

/// Whether a booking was made on a Classic page. OnceHub shows the calendar of every other.
fn is_classic(booking: &Booking) -> bool {
    booking.booking_page.is_some() || booking.booking_calendar.is_none()
}

/// A list of bookings, and which of those in it count.
pub(super) struct List {
    pub(super) filter: bookings::All,
    pub(super) counts: fn(&Booking) -> bool,
}

impl Names {
    /// Returns the lists that a filter of bookings stands for: with a host, on an account that has Classic pages, there may
    /// be two.
    pub(super) async fn lists_of(&self, filter: bookings::All) -> Vec<List> {
        let (filter, classic) = with_classic(filter);
        let mut lists = vec![List { filter, counts: |_| true }];
        if let Some(filter) = classic
            && self.may_have_classic_pages().await
        {
            lists.push(List { filter, counts: is_classic });
        }
        lists
    }

    /// Whether the account has Classic pages, or it is not known that it has none.
    async fn may_have_classic_pages(&self) -> bool {
        let pages = self.all_or_none(Noun::BookingPages).await;
        !pages.is_known() || !pages.all.is_empty()
    }

    /// Gathers bookings like [`Names::gather`]; with a host, all that they hold, on calendars and on Classic pages.
    ///
    /// # Errors
    /// If the cursor is not one of this list, or OnceHub cannot be asked.
    pub async fn gather_bookings(
        &self,
        filter: bookings::All,
        cursor: Option<&str>,
        search: Search<'_, Booking>,
    ) -> Result<Gathered<Booking>, Failure> {
        let places = cursor.and_then(Places::parse);
        let (filter, classic) = with_classic(filter);
        // Whether there are Classic pages is read only where it makes a difference: a cursor of two lists says enough.
        let classic = match classic {
            Some(classic) if places.is_some() || self.may_have_classic_pages().await => classic,
            _ => return self.gather(&filter, after(cursor)?, search).await,
        };
        let places = match (cursor, places) {
            (None, _) => Places(Place::Begin, Place::Begin),
            (Some(_), Some(places)) => places,
            (Some(other), None) => {
                after(Some(other))?;
                let problem = "it is of another list: one of calendars alone, or with other filters";
                return Err(Failure::argument("cursor", problem, START_OVER));
            }
        };
        self.gather_from(Two::new(filter, classic, is_classic, places), search).await
    }

    /// Returns up to `wanted` bookings, newest created first, and whether there are more; with a host, all that they
    /// hold.
    ///
    /// # Errors
    /// If OnceHub cannot be asked.
    pub async fn bookings(&self, filter: bookings::All, wanted: usize) -> Result<(Vec<Told<Booking>>, bool), Failure> {
        let search = Search { wanted, keep: None, brief: |booking| booking, room: usize::MAX };
        let found = self.gather_bookings(filter, None, search).await?;
        Ok((found.items, found.has_more))
    }
}

const START_OVER: &str = "pass the last reply's next_cursor with the same filters, or no cursor to start over";

/// Reads the cursor of one list.
///
/// # Errors
/// If it is none.
pub fn after(cursor: Option<&str>) -> Result<Option<Id>, Failure> {
    let Some(cursor) = cursor else { return Ok(None) };
    if Places::parse(cursor).is_some() {
        let problem = format!("a cursor with a {BETWEEN} goes on in a list of bookings by host, which this is not");
        return Err(Failure::argument("cursor", problem, START_OVER));
    }
    cursor.trim().parse().map(Some).map_err(|error| Failure::argument("cursor", error, START_OVER))
}
