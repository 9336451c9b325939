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
        let record = ledger.clone();
        let call = async move {
            let ended = call.await;
            record.end();
            ended
        };
        let task = tokio::spawn(call.in_current_span());
        Self { task: Some(task), tool: tool.to_owned(), oncehub, ledger, unclaimed }
    }

    /// Waits for the call to end; an error is a panic.
    pub(super) async fn ended(&mut self) -> Result<Ended, JoinError> {
        match &mut self.task {
            Some(task) => {
                let ended = task.await;
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
            unclaimed.is_in_flight(&ledger).await;
            if let Ok(Ok(CallToolResponse::Complete(result))) = task.await {
                let failed = result.is_error == Some(true);
                tracing::info!(tool, failed, request_ids = ledger.ids(), "a cancelled call's change has ended");
                unclaimed.ended(&ledger, &result).await;
            }
        };
        if let Ok(runtime) = Handle::try_current() {
            // Tracked, so that a server that stops has told the others.
            self.ledger.in_flight().spawn_on(follow.in_current_span(), &runtime);
        }
    }
}
