//! Changing something at most once. OnceHub has no idempotency key: a write is never sent twice, and when its answer is lost,
//! looking tells what became of it.

use std::collections::HashSet;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::time::Instant;

use super::call::Call;
use super::failure::Failure;
use crate::oncehub::{Endpoint, Error, Id, Listing, Object, Outcome, Rejection};

/// A look at what a write would have changed: the object, when it has been changed.
type Looking<'a> = BoxFuture<'a, Result<Option<Object>, Error>>;

/// How a write is known to have been done.
pub(super) enum Written<R> {
    /// OnceHub said so.
    Answered(R),
    /// OnceHub's answer was lost, and looking found this.
    Found(Object),
}

impl Written<Object> {
    /// The object, and whether it had to be looked for.
    pub(super) fn object(self) -> (Object, bool) {
        match self {
            Self::Answered(object) => (object, false),
            Self::Found(object) => (object, true),
        }
    }
}

/// What a write is about, for the words of its failure.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    /// "the booking BKNG-1".
    pub(super) what: &'a str,
    /// What to do first when nobody could find out whether it was done.
    pub(super) check: &'a str,
}

/// The most that OnceHub gives at once: as many of the newest are looked through for something that was just made.
const NEWEST: usize = 100;

impl Call {
    /// Sends a write, and finds out what happened when OnceHub's answer leaves it open.
    ///
    /// `look` reads what the write would have changed, and gives it when it has been changed. The write itself is never sent
    /// twice. A late one may still be on its way when the first look finds nothing, so there are several.
    pub(super) async fn write<'a, E: Endpoint>(
        &self,
        endpoint: &E,
        subject: Subject<'_>,
        look: &(dyn Fn() -> Looking<'a> + Sync),
    ) -> Result<Written<E::Response>, Failure> {
        let error = match self.for_write().send(endpoint).await {
            Ok(response) => return Ok(Written::Answered(response)),
            Err(error) => error,
        };
        let mut failure = Failure::of_write(&error);
        if error.outcome == Outcome::NotDone {
            return Err(failure);
        }
        tracing::warn!(kind = failure.kind, "the outcome of a write is unknown: looking");
        let mut seen = None;
        for pause in &self.settings.looks {
            if Instant::now() + *pause >= self.deadline {
                break;
            }
            tokio::time::sleep(*pause).await;
            match look().await {
                Ok(Some(object)) => return Ok(Written::Found(object)),
                Ok(None) => seen = Some(()),
                Err(error) => {
                    tracing::warn!(kind = Failure::from(&error).kind, "could not look");
                    seen = None;
                }
            }
        }
        let Subject { what, check } = subject;
        if seen.is_some() {
            failure.outcome = Some("not_done");
            failure.message.push_str(&format!("; {what} was looked up afterwards, and nothing has been done"));
            failure.hint = "nothing has changed: call again if it is still wanted".into();
        } else {
            failure
                .message
                .push_str(&format!("; whether it was done is unknown, since {what} could not be read either"));
            failure.hint = check.to_owned();
        }
        Err(failure)
    }

    /// Changes something that is there: the object afterwards, and whether it had to be looked for.
    ///
    /// `read` reads it again, and `is_done` tells by that whether the change has been made.
    pub(super) async fn change<E, R>(
        &self,
        change: &E,
        read: &R,
        subject: Subject<'_>,
        is_done: &(dyn Fn(&Object) -> bool + Sync),
    ) -> Result<(Object, bool), Failure>
    where
        E: Endpoint<Response = Object>,
        R: Endpoint<Response = Object>,
    {
        let look = || async { Ok(Some(self.oncehub.send(read).await?).filter(|object| is_done(object))) }.boxed();
        Ok(self.write(change, subject, &look).await?.object())
    }

    /// Reads something that is to be changed; what has been deleted already is told as not found.
    pub(super) async fn still_there<R>(&self, read: &R, id: &Id, argument: &str, noun: &str) -> Result<Object, Failure>
    where
        R: Endpoint<Response = Object>,
    {
        let object = self.read(read, id).await?;
        if object.is_deleted() {
            let problem = format!("{argument}: the {noun} {id} has been deleted");
            return Err(Failure::not_found(argument, problem, "it cannot be brought back; choose another"));
        }
        Ok(object)
    }

    /// Deletes something: whether that had to be looked for.
    pub(super) async fn delete<E, R>(&self, delete: &E, read: &R, subject: Subject<'_>) -> Result<bool, Failure>
    where
        E: Endpoint<Response = Object>,
        R: Endpoint<Response = Object>,
    {
        let look = || {
            async {
                match self.oncehub.send(read).await {
                    Err(error) if error.rejection().is_some_and(Rejection::is_not_found) => Ok(Some(Object::default())),
                    read => Ok(Some(read?).filter(Object::is_deleted)),
                }
            }
            .boxed()
        };
        Ok(self.write(delete, subject, &look).await?.object().1)
    }

    /// Makes something new: the object, and whether it had to be looked for, which is done among the newest of `listing` that
    /// were not there before.
    pub(super) async fn create<E, L>(
        &self,
        create: &E,
        listing: &L,
        subject: Subject<'_>,
        is_it: &(dyn Fn(&Object) -> bool + Sync),
    ) -> Result<(Object, bool), Failure>
    where
        E: Endpoint<Response = Object>,
        L: Listing,
    {
        let alike = || async { self.oncehub.page(listing, NEWEST, None).await.map(|page| page.items) };
        let id = |object: &Object| object.text("id").map(str::to_owned);
        let known: HashSet<String> = alike().await?.iter().filter(|object| is_it(object)).filter_map(id).collect();
        let is_new = |object: &Object| is_it(object) && id(object).is_some_and(|id| !known.contains(&id));
        let look = || async { Ok(alike().await?.into_iter().find(is_new)) }.boxed();
        match self.write(create, subject, &look).await {
            Ok(written) => Ok(written.object()),
            Err(mut failure) if failure.outcome == Some("not_done") && !known.is_empty() => {
                let ids: Vec<&str> = known.iter().map(String::as_str).collect();
                failure.message.push_str(&format!("; {} was there before: {}", subject.what, ids.join(", ")));
                if failure.status.is_none_or(|status| status >= 500) {
                    failure.hint = "read it first: making another will be refused".into();
                }
                Err(failure)
            }
            Err(failure) => Err(failure),
        }
    }
}

/// The id of something that was found, or a failure that says how to find it.
pub(super) fn id_of(object: &Object, argument: &str, asked: &str, how: &str) -> Result<Id, Failure> {
    object.text("id").unwrap_or(asked).parse().map_err(|error| Failure::argument(argument, error, how))
}
