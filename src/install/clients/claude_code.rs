use serde_json::json;

use crate::install::client::{Client, HttpSpelling, Spelling, USUAL};
use crate::install::format::Format;

pub(super) const CLIENT: Client = Client {
    id: "claude-code",
    name: "Claude Code",
    documentation: "https://code.claude.com/docs/en/mcp",
    then: "start a new session; /mcp shows it",
    format: Format::Json,
    servers: "mcpServers",
    file: |machine| machine.absolute("CLAUDE_CONFIG_DIR").unwrap_or_else(|| machine.home.clone()).join(".claude.json"),
    project: Some(&[".mcp.json"]),
    program: Some("claude"),
    folder: Some(|machine| machine.absolute("CLAUDE_CONFIG_DIR").unwrap_or_else(|| machine.below_home(&[".claude"]))),
    spelling: Spelling {
        besides: |_| json!({"type": "stdio"}),
        http: Some(HttpSpelling { url: "url", headers: "headers", besides: |_| json!({"type": "http"}) }),
        ..USUAL
    },
};
