use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde::Serialize;
use serde_json::Value;

use super::object::{Item, Sent};
use super::{List, Object};

/// An operation of the API with its arguments: a value that knows its route and response type.
///
/// Its serialized form is the query of a GET, without fields that are `None`, and the JSON body of any other method; a
/// body that would be `{}` is not sent.
pub trait Endpoint: Serialize + Sync {
    /// The type of the response.
    type Response: FromReply;

    /// Returns the method, and the path's segments below `/v2`. Ids among them are [`Id`](super::Id)s, so none can
    /// contain `/` or `..`.
    fn route(&self) -> (Method, Vec<&str>);
}

/// A GET that returns a list in pages; its fields are the filters. [`Client::page`](super::Client::page) adds `limit`
/// and `after`.
pub trait Listing: Serialize + Sync {
    /// Returns the path's segments below `/v2`.
    fn path(&self) -> Vec<&str>;
}

/// Declares the route of an operation: its method, its path, where `id` is the field of that name, and the type of its
/// response; or, with `LIST`, that it is a [`Listing`].
macro_rules! endpoint {
    ($operation:ident: LIST $($segment:literal)/ +) => {
        impl $crate::oncehub::Listing for $operation {
            fn path(&self) -> Vec<&str> {
                vec![$($segment),+]
            }
        }
    };
    ($operation:ident: $method:ident $collection:literal $(/ $id:ident $(/ $action:literal)?)? -> $response:ident) => {
        impl $crate::oncehub::Endpoint for $operation {
            type Response = $crate::oncehub::$response;

            fn route(&self) -> (reqwest::Method, Vec<&str>) {
                (reqwest::Method::$method, vec![$collection $(, self.$id.as_str() $(, $action)?)?])
            }
        }
    };
}

/// A range of time that narrows a list, exclusive on both sides: instants, ISO 8601 in UTC.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Range {
    /// After this moment.
    #[serde(rename = "gt")]
    pub after: Option<String>,
    /// Before this moment.
    #[serde(rename = "lt")]
    pub before: Option<String>,
}

impl Range {
    /// Returns the range from a moment, itself included, until another.
    pub fn between(from: Option<Timestamp>, until: Option<Timestamp>) -> Self {
        let after = from.map(|from| format!("{:.3}", from.checked_sub(SignedDuration::from_millis(1)).unwrap_or(from)));
        Self { after, before: until.map(|until| format!("{until:.0}")) }
    }

    /// Returns the second of a moment, for finding what is at it.
    pub fn around(at: Timestamp) -> Self {
        let at_distance = |seconds: i64| at.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(at);
        Self { after: Some(format!("{:.0}", at_distance(-1))), before: Some(format!("{:.0}", at_distance(1))) }
    }
}

serde_with::with_prefix!(pub(super) starting "starting_time.");
serde_with::with_prefix!(pub(super) created "creation_time.");
serde_with::with_prefix!(pub(super) updated "last_updated_time.");

/// A response that can be read from any JSON of its shape.
pub trait FromReply: Sized {
    /// The expected shape, in a word or two.
    const OUTLINE: &'static str;

    /// Reads the response. Returns `None` for JSON of another shape.
    fn read(json: Sent<'_>) -> Option<Self>;

    /// Returns whether the response is empty, which cannot be what was requested; an empty list can.
    fn is_blank_reply(&self) -> bool {
        false
    }
}

impl FromReply for Object {
    const OUTLINE: &'static str = "an object";

    fn read(json: Sent<'_>) -> Option<Self> {
        json.is_object().then(|| Item::read(json))
    }

    fn is_blank_reply(&self) -> bool {
        self.values().all(Value::is_null)
    }
}

impl<T: Item> FromReply for List<T> {
    const OUTLINE: &'static str = "a list";

    fn read(json: Sent<'_>) -> Option<Self> {
        Self::new(json)
    }
}
