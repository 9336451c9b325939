//! `docs/tools.md`: every tool, with its arguments and a call that was made.

use std::fmt::Write as _;

use oncehub_mcp::tools::{Catalogue, Selection};
use rmcp::model::Tool;
use serde_json::{Map, Value, json};

use super::bench::{Bench, text_of};
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

/// The calls that real clients make in the tests, too, with what is in the account in place of what begins with `$`.
async fn example(bench: &Bench, name: &str) -> Value {
    if Catalogue::opens_view(name) {
        return serde_json::from_str::<Value>(&read("tests/clients/views.json")).unwrap()[name].take();
    }
    let calls: Value = serde_json::from_str(&read("tests/clients/calls.json")).unwrap();
    let mut text = calls[name]["works"].to_string();
    if text.contains("$coming") {
        let next = json!({"starts_after": "tomorrow", "status": ["scheduled"], "calendar": "Intro call", "limit": 1});
        text = text.replace("$coming", &first(bench, "list_bookings", &next, "id").await);
    }
    if text.contains("$plan") {
        let next = json!({"starts_after": "tomorrow", "status": ["scheduled"], "calendar": "Intro call", "limit": 1});
        let id = first(bench, "list_bookings", &next, "id").await;
        let plan = json!({"change": "cancel", "booking_ids": [id], "reason": "ill"});
        let planned = bench.call("plan_changes", &plan).await.structured_content.unwrap();
        text = text.replace("$plan", planned["plan"].as_str().unwrap());
    }
    if text.contains("$past") {
        let last = json!({"status": ["completed"], "limit": 1});
        text = text.replace("$past", &first(bench, "list_bookings", &last, "id").await);
    }
    if text.contains("$slot") {
        let slots = json!({"calendar_id": "Intro call", "start_time": "+2d", "limit": 1});
        text = text.replace("$slot", &first(bench, "get_booking_time_slots", &slots, "start_time").await);
    }
    serde_json::from_str(&text).unwrap()
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
    let bench = Bench::start(Some("America/New_York"), None, 0).await;
    let arguments = example(&bench, &tool.name).await;
    let reply = bench.call(&tool.name, &arguments).await;
    assert_ne!(reply.is_error, Some(true), "{}: {}", tool.name, text_of(&reply));
    let call = format!("\n```json\n{}\n```\n\n```text\n{}\n```\n", spaced(&arguments), text_of(&reply));
    // A plan is called otherwise each time.
    let plan = reply.structured_content.as_ref().and_then(|structure| structure["plan"].as_str());
    text.push_str(&plan.map_or(call.clone(), |plan| call.replace(plan, "PLAN-7QX2M4KD9WEA3HT8")));
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
