//! JSON Schemas that every host can read: no `$ref`, type unions, combinators or non-standard formats.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use rmcp::model::JsonObject;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

type Cache = RwLock<HashMap<TypeId, Arc<JsonObject>>>;

/// Returns the schema of a tool's arguments, built once for each type.
pub(super) fn input<T: JsonSchema + 'static>() -> Arc<JsonObject> {
    static CACHE: std::sync::LazyLock<Cache> = std::sync::LazyLock::new(Cache::default);
    if let Some(schema) = CACHE.read().get(&TypeId::of::<T>()) {
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
    schema.insert("additionalProperties".into(), false.into());
    // The tool's own description says what the whole is for.
    schema.shift_remove("description");
    schema.entry("properties").or_insert_with(|| json!({}));
    let schema = Arc::new(schema);
    CACHE.write().insert(TypeId::of::<T>(), Arc::clone(&schema));
    schema
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
    for name in ["items", "additionalProperties"] {
        if let Some(inner) = fields.get_mut(name) {
            make_portable(inner);
        }
    }
}

/// Joins a doc comment's lines.
pub(super) fn one_line(text: &str) -> String {
    text.replace('\n', " ")
}

/// A field of a reply: its name, its type, and its description. A value of another type is converted (see [`Shape`]). A
/// type with `or` in it is a choice.
pub(super) type Field = (&'static str, &'static str, &'static str);

/// The type of a field that holds an id, or the object it refers to when `expand` asked for it.
pub(super) const REFERENCE: &str = "string or object";

/// Returns the schema of an object in a reply. Fields that it does not name may be present too.
pub(super) fn object(fields: &[Field]) -> Value {
    json!({"type": "object", "properties": properties(fields)})
}

fn properties(fields: &[Field]) -> Map<String, Value> {
    let property = |&(name, kind, about): &Field| {
        let mut property = if kind.contains(OR) {
            json!({"anyOf": kind.split(OR).map(|kind| json!({"type": kind})).collect::<Vec<_>>()})
        } else {
            json!({"type": kind})
        };
        if let (Value::Object(property), false) = (&mut property, about.is_empty()) {
            property.insert("description".into(), about.into());
        }
        (name.to_owned(), property)
    };
    fields.iter().map(property).collect()
}

/// Returns the schema of a whole reply. Nothing in it is required: a failure's structure, which has only an `error`,
/// must fit it too, because clients validate every structure against it (the TypeScript SDK does).
pub(super) fn output(fields: &[Field]) -> Arc<JsonObject> {
    let mut properties = properties(fields);
    if fields.iter().any(|(name, ..)| name.ends_with("_local")) {
        properties.extend(self::properties(&[("time_zone", "string", "The zone of times that end in _local")]));
    }
    properties.extend(self::properties(&[(
        "error",
        "object",
        "Instead of all others, when the call failed: type, message, hint",
    )]));
    Arc::new(Map::from_iter([("type".to_owned(), "object".into()), ("properties".to_owned(), properties.into())]))
}

/// Returns the schema of the reply to a change.
pub(super) fn written(fields: &[Field]) -> Arc<JsonObject> {
    let more = [
        ("confirmed", "boolean", "False when the person did not agree"),
        ("dry_run", "boolean", "True when the server only tells what it would do"),
        ("would", "string", "What a dry run would have done"),
        ("note", "string", "What else there is to say"),
    ];
    output(&[fields, &more].concat())
}

/// Returns the schema of the reply to a deletion.
pub(super) fn deletion() -> Arc<JsonObject> {
    written(&[("id", "string", ""), ("deleted", "boolean", ""), ("name", "string", "What it was called")])
}

const OR: &str = " or ";

/// The shape that a reply promises: its schema, taken apart.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    kinds: Vec<String>,
    fields: Vec<(String, Shape)>,
    items: Option<Box<Shape>>,
}

impl Shape {
    pub(super) fn of(schema: &Map<String, Value>) -> Self {
        let kind = |schema: &Value| Some(schema.get("type")?.as_str()?.to_owned());
        let mut kinds: Vec<String> =
            schema.get("type").and_then(Value::as_str).map(str::to_owned).into_iter().collect();
        kinds.extend(schema.get("anyOf").and_then(Value::as_array).into_iter().flatten().filter_map(kind));
        let fields = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        let fields = fields.filter_map(|(name, property)| Some((name.clone(), Self::of(property.as_object()?))));
        let items = schema.get("items").and_then(Value::as_object).map(|items| Box::new(Self::of(items)));
        Self { kinds, fields: fields.collect(), items }
    }

    /// Makes a reply keep its promise, whatever OnceHub sent: nulls are left out, a number sent as a string becomes a
    /// number, and what cannot be converted moves to a field named `odd`, so that nothing is lost.
    pub(super) fn fit_fields(&self, reply: &mut Map<String, Value>) {
        let (mut misfits, mut next) = (Vec::new(), 0);
        for (name, value) in reply.iter_mut() {
            // Fields mostly arrive in the promised order.
            let (before, after) = self.fields.split_at_checked(next).unwrap_or((&self.fields, &[]));
            let Some(at) = after.iter().chain(before).position(|(promised, _)| promised == name) else { continue };
            let at = (next + at) % self.fields.len();
            next = at + 1;
            if let Some(Err(misfit)) = self.fields.get(at).map(|(_, shape)| shape.fit(value)) {
                misfits.push((name.clone(), misfit));
            }
        }
        let mut odd = Map::new();
        for (name, misfit) in misfits {
            reply.shift_remove(&name);
            if !misfit.is_null() {
                odd.insert(name, misfit);
            }
        }
        if !odd.is_empty() {
            reply.insert("odd".into(), odd.into());
        }
    }

    /// Converts the value to fit, or returns it if there is no way to.
    fn fit(&self, value: &mut Value) -> Result<(), Value> {
        if !self.kinds.iter().any(|kind| is_a(kind, value)) {
            *value = self.kinds.iter().find_map(|kind| as_a(kind, value)).ok_or_else(|| value.take())?;
        }
        match value {
            Value::Object(fields) => self.fit_fields(fields),
            Value::Array(values) => {
                if let Some(items) = &self.items {
                    values.retain_mut(|value| items.fit(value).is_ok());
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn is_a(kind: &str, value: &Value) -> bool {
    match kind {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        _ => false,
    }
}

/// Returns the value as another type, if that says the same.
fn as_a(kind: &str, value: &Value) -> Option<Value> {
    let text = value.as_str().map(str::trim);
    match kind {
        "string" => (value.is_number() || value.is_boolean()).then(|| value.to_string().into()),
        "number" => text?.parse().ok().map(Value::Number),
        "integer" => text?.parse::<i64>().ok().map(Value::from),
        "boolean" => text?.parse::<bool>().ok().map(Value::from),
        _ => None,
    }
}

/// Returns the schema of a list's reply.
pub(super) fn list(item: Value, more: &[Field]) -> Arc<JsonObject> {
    let fields = [
        ("items", "array", ""),
        ("has_more", "boolean", "Whether there are more after these"),
        ("next_cursor", "string or null", "Pass it as cursor to go on; null at the end"),
        ("time_zone", "string", "The zone of every time that ends in _local"),
        ("note", "string", "What else there is to say"),
    ];
    let mut schema = output(&[&fields, more].concat());
    if let Some(items) = Arc::make_mut(&mut schema).get_mut("properties").and_then(|all| all.get_mut("items")) {
        items["items"] = item;
    }
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
    fn a_reply_keeps_what_its_schema_promises() {
        let item = object(&[("id", "string", ""), ("minutes", "number", ""), ("owner", REFERENCE, "")]);
        let schema = list(item, &[("seen", "boolean", "")]);
        let mut reply = json!({
            "items": [
                {"id": null, "minutes": "30", "owner": {"id": "USR-1"}, "other": null},
                {"id": 7, "minutes": {"from": 5}, "owner": ["?"]},
                "?",
            ],
            "has_more": "true", "next_cursor": null, "time_zone": "UTC", "seen": 3
        });
        Shape::of(&schema).fit_fields(reply.as_object_mut().unwrap());
        assert_eq!(
            reply,
            json!({
                "items": [
                    {"minutes": 30, "owner": {"id": "USR-1"}, "other": null},
                    {"id": "7", "odd": {"minutes": {"from": 5}, "owner": ["?"]}},
                ],
                "has_more": true, "next_cursor": null, "time_zone": "UTC", "odd": {"seen": 3}
            })
        );
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
