use crate::install::client::{Client, HttpSpelling, Spelling, USUAL, nothing};
use crate::install::format::Format;

pub(super) const CLIENT: Client = Client {
    id: "windsurf",
    name: "Windsurf",
    documentation: "https://docs.windsurf.com/windsurf/cascade/mcp",
    then: "press Refresh in Cascade's list of MCP servers",
    format: Format::Json,
    servers: "mcpServers",
    file: |machine| machine.below_home(&[".codeium", "windsurf", "mcp_config.json"]),
    project: None,
    program: Some("windsurf"),
    folder: None,
    spelling: Spelling { http: Some(HttpSpelling { url: "serverUrl", headers: "headers", besides: nothing }), ..USUAL },
};
