use serde_json::{Map, Value};

/// A JSON object as OnceHub sent it, with readers that never fail: a field that is missing, null, empty or of another type
/// than documented reads as nothing, and a number that came as text reads as a number.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object(Map<String, Value>);

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
            Value::Object(map) => Self(map),
            _ => Self::default(),
        }
    }

    /// Every field as it was sent.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Every field as it was sent, to keep.
    pub fn into_fields(self) -> Map<String, Value> {
        self.0
    }

    /// Gives an object that OnceHub sent without its id the one that it was asked for by.
    pub fn fill_id(&mut self, id: &str) {
        if self.text("id").is_none() {
            self.0.insert("id".into(), id.into());
        }
    }

    /// A text that is not empty.
    pub fn text(&self, field: &str) -> Option<&str> {
        text(self.0.get(field)?)
    }

    /// A text inside a nested object.
    pub fn text_in(&self, field: &str, inner: &str) -> Option<&str> {
        text(self.0.get(field)?.get(inner)?)
    }

    /// A whole number; decimals are rounded, and text is read.
    pub fn number(&self, field: &str) -> Option<i64> {
        match self.0.get(field)? {
            Value::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(whole)),
            Value::String(text) => text.trim().parse::<f64>().ok().and_then(whole),
            _ => None,
        }
    }

    /// A truth value.
    pub fn flag(&self, field: &str) -> Option<bool> {
        match self.0.get(field)? {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The texts of a list.
    pub fn texts(&self, field: &str) -> impl Iterator<Item = &str> {
        self.0.get(field).and_then(Value::as_array).into_iter().flatten().filter_map(text)
    }

    /// A reference to another object.
    pub fn reference(&self, field: &str) -> Option<Reference<'_>> {
        match self.0.get(field)? {
            Value::Object(map) => Some(Reference { id: map.get("id").and_then(text).unwrap_or(""), object: Some(map) }),
            other => Some(Reference { id: text(other)?, object: None }),
        }
    }

    /// Whether OnceHub sent the redacted form of something that has been deleted.
    pub fn is_deleted(&self) -> bool {
        self.flag("deleted") == Some(true)
    }
}

impl From<Map<String, Value>> for Object {
    fn from(fields: Map<String, Value>) -> Self {
        Self(fields)
    }
}

impl<'a> Reference<'a> {
    /// A text of the expanded object.
    pub fn text(self, field: &str) -> Option<&'a str> {
        text(self.object?.get(field)?)
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

impl List {
    /// Reads a page; an entry that is no object becomes an empty one, so that the count still is OnceHub's.
    pub(super) fn new(value: Value) -> Self {
        let (data, has_more) = match value {
            Value::Object(mut map) => (map.remove("data"), map.get("has_more").and_then(Value::as_bool)),
            array => (Some(array), None),
        };
        let Some(Value::Array(data)) = data else { return Self { data: Vec::new(), has_more } };
        Self { data: data.into_iter().map(Object::new).collect(), has_more }
    }
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

    #[test]
    fn a_page_may_be_bare_or_lack_everything() {
        assert_eq!(List::new(json!([{"id": "A"}, null])).data.len(), 2);
        for empty in [json!({}), json!({"data": null}), json!({"data": "x"}), json!(null), json!(7)] {
            assert!(List::new(empty).data.is_empty());
        }
    }
}
