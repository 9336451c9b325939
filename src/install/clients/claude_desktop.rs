use std::path::PathBuf;

use crate::install::client::{Client, Spelling, USUAL};
use crate::install::format::Format;
use crate::install::machine::{Machine, System, below};

pub(super) const CLIENT: Client = Client {
    id: "claude-desktop",
    name: "Claude Desktop",
    documentation: "https://modelcontextprotocol.io/docs/develop/connect-local-servers",
    then: "quit Claude Desktop and start it again",
    format: Format::Json,
    servers: "mcpServers",
    file: |machine| {
        let folder = packaged(machine).unwrap_or_else(|| below(&machine.settings(), &["Claude"]));
        folder.join("claude_desktop_config.json")
    },
    project: None,
    program: None,
    folder: None,
    // Remote servers are added as connectors, in the account's settings.
    spelling: Spelling { http: None, expands: None, ..USUAL },
};

/// The folder that the Windows package redirects `%APPDATA%\Claude` to: it does not see the real one.
fn packaged(machine: &Machine) -> Option<PathBuf> {
    let local = machine.absolute("LOCALAPPDATA").unwrap_or_else(|| machine.below_home(&["AppData", "Local"]));
    let packages = std::fs::read_dir(local.join("Packages")).ok().filter(|_| machine.system == System::Windows)?;
    let mut folders = packages
        .filter_map(|folder| Some(folder.ok()?.path()))
        .filter(|folder| folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with("Claude_")))
        .map(|folder| below(&folder, &["LocalCache", "Roaming", "Claude"]));
    folders.find(|folder| folder.is_dir())
}
