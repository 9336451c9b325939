//! What the page of playbooks shows: each job, call by call, as it runs.

use std::collections::HashMap;
use std::fs;

use oncehub_mcp::playbooks::Playbook;
use oncehub_mcp::sandbox::HISTORY;
use oncehub_mcp::tools::{Catalogue, Selection};
use serde_json::Value;

use super::bench::{Bench, text_of};
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

/// Makes the calls of a section, on an account of its own, and compares what is shown. Returns the section with replies
/// where none were shown, and the tools that were called.
async fn run(name: &str, section: &str) -> (String, Vec<String>) {
    let bench = Bench::start(Some("America/New_York"), Some("dana@northlight.example".to_owned()), HISTORY).await;
    let mut parts: Vec<String> = section.split("```").map(str::to_owned).collect();
    let (mut shown, mut called) = (HashMap::new(), Vec::new());
    for at in (1..parts.len()).step_by(2) {
        let Some(call) = parts[at].strip_prefix("call\n") else { continue };
        let (tool, arguments) = call.trim().split_once(' ').unwrap_or_else(|| panic!("{name}: {call}"));
        let mut arguments = serde_json::from_str(arguments).unwrap_or_else(|error| panic!("{name}: {error}: {call}"));
        fill(&mut arguments, &shown);
        let result = bench.call(tool, &arguments).await;
        let mut real = text_of(&result);
        assert_ne!(result.is_error, Some(true), "{name}: {call}: {real}");
        for field in PASSED_ON {
            let value = result.structured_content.as_ref().map_or(&Value::Null, |structure| &structure[field]);
            if let Some(plan) = value.as_str() {
                real = real.replace(plan, &format!("<{field}>"));
            }
            if !value.is_null() {
                shown.insert(field, value.clone());
            }
        }
        called.push(tool.to_owned());
        let reply = parts[at + 2].strip_prefix("text\n").unwrap_or_else(|| panic!("{name}: no reply to {call}"));
        if reply.is_empty() && std::env::var_os("UPDATE").is_some() {
            parts[at + 2] = format!("text\n{real}\n");
        } else {
            assert!(is_like(reply, &real), "{PAGE}, {name}: {call}is shown as\n{reply}\nand was\n{real}");
        }
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
        let (updated, called) = run(&name, section).await;
        assert!((1..=3).contains(&called.len()), "{name}: {called:?}");
        assert!(called.iter().all(|tool| playbook.tools().any(|own| own == tool)), "{name}: {called:?}");
        page = page.replace(section, &updated);
    }
    if std::env::var_os("UPDATE").is_some() {
        fs::write(root().join(PAGE), page).unwrap();
    }
}
