//! `oncehub-mcp check`: whether everything is in order, and if not, what to do; [`address`] is `check URL`.

mod address;
mod report;
mod trouble;

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::{Args, ValueHint};
use url::Url;

use super::install::{CUT, Registered, State, is_this_program, machine, registered, shown};
use crate::app::App;
use crate::config::{Config, Dotenv, EntrySettings, Given, Source, Why, given_key, listed};
use crate::install::attempt::Probe;
use crate::install::{Entry, Scope};
use crate::oncehub::{Client, Object, notifications};
use crate::records::Kind;
use crate::records::failure::Failure;
use crate::tools::Catalogue;
use report::Report;

/// The options of `check`.
#[derive(Args, Clone, Debug)]
pub(super) struct Arguments {
    /// Try the address of a hosted server as an assistant would, without any key, instead of this machine's settings
    #[arg(value_parser = super::install::address, value_hint = ValueHint::Url, conflicts_with_all = ["name", "project"])]
    url: Option<Url>,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
    /// Look only at the entries of this name [default: at all that start this program]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Also try the entries of this folder's project, each after a question that shows what it starts
    #[arg(long)]
    project: bool,
}

/// Reports one finding after another; exit code 1 if any of them is bad.
///
/// What is used is judged: this shell's settings if they have a key, and each client's entry with its own. A shell without
/// a key is in order where an entry works.
pub(super) async fn run(
    arguments: &Arguments,
    config: Config,
    given: &[Given],
    dotenv: &Dotenv,
) -> anyhow::Result<ExitCode> {
    let mut report = Report::new(arguments.json);
    file(&mut report, dotenv);
    settings(&mut report, &config, given, dotenv);
    let all = match machine() {
        Ok(machine) => registered(&machine, arguments.name.as_deref(), arguments.project).await,
        Err(_) => Vec::new(),
    };
    let has_entry = all.iter().any(|one| one.scope == Scope::Person && !matches!(one.state, State::Absent));
    let has_key = config.sandbox || !config.key.is_missing();
    let shell = Subject {
        entry: None,
        has_user: given.iter().any(|given| given.flag == "user"),
        is_proven: false,
        reads_sms: reads_sms(&config),
        config,
    };
    key(&mut report, &shell.config, given, dotenv, has_entry);
    let mut entries: Vec<(Subject<'_>, EntrySettings)> = Vec::new();
    for one in &all {
        entries.extend(of_entry(&mut report, one));
    }
    let works = |one: &Registered| matches!(&one.state, State::Tried(_, Ok(Probe { account: Some(Ok(_)), .. })));
    let mut judged: Vec<&Config> = Vec::new();
    if has_key || entries.is_empty() && !all.iter().any(works) {
        account(&mut report, &shell, has_key, !has_entry || has_key).await?;
        judged.push(&shell.config);
    }
    for (entry, settings) in &entries {
        if judged.iter().any(|earlier| is_same_account(earlier, &entry.config)) {
            continue;
        }
        let whose = entry.entry.map(Registered::whose).unwrap_or_default();
        report.fine("entry", &format!("{whose}: what follows is checked with its settings"));
        key_of_entry(&mut report, entry, settings);
        account(&mut report, entry, true, true).await?;
        judged.push(&entry.config);
    }
    of_others(&mut report, &all);
    drop(entries);
    for found in all {
        client(&mut report, found, arguments);
    }
    Ok(report.end())
}

impl Arguments {
    /// Returns the check of an address, if that is asked for. It has no settings, and reads no key.
    pub(super) fn of_address(&self) -> Option<impl Future<Output = anyhow::Result<ExitCode>>> {
        self.url.as_ref().map(|url| address::run(url, self.json))
    }
}

/// The settings with which an account is used: this shell's, or those of a client's entry.
struct Subject<'a> {
    config: Config,
    /// The entry that has them.
    entry: Option<&'a Registered>,
    /// Whether they say who `me` is.
    has_user: bool,
    /// Whether the entry has just worked, so that a failure is this process's own.
    is_proven: bool,
    /// Whether text messages can be listed with them.
    reads_sms: bool,
}

fn reads_sms(config: &Config) -> bool {
    Catalogue::new(&config.selection).is_ok_and(|tools| tools.get("list_sms_notifications").is_some())
}

/// Returns the settings of an entry that starts a server of a person's own, and with which an account can be reached.
fn of_entry<'a>(report: &mut Report, one: &'a Registered) -> Option<(Subject<'a>, EntrySettings)> {
    let State::Tried(Entry::Stdio { command, args, env }, Ok(probe)) = &one.state else { return None };
    if one.scope == Scope::Project || !is_this_program(command) {
        return None;
    }
    let settings = EntrySettings::new(args, env);
    let config = match settings.config() {
        Ok(config) => config,
        Err(bad) => {
            let finding = format!("{}: its settings cannot be read here: {bad:#}", one.whose());
            report.warn("entry", &finding, "correct them, if its client shows the same");
            return None;
        }
    };
    if !config.sandbox && config.key.is_missing() {
        return None;
    }
    let subject = Subject {
        entry: Some(one),
        has_user: settings.value("user").is_some(),
        is_proven: matches!(probe.account, Some(Ok(_))),
        reads_sms: reads_sms(&config),
        config,
    };
    Some((subject, settings))
}

/// Reports the account of each entry that reaches OnceHub through a server with settings of its own: a hosted one, or
/// another program. The server has named it.
fn of_others(report: &mut Report, all: &[Registered]) {
    let mut told: Vec<&Entry> = Vec::new();
    for one in all.iter().filter(|one| one.scope == Scope::Person) {
        let State::Tried(entry, Ok(Probe { account: Some(Ok(account)), .. })) = &one.state else { continue };
        let through = match entry {
            Entry::Stdio { command, .. } if is_this_program(command) => continue,
            Entry::Stdio { command, .. } => command,
            Entry::Http { url, .. } => url,
        };
        let is_same = |other: &&Entry| match (*other, entry) {
            (Entry::Http { url: one, .. }, Entry::Http { url: other, .. }) => one == other,
            (one, other) => one == other,
        };
        if !told.iter().any(|other| is_same(other) && other.key_pairs() == entry.key_pairs()) {
            report.fine("account", &format!("{account} ({}'s entry, through {through})", one.whose()));
            told.push(entry);
        }
    }
}

/// Whether two lead to the same account in the same way.
fn is_same_account(one: &Config, other: &Config) -> bool {
    one.sandbox == other.sandbox && (one.sandbox || one.url == other.url && one.key.is_same(&other.key))
}

/// Reports on an account: its address, whether the key works, plan, clock, zone, `me` and limits.
async fn account(
    report: &mut Report,
    subject: &Subject<'_>,
    has_key: bool,
    tells_defaults: bool,
) -> anyhow::Result<()> {
    let zone_is_set = subject.config.calls.zone.is_some();
    let app = App::new(subject.config.clone()).await?;
    let url = &app.client.settings().url;
    report.fine("address", url.as_str());
    let proxy = trouble::proxy(url);
    if let Some(proxy) = &proxy {
        report.fine("proxy", &format!("{} points to {}", proxy.variable, proxy.address));
    }
    let mut is_accepted = false;
    if has_key {
        is_accepted = key_works(report, &app.client, subject, proxy.as_ref()).await;
    } else if let Err(error) = app.client.ping().await {
        let (finding, hint) = trouble::of(&error, url, proxy.as_ref());
        report.bad("network", &finding, &hint);
    } else {
        report.fine("network", "OnceHub answers");
    }
    let setting = |flag: &str, value: &str, variable: &str| match subject.entry {
        Some(one) => format!("oncehub-mcp install {} --name {} --{flag} '{value}'", one.client.id, one.name),
        None => format!("set {variable} to {value}"),
    };
    if !subject.has_user && !subject.config.sandbox && tells_defaults {
        report.warn(
            "me",
            "'me' is whom the key's account names, for what only reads",
            &setting("user", "your e-mail address in OnceHub", "ONCEHUB_MCP_USER"),
        );
    }
    // Where the zone is not set, it is that of `me`, and is reported with it.
    if subject.has_user
        && zone_is_set
        && is_accepted
        && let Err(failure) = app.zone_of_me().await
        && failure.kind == Kind::ConfigurationError
    {
        report.bad("me", &failure.message, &setting("user", "your e-mail address in OnceHub", "ONCEHUB_MCP_USER"));
    }
    if !zone_is_set && tells_defaults {
        let hint = setting("time-zone", "your zone, such as Europe/London", "ONCEHUB_MCP_TIME_ZONE");
        zone(report, &app, is_accepted, &hint).await;
    }
    budgets(report, &app.client);
    Ok(())
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
}

/// Reports where an entry's key is, and its last characters.
fn key_of_entry(report: &mut Report, entry: &Subject<'_>, settings: &EntrySettings) {
    let from = match (entry.config.sandbox, settings.value("api-key-file"), settings.value("keychain")) {
        (true, ..) => return report.fine("key", "the simulated account's own"),
        (_, Some(file), _) => format!("from the file {file}"),
        (_, _, Some(name)) => format!("from the system's keychain, '{name}'"),
        _ => "in the entry".to_owned(),
    };
    let ending = entry.config.key.ending().map(|ending| format!(", ends with {ending}")).unwrap_or_default();
    report.fine("key", &format!("{from}{ending}"));
}

/// Reports where the key came from, and its last characters.
fn key(report: &mut Report, config: &Config, given: &[Given], dotenv: &Dotenv, has_entry: bool) {
    let of = |flag: &str| given.iter().find(|given| given.flag == flag);
    let from = match (config.sandbox, of("api-key-file"), of("keychain"), given_key(dotenv)) {
        (true, ..) => return report.fine("key", "the simulated account's own"),
        (_, Some(file), ..) => format!("from the file {}", file.value),
        (_, _, Some(name), _) => format!("from the system's keychain, '{}'", name.value),
        (_, _, _, Some((_, source))) => format!("from ONCEHUB_API_KEY ({})", place(source, dotenv)),
        (_, _, _, None) => {
            let Some(placeholder) = config.key.placeholder() else {
                if has_entry {
                    return report.fine("key", "none in this shell; the clients' entries say where theirs is");
                }
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
async fn key_works(
    report: &mut Report,
    client: &Client,
    subject: &Subject<'_>,
    proxy: Option<&trouble::Proxy>,
) -> bool {
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
            if subject.is_proven {
                report.warn("network", &format!("{finding}; the entry itself has just worked"), &hint);
            } else {
                report.bad("network", &finding, &hint);
            }
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
    clock(report, checked.server_time);
    if !subject.reads_sms {
        report.fine("plan", "includes the API");
        return true;
    }
    match client.page::<Object>(&notifications::AllSms::default(), 1, None).await {
        Err(error) if error.rejection().is_some_and(|rejection| rejection.status == 403) => {
            let hint = "list_sms_notifications will fail; all else works";
            report.warn("plan", &format!("text messages are not part of it: {error}"), hint);
        }
        _ => report.fine("plan", "includes the API"),
    }
    true
}

/// Reports in which zone replies show times if none is set.
async fn zone(report: &mut Report, app: &App, is_accepted: bool, hint: &str) {
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
        let used = of.saturating_sub(left);
        report.fine("budget", &format!("{of} requests in {period} s, {used} of them used by this check"));
    }
}

/// Reports whether a client's entry works.
fn client(report: &mut Report, one: Registered, arguments: &Arguments) {
    let whose = one.whose();
    let Registered { client, scope, file, name, state } = one;
    let is_project = scope == Scope::Project;
    let whose = if is_project { format!("{whose} (this project)") } else { whose };
    let project = if is_project { " --project" } else { "" };
    let again = format!("oncehub-mcp install {}{project} --name {name}", client.id);
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
        State::Tried(Entry::Stdio { command, .. }, Err(problem)) => {
            let hint = if is_this_program(&command) {
                format!("{again} rewrites it, and keeps its settings")
            } else {
                format!("{again} replaces it, with none of what it says")
            };
            report.bad("client", &format!("{whose}: {problem}"), &hint);
        }
        State::Tried(Entry::Http { url, .. }, Err(problem)) => {
            let hint = if problem.starts_with(&format!("{url} refuses: ")) {
                format!("{again} --http {url} --token sends the server's own token, --key env a OnceHub key instead")
            } else {
                format!("is {url} right, and is its server up?")
            };
            report.bad("client", &format!("{whose}: {problem}"), &hint);
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
                    let hint =
                        format!("see the findings above; if its key is wrong, {again} --key file gives it another");
                    report.bad("client", &format!("{finding}, but calls fail: {problem}"), &hint);
                }
                _ => report.fine("client", &finding),
            }
        }
    }
}
