//! `oncehub-mcp`: a OnceHub account for AI assistants, over the Model Context Protocol.
//!
//! The rooms, in reading order, and which way their arrows run:
//!
//! - [`store`]: what servers that act as one have to know of each other. Imports no room.
//! - [`oncehub`]: the typed client of the API. HTTP and JSON, no MCP. Imports `store`.
//! - [`records`]: what replies say of each noun, as a type and as text. Imports `oncehub`.
//! - [`names`]: names, e-mail addresses and URLs to ids, and back. Imports `records` and what that may import; so on
//!   for the next two.
//! - [`actions`]: each change as a value, and the one function that carries it out.
//! - [`apps`]: views in the chat, as documents. Imports no room.
//! - [`tools`]: what an assistant sees. Imports `apps`, and what `actions` and that may import.
//! - [`playbooks`]: jobs as a person asks for them, as prompts and skills. Imports `names` and `records`.
//! - [`resources`]: records at URIs of their own. Imports `names`, `records` and `oncehub`.
//! - [`server`]: the MCP server, both protocol eras. Imports `playbooks`, `resources`, `tools`, `apps` and `actions`.
//! - [`transport`]: the ways in. Imports `store`.
//! - [`sandbox`]: the simulated OnceHub, on the far side of the wire. Imports no room, and shares no type with
//!   `oncehub`: a field misspelled there must not be misspelled here too.
//! - [`install`]: the clients of this machine, and their configuration files. Imports no room.
//! - [`cli`] reads the command line into [`config`] and runs a command; [`app`] alone knows every room, and wires them.
//!
//! A test reads the sources and fails on any other arrow.

pub mod actions;
pub mod app;
pub mod apps;
pub mod cli;
pub mod config;
pub mod install;
pub mod names;
pub mod oncehub;
pub mod playbooks;
pub mod records;
pub mod resources;
pub mod sandbox;
pub mod server;
pub mod store;
pub mod telemetry;
pub mod tools;
pub mod transport;

/// How many cases a test that draws many tries: few while somebody waits for it, all at night.
#[cfg(test)]
pub(crate) fn cases(few: usize, all: usize) -> usize {
    if std::env::var_os("ONCEHUB_NIGHTLY").is_some() { all } else { few }
}
