//! Creating, changing and deleting contacts.

use rmcp::model::JsonObject;
use rmcp::{tool, tool_router};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::OneContact;
use crate::actions::differences::{differences, is_not};
use crate::actions::{self, Action as _, Stop};
use crate::records::{Contact, Failure, Noun, Told, Zone};
use crate::tools::address::{email, phone};
use crate::tools::call::name_of_zone;
use crate::tools::{Answer, Call, Deletion, Parameters, Reply, Tools, arguments, schema};

#[tool_router(router = changing_contacts, vis = "pub(in crate::tools)")]
impl Tools {
    /// Add a guest to the contacts. Needs an email or mobile_phone that no contact has yet (see `list_contacts`);
    /// neither can change later. Not needed before `schedule_meeting`. For colleagues use `add_user`.
    #[tool(title = "Create contact", annotations(destructive_hint = false),
        output_schema = schema::written::<Contact>())]
    async fn create_contact(&self, mut call: Call, Parameters(input): Parameters<CreateContact>) -> Answer<Stop> {
        let address = input.email.map(|address| email("email", &address)).transpose()?;
        let mobile = input.mobile_phone.map(|number| phone("mobile_phone", &number)).transpose()?;
        let Some(known_by) = address.clone().or_else(|| mobile.clone()) else {
            let hint = "pass one of the two: OnceHub identifies contacts by them";
            return Err(Failure::argument("email", "neither email nor mobile_phone is given", hint).into());
        };
        let mut fields = Map::new();
        fields.insert("first_name".into(), input.first_name.into());
        fields.insert("last_name".into(), input.last_name.into());
        fields.extend(address.map(|address| ("email".to_owned(), address.into())));
        fields.extend(mobile.map(|mobile| ("mobile_phone".to_owned(), mobile.into())));
        fields.append(&mut input.details.on_the_wire(&call).await?);
        let done = call.carry_out(&mut actions::contacts::create(fields.clone(), &known_by)).await?;
        let contact: Told<Contact> = call.told(done.object.clone()).await;
        Ok(changed("Contact created.", &contact, &fields, call.zone()).after(&done))
    }

    /// Change a contact's details. Omitted fields and custom_fields stay; no field can be emptied. E-mail and mobile
    /// phone cannot change: that takes a new contact (`create_contact`). Current values: `get_contact`.
    #[tool(title = "Update contact", annotations(destructive_hint = true),
        input_schema = schema::input::<UpdateContact>(), output_schema = schema::changed::<Contact>())]
    async fn update_contact(&self, mut call: Call, arguments: JsonObject) -> Answer<Stop> {
        let fixed = |failure: Failure| match failure.param.as_deref() {
            Some("email" | "mobile_phone") => failure
                .hint("it cannot be changed: OnceHub identifies contacts by it; create another with create_contact"),
            _ => failure,
        };
        let input: UpdateContact = arguments::read(arguments).map_err(fixed)?;
        let id = call.names.contact("contact_id", &input.contact_id).await?.id;
        let mut fields = Map::new();
        fields.extend(input.first_name.map(|name| ("first_name".to_owned(), name.into())));
        fields.extend(input.last_name.map(|name| ("last_name".to_owned(), name.into())));
        fields.append(&mut input.details.on_the_wire(&call).await?);
        if fields.is_empty() {
            let hint = "pass at least one field; an empty value leaves a field unchanged";
            return Err(Failure::argument("contact_id", "there is nothing to change", hint).into());
        }
        let mut update = actions::contacts::Update::new(&call.names, id.clone(), fields.clone()).await?;
        if update.edit.planned().is_empty() {
            let contact = call.names.filled(update.edit.before.clone()).await;
            return Ok(changed("Nothing to change: it is already as requested.", &contact, &fields, call.zone()));
        }
        let mut done = call.carry_out(&mut update).await?;
        done.object.fill_id(id.as_str());
        let contact: Told<Contact> = call.told(done.object.clone()).await;
        let said = update.edit.changed(&contact);
        let mut reply = changed(&said, &contact, &update.request().fields, call.zone()).after(&done);
        call.note_blank(&mut reply);
        Ok(reply)
    }

    /// Delete a contact for good. What becomes of upcoming bookings is not documented: check `list_bookings` (contact)
    /// first. To drop a lead but keep the record use `update_contact` with status Disqualified.
    #[tool(title = "Delete contact", annotations(destructive_hint = true),
        output_schema = schema::written::<Deletion>())]
    async fn delete_contact(&self, mut call: Call, Parameters(input): Parameters<OneContact>) -> Answer<Stop> {
        let id = call.names.contact("contact_id", &input.contact_id).await?.id;
        let (mut delete, name, upcoming) = actions::contacts::delete(&call, id.clone()).await?;
        let done = call.carry_out(&mut delete).await?;
        let mut reply = Reply::deleted("contact", &id, name, &done);
        let next = "OnceHub does not document what happens to them: see list_bookings (guest), cancel_booking";
        upcoming.note(next).iter().for_each(|note| reply.note(note));
        Ok(reply)
    }
}

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

/// What can be said of a contact when it is made and afterwards. It serialises to OnceHub's own names.
#[serde_with::skip_serializing_none]
#[derive(Deserialize, Serialize, schemars::JsonSchema)]
struct Details {
    /// User: name, e-mail, id or `me`
    #[serde(skip_serializing)]
    owner: Option<String>,
    status: Option<Status>,
    company: Option<String>,
    company_size: Option<String>,
    employees: Option<u32>,
    job_title: Option<String>,
    salutation: Option<String>,
    /// E.164
    phone: Option<String>,
    street_address: Option<String>,
    post_code: Option<String>,
    city: Option<String>,
    state: Option<String>,
    country: Option<String>,
    /// IANA zone
    timezone: Option<String>,
    has_consent: Option<bool>,
    #[serde(rename(serialize = "terms_of_sevice"))]
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

impl Details {
    /// Returns the details under OnceHub's names, validated as far as possible here.
    async fn on_the_wire(mut self, call: &Call) -> Result<Map<String, Value>, Failure> {
        self.phone = self.phone.map(|number| phone("phone", &number)).transpose()?;
        if let Some(zone) = &self.timezone {
            let zone = call.zone_asked("timezone", Some(zone))?;
            self.timezone = Some(name_of_zone("timezone", &zone, call.now())?);
        }
        let mut fields = Map::new();
        if let Some(owner) = &self.owner {
            let owner = call.names.find(&[Noun::Users], "owner", owner).await?;
            fields.insert("owner".into(), owner.id.as_str().into());
        }
        if let Ok(Value::Object(mut plain)) = serde_json::to_value(&self) {
            fields.append(&mut plain);
        }
        let custom = self.custom_fields.unwrap_or_default();
        if !custom.is_empty() {
            let each = custom.into_iter().map(|(name, value)| json!({"name": name, "value": value}));
            fields.insert("custom_fields".into(), each.collect());
        }
        Ok(fields)
    }
}

/// Returns the contact after a change, and which fields OnceHub did not keep as they were sent.
fn changed(said: &str, contact: &Told<Contact>, sent: &Map<String, Value>, zone: &Zone) -> Reply {
    let text = format!("{said}\n{}", contact.text(zone));
    let mut reply = Reply::new(contact.fields(zone), text).in_zone(zone);
    let lost = differences(&contact.sent(), sent, sent);
    if !lost.is_empty() {
        reply.note(&format!("OnceHub did not keep all of it: {}.", is_not(&lost)));
    }
    reply
}
