//! Changing something at most once. OnceHub has no idempotency key: a write is never sent twice, and when its response
//! is lost, reading back checks whether it happened. Only a rejection by OnceHub, or a request that never left, proves
//! that it did not.

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::time::Instant;

use super::call::Call;
use super::failure::Failure;
use super::untrusted::word;
use crate::oncehub::{Endpoint, Error, Id, Listing, Object, Outcome, Rejection};

/// A check of what a write would have changed.
type Looking<'a> = BoxFuture<'a, Result<Seen, Error>>;

/// The result of a check.
pub(super) enum Seen {
    /// The write was carried out: this is the object now.
    Done(Object),
    /// Nothing was done.
    Nothing,
    /// Something changed, but not as the write would have changed it: somebody else may have been at work.
    Unclear,
}

impl Seen {
    /// Takes the object, if there is one, as proof of creation.
    pub(super) fn made(object: Option<Object>) -> Self {
        object.map_or(Self::Nothing, Self::Done)
    }
}

/// How a write is known to have been done.
pub(super) enum Written<R> {
    /// OnceHub said so.
    Answered(R),
    /// OnceHub's response was lost, and a check found this.
    Found(Object),
}

impl Written<Object> {
    /// Returns the object, and whether it had to be looked up.
    pub(super) fn object(self) -> (Object, bool) {
        match self {
            Self::Answered(object) => (object, false),
            Self::Found(object) => (object, true),
        }
    }
}

/// The subject of a write, for the wording of its failure.
#[derive(Clone, Copy)]
pub(super) struct Subject<'a> {
    /// "the booking BKNG-1".
    pub(super) what: &'a str,
    /// What to do first when the outcome could not be determined.
    pub(super) check: &'a str,
}

/// OnceHub's largest page: this many of the newest objects are scanned for one that was just created.
const NEWEST: usize = 100;

impl Call {
    /// Sends a write, and finds out what happened when OnceHub's response leaves that open.
    ///
    /// `look` checks what the write would have changed. The write itself is never sent twice. It may still be in
    /// progress when a check finds nothing, so there are several; after the last one the outcome is unknown, however
    /// long ago the write was sent.
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
        tracing::warn!(kind = ?failure.kind, "the outcome of a write is unknown: looking");
        // The result of the last check; `None` if it failed.
        let mut shown = None;
        for pause in &self.settings.looks {
            if Instant::now() + *pause >= self.deadline {
                break;
            }
            tokio::time::sleep(*pause).await;
            match look().await {
                Ok(Seen::Done(object)) => return Ok(Written::Found(object)),
                Ok(seen) => shown = Some(seen),
                Err(error) => {
                    tracing::warn!(kind = ?Failure::from(&error).kind, "could not look");
                    shown = None;
                }
            }
        }
        let Subject { what, check } = subject;
        let found = match shown {
            Some(Seen::Nothing) => {
                format!("{what} was looked up afterwards: not done so far, but OnceHub may still be working on it")
            }
            Some(_) => format!(
                "{what} was looked up afterwards: it is not what it was before, and not what was asked for either"
            ),
            None => format!("whether it was done is unknown, since {what} could not be read either"),
        };
        failure.message.push_str(&format!("; {found}"));
        failure.hint = format!("do not repeat it yet: wait a minute, then {check}");
        Err(failure)
    }

    /// Changes an existing object; returns it afterwards, and whether it had to be looked up.
    ///
    /// `read` reads it again, and `see` judges from that whether the change happened.
    pub(super) async fn change<E, R>(
        &self,
        change: &E,
        read: &R,
        subject: Subject<'_>,
        see: &(dyn Fn(Object) -> Seen + Sync),
    ) -> Result<(Object, bool), Failure>
    where
        E: Endpoint<Response = Object>,
        R: Endpoint<Response = Object>,
    {
        let look = || async { Ok(see(self.oncehub.send(read).await?)) }.boxed();
        Ok(self.write(change, subject, &look).await?.object())
    }

    /// Reads an object that is to be changed; one already deleted is reported as not found.
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

    /// Deletes an object; returns whether that had to be looked up.
    pub(super) async fn delete<E, R>(&self, delete: &E, read: &R, subject: Subject<'_>) -> Result<bool, Failure>
    where
        E: Endpoint<Response = Object>,
        R: Endpoint<Response = Object>,
    {
        let look = || {
            async {
                match self.oncehub.send(read).await {
                    Err(error) if error.rejection().is_some_and(Rejection::is_not_found) => {
                        Ok(Seen::Done(Object::default()))
                    }
                    read => Ok(Seen::made(Some(read?).filter(Object::is_deleted))),
                }
            }
            .boxed()
        };
        Ok(self.write(delete, subject, &look).await?.object().1)
    }

    /// Creates an object; returns it, and whether it had to be looked up, which is done among the newest of `listing`
    /// that were not there before.
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
        let id = |object: &Object| object.text("id").map(word);
        let known: Vec<String> = alike().await?.iter().filter(|object| is_it(object)).filter_map(id).collect();
        let is_new = |object: &Object| is_it(object) && id(object).is_some_and(|id| !known.contains(&id));
        let look = || async { Ok(Seen::made(alike().await?.into_iter().find(is_new))) }.boxed();
        match self.write(create, subject, &look).await {
            Ok(written) => Ok(written.object()),
            Err(mut failure) => {
                if !known.is_empty() {
                    failure.message.push_str(&format!("; {} was there before: {}", subject.what, known.join(", ")));
                }
                Err(failure)
            }
        }
    }
}
