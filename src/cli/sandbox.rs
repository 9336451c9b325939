//! `oncehub-mcp sandbox`.

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;

use super::{print_line, until_stopped};
use crate::sandbox::{self, Sandbox, Settings};

#[derive(Args, Debug)]
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
    print_line(&format!(
        "The simulated OnceHub API is at {}/v2 until Ctrl-C. Use it from another terminal with",
        sandbox.url()
    ));
    print_line(&format!("  ONCEHUB_API_URL={} ONCEHUB_API_KEY={} oncehub-mcp check", sandbox.url(), sandbox::KEY));
    print_line(&format!("  curl -H 'API-Key: {}' {}/v2/test", sandbox::KEY, sandbox.url()));
    until_stopped(|stop| async move {
        stop.cancelled().await;
        Ok(())
    })
    .await
}
