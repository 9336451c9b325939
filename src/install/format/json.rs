use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstObject, CstObjectProp, CstRootNode};
use serde_json::{Map, Value};

use super::{Place, Problem};

/// Returns what is accepted as JSON; JSON5's other extensions are not.
fn options(comments: bool, trailing_commas: bool) -> ParseOptions {
    ParseOptions {
        allow_comments: comments,
        allow_trailing_commas: trailing_commas,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

pub(super) fn read(text: &str, comments: bool, trailing_commas: bool) -> Result<Value, Problem> {
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    jsonc_parser::parse_to_serde_value(text, &options(comments, trailing_commas))
        .map_err(|error| Problem::at(text, error.range().start, error.kind().to_string()))
}

fn root(text: &str) -> Option<CstRootNode> {
    CstRootNode::parse(text, &options(true, true)).ok()
}

pub(super) fn put(text: &str, [servers, name]: Place<'_>, entry: &Map<String, Value>) -> Option<String> {
    let root = root(text)?;
    let all = root.object_value_or_create()?.object_value_or_set(servers);
    match all.get(name) {
        Some(old) => set(&old, &Value::Object(entry.clone())),
        None => {
            all.ensure_multiline();
            all.append(name, input(&Value::Object(entry.clone())));
        }
    }
    Some(root.to_string())
}

pub(super) fn take(text: &str, [servers, name]: Place<'_>) -> Option<String> {
    let root = root(text)?;
    root.object_value()?.object_value(servers)?.get(name)?.remove();
    Some(root.to_string())
}

/// Sets a field's value, touching only what differs.
fn set(field: &CstObjectProp, value: &Value) {
    match (field.object_value(), value) {
        (Some(object), Value::Object(fields)) => merge(&object, fields),
        _ if field.to_serde_value().as_ref() == Some(value) => {}
        _ => field.set_value(input(value)),
    }
}

fn merge(object: &CstObject, fields: &Map<String, Value>) {
    for old in object.properties() {
        if old.decoded_name().is_none_or(|name| !fields.contains_key(&name)) {
            old.remove();
        }
    }
    for (name, value) in fields {
        match object.get(name) {
            Some(field) => set(&field, value),
            None => _ = object.append(name, input(value)),
        }
    }
}

fn input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(value) => CstInputValue::Bool(*value),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(values) => CstInputValue::Array(values.iter().map(input).collect()),
        Value::Object(fields) => {
            CstInputValue::Object(fields.iter().map(|(name, value)| (name.clone(), input(value))).collect())
        }
    }
}
