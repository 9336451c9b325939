//! Deleting an object.

use super::{Action, Context, Question, Seen, Subject};
use crate::oncehub::{Collection, Error, Id, Object, One, Rejection};
use crate::records::Noun;

/// The deletion of an object.
pub struct Delete {
    /// The object.
    pub id: Id,
    /// What the person is asked.
    pub question: Question,
    /// What is deleted.
    pub subject: Subject,
    /// The noun whose names this removes one from.
    pub noun: Option<Noun>,
    /// The collection that it is deleted from.
    pub collection: Collection,
}

impl Action for Delete {
    type Request = One;

    fn noun(&self) -> Option<Noun> {
        self.noun
    }

    fn question(&self) -> Question {
        self.question.clone()
    }

    fn request(&self) -> One {
        self.collection.delete(&self.id)
    }

    fn subject(&self) -> Subject {
        self.subject.clone()
    }

    async fn look(&self, context: &Context) -> Result<Seen, Error> {
        match context.oncehub().send(&self.collection.get(&self.id)).await {
            Err(error) if error.rejection().is_some_and(Rejection::is_not_found) => Ok(Seen::Done(Object::default())),
            read => Ok(Seen::made(Some(read?).filter(Object::is_deleted))),
        }
    }
}
