//! `oncehub-mcp check`: is everything in order, and if not, what is to be done?

use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use console::style;

use super::say;
use crate::app::App;
use crate::config::Config;
use crate::oncehub::Error;
use crate::tools::Failure;

/// Prints a line for each finding; exit code 1 when one of them is bad.
pub(super) async fn run(config: Config) -> anyhow::Result<ExitCode> {
    let from = match (config.sandbox, config.key.is_missing()) {
        (true, _) => "the sandbox's own",
        (false, true) => "none",
        (false, false) => "set",
    };
    let mut report = Report { good: true };
    report
        .fine("settings", &format!("zone {}, calls end after {} s", config.zone.name(), config.timeout.as_secs_f64()));
    let me = config
        .me
        .as_deref()
        .map_or("not set: `me` will not be understood (ONCEHUB_MCP_USER)".to_owned(), str::to_owned);
    report.fine("me", &me);
    let app = App::new(config).await?;
    report.fine("address", app.client.settings().url.as_str());
    if from == "none" {
        let hint = "set ONCEHUB_API_KEY or ONCEHUB_API_KEY_FILE, or try --sandbox";
        report.bad("key", "there is none", hint);
        return Ok(ExitCode::FAILURE);
    }
    report.fine("key", from);
    match app.client.check().await {
        Ok(checked) => {
            report.fine("network", &format!("answered in {} ms", checked.took.as_millis()));
            report.fine("account", checked.message.as_deref().unwrap_or("the key is valid"));
            report.clock(checked.server_time);
        }
        Err(error) => report.failed(&error),
    }
    for (window, left) in app.client.settings().budget.left() {
        let period = window.period.as_secs();
        report
            .fine("budget", &format!("{left} of {} requests left in {period} s (of this process's)", window.requests));
    }
    if app.client.settings().budget.windows().is_empty() {
        report.fine("budget", "off: OnceHub's refusals (429) are waited out");
    }
    Ok(if report.good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

struct Report {
    good: bool,
}

impl Report {
    #[expect(clippy::unused_self, reason = "reads alike for both kinds of finding")]
    fn fine(&mut self, what: &str, finding: &str) {
        say(&format!("{} {what:<9} {finding}", style("ok  ").green()));
    }

    fn bad(&mut self, what: &str, finding: &str, hint: &str) {
        self.good = false;
        say(&format!("{} {what:<9} {finding}\n     hint: {hint}", style("bad ").red().bold()));
    }

    fn failed(&mut self, error: &Error) {
        let failure = Failure::from(error);
        self.bad("call", &failure.message, &failure.hint);
    }

    /// A clock that is off makes "today" another day, and slots that begin "now" lie in the past.
    fn clock(&mut self, server_time: Option<SystemTime>) {
        let Some(theirs) = server_time else {
            return self.fine("clock", "OnceHub did not say what time it is");
        };
        let now = SystemTime::now();
        let off = now.duration_since(theirs).unwrap_or_else(|behind| behind.duration());
        if off > Duration::from_secs(30) {
            self.bad("clock", &format!("{} s apart from OnceHub's", off.as_secs()), "set this machine's clock");
        } else {
            self.fine("clock", "agrees with OnceHub's");
        }
    }
}
