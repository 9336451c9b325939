//! Files with secrets that others on this machine can read.

use std::path::Path;

use crate::config::{Given, as_given};

/// The settings that name such a file.
const FILES: [&str; 9] = [
    "ONCEHUB_API_KEY_FILE", "ONCEHUB_MCP_ENV_FILE", "ONCEHUB_MCP_OAUTH_CLIENTS_FILE",
    "ONCEHUB_MCP_OIDC_CLIENT_SECRET_FILE", "ONCEHUB_MCP_OIDC_MAP_FILE", "ONCEHUB_MCP_SECRET_FILE",
    "ONCEHUB_MCP_STORE_PASSWORD_FILE", "ONCEHUB_MCP_TLS_KEY", "ONCEHUB_MCP_TOKEN_FILE",
];

/// Warns of the files in these settings that others can read. They are used all the same: in a container, nobody else may
/// get to them.
pub(super) fn warn_of_all(given: &[Given]) {
    for setting in given.iter().filter(|setting| FILES.contains(&&*setting.variable)) {
        warn_of(&as_given(given, &setting.variable), Path::new(setting.value.trim()));
    }
}

/// Warns of a file if others can read it.
pub(super) fn warn_of(setting: &str, file: &Path) {
    if let Some(readers) = readers(file) {
        tracing::warn!("{setting}: {readers} can read {}: chmod 600 keeps it to its owner", file.display());
    }
}

/// Returns who else can read a file, if it is there.
#[cfg(unix)]
fn readers(file: &Path) -> Option<&'static str> {
    use std::os::unix::fs::PermissionsExt as _;
    // What systemd hands to a service is that service's, by a list of access that looks like a group's.
    if std::env::var_os("CREDENTIALS_DIRECTORY").is_some_and(|folder| file.starts_with(folder)) {
        return None;
    }
    match std::fs::metadata(file).ok()?.permissions().mode() {
        mode if mode & 0o004 != 0 => Some("everybody on this machine"),
        mode if mode & 0o040 != 0 => Some("its group"),
        _ => None,
    }
}

/// Elsewhere, folders of a user are theirs alone.
#[cfg(not(unix))]
fn readers(_: &Path) -> Option<&'static str> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::command;

    /// The settings of files that may be read by all.
    const OPEN: [&str; 1] = ["ONCEHUB_MCP_TLS_CERT"];

    #[test]
    fn every_setting_that_names_a_file_has_a_secret_in_it_or_is_known_to_have_none() {
        let all = command();
        let arguments = all.get_subcommands().chain([&all]).flat_map(clap::Command::get_arguments);
        let is_file = |argument: &&clap::Arg| {
            let names = argument.get_value_names().unwrap_or_default();
            names.iter().any(|name| name.as_str() == "FILE")
        };
        let mut named: Vec<&str> =
            arguments.filter(is_file).filter_map(|argument| argument.get_env()?.to_str()).collect();
        named.sort_unstable();
        named.dedup();
        let mut known = [&FILES[..], &OPEN].concat();
        known.sort_unstable();
        assert_eq!(named, known);
    }
}
