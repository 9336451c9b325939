use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::change::{Change, read_if_there};
use super::entry::{Entry, KEY_HEADERS, KEY_VARIABLES};
use super::format::{Broken, Format};
use super::machine::{Machine, below};

/// A program that speaks to MCP servers, and how it is told of them.
#[derive(Debug)]
pub struct Client {
    /// What the command line calls it.
    pub id: &'static str,
    /// What its makers call it.
    pub name: &'static str,
    /// The maker's page about it.
    pub documentation: &'static str,
    /// What has to happen before the client sees a change.
    pub then: &'static str,
    pub(super) format: Format,
    /// The field that holds all servers by their names.
    pub(super) servers: &'static str,
    /// The file of a person.
    pub(super) file: fn(&Machine) -> PathBuf,
    /// The file of a project, below its folder.
    pub(super) project: Option<&'static [&'static str]>,
    /// The program by which it is recognised, besides the folder of its file.
    pub(super) program: Option<&'static str>,
    /// The folder by which it is recognised, where that is not the file's own.
    pub(super) folder: Option<fn(&Machine) -> PathBuf>,
    pub(super) spelling: Spelling,
}

/// How a client spells an entry.
#[derive(Debug)]
pub(super) struct Spelling {
    pub(super) command: &'static str,
    pub(super) args: &'static str,
    pub(super) env: &'static str,
    /// Fields that an entry of a program has besides, by its name.
    pub(super) besides: fn(&str) -> Value,
    /// What the client takes for the name of a variable, if a value has it in it.
    pub(super) expands: Option<&'static str>,
    /// How a server's address is spelt; nothing where the file can name none.
    pub(super) http: Option<HttpSpelling>,
}

#[derive(Debug)]
pub(super) struct HttpSpelling {
    pub(super) url: &'static str,
    pub(super) headers: &'static str,
    /// Fields that an entry of an address has besides, by its name.
    pub(super) besides: fn(&str) -> Value,
}

/// `mcpServers` with `command`, `args` and `env`: what most clients have taken over from the first one.
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

/// What an address is called, in one client or another.
const URLS: [&str; 4] = ["url", "httpUrl", "serverUrl", "uri"];

/// The fields by which a client is told to leave an entry out.
const SWITCHES: [&str; 2] = ["disabled", "enabled"];

/// What only an entry of a program has, in one client or another. Codex refuses its whole file when an address has it.
const OF_PROGRAMS: [&str; 3] = ["cwd", "env_vars", "envFile"];

/// What only an entry of an address has. Codex refuses its whole file when a program has it.
const OF_ADDRESSES: [&str; 7] = [
    "auth",
    "bearer_token_env_var",
    "env_http_headers",
    "headersHelper",
    "http_headers_helper",
    "oauth",
    "oauth_resource",
];

/// Whose configuration it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A person's own.
    Person,
    /// That of the project in whose folder the command was given.
    Project,
}

/// Why a client's file is left as it is.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The file cannot be read.
    #[error("{file} cannot be read: {reason}")]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// The file is not what the client takes.
    #[error("{file} is left as it is: {broken}")]
    Broken {
        /// The file.
        file: PathBuf,
        /// What is wrong, and where.
        broken: Broken,
    },
    /// The file of a project is a link to another place.
    #[error("{file} leads out of this folder, to {real}: it is left as it is")]
    LedOut {
        /// The file.
        file: PathBuf,
        /// Where it leads, or the folder that it is in.
        real: PathBuf,
    },
    /// The client would read a value as the name of a variable.
    #[error(
        "{client} reads '{sign}' in {field} as the name of a variable: make another key, or keep this one in a file (--key file)"
    )]
    Expanded {
        /// The client.
        client: &'static str,
        /// What it looks for.
        sign: &'static str,
        /// Where it stands.
        field: String,
    },
    /// The client has no files of projects.
    #[error("{0} has no configuration of its own for a project: leave --project out")]
    NoProjects(&'static str),
    /// The client's file cannot name an address.
    #[error(
        "{0} starts programs only: its file cannot name an address (leave --http out, or add the address in its settings)"
    )]
    NoAddresses(&'static str),
}

/// An entry that a file has under our name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it says, if it is an entry that the client could use.
    pub entry: Option<Entry>,
    /// Whether the client has been told to leave it out.
    pub is_off: bool,
}

impl Client {
    /// The file in which the client looks.
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

    /// The file in which the client looks, unless it is a project's and a link leads out of it: what would be changed then is
    /// another file than the one that is shown.
    fn file_to_write(&self, machine: &Machine, scope: Scope) -> Result<PathBuf, Refused> {
        let file = self.file(machine, scope)?;
        let Some(folder) = std::fs::canonicalize(&machine.folder).ok().filter(|_| scope == Scope::Project) else {
            return Ok(file);
        };
        // Of a new file, the folder that it comes into.
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

    /// Whether the client seems to be on this machine.
    pub fn is_here(&self, machine: &Machine) -> bool {
        let file = (self.file)(machine);
        let folder = self.folder.map(|folder| folder(machine)).or_else(|| file.parent().map(Path::to_owned));
        // What keeps its file right in the home folder is not recognised by that folder.
        let folder = folder.filter(|folder| *folder != machine.home);
        file.is_file()
            || folder.is_some_and(|folder| folder.is_dir())
            || self.program.is_some_and(|program| machine.program(program).is_some())
    }

    /// What the file has under a name.
    ///
    /// # Errors
    /// A file that cannot be read or understood.
    pub fn find(&self, machine: &Machine, scope: Scope, name: &str) -> Result<Option<Found>, Refused> {
        let file = self.file(machine, scope)?;
        let text = read(&file)?.unwrap_or_default();
        let all = self.format.read(&text).map_err(|broken| Refused::Broken { file, broken })?;
        Ok(all.get(self.servers).and_then(|servers| servers.get(name)).map(|entry| self.understand(entry)))
    }

    /// The change that registers an entry. What somebody has added to an entry of the same name in their own file stays. In a
    /// project's it may be a stranger's (a variable that sends the key elsewhere, tools that need no yes), and goes.
    ///
    /// # Errors
    /// A file that cannot be read or understood; a client that cannot do what is asked.
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

    /// The change that takes an entry away; nothing if there is none.
    ///
    /// # Errors
    /// A file that cannot be read or understood.
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

    /// A file of this client's that has nothing but an entry: what a person would paste.
    ///
    /// # Errors
    /// A client that cannot do what is asked.
    pub fn block(&self, name: &str, entry: &Entry) -> Result<String, Refused> {
        let new = self.spell(name, entry, None)?;
        let empty = Value::Object(Map::new());
        let broken = |broken| Refused::Broken { file: PathBuf::new(), broken };
        self.format.put("", &empty, [self.servers, name], &new).map_err(broken)
    }

    /// The fields of an entry, given those that it has now.
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
                // Some clients refuse an entry without arguments, so there is always a list of them.
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
        // Every field that says how the server is reached is ours to say; all others are the person's, once they are there.
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
        // Nor may the shell's own key come beside the one that the entry names.
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
        // Cline's own command puts what matters one level deeper.
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
            // A client may take other names than the one that we write: Gemini CLI's own command writes another.
            let url = text(http.url).or_else(|| URLS.into_iter().find_map(text))?;
            Some(Entry::Http { url, headers: pairs(http.headers) })
        };
        Found { entry: stdio.or_else(http), is_off }
    }
}

/// The pairs of a field, once ours have been put into it and the other ways to give a key have been taken out.
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
