use serde_json::json;

use crate::install::client::{Client, HttpSpelling, Spelling, USUAL};
use crate::install::format::Format;
use crate::install::machine::below;

pub(super) const CLIENT: Client = Client {
    id: "vscode",
    name: "VS Code",
    documentation: "https://code.visualstudio.com/docs/copilot/customization/mcp-servers",
    then: "run 'MCP: List Servers' and start it there",
    format: Format::Jsonc,
    servers: "servers",
    file: |machine| below(&machine.settings(), &["Code", "User", "mcp.json"]),
    project: Some(&[".vscode", "mcp.json"]),
    program: Some("code"),
    folder: None,
    spelling: Spelling {
        besides: |_| json!({"type": "stdio"}),
        http: Some(HttpSpelling { url: "url", headers: "headers", besides: |_| json!({"type": "http"}) }),
        ..USUAL
    },
};
