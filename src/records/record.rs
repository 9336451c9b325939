//! What all records have in common.

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::line::Line;
use super::time::{self, Zone};
use crate::oncehub::{Collection, Item, Object, Sent, is_deleted, tolerant};

/// The nouns that have names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Noun {
    Users,
    Teams,
    Calendars,
    BookingPages,
    MasterPages,
    EventTypes,
    Webhooks,
}

impl Noun {
    /// Returns the collection that its objects are in.
    pub fn collection(self) -> Collection {
        match self {
            Self::Users => Collection::Users,
            Self::Teams => Collection::Teams,
            Self::Calendars => Collection::BookingCalendars,
            Self::BookingPages => Collection::BookingPages,
            Self::MasterPages => Collection::MasterPages,
            Self::EventTypes => Collection::EventTypes,
            Self::Webhooks => Collection::Webhooks,
        }
    }
}

/// What is known of an object that another one refers to.
#[derive(Clone, Debug)]
pub struct Named {
    pub noun: Noun,
    pub name: String,
    /// What guests read, for a calendar.
    pub subject: Option<String>,
    /// Whether others of its noun have the same name.
    pub is_shared: bool,
}

/// Finds the object of one of these nouns that has an id.
pub type Lookup<'a> = dyn FnMut(&[Noun], &str) -> Option<Named> + 'a;

/// What is told of a noun: the fields that a reply promises, and a line of text.
pub trait Record: Clone + Default + DeserializeOwned + Serialize + JsonSchema + Send + Sync + 'static {
    /// Returns the id.
    fn id(&self) -> Option<&str>;

    /// Returns the object on one line.
    fn line(&self, zone: &Zone) -> Line;

    /// Completes the object: the names of what it refers to, and apart from its id what was expanded.
    fn complete(&mut self, _find: &mut Lookup<'_>) {}
}

/// An object of OnceHub's as it is told: its record, and everything else that OnceHub sent.
#[derive(Clone, Debug, Default)]
pub struct Told<R> {
    /// Boxed, since lists move their objects about, and some records have many fields.
    record: Box<R>,
    /// The fields that the record does not have, as they were sent.
    pub more: Map<String, Value>,
}

impl<R> Deref for Told<R> {
    type Target = R;

    fn deref(&self) -> &R {
        &self.record
    }
}

impl<R> DerefMut for Told<R> {
    fn deref_mut(&mut self) -> &mut R {
        &mut self.record
    }
}

impl<R: DeserializeOwned + Default> From<Object> for Told<R> {
    fn from(object: Object) -> Self {
        Self::read(tolerant::borrowed_fields(&object))
    }
}

impl<R: DeserializeOwned + Default> Told<R> {
    fn read(sent: Sent<'_>) -> Self {
        let (record, more) = tolerant::read(sent);
        Self { record: Box::new(record), more }
    }
}

impl<R: Record> Item for Told<R> {
    fn read(sent: Sent<'_>) -> Self {
        Self::read(sent)
    }

    fn id(&self) -> Option<&str> {
        R::id(self)
    }
}

impl<R> From<R> for Told<R> {
    fn from(record: R) -> Self {
        Self { record: Box::new(record), more: Map::new() }
    }
}

impl<R> Told<R> {
    /// Whether OnceHub sent what is left of a deleted object.
    pub fn is_deleted(&self) -> bool {
        is_deleted(&self.more)
    }
}

impl<R: Serialize> Told<R> {
    /// Returns all fields, with each time's local form beside it.
    pub fn fields(&self, zone: &Zone) -> Map<String, Value> {
        localised(self.sent(), zone)
    }

    /// Returns all fields without local times. What is not known is left out.
    pub fn sent(&self) -> Map<String, Value> {
        let mut fields = match serde_json::to_value(&self.record) {
            Ok(Value::Object(fields)) => fields,
            _ => Map::new(),
        };
        fields.retain(|_, value| !value.is_null());
        fields.extend(self.more.clone());
        fields
    }
}

impl<R: Record> Told<R> {
    /// Returns the object on one line. Of a deleted one only the id is left.
    pub fn text(&self, zone: &Zone) -> String {
        if self.is_deleted() {
            Line::of(self.id()).said(Some("deleted".to_owned())).end()
        } else {
            self.line(zone).end()
        }
    }
}

impl<'de, R: DeserializeOwned + Default> Deserialize<'de> for Told<R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::read(tolerant::borrowed_fields(&Map::deserialize(deserializer)?)))
    }
}

impl<R: Serialize> Serialize for Told<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.sent().serialize(serializer)
    }
}

impl<R: JsonSchema> JsonSchema for Told<R> {
    fn schema_name() -> Cow<'static, str> {
        R::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = R::json_schema(generator);
        // The field that holds it says what it is.
        schema.remove("description");
        schema
    }

    fn inline_schema() -> bool {
        true
    }
}

/// A field that holds an id, or the whole object if it was requested with `expand`. It is told as the id alone, so that a
/// field has one type; whole objects are told in a field of their own.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Value")]
pub enum Reference {
    Id(String),
    Whole(Map<String, Value>),
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // What is not known is null, and left out.
        Some(self.id()).filter(|id| !id.is_empty() || self.whole().is_none()).serialize(serializer)
    }
}

impl JsonSchema for Reference {
    fn schema_name() -> Cow<'static, str> {
        "Reference".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string"})
    }

    fn inline_schema() -> bool {
        true
    }
}

impl TryFrom<Value> for Reference {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        match value {
            Value::String(id) => Ok(Self::Id(id)),
            Value::Object(whole) => Ok(Self::Whole(whole)),
            _ => Err("neither an id nor an object"),
        }
    }
}

impl Reference {
    /// Returns the id, which may be empty for a whole object.
    pub fn id(&self) -> &str {
        match self {
            Self::Id(id) => id,
            Self::Whole(_) => self.text("id").unwrap_or_default(),
        }
    }

    /// Returns the object, if it was expanded.
    pub fn whole(&self) -> Option<&Map<String, Value>> {
        match self {
            Self::Id(_) => None,
            Self::Whole(object) => Some(object),
        }
    }

    /// Returns the objects among these fields that were expanded, each by its field.
    pub fn expanded<'a>(
        fields: impl IntoIterator<Item = (&'static str, Option<&'a Self>)>,
    ) -> Option<Map<String, Value>> {
        let whole = |(field, to): (&str, Option<&Self>)| {
            let object = to?.whole()?;
            Some((field.to_owned(), object.clone().into()))
        };
        Some(fields.into_iter().filter_map(whole).collect()).filter(|expanded: &Map<_, _>| !expanded.is_empty())
    }

    /// Returns a text of the expanded object.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.whole()?.get(field)?.as_str().filter(|text| !text.trim().is_empty())
    }
}

/// An instant in a field of OnceHub's: UTC, to the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub Timestamp);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        time::read(&text).map(Self).ok_or_else(|| serde::de::Error::custom("not a time"))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&time::instant(self.0))
    }
}

impl JsonSchema for Time {
    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "format": "date-time"})
    }

    fn inline_schema() -> bool {
        true
    }
}

/// Adds its local form to each time in an object, at any depth.
pub fn localised(mut fields: Map<String, Value>, zone: &Zone) -> Map<String, Value> {
    let mut local = Vec::new();
    for (index, (name, value)) in fields.iter_mut().enumerate() {
        match value.as_str().filter(|_| name.ends_with("_time")).and_then(time::read) {
            Some(at) => {
                *value = time::instant(at).into();
                local.push((index, format!("{name}_local"), time::local(at, zone)));
            }
            None => localise(value, zone),
        }
    }
    for (index, name, text) in local.into_iter().rev() {
        fields.shift_insert(index + 1, name, text.into());
    }
    fields
}

fn localise(value: &mut Value, zone: &Zone) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| localise(value, zone)),
        Value::Object(fields) => *fields = localised(std::mem::take(fields), zone),
        _ => {}
    }
}

/// Adds a time under its name as the instant, and under its name with `_local` as people in `zone` read it.
pub fn put_time(fields: &mut Map<String, Value>, name: &str, at: Timestamp, zone: &Zone) {
    fields.insert(name.to_owned(), time::instant(at).into());
    fields.insert(format!("{name}_local"), time::local(at, zone).into());
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::records::outline::outline;
    use crate::records::user::User;

    fn told(object: Value) -> Told<User> {
        Object::new(object).into()
    }

    #[test]
    fn a_record_keeps_everything_that_oncehub_sent_and_promises_only_what_fits() {
        let user = told(json!({
            "object": "user", "id": "USR-1", "first_name": "Ada", "email": null, "status": ["?"], "teams": ["TM-1"], "new": {"x": null}
        }));
        assert_eq!((user.full_name().as_deref(), user.status.as_deref()), (Some("Ada"), None));
        let expected = json!({
            "id": "USR-1", "first_name": "Ada", "teams": ["TM-1"], "object": "user", "new": {"x": null}, "odd": {"status": ["?"]}
        });
        assert_eq!(Value::from(user.sent()), expected);
        assert_eq!(serde_json::to_value(&user).unwrap(), expected, "inside another as by itself");
    }

    #[test]
    fn of_a_deleted_object_only_the_id_is_told() {
        for deleted in [json!(true), json!("true")] {
            let user = told(json!({"object": "user", "id": "USR-1", "first_name": "Ada", "deleted": deleted}));
            assert_eq!(user.text(&Zone::utc()), "USR-1 | deleted");
        }
    }

    #[test]
    fn each_time_has_its_local_form_and_what_is_empty_is_in_no_text() {
        let object = json!({
            "id": "BKNG-1", "starting_time": "2026-12-01T20:00:00.000Z", "creation_time": "soon", "gone": null,
            "form": {"note": "a\nb\u{202e}", "custom_fields": [{"name": "Size", "value": ["S", "M"]}], "empty": {}},
            "last_interacted_time ": null
        });
        let shown = localised(object.as_object().unwrap().clone(), &Zone::parse("America/New_York").unwrap());
        assert_eq!(shown["starting_time"], "2026-12-01T20:00:00Z");
        assert_eq!(shown["starting_time_local"], "Tue 2026-12-01 15:00 -05:00");
        insta::assert_snapshot!(outline(&shown, &["id"]), @r#"
        starting_time: Tue 2026-12-01 15:00 -05:00
        creation_time: soon
        form:
          note: "a\nb"
          custom_fields: "Size": ["S", "M"]
        "#);
    }
}
