//! Calls whose arguments came as a JSON text instead of an object, as some hosts send them. rmcp does not recognise
//! them as calls, and hands them over as they are.

use futures::FutureExt;
use futures::future::BoxFuture;
use rmcp::model::{CallToolRequest, ClientRequest, CustomRequest, CustomResult};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, Service};
use serde_json::{Value, json};

use super::Server;

/// Returns the call that was meant.
///
/// # Errors
/// If there is more amiss than the form of its arguments.
pub(super) fn call(request: CustomRequest) -> Result<CallToolRequest, ErrorData> {
    let refused = || {
        let problem = "tools/call takes a name, which is a text, and arguments, which are an object";
        ErrorData::invalid_params(problem, None)
    };
    let mut params = request.params.ok_or_else(refused)?;
    let text = params.get("arguments").and_then(Value::as_str).ok_or_else(refused)?;
    let arguments = match text.trim() {
        "" | "null" => json!({}),
        text => serde_json::from_str(text).map_err(|_| refused())?,
    };
    if let Value::Object(fields) = &mut params {
        fields.insert("arguments".into(), arguments);
    }
    serde_json::from_value(params).map(CallToolRequest::new).map_err(|_| refused())
}

impl Server {
    /// Has rmcp handle a call as if it had come like this.
    pub(super) fn call_mended(
        &self,
        call: CallToolRequest,
        context: RequestContext<RoleServer>,
    ) -> BoxFuture<'_, Result<CustomResult, ErrorData>> {
        // Boxed, since rmcp in turn calls what calls this.
        let handled = self.handle_request(ClientRequest::CallToolRequest(call), context);
        let rendered = handled.map(|result| {
            let unwritable = |error: serde_json::Error| ErrorData::internal_error(error.to_string(), None);
            serde_json::to_value(result?).map(CustomResult::new).map_err(unwritable)
        });
        rendered.boxed()
    }
}
