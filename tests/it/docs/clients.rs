//! `docs/clients.md`: where each client's file is, and what is to be pasted into it.

use std::collections::BTreeMap;

use oncehub_mcp::install::clients::ALL;
use oncehub_mcp::install::{Client, Entry, Machine, Scope, System};

use super::{holds, read};

fn program() -> Entry {
    Entry::Stdio {
        command: "/usr/local/bin/oncehub-mcp".into(),
        args: vec!["--time-zone=America/New_York".into()],
        env: vec![("ONCEHUB_API_KEY".into(), "your-api-key".into())],
    }
}

fn address() -> Entry {
    Entry::Http { url: "https://mcp.example.com/mcp".into(), headers: vec![("API-Key".into(), "your-api-key".into())] }
}

/// The line of a client's block that carries this header, and no comma behind it.
fn header_line(client: &Client, name: &str, value: &str) -> String {
    let entry = Entry::Http { url: "https://mcp.example.com/mcp".into(), headers: vec![(name.into(), value.into())] };
    let block = client.block("oncehub", &entry).unwrap();
    block.lines().find(|line| line.contains(value)).unwrap().trim().to_owned()
}

fn language(client: &Client) -> &'static str {
    match client.id {
        "codex" => "toml",
        "goose" => "yaml",
        _ => "json",
    }
}

/// Where a person's file is on a system, as that system's people write it.
fn file(client: &Client, system: System) -> String {
    let home = if system == System::Windows { "%USERPROFILE%" } else { "~" };
    let machine = Machine { system, home: home.into(), folder: "".into(), variables: BTreeMap::new() };
    let file = client.file(&machine, Scope::Person).unwrap().display().to_string();
    if system != System::Windows {
        return file;
    }
    file.replace('/', "\\").replace(r"%USERPROFILE%\AppData\Roaming", "%APPDATA%")
}

fn places(client: &Client) -> String {
    let [linux, mac, windows] = [System::Linux, System::MacOs, System::Windows].map(|system| file(client, system));
    let machine = Machine { system: System::Linux, home: "~".into(), folder: "".into(), variables: BTreeMap::new() };
    let mut places =
        format!("| | |\n| --- | --- |\n| Linux | `{linux}` |\n| macOS | `{mac}` |\n| Windows | `{windows}` |\n");
    if let Ok(file) = client.file(&machine, Scope::Project) {
        places.push_str(&format!("| a project | `{}` |\n", file.display()));
    }
    places
}

fn block(client: &Client, entry: &Entry) -> String {
    format!("```{}\n{}\n```\n", language(client), client.block("oncehub", entry).unwrap().trim_end())
}

#[test]
fn each_client_has_a_section_with_what_install_would_write() {
    let page = read("docs/clients.md");
    for client in ALL {
        assert!(page.contains(&format!("\n## {}\n", client.name)), "there is no section for {}", client.name);
        let command = format!("\noncehub-mcp install {}", client.id);
        assert!(page.contains(&command), "the section of {} does not say:{command}", client.name);
        let mut text = places(client) + "\n" + &block(client, &program());
        if client.has_addresses() {
            text.push_str("\nA hosted server:\n\n");
            text.push_str(&block(client, &address()));
            let key = header_line(client, "API-Key", "your-api-key");
            let token = header_line(client, "Authorization", "Bearer your-token");
            text.push_str(&format!(
                "\nWith the token of a server that shares its key, `{token}` instead of `{key}`.\n"
            ));
        }
        holds("docs/clients.md", client.id, &text);
    }
}

/// Of the others their own tests say so.
#[test]
fn the_page_has_the_version_of_rmcp_that_is_tried_signing_in() {
    let cargo: toml_edit::DocumentMut = read("Cargo.toml").parse().unwrap();
    let version = cargo["dev-dependencies"]["rmcp"]["version"].as_str().unwrap().trim_start_matches('=');
    let page = read("docs/clients.md");
    let row = page.lines().find(|line| line.starts_with("| `rmcp`")).unwrap();
    assert_eq!(row.split('|').nth(2).unwrap().trim(), version, "{row}");
}
