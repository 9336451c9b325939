//! How a question reaches the person, in both eras of the protocol.
//!
//! Up to 2025-11-25 the server asks while the call waits. From 2026-07-28 on the call returns the question and is sent
//! again with the answer: then a sealed state ties the answer to its question and its call. It is valid for
//! some minutes, and once.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::FutureExt;
use futures::future::BoxFuture;
use hkdf::Hkdf;
use parking_lot::Mutex;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction,
    ElicitationSchema, InputRequest, InputRequiredResult, ProtocolVersion, RequestStateCodec, SealOptions,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, Peer, RoleServer};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::Account;
use crate::actions::ask::{Answer, Ask};
use crate::store::Records;

/// The question's key among a call's input requests.
const QUESTION: &str = "confirm";

/// The questions of this server, and of those that share its store: what seals their state, and which have been answered.
pub(super) struct Confirmations {
    /// The timeout for a person's answer.
    answer_timeout: Duration,
    /// None if the system's random source failed.
    codec: Option<RequestStateCodec>,
    /// Knows which have been answered.
    store: Arc<dyn Records>,
}

/// The sealed state: which question was asked and when, and a number that makes the answer valid only once.
#[derive(Deserialize, Serialize)]
struct Asked {
    question: Vec<u8>,
    once: u64,
    /// In milliseconds since 1970.
    at: u64,
}

/// An answer that a repeated call carries.
struct Carried {
    question: Vec<u8>,
    answer: Answer,
    /// How long the person took.
    thought: Duration,
}

/// What the person behind a call said, and how long they took: nobody else's time.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) answer: Option<Answer>,
    /// How long the person took to answer, if they did.
    pub(super) thought: Option<Duration>,
    /// How much of that the call waited.
    pub(super) waited: Duration,
}

/// What the person behind a call said, shared between the call and its report.
pub(super) type Person = Arc<Mutex<Said>>;

/// The question that a call returns, if it has one.
pub(super) struct Question {
    left: Arc<Mutex<Option<String>>>,
    confirmations: Arc<Confirmations>,
    call: Vec<u8>,
}

impl Confirmations {
    pub(super) fn new(answer_timeout: Duration, store: Arc<dyn Records>) -> Self {
        let key = store.secret().map_or_else(drawn, |secret| derived(&secret));
        let codec = key.and_then(|key| RequestStateCodec::try_new(key.to_vec()).ok());
        Self { answer_timeout, codec, store }
    }

    /// Returns the same, with this timeout for a person's answer.
    pub(super) fn with_answer_timeout(&self, answer_timeout: Duration) -> Self {
        Self::new(answer_timeout, Arc::clone(&self.store))
    }

    /// Gives a call its way to ask the person, and notes in `person` what they said.
    pub(super) async fn attach(
        self: &Arc<Self>,
        account: &Account,
        request: &CallToolRequestParams,
        context: &mut RequestContext<RoleServer>,
        person: &Person,
    ) -> Result<Question, ErrorData> {
        let left = Arc::new(Mutex::new(None));
        let call = fingerprint(&account.tenant, request);
        let capabilities = context.client_capabilities().unwrap_or_default();
        // `elicitation: {}` means forms, as it did before there were other modes.
        let can_ask =
            capabilities.elicitation.is_some_and(|elicitation| elicitation.form.is_some() || elicitation.url.is_none());
        let is_modern = context
            .protocol_version()
            .is_some_and(|version| version.as_str() >= ProtocolVersion::V_2026_07_28.as_str());
        let way = match (can_ask, is_modern) {
            (false, _) => AskVia::None,
            (true, false) if !account.can_interrupt => AskVia::None,
            (true, false) => AskVia::Waiting { peer: context.peer.clone(), answer_timeout: self.answer_timeout },
            (true, true) => {
                let carried_answer = self.carried_answer(request, &call).await?;
                AskVia::Returning { carried_answer, left: Arc::clone(&left) }
            }
        };
        let asking = Asking { way, person: Arc::clone(person) };
        context.extensions.insert(Arc::new(asking) as Arc<dyn Ask>);
        Ok(Question { left, confirmations: Arc::clone(self), call })
    }

    /// Returns the answer that a repeated call carries, if any.
    async fn carried_answer(&self, request: &CallToolRequestParams, call: &[u8]) -> Result<Option<Carried>, ErrorData> {
        let Some(state) = &request.request_state else { return Ok(None) };
        let refused = |why: &str| {
            ErrorData::invalid_params(format!("{why}: call again without requestState, and answer again"), None)
        };
        let codec = self.codec.as_ref().ok_or_else(|| refused("this server cannot check an answer"))?;
        let asked: Asked = codec
            .open_json_with(state, call)
            .map_err(|_| refused("the answer does not belong to this call, or is too old"))?;
        let answer = request.input_responses.as_ref().and_then(|responses| responses.get(QUESTION));
        let Some(answer) = answer else { return Ok(None) };
        // An answer that cannot be read does not use up the question, which stays open.
        let result: ElicitResult =
            serde_json::from_value(answer.clone()).map_err(|_| refused("the answer cannot be read"))?;
        let noted = self.store.note(&format!("answered:{:016x}", asked.once), asked.at, self.answer_timeout).await;
        let noted = noted.map_err(|_| {
            let why = "whether this answer has been used cannot be seen now, since the store that this server shares with \
                others cannot be reached: call again in a moment";
            ErrorData::internal_error(why, None)
        })?;
        if noted.is_some() {
            return Err(refused("this answer has been used already"));
        }
        let thought = Duration::from_millis(now().saturating_sub(asked.at));
        Ok(Some(Carried { question: asked.question, answer: read(&result), thought }))
    }
}

impl Question {
    /// Returns the call's own response, or the question that it asks instead.
    pub(super) fn into_response(self, response: CallToolResponse) -> CallToolResponse {
        let Some(question) = self.left.lock().take() else {
            return response;
        };
        let asked = Asked { question: digest(&question), once: fastrand::u64(..), at: now() };
        let options = SealOptions::new().associated_data(&self.call).ttl(self.confirmations.answer_timeout);
        let sealed = self.confirmations.codec.as_ref().and_then(|codec| codec.seal_json_with(&asked, &options).ok());
        let Some(sealed) = sealed else { return response };
        let request = InputRequest::Elicitation(ElicitRequest::new(form(&question)));
        InputRequiredResult::new(Some([(QUESTION.to_owned(), request)].into()), Some(sealed)).into()
    }
}

/// How a call asks the person.
enum AskVia {
    /// Not at all: its client cannot ask, or not during this call.
    None,
    /// Up to 2025-11-25: the call waits for the answer.
    Waiting { peer: Peer<RoleServer>, answer_timeout: Duration },
    /// From 2026-07-28 on: the call is sent again with the answer.
    Returning { carried_answer: Option<Carried>, left: Arc<Mutex<Option<String>>> },
}

/// How a call asks the person, and where their answer is noted.
struct Asking {
    way: AskVia,
    person: Person,
}

impl Ask for Asking {
    fn ask<'a>(&'a self, question: &'a str) -> BoxFuture<'a, Answer> {
        async move {
            let asked_at = Instant::now();
            let answer = self.way.ask(question).await;
            let waited = asked_at.elapsed();
            let mut said = self.person.lock();
            said.answer = Some(answer);
            match &self.way {
                AskVia::None => {}
                AskVia::Waiting { .. } => {
                    said.waited += waited;
                    said.thought = Some(said.waited);
                }
                AskVia::Returning { carried_answer, .. } => {
                    said.thought = carried_answer.as_ref().map(|carried| carried.thought);
                }
            }
            answer
        }
        .boxed()
    }
}

impl AskVia {
    async fn ask(&self, question: &str) -> Answer {
        match self {
            Self::None => Answer::CannotAsk,
            Self::Waiting { peer, answer_timeout } => {
                match peer.create_elicitation_with_timeout(form(question), Some(*answer_timeout)).await {
                    Ok(result) => read(&result),
                    Err(rmcp::ServiceError::Timeout { .. }) => Answer::TimedOut,
                    Err(error) => {
                        tracing::warn!(%error, "the question did not reach the person");
                        Answer::ClientError
                    }
                }
            }
            // What was asked must still be what will happen: a booking may have been moved in the meantime.
            Self::Returning { carried_answer: Some(carried), .. } if carried.question == digest(question) => {
                carried.answer
            }
            Self::Returning { left, .. } => {
                *left.lock() = Some(question.to_owned());
                Answer::Handed
            }
        }
    }
}

fn form(question: &str) -> ElicitRequestParams {
    let requested_schema = ElicitationSchema::builder()
        .required_bool_with(QUESTION, |yes| yes.title("Yes, do it"))
        .build()
        .unwrap_or_else(|_| ElicitationSchema::new([].into()));
    ElicitRequestParams::FormElicitationParams { meta: None, message: question.to_owned(), requested_schema }
}

/// Reads what came back. Some hosts send no content with a yes, or a text for the flag.
pub(super) fn read(result: &ElicitResult) -> Answer {
    let yes = match result.content.as_ref().filter(|content| !content.is_null()) {
        None => true,
        Some(content) => content.get(QUESTION).is_some_and(|yes| *yes == true || *yes == "true"),
    };
    match result.action {
        ElicitationAction::Accept if yes => Answer::Yes,
        ElicitationAction::Accept | ElicitationAction::Decline => Answer::Declined,
        _ => Answer::Dismissed,
    }
}

/// Returns a digest of what an answer is bound to: the account, the tool and all its arguments.
fn fingerprint(account: &str, request: &CallToolRequestParams) -> Vec<u8> {
    let mut arguments = Value::Object(request.arguments.clone().unwrap_or_default());
    arguments.sort_all_objects();
    Sha256::digest(format!("{account}\n{}\n{arguments}", request.name)).to_vec()
}

/// Returns a key of this process alone: no other knows what was asked here.
fn drawn() -> Option<[u8; 32]> {
    let mut key = [0; 32];
    getrandom::fill(&mut key).ok().map(|()| key)
}

/// Returns the key of all that share a store.
fn derived(secret: &[u8]) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    Hkdf::<Sha256>::new(None, secret).expand(b"questions", &mut key).ok().map(|()| key)
}

/// Returns the milliseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn digest(question: &str) -> Vec<u8> {
    Sha256::digest(question).to_vec()
}
