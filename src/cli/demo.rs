//! `oncehub-mcp demo`: a real MCP client starts this program as an assistant's host would, works through a day on the
//! simulated account, and shows what an assistant sees, and what a person is asked.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use console::{Term, style};
use jiff::Timestamp;
use rmcp::model::CallToolRequestParams;
use rmcp::service::RunningService;
use rmcp::transport::TokioChildProcess;
use rmcp::{RoleClient, ServiceExt as _};
use serde_json::{Value, json};

use super::asking::{Answers, Asking};
use super::call::text_of;
use super::print::print_beside;
use super::print_line;
use crate::config::{Given, Source};
use crate::install::clients;

/// The time zone of the demo's guest.
const GUEST_ZONE: &str = "Europe/London";
/// The sandbox's calendar that the demo books.
const CALENDAR: &str = "Intro call";

/// The flags that are none of the demo's: it has its own account and log, and reads replies' structures.
const OWN: &[&str] = &["sandbox", "api-key-file", "keychain", "api-url", "env-file", "log", "log-format", "structured"];

/// The time above which a step, the first such, says what it waited for.
const LONG: Duration = Duration::from_secs(1);

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Show the views in the chat instead, in a browser: a page on this machine, whose address is printed
    #[arg(long)]
    pub(super) web: bool,
    /// Open that page in the default browser
    #[arg(long, requires = "web")]
    pub(super) open: bool,
}

/// Runs the demo with the settings that were given.
pub(super) async fn run(given: &[Given]) -> anyhow::Result<ExitCode> {
    let mut demo = Demo::start(given).await?;
    demo.step("Does it work?", "test_connection", json!({})).await?;
    let week = json!({"host": "me", "starts_after": "today", "starts_before": "+7d"});
    demo.step("What does my week look like?", "list_bookings", week).await?;

    let times = json!({
        "calendars": [CALENDAR], "days": ["Mon-Fri"], "earliest": "13:00", "time_zone": GUEST_ZONE, "limit": 6
    });
    let times =
        demo.step("When could Ada in London have an intro call, in her afternoon?", "find_times", times).await?;
    let start = times.as_ref().and_then(|times| times.pointer("/options/0/start_time")).cloned();
    let guest = |name: &str, email: &str| {
        json!({
            "calendar_id": CALENDAR, "start_time": start, "guest_time_zone": GUEST_ZONE, "guest_name": name,
            "guest_email": email
        })
    };
    let booked = match &start {
        Some(_) => {
            let ada = guest("Ada Okafor", "ada.okafor@example.com");
            demo.step("Book the first of them for her.", "schedule_meeting", ada).await?
        }
        None => None,
    };
    if let Some(booking) = booked.as_ref().and_then(|booked| booked.get("booking_id")) {
        let ben = guest("Ben Ruiz", "ben.ruiz@example.com");
        demo.refused("Book the same time for Ben.", "schedule_meeting", ben).await?;
        let day = start.as_ref().and_then(Value::as_str).and_then(day_after);
        let moved = json!({
            "booking_id": booking, "first_free": {"after": day, "days": ["Mon-Fri"], "earliest": "13:00"},
            "time_zone": GUEST_ZONE, "reason": "Ada is ill."
        });
        demo.step("Ada is ill: move her to the first free afternoon after that.", "move_booking", moved).await?;
        let cancel = json!({"booking_id": "ada.okafor@example.com", "reason": "Ada is ill."});
        demo.declined("Cancel her call altogether.", "cancel_booking", cancel).await?;
    }

    let away = json!({
        "change": "request_reschedule", "reason": "I am ill this week.",
        "select": {"host": "me", "starts_after": "today", "starts_before": "+7d"}
    });
    let plan = demo.step("I'm ill for a week: ask everybody to choose another time.", "plan_changes", away).await?;
    // There is none if there is nobody to ask.
    if let Some(plan) = plan.filter(|plan| plan.get("plan").is_some_and(Value::is_string)) {
        let all = json!({"plan": plan.get("plan"), "change": plan.get("change"), "count": plan.get("count")});
        demo.step("Yes, all of them.", "carry_out_plan", all).await?;
    }
    let off = json!({"user_id": "me", "overrides": [{"date": "monday", "working_hours": []}]});
    demo.step("I take Monday off.", "update_scheduling_availability", off).await?;
    demo.end().await
}

struct Demo {
    client: RunningService<RoleClient, Asking<Script>>,
    /// The names of the tools that are offered.
    offered: Vec<String>,
    is_as_expected: bool,
    /// Whether it has been said why calls wait.
    is_wait_explained: bool,
}

/// How a step should end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Done,
    Refused,
}

impl Demo {
    async fn start(given: &[Given]) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("this program's path is unknown")?;
        let mut command = tokio::process::Command::new(&program);
        // Not in this folder: its `.env` may exclude tools.
        command.current_dir(program.parent().context("this program has no folder")?);
        command.args(["--sandbox", "stdio", "--log=error", "--log-format=text", "--structured=on"]);
        let flags = given.iter().filter(|one| one.source == Source::Flag && !OWN.contains(&&*one.flag));
        command.args(flags.map(|one| format!("--{}={}", one.flag, one.value)));
        let script = Asking(Script { says_no: AtomicBool::new(false) });
        let client = script.serve(TokioChildProcess::new(command)?).await.context("the server did not start")?;
        let about = client.peer_info().and_then(|info| info.server_info.clone());
        let about = about.context("the server did not identify itself")?;
        let offered: Vec<_> = client.list_all_tools().await?.into_iter().map(|tool| tool.name.into_owned()).collect();
        let count = offered.len();
        print_line(&format!("{} {} over MCP, with {count} tools", style(&about.name).bold(), about.version));
        Ok(Self { client, offered, is_as_expected: true, is_wait_explained: false })
    }

    /// Makes a call, and returns its structured reply, if the tool is offered and the call succeeded.
    async fn step(&mut self, asked: &str, tool: &str, arguments: Value) -> anyhow::Result<Option<Value>> {
        self.show(asked, tool, arguments, End::Done).await
    }

    /// Makes a call that has to fail.
    async fn refused(&mut self, asked: &str, tool: &str, arguments: Value) -> anyhow::Result<()> {
        self.show(asked, tool, arguments, End::Refused).await.map(drop)
    }

    /// Makes a call, and says no to its question.
    async fn declined(&mut self, asked: &str, tool: &str, arguments: Value) -> anyhow::Result<()> {
        self.client.service().0.says_no.store(true, Ordering::Relaxed);
        self.show(asked, tool, arguments, End::Done).await?;
        self.client.service().0.says_no.store(false, Ordering::Relaxed);
        Ok(())
    }

    async fn show(&mut self, asked: &str, tool: &str, arguments: Value, end: End) -> anyhow::Result<Option<Value>> {
        print_line("");
        print_beside(&format!("{} ", style("›").cyan().bold()), "  ", &style(asked).bold().to_string());
        if !self.offered.iter().any(|offered| offered == tool) {
            print_line(&style(format!("{tool} is not offered with these settings.")).dim().to_string());
            return Ok(None);
        }
        print_beside(&format!("{} ", style(tool).cyan()), "  ", &style(in_words(&arguments)).dim().to_string());
        let mut request = CallToolRequestParams::new(tool.to_owned());
        request.arguments = arguments.as_object().cloned();
        let began = Instant::now();
        let result = spinning(self.client.call_tool(request)).await?;
        let took = began.elapsed();
        let failed = result.is_error == Some(true);
        let bar = style("│");
        let bar = if failed { bar.red() } else { bar.green() };
        text_of(&result).lines().for_each(|line| print_beside(&format!("{bar} "), &format!("{bar}   "), line));
        if took > LONG && !std::mem::replace(&mut self.is_wait_explained, true) {
            let waited = format!(
                "That took {:.1} s: OnceHub allows an account 5 requests a second, and so does the simulated one.",
                took.as_secs_f32()
            );
            print_beside("", "", &style(waited).dim().to_string());
        }
        self.is_as_expected &= failed == (end == End::Refused);
        Ok(result.structured_content.filter(|_| !failed))
    }

    async fn end(self) -> anyhow::Result<ExitCode> {
        self.client.cancel().await?;
        let names: Vec<_> = clients::ALL.iter().map(|client| client.id).collect();
        print_line("");
        print_beside("", "", "That was a simulated account: nothing real was touched. To give it to an assistant:");
        print_line("\n  oncehub-mcp install CLIENT --sandbox\n");
        print_line("");
        let which = format!("where CLIENT is {}. Without --sandbox it is your own account.", names.join(", "));
        print_beside("", "", &which);
        Ok(if self.is_as_expected { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Returns the guest's day after a start. Counted from today, it could be the start's own: on a Saturday that is Monday's.
fn day_after(start: &str) -> Option<String> {
    let there = start.parse::<Timestamp>().ok()?.in_tz(GUEST_ZONE).ok()?;
    Some(there.date().tomorrow().ok()?.to_string())
}

/// Returns a call's arguments as `oncehub-mcp call` takes them.
fn in_words(arguments: &Value) -> String {
    let arguments = arguments.as_object().into_iter().flatten();
    let words = arguments.map(|(name, value)| match value {
        Value::String(text) if !text.contains(' ') => format!("{name}={text}"),
        value => format!("{name}={value}"),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// The person that the demo plays: says yes, or no where the demo shows that.
struct Script {
    says_no: AtomicBool,
}

impl Answers for Script {
    const CLIENT: &str = "oncehub-mcp demo";

    async fn agrees(&self, question: String) -> bool {
        let no = self.says_no.load(Ordering::Relaxed);
        clear_spinner();
        let mark = style("?").yellow().bold();
        // Yellow text cannot be read on white.
        question.lines().for_each(|line| print_beside(&format!("{mark} "), "  ", line));
        let answer = style(if no { "No" } else { "Yes" }).bold();
        print_beside(&format!("{mark} "), "  ", &format!("{answer} {}", style("(the demo answers for you)").dim()));
        !no
    }
}

fn clear_spinner() {
    let terminal = Term::stdout();
    if terminal.is_term() {
        let _ = terminal.clear_line();
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
                clear_spinner();
                return done;
            }
            _ = tick.tick() => {
                clear_spinner();
                let _ = terminal.write_str(&frame.to_string());
            }
        }
    }
    call.await
}
