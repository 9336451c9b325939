use crate::install::client::{Client, Spelling, USUAL};
use crate::install::format::Format;
use crate::install::machine::{System, below};

pub(super) const CLIENT: Client = Client {
    id: "zed",
    name: "Zed",
    documentation: "https://zed.dev/docs/ai/mcp",
    then: "Zed sees it at once; a green dot in the agent panel's settings shows it",
    format: Format::Jsonc,
    servers: "context_servers",
    file: |machine| match machine.system {
        System::Windows => below(&machine.settings(), &["Zed", "settings.json"]),
        System::MacOs => machine.below_home(&[".config", "zed", "settings.json"]),
        System::Linux => {
            let config = machine.absolute("FLATPAK_XDG_CONFIG_HOME").unwrap_or_else(|| machine.config());
            below(&config, &["zed", "settings.json"])
        }
    },
    project: Some(&[".zed", "settings.json"]),
    program: Some("zed"),
    folder: None,
    spelling: Spelling { expands: None, ..USUAL },
};
