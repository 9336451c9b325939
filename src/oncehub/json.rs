//! Reading JSON without the parts that nobody will look at.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::{List, Object};

/// The fields of a list's objects that are kept; none means all. `form.name` means only that part of `form`.
pub(super) type Kept = Option<&'static [&'static str]>;

/// Reads an object; other JSON is nothing.
pub(super) fn object(json: &[u8]) -> serde_json::Result<Option<Object>> {
    let value: Value = serde_json::from_slice(json)?;
    Ok(value.is_object().then(|| Object::new(value)))
}

/// Reads a page: `{object, data, has_more}`, or the bare array that some operations send; other JSON, and an object whose `data`
/// is missing or neither a list nor null, is nothing: it does not say that there are none. Of its objects only `fields` are kept: OnceHub sends some thirty fields of a booking, and a line of a list shows half of them. An entry that
/// is no object becomes an empty one, so that the count still is OnceHub's.
pub(super) fn list(json: &[u8], fields: Kept) -> serde_json::Result<Option<List>> {
    // The whole at once takes less time than each of its texts.
    let Ok(text) = std::str::from_utf8(json) else { return serde_json::from_slice::<Value>(json).map(|_| None) };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let list = deserializer.deserialize_any(Reply(fields))?;
    deserializer.end()?;
    Ok(list)
}

/// What a visitor makes of JSON that is neither an object nor an array.
macro_rules! otherwise {
    ($make:expr) => {
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("JSON")
        }

        fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
            Ok($make(value))
        }

        fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
            Ok($make(value))
        }

        fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
            Ok($make(value))
        }

        fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
            Ok($make(value))
        }

        fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
            Ok($make(value))
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($make(()))
        }
    };
}

/// A visitor that is the seed of what it reads.
macro_rules! seed {
    ($visitor:ty) => {
        impl<'de> DeserializeSeed<'de> for $visitor {
            type Value = <Self as Visitor<'de>>::Value;

            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
                deserializer.deserialize_any(self)
            }
        }
    };
}

/// The whole of a page.
struct Reply(Kept);

impl<'de> Visitor<'de> for Reply {
    type Value = Option<List>;

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut data, mut has_more) = (None, None);
        while let Some(Name(name)) = map.next_key()? {
            match &*name {
                "data" => data = map.next_value_seed(Items(self.0))?,
                "has_more" => has_more = map.next_value::<Value>()?.as_bool(),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(data.map(|data| List { data, has_more }))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, values: A) -> Result<Self::Value, A::Error> {
        Ok(Items(self.0).visit_seq(values)?.map(|data| List { data, has_more: None }))
    }

    otherwise!(|_other| None);
}

/// What is in a page: nothing, where it is no list.
struct Items(Kept);

seed!(Items);

impl<'de> Visitor<'de> for Items {
    type Value = Option<Vec<Object>>;

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        let Some(fields) = self.0 else {
            while let Some(value) = values.next_element()? {
                all.push(Object::new(value));
            }
            return Ok(Some(all));
        };
        let mut order = Order { fields, names: Vec::new(), next: 0 };
        while let Some(object) = values.next_element_seed(Item(&mut order))? {
            all.push(object);
        }
        Ok(Some(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    otherwise!(|other| Value::from(other).is_null().then(Vec::new));
}

/// One of them.
struct Item<'a>(&'a mut Order);

seed!(Item<'_>);

impl<'de> Visitor<'de> for Item<'_> {
    type Value = Object;

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
        let mut object = Object::with_capacity(self.0.fields.len());
        self.0.next = 0;
        while let Some(Name(name)) = map.next_key()? {
            match self.0.look_up(&name) {
                Keeps::All(name) => object.set(name, map.next_value()?),
                Keeps::Parts(name, fields) => object.set(name, map.next_value_seed(Parts(name, fields))?),
                Keeps::Nothing => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(object)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Object, A::Error> {
        while values.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Object::default())
    }

    otherwise!(|_other| Object::default());
}

/// What is kept of a field.
#[derive(Clone, Copy)]
enum Keeps {
    All(&'static str),
    Parts(&'static str, &'static [&'static str]),
    Nothing,
}

impl Keeps {
    fn of(name: &str, fields: &'static [&'static str]) -> Self {
        fields
            .iter()
            .find_map(|field| match field.strip_prefix(name)? {
                "" => Some(Self::All(field)),
                part if part.starts_with('.') => Some(Self::Parts(field.get(..name.len())?, fields)),
                _ => None,
            })
            .unwrap_or(Self::Nothing)
    }
}

/// Where fields stand. OnceHub names those of all its objects in the same order: the next one is mostly the one that was next in
/// the object before.
struct Order {
    fields: &'static [&'static str],
    names: Vec<(String, Keeps)>,
    next: usize,
}

/// How many names are remembered: an object of a page has some thirty.
const REMEMBERED: usize = 100;

impl Order {
    fn look_up(&mut self, name: &str) -> Keeps {
        let is_next = self.names.get(self.next).is_some_and(|(known, _)| known == name);
        let at = if is_next { Some(self.next) } else { self.names.iter().position(|(known, _)| known == name) };
        if let Some((at, (_, keeps))) = at.and_then(|at| Some((at, self.names.get(at)?))) {
            self.next = at + 1;
            return *keeps;
        }
        let keeps = Keeps::of(name, self.fields);
        if self.names.len() < REMEMBERED {
            self.names.push((name.to_owned(), keeps));
            self.next = self.names.len();
        }
        keeps
    }
}

/// A field of which only some parts are kept, if it has any.
struct Parts(&'static str, &'static [&'static str]);

seed!(Parts);

impl<'de> Visitor<'de> for Parts {
    type Value = Value;

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let Self(whole, fields) = self;
        let is_part = |field: &str, name: &str| {
            field.strip_prefix(whole).and_then(|rest| rest.strip_prefix('.')).is_some_and(|part| part == name)
        };
        let mut kept = Map::new();
        while let Some(Name(name)) = map.next_key()? {
            if fields.iter().any(|field| is_part(field, &name)) {
                kept.insert(name.into_owned(), map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(kept.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(value) = values.next_element()? {
            all.push(value);
        }
        Ok(Value::Array(all))
    }

    otherwise!(Value::from);
}

/// A field's name, which is only copied when it is kept.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FIELDS: Kept = Some(&["form.name", "id", "kept"]);

    fn read(json: &Value, fields: Kept) -> Option<(Vec<Value>, Option<bool>)> {
        let list = list(json.to_string().as_bytes(), fields).unwrap()?;
        Some((list.data.into_iter().map(|object| object.into_fields().into()).collect(), list.has_more))
    }

    #[test]
    fn objects_of_a_list_keep_what_was_asked_for() {
        let reply = json!({
            "object": "list", "has_more": true, "error": {"id": 1, "other": 2},
            "data": [
                {"id": "A", "other": {"id": 1}, "kept": {"other": [1, null, -2.5]}, "form": {"name": "N", "note": "…"}},
                {"kept": 1, "id": "B", "new": {}, "other": 2}, {"form": null, "formal": 1}, {"form": "odd"},
                {"form": [7, {"name": 1}]}, null, "odd", 7, -7, 0.5, true, [{"id": 1}]
            ]
        });
        let expected = json!([
            {"id": "A", "kept": {"other": [1, null, -2.5]}, "form": {"name": "N"}},
            {"kept": 1, "id": "B"}, {"form": null}, {"form": "odd"}, {"form": [7, {"name": 1}]},
            {}, {}, {}, {}, {}, {}, {}
        ]);
        let (data, has_more) = read(&reply, FIELDS).unwrap();
        assert_eq!((Value::from(data), has_more), (expected, Some(true)));
        let (data, _) = read(&reply, None).unwrap();
        assert_eq!(data[..5], reply["data"].as_array().unwrap()[..5], "everything, where nothing is said");
    }

    #[test]
    fn a_field_that_comes_twice_is_its_last_one() {
        let list = |fields| list(br#"[{"id": 1, "b": 2, "id": 3}]"#, fields).unwrap().unwrap().data;
        assert_eq!(list(FIELDS)[0].get("id"), Some(&json!(3)));
        assert_eq!(list(None)[0].get("id"), Some(&json!(3)));
    }

    #[test]
    fn objects_with_more_names_than_are_remembered_are_read_like_others() {
        let mut many: Map<String, Value> = (0..500).map(|n| (format!("n{n}"), n.into())).collect();
        many.insert("id".into(), "A".into());
        let (data, _) = read(&json!([many, many, {"id": "B"}]), FIELDS).unwrap();
        assert_eq!(data, [json!({"id": "A"}), json!({"id": "A"}), json!({"id": "B"})]);
    }

    #[test]
    fn a_page_may_be_bare_or_empty_and_what_has_no_list_is_refused_like_what_is_broken() {
        let none = Some((vec![], None));
        assert_eq!(read(&json!([{"id": "A", "b": 1}]), FIELDS), Some((vec![json!({"id": "A"})], None)));
        for empty in [json!([]), json!({"data": null}), json!({"data": [], "has_more": "odd"})] {
            assert_eq!(read(&empty, FIELDS), none, "{empty}");
        }
        let data = [json!("x"), json!(7), json!(true), json!({"id": 1, "b": {}})].map(|data| json!({"data": data}));
        let others = [json!(null), json!(7), json!("odd"), json!(true), json!({}), json!({"has_more": true})];
        for other in data.into_iter().chain(others) {
            assert_eq!(read(&other, FIELDS), None, "{other}");
        }
        for broken in ["", "{", r#"{"data":[{"id":"#, "{} {}", r#"{"data":[{"b":nonsense}]}"#, r#"{"data":{"b"}}"#] {
            assert!(list(broken.as_bytes(), FIELDS).is_err(), "{broken}");
        }
        assert!(list(b"{\"data\": [\"\xff\"]}", FIELDS).is_err(), "not UTF-8");
    }
}
