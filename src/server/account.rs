//! The account that a request is served with.

use std::any::Any;
use std::net::IpAddr;
use std::sync::Arc;

use rmcp::ErrorData;
use rmcp::model::Extensions;

use crate::tools::{Catalogue, Tools};

/// An account: its tools, and which of them are offered.
///
/// Over stdio there is one for the life of the process. Over HTTP each request carries its own, in the extensions of
/// its [`http::request::Parts`]: it is never taken from a session.
#[derive(Clone)]
pub struct Account {
    /// The tools.
    pub tools: Tools,
    /// The tools that are offered.
    pub catalogue: Arc<Catalogue>,
    /// Whether the server can ask the client something while a call waits.
    pub can_interrupt: bool,
    /// Anything that the transport wants kept alive while the request is in flight.
    pub held: Option<Arc<dyn Any + Send + Sync>>,
    /// Where the request came from, for the log; none over stdio.
    pub origin: Option<Origin>,
    /// The name in logs, which reveals nothing of the key. Answers to questions are bound to it.
    pub tenant: Arc<str>,
}

/// Where a request came from: what its line has in common with those of the transport.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The request's id.
    pub request: Arc<str>,
    /// The client's address.
    pub client: IpAddr,
    /// What the log calls the server's token that it was sent with; `None` without one from a file.
    pub token: Option<Arc<str>>,
}

impl Account {
    /// Returns the account of a request: the server's only one, or else the one that the request carries.
    ///
    /// # Errors
    /// If it has none, which no transport that requires keys lets happen.
    pub(super) fn of<'a>(only: Option<&'a Self>, extensions: &'a Extensions) -> Result<&'a Self, ErrorData> {
        let carried = || extensions.get::<http::request::Parts>()?.extensions.get();
        only.or_else(carried).ok_or_else(|| ErrorData::internal_error("this request came without an account", None))
    }
}
