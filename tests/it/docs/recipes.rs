//! What the recipes show was replied.

use std::fs;

use serde_json::{Map, Value};

use super::bench::{Bench, text_of};
use super::shell::words;
use super::{read, root};

/// Runs a line of a shell that calls a tool of the simulated account; nothing if it is another.
async fn reply(line: &str) -> Option<String> {
    let words = words(line)?;
    let given = ["oncehub-mcp".to_owned()].into_iter().chain(words);
    let matches = oncehub_mcp::cli::command().try_get_matches_from(given).ok()?;
    let (_, call) = matches.subcommand().filter(|(name, _)| *name == "call")?;
    assert!(call.get_one::<bool>("sandbox") == Some(&true), "not on the simulated account: {line}");
    let tool: &String = call.get_one("tool").unwrap();
    let values: Vec<&String> = call.get_many("values").into_iter().flatten().collect();
    let arguments: Value = match values.as_slice() {
        [only] if only.starts_with('{') => serde_json::from_str(only).unwrap_or_else(|error| panic!("{error}: {only}")),
        pairs => {
            let pairs = pairs.iter().map(|pair| pair.split_once('=').unwrap_or_else(|| panic!("{line}: {pair}")));
            pairs.map(|(name, value)| (name.to_owned(), Value::from(value))).collect::<Map<_, _>>().into()
        }
    };
    // Each run of the program makes an account of its own.
    let bench =
        Bench::start(call.get_one::<String>("time_zone").map(String::as_str), call.get_one("user").cloned(), 0).await;
    Some(text_of(&bench.call(tool, &arguments).await))
}

/// Whether a reply that was shortened for reading is this one: a line `…` stands for any number of lines, and `…` at the end
/// of a line for its rest.
pub(super) fn is_like(shown: &str, real: &str) -> bool {
    let mut real = real.lines();
    let mut may_skip = false;
    for line in shown.lines() {
        if line.trim() == "…" {
            may_skip = true;
            continue;
        }
        let fits = |other: &str| match line.strip_suffix('…') {
            Some(start) => other.starts_with(start.trim_end()),
            None => other == line,
        };
        let found = if may_skip { real.any(fits) } else { real.next().is_some_and(fits) };
        if !found {
            return false;
        }
        may_skip = false;
    }
    may_skip || real.next().is_none()
}

/// `UPDATE=1 cargo test` fills in the replies that are empty; they may then be shortened.
#[tokio::test]
async fn every_reply_that_is_shown_was_given() {
    let mut seen = 0;
    for page in ["docs/recipes.md", "docs/start.md"] {
        let text = read(page);
        let mut parts: Vec<String> = text.split("```").map(str::to_owned).collect();
        // Every other part is the inside of a block.
        for at in (1..parts.len()).step_by(2) {
            let Some(command) = parts[at].strip_prefix("sh\n") else { continue };
            let Some(shown) = parts.get(at + 2).and_then(|block| block.strip_prefix("text\n")) else { continue };
            let command = command.replace("\\\n", " ");
            let Some(line) = command.lines().next_back() else { continue };
            let Some(real) = reply(line).await else { continue };
            if shown.is_empty() && std::env::var_os("UPDATE").is_some() {
                parts[at + 2] = format!("text\n{real}\n");
            } else {
                assert!(is_like(shown, &real), "{page}: {line}\nis shown as\n{shown}\nand was\n{real}");
            }
            seen += 1;
        }
        if std::env::var_os("UPDATE").is_some() {
            fs::write(root().join(page), parts.join("```")).unwrap();
        }
    }
    assert!(seen > 12, "{seen} replies");
}

#[test]
fn a_shortened_reply_is_still_that_reply() {
    let real = "one\ntwo and more\nthree";
    for shown in ["one\ntwo and more\nthree", "one\n…\nthree", "…\nthree", "one\n…", "one\ntwo …\nthree"] {
        assert!(is_like(shown, real), "{shown}");
    }
    for other in ["one\nthree", "one", "two\n…", "one\ntwo\nthree", "…\nfour"] {
        assert!(!is_like(other, real), "{other}");
    }
}
