use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstRootNode};
use serde_json::Value;

use super::{Edit, problem_at};

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

pub(super) fn read(text: &str, comments: bool, trailing_commas: bool) -> Result<Value, String> {
    if text.trim().is_empty() {
        return Ok(Value::Null);
    }
    jsonc_parser::parse_to_serde_value(text, &options(comments, trailing_commas))
        .map_err(|error| problem_at(text, error.range().start, &error.kind().to_string()))
}

pub(super) fn edit(text: &str, edits: &[Edit<'_>]) -> Option<String> {
    let root = CstRootNode::parse(text, &options(true, true)).ok()?;
    for (parents, name, value) in edits {
        let mut object = root.object_value_or_create()?;
        for parent in parents {
            object = object.object_value(parent)?;
        }
        match (object.get(name), value) {
            (Some(field), Some(value)) => field.set_value(input(value)),
            (Some(field), None) => field.remove(),
            (None, Some(value)) => {
                // A new entry gets lines of its own.
                if parents.len() == 1 {
                    object.ensure_multiline();
                }
                object.append(name, input(value));
            }
            (None, None) => return None,
        }
    }
    Some(root.to_string())
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
