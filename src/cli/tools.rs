//! `oncehub-mcp tools`.

use std::process::ExitCode;

use clap::Args;
use rmcp::model::Tool;
use serde_json::json;

use super::print_line;
use crate::config::Config;
use crate::tools::Catalogue;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Print the full definitions, as MCP's tools/list returns them
    #[arg(long)]
    json: bool,
}

/// Prints the catalogue.
pub(super) fn run(arguments: &Arguments, config: &Config) -> anyhow::Result<ExitCode> {
    let catalogue = Catalogue::new(&config.selection)?.written(config.schemas, config.calls.structured);
    if arguments.json {
        print_line(&serde_json::to_string_pretty(&json!({ "tools": catalogue.list() }))?);
        return Ok(ExitCode::SUCCESS);
    }
    let mut total = 0;
    print_line(&format!("{:<32} {:<18} {:<8} {:>6}  {}", "tool", "toolset", "effect", "tokens", "title"));
    for tool in catalogue.list() {
        let cost = Catalogue::cost_of(&tool.name);
        total += cost;
        let toolset = Catalogue::toolset_of(&tool.name).unwrap_or_default();
        let title = tool.title.as_deref().unwrap_or_default();
        print_line(&format!("{:<32} {toolset:<18} {:<8} {cost:>6}  {title}", tool.name, effect(tool)));
    }
    let count = catalogue.list().len();
    print_line(&format!(
        "\n{count} tools, {total} tokens (o200k_base) of name, description and arguments in every conversation."
    ));
    Ok(ExitCode::SUCCESS)
}

fn effect(tool: &Tool) -> &'static str {
    let hints = tool.annotations.as_ref();
    match (hints.and_then(|hints| hints.read_only_hint), hints.and_then(|hints| hints.destructive_hint)) {
        (Some(true), _) => "reads",
        (_, Some(false)) => "adds",
        _ => "changes",
    }
}
