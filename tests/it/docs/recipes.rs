//! What the recipes show was replied.

use std::fs;

use oncehub_mcp::sandbox::ME;
use oncehub_mcp::tools::{Catalogue, Selection};
use rmcp::model::CallToolResult;
use serde_json::Value;

use super::bench::{Bench, SHOWN, text_of};
use super::days::{days, outcome};
use super::shell::{lines, words};
use super::{pages, read, root};

/// A line of a shell that calls tools of the simulated account.
struct Line {
    text: String,
    zone: Option<String>,
    me: Option<String>,
    calls: Vec<(String, Vec<String>)>,
}

impl Line {
    /// Reads a line; nothing if it does something else.
    fn read(text: String) -> Option<Self> {
        let given = ["oncehub-mcp".to_owned()].into_iter().chain(words(&text)?);
        let matches = oncehub_mcp::cli::command().try_get_matches_from(given).ok()?;
        let (_, call) = matches.subcommand().filter(|(name, _)| *name == "call")?;
        call.get_one::<bool>("sandbox").filter(|is_simulated| **is_simulated)?;
        let given = |name: &str| call.get_one::<String>(name).cloned();
        let values = call.get_many("values").into_iter().flatten().cloned();
        let calls = oncehub_mcp::cli::calls(given("tool").unwrap(), values).unwrap();
        Some(Self { text, zone: given("time_zone"), me: given("user"), calls })
    }

    /// Runs it at a moment, on an account of its own, as each run of the program does. Returns the replies, and what was
    /// asked.
    async fn run(&self, now: &str) -> (Vec<CallToolResult>, Vec<String>) {
        let bench = Bench::start(now, self.zone.as_deref(), Some(self.me.as_deref().unwrap_or(ME))).await;
        let catalogue = Catalogue::new(&Selection::default()).unwrap();
        let mut replies: Vec<CallToolResult> = Vec::new();
        for (tool, given) in &self.calls {
            let schema = Value::from(catalogue.get(tool).unwrap().input_schema.as_ref().clone());
            let before = replies.last().and_then(|reply| reply.structured_content.as_ref());
            let arguments = oncehub_mcp::cli::parse_arguments(given, &schema, before);
            let arguments = arguments.unwrap_or_else(|error| panic!("{now}: {}: {error}", self.text));
            replies.push(bench.call(tool, &arguments.into()).await);
        }
        (replies, bench.asked())
    }
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

/// `UPDATE=1 cargo test` fills in the questions, and the replies that are empty; they may then be shortened.
#[tokio::test]
async fn every_reply_and_question_that_is_shown_was_given() {
    let (mut seen, mut questions) = (0, 0);
    for page in ["docs/recipes.md", "docs/start.md"] {
        let text = read(page);
        let mut parts: Vec<String> = text.split("```").map(str::to_owned).collect();
        // Every other part is the inside of a block.
        for at in (1..parts.len()).step_by(2) {
            let Some(command) = parts[at].strip_prefix("sh\n") else { continue };
            let Some(shown) = parts.get(at + 2).and_then(|block| block.strip_prefix("text\n")) else { continue };
            let command = command.replace("\\\n", " ");
            let Some(line) = command.lines().next_back().and_then(|line| Line::read(line.to_owned())) else { continue };
            let (replies, asked) = line.run(SHOWN).await;
            let real = replies.iter().map(text_of).collect::<Vec<_>>().join("\n");
            if shown.is_empty() && std::env::var_os("UPDATE").is_some() {
                parts[at + 2] = format!("text\n{real}\n");
            } else {
                assert!(is_like(shown, &real), "{page}: {}\nis shown as\n{shown}\nand was\n{real}", line.text);
            }
            seen += 1;
            // A block without a language is the question.
            if let Some(shown) = parts.get(at + 4).filter(|block| block.starts_with('\n')) {
                let real = format!("\n{} [y/N]\n", asked.join("\n"));
                if std::env::var_os("UPDATE").is_some() {
                    parts[at + 4] = real;
                } else {
                    assert_eq!(*shown, real, "{page}: {}", line.text);
                }
                questions += 1;
            }
        }
        if std::env::var_os("UPDATE").is_some() {
            fs::write(root().join(page), parts.join("```")).unwrap();
        }
    }
    assert!(seen > 12 && questions > 3, "{seen} replies, {questions} questions");
}

#[tokio::test]
async fn what_is_shown_to_run_does_the_same_on_any_day() {
    let (mut seen, mut wrong) = (0, Vec::new());
    for page in pages() {
        for line in lines(&read(&page)).into_iter().filter_map(Line::read) {
            let shown: Vec<String> = line.run(SHOWN).await.0.iter().map(outcome).collect();
            for (day, now) in days() {
                let (replies, _) = line.run(now).await;
                if replies.iter().map(outcome).collect::<Vec<_>>() != shown {
                    let texts: Vec<String> = replies.iter().map(text_of).collect();
                    wrong.push(format!("{page}, on {day}: {}\n{}", line.text, texts.join("\n")));
                }
            }
            seen += 1;
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(seen > 17, "{seen} lines");
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
