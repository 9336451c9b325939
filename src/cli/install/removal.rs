//! `oncehub-mcp uninstall`: the entry goes, and with it what this program made for it: every copy of the file that holds
//! its key or nothing else, and a file or a folder that is left empty.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{anyhow, bail, ensure};

use super::list::{others, starts_this_program};
use super::{NOTHING, Target, agreed, machine, show};
use crate::cli::{print_line, visible};
use crate::config::Given;
use crate::install::{Change, Client, Copy, Entry, Machine, Scope, clients};

/// What goes of one client.
struct Removal {
    client: &'static Client,
    /// `None` if there is no entry.
    change: Option<Change>,
    /// Whether the file goes whole: this program made it, and nothing else is in it.
    whole: bool,
    copies: Vec<Copy>,
}

impl Removal {
    fn of(client: &'static Client, machine: &Machine, scope: Scope, name: &str) -> anyhow::Result<Self> {
        let change = client.unregister(machine, scope, name)?;
        let left = match &change {
            Some(change) => change.after.clone(),
            None => std::fs::read_to_string(client.file(machine, scope)?).unwrap_or_default(),
        };
        let copies = client.copies(machine, scope, name, &left, &starts_this_program)?;
        // A file that was there before the first entry has a copy without one.
        let is_link = client.file(machine, scope)?.is_symlink();
        let whole = change.is_some() && !is_link && client.is_bare(&left) && copies.iter().all(|copy| copy.had_entry);
        Ok(Self { client, change, whole, copies })
    }

    /// Returns the copies that go.
    fn gone(&self) -> impl Iterator<Item = &Copy> {
        self.copies.iter().filter(|copy| copy.holds_key || copy.is_spare && self.change.is_some())
    }

    fn is_none(&self) -> bool {
        self.change.is_none() && self.gone().next().is_none()
    }

    /// Shows what goes and what stays.
    fn show(&self, name: &str) {
        match &self.change {
            Some(change) => show(self.client, change),
            None => print_line(&format!("{} has no '{name}'.", self.client.name)),
        }
        if let Some(change) = self.change.as_ref().filter(|_| self.whole) {
            print_line(&format!("Nothing else is in it, and install made it: it goes, {}", change.file.display()));
        }
        for copy in &self.copies {
            let place = copy.file.display();
            if copy.holds_key {
                print_line(&format!("A copy holds the key, and goes, too: {place}"));
            } else if self.gone().any(|gone| gone == copy) {
                print_line(&format!("A copy has nothing of others' that the file has not, and goes, too: {place}"));
            } else if self.change.is_some() {
                print_line(&format!("A copy stays, since the file has changed in other ways since: {place}"));
            }
        }
    }

    /// Carries it out.
    fn carry_out(&self, machine: &Machine) -> anyhow::Result<()> {
        if let Some(change) = &self.change {
            change.apply(false).map_err(|error| anyhow!("{error}; nothing was written there"))?;
            let file = &change.file;
            if self.whole {
                removed(file)?;
            } else {
                print_line(&format!("Wrote {}.", file.display()));
            }
        }
        for copy in self.gone() {
            removed(&copy.file)?;
        }
        if let Some(change) = self.change.as_ref().filter(|_| self.whole) {
            let folder = change.file.parent().filter(|folder| *folder != machine.home && *folder != machine.folder);
            // Ignore: something else is in it.
            let _ = folder.map(std::fs::remove_dir);
        }
        if self.change.is_some() {
            print_line(&format!("Next: {}.", self.client.then));
        }
        Ok(())
    }
}

/// Removes a file.
fn removed(file: &Path) -> anyhow::Result<()> {
    if let Err(error) = std::fs::remove_file(file) {
        bail!("{} cannot be removed: {error}", file.display());
    }
    print_line(&format!("Removed {}.", file.display()));
    Ok(())
}

/// Removes the server's entry.
pub(in crate::cli) async fn remove(target: &Target, given: &[Given]) -> anyhow::Result<ExitCode> {
    let machine = machine()?;
    ensure!(!target.clients.is_empty(), "name a client: oncehub-mcp uninstall CLIENT (install --list shows them)");
    let (scope, name) = (target.scope(), target.name());
    let (mut removals, mut keys) = (Vec::new(), Vec::new());
    for client in target.clients() {
        let entry = client.find(&machine, scope, name)?.and_then(|found| found.entry);
        keys.extend(entry.iter().flat_map(Entry::key_pairs));
        let removal = Removal::of(client, &machine, scope, name)?;
        removal.show(name);
        for other in others(client, &machine, scope, name).iter().filter(|_| target.name.is_none()) {
            let project = if target.project { " --project" } else { "" };
            let (client, id, other) = (client.name, client.id, visible(other));
            print_line(&format!(
                "{client} also has '{other}': oncehub-mcp uninstall {id}{project} --name {other} removes it."
            ));
        }
        removals.push(removal);
    }
    if removals.iter().all(Removal::is_none) || target.only_shows(given) {
        print_line(NOTHING);
        return Ok(ExitCode::SUCCESS);
    }
    let writes = removals.iter().any(|removal| removal.change.is_some());
    if !agreed(target.yes, if writes { "Write this?" } else { "Remove this?" }).await? {
        return Ok(ExitCode::FAILURE);
    }
    let mut done = Vec::new();
    for removal in &removals {
        if let Err(error) = removal.carry_out(&machine) {
            if done.is_empty() {
                bail!("{error}");
            }
            bail!("{error}; done so far: {}", done.join(", "));
        }
        done.push(removal.client.name);
    }
    keys.sort();
    keys.dedup();
    for (name, value) in keys {
        left(&machine, &name, &value);
    }
    Ok(ExitCode::SUCCESS)
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
