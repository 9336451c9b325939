//! One call of a tool: its arguments, its deadline, and the way back to the person.

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

/// What a tool's handler is given.
pub(super) struct Call {
    pub(super) oncehub: Client,
    pub(super) directory: Directory,
    pub(super) settings: Arc<Settings>,
    /// The moment at which the call began: every "today" in it is the same day.
    pub(super) now: Timestamp,
    arguments: JsonObject,
    /// Arguments that were given without a value, which is as if they had been left out.
    blank: Vec<String>,
    /// Whether a person has been asked, and has said yes.
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
    /// The arguments, read.
    pub(super) fn input<I: DeserializeOwned + JsonSchema + 'static>(&mut self) -> Result<I, Failure> {
        let is_blank = |value: &Value| value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty());
        self.blank = self.arguments.iter().filter(|(_, value)| is_blank(value)).map(|(name, _)| name.clone()).collect();
        arguments::read(&schema::input::<I>(), std::mem::take(&mut self.arguments))
    }
}

impl Call {
    /// Whether a person was asked: what was read before that may be minutes old.
    pub(super) fn was_asked(&self) -> bool {
        self.asked
    }

    /// Says of a change which fields were passed empty: who does that may have meant to empty them.
    pub(super) fn note_blank(&self, reply: &mut Reply) {
        if !self.blank.is_empty() {
            reply.note(&format!("Left as it is, because an empty value changes nothing: {}.", self.blank.join(", ")));
        }
    }

    /// The zone of this call's replies and inputs: the one asked for, else the server's.
    pub(super) fn zone(&self, asked: Option<&str>) -> Result<Zone, Failure> {
        self.zone_of("time_zone", asked)
    }

    /// As [`Call::zone`], for an argument with another name.
    pub(super) fn zone_of(&self, argument: &str, asked: Option<&str>) -> Result<Zone, Failure> {
        match asked {
            None => Ok(self.settings.zone.clone()),
            Some(name) => Zone::parse(name)
                .map_err(|error| Failure::argument(argument, error, "use an IANA zone such as Europe/London")),
        }
    }

    /// A moment as a person writes it.
    pub(super) fn moment(&self, argument: &str, text: &str, zone: &Zone) -> Result<Moment, Failure> {
        time::parse(text, zone, self.now)
            .map_err(|error| Failure::argument(argument, error, "correct it and call again"))
    }

    /// Reads one thing by its id.
    pub(super) async fn read<E: Endpoint<Response = Object>>(&self, get: &E, id: &Id) -> Result<Object, Error> {
        let mut object = self.oncehub.send(get).await?;
        object.fill_id(id.as_str());
        Ok(object)
    }

    /// The client for a write: its deadline leaves time to look what happened, should the reply be lost.
    pub(super) fn for_write(&self) -> Client {
        let reserve = (self.settings.timeout / 3).min(Duration::from_secs(8));
        self.oncehub.until(self.deadline.checked_sub(reserve).unwrap_or(self.deadline))
    }

    /// Says how far a call that takes several requests has come.
    pub(super) async fn progress(&self, done: usize, total: Option<usize>) {
        let Some((peer, token)) = &self.progress else { return };
        #[expect(clippy::cast_precision_loss, reason = "counts of objects are small")]
        let mut params = ProgressNotificationParam::new(token.clone(), done as f64);
        #[expect(clippy::cast_precision_loss, reason = "counts of objects are small")]
        if let Some(total) = total {
            params = params.with_total(total as f64);
        }
        // While the server shuts down nobody takes notifications any more, and waiting would lose the reply.
        let _ = tokio::time::timeout(Duration::from_millis(100), peer.notify_progress(params)).await;
    }

    /// Asks the person, where that is wanted, and returns after a yes.
    ///
    /// `in_auto` says whether `auto` asks. `current` is the object that stays as it is when the answer is no.
    ///
    /// # Errors
    /// [`Stop::Declined`] after a no, and instead of any change in a dry run; a failure where a person has to be asked and cannot.
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
        // The time that a person takes is not the call's.
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

/// What a dry run answers instead of asking `question` and doing what it says.
fn dry_run(question: &str) -> Reply {
    // What follows the question itself says what else would happen.
    let would = question.replacen("? ", ". ", 1);
    let would = format!("{}.", would.trim_end_matches(['?', '.']));
    let text = format!(
        "Dry run: nothing was sent, and nobody was asked. Whether OnceHub would accept it was not checked. This would: {would}"
    );
    let fields = [("dry_run".to_owned(), true.into()), ("would".to_owned(), would.into())];
    Reply::new(Map::from_iter(fields), text)
}
