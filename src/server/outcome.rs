//! How a call ended: one line in the log, the attributes of its span, and the metrics. An alert has to tell OnceHub's
//! faults from a model's slips, so a failure has its type beside it.

use std::borrow::Cow;
use std::time::Duration;

use metrics::{counter, histogram};
use rmcp::ErrorData;
use rmcp::model::{CallToolResponse, ErrorCode};
use tokio::time::Instant;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::confirm::Person;
use crate::actions::ask::Answer;
use crate::tools::Ledger;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub(super) enum Outcome {
    /// It was answered.
    Done,
    /// It failed, as its reply says.
    Failed,
    /// It ended with the question that a person has to answer first.
    Asked,
    /// The person did not say yes.
    Declined,
    /// Its client cancelled it or left.
    Cancelled,
    /// It did not begin, or was cut off by a shutdown.
    Refused,
}

/// Returns how a call ended, and the type of what went wrong; none if nothing did.
pub(super) fn of(
    answer: &Result<CallToolResponse, ErrorData>,
    ledger: &Ledger,
    person: Option<Answer>,
) -> (Outcome, &'static str) {
    match (answer, person) {
        (Ok(CallToolResponse::Complete(result)), _) if result.is_error == Some(true) => {
            (Outcome::Failed, ledger.failure().unwrap_or("other"))
        }
        (Ok(CallToolResponse::Complete(_)), Some(Answer::Declined)) => (Outcome::Declined, "declined"),
        (Ok(CallToolResponse::Complete(_)), Some(Answer::Dismissed)) => (Outcome::Declined, "dismissed"),
        (Ok(CallToolResponse::Complete(_)), Some(Answer::TimedOut)) => (Outcome::Declined, "timed_out"),
        (Ok(CallToolResponse::Complete(_)), Some(Answer::ClientError)) => (Outcome::Declined, "client_error"),
        (Ok(CallToolResponse::Complete(_)), _) => (Outcome::Done, ""),
        (Ok(_), _) => (Outcome::Asked, ""),
        (Err(error), _) if error.code == ErrorCode::INTERNAL_ERROR => (Outcome::Failed, "internal_error"),
        (Err(_), _) => (Outcome::Refused, "invalid_request"),
    }
}

/// A running call, which is reported when it ends, even if nobody waits for it any more.
pub(super) struct Watched {
    tool: Cow<'static, str>,
    started: Instant,
    ledger: Ledger,
    person: Person,
    span: Span,
    has_ended: bool,
}

impl Watched {
    pub(super) fn new(tool: Cow<'static, str>, ledger: Ledger, person: Person, span: Span) -> Self {
        Self { tool, started: Instant::now(), ledger, person, span, has_ended: false }
    }

    /// Reports how the call ended.
    pub(super) fn end(mut self, (outcome, error_type): (Outcome, &'static str)) {
        self.report(outcome, error_type);
    }

    fn report(&mut self, outcome: Outcome, error_type: &'static str) {
        self.has_ended = true;
        let name: &'static str = outcome.into();
        let person = self.person.lock();
        // People take minutes: their time must not look like ours.
        let took = self.started.elapsed().saturating_sub(person.waited);
        let tool = self.tool.clone();
        counter!("mcp_tool_calls_total", "tool" => tool.clone(), "outcome" => name, "error_type" => error_type)
            .increment(1);
        histogram!("mcp_tool_call_duration_seconds", "tool" => tool.clone()).record(took);
        if let Some(thought) = person.thought {
            histogram!("mcp_question_duration_seconds", "tool" => tool).record(thought);
        }
        let (requests, ids) = (self.ledger.requests(), self.ledger.ids());
        self.span.set_attribute("outcome", name);
        self.span.set_attribute("error_type", error_type);
        self.span.set_attribute("upstream_requests", i64::from(requests));
        self.span.set_attribute("request_ids", ids.clone());
        let error_type = Some(error_type).filter(|kind| !kind.is_empty());
        let (ms, asked_ms) = (millis(took), person.thought.map(millis));
        self.span.in_scope(|| {
            tracing::info!(
                outcome = name,
                error_type,
                ms,
                asked_ms,
                upstream_requests = requests,
                request_ids = ids,
                "call"
            );
        });
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if !self.has_ended {
            self.report(Outcome::Cancelled, "");
        }
    }
}

/// In milliseconds, to a tenth.
fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e4).round() / 10.0
}
