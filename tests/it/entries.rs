//! What `install` clears, what `uninstall` leaves behind, and entries of other names than the usual one.

use super::again::{FILE, copies, entry, run};
use super::install::{Home, about, check, check_of, said};

#[test]
fn an_empty_value_clears_what_an_entry_has() {
    let home = Home::new();
    let settings = [
        "--user=dana@northlight.example", "--time-zone=Europe/Berlin", "--timeout=9", "--rate-limit=off",
        "--max-reply=20", "--structured=off", "--schemas=plain", "--read-only", "--toolsets=users",
        "--tools=list_teams", "--exclude-tools=get_user", "--confirm=always", "--log=warn", "--log-format=json",
        "--entry-dry-run",
    ];
    run(&home, &[&["install", "cursor", "--sandbox", "--yes"], &settings[..]].concat(), &[]);
    let args = || serde_json::from_value::<Vec<String>>(entry(&home, "oncehub")["args"].clone()).unwrap();
    assert_eq!(args().len(), settings.len() + 1);
    for (at, setting) in settings.iter().enumerate() {
        let flag = setting.split('=').next().unwrap();
        // In one word or two; a switch takes only the first.
        let text = match flag {
            "--read-only" | "--entry-dry-run" => run(&home, &["install", "cursor", "--yes", &format!("{flag}=")], &[]),
            _ if at % 2 == 0 => run(&home, &["install", "cursor", flag, "", "--yes"], &[]),
            _ => run(&home, &["install", "cursor", &format!("{flag}="), "--yes"], &[]),
        };
        let flag = flag.replace("entry-", "");
        assert!(text.contains("-      \"args\"") && text.contains("+      \"args\""), "{flag}: {text}");
        assert!(args().iter().all(|word| word.split('=').next() != Some(&*flag)), "{flag}: {:?}", args());
        assert_eq!(args().len(), settings.len() - at, "{flag}: {:?}", args());
    }
    assert_eq!(args(), ["--sandbox"]);
    // Also what somebody wrote among the variables, or a header.
    let file =
        home.read(FILE).replace("\"args\"", "\"env\": {\"ONCEHUB_MCP_USER\": \"lee\", \"A\": \"b\"},\n      \"args\"");
    home.write(FILE, &file);
    run(&home, &["install", "cursor", "--user=", "--yes"], &[]);
    assert_eq!(entry(&home, "oncehub")["env"], serde_json::json!({"A": "b"}));
    let hosted = r#"{"mcpServers": {"oncehub": {"url": "http://127.0.0.1:9/mcp", "headers": {"API-Key": "k-0123456789", "X-MCP-User": "lee", "A": "b"}}}}"#;
    home.write(FILE, hosted);
    home.run(&["install", "cursor", "--user=", "--yes"], &[]);
    assert_eq!(entry(&home, "oncehub")["headers"], serde_json::json!({"API-Key": "k-0123456789", "A": "b"}));
    // A key is not cleared so.
    let refused = home.run(&["install", "cursor", "--api-key-file=", "--yes"], &[]);
    assert!(refused.status.code() == Some(2) && said(&refused).contains("--key none"), "{}", said(&refused));
    // First of all, nothing is chosen for the person then.
    run(&home, &["install", "cursor", "--name=new", "--sandbox", "--toolsets=", "--time-zone=", "--yes"], &[]);
    assert_eq!(entry(&home, "new")["args"], serde_json::json!(["--sandbox"]));
}

#[test]
fn entries_of_any_name_are_found_named_and_judged() {
    let home = Home::new();
    for more in [&["--name", "oncehub-work"][..], &["--name", "oncehub-play"]] {
        run(&home, &[&["install", "cursor", "--sandbox", "--yes"], more].concat(), &[]);
    }
    let (code, findings) = check(&home, &[], &[]);
    assert_eq!(code, Some(0), "{findings:?}");
    assert_eq!(about(&findings, "client").len(), 2, "{findings:?}");
    let list = run(&home, &["install", "--list"], &[]);
    for name in ["oncehub-work", "oncehub-play"] {
        assert!(list.contains(&format!("Cursor '{name}': registered and works")), "{list}");
        assert!(about(&findings, "client").iter().any(|one| one.to_string().contains(name)), "{findings:?}");
    }
    // A broken one is told from the one that works, and how to mend it.
    home.write(FILE, &home.read(FILE).replacen(super::agents::PROGRAM, "/opt/oncehub-mcp", 1));
    let (code, findings) = check(&home, &[], &[]);
    let bad: Vec<_> = findings.iter().filter(|one| one["status"] == "bad").collect();
    assert!(code == Some(1) && bad.len() == 1, "{bad:?}");
    assert!(bad[0]["hint"].as_str().unwrap().contains("install cursor --name oncehub-work"), "{bad:?}");
    let (code, findings) = check_of(&home, "oncehub-play");
    assert_eq!(code, Some(0), "{findings:?}");
    // Only the default's is taken without a name, and the others are named with their commands.
    run(&home, &["install", "cursor", "--sandbox", "--yes"], &[]);
    let text = run(&home, &["uninstall", "cursor", "--yes"], &[]);
    assert!(entry(&home, "oncehub").is_null() && !entry(&home, "oncehub-work").is_null(), "{text}");
    for name in ["oncehub-work", "oncehub-play"] {
        assert!(text.contains(&format!("'{name}': oncehub-mcp uninstall cursor --name {name} removes it")), "{text}");
        run(&home, &["uninstall", "cursor", "--name", name, "--yes"], &[]);
    }
    assert!(!home.path(".cursor").exists(), "nothing of it is left");
}

#[test]
fn what_install_made_goes_and_what_is_a_persons_stays() {
    let home = Home::new();
    let installed = |client: &str| run(&home, &["install", client, "--sandbox", "--yes"], &[]);
    // A file of ours goes with the last entry, and its folder.
    for (client, folder) in [("cursor", ".cursor"), ("codex", ".codex"), ("goose", ".config/goose")] {
        installed(client);
        run(&home, &["install", client, "--read-only", "--yes"], &[]);
        let text = run(&home, &["uninstall", client, "--yes"], &[]);
        assert!(text.contains("install made it: it goes") && !home.path(folder).exists(), "{client}: {text}");
    }
    // A person's stays, even if nothing is in it.
    home.write(FILE, "{}\n");
    installed("cursor");
    let text = run(&home, &["uninstall", "cursor", "--yes"], &[]);
    assert!(home.path(FILE).exists() && copies(&home).is_empty(), "{text}");
    // A copy that has what is not in the file any more stays, and that is said.
    home.write(FILE, "{\"mcpServers\": {\"other\": {\"command\": \"x\"}}}\n");
    installed("cursor");
    home.write(FILE, &home.read(FILE).replace("\"other\": {\"command\": \"x\"},", ""));
    let text = run(&home, &["uninstall", "cursor", "--yes"], &[]);
    assert!(copies(&home).len() == 1 && text.contains("A copy stays, since"), "{text}");
    // So does what something else lies beside.
    installed("codex");
    home.write(".codex/auth.json", "{}");
    run(&home, &["uninstall", "codex", "--yes"], &[]);
    assert!(home.path(".codex/auth.json").exists() && !home.path(".codex/config.toml").exists());
}

#[test]
fn whose_entry_was_tried_is_said() {
    let home = Home::new();
    let text = run(&home, &["install", "zed", "codex", "cursor", "--sandbox", "--yes"], &[]);
    for whose in ["Zed and Codex CLI", "Cursor"] {
        assert!(text.contains(&format!("Tried the entry of {whose}: oncehub-mcp")), "{text}");
    }
}
