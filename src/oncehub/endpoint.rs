use reqwest::Method;
use serde::Serialize;

use super::json::{self, Kept};
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

    /// The fields of a list's objects that will be looked at; the others are not even read. None means all.
    fn fields(&self) -> Option<&'static [&'static str]> {
        None
    }
}

/// A GET that answers with pages. `before`, `after` and `limit` are added by [`Client::list`](super::Client::list).
pub trait Listing: Endpoint<Response = List> {}

impl<E: Endpoint<Response = List>> Listing for E {}

/// A reply made of any JSON that fits its outline.
pub trait FromReply: Sized {
    /// What it is, in a word or two.
    const OUTLINE: &'static str;

    /// Reads it, of a list's objects only `fields`; JSON of another shape altogether is nothing.
    ///
    /// # Errors
    /// What is no JSON.
    fn read(json: &[u8], fields: Kept) -> serde_json::Result<Option<Self>>;

    /// Whether it holds nothing at all, which cannot be what was asked for.
    fn says_nothing(&self) -> bool;

    /// Each of its texts, replaced where `with` has something instead. A field whose name would have to be is left out.
    fn replace(&mut self, with: &dyn Fn(&str) -> Option<String>);
}

impl FromReply for Object {
    const OUTLINE: &'static str = "an object";

    fn read(json: &[u8], _: Kept) -> serde_json::Result<Option<Self>> {
        json::object(json)
    }

    fn says_nothing(&self) -> bool {
        self.fields().all(|(_, value)| value.is_null())
    }

    fn replace(&mut self, with: &dyn Fn(&str) -> Option<String>) {
        self.replace_texts(with);
    }
}

impl FromReply for List {
    const OUTLINE: &'static str = "a list";

    fn read(json: &[u8], fields: Kept) -> serde_json::Result<Option<Self>> {
        json::list(json, fields)
    }

    /// A list may well be empty.
    fn says_nothing(&self) -> bool {
        false
    }

    fn replace(&mut self, with: &dyn Fn(&str) -> Option<String>) {
        self.data.iter_mut().for_each(|object| object.replace_texts(with));
    }
}
