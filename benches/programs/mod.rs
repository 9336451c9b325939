//! The two programs that are measured, built as they are released.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use oncehub_mcp::sandbox::KEY;

/// This server.
pub(crate) fn ours() -> PathBuf {
    built(&["--bin", "oncehub-mcp"], "oncehub-mcp")
}

/// The barest one that rmcp allows.
pub(crate) fn barest() -> PathBuf {
    built(&["--example", "barest"], "examples/barest")
}

/// One of them in front of this account, with nothing in its way: no limits, and a quiet log.
pub(crate) fn in_front_of(upstream: &str, program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env("ONCEHUB_API_URL", upstream).env("ONCEHUB_API_KEY", KEY);
    command.env("ONCEHUB_MCP_RATE_LIMIT", "off").env("ONCEHUB_MCP_LOG", "error").env_remove("RUST_LOG");
    command.current_dir(std::env::temp_dir()).stdout(Stdio::piped());
    command
}

fn built(what: &[&str], name: &str) -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--release", "--locked", "--quiet"]).args(what).current_dir(env!("CARGO_MANIFEST_DIR"));
    // Crates whose build scripts look at what cargo tells a bench about its package would be built anew each time.
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            cargo.env_remove(name);
        }
    }
    assert!(cargo.status().unwrap().success(), "{name} does not build");
    let folder = Path::new(env!("CARGO_BIN_EXE_oncehub-mcp")).parent().unwrap();
    folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}
