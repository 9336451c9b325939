//! What is known about a meeting and its guest beside the booking itself, read side by side.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use futures::future::{join_all, join3};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Agenda;
use crate::actions::availability::{WorkingHours, is_within};
use crate::names::Names;
use crate::oncehub::{Id, Object, Page, Range, bookings, notifications};
use crate::records::form::texts;
use crate::records::{Booking, Contact, Failure, Reference, Sms, Time, Told, Zone, time, word};
use crate::tools::Call;

/// How many bookings of a contact are read, and how many text messages.
const PAGE: usize = 100;

/// What a guest filled in.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
pub(super) struct Answer {
    pub(super) name: String,
    /// One, or several that were chosen
    pub(super) values: Vec<String>,
}

/// What a contact is known by.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub(super) struct Card {
    pub(super) name: Option<String>,
    pub(super) company: Option<String>,
    pub(super) job_title: Option<String>,
    pub(super) status: Option<String>,
    pub(super) phone: Option<String>,
    pub(super) city: Option<String>,
    pub(super) country: Option<String>,
    pub(super) timezone: Option<String>,
}

/// The other bookings of a contact, counted.
#[serde_with::skip_serializing_none]
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub(super) struct History {
    /// How many are completed
    pub(super) met: usize,
    /// When the last of them began, UTC
    pub(super) last_met: Option<Time>,
    #[schemars(skip)]
    pub(super) last_met_local: Option<String>,
    pub(super) no_shows: usize,
    pub(super) canceled: usize,
    /// How many others are to come
    pub(super) upcoming: usize,
    /// Only the newest 100 were counted
    pub(super) is_cut: Option<bool>,
}

/// What could be read.
pub(super) struct Known {
    /// The newest bookings of each contact, and whether there are more.
    histories: HashMap<String, (Vec<Told<Booking>>, bool)>,
    /// Text messages to contacts that failed.
    failed: Vec<Told<Sms>>,
    hours: Option<WorkingHours>,
    now: Timestamp,
    /// What could not be read, for the reply.
    pub(super) gaps: Vec<String>,
}

/// Returns the contacts of these bookings, each once.
fn contacts(page: &[Told<Booking>]) -> Vec<Id> {
    let mut all: Vec<Id> = Vec::new();
    for id in page.iter().filter_map(|booking| booking.contact.as_ref()?.id().parse().ok()) {
        if !all.contains(&id) {
            all.push(id);
        }
    }
    all
}

impl Known {
    /// Reads what can be read in time: a request for each contact, one for text messages, one for the host's hours.
    pub(super) async fn read(call: &Call, agenda: &Agenda, page: &[Told<Booking>]) -> Self {
        let reserve = (call.settings.timeout / 8).min(Duration::from_secs(1));
        let late = call.deadline.checked_sub(reserve).unwrap_or(call.deadline);
        let names = Names { oncehub: call.oncehub().until(late), ..call.names.clone() };
        let contacts = contacts(page);
        let each = contacts.iter().map(async |contact| {
            let filter = bookings::All { contact: Some(contact.clone()), ..bookings::All::default() };
            let page: Result<Page<Told<Booking>>, _> = names.oncehub.page(&filter, PAGE, None).await;
            (contact.to_string(), page.map(|page| (page.items, page.has_more)))
        });
        let made = page.iter().filter_map(|booking| booking.creation_time).map(|at| at.0).min();
        let messages = async {
            let recipient_type = Some("contact");
            let all = notifications::AllSms {
                recipient_type,
                created: Range::between(made, None),
                ..notifications::AllSms::default()
            };
            if contacts.is_empty() { Ok(None) } else { names.oncehub.page(&all, PAGE, None).await.map(Some) }
        };
        let hours = async {
            match agenda.host.clone().filter(|_| !page.is_empty()) {
                Some(host) => WorkingHours::of(&names, host).await.map(Some),
                None => Ok(None),
            }
        };
        let (each, messages, hours) = join3(join_all(each), messages, hours).await;
        let mut known =
            Self { histories: HashMap::new(), failed: Vec::new(), hours: None, now: call.now(), gaps: Vec::new() };
        let count = each.len();
        known.histories = each.into_iter().filter_map(|(contact, read)| Some((contact, read.ok()?))).collect();
        let lacking = count - known.histories.len();
        if lacking > 0 {
            known.gaps.push(format!("The history of {lacking} of {count} guests could not be read."));
        }
        match messages {
            Ok(Some(page)) => {
                known.failed = page.items.into_iter().filter(has_failed).collect();
                if page.has_more {
                    known.gaps.push(format!("Only the newest {PAGE} text messages were looked at."));
                }
            }
            Ok(None) => {}
            Err(error) => {
                known.gaps.push(format!("Text messages could not be read: {}.", Failure::from(error).message));
            }
        }
        match hours {
            Ok(hours) => known.hours = hours.filter(|hours| hours.sent.weekly.is_some()),
            Err(error) => {
                known.gaps.push(format!("The host's hours could not be read: {}.", Failure::from(error).message));
            }
        }
        known
    }

    /// Returns what is known about one meeting.
    pub(super) fn about(&self, booking: &Told<Booking>, agenda: &Agenda, zone: &Zone) -> About {
        let contact = booking.contact.as_ref();
        let history = contact.and_then(|contact| self.histories.get(contact.id()));
        About {
            join_url: booking.join_url().map(str::to_owned),
            location: booking.location_description.clone(),
            guest: booking.guest().0.map(Cow::into_owned),
            answers: answers(booking),
            card: contact.and_then(Reference::whole).map(|whole| Card::of(&Object::from(whole.clone()).into())),
            history: history.map(|(all, is_cut)| self.history(all, *is_cut, booking, zone)),
            warnings: self.warnings(booking, agenda, zone),
        }
    }

    fn history(&self, all: &[Told<Booking>], is_cut: bool, but: &Booking, zone: &Zone) -> History {
        let others = || all.iter().filter(|other| other.id != but.id && other.in_trash != Some(true));
        let count = |status: &str| others().filter(|other| other.is(status)).count();
        let last_met = others().filter(|other| other.is("completed")).filter_map(|other| other.starts()).max();
        let is_to_come =
            |other: &&Told<Booking>| other.is_live() && other.starts().is_some_and(|starts| starts > self.now);
        History {
            met: count("completed"),
            last_met: last_met.map(Time),
            last_met_local: last_met.map(|at| time::local(at, zone)),
            no_shows: count("no_show"),
            canceled: count("canceled"),
            upcoming: others().filter(is_to_come).count(),
            is_cut: is_cut.then_some(true),
        }
    }

    fn warnings(&self, booking: &Told<Booking>, agenda: &Agenda, zone: &Zone) -> Vec<String> {
        let mut warnings = Vec::new();
        let clock = |booking: &Booking| {
            let starts =
                booking.starts().map(|starts| time::range(starts, booking.duration_minutes.unwrap_or(0), zone));
            starts.unwrap_or_default()
        };
        if !booking.is_live() {
            warnings.push(format!("is {}", booking.status.as_deref().map_or("of no known status".to_owned(), word)));
        }
        for other in agenda.around.iter().filter(|other| other.id != booking.id && overlap(booking, other)) {
            warnings.push(format!("overlaps {} ({})", word(other.id.as_deref().unwrap_or("?")), clock(other)));
        }
        if booking.join_url().is_none() && booking.location_description.is_none() {
            warnings.push("has no link and no place".to_owned());
        }
        if booking.is("requested") {
            warnings.push("waits for approval, which only OnceHub's own pages can give".to_owned());
        }
        let contact = booking.contact.as_ref().map(Reference::id).unwrap_or_default();
        let made = booking.creation_time;
        let is_about = |sms: &&Told<Sms>| {
            let to_them = sms.recipient.as_ref().is_some_and(|recipient| recipient.id() == contact);
            to_them && !contact.is_empty() && sms.creation_time.zip(made).is_none_or(|(sent, made)| sent >= made)
        };
        let failed: Vec<_> = self.failed.iter().filter(is_about).collect();
        let last = failed.iter().filter_map(|sms| sms.creation_time).max();
        let last = last.map(|at| format!(", the last of {}", time::local(at.0, zone))).unwrap_or_default();
        match failed.len() {
            0 => {}
            count => warnings.push(format!("text messages to the guest were not delivered: {count}{last}")),
        }
        if let Some(hours) =
            self.hours.as_ref().filter(|hours| booking.starts().is_some() && !is_within(booking, hours))
        {
            warnings.push(format!("is outside of the hours of {}", hours.described()));
        }
        warnings
    }
}

fn has_failed(sms: &Told<Sms>) -> bool {
    sms.is("failed") || sms.is("rejected")
}

fn overlap(one: &Booking, other: &Booking) -> bool {
    one.span().zip(other.span()).is_some_and(|((from, to), (begin, end))| from < end && begin < to)
}

/// Returns what the guest filled in, apart from name and address.
fn answers(booking: &Booking) -> Vec<Answer> {
    let Some(form) = &booking.form_submission else { return Vec::new() };
    let phone = form.phone.as_ref().or(form.mobile_phone.as_ref());
    let own = [("company", form.company.as_ref()), ("phone", phone), ("note", form.note.as_ref())];
    let own = own.into_iter().filter_map(|(name, value)| Some((name, Value::from(value?.as_str()))));
    let custom = form.custom_fields.iter().flatten().filter_map(|field| {
        Some((field.get("name")?.as_str()?, field.get("value").filter(|value| !value.is_null())?.clone()))
    });
    let guests = form.guests.iter().filter(|guests| !guests.is_empty()).map(|guests| ("guests", guests.clone().into()));
    let answer = |(name, value): (&str, Value)| Answer { name: name.to_owned(), values: said(&value) };
    own.chain(guests).chain(custom).map(answer).filter(|answer| !answer.values.is_empty()).collect()
}

/// Returns the texts of an answer; of one that is none, such as a file, what OnceHub sent.
fn said(value: &Value) -> Vec<String> {
    let is_odd = value.is_object() || value.as_array().is_some_and(|all| all.iter().any(Value::is_object));
    if is_odd { vec![value.to_string()] } else { texts(Some(value)) }
}

impl Card {
    fn of(contact: &Told<Contact>) -> Self {
        Self {
            name: contact.full_name(),
            company: contact.company.clone(),
            job_title: contact.job_title.clone(),
            status: contact.status.clone(),
            phone: contact.mobile_phone.clone().or_else(|| contact.phone.clone()),
            city: contact.city.clone(),
            country: contact.country.clone(),
            timezone: contact.timezone.clone(),
        }
    }
}

/// What is known about one meeting.
pub(super) struct About {
    pub(super) guest: Option<String>,
    pub(super) join_url: Option<String>,
    pub(super) location: Option<String>,
    pub(super) answers: Vec<Answer>,
    pub(super) card: Option<Card>,
    pub(super) history: Option<History>,
    pub(super) warnings: Vec<String>,
}
