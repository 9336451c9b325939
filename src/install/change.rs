use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{anyhow, bail};
use atomic_write_file::AtomicWriteFile;
use jiff::Zoned;
use similar::TextDiff;

/// A change to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The file.
    pub file: PathBuf,
    /// Its text; `None` if there is no such file yet.
    pub before: Option<String>,
    /// Its text afterwards.
    pub after: String,
    /// Whether the entry in it then holds a key, so that the file must be for its owner only.
    pub holds_key: bool,
    /// Whether the entry in it held a key so far, which a copy of the old text then holds, too.
    pub held_key: bool,
}

impl Change {
    /// Whether there is nothing to change.
    pub fn is_none(&self) -> bool {
        self.before.as_deref() == Some(&self.after)
    }

    /// Whether others than its owner can read the file now, and it is to hold a key.
    pub fn closes_file(&self) -> bool {
        self.holds_key && is_open(&self.file)
    }

    /// Returns the difference for a person to read. What looks like a secret, ours or another server's, is hidden; where
    /// one takes another's place, that is said.
    pub fn diff(&self) -> String {
        let before = self.before.as_deref().unwrap_or_default();
        let diff = TextDiff::from_lines(before, &self.after);
        let mut unified = diff.unified_diff();
        let text = unified.context_radius(2).missing_newline_hint(false).to_string();
        let mut removed = Vec::new();
        for line in text.lines().filter(|line| line.starts_with('-')) {
            masked(line, |name, value| {
                removed.push((name.to_owned(), value.to_owned()));
                ""
            });
        }
        let how = |name: &str, value: &str| {
            let earlier: Vec<_> = removed.iter().filter(|(other, _)| other == name).collect();
            match earlier.iter().find(|(_, earlier)| earlier == value) {
                _ if earlier.is_empty() => "",
                Some(_) => " (the same)",
                None => " (another)",
            }
        };
        let shown = |line: &str| if line.starts_with('+') { masked(line, how) } else { masked(line, |_, _| "") };
        text.lines().map(|line| shown(line) + "\n").collect()
    }

    /// Writes the file atomically, and keeps a backup of what it was, with `keeps_copy`. Returns the backup's path.
    ///
    /// # Errors
    /// Nothing is written in that case.
    pub fn apply(&self, keeps_copy: bool) -> anyhow::Result<Option<PathBuf>> {
        // Dotfiles are often symlinks: the target is written, and the link stays.
        let file = real(&self.file);
        let refused = |file: &Path, error: &io::Error| anyhow!("{} cannot be written: {error}", file.display());
        if read_optional(&file).ok().flatten() != self.before {
            bail!("{} has been changed by another program meanwhile: try again", file.display());
        }
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder).map_err(|error| refused(folder, &error))?;
        }
        let copied = self.before.as_ref().filter(|_| keeps_copy && !self.is_none());
        let copy = copied.map(|before| back_up(&file, before)).transpose().map_err(|error| refused(&file, &error))?;
        let is_private = self.before.is_none() || self.closes_file();
        write_atomically(&file, &self.after, is_private).map_err(|error| refused(&file, &error))?;
        Ok(copy)
    }
}

fn real(file: &Path) -> PathBuf {
    fs::canonicalize(file).unwrap_or_else(|_| file.to_owned())
}

/// Whether others than a file's owner can read it.
#[cfg(unix)]
pub(super) fn is_open(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(file).is_ok_and(|about| about.permissions().mode() & 0o077 != 0)
}

/// Whether others than a file's owner can read it: elsewhere the folder decides, a person's own.
#[cfg(not(unix))]
pub(super) fn is_open(_: &Path) -> bool {
    false
}

/// Writes a secret into a file that only its owner can read, below a folder that only its owner can enter.
///
/// # Errors
/// The system's own error; the file is then unchanged.
pub fn write_secret(file: &Path, secret: &str) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        let mut made = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut made, 0o700);
        made.recursive(true).create(folder)?;
    }
    write_atomically(file, &format!("{secret}\n"), true)
}

/// Writes a file so that anyone reading it meanwhile, or after a crash, finds either the old or the new text, whole. A
/// private one is for its owner only; another keeps its permissions.
fn write_atomically(file: &Path, text: &str, is_private: bool) -> io::Result<()> {
    let mut options = AtomicWriteFile::options();
    #[cfg(unix)]
    if is_private {
        use std::os::unix::fs::OpenOptionsExt as _;

        use atomic_write_file::unix::OpenOptionsExt as _;
        options.preserve_mode(false).mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = is_private;
    let mut written = options.open(file)?;
    written.write_all(text.as_bytes())?;
    written.commit()
}

/// Copies the old text to a timestamped file beside the original, for its owner only: it may hold a key.
fn back_up(file: &Path, text: &str) -> io::Result<PathBuf> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let now = Zoned::now().strftime("%Y%m%d-%H%M%S").to_string();
    let names = (0..100).map(|again| match again {
        0 => format!("{name}.{now}.bak"),
        again => format!("{name}.{now}-{again}.bak"),
    });
    for name in names {
        let copy = file.with_file_name(name);
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.write(true).create_new(true).open(&copy) {
            // An earlier copy is never overwritten.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(mut created) => {
                created.write_all(text.as_bytes())?;
                return Ok(copy);
            }
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "there are too many backups from this second"))
}

/// Returns the copies of a file that [`Change::apply`] has made.
pub(super) fn copies(file: &Path) -> io::Result<Vec<PathBuf>> {
    let file = real(file);
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let is_copy = |other: &str| {
        let between = other.strip_prefix(&name).and_then(|rest| rest.strip_prefix('.')?.strip_suffix(".bak"));
        between.is_some_and(|time| !time.is_empty() && time.chars().all(|c| c.is_ascii_digit() || c == '-'))
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(file.parent().unwrap_or(Path::new(".")))? {
        let entry = entry?;
        if entry.file_type()?.is_file() && is_copy(&entry.file_name().to_string_lossy()) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// The largest configuration file that is read, in bytes: some clients keep much else in theirs.
const LARGEST: u64 = 64 << 20;

/// Returns a file's text, or `None` if there is no file. Pipes and devices, to which a project may link, are not read:
/// they may never end.
pub(super) fn read_optional(file: &Path) -> io::Result<Option<String>> {
    match fs::metadata(file) {
        Ok(about) if !about.is_file() => return Err(io::Error::other("it is not a regular file")),
        Ok(about) if about.len() > LARGEST => {
            return Err(io::Error::other(format!("it has more than {} MiB", LARGEST >> 20)));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        _ => {}
    }
    String::from_utf8(fs::read(file)?).map(Some).map_err(|_| io::Error::other("it is not UTF-8 text"))
}

/// Words in the names of values that should not be shown on a screen.
const SECRETS: [&str; 8] = ["key", "token", "secret", "passw", "authorization", "cookie", "credential", "bearer"];

/// Returns a line of configuration with the values of secret-looking names hidden, each followed by what `how` says of
/// it. A path is not a secret.
fn masked<'a>(line: &str, mut how: impl FnMut(&str, &str) -> &'a str) -> String {
    let (mut shown, mut rest) = (String::new(), line);
    while let Some(at) = rest.find([':', '=']) {
        let (name, after) = rest.split_at(at + 1);
        shown.push_str(name);
        let name = name.rsplit(['{', '}', '[', ']', ',']).next().unwrap_or_default().to_ascii_lowercase();
        let is_path = ["file", "path", "keychain"].iter().any(|word| name.contains(word));
        let value = after.trim_start();
        let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''));
        let inner = quote.map_or(value, |_| value.get(1..).unwrap_or_default());
        let end = inner.find(|c| quote.map_or_else(|| matches!(c, ',' | '}' | ']'), |quote| c == quote));
        let inner = inner.get(..end.unwrap_or(inner.len())).unwrap_or_default();
        let is_secret = !is_path && SECRETS.iter().any(|word| name.contains(word));
        if !is_secret || inner.len() < 4 || quote.is_none() && inner.starts_with(['{', '[']) {
            rest = after;
            continue;
        }
        let (before, behind) = after.split_once(inner).unwrap_or((after, ""));
        let name = name.trim_matches(|c: char| !c.is_alphanumeric());
        shown.extend([before, "…", how(name, inner)]);
        rest = behind;
    }
    shown + rest
}
