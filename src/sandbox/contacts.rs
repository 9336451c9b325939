//! `/contacts`.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::request::{Answer, Refusal, Reply, Request, is_email, page, repeated};
use super::world::{Contact, World};

/// The type of a contact's field.
#[derive(Clone, Copy)]
enum Kind {
    /// A first or last name, which every contact has.
    Name,
    Email,
    Phone,
    /// Any text, or none.
    Text,
    Whole,
    Truth,
    Status,
    Zone,
    /// A user's id.
    Owner,
    CustomFields,
}

/// The fields that can be written. One name is misspelt on the wire.
const FIELDS: &[(&str, Kind)] = &[
    ("email", Kind::Email),
    ("mobile_phone", Kind::Phone),
    ("first_name", Kind::Name),
    ("last_name", Kind::Name),
    ("phone", Kind::Phone),
    ("timezone", Kind::Zone),
    ("owner", Kind::Owner),
    ("status", Kind::Status),
    ("employees", Kind::Whole),
    ("has_consent", Kind::Truth),
    ("terms_of_sevice", Kind::Truth),
    ("custom_fields", Kind::CustomFields),
    ("city", Kind::Text),
    ("company_size", Kind::Text),
    ("company", Kind::Text),
    ("country", Kind::Text),
    ("job_title", Kind::Text),
    ("post_code", Kind::Text),
    ("salutation", Kind::Text),
    ("state", Kind::Text),
    ("street_address", Kind::Text),
];

/// The fields that identify a contact, and cannot change.
const IDENTIFIERS: &[&str] = &["email", "mobile_phone"];

const STATUSES: &[&str] = &["Qualified", "Sales qualified", "Marketing qualified", "Disqualified"];

pub(super) fn list(world: &World, request: &Request) -> Answer {
    request.only(&[
        "limit",
        "before",
        "after",
        "email",
        "creation_time.gt",
        "creation_time.lt",
        "last_updated_time.gt",
        "last_updated_time.lt",
    ])?;
    let email = request.param("email").map(str::to_lowercase);
    let created = request.range("creation_time")?;
    let updated = request.range("last_updated_time")?;
    let inside = |at: Timestamp, (after, before): (Option<Timestamp>, Option<Timestamp>)| {
        after.is_none_or(|after| at > after) && before.is_none_or(|before| at < before)
    };
    let keep = |contact: &Contact| {
        !contact.deleted
            && email.as_ref().is_none_or(|email| contact.text("email").map(str::to_lowercase).as_ref() == Some(email))
            && inside(contact.created, created)
            && inside(contact.updated, updated)
    };
    page(request, &world.contacts, |contact| &contact.id, keep, Contact::show)
}

pub(super) fn get(world: &World, request: &Request, id: &str) -> Answer {
    request.only(&[])?;
    let found = world.contacts.iter().find(|known| known.id == id);
    found.map(|known| Reply::ok(known.show())).ok_or_else(|| Refusal::not_found("contact", id))
}

pub(super) fn create(world: &mut World, request: &Request) -> Answer {
    request.only(&[])?;
    let known: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
    let mut given = request.fields_or(&known, "Unsupported fields")?;
    // An empty identifier counts as absent.
    given.retain(|name, value| !(IDENTIFIERS.contains(&name.as_str()) && (value.is_null() || *value == "")));
    if !IDENTIFIERS.iter().any(|name| given.contains_key(*name)) {
        let message = "At least one of 'email' or 'mobile_phone' is required.";
        return Err(Refusal::new(400, message).about("email"));
    }
    for name in ["first_name", "last_name"] {
        given.entry(name).or_insert(Value::Null);
    }
    let (owner, zone) = world.account_owner().map_or(("", "UTC"), |owner| (&owner.id, &owner.zone));
    let mut contact = Contact::new(String::new(), owner, zone, world.time());
    write(world, &mut contact.fields, &given)?;
    for name in IDENTIFIERS {
        if let Some(text) = contact.text(name)
            && !world.contacts_known_as(text).is_empty()
        {
            return Err(Refusal::new(409, format!("Contact already exists: '{text}'")).about(*name));
        }
    }
    contact.id = world.fresh_id("CTC");
    let body = contact.show();
    world.contacts.push(contact);
    Ok(Reply { status: 201, ..Reply::ok(body) })
}

pub(super) fn update(world: &mut World, request: &Request, id: &str) -> Answer {
    request.only(&[])?;
    let known: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
    let given = request.changes(&known)?;
    if let Some(name) = IDENTIFIERS.iter().find(|name| given.contains_key(**name)) {
        let message = "Identifier fields (email, mobile_phone) cannot be updated via this endpoint";
        return Err(Refusal::new(400, message).about(*name));
    }
    let index = find(world, id)?;
    let mut fields = world.contacts.get(index).map(|contact| contact.fields.clone()).unwrap_or_default();
    if world.patch_clears_status {
        fields.insert("status".into(), Value::Null);
    }
    write(world, &mut fields, &given)?;
    let now = world.time();
    let Some(contact) = world.contacts.get_mut(index) else { return Err(Refusal::not_found("contact", id)) };
    contact.fields = fields;
    contact.updated = now;
    Ok(Reply::ok(contact.show()))
}

pub(super) fn delete(world: &mut World, request: &Request, id: &str) -> Answer {
    request.only(&[])?;
    let index = find(world, id)?;
    if let Some(contact) = world.contacts.get_mut(index) {
        contact.deleted = true;
    }
    Ok(Reply::ok(json!({"id": id, "deleted": true})))
}

/// Finds the index of a contact that can be changed.
fn find(world: &World, id: &str) -> Result<usize, Refusal> {
    let index = world.contacts.iter().position(|contact| contact.id == id && !contact.deleted);
    index.ok_or_else(|| Refusal::not_found("contact", id))
}

/// Writes the given fields over the current ones, or rejects them all.
fn write(world: &World, fields: &mut Map<String, Value>, given: &Map<String, Value>) -> Result<(), Refusal> {
    for (name, kind) in FIELDS {
        if let Some(value) = given.get(*name) {
            let written = read(world, name, *kind, value, fields.get(*name).unwrap_or(&Value::Null))?;
            fields.insert((*name).to_owned(), written);
        }
    }
    Ok(())
}

/// Returns the value to store, given the field's current one.
fn read(world: &World, name: &str, kind: Kind, value: &Value, present: &Value) -> Result<Value, Refusal> {
    let refused = |what: &str| Err(Refusal::new(400, format!("Invalid {what}: '{}'", repeated(value))).about(name));
    let text = value.as_str();
    match kind {
        Kind::Name if value.is_null() || text.is_some_and(|text| text.trim().is_empty()) => {
            Err(Refusal::new(400, format!("{name} is required")).about(name))
        }
        Kind::Email if !text.is_some_and(is_email) => refused("email format"),
        Kind::Phone if !value.is_null() && !text.is_some_and(is_phone) => refused("phone format"),
        Kind::Zone if text.is_none_or(|text| jiff::tz::TimeZone::get(text).is_err()) => refused("timezone"),
        Kind::Owner if text.is_none_or(|id| world.user(id).is_none_or(|user| user.deleted)) => refused("owner"),
        Kind::Text | Kind::Name if !value.is_null() && text.is_none() => refused("string"),
        Kind::Whole if value.is_null() => Ok(json!(0)),
        Kind::Whole if value.as_u64().is_none() => refused("integer"),
        Kind::Truth if value.is_null() => Ok(json!(false)),
        Kind::Truth if !value.is_boolean() => refused("boolean"),
        // Any other status silently becomes none.
        Kind::Status => Ok(STATUSES.iter().find(|status| value == *status).map_or(Value::Null, |_| value.clone())),
        Kind::CustomFields => merged(world, value, present),
        _ => Ok(value.clone()),
    }
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
    let refused = |message: String| Refusal::new(400, message).about("custom_fields");
    let mut fields = present.as_array().cloned().unwrap_or_default();
    let given = value.as_array().ok_or_else(|| refused("Must be an array of objects.".into()))?;
    for field in given {
        let name = field.get("name").and_then(Value::as_str);
        let name = name.ok_or_else(|| refused("Must be an array of objects.".into()))?;
        if !world.custom_fields.iter().any(|known| known == name) {
            return Err(refused(format!("Custom field '{name}' does not exist in field library")));
        }
        let written = json!({"name": name, "value": field.get("value")});
        match fields.iter_mut().find(|known| known.get("name").and_then(Value::as_str) == Some(name)) {
            Some(known) => *known = written,
            None => fields.push(written),
        }
    }
    Ok(Value::Array(fields))
}
