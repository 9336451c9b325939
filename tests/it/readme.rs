//! What the documents say is what the program does.

use std::fs;
use std::path::{Path, PathBuf};

use oncehub_mcp::tools::{Catalogue, Selection};

use super::agents::program;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The table of the tools, as the README has it: a row for each toolset.
fn table() -> String {
    let mut table = String::from("| toolset | reads | adds or changes |\n| --- | --- | --- |\n");
    let catalogue = Catalogue::new(&Selection::default()).unwrap();
    for toolset in Catalogue::toolsets() {
        let names = |reads: bool| -> String {
            let of_it = catalogue.list().iter().filter(|tool| Catalogue::toolset_of(&tool.name) == Some(toolset));
            let kind = of_it.filter(|tool| tool.annotations.as_ref().unwrap().read_only_hint == Some(reads));
            kind.map(|tool| format!("`{}`", tool.name)).collect::<Vec<_>>().join(" ")
        };
        table.push_str(&format!("| `{toolset}` | {} | {} |\n", names(true), names(false)));
    }
    table
}

/// `UPDATE=1 cargo test` writes the table; otherwise it has to be there.
#[test]
fn the_readme_lists_the_tools_that_there_are() {
    let (from, to) = ("<!-- tools -->\n", "<!-- /tools -->");
    let readme = read("README.md");
    let start = readme.find(from).expect("the mark of the table") + from.len();
    let end = readme.find(to).expect("the end of the table");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(root().join("README.md"), format!("{}{}{}", &readme[..start], table(), &readme[end..])).unwrap();
        return;
    }
    assert_eq!(&readme[start..end], table(), "run UPDATE=1 cargo test and look at the change");
}

/// The variables that a command of the program knows, from its own help.
pub(crate) fn variables(command: &[&str]) -> Vec<String> {
    let help = program().args(command).arg("--help").output().unwrap();
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
fn every_setting_is_in_the_help_the_readme_and_the_example() {
    let (readme, hosting, example) = (read("README.md"), read("docs/hosting.md"), read(".env.example"));
    let general = variables(&[]);
    assert_eq!(general.len(), 15, "{general:?}");
    for name in &general {
        assert!(readme.contains(&format!("`{name}`")), "README.md: {name}");
    }
    let variables = variables(&["http"]);
    assert_eq!(variables.len(), 15 + 19, "{variables:?}");
    for name in &variables {
        assert!(example.contains(&format!("{name}=")), ".env.example: {name}");
        assert!(general.contains(name) || hosting.contains(&format!("`{name}`")), "docs/hosting.md: {name}");
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
fn every_block_of_json_in_the_readme_can_be_pasted() {
    let readme = read("README.md");
    let mut blocks = 0;
    for block in readme.split("```json\n").skip(1) {
        let json = block.split("```").next().unwrap();
        serde_json::from_str::<serde_json::Value>(json).unwrap_or_else(|error| panic!("{error}: {json}"));
        blocks += 1;
    }
    assert!(blocks >= 3);
}

#[test]
fn the_first_command_of_the_readme_does_the_whole_main_job() {
    assert!(read("README.md").contains("cargo run -- demo"));
    let output = program().arg("demo").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    for expected in [
        "with 38 tools",
        "bookings (starts from",
        "free slots on",
        "Booked.",
        "not available",
        "Canceled.",
        "status from none to Qualified",
        "-> off",
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
