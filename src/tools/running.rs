//! A call as its own task, which outlives its caller only to find out the outcome of a change.

use rmcp::ErrorData;
use rmcp::model::CallToolResponse;
use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinHandle};
use tracing::Instrument;

use crate::oncehub::{Client, Ledger};
use crate::tools::unclaimed::Unclaimed;

type Ended = Result<CallToolResponse, ErrorData>;

/// A running call. Dropping it ends the call and its request to OnceHub, unless a change has been sent.
pub(super) struct Running {
    task: Option<JoinHandle<Ended>>,
    tool: String,
    oncehub: Client,
    ledger: Ledger,
    unclaimed: Unclaimed,
}

impl Running {
    /// Starts a call of `tool` on the account of `oncehub`, recording its requests in `ledger`.
    pub(super) fn start(
        tool: &str,
        oncehub: Client,
        ledger: Ledger,
        unclaimed: Unclaimed,
        call: impl Future<Output = Ended> + Send + 'static,
    ) -> Self {
        let task = tokio::spawn(call.in_current_span());
        Self { task: Some(task), tool: tool.to_owned(), oncehub, ledger, unclaimed }
    }

    /// Waits for the call to end; an error is a panic.
    pub(super) async fn ended(&mut self) -> Result<Ended, JoinError> {
        match &mut self.task {
            Some(task) => {
                let ended = task.await;
                self.ledger.end();
                self.task = None;
                ended
            }
            None => std::future::pending().await,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(task) = self.task.take() else { return };
        if !self.ledger.abandon() {
            task.abort();
            return;
        }
        self.unclaimed.add(&self.oncehub, &self.tool, &self.ledger);
        let (unclaimed, ledger, tool) = (self.unclaimed.clone(), self.ledger.clone(), self.tool.clone());
        let follow = async move {
            unclaimed.tell_in_flight(&ledger).await;
            let result = match task.await {
                Ok(Ok(CallToolResponse::Complete(result))) => Some(result),
                _ => None,
            };
            let (failed, request_ids) = (result.as_ref().is_none_or(|it| it.is_error == Some(true)), ledger.ids());
            tracing::info!(tool, failed, request_ids, "a cancelled call's change has ended");
            unclaimed.end(&ledger, result.as_ref()).await;
            // Only now, so that a server that stops has told the others.
            ledger.end();
        };
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(follow.in_current_span());
        }
    }
}
