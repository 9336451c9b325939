//! The operator's map: whom this server lets in, with which of the operator's keys, as whom in OnceHub, and what they may
//! do. It is looked up at each request, and read again when it changes.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::TimeZone;
use secrecy::SecretString;
use serde::Deserialize;

use super::key::{BadKey, KeyAt, OwnKey};
use super::person::Person;
use crate::transport::http::ReadKey;
use crate::transport::http::auth::grant::digest;
use crate::transport::http::watched::Watched;

/// The largest map, in bytes.
const LARGEST: u64 = 1 << 20;

/// The operator's map. Clones share it.
#[derive(Clone)]
pub struct Map(Arc<Watched<Arc<Rules>, BadMap>>);

/// The map as it is now.
pub(super) struct Rules {
    said: File,
    keys: BTreeMap<String, OwnKey>,
}

/// What a person whom the map lets in is served with.
pub(super) struct Mapped {
    pub(super) key: SecretString,
    /// Who they are in OnceHub.
    pub(super) me: String,
    pub(super) zone: Option<String>,
    pub(super) read_only: bool,
}

/// The reason a person is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotMapped {
    /// No rule is about them, or one says so.
    Nobody,
    /// The rule takes them for the OnceHub user with their verified e-mail address, and they have none.
    NoAddress,
}

/// The reason a map cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadMap {
    /// The file cannot be read.
    #[error("the file {path} cannot be read: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error message.
        reason: String,
    },
    /// The file is too long.
    #[error("the file {0} is longer than {mib} MiB", mib = LARGEST >> 20)]
    TooLong(PathBuf),
    /// The file is no JSON.
    #[error("line {line}, column {column}: what is there is no JSON")]
    NotJson {
        /// The line of the mistake.
        line: usize,
        /// Its column.
        column: usize,
    },
    /// The file is no map.
    #[error("line {line}, column {column}, at '{at}': {EXPECTED}")]
    NotAMap {
        /// The line of the mistake.
        line: usize,
        /// Its column.
        column: usize,
        /// The member that it is in.
        at: String,
    },
    /// The map lets nobody in.
    #[error("'rules' is empty: the map lets nobody in")]
    Empty,
    /// A rule cannot be meant so.
    #[error("rules[{at}]: {problem}")]
    Rule {
        /// Its place, from 0.
        at: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// A key cannot be used.
    #[error("keys.{name}: {problem}")]
    Key {
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: BadKey,
    },
}

const EXPECTED: &str = "a map is an object with 'keys' (each an object with 'file' or 'variable'), 'rules', and perhaps \
    'groups_claim' and 'verified_claim'; a rule has one of 'subject', 'email', 'domain' and 'group', and 'key', 'user', \
    'zone' and 'access' (read, all or none)";

/// The file.
#[derive(Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct File {
    keys: BTreeMap<String, KeyAt>,
    /// The claim that lists a person's groups.
    #[serde(default = "groups_claim")]
    groups_claim: String,
    /// The claim that says whether the provider has verified a person's address.
    #[serde(default = "verified_claim")]
    verified_claim: String,
    rules: Vec<Rule>,
}

fn groups_claim() -> String {
    "groups".to_owned()
}

fn verified_claim() -> String {
    "email_verified".to_owned()
}

#[derive(Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Rule {
    subject: Option<String>,
    email: Option<String>,
    domain: Option<String>,
    group: Option<String>,
    key: Option<String>,
    /// Who they are in OnceHub; without it, the user with their verified e-mail address.
    user: Option<String>,
    zone: Option<String>,
    #[serde(default)]
    access: Access,
}

/// What a rule lets people do.
#[derive(Clone, Copy, Default, Deserialize, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Access {
    #[default]
    Read,
    All,
    None,
}

impl Map {
    /// Reads the map in a file, which is read again when it changes, and so are the files of its keys.
    ///
    /// # Errors
    /// If it cannot be read, or not be meant so.
    pub fn of_file(path: &Path, read: ReadKey) -> Result<Self, BadMap> {
        let file = path.to_owned();
        let load = move || Rules::of_file(&file, read).map(Arc::new);
        Ok(Self(Arc::new(Watched::new("map of people", vec![path.to_owned()], load)?)))
    }

    /// Reads it again now, with its keys.
    pub fn reload(&self) {
        self.0.reload();
        self.current().keys.values().for_each(OwnKey::reload);
    }

    /// Returns the files of its keys.
    pub fn key_files(&self) -> Vec<PathBuf> {
        self.current().said.keys.values().filter_map(KeyAt::file).map(Path::to_path_buf).collect()
    }

    pub(super) fn current(&self) -> Arc<Rules> {
        self.0.current()
    }
}

impl fmt::Debug for Map {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map").finish_non_exhaustive()
    }
}

/// Maps are told apart by what they say: each key is compared on its own when it is read again.
impl PartialEq for Rules {
    fn eq(&self, other: &Self) -> bool {
        self.said == other.said
    }
}

impl Rules {
    fn of_file(path: &Path, read: ReadKey) -> Result<Self, BadMap> {
        let unreadable =
            |error: std::io::Error| BadMap::Unreadable { path: path.to_owned(), reason: error.to_string() };
        if std::fs::metadata(path).map_err(unreadable)?.len() > LARGEST {
            return Err(BadMap::TooLong(path.to_owned()));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let said: File = parsed(&text)?;
        if said.rules.is_empty() {
            return Err(BadMap::Empty);
        }
        for (at, rule) in said.rules.iter().enumerate() {
            rule.check(&said.keys).map_err(|problem| BadMap::Rule { at, problem })?;
        }
        let mut keys = BTreeMap::new();
        for (name, at) in &said.keys {
            let key = at.key(read).map_err(|problem| BadMap::Key { name: name.clone(), problem })?;
            keys.insert(name.clone(), key);
        }
        Ok(Self { said, keys })
    }

    pub(super) fn groups_claim(&self) -> &str {
        &self.said.groups_claim
    }

    pub(super) fn verified_claim(&self) -> &str {
        &self.said.verified_claim
    }

    /// Returns the groups that rules are about.
    pub(super) fn groups(&self) -> HashSet<&str> {
        self.said.rules.iter().filter_map(|rule| rule.group.as_deref()).collect()
    }

    /// Returns a digest of all groups that rules are about.
    pub(super) fn asked(&self) -> String {
        self.digest(&self.said.rules)
    }

    /// Returns a digest of the groups that come before the rule about this person: each might have counted instead.
    pub(super) fn passed(&self, person: &Person) -> String {
        self.digest(self.said.rules.iter().take_while(|rule| !rule.is_about(person)))
    }

    /// Returns a digest of the groups of these rules, and of where groups and verified addresses are looked for.
    fn digest<'a>(&'a self, rules: impl IntoIterator<Item = &'a Rule>) -> String {
        let groups: BTreeSet<&str> = rules.into_iter().filter_map(|rule| rule.group.as_deref()).collect();
        let all: Vec<&str> = [self.verified_claim(), self.groups_claim()].into_iter().chain(groups).collect();
        digest(&all.join("\n"))
    }

    /// Returns what this person is served with, by the first rule that is about them.
    ///
    /// # Errors
    /// If they are not let in.
    pub(super) fn of(&self, person: &Person) -> Result<Mapped, NotMapped> {
        let rule = self.said.rules.iter().find(|rule| rule.is_about(person)).ok_or(NotMapped::Nobody)?;
        // A group before it may be one of theirs, for which nobody has looked in what the provider said.
        if person.asked != self.asked() && person.passed != self.passed(person) {
            return Err(NotMapped::Nobody);
        }
        let key = rule.key.as_ref().filter(|_| rule.access != Access::None);
        let key = key.and_then(|name| self.keys.get(name)).ok_or(NotMapped::Nobody)?;
        let me = rule.user.as_ref().or(person.email.as_ref()).ok_or(NotMapped::NoAddress)?;
        Ok(Mapped {
            key: key.current(),
            me: me.clone(),
            zone: rule.zone.clone(),
            read_only: rule.access != Access::All,
        })
    }
}

/// Parses a map. An error says where it is, and repeats nothing: it might be a key.
fn parsed(text: &str) -> Result<File, BadMap> {
    let mut json = serde_json::Deserializer::from_str(text);
    let said = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let (at, error) = (error.path().to_string(), error.into_inner());
        let (line, column) = (error.line(), error.column());
        if error.is_data() { BadMap::NotAMap { line, column, at } } else { BadMap::NotJson { line, column } }
    })?;
    json.end().map_err(|error| BadMap::NotJson { line: error.line(), column: error.column() })?;
    Ok(said)
}

impl Rule {
    fn check(&self, keys: &BTreeMap<String, KeyAt>) -> Result<(), String> {
        let about = [&self.subject, &self.email, &self.domain, &self.group].into_iter().flatten();
        let about: Vec<&String> = about.collect();
        if about.len() != 1 || about.iter().any(|text| text.trim().is_empty()) {
            return Err("a rule is about one thing: 'subject', 'email', 'domain' or 'group'".to_owned());
        }
        if self.email.as_ref().is_some_and(|email| !email.contains('@')) {
            return Err("'email' is an address like dana@example.com; for all of a domain write 'domain'".to_owned());
        }
        if self.domain.as_ref().is_some_and(|domain| domain.contains('@')) {
            return Err("'domain' is what follows the @ of an address, like example.com".to_owned());
        }
        match &self.key {
            None if self.access == Access::None => {}
            None => return Err("'key' is missing: the name of one of 'keys'".to_owned()),
            // Not repeated: somebody may have written the key itself.
            Some(name) if !keys.contains_key(name) => {
                return Err("'key' is the name of one of 'keys', and there is none of this name".to_owned());
            }
            Some(_) => {}
        }
        if self.user.as_ref().is_some_and(|user| user.trim().is_empty()) {
            return Err("'user' is empty: write an e-mail address or an id, or leave it out".to_owned());
        }
        if let Some(zone) = self.zone.as_ref().filter(|zone| TimeZone::get(zone).is_err()) {
            return Err(format!("'zone': there is no time zone '{zone}': write it like Europe/London"));
        }
        Ok(())
    }

    fn is_about(&self, person: &Person) -> bool {
        let address = person.email.as_deref();
        let domain = address.and_then(|address| Some(address.rsplit_once('@')?.1));
        let is = |wanted: &Option<String>, found: Option<&str>| match (wanted, found) {
            (Some(wanted), Some(found)) => wanted.eq_ignore_ascii_case(found),
            _ => false,
        };
        self.subject.as_ref() == Some(&person.subject)
            || is(&self.email, address)
            || is(&self.domain, domain)
            || self.group.as_ref().is_some_and(|group| person.groups.contains(group))
    }
}

#[cfg(test)]
mod tests;
