//! `docs/settings.md`: every setting, from the definitions that the command line is read with.

use clap::{Arg, Command};

use super::{cell, holds};

/// Secrets have no flags, since command lines can be read by others; so the command line does not know them.
const KEY: &str = "| `ONCEHUB_API_KEY` | – | The API key | – |\n";
const TOKEN: &str = "| `ONCEHUB_MCP_TOKEN` | – | The bearer token of callers that use the server's own key | – |\n";

const HEAD: &str = "| variable | flag | meaning | default |\n| --- | --- | --- | --- |\n";

fn row(setting: &Arg) -> Option<String> {
    let variable = setting.get_env()?.to_str()?;
    let flag = setting.get_long()?;
    let is_switch = setting.get_value_names().is_some_and(|names| names.iter().any(|name| name.as_str() == "BOOL"));
    let value = setting.get_value_names().and_then(|names| names.first()).map_or("", |name| name.as_str());
    let flag = if is_switch { format!("`--{flag}`") } else { format!("`--{flag} {value}`") };
    let default =
        setting.get_default_values().iter().map(|value| value.to_string_lossy()).collect::<Vec<_>>().join(",");
    let default = match (is_switch, &*default) {
        (true, _) => "off".to_owned(),
        (_, "") => "–".to_owned(),
        (_, default) => format!("`{default}`"),
    };
    let meaning = cell(&setting.get_help()?.to_string());
    Some(format!("| `{variable}` | {flag} | {meaning} | {default} |\n"))
}

fn rows(command: &Command) -> String {
    command.get_arguments().filter_map(row).collect()
}

#[test]
fn the_settings_are_those_that_there_are() {
    let mut command = oncehub_mcp::cli::command();
    command.build();
    let general = rows(&command);
    let http = command.find_subcommand("http").unwrap().get_arguments().filter_map(row);
    // What holds for all commands is handed down to each.
    let http: String = http.filter(|row| !general.contains(row.as_str())).collect();
    holds("docs/settings.md", "general", &format!("{HEAD}{KEY}{general}"));
    holds("docs/settings.md", "http", &format!("{HEAD}{TOKEN}{http}"));
}
