//! Files and values in unusual forms.

use proptest::prelude::*;

use super::*;

/// Valid files in unusual forms.
const ODD: &[(&str, &str)] = &[
    ("cursor", "{\"mcpServers\":{\"a\":{\"command\":\"x\"}},\"z\":1}"),
    ("cursor", "{}"),
    ("cursor", "{ /* nothing */ }\n"),
    ("cursor", "{\n\t\"mcpServers\": null\n}\n"),
    ("cursor", "{\"mcpServers\": {\n}}\n"),
    ("zed", "// only a comment\n"),
    ("zed", "{\n  \"a\": \"\u{1F600} \\u00e4 // no comment\",\n}"),
    ("vscode", "{\"servers\": {\"oncehub\": \"not an object\"}}"),
    ("codex", "mcp_servers = { docs = { command = \"x\" } }\n"),
    ("codex", "mcp_servers.docs.command = \"x\"\n"),
    ("codex", "[mcp_servers]\n\n[mcp_servers.\"a b\"]\ncommand = '''x'''\n# the end\n"),
    ("codex", "[[other]]\na = 1\n\n[[other]]\na = 2.5\nwhen = 2026-11-24T10:00:00Z\n"),
    ("codex", "[mcp_servers.oncehub]\nurl = \"https://old.example/mcp\"\nbearer_token_env_var = \"T\"\n"),
    ("goose", "extensions: {a: {type: builtin}}\n"),
    ("goose", "extensions:\n"),
    ("goose", "extensions: {}\nGOOSE_MODE: auto\n"),
    ("goose", "---\nGOOSE_MODE: auto\n"),
    ("goose", "extensions:\n    developer:\n        enabled: true\n        type: builtin\n"),
    ("goose", "\"extensions\":\n  'developer':\n    enabled: yes\n"),
    ("goose", "a: &x\n  b: 1\nc: *x\nextensions:\n  d: {enabled: true}\n"),
    (
        "goose",
        "text: |\n  extensions:\n    no: such\nextensions:\n  d:\n    args:\n      - |\n        several\n        lines\n",
    ),
];

#[test]
fn an_odd_file_gets_its_entry_too_or_is_left_alone() {
    for (id, text) in ODD {
        let client = clients::named(id).unwrap();
        for entry in [stdio(), http()] {
            let (_home, machine, file) = prepared(client, text);
            register(client, &machine, &entry);
            let after = fs::read_to_string(&file).unwrap();
            let found = client.find(&machine, Scope::Person, "oncehub").unwrap().unwrap();
            assert_eq!(found.entry, Some(entry), "{id}: {text}\n{after}");
            client.unregister(&machine, Scope::Person, "oncehub").unwrap().unwrap().apply(true).unwrap();
            assert_eq!(client.find(&machine, Scope::Person, "oncehub").unwrap(), None, "{id}: {text}");
        }
    }
}

#[test]
fn what_a_person_wrote_beside_an_alias_stays() {
    let text = "mine: &mine\n  A: '1'\nextensions:\n  oncehub:\n    # my comment\n    cmd: old\n    envs: *mine\n    timeout: 9 # slow\n";
    let client = clients::named("goose").unwrap();
    let (_home, machine, file) = prepared(client, text);
    register(client, &machine, &stdio());
    let after = fs::read_to_string(&file).unwrap();
    assert!(after.contains("# my comment\n") && after.contains("timeout: 9 # slow\n"), "{after}");
    assert!(after.starts_with("mine: &mine\n  A: '1'\n"), "{after}");
    assert_eq!(
        client
            .find(&machine, Scope::Person, "oncehub")
            .unwrap()
            .unwrap()
            .entry
            .map(|entry| match entry {
                Entry::Stdio { command, .. } => command,
                Entry::Http { .. } => String::new(),
            })
            .as_deref(),
        Some("/usr/local/bin/oncehub-mcp")
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Paths with blanks and quotes, words that a format could take for something else.
    #[test]
    fn every_value_arrives_as_it_was_given(
        words in proptest::collection::vec(word(), 0..4),
        value in word(),
    ) {
        let command = if value.is_empty() { "x".to_owned() } else { value.clone() };
        let entry = Entry::Stdio { command, args: words, env: vec![("ONCEHUB_API_KEY".into(), value)] };
        for client in ALL {
            let before = fs::read_to_string(fixture(client, "before")).unwrap();
            let (_home, machine, file) = prepared(client, &before);
            match client.register(&machine, Scope::Person, "oncehub", &entry, &[]) {
                Err(refused) if refused.to_string().contains("as the name of a variable") => continue,
                change => change.unwrap().apply(true).unwrap(),
            };
            let found = client.find(&machine, Scope::Person, "oncehub").unwrap().unwrap();
            prop_assert_eq!(found.entry, Some(entry.clone()), "{}: {}", client.id, fs::read_to_string(&file).unwrap());
            let gone = client.unregister(&machine, Scope::Person, "oncehub").unwrap().unwrap();
            prop_assert_eq!(gone.after, before, "{}", client.id);
        }
    }
}

fn word() -> impl Strategy<Value = String> {
    let tricky = [
        "", " ", "null", "~", "yes", "0x1f", "1_000", "3.14", "-", "- a", "a: b", "a #b", "#", "'", "\"", "\\",
        "C:\\Users\\A da\\x.exe", "{", "[", "*a", "&a", "!a", "%a", "@a", "`a`", "|", ">", "?", "a\nb", "a\r\nb", "\t",
        "\u{1F600}", "ä", "--flag=a,b", "=",
    ];
    prop_oneof![proptest::sample::select(tricky.to_vec()).prop_map(str::to_owned), "[ -~]{0,12}", "\\PC{0,6}"]
}
