//! JSON Schemas that every host can read: no `$ref`, type unions, combinators or non-standard formats.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use rmcp::model::JsonObject;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, json_schema};
use serde_json::{Map, Value, json};

use super::listing::List;
use super::reply::NotMade;
use crate::records::Told;

/// How much of JSON Schema the tools' definitions use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum Schemas {
    /// What it takes to say all of it.
    #[default]
    Full,
    /// What Gemini and older importers take.
    Plain,
}

type Cache = RwLock<HashMap<TypeId, Arc<JsonObject>>>;

/// Returns the schema of a tool's arguments, built once for each type.
pub(super) fn input<T: JsonSchema + 'static>() -> Arc<JsonObject> {
    static CACHE: std::sync::LazyLock<Cache> = std::sync::LazyLock::new(Cache::default);
    if let Some(schema) = CACHE.read().get(&TypeId::of::<T>()) {
        return Arc::clone(schema);
    }
    let mut schema = generate::<T>();
    schema.insert("additionalProperties".into(), false.into());
    // The tool's own description says what the whole is for.
    schema.shift_remove("description");
    schema.entry("properties").or_insert_with(|| json!({}));
    schema.get_mut("properties").into_iter().for_each(open_maps);
    let schema = Arc::new(schema);
    CACHE.write().insert(TypeId::of::<T>(), Arc::clone(&schema));
    schema
}

/// The keyword that holds a whole input schema on its way through rmcp, which would sort a plain one and add to it.
const WHOLE: &str = "x-whole";

/// Returns the schema of a tool's arguments as rmcp leaves it alone.
pub(super) fn wrapped<T: JsonSchema + 'static>() -> Schema {
    json_schema!({"type": "object", WHOLE: input::<T>().as_ref()})
}

/// Takes the schema of a tool's arguments out of what [`wrapped`] returned.
pub(super) fn unwrap(schema: &mut Arc<JsonObject>) {
    if let Some(Value::Object(whole)) = schema.get(WHOLE) {
        *schema = Arc::new(whole.clone());
    }
}

fn generate<T: JsonSchema>() -> Map<String, Value> {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    add_local_times(&mut schema);
    make_portable(&mut schema);
    match schema {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// Rewrites schemars' output into the part of JSON Schema that all hosts understand. A field is optional by not being
/// required; null and "" are accepted for it although the schema does not say so.
fn make_portable(schema: &mut Value) {
    let Value::Object(fields) = schema else { return };
    fields.shift_remove("title");
    fields.shift_remove("writeOnly");
    if fields.get("format").and_then(Value::as_str).is_some_and(|format| !matches!(format, "uri" | "email")) {
        fields.shift_remove("format");
    }
    if let Some(Value::Array(types)) = fields.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            fields.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(choices)) = fields.get_mut("anyOf") {
        choices.retain(|choice| choice.get("type") != Some(&json!("null")));
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            fields.shift_remove("anyOf");
            // The field's own description says more than its type's does.
            for (name, value) in only {
                fields.entry(name).or_insert(value);
            }
        }
    }
    if let Some(Value::Array(values)) = fields.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if fields.get("default").is_some_and(|default| default.is_null() || *default == json!([]) || *default == json!({}))
    {
        fields.shift_remove("default");
    }
    if fields.get("items").is_some_and(Value::is_boolean) {
        fields.shift_remove("items");
    }
    // Allowing others is the default; `additionalProperties: false` is set once, on the root.
    if fields.get("additionalProperties").is_some_and(Value::is_boolean) {
        fields.shift_remove("additionalProperties");
    }
    // A count is never negative, and one with a maximum starts at one: neither needs saying.
    let (least, has_most) = (fields.get("minimum").and_then(Value::as_i64), fields.contains_key("maximum"));
    if fields.get("type") == Some(&json!("integer")) && least == Some(i64::from(has_most)) {
        fields.shift_remove("minimum");
    }
    if let Some(Value::String(description)) = fields.get_mut("description") {
        *description = one_line(description);
    }
    for name in ["properties", "$defs"] {
        if let Some(Value::Object(inner)) = fields.get_mut(name) {
            inner.values_mut().for_each(make_portable);
        }
    }
    for choice in fields.get_mut("anyOf").and_then(Value::as_array_mut).into_iter().flatten() {
        make_portable(choice);
    }
    for name in ["items", "additionalProperties"] {
        if let Some(inner) = fields.get_mut(name) {
            make_portable(inner);
        }
    }
}

/// Spells out, among these properties, which objects take fields of any name: OpenAI's importers reject an object
/// without `properties`.
fn open_maps(properties: &mut Value) {
    for property in properties.as_object_mut().into_iter().flat_map(|properties| properties.values_mut()) {
        let schema = if property["items"].is_object() { &mut property["items"] } else { property };
        let Value::Object(fields) = schema else { continue };
        if fields.get("type") != Some(&json!("object")) {
            continue;
        }
        match fields.get_mut("properties") {
            Some(inner) => open_maps(inner),
            None => {
                fields.extend([("properties".to_owned(), json!({})), ("additionalProperties".to_owned(), true.into())]);
            }
        }
    }
}

/// Joins a doc comment's lines.
pub(super) fn one_line(text: &str) -> String {
    text.replace('\n', " ")
}

/// Returns the fields of a type in a reply. Beside each time is its local form.
fn properties<T: JsonSchema>() -> Map<String, Value> {
    let schema = generate::<T>();
    let properties = schema.get("properties").and_then(Value::as_object).cloned();
    properties.unwrap_or_default()
}

/// Adds the local form of each time to an object's properties, at any depth, and says which is which.
fn add_local_times(schema: &mut Value) {
    let Value::Object(fields) = schema else { return };
    if let Some(Value::Object(properties)) = fields.get_mut("properties") {
        let mut all = Map::new();
        for (name, mut property) in std::mem::take(properties) {
            add_local_times(&mut property);
            let is_time = property.get("format").and_then(Value::as_str) == Some("date-time");
            if let (true, Value::Object(time)) = (is_time, &mut property) {
                time.shift_remove("format");
                time.entry("description").or_insert("UTC".into());
            }
            all.insert(name.clone(), property);
            if is_time {
                all.insert(format!("{name}_local"), json!({"type": "string", "description": "In time_zone"}));
            }
        }
        *properties = all;
    }
    if let Some(items) = fields.get_mut("items") {
        add_local_times(items);
    }
}

/// Whether a reply of this schema has the local form of a time, at any depth.
pub(super) fn has_local_times(schema: &JsonObject) -> bool {
    let among = |value: &Value| value.as_object().is_some_and(has_local_times);
    schema.iter().any(|(name, value)| name.ends_with("_local") || among(value))
}

/// Returns the schema of a whole reply with these fields. Nothing in it is required: a failure's structure, which has
/// only an `error`, must fit it too, because clients validate every structure against it (the TypeScript SDK does).
fn output(mut properties: Map<String, Value>) -> Arc<JsonObject> {
    if properties.keys().any(|name| name.ends_with("_local")) {
        let zone = json!({"type": "string", "description": "The zone of times that end in _local"});
        properties.entry("time_zone").or_insert(zone);
    }
    // The only field that may be null: a cursor that ends says so.
    if let Some(Value::Object(cursor)) = properties.get_mut("next_cursor") {
        cursor.shift_remove("type");
        cursor.insert("anyOf".into(), json!([{"type": "string"}, {"type": "null"}]));
    }
    let error = json!({
        "type": "object", "description": "Instead of all others, when the call failed: type, message, hint"
    });
    properties.insert("error".into(), error);
    Arc::new(Map::from_iter([("type".to_owned(), "object".into()), ("properties".to_owned(), properties.into())]))
}

/// Returns the schema of one object.
pub(super) fn one<T: JsonSchema>() -> Arc<JsonObject> {
    output(properties::<T>())
}

/// Returns the schema of the reply to a change, after which the object is told.
pub(super) fn written<T: JsonSchema>() -> Arc<JsonObject> {
    let mut fields = properties::<T>();
    fields.extend(properties::<NotMade>());
    output(fields)
}

/// Returns the schema of the reply to a change, which tells more than the object.
pub(super) fn written_with<T: JsonSchema, More: JsonSchema>() -> Arc<JsonObject> {
    let mut fields = properties::<More>();
    fields.extend(properties::<T>());
    fields.extend(properties::<NotMade>());
    output(fields)
}

/// Returns the schema of a list of objects.
pub(super) fn list<T: JsonSchema>() -> Arc<JsonObject> {
    one::<List<Told<T>>>()
}

/// Returns the schema of a list that has no end: what is new appears after its last item.
pub(super) fn news<T: JsonSchema>() -> Arc<JsonObject> {
    let mut schema = list::<T>();
    let next = json!({"type": "string", "description": "Never null. If has_more, pass it as cursor now; else keep it for later"});
    let fields = Arc::make_mut(&mut schema).get_mut("properties").and_then(Value::as_object_mut);
    fields.into_iter().for_each(|fields| _ = fields.insert("next_cursor".into(), next.clone()));
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(JsonSchema)]
    #[schemars(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its schema is of interest")]
    struct Odd {
        /// Over two
        /// lines
        text: Option<String>,
        number: Option<u32>,
        choice: Option<Choice>,
        #[serde(default)]
        several: Vec<Choice>,
        required: bool,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is of interest")]
    enum Choice {
        A,
        B,
    }

    #[test]
    fn optional_fields_and_enums_become_plain_types() {
        let schema = Value::Object(input::<Odd>().as_ref().clone());
        assert_eq!(
            schema,
            json!({
                "type": "object",
                "properties": {
                    "text": {"description": "Over two lines", "type": "string"},
                    "number": {"type": "integer"},
                    "choice": {"type": "string", "enum": ["A", "B"]},
                    "several": {"type": "array", "items": {"type": "string", "enum": ["A", "B"]}},
                    "required": {"type": "boolean"}
                },
                "additionalProperties": false,
                "required": ["required"]
            })
        );
    }
}
