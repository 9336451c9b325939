//! Contacts, the people who book: finding, making, changing and deleting them.

mod change;
#[cfg(test)]
mod tests;

use rmcp::{tool, tool_router};

use crate::oncehub::{Collection, contacts};
use crate::records::{Contact, Told, Zone};
use crate::tools::{Answer, Asked, Call, Paging, Parameters, Reply, Tools, rows, schema};

#[tool_router(router = finding_contacts, vis = "pub(in crate::tools)")]
impl Tools {
    /// Find contacts, the guests who have booked or may: e-mail, phones, company, status, owner. email searches all
    /// contacts; name scans 1,000 a call: go on with cursor. Address and custom fields: `get_contact`; bookings:
    /// `list_bookings` (contact); colleagues: `list_users`.
    #[tool(title = "List contacts", annotations(read_only_hint = true), output_schema = schema::list::<Contact>(schema::NEWEST))]
    async fn list_contacts(&self, call: Call, Parameters(input): Parameters<ListContacts>) -> Answer {
        let zone = call.zone_asked("time_zone", input.time_zone.as_deref())?;
        let mut asked = Asked::by(&call, &zone);
        let part = asked.part("name", input.name.as_deref())?;
        let email = asked.said("email", input.email);
        let filter = contacts::All {
            created: asked.range("created", input.created_after.as_deref(), input.created_before.as_deref())?,
            updated: asked.range("updated", input.updated_after.as_deref(), input.updated_before.as_deref())?,
            email,
        };
        let names = |contact: &Told<Contact>| vec![contact.full_name()];
        let found = input.paging.called(&call, &filter, part.as_deref(), names, Told::<Contact>::brief).await?;
        Ok(rows(found, "contact", &asked))
    }

    /// Read one contact in full, with the address, consent and custom fields that `list_contacts` leaves out. Bookings:
    /// `list_bookings` (contact); changes: `update_contact`.
    #[tool(title = "Get contact", annotations(read_only_hint = true), output_schema = schema::read::<Contact>())]
    async fn get_contact(&self, call: Call, Parameters(input): Parameters<OneContact>) -> Answer {
        let id = call.names.contact("contact_id", &input.contact_id).await?.id;
        let contact = call.names.filled(call.names.read::<Contact>(&Collection::Contacts.get(&id), &id).await?).await;
        Ok(told(&contact, call.zone()))
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct ListContacts {
    /// Part of the name
    name: Option<String>,
    /// Exact
    email: Option<String>,
    /// At or after: today, -7d
    created_after: Option<String>,
    created_before: Option<String>,
    updated_after: Option<String>,
    updated_before: Option<String>,
    /// IANA zone
    time_zone: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct OneContact {
    /// E-mail, id or exact name
    contact_id: String,
}

/// Returns the whole contact.
fn told(contact: &Told<Contact>, zone: &Zone) -> Reply {
    Reply::new(contact.fields(zone), contact.outline(zone)).in_zone(zone)
}
