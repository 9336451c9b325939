//! Bookings.

mod text;

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::line::Line;
use super::time::Zone;
use super::untrusted::clean;
use super::user::full_name;
use super::{Lookup, Noun, Record, Reference, Time, Told};
pub use text::{Beside, agenda, agenda_with, legend};

/// A booking. A list has many, most of whose fields are not known.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct Booking {
    pub id: Option<String>,
    #[schemars(skip)]
    pub tracking_id: Option<String>,
    /// Omitted from lists when it is the calendar's own
    pub subject: Option<String>,
    /// requested, scheduled, rescheduled, completed, canceled or no_show
    pub status: Option<String>,
    #[schemars(skip)]
    pub in_trash: Option<bool>,
    #[schemars(skip)]
    pub creation_time: Option<Time>,
    pub starting_time: Option<Time>,
    #[schemars(skip)]
    pub customer_timezone: Option<String>,
    #[schemars(skip)]
    pub last_updated_time: Option<Time>,
    /// The host: a user's id
    pub owner: Option<Reference>,
    pub owner_name: Option<String>,
    pub duration_minutes: Option<i64>,
    pub virtual_conferencing: Option<Told<Conferencing>>,
    pub location_description: Option<String>,
    #[schemars(skip)]
    pub rescheduled_booking_id: Option<String>,
    pub cancel_reschedule_information: Option<Told<Cancellation>>,
    #[schemars(skip)]
    pub attendees: Option<Vec<String>>,
    /// From the form or the contact
    pub guest_name: Option<String>,
    pub guest_email: Option<String>,
    /// What the guest filled in; not in lists
    pub form_submission: Option<Told<Form>>,
    #[schemars(skip)]
    pub booking_page: Option<Reference>,
    #[schemars(skip)]
    pub booking_page_name: Option<String>,
    #[schemars(skip)]
    pub master_page: Option<Reference>,
    #[schemars(skip)]
    pub master_page_name: Option<String>,
    #[schemars(skip)]
    pub event_type: Option<Reference>,
    #[schemars(skip)]
    pub event_type_name: Option<String>,
    /// The guest's contact id
    pub contact: Option<Reference>,
    #[schemars(skip)]
    pub conversation: Option<Reference>,
    #[schemars(skip)]
    pub external_calendar: Option<Value>,
    #[schemars(skip)]
    pub custom_fields: Option<Value>,
    #[schemars(skip)]
    pub utm_params: Option<Value>,
    /// Id
    pub booking_calendar: Option<Reference>,
    pub booking_calendar_name: Option<String>,
    #[schemars(skip)]
    pub ics_url: Option<String>,
    /// For the guest
    pub cancel_url: Option<String>,
    /// For the guest
    pub reschedule_url: Option<String>,
    /// amount_charged is in the currency's minor unit (cents); not in lists
    pub payment_information: Option<Map<String, Value>>,
    /// True if the guest has paid
    pub paid: Option<bool>,
    /// What expand asked for, in full, by its field: owner, contact, conversation
    pub expanded: Option<Map<String, Value>>,
    /// The nouns of which others have the same name.
    #[serde(skip)]
    shared: Vec<Noun>,
    /// Whether the subject is the calendar's, as it usually is: then the calendar's name says as much.
    #[serde(skip)]
    has_usual_subject: bool,
    /// Whether the host whose bookings were asked for only co-hosts this one.
    #[serde(skip)]
    as_co_host: bool,
}

/// The meeting's link.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct Conferencing {
    pub join_url: Option<String>,
}

/// Why a booking was canceled or moved.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct Cancellation {
    pub reason: Option<String>,
    pub actioned_by: Option<String>,
}

/// What the guest filled in.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct Form {
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub mobile_phone: Option<String>,
    pub note: Option<String>,
    pub company: Option<String>,
    pub guests: Option<Vec<Value>>,
    pub custom_fields: Option<Vec<Value>>,
}

impl Booking {
    /// Returns when it starts.
    pub fn starts(&self) -> Option<Timestamp> {
        self.starting_time.map(|time| time.0)
    }

    /// Returns when it starts and ends.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        let start = self.starts()?;
        let length = SignedDuration::from_mins(self.duration_minutes?.clamp(0, 100_000));
        Some((start, start.checked_add(length).ok()?))
    }

    /// Whether it has this status.
    pub fn is(&self, status: &str) -> bool {
        self.status.as_deref() == Some(status)
    }

    /// Whether it is still to take place, or awaits approval.
    pub fn is_live(&self) -> bool {
        ["scheduled", "rescheduled", "requested"].iter().any(|status| self.is(status))
    }

    /// Whether the guest has paid for it. OnceHub shows no status of a payment, only how much was charged.
    pub fn is_paid(&self) -> bool {
        let payment = self.payment_information.as_ref();
        let charged = payment.and_then(|payment| payment.get("amount_charged")).and_then(Value::as_f64);
        self.paid == Some(true) || charged.is_some_and(|amount| amount > 0.0)
    }

    /// Whether a user owns it.
    pub fn is_owned_by(&self, user: &str) -> bool {
        self.owner.as_ref().is_some_and(|owner| owner.id() == user)
    }

    /// Notes whether a host whose bookings were asked for only co-hosts it.
    pub fn note_role(&mut self, host: Option<&str>) {
        self.as_co_host = self.owner.is_some() && host.is_some_and(|host| !self.is_owned_by(host));
    }

    /// Returns the link to join it.
    pub fn join_url(&self) -> Option<&str> {
        self.virtual_conferencing.as_ref()?.join_url.as_deref()
    }

    /// Returns the guest's name and address: from the form, the contact or, without either, the attendees.
    pub fn guest(&self) -> (Option<Cow<'_, str>>, Option<Cow<'_, str>>) {
        let form = self.form_submission.as_ref();
        let contact = |field: &str| self.contact.as_ref().and_then(|contact| contact.text(field));
        let name = self.guest_name.as_deref().or_else(|| form?.name.as_deref()).map(clean);
        let name = name.or_else(|| full_name(contact("first_name"), contact("last_name")).map(Cow::Owned));
        let email = self.guest_email.as_deref().or_else(|| form?.email.as_deref()).or_else(|| contact("email"));
        let email = email.or_else(|| self.attendees.as_ref()?.first().map(String::as_str));
        (name.map(trimmed), email.map(clean).map(trimmed))
    }

    /// Whether part of the guest's name or of an address is `folded`, both folded by `fold`.
    pub fn has_guest_like(&self, folded: &str, fold: impl Fn(&str) -> String) -> bool {
        let form = self.form_submission.iter().flat_map(|form| [&form.name, &form.email]).flatten().map(String::as_str);
        let contact = self.contact.iter();
        let contact = contact.flat_map(|it| ["first_name", "last_name", "email"].map(|field| it.text(field))).flatten();
        let attendees = self.attendees.iter().flatten().map(String::as_str);
        form.chain(contact).chain(attendees).any(|known| fold(known).contains(folded))
    }

    /// Returns what it refers to: the noun, the field, the reference, and the name.
    fn refers(&self) -> impl Iterator<Item = (Noun, &'static str, &Reference, Option<&str>)> {
        let all = [
            (Noun::Users, "owner", &self.owner, &self.owner_name),
            (Noun::Calendars, "booking_calendar", &self.booking_calendar, &self.booking_calendar_name),
            (Noun::BookingPages, "booking_page", &self.booking_page, &self.booking_page_name),
            (Noun::MasterPages, "master_page", &self.master_page, &self.master_page_name),
            (Noun::EventTypes, "event_type", &self.event_type, &self.event_type_name),
        ];
        all.into_iter().filter_map(|(noun, field, to, name)| Some((noun, field, to.as_ref()?, name.as_deref())))
    }

    /// The same, for filling in the names.
    fn references(&mut self) -> [(Noun, Option<&Reference>, &mut Option<String>); 5] {
        [
            (Noun::Users, self.owner.as_ref(), &mut self.owner_name),
            (Noun::Calendars, self.booking_calendar.as_ref(), &mut self.booking_calendar_name),
            (Noun::BookingPages, self.booking_page.as_ref(), &mut self.booking_page_name),
            (Noun::MasterPages, self.master_page.as_ref(), &mut self.master_page_name),
            (Noun::EventTypes, self.event_type.as_ref(), &mut self.event_type_name),
        ]
    }
}

impl Told<Booking> {
    /// Returns what a list shows: what a person needs to recognise the booking and act on it.
    #[must_use]
    pub fn brief(mut self) -> Self {
        self.sum_up();
        let whole = std::mem::take(&mut *self);
        *self = Booking {
            id: whole.id,
            subject: whole.subject,
            status: whole.status,
            in_trash: whole.in_trash.filter(|in_trash| *in_trash),
            starting_time: whole.starting_time,
            duration_minutes: whole.duration_minutes,
            guest_name: whole.guest_name,
            guest_email: whole.guest_email,
            owner: whole.owner,
            owner_name: whole.owner_name,
            booking_calendar: whole.booking_calendar,
            booking_calendar_name: whole.booking_calendar_name,
            booking_page: whole.booking_page,
            booking_page_name: whole.booking_page_name,
            master_page: whole.master_page,
            master_page_name: whole.master_page_name,
            event_type: whole.event_type,
            event_type_name: whole.event_type_name,
            contact: whole.contact,
            conversation: whole.conversation.filter(|conversation| conversation.whole().is_some()),
            rescheduled_booking_id: whole.rescheduled_booking_id,
            paid: whole.paid,
            shared: whole.shared,
            ..Booking::default()
        };
        self.more.retain(|name, _| matches!(name.as_str(), "deleted" | "odd"));
        self
    }
}

impl Booking {
    /// Fills in what a list and the whole booking have in common: who the guest is, and whether they have paid.
    fn sum_up(&mut self) {
        let (name, email) = self.guest();
        let (name, email) = (name.map(Cow::into_owned), email.map(Cow::into_owned));
        (self.guest_name, self.guest_email, self.paid) = (name, email, self.is_paid().then_some(true));
    }

    /// Leaves the subject out where the calendar's name says as much.
    pub fn leave_usual_subject_out(&mut self) {
        self.subject = self.subject.take().filter(|_| !self.has_usual_subject);
    }
}

impl Record for Booking {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn line(&self, zone: &Zone) -> Line {
        self.as_record(zone)
    }

    fn complete(&mut self, find: &mut Lookup<'_>) {
        let (mut shared, mut usual_subject) = (Vec::new(), Vec::new());
        for (noun, to, name) in self.references() {
            let Some(to) = to else { continue };
            if to.whole().is_some() {
                let person = full_name(to.text("first_name"), to.text("last_name"));
                *name = person.or_else(|| to.text("name").map(|name| clean(name).into_owned()));
            } else if let Some(found) = find(&[noun], to.id()) {
                if found.is_shared {
                    shared.push(noun);
                }
                if noun == Noun::Calendars {
                    usual_subject.extend([Some(found.name.clone()), found.subject].into_iter().flatten());
                }
                *name = Some(found.name);
            }
        }
        let others = [("contact", self.contact.as_ref()), ("conversation", self.conversation.as_ref())];
        let all = others.into_iter().chain(self.refers().map(|(_, field, to, _)| (field, Some(to))));
        self.expanded = Reference::expanded(all);
        self.sum_up();
        self.shared = shared;
        self.has_usual_subject = self.subject.as_ref().is_some_and(|subject| usual_subject.contains(subject));
    }
}

fn trimmed(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => text.trim().into(),
        Cow::Owned(text) => text.trim().to_owned().into(),
    }
}
