//! `oncehub-mcp install` and `oncehub-mcp uninstall`: adding the server to a client's configuration, and removing it.

mod entry;
mod key;
mod list;
mod project;
mod selection;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use clap::builder::PossibleValuesParser;
use clap::{ArgGroup, Args};
use url::Url;

use super::{is_yes, print_exact, print_line};
use crate::config::{Config, Dotenv, Given};
use crate::install::{Change, Client, Entry, Machine, Scope, attempt, clients};
use key::KeyStore;
pub(super) use list::{Registered, State, registered};
pub(super) use project::{CUT, shown};

/// What to register, and with which clients.
#[derive(Args, Clone, Debug)]
#[command(group = ArgGroup::new("what").required(true).args(["clients", "list"]), after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// Show which clients are installed, which of them have this server, and whether it works there
    #[arg(long, conflicts_with_all = ["yes", "dry_run", "http", "key"])]
    list: bool,
    /// Register a hosted server: its address, https://mcp.example.com/mcp
    #[arg(long, value_name = "URL")]
    http: Option<Url>,
    /// Where the key is kept [default: file, or env with --http]
    #[arg(long, value_name = "WHERE")]
    key: Option<KeyStore>,
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
    /// What the client calls the server: letters, digits and hyphens
    #[arg(long, value_name = "NAME", default_value = "oncehub", value_parser = name)]
    name: String,
    /// Use the file of this folder's project, not your own; with --list, ask whether to try the entries in its files
    #[arg(long)]
    project: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Show what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
}

const EXAMPLES: &str = "\
Settings given before or after it become part of the entry.

Examples:
  oncehub-mcp install claude-desktop           asks for the key, shows, writes
  oncehub-mcp install cursor --sandbox --yes   a simulated account, no question
  oncehub-mcp install vscode --project --read-only
  oncehub-mcp install gemini-cli --http https://mcp.example.com/mcp
  oncehub-mcp install --list";

/// Validates a name that every client accepts.
fn name(text: &str) -> Result<String, String> {
    let fits = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && (1..=40).contains(&text.len());
    if fits { Ok(text.to_owned()) } else { Err("use letters, digits and hyphens, at most 40".into()) }
}

/// Registers the server, or shows where it is registered.
pub(super) async fn run(
    arguments: Arguments,
    config: Config,
    given: &[Given],
    dotenv: &Dotenv,
) -> anyhow::Result<ExitCode> {
    let machine = machine()?;
    let target = &arguments.target;
    if arguments.list {
        return Ok(list::run(&machine, &target.name, target.project).await);
    }
    let clients = target.clients();
    let scope = target.scope();
    let keep = key::chosen(arguments.key, arguments.http.as_ref(), &config)?;
    let key = if arguments.print {
        key::placeholder(keep, &target.name, key::file(&machine, &target.name))
    } else {
        key::find(keep, &target.name, &machine, given, dotenv, &config, target.dry_run).await?
    };
    let entry = match &arguments.http {
        None => entry::of_program(&machine, given, &key)?,
        Some(url) => entry::of_address(url, given, &key)?,
    };
    if arguments.print {
        for client in clients {
            let (entry, note) = selection::for_client(client, &entry, None, given, dotenv);
            // On standard error, so that standard output is the block alone.
            let file = client.file(&machine, scope)?;
            let _ = console::Term::stderr().write_line(&format!("{}: {}", client.name, file.display()));
            if let Some(note) = note {
                let _ = console::Term::stderr().write_line(&note);
            }
            print_exact(client.block(&target.name, &entry)?.trim_end());
        }
        return Ok(ExitCode::SUCCESS);
    }
    // All changes are computed before any is written.
    let (mut changes, mut entries, mut notes) = (Vec::new(), Vec::new(), Vec::new());
    for client in clients {
        // What a project's file says may be a stranger's choice.
        let before = if target.project { None } else { client.find(&machine, scope, &target.name)? };
        let before = before.and_then(|found| found.entry);
        let (entry, note) = selection::for_client(client, &entry, before.as_ref(), given, dotenv);
        changes.push((client, client.register(&machine, scope, &target.name, &entry)?));
        notes.extend(note);
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    for (client, change) in &changes {
        if !client.is_installed(&machine) {
            print_line(&format!("{} does not seem to be installed; its file is written anyway.", client.name));
        }
        show(client, change);
        // KeyStore it off: that is the person's decision.
        if client.find(&machine, scope, &target.name)?.is_some_and(|found| found.is_off) {
            print_line(&format!("{} has it switched off: switch it on there.", client.name));
        }
    }
    if arguments.http.is_none() {
        notes.extend(entry::notes(given, &machine, dotenv));
    }
    for note in notes.into_iter().chain(key.notes(scope)) {
        print_line(&note);
    }
    if target.dry_run {
        print_line("Nothing was written.");
        return Ok(ExitCode::SUCCESS);
    }
    let is_new = changes.iter().any(|(_, change)| !change.is_none()) || key.is_new();
    if is_new && !agreed(target.yes)? {
        return Ok(ExitCode::FAILURE);
    }
    key.keep()?;
    write(&changes)?;
    for entry in &entries {
        let outcome = tried(entry, &machine, scope).await;
        if outcome != ExitCode::SUCCESS {
            return Ok(outcome);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Removes the server's entry.
pub(super) fn remove(target: &Target) -> anyhow::Result<ExitCode> {
    let machine = machine()?;
    ensure!(!target.clients.is_empty(), "name a client: oncehub-mcp uninstall CLIENT (install --list shows them)");
    let mut changes = Vec::new();
    for client in target.clients() {
        match client.unregister(&machine, target.scope(), &target.name)? {
            Some(change) => {
                show(client, &change);
                changes.push((client, change));
            }
            None => print_line(&format!("{} has no '{}'.", client.name, target.name)),
        }
    }
    if changes.is_empty() || target.dry_run {
        print_line("Nothing was written.");
        return Ok(ExitCode::SUCCESS);
    }
    if !agreed(target.yes)? {
        return Ok(ExitCode::FAILURE);
    }
    write(&changes)?;
    let file = key::file(&machine, &target.name);
    if file.is_file() {
        print_line(&format!("The key stays in {}: delete it if nothing else uses it.", file.display()));
    }
    Ok(ExitCode::SUCCESS)
}

impl Target {
    fn clients(&self) -> Vec<&'static Client> {
        self.clients.iter().filter_map(|id| clients::named(id)).collect()
    }

    fn scope(&self) -> Scope {
        if self.project { Scope::Project } else { Scope::Person }
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

fn agreed(yes: bool) -> anyhow::Result<bool> {
    if yes {
        return Ok(true);
    }
    ensure!(std::io::stdin().is_terminal(), "there is no terminal to ask: --yes writes it, --dry-run only shows it");
    let _ = console::Term::stdout().write_str("Write this? [y/N] ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    let agreed = is_yes(&answer);
    if !agreed {
        print_line("Nothing was written.");
    }
    Ok(agreed)
}

fn write(changes: &[(&Client, Change)]) -> anyhow::Result<()> {
    let mut written = Vec::new();
    for (client, change) in changes.iter().filter(|(_, change)| !change.is_none()) {
        let copy = match change.apply() {
            Ok(copy) => copy,
            Err(error) if written.is_empty() => bail!("{error}; nothing was written"),
            Err(error) => bail!("{error}; only {} has been written", written.join(", ")),
        };
        written.push(client.name);
        let copy = copy.map(|copy| format!(" (backup: {})", copy.display())).unwrap_or_default();
        print_line(&format!("Wrote {}{copy}.", change.file.display()));
        print_line(&format!("Next: {}.", client.then));
    }
    Ok(())
}

/// Tries the entry that was just written, started as the client would start it: the entry this process made, not what
/// the file may hold by now.
async fn tried(entry: &Entry, machine: &Machine, scope: Scope) -> ExitCode {
    let answer = match attempt::attempt(entry, machine, scope).await {
        Ok(answer) => answer,
        Err(problem) => {
            print_line(&format!("Tried the entry, and it does not work: {problem}\nhint: run oncehub-mcp check"));
            return ExitCode::FAILURE;
        }
    };
    let took = answer.took.as_millis();
    print_line(&format!("Tried the entry: {} answers in {took} ms and offers {} tools.", answer.server, answer.tools));
    match answer.account {
        Some(Ok(account)) => print_line(&account),
        Some(Err(problem)) => print_line(&format!("Its calls fail, though: {problem}\nhint: run oncehub-mcp check")),
        None => {}
    }
    ExitCode::SUCCESS
}
