use crate::install::client::{Client, USUAL};
use crate::install::format::Format;

pub(super) const CLIENT: Client = Client {
    id: "cursor",
    name: "Cursor",
    documentation: "https://cursor.com/docs/context/mcp",
    then: "Cursor sees it at once; its switch is in Settings, Tools & MCP",
    format: Format::Jsonc,
    servers: "mcpServers",
    file: |machine| machine.below_home(&[".cursor", "mcp.json"]),
    project: Some(&[".cursor", "mcp.json"]),
    program: Some("cursor"),
    folder: None,
    spelling: USUAL,
};
