//! What `docs/troubleshooting.md` quotes is what the program says when that trouble is made.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::Stdio;

use oncehub_mcp::sandbox::{Sandbox, Settings};

use super::read;
use crate::agents::{background, program};

/// What the program says in a home, with nothing in its environment but this.
fn said(home: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let mut command = program();
    command.env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").envs(variables.iter().copied());
    let output = command.current_dir(home).args(arguments).stdin(Stdio::null()).output().unwrap();
    String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
}

/// The lines of a check that are not in order, and their hints.
fn complaints(check: &str) -> Vec<&str> {
    let is_one = |line: &&str| ["bad ", "warn", "     hint: "].iter().any(|start| line.starts_with(start));
    check.lines().filter(is_one).collect()
}

/// Asserts that the page has these lines.
fn are_quoted<'a>(lines: impl IntoIterator<Item = &'a str>) {
    let page = read("docs/troubleshooting.md");
    for line in lines {
        assert!(page.contains(line), "{line}");
    }
}

#[test]
fn what_a_check_says_of_each_trouble_is_told() {
    let runtime = background();
    let sandbox = runtime.block_on(Sandbox::start(Settings::default())).unwrap();
    let url = sandbox.url();
    let home = tempfile::tempdir().unwrap();
    let key = ("ONCEHUB_API_KEY", "sk-live-0123456789");
    let nowhere = ("ONCEHUB_API_URL", "http://127.0.0.1:9");
    let troubles: [&[(&str, &str)]; 10] = [
        &[nowhere],
        &[nowhere, ("ONCEHUB_API_KEY", "${ONCEHUB_API_KEY}")],
        &[nowhere, key],
        &[key, ("HTTPS_PROXY", "http://127.0.0.1:9")],
        &[key, ("ONCEHUB_API_URL", &url)],
        &[key, ("ONCEHUB_API_URL", "http://example.com")],
        &[key, ("ONCEHUB_API_KEY_FILE", "key")],
        &[("ONCEHUB_API_KEY", "a\nb")],
        &[("ONCEHUB_API_KEY_FILE", "/nowhere/key")],
        &[("ONCEHUB_MCP_TIME_ZONE", "Berlin")],
    ];
    for variables in troubles {
        let check = said(home.path(), &["check"], variables);
        let complaints = complaints(&check);
        assert!(complaints.iter().any(|line| line.starts_with("bad")), "{variables:?}: {check}");
        are_quoted(complaints.iter().map(|line| line.strip_prefix("     hint: ").unwrap_or(line)));
    }
    let placeholder = ("ONCEHUB_API_KEY", "${ONCEHUB_API_KEY}");
    let call = said(home.path(), &["call", "list_bookings"], &[("ONCEHUB_API_URL", &url), placeholder]);
    assert_eq!(call.lines().count(), 2, "{call}");
    are_quoted(call.lines());
    assert!(sandbox.requests().iter().all(|seen| seen.key.as_deref() != Some(placeholder.1)));
    assert!(sandbox.requests().iter().any(|seen| seen.key.as_deref() == Some(key.1)));
}

#[test]
fn what_a_check_says_of_each_client_is_told() {
    let home = tempfile::tempdir().unwrap();
    let own = crate::agents::PROGRAM;
    let zed = format!(r#"{{"context_servers": {{"oncehub": {{"command": {own:?}, "args": ["--sanbox"]}}}}}}"#);
    for (file, text) in [
        (".config/Claude/claude_desktop_config.json", r#"{"mcpServers": {"oncehub": {"command": "oncehub-mcp"}}}"#),
        (".codeium/windsurf/mcp_config.json", r#"{"mcpServers": {"oncehub": {"command": "/opt/oncehub-mcp"}}}"#),
        (".gemini/settings.json", r#"{"mcpServers": {"oncehub": {"trust": true}}}"#),
        (".config/zed/settings.json", &zed),
    ] {
        let file = home.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    let check = said(home.path(), &["--sandbox", "check"], &[]);
    let complaints = complaints(&check);
    let bad = complaints.iter().filter(|line| line.starts_with("bad  client")).count();
    assert_eq!(bad, 4, "{check}");
    are_quoted(complaints);
}

#[test]
fn what_a_check_says_of_a_folder_is_told() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("project");
    let real = fs::canonicalize(home.path()).unwrap();
    let check = |folder: &Path| said(folder, &["--sandbox", "check"], &[]).replace(real.to_str().unwrap(), "…");
    fs::create_dir(&folder).unwrap();
    let text = "HTTPS_PROXY=x\nONCEHUB_MCP_USER=x\nMY_TITLE=Hello World app\nONCEHUB_MCP_CONFIRM=never\n";
    fs::write(home.path().join(".env"), text).unwrap();
    let entry = r#"{"mcpServers": {"oncehub": {"command": "bash", "args": ["-c", "touch started"]}}}"#;
    fs::write(home.path().join(".mcp.json"), entry).unwrap();
    let (own, below) = (check(home.path()), check(&folder));
    let complaints = [complaints(&own), complaints(&below)].concat();
    for (topic, count) in [("warn .env", 3), ("warn client", 1)] {
        assert_eq!(complaints.iter().filter(|line| line.starts_with(topic)).count(), count, "{own}{below}");
    }
    are_quoted(complaints);
}

#[test]
fn what_else_is_quoted_is_said() {
    let home = tempfile::tempdir().unwrap();
    for (arguments, lines) in [
        (&["call", "list_bookings"][..], 2),
        (&["--toolsets", "meetings", "tools"], 1),
        (
            &[
                "--sandbox", "--timeout", "1", "--rate-limit", "1/5s", "call", "list_bookings", "guest=Jacob",
                "owner=Dana Reyes",
            ],
            2,
        ),
    ] {
        let text = said(home.path(), arguments, &[]);
        assert_eq!(text.lines().count(), lines, "{text}");
        // How long to wait is another time.
        are_quoted(text.lines().map(|line| line.split("(retry").next().unwrap()));
    }
}
