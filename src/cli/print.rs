//! What the commands print: for people, lines that end between words at the edge of their terminal; for programs, and
//! where nobody's terminal is written to, lines as they are.

use std::io::Write as _;

use clap::builder::StyledStr;
use console::Term;
use textwrap::core::Word;
use textwrap::{Options, WordSeparator, WordSplitter};

/// The width that help has, where there is no terminal.
pub(super) const WIDTH: usize = 80;

/// The length of a word, such as an object in JSON, that may be broken after its commas.
const LONG: usize = 60;

/// Prints a line that a person asked for.
pub(super) fn print_line(text: &str) {
    for line in text.lines().chain(text.is_empty().then_some("")) {
        // What goes on in the next line is indented further than where it began.
        let indent = line.len() - line.trim_start_matches(' ').len();
        print_beside("", &" ".repeat(indent + 2), line);
    }
}

/// Prints a line with `label` before it, and `below` before what does not fit beside the label.
pub(super) fn print_beside(label: &str, below: &str, line: &str) {
    match terminal_width(&Term::stdout()) {
        Some(width) => print_exact(&broken(label, below, line, width)),
        None => print_exact(&format!("{label}{line}")),
    }
}

/// Prints what another program reads, such as JSON or a script.
pub(super) fn print_exact(text: &str) {
    // Ignore a closed pipe, as in `| head`.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints to standard error, for the person at the terminal or a host's log.
pub(super) fn tell(text: &str) {
    let width = terminal_width(&Term::stderr());
    for line in text.lines() {
        let line = width.map_or_else(|| line.to_owned(), |width| broken("", "", line, width));
        // Ignore a closed pipe, as in `2>&1 | head`.
        let _ = writeln!(std::io::stderr(), "{line}");
    }
}

/// Returns the width of a terminal; `None` if it is none.
pub(super) fn terminal_width(term: &Term) -> Option<usize> {
    if !term.is_term() {
        return None;
    }
    // A terminal that does not know its width says 0.
    let width = term.size_checked().map_or(0, |(_, columns)| usize::from(columns));
    Some(if width == 0 { WIDTH } else { width })
}

/// Breaks a line between words. A word that is longer than the line, such as an address, stays whole, unless it has commas.
fn broken(label: &str, below: &str, line: &str, width: usize) -> String {
    let options = Options::new(width)
        .initial_indent(label)
        .subsequent_indent(below)
        .break_words(false)
        .word_separator(WordSeparator::Custom(words))
        .word_splitter(WordSplitter::NoHyphenation);
    textwrap::fill(line, options)
}

/// Finds the words of a line, and the parts of long ones, each up to its comma.
fn words(line: &str) -> Box<dyn Iterator<Item = Word<'_>> + '_> {
    Box::new(WordSeparator::AsciiSpace.find_words(line).flat_map(parts))
}

fn parts(word: Word<'_>) -> Vec<Word<'_>> {
    if word.word.len() <= LONG {
        return vec![word];
    }
    let mut parts: Vec<Word<'_>> = word.word.split_inclusive(',').map(Word::from).collect();
    if let Some(last) = parts.last_mut() {
        last.whitespace = word.whitespace;
    }
    parts
}

/// Prints help, which clap has broken already.
pub(super) fn print_help(help: &StyledStr) {
    let is_term = Term::stdout().is_term();
    print_exact(&if is_term { help.ansi().to_string() } else { help.to_string() });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_broken_between_words_only() {
        let line = "ok   client    Cursor: \"Intro call\" BKC-JL6T638VXVXA https://example.com/a-long-address-that-does-not-fit end";
        let lines = broken("", "  ", line, 40);
        assert_eq!(
            lines.lines().collect::<Vec<_>>(),
            [
                "ok   client    Cursor: \"Intro call\"", "  BKC-JL6T638VXVXA",
                "  https://example.com/a-long-address-that-does-not-fit", "  end"
            ]
        );
        let object =
            r#"undo: update {"user_id":"USR-XXGJ98LRZMAU","overrides":[{"date":"2026-11-30","remove":true}]} end"#;
        assert_eq!(
            broken("│ ", "│   ", object, 60).lines().collect::<Vec<_>>(),
            [
                r#"│ undo: update {"user_id":"USR-XXGJ98LRZMAU","#,
                r#"│   "overrides":[{"date":"2026-11-30","remove":true}]} end"#
            ]
        );
        assert_eq!(broken("│ ", "│   ", "  a b", 6), "│   a\n│   b");
        let styled = console::style("one two").red().force_styling(true).to_string();
        assert_eq!(broken("", "", &styled, 7), styled, "what has no width takes none");
    }
}
