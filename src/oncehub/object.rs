use std::borrow::Cow;

use serde_json::{Map, Value};

/// A JSON object as OnceHub sent it, with readers that never fail: a field that is missing, null, empty or of another type
/// than documented reads as nothing, and a number that came as text reads as a number.
///
/// Its fields are few, and those of a list's objects have names that are known: looking along them takes less than hashing, and
/// a name is not copied for each object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object(Vec<(Cow<'static, str>, Value)>);

/// A field that holds an id, or the whole object when it was asked for with `expand`.
#[derive(Clone, Copy, Debug)]
pub struct Reference<'a> {
    /// The id.
    pub id: &'a str,
    /// The object, when it was expanded.
    pub object: Option<&'a Map<String, Value>>,
}

impl Object {
    /// Wraps a value; anything but an object becomes an empty one.
    pub fn new(value: Value) -> Self {
        match value {
            Value::Object(map) => map.into(),
            _ => Self::default(),
        }
    }

    pub(super) fn with_capacity(fields: usize) -> Self {
        Self(Vec::with_capacity(fields))
    }

    /// A field as it was sent.
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.0.iter().find_map(|(name, value)| (name == field).then_some(value))
    }

    /// Every field as it was sent.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// Every field as it was sent, to keep.
    pub fn into_fields(self) -> Map<String, Value> {
        self.0.into_iter().map(|(name, value)| (name.into_owned(), value)).collect()
    }

    pub(super) fn set(&mut self, field: &'static str, value: Value) {
        match self.0.iter_mut().find(|(name, _)| name == field) {
            Some((_, known)) => *known = value,
            None => self.0.push((field.into(), value)),
        }
    }

    /// Gives an object that OnceHub sent without its id the one that it was asked for by.
    pub fn fill_id(&mut self, id: &str) {
        if self.text("id").is_none() {
            self.set("id", id.into());
        }
    }

    /// A text that is not empty.
    pub fn text(&self, field: &str) -> Option<&str> {
        text(self.get(field)?)
    }

    /// A text inside a nested object.
    pub fn text_in(&self, field: &str, inner: &str) -> Option<&str> {
        text(self.get(field)?.get(inner)?)
    }

    /// A whole number; decimals are rounded, and text is read.
    pub fn number(&self, field: &str) -> Option<i64> {
        match self.get(field)? {
            Value::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(whole)),
            Value::String(text) => text.trim().parse::<f64>().ok().and_then(whole),
            _ => None,
        }
    }

    /// A truth value.
    pub fn flag(&self, field: &str) -> Option<bool> {
        match self.get(field)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The texts of a list.
    pub fn texts(&self, field: &str) -> impl Iterator<Item = &str> {
        self.get(field).and_then(Value::as_array).into_iter().flatten().filter_map(text)
    }

    /// A reference to another object.
    pub fn reference(&self, field: &str) -> Option<Reference<'_>> {
        match self.get(field)? {
            Value::Object(map) => Some(Reference { id: map.get("id").and_then(text).unwrap_or(""), object: Some(map) }),
            other => Some(Reference { id: text(other)?, object: None }),
        }
    }

    /// Replaces each text that `with` has something instead of, and leaves out fields whose names it has something instead of.
    pub(super) fn replace_texts(&mut self, with: &dyn Fn(&str) -> Option<String>) {
        self.0.retain(|(name, _)| with(name).is_none());
        self.0.iter_mut().for_each(|(_, value)| replace_texts(value, with));
    }

    /// Whether OnceHub sent the redacted form of something that has been deleted.
    pub fn is_deleted(&self) -> bool {
        self.flag("deleted") == Some(true)
    }
}

/// What has fields: an object, a part of one, or what is to become one.
pub trait Fields {
    /// A field as it is.
    fn field(&self, name: &str) -> Option<&Value>;
}

impl Fields for Object {
    fn field(&self, name: &str) -> Option<&Value> {
        self.get(name)
    }
}

impl Fields for Map<String, Value> {
    fn field(&self, name: &str) -> Option<&Value> {
        self.get(name)
    }
}

impl From<Map<String, Value>> for Object {
    fn from(fields: Map<String, Value>) -> Self {
        Self(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}

impl<'a> Reference<'a> {
    /// A text of the expanded object.
    pub fn text(self, field: &str) -> Option<&'a str> {
        text(self.object?.get(field)?)
    }
}

/// As [`Object::replace_texts`], in any value.
pub(super) fn replace_texts(value: &mut Value, with: &dyn Fn(&str) -> Option<String>) {
    match value {
        Value::String(text) => {
            if let Some(other) = with(text) {
                *text = other;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| replace_texts(value, with)),
        Value::Object(fields) => {
            fields.retain(|name, _| with(name).is_none());
            fields.values_mut().for_each(|value| replace_texts(value, with));
        }
        _ => {}
    }
}

fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.trim().is_empty())
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn whole(number: f64) -> Option<i64> {
    (number.is_finite() && number.abs() < 9e15).then(|| number.round() as i64)
}

/// One page of a list: `{object, data, has_more}`, or the bare array that some operations send.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// The objects, in OnceHub's order: newest first.
    pub data: Vec<Object>,
    /// Whether more follow. OnceHub's older replies, and those about SMS, lack it.
    pub has_more: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn odd_fields_read_as_nothing_and_never_fail() {
        let object = Object::new(json!({
            "null": null, "empty": "", "blank": "  ", "number": 5, "list": [1, "a", null, {}], "object": {"x": "y"},
            "minutes": "30", "decimal": 29.6, "huge": 1e300, "flag": "true"
        }));
        for field in ["null", "empty", "blank", "number", "list", "object", "missing"] {
            assert_eq!(object.text(field), None, "{field}");
        }
        assert_eq!(object.number("minutes"), Some(30));
        assert_eq!(object.number("decimal"), Some(30));
        assert_eq!(object.number("huge"), None);
        assert_eq!(object.flag("flag"), Some(true));
        assert_eq!(object.texts("list").collect::<Vec<_>>(), ["a"]);
        assert_eq!(object.text_in("object", "x"), Some("y"));
        assert!(object.reference("null").is_none());
        assert_eq!(object.reference("object").unwrap().id, "");
    }
}
