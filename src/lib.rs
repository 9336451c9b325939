//! `oncehub-mcp`: a OnceHub account for AI assistants, over the Model Context Protocol.
//!
//! The rooms, in reading order, and which others each imports:
//!
//! - [`store`]: what servers that act as one have to know of each other. Imports no room.
//! - [`oncehub`]: the typed client of the API. HTTP and JSON, no MCP. Imports `store`.
//! - [`records`]: what replies say of each noun, as a type and as text. Imports `oncehub`.
//! - [`names`]: names, e-mail addresses and URLs to ids, and back. Imports `oncehub` and `records`.
//! - [`actions`]: each change as a value, and the one function that carries it out. Imports `names`, `oncehub` and
//!   `records`.
//! - [`apps`]: views in the chat, as documents. Imports no room.
//! - [`tools`]: what an assistant sees. Imports `actions`, `apps`, `names`, `oncehub`, `records` and `store`.
//! - [`playbooks`]: jobs as a person asks for them, as prompts and skills. Imports `names` and `records`.
//! - [`resources`]: records at URIs of their own. Imports `names`, `oncehub` and `records`.
//! - [`server`]: the MCP server, both protocol eras. Imports `actions`, `apps`, `playbooks`, `resources`, `store` and
//!   `tools`.
//! - [`transport`]: the ways in. Imports `store`.
//! - [`sandbox`]: the simulated OnceHub, on the far side of the wire. It shares no type with `oncehub`: a field
//!   misspelled there must not be misspelled here too. Imports no room.
//! - [`install`]: the clients of this machine, and their configuration files. Imports no room.
//! - [`config`]: the settings, read once. Imports `actions`, `apps`, `oncehub`, `records` and `tools`.
//! - [`telemetry`]: logs and spans. Imports `oncehub`.
//! - [`app`] wires the rooms. Imports `config`, `oncehub`, `records`, `sandbox`, `server`, `store`, `tools`
//!   and `transport`.
//! - [`cli`] reads the command line, and runs a command. Imports `app`, `apps`, `config`, `install`, `oncehub`,
//!   `records`, `sandbox`, `store`, `telemetry`, `tools` and `transport`.
//!
//! A test reads the sources, and fails on any other import; another one holds this map to its list.

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
