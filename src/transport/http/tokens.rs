//! The server's tokens: one, or several from a file, so that a new one can be handed out before the old one goes. Each
//! has a name in the log, and when it is taken out of its file, what was opened with it ends.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::auth::InUse;
use super::watched::Watched;

/// The shortest token. A shorter one can be guessed; `openssl rand -hex 32` makes 64 characters.
const SHORTEST: usize = 16;

/// The longest token, like the longest key.
const LONGEST: usize = 1024;

/// The most tokens in a file.
const MOST: usize = 100;

/// The longest file, in bytes: as many tokens as there may be, with their names and some comments.
const LONGEST_FILE: u64 = 256 << 10;

/// What begins a line that is a comment.
const COMMENT: char = '#';

/// The server's tokens. Any of them opens it. Clones share them.
#[derive(Clone, Debug)]
pub struct Tokens {
    source: Source,
    /// All that were ever in use: one that was replaced must not be taken for a OnceHub key.
    known: Arc<Mutex<Vec<Token>>>,
}

#[derive(Clone, Debug)]
enum Source {
    Given,
    File(Arc<Watched<Arc<[Token]>, BadTokens>>),
}

/// One of the tokens. Clones share what was opened with it.
#[derive(Clone, Debug)]
pub(super) struct Token {
    secret: SecretString,
    /// What the log calls it: its name in the file, or the line there; `None` if it does not come from a file.
    pub(super) name: Option<Arc<str>>,
    /// Cancelled when it is taken out of the file.
    removed: CancellationToken,
    /// The sessions that it has open.
    open: TaskTracker,
}

/// What binds a session to a token or a sign-in: the session ends when the token is taken out of the file, or the sign-in
/// ends. Until this is dropped it counts as open.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) removed: CancellationToken,
    _open: Open,
}

/// What counts a session as open.
#[derive(Debug)]
#[expect(dead_code, reason = "they are only dropped")]
enum Open {
    Token(TaskTrackerToken),
    SignIn(Arc<InUse>),
}

impl Lease {
    /// Counts one more session of a sign-in.
    pub(super) fn of(in_use: Arc<InUse>) -> Self {
        Self { removed: in_use.ended.clone(), _open: Open::SignIn(in_use) }
    }
}

impl Token {
    fn new(secret: SecretString, name: Option<Arc<str>>) -> Self {
        Self { secret, name, removed: CancellationToken::new(), open: TaskTracker::new() }
    }

    /// Counts one more session.
    pub(super) fn lease(&self) -> Lease {
        Lease { removed: self.removed.clone(), _open: Open::Token(self.open.token()) }
    }

    fn is(&self, text: &SecretString) -> bool {
        same(&self.secret, text)
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.is(&other.secret)
    }
}

/// The reason tokens cannot be used. It names the file, never a token.
#[derive(Debug, thiserror::Error)]
pub enum BadTokens {
    /// The file cannot be read.
    #[error("the file {path} cannot be read: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error message.
        reason: String,
    },
    /// The file holds none.
    #[error("there is no token in the file {0}")]
    Empty(PathBuf),
    /// The file holds too many.
    #[error("there are more than {MOST} of them, one on each line")]
    TooMany,
    /// The file is too long to hold tokens.
    #[error("the file {0} is longer than {kib} KiB: it holds tokens, one on each line", kib = LONGEST_FILE >> 10)]
    TooLong(PathBuf),
    /// A name cannot be told from a token.
    #[error("line {0}: what stands before ': ' is the token's name, of up to {most} letters, digits, '-', '_' and '.'", most = SHORTEST - 1)]
    Name(usize),
    /// A token is too short.
    #[error("a token of {0} characters can be guessed: use at least {SHORTEST}, as `openssl rand -hex 32` makes them")]
    Short(usize),
    /// A token cannot be sent.
    #[error(
        "a token has up to {LONGEST} visible ASCII characters and no spaces; several stand in a file, one on each line, as \
         'TOKEN' or 'name: TOKEN'"
    )]
    NotAHeader,
}

impl Tokens {
    /// Returns the one token in a text.
    ///
    /// # Errors
    /// If it can be guessed, or cannot be sent.
    pub fn given(text: &str) -> Result<Self, BadTokens> {
        Ok(check(text.trim())?.into())
    }

    /// Reads the tokens in a file, one on each line, which is read again when it changes.
    ///
    /// # Errors
    /// If the file cannot be read, or holds a token that cannot be used.
    pub fn of_file(path: &Path) -> Result<Self, BadTokens> {
        let known: Arc<Mutex<Vec<Token>>> = Arc::default();
        let (seen, file) = (Arc::clone(&known), path.to_owned());
        let load = move || Ok(in_use(read(&file)?, &mut seen.lock()));
        let file = Watched::new("list of tokens", vec![path.to_owned()], load)?;
        Ok(Self { source: Source::File(Arc::new(file)), known })
    }

    /// Returns the token that this is, if it is one of them.
    pub(super) fn find(&self, text: &SecretString) -> Option<Token> {
        match &self.source {
            Source::Given => self.known(text),
            Source::File(file) => file.current().iter().find(|token| token.is(text)).cloned(),
        }
    }

    /// Returns the token that this is, or was until it was replaced.
    pub(super) fn known(&self, text: &SecretString) -> Option<Token> {
        self.known.lock().iter().find(|token| token.is(text)).cloned()
    }

    /// Reads the file again if it has changed: also when no request comes, what was opened with a token that was taken
    /// out ends.
    pub(super) fn look(&self) {
        if let Source::File(file) = &self.source {
            file.current();
        }
    }

    /// Reads the file again now, if there is one.
    pub fn reload(&self) {
        if let Source::File(file) = &self.source {
            file.reload();
        }
    }
}

impl From<SecretString> for Tokens {
    fn from(token: SecretString) -> Self {
        Self { source: Source::Given, known: Arc::new(Mutex::new(vec![Token::new(token, None)])) }
    }
}

/// A line of the file: the token's name, or the line's, and the token.
type Line = (Arc<str>, SecretString);

fn read(path: &Path) -> Result<Vec<Line>, BadTokens> {
    let mut text = String::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST_FILE + 1).read_to_string(&mut text))
        .map_err(|error| BadTokens::Unreadable { path: path.to_owned(), reason: error.to_string() })?;
    if text.len() as u64 > LONGEST_FILE {
        return Err(BadTokens::TooLong(path.to_owned()));
    }
    let lines = (1..).zip(text.lines().map(str::trim));
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with(COMMENT));
    let lines = lines.map(|(number, line)| parse(number, line)).collect::<Result<Vec<_>, _>>()?;
    match lines.len() {
        0 => Err(BadTokens::Empty(path.to_owned())),
        count if count > MOST => Err(BadTokens::TooMany),
        _ => Ok(lines),
    }
}

/// Reads a line. A name is shorter than any token, so that no token gets into the log as one.
fn parse(number: usize, line: &str) -> Result<Line, BadTokens> {
    let Some((name, token)) = line.split_once(": ") else { return Ok((format!("line {number}").into(), check(line)?)) };
    let is_word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if name.is_empty() || name.len() >= SHORTEST || !is_word {
        return Err(BadTokens::Name(number));
    }
    Ok((name.into(), check(token.trim())?))
}

/// Returns the tokens of these lines. What was opened with those that are still there goes on; what was opened with others
/// ends.
fn in_use(lines: Vec<Line>, known: &mut Vec<Token>) -> Arc<[Token]> {
    let is_in_use = |token: &Token| !token.removed.is_cancelled();
    let renewed = |(name, secret): Line| {
        let before = known.iter().find(|token| token.is(&secret) && is_in_use(token)).cloned();
        let token = before.unwrap_or_else(|| Token::new(secret, None));
        Token { name: Some(name), ..token }
    };
    let tokens: Arc<[Token]> = lines.into_iter().map(renewed).collect();
    let is_there = |token: &Token| tokens.iter().any(|other| other.is(&token.secret));
    for token in known.iter().filter(|token| is_in_use(token) && !is_there(token)) {
        tracing::info!(
            token = token.name.as_deref(),
            open = token.open.len(),
            "a token was taken out: ending what it has open"
        );
        token.removed.cancel();
    }
    known.retain(|token| !is_there(token));
    known.extend(tokens.iter().cloned());
    tokens
}

fn check(text: &str) -> Result<SecretString, BadTokens> {
    match text.len() {
        length if length > LONGEST || !text.bytes().all(|byte| byte.is_ascii_graphic()) => Err(BadTokens::NotAHeader),
        length if length < SHORTEST => Err(BadTokens::Short(length)),
        _ => Ok(text.into()),
    }
}

/// Compares in constant time for equal lengths.
pub(super) fn same(one: &SecretString, other: &SecretString) -> bool {
    one.expose_secret().as_bytes().ct_eq(other.expose_secret().as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "the-first-token-of-all";
    const NEW: &str = "the-second-one-of-them";

    fn secret(text: &str) -> SecretString {
        text.into()
    }

    fn have(tokens: &Tokens, token: &str) -> bool {
        tokens.find(&secret(token)).is_some()
    }

    fn file(text: &str) -> (tempfile::NamedTempFile, Tokens) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        let tokens = Tokens::of_file(file.path()).unwrap();
        (file, tokens)
    }

    #[test]
    fn a_file_is_read_again_and_one_that_cannot_be_used_is_not() {
        let (file, tokens) = file(&format!("{OLD}\n"));
        assert!(have(&tokens, OLD) && !have(&tokens, NEW));
        std::fs::write(file.path(), format!(" {OLD}\r\n\n{NEW}\n")).unwrap();
        tokens.reload();
        assert!(have(&tokens, OLD) && have(&tokens, NEW), "both, while clients change over");
        let (long, many) = ("# a comment\n".repeat(30_000), format!("{NEW}\n").repeat(101));
        for broken in ["", "\n", "# none\n", "short\n", "two words of a token\n", "ada: short", &long, &many] {
            std::fs::write(file.path(), broken).unwrap();
            tokens.reload();
            assert!(have(&tokens, OLD) && have(&tokens, NEW), "{broken:?}");
        }
        std::fs::write(file.path(), NEW).unwrap();
        tokens.reload();
        assert!(!have(&tokens, OLD) && have(&tokens, NEW));
        assert!(tokens.known(&secret(OLD)).is_some(), "it is still no key");
        assert!(!format!("{tokens:?}").contains(NEW));
    }

    #[test]
    fn a_token_is_called_by_its_name_or_its_line_and_no_token_passes_for_a_name() {
        let (file, tokens) = file(&format!("# until May\n{OLD}\n\n  ada.l: {NEW} \n#another\n"));
        let name = |token: &str| tokens.find(&secret(token)).unwrap().name.unwrap();
        assert_eq!([&*name(OLD), &*name(NEW)], ["line 2", "ada.l"]);
        for bad in [format!("{OLD}: {NEW}"), format!(": {NEW}"), format!("a b: {NEW}"), format!("ada {NEW}")] {
            std::fs::write(file.path(), &bad).unwrap();
            let error = Tokens::of_file(file.path()).unwrap_err().to_string();
            assert!(!error.contains(OLD) && !error.contains(NEW), "{error}");
        }
        // Without a space, a colon is part of the token, as it always was.
        std::fs::write(file.path(), format!("ada:{NEW}")).unwrap();
        assert!(have(&Tokens::of_file(file.path()).unwrap(), &format!("ada:{NEW}")));
    }

    #[test]
    fn what_a_token_has_open_ends_when_it_is_taken_out_and_not_before() {
        let (file, tokens) = file(&format!("{OLD}\n{NEW}\n"));
        let leases = [OLD, NEW].map(|token| tokens.find(&secret(token)).unwrap().lease());
        let ended = || leases.each_ref().map(|lease| lease.removed.is_cancelled());
        for (text, expected) in [
            (format!("ada: {NEW}\nben: {OLD}\n"), [false, false]),
            ("short".to_owned(), [false, false]),
            (format!("ada: {NEW}\n"), [true, false]),
            (format!("{OLD}\n{NEW}\n"), [true, false]),
        ] {
            std::fs::write(file.path(), &text).unwrap();
            tokens.reload();
            assert_eq!(ended(), expected, "{text}");
        }
        let again = tokens.find(&secret(OLD)).unwrap();
        assert!(!again.lease().removed.is_cancelled(), "one that is put back begins anew");
    }

    #[test]
    fn what_can_be_guessed_or_not_sent_is_refused_without_being_shown() {
        for bad in ["t0ken", "fifteen-letters", "sixteen letters and more", "größer-als-sechzehn-zeichen"] {
            let error = Tokens::given(bad).unwrap_err().to_string();
            assert!(!error.contains(bad), "{error}");
        }
        assert!(Tokens::given("").is_err() && Tokens::given(&"x".repeat(1025)).is_err());
        assert!(Tokens::given("sixteen-letters!").is_ok());
    }
}
