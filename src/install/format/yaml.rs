use std::str::FromStr;

use serde_json::{Map, Value};
use yaml_edit::{Mapping, Sequence, YamlFile};

use super::{Place, Problem};

/// Parses with a different library from the one that edits: the younger one's mistakes are then not written.
pub(super) fn read(text: &str) -> Result<Value, Problem> {
    yaml_serde::from_str(text).map_err(|error| {
        let (line, column) = error.location().map_or((1, 1), |at| (at.line(), at.column()));
        Problem { line, column, why: error.to_string() }
    })
}

pub(super) fn put(text: &str, [servers, name]: Place<'_>, entry: &Map<String, Value>) -> Option<String> {
    let file = YamlFile::from_str(text).ok()?;
    let root = file.ensure_document().as_mapping()?;
    if root.get_mapping(servers).is_none() {
        root.set(servers, Mapping::new());
    }
    let all = root.get_mapping(servers)?;
    match all.get_mapping(name) {
        Some(old) => merge(&old, entry),
        None => all.set(name, mapping(entry)),
    }
    Some(file.to_string())
}

pub(super) fn take(text: &str, [servers, name]: Place<'_>) -> Option<String> {
    let file = YamlFile::from_str(text).ok()?;
    file.ensure_document().as_mapping()?.get_mapping(servers)?.remove(name)?;
    Some(file.to_string())
}

fn merge(old: &Mapping, fields: &Map<String, Value>) {
    let gone: Vec<String> = old.keys().map(|key| key.to_string()).filter(|name| !fields.contains_key(name)).collect();
    for name in gone {
        old.remove(name.as_str());
    }
    for (name, value) in fields {
        let now = old.get(name.as_str()).and_then(|node| yaml_serde::from_str::<Value>(&node.to_string()).ok());
        match (value, old.get_mapping(name.as_str())) {
            (value, _) if now.as_ref() == Some(value) => {}
            (Value::Object(fields), Some(old)) => merge(&old, fields),
            (value, _) => set(old, name, value),
        }
    }
}

fn mapping(fields: &Map<String, Value>) -> Mapping {
    let mapping = Mapping::new();
    for (name, value) in fields {
        set(&mapping, name, value);
    }
    mapping
}

fn set(mapping: &Mapping, name: &str, value: &Value) {
    match value {
        // Our entries have no nulls; what somebody else left empty is not touched.
        Value::Null => {}
        Value::Bool(truth) => mapping.set(name, *truth),
        Value::Number(number) => match number.as_i64() {
            Some(number) => mapping.set(name, number),
            None => mapping.set(name, number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => mapping.set(name, text.as_str()),
        Value::Array(values) => {
            let sequence = Sequence::new();
            // Arguments are the only list in our entries.
            values.iter().filter_map(Value::as_str).for_each(|text| sequence.push(text));
            mapping.set(name, sequence);
        }
        Value::Object(fields) => mapping.set(name, self::mapping(fields)),
    }
}
