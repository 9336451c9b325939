//! What goes wrong between this server and the identity provider, in the words of the log. The person gets a page.

use std::sync::Arc;

/// The longest name of an error of the provider's that is repeated, in characters.
const LONGEST: usize = 40;

/// A problem with the provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    /// It has not answered, or not in time.
    #[error("it cannot be reached: {0}")]
    Unreachable(Arc<str>),
    /// It answers, and cannot be used.
    #[error("{0}")]
    Unusable(&'static str),
    /// One of its answers cannot be used.
    #[error("{0} {1}")]
    Answer(&'static str, &'static str),
    /// It refuses what it was asked, by OAuth's word for it.
    #[error("it refuses: {0}")]
    Refused(Arc<str>),
    /// Its token does not say who the person is.
    #[error("its ID token is not good: {0}")]
    Token(&'static str),
}

impl Problem {
    /// Returns the problem by the name that the provider has for it, as far as that can stand in a log and on a page.
    pub(super) fn refused(error: &str) -> Self {
        let is_word = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let word: String = error.chars().filter(is_word).take(LONGEST).collect();
        Self::Refused(word.into())
    }
}

/// Returns the innermost cause in words. The error's own text would repeat the address.
pub(super) fn reason(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match innermost.to_string() {
        text if text.contains("://") => "the connection failed".into(),
        text => text,
    }
}
