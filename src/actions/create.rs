//! Creating an object.

use super::{Action, Context, Question, Seen, Subject};
use crate::oncehub::{Endpoint, Error, Listing, Object};
use crate::records::{Failure, Noun, word};

/// OnceHub's largest page: one that was just created is looked for among so many of the newest.
const NEWEST: usize = 100;

/// The creation of an object. If the response is lost, it is looked for among the newest that were not there before.
pub struct Create<E, L> {
    request: E,
    listing: L,
    is_it: fn(&E, &Object) -> bool,
    question: Question,
    subject: Subject,
    noun: Option<Noun>,
    /// The ids of similar objects that existed before.
    known: Vec<String>,
}

impl<E, L> Create<E, L> {
    /// Creates the change: the request, where the object would be listed, whether a listed one may be it, what the person
    /// is asked, and what is created.
    pub fn new(request: E, listing: L, is_it: fn(&E, &Object) -> bool, question: Question, subject: Subject) -> Self {
        Self { request, listing, is_it, question, subject, noun: None, known: Vec::new() }
    }

    /// Returns the same, which adds to the names of this noun.
    #[must_use]
    pub fn named_as(self, noun: Noun) -> Self {
        Self { noun: Some(noun), ..self }
    }
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

    async fn prepare(&mut self, context: &Context, _: bool) -> Result<(), Failure> {
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
