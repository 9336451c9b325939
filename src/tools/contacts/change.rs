//! Creating, changing and deleting contacts.

use rmcp::{tool, tool_router};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Owners, whole};
use crate::oncehub::{Id, Object, bookings, contacts};
use crate::tools::address::{email, phone};
use crate::tools::call::Call;
use crate::tools::differences::{differences, from_to, is_not, seen};
use crate::tools::failure::{Failure, Stop};
use crate::tools::names::{Noun, full_name};
use crate::tools::reply::{Reply, present};
use crate::tools::untrusted::quoted;
use crate::tools::write::Subject;
use crate::tools::{Tools, Zone, schema};

#[derive(Deserialize, schemars::JsonSchema)]
#[schemars(deny_unknown_fields)]
struct CreateContact {
    first_name: String,
    last_name: String,
    /// This or mobile_phone
    email: Option<String>,
    /// E.164
    mobile_phone: Option<String>,
    #[serde(flatten)]
    details: Details,
}

#[derive(Deserialize, schemars::JsonSchema)]
#[schemars(deny_unknown_fields)]
struct UpdateContact {
    /// E-mail, id or exact name
    contact_id: String,
    first_name: Option<String>,
    last_name: Option<String>,
    #[serde(flatten)]
    details: Details,
}

#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct DeleteContact {
    /// E-mail, id or exact name
    contact_id: String,
}

/// What can be said of a contact when it is made and afterwards. It serialises to OnceHub's own names.
#[derive(Deserialize, Serialize, schemars::JsonSchema)]
struct Details {
    /// User: name, e-mail, id or `me`
    #[serde(skip_serializing)]
    owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    #[serde(skip_serializing_if = "Option::is_none")]
    company: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    company_size: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    employees: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    salutation: Option<String>,
    /// E.164
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    street_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
    /// IANA zone
    #[serde(skip_serializing_if = "Option::is_none")]
    timezone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    has_consent: Option<bool>,
    #[serde(rename(serialize = "terms_of_sevice"), skip_serializing_if = "Option::is_none")]
    terms_of_service: Option<bool>,
    /// By exact field name
    #[serde(skip_serializing)]
    custom_fields: Option<Map<String, Value>>,
}

#[derive(Clone, Copy, Debug, Deserialize, Serialize, schemars::JsonSchema)]
enum Status {
    Qualified,
    #[serde(rename = "Sales qualified")]
    SalesQualified,
    #[serde(rename = "Marketing qualified")]
    MarketingQualified,
    Disqualified,
}

#[tool_router(router = changing_contacts, vis = "pub(super)")]
impl Tools {
    /// Add a guest to the contacts. Needs an email or mobile_phone that no contact has yet (see `list_contacts`);
    /// neither can change later. Not needed before `schedule_meeting`. For colleagues use `add_user`.
    #[tool(
        title = "Create contact",
        input_schema = schema::input::<CreateContact>(),
        output_schema = schema::written(&whole()),
        annotations(read_only_hint = false, destructive_hint = false, idempotent_hint = false, open_world_hint = true)
    )]
    async fn create_contact(&self, mut call: Call) -> Result<Reply, Stop> {
        let CreateContact { first_name, last_name, email: address, mobile_phone, details } = call.input()?;
        let address = address.map(|address| email("email", &address)).transpose()?;
        let mobile = mobile_phone.map(|number| phone("mobile_phone", &number)).transpose()?;
        let Some(known_by) = address.clone().or_else(|| mobile.clone()) else {
            let hint = "pass one of the two: OnceHub tells contacts apart by them";
            return Err(Failure::argument("email", "neither email nor mobile_phone is given", hint).into());
        };
        let mut fields = Map::new();
        fields.insert("first_name".into(), first_name.clone().into());
        fields.insert("last_name".into(), last_name.clone().into());
        fields.extend(address.as_deref().map(|address| ("email".to_owned(), address.into())));
        fields.extend(mobile.as_deref().map(|mobile| ("mobile_phone".to_owned(), mobile.into())));
        fields.append(&mut call.on_the_wire(details).await?);
        let who = quoted(&format!("{first_name} {last_name}"), 80);
        let question = format!("Add {who} ({}) to the contacts?", quoted(&known_by, 120));
        call.agree(false, &question, &Map::new).await?;
        let what = format!("a contact with {}", quoted(&known_by, 120));
        let check = "see with list_contacts (email, or created_after today) whether it is there";
        let listing = contacts::All { email: address.clone(), ..contacts::All::default() };
        let is_it = |contact: &Object| {
            let has = |field: &str, sent: &Option<String>| {
                sent.as_ref()
                    .is_some_and(|sent| contact.text(field).is_some_and(|known| known.eq_ignore_ascii_case(sent)))
            };
            has("email", &address) || has("mobile_phone", &mobile)
        };
        let create = contacts::Create { fields };
        let (contact, found) = call.create(&create, &listing, Subject { what: &what, check }, &is_it).await?;
        let owners = Owners::of(&call, std::slice::from_ref(&contact)).await;
        let mut reply = Reply::done("Contact made.", owners.shown(&contact, &self.settings.zone), found)
            .in_zone(&self.settings.zone);
        note_the_lost(&mut reply, &create.fields, &contact);
        Ok(reply)
    }

    /// Change a contact's details; fields left out stay, and so do custom_fields not named. E-mail and mobile phone
    /// cannot change: make another with `create_contact`. Present values: `get_contact`.
    #[tool(
        title = "Update contact",
        input_schema = schema::input::<UpdateContact>(),
        output_schema = schema::written(&whole()),
        annotations(read_only_hint = false, destructive_hint = true, idempotent_hint = true, open_world_hint = true)
    )]
    async fn update_contact(&self, mut call: Call) -> Result<Reply, Stop> {
        let fixed = |failure: Failure| match failure.param.as_deref() {
            Some("email" | "mobile_phone") => failure
                .hint("it cannot be changed: OnceHub tells contacts apart by it; make another with create_contact"),
            _ => failure,
        };
        let UpdateContact { contact_id, first_name, last_name, details } = call.input().map_err(fixed)?;
        let id = call.contact("contact_id", &contact_id).await?;
        let mut fields = Map::new();
        fields.extend(first_name.map(|name| ("first_name".to_owned(), name.into())));
        fields.extend(last_name.map(|name| ("last_name".to_owned(), name.into())));
        fields.append(&mut call.on_the_wire(details).await?);
        if fields.is_empty() {
            let hint = "pass at least one field; an empty value leaves a field as it is";
            return Err(Failure::argument("contact_id", "there is nothing to change", hint).into());
        }
        let get = contacts::Get::new(id.clone());
        let mut before = call.still_there(&get, &id, "contact_id", "contact").await?;
        let zone = &self.settings.zone;
        let planned = from_to(&differences(&before, &fields, &fields));
        if planned.is_empty() {
            let shown = Owners::of(&call, std::slice::from_ref(&before)).await.shown(&before, zone);
            return Ok(Reply::done("Nothing to change: it is so already.", shown, false).in_zone(zone));
        }
        let question = format!("Change the contact {}: {planned}?", sentence(&before, &id));
        call.agree(false, &question, &|| shown_before(&before, zone)).await?;
        if call.was_asked() {
            // The person may have taken minutes to answer.
            before = call.still_there(&get, &id, "contact_id", "contact").await?;
        }
        let asked = fields.clone();
        // OnceHub clears a status that is not sent: the current one is sent along to keep it.
        if let (false, Some(status)) = (fields.contains_key("status"), before.text("status")) {
            fields.insert("status".into(), status.into());
        }
        let (what, check) = (format!("the contact {id}"), format!("read it with get_contact {id}"));
        let see = |now: Object| seen(&before, now, &asked);
        let update = contacts::Update { id: id.clone(), fields };
        let subject = Subject { what: &what, check: &check };
        let (mut contact, found) = call.change(&update, &get, subject, &see).await?;
        contact.fill_id(id.as_str());
        let owners = Owners::of(&call, std::slice::from_ref(&contact)).await;
        let changed = differences(&before, &contact, &asked);
        let done = match changed.as_slice() {
            [] => "Nothing is different from before.".to_owned(),
            changed => format!("Changed {}.", from_to(changed)),
        };
        let mut reply = Reply::done(&done, owners.shown(&contact, zone), found).in_zone(zone);
        note_the_lost(&mut reply, &update.fields, &contact);
        call.note_blank(&mut reply);
        Ok(reply)
    }

    /// Delete a contact's record for good. What becomes of coming bookings is not documented: end those with
    /// `cancel_booking` first. To keep the record but drop a lead use `update_contact` with status Disqualified.
    #[tool(
        title = "Delete contact",
        input_schema = schema::input::<DeleteContact>(),
        output_schema = schema::deletion(),
        annotations(read_only_hint = false, destructive_hint = true, idempotent_hint = true, open_world_hint = true)
    )]
    async fn delete_contact(&self, mut call: Call) -> Result<Reply, Stop> {
        let DeleteContact { contact_id } = call.input()?;
        let id = call.contact("contact_id", &contact_id).await?;
        let get = contacts::Get::new(id.clone());
        let contact = call.still_there(&get, &id, "contact_id", "contact").await?;
        let name = full_name(&contact).unwrap_or_else(|| id.to_string());
        let coming = call.coming(bookings::All { contact: Some(id.clone()), ..bookings::All::default() }).await;
        let question =
            format!("Delete the record of the contact {} for good?{}", sentence(&contact, &id), coming.sentence());
        let zone = &self.settings.zone;
        call.agree(true, &question, &|| shown_before(&contact, zone)).await?;
        let (what, check) = (format!("the contact {id}"), format!("read it with get_contact {id}"));
        let subject = Subject { what: &what, check: &check };
        let found = call.delete(&contacts::Delete::new(id.clone()), &get, subject).await?;
        let mut reply = Reply::deleted("contact", &id, &name, found);
        if let Some(note) =
            coming.note("what becomes of them is not documented: see list_bookings (guest), cancel_booking")
        {
            reply.note(&note);
        }
        Ok(reply)
    }
}

impl Call {
    /// Returns the details under OnceHub's names, validated as far as possible here.
    async fn on_the_wire(&self, mut details: Details) -> Result<Map<String, Value>, Failure> {
        details.phone = details.phone.map(|number| phone("phone", &number)).transpose()?;
        if let Some(zone) = &details.timezone {
            details.timezone = Some(self.zone_of("timezone", Some(zone))?.name().to_owned());
        }
        let mut fields = Map::new();
        if let Some(owner) = &details.owner {
            fields.insert("owner".into(), self.find(&[Noun::Users], "owner", owner).await?.id.as_str().into());
        }
        if let Ok(Value::Object(mut plain)) = serde_json::to_value(&details) {
            fields.append(&mut plain);
        }
        let custom = details.custom_fields.unwrap_or_default();
        if !custom.is_empty() {
            let each = custom.into_iter().map(|(name, value)| json!({"name": name, "value": value}));
            fields.insert("custom_fields".into(), each.collect());
        }
        Ok(fields)
    }
}

/// Notes which fields OnceHub did not keep as they were sent.
fn note_the_lost(reply: &mut Reply, sent: &Map<String, Value>, contact: &Object) {
    let lost = differences(contact, sent, sent);
    if !lost.is_empty() {
        reply.note(&format!("OnceHub did not keep all of it: {}.", is_not(&lost)));
    }
}

fn shown_before(contact: &Object, zone: &Zone) -> Map<String, Value> {
    present(contact.clone(), zone)
}

/// Describes a contact in a question: name and address.
fn sentence(contact: &Object, id: &Id) -> String {
    let name = full_name(contact).unwrap_or_else(|| id.to_string());
    let known_by = contact.text("email").or_else(|| contact.text("mobile_phone")).unwrap_or(id.as_str());
    format!("{} ({})", quoted(&name, 80), quoted(known_by, 120))
}
