//! What is handed out agrees with the program: the bundle, the registry's entry, the crate, completions and manual pages.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use oncehub_mcp::tools::{Catalogue, Selection};
use serde_json::{Value, json};

use super::agents::program;
use super::readme::{root, variables};

const MANIFEST: &str = "packaging/mcpb/manifest.json";

fn json_in(name: &str) -> Value {
    let text = fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// What the program prints when it is called like this.
fn printed(arguments: &[&str]) -> String {
    let output = program().args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The commands that the program's help names.
fn commands() -> Vec<String> {
    let help = printed(&["--help"]);
    let (_, list) = help.split_once("Commands:\n").unwrap();
    let (list, _) = list.split_once("\n\n").unwrap();
    // What goes on in the next line is indented further.
    let lines = list.lines().filter(|line| !line.starts_with("   "));
    let names: Vec<_> = lines.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect();
    assert!(names.len() >= 9, "{names:?}");
    names
}

/// A tool's description up to where its second sentence begins.
fn first_sentence(text: &str) -> &str {
    let ends = text.match_indices(". ").map(|(at, _)| at + 1);
    let end = ends.into_iter().find(|end| text[*end..].trim_start().starts_with(char::is_uppercase));
    &text[..end.unwrap_or(text.len())]
}

/// `UPDATE=1 cargo test` writes them; otherwise they have to be there.
#[test]
fn the_bundle_lists_the_tools_that_there_are() {
    let catalogue = Catalogue::new(&Selection::default()).unwrap();
    let tools = catalogue.list().iter().map(|tool| {
        let description = tool.description.as_deref().unwrap();
        json!({ "name": tool.name, "description": first_sentence(description) })
    });
    let tools = Value::Array(tools.collect());
    let mut manifest = json_in(MANIFEST);
    if std::env::var_os("UPDATE").is_some() {
        manifest["tools"] = tools;
        fs::write(root().join(MANIFEST), format!("{manifest:#}\n")).unwrap();
        return;
    }
    assert_eq!(manifest["tools"].as_array().unwrap().len(), catalogue.list().len());
    assert_eq!(manifest["tools"], tools, "run UPDATE=1 cargo test and look at the change");
}

#[test]
fn every_package_is_of_one_version_and_from_one_place() {
    let (version, repository) = (env!("CARGO_PKG_VERSION"), env!("CARGO_PKG_REPOSITORY"));
    let (manifest, server) = (json_in(MANIFEST), json_in("server.json"));
    assert_eq!((&manifest["version"], &server["version"]), (&json!(version), &json!(version)));
    assert_eq!(
        (&manifest["repository"]["url"], &server["repository"]["url"]),
        (&json!(repository), &json!(repository))
    );
    let place = repository.strip_prefix("https://github.com/").unwrap();
    assert_eq!(server["packages"][0]["identifier"], format!("ghcr.io/{place}:{version}"));
    assert_eq!(server["name"], format!("io.github.{place}"));
    assert_eq!(manifest["name"], env!("CARGO_PKG_NAME"));
    assert_eq!(manifest["license"], env!("CARGO_PKG_LICENSE"));
    // The registry looks for its name in the image.
    let dockerfile = fs::read_to_string(root().join("Dockerfile")).unwrap();
    assert!(dockerfile.contains(&format!("io.modelcontextprotocol.server.name=\"io.github.{place}\"")));
}

#[test]
fn the_bundle_asks_for_settings_that_there_are() {
    let manifest = json_in(MANIFEST);
    let known = variables(&[]);
    let (server, asked) = (&manifest["server"]["mcp_config"], manifest["user_config"].as_object().unwrap());
    let mut used = BTreeSet::new();
    for (name, value) in server["env"].as_object().unwrap() {
        assert!(name == "ONCEHUB_API_KEY" || known.contains(name), "{name}");
        let value = value.as_str().unwrap();
        let option = value.strip_prefix("${user_config.").and_then(|rest| rest.strip_suffix('}')).unwrap();
        // A host leaves the line as it stands where there is neither an answer nor a default.
        assert!(asked[option]["default"].is_string() || asked[option]["default"].is_boolean(), "{option}");
        used.insert(option);
    }
    assert_eq!(used, asked.keys().map(String::as_str).collect());
    assert_eq!(asked["api_key"]["sensitive"], true);
    assert_eq!(asked["api_key"]["required"], false, "the simulated account needs none");
    // Windows takes the same settings: what an override does not name is inherited.
    assert_eq!(server["platform_overrides"], json!({"win32": {"command": "${__dirname}/server/oncehub-mcp.exe"}}));
}

#[test]
fn what_a_host_left_as_it_stands_is_not_set() {
    let manifest = json_in(MANIFEST);
    let env = manifest["server"]["mcp_config"]["env"].as_object().unwrap();
    let as_it_stands = env.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap()));
    let empty = env.keys().map(|name| (name.as_str(), ""));
    for settings in [as_it_stands.collect::<Vec<_>>(), empty.collect()] {
        let mut check = program();
        check.arg("check").envs(settings.clone()).env("ONCEHUB_API_URL", "http://127.0.0.1:1");
        let output = check.output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.stderr.is_empty(), "{settings:?}: {}", String::from_utf8_lossy(&output.stderr));
        for expected in [
            "replies show times in the time zone of 'me', or else in UTC",
            "'me' is whom the key's account names",
            "key       not set",
        ] {
            assert!(said.contains(expected), "{settings:?}: {said}");
        }
        let listed = program().args(["tools", "--json"]).envs(settings).output().unwrap();
        let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
        assert_eq!(
            listed["tools"].as_array().unwrap().len(),
            Catalogue::new(&Selection::default()).unwrap().list().len(),
            "read-only is off"
        );
    }
}

/// What the registry's schema of 2025-12-11 asks of an entry like ours, and no field that it does not know.
fn registry_schema() -> Value {
    let text = |longest: u64| json!({"type": "string", "minLength": 1, "maxLength": longest});
    let input = json!({
        "type": "object",
        "required": ["name", "description"],
        "additionalProperties": false,
        "properties": {
            "name": {"pattern": "^ONCEHUB_[A-Z_]+$"},
            "description": {"type": "string"},
            "format": {"enum": ["string", "number", "boolean", "filepath"]},
            "isRequired": {"type": "boolean"},
            "isSecret": {"type": "boolean"},
            "default": {"type": "string"},
            "placeholder": {"type": "string"},
            "choices": {"type": "array", "items": {"type": "string"}},
        },
    });
    let package = json!({
        "type": "object",
        "required": ["registryType", "identifier", "transport", "environmentVariables"],
        "additionalProperties": false,
        "properties": {
            "registryType": {"enum": ["oci", "mcpb"]},
            "identifier": {"type": "string"},
            "runtimeHint": {"type": "string"},
            "fileSha256": {"pattern": "^[a-f0-9]{64}$"},
            "transport": {"const": {"type": "stdio"}},
            "packageArguments": {"type": "array", "items": {
                "type": "object",
                "required": ["type", "value"],
                "additionalProperties": false,
                "properties": {"type": {"const": "positional"}, "value": text(100), "description": text(1000)},
            }},
            "environmentVariables": {"type": "array", "items": input},
        },
        // Neither a bundle without its digest, nor an image whose version stands elsewhere than in its tag.
        "if": {"properties": {"registryType": {"const": "mcpb"}}},
        "then": {"required": ["fileSha256"], "properties": {"identifier": {"pattern": "^https://.*\\.mcpb$"}}},
        "else": {"properties": {"identifier": {"pattern": "^[a-z0-9.-]+(/[a-z0-9._-]+)+:[^:/]+$"}}},
    });
    json!({
        "type": "object",
        "required": ["$schema", "name", "description", "version", "packages"],
        "additionalProperties": false,
        "properties": {
            "$schema": {"const": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"},
            "name": {"type": "string", "maxLength": 200, "pattern": "^[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+$"},
            "title": text(100),
            "description": text(100),
            "version": {"type": "string", "maxLength": 255, "pattern": "^[0-9]+\\.[0-9]+\\.[0-9]+$"},
            "repository": {
                "type": "object",
                "required": ["url", "source"],
                "additionalProperties": false,
                "properties": {"url": {"pattern": "^https://github.com/"}, "source": {"const": "github"}},
            },
            "packages": {"type": "array", "minItems": 1, "items": package},
        },
    })
}

#[test]
fn the_registry_gets_an_entry_that_it_takes() {
    let server = json_in("server.json");
    let schema = jsonschema::validator_for(&registry_schema()).unwrap();
    let faults: Vec<_> =
        schema.iter_errors(&server).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    let listed = server["packages"][0]["environmentVariables"].as_array().unwrap();
    let listed: BTreeSet<_> = listed.iter().map(|variable| variable["name"].as_str().unwrap().to_owned()).collect();
    // A container sees neither the person's files nor their keychain: the key itself is handed over.
    let mut known = BTreeSet::from_iter(variables(&[]));
    assert!(known.remove("ONCEHUB_API_KEY_FILE") && known.remove("ONCEHUB_MCP_KEYCHAIN"));
    assert!(known.remove("ONCEHUB_MCP_ENV_FILE"));
    known.insert("ONCEHUB_API_KEY".into());
    assert_eq!(listed, known);
}

#[test]
fn the_crate_holds_the_program_and_its_tests_and_nothing_else() {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["package", "--list", "--allow-dirty", "--offline", "--locked"]).current_dir(root());
    let output = cargo.output().unwrap();
    let (list, said) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && !said.contains("warning"), "{said}");
    let files: BTreeSet<&str> = list.lines().collect();
    for needed in ["Cargo.lock", "Cargo.toml", "LICENSE", "README.md", "src/main.rs", "tests/it/main.rs", MANIFEST] {
        assert!(files.contains(needed), "{needed} is not in {files:?}");
    }
    for file in files {
        let unwanted = [".ci/", ".github/", "node_modules/", "target/", "tests/clients/", "packaging/mcpb/package"];
        assert!(!unwanted.iter().any(|start| file.starts_with(start)) && !file.contains(".snap.new"), "{file}");
        assert_ne!(file, ".env");
        let size = fs::metadata(root().join(file)).map_or(0, |about| about.len());
        assert!(size < 200_000, "{file}: {size} bytes");
    }
}

#[test]
fn the_simulated_account_needs_no_certificates() {
    let bare = || {
        let mut command = program();
        command.env("SSL_CERT_FILE", "/no/such/file").env_remove("SSL_CERT_DIR");
        command
    };
    let output = bare().args(["--sandbox", "call", "test_connection"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let mut check = bare();
    check.arg("check").env("ONCEHUB_API_URL", "https://127.0.0.1:1").env("ONCEHUB_API_KEY", "a-key");
    let said = String::from_utf8(check.output().unwrap().stdout).unwrap();
    assert!(said.contains("No CA certificates were loaded"), "a real one does: {said}");
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let page = printed(&["man"]);
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    assert_eq!(printed(&["man", "--out", pages.to_str().unwrap()]), "");
    assert_eq!(fs::read_to_string(pages.join("oncehub-mcp.1")).unwrap().trim(), page.trim());
    for command in commands() {
        assert!(page.contains(&format!("oncehub\\-mcp\\-{command}(1)")), "{command}");
        let own = fs::read_to_string(pages.join(format!("oncehub-mcp-{command}.1"))).unwrap();
        assert!(own.contains(&format!("oncehub\\-mcp {command}")), "{own}");
        assert!(!own.contains(".SH EXTRA"), "{own}");
    }
    assert!(page.contains("ONCEHUB_MCP_TIME_ZONE") && page.contains(".SH EXAMPLES"), "{page}");
    let http = fs::read_to_string(pages.join("oncehub-mcp-http.1")).unwrap();
    assert!(http.contains("ONCEHUB_MCP_MAX_SESSIONS") && !http.contains("ONCEHUB_MCP_TIME_ZONE"), "{http}");
    assert_eq!(fs::read_dir(&pages).unwrap().count(), commands().len() + 1);
}

#[test]
fn what_is_printed_of_the_program_depends_on_nothing_but_the_day() {
    let dated = |epoch: &str| {
        let mut command = program();
        // A setting that no server would start with.
        command.arg("man").env("ONCEHUB_API_URL", "nonsense").env("SOURCE_DATE_EPOCH", epoch);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let page = dated("1700000000");
    assert!(page.contains(".TH oncehub-mcp 1 2023-11-14 "), "{page}");
    assert_eq!(page.replace("2023-11-14", "1970-01-01"), dated("0"));
    let unwritable = program().args(["man", "--out", "/dev/null/man"]).output().unwrap();
    let said = String::from_utf8(unwritable.stderr).unwrap();
    assert!(said.starts_with("oncehub-mcp: the manual pages cannot be written to /dev/null/man: "), "{said}");
    assert_eq!(unwritable.status.code(), Some(2));
    assert!(!Path::new("/dev/null/man").exists());
}
