//! `/contacts`.

use serde_json::{Map, Value, json};

use super::noun::{Filter, Noun, find, live, live_mut, look};
use super::request::{Answer, Refusal, Reply, Request, ensure, is_email, wire};
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
    let known: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
    let mut given = request.fields_or(&known, "Unsupported fields")?;
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
    let known: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
    let given = request.changes(&known)?;
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
    let refused = |what: &str| Err(Refusal::invalid(name, what, value));
    let text = value.as_str();
    match kind {
        Kind::Name if value.is_null() || text.is_some_and(|text| text.trim().is_empty()) => {
            Err(Refusal::bad(name, format!("{name} is required")))
        }
        Kind::Email if !text.is_some_and(is_email) => refused("email format"),
        Kind::Phone if !value.is_null() && !text.is_some_and(is_phone) => refused("phone format"),
        Kind::Zone if text.is_none_or(|text| jiff::tz::TimeZone::get(text).is_err()) => refused("timezone"),
        Kind::Owner if text.is_none_or(|id| live(&world.users, id).is_err()) => refused("owner"),
        Kind::Text | Kind::Name if !value.is_null() && text.is_none() => refused("string"),
        Kind::Whole if value.is_null() => Ok(json!(0)),
        Kind::Whole if value.as_u64().is_none() => refused("integer"),
        Kind::Truth if value.is_null() => Ok(json!(false)),
        Kind::Truth if !value.is_boolean() => refused("boolean"),
        // Any other status silently becomes none.
        Kind::Status if STATUSES.iter().all(|status| value != status) => Ok(Value::Null),
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
