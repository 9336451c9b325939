//! `oncehub-mcp stdio`, and `oncehub-mcp` alone.

use std::process::ExitCode;

use super::until_stopped;
use crate::app::App;

/// Serves MCP until the input ends or the process is asked to stop.
pub(super) async fn run(app: App) -> anyhow::Result<ExitCode> {
    let key = &app.client.settings().key;
    if let Some(placeholder) = key.placeholder() {
        tracing::warn!("ONCEHUB_API_KEY: {placeholder}; tools are listed, but each call will say this");
    } else if key.is_missing() {
        tracing::warn!("there is no ONCEHUB_API_KEY: tools are listed, but each call will say how to set one");
    }
    app.warn_about_missing_limits();
    until_stopped(|stop| async move { app.serve_stdio(stop.cancelled()).await }).await
}
