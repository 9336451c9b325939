use serde_json::{Map, Value};
use toml_edit::{Array, DocumentMut, Item, Table, TableLike, value};

use super::{Place, Problem};

pub(super) fn read(text: &str) -> Result<Value, Problem> {
    let document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        Problem::at(text, error.span().map_or(0, |span| span.start), error.message().lines().next().unwrap_or_default())
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

pub(super) fn put(text: &str, [servers, name]: Place<'_>, entry: &Map<String, Value>) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    let all = document.entry(servers).or_insert_with(|| {
        // `[mcp_servers.name]` needs no `[mcp_servers]` above it.
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let all = all.as_table_like_mut()?;
    match all.get_mut(name).and_then(Item::as_table_like_mut) {
        Some(old) => merge(old, entry),
        None => {
            all.insert(name, written(&Value::Object(entry.clone()))?);
        }
    }
    Some(document.to_string())
}

pub(super) fn take(text: &str, [servers, name]: Place<'_>) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    document.get_mut(servers)?.as_table_like_mut()?.remove(name)?;
    Some(document.to_string())
}

fn merge(table: &mut dyn TableLike, fields: &Map<String, Value>) {
    let gone: Vec<String> =
        table.iter().map(|(name, _)| name.to_owned()).filter(|name| !fields.contains_key(name)).collect();
    for name in gone {
        table.remove(&name);
    }
    for (name, value) in fields {
        match (table.get_mut(name), value) {
            (Some(old), value) if said_by(old) == *value => {}
            (Some(old), Value::Object(fields)) if old.is_table_like() => {
                old.as_table_like_mut().into_iter().for_each(|old| merge(old, fields));
            }
            (_, value) => {
                if let Some(item) = written(value) {
                    table.insert(name, item);
                }
            }
        }
    }
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
            let fields = fields.iter().filter_map(|(name, value)| Some((name, written(value)?)));
            Item::Table(fields.map(|(name, item)| (toml_edit::Key::new(name), item)).collect())
        }
    })
}
