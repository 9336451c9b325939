use crate::install::client::{Client, USUAL};
use crate::install::format::Format;
use crate::install::machine::{System, below};

/// The successor to Windsurf.
pub(super) const CLIENT: Client = Client {
    id: "devin",
    name: "Devin Desktop",
    documentation: "https://docs.devin.ai/desktop/cascade/mcp",
    then: "press Refresh in the list of MCP servers",
    format: Format::Json,
    servers: "mcpServers",
    file: |machine| match machine.system {
        System::Windows => below(&machine.settings(), &["devin", "mcp_config.json"]),
        System::Linux | System::MacOs => machine.below_home(&[".config", "devin", "mcp_config.json"]),
    },
    project: Some(&[".devin", "mcp_config.json"]),
    program: Some("devin"),
    folder: None,
    spelling: USUAL,
};
