//! `oncehub-mcp stdio`, and `oncehub-mcp` alone.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use super::{tell, until_stopped};
use crate::app::App;

/// What a person reads who starts it at a terminal.
const ALONE: &str = "\
This is an MCP server. It waits for a client that speaks MCP on standard input, which is how assistants start it; there is \
nothing to type here. Ctrl-C ends it.

  oncehub-mcp demo             a day on a simulated account, without a key
  oncehub-mcp install CLIENT   register it with an assistant (--list: which)
  oncehub-mcp --help           everything else";

/// Serves MCP until the input ends or the process is asked to stop.
pub(super) async fn run(app: App) -> anyhow::Result<ExitCode> {
    let key = &app.client.settings().key;
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        tell(ALONE);
    } else if let Some(placeholder) = key.placeholder() {
        tracing::warn!("ONCEHUB_API_KEY: {placeholder}; tools are listed, but each call will say this");
    } else if key.is_missing() {
        tracing::warn!("there is no ONCEHUB_API_KEY: tools are listed, but each call will say how to set one");
    }
    app.warn_about_missing_limits();
    until_stopped(|stop| async move { app.serve_stdio(&stop).await }).await
}
