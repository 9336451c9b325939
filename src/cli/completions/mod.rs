//! `oncehub-mcp completions SHELL`, and what a shell then asks this program for.
//!
//! The scripts ask the program itself, so that they know the tools and their arguments. clap_complete writes those for
//! fish, PowerShell and elvish. For bash it would not complete behind `=`, at which bash parts words, and zsh would
//! do nothing the first time that it loads the script from a folder, so these two are ours.

use std::ffi::OsStr;
use std::process::ExitCode;

use clap::{Arg, Args, Command};
use clap_complete::Shell;
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate};
use clap_complete::env::{CompleteEnv, Shells};
use strum::VariantNames as _;

use super::call::THEN;
use super::print_exact;
use super::tools::{arguments, choices};
use crate::config::Confirm;
use crate::tools::{Catalogue, Schemas, Selection};

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// bash, elvish, fish, powershell or zsh
    #[arg(hide_possible_values = true)]
    shell: Shell,
}

/// The program's name, as a shell finds it.
const PROGRAM: &str = "oncehub-mcp";

/// The variable with which a script names its shell.
const SHELL: &str = "ONCEHUB_MCP_COMPLETE";

/// Prints the script that the shell reads.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let script = match arguments.shell {
        Shell::Bash => include_str!("oncehub-mcp.bash").to_owned(),
        Shell::Zsh => include_str!("oncehub-mcp.zsh").to_owned(),
        other => {
            let mut script = Vec::new();
            if let Some(shell) = Shells::builtins().completer(&other.to_string()) {
                shell.write_registration(SHELL, PROGRAM, PROGRAM, PROGRAM, &mut script)?;
            }
            String::from_utf8_lossy(&script).into_owned()
        }
    };
    print_exact(script.trim());
    Ok(ExitCode::SUCCESS)
}

/// Answers a shell that asks for completions; `None` if no shell asks.
pub(super) fn answer() -> Option<ExitCode> {
    std::env::var_os(SHELL)?;
    let folder = std::env::current_dir().ok();
    let asked = CompleteEnv::with_factory(|| with_values(super::briefly())).var(SHELL).bin(PROGRAM).completer(PROGRAM);
    match asked.try_complete(std::env::args_os(), folder.as_deref()) {
        Ok(true) => Some(ExitCode::SUCCESS),
        Ok(false) => None,
        // There is nothing to complete.
        Err(_) => Some(ExitCode::FAILURE),
    }
}

/// Adds the values that arguments take.
fn with_values(command: Command) -> Command {
    let command = command.mut_args(|argument| match argument.get_id().as_str() {
        "confirm" => one_of(argument, Confirm::VARIANTS),
        "schemas" => one_of(argument, Schemas::VARIANTS),
        "structured" => one_of(argument, &["on", "off"]),
        "log" => one_of(argument, &["error", "warn", "info", "debug", "trace"]),
        "log_format" => one_of(argument, &["text", "json"]),
        "toolsets" => argument.add(ArgValueCandidates::new(|| {
            Catalogue::toolsets().chain(["core", "all"]).map(CompletionCandidate::new).collect()
        })),
        "tools" | "exclude_tools" => argument.add(ArgValueCompleter::new(tools)),
        // A switch may take a value, and then clap_complete takes what follows it for one: so each of a call's words is
        // completed by all that come before it.
        "tool" | "values" => argument.add(ArgValueCompleter::new(words_of_call)),
        _ => argument,
    });
    command.mut_subcommands(with_values)
}

fn one_of(argument: Arg, values: &'static [&'static str]) -> Arg {
    argument.add(ArgValueCandidates::new(|| values.iter().map(CompletionCandidate::new).collect()))
}

fn all_tools() -> Option<Catalogue> {
    Catalogue::new(&Selection::default()).ok()
}

/// Completes the name of a tool.
fn tools(current: &OsStr) -> Vec<CompletionCandidate> {
    let current = current.to_string_lossy();
    let catalogue = all_tools();
    let all = catalogue.iter().flat_map(Catalogue::list);
    let fitting = all.filter(|tool| tool.name.starts_with(&*current));
    fitting.map(|tool| CompletionCandidate::new(&*tool.name).help(tool.title.clone().map(Into::into))).collect()
}

/// Completes a word of a call: the tool's name, then its arguments and their values.
fn words_of_call(current: &OsStr) -> Vec<CompletionCandidate> {
    let words: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let before = words.split_last().map(|(_, before)| before).unwrap_or_default();
    let of_call = before.rsplit(|word| word == "call" || word == THEN).next().unwrap_or_default();
    let catalogue = all_tools();
    let tool = catalogue.as_ref().and_then(|catalogue| of_call.iter().find_map(|word| catalogue.get(word)));
    let Some(tool) = tool else { return tools(current) };
    let current = current.to_string_lossy();
    let mut found = Vec::new();
    for argument in arguments(&tool.input_schema) {
        let start = format!("{}=", argument.path);
        if current.starts_with(&start) {
            let is_flag = argument.schema["type"] == "boolean";
            let values = if is_flag { vec!["true", "false"] } else { choices(argument.schema) };
            // Words may be joined by anything; a blank would have to be quoted.
            let values = values.into_iter().map(|value| format!("{start}{}", value.replace(' ', "_")));
            found.extend(values.map(CompletionCandidate::new));
        } else if argument.schema["properties"].is_null() && !argument.path.contains("[]") {
            let is_given = of_call.iter().any(|word| word.starts_with(&start));
            if !is_given || argument.schema["type"] == "array" {
                let meaning = argument.schema["description"].as_str().map(|meaning| meaning.to_owned().into());
                found.push(CompletionCandidate::new(start).help(meaning));
            }
        }
    }
    found.push(CompletionCandidate::new(THEN).help(Some("another call on the same account".into())));
    found.retain(|candidate| candidate.get_value().to_string_lossy().starts_with(&*current));
    found
}
