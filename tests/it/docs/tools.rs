//! `docs/tools.md`: every tool, with its arguments and a call that was made.

use std::fmt::Write as _;

use oncehub_mcp::tools::{Catalogue, Selection};
use rmcp::model::{CallToolResult, Tool};
use serde_json::{Map, Value, json};

use super::bench::{Bench, SHOWN, text_of};
use super::days::{days, outcome};
use super::{cell, holds, read};

/// A row for each toolset.
fn table(catalogue: &Catalogue) -> String {
    let mut table = String::from("| toolset | reads | adds or changes |\n| --- | --- | --- |\n");
    for toolset in Catalogue::toolsets() {
        let names = |reads: bool| -> String {
            let of_it = catalogue.list().iter().filter(|tool| Catalogue::toolset_of(&tool.name) == Some(toolset));
            let kind = of_it.filter(|tool| tool.annotations.as_ref().unwrap().read_only_hint == Some(reads));
            kind.map(|tool| format!("[`{0}`](#{0})", tool.name)).collect::<Vec<_>>().join(" ")
        };
        writeln!(table, "| `{toolset}` | {} | {} |", names(true), names(false)).unwrap();
    }
    table
}

/// What a value may be, in a word.
fn kind(schema: &Value) -> String {
    if let Some(values) = schema["enum"].as_array() {
        return values
            .iter()
            .map(|value| format!("`{}`", value.as_str().unwrap_or("null")))
            .collect::<Vec<_>>()
            .join(", ");
    }
    match &schema["type"] {
        Value::String(name) if name == "array" => format!("list of {}", kind(&schema["items"])),
        Value::String(name) if name == "string" => "text".into(),
        Value::String(name) => name.clone(),
        Value::Array(names) => {
            let names = names.iter().filter_map(Value::as_str).map(|name| if name == "string" { "text" } else { name });
            names.collect::<Vec<_>>().join(" or ")
        }
        _ => "anything".into(),
    }
}

/// Rows for the arguments of an object, and for what is inside of them.
fn rows(schema: &Value, before: &str, table: &mut String) {
    let Some(arguments) = schema["properties"].as_object() else { return };
    for (name, argument) in arguments {
        let is_required = schema["required"].as_array().is_some_and(|names| names.contains(&json!(name)));
        let mut meaning = argument["description"].as_str().map(cell).unwrap_or_default();
        if let Some(default) = argument.get("default").filter(|default| !default.is_null()) {
            let dot = if meaning.is_empty() { "" } else { "; " };
            write!(meaning, "{dot}default `{default}`").unwrap();
        }
        let star = if is_required { "yes" } else { "" };
        writeln!(table, "| `{before}{name}` | {} | {star} | {meaning} |", kind(argument)).unwrap();
        let (inner, mark) = if argument["type"] == "array" { (&argument["items"], "[]") } else { (argument, "") };
        rows(inner, &format!("{before}{name}{mark}."), table);
    }
}

/// Which booking is changed: on any day there is one with this guest in the next week, and one only.
const COMING: &str = "Nikolai Petrov";
/// When a meeting is booked: in New York and in London this start is free.
const SLOT: &str = "friday next week 14:00";
/// What stands for a plan. It is called otherwise each time.
const PLAN: &str = "<plan>";

/// The calls that real clients make in the tests, too, with what people would say in place of what begins with `$`. A booking
/// that is past, or only read, is one of many with its guest: it is called by its id, which is the same in each account.
async fn example(name: &str) -> Value {
    if Catalogue::opens_view(name) {
        return serde_json::from_str::<Value>(&read("tests/clients/views.json")).unwrap()[name].take();
    }
    let calls: Value = serde_json::from_str(&read("tests/clients/calls.json")).unwrap();
    let mut text = calls[name]["works"].to_string();
    if name == "get_booking" {
        let next = json!({"guest": COMING, "starts_after": "next week", "starts_before": "next week"});
        text = text.replace("$coming", &first(&bench(SHOWN).await, "list_bookings", &next, "id").await);
    }
    text = text.replace("$coming", COMING).replace("$slot", SLOT).replace("$plan", PLAN);
    if text.contains("$past") {
        let last = json!({"status": ["completed"], "limit": 1});
        text = text.replace("$past", &first(&bench(SHOWN).await, "list_bookings", &last, "id").await);
    }
    serde_json::from_str(&text).unwrap()
}

async fn bench(now: &str) -> Bench {
    Bench::start(now, Some("America/New_York"), None).await
}

/// Makes a call on an account of its own, after the plan that it carries out, and returns what the plan is called, too.
async fn made(now: &str, tool: &str, arguments: &Value) -> (CallToolResult, Option<String>) {
    let bench = bench(now).await;
    let mut arguments = arguments.clone();
    if arguments["plan"] == PLAN {
        let plan = json!({"change": "cancel", "booking_ids": [COMING], "reason": "ill"});
        arguments["plan"] = bench.call("plan_changes", &plan).await.structured_content.unwrap()["plan"].take();
    }
    let reply = bench.call(tool, &arguments).await;
    let plan = reply.structured_content.as_ref().and_then(|structure| structure["plan"].as_str()).map(str::to_owned);
    (reply, plan)
}

async fn first(bench: &Bench, tool: &str, arguments: &Value, field: &str) -> String {
    let structure = bench.call(tool, arguments).await.structured_content.unwrap();
    structure["items"][0][field].as_str().unwrap_or_else(|| panic!("{tool}: {structure}")).to_owned()
}

/// A call as a line of JSON, with spaces where people set them.
fn spaced(value: &Value) -> String {
    match value {
        Value::Object(fields) if fields.is_empty() => "{}".into(),
        Value::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("{}: {}", json!(name), spaced(value))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(spaced).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

async fn section(tool: &Tool) -> String {
    let hints = tool.annotations.as_ref().unwrap();
    let effect = match (hints.read_only_hint, hints.destructive_hint) {
        (Some(true), _) => "reads",
        (_, Some(false)) => "adds",
        _ => "changes",
    };
    let title = tool.title.as_deref().unwrap();
    let mut text = format!("### `{}`\n\n*{title}; {effect}.* {}\n\n", tool.name, tool.description.as_deref().unwrap());
    let mut table = String::new();
    let schema = Value::Object(Map::clone(&tool.input_schema));
    rows(&schema, "", &mut table);
    if table.is_empty() {
        text.push_str("It takes no arguments.\n");
    } else {
        write!(text, "| argument | kind | required | meaning |\n| --- | --- | --- | --- |\n{table}").unwrap();
    }
    let arguments = example(&tool.name).await;
    let (reply, plan) = made(SHOWN, &tool.name, &arguments).await;
    assert_ne!(reply.is_error, Some(true), "{}: {}", tool.name, text_of(&reply));
    let reply = text_of(&reply);
    let reply = plan.map_or(reply.clone(), |plan| reply.replace(&plan, PLAN));
    write!(text, "\n```json\n{}\n```\n\n```text\n{reply}\n```\n", spaced(&arguments)).unwrap();
    text
}

#[tokio::test]
async fn the_tools_are_those_that_there_are_and_reply_as_it_is_told() {
    let catalogue = Catalogue::new(&Selection::default()).unwrap();
    let mut text = String::new();
    let mut told = 0;
    for toolset in Catalogue::toolsets() {
        writeln!(text, "## {toolset}\n").unwrap();
        for tool in catalogue.list().iter().filter(|tool| Catalogue::toolset_of(&tool.name) == Some(toolset)) {
            writeln!(text, "{}", section(tool).await).unwrap();
            told += 1;
        }
    }
    assert_eq!(told, catalogue.list().len());
    // In one test, since both are written into one file.
    holds("docs/tools.md", "toolsets", &table(&catalogue));
    holds("docs/tools.md", "tools", text.trim_start());
}

#[tokio::test]
async fn each_example_does_the_same_on_any_day() {
    let mut wrong = Vec::new();
    for tool in Catalogue::new(&Selection::default()).unwrap().list() {
        let arguments = example(&tool.name).await;
        let shown = outcome(&made(SHOWN, &tool.name, &arguments).await.0);
        for (day, now) in days() {
            let (reply, _) = made(now, &tool.name, &arguments).await;
            if outcome(&reply) != shown {
                wrong.push(format!("{}, on {day}: {}", tool.name, text_of(&reply)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn how_many_tools_there_are_and_what_they_cost_is_told() {
    let of = |read_only: bool, toolset: Option<&str>| {
        let toolsets = toolset.into_iter().map(str::to_owned).collect();
        let listed = Catalogue::new(&Selection { read_only, toolsets, ..Selection::default() }).unwrap().listed(false);
        let cost: usize = listed.iter().map(|tool| Catalogue::cost_of(&tool.name)).sum();
        (listed.len(), cost)
    };
    let ((all, cost), (core, cost_of_core)) = (of(false, None), of(false, Some("core")));
    let ((reading, _), (both, _)) = (of(true, None), of(true, Some("core")));
    let spelt = |number: usize| format!("{},{:03}", number / 1000, number % 1000);
    let rounded = |number: usize| spelt((number + 50) / 100 * 100);
    let (about, about_core) = (rounded(cost), rounded(cost_of_core));
    for (page, told) in [
        ("README.md", format!("{about} tokens for all {all} tools, {about_core} for the {core} of `--toolsets core`")),
        ("docs/clients.md", format!("{all} tools cost {about} tokens in each conversation.** `--toolsets core`")),
        ("docs/clients.md", format!("in the arguments leaves {core};")),
        ("docs/performance.md", format!("The definitions of the {all} tools")),
        ("docs/performance.md", format!("the definitions of all {all} tools take {}", spelt(cost))),
        (
            "docs/hosting.md",
            format!(
                "Of all {all} tools, `X-MCP-Readonly: true` leaves {reading}, `X-MCP-Toolsets: core` {core}, both together \
                 {both}."
            ),
        ),
    ] {
        assert!(cell(&read(page)).contains(&told), "{page}: {told}");
    }
}
