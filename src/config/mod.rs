//! Settings: flag over environment over `.env` over default, validated once, at startup.

mod dotenv;
mod entry;

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use clap::builder::{BoolishValueParser, Resettable, TypedValueParser as _};
use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, Args, Command};
use secrecy::SecretString;
use strum::VariantNames;
use url::Url;

use crate::actions::Settings;
pub use crate::actions::ask::Confirm;
use crate::apps::Views;
use crate::oncehub::{BadKey, Key, KeySource, Windows, api_root, key_in};
use crate::records::time::Zone;
use crate::tools::{Schemas, Selection};
pub use dotenv::{Dotenv, Purpose, SetElsewhere, Why, listed};
pub use entry::{EntrySettings, Worded, parts_of, settings_in};

const API_URL: &str = "https://api.oncehub.com";
const TIMEOUT: &str = "25";
const RATE_LIMIT: &str = "account=5/1s,address=200/5m";
const MAX_REPLY: &str = "80";

/// The settings of all commands. The key itself has no flag, since others can read command lines.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Settings (also as environment variables, or in the file of --env-file)")]
pub struct Options {
    /// Use the built-in simulated OnceHub account: no key, nothing real is touched
    #[arg(long, env = "ONCEHUB_MCP_SANDBOX", value_name = SWITCH)]
    pub sandbox: bool,
    /// File with the API key, read again when OnceHub rejects the one it held [instead of `ONCEHUB_API_KEY`]
    #[arg(long, env = "ONCEHUB_API_KEY_FILE", value_name = "FILE")]
    pub api_key_file: Option<String>,
    /// Name of the API key in the system's keychain: 'install --key keychain' stores it there
    #[arg(long, env = "ONCEHUB_MCP_KEYCHAIN", value_name = "NAME")]
    pub keychain: Option<String>,
    /// The API's address, with or without /v2
    #[arg(long, env = "ONCEHUB_API_URL", value_name = "URL", default_value = API_URL)]
    pub api_url: String,
    /// Who `me` is: a user's e-mail address, id or name (a caller over HTTP says so in X-MCP-User)
    #[arg(long, env = "ONCEHUB_MCP_USER", value_name = "USER")]
    pub user: Option<String>,
    /// Time zone of replies, and of times given without one: an IANA name (over HTTP also X-MCP-Time-Zone) [default: that
    /// of `me`, else UTC]
    #[arg(long, env = "ONCEHUB_MCP_TIME_ZONE", value_name = "ZONE")]
    pub time_zone: Option<String>,
    /// Timeout of one call, in seconds
    #[arg(long, env = "ONCEHUB_MCP_TIMEOUT", value_name = "SECONDS", default_value = TIMEOUT)]
    pub timeout: String,
    /// Maximum requests per period, for each account and for this machine's address; or off
    #[arg(long, env = "ONCEHUB_MCP_RATE_LIMIT", value_name = "LIMITS", default_value = RATE_LIMIT)]
    pub rate_limit: String,
    /// Maximum size of a tool's reply, in kB: longer lists continue with a cursor, longer texts are cut
    #[arg(long, env = "ONCEHUB_MCP_MAX_REPLY", value_name = "KB", default_value = MAX_REPLY)]
    pub max_reply: String,
    /// Whether tools have output schemas, and replies a structure beside their text: on or off
    #[arg(long, env = "ONCEHUB_MCP_STRUCTURED", value_name = "ON/OFF", default_value = "on")]
    pub structured: String,
    /// JSON Schemas of the tools: full, or plain for hosts that reject them (Gemini, older importers)
    #[arg(long, env = "ONCEHUB_MCP_SCHEMAS", value_name = "FORM", default_value = "full")]
    pub schemas: String,
    /// Offer only tools that change nothing
    #[arg(long, env = "ONCEHUB_MCP_READ_ONLY", value_name = SWITCH)]
    pub read_only: bool,
    /// Check and say what a change would do, without sending it
    #[arg(long, env = "ONCEHUB_MCP_DRY_RUN", value_name = SWITCH)]
    pub dry_run: bool,
    /// Offer only these groups of tools: nouns, core, or all
    #[arg(long, env = "ONCEHUB_MCP_TOOLSETS", value_name = "NAMES", value_delimiter = ',')]
    pub toolsets: Vec<String>,
    /// Offer these tools in addition to the toolsets
    #[arg(long, env = "ONCEHUB_MCP_TOOLS", value_name = "NAMES", value_delimiter = ',')]
    pub tools: Vec<String>,
    /// Do not offer these tools
    #[arg(long, env = "ONCEHUB_MCP_EXCLUDE_TOOLS", value_name = "NAMES", value_delimiter = ',')]
    pub exclude_tools: Vec<String>,
    /// To whom views in the chat are offered: auto (clients that say that they have them), on (all), off
    #[arg(long, env = "ONCEHUB_MCP_VIEWS", value_name = "WHOM", default_value = "auto")]
    pub views: String,
    /// When to ask a person before a change: auto (canceling, reassigning, deleting, inviting, webhooks; if the client can
    /// ask), always, never
    #[arg(long, env = "ONCEHUB_MCP_CONFIRM", value_name = "WHEN", default_value = "auto")]
    pub confirm: String,
    /// What is logged to standard error: error, warn, info, debug, trace, or target=level,… [`RUST_LOG` works too]
    #[arg(long, env = "ONCEHUB_MCP_LOG", value_name = "FILTER")]
    pub log: Option<String>,
    /// Log format: text or json
    #[arg(long, env = "ONCEHUB_MCP_LOG_FORMAT", value_name = "FORM", default_value = "text")]
    pub log_format: String,
    /// A fully trusted .env, read instead of the one in the working folder
    #[arg(long, env = ENV_FILE, value_name = "FILE")]
    pub env_file: Option<PathBuf>,
}

/// The variable that names a `.env`.
const ENV_FILE: &str = "ONCEHUB_MCP_ENV_FILE";

/// The validated settings.
#[derive(Clone)]
pub struct Config {
    /// Whether the simulated account is used.
    pub sandbox: bool,
    /// The API key.
    pub key: Key,
    /// The root of the API.
    pub url: Url,
    /// The rate limits to respect.
    pub windows: Windows,
    /// The tools that are offered.
    pub selection: Selection,
    /// How much of JSON Schema the tools' definitions use.
    pub schemas: Schemas,
    /// To whom views are offered.
    pub views: Views,
    /// The settings of every call.
    pub calls: Settings,
}

impl Config {
    /// Validates what the command line and the environment say. `given` is where each setting was given, so that an error
    /// names it as it was written.
    ///
    /// # Errors
    /// The first setting that cannot be used: which one, and why.
    pub fn new(options: &Options, given: &[Given]) -> anyhow::Result<Self> {
        Self::with_key(options, given, std::env::var_os(KEY_VARIABLES[0]))
    }

    /// Validates settings, with this key where no other source is named.
    fn with_key(options: &Options, given: &[Given], key: Option<OsString>) -> anyhow::Result<Self> {
        let named = |variable: &str| as_given(given, variable);
        let timeout = within(&options.timeout, 1.0..=600.0).with_context(|| {
            let name = named("ONCEHUB_MCP_TIMEOUT");
            format!("{name}: '{}' is not a number of seconds from 1 to 600", options.timeout)
        })?;
        let max_reply: usize = within(&options.max_reply, 8..=100_000).with_context(|| {
            let name = named("ONCEHUB_MCP_MAX_REPLY");
            format!("{name}: '{}' is not a number of kB from 8 to 100000", options.max_reply)
        })?;
        let names = |names: &[String]| names.iter().filter_map(|name| filled(name)).map(str::to_owned).collect();
        // The simulated account has a key of its own; a real one must not even be read then.
        let source = if options.sandbox { KeySource::Missing } else { key_source(options, given, key)? };
        let key = Key::new(source).map_err(|bad| bad_key(bad, given))?;
        let url = api_root(&options.api_url).with_context(|| named("ONCEHUB_API_URL"))?;
        let zone = options.time_zone.as_deref().and_then(filled).map(Zone::parse);
        let zone = zone.transpose().with_context(|| named("ONCEHUB_MCP_TIME_ZONE"))?;
        let windows = options.rate_limit.parse().with_context(|| named("ONCEHUB_MCP_RATE_LIMIT"))?;
        let calls = Settings {
            timeout: Duration::from_secs_f64(timeout),
            zone,
            me: options.user.as_deref().and_then(filled).map(str::to_owned),
            confirm: choice(&named("ONCEHUB_MCP_CONFIRM"), &options.confirm)?,
            dry_run: options.dry_run,
            max_reply: max_reply * 1000,
            structured: flag(&options.structured).map_err(|_| {
                anyhow!("{}: '{}' is neither on nor off", named("ONCEHUB_MCP_STRUCTURED"), options.structured)
            })?,
            ..Settings::default()
        };
        Ok(Self {
            sandbox: options.sandbox,
            key,
            url,
            windows,
            calls,
            schemas: choice(&named("ONCEHUB_MCP_SCHEMAS"), &options.schemas)?,
            views: choice(&named("ONCEHUB_MCP_VIEWS"), &options.views)?,
            selection: Selection {
                read_only: options.read_only,
                toolsets: names(&options.toolsets),
                tools: names(&options.tools),
                exclude: names(&options.exclude_tools),
            },
        })
    }
}

/// Parses one of a setting's choices; `name` is that of the setting, as it was given.
///
/// # Errors
/// A text that is none of them.
pub fn choice<T: FromStr + VariantNames>(name: &str, text: &str) -> anyhow::Result<T> {
    text.trim().parse().map_err(|_| anyhow!("{name}: '{text}' is not one of {}", T::VARIANTS.join(", ")))
}

/// Parses a number, if it is in a range.
fn within<T: FromStr + PartialOrd>(text: &str, range: RangeInclusive<T>) -> Option<T> {
    text.trim().parse().ok().filter(|number| range.contains(number))
}

/// Returns a variable's value, or `None` if it counts as unset: if it is empty, or still `${user_config.…}`, which
/// hosts of MCPB bundles leave as it stands in the manifest if the person filled nothing in.
fn filled(text: &str) -> Option<&str> {
    let text = text.trim();
    (!text.is_empty() && !text.starts_with("${user_config.")).then_some(text)
}

/// The value name of a setting that is on or off.
pub const SWITCH: &str = "BOOL";

/// Returns the command with what all settings have in common: they are global to every subcommand, help never shows
/// what the environment holds, and a switch takes an optional value.
pub fn with_settings(command: Command) -> Command {
    fn completed(command: Command) -> Command {
        let command = command.mut_args(|setting| {
            let setting = setting.hide_env_values(true);
            if setting.get_value_names().is_none_or(|names| names != [SWITCH]) {
                return setting;
            }
            let setting = setting.action(ArgAction::Set).num_args(0..=1).require_equals(true).value_parser(flag);
            let setting = setting.default_value("false").default_missing_value("true");
            setting.hide_default_value(true).hide_possible_values(true)
        });
        command.mut_subcommands(completed)
    }
    completed(command.mut_args(|setting| setting.global(true)))
}

/// Returns the command without the variables that count as unset, so that their settings keep their defaults.
pub fn without_unset(command: Command) -> Command {
    let command = command.mut_args(|argument| {
        let text = argument.get_env().and_then(|name| std::env::var(name).ok());
        match text.as_deref().map(filled) {
            Some(None) => argument.env(Resettable::Reset),
            _ => argument,
        }
    });
    command.mut_subcommands(without_unset)
}

/// Parses on or off, in any of the usual words.
pub fn flag(text: &str) -> Result<bool, String> {
    let read = BoolishValueParser::new().parse_ref(&Command::default(), None, OsStr::new(text.trim()));
    read.map_err(|_| "use true or false".into())
}

/// Returns a setting's name as it was given: its flag, or else its variable.
pub fn as_given(given: &[Given], variable: &str) -> String {
    let flag = given.iter().find(|given| given.variable == variable && given.source == Source::Flag);
    flag.map_or_else(|| variable.to_owned(), |given| format!("--{}", given.flag))
}

/// Returns where the key is; `key` is the value of its own variable.
fn key_source(options: &Options, settings: &[Given], key: Option<OsString>) -> anyhow::Result<KeySource> {
    let set = |text: &Option<String>| text.as_deref().and_then(filled).map(str::to_owned);
    let given = match key.map(OsString::into_string) {
        Some(Err(_)) => return Err(bad_key(BadKey::NotAHeader, settings)),
        // As with no key at all, the server starts: then the client shows why its calls fail.
        Some(Ok(key)) => filled(&key).and_then(|key| match key_in(key) {
            Ok("") => None,
            Ok(key) => Some(KeySource::Given(SecretString::from(key.to_owned()))),
            Err(placeholder) => Some(KeySource::Placeholder(placeholder)),
        }),
        None => None,
    };
    let file = set(&options.api_key_file).map(|file| KeySource::File(file.into()));
    let kept = set(&options.keychain).map(KeySource::Keychain);
    let mut sources = KEY_VARIABLES.into_iter().zip([given, file, kept]).filter_map(|(name, at)| Some((name, at?)));
    match (sources.next(), sources.next()) {
        (Some((first, _)), Some((second, _))) => {
            bail!("both {} and {} are set: keep one of them", as_given(settings, first), as_given(settings, second))
        }
        (Some((_, source)), None) => Ok(source),
        (None, _) => Ok(KeySource::Missing),
    }
}

/// Adds the setting whose key cannot be used.
fn bad_key(bad: BadKey, settings: &[Given]) -> anyhow::Error {
    let [given, file, keychain] = KEY_VARIABLES;
    let name = match bad {
        BadKey::NotAHeader => given,
        BadKey::Unreadable { .. } | BadKey::Empty(_) | BadKey::Placeholder(_) => file,
        BadKey::Locked { .. } | BadKey::NotInKeychain(_) => keychain,
    };
    anyhow::Error::new(bad).context(as_given(settings, name))
}

/// The variables that give the key or say where it is: one of them, never two.
const KEY_VARIABLES: [&str; 3] = ["ONCEHUB_API_KEY", "ONCEHUB_API_KEY_FILE", "ONCEHUB_MCP_KEYCHAIN"];

/// A setting, as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The flag's name, without its dashes.
    pub flag: String,
    /// The variable's name.
    pub variable: String,
    /// Its value; multiple values are joined by commas.
    pub value: String,
    /// Where it was given.
    pub source: Source,
}

/// Where a value was given. The first source that has it wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// On the command line.
    Flag,
    /// In the environment.
    Environment,
    /// In `.env`.
    Dotenv,
}

/// Returns what the command line and the environment set, from a command line that was parsed before any `.env`.
pub fn elsewhere(matches: &ArgMatches, purpose: Purpose) -> SetElsewhere {
    let nothing = Dotenv::default();
    let mut variables: BTreeSet<String> =
        given(matches, &nothing).into_iter().map(|setting| setting.variable).collect();
    // The key's own variable has no flag. A value that is not text is rejected later, and nothing replaces it.
    variables.extend(dotenv::is_in_environment(KEY_VARIABLES[0]).then(|| KEY_VARIABLES[0].to_owned()));
    let sandbox = matches.try_get_one("sandbox").ok().flatten().copied().unwrap_or_default();
    SetElsewhere { variables, sandbox, purpose }
}

/// Returns the file that a person named with `--env-file`, and that setting as it was given.
pub fn env_file(matches: &ArgMatches) -> Option<(PathBuf, String)> {
    let file: Option<&PathBuf> = matches.try_get_one("env_file").ok().flatten();
    let file = file.filter(|file| file.to_str().is_none_or(|file| filled(file).is_some()))?;
    Some((file.clone(), as_given(&given(matches, &Dotenv::default()), ENV_FILE)))
}

/// Returns the settings that were given, each with the source that won. Those at their defaults are not among them.
pub fn given(matches: &ArgMatches, dotenv: &Dotenv) -> Vec<Given> {
    given_of(&Options::augment_args(Command::new("")), matches, dotenv)
}

/// Returns those of a command's own settings that were given; `matches` are that command's.
pub fn given_of(settings: &Command, matches: &ArgMatches, dotenv: &Dotenv) -> Vec<Given> {
    let each = settings.get_arguments().filter_map(|setting| {
        let id = setting.get_id().as_str();
        let variable = setting.get_env()?.to_str()?.to_owned();
        let source = match matches.value_source(id)? {
            ValueSource::CommandLine => Source::Flag,
            ValueSource::EnvVariable if dotenv.taken.contains(&variable) => Source::Dotenv,
            ValueSource::EnvVariable => Source::Environment,
            _ => return None,
        };
        let values = matches.get_raw(id)?.map(|value| value.to_string_lossy().trim().to_owned());
        let value = values.filter(|value| filled(value).is_some()).collect::<Vec<_>>().join(",");
        (!value.is_empty()).then(|| Given {
            flag: setting.get_long().unwrap_or_default().to_owned(),
            variable,
            value,
            source,
        })
    });
    each.collect()
}

/// Returns the key from its own variable, which has no flag, and its source. A placeholder is none.
pub fn given_key(dotenv: &Dotenv) -> Option<(SecretString, Source)> {
    let text = std::env::var(KEY_VARIABLES[0]).ok()?;
    let key = filled(&text).and_then(|text| key_in(text).ok()).filter(|key| !key.is_empty())?;
    let is_dotenv = dotenv.taken.contains(KEY_VARIABLES[0]);
    Some((key.into(), if is_dotenv { Source::Dotenv } else { Source::Environment }))
}
