//! A request as it is sent: an endpoint, written out.

use reqwest::Method;
use url::Url;

use super::{Cause, Endpoint, Error, Outcome, ledger};

/// A request to OnceHub, without its key.
pub(super) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    /// The method and the path without ids, for metrics.
    pub(super) endpoint: String,
    pub(super) body: Option<String>,
    /// For a change: the id in its path and the addresses in its body.
    pub(super) about: Vec<String>,
}

impl Request {
    /// Writes out an endpoint of the API at `root`.
    ///
    /// # Errors
    /// If it has no query or JSON of its own, which is a bug.
    pub(super) fn of<E: Endpoint>(endpoint: &E, root: &Url) -> Result<Self, Error> {
        let unwritable = |error: &dyn std::fmt::Display| {
            let problem = format!("the request could not be written: {error}");
            Error::not_done(Cause::UnexpectedReply { problem, status: 0, request_id: None })
        };
        let (method, path) = endpoint.route();
        let mut url = root.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(&path);
        }
        let (mut body, mut about) = (None, Vec::new());
        if method == Method::GET {
            let query = serde_urlencoded::to_string(endpoint).map_err(|error| unwritable(&error))?;
            url.set_query(Some(&*query).filter(|query| !query.is_empty()));
        } else {
            let value = serde_json::to_value(endpoint).map_err(|error| unwritable(&error))?;
            about = ledger::about(&path, &value);
            body = value.as_object().is_some_and(|fields| !fields.is_empty()).then(|| value.to_string());
        }
        let endpoint = format!("{method} {}", ledger::outline(&path));
        Ok(Self { method, url, endpoint, body, about })
    }

    /// Returns whether it changes nothing.
    pub(super) fn is_read(&self) -> bool {
        self.method == Method::GET
    }

    /// Returns the error of this request that has failed with this cause.
    pub(super) fn failed(&self, cause: Cause) -> Error {
        let may_have_happened = !self.is_read() && cause.may_have_happened();
        Error { cause, outcome: if may_have_happened { Outcome::Unknown } else { Outcome::NotDone } }
    }
}
