//! Schemas for hosts that forward them as they are to Gemini, or to an importer as old as its first interface: an
//! object, a list, a text, a number or a switch, each with a description. What else a schema says goes into that.

use rmcp::model::JsonObject;
use serde_json::{Map, Value};

/// The keywords that are left. Gemini's first interface refused a declaration with any other.
const KEYWORDS: [&str; 6] = ["type", "description", "enum", "items", "properties", "required"];

/// Returns the plain form of a tool's input schema.
///
/// A map with fields of any name becomes a text: Gemini rejects an object without properties, and a model that cannot
/// name a field could fill nothing in. The tools read such a text as the object that it holds.
pub(super) fn input(schema: &JsonObject) -> JsonObject {
    let inner = |property: &Value| match property.as_object() {
        Some(map) if is_open_map(map) => Some(text_of_map(map).into()),
        Some(schema) => Some(input(schema).into()),
        None => None,
    };
    rewritten(schema, &inner)
}

/// Returns the plain form of a tool's output schema. What may be one of two types is left out of it, since a reply has
/// to fit its schema; so are objects and lists of which nothing is known.
pub(super) fn output(schema: &JsonObject) -> JsonObject {
    let inner = |property: &Value| {
        let schema = output(property.as_object()?);
        let is_known = match schema.get("type")?.as_str()? {
            "object" => schema.get("properties").and_then(Value::as_object).is_some_and(|known| !known.is_empty()),
            "array" => schema.contains_key("items"),
            _ => true,
        };
        is_known.then(|| schema.into())
    };
    rewritten(schema, &inner)
}

/// Returns a schema without the keywords that are not plain, its properties and items as `inner` has them.
fn rewritten(schema: &JsonObject, inner: &dyn Fn(&Value) -> Option<Value>) -> JsonObject {
    let mut plain = Map::new();
    for (keyword, value) in schema.iter().filter(|(keyword, _)| KEYWORDS.contains(&keyword.as_str())) {
        let value = match (keyword.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                let each = properties.iter().filter_map(|(name, property)| Some((name.clone(), inner(property)?)));
                Some(Value::Object(each.collect()))
            }
            ("items", items) => inner(items),
            (_, value) => Some(value.clone()),
        };
        plain.extend(value.map(|value| (keyword.clone(), value)));
    }
    if let Some(description) = description(schema) {
        plain.insert("description".into(), description.into());
    }
    // Nothing is required that is not declared.
    let is_known = |properties: &Value, name: &Value| name.as_str().is_some_and(|name| properties.get(name).is_some());
    if let (Some(properties), Some(Value::Array(required))) =
        (plain.get("properties").cloned(), plain.get_mut("required"))
    {
        required.retain(|name| is_known(&properties, name));
    }
    plain
}

/// Returns the description, with the range and the default.
fn description(schema: &JsonObject) -> Option<String> {
    let number = |keyword: &str| schema.get(keyword).map(Value::to_string);
    let range = match (number("minimum"), number("maximum")) {
        (Some(least), Some(most)) => Some(format!("{least} to {most}")),
        (Some(least), None) => Some(format!("at least {least}")),
        (None, Some(most)) => Some(format!("at most {most}")),
        (None, None) => None,
    };
    let default = schema.get("default").map(|value| format!("default {value}"));
    let described = schema.get("description").and_then(Value::as_str).map(str::to_owned);
    let parts: Vec<String> = [described, range, default].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn is_open_map(schema: &JsonObject) -> bool {
    schema.get("additionalProperties") == Some(&Value::Bool(true))
}

fn text_of_map(map: &JsonObject) -> JsonObject {
    let described = description(map).map(|description| format!("{description}; ")).unwrap_or_default();
    let description = format!("{described}as the JSON text of an object");
    Map::from_iter([("type".to_owned(), "string".into()), ("description".to_owned(), description.into())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_left_out_of_a_reply_is_not_required_of_it() {
        let schema = json!({
            "type": "object",
            "properties": {
                "id": {"type": "string"},
                "owner": {"anyOf": [{"type": "string"}, {"type": "object"}]},
                "rows": {"type": "array"},
                "cells": {"type": "array", "items": {"type": "object"}},
                "more": {"type": "object", "properties": {"owner": {"type": ["string", "null"]}}}
            },
            "required": ["id", "owner", "rows"]
        });
        let plain = output(schema.as_object().unwrap());
        let expected = json!({"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]});
        assert_eq!(Value::from(plain), expected);
    }
}
