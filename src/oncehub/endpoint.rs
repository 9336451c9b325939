use std::marker::PhantomData;

use reqwest::Method;
use serde::Serialize;
use serde_json::Value;

use super::{Id, List, Object};

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

    /// The fields of a list's objects that will be looked at; the others are dropped. `form.name` means only that part of `form`.
    /// None means all.
    fn fields(&self) -> Option<&'static [&'static str]> {
        None
    }
}

/// A GET that answers with pages. `before`, `after` and `limit` are added by [`Client::list`](super::Client::list).
pub trait Listing: Endpoint<Response = List> {}

impl<E: Endpoint<Response = List>> Listing for E {}

/// The things of one kind that OnceHub has.
pub trait Collection: Send + Sync + 'static {
    /// The first segment of its paths.
    const PATH: &'static str;
}

/// `GET /{noun}/{id}`: one of a noun, whole.
#[derive(Debug, Serialize)]
#[serde(bound = "")]
pub struct Get<N> {
    #[serde(skip)]
    id: Id,
    #[serde(skip)]
    noun: PhantomData<fn() -> N>,
}

/// `DELETE /{noun}/{id}`.
#[derive(Debug, Serialize)]
#[serde(bound = "")]
pub struct Delete<N> {
    #[serde(skip)]
    id: Id,
    #[serde(skip)]
    noun: PhantomData<fn() -> N>,
}

/// `GET /{noun}`, newest first, where nothing can be filtered by.
#[derive(Debug, Serialize)]
#[serde(bound = "")]
pub struct All<N> {
    #[serde(skip)]
    noun: PhantomData<fn() -> N>,
}

impl<N> Get<N> {
    /// The one with this id.
    pub fn new(id: Id) -> Self {
        Self { id, noun: PhantomData }
    }
}

impl<N> Delete<N> {
    /// The one with this id.
    pub fn new(id: Id) -> Self {
        Self { id, noun: PhantomData }
    }
}

impl<N> Default for All<N> {
    fn default() -> Self {
        Self { noun: PhantomData }
    }
}

impl<N: Collection> Endpoint for Get<N> {
    type Response = Object;
    const METHOD: Method = Method::GET;

    fn path(&self) -> Vec<&str> {
        vec![N::PATH, self.id.as_str()]
    }
}

impl<N: Collection> Endpoint for Delete<N> {
    type Response = Object;
    const METHOD: Method = Method::DELETE;

    fn path(&self) -> Vec<&str> {
        vec![N::PATH, self.id.as_str()]
    }
}

impl<N: Collection> Endpoint for All<N> {
    type Response = List;
    const METHOD: Method = Method::GET;

    fn path(&self) -> Vec<&str> {
        vec![N::PATH]
    }
}

/// A reply made of any JSON that fits its outline.
pub trait FromReply: Sized {
    /// What it is, in a word or two.
    const OUTLINE: &'static str;

    /// Reads it, of a list's objects only `fields`; JSON of another shape altogether is nothing.
    fn read(json: Value, fields: Option<&[&str]>) -> Option<Self>;

    /// Whether it holds nothing at all, which cannot be what was asked for.
    fn says_nothing(&self) -> bool;
}

impl FromReply for Object {
    const OUTLINE: &'static str = "an object";

    fn read(json: Value, _: Option<&[&str]>) -> Option<Self> {
        json.is_object().then(|| Self::new(json))
    }

    fn says_nothing(&self) -> bool {
        self.values().all(Value::is_null)
    }
}

impl FromReply for List {
    const OUTLINE: &'static str = "a list";

    fn read(json: Value, fields: Option<&[&str]>) -> Option<Self> {
        let mut list = Self::new(json)?;
        if let Some(fields) = fields {
            list.data.iter_mut().for_each(|object| object.keep(fields));
        }
        Some(list)
    }

    /// A list may well be empty.
    fn says_nothing(&self) -> bool {
        false
    }
}
