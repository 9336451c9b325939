//! Moving a booking to another time. OnceHub offers no such change: the new time is booked for the same guest, and only
//! then is the old one canceled. Both are agreed to with one question.

mod place;
mod sent;

use jiff::{SignedDuration, Timestamp};
pub use sent::{Moves, Moving};
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::bookings::{Target, cancel};
use super::scheduling::{Schedule, Starting};
use super::{Action, Context, Done, PENDING, Question, Seen, Stop, Subject, carry_out, execute};
use crate::names::Found;
use crate::oncehub::{Client, Error, Id, Object, Outcome, booking_calendars, bookings};
use crate::records::booking::Form;
use crate::records::{Booking, Failure, Noun, Reference, Slot, Told, Zone, quoted, time, whole, word};

/// The age up to which a booking in the window may be an earlier call's.
const RECENT: SignedDuration = SignedDuration::from_hours(1);

/// The longest buffer before or after a booking.
const BUFFER: SignedDuration = SignedDuration::from_hours(2);

/// How many bookings of a calendar are searched for the guest's.
const SEARCHED: usize = 500;

/// A booking that is to be moved. As an action it is the first step: booking the new time.
pub struct Move {
    /// The booking.
    pub from: Target,
    /// The new one.
    pub schedule: Schedule,
    reason: Option<String>,
    notify_guest: bool,
    /// The zone of replies.
    pub zone: Zone,
    /// What does not move along, in sentences.
    left_behind: Vec<String>,
    /// The same for the place, which depends on the start.
    place: Option<String>,
    /// Its turn: no other call moves the booking meanwhile.
    turn: Moving,
}

/// How a guest hears of the cancellation.
pub struct Mail {
    /// The reason that the guest reads.
    pub reason: Option<String>,
    /// Whether the guest is notified.
    pub notify_guest: bool,
}

/// What has become of the old booking.
pub enum Ended {
    /// It is canceled.
    Canceled {
        booking: Told<Booking>,
        /// Whether OnceHub's response was lost, and a look found it.
        looked_up: bool,
    },
    /// Somebody else has canceled it meanwhile.
    Already {
        booking: Told<Booking>,
        /// A booking that the guest got there meanwhile, perhaps in its place.
        other: Option<Told<Booking>>,
    },
    /// Nothing was sent: the call has no time left for it.
    Late,
    /// It was not canceled, or that is unknown.
    Not(Failure),
}

impl Move {
    /// Creates the move of a booking to another time of a calendar: of its own, unless another is given. A booking that is
    /// canceled is accepted, too, since an earlier call may have moved it.
    ///
    /// # Errors
    /// If it cannot be moved, or there is no such calendar.
    pub async fn new(
        context: &Context,
        from: Target,
        calendar: Option<&str>,
        mail: Mail,
        zone: &Zone,
        turn: Moving,
    ) -> Result<Self, Failure> {
        let own = from.booking.booking_calendar.as_ref().and_then(|calendar| calendar.id().parse().ok());
        let own = match own.filter(|_| from.booking.is("canceled")) {
            Some(own) => own,
            None => movable(&from.id, &from.booking, context.now())?,
        };
        let names = &context.names;
        let calendar = match calendar {
            Some(asked) => names.find(&[Noun::Calendars], "calendar_id", asked).await?,
            None => names.find(&[Noun::Calendars], "calendar_id", own.as_str()).await?,
        };
        let form = from.booking.form_submission.clone().unwrap_or_default();
        let (answers, lost) = answers(&form);
        let left_behind = left_behind(context, &from.booking, &calendar, lost).await;
        let guests_zone = from.booking.customer_timezone.as_deref().and_then(|name| Zone::parse(name).ok());
        let guests_zone = guests_zone.unwrap_or_else(|| zone.clone());
        let schedule = Schedule {
            calendar,
            start: from.booking.starts().unwrap_or_default(),
            guest_time_zone: guests_zone.iana(context.now()).unwrap_or_else(|_| "UTC".to_owned()),
            zone: zone.clone(),
            guest_name: form.name.clone().unwrap_or_default(),
            guest_email: form.email.clone().unwrap_or_default(),
            form: answers,
            location: None,
            others: None,
        };
        let Mail { reason, notify_guest } = mail;
        Ok(Self { from, schedule, reason, notify_guest, zone: zone.clone(), left_behind, place: None, turn })
    }

    /// Looks for the new booking, which an earlier call or the guest may have made: a live booking of the guest's, made
    /// after the old one, at the time that it is to be moved to. In a window it counts only if an earlier call of this
    /// move sent it.
    ///
    /// # Errors
    /// If the calendar's bookings cannot be read, an earlier call's request may still be pending, or a booking in the
    /// window may or may not be the new one.
    pub async fn look_for_new_one(
        &mut self,
        context: &Context,
        is_there: impl Fn(Timestamp) -> bool,
        in_window: bool,
    ) -> Result<Option<Told<Booking>>, Failure> {
        let now = (context.settings.now)();
        let sent = self.turn.sent(now);
        let others = self.others(context.oncehub(), context.now()).await?;
        let there = |booking: &&Told<Booking>| booking.starts().is_some_and(&is_there);
        let was_sent = |booking: &&Told<Booking>| sent.is_some_and(|sent| booking.starts() == Some(sent.start));
        let is_it = |booking: &&Told<Booking>| there(booking) && (!in_window || was_sent(booking));
        let new = others.iter().find(is_it).cloned();
        let is_recent = |booking: &&Told<Booking>| booking.creation_time.is_some_and(|made| made.0 >= now - RECENT);
        let recent = others.iter().filter(|_| in_window).filter(there).find(is_recent).cloned();
        self.schedule.others = Some(others);
        if new.is_some() {
            return Ok(new);
        }
        if let Some(sent) = sent.filter(|sent| sent.is_unknown && now.duration_since(sent.at) < PENDING) {
            return Err(self.still_pending(sent.start));
        }
        recent.map_or(Ok(None), |other| Err(self.may_be_it(&other)))
    }

    /// The failure while an earlier call's request may still be carried out.
    fn still_pending(&self, start: Timestamp) -> Failure {
        let when = time::local(start, &self.zone);
        let problem = format!(
            "{}: an earlier call has sent the booking for {when}, and OnceHub may still be working on it",
            self.from.id
        );
        let hint = "nothing was sent now: wait a minute, then call again with the same arguments, which looks first";
        let failure = Failure::argument("booking_id", problem, hint);
        Failure { outcome: Some(Outcome::Unknown), ..failure }
    }

    /// The failure where another booking of the guest may be the new one, or another meeting.
    fn may_be_it(&self, other: &Told<Booking>) -> Failure {
        let start = other.starts().map(time::instant).unwrap_or_default();
        let problem = format!(
            "the guest has just got a booking in that window: {}, and whether that is the new time of {} is not known",
            other.mention(&self.zone),
            self.from.id
        );
        let hint = format!(
            "nothing was sent: if it is, call again with start_time {start} instead of first_free; if it is another \
             meeting, give a window without it"
        );
        Failure::argument("first_free", problem, hint)
    }

    /// Notes the outcome of booking the new time, for the next call.
    pub fn note_outcome(&mut self, context: &Context, booked: &Result<Done, Stop>) {
        self.turn.ended(&self.from.id, booked, (context.settings.now)());
    }

    /// Returns the guest's other upcoming bookings on the calendar that were made after the old one.
    async fn others(&self, oncehub: &Client, now: Timestamp) -> Result<Vec<Told<Booking>>, Error> {
        let made = self.from.booking.creation_time.map(|made| made.0);
        let mut others = self.schedule.of_guest(oncehub, now, made, SEARCHED).await?;
        others.retain(|booking| booking.id.as_deref() != Some(self.from.id.as_str()));
        Ok(others)
    }

    /// Returns how the old booking may keep OnceHub from offering a start; `None` if it cannot.
    pub fn in_its_own_way(&self, start: Timestamp) -> Option<&'static str> {
        let (began, ended) = self.from.booking.span()?;
        let own = self.from.booking.booking_calendar.as_ref().map(Reference::id);
        let entry = self.schedule.calendar.entry.as_ref();
        let has_its_host =
            entry.and_then(|entry| entry.host.as_deref()).is_some_and(|host| self.from.booking.is_owned_by(host));
        if own != Some(self.schedule.calendar.id.as_str()) && !has_its_host {
            return None;
        }
        let minutes = entry.and_then(|entry| entry.duration_minutes).or(self.from.booking.duration_minutes);
        let end = start.checked_add(SignedDuration::from_mins(minutes.unwrap_or_default().clamp(0, 10_000))).ok()?;
        if start < ended && began < end {
            Some("the booking that is to be moved lies there itself")
        } else if start < ended.checked_add(BUFFER).ok()? && began.checked_sub(BUFFER).ok()? < end {
            Some("the buffer around the booking that is to be moved may lie there")
        } else {
            None
        }
    }

    /// Returns what does not move along, as sentences.
    pub fn left_behind(&self) -> Vec<String> {
        self.left_behind.iter().chain(&self.place).cloned().collect()
    }

    /// Reads the new booking back; `None` if that is not possible.
    pub async fn read_back(&self, context: &Context, done: &Done) -> Option<Told<Booking>> {
        if done.looked_up {
            return Some(done.object.clone().into());
        }
        match done.object.text("id").and_then(|id| id.parse::<Id>().ok()) {
            Some(id) => context.names.read(&bookings::Get { id: id.clone(), expand: None }, &id).await.ok(),
            None => self.schedule.find(context).await.ok().flatten().map(Told::from),
        }
    }

    /// Carries out the second step: cancels the old booking, asking the person first, unless they have agreed to both
    /// steps already. Whatever OnceHub answers, the booking itself tells whether it is canceled.
    ///
    /// # Errors
    /// If the person does not agree, or this is a dry run.
    pub async fn cancel(&self, context: &mut Context, to: &Told<Booking>, is_agreed: bool) -> Result<Ended, Stop> {
        if Instant::now() >= context.write_deadline() {
            return Ok(Ended::Late);
        }
        let booked = format!(" Its new time is booked already: {}.", to.mention(&self.zone));
        let mut change = cancel(self.from.clone(), self.reason.clone(), self.notify_guest).with(&booked);
        let ended = if is_agreed {
            execute(context, &mut change).await
        } else {
            match carry_out(context, &mut change).await {
                Err(Stop::Failed(failure)) => Err(failure),
                Err(stop) => return Err(stop),
                Ok(done) => Ok(done),
            }
        };
        let failure = match ended {
            Ok(Done { mut object, looked_up }) => {
                object.fill_id(self.from.id.as_str());
                return Ok(Ended::Canceled { booking: object.into(), looked_up });
            }
            Err(failure) => failure,
        };
        Ok(match self.read_old(context).await {
            Ok(booking) if !booking.is("canceled") => Ended::Not(failure),
            Ok(booking) if failure.outcome == Some(Outcome::Unknown) => Ended::Canceled { booking, looked_up: true },
            // Somebody else has canceled it: a move from another server may have, which has booked a time of its own.
            Ok(booking) => Ended::Already { booking, other: self.newcomer(context, Some(to)).await.ok().flatten() },
            Err(_) => Ended::Not(failure),
        })
    }

    /// Returns a booking that the guest got there since this call looked, other than the call's own.
    async fn newcomer(&self, context: &Context, own: Option<&Booking>) -> Result<Option<Told<Booking>>, Error> {
        let known = self.schedule.others.iter().flatten().map(|known| &known.id).chain(own.map(|own| &own.id));
        let known: Vec<_> = known.collect();
        let others = self.others(context.oncehub(), context.now()).await?;
        Ok(others.into_iter().find(|booking| !known.contains(&&booking.id)))
    }

    async fn check_again(&self, context: &Context) -> Result<(), Failure> {
        let old = self.read_old(context).await?;
        let new = self.newcomer(context, None).await?;
        let got = new.map(|new| format!("the guest has just got another booking there: {}", new.mention(&self.zone)));
        let (problem, hint) = match (old.is("canceled"), got) {
            (false, None) => return movable(&self.from.id, &old, context.now()).map(drop),
            (false, Some(got)) => {
                (got, "nothing was done: if that is the new time, call move_booking again with its start_time")
            }
            (true, None) => {
                let problem = format!("{} has been canceled meanwhile, so it cannot be moved any more", self.from.id);
                (problem, "nothing was booked: if the guest still wants another time, book it with schedule_meeting")
            }
            (true, Some(got)) => {
                let problem = format!("{} has been canceled meanwhile, and {got}", self.from.id);
                (problem, "nothing was done: that may be its new time; if not, book another with schedule_meeting")
            }
        };
        Err(Failure::argument("booking_id", problem, hint))
    }

    async fn read_old(&self, context: &Context) -> Result<Told<Booking>, Error> {
        let id = &self.from.id;
        context.names.read(&bookings::Get { id: id.clone(), expand: None }, id).await
    }
}

impl Action for Move {
    type Request = booking_calendars::Schedule;

    fn question(&self) -> Question {
        // All of it is sent.
        let reason = self.reason.as_deref().map(whole);
        let mail = match (self.notify_guest, reason) {
            (false, None) => "without notifying the guest of that".to_owned(),
            (false, Some(reason)) => format!("without notifying the guest of that, for this reason: {reason}"),
            (true, Some(reason)) => format!("with this reason for the guest: {reason}"),
            (true, None) => "and e-mail the guest about it".to_owned(),
        };
        let (booking, when) = (self.from.booking.in_question(&self.zone), self.schedule.when());
        let calendar = self.schedule.calendar.described();
        let more: Vec<String> = self.left_behind().into_iter().chain(self.schedule.twice()).collect();
        let more: String = more.iter().flat_map(|sentence| [" ", sentence]).collect();
        Question::important(format!(
            "Move {booking} to {when}: book that on {calendar}, which notifies the guest, then cancel the old one, {mail}"
        ))
        .and(&more)
    }

    /// Checks that nothing has changed while the person was asked.
    async fn prepare(&mut self, context: &Context, was_asked: bool) -> Result<(), Failure> {
        if was_asked {
            self.check_again(context).await?;
        }
        self.turn.send(self.schedule.start, (context.settings.now)());
        Ok(())
    }

    fn request(&self) -> Self::Request {
        self.schedule.request()
    }

    fn subject(&self) -> Subject {
        let subject = self.schedule.subject();
        let check = format!(
            "call move_booking again with booking_id {} and start_time {}: it looks for the new booking first",
            self.from.id,
            time::instant(self.schedule.start)
        );
        Subject::new(subject.what, check)
    }

    fn is_shown_by(&self, reply: &Object) -> bool {
        self.schedule.is_shown_by(reply)
    }

    async fn look(&self, context: &Context) -> Result<Seen, Error> {
        self.schedule.look(context).await
    }

    /// OnceHub's usual hints name arguments that a move does not have.
    fn explain(&self, failure: Failure) -> Failure {
        let id = &self.from.id;
        let schedule = format!("book the time with schedule_meeting, then cancel {id} with cancel_booking");
        if failure.message.contains("location is not available") {
            failure.hint(format!("give another start_time; or, with a location that is offered, {schedule}"))
        } else if failure.message.contains("Required fields are missing") {
            failure.hint(format!(
                "the calendar's form asks for what the old booking has no answer to: with custom_fields, {schedule}"
            ))
        } else {
            failure
        }
    }
}

impl Starting for Move {
    fn start_at(&mut self, slot: &Slot) {
        self.schedule.start = slot.start;
        (self.schedule.location, self.place) = place::of(&self.from.booking, slot);
    }

    /// Another call, or the guest, may have moved it.
    async fn look_who_took_it(&mut self, context: &Context) -> Result<(), Failure> {
        self.check_again(context).await
    }
}

/// Checks that a booking can be moved, and returns its calendar.
fn movable(id: &Id, booking: &Booking, now: Timestamp) -> Result<Id, Failure> {
    let calendar = booking.booking_calendar.as_ref().and_then(|calendar| calendar.id().parse::<Id>().ok());
    let has = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.trim().is_empty());
    let has_form = booking.form_submission.as_ref().is_some_and(|form| has(&form.name) && has(&form.email));
    let let_the_guest = "request_reschedule lets the guest choose another time";
    let (problem, hint) = match calendar {
        _ if booking.in_trash == Some(true) => ("it is in the trash", "book another time with schedule_meeting"),
        _ if booking.is("canceled") => ("it is canceled", "book another time with schedule_meeting"),
        _ if booking.is("requested") => {
            ("it still waits for the host's approval", "the host decides in OnceHub; cancel_booking takes it back")
        }
        _ if !booking.is_live() || booking.starts().is_none_or(|starts| starts <= now) => {
            ("it is not upcoming any more", "book another meeting with schedule_meeting")
        }
        _ if booking.is_paid() => (
            "it is paid, and the payment would stay with the old one",
            "a person has to move it in OnceHub's activity stream",
        ),
        None if booking.booking_page.is_some() => {
            ("it is on a Classic booking page, where the API books nothing", let_the_guest)
        }
        None => ("it does not say which calendar it is on", let_the_guest),
        Some(_) if !has_form => {
            ("it has no form with the guest's name and e-mail address, to book again with", let_the_guest)
        }
        Some(calendar) => return Ok(calendar),
    };
    Err(Failure::argument("booking_id", format!("{id} cannot be moved: {problem}"), hint))
}

/// Returns the answers of a form as they are sent, and the names of those that cannot be.
fn answers(form: &Form) -> (Map<String, Value>, Vec<&str>) {
    let (mut sent, mut lost) = (Map::new(), Vec::new());
    let phone = [&form.phone, &form.mobile_phone].into_iter().flatten().find(|phone| !phone.trim().is_empty());
    for (name, value) in [
        ("name", form.name.as_ref()),
        ("email", form.email.as_ref()),
        ("phone", phone),
        ("note", form.note.as_ref()),
        ("company", form.company.as_ref()),
    ] {
        if let Some(value) = value.filter(|value| !value.trim().is_empty()) {
            sent.insert(name.to_owned(), value.trim().into());
        }
    }
    for field in form.custom_fields.iter().flatten() {
        let (Some(name), Some(value)) = (field.get("name").and_then(Value::as_str), field.get("value")) else {
            continue;
        };
        match value {
            Value::Null => {}
            Value::String(_) if !sent.contains_key(name) => drop(sent.insert(name.to_owned(), value.clone())),
            Value::Number(_) | Value::Bool(_) if !sent.contains_key(name) => {
                sent.insert(name.to_owned(), value.to_string().into());
            }
            Value::Array(values) if values.iter().all(Value::is_string) && !sent.contains_key(name) => {
                sent.insert(name.to_owned(), value.clone());
            }
            _ => lost.push(name),
        }
    }
    (sent, lost)
}

/// Describes what a new booking on the calendar does not take over from the old one.
async fn left_behind(context: &Context, booking: &Told<Booking>, calendar: &Found, lost: Vec<&str>) -> Vec<String> {
    let mut sentences = Vec::new();
    let owner = booking.owner.as_ref().map(Reference::id);
    let users = context.names.all_or_none(Noun::Users).await;
    let host = owner.and_then(|owner| users.get(owner));
    let form = booking.form_submission.as_ref();
    let guest = form.and_then(|form| form.email.as_deref());
    let is_known = |address: &str| {
        let own = [guest, host.and_then(|host| host.email.as_deref())];
        own.into_iter().flatten().any(|own| own.eq_ignore_ascii_case(address))
    };
    let guests = form.and_then(|form| form.guests.as_ref()).into_iter().flatten().filter_map(Value::as_str);
    let mut others: Vec<String> = Vec::new();
    for address in booking.attendees.iter().flatten().map(String::as_str).chain(guests) {
        if !is_known(address) && !others.iter().any(|other| other.eq_ignore_ascii_case(address)) {
            others.push(address.to_owned());
        }
    }
    if !others.is_empty() {
        let named: Vec<String> = others.iter().take(10).map(|address| quoted(address, 120)).collect();
        sentences.push(format!("Further guests and co-hosts do not move along: {}.", named.join(", ")));
    }
    let utm = booking.utm_params.as_ref().and_then(Value::as_object);
    if utm.is_some_and(|utm| utm.values().any(|value| !value.is_null())) {
        sentences.push("Its UTM parameters do not move along.".to_owned());
    }
    if !lost.is_empty() {
        let named: Vec<String> = lost.iter().take(10).map(|name| quoted(name, 60)).collect();
        sentences.push(format!("Answers that cannot be sent do not move along: {}.", named.join(", ")));
    }
    let entry = calendar.entry.as_ref();
    let hosts = entry.and_then(|entry| entry.host.as_deref());
    if let Some(hosts) = hosts.filter(|hosts| owner != Some(*hosts)) {
        let teams = context.names.all_or_none(Noun::Teams).await;
        let host = host.map_or_else(|| "the host".to_owned(), |host| quoted(&host.name, 60));
        sentences.push(match teams.name(hosts) {
            Some(team) => {
                format!("OnceHub chooses who of the team {} hosts it: it may not be {host}.", quoted(team, 60))
            }
            None => {
                format!("Its host becomes {}.", users.name(hosts).map_or_else(|| word(hosts), |name| quoted(name, 60)))
            }
        });
    }
    if let (Some(before), Some(after)) = (booking.duration_minutes, entry.and_then(|entry| entry.duration_minutes))
        && before != after
    {
        sentences.push(format!("It is {before} minutes long, and the calendar's length is {after}."));
    }
    sentences
}
