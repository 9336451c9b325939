//! `/contacts`.

use serde_json::{Map, Value, json};

use super::noun::{Filter, Noun, find, live, live_mut, look};
use super::request::{Answer, Refusal, Reply, Request, ensure, is_email, wire};
use super::world::{Contact, World};

/// The fields that can be written, in the order in which they are checked. One name is misspelt on the wire.
const FIELDS: &[&str] = &[
    "email", "mobile_phone", "first_name", "last_name", "phone", "timezone", "owner", "status", "employees",
    "has_consent", "terms_of_sevice", "custom_fields", "city", "company_size", "company", "country", "job_title",
    "post_code", "salutation", "state", "street_address",
];

/// The fields that identify a contact, and cannot change.
const IDENTIFIERS: &[&str] = &["email", "mobile_phone"];

const STATUSES: &[&str] = &["Qualified", "Sales qualified", "Marketing qualified", "Disqualified"];

impl Noun for Contact {
    const NAME: &'static str = "contact";
    const FILTERS: &'static [Filter<Self>] = &[
        Filter::Is("email", |contact, email, _| {
            contact.text("email").is_some_and(|own| own.to_lowercase() == email.to_lowercase())
        }),
        Filter::Between("creation_time", |contact| contact.created),
        Filter::Between("last_updated_time", |contact| contact.updated),
    ];

    fn id(&self) -> &str {
        &self.id
    }

    fn is_deleted(&self) -> bool {
        self.deleted
    }

    fn show(&self, _: &World) -> Value {
        let mut shown = json!({
            "object": "contact", "id": self.id, "creation_time": wire(self.created),
            "last_updated_time": wire(self.updated), "last_interacted_time": null,
        });
        if let Value::Object(shown) = &mut shown {
            shown.extend(self.fields.clone());
        }
        shown
    }
}

pub(super) fn answer(world: &mut World, request: &Request, path: &[&str]) -> Answer {
    match (request.method.as_str(), path) {
        ("POST", []) => create(world, request),
        ("PATCH", [id]) => update(world, request, id),
        ("DELETE", [id]) => delete(world, request, id),
        _ => look(world, request, path, &world.contacts),
    }
}

fn create(world: &mut World, request: &Request) -> Answer {
    request.only(&[])?;
    let mut given = request.fields_or(FIELDS, "Unsupported fields")?;
    // An empty identifier counts as absent.
    given.retain(|name, value| !(IDENTIFIERS.contains(&name.as_str()) && (value.is_null() || *value == "")));
    let is_identified = IDENTIFIERS.iter().any(|name| given.contains_key(*name));
    ensure(is_identified, Refusal::bad("email", "At least one of 'email' or 'mobile_phone' is required."))?;
    for name in ["first_name", "last_name"] {
        given.entry(name).or_insert(Value::Null);
    }
    let (owner, zone) = world.account_owner().map_or(("", "UTC"), |owner| (&owner.id, &owner.zone));
    let mut contact = Contact::new(String::new(), owner, zone, world.time());
    write(world, &mut contact.fields, &given)?;
    for name in IDENTIFIERS {
        if let Some(text) = contact.text(name) {
            let refusal = Refusal::new(409, format!("Contact already exists: '{text}'")).about(*name);
            ensure(world.contacts_known_as(text).is_empty(), refusal)?;
        }
    }
    contact.id = world.fresh_id("CTC");
    let body = contact.show(world);
    world.contacts.push(contact);
    Ok(Reply { status: 201, ..Reply::ok(body) })
}

fn update(world: &mut World, request: &Request, id: &str) -> Answer {
    request.only(&[])?;
    let given = request.changes(FIELDS)?;
    if let Some(name) = IDENTIFIERS.iter().find(|name| given.contains_key(**name)) {
        let message = "Identifier fields (email, mobile_phone) cannot be updated via this endpoint";
        return Err(Refusal::bad(*name, message));
    }
    let mut fields = live(&world.contacts, id)?.fields.clone();
    if world.patch_clears_status {
        fields.insert("status".into(), Value::Null);
    }
    write(world, &mut fields, &given)?;
    let updated = world.time();
    let contact = live_mut(&mut world.contacts, id)?;
    (contact.fields, contact.updated) = (fields, updated);
    Ok(Reply::ok(find(&world.contacts, id)?.show(world)))
}

fn delete(world: &mut World, request: &Request, id: &str) -> Answer {
    request.only(&[])?;
    live_mut(&mut world.contacts, id)?.deleted = true;
    Ok(Reply::deleted(id))
}

/// Writes the given fields over the current ones, or rejects them all.
fn write(world: &World, fields: &mut Map<String, Value>, given: &Map<String, Value>) -> Result<(), Refusal> {
    for name in FIELDS {
        if let Some(value) = given.get(*name) {
            let written = read(world, name, value, fields.get(*name).unwrap_or(&Value::Null))?;
            fields.insert((*name).to_owned(), written);
        }
    }
    Ok(())
}

/// Returns the value to store, given the field's current one.
fn read(world: &World, name: &str, value: &Value, present: &Value) -> Result<Value, Refusal> {
    let check = |what: &str, is_valid: bool| ensure(is_valid, Refusal::invalid(name, what, value));
    let text = value.as_str();
    match name {
        "email" => check("email format", text.is_some_and(is_email))?,
        "mobile_phone" | "phone" => check("phone format", value.is_null() || text.is_some_and(is_phone))?,
        "timezone" => check("timezone", text.is_some_and(|text| jiff::tz::TimeZone::get(text).is_ok()))?,
        "owner" => check("owner", text.is_some_and(|id| live(&world.users, id).is_ok()))?,
        "employees" if value.is_null() => return Ok(json!(0)),
        "employees" => check("integer", value.is_u64())?,
        "has_consent" | "terms_of_sevice" if value.is_null() => return Ok(json!(false)),
        "has_consent" | "terms_of_sevice" => check("boolean", value.is_boolean())?,
        // Any other status silently becomes none.
        "status" if STATUSES.iter().all(|status| value != status) => return Ok(Value::Null),
        "status" => {}
        "custom_fields" => return merged(world, value, present),
        _ => {
            let is_name = ["first_name", "last_name"].contains(&name);
            let is_blank = value.is_null() || text.is_some_and(|text| text.trim().is_empty());
            ensure(!(is_name && is_blank), Refusal::bad(name, format!("{name} is required")))?;
            check("string", value.is_null() || text.is_some())?;
        }
    }
    Ok(value.clone())
}

/// Whether a text is `+`, a country code and the rest: eight digits are too few here, though some countries have such
/// numbers.
fn is_phone(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (9..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|digit| digit.is_ascii_digit())
    })
}

/// Returns the custom fields after a change: those of the same name are replaced, the others stay.
fn merged(world: &World, value: &Value, present: &Value) -> Result<Value, Refusal> {
    let refused = |message: String| Refusal::bad("custom_fields", message);
    let not_objects = || refused("Must be an array of objects.".into());
    let mut fields = present.as_array().cloned().unwrap_or_default();
    for field in value.as_array().ok_or_else(not_objects)? {
        let name = field.get("name").and_then(Value::as_str).ok_or_else(not_objects)?;
        let is_known = world.custom_fields.iter().any(|known| known == name);
        ensure(is_known, refused(format!("Custom field '{name}' does not exist in field library")))?;
        let written = json!({"name": name, "value": field.get("value")});
        match fields.iter_mut().find(|known| known.get("name").and_then(Value::as_str) == Some(name)) {
            Some(known) => *known = written,
            None => fields.push(written),
        }
    }
    Ok(Value::Array(fields))
}
