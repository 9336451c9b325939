use std::path::PathBuf;

use serde_json::json;

use crate::install::client::{Client, HttpSpelling, Spelling, USUAL};
use crate::install::format::Format;
use crate::install::machine::{Machine, below};

pub(super) const CLIENT: Client = Client {
    id: "cline",
    name: "Cline",
    documentation: "https://docs.cline.bot/mcp/configuring-mcp-servers",
    then: "Cline sees it at once, under MCP Servers, Installed",
    format: Format::Json,
    servers: "mcpServers",
    file: |machine| {
        if let Some(file) = machine.absolute("CLINE_MCP_SETTINGS_PATH") {
            return file;
        }
        let data = machine.absolute("CLINE_DATA_DIR").unwrap_or_else(|| folder(machine).join("data"));
        let (file, old) = (data.join("settings").join(FILE), below(&extension(machine), &["settings", FILE]));
        // Before Cline had a folder of its own, it kept its settings in the editor's.
        if old.is_file() && !folder(machine).is_dir() { old } else { file }
    },
    project: None,
    program: Some("cline"),
    folder: Some(|machine| {
        let (new, old) = (folder(machine), extension(machine));
        if new.is_dir() { new } else { old }
    }),
    spelling: Spelling {
        besides: |_| json!({"disabled": false}),
        http: Some(HttpSpelling {
            url: "url",
            headers: "headers",
            besides: |_| json!({"type": "streamableHttp", "disabled": false}),
        }),
        ..USUAL
    },
};

const FILE: &str = "cline_mcp_settings.json";

fn folder(machine: &Machine) -> PathBuf {
    machine.absolute("CLINE_DIR").unwrap_or_else(|| machine.below_home(&[".cline"]))
}

fn extension(machine: &Machine) -> PathBuf {
    below(&machine.settings(), &["Code", "User", "globalStorage", "saoudrizwan.claude-dev"])
}
