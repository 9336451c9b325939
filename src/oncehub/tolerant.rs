//! Reading what OnceHub sent into types, so that no odd value fails a call.

use std::borrow::Cow;
use std::cell::RefCell;

use serde::Deserializer;
use serde::de::value::{Error, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Error as _, IntoDeserializer, Visitor};
use serde_json::{Map, Value};

use super::Sent;

/// Reads an object into a type whose fields may all be absent; returns it, and everything that it has no field for.
///
/// A field is absent if it is null or blank. A number or a flag sent as text is read as what it stands for, and so is a
/// text sent as a number. A value that does not fit is reported under `odd`, by its field's name.
pub fn read<T: DeserializeOwned + Default>(sent: Sent<'_>) -> (T, Map<String, Value>) {
    let unknown = RefCell::default();
    let as_documented = T::deserialize(Lenient::outermost(&sent, &unknown));
    let fields = match sent {
        Sent::Object(fields) => fields.into_vec(),
        _ => Vec::new(),
    };
    let owned = |(name, value): (Cow<'_, str>, Sent<'_>)| (name.into_owned(), Value::from(value));
    let Ok(read) = as_documented else { return read_odd(fields.into_iter().map(owned).collect()) };
    let unknown = unknown.into_inner();
    let more = fields.into_iter().filter(|(name, _)| unknown.iter().any(|unknown| *unknown == **name));
    (read, more.map(owned).collect())
}

/// The same, without the fields that do not fit. Following the path to a value takes as long as reading it: only what
/// turns out to be odd is read so.
fn read_odd<T: DeserializeOwned + Default>(mut object: Map<String, Value>) -> (T, Map<String, Value>) {
    let mut odd = Map::new();
    let (read, unknown) = loop {
        let (sent, unknown) = (borrowed_fields(&object), RefCell::default());
        let error = match serde_path_to_error::deserialize(Lenient::outermost(&sent, &unknown)) {
            Ok(read) => break (read, unknown.into_inner()),
            Err(error) => error,
        };
        let path = error.path().to_string();
        let field = path.split(['.', '[']).next().unwrap_or_default();
        let Some(value) = object.shift_remove(field) else { break (T::default(), Vec::new()) };
        odd.insert(field.to_owned(), value);
    };
    object.retain(|name, _| unknown.contains(name));
    if !odd.is_empty() {
        object.insert("odd".into(), odd.into());
    }
    (read, object)
}

/// Returns fields as they are read, without copying their texts.
pub fn borrowed_fields(fields: &Map<String, Value>) -> Sent<'_> {
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), borrowed(value))).collect();
    Sent::Object(fields.into())
}

fn borrowed(value: &Value) -> Sent<'_> {
    match value {
        Value::Null => Sent::Null,
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => number.into(),
            (None, Some(number)) => number.into(),
            _ => number.as_f64().map_or(Sent::Null, Sent::from),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(values) => Sent::Array(values.iter().map(borrowed).collect()),
        Value::Object(fields) => borrowed_fields(fields),
    }
}

/// A value that is read as whatever type is asked for, if it can stand for one.
#[derive(Clone, Copy)]
struct Lenient<'a> {
    value: &'a Sent<'a>,
    place: Place<'a>,
}

/// Where a value is.
#[derive(Clone, Copy)]
enum Place<'a> {
    /// The object that is read; `unknown` collects the names of the fields that its type does not have.
    Outermost { unknown: &'a RefCell<Vec<String>> },
    /// A field of that object.
    Field { name: &'a str, unknown: &'a RefCell<Vec<String>> },
    /// Further inside.
    Inside,
}

impl<'a> Lenient<'a> {
    fn outermost(value: &'a Sent<'a>, unknown: &'a RefCell<Vec<String>>) -> Self {
        Self { value, place: Place::Outermost { unknown } }
    }

    fn inside(value: &'a Sent<'a>) -> Self {
        Self { value, place: Place::Inside }
    }

    fn type_error(self, expected: &str) -> Error {
        Error::custom(format_args!("{} is not {expected}", self.value))
    }

    fn number(self) -> Result<f64, Error> {
        let number = match self.value {
            Sent::Number(number) => number.as_f64(),
            Sent::Str(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|number| number.is_finite() && number.abs() < 9e15).ok_or_else(|| self.type_error("a number"))
    }
}

impl<'de> IntoDeserializer<'de, Error> for Lenient<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Lenient<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.value.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let is_blank = self.value.is_null() || self.value.as_str().is_some_and(|text| text.trim().is_empty());
        if is_blank { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Sent::Str(text) => visitor.visit_str(text),
            Sent::Number(_) | Sent::Bool(_) => visitor.visit_string(self.value.to_string()),
            _ => Err(self.type_error("a text")),
        }
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
        visitor.visit_i64(self.number()?.round() as i64)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let flag = match self.value {
            Sent::Bool(flag) => Some(*flag),
            Sent::Str(text) => text.trim().parse().ok(),
            _ => None,
        };
        visitor.visit_bool(flag.ok_or_else(|| self.type_error("true or false"))?)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let values = self.value.as_array().ok_or_else(|| self.type_error("a list"))?;
        let values = values.iter().filter(|value| !value.is_null()).map(Lenient::inside);
        visitor.visit_seq(SeqDeserializer::new(values))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let object = self.value.as_object().ok_or_else(|| self.type_error("an object"))?;
        let fields = object.iter().map(|(name, value)| {
            let place = match self.place {
                Place::Outermost { unknown } => Place::Field { name, unknown },
                _ => Place::Inside,
            };
            (name, Lenient { value, place })
        });
        visitor.visit_map(MapDeserializer::new(fields))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Place::Field { name, unknown } = self.place {
            unknown.borrow_mut().push(name.to_owned());
        }
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u32 u64 u128 f32 f64 char str bytes byte_buf unit unit_struct newtype_struct tuple
        tuple_struct enum identifier
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Sample {
        id: Option<String>,
        minutes: Option<i64>,
        flag: Option<bool>,
        texts: Option<Vec<String>>,
        inner: Option<Map<String, Value>>,
    }

    fn read(value: Value) -> (Sample, Value) {
        let Value::Object(object) = value else { panic!("not an object") };
        let (sample, more) = super::read(borrowed_fields(&object));
        (sample, more.into())
    }

    #[test]
    fn what_stands_for_a_value_is_read_as_it_and_what_is_blank_is_absent() {
        let (sample, more) = read(json!({
            "id": 7, "minutes": "30", "flag": "true", "texts": ["a", null, 5], "inner": {"x": null}, "new": [1], "old": null
        }));
        assert_eq!((sample.id.as_deref(), sample.minutes, sample.flag), (Some("7"), Some(30), Some(true)));
        assert_eq!(sample.texts, Some(vec!["a".into(), "5".into()]));
        assert_eq!(Value::from(sample.inner), json!({"x": null}));
        assert_eq!(more, json!({"new": [1], "old": null}));
        assert_eq!(read(json!({"minutes": 29.6})).0.minutes, Some(30));
        let blank = json!({"id": " ", "minutes": null, "flag": "", "texts": null, "inner": null});
        assert_eq!(read(blank), (Sample::default(), json!({})));
    }

    #[test]
    fn what_fits_in_no_way_is_told_as_odd_and_costs_nothing_else() {
        let (sample, more) = read(json!({
            "id": {"a": 1}, "minutes": 1e300, "flag": 1, "texts": ["a", {}], "inner": "?", "new": true
        }));
        assert_eq!(sample, Sample::default());
        assert_eq!(
            more,
            json!({
                "new": true, "odd": {"id": {"a": 1}, "minutes": 1e300, "flag": 1, "texts": ["a", {}], "inner": "?"}
            })
        );
        let (sample, more) = read(json!({"texts": "x", "id": "A"}));
        assert_eq!((sample.id.as_deref(), more), (Some("A"), json!({"odd": {"texts": "x"}})));
    }

    #[test]
    fn of_a_field_that_is_sent_twice_the_last_one_counts() {
        let sent = r#"{"id": "A", "id": "B", "new": 1, "new": 2, "texts": ["a\u0062"]}"#;
        let (sample, more) = super::read::<Sample>(serde_json::from_str(sent).unwrap());
        assert_eq!((sample.id.as_deref(), sample.texts), (Some("B"), Some(vec!["ab".into()])));
        assert_eq!(Value::from(more), json!({"new": 2}));
    }
}
