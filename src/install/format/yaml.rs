use std::str::FromStr;

use serde_json::{Map, Value};
use yaml_edit::{Mapping, Sequence, YamlFile};

use super::{Edit, problem};

/// Parses with a different library from the one that edits, to catch the mistakes of the latter, which is young.
pub(super) fn read(text: &str) -> Result<Value, String> {
    yaml_serde::from_str(text).map_err(|error| {
        let (line, column) = error.location().map_or((1, 1), |at| (at.line(), at.column()));
        problem(line, column, &error.to_string())
    })
}

pub(super) fn edit(text: &str, edits: &[Edit<'_>]) -> Option<String> {
    let file = YamlFile::from_str(text).ok()?;
    for (parents, name, value) in edits {
        let mut mapping = file.ensure_document().as_mapping()?;
        for parent in parents {
            mapping = mapping.get_mapping(*parent)?;
        }
        match value {
            Some(Value::Object(servers)) if parents.is_empty() => {
                // Insert it empty, then fill it: otherwise a text without a final newline gets no line break.
                mapping.set(*name, Mapping::new());
                let all = mapping.get_mapping(*name)?;
                servers.iter().for_each(|(name, entry)| set(&all, name, entry));
            }
            Some(value) => set(&mapping, name, value),
            None => _ = mapping.remove(*name)?,
        }
    }
    Some(file.to_string())
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
