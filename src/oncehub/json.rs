//! Reading JSON without the parts that nobody will look at.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Reads a reply. With `fields`, which are sorted, the objects of its list keep only those (`form.name` means only that part of
/// `form`): OnceHub sends some thirty fields of a booking, and a line of a list shows half of them.
pub(super) fn read(json: &[u8], fields: Option<&[&str]>) -> serde_json::Result<Value> {
    let Some(fields) = fields else { return serde_json::from_slice(json) };
    debug_assert!(fields.is_sorted(), "{fields:?}");
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let value = Slim { fields, level: Level::Reply }.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

/// Where in a reply a value stands.
#[derive(Clone, Copy)]
enum Level<'a> {
    Reply,
    List,
    Item,
    /// Inside this field of an item.
    Within(&'a str),
}

#[derive(Clone, Copy)]
struct Slim<'a> {
    fields: &'a [&'a str],
    level: Level<'a>,
}

impl Slim<'_> {
    /// What to do with a field of an object.
    fn keeps(&self, name: &str) -> Keeps {
        match self.level {
            Level::Reply if name == "data" => Keeps::List,
            Level::Reply | Level::List => Keeps::All,
            // Where the name would stand, there it is, or the first of its parts.
            Level::Item => match self.fields.get(self.fields.partition_point(|field| *field < name)) {
                Some(field) if *field == name => Keeps::All,
                Some(field) if part_of(field, name).is_some() => Keeps::Parts,
                _ => Keeps::Nothing,
            },
            Level::Within(whole) if self.fields.iter().any(|field| part_of(field, whole) == Some(name)) => Keeps::All,
            Level::Within(_) => Keeps::Nothing,
        }
    }
}

enum Keeps {
    All,
    List,
    Parts,
    Nothing,
}

/// `name` of `form.name`, when `whole` is `form`.
fn part_of<'a>(field: &'a str, whole: &str) -> Option<&'a str> {
    field.strip_prefix(whole)?.strip_prefix('.')
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
        let mut kept = Map::with_capacity(16);
        while let Some(Name(name)) = map.next_key()? {
            let value = match self.keeps(&name) {
                Keeps::All => map.next_value()?,
                Keeps::List => map.next_value_seed(Self { level: Level::List, ..self })?,
                Keeps::Parts => map.next_value_seed(Slim { level: Level::Within(&name), fields: self.fields })?,
                Keeps::Nothing => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            kept.insert(name.into_owned(), value);
        }
        Ok(Value::Object(kept))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        let level = if matches!(self.level, Level::Within(_)) { self.level } else { Level::Item };
        while let Some(value) = values.next_element_seed(Self { level, ..self })? {
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
            "data": [
                {"id": "A", "other": {"id": 1}, "kept": {"other": [1, null, -2.5]}, "form": {"name": "N", "note": "…"}},
                {"form": null, "formal": 1}, {"form": "odd"}, null, "odd", 7, -7, true
            ]
        });
        let expected = json!({
            "object": "list", "has_more": true, "error": {"id": 1, "other": 2},
            "data": [
                {"id": "A", "kept": {"other": [1, null, -2.5]}, "form": {"name": "N"}},
                {"form": null}, {"form": "odd"}, null, "odd", 7, -7, true
            ]
        });
        assert_eq!(read(reply.to_string().as_bytes(), Some(&["form.name", "id", "kept"])).unwrap(), expected);
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
