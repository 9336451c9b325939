//! Contacts, the people who book: finding, making, changing and deleting them.

mod change;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use rmcp::handler::server::tool::ToolRouter;
use rmcp::{tool, tool_router};
use serde_json::{Map, Value};

use super::asked::Asked;
use super::call::Call;
use super::failure::Failure;
use super::line::Line;
use super::names::{Entries, Noun, full_name};
use super::outline::outline;
use super::reply::{Reply, present};
use super::schema::{Field, REFERENCE};
use super::time;
use super::untrusted::{quoted, word};
use super::{Tools, Zone, schema};
use crate::oncehub::{Object, contacts};

impl Tools {
    pub(super) fn contacts() -> Vec<ToolRouter<Self>> {
        vec![Self::finding_contacts(), Self::changing_contacts()]
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct ListContacts {
    /// Part of the name
    name: Option<String>,
    /// Exact
    email: Option<String>,
    /// At or after: 2026-12-01T15:00, today, -7d
    created_after: Option<String>,
    created_before: Option<String>,
    /// Last changed
    updated_after: Option<String>,
    updated_before: Option<String>,
    /// IANA zone
    time_zone: Option<String>,
    #[schemars(range(min = 1, max = 500), extend("default" = 25))]
    limit: Option<u32>,
    /// A next_cursor
    cursor: Option<String>,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct GetContact {
    /// E-mail, id or exact name
    contact_id: String,
}

const FIELDS: &[Field] = &[
    ("id", "string", ""),
    ("first_name", "string", ""),
    ("last_name", "string", ""),
    ("email", "string", ""),
    ("mobile_phone", "string", "Together with email what tells contacts apart"),
    ("status", "string", "Qualified, Sales qualified, Marketing qualified, Disqualified, or absent"),
    ("owner", REFERENCE, "A user's id"),
    ("owner_name", "string", ""),
    ("creation_time", "string", "UTC"),
    ("creation_time_local", "string", "In time_zone"),
    ("last_updated_time", "string", "UTC"),
    ("last_updated_time_local", "string", "In time_zone"),
    ("company", "string", ""),
    ("job_title", "string", ""),
    ("phone", "string", ""),
    ("timezone", "string", ""),
];

/// The fields that only a whole contact has.
const DETAILS: &[Field] = &[
    ("salutation", "string", ""),
    ("street_address", "string", ""),
    ("post_code", "string", ""),
    ("city", "string", ""),
    ("state", "string", ""),
    ("country", "string", ""),
    ("company_size", "string", ""),
    ("employees", "integer", ""),
    ("has_consent", "boolean", ""),
    ("terms_of_sevice", "boolean", "Whether the terms of service were accepted; the spelling is OnceHub's"),
    ("custom_fields", "array", "Each a name and a value"),
];

/// Returns the fields of a whole contact.
fn whole() -> Vec<Field> {
    [FIELDS, DETAILS].concat()
}

/// The contact fields that a list shows.
const FIELDS_OF_A_ROW: &[&str] = &[
    "id",
    "first_name",
    "last_name",
    "email",
    "mobile_phone",
    "phone",
    "company",
    "job_title",
    "status",
    "owner",
    "timezone",
    "creation_time",
    "last_updated_time",
    "last_interacted_time",
];

#[tool_router(router = finding_contacts)]
impl Tools {
    /// Find contacts, the guests who have booked or may: e-mail, phones, company, status, owner. A name is searched
    /// among 1,000 a call, email in all. Address and custom fields are in `get_contact`, bookings in `list_bookings`
    /// (contact), colleagues in `list_users`.
    #[tool(
        title = "List contacts",
        input_schema = schema::input::<ListContacts>(),
        output_schema = schema::list(schema::object(FIELDS), &[("asked", "string", "The filters, as understood")]),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn list_contacts(&self, mut call: Call) -> Result<Reply, Failure> {
        let input: ListContacts = call.input()?;
        let zone = call.zone(input.time_zone.as_deref())?;
        let mut asked = Asked::by(&call, &zone);
        let part = asked.part("name", input.name.as_deref())?;
        let email = asked.said("email", input.email);
        let filter = contacts::All {
            created_after: asked.from("created_after", input.created_after.as_deref())?,
            created_before: asked.until("created_before", input.created_before.as_deref())?,
            updated_after: asked.from("updated_after", input.updated_after.as_deref())?,
            updated_before: asked.until("updated_before", input.updated_before.as_deref())?,
            email,
        };
        let names = |contact: &Object| full_name(contact).into_iter().collect();
        let found = call.gather_called(&filter, input.limit, input.cursor.as_deref(), part.as_deref(), names).await?;
        let owners = Owners::of(&call, &found.items).await;
        Ok(found.rows("contact", &asked, |contact| {
            let mut slim = Map::new();
            for field in FIELDS_OF_A_ROW.iter().chain(&["deleted"]) {
                let value = contact.get(*field).filter(|value| !value.is_null());
                slim.extend(value.map(|value| ((*field).to_owned(), value.clone())));
            }
            owners.shown(&Object::from(slim), &zone)
        }))
    }

    /// Read one contact in full, with the address, consent and custom fields that `list_contacts` leaves out. Their
    /// bookings are in `list_bookings` (contact); change them with `update_contact`.
    #[tool(
        title = "Get contact",
        input_schema = schema::input::<GetContact>(),
        output_schema = schema::output(&whole()),
        annotations(read_only_hint = true, destructive_hint = false, idempotent_hint = true, open_world_hint = true)
    )]
    async fn get_contact(&self, mut call: Call) -> Result<Reply, Failure> {
        let GetContact { contact_id } = call.input()?;
        let id = call.contact("contact_id", &contact_id).await?;
        let contact = call.read(&contacts::Get::new(id.clone()), &id).await?;
        let owners = Owners::of(&call, std::slice::from_ref(&contact)).await;
        let (fields, line) = owners.shown(&contact, &self.settings.zone);
        let in_line = [
            "object",
            "id",
            "first_name",
            "last_name",
            "email",
            "mobile_phone",
            "phone",
            "company",
            "job_title",
            "status",
            "owner",
            "owner_name",
            "timezone",
            "creation_time",
            "last_updated_time",
            "last_interacted_time",
            "deleted",
        ];
        let rest = outline(&fields, &in_line);
        let text = if rest.is_empty() { line } else { format!("{line}\n{rest}") };
        Ok(Reply::of((fields, text)).in_zone(&self.settings.zone))
    }
}

/// The names of contacts' owners.
struct Owners(Arc<Entries>);

impl Owners {
    async fn of(call: &Call, contacts: &[Object]) -> Self {
        let any = contacts.iter().any(|contact| contact.reference("owner").is_some());
        Self(if any { call.directory.all_or_none(&call.oncehub, Noun::Users).await } else { Arc::default() })
    }

    fn shown(&self, contact: &Object, zone: &Zone) -> (Map<String, Value>, String) {
        let owner = contact.reference("owner").map(|owner| owner.id);
        let owner_name = owner.and_then(|id| self.0.name(id));
        let at = |field: &str| contact.text(field).and_then(time::read);
        let when = |label: &str, field: &str| at(field).map(|at| format!("{label} {}", time::local(at, zone)));
        let updated = at("last_updated_time") != at("creation_time");
        let line = Line::of(contact)
            .quoted(full_name(contact).as_deref())
            .quoted(contact.text("email"))
            .labelled_quoted("mobile", contact.text("mobile_phone"))
            .labelled_quoted("phone", contact.text("phone"))
            .labelled_quoted("company", contact.text("company"))
            .labelled_quoted("job", contact.text("job_title"))
            .status(contact.text("status"))
            .said(owner.map(|id| match owner_name {
                Some(name) => format!("owner {} {}", quoted(name, 60), word(id)),
                None => format!("owner {}", word(id)),
            }))
            .zone(contact.text("timezone"))
            .said(when("created", "creation_time"))
            .said(when("updated", "last_updated_time").filter(|_| updated))
            .said(when("last interacted", "last_interacted_time"));
        let mut fields = present(contact.clone(), zone);
        fields.extend(owner_name.map(|name| ("owner_name".to_owned(), name.into())));
        (fields, line.end())
    }
}
