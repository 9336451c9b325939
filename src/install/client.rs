use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::change::{Change, read_if_there};
use super::entry::{Entry, KEY_HEADERS, KEY_VARIABLES};
use super::format::{Broken, Format};
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
    pub(super) format: Format,
    /// The field that holds all servers by name.
    pub(super) servers: &'static str,
    /// A person's own configuration file.
    pub(super) file: fn(&Machine) -> PathBuf,
    /// A project's configuration file, relative to its folder.
    pub(super) project: Option<&'static [&'static str]>,
    /// The program that shows it is installed, besides the folder of its file.
    pub(super) program: Option<&'static str>,
    /// The folder that shows it is installed, if that is not the file's own.
    pub(super) folder: Option<fn(&Machine) -> PathBuf>,
    pub(super) spelling: Spelling,
}

/// How a client spells an entry.
#[derive(Debug)]
pub(super) struct Spelling {
    pub(super) command: &'static str,
    pub(super) args: &'static str,
    pub(super) env: &'static str,
    /// Additional fields of a program's entry, given its name.
    pub(super) besides: fn(&str) -> Value,
    /// The sign with which the client expands variables inside values.
    pub(super) expands: Option<&'static str>,
    /// How a server's address is spelt; `None` if the file cannot name one.
    pub(super) http: Option<HttpSpelling>,
}

#[derive(Debug)]
pub(super) struct HttpSpelling {
    pub(super) url: &'static str,
    pub(super) headers: &'static str,
    /// Additional fields of an address's entry, given its name.
    pub(super) besides: fn(&str) -> Value,
}

/// `mcpServers` with `command`, `args` and `env`: the format that most clients have adopted.
pub(super) const USUAL: Spelling = Spelling {
    command: "command",
    args: "args",
    env: "env",
    besides: nothing,
    expands: Some("${"),
    http: Some(HttpSpelling { url: "url", headers: "headers", besides: nothing }),
};

pub(super) fn nothing(_: &str) -> Value {
    Value::Object(Map::new())
}

/// The names of the address field in various clients.
const URLS: [&str; 4] = ["url", "httpUrl", "serverUrl", "uri"];

/// The fields that tell a client to leave an entry out.
const SWITCHES: [&str; 2] = ["disabled", "enabled"];

/// Fields that only a program's entry may have, in various clients. Codex rejects its whole file when an address has
/// one.
const OF_PROGRAMS: [&str; 3] = ["cwd", "env_vars", "envFile"];

/// Fields that only an address's entry may have. Codex rejects its whole file when a program has one.
const OF_ADDRESSES: [&str; 7] = [
    "auth",
    "bearer_token_env_var",
    "env_http_headers",
    "headersHelper",
    "http_headers_helper",
    "oauth",
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

/// Why a client's file is left unchanged.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The file cannot be read.
    #[error("{file} cannot be read: {reason}")]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's own message.
        reason: String,
    },
    /// The file is not one that the client accepts.
    #[error("{file} is left as it is: {broken}")]
    Broken {
        /// The file.
        file: PathBuf,
        /// What is wrong, and where.
        broken: Broken,
    },
    /// A project's file is a link to somewhere else.
    #[error("{file} leads out of this folder, to {real}: it is left as it is")]
    LedOut {
        /// The file.
        file: PathBuf,
        /// Where it leads, or the folder it is in.
        real: PathBuf,
    },
    /// The client would expand a variable inside a value.
    #[error(
        "{client} reads '{sign}' in {field} as the name of a variable: make another key, or keep this one in a file (--key file)"
    )]
    Expanded {
        /// The client.
        client: &'static str,
        /// The sign that marks a variable.
        sign: &'static str,
        /// The field it appears in.
        field: String,
    },
    /// The client has no project files.
    #[error("{0} has no configuration of its own for a project: leave --project out")]
    NoProjects(&'static str),
    /// The client's file cannot name an address.
    #[error(
        "{0} starts programs only: its file cannot name an address (leave --http out, or add the address in its settings)"
    )]
    NoAddresses(&'static str),
}

/// An entry found in a file under our name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The entry, if the client could use it.
    pub entry: Option<Entry>,
    /// Whether the client has been told to leave it out.
    pub is_off: bool,
}

impl Client {
    /// Returns the file that the client reads.
    ///
    /// # Errors
    /// When it has none for projects.
    pub fn file(&self, machine: &Machine, scope: Scope) -> Result<PathBuf, Refused> {
        match (scope, self.project) {
            (Scope::Person, _) => Ok((self.file)(machine)),
            (Scope::Project, Some(parts)) => Ok(below(&machine.folder, parts)),
            (Scope::Project, None) => Err(Refused::NoProjects(self.name)),
        }
    }

    /// Returns the file that the client reads, unless it is a project's and a link leads out of the project: the file
    /// changed would then not be the one shown.
    fn file_to_write(&self, machine: &Machine, scope: Scope) -> Result<PathBuf, Refused> {
        let file = self.file(machine, scope)?;
        let Some(folder) = std::fs::canonicalize(&machine.folder).ok().filter(|_| scope == Scope::Project) else {
            return Ok(file);
        };
        // For a new file, check the folder it will be created in.
        let real = file.ancestors().find_map(|part| std::fs::canonicalize(part).ok());
        match real.filter(|real| !real.starts_with(&folder)) {
            Some(real) => Err(Refused::LedOut { file, real }),
            None => Ok(file),
        }
    }

    /// Whether an entry can be an address.
    pub fn has_addresses(&self) -> bool {
        self.spelling.http.is_some()
    }

    /// Whether the client appears to be installed on this machine.
    pub fn is_here(&self, machine: &Machine) -> bool {
        let file = (self.file)(machine);
        let folder = self.folder.map(|folder| folder(machine)).or_else(|| file.parent().map(Path::to_owned));
        // A client that keeps its file directly in the home folder is not recognised by that folder.
        let folder = folder.filter(|folder| *folder != machine.home);
        file.is_file()
            || folder.is_some_and(|folder| folder.is_dir())
            || self.program.is_some_and(|program| machine.program(program).is_some())
    }

    /// Returns what the file has under a name.
    ///
    /// # Errors
    /// When the file cannot be read or understood.
    pub fn find(&self, machine: &Machine, scope: Scope, name: &str) -> Result<Option<Found>, Refused> {
        let file = self.file(machine, scope)?;
        let text = read(&file)?.unwrap_or_default();
        let all = self.format.read(&text).map_err(|broken| Refused::Broken { file, broken })?;
        Ok(all.get(self.servers).and_then(|servers| servers.get(name)).map(|entry| self.understand(entry)))
    }

    /// Returns the change that registers an entry. Whatever a person added to an entry of the same name in their own
    /// file stays. In a project's file it may be a stranger's (a variable that sends the key elsewhere, tools that skip
    /// confirmation), and is removed.
    ///
    /// # Errors
    /// When the file cannot be read or understood, or the client cannot do what is asked.
    pub fn register(&self, machine: &Machine, scope: Scope, name: &str, entry: &Entry) -> Result<Change, Refused> {
        let file = self.file_to_write(machine, scope)?;
        let before = read(&file)?;
        let text = before.as_deref().unwrap_or_default();
        let broken = |broken| Refused::Broken { file: file.clone(), broken };
        let all = self.format.read(text).map_err(broken)?;
        let old = all.get(self.servers).and_then(|servers| servers.get(name)).and_then(Value::as_object);
        let mut old = old.cloned();
        if let (Scope::Project, Some(old)) = (scope, &mut old) {
            old.retain(|field, _| SWITCHES.contains(&field.as_str()));
        }
        let new = self.spell(name, entry, old.as_ref())?;
        let after = self.format.put(text, &all, [self.servers, name], &new).map_err(broken)?;
        Ok(Change { file, before, after })
    }

    /// Returns the change that removes an entry; `None` if there is none.
    ///
    /// # Errors
    /// When the file cannot be read or understood.
    pub fn unregister(&self, machine: &Machine, scope: Scope, name: &str) -> Result<Option<Change>, Refused> {
        let file = self.file_to_write(machine, scope)?;
        let Some(text) = read(&file)? else { return Ok(None) };
        let broken = |broken| Refused::Broken { file: file.clone(), broken };
        let all = self.format.read(&text).map_err(broken)?;
        if all.get(self.servers).and_then(|servers| servers.get(name)).is_none() {
            return Ok(None);
        }
        let after = self.format.take(&text, &all, [self.servers, name]).map_err(broken)?;
        Ok(Some(Change { file, before: Some(text), after }))
    }

    /// Returns the text of a client's file with only this entry, for a person to paste.
    ///
    /// # Errors
    /// When the client cannot do what is asked.
    pub fn block(&self, name: &str, entry: &Entry) -> Result<String, Refused> {
        let new = self.spell(name, entry, None)?;
        let empty = Value::Object(Map::new());
        let broken = |broken| Refused::Broken { file: PathBuf::new(), broken };
        self.format.put("", &empty, [self.servers, name], &new).map_err(broken)
    }

    /// Builds the fields of an entry, given its current ones.
    fn spell(
        &self,
        name: &str,
        entry: &Entry,
        old: Option<&Map<String, Value>>,
    ) -> Result<Map<String, Value>, Refused> {
        let spelling = &self.spelling;
        let http = spelling.http.as_ref();
        if let Some(sign) = spelling.expands
            && let Some(field) = entry.field_with(sign)
        {
            return Err(Refused::Expanded { client: self.name, sign, field: field.to_owned() });
        }
        let (own, besides) = match entry {
            Entry::Stdio { command, args, env } => {
                let env = kept(old, spelling.env, env, &KEY_VARIABLES);
                // Some clients reject an entry without arguments, so the list is always written.
                let mut own =
                    vec![(spelling.command, Value::from(command.as_str())), (spelling.args, Value::from(args.clone()))];
                own.extend((!env.is_empty()).then(|| (spelling.env, Value::Object(env))));
                (own, (spelling.besides)(name))
            }
            Entry::Http { url, headers } => {
                let http = http.ok_or(Refused::NoAddresses(self.name))?;
                let headers = kept(old, http.headers, headers, &KEY_HEADERS);
                let mut own = vec![(http.url, Value::from(url.as_str()))];
                own.extend((!headers.is_empty()).then(|| (http.headers, Value::Object(headers))));
                (own, (http.besides)(name))
            }
        };
        // Every field that says how the server is reached is ours to set; all others are the person's, once present.
        let ours = [spelling.command, spelling.args, spelling.env, "type", "transport", "bearer_token_env_var"];
        let ours = ours.into_iter().chain(http.into_iter().flat_map(|http| [http.url, http.headers]));
        let of_the_other_kind: &[&str] = match entry {
            Entry::Stdio { .. } => &OF_ADDRESSES,
            Entry::Http { .. } => &OF_PROGRAMS,
        };
        let ours: Vec<&str> = ours.chain(URLS).chain(of_the_other_kind.iter().copied()).collect();
        let mut fields: Map<String, Value> =
            old.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect();
        fields.retain(|field, _| !ours.contains(&field.as_str()) || own.iter().any(|(name, _)| name == field));
        // Nor may the shell's own key be passed on beside the one that the entry names.
        if let Some(passed_on) = fields.get_mut("env_vars").and_then(Value::as_array_mut) {
            passed_on.retain(|name| !KEY_VARIABLES.iter().any(|key| name == key));
        }
        let besides = besides.as_object().cloned().unwrap_or_default();
        for (field, value) in besides {
            if field == "type" || !fields.contains_key(&field) {
                fields.insert(field, value);
            }
        }
        fields.extend(own.into_iter().map(|(field, value)| (field.to_owned(), value)));
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
        let spelling = &self.spelling;
        let args = inner.get(spelling.args).and_then(Value::as_array).into_iter().flatten();
        let args = args.filter_map(|word| word.as_str().map(str::to_owned)).collect();
        let stdio = text(spelling.command).map(|command| Entry::Stdio { command, args, env: pairs(spelling.env) });
        let http = || {
            let http = spelling.http.as_ref()?;
            // A client may accept other names than the one we write: Gemini CLI's own command writes another.
            let url = text(http.url).or_else(|| URLS.into_iter().find_map(text))?;
            Some(Entry::Http { url, headers: pairs(http.headers) })
        };
        Found { entry: stdio.or_else(http), is_off }
    }
}

/// Returns a field's pairs with ours added, and other ways to give a key removed.
fn kept(old: Option<&Map<String, Value>>, field: &str, new: &[(String, String)], keys: &[&str]) -> Map<String, Value> {
    let old = old.and_then(|old| old.get(field)).and_then(Value::as_object).into_iter().flatten();
    let mut pairs: Map<String, Value> = old
        .filter(|(name, _)| !keys.iter().any(|key| key.eq_ignore_ascii_case(name)))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    pairs.extend(new.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))));
    pairs
}

fn read(file: &Path) -> Result<Option<String>, Refused> {
    read_if_there(file).map_err(|reason| Refused::Unreadable { file: file.to_owned(), reason })
}
