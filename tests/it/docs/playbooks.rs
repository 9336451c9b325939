//! What the page of playbooks shows: each job, call by call, as it runs.

use std::collections::HashMap;
use std::fs;

use oncehub_mcp::playbooks::Playbook;
use oncehub_mcp::sandbox::ME;
use oncehub_mcp::tools::{Catalogue, Selection};
use rmcp::model::CallToolResult;
use serde_json::Value;

use super::bench::{Bench, SHOWN, text_of};
use super::days::{days, outcome};
use super::recipes::is_like;
use super::{read, root};

const PAGE: &str = "docs/playbooks.md";

/// What a reply shows and a later call of the same job passes on. A plan has another name in each run.
const PASSED_ON: [&str; 2] = ["plan", "count"];

/// The jobs of the page: the playbook's name, and its section.
fn sections(page: &str) -> Vec<(&str, &str)> {
    let sections = page.split("\n## `").skip(1);
    sections.map(|section| section.split_once('`').unwrap()).collect()
}

/// Puts what replies have shown in the place of `"<name>"`.
fn fill(value: &mut Value, shown: &HashMap<&str, Value>) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|value| fill(value, shown)),
        Value::Array(values) => values.iter_mut().for_each(|value| fill(value, shown)),
        Value::String(text) => {
            let known = shown.iter().find(|(name, _)| *text == format!("<{name}>"));
            if let Some((_, known)) = known {
                *value = known.clone();
            }
        }
        _ => {}
    }
}

/// A call of a section, and its reply.
struct Made {
    /// Which of the section's blocks it is.
    at: usize,
    tool: String,
    result: CallToolResult,
    /// Its text, with what is passed on as `<name>`.
    text: String,
}

/// Makes the calls of a section, on an account of its own.
async fn run(name: &str, section: &str, now: &str) -> Vec<Made> {
    let bench = Bench::start(now, Some("America/New_York"), Some(ME)).await;
    let (mut shown, mut made) = (HashMap::new(), Vec::new());
    for (at, block) in section.split("```").enumerate() {
        let Some(call) = block.strip_prefix("call\n").filter(|_| at % 2 == 1) else { continue };
        let (tool, arguments) = call.trim().split_once(' ').unwrap_or_else(|| panic!("{name}: {call}"));
        let mut arguments = serde_json::from_str(arguments).unwrap_or_else(|error| panic!("{name}: {error}: {call}"));
        fill(&mut arguments, &shown);
        let result = bench.call(tool, &arguments).await;
        let mut text = text_of(&result);
        assert_ne!(result.is_error, Some(true), "{name}, {now}: {call}: {text}");
        for field in PASSED_ON {
            let value = result.structured_content.as_ref().map_or(&Value::Null, |structure| &structure[field]);
            if let Some(plan) = value.as_str() {
                text = text.replace(plan, &format!("<{field}>"));
            }
            if !value.is_null() {
                shown.insert(field, value.clone());
            }
        }
        made.push(Made { at, tool: tool.to_owned(), result, text });
    }
    made
}

/// Compares what a section shows. Returns it with replies where none were shown, and the tools that were called.
async fn shows(name: &str, section: &str) -> (String, Vec<String>) {
    let mut parts: Vec<String> = section.split("```").map(str::to_owned).collect();
    let mut called = Vec::new();
    for Made { at, tool, text, .. } in run(name, section, SHOWN).await {
        let reply = parts[at + 2].strip_prefix("text\n").unwrap_or_else(|| panic!("{name}: no reply to {tool}"));
        if reply.is_empty() && std::env::var_os("UPDATE").is_some() {
            parts[at + 2] = format!("text\n{text}\n");
        } else {
            assert!(is_like(reply, &text), "{PAGE}, {name}: {tool} is shown as\n{reply}\nand was\n{text}");
        }
        called.push(tool);
    }
    (parts.join("```"), called)
}

/// `UPDATE=1 cargo test` fills in the replies that are empty; they may then be shortened. A job whose tools are not all
/// there has none yet.
#[tokio::test]
async fn each_playbook_is_shown_as_it_runs() {
    let mut page = read(PAGE);
    let catalogue = Catalogue::new(&Selection::default()).unwrap();
    let names: Vec<String> = sections(&page).into_iter().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(names, Playbook::all().iter().map(Playbook::name).collect::<Vec<_>>());
    let mut offered: Vec<&Playbook> = Playbook::offered(|tool| catalogue.get(tool).is_some()).collect();
    // Its tools have been there from the beginning.
    assert!(offered.iter().any(|playbook| playbook.name() == "follow_up_no_shows"));
    offered.sort_by_key(|playbook| playbook.name());
    for playbook in offered {
        let name = playbook.name();
        let whole = page.clone();
        let (_, section) = sections(&whole).into_iter().find(|(known, _)| *known == name).unwrap();
        let (updated, called) = shows(&name, section).await;
        assert!((1..=3).contains(&called.len()), "{name}: {called:?}");
        assert!(called.iter().all(|tool| playbook.tools().any(|own| own == tool)), "{name}: {called:?}");
        page = page.replace(section, &updated);
    }
    if std::env::var_os("UPDATE").is_some() {
        fs::write(root().join(PAGE), page).unwrap();
    }
}

#[tokio::test]
async fn each_playbook_does_the_same_on_any_day() {
    let page = read(PAGE);
    let mut wrong = Vec::new();
    for (name, section) in sections(&page) {
        let shown = run(name, section, SHOWN).await;
        for (day, now) in days() {
            let made = run(name, section, now).await;
            let others =
                made.iter().zip(&shown).filter(|(made, shown)| outcome(&made.result) != outcome(&shown.result));
            wrong.extend(others.map(|(made, _)| format!("{name}, on {day}: {}: {}", made.tool, made.text)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
