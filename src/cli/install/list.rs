//! Which clients are here, which have this server, and whether it works there.

use std::process::ExitCode;

use console::style;
use futures::future::join_all;

use crate::cli::say;
use crate::install::attempt::{Answer, attempt};
use crate::install::{Client, Entry, Machine, Scope, clients};

/// What one file of a client's says of this server.
pub(in crate::cli) struct Registered {
    pub(in crate::cli) client: &'static Client,
    pub(in crate::cli) scope: Scope,
    pub(in crate::cli) state: State,
}

/// What became of an entry.
pub(in crate::cli) enum State {
    /// There is none.
    Absent,
    /// The file cannot be used, or the entry not be understood.
    Broken(String),
    /// The client has been told to leave it out.
    Off,
    /// It was tried.
    Tried(Entry, Result<Answer, String>),
}

/// Looks into every client's files, and tries what they say. All at once: each may take its time.
pub(in crate::cli) async fn registered(machine: &Machine, name: &str) -> Vec<Registered> {
    let places = clients::ALL.into_iter().flat_map(|client| {
        let of = |scope| client.file(machine, scope).ok();
        // In the home folder, both may be the same file.
        let project =
            of(Scope::Project).filter(|file| Some(file) != of(Scope::Person).as_ref()).map(|_| Scope::Project);
        [Some(Scope::Person), project].into_iter().flatten().map(move |scope| (client, scope))
    });
    join_all(places.map(|(client, scope)| async move {
        let state = match client.find(machine, scope, name) {
            Err(problem) => State::Broken(problem.to_string()),
            Ok(None) => State::Absent,
            Ok(Some(found)) if found.is_off => State::Off,
            Ok(Some(found)) => match found.entry {
                None => State::Broken(format!("its '{name}' says neither what to start nor where to connect")),
                Some(entry) => {
                    let answer = attempt(&entry, machine).await;
                    State::Tried(entry, answer)
                }
            },
        };
        Registered { client, scope, state }
    }))
    .await
}

/// Prints a line for each client, and one for each project's file that has the server. Exit code 1 when an entry is broken.
pub(super) async fn run(machine: &Machine, name: &str) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for Registered { client, scope, state } in registered(machine, name).await {
        let told = match &state {
            State::Absent if scope == Scope::Project => continue,
            State::Absent if client.is_here(machine) => "here, not registered".to_owned(),
            State::Absent => style("not found").dim().to_string(),
            State::Off => "registered, but switched off in the client".to_owned(),
            State::Broken(problem) | State::Tried(_, Err(problem)) => {
                code = ExitCode::FAILURE;
                format!("{}: {problem}", style("does not work").red())
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
                        format!("registered ({way}), {tools} tools, {}: {problem}", style("but calls fail").red())
                    }
                    _ => format!("{} ({way}), {tools} tools", style("registered and works").green()),
                }
            }
        };
        let project = if scope == Scope::Project { " (this project)" } else { "" };
        say(&format!("{:<15} {}{project}: {told}", client.id, client.name));
    }
    code
}
