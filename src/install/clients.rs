//! The clients, in a table.

use std::path::PathBuf;

use serde_json::json;

use super::client::{Client, Layout, USUAL};
use super::format::Format;
use super::machine::{Machine, System, below};

/// All clients.
pub const ALL: [&Client; 11] = [
    &Client {
        id: "claude-desktop",
        name: "Claude Desktop",
        documentation: "https://modelcontextprotocol.io/docs/develop/connect-local-servers",
        then: "quit Claude Desktop and start it again",
        most_tools: None,
        file: |machine| {
            let folder = packaged_claude(machine).unwrap_or_else(|| machine.settings().join("Claude"));
            folder.join("claude_desktop_config.json")
        },
        project: None,
        program: None,
        folder: None,
        // Remote servers are added as connectors, in the account's settings.
        layout: Layout { url: None, expands: None, ..USUAL },
    },
    &Client {
        id: "claude-code",
        name: "Claude Code",
        documentation: "https://code.claude.com/docs/en/mcp",
        then: "start a new session; /mcp shows it",
        most_tools: None,
        file: |machine| machine.place("CLAUDE_CONFIG_DIR", "").join(".claude.json"),
        project: Some(".mcp.json"),
        program: Some("claude"),
        folder: Some(|machine| machine.place("CLAUDE_CONFIG_DIR", ".claude")),
        layout: Layout { types: [Some("stdio"), Some("http")], ..USUAL },
    },
    &Client {
        id: "cursor",
        name: "Cursor",
        documentation: "https://cursor.com/docs/context/mcp",
        then: "Cursor sees it at once; its switch is in Settings, Tools & MCP",
        most_tools: Some(40),
        file: |machine| machine.below_home(".cursor/mcp.json"),
        project: Some(".cursor/mcp.json"),
        program: Some("cursor"),
        folder: None,
        layout: Layout { format: Format::Jsonc, ..USUAL },
    },
    &Client {
        id: "vscode",
        name: "VS Code",
        documentation: "https://code.visualstudio.com/docs/copilot/customization/mcp-servers",
        then: "run 'MCP: List Servers' and start it there",
        most_tools: None,
        file: |machine| below(&machine.settings(), "Code/User/mcp.json"),
        project: Some(".vscode/mcp.json"),
        program: Some("code"),
        folder: None,
        layout: Layout { format: Format::Jsonc, servers: "servers", types: [Some("stdio"), Some("http")], ..USUAL },
    },
    &Client {
        id: "windsurf",
        name: "Windsurf",
        documentation: "https://docs.windsurf.com/windsurf/cascade/mcp",
        then: "press Refresh in Cascade's list of MCP servers",
        most_tools: None,
        file: |machine| machine.below_home(".codeium/windsurf/mcp_config.json"),
        project: None,
        program: Some("windsurf"),
        folder: None,
        layout: Layout { url: Some("serverUrl"), ..USUAL },
    },
    // The successor to Windsurf.
    &Client {
        id: "devin",
        name: "Devin Desktop",
        documentation: "https://docs.devin.ai/desktop/cascade/mcp",
        then: "press Refresh in the list of MCP servers",
        most_tools: None,
        file: |machine| match machine.system {
            System::Windows => below(&machine.settings(), "devin/mcp_config.json"),
            System::Linux | System::MacOs => machine.below_home(".config/devin/mcp_config.json"),
        },
        project: Some(".devin/mcp_config.json"),
        program: Some("devin"),
        folder: None,
        layout: USUAL,
    },
    &Client {
        id: "zed",
        name: "Zed",
        documentation: "https://zed.dev/docs/ai/mcp",
        then: "Zed sees it at once; a green dot in the agent panel's settings shows it",
        most_tools: None,
        file: |machine| match machine.system {
            System::Windows => below(&machine.settings(), "Zed/settings.json"),
            System::MacOs => machine.below_home(".config/zed/settings.json"),
            System::Linux => {
                let config = machine.absolute("FLATPAK_XDG_CONFIG_HOME").unwrap_or_else(|| machine.config());
                below(&config, "zed/settings.json")
            }
        },
        project: Some(".zed/settings.json"),
        program: Some("zed"),
        folder: None,
        layout: Layout { format: Format::Jsonc, servers: "context_servers", expands: None, ..USUAL },
    },
    &Client {
        id: "gemini-cli",
        name: "Gemini CLI",
        documentation: "https://geminicli.com/docs/tools/mcp-server",
        then: "start a new session; /mcp shows it",
        most_tools: None,
        file: |machine| below(&machine.place("GEMINI_CLI_HOME", ""), ".gemini/settings.json"),
        project: Some(".gemini/settings.json"),
        program: Some("gemini"),
        // Antigravity, its sibling, uses the same folder.
        folder: Some(|machine| machine.below_home(".gemini/history")),
        layout: Layout { format: Format::Commented, url: Some("httpUrl"), expands: Some("$"), ..USUAL },
    },
    &Client {
        id: "codex",
        name: "Codex CLI",
        documentation: "https://developers.openai.com/codex/mcp",
        then: "start a new session; /mcp shows it",
        most_tools: None,
        file: |machine| machine.place("CODEX_HOME", ".codex").join("config.toml"),
        project: Some(".codex/config.toml"),
        program: Some("codex"),
        folder: None,
        layout: Layout {
            format: Format::Toml,
            servers: "mcp_servers",
            headers: "http_headers",
            expands: None,
            ..USUAL
        },
    },
    &Client {
        id: "cline",
        name: "Cline",
        documentation: "https://docs.cline.bot/mcp/configuring-mcp-servers",
        then: "Cline sees it at once, under MCP Servers, Installed",
        most_tools: None,
        file: |machine| {
            if let Some(file) = machine.absolute("CLINE_MCP_SETTINGS_PATH") {
                return file;
            }
            let (own, old) = (machine.place("CLINE_DIR", ".cline"), below(&cline_extension(machine), CLINE_FILE));
            // Before Cline had a folder of its own, it kept its settings in the editor's.
            if old.is_file() && !own.is_dir() {
                return old;
            }
            below(&machine.absolute("CLINE_DATA_DIR").unwrap_or_else(|| own.join("data")), CLINE_FILE)
        },
        project: None,
        program: Some("cline"),
        folder: Some(|machine| {
            let own = machine.place("CLINE_DIR", ".cline");
            if own.is_dir() { own } else { cline_extension(machine) }
        }),
        layout: Layout { types: [None, Some("streamableHttp")], extra_fields: |_| json!({"disabled": false}), ..USUAL },
    },
    &Client {
        id: "goose",
        name: "Goose",
        documentation: "https://block.github.io/goose/docs/getting-started/using-extensions",
        then: "start a new session",
        most_tools: None,
        file: |machine| match (machine.absolute("GOOSE_PATH_ROOT"), machine.system) {
            (Some(root), _) => below(&root, "config/config.yaml"),
            (_, System::Windows) => below(&machine.settings(), "Block/goose/config/config.yaml"),
            (_, System::MacOs) => machine.below_home(".config/goose/config.yaml"),
            (_, System::Linux) => below(&machine.config(), "goose/config.yaml"),
        },
        project: None,
        // A database migration tool has the same name.
        program: None,
        folder: None,
        layout: Layout {
            format: Format::Yaml,
            servers: "extensions",
            command: "cmd",
            args: "args",
            env: "envs",
            url: Some("uri"),
            headers: "headers",
            types: [Some("stdio"), Some("streamable_http")],
            extra_fields: |name| json!({"enabled": true, "name": name, "description": "OnceHub", "timeout": 60}),
            expands: None,
        },
    },
];

/// Returns the client with this name on the command line.
pub fn named(id: &str) -> Option<&'static Client> {
    ALL.into_iter().find(|client| client.id == id)
}

/// Returns the folder that the Windows package redirects `%APPDATA%\Claude` to: it does not see the real one.
fn packaged_claude(machine: &Machine) -> Option<PathBuf> {
    let packages = machine.place("LOCALAPPDATA", "AppData/Local").join("Packages");
    let packages = std::fs::read_dir(packages).ok().filter(|_| machine.system == System::Windows)?;
    let mut folders = packages
        .filter_map(|folder| Some(folder.ok()?.path()))
        .filter(|folder| folder.file_name().is_some_and(|name| name.to_string_lossy().starts_with("Claude_")))
        .map(|folder| below(&folder, "LocalCache/Roaming/Claude"));
    folders.find(|folder| folder.is_dir())
}

const CLINE_FILE: &str = "settings/cline_mcp_settings.json";

/// Returns the folder of Cline's extension of VS Code.
fn cline_extension(machine: &Machine) -> PathBuf {
    below(&machine.settings(), "Code/User/globalStorage/saoudrizwan.claude-dev")
}
