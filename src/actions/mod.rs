//! Changes to an account, as values: an [`Action`] knows what the person is asked, the request that makes the change,
//! and how to look up whether it happened. [`carry_out`] carries any of them out: it asks, sends once, and looks.
//!
//! OnceHub has no idempotency key: a write that may have been carried out is never sent again, and when its response is
//! lost, reading back checks whether it happened. Only a rejection by OnceHub, or a request that never left, proves that
//! it did not.

pub mod ask;
pub mod availability;
pub mod bookings;
pub mod contacts;
mod context;
mod create;
mod delete;
pub mod differences;
pub mod links;
pub mod moving;
pub mod scheduling;
pub mod turns;
pub mod users;
pub mod webhooks;

use std::future::Future;

use jiff::SignedDuration;
use tokio::time::Instant;

pub use context::{Context, DefaultMe, MAX_REPLY, Settings};
pub use create::Create;
pub use delete::Delete;

use crate::oncehub::{Endpoint, Error, Object, Outcome};
use crate::records::{Failure, Noun};

/// How long OnceHub may still be working on a request whose outcome is unknown.
pub const PENDING: SignedDuration = SignedDuration::from_secs(60);

/// A change to the account that can be carried out once.
pub trait Action: Send + Sync {
    /// The request that makes the change.
    type Request: Endpoint<Response = Object>;

    /// Returns what the person is asked.
    fn question(&self) -> Question;

    /// Returns why OnceHub is certain to refuse it. Then nobody is asked.
    fn impossible(&self) -> Option<Failure> {
        None
    }

    /// Reads what has to be known right before the change is sent. If the person `was_asked`, what was read before may be
    /// minutes old.
    fn prepare(&mut self, _context: &Context, _was_asked: bool) -> impl Future<Output = Result<(), Failure>> + Send {
        async { Ok(()) }
    }

    /// Returns the request.
    fn request(&self) -> Self::Request;

    /// Returns the subject, for the wording of a failure.
    fn subject(&self) -> Subject;

    /// Whether OnceHub's reply shows that the change was made. If it does not, a look has to tell.
    fn is_shown_by(&self, _reply: &Object) -> bool {
        true
    }

    /// Looks up whether the change was made.
    fn look(&self, context: &Context) -> impl Future<Output = Result<Seen, Error>> + Send;

    /// Returns the noun whose names the change may alter.
    fn noun(&self) -> Option<Noun> {
        None
    }

    /// Adds to a failure what only the action knows.
    fn explain(&self, failure: Failure) -> Failure {
        failure
    }
}

/// What the person is asked before a change.
#[derive(Clone, Debug)]
pub struct Question {
    /// What will happen, to whom and when: an imperative without punctuation at its end.
    pub change: String,
    /// Sentences that follow it, each with a leading space: what else is known.
    pub more: String,
    /// Whether it is asked unless the operator says otherwise: before what cannot be undone.
    pub is_important: bool,
}

impl Question {
    /// A question before something that cannot be undone.
    pub fn important(change: impl Into<String>) -> Self {
        Self { change: change.into(), more: String::new(), is_important: true }
    }

    /// A question that is asked only where every change is.
    pub fn ordinary(change: impl Into<String>) -> Self {
        Self { change: change.into(), more: String::new(), is_important: false }
    }

    /// Appends what else is known: sentences, each with a leading space.
    #[must_use]
    pub fn and(mut self, more: &str) -> Self {
        self.more.push_str(more);
        self
    }
}

/// The subject of a change, for the wording of its failure.
#[derive(Clone, Debug)]
pub struct Subject {
    /// "the booking BKNG-1".
    pub what: String,
    /// What to do first when the outcome could not be determined.
    pub check: Check,
}

/// What to do about an unknown outcome.
#[derive(Clone, Debug)]
pub enum Check {
    /// The call with which to look later: "check its status with get_booking BKNG-1".
    With(String),
    /// OnceHub cannot be asked: a hint instead.
    Impossible(&'static str),
}

impl Subject {
    /// Creates a subject that can be looked up.
    pub fn new(what: impl Into<String>, check: impl Into<String>) -> Self {
        Self { what: what.into(), check: Check::With(check.into()) }
    }
}

/// The result of a look.
#[derive(Debug)]
pub enum Seen {
    /// The change was made: this is the object now.
    Done(Object),
    /// Nothing was done.
    Nothing,
    /// What is there may be somebody else's doing.
    Unclear,
}

impl Seen {
    /// Takes the object, if there is one, as proof.
    pub fn made(object: Option<Object>) -> Self {
        object.map_or(Self::Nothing, Self::Done)
    }
}

/// A change that was made.
#[derive(Clone, Debug)]
pub struct Done {
    /// OnceHub's reply, or what a look found.
    pub object: Object,
    /// Whether OnceHub's reply was lost or did not show the change, and a look found it.
    pub looked_up: bool,
}

/// Why a change was not made.
#[derive(Debug)]
pub enum Stop {
    /// It failed, or its outcome is unknown.
    Failed(Failure),
    /// The person said no, or was not there to say yes.
    Declined(Declined),
    /// This server only tells what it would do.
    DryRun {
        /// What would have happened, as a sentence.
        would: String,
    },
}

/// A change that the person did not agree to.
#[derive(Debug)]
pub struct Declined {
    /// The question.
    pub question: String,
    /// Why, as a clause: "the person said no".
    pub why: &'static str,
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Carries out a change: asks the person, where that is required, and executes it after a yes.
///
/// # Errors
/// If OnceHub is certain to refuse it, the person does not agree, this is a dry run, or as [`execute`].
pub async fn carry_out<A: Action>(context: &mut Context, action: &mut A) -> Result<Done, Stop> {
    if let Some(failure) = action.impossible() {
        return Err(failure.into());
    }
    let was_asked = context.agree(action.question()).await?;
    Ok(send(context, action, was_asked).await?)
}

/// Sends a change that was agreed to, once, and finds out what happened when OnceHub's response leaves that open. What
/// the change was made of is not older than the agreement.
///
/// The change may still be in progress when a look finds nothing, so there are several; after the last one the outcome
/// is unknown, however long ago it was sent.
///
/// # Errors
/// If OnceHub refuses the change, or its outcome cannot be determined.
pub async fn execute<A: Action>(context: &Context, action: &mut A) -> Result<Done, Failure> {
    send(context, action, false).await
}

async fn send<A: Action>(context: &Context, action: &mut A, was_asked: bool) -> Result<Done, Failure> {
    action.prepare(context, was_asked).await?;
    let sent = context.for_write().send(&action.request()).await;
    if let Some(noun) = action.noun() {
        context.names.directory.forget(noun);
    }
    let failure = match sent {
        Ok(object) if action.is_shown_by(&object) => return Ok(Done { object, looked_up: false }),
        Ok(_) => {
            let failure = Failure::unexpected("OnceHub accepted the change, but its reply does not show it");
            Failure { outcome: Some(Outcome::Unknown), ..failure }
        }
        Err(error) => Failure::of_write(&error),
    };
    let Subject { what, check } = action.subject();
    let check = match check {
        _ if failure.outcome != Some(Outcome::Unknown) => return Err(action.explain(failure)),
        Check::Impossible(hint) => return Err(failure.hint(hint)),
        Check::With(check) => check,
    };
    tracing::warn!(kind = ?failure.kind, "the outcome of a write is unknown: looking");
    // The result of the last look; `None` if it failed.
    let mut shown = None;
    for pause in &context.settings.looks {
        if Instant::now() + *pause >= context.deadline {
            break;
        }
        tokio::time::sleep(*pause).await;
        match action.look(context).await {
            Ok(Seen::Done(object)) => return Ok(Done { object, looked_up: true }),
            Ok(seen) => shown = Some(seen),
            Err(error) => {
                tracing::warn!(kind = ?Failure::from(&error).kind, "could not look");
                shown = None;
            }
        }
    }
    Err(action.explain(left_unknown(failure, &what, shown.as_ref(), &check)))
}

/// Returns the failure of a write whose outcome stays unknown: what a look has shown, and what to do first.
fn left_unknown(mut failure: Failure, what: &str, shown: Option<&Seen>, check: &str) -> Failure {
    let found = match shown {
        Some(Seen::Nothing) => {
            format!("{what} was looked up afterwards: not done so far, but OnceHub may still be working on it")
        }
        Some(_) => {
            format!("{what} was looked up afterwards, and what is there does not tell whether this was done")
        }
        None => format!("whether it was done is unknown, since {what} could not be read either"),
    };
    failure.message.push_str(&format!("; {found}"));
    failure.hint(format!("do not retry yet: wait a minute, then {check}"))
}
