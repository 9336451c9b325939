//! Making one-time links.

use super::{Action, Check, Context, Question, Seen, Subject};
use crate::oncehub::{Endpoint, Error, Object};

/// The creation of a one-time link. OnceHub does not list links, so a lost response cannot be made up for.
pub struct MakeLink<E> {
    /// The request.
    pub request: E,
    /// What the person is asked.
    pub question: String,
}

impl<E: Endpoint<Response = Object> + Clone + Send> Action for MakeLink<E> {
    type Request = E;

    fn question(&self) -> Question {
        Question::ordinary(&self.question)
    }

    fn request(&self) -> E {
        self.request.clone()
    }

    fn subject(&self) -> Subject {
        let hint = "OnceHub cannot be asked whether the link was created; creating another does no harm: one that nobody has \
            is never used, and expires after 90 days";
        Subject { what: "the link".to_owned(), check: Check::Impossible(hint) }
    }

    async fn look(&self, _: &Context) -> Result<Seen, Error> {
        Ok(Seen::Nothing)
    }
}
