use serde_json::json;

use crate::install::client::{Client, HttpSpelling, Spelling};
use crate::install::format::Format;
use crate::install::machine::{System, below};

pub(super) const CLIENT: Client = Client {
    id: "goose",
    name: "Goose",
    documentation: "https://block.github.io/goose/docs/getting-started/using-extensions",
    then: "start a new session",
    format: Format::Yaml,
    servers: "extensions",
    file: |machine| match (machine.absolute("GOOSE_PATH_ROOT"), machine.system) {
        (Some(root), _) => below(&root, &["config", "config.yaml"]),
        (_, System::Windows) => below(&machine.settings(), &["Block", "goose", "config", "config.yaml"]),
        (_, System::MacOs) => machine.below_home(&[".config", "goose", "config.yaml"]),
        (_, System::Linux) => below(&machine.config(), &["goose", "config.yaml"]),
    },
    project: None,
    // A database migration tool has the same name.
    program: None,
    folder: None,
    spelling: Spelling {
        command: "cmd",
        args: "args",
        env: "envs",
        expands: None,
        besides: |name| json!({"type": "stdio", "enabled": true, "name": name, "description": "OnceHub", "timeout": 60}),
        http: Some(HttpSpelling {
            url: "uri",
            headers: "headers",
            besides: |name| json!({"type": "streamable_http", "enabled": true, "name": name, "description": "OnceHub", "timeout": 60}),
        }),
    },
};
