//! `oncehub-mcp call`.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Output, Stdio};

use serde_json::Value;

use super::super::agents::program;
use super::{run, too_wide};

/// A booking of the simulated account that can be canceled.
const CANCEL: [&str; 3] = ["call", "cancel_booking", "booking_id=nikolai@petrov.example"];

/// Runs the program where there is no terminal.
fn piped(arguments: &[&str]) -> Output {
    program().args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_person_is_asked_and_a_no_is_told_in_words_for_people() {
    let canceling = [&["--sandbox"], &CANCEL[..]].concat();
    let no = run(&canceling, &[("[y/N]", "n\n")]);
    assert!(
        no.text.contains("Cancel \"Intro call") && no.text.contains("Nothing was changed: you said no."),
        "{}",
        no.text
    );
    assert!(!no.text.contains("Tell the user") && !no.text.contains("Canceled."), "{}", no.text);
    assert_eq!((no.code, too_wide(&no.text)), (Some(3), Vec::new()));
    let nothing = run(&canceling, &[("[y/N]", "\u{4}")]);
    assert_eq!(nothing.code, Some(3), "{}", nothing.text);
    let yes = run(&canceling, &[("[y/N]", "y\n")]);
    assert!(yes.text.contains("Canceled.") && yes.code == Some(0), "{}", yes.text);
    // Nobody is asked who has said yes in advance.
    let said = run(&[&canceling[..], &["--yes"]].concat(), &[]);
    assert!(said.text.starts_with("Canceled.") && said.code == Some(0), "{}", said.text);
    let dry = run(&[&canceling[..], &["--dry-run"]].concat(), &[]);
    assert!(dry.text.starts_with("Dry run") && dry.code == Some(0), "{}", dry.text);
}

#[test]
fn without_a_terminal_a_change_that_would_be_asked_about_needs_a_yes() {
    let canceling = [&["--sandbox"], &CANCEL[..]].concat();
    let refused = piped(&canceling);
    assert_eq!((refused.status.code(), stdout(&refused)), (Some(3), String::new()));
    let told = stderr(&refused);
    assert!(told.starts_with("Cancel \"Intro call") && told.contains("no terminal to ask at"), "{told}");
    assert!(told.ends_with("hint: --yes says yes; --confirm never does not ask\n"), "{told}");
    // What somebody wrote into a pipe is no person's yes.
    let mut command = program();
    let answers = std::io::pipe().unwrap();
    let (reader, mut writer) = answers;
    std::io::Write::write_all(&mut writer, b"y\n").unwrap();
    drop(writer);
    assert_eq!(command.args(&canceling).stdin(reader).output().unwrap().status.code(), Some(3));
    for way in ["--yes", "-y", "--confirm=never"] {
        let done = piped(&[&canceling[..], &[way]].concat());
        assert!(stdout(&done).starts_with("Canceled.") && done.status.success(), "{way}: {}", stderr(&done));
    }
    let ordinary = ["--sandbox", "call", "update_contact", "contact_id=nikolai@petrov.example", "company=X"];
    assert!(piped(&ordinary).status.success(), "it would not be asked about at a terminal either");
    let always = piped(&[&ordinary[..], &["--confirm=always", "--json"]].concat());
    let structure: Value = serde_json::from_slice(&always.stdout).unwrap();
    assert_eq!((always.status.code(), &structure["confirmed"]), (Some(3), &Value::Bool(false)));
    assert!(!stderr(&always).contains("elicitation"), "{}", stderr(&always));
}

#[test]
fn a_key_given_twice_is_a_list_or_refused_by_name() {
    let both = piped(&["--sandbox", "call", "list_bookings", "status=scheduled", "status=canceled", "limit=2"]);
    assert!(stdout(&both).contains("(status scheduled or canceled)"), "{}", stdout(&both));
    let twice = piped(&["--sandbox", "call", "list_bookings", "limit=1", "limit=2"]);
    assert_eq!(twice.status.code(), Some(2));
    assert_eq!(stderr(&twice), "oncehub-mcp: limit is given twice, and takes one value\n");
}

#[test]
fn who_knows_no_tool_is_told_how_to_list_them() {
    for (arguments, problem) in [
        (&["call"][..], "oncehub-mcp: name a tool: "),
        (&["call", "nope"], "oncehub-mcp: there is no tool 'nope': "),
        (&["call", "list_bokings"], "oncehub-mcp: there is no tool 'list_bokings' (did you mean list_bookings?): "),
    ] {
        let output = piped(&[&["--sandbox"], arguments].concat());
        let told = stderr(&output);
        assert!(output.status.code() == Some(2) && told.starts_with(problem), "{told}");
        assert!(told.contains("oncehub-mcp tools lists them"), "{told}");
    }
}

#[test]
fn a_plan_is_carried_out_by_a_call_that_follows() {
    let calls = [
        "--sandbox", "call", "plan_changes", "change=cancel", "select.host=me", "select.starts_after=today",
        "select.starts_before=+14d", "then", "carry_out_plan", "plan=@plan", "change=@change", "count=@count",
    ];
    let done = run(&calls, &[("[y/N]", "y\n")]);
    assert!(done.text.contains("Plan PLAN-") && done.text.contains("done: BKNG-"), "{}", done.text);
    assert_eq!((done.code, too_wide(&done.text)), (Some(0), Vec::new()));
    let refused = piped(&calls);
    assert_eq!(refused.status.code(), Some(3), "{}", stderr(&refused));
    // The first that fails is the last.
    let failed = piped(&["--sandbox", "call", "get_user", "user_id=nobody", "then", "list_teams"]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(!stdout(&failed).contains("Advisers"), "{}", stdout(&failed));
    for (calls, problem) in [
        (&["call", "list_teams", "then"][..], "name a tool after 'then'"),
        (&["call", "list_teams", "then", "get_team", "team_id=@no"], "team_id: the reply before has no field 'no'"),
    ] {
        let output = piped(&[&["--sandbox"], calls].concat());
        assert!(output.status.code() == Some(2) && stderr(&output).contains(problem), "{}", stderr(&output));
    }
}

/// A sandbox that goes on by itself, and the variables that it says to set.
struct Background(Child, Vec<(String, String)>);

impl Background {
    fn start() -> Self {
        let mut command = program();
        command.args(["sandbox", "--listen", "127.0.0.1:0", "--no-limits"]).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        // As a shell reads it: a line that ends with a backslash goes on.
        let said: Vec<String> = lines.skip_while(|line| !line.contains("export")).take(2).collect();
        assert!(said[0].trim_start().starts_with("export ") && said[0].ends_with(" \\"), "{said:?}");
        let words = said.iter().flat_map(|line| line.split_whitespace()).filter_map(|word| word.split_once('='));
        Self(child, words.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    fn call(&self, arguments: &[&str]) -> String {
        let mut command = program();
        command.envs(self.1.iter().map(|(name, value)| (name, value))).arg("call").args(arguments);
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn what_one_command_changes_the_next_one_sees() {
    let sandbox = Background::start();
    assert_eq!(sandbox.1.len(), 3, "{:?}", sandbox.1);
    let coming = ["list_bookings", "guest=nikolai@petrov.example", "starts_after=now", "host=me"];
    assert!(sandbox.call(&coming).contains(" scheduled \"Nikolai"));
    sandbox.call(&["cancel_booking", "booking_id=nikolai@petrov.example", "--yes"]);
    assert!(sandbox.call(&coming).contains(" canceled \"Nikolai"));
}
