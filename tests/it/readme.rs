//! What the documents say is what the program does.

use std::fs;
use std::path::{Path, PathBuf};

use super::agents::program;
use crate::tools;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The README is one screen: what, why, two commands, and where to go.
#[test]
fn the_readme_is_one_screen() {
    let lines = read("README.md").lines().count();
    assert!(lines <= 60, "{lines} lines");
}

/// The variables that a command of the program knows, from its own help.
pub(crate) fn variables(command: &[&str]) -> Vec<String> {
    let help = program().args(command).arg("--help-all").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let mut names: Vec<String> = help
        .split(|c: char| !(c.is_ascii_uppercase() || c == '_'))
        .filter(|word| word.starts_with("ONCEHUB_") && word.len() > 8)
        .map(str::to_owned)
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[test]
fn every_setting_is_in_the_help_the_documents_and_the_example() {
    let (settings, example) = (read("docs/settings.md"), read(".env.example"));
    let general = variables(&[]);
    let variables = variables(&["http"]);
    assert!(general.len() > 10 && variables.len() > general.len() + 10, "{variables:?}");
    for name in &variables {
        assert!(settings.contains(&format!("| `{name}` |")), "docs/settings.md: {name}");
        assert!(example.contains(&format!("{name}=")), ".env.example: {name}");
    }
    let in_example = example.lines().filter_map(|line| line.trim_start_matches(['#', ' ']).split_once('='));
    for (name, _) in in_example.filter(|(name, _)| name.starts_with("ONCEHUB_")) {
        assert!(variables.contains(&name.to_owned()), ".env.example knows {name}, the program does not");
    }
}

#[test]
fn the_example_configuration_is_json_that_hosts_take() {
    let example: serde_json::Value = serde_json::from_str(&read("mcp.json.example")).unwrap();
    let server = &example["mcpServers"]["oncehub"];
    assert_eq!(server["command"], "oncehub-mcp");
    assert!(server["env"]["ONCEHUB_API_KEY"].is_string());
}

#[test]
fn the_first_command_of_the_readme_does_the_whole_main_job() {
    assert!(read("README.md").contains("cargo run -- demo"));
    let output = program().arg("demo").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    for expected in [
        &format!("with {} tools", tools(false)),
        "(host \"Dana Reyes\"",
        "free starts on 1 calendar",
        "Booked.",
        "not available",
        "? Move \"Intro call",
        "? Yes (the demo answers for you)",
        "Moved from",
        "? No (the demo answers for you)",
        "Nothing was changed",
        "Plan PLAN-",
        "? Cancel ",
        "done: BKNG-",
        "-> off",
        "oncehub-mcp install CLIENT --sandbox",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    assert!(!said.contains('\u{1b}'), "colour without a terminal");
}

#[test]
fn the_version_is_the_same_everywhere() {
    let version = env!("CARGO_PKG_VERSION");
    assert!(read("CHANGELOG.md").contains(&format!("## {version}")));
    let output = program().arg("--version").output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), format!("oncehub-mcp {version}"));
}
