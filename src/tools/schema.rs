//! JSON Schemas that every host can read: no `$ref`, no type unions, no combinators, no formats that are not standard.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use rmcp::model::JsonObject;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

type Cache = RwLock<HashMap<TypeId, Arc<JsonObject>>>;

/// The schema of a tool's arguments. Made once for each type.
pub(super) fn input<T: JsonSchema + 'static>() -> Arc<JsonObject> {
    static CACHE: std::sync::LazyLock<Cache> = std::sync::LazyLock::new(Cache::default);
    if let Some(schema) = CACHE.read().unwrap_or_else(PoisonError::into_inner).get(&TypeId::of::<T>()) {
        return Arc::clone(schema);
    }
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    make_portable(&mut schema);
    let mut schema = match schema {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    // What the whole is for says the tool's own description.
    schema.shift_remove("description");
    schema.entry("properties").or_insert_with(|| json!({}));
    let schema = Arc::new(schema);
    CACHE.write().unwrap_or_else(PoisonError::into_inner).insert(TypeId::of::<T>(), Arc::clone(&schema));
    schema
}

/// Rewrites what schemars makes of Rust's types into the part of JSON Schema that all hosts understand. "Optional" is said by
/// not being required; null and "" are accepted for it without the schema saying so.
fn make_portable(schema: &mut Value) {
    let Value::Object(fields) = schema else { return };
    fields.shift_remove("title");
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
            // The field's own description says more than its type's.
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
    if let Some(Value::String(description)) = fields.get_mut("description") {
        *description = one_line(description);
    }
    for name in ["properties", "$defs"] {
        if let Some(Value::Object(inner)) = fields.get_mut(name) {
            inner.values_mut().for_each(make_portable);
        }
    }
    for name in ["items", "additionalProperties"] {
        if let Some(inner) = fields.get_mut(name) {
            make_portable(inner);
        }
    }
}

/// A doc comment's lines as one.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A field of a reply: its name, its type, and what it is. A field that OnceHub may leave null or fill with anything has the
/// type `""`: no claim is better than one that a reply could break.
pub(super) type Field = (&'static str, &'static str, &'static str);

/// The schema of a reply's object. Fields that it does not name may be there too.
pub(super) fn object(fields: &[Field], required: &[&str]) -> Value {
    let property = |&(name, kind, about): &Field| {
        let mut property = Map::new();
        if !kind.is_empty() {
            property.insert("type".into(), kind.into());
        }
        if !about.is_empty() {
            property.insert("description".into(), about.into());
        }
        (name.to_owned(), Value::Object(property))
    };
    let properties: Map<String, Value> = fields.iter().map(property).collect();
    let mut schema = json!({"type": "object", "properties": properties});
    if let (Value::Object(schema), false) = (&mut schema, required.is_empty()) {
        schema.insert("required".into(), json!(required));
    }
    schema
}

/// The schema of a list's reply.
pub(super) fn list(item: &Value, more: &[Field]) -> Arc<JsonObject> {
    let mut schema = object(
        &[
            ("has_more", "boolean", "Whether there are more after these"),
            ("next_cursor", "", "Pass it as cursor to go on; null at the end"),
            ("time_zone", "string", "The zone of every time that ends in _local"),
            ("note", "string", "What else there is to say"),
        ],
        &["items", "has_more", "next_cursor", "time_zone"],
    );
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.shift_insert(0, "items".into(), json!({"type": "array", "items": item}));
        if let Some(Value::Object(more)) = object(more, &[]).get_mut("properties") {
            properties.append(more);
        }
    }
    output(schema)
}

/// A schema as a tool carries it.
pub(super) fn output(schema: Value) -> Arc<JsonObject> {
    match schema {
        Value::Object(fields) => Arc::new(fields),
        _ => Arc::default(),
    }
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
                    "number": {"type": "integer", "minimum": 0},
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
