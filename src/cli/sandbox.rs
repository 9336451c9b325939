//! `oncehub-mcp sandbox`.

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::{print_exact, print_line, until_stopped};
use crate::sandbox::{self, Sandbox, Settings};

#[derive(Args, Debug)]
#[command(after_help = "\
One account for many commands: what a call changes, the next one sees. It prints the variables to set.

Examples:
  oncehub-mcp sandbox &
  oncehub-mcp sandbox --listen 127.0.0.1:0 --no-limits")]
pub(super) struct Arguments {
    /// Address of this machine to listen on; port 0 picks a free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8077")]
    listen: SocketAddr,
    /// Do not enforce OnceHub's rate limits
    #[arg(long)]
    no_limits: bool,
}

/// Serves the simulated API until the process is asked to stop.
pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut settings = Settings { listen: arguments.listen, history: sandbox::HISTORY, ..Settings::default() };
    if arguments.no_limits {
        settings.limits = None;
    }
    let sandbox = Sandbox::start(settings).await.with_context(|| format!("cannot listen on {}", arguments.listen))?;
    let (url, key) = (sandbox.url(), sandbox::KEY);
    print_line(&format!("The simulated OnceHub API is at {url}/v2 until Ctrl-C. In another terminal:"));
    print_exact(&format!("  export ONCEHUB_API_URL={url} ONCEHUB_API_KEY={key} \\"));
    print_exact(&format!("    ONCEHUB_MCP_USER={}", sandbox::ME));
    print_exact("  oncehub-mcp call list_bookings host=me starts_after=today");
    print_exact(&format!("  curl -H 'API-Key: {key}' {url}/v2/test"));
    until_stopped(|stop| async move {
        stop.asked.cancelled().await;
        Ok(())
    })
    .await
}
