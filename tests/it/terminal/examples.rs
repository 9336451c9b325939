//! The examples in every command's help run, in the sandbox, as they stand there.

use std::process::Stdio;

use super::super::agents::program;

/// What serves until it is ended: that it is understood is enough here.
const SERVES: [&str; 3] = ["sandbox", "http", "stdio"];

/// The examples of a command's help: the lines that start the program, with what follows a backslash, and without what
/// explains them.
fn examples(command: &clap::Command) -> Vec<Vec<String>> {
    let help = command.get_after_long_help().or_else(|| command.get_after_help()).map(ToString::to_string);
    let help = help.unwrap_or_default();
    let help: String =
        help.split("\\\n").enumerate().map(|(at, part)| if at == 0 { part } else { part.trim_start() }).collect();
    let lines = help.lines().filter_map(|line| line.strip_prefix("  oncehub-mcp "));
    // A wider gap than one blank is before an explanation.
    let commands = lines.filter_map(|line| line.split("  ").next());
    commands.map(|line| line.trim_end_matches(" &").split(' ').map(str::to_owned).collect()).collect()
}

#[test]
fn every_example_of_a_help_runs() {
    let all = oncehub_mcp::cli::command();
    let examples: Vec<_> = std::iter::once(&all).chain(all.get_subcommands()).flat_map(examples).collect();
    assert!(examples.len() > 10, "{examples:?}");
    for words in &examples {
        let parsed =
            all.clone().try_get_matches_from(std::iter::once("oncehub-mcp").chain(words.iter().map(String::as_str)));
        let parsed = parsed.unwrap_or_else(|problem| panic!("{words:?}: {problem}"));
        let command = parsed.subcommand_name().unwrap_or("stdio");
        if SERVES.contains(&command) {
            continue;
        }
        let home = tempfile::tempdir().unwrap();
        let mut run = program();
        run.args(words).env("HOME", home.path()).env("XDG_CONFIG_HOME", home.path());
        // A hosted server has an account of its own.
        let is_hosted = words.iter().any(|word| word == "--http");
        run.envs((!is_hosted).then_some(("ONCEHUB_MCP_SANDBOX", "1")));
        // There is nobody to ask, and no hosted server of the example's name.
        run.args((command == "install" && !words.contains(&"--list".to_owned())).then_some("--dry-run"));
        run.args((command == "call" && !words.contains(&"--yes".to_owned())).then_some("--yes"));
        let output = run.stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {said}");
    }
}
