//! The program as its users run it, and what holds for the repository as a whole. One crate, so that it links once.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::needless_pass_by_value,
    clippy::too_many_lines,
    reason = "a test says what it wants as plainly as it can, and fails where it does not get it"
)]

mod again;
mod agents;
mod client;
mod docs;
mod economy;
mod entries;
mod folder;
mod http;
mod install;
mod limits;
mod packages;
mod pipes;
mod playbooks;
mod readme;
#[cfg(unix)]
#[path = "../../src/store/tests/server.rs"]
mod redis_server;
mod resources;
mod rooms;
mod secrets;
mod stdio;
#[cfg(unix)]
mod terminal;
mod views;
mod web;

/// How many tools there are, or how many of them change nothing.
fn tools(read_only: bool) -> usize {
    let selection = oncehub_mcp::tools::Selection { read_only, ..Default::default() };
    oncehub_mcp::tools::Catalogue::new(&selection).unwrap().listed(false).len()
}

/// How many cases a test that draws many tries: few while somebody waits for it, all at night.
fn cases(few: usize, all: usize) -> usize {
    if std::env::var_os("ONCEHUB_NIGHTLY").is_some() { all } else { few }
}
