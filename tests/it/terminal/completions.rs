//! What shells are told to complete. How they use it is tested in the shells themselves, beside the clients.

use std::collections::BTreeSet;
use std::process::Command;

use super::super::agents::{PROGRAM, program};

const SHELLS: [&str; 5] = ["bash", "elvish", "fish", "powershell", "zsh"];

/// What a shell's script asks the program for the last of these words.
fn completed(shell: &str, words: &[&str]) -> BTreeSet<String> {
    let mut command = program();
    command.env("ONCEHUB_MCP_COMPLETE", shell).env("_CLAP_IFS", "\n");
    command.env("_CLAP_COMPLETE_INDEX", (words.len() - 1).to_string()).arg("--").args(words);
    let output = command.output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{words:?}");
    // zsh and the others have a help text behind each.
    let lines = String::from_utf8(output.stdout).unwrap();
    let values = lines.lines().map(|line| line.split(['\t', ':']).next().unwrap().to_owned());
    values.filter(|value| !value.is_empty()).collect()
}

#[test]
fn every_shell_is_told_clients_tools_their_arguments_and_values() {
    for shell in SHELLS {
        for (words, expected) in [
            (&["com"][..], &["completions"][..]),
            (&["install", "c"], &["claude-code", "claude-desktop", "cline", "codex", "cursor"]),
            (&["install", "cursor", "--key", ""], &["env", "file", "keychain", "none"]),
            (&["completions", ""], &SHELLS),
            (&["--confirm", ""], &["always", "auto", "never"]),
            (&["call", "list_booking_"], &["list_booking_calendars", "list_booking_pages"]),
            (&["tools", "get_us"], &["get_user"]),
            (&["tools", "--toolsets", "core,te"], &["core,teams"]),
            (&["--sandbox", "call", "list_bookings", "starts_"], &["starts_after=", "starts_before="]),
            (&["call", "--sandbox", "list_bookings", "status=c"], &["status=canceled", "status=completed"]),
            (&["call", "get_booking", "booking_id=x", "b"], &[]),
            (&["call", "cancel_booking", "notify_guest="], &["notify_guest=false", "notify_guest=true"]),
            (&["call", "update_contact", "status=M"], &["status=Marketing_qualified"]),
            (&["call", "plan_changes", "select.h"], &["select.host="]),
            (&["call", "plan_changes", "change=cancel", "then", "carry"], &["carry_out_plan"]),
            (&["call", "list_teams", "then", "carry_out_plan", "change=c"], &["change=cancel"]),
        ] {
            let words = [&["oncehub-mcp"], words].concat();
            let found = completed(shell, &words);
            let found: BTreeSet<&str> =
                found.iter().map(String::as_str).filter(|value| !value.starts_with('-')).collect();
            let expected: BTreeSet<&str> = expected.iter().copied().collect();
            assert_eq!(found, expected, "{shell}: {words:?}");
        }
        // Help leaves some to --help-all.
        for (start, flag) in [("--time", "--time-zone"), ("--max-r", "--max-reply")] {
            let flags = completed(shell, &["oncehub-mcp", "call", start]);
            assert_eq!(flags, BTreeSet::from([flag.to_owned()]), "{shell}");
        }
    }
}

#[test]
fn each_shell_gets_a_script_that_asks_this_program() {
    for (shell, own) in [
        ("bash", "complete -o bashdefault -F _oncehub_mcp oncehub-mcp"),
        ("elvish", "set edit:completion:arg-completer[oncehub-mcp] "),
        ("fish", "complete --keep-order --exclusive --command oncehub-mcp "),
        ("powershell", "Register-ArgumentCompleter -Native -CommandName oncehub-mcp "),
        ("zsh", "#compdef oncehub-mcp\n"),
    ] {
        let script = String::from_utf8(program().args(["completions", shell]).output().unwrap().stdout).unwrap();
        assert!(script.contains(own) && script.contains("ONCEHUB_MCP_COMPLETE"), "{shell}: {script}");
    }
    // A variable that other programs complete by does not make this one complete.
    let output = program().env("COMPLETE", "bash").arg("--version").output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().starts_with("oncehub-mcp "));
}

#[test]
fn bash_completes_behind_the_signs_at_which_it_parts_words() {
    let script = String::from_utf8(program().args(["completions", "bash"]).output().unwrap().stdout).unwrap();
    for (line, parted, current, expected) in [
        ("oncehub-mcp com", &["oncehub-mcp", "com"][..], "com", "completions"),
        ("oncehub-mcp --confirm=al", &["oncehub-mcp", "--confirm", "=", "al"], "al", "always"),
        (
            "oncehub-mcp call list_bookings status=sch",
            &["oncehub-mcp", "call", "list_bookings", "status", "=", "sch"],
            "sch",
            "scheduled",
        ),
        (
            "oncehub-mcp call carry_out_plan change=",
            &["oncehub-mcp", "call", "carry_out_plan", "change", "="],
            "",
            "cancel request_reschedule reassign mark_no_show",
        ),
    ] {
        let words = parted.join(" ");
        let asked = format!(
            "{script}\nCOMP_WORDS=({words}); COMP_CWORD={}; COMP_LINE='{line}'; COMP_POINT={}\n\
             _oncehub_mcp oncehub-mcp '{current}' ''; echo ${{COMPREPLY[@]}}",
            parted.len() - 1,
            line.len()
        );
        let folder = std::path::Path::new(PROGRAM).parent().unwrap();
        let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
        let output = Command::new("bash").args(["-c", &asked]).env("PATH", path).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(said.trim(), expected, "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
