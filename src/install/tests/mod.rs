//! Every client, with a realistic file.

mod odd;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::clients::{self, ALL};
use super::*;

fn stdio() -> Entry {
    Entry::Stdio {
        command: "/usr/local/bin/oncehub-mcp".into(),
        args: vec!["--toolsets=core".into(), "--time-zone=Europe/Berlin".into()],
        env: vec![("ONCEHUB_API_KEY_FILE".into(), "/home/ada/.config/oncehub-mcp/oncehub.key".into())],
    }
}

fn http() -> Entry {
    Entry::Http {
        url: "https://mcp.example.com/mcp".into(),
        headers: vec![("API-Key".into(), "s3cret-key-0123".into()), ("X-MCP-Readonly".into(), "true".into())],
    }
}

/// A machine for one test, in a temporary folder.
fn machine(home: &Path) -> Machine {
    Machine { system: System::Linux, home: home.into(), folder: home.join("project"), variables: BTreeMap::new() }
}

/// A fixture's path: the text that a client has before or after.
fn fixture(client: &Client, name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/install/fixtures").join(client.id);
    let ending = match client.id {
        "codex" => "toml",
        "goose" => "yaml",
        _ => "json",
    };
    folder.join(format!("{name}.{ending}"))
}

/// The client's file, with the fixture's text in it.
fn prepared(client: &Client, text: &str) -> (TempDir, Machine, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let machine = machine(home.path());
    let file = client.file(&machine, Scope::Person).unwrap();
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, text).unwrap();
    (home, machine, file)
}

/// Registers and writes.
fn register(client: &Client, machine: &Machine, entry: &Entry) -> Option<PathBuf> {
    let change = client.register(machine, Scope::Person, "oncehub", entry, &[]).unwrap();
    change.apply(true).unwrap()
}

#[test]
fn each_client_gets_its_entry_and_keeps_everything_else() {
    for client in ALL {
        let before = fs::read_to_string(fixture(client, "before")).unwrap();
        let entries = [("after", stdio()), ("after-http", http())];
        for (name, entry) in entries.into_iter().filter(|(name, _)| *name == "after" || client.has_addresses()) {
            let (_home, machine, file) = prepared(client, &before);
            let copy = register(client, &machine, &entry).unwrap();
            assert_eq!(fs::read_to_string(copy).unwrap(), before, "{}: the copy", client.id);
            let after = fs::read_to_string(&file).unwrap();
            if std::env::var_os("UPDATE").is_some() {
                fs::write(fixture(client, name), &after).unwrap();
            }
            assert_eq!(
                after,
                fs::read_to_string(fixture(client, name)).unwrap(),
                "{}: run UPDATE=1 cargo test",
                client.id
            );

            let again = client.register(&machine, Scope::Person, "oncehub", &entry, &[]).unwrap();
            assert!(again.is_none(), "{}: a second time changes it:\n{}", client.id, again.diff());
            let found = client.find(&machine, Scope::Person, "oncehub").unwrap().unwrap();
            assert_eq!(found, Found { entry: Some(entry), is_off: false }, "{}", client.id);

            let gone = client.unregister(&machine, Scope::Person, "oncehub").unwrap().unwrap();
            assert_eq!(gone.after, before, "{}: what is left after the entry has gone", client.id);
        }
    }
}

#[test]
fn lines_end_as_they_did() {
    for client in ALL {
        let before = fs::read_to_string(fixture(client, "before")).unwrap();
        let after = fs::read_to_string(fixture(client, "after")).unwrap();
        let windows = |text: &str| format!("\u{feff}{}", text.replace('\n', "\r\n"));
        let (_home, machine, file) = prepared(client, &windows(&before));
        register(client, &machine, &stdio());
        assert_eq!(fs::read_to_string(&file).unwrap(), windows(&after), "{}", client.id);
        let gone = client.unregister(&machine, Scope::Person, "oncehub").unwrap().unwrap();
        assert_eq!(gone.after, windows(&before), "{}", client.id);
    }
}

#[test]
fn where_there_is_nothing_a_file_is_made_for_its_owner_alone() {
    for client in ALL {
        let home = tempfile::tempdir().unwrap();
        let machine = machine(home.path());
        assert!(!client.is_installed(&machine), "{}", client.id);
        assert_eq!(register(client, &machine, &stdio()), None, "{}: there is nothing to copy", client.id);
        let file = client.file(&machine, Scope::Person).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(text, client.block("oncehub", &stdio()).unwrap(), "{}", client.id);
        assert!(text.ends_with('\n') && text.lines().count() > 3, "{}: {text}", client.id);
        assert!(client.is_installed(&machine), "{}", client.id);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", client.id);
        }
    }
    for client in ALL {
        for text in ["", "\n", if client.id == "goose" || client.id == "codex" { "# mine\n" } else { "{}" }] {
            let (_home, machine, file) = prepared(client, text);
            register(client, &machine, &stdio());
            let found = client.find(&machine, Scope::Person, "oncehub").unwrap().unwrap();
            assert_eq!(found.entry, Some(stdio()), "{}: {}", client.id, fs::read_to_string(file).unwrap());
        }
    }
}

#[test]
fn what_somebody_added_to_the_entry_stays_and_an_old_key_goes() {
    let text = r#"{
  "mcpServers": {
    "oncehub": {
      "autoApprove": ["list_bookings"],
      "url": "https://mcp.oncehub.com/sse",
      "env": {
        "ONCEHUB_API_KEY": "s3cret-key-0123",
        "HTTPS_PROXY": "http://proxy:3128" // at work
      }
    }
  }
}
"#;
    let client = clients::named("cursor").unwrap();
    let (_home, machine, file) = prepared(client, text);
    register(client, &machine, &stdio());
    insta::assert_snapshot!(fs::read_to_string(&file).unwrap(), @r#"
    {
      "mcpServers": {
        "oncehub": {
          "autoApprove": ["list_bookings"],
          "env": {
            "HTTPS_PROXY": "http://proxy:3128", // at work
            "ONCEHUB_API_KEY_FILE": "/home/ada/.config/oncehub-mcp/oncehub.key"
          },
          "command": "/usr/local/bin/oncehub-mcp",
          "args": ["--toolsets=core", "--time-zone=Europe/Berlin"]
        }
      }
    }
    "#);
    // And back to an address.
    register(client, &machine, &http());
    let found = client.find(&machine, Scope::Person, "oncehub").unwrap().unwrap();
    assert_eq!(found.entry, Some(http()));
    assert!(!fs::read_to_string(&file).unwrap().contains("command"));
}

#[test]
fn a_file_that_does_not_parse_is_never_touched_and_the_error_says_where() {
    let cases = [
        ("claude-desktop", "{\n  \"mcpServers\": {\n    \"a\": {},\n  }\n}\n", "line 3"),
        ("claude-desktop", "{\n  // mine\n  \"mcpServers\": {}\n}\n", "line 2"),
        ("gemini-cli", "{\n  // mine\n  \"mcpServers\": {},\n}\n", "line 3"),
        ("vscode", "{\n  \"servers\": {\n", "line 3"),
        ("zed", "{\"context_servers\": {'a': {}}}", "line 1"),
        ("cursor", "[]", "outermost value"),
        ("cursor", "{\"mcpServers\": []}", "mcpServers"),
        ("windsurf", "{\"mcpServers\": {}, \"mcpServers\": {\"a\": {}}}", "twice"),
        ("codex", "model = \"a\"\nmodel = \"b\"\n", "line 2"),
        ("codex", "mcp_servers = 3\n", "mcp_servers"),
        ("goose", "extensions:\n  a: {\n", "line "),
        ("goose", "extensions:\n\ta: 1\n", "line 2"),
        ("goose", "- a\n", "outermost value"),
    ];
    for (id, text, expected) in cases {
        let client = clients::named(id).unwrap();
        let (_home, machine, file) = prepared(client, text);
        let error = client.register(&machine, Scope::Person, "oncehub", &stdio(), &[]).unwrap_err();
        let error = error.to_string();
        assert!(error.contains(expected) && error.contains(&file.display().to_string()), "{id}: {error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), text, "{id}");
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "{id}: nothing was left beside it");
    }
    let client = clients::named("cursor").unwrap();
    let (_home, machine, file) = prepared(client, "");
    fs::write(&file, b"{\"mcpServers\": {\"\xff\": {}}}").unwrap();
    let error = client.register(&machine, Scope::Person, "oncehub", &stdio(), &[]).unwrap_err();
    assert!(error.to_string().contains("UTF-8"), "{error}");
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    for client in ALL {
        let home = tempfile::tempdir().unwrap();
        // Where the folder should be is a file: not even an administrator can write there.
        let machine = machine(&home.path().join("file"));
        fs::write(home.path().join("file"), "").unwrap();
        let refused = match client.register(&machine, Scope::Person, "oncehub", &stdio(), &[]) {
            Ok(change) => change.apply(true).unwrap_err().to_string(),
            Err(error) => error.to_string(),
        };
        assert!(refused.contains(&machine.home.display().to_string()), "{}: {refused}", client.id);
    }
}

#[test]
fn what_another_program_wrote_meanwhile_is_not_lost() {
    let client = clients::named("zed").unwrap();
    let (_home, machine, file) = prepared(client, "{}\n");
    let change = client.register(&machine, Scope::Person, "oncehub", &stdio(), &[]).unwrap();
    fs::write(&file, "{\"vim_mode\": true}\n").unwrap();
    let error = change.apply(true).unwrap_err();
    assert!(error.to_string().contains("has been changed by another program meanwhile"), "{error}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "{\"vim_mode\": true}\n");
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_and_permissions_stay() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let client = clients::named("cursor").unwrap();
    let (home, machine, file) = prepared(client, "");
    let dotfiles = home.path().join("dotfiles.json");
    fs::write(&dotfiles, "{}\n").unwrap();
    fs::set_permissions(&dotfiles, fs::Permissions::from_mode(0o640)).unwrap();
    fs::remove_file(&file).unwrap();
    symlink(&dotfiles, &file).unwrap();
    let copy = register(client, &machine, &stdio()).unwrap();
    assert!(fs::symlink_metadata(&file).unwrap().is_symlink());
    assert!(fs::read_to_string(&dotfiles).unwrap().contains("oncehub"));
    let mode = |file: &Path| fs::metadata(file).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&dotfiles), mode(&copy)), (0o640, 0o600), "a copy may hold a key");
    // So does the file, once it holds one.
    let change = client.register(&machine, Scope::Person, "oncehub", &http(), &[]).unwrap();
    assert!(change.closes_file());
    change.apply(true).unwrap();
    assert_eq!(mode(&dotfiles), 0o600);
    // Also if only its permissions have to change.
    fs::set_permissions(&dotfiles, fs::Permissions::from_mode(0o644)).unwrap();
    let again = client.register(&machine, Scope::Person, "oncehub", &http(), &[]).unwrap();
    assert!(again.is_none() && again.closes_file());
    assert_eq!(again.apply(true).unwrap(), None, "there is nothing to copy");
    assert_eq!(mode(&dotfiles), 0o600);
}

#[test]
fn copies_with_a_key_are_found_and_no_other_files() {
    let client = clients::named("cursor").unwrap();
    let (_home, machine, file) = prepared(client, "{}\n");
    let first = register(client, &machine, &http()).unwrap();
    let second = register(client, &machine, &stdio()).unwrap();
    let third = register(client, &machine, &http()).unwrap();
    // What only looks like one is a person's.
    for name in ["mcp.json.old.bak", "mcp.json.bak", "other.json.20261129-101010.bak"] {
        fs::copy(&second, file.with_file_name(name)).unwrap();
    }
    let with_key = |name: &str| {
        let copies = client.copies(&machine, Scope::Person, name, "{}\n", &|_| false).unwrap().into_iter();
        copies.filter(|copy| copy.holds_key).map(|copy| copy.file).collect::<Vec<_>>()
    };
    assert_eq!(with_key("oncehub"), [second]);
    assert!(first.exists() && third.exists(), "these hold none");
    assert!(with_key("other").is_empty());
}

#[test]
fn a_difference_says_whether_a_key_is_another_one() {
    let client = clients::named("cursor").unwrap();
    let (_home, machine, _file) = prepared(client, "{}\n");
    register(client, &machine, &http());
    let with = |key: &str| Entry::Http {
        url: "https://mcp.example.com/mcp".into(),
        headers: vec![("X-MCP-User".into(), "dana".into()), ("API-Key".into(), key.into())],
    };
    let diff = |key: &str| client.register(&machine, Scope::Person, "oncehub", &with(key), &[]).unwrap().diff();
    let (same, other) = (diff("s3cret-key-0123"), diff("s3cret-key-4567"));
    assert!(
        other.contains("-        \"API-Key\": \"…\"") && other.contains("+        \"API-Key\": \"… (another)\""),
        "{other}"
    );
    assert!(!same.contains("(another)") && !(same + &other).contains("s3cret"), "{other}");
}

#[test]
fn a_variable_that_is_there_already_stays() {
    let text = r#"{"mcpServers": {"oncehub": {"command": "x", "env": {"ONCEHUB_API_KEY": "${env:KEY}"}}}}"#;
    let client = clients::named("cursor").unwrap();
    let (_home, machine, _file) = prepared(client, text);
    let entry = |key: &str| Entry::Stdio {
        command: "x".into(),
        args: vec!["--read-only".into()],
        env: vec![("ONCEHUB_API_KEY".into(), key.into())],
    };
    assert!(client.register(&machine, Scope::Person, "oncehub", &entry("${env:KEY}"), &[]).is_ok());
    assert!(client.register(&machine, Scope::Person, "oncehub", &entry("${env:OTHER}"), &[]).is_err());
    assert!(!entry("${env:KEY}").holds_key() && entry("sk-0123456789").holds_key());
}

#[test]
fn a_difference_shows_no_secret() {
    let text = "{\n  \"mcpServers\": {\n    \"a\": {\n      \"GITHUB_TOKEN\": \"ghp_0123456789\"\n    }\n  }\n}\n";
    let client = clients::named("cursor").unwrap();
    let (_home, machine, _file) = prepared(client, text);
    let diff = client.register(&machine, Scope::Person, "oncehub", &http(), &[]).unwrap().diff();
    assert!(diff.contains("+        \"API-Key\": \"…\"") && diff.contains("https://mcp.example.com/mcp"), "{diff}");
    assert!(!diff.contains("s3cret") && !diff.contains("ghp_"), "{diff}");
    // Also on one line, where a value may contain what otherwise ends one.
    let text = r#"{"mcpServers": {"a": {"command": "x", "env": {"A_TOKEN": "ghp_01:2,3=45", "B": "shown"}, "args": ["--a=b"]}}}"#;
    let (_home, machine, _file) = prepared(client, text);
    let diff = client.register(&machine, Scope::Person, "oncehub", &http(), &[]).unwrap().diff();
    assert!(diff.contains("\"A_TOKEN\": \"…\", \"B\": \"shown\"") && !diff.contains("ghp_"), "{diff}");
    for (id, text) in [
        ("codex", "[mcp_servers.a]\nenv = { A_TOKEN = \"ghp_0123\" }\nbearer = 'ghp_0123' # mine\n"),
        ("goose", "extensions:\n  a:\n    envs:\n      A_TOKEN: ghp_0123 # mine\n"),
    ] {
        let client = clients::named(id).unwrap();
        let (_home, machine, _file) = prepared(client, text);
        let diff = client.register(&machine, Scope::Person, "oncehub", &http(), &[]).unwrap().diff();
        assert!(diff.contains("TOKEN") && !diff.contains("ghp_"), "{id}: {diff}");
    }
}

#[test]
fn a_key_that_the_client_would_expand_is_refused() {
    let entry = |value: &str| Entry::Stdio {
        command: "/x".into(),
        args: Vec::new(),
        env: vec![("ONCEHUB_API_KEY".into(), value.into())],
    };
    let refused = |id: &str, value: &str| {
        let home = tempfile::tempdir().unwrap();
        let client = clients::named(id).unwrap();
        client.register(&machine(home.path()), Scope::Person, "oncehub", &entry(value), &[]).is_err()
    };
    assert!(refused("gemini-cli", "pa$$word") && refused("claude-code", "pa${word}") && refused("cursor", "${x}"));
    assert!(!refused("claude-code", "pa$$word") && !refused("codex", "${x}") && !refused("zed", "${x}"));
}

/// Where each client looks on each system.
#[test]
fn files_are_where_the_clients_look() {
    let windows = Machine {
        system: System::Windows,
        home: "C:\\Users\\ada".into(),
        folder: "C:\\shop".into(),
        variables: [("APPDATA".to_owned(), "C:\\Users\\ada\\AppData\\Roaming".to_owned())].into(),
    };
    let mac = Machine {
        system: System::MacOs,
        home: "/Users/ada".into(),
        folder: "/Users/ada/shop".into(),
        variables: BTreeMap::new(),
    };
    let linux =
        Machine { system: System::Linux, home: "/home/ada".into(), folder: "/home/ada/shop".into(), ..mac.clone() };
    let mut table = String::new();
    for client in ALL {
        for (machine, separator) in [(&linux, "/"), (&mac, "/"), (&windows, "\\")] {
            let file = client.file(machine, Scope::Person).unwrap().display().to_string();
            table += &format!("{:<14} {}\n", client.id, file.replace('/', separator));
        }
        if let Ok(file) = client.file(&linux, Scope::Project) {
            table += &format!("{:<14} {}\n", client.id, file.display());
        }
    }
    insta::assert_snapshot!(table);
}

#[test]
fn a_clients_own_variables_move_its_file() {
    let moved = |id: &str, variables: &[(&str, &str)]| {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let machine = Machine { system: System::Linux, home: "/home/ada".into(), folder: "/".into(), variables };
        clients::named(id).unwrap().file(&machine, Scope::Person).unwrap().display().to_string()
    };
    assert_eq!(moved("claude-code", &[("CLAUDE_CONFIG_DIR", "/d")]), "/d/.claude.json");
    assert_eq!(moved("codex", &[("CODEX_HOME", "/d")]), "/d/config.toml");
    assert_eq!(moved("gemini-cli", &[("GEMINI_CLI_HOME", "/d")]), "/d/.gemini/settings.json");
    assert_eq!(moved("goose", &[("GOOSE_PATH_ROOT", "/d")]), "/d/config/config.yaml");
    assert_eq!(moved("goose", &[("GOOSE_PATH_ROOT", "d")]), "/home/ada/.config/goose/config.yaml");
    assert_eq!(moved("cline", &[("CLINE_DIR", "/d")]), "/d/data/settings/cline_mcp_settings.json");
    assert_eq!(moved("cline", &[("CLINE_MCP_SETTINGS_PATH", "/d/f")]), "/d/f");
    assert_eq!(moved("zed", &[("XDG_CONFIG_HOME", "/d")]), "/d/zed/settings.json");
    assert_eq!(moved("zed", &[("XDG_CONFIG_HOME", "")]), "/home/ada/.config/zed/settings.json");
    assert_eq!(moved("vscode", &[("XDG_CONFIG_HOME", "/d")]), "/d/Code/User/mcp.json");
}

#[test]
fn where_windows_packages_claude_desktop_its_own_folder_is_taken() {
    let home = tempfile::tempdir().unwrap();
    let machine = Machine { system: System::Windows, ..machine(home.path()) };
    let client = clients::named("claude-desktop").unwrap();
    let usual = home.path().join("AppData/Roaming/Claude/claude_desktop_config.json");
    assert_eq!(client.file(&machine, Scope::Person).unwrap(), usual);
    let packaged = home.path().join("AppData/Local/Packages/Claude_pzs8sxrjxfjjc/LocalCache/Roaming/Claude");
    fs::create_dir_all(&packaged).unwrap();
    assert_eq!(client.file(&machine, Scope::Person).unwrap(), packaged.join("claude_desktop_config.json"));
}

#[test]
fn an_entry_of_clines_own_command_is_understood_and_replaced() {
    let text = r#"{"mcpServers": {"oncehub": {"transport": {"type": "stdio", "command": "x"}, "disabled": true}}}"#;
    let client = clients::named("cline").unwrap();
    let (_home, machine, file) = prepared(client, text);
    let found = client.find(&machine, Scope::Person, "oncehub").unwrap().unwrap();
    assert!(found.is_off && matches!(found.entry, Some(Entry::Stdio { command, .. }) if command == "x"));
    register(client, &machine, &stdio());
    assert!(!fs::read_to_string(file).unwrap().contains("transport"));
}
