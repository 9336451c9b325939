//! Whose account a request is about.

use std::any::Any;
use std::sync::Arc;

use rmcp::ErrorData;
use rmcp::model::Extensions;

use crate::tools::{Catalogue, Tools};

/// What a request is served with: the tools of one account, and what is offered of them.
///
/// On standard input and output there is one for the life of the process. Over HTTP each request brings its own, among the
/// extensions of its [`http::request::Parts`]: nothing about it is ever taken from a session.
#[derive(Clone)]
pub struct Account {
    /// The tools.
    pub tools: Tools,
    /// What is offered.
    pub catalogue: Arc<Catalogue>,
    /// Whatever the transport wants kept for as long as the request is worked on.
    pub held: Option<Arc<dyn Any + Send + Sync>>,
    /// What logs call it: nothing that a key could be told from. Answers to questions are bound to it.
    pub tenant: Arc<str>,
}

impl Account {
    /// The account that a request brought with it.
    fn of_request(extensions: &Extensions) -> Option<&Self> {
        extensions.get::<http::request::Parts>()?.extensions.get()
    }
}

/// Where a server's accounts come from.
#[derive(Clone)]
pub(super) enum Accounts {
    /// Always this one.
    One(Box<Account>),
    /// Whichever a request brings.
    OfRequests,
}

impl Accounts {
    /// The account of a request.
    ///
    /// # Errors
    /// When it has none, which no transport that asks for keys lets happen.
    pub(super) fn of(&self, extensions: &Extensions) -> Result<Account, ErrorData> {
        let account = match self {
            Self::One(account) => Some(&**account),
            Self::OfRequests => Account::of_request(extensions),
        };
        account.cloned().ok_or_else(|| ErrorData::internal_error("this request came without an account", None))
    }
}
