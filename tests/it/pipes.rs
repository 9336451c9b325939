//! What reads the output may leave, as `| head` does: then a command ends quietly.

use std::process::Stdio;

use super::agents::program;

#[test]
fn whatever_prints_ends_quietly_when_nobody_reads_it() {
    let home = tempfile::tempdir().unwrap();
    for arguments in [
        &["--help"][..],
        &["install", "--help"],
        &["--version"],
        &["tools"],
        &["tools", "--json"],
        &["man"],
        &["completions", "bash"],
        &["--sandbox", "call", "list_users"],
        &["--sandbox", "call", "list_users", "--json"],
        &["--sandbox", "check"],
        &["--sandbox", "check", "--json"],
        &["install", "--list"],
        &["install", "cursor", "--print"],
        &["demo"],
    ] {
        let mut command = program();
        command.env("HOME", home.path()).env("XDG_CONFIG_HOME", home.path()).args(arguments);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(!told.to_lowercase().contains("pipe"), "{arguments:?}: {told}");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {told}");
    }
}

#[test]
fn a_failure_that_nobody_reads_is_still_that_failure() {
    for arguments in [&["--nonsense"][..], &["--toolsets", "meetings", "tools"], &["call"]] {
        let mut command = program();
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stderr.take());
        assert_eq!(child.wait().unwrap().code(), Some(2), "{arguments:?}");
    }
}
