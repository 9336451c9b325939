//! `oncehub-mcp uninstall`: the entry goes, and with it every copy of the file that holds its key.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{bail, ensure};

use super::{Target, agreed, machine, show};
use crate::cli::print_line;
use crate::config::Given;
use crate::install::{Change, Client, Entry, Machine, Scope, clients};

/// Removes the server's entry.
pub(in crate::cli) fn remove(target: &Target, given: &[Given]) -> anyhow::Result<ExitCode> {
    let machine = machine()?;
    ensure!(!target.clients.is_empty(), "name a client: oncehub-mcp uninstall CLIENT (install --list shows them)");
    let (scope, name) = (target.scope(), &target.name);
    let (mut changes, mut copies, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    for client in target.clients() {
        let entry = client.find(&machine, scope, name)?.and_then(|found| found.entry);
        match client.unregister(&machine, scope, name)? {
            Some(change) => {
                show(client, &change);
                changes.push((client, change));
            }
            None => print_line(&format!("{} has no '{name}'.", client.name)),
        }
        copies.extend(client.copies_with_key(&machine, scope, name)?);
        keys.extend(entry.iter().flat_map(Entry::key_pairs));
    }
    for copy in &copies {
        print_line(&format!("A copy holds the key, and goes, too: {}", copy.display()));
    }
    if changes.is_empty() && copies.is_empty() || target.only_shows(given) {
        print_line("Nothing was written.");
        return Ok(ExitCode::SUCCESS);
    }
    let question = if changes.is_empty() { "Remove this?" } else { "Write this?" };
    if !agreed(target.yes, question)? {
        return Ok(ExitCode::FAILURE);
    }
    write(&changes)?;
    for copy in &copies {
        if let Err(error) = std::fs::remove_file(copy) {
            bail!("{} cannot be removed: {error}", copy.display());
        }
        print_line(&format!("Removed {}.", copy.display()));
    }
    keys.sort();
    keys.dedup();
    for (name, value) in keys {
        left(&machine, &name, &value);
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes each change. What a file was is kept beside it, unless that would keep the key.
fn write(changes: &[(&'static Client, Change)]) -> anyhow::Result<()> {
    let mut written = Vec::new();
    for (client, change) in changes {
        let copy = match change.apply(!change.held_key) {
            Ok(copy) => copy,
            Err(error) if written.is_empty() => bail!("{error}; nothing was written"),
            Err(error) => bail!("{error}; only {} has been written", written.join(", ")),
        };
        written.push(client.name);
        let copy = match copy {
            Some(copy) => format!(" (backup: {})", copy.display()),
            None => " (no backup: it would hold the key)".to_owned(),
        };
        print_line(&format!("Wrote {}{copy}.", change.file.display()));
        print_line(&format!("Next: {}.", client.then));
    }
    Ok(())
}

/// Says what is left of a key that an entry said where to find, and who still uses it.
fn left(machine: &Machine, variable: &str, place: &str) {
    let what = match variable {
        "ONCEHUB_API_KEY_FILE" if Path::new(place).is_file() => format!("in {place}"),
        "ONCEHUB_MCP_KEYCHAIN" => format!("in the system's keychain, as '{place}'"),
        _ => return,
    };
    match users_of(machine, variable, place).as_slice() {
        [] => print_line(&format!("The key stays {what}: delete it if nothing else uses it.")),
        [user] => print_line(&format!("The key stays {what}: {user} uses it.")),
        users => print_line(&format!("The key stays {what}: {} use it.", users.join(", "))),
    }
}

/// Returns the clients whose files say that a key is in this place.
pub(super) fn users_of(machine: &Machine, variable: &str, place: &str) -> Vec<&'static str> {
    let uses = |client: &&Client| {
        let file: Option<PathBuf> = client.file(machine, Scope::Person).ok();
        // Any name's entry says the same.
        file.and_then(|file| std::fs::read_to_string(file).ok())
            .is_some_and(|text| text.contains(variable) && text.contains(place))
    };
    clients::ALL.into_iter().filter(uses).map(|client| client.name).collect()
}
