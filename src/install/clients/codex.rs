use crate::install::client::{Client, HttpSpelling, Spelling, USUAL, nothing};
use crate::install::format::Format;

pub(super) const CLIENT: Client = Client {
    id: "codex",
    name: "Codex CLI",
    documentation: "https://developers.openai.com/codex/mcp",
    then: "start a new session; /mcp shows it",
    format: Format::Toml,
    servers: "mcp_servers",
    file: |machine| {
        machine.absolute("CODEX_HOME").unwrap_or_else(|| machine.below_home(&[".codex"])).join("config.toml")
    },
    project: Some(&[".codex", "config.toml"]),
    program: Some("codex"),
    folder: None,
    spelling: Spelling {
        http: Some(HttpSpelling { url: "url", headers: "http_headers", besides: nothing }),
        expands: None,
        ..USUAL
    },
};
