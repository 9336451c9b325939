//! Entries in a project's file. A stranger may have written it, so each is shown, and tried only after a yes to it.

use std::io::IsTerminal as _;
use std::path::Path;

use console::{Term, style};

use super::NOTHING;
use crate::cli::{is_yes, prompt, visible};
use crate::install::{Client, Entry};

/// How much of an entry is shown when nobody is asked about it.
pub(in crate::cli) const CUT: usize = 200;

/// The longest entry that a question shows, in characters.
const LONGEST: usize = 2000;

/// Formats an entry on one line: its command line, or its address. Each word ends where its quotation marks say. Values
/// of variables and headers may be secrets, so only their names are shown.
pub(in crate::cli) fn shown(entry: &Entry, longest: usize) -> String {
    let (words, kind, pairs) = match entry {
        Entry::Stdio { command, args, env } => {
            (std::iter::once(command).chain(args).map(|word| quoted(word)).collect(), "variables", env)
        }
        Entry::Http { url, headers } => (vec![quoted(url)], "headers", headers),
    };
    let names: Vec<String> = pairs.iter().map(|(name, _)| quoted(name)).collect();
    let with = if names.is_empty() { String::new() } else { format!(" (with the {kind} {})", names.join(", ")) };
    let line = words.join(" ") + &with;
    match line.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// Formats a word as it is, or in quotation marks with everything invisible escaped.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./:=@%+,-".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) { word.to_owned() } else { format!("{word:?}") }
}

/// Asks the person whether to try an entry; an error says why it is not tried. The question goes to standard error: a
/// program may be reading the output.
pub(super) async fn ask(client: &Client, file: &Path, entry: &Entry, folder: &Path) -> Result<(), &'static str> {
    let term = Term::stderr();
    if !std::io::stdin().is_terminal() || !term.is_term() {
        return Err("not tried: there is no terminal to ask");
    }
    let line = shown(entry, LONGEST);
    if line.chars().count() > LONGEST {
        return Err("not tried: it is too long to be shown in full");
    }
    let question = match entry {
        Entry::Stdio { .. } => format!("Start this in {}?", folder.display()),
        Entry::Http { .. } => "Connect to this?".to_owned(),
    };
    // Ignore: without a terminal there is no yes either.
    let _ = term.write_line(&visible(&format!("{} (this project), {}:", client.name, file.display())));
    let _ = term.write_line(&format!("  {line}"));
    let question = format!("{} {} ", style(visible(&question)).bold(), style("[y/N]").dim());
    if is_yes(&prompt::answer(&term, &question, NOTHING).await.unwrap_or_default()) {
        Ok(())
    } else {
        Err("not tried: you did not say yes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_shown_on_one_line_without_what_could_fake_a_terminal_or_be_a_secret() {
        let entry = Entry::Stdio {
            command: "bash".into(),
            args: vec!["-c".into(), "echo \"hi\"\n\u{1b}[2K\rStart this? [y/N] y\u{202e}".into(), String::new()],
            env: vec![("NODE_OPTIONS".into(), "s3cret".into()), ("A\u{1b}[2K".into(), "s3cret".into())],
        };
        let line = shown(&entry, LONGEST);
        assert!(line.starts_with(r#"bash -c "echo \"hi\"\n\u{1b}[2K\rStart"#), "{line}");
        assert!(line.contains(r#"y\u{202e}" "" (with the variables NODE_OPTIONS, "A\u{1b}"#), "{line}");
        assert!(!line.contains("s3cret") && !line.chars().any(char::is_control), "{line}");
        let address = Entry::Http {
            url: "https://x.example/\u{1b}[2J".into(),
            headers: vec![("API-Key".into(), "s3cret".into())],
        };
        assert_eq!(shown(&address, LONGEST), r#""https://x.example/\u{1b}[2J" (with the headers API-Key)"#);
        assert_eq!(shown(&entry, 10), "bash -c \"e…");
    }
}
