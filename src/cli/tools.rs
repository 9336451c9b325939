//! `oncehub-mcp tools`.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use console::style;
use rmcp::model::{JsonObject, Tool};
use serde_json::{Value, json};

use super::print::print_beside;
use super::{print_exact, print_line};
use crate::config::Config;
use crate::tools::Catalogue;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Show this one, with its description and arguments
    #[arg(value_name = "TOOL")]
    tool: Option<String>,
    /// Print the full definitions, as MCP's tools/list returns them
    #[arg(long)]
    json: bool,
}

/// Prints the catalogue, or one of its tools.
pub(super) fn run(arguments: &Arguments, config: &Config) -> anyhow::Result<ExitCode> {
    let catalogue = Catalogue::new(&config.selection)?.showing(config.views);
    let catalogue = catalogue.written(config.schemas, config.calls.structured);
    if let Some(name) = &arguments.tool {
        let tool = find(&catalogue, name)?;
        if arguments.json {
            print_exact(&serde_json::to_string_pretty(tool)?);
        } else {
            print_one(tool);
        }
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.json {
        print_exact(&serde_json::to_string_pretty(&json!({ "tools": catalogue.list() }))?);
        return Ok(ExitCode::SUCCESS);
    }
    let (mut total, mut views) = ((0, 0), (0, 0));
    print_line(&format!("{:<32} {:<18} {:<8} {:>6}", "tool", "toolset", "effect", "tokens"));
    for tool in catalogue.list() {
        let cost = Catalogue::cost_of(&tool.name);
        let sum = if Catalogue::opens_view(&tool.name) { &mut views } else { &mut total };
        *sum = (sum.0 + 1, sum.1 + cost);
        let toolset = Catalogue::toolset_of(&tool.name).unwrap_or_default();
        print_line(&format!("{:<32} {toolset:<18} {:<8} {cost:>6}", tool.name, effect(tool)));
    }
    print_line("");
    let (count, tokens) = total;
    let more = match views {
        (0, _) => String::new(),
        (count, tokens) => format!(", and {tokens} for the {count} that open views where a client has them"),
    };
    let sum = format!(
        "{count} tools, {tokens} tokens (o200k_base) of name, description and arguments in every conversation{more}. \
         oncehub-mcp tools TOOL shows one."
    );
    print_beside("", "", &sum);
    Ok(ExitCode::SUCCESS)
}

/// Returns a tool that is offered.
///
/// # Errors
/// If it is not, or there is none of this name.
pub(super) fn find<'a>(catalogue: &'a Catalogue, name: &str) -> anyhow::Result<&'a Tool> {
    match catalogue.get(name) {
        Some(tool) => Ok(tool),
        None if Catalogue::toolset_of(name).is_some() => bail!("{name} is not offered with these settings"),
        None => {
            let near = catalogue.nearest(name).map(|near| format!(" (did you mean {near}?)")).unwrap_or_default();
            bail!("there is no tool '{name}'{near}: oncehub-mcp tools lists them")
        }
    }
}

/// Prints a tool as a person reads it.
fn print_one(tool: &Tool) {
    let title = tool.title.as_deref().unwrap_or_default();
    print_line(&format!("{}: {title}", style(&tool.name).bold()));
    let toolset = Catalogue::toolset_of(&tool.name).unwrap_or_default();
    print_line(&format!("{}; toolset {toolset}; {} tokens", effect(tool), Catalogue::cost_of(&tool.name)));
    print_line("");
    print_beside("", "", tool.description.as_deref().unwrap_or_default());
    let arguments = arguments(&tool.input_schema);
    if arguments.is_empty() {
        print_line("\nIt takes no arguments.");
        return;
    }
    print_line("\nArguments:");
    for Argument { path, schema, is_required } in arguments {
        let required = if is_required { ", required" } else { "" };
        let meaning = schema["description"].as_str().map(|meaning| format!(": {meaning}")).unwrap_or_default();
        let default = Some(&schema["default"]).filter(|value| !value.is_null());
        let default = default.map(|value| format!(" [default: {value}]")).unwrap_or_default();
        print_line(&format!("  {} ({}{required}){meaning}{default}", style(path).bold(), kind(schema)));
    }
}

/// An argument of a tool, or a field inside one.
pub(super) struct Argument<'a> {
    /// Its name; after a dot that of the field, and after `[].` that of a field of each in a list.
    pub(super) path: String,
    pub(super) schema: &'a Value,
    pub(super) is_required: bool,
}

/// Returns a tool's arguments, each followed by the fields inside it.
pub(super) fn arguments(schema: &JsonObject) -> Vec<Argument<'_>> {
    let mut found = Vec::new();
    let required = schema.get("required").and_then(Value::as_array);
    for (name, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let is_required = required.is_some_and(|required| required.iter().any(|required| required == name));
        found.push(Argument { path: name.clone(), schema, is_required });
        for (inside, mark) in [(schema, ""), (&schema["items"], "[]")] {
            let fields = inside.as_object().map(arguments).unwrap_or_default();
            found.extend(
                fields.into_iter().map(|field| Argument { path: format!("{name}{mark}.{}", field.path), ..field }),
            );
        }
    }
    found
}

/// Returns the choices that a value has, or that each in a list has.
pub(super) fn choices(schema: &Value) -> Vec<&str> {
    let of = if schema["type"] == "array" { &schema["items"] } else { schema };
    of["enum"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Says what a value may be, in a word or by its choices.
fn kind(schema: &Value) -> String {
    let choices = choices(schema);
    let one = match schema["type"].as_str() {
        _ if !choices.is_empty() => choices.join(", "),
        Some("array") => kind(&schema["items"]),
        Some("string") => "text".into(),
        Some("integer") => "whole number".into(),
        Some("boolean") => "true or false".into(),
        Some(other) => other.to_owned(),
        None => "anything".into(),
    };
    match (schema["type"] == "array", &*one) {
        (true, "object") => "list of objects".into(),
        (true, one) => format!("list of {one}"),
        (false, _) => one,
    }
}

fn effect(tool: &Tool) -> &'static str {
    let hints = tool.annotations.as_ref();
    match (hints.and_then(|hints| hints.read_only_hint), hints.and_then(|hints| hints.destructive_hint)) {
        (Some(true), _) => "reads",
        (_, Some(false)) => "adds",
        _ => "changes",
    }
}
