//! Creating an object.

use super::{Action, Context, Question, Seen, Subject};
use crate::oncehub::{Endpoint, Error, Listing, Object};
use crate::records::{Failure, Noun, word};

/// OnceHub's largest page: this many of the newest objects are scanned for one that was just created.
const NEWEST: usize = 100;

/// The creation of an object. If the response is lost, it is looked for among the newest that were not there before.
pub struct Create<E, L> {
    /// The request.
    pub request: E,
    /// Where the object would be listed.
    pub listing: L,
    /// Whether a listed object may be the one that the request creates.
    pub is_it: fn(&E, &Object) -> bool,
    /// What the person is asked.
    pub question: Question,
    /// What is created.
    pub subject: Subject,
    /// The noun whose names this adds to.
    pub noun: Option<Noun>,
    /// The ids of such objects that were there before.
    pub known: Vec<String>,
}

impl<E, L: Listing> Create<E, L> {
    async fn alike(&self, context: &Context) -> Result<Vec<Object>, Error> {
        let mut newest = context.oncehub().page(&self.listing, NEWEST, None).await?.items;
        newest.retain(|object| (self.is_it)(&self.request, object));
        Ok(newest)
    }
}

impl<E, L> Action for Create<E, L>
where
    E: Endpoint<Response = Object> + Clone + Send,
    L: Listing + Send,
{
    type Request = E;

    fn noun(&self) -> Option<Noun> {
        self.noun
    }

    fn question(&self) -> Question {
        self.question.clone()
    }

    async fn prepare(&mut self, context: &Context) -> Result<(), Failure> {
        self.known = self.alike(context).await?.iter().filter_map(|object| object.text("id").map(word)).collect();
        Ok(())
    }

    fn request(&self) -> E {
        self.request.clone()
    }

    fn subject(&self) -> Subject {
        self.subject.clone()
    }

    async fn look(&self, context: &Context) -> Result<Seen, Error> {
        let is_new = |object: &Object| object.text("id").is_some_and(|id| !self.known.contains(&word(id)));
        Ok(Seen::made(self.alike(context).await?.into_iter().find(is_new)))
    }

    fn explain(&self, mut failure: Failure) -> Failure {
        if !self.known.is_empty() {
            let known = self.known.join(", ");
            failure.message.push_str(&format!("; {} already existed: {known}", self.subject.what));
        }
        failure
    }
}
