//! What a second `install` keeps of the entry that is there, and what of its safety it would take away.

use std::path::Path;

use url::Url;

use super::entry::{HEADERS, KEY_FLAGS};
use crate::config::{EntrySettings, Worded, settings_in};
use crate::install::{Entry, Scope};
use crate::oncehub::api_root;
use crate::tools::{Catalogue, Selection};

/// The settings that may be kept of an entry in a project's file, which may be a stranger's: those that allow less.
const NARROWING: [&str; 6] = ["read-only", "dry-run", "confirm", "toolsets", "tools", "exclude-tools"];

/// What is kept of an entry, unless a flag says otherwise.
#[derive(Default)]
pub(super) struct Kept {
    /// The settings among its arguments, or those that its headers stand for.
    pub(super) settings: Vec<Worded>,
    /// The variables or headers that carry its key, or say where it is.
    pub(super) key: Vec<(String, String)>,
    /// Whether it has a key, or says where it is: also by an argument, or in the file that it names.
    pub(super) has_key: bool,
    /// Its address.
    pub(super) address: Option<Url>,
    /// The address of the API that it sets.
    pub(super) api_url: Option<Url>,
    /// Whether it uses the simulated account.
    pub(super) is_sandbox: bool,
    /// Whether there is an entry of this server.
    pub(super) is_there: bool,
    /// What is not kept, in words.
    pub(super) dropped: Vec<String>,
    /// That another program's entry goes, with what it says, in words.
    pub(super) replaces: Option<String>,
}

impl Kept {
    /// Returns what is kept of an entry.
    pub(super) fn of(before: Option<&Entry>, scope: Scope) -> Self {
        match before {
            None => Self::default(),
            Some(Entry::Stdio { command, args, env }) if is_this_program(command) => Self::of_program(args, env, scope),
            Some(Entry::Stdio { command, args, env }) => {
                let name = Path::new(command).file_name().unwrap_or_default().to_string_lossy();
                // Values may be secret.
                let flag = |arg: &String| arg.split('=').next().filter(|name| name.starts_with('-')).map(str::to_owned);
                let said: Vec<String> =
                    args.iter().filter_map(flag).chain(env.iter().map(|(name, _)| name.clone())).collect();
                let with = if said.is_empty() { String::new() } else { format!(" with {}", said.join(", ")) };
                let replaces =
                    format!("The entry that is there starts {name}{with}, not this program: none of it is kept.");
                Self { replaces: Some(replaces), ..Self::default() }
            }
            Some(entry @ Entry::Http { url, headers }) => {
                let settings = of_headers(headers);
                if scope == Scope::Project {
                    let settings = settings.into_iter().filter(narrows).collect();
                    return Self { settings, is_there: true, ..Self::default() };
                }
                let key = entry.key_pairs();
                let address = Url::parse(url).ok();
                Self { settings, has_key: !key.is_empty(), key, address, is_there: true, ..Self::default() }
            }
        }
    }

    fn of_program(args: &[String], env: &[(String, String)], scope: Scope) -> Self {
        let (mut settings, mut others) = settings_in(args);
        others.retain(|word| word != "stdio");
        let mut dropped = Vec::new();
        if !others.is_empty() {
            // Whatever follows the name may be a secret.
            let names = others.iter().filter(|word| word.starts_with("--")).map(|word| word.split('=').next());
            let names: Vec<&str> = names.flatten().collect();
            let names = if names.is_empty() { "words".to_owned() } else { names.join(", ") };
            dropped.push(format!("Not kept: {names} among its arguments, which this program does not know."));
        }
        if scope == Scope::Project {
            settings.retain(narrows);
            return Self { settings, is_there: true, dropped, ..Self::default() };
        }
        let set = EntrySettings::new(args, env);
        let key = Entry::Stdio { command: String::new(), args: Vec::new(), env: env.to_vec() }.key_pairs();
        Self {
            settings,
            key,
            // What a file that cannot be read now gives, it gives the client.
            has_key: set.have_key() || set.is_partial,
            address: None,
            api_url: set.value("api-url").and_then(|url| api_root(url).ok()),
            is_sandbox: set.is_on("sandbox"),
            is_there: true,
            dropped,
            replaces: None,
        }
    }

    /// Returns whether its key may be sent to an address: one of the same server.
    pub(super) fn has_key_for(&self, url: &Url) -> bool {
        self.has_key && self.address.as_ref().is_some_and(|address| address.origin() == url.origin())
    }

    /// Describes what a new entry has of it, given the flags that were replaced.
    pub(super) fn note(&self, keeps_key: bool, replaced: &[String], after: &Self) -> Option<String> {
        let stays = |flag: &String| after.settings.iter().any(|setting| setting.given.flag == *flag);
        let flags = self.settings.iter().map(|setting| &setting.given.flag).filter(|flag| stays(flag));
        let flags = flags.filter(|flag| !replaced.contains(flag) && (keeps_key || !KEY_FLAGS.contains(&flag.as_str())));
        let key = (keeps_key && !self.key.is_empty()).then(|| "its key".to_owned());
        let all: Vec<String> = key.into_iter().chain(flags.map(|flag| format!("--{flag}"))).collect();
        (!all.is_empty()).then(|| format!("Kept from the entry that is there: {}.", all.join(", ")))
    }
}

/// Whether a program is this one, wherever it is installed.
pub(in crate::cli) fn is_this_program(command: &str) -> bool {
    let file = command.rsplit(['/', '\\']).next().unwrap_or(command).to_ascii_lowercase();
    let own = std::env::current_exe().and_then(|own| own.canonicalize()).ok();
    file.starts_with("oncehub-mcp") || own.is_some() && Path::new(command).canonicalize().ok() == own
}

fn narrows(setting: &Worded) -> bool {
    let (flag, value) = (setting.given.flag.as_str(), setting.given.value.as_str());
    NARROWING.contains(&flag) && value != "false" && (flag != "confirm" || value == "always")
}

/// Returns the settings that headers stand for, as arguments.
fn of_headers(headers: &[(String, String)]) -> Vec<Worded> {
    let word = |(name, value): &(String, String)| {
        let (flag, _) = HEADERS.iter().find(|(_, header)| header.eq_ignore_ascii_case(name))?;
        Some(format!("--{flag}={value}"))
    };
    settings_in(&headers.iter().filter_map(word).collect::<Vec<_>>()).0
}

/// Returns what an entry sets, however it does.
pub(super) fn effective(entry: &Entry) -> EntrySettings {
    match entry {
        Entry::Stdio { args, env, .. } => EntrySettings::new(args, env),
        Entry::Http { headers, .. } => {
            let words: Vec<String> = of_headers(headers).into_iter().flat_map(|setting| setting.words).collect();
            EntrySettings::new(&words, &[])
        }
    }
}

/// Returns what an entry in the place of another allows in addition, a sentence each.
pub(super) fn widened(before: &Entry, after: &Entry) -> Vec<String> {
    let (old, new) = (effective(before), effective(after));
    let mut told = Vec::new();
    let loses = |flag: &str| old.is_on(flag) && !new.is_on(flag);
    if loses("read-only") {
        told.push("It takes --read-only away: tools that change things will be offered.".to_owned());
    }
    if loses("dry-run") {
        told.push("It takes the server's --dry-run away: changes will be sent.".to_owned());
    }
    let asks = |settings: &EntrySettings| match settings.value("confirm").map(str::trim) {
        Some("always") => 2,
        Some("never") => 0,
        _ => 1,
    };
    if asks(&new) < asks(&old) {
        told.push("It asks people less: --confirm was stricter.".to_owned());
    }
    // Whether tools that change things are among them is told above.
    let offered = |settings: &EntrySettings| -> Option<Vec<String>> {
        let names = |flag: &str| -> Vec<String> {
            let list = settings.value(flag).unwrap_or_default();
            list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
        };
        let (toolsets, tools, exclude) = (names("toolsets"), names("tools"), names("exclude-tools"));
        let chosen = Catalogue::new(&Selection { read_only: false, toolsets, tools, exclude }).ok()?;
        Some(chosen.list().iter().map(|tool| tool.name.to_string()).collect())
    };
    if let (Some(old), Some(new)) = (offered(&old), offered(&new)) {
        let more = new.iter().filter(|name| !old.contains(name)).count();
        if more > 0 {
            let (old, new) = (old.len(), new.len());
            told.push(format!("It offers more tools: {more} that were not chosen before ({new} instead of {old})."));
        }
    }
    told
}
