//! `oncehub-mcp man`.

use std::iter::once;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use clap_mangen::Man;
use jiff::Timestamp;
use roff::{Roff, roman};

use super::print_exact;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// Write all pages into this folder, one per command, instead of printing the program's
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints the manual page, as `man -l -` reads it, or writes all of them.
pub(super) fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut program = super::command();
    program.build();
    let Some(folder) = &arguments.out else {
        print_exact(page(program)?.1.trim_end());
        return Ok(ExitCode::SUCCESS);
    };
    // The settings of all commands are explained once, in the program's own page.
    let mut commands = super::briefly();
    commands.build();
    let write = || {
        std::fs::create_dir_all(folder)?;
        for command in once(program).chain(commands.get_subcommands().cloned()) {
            let (name, text) = page(command)?;
            std::fs::write(folder.join(name), text)?;
        }
        Ok::<_, std::io::Error>(())
    };
    write().with_context(|| format!("the manual pages cannot be written to {}", folder.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// A page's name and text.
fn page(command: clap::Command) -> std::io::Result<(String, String)> {
    // Packages have to be reproducible.
    let epoch = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|seconds| seconds.parse().ok());
    let day = epoch.and_then(|seconds| Timestamp::from_second(seconds).ok()).unwrap_or_else(Timestamp::now);
    let after = command.get_after_long_help().or_else(|| command.get_after_help()).map(ToString::to_string);
    // clap_mangen would fill the lines of the examples as a paragraph, in a section EXTRA.
    let page = Man::new(command.after_help(None::<&str>).after_long_help(None::<&str>))
        .date(day.strftime("%F").to_string())
        .source(concat!("oncehub-mcp ", env!("CARGO_PKG_VERSION")))
        .manual("OnceHub for AI assistants");
    let mut text = Vec::new();
    page.render(&mut text)?;
    let mut section = Roff::new();
    section.control("SH", ["EXAMPLES"]);
    for (at, paragraph) in after.iter().flat_map(|after| after.split("\n\n")).enumerate() {
        // A heading begins one by itself.
        if at > 0 {
            section.control("PP", []);
        }
        match paragraph.strip_prefix("Examples:\n") {
            None => {
                section.text([roman(paragraph)]);
            }
            Some(examples) => {
                section.control("nf", []);
                examples.lines().for_each(|line| {
                    section.text([roman(line)]);
                });
                section.control("fi", []);
            }
        }
    }
    if after.is_some() {
        text.extend(section.to_roff().into_bytes());
    }
    // clap_mangen puts an empty line and two line breaks before a list of values, which page readers complain about.
    let text = String::from_utf8_lossy(&text).replace("\n.br\n\n.br\n", "\n.sp\n");
    Ok((page.get_filename(), text))
}
