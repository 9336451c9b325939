use serde_json::Value;
use toml_edit::{Array, DocumentMut, Item, Table, TableLike, value};

use super::{Edit, problem_at};

pub(super) fn read(text: &str) -> Result<Value, String> {
    let document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        problem_at(text, error.span().map_or(0, |span| span.start), error.message().lines().next().unwrap_or_default())
    })?;
    Ok(said_by(document.as_item()))
}

fn said_by(item: &Item) -> Value {
    if let Some(table) = item.as_table_like() {
        return table.iter().map(|(name, item)| (name.to_owned(), said_by(item))).collect();
    }
    if let Some(tables) = item.as_array_of_tables() {
        return tables.iter().map(|table| said_by(&Item::Table(table.clone()))).collect();
    }
    match item.as_value() {
        Some(toml_edit::Value::String(text)) => Value::from(text.value().as_str()),
        Some(toml_edit::Value::Integer(number)) => Value::from(*number.value()),
        Some(toml_edit::Value::Float(number)) => Value::from(*number.value()),
        Some(toml_edit::Value::Boolean(truth)) => Value::from(*truth.value()),
        Some(toml_edit::Value::Datetime(time)) => Value::from(time.value().to_string()),
        Some(toml_edit::Value::Array(values)) => {
            values.iter().map(|value| said_by(&Item::Value(value.clone()))).collect()
        }
        _ => Value::Null,
    }
}

pub(super) fn edit(text: &str, edits: &[Edit<'_>]) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    for (parents, name, value) in edits {
        let mut table: &mut dyn TableLike = document.as_table_mut();
        for parent in parents {
            table = table.get_mut(parent)?.as_table_like_mut()?;
        }
        match value {
            Some(value) => table.insert(name, written(value)?),
            None => table.remove(name),
        };
    }
    Some(document.to_string())
}

/// Returns a value as a new item; `None` for null.
fn written(json: &Value) -> Option<Item> {
    Some(match json {
        Value::Null => return None,
        Value::Bool(truth) => value(*truth),
        Value::Number(number) => {
            number.as_i64().map_or_else(|| number.as_f64().map(value), |number| Some(value(number)))?
        }
        Value::String(text) => value(text.as_str()),
        Value::Array(values) => {
            let values = values.iter().filter_map(|value| written(value)?.into_value().ok());
            value(values.collect::<Array>())
        }
        Value::Object(fields) => {
            let fields = fields.iter().filter_map(|(name, value)| Some((toml_edit::Key::new(name), written(value)?)));
            let mut table: Table = fields.collect();
            // `[mcp_servers.name]` needs no `[mcp_servers]` above it.
            table.set_implicit(true);
            Item::Table(table)
        }
    })
}
