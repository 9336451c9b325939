//! `oncehub-mcp check`: whether everything is in order, and if not, what to do.

mod report;
mod trouble;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::Args;

use super::install::{CUT, Registered, State, machine, registered, shown};
use crate::app::App;
use crate::config::{Config, Dotenv, Given, Source, Why, given_key, listed};
use crate::install::{Entry, Scope};
use crate::oncehub::{Client, Object, notifications};
use crate::records::Kind;
use crate::records::failure::Failure;
use report::Report;

/// The options of `check`.
#[derive(Args, Clone, Debug)]
pub(super) struct Arguments {
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
    /// What clients call this server
    #[arg(long, value_name = "NAME", default_value = "oncehub")]
    name: String,
    /// Also try the entries of this folder's project, each after a question that shows what it starts
    #[arg(long)]
    project: bool,
}

/// Reports one finding after another; exit code 1 if any of them is bad.
pub(super) async fn run(
    arguments: &Arguments,
    config: Config,
    given: &[Given],
    dotenv: &Dotenv,
) -> anyhow::Result<ExitCode> {
    let mut report = Report::new(arguments.json);
    file(&mut report, dotenv);
    settings(&mut report, &config, given, dotenv);
    let zone_is_set = config.calls.zone.is_some();
    let has_key = config.sandbox || !config.key.is_missing();
    key(&mut report, &config, given, dotenv);
    let app = App::new(config).await?;
    let url = &app.client.settings().url;
    report.fine("address", url.as_str());
    let proxy = trouble::proxy(url);
    if let Some(proxy) = &proxy {
        report.fine("proxy", &format!("{} points to {}", proxy.variable, proxy.address));
    }
    let mut is_accepted = false;
    if has_key {
        is_accepted = account(&mut report, &app.client, proxy.as_ref()).await;
    } else if let Err(error) = app.client.ping().await {
        let (finding, hint) = trouble::of(&error, url, proxy.as_ref());
        report.bad("network", &finding, &hint);
    } else {
        report.fine("network", "OnceHub answers");
    }
    if !zone_is_set {
        zone(&mut report, &app, is_accepted).await;
    }
    budgets(&mut report, &app.client);
    if let Ok(machine) = machine() {
        for found in registered(&machine, &arguments.name, arguments.project).await {
            client(&mut report, found, arguments);
        }
    }
    Ok(report.end())
}

/// Reports what can be reported when the settings themselves are invalid.
pub(super) fn bad_settings(arguments: &Arguments, bad: &anyhow::Error, dotenv: &Dotenv) -> ExitCode {
    let mut report = Report::new(arguments.json);
    file(&mut report, dotenv);
    report.bad("settings", &format!("{bad:#}"), "correct it in the client's entry, in the environment or in .env");
    report.end()
}

fn place(source: Source, dotenv: &Dotenv) -> String {
    match (source, &dotenv.file) {
        (Source::Flag, _) => "command line".into(),
        (Source::Environment, _) => "environment".into(),
        (Source::Dotenv, Some(file)) => file.display().to_string(),
        (Source::Dotenv, None) => ".env".into(),
    }
}

/// Reports which `.env` was read, what was taken from it, and what was not.
fn file(report: &mut Report, dotenv: &Dotenv) {
    if let Some(source) = dotenv.source() {
        let trust = if dotenv.is_named { ", and is fully trusted" } else { "" };
        report.fine(".env", &format!("{source}{trust}"));
    }
    let path = dotenv.file.as_deref().unwrap_or(Path::new(".env")).display();
    if let Some(problem) = &dotenv.problem {
        report.warn(".env", &format!("{path} {problem}"), "correct it, if it is meant for this server");
    }
    let (beaten, left): (Vec<_>, Vec<_>) = dotenv.left.iter().partition(|(_, why)| *why == Why::Overridden);
    if !beaten.is_empty() {
        report.fine(".env", &format!("{path} is overridden: {}", listed(&beaten)));
    }
    if !left.is_empty() {
        let hint = "set it in the environment, or name a file that you fully trust with --env-file";
        report.warn(".env", &format!("left out of {path}: {}", listed(&left)), hint);
    }
    if let Some(above) = &dotenv.above {
        let hint = "name it with --env-file, if you fully trust it";
        report.warn(".env", &format!("{} is not read: it is not in the working folder itself", above.display()), hint);
    }
}

/// Reports the settings that differ from their defaults, and where each was set.
fn settings(report: &mut Report, config: &Config, given: &[Given], dotenv: &Dotenv) {
    for Given { variable, value, source, .. } in given {
        // An address may contain a password.
        let value = if variable == "ONCEHUB_API_URL" { config.url.as_str() } else { value };
        report.fine("setting", &format!("{variable} is {value} ({})", place(*source, dotenv)));
    }
    if given.is_empty() {
        report.fine("settings", "all at their defaults");
    }
    let is_given = |flag: &str| given.iter().any(|given| given.flag == flag);
    if !is_given("user") && !config.sandbox {
        report.warn(
            "me", "'me' is whom the key's account names, for what only reads",
            "set ONCEHUB_MCP_USER to your e-mail address in OnceHub",
        );
    }
}

/// Reports where the key came from, and its last characters.
fn key(report: &mut Report, config: &Config, given: &[Given], dotenv: &Dotenv) {
    let of = |flag: &str| given.iter().find(|given| given.flag == flag);
    let from = match (config.sandbox, of("api-key-file"), of("keychain"), given_key(dotenv)) {
        (true, ..) => return report.fine("key", "the simulated account's own"),
        (_, Some(file), ..) => format!("from the file {}", file.value),
        (_, _, Some(name), _) => format!("from the system's keychain, '{}'", name.value),
        (_, _, _, Some((_, source))) => format!("from ONCEHUB_API_KEY ({})", place(source, dotenv)),
        (_, _, _, None) => {
            let Some(placeholder) = config.key.placeholder() else {
                let hint = "set ONCEHUB_API_KEY or ONCEHUB_API_KEY_FILE, or try --sandbox";
                return report.bad("key", "not set", hint);
            };
            let hint = "correct it in the client's entry, in the environment or in .env; oncehub-mcp install writes an \
                entry that works";
            return report.bad("key", &format!("ONCEHUB_API_KEY: {placeholder}"), hint);
        }
    };
    let ending = config.key.ending().map(|ending| format!(", ends with {ending}")).unwrap_or_default();
    report.fine("key", &format!("{from}{ending}"));
}

/// Reports what OnceHub says about the key: account, plan, latency, clock. Returns whether it accepts the key.
async fn account(report: &mut Report, client: &Client, proxy: Option<&trouble::Proxy>) -> bool {
    let checked = match client.check().await {
        Ok(checked) => checked,
        Err(error) if error.rejection().is_some() => {
            let failure = Failure::from(&error);
            let topic = if error.rejection().is_some_and(|rejection| rejection.status == 403) { "plan" } else { "key" };
            report.bad(topic, &failure.message, &failure.hint);
            return false;
        }
        Err(error) => {
            let (finding, hint) = trouble::of(&error, &client.settings().url, proxy);
            report.bad("network", &finding, &hint);
            return false;
        }
    };
    let took = checked.took;
    let finding = format!("answered in {} ms, connection included", took.as_millis());
    if took > SLOW {
        report.warn("network", &finding, "calls will be slow: is the network, or a proxy on the way, busy?");
    } else {
        report.fine("network", &finding);
    }
    report.fine("account", checked.message.as_deref().unwrap_or("the key is valid"));
    match client.page::<Object>(&notifications::AllSms::default(), 1, None).await {
        Err(error) if error.rejection().is_some_and(|rejection| rejection.status == 403) => {
            let hint = "list_sms_notifications will fail; all else works";
            report.warn("plan", &format!("text messages are not part of it: {error}"), hint);
        }
        _ => report.fine("plan", "includes the API"),
    }
    clock(report, checked.server_time);
    true
}

/// Reports in which zone replies show times if none is set.
async fn zone(report: &mut Report, app: &App, is_accepted: bool) {
    let finding = if is_accepted {
        match app.zone_of_me().await {
            Ok(Some(zone)) => {
                return report.fine("zone", &format!("replies show times in {}, the time zone of 'me'", zone.name()));
            }
            Ok(None) => "replies show times in UTC: 'me' is nobody, or has no time zone",
            Err(failure) if failure.kind == Kind::ConfigurationError => {
                "replies show times in UTC: ONCEHUB_MCP_USER does not name exactly one user"
            }
            Err(_) => "replies show times in UTC while the time zone of 'me' cannot be looked up",
        }
    } else {
        "replies show times in the time zone of 'me', or else in UTC"
    };
    let hint = "set ONCEHUB_MCP_TIME_ZONE, for example to Europe/London; install sets it automatically";
    report.warn("zone", finding, hint);
}

/// The response time above which calls feel slow to a waiting person.
const SLOW: Duration = Duration::from_secs(3);

/// Compares the clocks: with a wrong one "today" is another day, and slots that begin "now" are in the past.
fn clock(report: &mut Report, server_time: Option<SystemTime>) {
    let Some(theirs) = server_time else {
        return report.fine("clock", "OnceHub did not say what time it is");
    };
    let now = SystemTime::now();
    let off = now.duration_since(theirs).unwrap_or_else(|behind| behind.duration());
    if off > Duration::from_secs(30) {
        report.bad("clock", &format!("{} s off OnceHub's", off.as_secs()), "set this machine's clock");
    } else {
        report.fine("clock", "agrees with OnceHub's");
    }
}

fn budgets(report: &mut Report, client: &Client) {
    let left = client.settings().budget.left();
    if left.is_empty() {
        report.fine("budget", "off: after a 429 from OnceHub, requests wait");
    }
    for (window, left) in left {
        let period = window.period.as_secs();
        let of = window.requests;
        report.fine("budget", &format!("{left} of {of} requests left in {period} s (this process only)"));
    }
}

/// Reports whether a client's entry works.
fn client(report: &mut Report, Registered { client, scope, file, state }: Registered, arguments: &Arguments) {
    let is_project = scope == Scope::Project;
    let whose = if is_project { format!("{} (this project)", client.name) } else { client.name.to_owned() };
    let project = if is_project { " --project" } else { "" };
    let again = format!("oncehub-mcp install {}{project} --name {} rewrites it", client.id, arguments.name);
    match state {
        State::Absent => {}
        State::Off => {
            report.warn("client", &format!("{whose}: its entry is switched off"), "switch it on in the client");
        }
        // A project's folder must not decide whether everything is in order.
        State::Broken(problem) if is_project && !arguments.project => {
            report.warn("client", &format!("{whose}: {problem}"), "correct the file by hand");
        }
        State::Broken(problem) => report.bad("client", &format!("{whose}: {problem}"), "correct the file by hand"),
        State::Untried(entry, why) => {
            let finding = format!("{whose}: {} names {}; {why}", file.display(), shown(&entry, CUT));
            report.warn("client", &finding, "oncehub-mcp check --project asks whether to try it");
        }
        State::Tried(Entry::Stdio { .. }, Err(problem)) => report.bad("client", &format!("{whose}: {problem}"), &again),
        State::Tried(Entry::Http { url, .. }, Err(problem)) => {
            report.bad("client", &format!("{whose}: {problem}"), &format!("is {url} right, and is its server up?"));
        }
        State::Tried(_, Ok(answer)) => {
            let finding = format!(
                "{whose}: {} answers in {} ms and offers {} tools",
                answer.server,
                answer.took.as_millis(),
                answer.tools
            );
            match answer.account {
                Some(Err(problem)) => {
                    let hint = format!("see the network findings above; if its key is wrong, {again}");
                    report.bad("client", &format!("{finding}, but calls fail: {problem}"), &hint);
                }
                _ => report.fine("client", &finding),
            }
        }
    }
}
