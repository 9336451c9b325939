use proptest::prelude::*;

use super::*;

fn elsewhere(variables: &[&str]) -> SetElsewhere {
    let variables = variables.iter().map(ToString::to_string).collect();
    SetElsewhere { variables, sandbox: false, purpose: Purpose::OwnAccount }
}

/// Returns what a folder's text sets, and what is left out of it.
fn chosen(text: &str, elsewhere: &SetElsewhere) -> (Vec<String>, Vec<(String, Why)>) {
    let read = parse(&without_substitutions(text));
    assert_eq!(read.bad, [0; 0], "{text}");
    let (taken, left) = choose(&read.pairs, elsewhere);
    (taken.into_iter().map(|(name, value)| format!("{name}={value}")).collect(), left)
}

#[track_caller]
fn takes(text: &str, given: &[&str]) {
    let (taken, left) = chosen(text, &elsewhere(given));
    assert_eq!((taken.join("\n"), left.len()), (text.to_owned(), 0), "{left:?}");
}

#[track_caller]
fn leaves_out(text: &str, given: &[&str], why: Why) {
    let (taken, left) = chosen(text, &elsewhere(given));
    assert!(taken.is_empty(), "{taken:?}");
    assert!(!left.is_empty() && left.iter().all(|left| left.1 == why), "{left:?}");
}

#[test]
fn a_folder_may_bring_a_key_with_its_address_and_narrow() {
    takes("ONCEHUB_API_KEY=folder-key", &[]);
    takes("ONCEHUB_API_KEY=folder-key\nONCEHUB_API_URL=https://x.example", &[]);
    takes("ONCEHUB_MCP_TIME_ZONE=Asia/Kolkata", &["ONCEHUB_API_KEY"]);
    takes("ONCEHUB_MCP_READ_ONLY=yes\nONCEHUB_MCP_DRY_RUN=1\nONCEHUB_MCP_CONFIRM=Always", &["ONCEHUB_API_KEY"]);
    takes("ONCEHUB_MCP_TOOLSETS=core\nONCEHUB_MCP_TOOLS=get_user\nONCEHUB_MCP_EXCLUDE_TOOLS=delete_user", &[]);
    takes("ONCEHUB_MCP_EXCLUDE_TOOLS=delete_user", &["ONCEHUB_MCP_TOOLSETS"]);
    takes("ONCEHUB_MCP_SANDBOX=true", &[]);
    // A value that is neither is rejected by the setting itself: leaving it out would widen what was meant.
    takes("ONCEHUB_MCP_READ_ONLY=treu\nONCEHUB_MCP_CONFIRM=alwyas", &[]);
}

#[test]
fn a_key_from_elsewhere_makes_the_folders_key_and_address_void() {
    for name in KEY_VARIABLES {
        leaves_out("ONCEHUB_API_KEY=folder-key\nONCEHUB_API_URL=https://x.example", &[name], Why::AnotherKey);
        leaves_out("ONCEHUB_MCP_SANDBOX=true", &[name], Why::AnotherKey);
    }
    leaves_out("ONCEHUB_API_URL=https://x.example", &[], Why::NoKey);
    leaves_out("ONCEHUB_API_URL=https://x.example", &["ONCEHUB_API_KEY"], Why::AnotherKey);
    leaves_out("ONCEHUB_API_URL=https://x.example\nONCEHUB_API_KEY=", &[], Why::NoKey);
}

#[test]
fn a_folders_address_is_for_its_own_key_alone() {
    let pair = "ONCEHUB_API_KEY=folder-key\nONCEHUB_API_URL=https://x.example";
    let callers = SetElsewhere { purpose: Purpose::Callers, ..elsewhere(&[]) };
    let (taken, left) = chosen(pair, &callers);
    assert!(taken.is_empty() && left.iter().all(|left| left.1 == Why::CallersKeys), "{left:?}");
    // Without the address, no caller's key goes to a stranger.
    assert_eq!(chosen("ONCEHUB_API_KEY=folder-key", &callers).0, ["ONCEHUB_API_KEY=folder-key"]);
    let with_address = SetElsewhere { purpose: Purpose::Callers, ..elsewhere(&["ONCEHUB_API_URL"]) };
    assert_eq!(chosen(pair, &with_address).0, ["ONCEHUB_API_KEY=folder-key"]);

    let simulated = SetElsewhere { sandbox: true, ..elsewhere(&["ONCEHUB_MCP_SANDBOX"]) };
    assert_eq!(chosen(pair, &simulated).1, [("ONCEHUB_API_URL".to_owned(), Why::Simulated)]);
    let both = format!("{pair}\nONCEHUB_MCP_SANDBOX=on");
    assert_eq!(chosen(&both, &elsewhere(&[])).1, [("ONCEHUB_API_URL".to_owned(), Why::Simulated)]);
}

#[test]
fn an_entry_takes_nothing_from_a_folder() {
    let entry = SetElsewhere { purpose: Purpose::Entry, ..elsewhere(&[]) };
    let (taken, left) = chosen("ONCEHUB_API_KEY=k\nONCEHUB_MCP_TIME_ZONE=UTC\nHTTPS_PROXY=x\nOTHER=1", &entry);
    assert!(taken.is_empty() && left.len() == 3, "{taken:?} {left:?}");
}

#[test]
fn nothing_in_a_folder_widens() {
    leaves_out("ONCEHUB_MCP_READ_ONLY=false\nONCEHUB_MCP_DRY_RUN=off\nONCEHUB_MCP_SANDBOX=0", &[], Why::OnlyTrue);
    leaves_out("ONCEHUB_MCP_CONFIRM=never", &[], Why::OnlyAlways);
    leaves_out("ONCEHUB_MCP_CONFIRM=auto", &[], Why::OnlyAlways);
    for given in TOOLS {
        for text in ["ONCEHUB_MCP_TOOLS=delete_user", "ONCEHUB_MCP_TOOLSETS=all"] {
            let why = if text.starts_with(&format!("{given}=")) { Why::Overridden } else { Why::ToolsChosen };
            leaves_out(text, &[given], why);
        }
    }
    for name in ["ONCEHUB_MCP_CONFIRM", "ONCEHUB_MCP_READ_ONLY", "ONCEHUB_MCP_EXCLUDE_TOOLS", "ONCEHUB_MCP_TIME_ZONE"] {
        leaves_out(&format!("{name}=true"), &[name], Why::Overridden);
    }
}

#[test]
fn what_no_folder_may_set_is_left_out_by_name_and_what_is_nothing_of_ours_is_not_mentioned() {
    for name in [
        "ONCEHUB_API_KEY_FILE", "ONCEHUB_MCP_KEYCHAIN", "ONCEHUB_MCP_ENV_FILE", "ONCEHUB_MCP_USER",
        "ONCEHUB_MCP_TIMEOUT", "ONCEHUB_MCP_RATE_LIMIT", "ONCEHUB_MCP_LOG", "ONCEHUB_MCP_TOKEN", "ONCEHUB_MCP_LISTEN",
        "ONCEHUB_MCP_SHARED_KEY", "ONCEHUB_NEW", "oncehub_api_url", "HTTPS_PROXY", "https_proxy", "ALL_PROXY",
        "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "RUST_LOG", "OTEL_EXPORTER_OTLP_ENDPOINT",
    ] {
        leaves_out(&format!("{name}=x"), &[], Why::Forbidden);
    }
    let (taken, left) = chosen("DATABASE_URL=postgres://x\nexport PATH=/evil\nONCEHUB_MCP_USER=\n", &elsewhere(&[]));
    assert!(taken.is_empty() && left.is_empty(), "{taken:?} {left:?}");
}

/// Every setting of the program is either named as one that a folder may set, or forbidden: a new one is forbidden.
#[test]
fn a_setting_that_is_not_in_the_table_is_forbidden() {
    let settings = <super::super::Options as clap::Args>::augment_args(clap::Command::new(""));
    let names: Vec<String> =
        settings.get_arguments().filter_map(|setting| Some(setting.get_env()?.to_str()?.to_owned())).collect();
    let forbidden: Vec<&String> = names.iter().filter(|name| !MAY_BE_SET.contains(&name.as_str())).collect();
    assert!(names.len() > forbidden.len() && forbidden.contains(&&ENV_FILE.to_owned()));
    for name in forbidden {
        leaves_out(&format!("{name}=x"), &[], Why::Forbidden);
    }
}

#[test]
fn nothing_is_put_in_the_place_of_a_dollar_sign() {
    for value in ["$PATH", "${PATH}", "a$", "\"x${PATH}\"", "'$PATH'", r"\$PATH", r"\\$PATH", "\"\\$PATH\""] {
        leaves_out(&format!("ONCEHUB_API_KEY={value}"), &[], Why::Substituted);
        let (_, left) =
            chosen(&format!("ONCEHUB_API_KEY=k\nONCEHUB_API_URL=https://x.example/{value}"), &elsewhere(&[]));
        assert_eq!(left, [("ONCEHUB_API_URL".to_owned(), Why::Substituted)], "{value}");
    }
    // Each doubles the last: with substitutions these would be a terabyte.
    let doubling: Vec<String> = (1..40).map(|at| format!("A{at}=$A{}$A{}\n", at - 1, at - 1)).collect();
    let doubling = doubling.concat();
    let (taken, _) = chosen(&format!("A0=x\n{doubling}ONCEHUB_API_KEY=k"), &elsewhere(&[]));
    assert_eq!(taken, ["ONCEHUB_API_KEY=k"]);
}

#[test]
fn the_first_of_two_lines_counts_and_quotes_exports_and_line_ends_are_understood() {
    let text = "# a comment\r\nexport ONCEHUB_API_KEY='folder key' # mine\r\nONCEHUB_API_KEY=other\r\n\
                ONCEHUB_MCP_TIME_ZONE=\"Asia/Kolkata\" ";
    assert_eq!(chosen(text, &elsewhere(&[])).0, ["ONCEHUB_API_KEY=folder key", "ONCEHUB_MCP_TIME_ZONE=Asia/Kolkata"]);
}

#[test]
fn a_line_that_cannot_be_read_is_known_by_its_number_and_takes_no_other_with_it() {
    for (text, bad) in [
        ("A=1\n\n# x\nMY TITLE\nB=2", &[4][..]),
        ("TITLE=Hello World app\nA=1\nB 2\r\nC=3\n", &[1, 3]),
        ("A=1\nB=\"never\nended\n\n", &[2]),
        ("A=1\nB='never\nended", &[2]),
        (".A=1", &[1]),
        ("=", &[1]),
        ("", &[]),
        ("\n\n", &[]),
    ] {
        assert_eq!(parse(text).bad, bad, "{text:?}");
    }
    assert_eq!(parse("TITLE=Hello World app\nA=1\nB 2\nC=3\n").pairs.len(), 2);
    let long = format!("A={}\nbad line\nB=1", "x".repeat(20_000));
    let read = parse(&long);
    assert_eq!((read.pairs.len(), read.bad), (2, vec![2]));
}

#[test]
fn a_note_is_a_line_and_names_no_value() {
    let left = (0..40).map(|at| (format!("ONCEHUB_{at}"), Why::Forbidden));
    let beaten = ("ONCEHUB_MCP_TIME_ZONE".into(), Why::Overridden);
    let dotenv = Dotenv { file: Some("/p/.env".into()), left: left.chain([beaten]).collect(), ..Dotenv::default() };
    let notes = dotenv.notes();
    assert_eq!(notes.len(), 1);
    assert!(notes[0].starts_with("left out of /p/.env: ONCEHUB_0, ONCEHUB_1, "), "{notes:?}");
    assert!(notes[0].ends_with("ONCEHUB_11 (not for a folder to set); and 28 more"), "{notes:?}");
}

#[test]
fn what_is_no_text_file_of_a_sensible_size_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let read = || Dotenv::of_folder(folder.path(), &elsewhere(&[]));
    let file = folder.path().join(NAME);
    assert_eq!(read().file, None);
    for (bytes, problem) in [
        (vec![b'#'; (64 << 10) + 1], "is not read: it has more than 64 KiB"),
        (b"A=\xff\xfe".to_vec(), "is not read: it is not UTF-8 text"),
        (b"ONCEHUB_API_KEY=a\0b".to_vec(), "is not read: it is not UTF-8 text"),
    ] {
        fs::write(&file, bytes).unwrap();
        let found = read();
        assert_eq!(found.problem.as_deref(), Some(problem));
        assert_eq!(found.notes(), [format!("{} {problem}", file.display())]);
    }
    fs::write(&file, "\u{feff}RUST_LOG=x\nONE TWO\n").unwrap();
    let found = read();
    assert_eq!((found.left.len(), found.notes().len()), (1, 2), "{found:?}");
    fs::remove_file(&file).unwrap();
    // A Python virtual environment may have the name.
    fs::create_dir(&file).unwrap();
    let found = read();
    assert_eq!(found.problem.as_deref(), Some("is not read: it is a folder"));
    assert!(found.notes().is_empty());
}

/// Opening a pipe that nobody writes to would block forever.
#[cfg(unix)]
#[test]
fn neither_a_pipe_nor_what_a_link_leads_to_besides_files_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(NAME);
    let read = || Dotenv::of_folder(folder.path(), &elsewhere(&[]));
    assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
    assert_eq!(read().problem.as_deref(), Some("is not read: it is not a regular file"));
    fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &file).unwrap();
    assert_eq!(read().problem.as_deref(), Some("is not read: it is not a regular file"));
    fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("nowhere", &file).unwrap();
    assert_eq!(read().file, None);
}

#[test]
fn a_file_above_is_named_only_if_it_would_have_an_effect() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("a/b");
    fs::create_dir_all(&below).unwrap();
    let read = || Dotenv::of_folder(&below, &elsewhere(&[])).above;
    let above = folder.path().join(NAME);
    fs::write(&above, "DATABASE_URL=x\nONCEHUB_MCP_USER=\n").unwrap();
    assert_eq!(read(), None);
    fs::write(&above, "not a line\nHTTPS_PROXY=x\n").unwrap();
    assert_eq!(read(), Some(above.clone()));
    // The nearest one counts, and none if the folder has its own: that was always so.
    fs::write(folder.path().join("a").join(NAME), "A=1\n").unwrap();
    assert_eq!(read(), None);
    fs::write(below.join(NAME), "A=1\n").unwrap();
    assert_eq!(read(), None);
}

proptest! {
    /// No folder's text makes it fail, and what is taken has neither a substitution nor a name that is not in the
    /// table.
    #[test]
    fn any_text_is_read(text in "(ONCEHUB_API_KEY|ONCEHUB_MCP_TOOLS|A)?[=$\\\\'\"#\n {}a-c\u{f8ff}é]{0,40}") {
        let read = parse(&without_substitutions(&text));
        let (taken, _) = choose(&read.pairs, &elsewhere(&[]));
        for (name, value) in taken {
            prop_assert!(MAY_BE_SET.contains(&&*name) && is_literal(&value) && !value.contains('$'));
            prop_assert_eq!(parse(&line(&name, &value)).pairs, [(name, value)]);
        }
    }

    /// Values are passed on as they were read.
    #[test]
    fn any_value_is_written_as_it_was(value in "\\PC*[\n\r\t\\\\'\"$# ]{0,6}\\PC*") {
        prop_assert_eq!(parse(&line("A", &value)).pairs, [("A".to_owned(), value)]);
    }
}
