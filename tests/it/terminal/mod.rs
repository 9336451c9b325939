//! What a person meets at a terminal: a real one, of 80 columns.

mod call;
mod check;
mod completions;
mod demo;
mod examples;

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::Command;
use std::sync::mpsc::channel;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::agents::{PATIENCE, program};

/// The columns and lines of the terminal.
const COLUMNS: u16 = 80;
const LINES: u16 = 24;

/// What a program showed at a terminal, without colors, and its exit code.
struct Shown {
    text: String,
    code: Option<i32>,
}

/// What Ctrl-C types.
const CTRL_C: &str = "\u{3}";

/// Runs a program at a terminal. Each answer is typed as soon as what it answers is there.
fn at_terminal(mut command: Command, answers: &[(&str, &str)]) -> Shown {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&ours).unwrap();
    unlockpt(&ours).unwrap();
    let name = ptsname(&ours, Vec::new()).unwrap();
    let theirs = || -> OwnedFd {
        let theirs = rustix::fs::open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        tcsetwinsize(&theirs, Winsize { ws_row: LINES, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        theirs
    };
    command.env_remove("NO_COLOR").stdin(theirs()).stdout(theirs()).stderr(theirs());
    let mut child = command.spawn().unwrap();
    // The terminal ends with the last who has it open.
    drop(command);
    let mut terminal = File::from(ours);
    let mut keys = terminal.try_clone().unwrap();
    let (told, pieces) = channel();
    std::thread::spawn(move || {
        let mut piece = [0; 4096];
        while let Ok(length @ 1..) = terminal.read(&mut piece) {
            if told.send(piece[..length].to_vec()).is_err() {
                return;
            }
        }
    });
    let (mut shown, mut answers) = (Vec::new(), answers.iter());
    let mut next = answers.next();
    loop {
        match pieces.recv_timeout(PATIENCE) {
            Ok(piece) => shown.extend(piece),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                let _ = child.kill();
                panic!("nothing more came: {}", String::from_utf8_lossy(&shown));
            }
        }
        if let Some((question, answer)) = next
            && String::from_utf8_lossy(&shown).contains(question)
        {
            // It is no session's terminal, which would make a signal of it.
            match *answer {
                CTRL_C => {
                    let mut kill = Command::new("kill");
                    assert!(kill.args(["-INT", &child.id().to_string()]).status().unwrap().success());
                }
                answer => keys.write_all(answer.as_bytes()).unwrap(),
            }
            next = answers.next();
        }
    }
    let text = String::from_utf8(shown).unwrap().replace("\r\n", "\n");
    Shown { text: console::strip_ansi_codes(&text).into_owned(), code: child.wait().unwrap().code() }
}

fn run(arguments: &[&str], answers: &[(&str, &str)]) -> Shown {
    let home = tempfile::tempdir().unwrap();
    let mut command = program();
    command.args(arguments).env("HOME", home.path()).env("XDG_CONFIG_HOME", home.path());
    at_terminal(command, answers)
}

/// The lines that a terminal would break, in a word or between two: but for words that no line has room for.
fn too_wide(text: &str) -> Vec<&str> {
    let is_one_word = |line: &str| !line.trim_matches(['│', ' ']).contains(' ');
    // A spinner's frames are written over.
    let lines = text.lines().map(|line| line.rsplit('\r').next().unwrap_or_default());
    lines.filter(|line| console::measure_text_width(line) > usize::from(COLUMNS) && !is_one_word(line)).collect()
}

const COMMANDS: &[&str] =
    &["stdio", "http", "sandbox", "tools", "call", "check", "install", "uninstall", "demo", "completions", "man"];

#[test]
fn help_fits_the_terminal() {
    let short = run(&["-h"], &[]);
    // The prompt, too, wants a line.
    assert!(short.text.lines().count() < usize::from(LINES), "{}", short.text);
    for flag in ["-h", "--help", "--help-all"] {
        let help = run(&[flag], &[]);
        assert_eq!((help.code, too_wide(&help.text)), (Some(0), Vec::new()), "{flag}");
        for command in COMMANDS {
            let help = run(&[command, flag], &[]);
            assert_eq!((help.code, too_wide(&help.text)), (Some(0), Vec::new()), "{command} {flag}");
            assert!(help.text.contains(&format!("Usage: oncehub-mcp {command}")), "{}", help.text);
        }
    }
}

#[test]
fn a_commands_help_shows_its_own_settings_and_all_help_all() {
    for command in COMMANDS {
        let own = run(&[command, "--help"], &[]).text;
        let all = run(&[command, "--help-all"], &[]).text;
        assert!(!own.contains("--max-reply") && own.contains("--help-all"), "{own}");
        assert!(all.contains("--max-reply") && all.contains("--time-zone"), "{all}");
        let has_settings = own.contains("ONCEHUB_");
        assert_eq!(has_settings, ["http", "tools", "call", "check", "install", "demo"].contains(command), "{own}");
    }
    assert!(run(&["call", "--help"], &[]).text.contains("--confirm"));
    assert!(run(&["--help"], &[]).text.contains("Examples:\n  oncehub-mcp demo"));
    // Flags that are not shown are still taken.
    assert_eq!(run(&["tools", "--max-reply=20"], &[]).code, Some(0));
    let wrong = run(&["uninstall", "--time-zone=Mars", "cursor"], &[]);
    assert_eq!(wrong.code, Some(2), "{}", wrong.text);
}

#[test]
fn what_commands_print_ends_between_words() {
    for arguments in [
        &["tools"][..],
        &["tools", "update_scheduling_availability"],
        &["--sandbox", "check"],
        &["--sandbox", "call", "list_bookings", "starts_after=-1d", "limit=20"],
        &["--sandbox", "call", "list_bookings", "starts_before=yesterdayish"],
        &["install", "--list"],
        &["install", "cursor", "--sandbox", "--dry-run"],
    ] {
        let shown = run(arguments, &[]);
        assert_eq!(too_wide(&shown.text), Vec::<&str>::new(), "{arguments:?}:\n{}", shown.text);
    }
    // Elsewhere a line stays whole, for what searches it.
    let piped = program().args(["--sandbox", "call", "list_bookings", "limit=20"]).output().unwrap();
    let piped = String::from_utf8(piped.stdout).unwrap();
    assert!(piped.lines().any(|line| line.len() > 100), "{piped}");
}

#[test]
fn long_names_and_paths_are_not_broken_by_the_terminal() {
    let home = tempfile::tempdir().unwrap();
    let long = home.path().join("a-name-that-somebody-has-at-a-company/whose-home-folders-are-deep/below-each-other");
    std::fs::create_dir_all(&long).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = program();
        command.args(arguments).env("HOME", &long).env("XDG_CONFIG_HOME", &long);
        at_terminal(command, &[])
    };
    let name = "a-name-as-long-as-this-program-takes-one";
    for client in ["claude-desktop", "cursor", "cline"] {
        let shown = run(&["install", client, "--name", name, "--sandbox", "--yes"]);
        assert_eq!((shown.code, too_wide(&without_diff(&shown.text))), (Some(0), Vec::new()), "{}", shown.text);
    }
    std::fs::write(long.join(".cursor/mcp.json"), "{,}").unwrap();
    for arguments in [&["install", "--list"][..], &["check"], &["uninstall", "claude-desktop", "cline", "--dry-run"]] {
        let shown = run(arguments).text;
        assert_eq!(too_wide(&without_diff(&shown)), Vec::<&str>::new(), "{arguments:?}:\n{shown}");
        assert!(shown.replace(['\n', ' '], "").contains(name), "{shown}");
    }
}

/// A diff's lines stay as the file has them.
fn without_diff(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with(['+', '-', ' ', '@']) || !line.contains('"'));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn ctrl_c_at_a_question_ends_its_line_and_changes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let at = |arguments: &[&str], question: &str| {
        let mut command = program();
        command.args(arguments).env("HOME", home.path()).env("XDG_CONFIG_HOME", home.path());
        at_terminal(command, &[(question, CTRL_C)])
    };
    for (arguments, question, said) in [
        (&["install", "cursor", "--sandbox"][..], "[y/N] ", "[y/N] \nNothing was written.\n"),
        (&["install", "cursor"], "(not shown): ", "(not shown): \nNothing was written.\n"),
        (
            &["--sandbox", "call", "cancel_booking", "booking_id=nikolai@petrov.example"],
            "[y/N]",
            "[y/N] \nNothing was changed by this call.\n",
        ),
    ] {
        let shown = at(arguments, question);
        assert_eq!(shown.code, Some(130), "{arguments:?}: {}", shown.text);
        assert!(shown.text.ends_with(said), "{arguments:?}: {:?}", shown.text);
    }
    assert!(!home.path().join(".cursor").exists());
}

#[test]
fn a_key_that_is_in_the_file_is_used_only_after_a_yes() {
    let runtime = super::agents::background();
    let sandbox = runtime.block_on(super::http::upstream());
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("oncehub-mcp/oncehub.key");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, oncehub_mcp::sandbox::KEY).unwrap();
    let url = format!("--api-url={}", sandbox.url());
    let with = |more: &[&str], answers: &[(&str, &str)]| {
        let mut command = program();
        command.args(["install", "cursor", "--key", "file", &url]).args(more);
        command.env("HOME", home.path()).env("XDG_CONFIG_HOME", home.path());
        at_terminal(command, answers)
    };
    let no = with(&[], &[("Use the key in ", "n\n"), ("(not shown): ", CTRL_C)]);
    assert!(no.code == Some(130) && no.text.ends_with("Nothing was written.\n"), "{}", no.text);
    let yes = with(&[], &[("Use the key in ", "y\n"), ("Write this?", "y\n")]);
    assert_eq!(yes.code, Some(0), "{}", yes.text);
    let unasked = with(&["--yes", "--read-only"], &[]);
    assert!(unasked.code == Some(0) && !unasked.text.contains("Use the key"), "{}", unasked.text);
}

#[test]
fn what_is_for_programs_stays_whole_at_a_terminal() {
    let listed = run(&["tools", "--json"], &[]).text;
    assert!(serde_json::from_str::<serde_json::Value>(&listed).unwrap()["tools"].is_array());
    let pasted = run(&["install", "zed", "--sandbox", "--print"], &[]).text;
    let block = &pasted[pasted.find("{\n").unwrap()..];
    assert!(serde_json::from_str::<serde_json::Value>(block).is_ok(), "{block}");
    let script = run(&["completions", "bash"], &[]).text;
    assert_eq!(
        script.trim(),
        String::from_utf8(program().args(["completions", "bash"]).output().unwrap().stdout).unwrap().trim()
    );
}

#[test]
fn alone_at_a_terminal_it_says_what_it_waits_for() {
    // Ctrl-D.
    let shown = run(&[], &[("everything else", "\u{4}")]);
    for part in ["waits for a client that speaks MCP", "oncehub-mcp demo", "oncehub-mcp install", "oncehub-mcp --help"]
    {
        assert!(shown.text.contains(part), "{part}: {}", shown.text);
    }
    assert!(!shown.text.contains("WARN") && too_wide(&shown.text).is_empty(), "{}", shown.text);
    assert_eq!(shown.code, Some(0));
    // A host's log gets the warning, and no such text.
    let output = program().stdin(std::process::Stdio::null()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("WARN") && !said.contains("waits for"), "{said}");
}

#[test]
fn one_tool_is_shown_as_a_person_reads_it() {
    let shown = run(&["tools", "list_bookings"], &[]).text;
    for part in ["list_bookings: List bookings\n", "reads; toolset bookings; ", "status (list of requested, scheduled"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let nested = run(&["tools", "update_scheduling_availability"], &[]).text;
    assert!(nested.contains("user_id (text, required)") && nested.contains("weekly[].day ("), "{nested}");
    assert!(run(&["tools", "list_teams", "--json"], &[]).text.starts_with("{\n  \"name\": \"list_teams\""));
    for (arguments, problem) in [
        (&["tools", "list_bokings"][..], "there is no tool 'list_bokings' (did you mean list_bookings?)"),
        (&["--read-only", "tools", "cancel_booking"], "cancel_booking is not offered with these settings"),
    ] {
        let shown = run(arguments, &[]);
        assert!(shown.code == Some(2) && shown.text.contains(problem), "{}", shown.text);
    }
}
