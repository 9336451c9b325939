//! `oncehub-mcp completions SHELL`.

use std::process::ExitCode;

use clap::Args;
use clap_complete::{Shell, generate};

use super::print_line;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// bash, elvish, fish, powershell or zsh
    #[arg(hide_possible_values = true)]
    shell: Shell,
}

/// Prints the script that the shell reads.
pub(super) fn run(arguments: &Arguments) -> ExitCode {
    // Written to memory first: `generate` panics on a closed pipe, as in `| head`.
    let mut script = Vec::new();
    generate(arguments.shell, &mut super::command(), "oncehub-mcp", &mut script);
    print_line(String::from_utf8_lossy(&script).trim_end());
    ExitCode::SUCCESS
}
