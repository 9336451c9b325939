//! `oncehub-mcp install` and `oncehub-mcp uninstall`: adding the server to a client's configuration, and removing it.

mod entry;
mod finding;
mod kept;
mod key;
mod list;
mod project;
mod removal;
mod selection;

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use clap::builder::PossibleValuesParser;
use clap::{ArgGroup, Args};
use url::Url;

use super::{is_yes, print_exact, print_line, prompt};
use crate::config::{Config, Dotenv, Given, Source, flag};
use crate::install::{Change, Client, Entry, Machine, Scope, attempt, clients};
use crate::tools::Catalogue;
use entry::Asked;
pub(super) use entry::{address, cleared, is_of_machine, with_path};
use finding::{Keys, TokenSource};
pub(super) use kept::is_this_program;
use kept::{Kept, widened};
use key::{KeyStore, StoredKey};
pub(super) use list::{Registered, State, registered};
pub(super) use project::{CUT, shown};
pub(super) use removal::remove;

/// What to register, and with which clients.
#[derive(Args, Clone, Debug)]
#[command(group = ArgGroup::new("what").required(true).args(["clients", "list"]), after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// Show which clients are installed, which of them have this server, and whether it works there; with --project, ask
    /// whether to try the entries in this folder's files, too
    #[arg(long, conflicts_with_all = ["yes", "dry_run", "http", "key"])]
    list: bool,
    /// Register a hosted server: its address, https://mcp.example.com/mcp
    #[arg(long, value_name = "URL", value_parser = entry::address)]
    http: Option<Url>,
    /// Where the key is kept [default: where the entry has it, else file, or env with --http]
    #[arg(long, value_name = "WHERE")]
    key: Option<KeyStore>,
    /// Send that hosted server its own token instead of a OnceHub key: it is asked for, or read from standard input
    #[arg(long, conflicts_with_all = ["list", "key", "token_file"])]
    token: bool,
    /// File with that token
    #[arg(long, value_name = "FILE", conflicts_with_all = ["list", "key"])]
    token_file: Option<PathBuf>,
    /// Put the server's own --dry-run into the entry, since that of install only shows: changes are checked, and not sent
    #[arg(long, value_name = "ON/OFF", num_args = 0..=1, require_equals = true, default_missing_value = "true", value_parser = flag)]
    entry_dry_run: Option<bool>,
    /// Print the block to paste into the client's file, and write nothing
    #[arg(long, conflicts_with_all = ["list", "dry_run", "yes"])]
    print: bool,
}

/// Whose files to change, and how.
#[derive(Args, Clone, Debug)]
pub(super) struct Target {
    /// The clients
    #[arg(value_name = "CLIENT", value_parser = PossibleValuesParser::new(clients::ALL.map(|client| client.id)))]
    clients: Vec<String>,
    /// What the client calls the server: letters, digits and hyphens [default: oncehub]
    #[arg(long, value_name = "NAME", value_parser = name)]
    name: Option<String>,
    /// Use the file of this folder's project, not your own
    #[arg(long)]
    project: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Show what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// What clients call the server, unless a person says otherwise.
pub(super) const NAME: &str = "oncehub";

const EXAMPLES: &str = "\
Settings given before or after it become part of the entry. One that is there
keeps its settings and its key: each flag replaces just that one
(--read-only=false), and an empty value clears it (--user=).

Examples:
  oncehub-mcp install claude-desktop           asks for the key, shows, writes
  oncehub-mcp install cursor --sandbox --yes   a simulated account, no question
  oncehub-mcp install vscode --project --read-only
  oncehub-mcp install gemini-cli --http https://mcp.example.com/mcp --token
  oncehub-mcp install --list";

/// Validates a name that every client accepts.
fn name(text: &str) -> Result<String, String> {
    let fits = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && (1..=40).contains(&text.len());
    if fits { Ok(text.to_owned()) } else { Err("use letters, digits and hyphens, at most 40".into()) }
}

/// A change to one client's file, and the entry that it makes.
struct Planned {
    client: &'static Client,
    change: Change,
    /// What the entry then allows that it did not before, a sentence each.
    widened: Vec<String>,
}

/// The changes to all clients' files, and what comes with them.
#[derive(Default)]
struct Plan {
    changes: Vec<Planned>,
    /// The entries that the files then have, each once, with the clients that have it.
    entries: Vec<(Entry, Vec<&'static str>)>,
    keys: Vec<StoredKey>,
    /// What a person should know.
    notes: Vec<String>,
}

/// Registers the server, or shows where it is registered.
pub(super) async fn run(
    arguments: Arguments,
    config: Config,
    given: &[Given],
    cleared: &[Given],
    dotenv: &Dotenv,
) -> anyhow::Result<ExitCode> {
    let machine = machine()?;
    let target = &arguments.target;
    if arguments.list {
        return list::run(&machine, target.name.as_deref(), target.project).await;
    }
    // Before anything is written.
    Catalogue::new(&config.selection)?;
    let token = match (&arguments.token_file, arguments.token) {
        (Some(file), _) => Some(TokenSource::File(file.clone())),
        (None, true) => Some(TokenSource::Asked),
        (None, false) => None,
    };
    let mut keys = Keys {
        machine: &machine,
        given,
        dotenv,
        config: &config,
        name: target.name(),
        asks: !target.yes,
        store: arguments.key,
        token: token.as_ref(),
        is_looked_at: arguments.print || target.only_shows(given),
        of_programs: None,
        of_addresses: Vec::new(),
        notes: Vec::new(),
    };
    let asked = Asked::new(given, cleared, arguments.entry_dry_run)?;
    let http = match &arguments.http {
        None => None,
        Some(url) => {
            let (url, is_completed) = entry::completed(url)?;
            if is_completed {
                keys.notes.push(format!("The address is completed: {url}"));
            }
            Some(url)
        }
    };
    if arguments.print {
        print(&arguments, http.as_ref(), &asked, &keys)?;
        return Ok(ExitCode::SUCCESS);
    }
    // All changes are computed before any is written.
    let mut plan = plan(&arguments, http.as_ref(), &asked, &mut keys).await?;
    show_all(&plan.changes, &machine, target)?;
    plan.notes.append(&mut keys.notes);
    let entries: Vec<&Entry> = plan.entries.iter().map(|(entry, _)| entry).collect();
    plan.notes.extend(entry::notes(&entries, given, &machine, dotenv));
    plan.notes.extend(plan.keys.iter().filter_map(|key| key.notes(target.scope())));
    let mut told: Vec<String> = Vec::new();
    for note in plan.notes {
        if !told.contains(&note) {
            print_line(&note);
            told.push(note);
        }
    }
    if target.only_shows(given) {
        print_line(NOTHING);
        return Ok(ExitCode::SUCCESS);
    }
    let changes = plan.changes.iter().any(|planned| !planned.change.is_none() || planned.change.closes_file());
    let is_new = changes || plan.keys.iter().any(StoredKey::is_new);
    let allows_more = plan.changes.iter().any(|planned| !planned.widened.is_empty());
    let question = if allows_more { "Write this, although it allows more than before?" } else { "Write this?" };
    if is_new && !agreed(target.yes, question).await? {
        return Ok(ExitCode::FAILURE);
    }
    for key in &plan.keys {
        key.keep()?;
    }
    write(&plan.changes)?;
    for (entry, whose) in &plan.entries {
        let outcome = tried(entry, &whose.join(" and "), &machine, target.scope()).await;
        if outcome != ExitCode::SUCCESS {
            return Ok(outcome);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Computes the change to each client's file: what is there is kept, unless a flag says otherwise.
async fn plan(
    arguments: &Arguments,
    http: Option<&Url>,
    asked: &Asked<'_>,
    keys: &mut Keys<'_>,
) -> anyhow::Result<Plan> {
    let (target, scope) = (&arguments.target, arguments.target.scope());
    let mut plan = Plan::default();
    let for_program = asked.is_for_program() || matches!(arguments.key, Some(KeyStore::File | KeyStore::Keychain));
    for client in target.clients() {
        let before = client.find(keys.machine, scope, target.name())?.and_then(|found| found.entry);
        let kept = Kept::of(before.as_ref().map(|entry| asked.without_cleared(entry)).as_ref(), scope);
        let address = http.or_else(|| kept.address.as_ref().filter(|_| !for_program));
        let (entry, key) = match address {
            Some(url) => {
                let key = keys.for_address(url, &kept).await?;
                (entry::of_address(url, asked, &kept, &key)?, key)
            }
            None => {
                let key = keys.for_program(&kept, asked.switch("sandbox")).await?;
                (entry::of_program(keys.machine, asked, keys.given, &kept, &key)?, key)
            }
        };
        let (entry, note) = selection::for_client(client, entry, kept.is_there, asked, keys.given, keys.dotenv);
        let change = client.register(keys.machine, scope, target.name(), &entry, &asked.cleared_names())?;
        let after = client.find_after(&change, target.name());
        let pair = before.as_ref().zip(after.as_ref()).filter(|_| kept.is_there);
        let mut widened = pair.map(|(before, after)| widened(before, after)).unwrap_or_default();
        widened.extend(kept.replaces.clone());
        if !change.is_none() {
            plan.notes.extend(kept.note(key.is_kept(), &asked.flags(), &Kept::of(after.as_ref(), scope)));
        }
        if let Some(url) = kept.address.as_ref().filter(|_| http.is_none()) {
            let what = if address.is_some() { "It stays" } else { "This program takes the place of" };
            plan.notes.push(format!("{what} the address {url}."));
        }
        let may_be_simulated = address.is_none() && (key.is_kept() || key.is_nowhere());
        if kept.is_sandbox && asked.switch("sandbox").is_none() && may_be_simulated {
            plan.notes.push("It stays the simulated account: --key file registers your own.".to_owned());
        }
        plan.notes.extend(kept.dropped);
        plan.notes.extend(note);
        plan.changes.push(Planned { client, change, widened });
        plan.keys.push(key);
        // With what the file keeps besides.
        let entry = after.unwrap_or(entry);
        match plan.entries.iter_mut().find(|(other, _)| *other == entry) {
            Some((_, whose)) => whose.push(client.name),
            None => plan.entries.push((entry, vec![client.name])),
        }
    }
    Ok(plan)
}

/// Prints the block of each client, to be pasted by hand.
fn print(arguments: &Arguments, http: Option<&Url>, asked: &Asked<'_>, keys: &Keys<'_>) -> anyhow::Result<()> {
    let (target, kept) = (&arguments.target, Kept::default());
    let key = keys.placeholder(http.is_some(), keys.config.sandbox);
    let entry = match http {
        None => entry::of_program(keys.machine, asked, keys.given, &kept, &key)?,
        Some(url) => entry::of_address(url, asked, &kept, &key)?,
    };
    for client in target.clients() {
        let (entry, note) = selection::for_client(client, entry.clone(), false, asked, keys.given, keys.dotenv);
        // On standard error, so that standard output is the block alone.
        let file = client.file(keys.machine, target.scope())?;
        let head = format!("{}: {}", client.name, file.display());
        for line in std::iter::once(head).chain(note).chain(keys.notes.clone()) {
            let _ = console::Term::stderr().write_line(&line);
        }
        print_exact(client.block(target.name(), &entry)?.trim_end());
    }
    Ok(())
}

/// Shows each change, and what it takes away.
fn show_all(planned: &[Planned], machine: &Machine, target: &Target) -> anyhow::Result<()> {
    for Planned { client, change, widened } in planned {
        if !client.is_installed(machine) {
            print_line(&format!("{} does not seem to be installed; its file is written anyway.", client.name));
        }
        show(client, change);
        for sentence in widened {
            let (mark, sentence) = (console::style("!").yellow().bold(), console::style(sentence).bold());
            print_line(&format!("{mark} {sentence}"));
        }
        if change.closes_file() {
            let file = change.file.display();
            print_line(&format!(
                "Others can read {file}: it is made readable only by you, since it is to hold the key."
            ));
        }
        // Keep it off: that is the person's decision.
        if client.find(machine, target.scope(), target.name())?.is_some_and(|found| found.is_off) {
            print_line(&format!("{} has it switched off: switch it on there.", client.name));
        }
    }
    Ok(())
}

impl Target {
    fn clients(&self) -> Vec<&'static Client> {
        self.clients.iter().filter_map(|id| clients::named(id)).collect()
    }

    /// Returns what the client calls the server.
    fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(NAME)
    }

    fn scope(&self) -> Scope {
        if self.project { Scope::Project } else { Scope::Person }
    }

    /// Whether nothing is to be written. The server's setting of the same name, in the environment, does not mean that.
    fn only_shows(&self, given: &[Given]) -> bool {
        let is_flag = |given: &Given| given.flag == "dry-run" && given.source == Source::Flag;
        self.dry_run && given.iter().any(is_flag)
    }
}

/// Returns this machine.
pub(super) fn machine() -> anyhow::Result<Machine> {
    Machine::this().context("the home folder is unknown (is HOME set?)")
}

fn show(client: &Client, change: &Change) {
    let state = match (&change.before, change.is_none()) {
        (_, true) => " (already up to date)",
        (None, _) => " (new)",
        (Some(_), _) => "",
    };
    print_line(&format!("{}: {}{state}", client.name, change.file.display()));
    for line in change.diff().lines() {
        let styled = console::style(line);
        print_line(
            &match line.as_bytes().first() {
                Some(b'+') => styled.green(),
                Some(b'-') => styled.red(),
                _ => styled.dim(),
            }
            .to_string(),
        );
    }
}

/// What is said where a person did not agree.
const NOTHING: &str = "Nothing was written.";

/// Asks a question that only a yes answers.
async fn agreed(yes: bool, question: &str) -> anyhow::Result<bool> {
    if yes {
        return Ok(true);
    }
    ensure!(std::io::stdin().is_terminal(), "there is no terminal to ask: --yes writes it, --dry-run only shows it");
    let agreed = is_yes(&prompt::answer(&console::Term::stdout(), &format!("{question} [y/N] "), NOTHING).await?);
    if !agreed {
        print_line(NOTHING);
    }
    Ok(agreed)
}

fn write(planned: &[Planned]) -> anyhow::Result<()> {
    let mut written = Vec::new();
    for Planned { client, change, .. } in planned {
        if change.is_none() && !change.closes_file() {
            continue;
        }
        let copy = match change.apply(true) {
            Ok(copy) => copy,
            Err(error) if written.is_empty() => bail!("{error}; nothing was written"),
            Err(error) => bail!("{error}; only {} has been written", written.join(", ")),
        };
        written.push(client.name);
        let holds_key = if change.held_key { ", which holds the key: uninstall removes it" } else { "" };
        let copy = copy.map(|copy| format!(" (backup: {}{holds_key})", copy.display())).unwrap_or_default();
        print_line(&format!("Wrote {}{copy}.", change.file.display()));
        print_line(&format!("Next: {}.", client.then));
    }
    Ok(())
}

/// Tries the entry that was just written, started as the client would start it: the entry this process made, not what
/// the file may hold by now.
async fn tried(entry: &Entry, whose: &str, machine: &Machine, scope: Scope) -> ExitCode {
    let answer = match attempt::attempt(entry, machine, scope).await {
        Ok(answer) => answer,
        Err(problem) => {
            print_line(&format!(
                "Tried the entry of {whose}, and it does not work: {problem}\nhint: run oncehub-mcp check"
            ));
            return ExitCode::FAILURE;
        }
    };
    let took = answer.took.as_millis();
    let (server, tools) = (&answer.server, answer.tools);
    print_line(&format!("Tried the entry of {whose}: {server} answers in {took} ms and offers {tools} tools."));
    match answer.account {
        Some(Ok(account)) => print_line(&account),
        Some(Err(problem)) => {
            print_line(&format!("Its calls fail, though: {problem}\nhint: run oncehub-mcp check"));
            return ExitCode::FAILURE;
        }
        None => {}
    }
    ExitCode::SUCCESS
}
