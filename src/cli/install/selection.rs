//! Which tools an entry offers in a client that takes only a few.

use super::entry::names_file;
use crate::config::{Dotenv, Given, Source};
use crate::install::{Client, Entry};
use crate::tools::{Catalogue, Selection};

/// The toolset for a client that takes only a few tools.
const FEW: &str = "core";

/// The flags that choose tools, and the header with which an address is told a toolset.
const FLAGS: [&str; 2] = ["toolsets", "tools"];
const HEADER: &str = "X-MCP-Toolsets";

/// Returns the entry for one client, and a note if it offers fewer tools than it could.
///
/// A client that takes only a few tools gets the toolset `core`, unless the person chooses tools now, or the client has
/// the server already: then its entry goes on as it is, with a choice or without.
pub(super) fn for_client(
    client: &Client,
    entry: &Entry,
    before: Option<&Entry>,
    given: &[Given],
    dotenv: &Dotenv,
) -> (Entry, Option<String>) {
    let is_in_file = |one: &Given| names_file(given) && dotenv.taken.contains(&one.variable);
    let is_choice = |one: &Given| FLAGS.contains(&&*one.flag) && (one.source == Source::Flag || is_in_file(one));
    let mut entry = entry.clone();
    let Some(most) = client.most_tools.filter(|_| !given.iter().any(is_choice)) else { return (entry, None) };
    match (&mut entry, before) {
        (Entry::Stdio { args, .. }, Some(Entry::Stdio { args: before, .. })) => {
            args.extend(choices(before));
            return (entry, None);
        }
        // Headers that no new one replaces stay in any case.
        (Entry::Http { .. }, Some(Entry::Http { .. })) => return (entry, None),
        (Entry::Stdio { args, .. }, _) => args.push(format!("--toolsets={FEW}")),
        (Entry::Http { headers, .. }, _) => headers.push((HEADER.to_owned(), FEW.to_owned())),
    }
    let note = format!(
        "{} takes about {most} tools of all servers together: this entry offers the toolset {FEW}, {} tools. --toolsets all \
         offers every one.",
        client.name,
        count(FEW)
    );
    (entry, Some(note))
}

/// Returns how many tools a toolset has.
fn count(toolset: &str) -> usize {
    let selection = Selection { toolsets: vec![toolset.to_owned()], ..Selection::default() };
    Catalogue::new(&selection).map(|tools| tools.list().len()).unwrap_or_default()
}

/// Returns those of an entry's arguments that choose tools.
fn choices(args: &[String]) -> Vec<String> {
    let flag = |word: &str| word.strip_prefix("--").map(|word| word.split('=').next().unwrap_or(word).to_owned());
    let is_choice = |word: &str| flag(word).is_some_and(|flag| FLAGS.contains(&&*flag));
    let mut chosen = Vec::new();
    let mut words = args.iter();
    while let Some(word) = words.next() {
        if is_choice(word) {
            chosen.push(word.clone());
            if !word.contains('=') {
                chosen.extend(words.next().cloned());
            }
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_entry_says_of_tools_is_found_however_it_is_written() {
        let chosen = |args: &[&str]| choices(&args.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(
            chosen(&["--toolsets=core", "--read-only", "--tools=get_user"]),
            ["--toolsets=core", "--tools=get_user"]
        );
        assert_eq!(chosen(&["--user", "dana", "--toolsets", "bookings", "--sandbox"]), ["--toolsets", "bookings"]);
        assert_eq!(chosen(&["--toolsets=all", "--time-zone=UTC"]), ["--toolsets=all"]);
        assert!(chosen(&["--exclude-tools=get_user", "toolsets=core", "--toolsetsy"]).is_empty());
    }
}
