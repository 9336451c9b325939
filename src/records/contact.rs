//! Contacts, the people who book.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::line::Line;
use super::outline::outline;
use super::user::{full_name, with_name};
use super::{Lookup, Noun, Record, Time, Told, Zone, quoted, time};

/// A contact.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct Contact {
    pub id: Option<String>,
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub email: Option<String>,
    /// Identifies the contact, as email does
    pub mobile_phone: Option<String>,
    /// Qualified, Sales qualified, Marketing qualified, Disqualified, or absent
    pub status: Option<String>,
    /// A user's id
    pub owner: Option<String>,
    pub owner_name: Option<String>,
    pub creation_time: Option<Time>,
    pub last_updated_time: Option<Time>,
    pub last_interacted_time: Option<Time>,
    pub company: Option<String>,
    pub job_title: Option<String>,
    pub phone: Option<String>,
    pub timezone: Option<String>,
    pub salutation: Option<String>,
    pub street_address: Option<String>,
    pub post_code: Option<String>,
    pub city: Option<String>,
    pub state: Option<String>,
    pub country: Option<String>,
    pub company_size: Option<String>,
    pub employees: Option<i64>,
    pub has_consent: Option<bool>,
    /// Whether the terms of service were accepted; the spelling is OnceHub's
    pub terms_of_sevice: Option<bool>,
    /// Each a name and a value
    pub custom_fields: Option<Vec<Value>>,
}

/// The fields that a contact's line shows.
const IN_LINE: &[&str] = &[
    "object", "id", "first_name", "last_name", "email", "mobile_phone", "phone", "company", "job_title", "status",
    "owner", "owner_name", "timezone", "creation_time", "last_updated_time", "last_interacted_time", "deleted",
];

impl Contact {
    /// Returns first and last name.
    pub fn full_name(&self) -> Option<String> {
        full_name(self.first_name.as_deref(), self.last_name.as_deref())
    }

    /// Describes the contact in a question: name and address.
    pub fn described(&self, id: &str) -> String {
        let name = self.full_name().unwrap_or_else(|| id.to_owned());
        let known_by = self.email.as_deref().or(self.mobile_phone.as_deref()).unwrap_or(id);
        format!("{} ({})", quoted(&name, 80), quoted(known_by, 120))
    }
}

impl Told<Contact> {
    /// Returns what a list shows: no address, no custom fields.
    #[must_use]
    pub fn brief(mut self) -> Self {
        let whole = std::mem::take(&mut *self);
        *self = Contact {
            salutation: None,
            street_address: None,
            post_code: None,
            city: None,
            state: None,
            country: None,
            company_size: None,
            employees: None,
            has_consent: None,
            terms_of_sevice: None,
            custom_fields: None,
            ..whole
        };
        self.more.retain(|name, _| matches!(name.as_str(), "deleted" | "odd"));
        self
    }

    /// Returns the whole contact, line by line.
    pub fn outline(&self, zone: &Zone) -> String {
        let (line, rest) = (self.text(zone), outline(&self.fields(zone), IN_LINE));
        if rest.is_empty() { line } else { format!("{line}\n{rest}") }
    }
}

impl Record for Contact {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    fn line(&self, zone: &Zone) -> Line {
        let when = |label: &str, at: Option<Time>| at.map(|at| format!("{label} {}", time::local(at.0, zone)));
        let updated = self.last_updated_time.filter(|updated| Some(*updated) != self.creation_time);
        let owner = self.owner.as_deref().map(|id| format!("owner {}", with_name(id, self.owner_name.as_deref())));
        Line::of(self.id())
            .quoted(self.full_name().as_deref())
            .quoted(self.email.as_deref())
            .labelled_quoted("mobile", self.mobile_phone.as_deref())
            .labelled_quoted("phone", self.phone.as_deref())
            .labelled_quoted("company", self.company.as_deref())
            .labelled_quoted("job", self.job_title.as_deref())
            .status(self.status.as_deref())
            .said(owner)
            .zone(self.timezone.as_deref())
            .said(when("created", self.creation_time))
            .said(when("updated", updated))
            .said(when("last interacted", self.last_interacted_time))
    }

    fn complete(&mut self, find: &mut Lookup<'_>) {
        self.owner_name = self.owner.as_deref().and_then(|id| find(&[Noun::Users], id)).map(|owner| owner.name);
    }
}
