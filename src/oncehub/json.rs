//! Reading JSON without the parts that nobody will look at.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Reads a reply. With `fields`, the objects of its list keep only those: OnceHub sends some thirty fields of a booking, and
/// a line of a list shows half of them.
pub(super) fn read(json: &[u8], fields: Option<&[&str]>) -> serde_json::Result<Value> {
    let Some(fields) = fields else { return serde_json::from_slice(json) };
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let value = Slim { fields, level: Level::Reply }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Where in a reply a value stands.
#[derive(Clone, Copy)]
enum Level {
    Reply,
    List,
    Item,
}

#[derive(Clone, Copy)]
struct Slim<'a> {
    fields: &'a [&'a str],
    level: Level,
}

impl<'de> DeserializeSeed<'de> for Slim<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Slim<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut kept = Map::new();
        while let Some(name) = map.next_key::<Name<'_>>()? {
            match self.level {
                Level::Item if !self.fields.contains(&name.0.as_ref()) => {
                    map.next_value::<IgnoredAny>()?;
                }
                Level::Reply if name.0 == "data" => {
                    let data = map.next_value_seed(Self { level: Level::List, ..self })?;
                    kept.insert(name.0.into_owned(), data);
                }
                _ => {
                    let value = map.next_value()?;
                    kept.insert(name.0.into_owned(), value);
                }
            }
        }
        Ok(Value::Object(kept))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(value) = values.next_element_seed(Self { level: Level::Item, ..self })? {
            all.push(value);
        }
        Ok(Value::Array(all))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

/// A field's name, which is only copied when it is kept.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn objects_of_a_list_keep_what_was_asked_for_and_everything_else_stays() {
        let reply = json!({
            "object": "list", "has_more": true, "error": {"id": 1, "other": 2},
            "data": [{"id": "A", "other": {"id": 1}, "kept": {"other": [1, null, -2.5]}}, null, "odd", 7, -7, true]
        });
        let expected = json!({
            "object": "list", "has_more": true, "error": {"id": 1, "other": 2},
            "data": [{"id": "A", "kept": {"other": [1, null, -2.5]}}, null, "odd", 7, -7, true]
        });
        assert_eq!(read(reply.to_string().as_bytes(), Some(&["id", "kept"])).unwrap(), expected);
        assert_eq!(read(reply.to_string().as_bytes(), None).unwrap(), reply);
    }

    #[test]
    fn a_bare_list_and_odd_replies_are_read_and_broken_ones_are_not() {
        let read = |text: &str| read(text.as_bytes(), Some(&["id"]));
        assert_eq!(read(r#"[{"id":"A","b":1}]"#).unwrap(), json!([{"id": "A"}]));
        assert_eq!(read(r#"{"data":{"id":1,"b":2}}"#).unwrap(), json!({"data": {"id": 1, "b": 2}}));
        assert_eq!(read("null").unwrap(), Value::Null);
        for broken in ["", "{", r#"{"data":[{"id":"#, "{} {}", r#"{"data":[{"b":nonsense}]}"#] {
            assert!(read(broken).is_err(), "{broken}");
        }
    }
}
