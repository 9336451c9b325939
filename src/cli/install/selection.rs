//! Which tools an entry offers in a client that takes only a few.

use super::entry::{Asked, names_file};
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
    mut entry: Entry,
    is_there: bool,
    asked: &Asked<'_>,
    given: &[Given],
    dotenv: &Dotenv,
) -> (Entry, Option<String>) {
    let is_in_file = |one: &Given| names_file(given) && dotenv.taken.contains(&one.variable);
    let is_choice = |one: &Given| FLAGS.contains(&&*one.flag) && (one.source == Source::Flag || is_in_file(one));
    let most = client
        .most_tools
        .filter(|_| !is_there && !given.iter().any(is_choice) && !FLAGS.iter().any(|flag| asked.clears(flag)));
    let Some(most) = most else { return (entry, None) };
    match &mut entry {
        Entry::Stdio { args, .. } => args.push(format!("--toolsets={FEW}")),
        Entry::Http { headers, .. } => headers.push((HEADER.to_owned(), FEW.to_owned())),
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
