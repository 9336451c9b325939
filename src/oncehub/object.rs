use std::ops::Deref;

use serde_json::{Map, Value};

/// JSON as OnceHub sent it: its texts are borrowed from the response's body.
pub type Sent<'a> = serde_json_borrow::Value<'a>;

/// What a list holds.
pub trait Item: Default {
    /// Reads an entry of a list. What is not an object becomes an empty one, so that the count still matches OnceHub's.
    fn read(sent: Sent<'_>) -> Self;

    /// Returns its id, if that is not blank.
    fn id(&self) -> Option<&str>;
}

/// A JSON object as OnceHub sent it, with accessors that never fail.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object(Map<String, Value>);

impl Object {
    /// Wraps a value; anything but an object becomes an empty object.
    pub fn new(value: Value) -> Self {
        match value {
            Value::Object(fields) => Self(fields),
            _ => Self::default(),
        }
    }

    /// Returns every field as it was sent.
    pub fn into_fields(self) -> Map<String, Value> {
        self.0
    }

    /// Sets the id by which the object was requested, if OnceHub sent it without one.
    pub fn fill_id(&mut self, id: &str) {
        if self.text("id").is_none() {
            self.0.insert("id".into(), id.into());
        }
    }

    /// Returns a text that is not empty.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.get(field)?.as_str().filter(|text| !text.trim().is_empty())
    }

    /// Returns whether OnceHub sent the redacted form of a deleted object.
    pub fn is_deleted(&self) -> bool {
        is_deleted(&self.0)
    }
}

impl Item for Object {
    fn read(sent: Sent<'_>) -> Self {
        match sent {
            Sent::Object(fields) => Self(fields.into()),
            _ => Self::default(),
        }
    }

    fn id(&self) -> Option<&str> {
        self.text("id")
    }
}

impl Deref for Object {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl From<Map<String, Value>> for Object {
    fn from(fields: Map<String, Value>) -> Self {
        Self(fields)
    }
}

/// Returns whether these are the fields of a deleted object's redacted form.
pub fn is_deleted(fields: &Map<String, Value>) -> bool {
    fields.get("deleted").is_some_and(|deleted| *deleted == true || *deleted == "true")
}

/// Replaces each text for which `with` returns another, and drops fields whose names it would replace.
pub(super) fn replace_texts(sent: &mut Value, with: &dyn Fn(&str) -> Option<String>) {
    match sent {
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

/// One page of a list: `{object, data, has_more}`, or the bare array that some operations send.
#[derive(Clone, Debug, Default)]
pub struct List<T = Object> {
    /// The objects, in OnceHub's order: newest first.
    pub data: Vec<T>,
    /// Whether more follow. OnceHub's older responses, and those for SMS, lack it.
    pub has_more: Option<bool>,
}

impl<T: Item> List<T> {
    /// Reads a page in any of its forms. Returns `None` for other JSON, and for an object whose `data` is missing or
    /// neither a list nor null: that does not say that the list is empty.
    pub(super) fn new(page: Sent<'_>) -> Option<Self> {
        let (data, has_more) = match page {
            Sent::Array(data) => (data, None),
            Sent::Object(mut page) => {
                let has_more = page.get("has_more").and_then(Sent::as_bool);
                match std::mem::take(page.get_mut("data")?) {
                    Sent::Array(data) => (data, has_more),
                    Sent::Null => (Vec::new(), has_more),
                    _ => return None,
                }
            }
            _ => return None,
        };
        Some(Self { data: data.into_iter().map(T::read).collect(), has_more })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn odd_fields_read_as_nothing_and_never_fail() {
        let object =
            Object::new(json!({"null": null, "empty": "", "blank": "  ", "number": 5, "list": ["a"], "id": "A"}));
        for field in ["null", "empty", "blank", "number", "list", "missing"] {
            assert_eq!(object.text(field), None, "{field}");
        }
        assert_eq!(object.text("id"), Some("A"));
        let is_deleted = |deleted: Value| Object::new(json!({"deleted": deleted})).is_deleted();
        assert!(is_deleted(json!(true)) && is_deleted(json!("true")));
        assert!(![json!(false), json!("false"), json!(null), json!(1)].into_iter().any(is_deleted));
    }

    fn read(page: &Value) -> Option<(Vec<Value>, Option<bool>)> {
        let list: List = List::new(serde_json::from_str(&page.to_string()).unwrap())?;
        Some((list.data.into_iter().map(|object| object.into_fields().into()).collect(), list.has_more))
    }

    #[test]
    fn what_is_no_object_in_a_list_is_an_empty_one() {
        let reply = json!({
            "object": "list", "has_more": true, "error": {"id": 1},
            "data": [{"id": "A", "other": {"id": 1}}, null, "odd", 7, true, [{"id": 1}]]
        });
        let expected = json!([{"id": "A", "other": {"id": 1}}, {}, {}, {}, {}, {}]);
        let (data, has_more) = read(&reply).unwrap();
        assert_eq!((Value::from(data), has_more), (expected, Some(true)));
    }

    #[test]
    fn a_page_may_be_bare_or_empty_and_what_has_no_list_is_refused() {
        assert_eq!(read(&json!([{"id": "A", "b": 1}])), Some((vec![json!({"id": "A", "b": 1})], None)));
        for empty in [json!([]), json!({"data": null}), json!({"data": [], "has_more": "odd"})] {
            assert_eq!(read(&empty), Some((vec![], None)), "{empty}");
        }
        let data = [json!("x"), json!(7), json!(true), json!({"id": 1, "b": {}})].map(|data| json!({"data": data}));
        let others = [json!(null), json!(7), json!("odd"), json!(true), json!({}), json!({"has_more": true})];
        for other in data.into_iter().chain(others) {
            assert_eq!(read(&other), None, "{other}");
        }
    }

    #[test]
    fn a_key_behind_escapes_is_replaced_and_a_field_named_by_it_is_dropped() {
        let reply = r#"{"a": "s3cret\/abc", "b": ["x s3cret\u002fabc"], "s3cret\u002fabc": 1, "c": {"d": "fine"}}"#;
        let mut reply = serde_json::from_str(reply).unwrap();
        let scrub = |text: &str| text.contains("s3cret/abc").then(|| text.replace("s3cret/abc", "[API key]"));
        replace_texts(&mut reply, &scrub);
        assert_eq!(reply, json!({"a": "[API key]", "b": ["x [API key]"], "c": {"d": "fine"}}));
    }
}
