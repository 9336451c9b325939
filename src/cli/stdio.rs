//! `oncehub-mcp stdio`, and `oncehub-mcp` alone.

use std::process::ExitCode;

use super::asked_to_stop;
use crate::app::App;

/// Serves MCP until the input ends or the process is asked to stop.
pub(super) async fn run(app: App) -> anyhow::Result<ExitCode> {
    if app.client.settings().key.is_missing() {
        tracing::warn!("there is no ONCEHUB_API_KEY: tools are listed, but each call will say how to set one");
    }
    app.tell_what_is_unguarded();
    app.serve_stdio(asked_to_stop()).await?;
    Ok(ExitCode::SUCCESS)
}
