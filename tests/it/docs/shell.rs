//! What the documents tell people to type is what the program takes.

use clap::error::ErrorKind;

use super::{blocks, pages, read};

/// The words behind the program's name in a line of a shell, if the line starts the program.
pub(super) fn words(line: &str) -> Option<Vec<String>> {
    if !line.contains("oncehub-mcp ") && !line.starts_with("cargo run") {
        return None;
    }
    let words = split(line).unwrap_or_else(|| panic!("no shell reads this: {line}"));
    let is_assignment = |word: &String| word.split_once('=').is_some_and(|(name, _)| name.starts_with("ONCEHUB_"));
    let words: Vec<String> = words.into_iter().skip_while(is_assignment).collect();
    let rest = match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["oncehub-mcp", ..] => &words[1..],
        ["cargo", "run", "--", ..] => &words[3..],
        _ => return None,
    };
    // What reads on, or where it goes, is the shell's.
    let ends = ["|", ">", "2>", "&&", "<"];
    Some(rest.iter().take_while(|word| !ends.contains(&word.as_str())).cloned().collect())
}

/// Splits a line as a shell does: blanks part words unless they are quoted, and `#` at the start of one ends the line. Nothing if
/// a quote is left open.
fn split(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        match c {
            ' ' | '\t' => words.extend(word.take()),
            '#' if word.is_none() => break,
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match characters.next()? {
                        end if end == c => break,
                        '\\' if c == '"' => word.push(characters.next()?),
                        other => word.push(other),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(characters.next()?),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Some(words)
}

/// The lines of a page's shell blocks; a line that ends with a backslash goes on.
pub(super) fn lines(text: &str) -> Vec<String> {
    blocks(text, &["sh"])
        .iter()
        .flat_map(|block| block.replace("\\\n", " ").lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

#[test]
fn every_command_is_one_that_there_is() {
    let mut seen = 0;
    for page in pages() {
        for line in lines(&read(&page)) {
            let Some(words) = words(&line) else { continue };
            let parsed =
                oncehub_mcp::cli::command().try_get_matches_from(["oncehub-mcp".to_owned()].iter().chain(&words));
            if let Err(error) = parsed {
                assert!(
                    matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion),
                    "{page}: {line}: {error}"
                );
            }
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen} commands");
}

#[test]
fn a_line_is_split_as_a_shell_does() {
    for (line, expected) in [
        ("a  b=\"c d\" # e", Some(vec!["a", "b=c d"])),
        ("a '{\"b\": \"#\"}' ''", Some(vec!["a", "{\"b\": \"#\"}", ""])),
        ("a\\ b c#d", Some(vec!["a b", "c#d"])),
        ("a \"b", None),
    ] {
        assert_eq!(split(line), expected.map(|words| words.into_iter().map(str::to_owned).collect()), "{line}");
    }
}
