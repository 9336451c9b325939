//! The clients that this program has of its own: they answer questions before a change.

use rmcp::model::{
    ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult, ElicitationAction, Implementation,
};
use rmcp::service::RequestContext;
use rmcp::{ClientHandler, ErrorData, RoleClient};
use serde_json::json;

/// Who answers a client's questions.
pub(super) trait Answers: Send + Sync + 'static {
    /// The client's name.
    const CLIENT: &str;

    /// Answers a question: yes or no.
    fn agrees(&self, question: String) -> impl Future<Output = bool> + Send;
}

/// A client whose questions somebody answers.
pub(super) struct Asking<T>(pub(super) T);

impl<T: Answers> ClientHandler for Asking<T> {
    fn get_info(&self) -> ClientConfig {
        let capabilities = ClientCapabilities::builder().enable_elicitation().build();
        ClientConfig::new(capabilities, Implementation::new(T::CLIENT, env!("CARGO_PKG_VERSION")))
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let ElicitRequestParams::FormElicitationParams { message, .. } = request else {
            return Ok(ElicitResult::new(ElicitationAction::Cancel));
        };
        let agrees = self.0.agrees(message).await;
        Ok(ElicitResult::new(ElicitationAction::Accept).with_content(json!({ "confirm": agrees })))
    }
}
