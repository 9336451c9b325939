use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The operating system, as far as it decides where settings lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Linux and the other unixes.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

/// A machine, as one person sees it. A value, so that the paths of every system can be told on any of them.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Its system.
    pub system: System,
    /// The person's home.
    pub home: PathBuf,
    /// The folder that the command was given in: a project.
    pub folder: PathBuf,
    /// The environment.
    pub variables: BTreeMap<String, String>,
}

impl Machine {
    /// The machine that this process runs on; nothing if nobody's home is known.
    pub fn this() -> Option<Self> {
        let system = if cfg!(windows) {
            System::Windows
        } else if cfg!(target_os = "macos") {
            System::MacOs
        } else {
            System::Linux
        };
        Some(Self {
            system,
            home: std::env::home_dir().filter(|home| home.is_absolute())?,
            folder: std::env::current_dir().ok()?,
            // What is not text names no folder that a client could have been told of.
            variables: std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
        })
    }

    /// Where programs keep a person's settings: `~/.config`, `~/Library/Application Support`, `%APPDATA%`.
    pub fn settings(&self) -> PathBuf {
        match self.system {
            System::Linux => self.config(),
            System::MacOs => self.below_home(&["Library", "Application Support"]),
            System::Windows => self.absolute("APPDATA").unwrap_or_else(|| self.below_home(&["AppData", "Roaming"])),
        }
    }

    /// `~/.config`, or where `XDG_CONFIG_HOME` says; some programs use it on macOS too.
    pub(super) fn config(&self) -> PathBuf {
        self.absolute("XDG_CONFIG_HOME").unwrap_or_else(|| self.below_home(&[".config"]))
    }

    /// A path below the home folder.
    pub(super) fn below_home(&self, parts: &[&str]) -> PathBuf {
        below(&self.home, parts)
    }

    /// The path that a variable holds. One that is set to nothing, or to a path that begins nowhere, is as good as not set.
    pub(super) fn absolute(&self, variable: &str) -> Option<PathBuf> {
        let path = self.variables.get(variable)?;
        // `C:\` is absolute, whichever system asks.
        let is_absolute = Path::new(path).is_absolute() || self.system == System::Windows && path.contains(":\\");
        is_absolute.then(|| PathBuf::from(path))
    }

    /// Where a program is on the search path.
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        let path = self.variables.get("PATH").or_else(|| self.variables.get("Path"))?;
        let names: &[String] = &match self.system {
            System::Windows => ["exe", "cmd", "bat"].map(|ending| format!("{name}.{ending}")).to_vec(),
            _ => vec![name.to_owned()],
        };
        std::env::split_paths(path)
            .filter(|folder| folder.is_absolute())
            .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
            .find(|file| file.is_file())
    }
}

/// A path below a folder. Part by part, so that each system gets its own separators.
pub(super) fn below(folder: &Path, parts: &[&str]) -> PathBuf {
    let mut path = folder.to_owned();
    path.extend(parts);
    path
}
