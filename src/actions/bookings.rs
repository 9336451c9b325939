//! Changes to a booking, and the upcoming bookings of somebody who is about to be deleted.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{Action, Context, Question, Seen, Subject};
use crate::names::{Among, Found, Names};
use crate::oncehub::{Client, Endpoint, Error, Id, Object, Page, Range, bookings};
use crate::records::{Booking, Failure, Reference, Told, Zone, whole};

/// A booking that is to be changed.
#[derive(Clone)]
pub struct Target {
    /// Its id.
    pub id: Id,
    /// The booking before the change.
    pub booking: Told<Booking>,
    zone: Zone,
}

impl Target {
    /// Finds a booking by its id, or among these by the guest's exact name or address, its subject, or one of its URLs.
    ///
    /// # Errors
    /// If there is no such booking, there are several, or it has been deleted.
    pub async fn find(names: &Names, among: Among, asked: &str) -> Result<Self, Failure> {
        let booking = names.booking(among, "booking_id", asked, None).await?;
        let id = booking.id.as_deref().unwrap_or(asked).parse();
        let id: Id = id.map_err(|error| Failure::argument("booking_id", error, "find the id with list_bookings"))?;
        if booking.is_deleted() {
            let problem = format!("booking_id: the booking {id} has been deleted");
            return Err(Failure::not_found("booking_id", problem, "find another with list_bookings"));
        }
        Ok(Self { id, booking, zone: names.zone.clone() })
    }

    /// Describes a booking that was read.
    pub fn new(id: Id, booking: Told<Booking>, zone: Zone) -> Self {
        Self { id, booking, zone }
    }

    /// Returns the booking that took this one's place, if the guest's newest bookings show one.
    pub async fn successor(&self, context: &Context) -> Option<Told<Booking>> {
        let contact = self.booking.contact.as_ref()?.id().parse().ok()?;
        let theirs = bookings::All { contact: Some(contact), ..bookings::All::default() };
        let newest: Page<Told<Booking>> = context.oncehub().trying_once().page(&theirs, 100, None).await.ok()?;
        let is_it = |booking: &Told<Booking>| booking.rescheduled_booking_id.as_deref() == Some(self.id.as_str());
        newest.items.into_iter().find(is_it)
    }

    /// Says why OnceHub is certain to refuse a change that only a live booking takes.
    fn not_live(&self, changed: &str) -> Option<Failure> {
        let status = ["canceled", "completed", "no_show"].into_iter().find(|status| self.booking.is(status))?;
        let (id, status) = (&self.id, status.replace('_', "-"));
        let problem = format!("{id} is {status}: OnceHub would refuse this, so nobody was asked, and nothing was sent");
        Some(Failure::argument("booking_id", problem, format!("only an upcoming booking can be {changed}")))
    }

    fn in_words(&self) -> String {
        let paid = if self.booking.is_paid() { ", which is paid" } else { "" };
        format!("{}{paid}", self.booking.in_question(&self.zone))
    }
}

/// A change after which a booking has another status.
pub struct Change<E> {
    target: Target,
    request: E,
    question: Question,
    becomes: &'static str,
    /// Whether it can be made only to a live booking.
    needs_live: bool,
}

impl<E> Change<E> {
    /// Returns the booking's id.
    pub fn id(&self) -> &Id {
        &self.target.id
    }

    /// Adds to the question what else is known: a sentence with a leading space.
    #[must_use]
    pub fn with(self, more: &str) -> Self {
        Self { question: self.question.and(more), ..self }
    }

    /// Returns the booking, if it is already what the change would make it.
    pub fn made_already(&self) -> Option<&Target> {
        Some(&self.target).filter(|target| target.booking.is(self.becomes))
    }
}

/// Words what a cancellation tells the guest. The reason is shown in full, since all of it is sent.
pub fn notice(guest: &str, reason: Option<&str>, notify_guest: bool) -> String {
    let reason = reason.map(whole);
    match (notify_guest, reason) {
        (true, Some(reason)) => format!("and e-mail {guest} this reason: {reason}"),
        (true, None) => format!("and e-mail {guest} about it"),
        (false, Some(reason)) => format!("without notifying {guest}, for this reason: {reason}"),
        (false, None) => format!("without notifying {guest}"),
    }
}

/// Words what a request to reschedule tells the guest. The reason is shown in full, since all of it is sent.
pub fn invitation(guest: &str, reason: Option<&str>) -> String {
    let why = reason.map(|reason| format!(", with this reason: {}", whole(reason))).unwrap_or_default();
    format!("and e-mail {guest} to choose another time{why}")
}

/// Cancels a booking for good.
pub fn cancel(target: Target, reason: Option<String>, notify_guest: bool) -> Change<bookings::Cancel> {
    let notice = notice("the guest", reason.as_deref(), notify_guest);
    Change {
        question: Question::important(format!("Cancel {}, {notice}", target.in_words())),
        request: bookings::Cancel { id: target.id.clone(), reason, notify_guest },
        becomes: "canceled",
        needs_live: true,
        target,
    }
}

/// Cancels a booking and asks the guest to choose another time.
pub fn request_reschedule(target: Target, reason: Option<String>) -> Change<bookings::RequestReschedule> {
    let invitation = invitation("the guest", reason.as_deref());
    Change {
        question: Question::important(format!("Cancel {}, {invitation}", target.in_words())),
        request: bookings::RequestReschedule { id: target.id.clone(), reason },
        becomes: "canceled",
        needs_live: true,
        target,
    }
}

/// Marks a booking as missed by the guest.
pub fn mark_no_show(target: Target) -> Change<bookings::NoShow> {
    Change {
        question: Question::ordinary(format!("Mark {} as missed by the guest", target.in_words())),
        request: bookings::NoShow { id: target.id.clone() },
        becomes: "no_show",
        needs_live: false,
        target,
    }
}

/// Whether a reply is this booking, as far as it shows.
fn is_of(id: &Id, reply: &Object) -> bool {
    reply.text("id").map_or_else(|| reply.text("object") == Some("booking"), |own| own == id.as_str())
}

fn subject(id: &Id, check: String) -> Subject {
    Subject::new(format!("the booking {id}"), check)
}

impl<E: Endpoint<Response = Object> + Clone + Send> Action for Change<E> {
    type Request = E;

    fn question(&self) -> Question {
        self.question.clone()
    }

    fn impossible(&self) -> Option<Failure> {
        self.target.not_live("canceled").filter(|_| self.needs_live)
    }

    fn request(&self) -> E {
        self.request.clone()
    }

    fn subject(&self) -> Subject {
        let id = &self.target.id;
        subject(id, format!("check its status with get_booking {id}"))
    }

    fn is_shown_by(&self, reply: &Object) -> bool {
        reply.text("status").map_or_else(|| is_of(&self.target.id, reply), |status| status == self.becomes)
    }

    async fn look(&self, context: &Context) -> Result<Seen, Error> {
        let now = context.oncehub().send(&bookings::Get { id: self.target.id.clone(), expand: None }).await?;
        // A booking already in that state proves nothing: OnceHub rejects a repeated change, and notifies nobody again.
        let was_so = self.target.booking.is(self.becomes);
        let is_so = now.text("status") == Some(self.becomes);
        Ok(Seen::made(Some(now).filter(|_| is_so && !was_so)))
    }
}

/// Gives a booking to another host.
///
/// OnceHub's documentation contradicts itself on whether a booking's owner changes with its host, so three signs count:
/// the owner, the attendees, and the list of the new host's bookings.
pub struct Reassign {
    /// The booking.
    pub target: Target,
    /// The new host.
    pub host: Found,
    /// The location; without it, OnceHub chooses.
    pub location: Option<bookings::VideoLocation>,
    /// The bookings that the new host has around then; `None` when they could not be looked up.
    theirs: Option<Vec<Told<Booking>>>,
    before: Signs,
}

impl Reassign {
    /// Creates the change, and looks up what else the new host has then.
    pub async fn new(
        context: &Context,
        target: Target,
        host: Found,
        location: Option<bookings::VideoLocation>,
    ) -> Self {
        let mut reassign = Self { target, host, location, theirs: None, before: Signs::default() };
        reassign.theirs = reassign.look_around(&context.names.trying_once()).await.ok();
        reassign
    }

    /// Creates the change from what is known of the new host's bookings around then.
    pub fn knowing(target: Target, host: Found, theirs: Vec<Told<Booking>>) -> Self {
        Self { target, host, location: None, theirs: Some(theirs), before: Signs::default() }
    }

    /// Returns the list of the bookings that the new host has around the time of this one.
    fn listing(&self) -> Option<bookings::All> {
        let (start, end) = self.target.booking.span()?;
        let around =
            Range::between(start.checked_sub(LONGEST).ok(), end.checked_add(SignedDuration::from_secs(1)).ok());
        Some(bookings::All { host: Some(self.host.id.clone()), starting: around, ..bookings::All::default() })
    }

    /// Returns the bookings that the new host has around the time of this one, also as co-host.
    async fn look_around(&self, names: &Names) -> Result<Vec<Told<Booking>>, Failure> {
        let Some(listing) = self.listing() else { return Ok(Vec::new()) };
        Ok(names.bookings(listing, 100).await?.0)
    }

    /// Whether OnceHub lists the booking among those that the new host hosts.
    async fn is_listed(&self, oncehub: &Client) -> Result<bool, Error> {
        let Some(listing) = self.listing() else { return Ok(false) };
        Ok(self.is_among(&oncehub.list(&listing, 100).await?.items))
    }

    fn is_among(&self, theirs: &[Told<Booking>]) -> bool {
        is_among(&self.target.booking, theirs)
    }

    /// Describes what else the new host has then, as far as OnceHub knows; `None` if there is nothing.
    pub fn clash(&self) -> Option<String> {
        let Some(theirs) = &self.theirs else {
            return Some("Whether the new host has another booking then could not be checked.".to_owned());
        };
        let (start, end) = self.target.booking.span()?;
        let is_another = |booking: &&Told<Booking>| booking.id.as_deref() != Some(self.target.id.as_str());
        let overlaps = |booking: &&Told<Booking>| booking.span().is_some_and(|(from, to)| from < end && start < to);
        let others = theirs.iter().filter(|booking| booking.is_live()).filter(is_another).filter(overlaps);
        let others: Vec<String> = others.take(NAMED).map(|booking| booking.mention(&self.target.zone)).collect();
        (!others.is_empty()).then(|| format!("The new host has another booking then: {}.", others.join("; ")))
    }
}

fn is_among(booking: &Booking, bookings: &[Told<Booking>]) -> bool {
    bookings.iter().any(|one| one.id == booking.id)
}

/// Returns the user whom a booking still shows as its owner after it was given to another host.
pub fn still_owned_by<'a>(booking: &'a Booking, host: &Id) -> Option<&'a str> {
    booking.owner.as_ref().map(Reference::id).filter(|owner| *owner != host.as_str())
}

/// Whether the meeting has lost its video link: its new host has no video service connected.
pub fn has_lost_link(before: &Booking, after: &Booking) -> bool {
    before.join_url().is_some() && after.join_url().is_none()
}

/// The longest booking: one that starts earlier than this before another cannot overlap it.
const LONGEST: SignedDuration = SignedDuration::from_hours(12);

/// The signs that a user is a booking's host.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub struct Signs {
    owns: bool,
    attends: bool,
    /// OnceHub lists it among their bookings, including those that they only co-host.
    listed: bool,
}

impl Signs {
    /// Collects the signs on the booking, and among the bookings that OnceHub lists as the host's.
    pub fn of(booking: &Booking, host: &Found, theirs: &[Told<Booking>]) -> Self {
        Self { listed: is_among(booking, theirs), ..Self::on(booking, host) }
    }

    /// Whether there is a sign that was not there before.
    pub fn are_more_than(self, before: Self) -> bool {
        self.owns && !before.owns || self.attends && !before.attends || self.listed && !before.listed
    }

    /// Collects the signs on the booking itself.
    fn on(booking: &Booking, host: &Found) -> Self {
        let email = host.entry.as_ref().and_then(|entry| entry.email.as_deref());
        let attends = |email: &str| booking.attendees.iter().flatten().any(|one| one.eq_ignore_ascii_case(email));
        Self { owns: booking.is_owned_by(host.id.as_str()), attends: email.is_some_and(attends), listed: false }
    }
}

impl Action for Reassign {
    type Request = bookings::Reassign;

    fn question(&self) -> Question {
        let (booking, host) = (self.target.in_words(), self.host.described());
        let clash = self.clash().map(|clash| format!(" {clash}")).unwrap_or_default();
        Question::important(format!("Give {booking} to {host} as the new host, and notify everyone")).and(&clash)
    }

    fn impossible(&self) -> Option<Failure> {
        self.target.not_live("reassigned")
    }

    async fn prepare(&mut self, context: &Context, was_asked: bool) -> Result<(), Failure> {
        let theirs =
            if was_asked { self.look_around(&context.names.trying_once()).await.ok() } else { self.theirs.clone() };
        // If OnceHub's listing is unavailable now, it is not a sign later either.
        let listed = theirs.as_deref().is_none_or(|theirs| self.is_among(theirs));
        // If they cannot be read again, the reply repeats what the person was told.
        self.theirs = theirs.or(self.theirs.take());
        self.before = Signs { listed, ..Signs::on(&self.target.booking, &self.host) };
        Ok(())
    }

    fn request(&self) -> bookings::Reassign {
        let (id, new_host) = (self.target.id.clone(), self.host.id.clone());
        bookings::Reassign { id, new_host, location: self.location.clone() }
    }

    fn subject(&self) -> Subject {
        let id = &self.target.id;
        subject(id, format!("check whether list_bookings with host {} shows {id}", self.host.id))
    }

    /// Not every account's bookings show their host, so a reply that is this booking will do.
    fn is_shown_by(&self, reply: &Object) -> bool {
        is_of(&self.target.id, reply)
    }

    /// Looks for a new sign of the new host.
    async fn look(&self, context: &Context) -> Result<Seen, Error> {
        let object = context.oncehub().send(&bookings::Get { id: self.target.id.clone(), expand: None }).await?;
        let now = Signs::on(&Told::from(object.clone()), &self.host);
        let is_theirs =
            now.are_more_than(self.before) || !self.before.listed && self.is_listed(context.oncehub()).await?;
        Ok(Seen::made(Some(object).filter(|_| is_theirs)))
    }
}

/// How many upcoming bookings are named.
const NAMED: usize = 10;

/// Upcoming bookings of somebody who is about to be deleted, soonest first: OnceHub does not say what happens to them.
pub struct Upcoming {
    /// `None` when they could not be looked up.
    bookings: Option<Vec<Told<Booking>>>,
    /// Whether there is more than one page of them.
    more: bool,
    zone: Zone,
}

impl Upcoming {
    /// Returns the live upcoming bookings that match `whose`.
    pub async fn of(context: &Context, whose: bookings::All) -> Self {
        let listing = bookings::All { starting: Range::between(Some(context.now()), None), ..whose };
        let found = context.names.bookings(listing, 100).await;
        let more = found.as_ref().is_ok_and(|(_, more)| *more);
        let bookings = found.ok().map(|(mut live, _)| {
            live.retain(|booking| booking.is_live());
            live.sort_by_key(|booking| booking.starts());
            live
        });
        Self { bookings, more, zone: context.zone().clone() }
    }

    /// Returns a sentence for a question: how many there are, with a leading space; empty when there are none.
    pub fn sentence(&self) -> String {
        let at_least = if self.more { "at least " } else { "" };
        match self.bookings.as_ref().map(Vec::len) {
            None => " Their upcoming bookings could not be checked.".to_owned(),
            Some(0) => String::new(),
            Some(1) => " They have 1 upcoming booking.".to_owned(),
            Some(count) => format!(" They have {at_least}{count} upcoming bookings."),
        }
    }

    /// Returns a note for a reply: which they are, and what to do about them; `None` when there are none.
    pub fn note(&self, next: &str) -> Option<String> {
        let sentence = self.sentence();
        let all = self.bookings.as_deref().unwrap_or_default();
        let named: Vec<String> = all.iter().take(NAMED).map(|booking| booking.mention(&self.zone)).collect();
        let listed = if named.is_empty() { String::new() } else { format!(" ({})", named.join("; ")) };
        (!sentence.is_empty()).then(|| format!("{}{listed}; {next}.", sentence.trim().trim_end_matches('.')))
    }
}
