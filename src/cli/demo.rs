//! `oncehub-mcp demo`: a real MCP client starts this program as an assistant's host would, works through a day on the
//! simulated account, and shows what an assistant sees.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use console::{Term, style};
use rmcp::model::{CallToolRequestParams, CallToolResult};
use rmcp::service::RunningService;
use rmcp::transport::TokioChildProcess;
use rmcp::{RoleClient, ServiceExt};
use serde_json::{Value, json};

use super::call::text_of;
use super::print_line;

/// The time zone of the demo's guest.
const GUEST_ZONE: &str = "Europe/London";
/// The sandbox's calendar that the demo books.
const CALENDAR: &str = "Intro call";

/// Runs the demo.
pub(super) async fn run() -> anyhow::Result<ExitCode> {
    let program = std::env::current_exe().context("this program's path is unknown")?;
    let mut command = tokio::process::Command::new(&program);
    // Not in this folder: its `.env` may exclude tools.
    command.current_dir(program.parent().context("this program has no folder")?);
    command.args(["--sandbox", "stdio", "--log", "error", "--confirm", "auto", "--structured", "on"]);
    let client = ().serve(TokioChildProcess::new(command)?).await.context("the server did not start")?;
    let demo = Demo { client };
    let about = demo.client.peer_info().and_then(|info| info.server_info.clone());
    let about = about.context("the server did not identify itself")?;
    let tools = demo.client.list_all_tools().await?.len();
    print_line(&format!("{} {} over MCP, with {tools} tools", style(&about.name).bold(), about.version));
    demo.step("Does it work?", "test_connection", json!({})).await?;
    let week = json!({"host": "me", "starts_after": "today", "starts_before": "+7d", "time_zone": "America/New_York"});
    demo.step("What does my week look like?", "list_bookings", week).await?;

    let slots = json!({"calendar_id": CALENDAR, "start_time": "tomorrow", "time_zone": GUEST_ZONE, "limit": 20});
    let slots = demo.step("When could Ada in London have an intro call?", "get_booking_time_slots", slots).await?;
    let first = slots.pointer("/items/0/start_time").and_then(Value::as_str);
    let start = first.context("the sandbox has no free slot this week")?;

    let guest = |name: &str, email: &str| {
        json!({
            "calendar_id": CALENDAR, "start_time": start, "guest_time_zone": GUEST_ZONE, "guest_name": name, "guest_email": email
        })
    };
    let ada = guest("Ada Okafor", "ada.okafor@example.com");
    let booked = demo.step("Book the first of them for her.", "schedule_meeting", ada).await?;
    let booking = booked.get("booking_id").and_then(Value::as_str).context("the booking has no id")?;

    let late = guest("Ben Ruiz", "ben.ruiz@example.com");
    demo.refused("Book the same time for Ben.", "schedule_meeting", late).await?;

    let cancel = json!({"booking_id": booking, "reason": "Ada is ill; she will write when she is well again."});
    demo.step("Ada is ill: cancel it and tell her why.", "cancel_booking", cancel).await?;

    let lead = json!({"contact_id": "ada.okafor@example.com", "status": "Qualified", "company": "Okafor & Daughters"});
    demo.step("She is worth keeping in touch with: note that.", "update_contact", lead).await?;
    let off = json!({"user_id": "Dana Reyes", "overrides": [{"date": "monday", "working_hours": []}]});
    demo.step("Dana takes next Monday off.", "update_scheduling_availability", off).await?;

    print_line(&format!(
        "\n{}",
        style("That was a simulated account. Next: README.md says how to register the server with your assistant.")
            .dim()
    ));
    demo.client.cancel().await?;
    Ok(ExitCode::SUCCESS)
}

struct Demo {
    client: RunningService<RoleClient, ()>,
}

impl Demo {
    /// Makes a call that has to succeed, and returns its structured reply.
    async fn step(&self, asked: &str, tool: &str, arguments: Value) -> anyhow::Result<Value> {
        let result = self.show(asked, tool, arguments).await?;
        ensure!(result.is_error != Some(true), "{tool} failed");
        result.structured_content.context("the reply has no structure")
    }

    /// Makes a call that has to fail.
    async fn refused(&self, asked: &str, tool: &str, arguments: Value) -> anyhow::Result<()> {
        let result = self.show(asked, tool, arguments).await?;
        ensure!(result.is_error == Some(true), "{tool} should have failed");
        Ok(())
    }

    async fn show(&self, asked: &str, tool: &str, arguments: Value) -> anyhow::Result<CallToolResult> {
        print_line(&format!("\n{} {}", style("›").cyan().bold(), style(asked).bold()));
        print_line(&format!("{} {}", style(tool).cyan(), style(&arguments).dim()));
        let mut request = CallToolRequestParams::new(tool.to_owned());
        request.arguments = arguments.as_object().cloned();
        let result = spinning(self.client.call_tool(request)).await?;
        let bar = style("│");
        let bar = if result.is_error == Some(true) { bar.red() } else { bar.green() };
        text_of(&result).lines().for_each(|line| print_line(&format!("{bar} {line}")));
        Ok(result)
    }
}

/// Shows a spinner on a terminal while a call is in flight. (A crate for it would add its progress bars to every
/// server's memory.)
async fn spinning<T>(call: impl Future<Output = T>) -> T {
    let terminal = Term::stdout();
    if !terminal.is_term() {
        return call.await;
    }
    let mut tick = tokio::time::interval(Duration::from_millis(80));
    tokio::pin!(call);
    for frame in "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏".chars().cycle() {
        tokio::select! {
            done = &mut call => {
                let _ = terminal.clear_line();
                return done;
            }
            _ = tick.tick() => {
                let _ = terminal.clear_line().and_then(|()| terminal.write_str(&frame.to_string()));
            }
        }
    }
    call.await
}
