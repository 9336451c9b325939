//! Parse, run, exit.

use std::process::ExitCode;

fn main() -> ExitCode {
    oncehub_mcp::cli::main()
}
