//! The settings that a client's entry gives the server it starts: arguments, variables, and a `.env` that it names.

use std::ffi::OsString;
use std::path::Path;

use anyhow::Context as _;
use clap::builder::Resettable;
use clap::{Args as _, Command, FromArgMatches as _};

use super::{Config, Dotenv, ENV_FILE, Given, KEY_VARIABLES, Options, SWITCH, Source, filled, flag, with_settings};

/// A setting among arguments, and the words that give it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worded {
    /// The setting.
    pub given: Given,
    /// Its words, as they stand there.
    pub words: Vec<String>,
}

/// Returns the settings that arguments give, and the words that give none.
pub fn settings_in(arguments: &[String]) -> (Vec<Worded>, Vec<String>) {
    let (mut settings, mut others) = (Vec::new(), Vec::new());
    for part in parts_of(arguments) {
        match part {
            Ok(setting) => settings.push(setting),
            Err(word) => others.push(word),
        }
    }
    (settings, others)
}

/// Returns what arguments are made of, in their order: settings, and words that give none.
pub fn parts_of(arguments: &[String]) -> Vec<Result<Worded, String>> {
    let known = Options::augment_args(Command::new(""));
    let mut parts = Vec::new();
    let mut words = arguments.iter().peekable();
    while let Some(word) = words.next() {
        let named = word.strip_prefix("--").map(|rest| match rest.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (rest, None),
        });
        let found = named.and_then(|(name, value)| {
            let setting = known.get_arguments().find(|setting| setting.get_long() == Some(name))?;
            let variable = setting.get_env()?.to_str()?.to_owned();
            let is_switch = setting.get_value_names().is_some_and(|names| names == [SWITCH]);
            let mut own = vec![word.clone()];
            let value = match value {
                None if is_switch => "true".to_owned(),
                None => {
                    let next = words.next_if(|next| !next.starts_with("--"))?.clone();
                    own.push(next.clone());
                    next
                }
                Some(value) if is_switch => flag(&value).map_or(value, |is_on| is_on.to_string()),
                Some(value) => value,
            };
            let given = Given { flag: name.to_owned(), variable, value, source: Source::Flag };
            Some(Worded { given, words: own })
        });
        parts.push(found.ok_or_else(|| word.clone()));
    }
    parts
}

/// What an entry sets. `Debug` is left out: one of the variables may hold the key.
#[derive(Clone)]
pub struct EntrySettings {
    /// The settings, each once.
    pub given: Vec<Given>,
    /// The value of the key's own variable.
    key: Option<String>,
    /// Whether the file that the entry names could not be read, so that what it sets is unknown.
    pub is_partial: bool,
}

impl EntrySettings {
    /// Reads what arguments and variables set: the former win, and what both leave open, a `.env` that they name sets.
    pub fn new(arguments: &[String], variables: &[(String, String)]) -> Self {
        let mut given: Vec<Given> = Vec::new();
        for Worded { given: setting, .. } in settings_in(arguments).0 {
            // A list may be given in parts.
            match given.iter_mut().find(|earlier| earlier.flag == setting.flag) {
                Some(earlier) if is_list(&setting.flag) => {
                    earlier.value = format!("{},{}", earlier.value, setting.value);
                }
                Some(earlier) => *earlier = setting,
                None => given.push(setting),
            }
        }
        let mut read = Self { given, key: None, is_partial: false };
        read.add(variables, Source::Environment);
        let file = read.value("env-file").map(str::to_owned);
        if let Some(file) = file {
            match Dotenv::pairs(Path::new(&file)) {
                Ok(pairs) => read.add(&pairs, Source::Dotenv),
                Err(_) => read.is_partial = true,
            }
        }
        read
    }

    /// Adds those variables that nothing has set yet.
    fn add(&mut self, variables: &[(String, String)], source: Source) {
        let known = Options::augment_args(Command::new(""));
        for (name, value) in variables.iter().filter_map(|(name, value)| Some((name, filled(value)?))) {
            if name == KEY_VARIABLES[0] {
                self.key.get_or_insert_with(|| value.to_owned());
            }
            let is_it = |setting: &&clap::Arg| setting.get_env().is_some_and(|env| env == name.as_str());
            let Some(long) = known.get_arguments().find(is_it).and_then(clap::Arg::get_long) else { continue };
            if self.value(long).is_none() && (name != ENV_FILE || source != Source::Dotenv) {
                let (flag, variable) = (long.to_owned(), name.clone());
                self.given.push(Given { flag, variable, value: value.to_owned(), source });
            }
        }
    }

    /// Returns a setting's value, if it is set.
    pub fn value(&self, flag: &str) -> Option<&str> {
        self.given.iter().find(|given| given.flag == flag).map(|given| given.value.as_str())
    }

    /// Returns whether a switch is on.
    pub fn is_on(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| flag(value) == Ok(true))
    }

    /// Returns whether they give a key, or say where it is.
    pub fn have_key(&self) -> bool {
        self.key.is_some() || self.value("api-key-file").is_some() || self.value("keychain").is_some()
    }

    /// Validates them, without anything that this process's own environment sets.
    ///
    /// # Errors
    /// The first that cannot be used.
    pub fn config(&self) -> anyhow::Result<Config> {
        let command = with_settings(Options::augment_args(Command::new("entry").no_binary_name(true)));
        let command = command.mut_args(|setting| setting.env(Resettable::Reset));
        let words = self.given.iter().map(|given| format!("--{}={}", given.flag, given.value));
        let matches = command.try_get_matches_from(words).context("its arguments cannot be used")?;
        let options = Options::from_arg_matches(&matches)?;
        Config::with_key(&options, &self.given, self.key.clone().map(OsString::from))
    }
}

/// Whether a setting is a list of names.
fn is_list(flag: &str) -> bool {
    ["toolsets", "tools", "exclude-tools"].contains(&flag)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    #[test]
    fn settings_are_found_however_they_are_written() {
        let found = |text: &str| {
            let (settings, others) = settings_in(&words(text));
            let settings = settings.into_iter().map(|found| format!("{}={}", found.given.flag, found.given.value));
            (settings.collect::<Vec<_>>().join(" "), others.join(" "))
        };
        for (text, settings, others) in [
            ("--toolsets=core --read-only --tools=get_user", "toolsets=core read-only=true tools=get_user", ""),
            ("--user dana --toolsets bookings --sandbox", "user=dana toolsets=bookings sandbox=true", ""),
            ("--read-only=off stdio", "read-only=false", "stdio"),
            ("--sanbox --user --read-only x", "read-only=true", "--sanbox --user x"),
            ("toolsets=core --toolsetsy -y", "", "toolsets=core --toolsetsy -y"),
        ] {
            assert_eq!(found(text), (settings.to_owned(), others.to_owned()), "{text}");
        }
    }

    #[test]
    fn an_entry_is_read_with_its_variables_and_the_file_that_it_names() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = "ONCEHUB_API_KEY=k-0123456789\nONCEHUB_MCP_TIMEOUT=9\nONCEHUB_MCP_USER=ada\n";
        std::fs::write(file.path(), text).unwrap();
        let arguments = words(&format!("--toolsets=users --toolsets=teams --env-file={}", file.path().display()));
        let variables = [("ONCEHUB_MCP_USER".to_owned(), "dana".to_owned()), ("OTHER".to_owned(), "x".to_owned())];
        let settings = EntrySettings::new(&arguments, &variables);
        assert!(settings.have_key() && !settings.is_partial);
        assert_eq!(settings.value("user"), Some("dana"));
        let config = settings.config().unwrap();
        assert_eq!(config.selection.toolsets, ["users", "teams"]);
        assert_eq!(config.calls.timeout.as_secs(), 9);
        assert_eq!(config.key.ending().as_deref(), Some("6789"));
        let missing = EntrySettings::new(&words("--env-file=/no/such/file --time-zone=Mars"), &[]);
        assert!(missing.is_partial && !missing.have_key());
        let bad = format!("{:#}", missing.config().err().unwrap());
        assert!(bad.starts_with("--time-zone: 'Mars'"), "{bad}");
    }
}
