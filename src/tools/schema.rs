//! JSON Schemas that every host can read: no `$ref`, type unions, combinators or non-standard formats.

use std::any::TypeId;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use parking_lot::RwLock;
use rmcp::model::JsonObject;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, json_schema};
use serde_json::{Map, Value, json};

use super::listing::List;
use super::reply::{DryRun, NotAgreed};
use crate::records::{Failure, Told};

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
    if fields
        .get("format")
        .and_then(Value::as_str)
        .is_some_and(|format| !matches!(format, "uri" | "email" | "date-time"))
    {
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

/// What a reply has, or may have.
struct Shape {
    /// What those call it who generate types from the schema.
    title: &'static str,
    /// Beside each time is its local form.
    properties: Map<String, Value>,
    /// What is always there: what we vouch for, and no field that OnceHub may leave out or bend.
    required: Vec<String>,
}

impl Shape {
    fn of<T: JsonSchema>() -> Self {
        let mut schema = generate::<T>();
        let properties = match schema.shift_remove("properties") {
            Some(Value::Object(properties)) => properties,
            _ => Map::new(),
        };
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        let mut required: Vec<String> = required.filter_map(Value::as_str).map(str::to_owned).collect();
        // A cursor that ends says so.
        if properties.contains_key(CURSOR) && !required.iter().any(|name| name == CURSOR) {
            required.push(CURSOR.to_owned());
        }
        Self { title: "Done", properties, required }
    }

    /// Returns the same under another title.
    fn titled(self, title: &'static str) -> Self {
        Self { title, ..self }
    }

    /// Returns the same with a field that is always there.
    fn with(mut self, name: &str) -> Self {
        self.required.push(name.to_owned());
        self
    }
}

const CURSOR: &str = "next_cursor";

/// Adds the local form of each time to an object's properties, at any depth, and says which is which.
fn add_local_times(schema: &mut Value) {
    let Value::Object(fields) = schema else { return };
    let mut local = Vec::new();
    if let Some(Value::Object(properties)) = fields.get_mut("properties") {
        let mut all = Map::new();
        for (name, mut property) in std::mem::take(properties) {
            add_local_times(&mut property);
            let is_time = property.get("format").and_then(Value::as_str) == Some("date-time");
            if let (true, Value::Object(time)) = (is_time, &mut property) {
                time.entry("description").or_insert("UTC".into());
            }
            all.insert(name.clone(), property);
            if is_time {
                all.insert(format!("{name}_local"), json!({"type": "string", "description": "In time_zone"}));
                local.push(name);
            }
        }
        *properties = all;
    }
    if let Some(Value::Array(required)) = fields.get_mut("required") {
        let local = local.into_iter().filter(|name| required.contains(&Value::from(name.as_str())));
        let local: Vec<Value> = local.map(|name| format!("{name}_local").into()).collect();
        required.extend(local);
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

/// Returns the schema of a reply that has one of these shapes, or is a failure's: clients validate every structure against
/// it (the TypeScript SDK does). All fields are told in one place, where every host looks for them, and after that which
/// of them go together.
fn output(shapes: Vec<Shape>) -> Arc<JsonObject> {
    let mut error = generate::<Failure>();
    error.insert("description".into(), "Instead of all others, when the call failed".into());
    let properties = Map::from_iter([("error".to_owned(), error.into())]);
    let failure = Shape { title: "Failed", properties, required: vec!["error".into()] };
    let (mut properties, mut choices) = (Map::new(), Vec::new());
    for shape in shapes.into_iter().chain([failure]) {
        for (name, property) in shape.properties {
            properties.entry(name).or_insert(property);
        }
        choices.push(json!({"title": shape.title, "required": shape.required}));
    }
    if properties.keys().any(|name| name.ends_with("_local")) {
        let zone = json!({"type": "string", "description": "The zone of times that end in _local"});
        properties.entry("time_zone").or_insert(zone);
    }
    // The only field that may be null.
    if let Some(Value::Object(cursor)) = properties.get_mut(CURSOR) {
        cursor.shift_remove("type");
        cursor.insert("anyOf".into(), json!([{"type": "string"}, {"type": "null"}]));
    }
    let schema = json!({"type": "object", "properties": properties, "anyOf": choices});
    Arc::new(schema.as_object().cloned().unwrap_or_default())
}

/// Returns the schema of one reply.
pub(super) fn one<T: JsonSchema>() -> Arc<JsonObject> {
    output(vec![Shape::of::<T>()])
}

/// Returns the schema of what a view is shown, or of a failure. It says what there may be, and not what goes together:
/// some hosts with views stumble over the combinators of the others.
pub(super) fn shown<T: JsonSchema>() -> Arc<JsonObject> {
    let mut schema = one::<T>();
    Arc::make_mut(&mut schema).shift_remove("anyOf");
    let fields = Arc::make_mut(&mut schema).get_mut("properties").and_then(Value::as_object_mut);
    if let Some(cursor) = fields.and_then(|fields| fields.get_mut(CURSOR)) {
        *cursor = json!({"type": "string"});
    }
    schema
}

/// Returns the schema of an object that was read by its id.
pub(super) fn read<T: JsonSchema>() -> Arc<JsonObject> {
    output(vec![Shape::of::<T>().with("id")])
}

/// Returns the schema of the reply to a change: what is told after it, or that it was not made.
pub(super) fn written<T: JsonSchema>() -> Arc<JsonObject> {
    changing(Shape::of::<T>())
}

/// Returns the schema of the reply to a change of an object that was there before.
pub(super) fn changed<T: JsonSchema>() -> Arc<JsonObject> {
    changing(Shape::of::<T>().with("id"))
}

/// Returns the schema of the reply to a change, which tells more than the object.
pub(super) fn written_with<T: JsonSchema, More: JsonSchema>() -> Arc<JsonObject> {
    let (mut shape, object) = (Shape::of::<More>(), Shape::of::<T>());
    shape.properties.extend(object.properties);
    shape.required.extend(object.required);
    changing(shape)
}

fn changing(shape: Shape) -> Arc<JsonObject> {
    output(vec![shape, Shape::of::<NotAgreed>().titled("Declined"), Shape::of::<DryRun>().titled("DryRun")])
}

/// Returns the schema of a list of objects, in this order.
pub(super) fn list<T: JsonSchema>(order: &str) -> Arc<JsonObject> {
    let mut shape = Shape::of::<List<Told<T>>>();
    if let Some(Value::Object(items)) = shape.properties.get_mut("items") {
        items.shift_insert(0, "description".into(), order.into());
    }
    output(vec![shape])
}

/// Returns the schema of a list that has no end: what is new appears after its last item.
pub(super) fn news<T: JsonSchema>() -> Arc<JsonObject> {
    let mut schema = list::<T>(NEWEST);
    let next = json!({"type": "string", "description": "Never null. If has_more, pass it as cursor now; else keep it for later"});
    let fields = Arc::make_mut(&mut schema).get_mut("properties").and_then(Value::as_object_mut);
    fields.into_iter().for_each(|fields| _ = fields.insert(CURSOR.into(), next.clone()));
    schema
}

/// The order of OnceHub's lists.
pub(super) const NEWEST: &str = "Newest created first";

/// Returns the names of all fields that some object in these schemas has to have.
pub(super) fn required_in<'a>(schemas: impl IntoIterator<Item = &'a JsonObject>) -> BTreeSet<String> {
    fn collect(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                let required = fields.get("required").and_then(Value::as_array).into_iter().flatten();
                found.extend(required.filter_map(Value::as_str).map(str::to_owned));
                fields.values().for_each(|value| collect(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    schemas.into_iter().flat_map(JsonObject::values).for_each(|value| collect(value, &mut found));
    found
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
