use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The operating system, as far as it determines where settings are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Linux and the other unixes.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

/// A machine, as one person sees it. It is a value, so that the paths of every system can be tested on any of them.
#[derive(Clone, Debug)]
pub struct Machine {
    /// Its system.
    pub system: System,
    /// The person's home.
    pub home: PathBuf,
    /// The folder in which the command was run: a project.
    pub folder: PathBuf,
    /// The environment.
    pub variables: BTreeMap<String, String>,
}

impl Machine {
    /// Returns the machine that this process runs on; `None` if there is no known home folder.
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
            // A client cannot have been pointed to a folder that is not valid text.
            variables: std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect(),
        })
    }

    /// Returns the folder for a person's settings: `~/.config`, `~/Library/Application Support`, `%APPDATA%`.
    pub fn settings(&self) -> PathBuf {
        match self.system {
            System::Linux => self.config(),
            System::MacOs => self.below_home("Library/Application Support"),
            System::Windows => self.place("APPDATA", "AppData/Roaming"),
        }
    }

    /// Returns `~/.config`, or what `XDG_CONFIG_HOME` says; some programs use it on macOS too.
    pub(super) fn config(&self) -> PathBuf {
        self.place("XDG_CONFIG_HOME", ".config")
    }

    /// Returns a path below the home folder.
    pub(super) fn below_home(&self, path: &str) -> PathBuf {
        below(&self.home, path)
    }

    /// Returns the path in a variable, or else one below the home folder.
    pub(super) fn place(&self, variable: &str, otherwise: &str) -> PathBuf {
        self.absolute(variable).unwrap_or_else(|| self.below_home(otherwise))
    }

    /// Returns the path in a variable. An empty value or a relative path counts as unset.
    pub(super) fn absolute(&self, variable: &str) -> Option<PathBuf> {
        let path = self.variables.get(variable)?;
        // `C:\` is absolute, whichever system asks.
        let is_absolute = Path::new(path).is_absolute() || self.system == System::Windows && path.contains(":\\");
        is_absolute.then(|| PathBuf::from(path))
    }

    /// Finds a program on the search path.
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        let path = self.variables.get("PATH").or_else(|| self.variables.get("Path"))?;
        let endings: &[&str] = if self.system == System::Windows { &[".exe", ".cmd", ".bat"] } else { &[""] };
        std::env::split_paths(path)
            .filter(|folder| folder.is_absolute())
            .flat_map(|folder| endings.iter().map(move |ending| folder.join(format!("{name}{ending}"))))
            .find(|file| file.is_file())
    }
}

/// Returns a path below a folder, joined part by part, so that each system gets its own separators.
pub(super) fn below(folder: &Path, path: &str) -> PathBuf {
    folder.iter().chain(path.split('/').map(AsRef::as_ref)).collect()
}
