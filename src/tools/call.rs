//! A tool call: its arguments, its deadline, and how to reach the person.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rmcp::handler::server::common::FromContextPart;
use rmcp::handler::server::tool::ToolCallContext;
use rmcp::model::{JsonObject, ProgressNotificationParam};
use rmcp::{ErrorData, Peer, RoleServer};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::confirm::{Answer, Ask, Confirm};
use super::failure::{Failure, Stop};
use super::names::Directory;
use super::reply::Reply;
use super::time::{self, Moment, Zone};
use super::untrusted::clean;
use super::{Settings, Tools, arguments, schema};
use crate::oncehub::{Client, Endpoint, Error, Id, Ledger, Object};

/// The context that a tool's handler receives.
pub(super) struct Call {
    pub(super) oncehub: Client,
    pub(super) directory: Directory,
    pub(super) settings: Arc<Settings>,
    /// The moment the call began: every "today" within it is the same day.
    pub(super) now: Timestamp,
    arguments: JsonObject,
    /// Arguments passed without a value, which are treated as left out.
    blank: Vec<String>,
    /// Whether a person was asked and said yes.
    asked: bool,
    pub(super) deadline: Instant,
    ask: Option<Arc<dyn Ask>>,
    progress: Option<(Peer<RoleServer>, rmcp::model::ProgressToken)>,
}

impl FromContextPart<ToolCallContext<'_, Tools>> for Call {
    fn from_context_part(context: &mut ToolCallContext<'_, Tools>) -> Result<Self, ErrorData> {
        let tools = context.service;
        let request = &context.request_context;
        let deadline = Instant::now() + tools.settings.timeout;
        let ledger = request.extensions.get::<Ledger>().cloned().unwrap_or_default();
        let progress = request.meta.get_progress_token().map(|token| (request.peer.clone(), token));
        Ok(Self {
            oncehub: tools.oncehub.for_call(deadline, ledger),
            directory: tools.directory.clone(),
            now: (tools.settings.now)(),
            settings: Arc::clone(&tools.settings),
            arguments: context.arguments.take().unwrap_or_default(),
            blank: Vec::new(),
            asked: false,
            deadline,
            ask: request.extensions.get::<Arc<dyn Ask>>().cloned(),
            progress,
        })
    }
}

impl Call {
    /// Reads the arguments.
    pub(super) fn input<I: DeserializeOwned + JsonSchema + 'static>(&mut self) -> Result<I, Failure> {
        let is_blank = |value: &Value| value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty());
        self.blank = self.arguments.iter().filter(|(_, value)| is_blank(value)).map(|(name, _)| name.clone()).collect();
        arguments::read(&schema::input::<I>(), std::mem::take(&mut self.arguments))
    }
}

impl Call {
    /// Whether a person was asked: anything read before that may be minutes old.
    pub(super) fn was_asked(&self) -> bool {
        self.asked
    }

    /// Notes which fields of a change were passed empty: the caller may have meant to clear them.
    pub(super) fn note_blank(&self, reply: &mut Reply) {
        if !self.blank.is_empty() {
            reply.note(&format!("Left as it is, because an empty value changes nothing: {}.", self.blank.join(", ")));
        }
    }

    /// Returns the zone of this call's replies and inputs: the one asked for, or else the server's.
    pub(super) fn zone(&self, asked: Option<&str>) -> Result<Zone, Failure> {
        self.zone_of("time_zone", asked)
    }

    /// Like [`Call::zone`], for an argument with another name.
    pub(super) fn zone_of(&self, argument: &str, asked: Option<&str>) -> Result<Zone, Failure> {
        match asked {
            None => Ok(self.settings.zone.clone()),
            Some(name) => Zone::parse(name)
                .map_err(|error| Failure::argument(argument, error, "use an IANA zone such as Europe/London")),
        }
    }

    /// Parses a moment as people write it.
    pub(super) fn moment(&self, argument: &str, text: &str, zone: &Zone) -> Result<Moment, Failure> {
        time::parse(text, zone, self.now)
            .map_err(|error| Failure::argument(argument, error, "correct it and call again"))
    }

    /// Reads one object by its id.
    pub(super) async fn read<E: Endpoint<Response = Object>>(&self, get: &E, id: &Id) -> Result<Object, Error> {
        let mut object = self.oncehub.send(get).await?;
        object.fill_id(id.as_str());
        Ok(object)
    }

    /// Returns the client for a write: its deadline leaves time to check what happened, should the response be lost.
    pub(super) fn for_write(&self) -> Client {
        let reserve = (self.settings.timeout / 3).min(Duration::from_secs(8));
        self.oncehub.until(self.deadline.checked_sub(reserve).unwrap_or(self.deadline))
    }

    /// Reports the progress of a call that takes several requests.
    pub(super) async fn progress(&self, done: usize, total: Option<usize>) {
        let Some((peer, token)) = &self.progress else { return };
        #[expect(clippy::cast_precision_loss, reason = "counts of objects are small")]
        let mut params = ProgressNotificationParam::new(token.clone(), done as f64);
        #[expect(clippy::cast_precision_loss, reason = "counts of objects are small")]
        if let Some(total) = total {
            params = params.with_total(total as f64);
        }
        // During shutdown nobody receives notifications any more, and waiting would lose the reply.
        let _ = tokio::time::timeout(Duration::from_millis(100), peer.notify_progress(params)).await;
    }

    /// Asks the person, where that is required, and returns after a yes.
    ///
    /// `in_auto` says whether `auto` asks. `current` is the object, unchanged, for the reply when the answer is no.
    ///
    /// # Errors
    /// [`Stop::Declined`] after a no, and instead of any change in a dry run; a failure where a person must be asked
    /// and cannot be.
    pub(super) async fn agree(
        &mut self,
        in_auto: bool,
        question: &str,
        current: &(dyn Fn() -> Map<String, Value> + Sync),
    ) -> Result<(), Stop> {
        if self.settings.dry_run {
            return Err(Stop::Declined(dry_run(&clean(question))));
        }
        let wanted = match self.settings.confirm {
            Confirm::Never => false,
            Confirm::Auto => in_auto,
            Confirm::Always => true,
        };
        if !wanted {
            return Ok(());
        }
        let asked_at = Instant::now();
        let question = &*clean(question);
        let answer = match &self.ask {
            Some(ask) => ask.ask(question).await,
            None => Answer::CannotAsk,
        };
        // The time the person takes does not count against the call.
        self.deadline += asked_at.elapsed();
        self.oncehub = self.oncehub.until(self.deadline);
        let no = match answer {
            Answer::Yes => {
                self.asked = true;
                return Ok(());
            }
            Answer::CannotAsk if self.settings.confirm == Confirm::Auto => return Ok(()),
            Answer::CannotAsk => {
                let problem =
                    format!("This server asks a person before every change, and this client cannot ask: {question}");
                let hint =
                    "use a client that supports elicitation, or have the operator start the server with --confirm auto";
                return Err(Failure::not_confirmed(problem, hint).into());
            }
            Answer::Handed => {
                return Err(Failure::not_confirmed(question, "answer the question; the call then goes on").into());
            }
            Answer::Declined => "the person said no",
            Answer::Dismissed => "the person closed the question",
            Answer::TimedOut => "nobody answered in time",
        };
        let note = format!("Nothing was changed: {no}. Do not try again unless they ask for it.");
        let mut fields = current();
        fields.insert("confirmed".into(), false.into());
        fields.insert("note".into(), note.clone().into());
        Err(Stop::Declined(Reply::new(fields, format!("{note}\nThe question was: {question}"))))
    }
}

/// Returns a dry run's reply, instead of asking `question` and doing what it says.
fn dry_run(question: &str) -> Reply {
    // What follows the question says what else would happen.
    let would = question.replacen("? ", ". ", 1);
    let would = format!("{}.", would.trim_end_matches(['?', '.']));
    let text = format!(
        "Dry run: nothing was sent, and nobody was asked. Whether OnceHub would accept it was not checked. This would: {would}"
    );
    let fields = [("dry_run".to_owned(), true.into()), ("would".to_owned(), would.into())];
    Reply::new(Map::from_iter(fields), text)
}
