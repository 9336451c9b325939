use reqwest::Method;
use serde::Serialize;
use serde_json::Value;

use super::{List, Object};

/// One operation of the API with its arguments: a value that knows its method, its path and what comes back.
///
/// What it serialises to is the query of a GET and the JSON body of anything else; a body that would be `{}` is not sent.
pub trait Endpoint: Serialize + Sync {
    /// What OnceHub answers with.
    type Response: FromReply;
    /// The HTTP method.
    const METHOD: Method;

    /// The segments of the path below `/v2`. Ids among them are [`Id`](super::Id)s, so that none can hold a `/` or `..`.
    fn path(&self) -> Vec<&str>;

    /// The fields of a list's objects that will be looked at, sorted; the others are not even read. None means all.
    fn fields(&self) -> Option<&'static [&'static str]> {
        None
    }
}

/// A GET that answers with pages. `before`, `after` and `limit` are added by [`Client::list`](super::Client::list).
pub trait Listing: Endpoint<Response = List> {}

impl<E: Endpoint<Response = List>> Listing for E {}

/// A reply made of any JSON that fits its outline.
pub trait FromReply: Sized {
    /// Reads it, or says in a word or two what had been expected instead.
    ///
    /// # Errors
    /// What was expected, when the JSON is of another shape altogether.
    fn from_reply(value: Value) -> Result<Self, &'static str>;
}

impl FromReply for Object {
    fn from_reply(value: Value) -> Result<Self, &'static str> {
        if value.is_object() { Ok(Self::new(value)) } else { Err("an object") }
    }
}

impl FromReply for List {
    fn from_reply(value: Value) -> Result<Self, &'static str> {
        if value.is_object() || value.is_array() { Ok(Self::new(value)) } else { Err("a list") }
    }
}
