//! Which clients are installed, which have this server, and whether it works there.

use std::path::PathBuf;
use std::process::ExitCode;

use console::style;
use futures::future::join_all;

use super::project::{CUT, ask, shown};
use crate::cli::{print_line, visible};
use crate::install::attempt::{Probe, attempt};
use crate::install::{Client, Entry, Machine, Scope, clients};

/// What one of a client's files says about this server.
pub(in crate::cli) struct Registered {
    pub(in crate::cli) client: &'static Client,
    pub(in crate::cli) scope: Scope,
    pub(in crate::cli) file: PathBuf,
    pub(in crate::cli) state: State,
}

/// The state of an entry.
pub(in crate::cli) enum State {
    /// There is no entry.
    Absent,
    /// The file is unusable, or the entry cannot be understood.
    Broken(String),
    /// It is switched off in the client.
    Off,
    /// It is a project's, and was not tried, for this reason.
    Untried(Entry, &'static str),
    /// It was tried.
    Tried(Entry, Result<Probe, String>),
}

/// Reads every client's files, and tries the entries in a person's own. A stranger may have written a project's files:
/// with `asks` each of those entries is tried after a yes to it; otherwise it is only shown.
pub(in crate::cli) async fn registered(machine: &Machine, name: &str, asks: bool) -> Vec<Registered> {
    let mut all = Vec::new();
    for client in clients::ALL {
        for scope in [Scope::Person, Scope::Project] {
            let Ok(file) = client.file(machine, scope) else { continue };
            // In the home folder, both may be the same file.
            if scope == Scope::Project && client.file(machine, Scope::Person).is_ok_and(|own| own == file) {
                continue;
            }
            // One question after another, each about the very entry that is then tried.
            let entry = entry(client, machine, scope, name).and_then(|entry| {
                let agreed = match scope {
                    Scope::Person => Ok(()),
                    Scope::Project if asks => ask(client, &file, &entry, &machine.folder),
                    Scope::Project => Err("not tried: it belongs to the project"),
                };
                match agreed {
                    Ok(()) => Ok(entry),
                    Err(why) => Err(State::Untried(entry, why)),
                }
            });
            all.push((client, scope, file, entry));
        }
    }
    // All at once: each may take a while.
    join_all(all.into_iter().map(|(client, scope, file, entry)| async move {
        let state = match entry {
            Err(state) => state,
            Ok(entry) => {
                let answer = attempt(&entry, machine, scope).await;
                State::Tried(entry, answer)
            }
        };
        Registered { client, scope, file, state }
    }))
    .await
}

/// Returns the entry in a client's file, if there is one that could be tried.
fn entry(client: &Client, machine: &Machine, scope: Scope, name: &str) -> Result<Entry, State> {
    let found = client.find(machine, scope, name).map_err(|problem| State::Broken(problem.to_string()))?;
    let found = found.ok_or(State::Absent)?;
    if found.is_off {
        return Err(State::Off);
    }
    found.entry.ok_or_else(|| State::Broken(format!("its '{name}' has neither a command nor an address")))
}

/// Prints a line for each client, and one for each project file that has the server. Exits with 1 if an entry is broken
/// that is the person's own, or that they asked to try.
pub(super) async fn run(machine: &Machine, name: &str, asks: bool) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for Registered { client, scope, file, state } in registered(machine, name, asks).await {
        let told = match &state {
            State::Absent if scope == Scope::Project => continue,
            State::Absent if client.is_installed(machine) => "installed, not registered".to_owned(),
            State::Absent => style("not found").dim().to_string(),
            State::Off => "registered, but switched off in the client".to_owned(),
            State::Untried(entry, why) => {
                let file = visible(&file.display().to_string());
                format!("{file} names {}; {why} (--project asks whether to try it)", shown(entry, CUT))
            }
            State::Broken(problem) | State::Tried(_, Err(problem)) => {
                if scope == Scope::Person || asks {
                    code = ExitCode::FAILURE;
                }
                format!("{}: {}", style("does not work").red(), visible(problem))
            }
            State::Tried(entry, Ok(answer)) => {
                let way = match entry {
                    Entry::Stdio { .. } => "program",
                    Entry::Http { .. } => "address",
                };
                let tools = answer.tools;
                match &answer.account {
                    Some(Err(problem)) => {
                        code = ExitCode::FAILURE;
                        let fails = style("but calls fail").red();
                        format!("registered ({way}), {tools} tools, {fails}: {}", visible(problem))
                    }
                    _ => format!("{} ({way}), {tools} tools", style("registered and works").green()),
                }
            }
        };
        let project = if scope == Scope::Project { " (this project)" } else { "" };
        print_line(&format!("{:<15} {}{project}: {told}", client.id, client.name));
    }
    code
}
