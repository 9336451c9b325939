use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use serde_json::{Map, Value, json};

use super::change::{Change, copies, read_optional};
use super::entry::{Entry, KEY_HEADERS, KEY_VARIABLES};
use super::format::Format;
use super::machine::{Machine, below};

/// A program that uses MCP servers, and how they are registered with it.
#[derive(Debug)]
pub struct Client {
    /// Its name on the command line.
    pub id: &'static str,
    /// Its maker's name for it.
    pub name: &'static str,
    /// The maker's documentation.
    pub documentation: &'static str,
    /// What has to happen before the client sees a change.
    pub then: &'static str,
    /// The most tools that it takes from all servers together, if that is about as many as this one has.
    pub most_tools: Option<usize>,
    /// A person's own configuration file.
    pub(super) file: fn(&Machine) -> PathBuf,
    /// A project's configuration file, below its folder.
    pub(super) project: Option<&'static str>,
    /// The program that shows it is installed, besides the folder of its file.
    pub(super) program: Option<&'static str>,
    /// The folder that shows it is installed, if that is not the file's own.
    pub(super) folder: Option<fn(&Machine) -> PathBuf>,
    pub(super) layout: Layout,
}

/// How a client's file spells an entry.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) format: Format,
    /// The field that holds all servers by name.
    pub(super) servers: &'static str,
    pub(super) command: &'static str,
    pub(super) args: &'static str,
    pub(super) env: &'static str,
    /// The field of a server's address; `None` if the file cannot name one.
    pub(super) url: Option<&'static str>,
    pub(super) headers: &'static str,
    /// The `type` of a program's entry, and of an address's.
    pub(super) types: [Option<&'static str>; 2],
    /// Additional fields of an entry, given its name.
    pub(super) extra_fields: fn(&str) -> Value,
    /// The sign with which the client expands variables inside values.
    pub(super) expands: Option<&'static str>,
}

/// What most clients have adopted.
pub(super) const USUAL: Layout = Layout {
    format: Format::Json,
    servers: "mcpServers",
    command: "command",
    args: "args",
    env: "env",
    url: Some("url"),
    headers: "headers",
    types: [None, None],
    extra_fields: |_| Value::Null,
    expands: Some("${"),
};

/// The names of the address field in various clients.
const URLS: [&str; 4] = ["url", "httpUrl", "serverUrl", "uri"];

/// The fields that switch an entry off or on.
const SWITCHES: [&str; 2] = ["disabled", "enabled"];

/// Fields that only a program's entry may have, in various clients. Codex rejects its whole file when an address has
/// one.
const OF_PROGRAMS: [&str; 3] = ["cwd", "env_vars", "envFile"];

/// Fields that only an address's entry may have. Codex rejects its whole file when a program has one.
const OF_ADDRESSES: [&str; 7] = [
    "auth", "bearer_token_env_var", "env_http_headers", "headersHelper", "http_headers_helper", "oauth",
    "oauth_resource",
];

/// The owner of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A person's own.
    Person,
    /// The project in whose folder the command was run.
    Project,
}

/// An entry found in a file under our name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The entry, if the client could use it.
    pub entry: Option<Entry>,
    /// Whether it is switched off in the client.
    pub is_off: bool,
}

/// A copy of a client's file, from before an earlier change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// The copy.
    pub file: PathBuf,
    /// Whether the entry in it holds a key.
    pub holds_key: bool,
    /// Whether it has nothing besides this program's entries that the file does not have.
    pub is_spare: bool,
    /// Whether it has an entry of this program.
    pub had_entry: bool,
}

impl Client {
    /// Returns the file that the client reads.
    ///
    /// # Errors
    /// When it has none for projects.
    pub fn file(&self, machine: &Machine, scope: Scope) -> anyhow::Result<PathBuf> {
        match (scope, self.project) {
            (Scope::Person, _) => Ok((self.file)(machine)),
            (Scope::Project, Some(path)) => Ok(below(&machine.folder, path)),
            (Scope::Project, None) => {
                bail!("{} has no configuration file for a project: leave out --project", self.name)
            }
        }
    }

    /// Returns the file that the client reads, unless it is a project's and a link leads out of the project: the file
    /// changed would then not be the one shown.
    fn file_to_write(&self, machine: &Machine, scope: Scope) -> anyhow::Result<PathBuf> {
        let file = self.file(machine, scope)?;
        let Some(folder) = std::fs::canonicalize(&machine.folder).ok().filter(|_| scope == Scope::Project) else {
            return Ok(file);
        };
        // For a new file, check the folder it will be created in.
        let real = file.ancestors().find_map(|part| std::fs::canonicalize(part).ok());
        if let Some(real) = real.filter(|real| !real.starts_with(&folder)) {
            let (file, real) = (file.display(), real.display());
            bail!("{file} links outside this folder, to {real}: it is left unchanged");
        }
        Ok(file)
    }

    /// Whether an entry can be an address.
    pub fn has_addresses(&self) -> bool {
        self.layout.url.is_some()
    }

    /// Whether the client appears to be installed on this machine.
    pub fn is_installed(&self, machine: &Machine) -> bool {
        let file = (self.file)(machine);
        let folder = self.folder.map(|folder| folder(machine)).or_else(|| file.parent().map(Path::to_owned));
        // A client that keeps its file directly in the home folder is not recognized by that folder.
        let folder = folder.filter(|folder| *folder != machine.home);
        file.is_file()
            || folder.is_some_and(|folder| folder.is_dir())
            || self.program.is_some_and(|program| machine.program(program).is_some())
    }

    /// Returns what the file has under a name.
    pub fn find(&self, machine: &Machine, scope: Scope, name: &str) -> anyhow::Result<Option<Found>> {
        let (_, all) = self.read(&self.file(machine, scope)?)?;
        Ok(self.entry(&all, name).map(|entry| self.understand(entry)))
    }

    /// Returns all entries of the file, each with its name.
    pub fn all(&self, machine: &Machine, scope: Scope) -> anyhow::Result<Vec<(String, Found)>> {
        let (_, all) = self.read(&self.file(machine, scope)?)?;
        let entries = all.get(self.layout.servers).and_then(Value::as_object).into_iter().flatten();
        Ok(entries.map(|(name, entry)| (name.clone(), self.understand(entry))).collect())
    }

    /// Returns the change that registers an entry, with none of the variables or headers of these names. Whatever else a person added to an entry of the same name in their own
    /// file stays. In a project's file it may be a stranger's (a variable that sends the key elsewhere, tools that skip
    /// confirmation), and is removed.
    pub fn register(
        &self,
        machine: &Machine,
        scope: Scope,
        name: &str,
        entry: &Entry,
        without: &[&str],
    ) -> anyhow::Result<Change> {
        let file = self.file_to_write(machine, scope)?;
        let (before, all) = self.read(&file)?;
        let mut old = self.entry(&all, name).and_then(Value::as_object).cloned().unwrap_or_default();
        if scope == Scope::Project {
            old.retain(|field, _| SWITCHES.contains(&field.as_str()));
        }
        let new = self.spell(name, entry, old, without)?;
        let change = self.change(file, before, &all, name, Some(&new))?;
        Ok(Change { holds_key: entry.holds_key(), held_key: self.holds_key(&all, name), ..change })
    }

    /// Returns the change that removes an entry; `None` if there is none.
    pub fn unregister(&self, machine: &Machine, scope: Scope, name: &str) -> anyhow::Result<Option<Change>> {
        let file = self.file_to_write(machine, scope)?;
        let (before, all) = self.read(&file)?;
        if self.entry(&all, name).is_none() {
            return Ok(None);
        }
        let change = self.change(file, before, &all, name, None)?;
        Ok(Some(Change { held_key: self.holds_key(&all, name), ..change }))
    }

    /// Returns the copies of its file, made before earlier changes, and what each is good for once the entry of this name
    /// is gone; `left` is the file's text then, and `is_ours` says which entries belong to this program.
    pub fn copies(
        &self,
        machine: &Machine,
        scope: Scope,
        name: &str,
        left: &str,
        is_ours: &dyn Fn(&Entry) -> bool,
    ) -> anyhow::Result<Vec<Copy>> {
        let file = self.file_to_write(machine, scope)?;
        let of_others = |text: &str| {
            let mut text = text.to_owned();
            loop {
                let all = self.layout.format.read(&text).ok()?;
                let entries = all.get(self.layout.servers).and_then(Value::as_object).into_iter().flatten();
                let is_it = |entry: &Value| self.understand(entry).entry.is_some_and(|entry| is_ours(&entry));
                let ours = entries.filter(|(other, entry)| *other == name || is_it(entry));
                let Some((ours, _)) = ours.map(|(name, entry)| (name.clone(), entry)).next() else { return Some(text) };
                text = self.layout.format.with(&text, &all, [self.layout.servers, &ours], None).ok()?;
            }
        };
        let left = of_others(left);
        let is_bare = |text: &Option<String>| text.as_ref().is_some_and(|text| self.is_bare(text));
        let judged = copies(&file).unwrap_or_default().into_iter().map(|file| {
            let Ok((Some(text), all)) = self.read(&file) else {
                return Copy { file, holds_key: false, is_spare: false, had_entry: false };
            };
            let others = of_others(&text);
            Copy {
                holds_key: self.holds_key(&all, name),
                is_spare: others.is_some() && (others == left || is_bare(&others) && is_bare(&left)),
                had_entry: others.is_some_and(|others| others != text),
                file,
            }
        });
        Ok(judged.collect())
    }

    /// Whether a text of its file has nothing but what registering an entry in an empty one leaves behind.
    pub fn is_bare(&self, text: &str) -> bool {
        let servers = self.layout.servers;
        self.layout.format.read(text).is_ok_and(|all| {
            all.iter().all(|(field, value)| field == servers && value.as_object().is_none_or(Map::is_empty))
        }) && !text.contains(['#'])
            && !text.contains("//")
            && !text.contains("/*")
    }

    /// Returns what a changed file has under a name.
    pub fn find_after(&self, change: &Change, name: &str) -> Option<Entry> {
        let all = self.layout.format.read(&change.after).ok()?;
        self.understand(self.entry(&all, name)?).entry
    }

    fn holds_key(&self, all: &Map<String, Value>, name: &str) -> bool {
        let entry = self.entry(all, name).and_then(|entry| self.understand(entry).entry);
        entry.is_some_and(|entry| entry.holds_key())
    }

    /// Returns the text of a client's file with only this entry, for a person to paste.
    pub fn block(&self, name: &str, entry: &Entry) -> anyhow::Result<String> {
        let new = self.spell(name, entry, Map::new(), &[])?;
        self.layout.format.with("", &Map::new(), [self.layout.servers, name], Some(&new))
    }

    /// Returns a file's text, and what it says.
    fn read(&self, file: &Path) -> anyhow::Result<(Option<String>, Map<String, Value>)> {
        let text = read_optional(file).map_err(|reason| anyhow!("{} cannot be read: {reason}", file.display()))?;
        let all = self.layout.format.read(text.as_deref().unwrap_or_default());
        Ok((text, all.map_err(|broken| left(file, &broken))?))
    }

    /// Returns the entry of a name, in what a file says.
    fn entry<'a>(&self, all: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
        all.get(self.layout.servers)?.get(name)
    }

    /// Returns the change to a file after which it has an entry, or none; `all` is what it says before.
    fn change(
        &self,
        file: PathBuf,
        before: Option<String>,
        all: &Map<String, Value>,
        name: &str,
        entry: Option<&Map<String, Value>>,
    ) -> anyhow::Result<Change> {
        let text = before.as_deref().unwrap_or_default();
        match self.layout.format.with(text, all, [self.layout.servers, name], entry) {
            Ok(after) => Ok(Change { file, before, after, holds_key: false, held_key: false }),
            Err(broken) => Err(left(&file, &broken)),
        }
    }

    /// Builds the fields of an entry, given its current ones, with none of the variables or headers of these names.
    fn spell(
        &self,
        name: &str,
        entry: &Entry,
        mut fields: Map<String, Value>,
        without: &[&str],
    ) -> anyhow::Result<Map<String, Value>> {
        let layout = &self.layout;
        if let Some(sign) = layout.expands
            && let Some(field) = entry.field_with(sign, |text| fields.values().any(|value| says(value, text)))
        {
            bail!(
                "{} reads '{sign}' in {field} as the name of a variable: create another key, or keep this one in a \
                file (--key file)",
                self.name
            );
        }
        let [of_programs, of_addresses] = layout.types;
        let mut own = Map::new();
        let (kind, foreign): (_, &[&str]) = match entry {
            Entry::Stdio { command, args, env } => {
                own.insert(layout.command.to_owned(), json!(command));
                // Some clients reject an entry without arguments, so the list is always written.
                own.insert(layout.args.to_owned(), json!(args));
                own.extend(kept(&fields, layout.env, env, &[&KEY_VARIABLES, without].concat()));
                (of_programs, &OF_ADDRESSES)
            }
            Entry::Http { url, headers } => {
                let field = layout.url.with_context(|| {
                    format!(
                        "{} starts programs only: its file cannot name an address (leave out --http, or add the \
                        address in its settings)",
                        self.name
                    )
                })?;
                own.insert(field.to_owned(), json!(url));
                own.extend(kept(&fields, layout.headers, headers, &[&KEY_HEADERS, without].concat()));
                (of_addresses, &OF_PROGRAMS)
            }
        };
        // Every field that says how the server is reached is ours to set; all others are the person's, once present.
        let ours = [layout.command, layout.args, layout.env, "type", "transport", "bearer_token_env_var"];
        let ours = ours.into_iter().chain(layout.url.into_iter().flat_map(|url| [url, layout.headers]));
        let ours: Vec<&str> = ours.chain(URLS).chain(foreign.iter().copied()).collect();
        fields.retain(|field, _| !ours.contains(&field.as_str()) || own.contains_key(field));
        // Nor may the shell's own key be passed on beside the one that the entry names.
        if let Some(passed_on) = fields.get_mut("env_vars").and_then(Value::as_array_mut) {
            passed_on.retain(|name| !KEY_VARIABLES.iter().any(|key| name == key));
        }
        fields.extend(kind.map(|kind| ("type".to_owned(), json!(kind))));
        if let Value::Object(extra_fields) = (layout.extra_fields)(name) {
            for (field, value) in extra_fields {
                fields.entry(field).or_insert(value);
            }
        }
        fields.extend(own);
        Ok(fields)
    }

    fn understand(&self, entry: &Value) -> Found {
        // Cline's own command nests these fields one level deeper.
        let inner = entry.get("transport").filter(|inner| inner.is_object()).unwrap_or(entry);
        let text = |field: &str| inner.get(field)?.as_str().map(str::to_owned);
        let pairs = |field: &str| -> Vec<(String, String)> {
            let pairs = inner.get(field).and_then(Value::as_object).into_iter().flatten();
            pairs.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
        };
        let is = |field: &str, value: bool| entry.get(field).and_then(Value::as_bool) == Some(value);
        let [disabled, enabled] = SWITCHES;
        let is_off = is(disabled, true) || is(enabled, false);
        let layout = &self.layout;
        let args = inner.get(layout.args).and_then(Value::as_array).into_iter().flatten();
        let args = args.filter_map(|word| word.as_str().map(str::to_owned)).collect();
        let stdio = text(layout.command).map(|command| Entry::Stdio { command, args, env: pairs(layout.env) });
        let http = || {
            // A client may accept other names than the one we write: Gemini CLI's own command writes another.
            let url = text(layout.url?).or_else(|| URLS.into_iter().find_map(text))?;
            Some(Entry::Http { url, headers: pairs(layout.headers) })
        };
        Found { entry: stdio.or_else(http), is_off }
    }
}

/// Whether a value is, or contains, exactly this text.
fn says(value: &Value, text: &str) -> bool {
    match value {
        Value::String(said) => said == text,
        Value::Array(values) => values.iter().any(|value| says(value, text)),
        Value::Object(fields) => fields.values().any(|value| says(value, text)),
        _ => false,
    }
}

/// Says why a file is left unchanged.
fn left(file: &Path, broken: &anyhow::Error) -> anyhow::Error {
    anyhow!("{} is left unchanged: {broken}", file.display())
}

/// Returns a field with its pairs and ours, but without those of these names, such as other ways to give a key; `None` if
/// nothing is left.
fn kept(old: &Map<String, Value>, field: &str, new: &[(String, String)], without: &[&str]) -> Option<(String, Value)> {
    let mut pairs = old.get(field).and_then(Value::as_object).cloned().unwrap_or_default();
    pairs.retain(|name, _| !without.iter().any(|other| other.eq_ignore_ascii_case(name)));
    pairs.extend(new.iter().map(|(name, value)| (name.clone(), json!(value))));
    (!pairs.is_empty()).then(|| (field.to_owned(), Value::Object(pairs)))
}
