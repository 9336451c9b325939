//! The entry that is written: one that starts this program with the flags given now, or one that reaches a hosted
//! server.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use url::Url;

use super::key::StoredKey;
use crate::config::{Dotenv, Given, Source};
use crate::install::{Entry, Machine};

/// The settings that say where the key is, which an entry has its own way to say.
const KEY_FLAGS: [&str; 2] = ["api-key-file", "keychain"];

/// The variables that some networks need to reach OnceHub.
const NETWORK: [&str; 5] = ["HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"];

/// The settings that a hosted server accepts as headers.
const HEADERS: [(&str, &str); 6] = [
    ("read-only", "X-MCP-Readonly"),
    ("toolsets", "X-MCP-Toolsets"),
    ("tools", "X-MCP-Tools"),
    ("exclude-tools", "X-MCP-Exclude-Tools"),
    ("user", "X-MCP-User"),
    ("time-zone", "X-MCP-Time-Zone"),
];

/// Returns an entry that starts this program with the flags it was given now.
pub(super) fn of_program(machine: &Machine, given: &[Given], key: &StoredKey) -> anyhow::Result<Entry> {
    // Somebody trying the simulated account here does not mean to register the real one.
    let flags = given.iter().filter(|given| {
        (given.source == Source::Flag || given.flag == "sandbox") && !KEY_FLAGS.contains(&&*given.flag)
    });
    let mut args: Vec<String> = flags
        .map(|Given { flag, value, .. }| match &**flag {
            // The client starts it in another folder, where the same name may be a stranger's file.
            "env-file" => format!("--env-file={}", machine.folder.join(value).display()),
            _ if value == "true" => format!("--{flag}"),
            _ => format!("--{flag}={value}"),
        })
        .collect();
    // People think in this machine's time zone, wherever the client starts its servers.
    let zone = given.iter().find(|given| given.flag == "time-zone");
    match zone {
        Some(zone) if zone.source == Source::Flag => {}
        Some(zone) => args.push(format!("--time-zone={}", zone.value)),
        None => args.extend(system_zone().map(|zone| format!("--time-zone={zone}"))),
    }
    let command = this_program(machine)?.into_os_string().into_string();
    let command = command.ok().context("this program's path is not text that a configuration can hold")?;
    Ok(Entry::Stdio { command, args, env: key.variables() })
}

/// Returns an entry that reaches a hosted server.
pub(super) fn of_address(url: &Url, given: &[Given], key: &StoredKey) -> anyhow::Result<Entry> {
    let is_local = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    ensure!(
        url.scheme() == "https" || url.scheme() == "http" && is_local,
        "--http {url}: the key must not travel unencrypted: use an https address"
    );
    let flags = given.iter().filter(|given| given.source == Source::Flag && !KEY_FLAGS.contains(&&*given.flag));
    let mut headers = key.headers();
    for Given { flag, value, .. } in flags {
        let header = HEADERS.iter().find(|(name, _)| name == flag).map(|(_, header)| (*header).to_owned());
        let header = header.with_context(|| format!("--{flag} is up to that server's operator: leave it out"))?;
        headers.push((header, value.clone()));
    }
    Ok(Entry::Http { url: url.as_str().to_owned(), headers })
}

/// Whether the entry names the `.env` that was read: everything in that file is then part of it.
pub(super) fn names_file(given: &[Given]) -> bool {
    given.iter().any(|given| given.flag == "env-file" && given.source == Source::Flag)
}

/// Returns notes on an entry that starts this program.
pub(super) fn notes(given: &[Given], machine: &Machine, dotenv: &Dotenv) -> Vec<String> {
    let is_given = |flag: &str| given.iter().any(|given| given.flag == flag);
    let is_in_file = |variable: &str| names_file(given) && dotenv.taken.contains(variable);
    let me =
        (!is_given("user")).then(|| "To let 'me' mean you, add --user with your e-mail address in OnceHub.".to_owned());
    let network = NETWORK
        .iter()
        .filter(|name| machine.variables.contains_key(**name) && !is_given("sandbox") && !is_in_file(name));
    let network = network.map(|name| {
        format!("This shell's {name} is not in the entry: not every client passes it on (see docs/troubleshooting.md).")
    });
    let left = given.iter().filter(|given| {
        let is_in_it = given.source == Source::Flag || ["sandbox", "time-zone"].contains(&&*given.flag);
        !is_in_it && !KEY_FLAGS.contains(&&*given.flag) && !is_in_file(&given.variable)
    });
    let left = left
        .map(|Given { flag, variable, .. }| format!("Not in the entry: this shell's {variable} (--{flag} adds it)."));
    me.into_iter().chain(network).chain(left).collect()
}

/// Returns this machine's time zone, unless it is UTC.
fn system_zone() -> Option<String> {
    let zone = jiff::tz::TimeZone::try_system().ok()?.iana_name()?.to_owned();
    (!["UTC", "Etc/UTC", "Etc/Unknown"].contains(&zone.as_str())).then_some(zone)
}

/// Returns this program's path: preferably the one on the search path, which survives updates.
fn this_program(machine: &Machine) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("this program's path is unknown")?;
    let real = own.canonicalize().unwrap_or_else(|_| own.clone());
    let found = machine.program("oncehub-mcp").filter(|found| found.canonicalize().is_ok_and(|found| found == real));
    Ok(found.unwrap_or(own))
}
