//! The command line: one file per command, and [`signals`] for those that serve.

mod asking;
mod call;
mod check;
mod completions;
mod demo;
mod exposed;
mod http;
mod install;
mod man;
mod print;
mod prompt;
mod sandbox;
mod signals;
mod stdio;
mod tools;
mod web;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgAction, ArgMatches, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use console::Term;

use crate::app::App;
use crate::config::{
    Config, Dotenv, Options, Purpose, as_given, choice, elsewhere, env_file, given, given_of, with_settings,
    without_unset,
};
use crate::records::untrusted::hides;
use crate::store::redis::BadStore;
use crate::telemetry;
pub use call::{calls, parse_arguments};
use print::{WIDTH, print_exact, print_help, print_line, tell, terminal_width};
use prompt::until_interrupted;
use signals::{Reload, until_stopped};

/// MCP server for OnceHub: lets AI assistants find, book, move and cancel meetings in a OnceHub account.
///
/// Without a command it serves MCP on standard input and output, which is how assistants start it.
#[derive(Debug, Parser)]
#[command(version, disable_help_subcommand = true, after_long_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve MCP on standard input and output (the default)
    Stdio,
    /// Serve MCP over HTTP, for many people, each with their own key
    Http(Box<http::Arguments>),
    /// Serve the simulated OnceHub API alone, on a port of this machine
    Sandbox(sandbox::Arguments),
    /// Show the tools that are offered, or one of them
    Tools(tools::Arguments),
    /// Call one tool from the shell, as an assistant would
    Call(call::Arguments),
    /// Check settings, key, network, limits, clock and clients; or a hosted server's address
    Check(check::Arguments),
    /// Register this server with an assistant: Claude, Cursor, VS Code…
    Install(Box<install::Arguments>),
    /// Remove this server from an assistant's configuration
    Uninstall(install::Target),
    /// Work through a day on the simulated account
    Demo(demo::Arguments),
    /// Print a shell's completion script
    Completions(completions::Arguments),
    /// Print the manual page
    Man(man::Arguments),
}

const EXAMPLES: &str = "\
Examples:
  oncehub-mcp demo                    a day on a simulated account
  oncehub-mcp install claude-desktop  register it with an assistant
  oncehub-mcp check                   is everything in order?
  oncehub-mcp tools --read-only       what would be offered?
  oncehub-mcp --sandbox call list_bookings host=me starts_after=today

Put the key in ONCEHUB_API_KEY, in a file named by ONCEHUB_API_KEY_FILE, or in the system's keychain: see docs/.";

/// The settings that a command's help shows among its own; the others are left to `--help-all`.
const SHOWN: &[(&str, &[&str])] = &[
    ("tools", &["read_only", "toolsets", "tools", "exclude_tools"]),
    ("call", &["sandbox", "user", "time_zone", "confirm", "dry_run"]),
    ("check", &["sandbox", "api_url", "env_file"]),
    ("install", &["sandbox", "user", "time_zone", "read_only", "toolsets", "confirm"]),
    ("demo", &["time_zone", "read_only", "toolsets", "confirm"]),
];

/// Returns the definition of the command line, from which the docs are generated and checked.
pub fn command() -> clap::Command {
    let help_all = Arg::new(HELP_ALL).long("help-all").action(ArgAction::SetTrue).global(true);
    with_settings(Cli::command()).arg(help_all.help_heading(None).help("Print help, with the settings of all commands"))
}

/// The flag that shows all settings.
const HELP_ALL: &str = "help_all";

/// Returns the same definition for short help: without the settings, but those that a command is often given.
fn briefly() -> clap::Command {
    let all = command();
    let setting = |name: &str| all.get_arguments().find(|setting| setting.get_id() == name).cloned();
    let brief = all.clone().mut_args(|argument| {
        let is_setting = argument.get_env().is_some();
        argument.hide(is_setting)
    });
    SHOWN.iter().fold(brief, |brief, (name, settings)| {
        // A command keeps what it has when the settings of all are handed down.
        brief.mut_subcommand(name, |command| command.args(settings.iter().filter_map(|name| setting(name))))
    })
}

/// Returns the help that shows everything, of the command that was named.
fn all_help(matches: &ArgMatches) -> clap::builder::StyledStr {
    let mut all = as_wide_as_terminal(command());
    all.build();
    match matches.subcommand_name().and_then(|name| all.find_subcommand_mut(name)) {
        Some(command) => command.render_help(),
        None => all.render_help(),
    }
}

/// Has help end its lines where a person's terminal does, or earlier: long lines are hard to read.
fn as_wide_as_terminal(command: clap::Command) -> clap::Command {
    command.term_width(terminal_width(&Term::stdout()).unwrap_or(WIDTH).min(100))
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    if let Some(code) = completions::answer() {
        return code;
    }
    let told = start().or_else(|error| {
        // Help, the version, or a mistake on the command line: clap knows where each belongs.
        let told: clap::Error = error.downcast()?;
        // A closed pipe, as in `| head`, is no failure.
        let _ = told.print();
        Ok(ExitCode::from(u8::try_from(told.exit_code()).unwrap_or(2)))
    });
    told.unwrap_or_else(|error: anyhow::Error| {
        print_error(&format!("{error:#}"));
        let may_pass = error.downcast_ref::<BadStore>().is_some_and(BadStore::may_pass);
        // 2 says that it will be the same at the next start.
        ExitCode::from(if may_pass { 1 } else { 2 })
    })
}

fn start() -> anyhow::Result<ExitCode> {
    // Parse twice: which `.env` is read, and what it may set, depends on the command line and the environment. Help and
    // version are printed at once.
    // Each definition holds the environment as it was then.
    let definition = || without_unset(as_wide_as_terminal(briefly()));
    let words: Vec<OsString> = std::env::args_os().collect();
    let first = definition().ignore_errors(true).try_get_matches_from(&words)?;
    // Where a value is wrong, parsing ends before the defaults.
    if first.try_get_one(HELP_ALL).ok().flatten().is_some_and(|asked: &bool| *asked) {
        print_help(&all_help(&first));
        return Ok(ExitCode::SUCCESS);
    }
    let (words, cleared) = match first.subcommand_name() {
        Some("install") => install::cleared(words),
        _ => (words, Vec::new()),
    };
    // Before any threads start, since it sets environment variables.
    let (dotenv, unread) = match dotenv(&first) {
        Ok(dotenv) => (dotenv, None),
        Err(bad) => (Dotenv::default(), Some(bad)),
    };
    let parsed = definition().try_get_matches_from(&words).map_err(|bad| named_as_given(bad, &definition(), &words));
    let parsed = parsed.and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    // clap does not know that the value it rejected came from a file.
    let (cli, matches) = parsed.inspect_err(|_| dotenv.source().iter().for_each(|source| print_error(source)))?;
    // These describe the program itself, and must work with invalid settings.
    match &cli.command {
        Some(Command::Completions(arguments)) => return completions::run(arguments),
        Some(Command::Man(arguments)) => return man::run(arguments),
        Some(Command::Check(arguments)) if unread.is_none() => {
            if let Some(check) = arguments.of_address() {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                let code = runtime.block_on(until_interrupted(Box::pin(check)));
                // A name that is being looked up cannot be given up.
                runtime.shutdown_background();
                return code;
            }
        }
        _ => {}
    }
    let given = given(&matches, &dotenv);
    let config = match unread.map_or_else(|| Config::new(&cli.options, &given), Err) {
        Ok(config) => config,
        Err(bad) => {
            // Invalid settings are the first finding of a check.
            if let Some(Command::Check(arguments)) = &cli.command {
                return Ok(check::bad_settings(arguments, &bad, &dotenv));
            }
            dotenv.notes().iter().chain(&dotenv.source()).for_each(|note| print_error(note));
            return Err(bad);
        }
    };
    // Commands that a person runs only log problems, and not those that they report themselves; a server logs what it does.
    let quiet = !matches!(cli.command, None | Some(Command::Stdio | Command::Http(_) | Command::Sandbox(_)));
    let filter = cli.options.log.as_deref().or(quiet.then_some("warn,rmcp=off,oncehub_mcp::oncehub::outage=off"));
    let filter = telemetry::targets(&as_given(&given, "ONCEHUB_MCP_LOG"), filter)?;
    let form = choice(&as_given(&given, "ONCEHUB_MCP_LOG_FORMAT"), &cli.options.log_format)?;
    let threads = if let Some(Command::Http(arguments)) = &cli.command { arguments.threads.into() } else { 1 };
    let mut runtime = match threads {
        1 => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = runtime.worker_threads(threads).enable_all().build()?;
    let code = runtime.block_on(async {
        let (filter, exporter) = telemetry::start(filter, form, &config.key)?;
        // A check reports it among its findings.
        if !matches!(cli.command, Some(Command::Check(_))) {
            dotenv.notes().iter().for_each(|note| tracing::warn!("{}", visible(note)));
        }
        let code = match cli.command.unwrap_or(Command::Stdio) {
            Command::Stdio => {
                exposed::warn_of_all(&given);
                stdio::run(App::new(config).await?).await
            }
            Command::Http(arguments) => {
                let own = matches.subcommand_matches("http").map(|own| given_of(&http::settings(), own, &dotenv));
                let reload = Reload::new(filter, &given, dotenv);
                let given = [given, own.unwrap_or_default()].concat();
                http::run(*arguments, config, &given, form, reload).await
            }
            Command::Sandbox(arguments) => sandbox::run(&arguments).await,
            Command::Tools(arguments) => tools::run(&arguments, &config),
            Command::Call(arguments) => until_interrupted(call::run(arguments, config)).await,
            Command::Check(arguments) => until_interrupted(check::run(&arguments, config, &given, &dotenv)).await,
            Command::Install(arguments) => {
                until_interrupted(Box::pin(install::run(*arguments, config, &given, &cleared, &dotenv))).await
            }
            Command::Uninstall(target) => until_interrupted(install::remove(&target, &given)).await,
            Command::Demo(demo::Arguments { web: true, open }) => web::run(config, open).await,
            Command::Demo(_) => Box::pin(demo::run(&given)).await,
            Command::Completions(arguments) => completions::run(&arguments),
            Command::Man(arguments) => man::run(&arguments),
        };
        if let Some(exporter) = exporter {
            exporter.end().await;
        }
        code
    });
    // A pending read of standard input cannot be cancelled.
    runtime.shutdown_background();
    code
}

/// Has an error about a setting's value name the variable that has it, unless its flag was typed: clap always names the
/// flag.
fn named_as_given(mut bad: clap::Error, definition: &clap::Command, words: &[OsString]) -> clap::Error {
    let mut definition = definition.clone();
    definition.build();
    let Some(ContextValue::String(named)) = bad.get(ContextKind::InvalidArg) else { return bad };
    let all = definition.get_subcommands().chain(std::iter::once(&definition)).flat_map(clap::Command::get_arguments);
    let setting = all.into_iter().find(|argument| argument.to_string() == *named);
    let is_typed = |flag: &str| {
        let typed = |word: &OsString| word.to_str()?.strip_prefix("--")?.split('=').next().map(|name| name == flag);
        words.iter().any(|word| typed(word) == Some(true))
    };
    let variable = setting.filter(|setting| !setting.get_long().is_some_and(is_typed)).and_then(Arg::get_env);
    if let Some(variable) = variable.and_then(|variable| variable.to_str()).map(str::to_owned) {
        bad.insert(ContextKind::InvalidArg, ContextValue::String(variable));
    }
    bad
}

/// Reads the `.env` that a person named, or else what a folder may set for this command.
fn dotenv(matches: &ArgMatches) -> anyhow::Result<Dotenv> {
    let command = matches.subcommand_name();
    if matches!(command, Some("completions" | "man")) {
        return Ok(Dotenv::default());
    }
    if let Some((file, by)) = env_file(matches) {
        return Dotenv::named(&file, by);
    }
    let purpose = match command {
        Some("install") => Purpose::Entry,
        Some("http") => Purpose::Callers,
        // They have no settings that a folder may set.
        Some("demo" | "sandbox" | "uninstall") => return Ok(Dotenv::default()),
        // Nor has the check of an address.
        Some("check") if matches.subcommand_matches("check").is_some_and(|own| own.contains_id("url")) => {
            return Ok(Dotenv::default());
        }
        _ => Purpose::OwnAccount,
    };
    let folder = std::env::current_dir();
    Ok(folder.map(|folder| Dotenv::of_folder(&folder, &elsewhere(matches, purpose))).unwrap_or_default())
}

/// Reports a failure to start where a person, or a host's log, looks for it.
fn print_error(message: &str) {
    tell(&format!("oncehub-mcp: {}", visible(message)));
}

/// Escapes invisible characters, and those that move the cursor, in text that may be a stranger's. Line breaks stay.
fn visible(text: &str) -> String {
    let is_hidden = |c: char| hides(c) && c != '\n' || c == '\t';
    let write_out = |c: char| if is_hidden(c) { c.escape_unicode().to_string() } else { c.to_string() };
    text.chars().map(write_out).collect()
}

/// Whether an answer is a yes.
fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
}
