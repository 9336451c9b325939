use crate::install::client::{Client, HttpSpelling, Spelling, USUAL, nothing};
use crate::install::format::Format;

pub(super) const CLIENT: Client = Client {
    id: "gemini-cli",
    name: "Gemini CLI",
    documentation: "https://geminicli.com/docs/tools/mcp-server",
    then: "start a new session; /mcp shows it",
    format: Format::Commented,
    servers: "mcpServers",
    file: |machine| {
        let home = machine.absolute("GEMINI_CLI_HOME").unwrap_or_else(|| machine.home.clone());
        home.join(".gemini").join("settings.json")
    },
    project: Some(&[".gemini", "settings.json"]),
    program: Some("gemini"),
    // Antigravity, its sibling, uses the same folder.
    folder: Some(|machine| machine.below_home(&[".gemini", "history"])),
    spelling: Spelling {
        http: Some(HttpSpelling { url: "httpUrl", headers: "headers", besides: nothing }),
        expands: Some("$"),
        ..USUAL
    },
};
