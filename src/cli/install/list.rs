//! Which clients are installed, which have this server, and whether it works there.

use std::path::PathBuf;
use std::process::ExitCode;

use console::style;
use futures::future::join_all;

use super::NAME;
use super::kept::is_this_program;
use super::project::{CUT, ask, shown};
use crate::cli::{print_line, visible};
use crate::install::attempt::{Probe, attempt};
use crate::install::{Client, Entry, Found, Machine, Scope, clients};

/// What one of a client's files says about this server.
pub(in crate::cli) struct Registered {
    pub(in crate::cli) client: &'static Client,
    pub(in crate::cli) scope: Scope,
    pub(in crate::cli) file: PathBuf,
    /// What the client calls it.
    pub(in crate::cli) name: String,
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

impl Registered {
    /// Returns the client's name, with what it calls the entry, if a person has chosen that.
    pub(in crate::cli) fn whose(&self) -> String {
        if self.name == NAME { self.client.name.to_owned() } else { format!("{} '{}'", self.client.name, self.name) }
    }
}

/// Reads every client's files, and tries the entries in a person's own: that of a name, or else all that start this
/// program and that of the usual name. A stranger may have written a project's files: with `asks` each of those entries is
/// tried after a yes to it; otherwise it is only shown.
pub(in crate::cli) async fn registered(machine: &Machine, name: Option<&str>, asks: bool) -> Vec<Registered> {
    let mut all = Vec::new();
    for client in clients::ALL {
        for scope in [Scope::Person, Scope::Project] {
            let Ok(file) = client.file(machine, scope) else { continue };
            // In the home folder, both may be the same file.
            if scope == Scope::Project && client.file(machine, Scope::Person).is_ok_and(|own| own == file) {
                continue;
            }
            // One question after another, each about the very entry that is then tried.
            for (name, found) in entries(client, machine, scope, name) {
                let entry = match (found, scope) {
                    (Ok(entry), Scope::Project) => {
                        let agreed = if asks {
                            ask(client, &file, &entry, &machine.folder).await
                        } else {
                            Err("not tried: it belongs to the project")
                        };
                        agreed.map(|()| entry.clone()).map_err(|why| State::Untried(entry, why))
                    }
                    (found, _) => found,
                };
                all.push((client, scope, file.clone(), name, entry));
            }
        }
    }
    // All at once: each may take a while.
    join_all(all.into_iter().map(|(client, scope, file, name, entry)| async move {
        let state = match entry {
            Err(state) => state,
            Ok(entry) => {
                let answer = attempt(&entry, machine, scope).await;
                State::Tried(entry, answer)
            }
        };
        Registered { client, scope, file, name, state }
    }))
    .await
}

/// Returns the names of this server's entries in a client's file, and each entry that could be tried.
fn entries(
    client: &Client,
    machine: &Machine,
    scope: Scope,
    name: Option<&str>,
) -> Vec<(String, Result<Entry, State>)> {
    let usual = name.unwrap_or(NAME).to_owned();
    let all = match client.all(machine, scope) {
        Ok(all) => all,
        Err(problem) => return vec![(usual, Err(State::Broken(problem.to_string())))],
    };
    let ours = all.into_iter().filter(|(other, found)| {
        *other == usual || name.is_none() && found.entry.as_ref().is_some_and(starts_this_program)
    });
    let mut ours: Vec<_> = ours.map(|(name, found)| (name.clone(), usable(&name, found))).collect();
    if ours.is_empty() {
        ours.push((usual, Err(State::Absent)));
    }
    ours
}

/// Returns the names of the other entries of a client's file that start this program.
pub(super) fn others(client: &Client, machine: &Machine, scope: Scope, name: &str) -> Vec<String> {
    let all = client.all(machine, scope).unwrap_or_default().into_iter();
    let is_ours = |found: &Found| found.entry.as_ref().is_some_and(starts_this_program);
    all.filter(|(other, found)| other != name && is_ours(found)).map(|(other, _)| other).collect()
}

/// Whether an entry starts this program.
pub(super) fn starts_this_program(entry: &Entry) -> bool {
    matches!(entry, Entry::Stdio { command, .. } if is_this_program(command))
}

fn usable(name: &str, found: Found) -> Result<Entry, State> {
    if found.is_off {
        return Err(State::Off);
    }
    found.entry.ok_or_else(|| State::Broken(format!("its '{name}' has neither a command nor an address")))
}

/// Prints a line for each client, and one for each project file that has the server. Exits with 1 if an entry is broken
/// that is the person's own, or that they asked to try.
pub(super) async fn run(machine: &Machine, name: Option<&str>, asks: bool) -> anyhow::Result<ExitCode> {
    let mut code = ExitCode::SUCCESS;
    for one in registered(machine, name, asks).await {
        let Registered { client, scope, ref file, ref state, .. } = one;
        let told = match state {
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
        print_line(&format!("{:<15} {}{project}: {told}", client.id, visible(&one.whose())));
    }
    Ok(code)
}
